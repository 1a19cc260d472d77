//! The provider's calls.

use aviary_domain::Timestamp;
use aviary_domain::media::Progress;
use aviary_domain::media::notice::{MediaNotices, Notice, NoticeError, SignedCall};
use serde_json::{Value, json};

use super::{House, NOW, film, image};
use crate::media::cloudinary::stub::Told;

const SENT: i64 = 1_700_000_000;

async fn house() -> House {
    House::new(|_| Told::Nothing).await
}

fn call(house: &House, body: &[u8], timestamp: &str) -> SignedCall {
    let signature = house.media.provider.signer.call(body, timestamp);
    SignedCall { timestamp: timestamp.to_owned(), signature, body: body.to_vec() }
}

fn read(house: &House, body: &Value) -> Result<Option<Notice>, NoticeError> {
    house.media.read(&call(house, body.to_string().as_bytes(), &SENT.to_string()), NOW)
}

fn eager(house: &House, derived: &Value) -> Value {
    json!({"notification_type": "eager", "public_id": house.asset(&film()).public_id, "batch_id": "b", "eager": [derived]})
}

fn made(delivery: &str) -> Value {
    let url = format!("https://res.cloudinary.com/demo/video/{delivery}/v77/aviary/videos/x.m3u8");
    json!({"transformation": "sp_auto/m3u8", "format": "m3u8", "bytes": 1, "url": "http://x", "secure_url": url})
}

#[tokio::test]
async fn a_playlist_that_is_made_is_told() {
    let house = house().await;
    let notice = read(&house, &eager(&house, &made("upload/sp_auto"))).unwrap().unwrap();
    assert_eq!(notice.film, film());
    assert_eq!(notice.progress, Progress::Ready(film().marked("u77h")));
    assert_eq!(notice.sent_at, Timestamp::from_millis(SENT * 1000));
    let private = read(&house, &eager(&house, &made("authenticated/s--12345678--/sp_auto"))).unwrap().unwrap();
    assert_eq!(private.progress, Progress::Ready(film().marked("a77h")));
}

#[tokio::test]
async fn a_failure_is_told_in_our_words() {
    let house = house().await;
    let failed = json!({"transformation": "sp_auto/m3u8", "status": "failed", "reason": "provider's words"});
    let notice = read(&house, &eager(&house, &failed)).unwrap().unwrap();
    assert_eq!(notice.progress, Progress::Failed("The film cannot be prepared for streaming".to_owned()));
}

#[tokio::test]
async fn what_nobody_waits_for_is_passed_over() {
    let house = house().await;
    let mut other_type = eager(&house, &made("upload/sp_auto"));
    other_type["notification_type"] = json!("upload");
    let mut other_film = eager(&house, &made("upload/sp_auto"));
    other_film["public_id"] = json!("others/film");
    let mut picture = eager(&house, &made("upload/sp_auto"));
    picture["public_id"] = json!(house.asset(&image()).public_id);
    let other_work = json!({"transformation": "w_100/mp4", "status": "failed"});
    let at_work = json!({"transformation": "sp_auto/m3u8", "status": "processing"});
    for body in [other_type, other_film, picture, eager(&house, &other_work), eager(&house, &at_work), json!({})] {
        assert_eq!(read(&house, &body), Ok(None), "{body}");
    }
}

#[tokio::test]
async fn only_genuine_and_recent_calls_are_believed() {
    let house = house().await;
    let body = eager(&house, &made("upload/sp_auto")).to_string();
    let at =
        |seconds: i64| house.media.read(&call(&house, body.as_bytes(), &seconds.to_string()), NOW).map(|n| n.is_some());
    assert_eq!([at(SENT), at(SENT - 7_199), at(SENT + 59)], [Ok(true); 3]);
    assert_eq!([at(SENT - 7_201), at(SENT + 61), at(0)], [Err(NoticeError::Stale); 3]);

    let genuine = call(&house, body.as_bytes(), &SENT.to_string());
    for forged in [
        SignedCall { timestamp: (SENT + 1).to_string(), ..genuine.clone() },
        SignedCall { signature: genuine.signature.to_uppercase(), ..genuine.clone() },
        SignedCall { signature: String::new(), ..genuine.clone() },
        SignedCall { body: body.replace("made", "fade").replace("eager", "eagle").into_bytes(), ..genuine.clone() },
    ] {
        assert_eq!(house.media.read(&forged, NOW), Err(NoticeError::Forged));
    }
    for (body, timestamp) in [("{", "1700000000"), ("[]", "1700000000"), ("{}", "x"), ("{}", "99999999999999999999")] {
        let read = house.media.read(&call(&house, body.as_bytes(), timestamp), NOW);
        assert_eq!(read, Err(NoticeError::Malformed), "{body} {timestamp}");
    }
}
