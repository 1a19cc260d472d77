//! The actor's own watch history.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::history::HistoryEntry;
use aviary_domain::page::{ListOrder, Page, PageSize};
use aviary_domain::video::Video;

use crate::{Actor, Error, ListParams, Ports};

/// The use cases of watch history.
#[derive(Clone)]
pub struct History {
    ports: Arc<Ports>,
}

impl History {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// What the actor watched, latest first.
    pub async fn list(&self, actor: Actor, part: &ListParams) -> Result<Page<HistoryEntry>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        Ok(self.ports.store.history.list(actor.user, &page).await?)
    }

    /// Forgets one video.
    pub async fn remove(&self, actor: Actor, video: Id<Video>) -> Result<(), Error> {
        Ok(self.ports.store.history.remove(actor.user, video).await?)
    }

    /// Forgets everything.
    pub async fn clear(&self, actor: Actor) -> Result<(), Error> {
        Ok(self.ports.store.history.clear(actor.user).await?)
    }
}
