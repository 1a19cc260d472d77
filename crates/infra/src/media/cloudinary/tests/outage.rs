//! A provider that is not there.

use std::time::{Duration, Instant};

use aviary_domain::file::FileFormat;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{MediaError, MediaStore};
use serde_json::json;

use super::{House, described, image};
use crate::media::cloudinary::Patience;
use crate::media::cloudinary::stub::{Told, json as told};

const PAUSE: Duration = Duration::from_millis(600);

async fn house() -> House {
    let answer = |asked: &super::Asked| told(&described(asked, 12, &json!({"result": "ok"})));
    House::with(answer, |settings| {
        settings.patience =
            Patience { failures: 3, pause: PAUSE, deadline: Duration::from_secs(5), ..Patience::default() };
    })
    .await
}

#[tokio::test]
async fn an_outage_is_told_at_once_before_anybody_sends_a_film() {
    let house = house().await;
    assert!(house.media.receive(10).await.is_ok());
    house.stub.stop();
    let begun = Instant::now();
    let lost = house.media.keep(house.file(FileFormat::Jpeg, 10).await, &image()).await;
    assert!(matches!(lost, Err(MediaError::Unavailable(_))), "{lost:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "it does not try until the deadline: {:?}", begun.elapsed());
    assert_eq!(house.spooled(), 0);
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(matches!(house.media.receive(10).await, Err(MediaError::Unavailable(_))));
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(matches!(house.media.remove(&image()).await, Err(MediaError::Unavailable(_))));
    tokio::time::sleep(PAUSE).await;
    assert!(
        matches!(house.media.receive(10).await, Err(MediaError::Unavailable(_))),
        "it was looked, and nobody was there"
    );
}

#[tokio::test]
async fn who_comes_after_the_pause_finds_out_whether_it_is_back() {
    let failing = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let shared = std::sync::Arc::clone(&failing);
    let answer = move |_: &super::Asked| {
        let status = if shared.load(std::sync::atomic::Ordering::Relaxed) { 503 } else { 404 };
        Told::Answer(status, String::new())
    };
    let house = House::with(answer, |settings| {
        settings.patience = Patience { failures: 3, pause: PAUSE, ..Patience::default() };
    })
    .await;
    assert!(house.media.remove(&image()).await.is_err());
    assert!(house.media.receive(10).await.is_err());
    failing.store(false, std::sync::atomic::Ordering::Relaxed);
    assert!(house.media.receive(10).await.is_err(), "nobody looks during the pause");
    tokio::time::sleep(PAUSE).await;
    assert!(house.media.receive(10).await.is_ok(), "any answer is an answer");
    assert!(house.stub.asked().last().is_some_and(|asked| asked.path == "/v1_1/demo/ping"));
}

#[tokio::test]
async fn an_upload_that_stands_still_is_given_up() {
    // Connections are taken and never read from.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let house = House::with(
        |_| Told::Nothing,
        |settings| {
            settings.upload_prefix = url;
            let soon = Duration::from_millis(200);
            settings.patience =
                Patience { stall: soon, stored: soon, resend: soon, answer: soon, ..Patience::default() };
        },
    )
    .await;
    let begun = Instant::now();
    let lost = house.media.keep(house.file(FileFormat::Mp4, 19_000_000).await, &super::film()).await;
    assert!(matches!(lost, Err(MediaError::Unavailable(_))), "{lost:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    drop(listener);
}
