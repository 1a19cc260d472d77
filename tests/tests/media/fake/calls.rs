//! Signed calls: who may make them, and what they do.

use aviary_tests::cloudinary::{Account, Algorithm, Delivery, FakeCloudinary, Resource, Streaming};
use aviary_tests::samples;

use crate::film::film;

use super::client::{Asker, now, read, refusal};

#[tokio::test]
async fn a_signed_upload_is_kept_and_answered_under_signature() {
    let fake = FakeCloudinary::start();
    let bytes = film(10_000);
    let (status, shown) = Asker::new(&fake).upload("video", &[("public_id", "a/b")], &bytes).await;
    assert_eq!(status, 200, "{shown}");
    let held = fake.asset("a/b").expect("it is there");
    assert_eq!((held.resource, held.delivery, held.bytes), (Resource::Video, Delivery::Upload, 10_000));
    assert_eq!(fake.content("a/b"), Some(bytes));
    assert_eq!(shown["version"], held.version);
    assert_eq!(shown["signature"], fake.sign_answer("a/b", held.version));
    assert_eq!((&shown["format"], &shown["duration"]), (&"mp4".into(), &2.0.into()));
}

#[tokio::test]
async fn an_account_may_sign_with_the_longer_hash() {
    let account = Account { algorithm: Algorithm::Sha256, ..Account::default() };
    let fake = FakeCloudinary::open(0, account, 1).expect("a port");
    let asker = Asker::new(&fake);
    let mut all = asker.signed(&[("public_id", "x")]);
    assert_eq!(all.last().expect("a signature").1.len(), 64);
    assert_eq!(asker.send("image", &all, samples::png()).await.0, 200);
    all.last_mut().expect("a signature").1.truncate(40);
    refusal(&asker.send("image", &all, samples::png()).await, 401);
}

#[tokio::test]
async fn another_signature_is_refused_and_told_what_was_to_be_signed() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let mut all = asker.signed(&[("public_id", "x"), ("type", "authenticated")]);
    all.last_mut().expect("a signature").1.replace_range(0..1, "g");
    let answer = asker.send("image", &all, samples::png()).await;
    assert!(refusal(&answer, 401).contains("String to sign - 'public_id=x&timestamp="), "{answer:?}");
    assert_eq!(fake.assets(), []);
}

#[tokio::test]
async fn what_was_not_signed_or_is_not_known_is_refused() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let mut added = asker.signed(&[("public_id", "x")]);
    added.push(("type".to_owned(), "private".to_owned()));
    refusal(&asker.send("image", &added, samples::png()).await, 401);
    let mut missing = asker.signed(&[("public_id", "x")]);
    missing.pop();
    refusal(&asker.send("image", &missing, samples::png()).await, 400);
    let unknown = asker.upload("image", &[("public_id", "x"), ("max_bytes", "9")], samples::png()).await;
    assert_eq!(refusal(&unknown, 400), "Unknown parameter - max_bytes");
    let twice = asker.upload("image", &[("public_id", "x"), ("public_id", "y")], samples::png()).await;
    refusal(&twice, 400);
    assert_eq!(fake.assets(), []);
}

#[tokio::test]
async fn a_signature_holds_for_an_hour() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    for (age, sound) in [(0, true), (3500, true), (-3500, true), (3700, false), (-3700, false)] {
        let all = asker.signed_at(&[("public_id", "x")], now() - age);
        let answer = asker.send("image", &all, samples::png()).await;
        assert_eq!(answer.0, if sound { 200 } else { 400 }, "{age}: {}", answer.1);
    }
    fake.set_ahead(7200);
    refusal(&asker.upload("image", &[("public_id", "x")], samples::png()).await, 400);
}

#[tokio::test]
async fn another_key_is_refused() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let mut all = asker.signed(&[("public_id", "x")]);
    let place = all.iter().position(|(name, _)| name == "api_key").expect("a key");
    all[place].1 = "1".to_owned();
    refusal(&asker.send("image", &all, samples::png()).await, 401);
    all.remove(place);
    refusal(&asker.send("image", &all, samples::png()).await, 401);
}

#[tokio::test]
async fn files_are_judged_by_their_content() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    for (resource, bytes) in
        [("video", samples::png()), ("video", b"text"), ("image", b"text"), ("image", b"\xff\xd8\xff")]
    {
        refusal(&asker.upload(resource, &[("public_id", "x")], bytes).await, 400);
    }
    let formats = [("public_id", "x"), ("allowed_formats", "mp4,webm")];
    let mov = b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ";
    assert_eq!(refusal(&asker.upload("video", &formats, mov).await, 400), "Video file format mov not allowed");
    assert_eq!(asker.upload("video", &formats, &film(99)).await.0, 200);
    let (_, auto) = asker.upload("auto", &[("public_id", "y")], samples::jpeg()).await;
    assert_eq!((&auto["resource_type"], &auto["width"]), (&"image".into(), &24.into()));
}

#[tokio::test]
async fn what_is_there_is_replaced_only_if_that_is_allowed() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let (_, first) = asker.upload("video", &[("public_id", "x")], &film(100)).await;
    let (_, kept) = asker.upload("video", &[("public_id", "x"), ("overwrite", "false")], &film(200)).await;
    assert_eq!((&kept["existing"], &kept["version"]), (&true.into(), &first["version"]));
    assert_eq!(fake.bytes_held(), 100);
    let (_, second) = asker.upload("video", &[("public_id", "x")], &film(200)).await;
    assert!(second["version"].as_u64() > first["version"].as_u64());
    assert_eq!(fake.bytes_held(), 200);
}

#[tokio::test]
async fn destroy_finds_only_what_has_resource_and_type() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let put = |delivery| fake.put(Resource::Video, delivery, "x", &film(100));
    put(Delivery::Authenticated);
    for (path, delivery) in [("image/destroy", "authenticated"), ("video/destroy", "upload")] {
        let (status, said) = asker.call(path, &[("public_id", "x"), ("type", delivery)]).await;
        assert_eq!((status, &said["result"]), (200, &"not found".into()));
    }
    assert_eq!(fake.assets().len(), 1);
    for said in ["ok", "not found"] {
        let (_, answer) = asker.call("video/destroy", &[("public_id", "x"), ("type", "authenticated")]).await;
        assert_eq!(answer["result"], said);
    }
    assert_eq!(fake.assets(), []);
    refusal(&asker.call("auto/destroy", &[("public_id", "x")]).await, 404);
}

#[tokio::test]
async fn rename_moves_between_types_and_forgets_what_was_derived() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let eager = [("public_id", "x"), ("eager", "sp_auto/m3u8"), ("eager_async", "true")];
    let (_, first) = asker.upload("video", &eager, &film(100)).await;
    let is_made = || fake.asset("x").is_some_and(|held| held.streaming == Streaming::Made);
    aviary_tests::eventually("the playlist is made", is_made).await;
    let close = [("from_public_id", "x"), ("to_public_id", "x"), ("type", "upload"), ("to_type", "authenticated")];
    let (status, moved) = asker.call("video/rename", &close).await;
    assert_eq!((status, &moved["type"]), (200, &"authenticated".into()));
    assert!(moved["version"].as_u64() > first["version"].as_u64());
    let held = fake.asset("x").expect("it is there");
    assert_eq!((held.delivery, held.streaming), (Delivery::Authenticated, Streaming::Unasked));
    refusal(&asker.call("video/rename", &close).await, 404);
    asker.upload("video", &[("public_id", "x")], &film(100)).await;
    assert!(refusal(&asker.call("video/rename", &close).await, 400).contains("already exists"));
    let overwrite = [&close[..], &[("overwrite", "true")]].concat();
    assert_eq!(asker.call("video/rename", &overwrite).await.0, 200);
    assert_eq!(fake.assets().len(), 1);
}

#[tokio::test]
async fn explicit_shows_what_is_there_and_has_work_done_on_it() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.put(Resource::Video, Delivery::Upload, "x", &film(100));
    refusal(&asker.call("video/explicit", &[("public_id", "y"), ("type", "upload")]).await, 404);
    refusal(&asker.call("video/explicit", &[("public_id", "x"), ("type", "authenticated")]).await, 404);
    refusal(&asker.call("video/explicit", &[("public_id", "x")]).await, 400);
    let synchronous = [("public_id", "x"), ("type", "upload"), ("eager", "sp_auto/m3u8")];
    refusal(&asker.call("video/explicit", &synchronous).await, 400);
    let eager = [&synchronous[..], &[("eager_async", "true")]].concat();
    let (status, shown) = asker.call("video/explicit", &eager).await;
    assert_eq!((status, &shown["eager"][0]["status"]), (200, &"processing".into()));
    let is_made = || fake.asset("x").is_some_and(|held| held.streaming == Streaming::Made);
    aviary_tests::eventually("the playlist is made", is_made).await;
    let (_, again) = asker.call("video/explicit", &eager).await;
    assert!(again["eager"][0].get("status").is_none(), "{again}");
}

#[tokio::test]
async fn answers_may_say_no_more_than_what_can_be_relied_on() {
    let fake = FakeCloudinary::start();
    fake.answer_little(true);
    let (_, shown) = Asker::new(&fake).upload("video", &[("public_id", "x")], &film(100)).await;
    let names: Vec<_> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(names, ["bytes", "public_id", "resource_type", "secure_url", "signature", "type", "version"]);
}

#[tokio::test]
async fn other_clouds_and_paths_are_not_there() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    refusal(&asker.call("video/rotate", &[("public_id", "x")]).await, 404);
    let elsewhere = format!("{}/v1_1/another/video/destroy", fake.origin());
    refusal(&read(asker.http.post(elsewhere).form(&asker.signed(&[("public_id", "x")]))).await, 404);
}
