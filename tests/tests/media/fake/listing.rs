//! The Admin API.

use std::collections::BTreeSet;

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Resource};
use aviary_tests::samples;
use reqwest::RequestBuilder;
use serde_json::Value;

use super::client::{Asker, read, refusal};

fn ask(asker: &Asker<'_>, path: &str) -> RequestBuilder {
    let account = asker.fake.account();
    asker.http.get(asker.url(path)).basic_auth(&account.key, Some(&account.secret))
}

#[tokio::test]
async fn a_list_tells_every_asset_of_its_kind_in_parts() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    for n in 0..25 {
        fake.put(Resource::Image, Delivery::Upload, &format!("a/{n}"), samples::png());
    }
    fake.put(Resource::Image, Delivery::Upload, "b/0", samples::png());
    fake.put(Resource::Image, Delivery::Authenticated, "a/hidden", samples::png());
    let (mut told, mut parts, mut from) = (BTreeSet::new(), vec![], String::new());
    loop {
        let path = format!("resources/image/upload?prefix=a/&max_results=11{from}");
        let (status, part) = read(ask(&asker, &path)).await;
        assert_eq!(status, 200, "{part}");
        let resources = part["resources"].as_array().expect("a list");
        parts.push(resources.len());
        told.extend(resources.iter().map(|shown| shown["public_id"].as_str().expect("an id").to_owned()));
        let Some(cursor) = part["next_cursor"].as_str() else { break };
        from = format!("&next_cursor={cursor}");
    }
    assert_eq!((parts, told.len()), (vec![11, 11, 3], 25));
    assert!(told.iter().all(|id| id.starts_with("a/") && id != "a/hidden"));
}

#[tokio::test]
async fn one_asset_is_shown_by_its_public_id() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.put(Resource::Image, Delivery::Upload, "a/b", samples::png());
    for path in ["resources/image/upload/a/b", "resources/image/upload/a%2Fb"] {
        let (status, shown) = read(ask(&asker, path)).await;
        assert_eq!((status, &shown["public_id"]), (200, &Value::from("a/b")), "{path}");
    }
    for path in ["resources/image/authenticated/a/b", "resources/video/upload/a/b", "resources/image/upload/a"] {
        refusal(&read(ask(&asker, path)).await, 404);
    }
}

#[tokio::test]
async fn key_and_secret_are_asked_for_and_limits_are_kept() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let path = "resources/image/upload";
    refusal(&read(asker.http.get(asker.url(path))).await, 401);
    refusal(&read(asker.http.get(asker.url(path)).basic_auth("x", Some("y"))).await, 401);
    for query in ["max_results=501", "max_results=0", "next_cursor=x", "order=up"] {
        refusal(&read(ask(&asker, &format!("{path}?{query}"))).await, 400);
    }
    assert_eq!(read(ask(&asker, "ping")).await.1["status"], "ok");
    refusal(&read(asker.http.get(asker.url("ping"))).await, 401);
    fake.allow_admin_calls(Some(1));
    assert_eq!(read(ask(&asker, path)).await.0, 200);
    refusal(&read(ask(&asker, path)).await, 420);
}
