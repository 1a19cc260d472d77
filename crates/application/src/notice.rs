//! What the media store tells by itself of its work on films.

use std::sync::Arc;

use aviary_domain::media::notice::SignedCall;
use aviary_domain::video::{Settlement, StatusChange, VideoStatus};

use crate::settle::{Upkeep, Verdict};
use crate::{Chain, Error, Ports, Sweeper};

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
        let Some(notice) = self.ports.notices.read(&call, now).map_err(Error::Notice)? else { return Ok(()) };
        let videos = &self.ports.store.videos;
        let Some(video) = videos.find_processing(&notice.film).await? else { return Ok(()) };
        let verdict = match self.upkeep.look(video.id, 0).await {
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
            videos.settle(video.id, &again, now).await?;
            self.sweeper.nudge();
        }
        Ok(())
    }
}
