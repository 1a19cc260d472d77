//! Storing, fetching and removing.

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::{Access, ImageRole, MediaError, PreparedFile, Rendition};
use aviary_tests::samples;

use crate::film::film;
use crate::home::{Home, name};

pub(super) async fn a_kept_file_is_fetched_under_its_url(home: Home) {
    let bytes = film(300_000);
    let key = home.keep_film(1, &bytes).await;
    assert!(home.fetch_plain(&key, Rendition::Film).await == Some(bytes), "the film as it came");
    let picture = home.keep_picture(2, ImageRole::Thumbnail).await;
    let fetched = home.fetch_plain(&picture, Rendition::Still).await.expect("the still");
    assert_eq!(image::load_from_memory(&fetched).expect("a picture").width(), 24);
    assert_eq!(home.in_spool(), 0);
}

pub(super) async fn keeping_again_is_no_error(home: Home) {
    let first = home.keep_film(1, &film(1000)).await;
    let second = home.keep_film(1, &film(1000)).await;
    assert_eq!(first.name(), second.name());
    assert_eq!(home.fetch_plain(&second, Rendition::Film).await, Some(film(1000)));
    assert_eq!(home.listed().await, [name(1)]);
}

pub(super) async fn a_key_keeps_its_name_and_survives_its_text(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    assert_eq!((key.name(), key.unmarked()), (name(1).as_str(), name(1)));
    let stored = FileKey::from_stored(key.as_str().to_owned());
    assert_eq!(stored, key);
    assert_eq!(home.fetch_plain(&stored, Rendition::Film).await, Some(film(1000)));
    let closed = home.set_access(&stored, Access::Private).await;
    assert_eq!(closed.name(), name(1).as_str());
    assert!(closed.as_str().len() <= 80, "{closed} does not fit");
}

pub(super) async fn a_removed_file_is_gone_and_removing_again_is_no_error(home: Home) {
    for key in [home.keep_film(1, &film(1000)).await, home.keep_picture(2, ImageRole::Cover).await] {
        let rendition = if key.is_film() { Rendition::Film } else { Rendition::Still };
        assert!(home.fetch_plain(&key, rendition).await.is_some());
        for _ in 0..2 {
            home.upkeep.remove(&key).await.expect("removed");
            assert_eq!(home.fetch_plain(&key, rendition).await, None);
            assert!(!home.inventory.holds(&key).await.expect("an answer"));
        }
    }
    assert_eq!((home.listed().await, home.kept_here()), (vec![], 0));
}

pub(super) async fn a_file_is_removed_by_its_bare_name(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    home.upkeep.remove(&key.unmarked()).await.expect("removed");
    assert_eq!(home.fetch_plain(&key, Rendition::Film).await, None);
    assert_eq!(home.listed().await, []);
}

pub(super) async fn names_of_others_are_not_stored_under(home: Home) {
    let still = FileKey::poster_of(&name(1)).expect("a name");
    let others = ["https://example.org/a.mp4", "../../a.mp4", "videos/../a.mp4", still.as_str()];
    for other in others {
        let outcome = home.media.keep(home.film(&film(100)).await, &FileKey::from_stored(other.to_owned())).await;
        assert!(matches!(outcome, Err(MediaError::Backend(_))), "{other}: {outcome:?}");
    }
    assert_eq!((home.in_spool(), home.kept_here()), (0, 0));
    assert!(home.fake.is_none_or(|fake| fake.assets().is_empty()));
}

pub(super) async fn what_others_left_elsewhere_is_given_out_as_it_is(home: Home) {
    for url in
        ["https://example.org/a.mp4#t=3", "https://res.cloudinary.com/another/video/upload/v1/a.mp4", "//x/y.jpg"]
    {
        let key = FileKey::from_stored(url.to_owned());
        assert_eq!(home.media.url(&key, Rendition::Film, None), url);
        assert!(home.upkeep.is_ready(&key) && home.upkeep.has_access(&key, Access::Private), "{url}");
        assert_eq!(home.upkeep.set_access(&key, Access::Private).await.expect("an answer"), Some(key.clone()));
        home.upkeep.remove(&key).await.expect("nothing is done");
        assert!(home.inventory.holds(&key).await.expect("an answer"));
    }
    assert!(home.fake.is_none_or(|fake| fake.calls().is_empty()), "nobody was asked");
}

pub(super) async fn every_form_of_a_picture_is_fetched(home: Home) {
    let forms = [
        (ImageRole::Avatar, Rendition::Avatar),
        (ImageRole::Cover, Rendition::Cover),
        (ImageRole::Thumbnail, Rendition::Still),
    ];
    for (number, (role, rendition)) in (1..).zip(forms) {
        let key = home.keep_picture(number, role).await;
        let bytes = home.fetch_plain(&key, rendition).await.unwrap_or_else(|| panic!("{rendition:?}"));
        assert!(image::load_from_memory(&bytes).is_ok(), "{rendition:?}");
    }
}

pub(super) async fn a_film_has_a_still(home: Home) {
    let Some(sample) = samples::mp4() else { return };
    let promised = home.media.derived_poster(&name(1)).is_some();
    let film = home.keep_film(1, &sample.bytes).await;
    let still = home.media.derived_poster(&film);
    assert_eq!(still.is_some(), promised, "the bare name tells as much");
    let Some(still) = still else {
        let still = home.media.poster_of_stored(&film).await.expect("an answer").expect("a still");
        assert!(matches!(still.format, FileFormat::Jpeg | FileFormat::Png));
        return;
    };
    assert!(still.is_derived());
    let bytes = home.fetch_plain(&still, Rendition::Still).await.expect("a still");
    assert!(image::load_from_memory(&bytes).is_ok());
    // It is no file: removing it removes nothing.
    home.upkeep.remove(&still).await.expect("nothing is done");
    assert!(home.fetch_plain(&still, Rendition::Still).await.is_some());
    assert!(home.inventory.holds(&still).await.expect("an answer"));
    home.upkeep.remove(&film).await.expect("removed");
    assert_eq!(home.fetch_plain(&still, Rendition::Still).await, None);
}

pub(super) async fn what_is_received_too_large_leaves_nothing(home: Home) {
    let mut intake = home.media.receive(1000).await.expect("a place for a file");
    intake.write(&[0; 900]).await.expect("written");
    let outcome = intake.write(&[0; 101]).await;
    assert!(matches!(outcome, Err(MediaError::TooLarge { limit: 1000 })), "{outcome:?}");
    drop(intake);
    assert_eq!(home.in_spool(), 0);
}

pub(super) async fn what_is_received_and_dropped_leaves_nothing(home: Home) {
    let mut intake = home.media.receive(1000).await.expect("a place for a file");
    intake.write(&[0; 900]).await.expect("written");
    assert_eq!(home.in_spool(), 1);
    drop(intake);
    let upload = home.upload(&film(1000)).await;
    drop(PreparedFile { upload, format: FileFormat::Mp4 });
    assert_eq!((home.in_spool(), home.kept_here()), (0, 0));
}
