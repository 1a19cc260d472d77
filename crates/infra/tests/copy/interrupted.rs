//! A copy that is stopped at any point, again and again, and goes on until it is whole.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use aviary_infra::copy::{self, CopyError, HomePlace};
use aviary_infra::mongo::OpenError;
use aviary_infra::progress::Progress;
use aviary_infra::{mongo, sqlite};
use mongodb::bson::{Document, doc};

use super::{FEW, Folder, Guard, copied, dump, has_mongodb, try_copy};

/// Runs some work until it has waited so many times, then drops it where it is; answers with its end if it came to that.
pub(crate) async fn stopped_after<T>(waits: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut left = waits;
    let stopped = poll_fn(move |context| match work.as_mut().poll(context) {
        Poll::Ready(end) => Poll::Ready(Some(end)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    });
    stopped.await
}

/// Copies in runs that are stopped, each a little later than the one before, and by the least that can be once the target
/// was found half-way: how far a run comes in that time depends on how busy the machine is.
async fn copied_in_pieces(from: &HomePlace, to: &HomePlace, mut is_half: impl AsyncFnMut() -> bool) -> usize {
    let mut waits = 5;
    for stops in 1.. {
        match stopped_after(waits, try_copy(from, to)).await {
            Some(Ok(report)) => {
                assert!(report.is_equal() && report.continued, "after {stops} stops: {report:#?}");
                return stops;
            }
            // It was stopped after its very last step.
            Some(Err(CopyError::Complete { .. })) => return stops,
            Some(Err(error)) => panic!("after {stops} stops: {error:?}"),
            None => {}
        }
        // What was left running in the background lets go of the folder a moment later.
        tokio::time::sleep(Duration::from_millis(2)).await;
        waits += if is_half().await { 1 } else { 2 };
    }
    0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_mongodb_goes_on_wherever_it_was_stopped() {
    if !has_mongodb() {
        return;
    }
    let (home, database, whole) = (Folder::filled().await, Guard::new(), Guard::new());
    whole.open().await;
    let indexes = dump::indexes(&whole.database().await).await;
    let (mut half, mut without) = (0, 0);
    let stops = copied_in_pieces(&home.place(), &database.place(), async || {
        // A database that was only made may be served, and copied to as long as it is empty.
        match mongo::open(&database.uri).await {
            Err(refusal) => assert!(matches!(refusal, OpenError::HalfCopied { .. }), "{refusal:?}"),
            Ok(open) => {
                open.database.close().await;
                assert_eq!(dump::indexes(&database.database().await).await, indexes, "what may be served has them");
                return false;
            }
        }
        half += 1;
        without += usize::from(dump::indexes(&database.database().await).await != indexes);
        true
    })
    .await;
    assert!(stops > 15 && half > 2, "{stops} stops, {half} of them half-way");
    assert!(without > 2, "rows arrive before indexes are made: {without} of {half}");
    assert_eq!(dump::indexes(&database.database().await).await, indexes);
    copied(&home.place(), &whole.place()).await;
    dump::assert_same(
        &dump::of_database(&whole.database().await).await,
        &dump::of_database(&database.database().await).await,
    );
}

/// Dies when so much more was told.
pub(crate) struct Dying(AtomicUsize);

impl Dying {
    pub(crate) fn after(told: usize) -> Self {
        Self(AtomicUsize::new(told))
    }

    fn tell(&self) {
        let left = self.0.fetch_sub(1, Ordering::Relaxed);
        assert!(left > 1, "killed");
    }
}

impl Progress for Dying {
    fn begin(&self, _part: &str, _items: Option<u64>) {
        self.tell();
    }

    fn advance(&self, _items: u64) {
        self.tell();
    }

    fn finish(&self) {
        self.tell();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_to_a_folder_goes_on_after_whichever_batch_it_was_killed() {
    if !has_mongodb() {
        return;
    }
    let (home, folder, whole) = (Guard::filled().await, Folder::new(), Folder::new());
    let mut half = 0;
    for kill in 1.. {
        let (from, to) = (home.place(), folder.place());
        let dying = Dying::after(3 + 2 * kill);
        let end = tokio::spawn(async move { copy::copy(&from, &to, None, FEW, &dying).await }).await;
        let Err(killed) = end else {
            let report = end.unwrap().expect("a whole copy");
            assert!(report.is_equal() && report.continued, "{report:#?}");
            break;
        };
        assert!(killed.is_panic());
        // Before that nothing has begun, and opening the folder would make a home of it.
        if folder.path().join("aviary.sqlite3.unfinished").exists() {
            let refusal = sqlite::open(folder.path()).err();
            assert!(matches!(refusal, Some(sqlite::OpenError::HalfCopied { .. })), "{refusal:?}");
            half += 1;
        }
    }
    assert!(half > 20, "{half} kills half-way");
    copied(&home.place(), &whole.place()).await;
    dump::assert_same(&dump::of_file(&whole.file()), &dump::of_file(&folder.file()));
}

/// Dies when a part of the work begins, or when it ends.
struct DyingOver {
    part: &'static str,
    at_its_end: bool,
    began: AtomicBool,
}

impl Progress for DyingOver {
    fn begin(&self, part: &str, _items: Option<u64>) {
        self.began.store(part == self.part, Ordering::Relaxed);
        assert!(self.at_its_end || part != self.part, "killed");
    }

    fn advance(&self, _items: u64) {}

    fn finish(&self) {
        assert!(!self.began.load(Ordering::Relaxed), "killed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_killed_over_the_indexes_has_them_all_before_it_is_served() {
    let (home, made) = (Folder::filled().await, Guard::new());
    made.open().await;
    let indexes = dump::indexes(&made.database().await).await;
    for (at_its_end, by_hand) in [(false, false), (false, true), (true, false)] {
        let database = Guard::new();
        let (from, to) = (home.place(), database.place());
        let dying = DyingOver { part: "making indexes", at_its_end, began: AtomicBool::new(false) };
        let killed = tokio::spawn(async move { copy::copy(&from, &to, None, FEW, &dying).await }).await;
        assert!(killed.unwrap_err().is_panic());
        let driver = database.database().await;
        let refusal = mongo::open(&database.uri).await.err();
        assert!(matches!(refusal, Some(OpenError::HalfCopied { .. })), "{refusal:?}");
        assert_eq!(dump::indexes(&driver).await == indexes, at_its_end);
        if by_hand {
            // As if some of them had been made.
            let some = doc! { "key": { "owner": 1 }, "name": "owner_1" };
            driver.run_command(doc! { "createIndexes": "comments", "indexes": [some] }).await.unwrap();
        }
        assert!(copied(&home.place(), &database.place()).await.continued);
        assert_eq!(dump::indexes(&driver).await, indexes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_a_cluster_needs_stays() {
    let (home, database) = (Folder::filled().await, Guard::new());
    database.open().await;
    let driver = database.database().await;
    let hashed = doc! { "key": { "_id": "hashed" }, "name": "_id_hashed" };
    driver.run_command(doc! { "createIndexes": "videos", "indexes": [hashed] }).await.unwrap();
    let before = dump::indexes(&driver).await;
    let (from, to) = (home.place(), database.place());
    let dying = DyingOver { part: "making indexes", at_its_end: false, began: AtomicBool::new(false) };
    assert!(tokio::spawn(async move { copy::copy(&from, &to, None, FEW, &dying).await }).await.is_err());
    let meanwhile = dump::indexes(&driver).await;
    assert!(meanwhile["videos"].iter().any(|index| index.contains("hashed")), "{meanwhile:#?}");
    assert!(meanwhile["videos"].len() < before["videos"].len());
    copied(&home.place(), &database.place()).await;
    assert_eq!(dump::indexes(&driver).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_arrived_without_its_place_arrives_once() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    copied(&home.place(), &database.place()).await;
    let before = dump::of_database(&database.database().await).await;
    // As if every batch of every table had been written, and no place noted after the first one.
    let driver = database.database().await;
    let users = driver.collection::<Document>("users").find_one(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
    let source = users.unwrap().get_object_id("_id").unwrap().to_hex();
    let place = format!(r#"{{"source":"{source}","table":"users","after":null}}"#);
    driver.collection("aviary_meta").insert_one(doc! { "_id": "copy", "place": place }).await.unwrap();
    assert!(copied(&home.place(), &database.place()).await.continued);
    dump::assert_same(&before, &dump::of_database(&driver).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_somebody_looks_into_is_finished_when_they_have_done() {
    let (home, folder) = (Folder::filled().await, Folder::new());
    super::verified::copied_but_not_compared(&home.place(), &folder.place()).await;
    let unfinished = folder.path().join("aviary.sqlite3.unfinished");
    let reader = rusqlite::Connection::open(&unfinished).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM users").unwrap();
    // Rows that are still in the log, whose name is not that of the finished home, would be lost.
    let refusal = try_copy(&home.place(), &folder.place()).await.unwrap_err();
    assert!(matches!(refusal, CopyError::Interrupted), "{refusal}");
    assert!(unfinished.exists() && !folder.file().exists());
    drop(reader);
    assert!(copied(&home.place(), &folder.place()).await.continued);
    dump::assert_same(&dump::of_file(&home.file()), &dump::of_file(&folder.file()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_killed_before_its_last_step_is_finished() {
    let (home, folder) = (Folder::filled().await, Folder::new());
    copied(&home.place(), &folder.place()).await;
    let before = dump::of_file(&folder.file());
    std::fs::rename(folder.file(), folder.path().join("aviary.sqlite3.unfinished")).unwrap();
    assert!(copied(&home.place(), &folder.place()).await.continued);
    dump::assert_same(&before, &dump::of_file(&folder.file()));
}
