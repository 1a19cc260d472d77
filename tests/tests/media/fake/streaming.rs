//! Playlists, and what they lead to.

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Resource, Streaming};
use aviary_tests::eventually;

use crate::film::film;

use super::client::Asker;

const EAGER: [(&str, &str); 2] = [("eager", "sp_auto/m3u8"), ("eager_async", "true")];

/// The path of the only line of a playlist that is no comment, below the cloud's name.
fn leads_to(asker: &Asker<'_>, playlist: &[u8]) -> String {
    let text = String::from_utf8(playlist.to_vec()).expect("text");
    assert!(text.starts_with("#EXTM3U\n"), "{text}");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let [line] = lines[..] else { panic!("one line in {text}") };
    line.strip_prefix(&format!("/{}/", asker.fake.account().cloud)).expect("a path below the cloud").to_owned()
}

#[tokio::test]
async fn a_playlist_leads_to_a_rendition_and_that_to_the_film() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let made = || fake.asset("a/x").is_some_and(|held| held.streaming == Streaming::Made);
    asker.upload("video", &[&[("public_id", "a/x")], &EAGER[..]].concat(), &film(5000)).await;
    eventually("the playlist is made", made).await;
    let (_, master) = asker.fetch("video/upload/sp_auto/v1/a/x.m3u8").await;
    let rendition = leads_to(&asker, &master);
    let (status, list) = asker.fetch(&rendition).await;
    assert_eq!(status, 200, "{rendition}");
    let segment = leads_to(&asker, &list);
    assert!(!segment.contains("s--"), "what is public needs no signature: {segment}");
    assert_eq!(asker.fetch(&segment).await, (200, film(5000)));
    // Other renditions are not made.
    for path in ["video/upload/c_limit,h_1,w_1/v1/a/x.m3u8", "video/upload/v1/a/x.ts", "video/upload/sp_auto/v1/a/x.ts"]
    {
        assert_eq!(asker.fetch(path).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn nothing_that_the_playlist_of_a_private_film_leads_to_is_fetched_without_its_signature() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.put(Resource::Video, Delivery::Authenticated, "x", &film(5000));
    let parameters = [&[("public_id", "x"), ("type", "authenticated")], &EAGER[..]].concat();
    asker.call("video/explicit", &parameters).await;
    let made = || fake.asset("x").is_some_and(|held| held.streaming == Streaming::Made);
    eventually("the playlist is made", made).await;
    let mut path = format!("video/authenticated/{}/sp_auto/v1/x.m3u8", fake.sign_delivery("sp_auto/x.m3u8"));
    let mut steps = vec![];
    loop {
        let (status, content) = asker.fetch(&path).await;
        assert_eq!(status, 200, "{path}");
        let (signature, rest) =
            path.strip_prefix("video/authenticated/").and_then(|rest| rest.split_once('/')).expect("a signature");
        assert!(signature.starts_with("s--"), "{path}");
        for (guess, refused) in [
            (format!("video/authenticated/{rest}"), 401),
            (format!("video/authenticated/{}/{rest}", fake.sign_delivery("x.mp4")), 401),
            (format!("video/upload/{rest}"), 404),
            (format!("video/upload/{signature}/{rest}"), 404),
        ] {
            assert_eq!(asker.fetch(&guess).await.0, refused, "{guess}");
        }
        steps.push(content.clone());
        if path.ends_with(".ts") {
            break;
        }
        path = leads_to(&asker, &content);
    }
    assert_eq!((steps.len(), steps.pop()), (3, Some(film(5000))));
}

#[tokio::test]
async fn renditions_come_and_go_with_their_playlist() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let rendition = "video/upload/c_limit,h_48,w_64/v1/x";
    fake.plan(aviary_tests::cloudinary::Plan { takes: None, fails: 0.0 });
    asker.upload("video", &[("public_id", "x")], &film(100)).await;
    let statuses =
        async || [asker.fetch(&format!("{rendition}.m3u8")).await.0, asker.fetch(&format!("{rendition}.ts")).await.0];
    assert_eq!(statuses().await, [400, 400], "nobody asked");
    let parameters = [&[("public_id", "x"), ("type", "upload")], &EAGER[..]].concat();
    asker.call("video/explicit", &parameters).await;
    assert_eq!(statuses().await, [423, 423], "they are being made");
    fake.finish_work();
    eventually("they are made", || fake.asset("x").is_some_and(|held| held.streaming == Streaming::Made)).await;
    assert_eq!(statuses().await, [200, 200]);
    let close = [("from_public_id", "x"), ("to_public_id", "x"), ("to_type", "authenticated"), ("invalidate", "true")];
    asker.call("video/rename", &close).await;
    assert_eq!(statuses().await, [404, 404], "not even caches have them");
}
