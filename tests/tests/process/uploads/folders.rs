//! Which media folder a node needs whose files are at Cloudinary: the one of the others, if they ever kept files in one; else any.

use std::path::Path;

use aviary_tests::cloudinary::FakeCloudinary;

use super::told;
use crate::commands::node;
use crate::server::Home;

#[tokio::test(flavor = "multi_thread")]
async fn a_node_with_an_account_needs_the_folder_that_the_others_have_kept_files_in() {
    let Some((_database, first)) = node("uploads_folder").await else { return };
    let fake = FakeCloudinary::start();
    assert!(first.start().await.stop().await.success());
    let uri = first.mongodb_uri().unwrap();
    let stray = Home::node(uri, None);
    let refused = stray.command().arg("serve").env("CLOUDINARY_URL", fake.cloudinary_url()).output().unwrap();
    assert!(refused.status.code() == Some(1) && told(&refused).contains("MEDIA_DIR"), "{}", told(&refused));
    assert!(!stray.media().exists(), "nothing is made where nothing belongs");
    start(&Home::node(uri, Some(&first.media())), &fake).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_never_kept_files_in_a_folder_need_none_of_the_others() {
    let Some((_database, first)) = node("uploads_no_folder").await else { return };
    let fake = FakeCloudinary::start();
    let second = Home::node(first.mongodb_uri().unwrap(), None);
    for node in [&first, &second] {
        start(node, &fake).await;
        assert!(!is_known(&node.media()), "its folder is not that of the database");
    }
}

async fn start(node: &Home, fake: &FakeCloudinary) {
    let server = node.start_with(&["--cloudinary-url", &fake.cloudinary_url()]).await;
    assert!(server.stop().await.success());
}

/// Whether a folder has the id by which a database knows it.
fn is_known(media: &Path) -> bool {
    media.join("aviary-media.id").exists()
}
