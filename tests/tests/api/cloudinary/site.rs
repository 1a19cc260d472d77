//! A server under which the files have moved to another place removes nothing and calls nothing failed.

use std::time::Duration;

use aviary_domain::media::site::MediaSite;
use aviary_domain::video::{StatusChange, VideoStatus};
use serde_json::Value;

use super::*;

/// The place that the store has noted, as another server would note it that was started meanwhile.
async fn note(server: &TestServer, site: MediaSite) {
    let noted = server.on_store(async move |store| {
        let before = store.media_site.noted().await.expect("a note");
        assert!(before.is_some() && store.media_site.note(before, site).await.expect("an answer"));
    });
    noted.await;
}

fn account(name: &str) -> MediaSite {
    MediaSite::Account { name: name.to_owned(), folder: "aviary".to_owned() }
}

async fn delete(ada: &Person, video: &Value) {
    ada.call(Method::DELETE, &path(video)).await.ok(200);
}

/// Longer than several rounds of a sweeper that is woken by a delete.
const WHILE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn what_a_server_cannot_reach_any_more_stays_in_the_ledger() {
    let Some(scene) = Scene::set().await else { return };
    let video = scene.ready().await;
    let own = account(&scene.fake.account().cloud);
    for other in [MediaSite::Folder, account("other")] {
        note(&scene.server, other.clone()).await;
    }
    delete(&scene.ada, &video).await;
    tokio::time::sleep(WHILE).await;
    assert_eq!(scene.server.count("file_ledger"), 1, "the film stays in the ledger");
    assert_eq!(scene.fake.assets().len(), 2, "and at the account");
    note(&scene.server, own).await;
    scene.holds(1).await;
    scene.server.settled().await;
}

#[tokio::test]
async fn a_server_without_an_account_forgets_no_file_of_one() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = form().text("title", "a wren").file("videoFile", film.name, film.content_type, &film.bytes);
    let video = ada.multipart(Method::POST, "/videos", form).await.ok(201);
    note(&server, account("demo")).await;
    delete(&ada, &video).await;
    tokio::time::sleep(WHILE).await;
    assert_eq!((server.count("file_ledger"), server.stored_files().len()), (2, 3));
    note(&server, MediaSite::Folder).await;
    server.keeps_files(1).await;
    server.settled().await;
}

/// A row that another server has written with a mark is none of whose film one could say that it is missing.
#[tokio::test]
async fn a_server_without_an_account_calls_no_video_of_one_failed() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let form = form().text("title", "a wren").file("videoFile", film.name, film.content_type, &film.bytes);
    let video = ada.multipart(Method::POST, "/videos", form).await.ok(201);
    let id = Id::<Video>::parse(video["_id"].as_str().unwrap()).unwrap();
    server
        .on_store(async move |store| {
            let video = store.videos.find(id).await.unwrap().unwrap();
            let status = StatusChange { from: VideoStatus::Ready, to: VideoStatus::Failed("It is broken".to_owned()) };
            let film = Some((video.file.clone(), video.file.marked("u17")));
            let said = Settlement { film, status: Some(status), ..Settlement::default() };
            store.videos.settle(id, &said, Timestamp::default()).await.unwrap().unwrap();
        })
        .await;
    let again = ada.call(Method::POST, &format!("{}/reprocess", path(&video))).await;
    assert_eq!(again.status, 503, "{again:?}");
    let own = ada.get(&path(&video)).await.ok(200);
    assert_eq!((own["status"].as_str(), own["statusReason"].as_str()), (Some("failed"), Some("It is broken")), "{own}");
    ada.toggle_published(video["_id"].as_str().unwrap()).await;
    let own = ada.get(&path(&video)).await.ok(200);
    assert_eq!(own["statusReason"], "It is broken", "{own}");
}
