//! Likes of videos, comments and tweets.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::like::{Like, LikeNote, LikeState, LikeTarget, LikedVideo};
use aviary_domain::page::{ListOrder, Page, PageSize};

use crate::error::{Error, Noun};
use crate::input::Fields;
use crate::{Actor, ListParams, Ports};

/// What may be said with a like.
#[derive(Debug, Clone, Default)]
pub struct LikeInput {
    /// A note.
    pub description: Option<String>,
    /// The id of the user who led here.
    pub inviter_id: Option<String>,
}

/// The use cases of likes.
#[derive(Clone)]
pub struct Likes {
    ports: Arc<Ports>,
}

impl Likes {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Likes; liking what is liked changes nothing.
    pub async fn put(&self, actor: Actor, target: LikeTarget, input: &LikeInput) -> Result<LikeState, Error> {
        let like = self.read(actor, target, input)?;
        found(self.ports.store.likes.put(&like).await?, target)
    }

    /// Takes a like back; taking back none changes nothing.
    pub async fn remove(&self, actor: Actor, target: LikeTarget) -> Result<LikeState, Error> {
        found(self.ports.store.likes.remove(actor.user, target).await?, target)
    }

    /// Likes what is not liked and the other way round.
    pub async fn toggle(&self, actor: Actor, target: LikeTarget, input: &LikeInput) -> Result<LikeState, Error> {
        let like = self.read(actor, target, input)?;
        found(self.ports.store.likes.toggle(&like).await?, target)
    }

    /// The videos that the actor likes, latest like first.
    pub async fn liked_videos(&self, actor: Actor, part: &ListParams) -> Result<Page<LikedVideo>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        Ok(self.ports.store.likes.liked_videos(actor.user, &page).await?)
    }

    fn read(&self, actor: Actor, target: LikeTarget, input: &LikeInput) -> Result<Like, Error> {
        let mut fields = Fields::default();
        let description = fields.optional("description", input.description.as_deref(), LikeNote::parse);
        let inviter = fields.optional("inviterId", input.inviter_id.as_deref(), Id::parse);
        fields.check()?;
        let now = self.ports.clock.now();
        let id = self.ports.ids.next();
        Ok(Like { id, liked_by: actor.user, target, description, inviter, created_at: now })
    }
}

fn found(state: Option<LikeState>, target: LikeTarget) -> Result<LikeState, Error> {
    state.ok_or(Error::NotFound(match target {
        LikeTarget::Video(_) => Noun::Video,
        LikeTarget::Comment(_) => Noun::Comment,
        LikeTarget::Tweet(_) => Noun::Tweet,
    }))
}
