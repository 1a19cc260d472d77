//! What a store does to a film before it is shown.

use aviary_domain::media::{Progress, Rendition};
use aviary_tests::cloudinary::{PROVIDER_WORDS, Plan};
use aviary_tests::samples;

use crate::film::film;
use crate::home::{Home, name};

pub(super) async fn a_film_becomes_ready(home: Home) {
    let Some(sample) = samples::mp4() else { return };
    let key = home.keep_film(1, &sample.bytes).await;
    let ready = home.ready(&key).await;
    assert!(home.upkeep.is_ready(&ready));
    assert_eq!(ready.name(), key.name());
    assert!(home.fetch_plain(&ready, Rendition::Film).await == Some(sample.bytes.clone()), "the film as it came");
    assert_eq!(home.ready(&ready).await, ready, "and stays so");
}

pub(super) async fn the_playlist_of_a_ready_film_is_fetched(home: Home) {
    let Some(sample) = samples::mp4() else { return };
    let key = home.keep_film(1, &sample.bytes).await;
    if !home.upkeep.is_ready(&key) {
        assert_eq!(home.media.playback_url(&key), None, "there is none yet");
    }
    let Some(url) = home.media.playback_url(&home.ready(&key).await) else {
        assert!(home.fake.is_none(), "a provider makes one");
        return;
    };
    assert!(home.fetch(&url).await.is_some_and(|list| list.starts_with(b"#EXTM3U")), "{url}");
}

pub(super) async fn the_film_of_another_name_is_not_touched(home: Home) {
    let [first, second] = [home.keep_film(1, &film(1000)).await, home.keep_film(2, &film(2000)).await];
    home.upkeep.remove(&first).await.expect("removed");
    assert_eq!(home.fetch_plain(&second, Rendition::Film).await, Some(film(2000)));
    assert_eq!(home.listed().await, [name(2)]);
}

pub(super) async fn a_film_that_is_gone_has_failed(home: Home) {
    let key = home.keep_film(1, &film(1000)).await;
    home.upkeep.remove(&key).await.expect("removed");
    for progress in [home.settled(&key).await, home.upkeep.reprocess(&key).await.expect("an answer")] {
        let Progress::Failed(reason) = progress else { panic!("{progress:?}") };
        assert!(!reason.is_empty() && reason.len() <= 500, "{reason}");
    }
}

pub(super) async fn a_film_that_does_not_play_has_failed(home: Home) {
    if let Some(fake) = &home.fake {
        fake.plan(Plan { takes: Some(std::time::Duration::ZERO), fails: 1.0 });
    } else if !home.local.has_tools() {
        return;
    }
    let key = home.keep_film(1, &film(1000)).await;
    let progress = home.settled(&key).await;
    let Progress::Failed(reason) = progress else { panic!("{progress:?}") };
    assert!(!reason.is_empty() && reason.len() <= 500, "{reason}");
    assert!(!reason.contains(PROVIDER_WORDS) && !reason.contains("Unsupported video format or file"), "{reason}");
}

pub(super) async fn a_film_is_done_again(home: Home) {
    let Some(sample) = samples::mp4() else { return };
    if let Some(fake) = &home.fake {
        fake.plan(Plan { takes: Some(std::time::Duration::ZERO), fails: 1.0 });
    }
    let key = home.keep_film(1, &sample.bytes).await;
    if let Some(fake) = &home.fake {
        assert!(matches!(home.settled(&key).await, Progress::Failed(_)));
        fake.plan(Plan { takes: Some(std::time::Duration::from_millis(30)), fails: 0.0 });
    }
    let begun = home.upkeep.reprocess(&key).await.expect("an answer");
    assert!(!matches!(begun, Progress::Failed(_)), "{begun:?}");
    let ready = home.ready(&key).await;
    assert!(home.upkeep.is_ready(&ready));
    assert!(!matches!(home.upkeep.reprocess(&ready).await.expect("an answer"), Progress::Failed(_)));
    home.ready(&ready).await;
}
