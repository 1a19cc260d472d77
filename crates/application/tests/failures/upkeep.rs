//! A media store as a bench has it whose keys tell what it has done: marks begin with `u` where everybody may fetch the file
//! and `a` where not, and end with `h` where the film can be played. Its stills are derived where the film's video says so.

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::Access;
use aviary_domain::test_support::fixture;
use aviary_domain::user::UserCard;
use aviary_domain::video::{Settlement, Video, VideoCard, VideoStatus};
use mockall::predicate::eq;

use crate::bench::{Bench, NOW, account, actor};

/// Has the media store read marks.
pub(crate) fn reads_marks(bench: &mut Bench) {
    let begins = |key: &FileKey, letter| key.mark().is_some_and(|mark| mark.starts_with(letter));
    bench
        .upkeep
        .expect_has_access()
        .returning(move |key, access| begins(key, if access == Access::Public { 'u' } else { 'a' }));
    bench.upkeep.expect_is_ready().returning(|film| film.mark().is_some_and(|mark| mark.ends_with('h')));
    bench.media.expect_derived_poster().returning(derived);
}

/// The still that is derived from a film.
pub(crate) fn derived(film: &FileKey) -> Option<FileKey> {
    FileKey::poster_of(film).map(|still| still.marked(film.mark().unwrap_or("0")))
}

/// A film of this mark.
pub(crate) fn film(mark: &str) -> FileKey {
    FileKey::new(FileFormat::Mp4, [7; 16]).marked(mark)
}

/// A still of this mark.
pub(crate) fn still(mark: &str) -> FileKey {
    FileKey::new(FileFormat::Jpeg, [8; 16]).marked(mark)
}

/// The actor's video, published and ready.
pub(crate) fn video() -> Video {
    Video {
        id: aviary_domain::Id::from_bytes([5; 12]),
        file: film("u1h"),
        thumbnail: still("u1"),
        status: VideoStatus::Ready,
        ..fixture::video(actor().user)
    }
}

pub(crate) fn processing() -> Video {
    Video { file: film("u1"), status: VideoStatus::Processing, ..video() }
}

pub(crate) fn failed(reason: &str) -> VideoStatus {
    VideoStatus::Failed(reason.to_owned())
}

pub(crate) fn card(video: Video) -> VideoCard {
    let user = account().user;
    let owner = UserCard { id: user.id, username: user.username, full_name: user.full_name, avatar: user.avatar };
    VideoCard { video, owner }
}

/// Somebody looks after the video once, alone.
pub(crate) fn alone(bench: &mut Bench) {
    let name = |lease: &str| lease == "video:050505050505050505050505";
    bench.store.leases.expect_acquire().withf(move |lease, _, _| name(lease)).once().returning(|_, _, _| Ok(true));
    bench.store.leases.expect_release().withf(move |lease, _| name(lease)).once().returning(|_, _| Ok(()));
}

/// The row is found like this.
pub(crate) fn found(bench: &mut Bench, video: Video) {
    bench.store.videos.expect_find().with(eq(video.id)).once().return_once(|_| Ok(Some(video)));
}

/// The row is told exactly this, and is like that afterwards.
pub(crate) fn told(bench: &mut Bench, said: Settlement, after: Option<Video>) {
    bench
        .store
        .videos
        .expect_settle()
        .withf(move |id, told, now| *id == video().id && *told == said && *now == NOW)
        .once()
        .return_once(|_, _, _| Ok(after));
}
