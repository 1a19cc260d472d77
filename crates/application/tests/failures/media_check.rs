//! Comparing store, ledger and rows while all of them move: nothing that has an owner or an end is called an orphan, and no
//! row is said to have lost what is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aviary_application::{CheckStep, Error, MediaReport};
use aviary_domain::file::{DueFile, FileFormat, FileKey, FileOwner, OwnedFile};
use aviary_domain::media::MediaError;
use aviary_domain::media::inventory::InventoryPart;
use aviary_domain::test_support::fixture;
use aviary_domain::user::User;
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_domain::{Id, StoreError};
use mockall::predicate::eq;

use crate::bench::{Bench, NOW, account};
use crate::upkeep::failed;

const LOST: &str = "The film's file is missing";

fn film(n: u8) -> FileKey {
    FileKey::new(FileFormat::Mp4, [n; 16])
}

fn id(n: u8) -> Id<Video> {
    Id::from_bytes([n; 12])
}

/// What is where, and in which look of the check something moves.
#[derive(Default)]
struct World {
    stored: Vec<u8>,
    /// What the ledger has before the check's second walk over ledger and rows, and what it has then.
    ledger: [Vec<u8>; 2],
    owned: Vec<u8>,
    /// What rows own, too, from the second walk on.
    claimed: Vec<u8>,
    /// What is gone when it is looked for.
    removed: Vec<u8>,
    /// What came after the list was made.
    came: Vec<u8>,
    /// Rows as they are when they are looked at once more.
    rows: HashMap<u8, Video>,
    given_up: Vec<DueFile>,
}

fn film_of(n: u8) -> Video {
    Video { id: id(n), file: film(n), ..fixture::video(account().user.id) }
}

fn part(names: &[u8], next: Option<&str>) -> InventoryPart {
    InventoryPart { names: names.iter().map(|n| film(*n)).collect(), next: next.map(Into::into) }
}

impl World {
    fn bench(self) -> Bench {
        let mut bench = Bench::new();
        let (first, rest) = self.stored.split_at(self.stored.len() / 2);
        let (first, rest) = (part(first, Some("more")), part(rest, None));
        bench.inventory.expect_list().with(eq(None)).once().return_once(move |_| Ok(first));
        bench.inventory.expect_list().with(eq(Some("more".to_owned()))).once().return_once(move |_| Ok(rest));
        let there: Vec<u8> =
            self.stored.iter().filter(|n| !self.removed.contains(n)).chain(&self.came).copied().collect();
        bench.inventory.expect_holds().returning(move |key| Ok(there.iter().any(|n| film(*n).name() == key.name())));
        let walks = Arc::new(AtomicUsize::new(0));
        let (before, [early, late]) = (walks.clone(), self.ledger);
        let mut names = Vec::new();
        bench.store.files.expect_list().returning(move |after, _| {
            match after {
                None => {
                    let is_early = before.fetch_add(1, Ordering::Relaxed) == 0;
                    names = if is_early { &early } else { &late }.iter().map(|n| film(*n)).collect();
                }
                Some(_) => names.clear(),
            }
            Ok(names.clone())
        });
        let (always, since) = (self.owned, self.claimed);
        bench.store.files.expect_owned().returning(move |after, _| {
            if after.is_some() {
                return Ok(vec![]);
            }
            let is_early = walks.fetch_add(1, Ordering::Relaxed) == 0;
            let since = since.iter().filter(|_| !is_early);
            Ok(always.iter().chain(since).map(|n| owned(*n)).collect())
        });
        let rows = self.rows;
        bench.store.videos.expect_find().returning(move |id| Ok(rows.values().find(|row| row.id == id).cloned()));
        bench.store.files.expect_given_up().once().return_once(|_| Ok(self.given_up));
        bench
    }

    async fn look(self) -> MediaReport {
        match self.bench().application().media_check.run(false, &|_| {}).await {
            Ok(report) => report,
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn owned(n: u8) -> OwnedFile {
    OwnedFile { key: film(n).marked("u1"), owner: FileOwner::Film(id(n)) }
}

#[tokio::test]
async fn what_has_an_owner_or_an_end_is_no_finding() {
    let world = World { stored: vec![1, 2, 3], ledger: [vec![1], vec![1]], owned: vec![2, 3], ..World::default() };
    let report = world.look().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.files, report.owned), (3, 2));
}

#[tokio::test]
async fn files_that_move_while_the_check_runs_are_no_findings() {
    // 1 was claimed between the ledger and the rows, 2 was let go of between them, 3 is due and gone by the end, and so is 4,
    // which even the ledger has forgotten; 5 came after the list was made.
    let world = World {
        stored: vec![1, 2, 3, 4],
        ledger: [vec![1, 3], vec![2]],
        owned: vec![5],
        claimed: vec![1],
        removed: vec![3, 4],
        came: vec![5],
        ..World::default()
    };
    let report = world.look().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn a_row_that_let_go_of_its_file_meanwhile_has_lost_nothing() {
    let changed = Video { file: film(9), ..film_of(2) };
    let world = World { stored: vec![], owned: vec![1, 2], rows: HashMap::from([(2, changed)]), ..World::default() };
    let report = world.look().await;
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn what_nobody_owns_is_told_and_made_due_only_when_that_is_asked_for() {
    let world = || World { stored: vec![1, 2, 3, 4], owned: vec![2], ledger: [vec![3], vec![3]], ..World::default() };
    let report = world().look().await;
    assert_eq!((report.orphans.count, &report.orphans.examples[..]), (2, &[film(1), film(4)][..]));
    assert!(!report.is_clean());
    let mut bench = world().bench();
    // At once, and in one step.
    bench
        .store
        .files
        .expect_reserve()
        .withf(|names, until| names == [film(1), film(4)] && *until == NOW)
        .once()
        .returning(|_, _| Ok(()));
    let report = bench.application().media_check.run(true, &|_| {}).await.expect("the check goes through");
    assert_eq!(report.orphans.count, 2);
}

#[tokio::test]
async fn however_many_nobody_owns_each_is_told_and_made_due_once() {
    let mut bench = World { stored: (0..250).collect(), removed: (0..50).collect(), ..World::default() }.bench();
    let due = Arc::new(Mutex::new(Vec::new()));
    let made_due = due.clone();
    bench.store.files.expect_reserve().returning(move |names, _| {
        assert!(names.len() <= 100, "{}", names.len());
        made_due.lock().unwrap().extend_from_slice(names);
        Ok(())
    });
    let report = bench.application().media_check.run(true, &|_| {}).await.expect("the check goes through");
    assert_eq!((report.orphans.count, report.orphans.examples.len()), (200, MediaReport::SHOWN));
    assert_eq!(*due.lock().unwrap(), (50..250).map(film).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_video_without_its_film_fails_only_when_that_is_asked_for() {
    let world =
        || World { stored: vec![1], owned: vec![1, 2], rows: HashMap::from([(2, film_of(2))]), ..World::default() };
    let report = world().look().await;
    assert_eq!((report.missing.count, &report.missing.examples[..], report.lost), (1, &[owned(2)][..], 0));
    let mut bench = world().bench();
    let status = Some(StatusChange { from: VideoStatus::Ready, to: failed(LOST) });
    let said = Settlement { status, ..Settlement::default() };
    bench.store.videos.expect_settle().with(eq(id(2)), eq(said), eq(NOW)).once().returning(|_, _, _| Ok(None));
    let report = bench.application().media_check.run(true, &|_| {}).await.expect("the check goes through");
    assert_eq!(report.missing.count, 1);
}

#[tokio::test]
async fn a_video_that_has_failed_for_that_already_is_no_finding() {
    let row = Video { status: failed(LOST), ..film_of(2) };
    let world = World { stored: vec![1], owned: vec![1, 2], rows: HashMap::from([(2, row)]), ..World::default() };
    let report = world.look().await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.lost, 1);
}

#[tokio::test]
async fn an_empty_store_fails_no_video() {
    let world = World { owned: vec![2], rows: HashMap::from([(2, film_of(2))]), ..World::default() };
    let report = world.bench().application().media_check.run(true, &|_| {}).await.expect("the check goes through");
    assert_eq!((report.missing.count, report.is_empty_store), (1, true));
}

#[tokio::test]
async fn a_picture_that_is_gone_is_told_of_its_user() {
    let mut bench = Bench::new();
    bench.inventory.expect_list().once().returning(|_| Ok(part(&[99], None)));
    bench.inventory.expect_holds().returning(|key| Ok(key.name() == film(99).name()));
    bench.store.files.expect_list().returning(|_, _| Ok(vec![]));
    let user = User { cover_image: Some(crate::bench::name(8)), ..account().user };
    let face = OwnedFile { key: user.avatar.clone(), owner: FileOwner::Avatar(user.id) };
    let banner = OwnedFile { key: crate::bench::name(8), owner: FileOwner::Cover(user.id) };
    let old = OwnedFile { key: crate::bench::name(7), owner: FileOwner::Cover(user.id) };
    let foreign = OwnedFile { key: FileKey::from_stored("https://a.example/b.jpg".into()), ..old.clone() };
    let film = OwnedFile { key: film(99), owner: FileOwner::Film(id(99)) };
    let mut parts = vec![vec![], vec![face.clone(), banner.clone(), old, foreign, film]].into_iter();
    bench.store.files.expect_owned().returning(move |_, _| Ok(parts.next_back().unwrap_or_default()));
    bench.store.users.expect_find().returning(move |_| Ok(Some(user.clone())));
    bench.store.files.expect_given_up().returning(|_| Ok(vec![]));
    let report = bench.application().media_check.run(true, &|_| {}).await.expect("the check goes through");
    assert_eq!((report.missing.count, report.missing.examples), (2, vec![face, banner]));
}

#[tokio::test]
async fn what_was_given_up_is_told_and_tried_again_when_that_is_asked_for() {
    let given_up = vec![DueFile { key: film(3), attempts: 180 }];
    let world = || World { given_up: given_up.clone(), ..World::default() };
    let report = world().look().await;
    assert_eq!((report.given_up.count, &report.given_up.examples), (1, &given_up));
    let mut bench = world().bench();
    bench.store.files.expect_retry_given_up().with(eq(NOW)).once().returning(|_| Ok(1));
    assert!(bench.application().media_check.run(true, &|_| {}).await.is_ok());
}

#[tokio::test]
async fn a_store_that_cannot_be_listed_is_no_empty_store() {
    let mut bench = Bench::new();
    bench.inventory.expect_list().once().returning(|_| Err(MediaError::Unavailable("gone".into())));
    let outcome = bench.application().media_check.run(true, &|_| {}).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");

    let mut bench = Bench::new();
    bench.inventory.expect_list().returning(|_| Ok(part(&[1], None)));
    bench.inventory.expect_holds().returning(|_| Err(MediaError::Unavailable("gone".into())));
    bench.store.files.expect_list().returning(|_, _| Ok(vec![]));
    bench.store.files.expect_owned().returning(|_, _| Ok(vec![owned(2)]));
    let outcome = bench.application().media_check.run(true, &|_| {}).await;
    assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_read_ends_the_check() {
    let mut bench = Bench::new();
    bench.inventory.expect_list().once().returning(|_| Ok(part(&[1], None)));
    bench.store.files.expect_list().once().returning(|_, _| Err(StoreError::unavailable("gone")));
    assert!(matches!(bench.application().media_check.run(true, &|_| {}).await, Err(Error::Unavailable(_))));
}

#[tokio::test]
async fn whoever_watches_is_told_how_far_it_is() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let told = steps.clone();
    let world = World { stored: vec![1, 2, 3], owned: vec![1, 2], ..World::default() };
    let watcher = move |step| told.lock().unwrap().push(step);
    assert!(world.bench().application().media_check.run(false, &watcher).await.is_ok());
    let steps = steps.lock().unwrap();
    let begun = steps.iter().filter(|step| matches!(step, CheckStep::Begin(_))).count();
    assert_eq!((begun, steps.iter().filter(|step| **step == CheckStep::Finish).count()), (5, 5));
    let items: u64 = steps.iter().map(|step| if let CheckStep::Advance(items) = step { *items } else { 0 }).sum();
    assert_eq!(items, 3 + 2 + 1);
}
