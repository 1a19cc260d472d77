//! Taking a data folder: locks, versions, foreign files, unclean stops, reservations of the dead.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::FileFormat;
use aviary_domain::maintenance::Reconcile;
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::search::SearchWords;
use aviary_domain::test_support::fixture::{at, file_key};
use aviary_domain::test_support::seed;
use aviary_domain::video::{VideoOrder, VideoQuery, VideoScope, VideoStatus};
use rusqlite::Connection;

use crate::data_folder::FolderError;

use super::super::{OpenError, migrate, open, pending};
use super::fresh;

/// All steps of the schema.
const STEPS: [&str; 4] = ["0001_initial", "0002_keys_and_leases", "0003_status_access_quota", "0004_hidden_words"];

fn database_file(folder: &Path) -> std::path::PathBuf {
    folder.join("aviary.sqlite3")
}

/// Opens the file past the adapter, as a person with a tool would.
fn raw(folder: &Path) -> Connection {
    Connection::open(database_file(folder)).unwrap()
}

#[tokio::test]
async fn a_folder_serves_one_process_at_a_time() {
    let (folder, first) = fresh();
    let refusal = open(folder.path()).err().unwrap();
    assert!(matches!(refusal, OpenError::Folder(FolderError::Locked { .. })), "{refusal}");
    assert!(refusal.to_string().contains(&folder.path().display().to_string()), "{refusal}");
    first.database.close().await.unwrap();
    assert!(open(folder.path()).is_ok());
}

#[tokio::test]
async fn dropping_the_last_handle_lets_go_in_good_order() {
    let (folder, first) = fresh();
    drop(first);
    assert!(!open(folder.path()).unwrap().unclean);
}

#[tokio::test]
async fn an_unclean_stop_is_noticed_once() {
    let (folder, first) = fresh();
    assert!(!first.unclean);
    drop(first);
    fs::write(folder.path().join("aviary.lock"), "in use\n").unwrap();
    let second = open(folder.path()).unwrap();
    assert!(second.unclean);
    second.database.close().await.unwrap();
    assert!(!open(folder.path()).unwrap().unclean);
}

#[tokio::test]
async fn damage_is_found_after_an_unclean_stop() {
    let (folder, first) = fresh();
    first.database.close().await.unwrap();
    let file = database_file(folder.path());
    let mut bytes = fs::read(&file).unwrap();
    bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0xa5);
    fs::write(&file, bytes).unwrap();
    fs::write(folder.path().join("aviary.lock"), "in use\n").unwrap();
    let refusal = open(folder.path()).err().unwrap();
    assert!(matches!(refusal, OpenError::Damaged { .. }), "{refusal}");
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let known = migrate(folder.path()).unwrap().len();
    raw(folder.path()).pragma_update(None, "user_version", 99).unwrap();
    let refusal = open(folder.path()).err().unwrap();
    assert!(matches!(refusal, OpenError::Newer { found: 99, .. }), "{refusal}");
    assert!(!refusal.to_string().contains('\n'), "{refusal}");
    raw(folder.path()).pragma_update(None, "user_version", u32::try_from(known).unwrap()).unwrap();
    assert!(!open(folder.path()).unwrap().unclean);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date_and_keeps_what_it_holds() {
    let (folder, first) = fresh();
    let user = seed::user(&first.store).await;
    let mut videos = seed::videos(&first.store, user.id, 3).await;
    let [gone, hidden, _] = videos.as_slice() else { panic!("{videos:?}") };
    assert!(first.store.videos.delete(gone.id, at(2)).await.unwrap());
    seed::toggle(&first.store, hidden.id).await;
    first.database.close().await.unwrap();
    // What the later steps made is taken away, as before there were any.
    let file = raw(folder.path());
    file.execute_batch(
        "DROP TABLE idempotency_keys; DROP TABLE leases; DROP TABLE media_site; DROP TABLE media_tasks; DROP INDEX videos_hidden_by_file;
         DROP INDEX videos_hidden_by_thumbnail; DROP INDEX file_ledger_by_owner;
         ALTER TABLE file_ledger DROP COLUMN owner; ALTER TABLE file_ledger DROP COLUMN bytes; ALTER TABLE users DROP COLUMN stored_bytes;
         ALTER TABLE videos DROP COLUMN thumbnail_bytes; ALTER TABLE videos DROP COLUMN status;
         ALTER TABLE videos DROP COLUMN status_reason; ALTER TABLE videos DROP COLUMN publish_when_ready;
         INSERT OR REPLACE INTO video_words (rowid, title, description, scope)
             SELECT seq, lower(title), '', 'o' || lower(hex(owner)) || iif(state = 1, ' published', '')
             FROM videos WHERE state < 2;
         PRAGMA user_version = 1",
    )
    .unwrap();
    file.close().unwrap();
    assert_eq!(migrate(folder.path()).unwrap(), STEPS.split_at(1).1);
    let open = open(folder.path()).unwrap();
    let kept = videos.split_off(1);
    for (scope, expected) in [(VideoScope::Published, &kept[1..]), (VideoScope::AllOf(user.id), &kept[..])] {
        let words = SearchWords::parse(kept[1].title.as_str());
        let query = VideoQuery { scope, words, order: VideoOrder::Relevance };
        let found = open.store.videos.list(&query, &PageRequest::first(PageSize::MAX)).await.unwrap();
        let found: BTreeSet<_> = found.items.iter().map(|card| card.video.id).collect();
        assert_eq!(found, expected.iter().map(|video| video.id).collect(), "{scope:?}");
    }
    let bytes = kept.iter().map(|video| video.bytes).sum();
    assert_eq!(open.store.users.stored_bytes(user.id).await.unwrap(), Some(bytes), "stills were not measured before");
    assert_eq!(open.store.users.find(user.id).await.unwrap(), Some(user));
    for (video, is_published) in kept.into_iter().zip([false, true]) {
        let found = open.store.videos.find(video.id).await.unwrap().unwrap();
        assert_eq!((found.status, found.is_published, found.thumbnail_bytes), (VideoStatus::Ready, is_published, 0));
        assert_eq!(open.store.videos.is_hidden_file(&video.thumbnail).await.unwrap(), !is_published);
    }
    assert_eq!(open.store.maintenance.reconcile(Reconcile::Report).await.unwrap().drifted, 0);
    assert!(open.store.leases.acquire("lease", "one", Duration::from_secs(1)).await.unwrap());
}

#[tokio::test]
async fn leases_of_a_dead_process_are_free_at_once() {
    let (folder, first) = fresh();
    let life = Duration::from_hours(1);
    assert!(first.store.leases.acquire("lease", "one", life).await.unwrap());
    drop(first);
    assert!(open(folder.path()).unwrap().store.leases.acquire("lease", "other", life).await.unwrap());
}

#[test]
fn files_of_another_kind_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = "These are notes, and long enough to have a header of sixteen bytes and some more. ".repeat(20);
    fs::write(database_file(folder.path()), &text).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Foreign { .. })));
    assert_eq!(fs::read_to_string(database_file(folder.path())).unwrap(), text);

    fs::remove_file(database_file(folder.path())).unwrap();
    raw(folder.path()).execute_batch("CREATE TABLE users (name TEXT)").unwrap();
    let before = fs::read(database_file(folder.path())).unwrap();
    assert!(matches!(open(folder.path()), Err(OpenError::Foreign { .. })));
    assert_eq!(fs::read(database_file(folder.path())).unwrap(), before);
}

#[test]
fn migrating_tells_what_it_applied_and_then_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(migrate(folder.path()).unwrap(), STEPS);
    assert!(migrate(folder.path()).unwrap().is_empty());
    assert!(!open(folder.path()).unwrap().unclean);
}

#[test]
fn what_is_pending_is_told_and_nothing_is_changed() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("data");
    assert_eq!(pending(&folder).unwrap().first(), Some(&"0001_initial"));
    assert!(!folder.exists());

    let all = migrate(&folder).unwrap();
    assert!(pending(&folder).unwrap().is_empty());
    let last = all.last().copied().unwrap();
    raw(&folder).pragma_update(None, "user_version", u32::try_from(all.len() - 1).unwrap()).unwrap();
    fs::write(folder.join("aviary.lock"), "in use\n").unwrap();
    let before = fs::read(database_file(&folder)).unwrap();
    assert_eq!(pending(&folder).unwrap(), [last]);
    assert_eq!(fs::read(database_file(&folder)).unwrap(), before);
    assert_eq!(fs::read_to_string(folder.join("aviary.lock")).unwrap(), "in use\n");

    fs::write(database_file(&folder), "These are notes. ".repeat(99)).unwrap();
    assert!(matches!(pending(&folder), Err(OpenError::Foreign { .. })));
}

/// A browser may be sending the film to the media store while this server starts again.
#[tokio::test]
async fn reservations_of_a_dead_process_last_to_their_end() {
    let (folder, first) = fresh();
    let keys = [FileFormat::Mp4, FileFormat::Png].map(file_key);
    first.store.files.reserve(&keys, at(100)).await.unwrap();
    first.store.files.postpone(&keys[1], Timestamp::NEVER).await.unwrap();
    drop(first);
    let second = open(folder.path()).unwrap();
    assert!(second.store.files.due(at(99), 10).await.unwrap().is_empty());
    let due = second.store.files.due(at(100), 10).await.unwrap();
    assert_eq!(due.into_iter().map(|file| file.key).collect::<Vec<_>>(), keys[..1], "what was given up stays so");
}

#[cfg(unix)]
#[tokio::test]
async fn folder_and_files_belong_to_one_user() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep").join("data");
    let store = open(&folder).unwrap();
    store.store.files.reserve(&[file_key(FileFormat::Mp4)], at(0)).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

/// Somebody else's SQLite that could lock the whole file would take away the log under the server when it closes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn other_programs_see_that_the_file_is_in_use() {
    use std::os::unix::fs::MetadataExt;

    let is_locked = |file: &Path| {
        let inode = format!(":{} ", fs::metadata(file).unwrap().ino());
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        locks.lines().any(|lock| lock.contains("POSIX") && lock.contains(&inode))
    };
    let (folder, store) = fresh();
    let _user = seed::user(&store.store).await;
    let plain = folder.path().join("plain.sqlite3");
    let locked = Connection::open(&plain).unwrap();
    locked.execute_batch("CREATE TABLE t (n INTEGER); BEGIN IMMEDIATE").unwrap();
    if !is_locked(&plain) {
        eprintln!("SKIPPED: the system does not tell here who has locked what");
        return;
    }
    assert!(is_locked(&database_file(folder.path())));
}
