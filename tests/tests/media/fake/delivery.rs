//! Delivery: who gets what under which URL, and for how long.

use std::time::Duration;

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Plan, Resource};
use aviary_tests::samples;

use crate::film::film;

use super::client::Asker;

#[tokio::test]
async fn what_was_uploaded_is_delivered_also_in_pieces() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(100_000);
    let (_, shown) = asker.upload("video", &[("public_id", "a/x")], &bytes).await;
    let url = shown["secure_url"].as_str().expect("a URL");
    assert_eq!(asker.http.get(url).send().await.expect("an answer").bytes().await.expect("bytes"), bytes);
    let head = asker.http.head(url).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], "100000");
    for (range, start, end) in [("bytes=0-9", 0, 10), ("bytes=70000-", 70_000, 100_000), ("bytes=-5", 99_995, 100_000)]
    {
        let answer = asker.http.get(url).header("range", range).send().await.expect("an answer");
        assert_eq!(answer.status(), 206);
        assert_eq!(answer.headers()["content-range"], format!("bytes {start}-{}/100000", end - 1));
        assert_eq!(answer.bytes().await.expect("bytes"), bytes[start..end]);
    }
    let beyond = asker.http.get(url).header("range", "bytes=100000-").send().await.expect("an answer");
    assert_eq!(beyond.status(), 416);
    assert_eq!(asker.fetch("video/upload/a/x.mp4").await.0, 400, "the version is missing");
    assert_eq!(asker.fetch("image/upload/v1/a/x.mp4").await.0, 404);
}

#[tokio::test]
async fn authenticated_files_are_for_signed_urls_alone() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.put(Resource::Image, Delivery::Authenticated, "x", samples::png());
    let (sound, other) = (fake.sign_delivery("x.png"), fake.sign_delivery("y.png"));
    let scaled = fake.sign_delivery("w_8/x.png");
    for (path, status) in [
        ("image/authenticated/v1/x.png".to_owned(), 401),
        (format!("image/authenticated/{other}/v1/x.png"), 401),
        (format!("image/authenticated/{sound}/w_8/v1/x.png"), 401),
        (format!("image/authenticated/{scaled}/w_8/v1/x.png"), 200),
        (format!("image/authenticated/{sound}/v1/x.png"), 200),
        (format!("image/authenticated/{sound}/v2/x.png"), 200),
        (format!("image/upload/{sound}/v1/x.png"), 404),
        (format!("image/upload/{other}/v1/x.png"), 401),
    ] {
        assert_eq!(asker.fetch(&path).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn caches_show_what_has_gone_unless_they_are_told() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    for (invalidate, status) in [("false", 200), ("true", 404)] {
        fake.put(Resource::Image, Delivery::Upload, "x", samples::png());
        assert_eq!(asker.fetch("image/upload/v1/x.png").await.0, 200);
        let close = [("from_public_id", "x"), ("to_public_id", "x"), ("to_type", "authenticated")];
        let close = [&close[..], &[("invalidate", invalidate)]].concat();
        assert_eq!(asker.call("image/rename", &close).await.0, 200);
        assert_eq!(asker.fetch("image/upload/v1/x.png").await.0, status);
        assert_eq!(asker.fetch("image/upload/v2/x.png").await.0, 404, "no cache has seen this one");
        let signed = format!("image/authenticated/{}/v1/x.png", fake.sign_delivery("x.png"));
        assert_eq!(asker.fetch(&signed).await.0, 200);
        let destroy = [("public_id", "x"), ("type", "authenticated"), ("invalidate", invalidate)];
        assert_eq!(asker.call("image/destroy", &destroy).await.0, 200);
        assert_eq!(asker.fetch(&signed).await.0, status);
    }
}

#[tokio::test]
async fn a_playlist_is_there_when_it_was_asked_for_and_made() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    const LIST: &str = "video/upload/sp_auto/v1/x.m3u8";
    fake.plan(Plan { takes: None, fails: 0.0 });
    asker.upload("video", &[("public_id", "x")], &film(100)).await;
    assert_eq!(asker.fetch(LIST).await.0, 400, "nobody asked");
    let eager = [("public_id", "x"), ("type", "upload"), ("eager", "sp_auto/m3u8"), ("eager_async", "true")];
    asker.call("video/explicit", &eager).await;
    assert_eq!(asker.fetch(LIST).await.0, 423);
    fake.finish_work();
    for _ in 0..600 {
        if asker.fetch(LIST).await.0 == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(asker.fetch(LIST).await.1.starts_with(b"#EXTM3U"));
    assert_eq!(asker.fetch("video/upload/sp_hd/v1/x.m3u8").await.0, 400);
    assert_eq!(asker.fetch("video/upload/v1/x.m3u8").await.0, 400);
}

#[tokio::test]
async fn pictures_are_made_as_they_are_asked_for() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.put(Resource::Video, Delivery::Upload, "film", &film(100));
    fake.put(Resource::Image, Delivery::Upload, "face", samples::png());
    for (path, width, height) in [
        ("video/upload/so_2,c_fill,w_640,h_360/v1/film.jpg", 640, 360),
        ("image/upload/c_fill,g_auto,w_512,h_512/v1/face.png", 512, 512),
        ("image/upload/c_limit,w_12/v1/face.jpg", 12, 8),
        ("image/upload/c_limit,w_2560/v1/face.jpg", 24, 16),
    ] {
        let (status, bytes) = asker.fetch(path).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
        let picture = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((picture.width(), picture.height()), (width, height), "{path}");
    }
    for path in ["image/upload/c_crush/v1/face.png", "image/upload/zz_1/v1/face.png", "image/upload/w_0/v1/face.png"] {
        assert_eq!(asker.fetch(path).await.0, 400, "{path}");
    }
}
