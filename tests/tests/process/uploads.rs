//! `aviary copy` and `aviary media upload` bring the files of a home to Cloudinary: killed half-way, through bad weather, with
//! files that are missing or refused. What was hidden is hidden there too.

mod folders;
mod found;
mod outage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use aviary_domain::file::{FileFormat, FileKey};
use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Fault, Held, Op, Plan, Resource};
use aviary_tests::samples;
use reqwest::{Client, StatusCode};
use rusqlite::{Connection, params};
use serde_json::Value;

use crate::account::{Account, file, succeed, text};
use crate::commands::node;
use crate::server::{Home, Server};
use crate::tools::{announce, eventually};

/// How many videos the home has; every third one is hidden.
const VIDEOS: u8 = 24;
/// All their files, and the picture of their owner.
const FILES: usize = 2 * 24 + 1;
/// How often a copy is killed.
const KILLS: usize = 3;
/// How long a server may take for what the media store has to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home whose owner has videos in the local folder.
struct Filled {
    home: Home,
    owner: Account,
}

impl Filled {
    async fn new() -> Self {
        let home = Home::new();
        let server = home.start().await;
        let owner = Account::register(&server.api(), "mover", file("face.png", samples::png())).await;
        server.stop().await;
        add_videos(&home);
        Self { home, owner }
    }

    fn copy(&self, fake: &FakeCloudinary, target: &str) -> Command {
        let mut command = self.home.command();
        command.args(["copy", "--to", target]).env("CLOUDINARY_URL", fake.cloudinary_url());
        command
    }

    /// The secrets that the home made, for the server of another one.
    fn secrets(&self) -> Vec<String> {
        let kept = |name: &str| fs::read_to_string(self.home.data().join(name)).unwrap().trim().to_owned();
        let (access, refresh) = (kept("access-token.secret"), kept("refresh-token.secret"));
        ["--access-token-secret", &access, "--refresh-token-secret", &refresh].map(str::to_owned).to_vec()
    }

    async fn start(&self, target: &Home, fake: &FakeCloudinary) -> Server {
        let flags = [self.secrets(), vec!["--cloudinary-url".to_owned(), fake.cloudinary_url()]].concat();
        target.start_with(&flags.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// What somebody sees of a video: its owner, or anybody.
    async fn video(&self, server: &Server, number: u8, is_owner: bool) -> Option<Value> {
        let mut request = Client::new().get(format!("{}/videos/{}", server.api(), hex(number)));
        if is_owner {
            request = request.bearer_auth(&self.owner.token);
        }
        let answer = request.send().await.unwrap();
        if answer.status() == StatusCode::NOT_FOUND {
            None
        } else {
            Some(answer.json::<Value>().await.unwrap()["data"].clone())
        }
    }
}

fn is_hidden(number: u8) -> bool {
    number.is_multiple_of(3)
}

fn id(number: u8) -> [u8; 12] {
    [number + 1; 12]
}

fn hex(number: u8) -> String {
    format!("{:02x}", number + 1).repeat(12)
}

fn film_name(number: u8) -> FileKey {
    FileKey::new(FileFormat::Mp4, [number; 16])
}

fn still_name(number: u8) -> FileKey {
    FileKey::new(FileFormat::Jpeg, [number; 16])
}

/// The beginning of an MP4 and something after it.
fn film(number: u8) -> Vec<u8> {
    [b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2".as_slice(), &[number; 1000]].concat()
}

/// Videos as the application would have stored them.
fn add_videos(home: &Home) {
    let mut store = Connection::open(home.data().join("aviary.sqlite3")).unwrap();
    let store = store.transaction().unwrap();
    let owner: Vec<u8> = store.query_row("SELECT id FROM users", [], |row| row.get(0)).unwrap();
    let sql = "INSERT INTO videos (id, owner, state, file, thumbnail, title, title_key, description, duration, width,
            height, bytes, thumbnail_bytes, created_at, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, 'A film', 'a film', '', 2.0, 64, 48, ?6, ?7, ?8, ?8)";
    for number in 0..VIDEOS {
        let (id, film_key, still_key) = (id(number), film_name(number), still_name(number));
        fs::write(home.media().join(film_key.as_str()), film(number)).unwrap();
        fs::write(home.media().join(still_key.as_str()), samples::jpeg()).unwrap();
        let state = i64::from(!is_hidden(number));
        let bytes = [film(number).len(), samples::jpeg().len()].map(|bytes| i64::try_from(bytes).unwrap());
        let time = 1_700_000_000_000 + i64::from(number);
        let values =
            params![id.as_slice(), owner, state, film_key.as_str(), still_key.as_str(), bytes[0], bytes[1], time];
        store.execute(sql, values).unwrap();
    }
    let counts = "UPDATE users SET videos_count = (SELECT count(*) FROM videos),
        published_count = (SELECT sum(state) FROM videos),
        stored_bytes = (SELECT sum(bytes + thumbnail_bytes) FROM videos)";
    store.execute(counts, []).unwrap();
    store
        .execute("UPDATE totals SET value = (SELECT sum(state) FROM videos) WHERE name = 'published_videos'", [])
        .unwrap();
    store.commit().unwrap();
}

fn fake() -> FakeCloudinary {
    let fake = FakeCloudinary::start();
    fake.plan(Plan { takes: Some(Duration::from_millis(50)), fails: 0.0 });
    fake
}

/// The public id of a file of ours.
fn public_id(name: &FileKey) -> String {
    format!("aviary/{}", name.as_str().replace('.', "-"))
}

fn held(fake: &FakeCloudinary, name: &FileKey) -> Held {
    fake.asset(&public_id(name)).unwrap_or_else(|| panic!("{name} is not there"))
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Kills copies while they upload, each a few files further.
async fn killed_copies(filled: &Filled, fake: &FakeCloudinary, target: &str, look: impl Fn()) {
    fake.always(&[Op::Upload], Fault::Slow(Duration::from_millis(60)));
    for kill in 1..=KILLS {
        let mut running = filled.copy(fake, target).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("files come", PATIENCE, async || {
            assert!(running.try_wait().unwrap().is_none(), "copy {kill} was over before it was killed");
            (fake.assets().len() >= kill * 8).then_some(())
        })
        .await;
        running.kill().unwrap();
        assert!(!running.wait().unwrap().success());
        look();
    }
    fake.calm();
}

/// Every file is at the account, open to those who may fetch it and to nobody else; here nothing is gone.
fn assert_moved(fake: &FakeCloudinary, media: &Path) {
    assert_eq!(fake.assets().len(), FILES);
    for number in 0..VIDEOS {
        let expected = if is_hidden(number) { Delivery::Authenticated } else { Delivery::Upload };
        for name in [film_name(number), still_name(number)] {
            assert_eq!(held(fake, &name).delivery, expected, "{name}");
            assert_eq!(fake.content(&public_id(&name)), Some(fs::read(media.join(name.as_str())).unwrap()), "{name}");
        }
    }
}

/// A server of the new home serves everything from the account.
async fn assert_served(filled: &Filled, server: &Server, fake: &FakeCloudinary) {
    let http = Client::new();
    for number in 0..VIDEOS {
        let anybody = filled.video(server, number, false).await;
        assert_eq!(anybody.is_none(), is_hidden(number), "{anybody:?}");
        // Ready films have their playlist made behind their back.
        let video = eventually("the playlist is made", PATIENCE, async || {
            let video = filled.video(server, number, true).await.unwrap();
            assert_eq!(video["status"], "ready", "{video}");
            (!text(&video, "playbackUrl").is_empty()).then_some(video)
        })
        .await;
        for field in ["videoFile", "thumbnail", "playbackUrl"] {
            let url = text(&video, field);
            assert!(url.starts_with(fake.origin()), "{url}");
            assert_eq!(http.get(&url).send().await.unwrap().status(), StatusCode::OK, "{url}");
            if is_hidden(number) {
                assert_closed(&http, &url).await;
            }
        }
    }
    let user = format!("{}/users/current-user", server.api());
    let user = succeed(http.get(user).bearer_auth(&filled.owner.token)).await;
    let avatar = text(&user, "avatar");
    assert!(avatar.starts_with(fake.origin()), "{avatar}");
    assert_eq!(http.get(&avatar).send().await.unwrap().status(), StatusCode::OK);
}

/// Without its signature the URL of a private file finds nothing, be it as private or as public.
async fn assert_closed(http: &Client, url: &str) {
    let (start, rest) = url.split_once("/authenticated/").expect("a private URL");
    let (_, unsigned) = rest.split_once("--/").expect("a signature");
    for delivery in ["authenticated", "upload"] {
        let url = format!("{start}/{delivery}/{unsigned}");
        let status = http.get(&url).send().await.unwrap().status();
        assert!(status.is_client_error(), "{url}: {status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_moves_to_cloudinary_however_often_the_copy_is_killed() {
    let (filled, fake, target) = (Filled::new().await, fake(), Home::new());
    // As a copy left it that was given up, when the video was public.
    fake.put(Resource::Video, Delivery::Upload, &public_id(&film_name(3)), &film(3));
    let to = target.data().to_str().unwrap().to_owned();
    killed_copies(&filled, &fake, &to, || {
        let refused = target.run(&["serve"]);
        assert!(!refused.status.success() && told(&refused).contains("aviary copy"), "{}", told(&refused));
    })
    .await;
    let before = fake.count(Op::Upload);
    let last = filled.copy(&fake, &to).output().unwrap();
    let said = told(&last);
    assert!(last.status.success() && said.contains("An earlier copy was continued."), "{said}");
    assert!(said.contains("hold the same") && said.contains(&format!("{FILES} named by rows")), "{said}");
    assert!(fake.count(Op::Upload) - before <= FILES - KILLS * 8 + 4, "what was there is passed over");
    assert_moved(&fake, &filled.home.media());
    let again = filled.copy(&fake, &to).output().unwrap();
    assert!(told(&again).contains("the copy is complete"), "{}", told(&again));
    let server = filled.start(&target, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
    let check =
        target.command().args(["media", "check"]).env("CLOUDINARY_URL", fake.cloudinary_url()).output().unwrap();
    assert!(check.status.success(), "{}", told(&check));
    assert!(target.run(&["reconcile"]).status.success());
    // The old home is as it was.
    let server = filled.home.start().await;
    let video = filled.video(&server, 1, false).await.unwrap();
    assert!(text(&video, "videoFile").starts_with(&server.base), "{video}");
    announce(&format!("copy: {FILES} files moved to Cloudinary with {KILLS} kills"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_moves_to_mongodb_and_cloudinary_at_once() {
    let Some((_database, target)) = node("uploads").await else { return };
    let (filled, fake) = (Filled::new().await, fake());
    let uri = target.mongodb_uri().unwrap().to_owned();
    killed_copies(&filled, &fake, &uri, || assert!(!target.run(&["serve"]).status.success())).await;
    let last = filled.copy(&fake, &uri).output().unwrap();
    assert!(last.status.success(), "{}", told(&last));
    assert_moved(&fake, &filled.home.media());
    // With a folder of its own: nobody needs the old one.
    let server = filled.start(&target, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
    assert!(target.run(&["reconcile"]).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_uploaded_is_told_and_uploaded_later_where_the_home_is() {
    let (filled, fake, target) = (Filled::new().await, fake(), Home::new());
    let media = filled.home.media();
    let (missing, aside): (FileKey, PathBuf) = (still_name(5), media.join("aside.jpg"));
    fs::rename(media.join(missing.as_str()), &aside).unwrap();
    fs::write(media.join(film_name(7).as_str()), "no film any more").unwrap();
    fake.storm(0.2, &Fault::PASSING);
    let to = target.data().to_str().unwrap().to_owned();
    let output = filled.copy(&fake, &to).output().unwrap();
    fake.calm();
    let said = told(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("1 missing in the source already:\n    {missing}\n")), "{said}");
    assert!(said.contains(&format!("1 not taken by the account:\n    {}: ", film_name(7))), "{said}");
    assert!(said.contains("hold the same") && !said.contains("Unsupported"), "{said}");
    assert_eq!(fake.assets().len(), FILES - 2, "the rest is done");

    // The new home is whole but for these, and goes on with them where it is.
    fs::rename(&aside, media.join(missing.as_str())).unwrap();
    fs::write(media.join(film_name(7).as_str()), film(7)).unwrap();
    let upload = |url: &str| {
        let mut command = target.command();
        command.args(["media", "upload", "--media-dir"]).arg(&media).env("CLOUDINARY_URL", url).output().unwrap()
    };
    let stranger = fake.cloudinary_url().replace(&fake.account().secret, "another-secret");
    let refused = upload(&stranger);
    assert_eq!(refused.status.code(), Some(1), "{}", told(&refused));
    assert!(told(&refused).contains("401") && !told(&refused).contains("another-secret"), "{}", told(&refused));
    assert_eq!(upload("").status.code(), Some(2));
    let done = upload(&fake.cloudinary_url());
    assert!(done.status.success() && told(&done).contains("2 uploaded now"), "{}", told(&done));
    assert_moved(&fake, &media);
    let again = upload(&fake.cloudinary_url());
    assert!(again.status.success() && told(&again).contains(", 0 uploaded now"), "{}", told(&again));
    // Who reads the rows with a folder of their own finds everything at the account.
    let server = filled.start(&target, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mongodb_home_stays_where_it_is_while_its_files_move() {
    let Some((_database, target)) = node("uploads_here").await else { return };
    let (filled, fake) = (Filled::new().await, fake());
    let uri = target.mongodb_uri().unwrap().to_owned();
    let moved = filled.home.command().args(["copy", "--to", &uri]).output().unwrap();
    assert!(moved.status.success(), "{}", told(&moved));
    let media = filled.home.media();
    let upload = |folder: &Path| {
        let mut command = target.command();
        command.args(["media", "upload", "--media-dir"]).arg(folder).env("CLOUDINARY_URL", fake.cloudinary_url());
        command.output().unwrap()
    };
    let stray = upload(&target.path().join("empty"));
    assert!(!stray.status.success() && told(&stray).contains("MEDIA_DIR"), "{}", told(&stray));
    assert_eq!(fake.assets().len(), 0);
    let done = upload(&media);
    assert!(done.status.success(), "{}", told(&done));
    assert_moved(&fake, &media);
    let same = Home::node(&uri, Some(&media));
    let server = filled.start(&same, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
}
