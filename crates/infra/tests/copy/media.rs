//! The media folder goes with its home: a database that was copied to knows it, and a home that comes down is refused
//! with another one.

use std::fs;
use std::path::{Path, PathBuf};

use aviary_infra::copy::{self, CopyError, CopyReport, HomePlace, Media, MediaFolders};
use aviary_infra::mongo::{self, OpenError};
use aviary_infra::progress::Unwatched;
use mongodb::bson::{Document, doc};

use super::{FEW, Folder, Guard, copied, files, has_mongodb};

/// Where the id of a folder is.
const ID: &str = "aviary-media.id";

/// A media folder in which this home's files lie.
fn media_of(home: &Folder) -> PathBuf {
    let media = home.path().join("media");
    for key in files(home) {
        let path = media.join(&key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, key).unwrap();
    }
    media
}

async fn copy_with(from: &HomePlace, to: &HomePlace, media: &Media) -> Result<CopyReport, CopyError> {
    copy::copy(from, to, Some(media), FEW, &Unwatched).await
}

async fn copied_with(from: &HomePlace, to: &HomePlace, media: &Media) {
    let report = copy_with(from, to, media).await.expect("a whole copy");
    assert!(report.is_equal(), "{report:#?}");
}

/// What a server of the database is told that has this folder.
async fn claim(database: &Guard, folder: &Path) -> Result<(), OpenError> {
    mongo::open(&database.uri).await.expect("an open database").database.claim_media(folder).await
}

async fn assert_refused(database: &Guard, folder: &Path) {
    let refusal = claim(database, folder).await.expect_err("a refusal").to_string();
    assert!(refusal.contains("MEDIA_DIR"), "{refusal}");
}

/// The id that the database has noted.
async fn noted(database: &Guard) -> Option<String> {
    let meta = database.database().await.collection::<Document>("aviary_meta");
    let mark = meta.find_one(doc! { "_id": "media" }).await.unwrap();
    mark.map(|mark| mark.get_str("folder").unwrap().to_owned())
}

fn id(media: &Path) -> String {
    fs::read_to_string(media.join(ID)).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_server_of_a_copied_database_needs_the_folder_of_its_files() {
    if !has_mongodb() {
        return;
    }
    let (home, database, elsewhere) = (Folder::filled().await, Guard::new(), Folder::new());
    let media = media_of(&home);
    copied_with(&home.place(), &database.place(), &Media::Stays(media.clone())).await;
    let (unmounted, empty) = (elsewhere.path().join("unmounted"), elsewhere.path().join("empty"));
    fs::create_dir(&empty).unwrap();
    for folder in [&unmounted, &empty] {
        assert_refused(&database, folder).await;
    }
    assert!(!unmounted.exists() && fs::read_dir(&empty).unwrap().next().is_none(), "nothing is made there");
    claim(&database, &media).await.unwrap();
    let moved = elsewhere.path().join("moved");
    fs::create_dir(&moved).unwrap();
    fs::rename(media.join(ID), moved.join(ID)).unwrap();
    claim(&database, &moved).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_the_source_takes_the_place_of_the_one_that_an_empty_database_had() {
    if !has_mongodb() {
        return;
    }
    let (home, database, elsewhere) = (Folder::filled().await, Guard::new(), Folder::new());
    let early = elsewhere.path().join("early");
    claim(&database, &early).await.unwrap();
    let media = media_of(&home);
    copied_with(&home.place(), &database.place(), &Media::Stays(media.clone())).await;
    claim(&database, &media).await.unwrap();
    assert_refused(&database, &early).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_goes_on_names_the_folder_too() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    let media = media_of(&home);
    // As an earlier version left it, which noted nothing.
    super::verified::copied_but_not_compared(&home.place(), &database.place()).await;
    assert_eq!(noted(&database).await, None);
    copied_with(&home.place(), &database.place(), &Media::Stays(media.clone())).await;
    let first = noted(&database).await;
    assert_eq!(first, Some(id(&media)));
    // Killed after the folder was noted and before the mark went.
    let driver = database.database().await;
    let user = driver.collection::<Document>("users").find_one(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
    let source = user.unwrap().get_object_id("_id").unwrap().to_hex();
    let place = format!(r#"{{"source":"{source}","table":null,"after":null}}"#);
    driver.collection("aviary_meta").insert_one(doc! { "_id": "copy", "place": place }).await.unwrap();
    copied_with(&home.place(), &database.place(), &Media::Stays(media.clone())).await;
    assert_eq!(noted(&database).await, first);
    claim(&database, &media).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_copy_of_another_home_keeps_its_folder() {
    if !has_mongodb() {
        return;
    }
    let (home, other, database) = (Folder::filled().await, Folder::filled().await, Guard::new());
    let media = media_of(&home);
    claim(&database, &media).await.unwrap();
    super::verified::copied_but_not_compared(&home.place(), &database.place()).await;
    let refusal = copy_with(&other.place(), &database.place(), &Media::Stays(media_of(&other))).await.unwrap_err();
    assert!(matches!(refusal, CopyError::OtherCopy { .. }), "{refusal}");
    assert_eq!(noted(&database).await, Some(id(&media)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_without_its_files_does_not_name_the_folder() {
    if !has_mongodb() {
        return;
    }
    let (home, database, elsewhere) = (Folder::filled().await, Guard::new(), Folder::new());
    for folder in [elsewhere.path().to_owned(), elsewhere.path().join("unmounted")] {
        let refusal = copy_with(&home.place(), &database.place(), &Media::Stays(folder)).await.unwrap_err();
        assert!(matches!(refusal, CopyError::NoFiles { .. }), "{refusal}");
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert!(database.database().await.list_collection_names().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_hands_its_folder_on_to_another_wherever_that_is_mounted() {
    if !has_mongodb() {
        return;
    }
    let (home, database, next, last) = (Folder::filled().await, Guard::new(), Guard::new(), Guard::new());
    let media = media_of(&home);
    copied(&home.place(), &database.place()).await;
    copied(&database.place(), &next.place()).await;
    assert_eq!(noted(&next).await, None, "nobody has named it yet");
    claim(&database, &media).await.unwrap();
    copied(&database.place(), &last.place()).await;
    assert_eq!(noted(&last).await, Some(id(&media)));
}

#[tokio::test(flavor = "multi_thread")]
async fn from_one_folder_to_another_none_is_named() {
    let (home, target) = (Folder::filled().await, Folder::new());
    let media = media_of(&home);
    let folders = MediaFolders { from: media.clone(), to: target.path().join("media") };
    for (to, media) in [(&target, Media::Moves(folders.clone())), (&Folder::new(), Media::Stays(media.clone()))] {
        copied_with(&home.place(), &to.place(), &media).await;
    }
    assert!(!media.join(ID).exists() && !folders.to.join(ID).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_comes_down_with_the_folder_of_its_servers_alone() {
    if !has_mongodb() {
        return;
    }
    let (home, database, target) = (Folder::filled().await, Guard::new(), Folder::new());
    let media = media_of(&home);
    copied_with(&home.place(), &database.place(), &Media::Stays(media.clone())).await;
    // Another folder that has some of the files, as an old backup may.
    let backup = Folder::new();
    let old = backup.path().join("media");
    let some = files(&home).remove(0);
    fs::create_dir_all(old.join(&some).parent().unwrap()).unwrap();
    fs::copy(media.join(&some), old.join(&some)).unwrap();
    let to = target.path().join("media");
    let moves = |from: &Path| Media::Moves(MediaFolders { from: from.to_owned(), to: to.clone() });
    for wrong in [Media::Stays(old.clone()), moves(&old)] {
        let refusal = copy_with(&database.place(), &target.place(), &wrong).await.unwrap_err();
        assert!(matches!(refusal, CopyError::MongoDb(OpenError::OtherMedia(_))), "{refusal}");
    }
    assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0);
    assert!(!old.join(ID).exists());
    copied_with(&database.place(), &target.place(), &moves(&media)).await;
    assert_eq!(files(&target), files(&home));
    // What was copied is another folder from then on, which the old database does not take.
    assert!(!to.join(ID).exists());
    assert_refused(&database, &to).await;
    claim(&database, &media).await.unwrap();
}
