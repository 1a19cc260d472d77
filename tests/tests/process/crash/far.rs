//! The process is killed with SIGKILL while films and pictures are on their way to Cloudinary, are opened and closed there,
//! and removed. Once everything has come to rest, each file there has its row, each row its file, open to whom the row says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Fault, Op, Plan};
use mongodb::Client;
use mongodb::bson::{DateTime, Document, doc};
use reqwest::multipart::Form;
use rusqlite::Connection;
use tokio::task::JoinSet;

use super::journal::{Fact, Known};
use super::world::{Outcome, Person, World};
use super::{PATIENCE, assert_reconciled, verify};
use crate::account::{file, publication, text};
use crate::server::{Home, Server};
use crate::tools::{announce, eventually, have};
use crate::{facts, folder};

const KILLS: u32 = 8;
/// How many people upload, change and delete at once.
const WRITERS: usize = 6;
/// How many of them upload all the time.
const UPLOADERS: usize = 2;
/// More than is sent in one call.
const LARGE: usize = 21_000_000;

/// What there is to do to videos, by the name that it is counted under.
const KINDS: [&str; 4] = ["upload", "toggle", "delete", "avatar"];

/// The fake, the home that keeps its files there, and what the writers know besides their journal.
struct Scene {
    fake: FakeCloudinary,
    home: Home,
    world: World,
    large: Vec<u8>,
    /// Whether each video's owner wants it to be seen, where that is known.
    wanted: Mutex<BTreeMap<String, bool>>,
}

impl Scene {
    fn set() -> Arc<Self> {
        let (fake, home) = (FakeCloudinary::start(), Home::in_chosen_store());
        let world = World::new(home.path());
        // Every step takes a while, so that a kill meets some of each kind half-way.
        fake.always(&[Op::Upload, Op::Chunk, Op::Rename, Op::Explicit], Fault::Slow(Duration::from_millis(40)));
        fake.always(&[Op::Destroy], Fault::Slow(Duration::from_millis(80)));
        fake.plan(Plan { takes: Some(Duration::from_millis(60)), fails: 0.0 });
        let large = padded(&world.film);
        Arc::new(Self { fake, home, world, large, wanted: Mutex::default() })
    }

    async fn start(&self) -> Server {
        let server = self.home.start_with(&["--cloudinary-url", &self.fake.cloudinary_url()]).await;
        self.world.server_is_up(&server.api());
        server
    }

    fn kill(&self, server: Server) {
        server.kill();
        self.world.server_is_down();
    }

    /// Whether each kind of call was seen, so that the kills meant something.
    fn every_kind_was_done(&self) -> Option<()> {
        let journal = self.world.journal();
        let enough = KINDS.iter().all(|kind| journal.tallies.get(kind).is_some_and(|tally| tally.done >= 5));
        (enough || !journal.faults.is_empty()).then_some(())
    }
}

/// The film with a box behind it that says nothing.
fn padded(film: &[u8]) -> Vec<u8> {
    let free = u32::try_from(LARGE).unwrap();
    [film, &free.to_be_bytes(), b"free", &vec![0; LARGE - 8]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_parts_rows_and_files_that_are_far_away() {
    if !have("crash over Cloudinary", &["ffmpeg", "ffprobe"]) {
        return;
    }
    let (begun, scene) = (Instant::now(), Scene::set());
    let mut server = scene.start().await;
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let person = scene.world.invite(&format!("far{number}")).await;
        writers.spawn(writer(scene.clone(), person, number));
    }
    let toggles = || scene.world.journal().tallies.get("toggle").map(|tally| tally.done);
    eventually("there is something to turn over", PATIENCE, async || toggles().filter(|done| *done >= 9)).await;
    let mut half_way = 0;
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(400 + scene.world.dice(1200))).await;
        scene.kill(server);
        half_way += scene.fake.unfinished() + folder::temporary_files(&scene.home.media()).len();
        server = scene.start().await;
    }
    eventually("every kind of write was acknowledged", PATIENCE, async || scene.every_kind_was_done()).await;
    scene.world.stop();
    let all = async {
        while let Some(end) = writers.join_next().await {
            end.unwrap()
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the writers end");
    // Once more in the middle of what is left to be done.
    scene.kill(server);
    scene.fake.calm();
    let store = comes_to_rest(&scene).await;

    let mut wrong = verify::rows(&scene.world.journal(), &store);
    wrong.extend(unlike(&scene, &store));
    announce(&format!(
        "crash over Cloudinary: {} kills in {:.1?}, {half_way} files left half-way; {} files at rest; {}",
        KILLS + 1,
        begun.elapsed(),
        scene.fake.assets().len(),
        scene.world.summary()
    ));
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let check = ["media", "check"];
    let output = scene.home.command().args(check).env("CLOUDINARY_URL", scene.fake.cloudinary_url()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

/// Uploads, hides, shows and deletes videos, some of them large, and changes a face.
async fn writer(scene: Arc<Scene>, me: Person, part: usize) {
    let (mut mine, mut number) = (Vec::new(), part);
    while scene.world.goes_on().await {
        number += 1;
        // Some upload all the time, which takes longest; the others turn over what they have.
        if part < UPLOADERS || mine.len() < 3 {
            mine.extend(upload(&scene, &me, number).await);
        }
        for id in &mine {
            toggle(&scene, &me, id).await;
        }
        if mine.len() > 4 || scene.world.dice(8) == 0 && !mine.is_empty() {
            delete(&scene, &me, &mine.remove(0)).await;
        }
        if number % 3 == 0 {
            let form = Form::new().part("avatar", file("a.png", scene.world.avatar.clone()));
            let change = |http: &reqwest::Client, api: &str| http.patch(format!("{api}/users/avatar")).multipart(form);
            scene.world.send_as(&me, "avatar", change).await;
        }
    }
}

async fn upload(scene: &Scene, me: &Person, number: usize) -> Option<String> {
    let world = &scene.world;
    let title = format!("{}'s film {number}", me.name);
    let film = if number.is_multiple_of(7) { &scene.large } else { &world.film };
    let mut form = publication(&title).part("videoFile", file("f.mp4", film.clone()));
    if number.is_multiple_of(2) {
        form = form.part("thumbnail", file("t.png", world.avatar.clone()));
    }
    match world.send_as(me, "upload", |http, api| http.post(format!("{api}/videos")).multipart(form)).await {
        Outcome::Done(video) => {
            let id = text(&video, "_id");
            world.journal().note(&Fact::Video { id: id.clone() }, Known::Present);
            scene.wanted.lock().unwrap().insert(id.clone(), true);
            Some(id)
        }
        Outcome::Lost => {
            world.journal().lost_texts.insert(title);
            None
        }
        Outcome::Refused(_) | Outcome::Unsent => None,
    }
}

async fn toggle(scene: &Scene, me: &Person, id: &str) {
    let path = format!("videos/toggle/publish/{id}");
    let outcome = scene.world.send_as(me, "toggle", |http, api| http.patch(format!("{api}/{path}"))).await;
    let mut wanted = scene.wanted.lock().unwrap();
    match outcome {
        Outcome::Done(video) => {
            wanted.insert(id.to_owned(), video["isPublished"].as_bool().expect("whether it is published"));
        }
        Outcome::Lost => {
            wanted.remove(id);
        }
        Outcome::Unsent => {}
        Outcome::Refused(status) => scene.world.fault(format!("the owner's toggle of {id} was refused: {status}")),
    }
}

async fn delete(scene: &Scene, me: &Person, id: &str) {
    let video = Fact::Video { id: id.to_owned() };
    let outcome = scene.world.send_as(me, "delete", |http, api| http.delete(format!("{api}/videos/{id}"))).await;
    let known = match outcome {
        Outcome::Done(_) => Known::Absent,
        Outcome::Lost => Known::Unknown,
        Outcome::Unsent => return,
        Outcome::Refused(status) => return scene.world.fault(format!("the delete of {id} was refused: {status}")),
    };
    scene.world.journal().note(&video, known);
}

/// Lets the hour pass after which nobody waits any more for what dead servers had begun, and a server do what is then to be
/// done; answers with the store of the stopped server, in which nothing waits any more.
async fn comes_to_rest(scene: &Scene) -> Connection {
    make_due(&scene.home).await;
    let server = scene.start().await;
    eventually("everything is at rest", PATIENCE, async || {
        let store = facts::open(&scene.home).await;
        let waiting = facts::number(
            &store,
            "SELECT (SELECT count(*) FROM file_ledger) + (SELECT count(*) FROM purge_queue)
                + (SELECT count(*) FROM videos WHERE status = 'processing')",
        );
        (waiting == 0 && tasks(&scene.home, &store).await == 0).then_some(())
    })
    .await;
    assert!(server.stop().await.success());
    assert_reconciled(&scene.home);
    assert_eq!(folder::stored_keys(&scene.home.media()).len(), 0, "nothing is kept on this machine");
    assert_eq!(folder::places(&scene.home.media()), Vec::<std::path::PathBuf>::new());
    facts::open(&scene.home).await
}

/// Everything that waits for a time waits no longer.
async fn make_due(home: &Home) {
    let Some(uri) = home.mongodb_uri() else {
        let store = Connection::open(home.data().join("aviary.sqlite3")).unwrap();
        for table in ["file_ledger", "media_tasks"] {
            store.execute(&format!("UPDATE {table} SET due_at = 0"), []).unwrap();
        }
        return;
    };
    for name in ["file_ledger", "media_tasks"] {
        let due = doc! { "$set": { "dueAt": DateTime::from_millis(0) } };
        collection(uri, name).await.update_many(doc! {}, due).await.unwrap();
    }
    // Two minutes long nobody else looks after the videos that the dead were looking after.
    collection(uri, "leases").await.delete_many(doc! {}).await.unwrap();
}

/// How many videos still need something done.
async fn tasks(home: &Home, store: &Connection) -> u64 {
    match home.mongodb_uri() {
        Some(uri) => collection(uri, "media_tasks").await.count_documents(doc! {}).await.unwrap(),
        None => facts::number(store, "SELECT count(*) FROM media_tasks").try_into().unwrap(),
    }
}

async fn collection(uri: &str, name: &str) -> mongodb::Collection<Document> {
    Client::with_uri_str(uri).await.unwrap().default_database().unwrap().collection(name)
}

/// Every file that is at the account, or named by a row, without the other, or open to others than the row says; and every
/// video that is shown although its owner was told that it is hidden, or the other way round.
fn unlike(scene: &Scene, store: &Connection) -> Vec<String> {
    let (mut named, mut wrong) = (BTreeMap::new(), Vec::new());
    let mut query = store.prepare("SELECT avatar FROM users").unwrap();
    for key in query.query_map([], |row| row.get::<_, String>(0)).unwrap() {
        named.insert(public_id(&key.unwrap()), Delivery::Upload);
    }
    let sql = "SELECT lower(hex(id)), file, thumbnail, state = 1 OR publish_when_ready FROM videos";
    let mut query = store.prepare(sql).unwrap();
    let rows = query.query_map([], |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?], row.get(3)?))).unwrap();
    for (id, keys, is_wanted) in rows.map(Result::<(String, [String; 2], bool), _>::unwrap) {
        if scene.wanted.lock().unwrap().get(&id).is_some_and(|wanted| *wanted != is_wanted) {
            wrong.push(format!("{id} was acknowledged to be published: {}; it is not so", !is_wanted));
        }
        let delivery = if is_wanted { Delivery::Upload } else { Delivery::Authenticated };
        // A still that is made out of the film is no file.
        for key in keys.iter().filter(|key| !key.starts_with("posters/")) {
            named.insert(public_id(key), delivery);
        }
        let mark = if is_wanted { "#u" } else { "#a" };
        wrong.extend(keys.iter().filter(|key| !key.contains(mark)).map(|key| format!("{key} should have {mark}")));
    }
    let mut held = scene.fake.assets();
    for (public_id, delivery) in &named {
        let found = held.iter().position(|asset| asset.public_id == *public_id).map(|place| held.swap_remove(place));
        match found {
            None => wrong.push(format!("{public_id} is named by a row and is not there")),
            Some(asset) if asset.delivery != *delivery => wrong.push(format!("{asset:?} should be {delivery:?}")),
            Some(_) => {}
        }
    }
    wrong.extend(held.iter().map(|asset| format!("{asset:?} has no owner")));
    wrong
}

/// The public id of a file at the account; one that was never there has another text.
fn public_id(key: &str) -> String {
    match key.split_once('#') {
        Some((name, _)) => format!("aviary/{}", name.replace('.', "-")),
        None => format!("{key} without a mark"),
    }
}
