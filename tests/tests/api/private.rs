//! What not everybody may see cannot be fetched either, by whoever knows or guesses where it lies. Here for files of the
//! server's own; those at Cloudinary are in `cloudinary`.

use std::time::Duration;

use aviary_tests::people::id;
use aviary_tests::{Caller, Person, Reply, TestServer, code, samples};
use reqwest::Method;
use serde_json::Value;

/// The fields of a video that are URLs of its files.
const FILES: [&str; 2] = ["videoFile", "thumbnail"];

struct Scene {
    server: TestServer,
    ada: Person,
    /// As it was while everybody saw it.
    public: Value,
    /// As Ada sees it, now that nobody else does.
    hidden: Value,
}

/// A video of Ada's that was published and is not any more.
async fn scene_with(link_life: Duration) -> Option<Scene> {
    let film = samples::mp4()?;
    let server = TestServer::start_with(|settings| settings.link_life = link_life).await;
    let ada = server.person("ada").await;
    let public = ada.upload("film", film).await;
    for file in FILES {
        let reply = server.guest().get(url(&public, file)).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "public, max-age=300"), "{file}");
        assert!(!url(&public, file).contains('?'), "{public}");
    }
    let hidden = ada.toggle_published(&id(&public)).await;
    Some(Scene { server, ada, public, hidden })
}

async fn scene() -> Option<Scene> {
    scene_with(Duration::from_hours(6)).await
}

fn url<'a>(video: &'a Value, file: &str) -> &'a str {
    video[file].as_str().expect("a URL")
}

async fn fetch(caller: &Caller, url: &str, headers: &[(&str, &str)]) -> Reply {
    let request = caller.request(Method::GET, url);
    caller.send(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))).await
}

/// The address of a link, the time until it works, and its signature.
fn parts(link: &str) -> (&str, &str, &str) {
    let (address, query) = link.split_once('?').expect("a query");
    let (expires, signature) = query.split_once('&').expect("two values");
    let (expires, signature) = (expires.strip_prefix("expires="), signature.strip_prefix("signature="));
    (address, expires.expect("a time"), signature.expect("a signature"))
}

#[tokio::test]
async fn an_unpublished_videos_files_are_fetched_by_their_owners_links_alone() {
    let Some(Scene { server, ada, public, hidden }) = scene().await else { return };
    let bob = server.person("bob").await;
    for file in FILES {
        // Knowing where it lies is not enough for anybody, token or not; nor is having it in part.
        for caller in [&server.guest(), &*bob, &*ada] {
            caller.get(url(&public, file)).await.fails(404, code::FILE_NOT_FOUND);
            assert_eq!(caller.head(url(&public, file)).await.status, 404);
            for condition in [("if-none-match", "*"), ("range", "bytes=0-3")] {
                fetch(caller, url(&public, file), &[condition]).await.fails(404, code::FILE_NOT_FOUND);
            }
        }
        let link = url(&hidden, file);
        assert_eq!(link.split('?').next(), Some(url(&public, file)));
        let reply = server.guest().get(link).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "private, no-store"), "{reply}");
        let part = fetch(&server.guest(), link, &[("range", "bytes=0-3")]).await;
        assert_eq!((part.status, part.body.as_ref()), (206, &reply.body[..4]));
    }
    assert!(server.guest().get(url(&hidden, "videoFile")).await.body == samples::mp4().unwrap().bytes);
    server.is_consistent().await;
}

#[tokio::test]
async fn every_place_where_owners_see_their_videos_gives_links_that_work() {
    let Some(Scene { server, ada, public, hidden }) = scene().await else { return };
    let mix = ada.playlist("mix").await;
    ada.add(&id(&public), &mix).await;
    let own = format!("/videos?userId={}", ada.id);
    let page = ada.get(&format!("/videos/{}", id(&public))).await.ok(200);
    let listed = [
        page,
        ada.get(&own).await.ok(200)["docs"][0].clone(),
        ada.get("/dashboard/videos").await.ok(200)[0].clone(),
        ada.get("/users/history").await.ok(200)[0].clone(),
        ada.get(&format!("/playlist/{mix}")).await.ok(200)["videos"][0].clone(),
        ada.patch(&format!("/videos/{}", id(&public)), &serde_json::json!({ "title": "x" })).await.ok(200),
    ];
    for video in &listed {
        for file in FILES {
            // The same for a while, so that a browser has what it has.
            assert_eq!(video[file], hidden[file]);
            assert_eq!(server.guest().get(url(video, file)).await.status, 200, "{video}");
        }
    }
}

#[tokio::test]
async fn publishing_again_opens_the_files_and_the_addresses_are_plain() {
    let Some(Scene { server, ada, public, hidden }) = scene().await else { return };
    let again = ada.toggle_published(&id(&public)).await;
    for file in FILES {
        assert_eq!(again[file], public[file]);
        assert_eq!(server.guest().get(url(&again, file)).await.status, 200);
        // Nobody has to throw away a link.
        assert_eq!(server.guest().get(url(&hidden, file)).await.status, 200);
    }
}

#[tokio::test]
async fn a_link_is_for_one_file_and_one_time() {
    let Some(Scene { server, ada, hidden, .. }) = scene().await else { return };
    let other = ada.upload("another", samples::mp4().unwrap()).await;
    ada.toggle_published(&id(&other)).await;
    let (address, expires, signature) = parts(url(&hidden, "videoFile"));
    let later = (expires.parse::<u64>().unwrap() + 1).to_string();
    let flipped = format!("{}{}", if signature.starts_with('0') { '1' } else { '0' }, &signature[1..]);
    let still = url(&hidden, "thumbnail").split('?').next().unwrap();
    for (address, expires, signature) in [
        (address, later.as_str(), signature),
        (address, expires, flipped.as_str()),
        (address, expires, &signature[..63]),
        (address, expires, ""),
        (address, "", signature),
        (address, "999999999999999999999999", signature),
        (address, &format!("{expires}%00"), signature),
        (still, expires, signature),
        (url(&other, "videoFile"), expires, signature),
    ] {
        let forged = format!("{address}?expires={expires}&signature={signature}");
        server.guest().get(&forged).await.fails(404, code::FILE_NOT_FOUND);
    }
    assert_eq!(server.guest().get(&format!("{address}?signature={signature}&expires={expires}")).await.status, 200);
}

#[tokio::test]
async fn a_link_ends_and_says_so() {
    let Some(Scene { server, ada, public, hidden }) = scene_with(Duration::from_secs(2)).await else { return };
    let guest = server.guest();
    assert_eq!(guest.get(url(&hidden, "thumbnail")).await.status, 200);
    tokio::time::sleep(Duration::from_millis(3600)).await;
    for file in FILES {
        guest.get(url(&hidden, file)).await.fails(403, code::LINK_EXPIRED);
    }
    let fresh = ada.get(&format!("/videos/{}", id(&public))).await.ok(200);
    assert_eq!(guest.get(url(&fresh, "thumbnail")).await.status, 200);
    // Of what everybody may fetch no link has to be kept.
    ada.toggle_published(&id(&public)).await;
    let reply = guest.get(url(&hidden, "thumbnail")).await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, "public, max-age=300"));
}

#[tokio::test]
async fn pictures_of_accounts_are_for_everybody() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let avatar = ada.get("/users/current-user").await.ok(200)["avatar"].clone();
    for query in ["", "?expires=1&signature=00", "?expires=1", "?v=2"] {
        let reply = server.guest().get(&format!("{}{query}", avatar.as_str().unwrap())).await;
        assert_eq!((reply.status, reply.header("cache-control")), (200, "public, max-age=300"), "{query}");
    }
}

#[tokio::test]
async fn links_of_one_node_work_on_the_other() {
    let Some(film) = samples::mp4() else { return };
    let one = TestServer::start().await;
    if one.home().is_embedded() {
        return;
    }
    let other = one.another_node().await;
    let ada = one.person("ada").await;
    let video = ada.upload("film", film).await;
    let hidden = ada.toggle_published(&id(&video)).await;
    for file in FILES {
        let on_other = |link: &str| other.guest().root(&link[link.find("/media/").expect("a media URL")..]);
        assert_eq!(other.guest().get(&on_other(url(&hidden, file))).await.status, 200);
        other.guest().get(&on_other(url(&video, file))).await.fails(404, code::FILE_NOT_FOUND);
    }
}
