//! What arrives is what left, in every table, either way, and is served as it was.

use aviary_domain::Store;
use aviary_domain::maintenance::Reconcile;
use aviary_domain::page::{PageRequest, PageSize};
use aviary_domain::search::SearchWords;
use aviary_domain::test_support::fixture;
use aviary_domain::user::Account;
use aviary_domain::video::{VideoCard, VideoOrder, VideoQuery, VideoScope};
use aviary_infra::copy::{self, Layout, Media, MediaFolders};
use aviary_infra::progress::Unwatched;
use mongodb::bson::{Document, doc};

use super::{FEW, Folder, Guard, copied, dump, files, has_mongodb};

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_comes_back_from_mongodb_as_it_was() {
    if !has_mongodb() {
        return;
    }
    let (home, database, back) = (Folder::filled().await, Guard::new(), Folder::new());
    let there = copied(&home.place(), &database.place()).await;
    assert!(!there.continued && there.strangers.is_empty(), "{there:?}");
    assert!(there.tables.iter().all(|table| table.strange == 0 && table.source == table.target), "{there:?}");
    copied(&database.place(), &back.place()).await;
    let left = std::fs::read_dir(back.path()).unwrap().count();
    assert_eq!(left, 2, "the database and the lock, no logs");
    let before = dump::of_file(&home.file());
    dump::assert_full(&before);
    dump::assert_same(&before, &dump::of_file(&back.file()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_comes_back_from_a_folder_as_the_application_wrote_it() {
    if !has_mongodb() {
        return;
    }
    let (home, folder, back) = (Guard::filled().await, Folder::new(), Guard::new());
    copied(&home.place(), &folder.place()).await;
    copied(&folder.place(), &back.place()).await;
    let before = dump::of_database(&home.database().await).await;
    dump::assert_full(&before);
    let mut after = dump::of_database(&back.database().await).await;
    after.retain(|name, _| before.contains_key(name));
    dump::assert_same(&before, &after);
}

#[tokio::test(flavor = "multi_thread")]
async fn homes_of_the_same_kind_are_copied_too() {
    if !has_mongodb() {
        return;
    }
    let (home, folder) = (Folder::filled().await, Folder::new());
    copied(&home.place(), &folder.place()).await;
    dump::assert_same(&dump::of_file(&home.file()), &dump::of_file(&folder.file()));
    let (home, database) = (Guard::filled().await, Guard::new());
    copied(&home.place(), &database.place()).await;
    dump::assert_same(
        &dump::of_database(&home.database().await).await,
        &dump::of_database(&database.database().await).await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_home_is_copied_like_any_other() {
    if !has_mongodb() {
        return;
    }
    let (home, database, back) = (Folder::new(), Guard::new(), Folder::new());
    home.open().database.close().await.unwrap();
    copied(&home.place(), &database.place()).await;
    copied(&database.place(), &back.place()).await;
    dump::assert_same(&dump::of_file(&home.file()), &dump::of_file(&back.file()));
}

pub(crate) async fn search(store: &Store, text: &str) -> Vec<VideoCard> {
    let query =
        VideoQuery { scope: VideoScope::Published, words: SearchWords::parse(text), order: VideoOrder::Relevance };
    store.videos.list(&query, &PageRequest::first(PageSize::DEFAULT)).await.unwrap().items
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_copied_is_found_by_its_words_and_counts_what_it_is() {
    if !has_mongodb() {
        return;
    }
    let (home, database, back) = (Folder::filled().await, Guard::new(), Folder::new());
    copied(&home.place(), &database.place()).await;
    copied(&database.place(), &back.place()).await;
    let (one, two, three) = (home.open(), database.open().await, back.open());
    for text in ["red apple", "ete", "op", "part", "日本語"] {
        let expected = search(&one.store, text).await;
        assert!(!expected.is_empty(), "{text}");
        assert_eq!(search(&two, text).await, expected, "{text}");
        assert_eq!(search(&three.store, text).await, expected, "{text}");
    }
    for store in [&two, &three.store] {
        let drift = store.maintenance.reconcile(Reconcile::Report).await.unwrap();
        assert_eq!(drift.drifted, 0, "{drift:?}");
        assert_eq!(store.maintenance.purge(100).await.unwrap(), 0);
        // The store is whole enough to go on with.
        let account: Account = fixture::account();
        aviary_domain::test_support::seed::account(store, &account).await;
        let video = aviary_domain::test_support::seed::video(store, account.user.id).await;
        assert_eq!(search(store, video.title.as_str()).await[0].video.id, video.id, "the newest comes first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_folder_cannot_hold_is_counted_and_told() {
    if !has_mongodb() {
        return;
    }
    let (home, folder) = (Guard::filled().await, Folder::new());
    let database = home.database().await;
    let users = database.collection::<Document>("users");
    users.update_many(doc! {}, doc! { "$set": { "__v": 0, "nickname": "x" } }).await.unwrap();
    database.collection("quarantine").insert_one(doc! { "_id": 1 }).await.unwrap();
    let report = copied(&home.place(), &folder.place()).await;
    let told = report.tables.iter().find(|table| table.table == "users").unwrap();
    assert_eq!((told.strange, told.fields.join(" ")), (told.source, "__v nickname".to_owned()));
    assert_eq!(report.strangers, [("quarantine".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_rows_name_are_copied_and_compared() {
    let (home, folder) = (Folder::filled().await, Folder::new());
    let folders = MediaFolders { from: home.path().join("media"), to: folder.path().join("media") };
    let named: Vec<String> = files(&home);
    for key in &named[1..] {
        let path = folders.from.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, key).unwrap();
    }
    let report = copy::copy(&home.place(), &folder.place(), Some(&Media::Moves(folders.clone())), FEW, &Unwatched)
        .await
        .unwrap();
    assert!(report.is_equal(), "{report:?}");
    let told = report.files.expect("a report of the files");
    assert_eq!(told.named, u64::try_from(named.len()).unwrap());
    assert_eq!((told.copied, told.absent.count, told.differing), (told.named - 1, 1, 0));
    assert_eq!((told.absent.first.as_slice(), told.is_source_spare()), (&named[..1], false));
    let path = folders.from.join(&named[0]);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "found").unwrap();
    let other = Folder::new();
    let apart = MediaFolders { to: other.path().join("media"), ..folders.clone() };
    let report = copy::copy(&home.place(), &other.place(), Some(&Media::Moves(apart)), FEW, &Unwatched).await.unwrap();
    assert!(report.files.unwrap().is_source_spare());
    for key in &named[1..] {
        assert_eq!(std::fs::read_to_string(folders.to.join(key)).unwrap(), *key);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_lie_in_the_target_already_stay_there() {
    if !has_mongodb() {
        return;
    }
    let (home, folder) = (Guard::filled().await, Folder::new());
    let whole = Folder::new();
    copied(&home.place(), &whole.place()).await;
    let media = folder.path().join("media");
    let named = files(&whole);
    for key in &named {
        let path = media.join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, key).unwrap();
    }
    let folders = MediaFolders { from: folder.path().join("media/../media"), to: media.clone() };
    let report = copy::copy(&home.place(), &folder.place(), Some(&Media::Moves(folders.clone())), FEW, &Unwatched)
        .await
        .unwrap();
    let told = report.files.expect("a report of the files");
    assert_eq!((told.layout, told.copied, told.absent.count, told.is_source_spare()), (Layout::One, 0, 0, false));
    for key in &named {
        assert_eq!(std::fs::read_to_string(media.join(key)).unwrap(), *key);
    }
}

#[test]
fn a_place_does_not_show_its_password() {
    let place = copy::HomePlace::MongoDb("mongodb://ada:secret@db/home".to_owned());
    assert_eq!(format!("{place:?}"), "MongoDb");
}
