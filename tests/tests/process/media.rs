//! `aviary media check`: what it finds and puts in order, with which code it leaves, and when it refuses.

use std::path::PathBuf;
use std::process::Output;

use aviary_tests::samples;
use serde_json::Value;

use crate::account::{Account, file, succeed, text};
use crate::commands::node;
use crate::folder::stored_keys;
use crate::server::{Home, Server};

const ORPHAN: &str = "images/0123456789abcdef0123456789abcdef.png";

#[track_caller]
fn assert_left(output: &Output, code: i32, saying: &[&str]) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert!(saying.iter().all(|line| said.contains(line)), "{saying:?}: {said}");
}

/// Somebody with a video.
async fn filled(server: &Server) -> Option<(Account, Value)> {
    let film = samples::mp4()?;
    let ada = Account::register(&server.api(), "ada", file("me.png", samples::png())).await;
    let video = ada.upload("film", file("film.mp4", film.bytes.clone())).await;
    Some((ada, video))
}

/// The key of one of the files of a video.
fn key(video: &Value, field: &str) -> String {
    text(video, field).split_once("/media/").expect("a media URL").1.to_owned()
}

fn lay_orphan(home: &Home) -> PathBuf {
    let orphan = home.media().join(ORPHAN);
    std::fs::write(&orphan, samples::png()).unwrap();
    orphan
}

#[tokio::test]
async fn what_has_no_owner_goes_and_what_has_no_film_fails() {
    let home = Home::new();
    let server = home.start().await;
    let Some((ada, video)) = filled(&server).await else { return };
    // One process owns an embedded store.
    let refused = home.run(&["media", "check"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stdout.is_empty(), "{refused:?}");
    assert!(server.stop().await.success());
    let before = stored_keys(&home.media());
    assert_eq!(before.len(), 3);
    assert_left(&home.run(&["media", "check"]), 0, &["stored: 3; that rows name: 3.\nRows and stored files agree."]);

    let (orphan, film) = (lay_orphan(&home), key(&video, "videoFile"));
    std::fs::remove_file(home.media().join(&film)).unwrap();
    let found = home.run(&["media", "check"]);
    let missing = format!("{film}, film of the video {}", text(&video, "_id"));
    assert_left(&found, 1, &["1 file is stored without an owner:\n", ORPHAN, "1 file is missing:\n", &missing]);
    // It said how far it was, apart from the report, and changed nothing.
    let progress = String::from_utf8_lossy(&found.stderr);
    assert!(progress.contains("rows: 3 done"), "{progress}");
    assert!(orphan.is_file());

    assert_left(&home.run(&["media", "check", "--fix"]), 0, &[ORPHAN, &missing, "After that:\n", "1 videos are known"]);
    assert!(!orphan.exists());
    assert_left(&home.run(&["media", "check"]), 0, &["Rows and stored files agree."]);
    let server = home.start().await;
    let path = format!("{}/videos/{}", server.api(), text(&video, "_id"));
    let own = succeed(reqwest::Client::new().get(&path).bearer_auth(&ada.token)).await;
    assert_eq!((text(&own, "status").as_str(), own["isPublished"].as_bool()), ("failed", Some(true)));
    assert!(text(&own, "statusReason").contains("missing"), "{own}");
    assert_eq!(reqwest::get(&path).await.unwrap().status().as_u16(), 404);
    assert!(server.stop().await.success());
    let kept = stored_keys(&home.media());
    assert!(kept.is_subset(&before) && kept.len() == 2, "{kept:?}");
}

#[tokio::test]
async fn a_picture_that_is_missing_stays_a_finding() {
    let home = Home::new();
    let server = home.start().await;
    let Some((ada, video)) = filled(&server).await else { return };
    assert!(server.stop().await.success());
    let (avatar, still) = (key(&ada.user, "avatar"), key(&video, "thumbnail"));
    for key in [&avatar, &still] {
        std::fs::remove_file(home.media().join(key)).unwrap();
    }
    let found = home.run(&["media", "check", "--fix"]);
    let avatar = format!("{avatar}, avatar of the user {}", text(&ada.user, "_id"));
    assert_left(&found, 1, &["2 files are missing:\n", &avatar, &format!("{still}, thumbnail of the video ")]);
    assert_left(&home.run(&["media", "check"]), 1, &[&avatar]);
}

/// Whoever names another folder by mistake must not be told that all is lost, and have that written down.
#[tokio::test]
async fn in_an_empty_folder_nothing_is_put_in_order() {
    let home = Home::new();
    let server = home.start().await;
    let Some((_, video)) = filled(&server).await else { return };
    assert!(server.stop().await.success());
    let elsewhere = home.path().join("elsewhere");
    let output = home.run(&["media", "check", "--fix", "--media-dir", elsewhere.to_str().unwrap()]);
    assert_left(&output, 1, &["3 files are missing:", "another place"]);
    let server = home.start().await;
    let path = format!("{}/videos/{}", server.api(), text(&video, "_id"));
    assert_eq!(succeed(reqwest::Client::new().get(path)).await["status"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_server_on_mongodb_it_does_the_same() {
    let Some((_database, home)) = node("media_check").await else { return };
    let server = home.start().await;
    let Some((ada, video)) = filled(&server).await else { return };
    assert_left(&home.run(&["media", "check"]), 0, &["Rows and stored files agree."]);
    let orphan = lay_orphan(&home);
    assert_left(&home.run(&["media", "check"]), 1, &[ORPHAN]);
    assert_left(&home.run(&["media", "check", "--fix"]), 0, &[ORPHAN, "After that:\n"]);
    assert!(!orphan.exists());
    // The server goes on, and a folder that is not that of the database is refused.
    let path = format!("{}/videos/{}", server.api(), text(&video, "_id"));
    succeed(reqwest::Client::new().get(path).bearer_auth(&ada.token)).await;
    let stray = Home::node(home.mongodb_uri().unwrap(), None).run(&["media", "check", "--fix"]);
    assert_eq!(stray.status.code(), Some(1), "{stray:?}");
    assert!(String::from_utf8_lossy(&stray.stderr).contains("MEDIA_DIR"), "{stray:?}");
    assert!(server.stop().await.success());
}
