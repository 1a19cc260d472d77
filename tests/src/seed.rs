//! Videos put straight into the store, for tests that are about something else than uploading. They have no files:
//! their `bytes` are 0, by which the checks of the data folder know them.

use std::sync::atomic::{AtomicU64, Ordering};

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::user::User;
use aviary_domain::video::{Description, Title, Video, VideoStatus};
use aviary_domain::{Id, Timestamp};

use crate::{Person, TestServer};

/// 2020-01-01T00:00:00Z, where the times of seeded videos begin: before any test.
const BEGINNING: i64 = 1_577_836_800_000;
/// 2100-01-01T00:00:00Z, long after any test.
const END: Timestamp = Timestamp::from_millis(4_102_444_800_000);

static COUNT: AtomicU64 = AtomicU64::new(1);

impl TestServer {
    /// A published video and its id; each is a second younger than the one before.
    pub async fn video(&self, owner: &Person, title: &str) -> String {
        self.video_with(owner, title, |_| {}).await
    }

    /// A published video that differs in something.
    pub async fn video_with(&self, owner: &Person, title: &str, change: impl FnOnce(&mut Video)) -> String {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 16];
        random[8..].copy_from_slice(&count.to_be_bytes());
        let mut raw = [0; 12];
        raw[4..].copy_from_slice(&count.to_be_bytes());
        let created_at = Timestamp::from_millis(BEGINNING + i64::try_from(count).expect("a small count") * 1000);
        let mut video = Video {
            id: Id::from_bytes(raw),
            owner: Id::<User>::parse(&owner.id).expect("an id"),
            file: FileKey::new(FileFormat::Mp4, random),
            thumbnail: FileKey::new(FileFormat::Png, random),
            title: Title::parse(title).expect("a title"),
            description: Description::parse("").expect("a description"),
            duration: 1.5,
            width: 64,
            height: 48,
            bytes: 0,
            thumbnail_bytes: 0,
            status: VideoStatus::Ready,
            is_published: true,
            views: 0,
            likes_count: 0,
            comments_count: 0,
            created_at,
            updated_at: created_at,
        };
        change(&mut video);
        let files = [video.file.clone(), video.thumbnail.clone()];
        let id = video.id.to_string();
        self.on_store(|store| async move {
            store.files.reserve(&files, END).await.expect("a reservation");
            store.videos.create(&video, None, None).await.expect("a video");
        })
        .await;
        id
    }
}
