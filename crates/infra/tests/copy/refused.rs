//! Where nothing may be copied to or from: nothing is changed there, and the reason is told.

use aviary_domain::test_support::seed;
use aviary_infra::copy::{self, CopyError, HomePlace, Media, MediaFolders};
use aviary_infra::progress::Unwatched;
use mongodb::bson::{Document, doc};

use super::{FEW, Folder, Guard, copied, dump, has_mongodb, try_copy};

#[tokio::test(flavor = "multi_thread")]
async fn a_home_is_not_copied_over_another_one() {
    if !has_mongodb() {
        return;
    }
    let (home, database, folder) = (Folder::filled().await, Guard::filled().await, Folder::filled().await);
    let (documents, rows) = (dump::of_database(&database.database().await).await, dump::of_file(&folder.file()));
    for place in [database.place(), folder.place()] {
        let refusal = try_copy(&home.place(), &place).await.unwrap_err();
        assert!(matches!(refusal, CopyError::NotEmpty { .. }), "{refusal}");
    }
    dump::assert_same(&documents, &dump::of_database(&database.database().await).await);
    dump::assert_same(&rows, &dump::of_file(&folder.file()));
    folder.open();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_somebody_else_is_left_alone() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    let driver = database.database().await;
    driver.collection("videos").insert_one(doc! { "title": "A film" }).await.unwrap();
    let refusal = try_copy(&home.place(), &database.place()).await.unwrap_err();
    assert!(matches!(refusal, CopyError::NotEmpty { .. }), "{refusal}");
    assert_eq!(driver.list_collection_names().await.unwrap(), ["videos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_made_but_empty_database_takes_a_home() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    database.open().await;
    copied(&home.place(), &database.place()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_copy_of_another_home_is_refused_and_kept() {
    if !has_mongodb() {
        return;
    }
    let (home, other) = (Folder::filled().await, Folder::filled().await);
    let (database, folder) = (Guard::new(), Folder::new());
    let driver = database.database().await;
    for place in [database.place(), folder.place()] {
        half_copied(&home, &place).await;
        let refusal = try_copy(&other.place(), &place).await.unwrap_err();
        assert!(matches!(refusal, CopyError::OtherCopy { .. }), "{refusal}");
        let undo =
            if matches!(place, HomePlace::Folder(_)) { "aviary.sqlite3.unfinished*" } else { "drop the database" };
        assert!(refusal.to_string().contains(undo), "{refusal}");
    }
    let users = driver.collection::<Document>("users").count_documents(doc! {}).await.unwrap();
    for place in [database.place(), folder.place()] {
        assert!(copied(&home.place(), &place).await.continued);
    }
    assert!(users > 0);
}

/// Stops a copy when its comparison begins.
async fn half_copied(home: &Folder, target: &HomePlace) {
    super::verified::copied_but_not_compared(&home.place(), target).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_copied_from_where_no_home_is() {
    if !has_mongodb() {
        return;
    }
    let (folder, database, target) = (Folder::new(), Guard::new(), Folder::new());
    let absent = HomePlace::Folder(folder.path().join("absent"));
    for place in [folder.place(), absent, database.place()] {
        let refusal = try_copy(&place, &target.place()).await.unwrap_err();
        assert!(matches!(refusal, CopyError::NoHome { .. }), "{refusal}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(target.path()).unwrap().count(), 0);
    assert!(database.database().await.list_collection_names().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_in_use_is_neither_copied_nor_copied_to() {
    let (home, folder) = (Folder::filled().await, Folder::new());
    let open = home.open();
    let refusal = try_copy(&home.place(), &folder.place()).await.unwrap_err();
    assert!(refusal.to_string().contains("in use"), "{refusal}");
    open.database.close().await.unwrap();
    let refusal = try_copy(&home.place(), &home.place()).await.unwrap_err();
    assert!(matches!(refusal, CopyError::Complete { .. }), "{refusal}");
    copied(&home.place(), &folder.place()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_complete_is_told_and_left_as_it_is() {
    if !has_mongodb() {
        return;
    }
    let (home, folder, database) = (Folder::filled().await, Folder::new(), Guard::new());
    for place in [folder.place(), database.place()] {
        copied(&home.place(), &place).await;
        let told = try_copy(&home.place(), &place).await.unwrap_err();
        assert!(matches!(told, CopyError::Complete { .. }), "{told}");
    }
    folder.open();
    database.open().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_whose_files_are_elsewhere_is_refused_before_anything_is_written() {
    if !has_mongodb() {
        return;
    }
    let (home, folder, place) = (Guard::filled().await, Folder::new(), Folder::new());
    let absent = place.path().join("media");
    for from in [absent.as_path(), place.path(), &folder.path().join("media")] {
        let folders = MediaFolders { from: from.to_owned(), to: folder.path().join("media") };
        let (one, two) = (home.place(), folder.place());
        let refusal = copy::copy(&one, &two, Some(&Media::Moves(folders)), FEW, &Unwatched).await.unwrap_err();
        assert!(matches!(refusal, CopyError::NoFiles { .. }), "{refusal}");
        assert!(refusal.to_string().contains("MEDIA_DIR"), "{refusal}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_fit_is_named() {
    if !has_mongodb() {
        return;
    }
    let (home, folder) = (Guard::filled().await, Folder::new());
    let user = seed::user(&home.open().await).await;
    let users = home.database().await.collection::<Document>("users");
    let change = doc! { "$set": { "likesReceived": -1_i64 } };
    users.update_one(doc! { "username": user.username.as_str() }, change).await.unwrap();
    let refusal = try_copy(&home.place(), &folder.place()).await.unwrap_err().to_string();
    assert!(refusal.contains(&user.id.to_string()) && refusal.contains("likes_received"), "{refusal}");
    users
        .update_one(doc! { "username": user.username.as_str() }, doc! { "$set": { "likesReceived": 0_i64 } })
        .await
        .unwrap();
    assert!(copied(&home.place(), &folder.place()).await.continued);
}
