//! The provider's own calls.

use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_domain::media::Access;
use aviary_domain::media::notice::{NoticeError, SignedCall};
use aviary_tests::cloudinary::{Plan, SentNotice};
use aviary_tests::eventually;
use serde_json::json;

use crate::film::film;
use crate::home::{Home, name, now};

fn call(sent: &SentNotice) -> SignedCall {
    SignedCall {
        timestamp: sent.timestamp.clone(),
        signature: sent.signature.clone(),
        body: sent.body.clone().into_bytes(),
    }
}

/// The call that the fake makes when it is done with a film.
async fn told(home: &Home) -> SignedCall {
    let eager = |sent: &&SentNotice| sent.body.contains(r#""notification_type":"eager""#);
    eventually("the fake calls", || home.fake().notices().iter().any(|sent| eager(&sent))).await;
    call(home.fake().notices().iter().find(eager).expect("a call"))
}

fn read(home: &Home, call: &SignedCall, now: Timestamp) -> Result<Option<FileKey>, NoticeError> {
    home.notices.read(call, now)
}

#[tokio::test]
async fn a_film_that_is_ready_is_told() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    let call = told(&home).await;
    // As often as it comes.
    for _ in 0..3 {
        assert_eq!(read(&home, &call, now()), Ok(Some(name(1))));
    }
}

#[tokio::test]
async fn a_film_that_failed_is_told() {
    let home = Home::cloudinary();
    home.fake().plan(Plan { takes: Some(Duration::ZERO), fails: 1.0 });
    home.keep_film(1, &film(1000)).await;
    assert_eq!(read(&home, &told(&home).await, now()), Ok(Some(name(1))));
}

#[tokio::test]
async fn a_closed_film_that_is_ready_is_told() {
    let home = Home::cloudinary();
    home.fake().plan(Plan { takes: None, fails: 0.0 });
    let key = home.keep_film(1, &film(1000)).await;
    home.set_access(&key, Access::Private).await;
    home.fake().finish_work();
    assert_eq!(read(&home, &told(&home).await, now()), Ok(Some(name(1))));
}

#[tokio::test]
async fn forged_calls_are_not_believed() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    let sound = told(&home).await;
    let (other_time, _) = home.fake().sign_notice(&sound.body, Duration::from_secs(60));
    let mut changed = sound.body.clone();
    let place = changed.iter().position(|byte| *byte == b'0').expect("a digit");
    changed[place] = b'1';
    for forged in [
        SignedCall { signature: String::new(), ..sound.clone() },
        SignedCall { signature: "0".repeat(40), ..sound.clone() },
        SignedCall { signature: sound.signature[..39].to_owned(), ..sound.clone() },
        SignedCall { signature: format!("{}0", sound.signature), ..sound.clone() },
        SignedCall { signature: home.fake().account().secret.clone(), ..sound.clone() },
        SignedCall { timestamp: other_time, ..sound.clone() },
        SignedCall { timestamp: String::new(), ..sound.clone() },
        SignedCall { body: changed, ..sound.clone() },
        SignedCall { body: vec![], ..sound.clone() },
    ] {
        assert_eq!(read(&home, &forged, now()), Err(NoticeError::Forged), "{forged:?}");
    }
    assert!(read(&home, &sound, now()).is_ok());
}

#[tokio::test]
async fn calls_are_believed_for_two_hours() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    let body = told(&home).await.body;
    for (ago, stale) in [(0, false), (7100, false), (7300, true), (1_000_000, true)] {
        let (timestamp, signature) = home.fake().sign_notice(&body, Duration::from_secs(ago));
        let call = SignedCall { timestamp, signature, body: body.clone() };
        assert_eq!(read(&home, &call, now()) == Err(NoticeError::Stale), stale, "{ago}");
    }
    let (timestamp, signature) = home.fake().sign_notice(&body, Duration::ZERO);
    let early = read(&home, &SignedCall { timestamp, signature, body }, now().before(Duration::from_secs(1000)));
    assert_eq!(early, Err(NoticeError::Stale), "it comes from the future");
}

#[tokio::test]
async fn genuine_calls_about_something_else_are_passed_over() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    let sound: serde_json::Value = serde_json::from_slice(&told(&home).await.body).expect("an object");
    let change = |field: &str, value: serde_json::Value| {
        let mut body = sound.clone();
        body[field] = value;
        body
    };
    for body in [
        change("notification_type", json!("upload")),
        change("notification_type", json!("delete")),
        change("public_id", json!("holiday")),
        change("public_id", json!("aviary/images/0123-jpg")),
        change("eager", json!([])),
        change("eager", json!([{ "transformation": "w_100", "secure_url": "https://x/y.jpg" }])),
        json!({}),
        json!({ "notification_type": "eager" }),
        json!({ "notification_type": "moderation", "public_id": "x", "extra": [1, 2, 3] }),
    ] {
        let bytes = body.to_string().into_bytes();
        let (timestamp, signature) = home.fake().sign_notice(&bytes, Duration::ZERO);
        let call = SignedCall { timestamp, signature, body: bytes };
        assert_eq!(read(&home, &call, now()), Ok(None), "{body}");
    }
    for bytes in [&b""[..], b"[]", b"text", b"{", b"\xff\xfe", br#"{"eager":7}"#] {
        let (timestamp, signature) = home.fake().sign_notice(bytes, Duration::ZERO);
        let call = SignedCall { timestamp, signature, body: bytes.to_vec() };
        assert_eq!(read(&home, &call, now()), Err(NoticeError::Malformed), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_local_store_expects_no_calls() {
    let (local, cloud) = (Home::local(), Home::cloudinary());
    cloud.keep_film(1, &film(1000)).await;
    assert_eq!(read(&local, &told(&cloud).await, now()), Err(NoticeError::Unexpected));
}
