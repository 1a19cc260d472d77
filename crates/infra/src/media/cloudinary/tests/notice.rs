//! The provider's calls.

use aviary_domain::file::FileKey;
use aviary_domain::media::notice::{MediaNotices, NoticeError, SignedCall};
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

fn read(house: &House, body: &Value) -> Result<Option<FileKey>, NoticeError> {
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
async fn the_film_is_told_whose_playlist_is_made_or_cannot_be() {
    let house = house().await;
    let failed = json!({"transformation": "sp_auto/m3u8", "status": "failed", "reason": "provider's words"});
    for derived in [made("upload/sp_auto"), made("authenticated/s--12345678--/sp_auto"), failed] {
        assert_eq!(read(&house, &eager(&house, &derived)), Ok(Some(film())), "{derived}");
    }
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
    let nowhere = json!({"transformation": "sp_auto/m3u8"});
    let derived = [other_work, at_work, nowhere].map(|derived| eager(&house, &derived));
    for body in [other_type, other_film, picture, json!({})].into_iter().chain(derived) {
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
