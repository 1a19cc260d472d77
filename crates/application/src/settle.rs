//! Looking after the files of one video at the media store: who may fetch them, and whether the film can be played yet.
//!
//! What has to be so stands in the row, what is so in the keys' marks; the difference is done at the store and noted in the
//! row again. Of all that do so for one video, one does at a time. Every step can be cut off anywhere and repeated.

mod learn;

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Id;
use aviary_domain::media::{MediaError, Progress};
use aviary_domain::video::{MediaTask, Settlement, StatusChange, Video, VideoStatus};

use crate::again::wait;
use crate::{Chain, Error, Ports};

pub(crate) use learn::failed;

/// How long one video is looked after without a pause. Whoever is cut off lets others go on after this.
const LEASE_LIFE: Duration = Duration::from_mins(2);
/// How long one look may take: it ends before its lease does, so that nobody works on without one.
const LONGEST_LOOK: Duration = Duration::from_secs(110);
/// How long somebody who changed a video waits for its files to follow; what takes longer goes on behind their back.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a video is looked at anew because it changed meanwhile, before that is left to a later time.
const LOOKS: usize = 3;
/// The wait before a task is tried again; it doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// How a look at a video ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing is left to do.
    Settled,
    /// The media store is still at work.
    Waiting,
    /// The media store could not be asked, or the video changed all the time.
    Failing,
    /// Somebody else is looking after the video.
    Busy,
}

/// A look at a video.
#[derive(Debug)]
pub(crate) struct Look {
    /// How it ended.
    pub(crate) verdict: Verdict,
    /// The video as it was then; `None` when it is gone, or somebody else is looking after it.
    pub(crate) video: Option<Video>,
}

/// Looks after videos.
#[derive(Clone)]
pub(crate) struct Upkeep {
    ports: Arc<Ports>,
}

impl Upkeep {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Does what a task asks for; `true` when it is done.
    pub(crate) async fn work_off(&self, task: MediaTask) -> Result<bool, Error> {
        let tasks = &self.ports.store.media_tasks;
        let verdict = match self.look(task.video, task.attempts, task.is_renewed).await {
            Ok(look) => look.verdict,
            Err(error) => {
                tracing::warn!(video = %task.video, error = %Chain(&error), "a video could not be looked after");
                Verdict::Failing
            }
        };
        match verdict {
            Verdict::Settled => tasks.done(&task).await?,
            Verdict::Waiting | Verdict::Failing => {
                let wait = wait(FIRST_WAIT, task.attempts, LONGEST_WAIT);
                tasks.postpone(&task, self.ports.clock.now().after(wait)).await?;
            }
            Verdict::Busy => {}
        }
        Ok(verdict == Verdict::Settled)
    }

    /// Looks after a video that was just changed, and answers with it as it is then; `None` when there was nothing to do, or
    /// it could not be done yet. What is left is the task's, which the change has made.
    pub(crate) async fn follow(&self, video: &Video) -> Option<Video> {
        if self.is_settled(video) {
            return None;
        }
        match tokio::time::timeout(PATIENCE, self.look(video.id, 0, false)).await {
            Ok(Ok(look)) => look.video,
            Ok(Err(error)) => {
                tracing::warn!(video = %video.id, error = %Chain(&error), "a video's files are left to the sweeper");
                None
            }
            Err(_) => None,
        }
    }

    /// Looks after a video. `attempts` says how long the media store has been waited for. With `distrust`, who may fetch its
    /// files is set whatever their keys say.
    ///
    /// Goes on to its end when who asked hangs up or loses patience: half the work helps nobody, and its lease would keep
    /// everybody else from the other half.
    pub(crate) async fn look(&self, id: Id<Video>, attempts: u32, distrust: bool) -> Result<Look, Error> {
        let upkeep = self.clone();
        let work = tokio::spawn(async move { upkeep.alone(id, upkeep.look_again(id, attempts, distrust)).await });
        let look = work.await.map_err(|fault| Error::Internal(fault.into()))??;
        Ok(look.unwrap_or(Look { verdict: Verdict::Busy, video: None }))
    }

    /// Has the media store do its work on a failed video again. `None` when the video is gone.
    pub(crate) async fn reprocess(&self, video: &Video) -> Result<Option<Video>, Error> {
        let (upkeep, video) = (self.clone(), video.clone());
        // To its end, as a look: what the store was asked for has to be noted.
        let work = tokio::spawn(async move {
            let outcome = upkeep.alone(video.id, upkeep.ask_again(&video)).await?;
            let busy = || Error::Unavailable("the video is being looked after at the moment".into());
            let Some(video) = outcome.ok_or_else(busy)? else { return Ok(None) };
            // One that the store works on is left to its task: asked in the same moment, the store might tell of before.
            let followed = match video.status {
                VideoStatus::Processing => None,
                VideoStatus::Ready | VideoStatus::Failed(_) => upkeep.follow(&video).await,
            };
            Ok(Some(followed.unwrap_or(video)))
        });
        work.await.map_err(|fault| Error::Internal(fault.into()))?
    }

    /// The store is asked before the row is changed: when it cannot be reached, nothing has happened.
    async fn ask_again(&self, video: &Video) -> Result<Option<Video>, Error> {
        let progress = self.ports.upkeep.reprocess(&video.file).await;
        let progress = progress.map_err(|error| Error::of_file("videoFile", error))?;
        let mut said = Settlement::default();
        let to = match progress {
            Progress::Pending => VideoStatus::Processing,
            Progress::Failed(reason) => failed(&reason),
            Progress::Ready(key) => {
                said = self.under_film(video, key);
                VideoStatus::Ready
            }
        };
        said.status = Some(StatusChange { from: video.status.clone(), to });
        Ok(self.ports.store.videos.settle(video.id, &said, self.ports.clock.now()).await?)
    }

    /// Does something as the only one that looks after a video; `None` while somebody else does.
    async fn alone<T>(&self, id: Id<Video>, work: impl Future<Output = Result<T, Error>>) -> Result<Option<T>, Error> {
        // A holder for each time, since the same holder would be let in twice.
        let (lease, holder) = (format!("video:{id}"), self.ports.ids.next::<Self>().to_string());
        let leases = &self.ports.store.leases;
        if !leases.acquire(&lease, &holder, LEASE_LIFE).await? {
            return Ok(None);
        }
        let outcome = tokio::time::timeout(LONGEST_LOOK, work).await;
        if let Err(error) = leases.release(&lease, &holder).await {
            tracing::warn!(lease, error = %Chain(&error), "a lease is left to its end");
        }
        match outcome {
            Ok(outcome) => outcome.map(Some),
            Err(elapsed) => Err(Error::Unavailable(elapsed.into())),
        }
    }

    async fn look_again(&self, id: Id<Video>, attempts: u32, mut distrust: bool) -> Result<Look, Error> {
        let videos = &self.ports.store.videos;
        for _ in 0..LOOKS {
            let Some(before) = videos.find(id).await? else {
                return Ok(Look { verdict: Verdict::Settled, video: None });
            };
            let (said, verdict) = self.learn(&before, attempts, distrust).await;
            if said == Settlement::default() {
                return Ok(Look { verdict, video: Some(before) });
            }
            let Some(after) = videos.settle(id, &said, self.ports.clock.now()).await? else {
                return Ok(Look { verdict: Verdict::Settled, video: None });
            };
            // A key that was not taken means that somebody else was at the store meanwhile, and that nobody knows whose
            // work came last there: it is done once more, whatever the keys say.
            distrust = passed_over(&said, &after);
            if !distrust && after.is_published == before.is_published {
                return Ok(Look { verdict, video: Some(after) });
            }
        }
        Ok(Look { verdict: Verdict::Failing, video: None })
    }
}

/// Whether the row has another key than the one that was told last.
fn passed_over(said: &Settlement, after: &Video) -> bool {
    let other = |change: &Option<_>, key| change.as_ref().is_some_and(|(_, told)| told != key);
    other(&said.film, &after.file) || other(&said.still, &after.thumbnail)
}

/// Tells the log why the store could not be asked.
fn log_failure(video: &Video, what: &str, error: &MediaError) {
    tracing::warn!(video = %video.id, what, error = %Chain(error), "the media store could not be asked and is asked again");
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::learn::LAST_ATTEMPT;
    use super::{FIRST_WAIT, LONGEST_WAIT};

    #[test]
    fn the_waits_grow_to_five_minutes_and_come_to_a_day_before_the_store_is_given_up() {
        let wait = |attempts| crate::again::wait(FIRST_WAIT, attempts, LONGEST_WAIT);
        assert_eq!(
            (wait(0), wait(1), wait(u32::MAX)),
            (Duration::from_secs(10), Duration::from_secs(20), LONGEST_WAIT)
        );
        let waited: Duration = (0..LAST_ATTEMPT).map(wait).sum();
        assert!(waited >= Duration::from_hours(24) && waited < Duration::from_hours(25), "{waited:?}");
    }
}
