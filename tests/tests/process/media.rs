//! `aviary media check`: what it finds and puts in order, with which code it leaves, and when it refuses.

use std::path::PathBuf;
use std::process::Output;

use aviary_domain::Timestamp;
use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Fault, Op, PROVIDER_WORDS, Resource};
use aviary_tests::samples;
use rusqlite::Connection;
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
    // What is due would be taken for removed there.
    let store = Connection::open(home.data().join("aviary.sqlite3")).unwrap();
    store.execute("INSERT INTO file_ledger (key, due_at) VALUES (?1, 0)", [ORPHAN]).unwrap();
    let orphan = lay_orphan(&home);
    let elsewhere = home.path().join("elsewhere");
    let output = home.run(&["media", "check", "--fix", "--media-dir", elsewhere.to_str().unwrap()]);
    assert_left(&output, 1, &["3 files are missing:", "another place"]);
    let due: i64 = store.query_row("SELECT count(*) FROM file_ledger", [], |row| row.get(0)).unwrap();
    assert!(due == 1 && orphan.is_file());
    drop(store);
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

/// A home whose files are at an account, and the check of it.
struct Far {
    fake: FakeCloudinary,
    home: Home,
}

impl Far {
    fn new() -> Self {
        Self { fake: FakeCloudinary::start(), home: Home::new() }
    }

    async fn start(&self) -> Server {
        self.home.start_with(&["--cloudinary-url", &self.fake.cloudinary_url()]).await
    }

    fn check(&self, flags: &[&str]) -> Output {
        let mut command = self.home.command();
        command.args(["media", "check"]).args(flags).env("CLOUDINARY_URL", self.fake.cloudinary_url());
        command.output().unwrap()
    }

    /// Puts a file there that no row names; answers with its public id.
    fn put_orphan(&self) -> String {
        let public_id = format!("aviary/{}", ORPHAN.replace('.', "-"));
        self.fake.put(Resource::Image, Delivery::Upload, &public_id, samples::png());
        public_id
    }
}

#[tokio::test]
async fn at_an_account_it_finds_and_puts_in_order_the_same() {
    let far = Far::new();
    let server = far.start().await;
    let Some((ada, video)) = filled(&server).await else { return };
    assert!(server.stop().await.success());
    assert_left(&far.check(&[]), 0, &["stored: 2; that rows name: 2.\nRows and stored files agree."]);

    let orphan = far.put_orphan();
    let film = text(&video, "videoFile").split_once("/aviary/").expect("a film at the account").1.to_owned();
    let film = film.rsplit_once('.').map_or(film.clone(), |(public_id, _)| public_id.to_owned());
    far.fake.lose(&format!("aviary/{film}"));
    let missing = format!(", film of the video {}", text(&video, "_id"));
    let findings = ["1 file is stored without an owner:\n", ORPHAN, "1 file is missing:\n", &missing];
    for _ in 0..2 {
        assert_left(&far.check(&[]), 1, &findings);
        assert!(far.fake.asset(&orphan).is_some(), "who only looks changes nothing");
    }
    assert_left(&far.check(&["--fix"]), 0, &[ORPHAN, &missing, "After that:\n", "1 videos are known"]);
    assert_eq!(far.fake.asset(&orphan), None);
    assert_left(&far.check(&[]), 0, &["Rows and stored files agree."]);
    let server = far.start().await;
    let path = format!("{}/videos/{}", server.api(), text(&video, "_id"));
    let own = succeed(reqwest::Client::new().get(&path).bearer_auth(&ada.token)).await;
    assert!(own["status"] == "failed" && text(&own, "statusReason").contains("missing"), "{own}");
}

#[tokio::test]
async fn what_was_given_up_is_told_until_it_is_tried_again() {
    let far = Far::new();
    assert!(far.start().await.stop().await.success());
    let orphan = far.put_orphan();
    let never = Timestamp::NEVER.millis();
    let store = Connection::open(far.home.data().join("aviary.sqlite3")).unwrap();
    store.execute("INSERT INTO file_ledger (key, due_at, attempts) VALUES (?1, ?2, 180)", (ORPHAN, never)).unwrap();
    let ledger = || store.query_row("SELECT due_at FROM file_ledger", [], |row| row.get::<_, i64>(0));
    let told = "1 file is to be removed and given up:\n";
    for _ in 0..2 {
        assert_left(&far.check(&[]), 1, &[told, ORPHAN, "tried 180 times"]);
        assert_eq!(ledger().unwrap(), never);
    }
    assert_left(&far.check(&["--fix"]), 0, &[told, "After that:\n", "stored: 0;"]);
    assert_eq!(far.fake.asset(&orphan), None);
    assert!(matches!(ledger(), Err(rusqlite::Error::QueryReturnedNoRows)));
}

/// What cannot be asked is not missing.
#[tokio::test]
async fn an_account_that_does_not_answer_is_a_failure_and_no_finding() {
    let far = Far::new();
    let server = far.start().await;
    let Some((_, video)) = filled(&server).await else { return };
    assert!(server.stop().await.success());
    for op in [Op::List, Op::Explicit] {
        // One film is looked for by itself, because it is not in the list.
        let film = far.fake.assets().into_iter().find(|held| held.resource == Resource::Video).unwrap();
        if op == Op::Explicit {
            far.fake.lose(&film.public_id);
        }
        far.fake.always(&[op, Op::Look], Fault::Status(401, None));
        let output = far.check(&["--fix"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.stdout.is_empty() && said.contains("401") && !said.contains(PROVIDER_WORDS), "{output:?}");
        far.fake.calm();
    }
    let store = Connection::open(far.home.data().join("aviary.sqlite3")).unwrap();
    let status = "SELECT coalesce(status, 'ready') FROM videos WHERE lower(hex(id)) = ?1";
    let status: String = store.query_row(status, [text(&video, "_id")], |row| row.get(0)).unwrap();
    assert_ne!(status, "failed");
}
