//! `aviary migrate` adopts the database of another application: what it prints, and what comes of it when the process is
//! killed again and again.

mod left;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, Database};

use self::left::{few, long, many};
use crate::commands::{Dropped, assert_fails, assert_succeeds, node};
use crate::server::Home;
use crate::tools::{announce, eventually};

/// A database that another application has filled, and a home on it.
struct Filled {
    database: Database,
    home: Home,
    _dropped: Dropped,
}

impl Filled {
    /// `None`, told loudly, without a MongoDB.
    async fn with(name: &str, left: &[(&str, Vec<Document>)]) -> Option<Self> {
        let (dropped, home) = node(name).await?;
        let client = Client::with_uri_str(home.mongodb_uri().unwrap()).await.unwrap();
        let database = client.default_database().unwrap();
        for (name, documents) in left {
            for some in documents.chunks(5_000) {
                database.collection::<Document>(name).insert_many(some).await.unwrap();
            }
        }
        Some(Self { database, home, _dropped: dropped })
    }

    /// All that is there, collection by collection, without what is chosen by chance or by the clock.
    async fn all(&self) -> BTreeMap<String, Vec<Document>> {
        let mut all = BTreeMap::new();
        for name in self.database.list_collection_names().await.unwrap() {
            // Of our own notes only that of what was made is there for good.
            let filter = if name == "aviary_meta" {
                doc! { "_id": "adopted" }
            } else {
                doc! {}
            };
            let mut found = self.database.collection::<Document>(&name).find(filter).await.unwrap();
            let mut documents = Vec::new();
            while found.advance().await.unwrap() {
                let mut document = found.deserialize_current().unwrap();
                let by_chance: &[&str] = match name.as_str() {
                    "history" | "playlist_videos" => &["_id"],
                    "quarantine" => &["movedAt"],
                    "aviary_meta" => &["begunAt", "endedAt"],
                    _ => &[],
                };
                assert!(by_chance.iter().all(|field| document.remove(field).is_some()), "{name}: {document}");
                documents.push(document);
            }
            documents.sort_by_cached_key(ToString::to_string);
            all.insert(name, documents);
        }
        all
    }

    async fn indexes(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut indexes = BTreeMap::new();
        for name in self.database.list_collection_names().await.unwrap() {
            let names = self.database.collection::<Document>(&name).list_index_names().await.unwrap();
            indexes.insert(name, names.into_iter().collect());
        }
        indexes
    }

    /// What a migration has noted about how far it is.
    async fn phase(&self) -> Option<Phase> {
        let meta = self.database.collection::<Document>("aviary_meta");
        let note = meta.find_one(doc! { "_id": "adoption" }).await.unwrap()?;
        Some(Phase::of(note.get("phase").unwrap()))
    }

    /// Waits until nothing of a killed process is under way on the server, and ends its lock, which would last for
    /// half a minute.
    async fn bury(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (admin, name) = (self.database.client().database("admin"), self.database.name());
        let here = doc! { "$regex": format!("^{name}\\.") };
        let under_way = vec![
            doc! { "$currentOp": { "allUsers": true, "idleConnections": false } },
            doc! { "$match": { "appName": "aviary", "$or": [{ "ns": here.clone() }, { "command.renameCollection": here }] } },
        ];
        eventually("what the killed one has asked for ends", Duration::from_secs(30), async || {
            let mut found = admin.aggregate(under_way.clone()).await.unwrap();
            (!found.advance().await.unwrap()).then_some(())
        })
        .await;
        self.database.collection::<Document>("aviary_lock").delete_many(doc! {}).await.unwrap();
    }
}

/// How far an adoption is: the name of its phase, and the number of that.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Phase(usize, String);

impl Phase {
    /// The phases in their order; in the last that counts, what was read is compared with what is there.
    const ORDER: [&str; 18] = [
        "settingAside",
        "making",
        "users",
        "videos",
        "tweets",
        "comments",
        "likes",
        "subscriptions",
        "playlists",
        "histories",
        "counting 0",
        "counting 1",
        "counting 2",
        "counting 3",
        "counting 4",
        "counting 5",
        "mending",
        "finishing",
    ];

    fn named(name: &str) -> Self {
        let number = Self::ORDER.iter().position(|known| *known == name);
        Self(number.unwrap_or_else(|| panic!("{name} is no phase that is known here")), name.to_owned())
    }

    fn of(noted: &Bson) -> Self {
        match noted {
            Bson::Document(noted) => match noted.iter().next().unwrap() {
                (_, Bson::String(stage)) => Self::named(stage),
                (phase, place) => Self::named(&format!("{phase} {place}")),
            },
            other => Self::named(other.as_str().unwrap()),
        }
    }
}

/// Lets a migration come so far and then a little further, and kills it. Tells in which phase it died, unless it had
/// come to its end.
async fn killed_at(filled: &Filled, name: &str, further: Duration) -> Option<Phase> {
    let wanted = Phase::named(name);
    let mut running = started(&filled.home);
    let deadline = Instant::now() + Duration::from_secs(60);
    while filled.phase().await.is_none_or(|phase| phase < wanted) && running.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it never comes to {name}");
    }
    tokio::time::sleep(further).await;
    // SIGKILL: it finishes nothing and says nothing.
    running.kill().unwrap();
    let status = running.wait().unwrap();
    assert!(status.success() || status.signal() == Some(9), "{status}");
    filled.bury().await;
    filled.phase().await.filter(|_| status.signal() == Some(9))
}

fn started(home: &Home) -> Child {
    home.command().arg("migrate").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn told(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Where it is killed, and how many milliseconds after it has come there at most.
const KILLS: [(&str, u64); 9] = [
    ("settingAside", 0),
    ("making", 40),
    ("users", 60),
    ("comments", 30),
    ("likes", 150),
    ("likes", 250),
    ("histories", 30),
    ("counting 0", 20),
    ("finishing", 0),
];

/// A time of so many milliseconds at most, another one in every run.
fn by_chance(most: u64) -> Duration {
    Duration::from_millis(RandomState::new().hash_one(most) % (most + 1))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_often_an_adoption_is_killed_it_ends_as_if_it_had_not_been() {
    let left = many();
    let start = Instant::now();
    let Some(unbroken) = Filled::with("adoption_unbroken", &left).await else { return };
    let report = told(&unbroken.home.run(&["migrate"]));
    let killed = Filled::with("adoption_killed", &left).await.unwrap();
    let mut died_in = Vec::new();
    for (name, most) in KILLS {
        let died = killed_at(&killed, name, by_chance(most)).await;
        if died.as_ref().is_some_and(|phase| phase.1 == "likes") {
            assert_fails(&killed.home.run(&["serve"]), 1, "is half adopted: stop every server");
        }
        died_in.extend(died);
    }
    let ended = told(&killed.home.run(&["migrate"]));
    let names: Vec<&str> = died_in.iter().map(|phase| phase.1.as_str()).collect();
    assert!(names.len() >= 6, "it was killed in {names:?} alone");
    let phases: BTreeSet<usize> = died_in.iter().map(|phase| phase.0).collect();
    assert!(phases.len() >= 5, "it was killed in {names:?} alone");
    // Killed after the last step there is nothing to go on with, and what was made is told as of an earlier run.
    assert!(ended.ends_with(&report), "{ended}\n{report}");
    assert_eq!(killed.indexes().await, unbroken.indexes().await);
    let (found, expected) = (killed.all().await, unbroken.all().await);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, documents) in &expected {
        assert_eq!(found[name].len(), documents.len(), "in {name}");
        for (found, expected) in found[name].iter().zip(documents) {
            assert_eq!(found, expected, "in {name}");
        }
    }
    let drift = killed.home.run(&["reconcile"]);
    assert!(drift.status.success(), "{drift:?}");
    let documents: usize = left.iter().map(|(_, documents)| documents.len()).sum();
    announce(&format!(
        "adoption: {documents} documents, killed in {}; {:.1} s in all",
        names.join(", "),
        start.elapsed().as_secs_f64()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn migrate_tells_what_it_would_adopt_what_it_has_and_that_it_was() {
    let Some(filled) = Filled::with("adoption_told", &few()).await else { return };
    let report = "\
users: 2 read, 2 kept
  1 held a refresh token, which was dropped
videos: 1 read, 1 kept
tweets: 0 read, 0 kept
comments: 0 read, 0 kept
likes: 0 read, 0 kept
subscriptions: 2 read, 1 kept, 1 moved to quarantine (duplicate 1)
  WARNING: more than 5 % were not kept; look at them in the collection quarantine, where
           \"_id.collection\" is \"subscriptions\", and keep your backup until then
playlists: 0 read, 0 kept
watch histories: 1 read
  2 entries read, 1 kept, 1 moved to quarantine (targetMissing 1)
  1 that are kept told more than is kept of them, and are in quarantine too (toldMore)
agendaJobs: left alone
";
    assert_succeeds(&filled.home.run(&["migrate", "--dry-run"]), report);
    assert_succeeds(&filled.home.run(&["migrate"]), report);
    let before = filled.all().await;
    for (arguments, up_to_date) in [
        (["migrate"].as_slice(), "The store is up to date; nothing was applied.\n"),
        (&["migrate", "--dry-run"], "The store is up to date; nothing would be applied.\n"),
    ] {
        let said = told(&filled.home.run(arguments));
        let adopted = said.strip_prefix(up_to_date).expect("what is to be done");
        let adopted = adopted.strip_prefix("The database of another application was adopted here at 20");
        let (time, became) = adopted.and_then(|said| said.split_once("Z. This became of it then:\n")).unwrap();
        assert_eq!((time.len(), became), ("25-01-01T00:00:00.000".len(), report));
    }
    assert_eq!(filled.all().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_an_unrelated_application_is_refused_with_what_was_looked_for() {
    let invoices = [("users", vec![doc! { "name": "Ada" }]), ("invoices", vec![doc! { "sum": 5 }])];
    let Some(filled) = Filled::with("adoption_refused", &invoices).await else { return };
    let said = "among the first 1000 documents, one was looked for that has texts in `username` and `email`";
    for arguments in [["migrate"].as_slice(), &["migrate", "--dry-run"], &["serve"]] {
        assert_fails(&filled.home.run(arguments), 1, said);
    }
    assert_eq!(filled.all().await.len(), 2);
}

/// The most memory that a process ever had resident, in KiB, while it runs.
fn peak_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// How much memory may be resident at most: a tree of such a list alone would take more.
const MOST_MIB: u64 = 192;

#[tokio::test(flavor = "multi_thread")]
async fn lists_as_long_as_documents_can_be_take_little_memory() {
    let Some(filled) = Filled::with("adoption_memory", &long()).await else { return };
    let mut running = started(&filled.home);
    let mut peak = 0;
    while running.try_wait().unwrap().is_none() {
        peak = peak.max(peak_kib(running.id()).unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(running.wait().unwrap().success());
    let kept = filled.database.collection::<Document>("quarantine.users.watchHistory");
    assert_eq!(kept.count_documents(doc! {}).await.unwrap(), 3, "they were too long to be wrapped");
    announce(&format!("adoption: {} MiB resident at most with lists of 16 MiB", peak / 1_024));
    assert!(peak > 0 && peak / 1_024 < MOST_MIB, "{} MiB", peak / 1_024);
}
