//! Who may fetch a file.

use aviary_domain::media::{Access, ImageRole, Rendition};

use crate::film::film;
use crate::home::{Home, name};

pub(super) async fn a_kept_file_is_open_to_everybody(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    assert!(home.upkeep.has_access(&key, Access::Public));
    assert_eq!(home.fetch_plain(&key, Rendition::Film).await, Some(film(1000)));
}

pub(super) async fn a_closed_file_is_fetched_by_a_signed_url(home: Home) {
    let film_key = home.keep_film(1, &film(1000)).await;
    let picture = home.keep_picture(2, ImageRole::Thumbnail).await;
    for (key, rendition) in [(film_key, Rendition::Film), (picture, Rendition::Still)] {
        let closed = home.set_access(&key, Access::Private).await;
        assert!(home.upkeep.has_access(&closed, Access::Private));
        assert_eq!(closed.name(), key.name());
        assert!(home.fetch_signed(&closed, rendition).await.is_some(), "{closed}");
    }
}

/// A store that decides at each fetch has no such URL: whoever serves the file asks.
pub(super) async fn the_plain_url_of_a_file_that_was_closed_finds_nothing(home: Home) {
    for (key, rendition) in [
        (home.keep_film(1, &film(1000)).await, Rendition::Film),
        (home.keep_picture(2, ImageRole::Avatar).await, Rendition::Avatar),
    ] {
        let url = home.media.url(&key, rendition, None);
        // Fetched before, so that caches have it.
        assert!(home.fetch(&url).await.is_some());
        let closed = home.set_access(&key, Access::Private).await;
        if home.upkeep.has_access(&closed, Access::Public) {
            continue;
        }
        assert!(!home.upkeep.has_access(&key, Access::Private), "the old key tells what was");
        assert_eq!(home.fetch(&url).await, None, "{url}");
        let signed = home.media.url(&closed, rendition, None);
        let (before, rest) = signed.split_once("/s--").expect("a signature");
        let (_, after) = rest.split_once("--/").expect("its end");
        assert_eq!(home.fetch(&format!("{before}/{after}")).await, None, "without its signature");
        assert_eq!(home.fetch(&format!("{before}/s--AAAAAAAA--/{after}")).await, None, "with another signature");
    }
}

pub(super) async fn a_file_that_was_opened_again_is_open_to_everybody(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    let closed = home.set_access(&key, Access::Private).await;
    let closed_url = home.media.url(&closed, Rendition::Film, None);
    let open = home.set_access(&closed, Access::Public).await;
    assert!(home.upkeep.has_access(&open, Access::Public));
    assert_eq!(home.fetch_plain(&open, Rendition::Film).await, Some(film(1000)));
    if closed_url != home.media.url(&open, Rendition::Film, None) {
        assert_eq!(home.fetch(&closed_url).await, None, "where it was before, there is nothing");
    }
    assert_eq!(home.listed().await, [name(1)]);
}

/// Whoever has the key of before has not lost the file: the row is written after the store was told.
pub(super) async fn doing_again_what_was_done_is_no_error(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    let same = home.set_access(&key, Access::Public).await;
    assert_eq!(home.fetch_plain(&same, Rendition::Film).await, Some(film(1000)));
    let closed = home.set_access(&key, Access::Private).await;
    for known in [&key, &closed] {
        let again = home.set_access(known, Access::Private).await;
        assert!(home.upkeep.has_access(&again, Access::Private));
        assert_eq!(home.fetch_signed(&again, Rendition::Film).await, Some(film(1000)), "{known}");
    }
    for known in [&closed, &key] {
        let open = home.set_access(known, Access::Public).await;
        assert_eq!(home.fetch_plain(&open, Rendition::Film).await, Some(film(1000)), "{known}");
    }
}

pub(super) async fn there_is_no_access_to_what_is_not_there(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    let closed = home.set_access(&key, Access::Private).await;
    home.upkeep.remove(&key).await.expect("removed");
    for known in [key, closed] {
        for access in [Access::Private, Access::Public] {
            assert_eq!(home.upkeep.set_access(&known, access).await.expect("an answer"), None, "{known} {access:?}");
        }
    }
    assert_eq!(home.upkeep.set_access(&name(9), Access::Private).await.expect("an answer"), None);
}

pub(super) async fn the_still_of_a_film_is_closed_and_opened_with_it(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    let Some(still) = home.media.derived_poster(&key) else { return };
    let url = home.media.url(&still, Rendition::Still, None);
    assert!(home.fetch(&url).await.is_some());
    let closed = home.set_access(&key, Access::Private).await;
    let closed_still = home.media.derived_poster(&closed).expect("a still");
    assert_eq!(home.fetch(&url).await, None);
    assert!(home.fetch_signed(&closed_still, Rendition::Still).await.is_some());
    let open = home.set_access(&closed, Access::Public).await;
    let open_still = home.media.derived_poster(&open).expect("a still");
    assert!(home.fetch_plain(&open_still, Rendition::Still).await.is_some());
}

pub(super) async fn a_closed_file_is_removed(home: Home) {
    for by_name in [false, true] {
        let key = home.keep_film(1, &film(1000)).await;
        let closed = home.set_access(&key, Access::Private).await;
        assert!(home.fetch_signed(&closed, Rendition::Film).await.is_some());
        home.upkeep.remove(&if by_name { closed.unmarked() } else { key }).await.expect("removed");
        assert_eq!(home.listed().await, []);
        assert_eq!(home.fetch_signed(&closed, Rendition::Film).await, None);
    }
}

/// What was made of the film before it was closed serves its owner, and everybody once it is open again.
pub(super) async fn a_closed_film_plays_for_whom_it_is_shown(home: Home) {
    let Some(sample) = aviary_tests::samples::mp4() else { return };
    let key = home.ready(&home.keep_film(1, &sample.bytes).await).await;
    for access in [Access::Private, Access::Public] {
        let moved = home.set_access(&key, access).await;
        let ready = home.ready(&moved).await;
        assert!(home.upkeep.has_access(&ready, access) && home.upkeep.is_ready(&ready));
        let Some(url) = home.media.playback_url(&ready) else { continue };
        assert!(home.fetch(&url).await.is_some_and(|list| list.starts_with(b"#EXTM3U")), "{url}");
    }
}
