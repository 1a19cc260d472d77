//! Seeded homes: the same on both engines, as the repositories would have made them, and never half of one.

use aviary_domain::Store;
use aviary_domain::maintenance::Reconcile;
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::security::PasswordHasher;
use aviary_domain::user::{Account, LoginName, Username};
use aviary_infra::copy::HomePlace;
use aviary_infra::progress::{Progress, Unwatched};
use aviary_infra::security::password::BcryptHasher;
use aviary_infra::seed::{self, Counts, PASSWORD, SeedError, SeedReport};
use aviary_infra::{mongo, sqlite};
use secrecy::SecretString;

use super::interrupted::{Dying, stopped_after};
use super::whole::search;
use super::{FEW, Folder, Guard, copied, dump, has_mongodb};

/// A handful of everything.
const TINY: Counts = Counts {
    users: 20,
    videos: 40,
    tweets: 30,
    comments: 50,
    likes: 100,
    subscriptions: 40,
    history: 60,
    playlists: 6,
    playlist_videos: 25,
};

async fn try_seed(home: &HomePlace, number: u64, progress: &dyn Progress) -> Result<SeedReport, SeedError> {
    seed::seed(home, TINY, number, FEW, progress).await
}

async fn seeded(home: &HomePlace) -> SeedReport {
    let report = try_seed(home, 1, &Unwatched).await.expect("a seeded home");
    assert!(report.rows.is_equal(), "{report:#?}");
    report
}

async fn account(store: &Store, name: &str) -> Account {
    let name = LoginName::Username(Username::parse(name).unwrap());
    store.users.find_account(&name).await.unwrap().expect("a seeded user")
}

#[tokio::test(flavor = "multi_thread")]
async fn both_engines_are_seeded_alike() {
    if !has_mongodb() {
        return;
    }
    let (folder, again, database, moved) = (Folder::new(), Folder::new(), Guard::new(), Guard::new());
    let report = seeded(&folder.place()).await;
    let there = seeded(&database.place()).await;
    assert_eq!(report.landmarks, there.landmarks);
    let rows = |table| there.rows.tables.iter().find(|report| report.table == table).map(|report| report.target);
    assert_eq!((rows("users"), rows("likes"), rows("playlist_videos")), (Some(20), Some(100), Some(25)));
    seeded(&again.place()).await;
    dump::assert_same(&dump::of_file(&folder.file()), &dump::of_file(&again.file()));
    copied(&folder.place(), &moved.place()).await;
    dump::assert_same(
        &dump::of_database(&moved.database().await).await,
        &dump::of_database(&database.database().await).await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeded_home_is_served_and_nothing_in_it_is_to_be_mended() {
    if !has_mongodb() {
        return;
    }
    let (folder, database) = (Folder::new(), Guard::new());
    let landmarks = seeded(&folder.place()).await.landmarks;
    seeded(&database.place()).await;
    let (one, two) = (folder.open(), database.open().await);
    for text in [&landmarks.common_word, &landmarks.rare_word, &landmarks.prefix] {
        let found = search(&one.store, text).await;
        assert!(!found.is_empty(), "{text}");
        assert_eq!(search(&two, text).await, found, "{text}");
    }
    for store in [&one.store, &two] {
        let drift = store.maintenance.reconcile(Reconcile::Report).await.unwrap();
        assert_eq!(drift.drifted, 0, "{drift:?}");
        let page = PageRequest::first(PageSize::DEFAULT);
        let hash = account(store, "user20").await.password_hash;
        assert!(BcryptHasher::new(4, 1).verify(&SecretString::from(PASSWORD), Some(hash)).await.unwrap());
        let watcher = account(store, &landmarks.longest_history).await.user;
        assert!(!store.history.list(watcher.id, &page).await.unwrap().items.is_empty());
        let fan = account(store, &landmarks.most_liking).await.user;
        assert!(!store.likes.liked_videos(fan.id, &page).await.unwrap().items.is_empty());
        let star = Username::parse(&landmarks.most_subscribed).unwrap();
        assert!(store.users.channel(&star, None).await.unwrap().unwrap().subscribers_count > 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeding_of_a_folder_goes_on_after_whichever_batch_it_was_killed() {
    let (folder, whole) = (Folder::new(), Folder::new());
    let mut half = 0;
    for kill in 0.. {
        let (place, dying) = (folder.place(), Dying::after(3 + 5 * kill));
        let end = tokio::spawn(async move { try_seed(&place, 1, &dying).await }).await;
        let Err(killed) = end else {
            let report = end.unwrap().expect("a seeded home");
            assert!(report.rows.is_equal() && report.rows.continued, "{report:#?}");
            break;
        };
        assert!(killed.is_panic());
        if folder.path().join("aviary.sqlite3.unfinished").exists() {
            let refusal = sqlite::open(folder.path()).err().expect("no half home is opened");
            assert!(matches!(refusal, sqlite::OpenError::HalfCopied { .. }), "{refusal:?}");
            assert!(refusal.to_string().contains("`aviary seed`"), "{refusal}");
            half += 1;
        }
    }
    assert!(half > 20, "{half} kills half-way");
    seeded(&whole.place()).await;
    dump::assert_same(&dump::of_file(&whole.file()), &dump::of_file(&folder.file()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seeding_of_mongodb_goes_on_wherever_it_was_stopped() {
    if !has_mongodb() {
        return;
    }
    let (database, whole) = (Guard::new(), Guard::new());
    let mut half = 0;
    for stops in 1.. {
        match stopped_after(20 * stops, try_seed(&database.place(), 1, &Unwatched)).await {
            Some(Ok(report)) => {
                assert!(report.rows.is_equal() && report.rows.continued, "{report:#?}");
                break;
            }
            // It was stopped after its very last step.
            Some(Err(SeedError::Taken { .. })) => break,
            Some(Err(error)) => panic!("after {stops} stops: {error:?}"),
            None => {}
        }
        match mongo::open(&database.uri).await {
            Err(mongo::OpenError::HalfCopied { .. }) => half += 1,
            Err(error) => panic!("after {stops} stops: {error:?}"),
            Ok(open) => open.database.close().await,
        }
    }
    assert!(half > 2, "{half} stops half-way");
    seeded(&whole.place()).await;
    dump::assert_same(
        &dump::of_database(&whole.database().await).await,
        &dump::of_database(&database.database().await).await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_home_is_seeded() {
    if !has_mongodb() {
        return;
    }
    let (folder, database) = (Folder::filled().await, Guard::filled().await);
    let before = (dump::of_file(&folder.file()), dump::of_database(&database.database().await).await);
    let made = Guard::new();
    made.open().await;
    seeded(&made.place()).await;
    for place in [folder.place(), database.place(), made.place()] {
        for number in [1, 2] {
            let refusal = try_seed(&place, number, &Unwatched).await.unwrap_err();
            assert!(matches!(refusal, SeedError::Taken { .. }), "{refusal}");
        }
    }
    dump::assert_same(&before.0, &dump::of_file(&folder.file()));
    dump::assert_same(&before.1, &dump::of_database(&database.database().await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_with_another_number_or_size_is_refused_and_kept() {
    if !has_mongodb() {
        return;
    }
    let (folder, database) = (Folder::new(), Guard::new());
    for place in [folder.place(), database.place()] {
        let killed = place.clone();
        let end = tokio::spawn(async move { try_seed(&killed, 1, &Dying::after(12)).await }).await;
        assert!(end.is_err());
        let larger = Counts { tweets: 31, ..TINY };
        for (counts, number) in [(TINY, 2), (larger, 1)] {
            let refusal = seed::seed(&place, counts, number, FEW, &Unwatched).await.unwrap_err();
            assert!(matches!(refusal, SeedError::Unfinished { .. }), "{refusal}");
            let undo = if matches!(place, HomePlace::Folder(_)) { "unfinished*" } else { "drop the database" };
            assert!(refusal.to_string().contains(undo), "{refusal}");
        }
        assert!(seeded(&place).await.rows.continued);
    }
}
