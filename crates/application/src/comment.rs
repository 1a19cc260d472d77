//! Comments: writing, listing, changing, deleting.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::comment::{Comment, CommentCard, CommentText, PlacedComment};
use aviary_domain::page::{ListOrder, Page, PageSize};
use aviary_domain::video::Video;

use crate::error::{Error, Noun};
use crate::input::Fields;
use crate::once::{Creation, IdempotencyKey, Part, Sender};
use crate::{Actor, ListParams, Ports, Sweeper};

/// The use cases of comments.
#[derive(Clone)]
pub struct Comments {
    ports: Arc<Ports>,
    sweeper: Sweeper,
}

impl Comments {
    pub(crate) fn new(ports: Arc<Ports>, sweeper: Sweeper) -> Self {
        Self { ports, sweeper }
    }

    /// Comments on a video that the actor can see; with a key, once.
    pub async fn create(
        &self,
        actor: Actor,
        video: Id<Video>,
        content: Option<&str>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<CommentCard>, Error> {
        let content = read(content)?;
        let note = self.ports.note(key, Sender::User(actor.user), &[Part::Text(content.as_str())])?;
        let make = async {
            let now = self.ports.clock.now();
            let comment = Comment {
                id: self.ports.ids.next(),
                video,
                owner: actor.user,
                content,
                likes_count: 0,
                created_at: now,
                updated_at: now,
            };
            self.ports.store.comments.create(&comment, note).await?.ok_or(Error::NotFound(Noun::Video))
        };
        self.ports.create_once(note, async |id| self.recall(actor, Id::from_bytes(id)).await, make).await
    }

    /// A comment of the actor's as it was when it was new, as far as that is known.
    async fn recall(&self, actor: Actor, id: Id<Comment>) -> Result<Option<CommentCard>, Error> {
        let Some(placed) = self.ports.store.comments.find(id, Some(actor.user)).await? else { return Ok(None) };
        let owner = self.ports.card_of(actor).await?;
        Ok(Some(CommentCard { comment: Comment { likes_count: 0, ..placed.comment }, owner, is_liked: false }))
    }

    /// A video's comments, newest first.
    pub async fn list(
        &self,
        video: Id<Video>,
        viewer: Option<Actor>,
        part: &ListParams,
    ) -> Result<Page<CommentCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::DEFAULT)?;
        let comments = self.ports.store.comments.list(video, viewer.map(|actor| actor.user), &page).await?;
        comments.ok_or(Error::NotFound(Noun::Video))
    }

    /// Changes the text; its author alone may.
    pub async fn edit(&self, actor: Actor, id: Id<Comment>, content: Option<&str>) -> Result<CommentCard, Error> {
        let placed = self.placed(actor, id).await?;
        if placed.comment.owner != actor.user {
            return Err(Error::Forbidden("Only its author may change a comment"));
        }
        let comment = self.ports.store.comments.update(id, &read(content)?, self.ports.clock.now()).await?;
        comment.ok_or(Error::NotFound(Noun::Comment))
    }

    /// Deletes a comment with its likes; its author and the owner of the video may.
    pub async fn delete(&self, actor: Actor, id: Id<Comment>) -> Result<(), Error> {
        let placed = self.placed(actor, id).await?;
        if placed.comment.owner != actor.user && placed.video_owner != actor.user {
            return Err(Error::Forbidden("Only its author and the owner of the video may delete a comment"));
        }
        let existed = self.ports.store.comments.delete(id).await?;
        self.sweeper.purge_now().await;
        if existed { Ok(()) } else { Err(Error::NotFound(Noun::Comment)) }
    }

    async fn placed(&self, actor: Actor, id: Id<Comment>) -> Result<PlacedComment, Error> {
        self.ports.store.comments.find(id, Some(actor.user)).await?.ok_or(Error::NotFound(Noun::Comment))
    }
}

fn read(content: Option<&str>) -> Result<CommentText, Error> {
    let mut fields = Fields::default();
    fields.required("content", content, CommentText::parse).ok_or_else(|| fields.into_error())
}
