//! What the media store tells by itself of its work on films.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::file::FileKey;
use aviary_domain::media::notice::SignedCall;
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};

use crate::settle::{Upkeep, Verdict};
use crate::{Chain, Error, Ports, Sweeper};

/// How long a call about a film that has no video yet waits for it, and looks again. The store may be done with a small film
/// before whoever sent it there has written the row; after this the video's task finds out.
const WAITS: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

/// The use case of the media store's calls.
#[derive(Clone)]
pub struct Notices {
    ports: Arc<Ports>,
    upkeep: Upkeep,
    sweeper: Sweeper,
}

impl Notices {
    pub(crate) fn new(ports: Arc<Ports>, upkeep: Upkeep, sweeper: Sweeper) -> Self {
        Self { ports, upkeep, sweeper }
    }

    /// Takes a call of the media store. [`Error::Notice`] when it is not believed.
    ///
    /// A genuine call says that there is something to learn about a film, not what: calls may come late, twice and in any
    /// order, and one that tells of an earlier attempt looks like one that tells of the last. What is so by now, the store
    /// itself is asked. So a call that comes again changes nothing, and one that gets lost costs time only.
    pub async fn receive(&self, call: SignedCall) -> Result<(), Error> {
        let now = self.ports.clock.now();
        let Some(film) = self.ports.notices.read(&call, now).map_err(Error::Notice)? else { return Ok(()) };
        let Some(video) = self.video_of(&film).await? else { return Ok(()) };
        let verdict = match self.upkeep.look(video.id, 0, false).await {
            Ok(look) => look.verdict,
            Err(error) => {
                tracing::warn!(video = %video.id, error = %Chain(&error), "a notice could not be followed at once");
                Verdict::Failing
            }
        };
        if verdict != Verdict::Settled {
            // Looked at again soon, and not only when the task's long wait is over.
            let status = StatusChange { from: VideoStatus::Processing, to: VideoStatus::Processing };
            let again = Settlement { status: Some(status), ..Settlement::default() };
            self.ports.store.videos.settle(video.id, &again, now).await?;
            self.sweeper.nudge();
        }
        Ok(())
    }

    /// The video that waits for a film. One whose name is taken and that has no row yet is waited for.
    async fn video_of(&self, film: &FileKey) -> Result<Option<Video>, Error> {
        let videos = &self.ports.store.videos;
        for wait in WAITS {
            let found = videos.find_processing(film).await?;
            if found.is_some() || !videos.is_hidden_file(film).await? {
                return Ok(found);
            }
            tokio::time::sleep(wait).await;
        }
        Ok(videos.find_processing(film).await?)
    }
}
