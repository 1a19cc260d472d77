//! What becomes of files beside the requests: the media store is asked about films, who may fetch them is looked up, and the
//! ledger is walked through.

use std::time::Duration;

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_domain::{Id, Store, StoreError, Timestamp};

use super::Tour;

/// 2001-09-09, and a little later.
const THEN: Timestamp = Timestamp::from_millis(1_000_000_000_000);
const SOON: Timestamp = Timestamp::from_millis(1_000_000_001_000);
/// 2030.
const LATER: Timestamp = Timestamp::from_millis(1_900_000_000_000);

impl Tour<'_> {
    pub(super) async fn look_after_files(&self) {
        let video = Id::<Video>::parse(&self.server.video(&self.ada, "settled").await).expect("an id");
        let done = self.server.on_store(async move |store| {
            settle(&store, video).await?;
            look_after_ledger(&store).await?;
            walk(&store).await
        });
        done.await.expect("files that are looked after");
    }
}

/// A film is worked on and becomes ready, among many others that are hidden.
async fn settle(store: &Store, id: Id<Video>) -> Result<(), StoreError> {
    let video = store.videos.find(id).await?.expect("the video");
    let statuses = [VideoStatus::Ready, VideoStatus::Processing, VideoStatus::Ready];
    for status in statuses.windows(2) {
        let film = video.file.marked("u18");
        let said = Settlement {
            film: Some((video.file.clone(), film.clone())),
            still: None,
            status: Some(StatusChange { from: status[0].clone(), to: status[1].clone() }),
        };
        store.videos.settle(id, &said, THEN).await?.expect("the video");
        let hidden = status[1] != VideoStatus::Ready;
        assert_eq!(store.videos.find_processing(&film).await?.is_some(), hidden);
        for file in [&film, &video.thumbnail] {
            assert_eq!(store.videos.is_hidden_file(file).await?, hidden);
        }
    }
    for task in store.media_tasks.due(SOON, 100).await? {
        store.media_tasks.postpone(&task, SOON).await?;
        store.media_tasks.done(&task).await?;
    }
    assert!(store.users.stored_bytes(video.owner).await?.is_some());
    Ok(())
}

async fn look_after_ledger(store: &Store) -> Result<(), StoreError> {
    let keys = [3, 4].map(|random| FileKey::new(FileFormat::Mp4, [random; 16]));
    store.files.reserve(&keys, LATER).await?;
    assert!(store.videos.is_hidden_file(&keys[0]).await?);
    assert!(store.files.prolong(&keys[0], THEN, LATER.after(Duration::from_secs(1))).await?);
    store.files.postpone(&keys[1], Timestamp::NEVER).await?;
    assert_eq!(store.files.given_up(100).await?.len(), 1);
    assert_eq!(store.files.retry_given_up(THEN).await?, 1);
    for key in &keys {
        store.files.forget(key).await?;
    }
    Ok(())
}

/// Everything in the ledger and everything that rows own, in parts that are smaller than a crowd.
async fn walk(store: &Store) -> Result<(), StoreError> {
    let mut last = None;
    while let Some(name) = store.files.list(last, 70).await?.pop() {
        last = Some(name);
    }
    let mut last = None;
    while let Some(file) = store.files.owned(last, 70).await?.pop() {
        last = Some(file.owner.place());
    }
    Ok(())
}
