//! Webhooks: signed, at least once, in no order, and sometimes never.

use std::time::Duration;

use aviary_tests::cloudinary::{Conduct, FakeCloudinary, Plan};
use serde_json::Value;

use crate::film::film;

use super::client::{Asker, Listener, now};

fn eager<'a>(id: &'a str, url: &'a str) -> [(&'a str, &'a str); 4] {
    [("public_id", id), ("eager", "sp_auto/m3u8"), ("eager_async", "true"), ("eager_notification_url", url)]
}

fn told<'a>(id: &'a str, listener: &'a Listener) -> [(&'a str, &'a str); 2] {
    [("public_id", id), ("notification_url", &listener.url)]
}

fn body(call: &str) -> Value {
    let (_, body) = call.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("an object")
}

#[tokio::test]
async fn the_end_of_work_is_told_under_signature() {
    let fake = FakeCloudinary::start();
    let listener = Listener::start(&[]).await;
    Asker::new(&fake).upload("video", &eager("a/x", &listener.url), &film(100)).await;
    let calls = listener.calls(1).await;
    let said = body(&calls[0]);
    assert_eq!((&said["notification_type"], &said["public_id"]), (&"eager".into(), &"a/x".into()));
    assert_eq!(said["eager"][0]["transformation"], "sp_auto/m3u8");
    assert!(said["eager"][0].get("status").is_none() && said.get("version").is_none(), "{said}");
    let sent = &fake.notices()[0];
    let age = u64::try_from(now() - sent.timestamp.parse::<i64>().expect("seconds")).expect("it was sent before");
    assert!(age < 10, "{sent:?}");
    // One of both, when a second ended just now.
    let signed = [age, age + 1].map(|age| fake.sign_notice(sent.body.as_bytes(), Duration::from_secs(age)));
    assert!(signed.contains(&(sent.timestamp.clone(), sent.signature.clone())), "{sent:?}");
    let head = calls[0].to_ascii_lowercase();
    assert!(head.contains(&format!("x-cld-signature: {}", sent.signature)), "{head}");
    assert!(head.contains(&format!("x-cld-timestamp: {}", sent.timestamp)), "{head}");
}

#[tokio::test]
async fn failure_is_told_with_the_providers_words() {
    let fake = FakeCloudinary::start();
    let listener = Listener::start(&[]).await;
    fake.plan(Plan { takes: Some(Duration::ZERO), fails: 1.0 });
    Asker::new(&fake).upload("video", &eager("x", &listener.url), &film(100)).await;
    let said = body(&listener.calls(1).await[0]);
    assert_eq!((&said["notification_type"], &said["eager"][0]["status"]), (&"eager".into(), &"failed".into()));
}

#[tokio::test]
async fn a_webhook_that_is_refused_comes_again() {
    let fake = FakeCloudinary::start();
    let listener = Listener::start(&[500, 404]).await;
    let upload = [("public_id", "x"), ("notification_url", listener.url.as_str())];
    Asker::new(&fake).upload("video", &upload, &film(100)).await;
    let calls = listener.calls(3).await;
    assert!(calls.iter().all(|call| body(call)["notification_type"] == "upload"));
    aviary_tests::eventually("it has arrived", || fake.notices()[0].status == Some(200)).await;
}

#[tokio::test]
async fn webhooks_are_lost_doubled_and_late_on_demand() {
    let fake = FakeCloudinary::start();
    let listener = Listener::start(&[]).await;
    let asker = Asker::new(&fake);
    fake.conduct(Conduct { lost: 1.0, ..Conduct::default() });
    asker.upload("video", &told("lost", &listener), &film(100)).await;
    fake.conduct(Conduct { doubled: 1.0, ..Conduct::default() });
    asker.upload("video", &told("doubled", &listener), &film(100)).await;
    let calls = listener.calls(2).await;
    assert!(calls.iter().all(|call| body(call)["public_id"] == "doubled"));
    fake.conduct(Conduct { late: Duration::from_millis(400), ..Conduct::default() });
    for n in 0..8 {
        asker.upload("video", &told(&format!("late{n}"), &listener), &film(100)).await;
    }
    let ids: Vec<_> = listener.calls(10).await[2..].iter().map(|call| body(call)["public_id"].to_string()).collect();
    let mut sorted = ids.clone();
    sorted.sort();
    assert_ne!(ids, sorted, "they overtook one another");
    assert_eq!(fake.notices().len(), 10, "the lost one is known too");
}
