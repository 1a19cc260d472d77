//! What there is to learn, and to change, at the media store about one video.

use aviary_domain::file::FileKey;
use aviary_domain::media::{Access, FILM_MISSING, Progress};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};

use super::{Upkeep, Verdict, log_failure};

/// The attempt at which a film that is still not ready will never be: about a day after the first one.
pub(super) const LAST_ATTEMPT: u32 = 292;
/// The most characters of a reason.
const REASON_LENGTH: usize = 500;
/// Why a video failed with which the store never came to an end.
const TOO_LATE: &str = "Making the film playable took too long";

/// What was learnt, as it is gathered.
struct Lesson<'a> {
    video: &'a Video,
    film: FileKey,
    still: FileKey,
    status: Option<VideoStatus>,
    verdict: Verdict,
}

impl Upkeep {
    /// Whether, by its keys, a video needs nothing from the media store.
    pub(crate) fn is_settled(&self, video: &Video) -> bool {
        let (upkeep, access) = (&self.ports.upkeep, access_of(video));
        let still = &video.thumbnail;
        upkeep.has_access(&video.file, access)
            && (if still.is_derived() {
                *still == self.still_of(video, &video.file)
            } else {
                upkeep.has_access(still, access)
            })
            && match video.status {
                VideoStatus::Processing => false,
                VideoStatus::Ready => upkeep.is_ready(&video.file),
                VideoStatus::Failed(_) => true,
            }
    }

    /// Does at the store what a video needs, and tells what came of it. With `distrust`, who may fetch the files is set
    /// whatever their keys say.
    pub(super) async fn learn(&self, video: &Video, attempts: u32, distrust: bool) -> (Settlement, Verdict) {
        let (film, still) = (video.file.clone(), video.thumbnail.clone());
        let mut lesson = Lesson { video, film, still, status: None, verdict: Verdict::Settled };
        self.set_access_of_film(&mut lesson, distrust).await;
        if lesson.status.is_none() && lesson.verdict == Verdict::Settled {
            self.ask_progress(&mut lesson, attempts).await;
        }
        self.set_access_of_still(&mut lesson, distrust).await;
        lesson.told()
    }

    async fn set_access_of_film(&self, lesson: &mut Lesson<'_>, distrust: bool) {
        let access = access_of(lesson.video);
        if !distrust && self.ports.upkeep.has_access(&lesson.film, access) {
            return;
        }
        match self.ports.upkeep.set_access(&lesson.film, access).await {
            Ok(Some(key)) => lesson.film = key,
            Ok(None) => lesson.status = Some(failed(FILM_MISSING)),
            Err(error) => {
                log_failure(lesson.video, "access of the film", &error);
                lesson.verdict = Verdict::Failing;
            }
        }
    }

    /// A derived still is open to whom the film is.
    async fn set_access_of_still(&self, lesson: &mut Lesson<'_>, distrust: bool) {
        if lesson.still.is_derived() {
            lesson.still = self.still_of(lesson.video, &lesson.film);
            return;
        }
        let access = access_of(lesson.video);
        if !distrust && self.ports.upkeep.has_access(&lesson.still, access) {
            return;
        }
        match self.ports.upkeep.set_access(&lesson.still, access).await {
            Ok(Some(key)) => lesson.still = key,
            // The film can be watched without it, and nothing that is done here brings it back.
            Ok(None) => tracing::warn!(video = %lesson.video.id, key = %lesson.still, "a still is missing"),
            Err(error) => {
                log_failure(lesson.video, "access of the still", &error);
                lesson.verdict = Verdict::Failing;
            }
        }
    }

    /// A video that was ready stays so while the store does its work anew, as it may have to after a change of access: it
    /// can be watched as a file meanwhile.
    async fn ask_progress(&self, lesson: &mut Lesson<'_>, attempts: u32) {
        let processing = match lesson.video.status {
            VideoStatus::Processing => true,
            VideoStatus::Ready => false,
            VideoStatus::Failed(_) => return,
        };
        if self.ports.upkeep.is_ready(&lesson.film) {
            lesson.status = processing.then_some(VideoStatus::Ready);
            return;
        }
        match self.ports.upkeep.progress(&lesson.film).await {
            Ok(Progress::Ready(key)) => {
                lesson.film = key;
                lesson.status = processing.then_some(VideoStatus::Ready);
            }
            Ok(Progress::Failed(reason)) => lesson.status = processing.then(|| failed(&reason)),
            Ok(Progress::Pending) if attempts >= LAST_ATTEMPT => {
                lesson.status = processing.then(|| failed(TOO_LATE));
            }
            Ok(Progress::Pending) => lesson.verdict = Verdict::Waiting,
            Err(error) => {
                log_failure(lesson.video, "progress", &error);
                lesson.verdict = Verdict::Failing;
            }
        }
    }

    /// A new key of a film, and what follows from it for a derived still.
    pub(super) fn under_film(&self, video: &Video, film: FileKey) -> Settlement {
        let still = if video.thumbnail.is_derived() { self.still_of(video, &film) } else { video.thumbnail.clone() };
        let lesson = Lesson { video, film, still, status: None, verdict: Verdict::Settled };
        lesson.told().0
    }

    /// The derived still of a film under this key.
    fn still_of(&self, video: &Video, film: &FileKey) -> FileKey {
        self.ports.media.derived_poster(film).unwrap_or_else(|| video.thumbnail.clone())
    }
}

impl Lesson<'_> {
    /// What the row is told: only what is new.
    fn told(self) -> (Settlement, Verdict) {
        let new = |old: &FileKey, key: FileKey| (*old != key).then(|| (old.clone(), key));
        let from = &self.video.status;
        let said = Settlement {
            film: new(&self.video.file, self.film),
            still: new(&self.video.thumbnail, self.still),
            status: self.status.filter(|to| to != from).map(|to| StatusChange { from: from.clone(), to }),
        };
        (said, self.verdict)
    }
}

/// Who may fetch the files of a video. Those of one that is published and not ready yet are open already, under names that
/// nobody was told: else they would have to be opened, under other URLs, in the moment in which everybody sees the video.
fn access_of(video: &Video) -> Access {
    if video.is_published { Access::Public } else { Access::Private }
}

/// A failure, for a reason that may have any length.
pub(crate) fn failed(reason: &str) -> VideoStatus {
    VideoStatus::Failed(reason.chars().take(REASON_LENGTH).collect())
}
