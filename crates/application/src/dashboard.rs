//! The actor's own numbers.

use std::sync::Arc;

use aviary_domain::dashboard::ChannelStats;

use crate::error::{Error, Noun};
use crate::{Actor, Ports};

/// The use cases of the dashboard.
#[derive(Clone)]
pub struct Dashboard {
    ports: Arc<Ports>,
}

impl Dashboard {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// What the actor's channel has and received.
    pub async fn stats(&self, actor: Actor) -> Result<ChannelStats, Error> {
        self.ports.store.dashboard.stats(actor.user).await?.ok_or(Error::NotFound(Noun::User))
    }
}
