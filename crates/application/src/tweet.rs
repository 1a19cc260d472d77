//! Tweets: writing, listing, changing, deleting.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::page::{ListOrder, Page, PageSize};
use aviary_domain::tweet::{Tweet, TweetCard, TweetText};
use aviary_domain::user::User;

use crate::error::{Error, Noun};
use crate::input::Fields;
use crate::once::{Creation, IdempotencyKey, Part, Sender};
use crate::{Actor, ListParams, Ports, Sweeper};

/// The use cases of tweets.
#[derive(Clone)]
pub struct Tweets {
    ports: Arc<Ports>,
    sweeper: Sweeper,
}

impl Tweets {
    pub(crate) fn new(ports: Arc<Ports>, sweeper: Sweeper) -> Self {
        Self { ports, sweeper }
    }

    /// Writes a tweet; with a key, once.
    pub async fn create(
        &self,
        actor: Actor,
        content: Option<&str>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<TweetCard>, Error> {
        let content = read(content)?;
        let note = self.ports.note(key, Sender::User(actor.user), &[Part::Text(content.as_str())])?;
        let make = async {
            let now = self.ports.clock.now();
            let id = self.ports.ids.next();
            let tweet = Tweet { id, owner: actor.user, content, likes_count: 0, created_at: now, updated_at: now };
            Ok(self.ports.store.tweets.create(&tweet, note).await?)
        };
        self.ports.create_once(note, async |id| self.recall(actor, Id::from_bytes(id)).await, make).await
    }

    /// A tweet of the actor's as it was when it was new, as far as that is known.
    async fn recall(&self, actor: Actor, id: Id<Tweet>) -> Result<Option<TweetCard>, Error> {
        let Some(tweet) = self.ports.store.tweets.find(id).await? else { return Ok(None) };
        let owner = self.ports.card_of(actor).await?;
        Ok(Some(TweetCard { tweet: Tweet { likes_count: 0, ..tweet }, owner, is_liked: false }))
    }

    /// Everybody's tweets, newest first.
    pub async fn list(&self, viewer: Option<Actor>, part: &ListParams) -> Result<Page<TweetCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::DEFAULT)?;
        Ok(self.ports.store.tweets.list(viewer.map(|actor| actor.user), &page).await?)
    }

    /// One user's tweets, newest first.
    pub async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Actor>,
        part: &ListParams,
    ) -> Result<Page<TweetCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        let tweets = self.ports.store.tweets.list_by(owner, viewer.map(|actor| actor.user), &page).await?;
        tweets.ok_or(Error::NotFound(Noun::User))
    }

    /// Changes the text.
    pub async fn edit(&self, actor: Actor, id: Id<Tweet>, content: Option<&str>) -> Result<TweetCard, Error> {
        self.own(actor, id).await?;
        let tweet = self.ports.store.tweets.update(id, &read(content)?, self.ports.clock.now()).await?;
        tweet.ok_or(Error::NotFound(Noun::Tweet))
    }

    /// Deletes a tweet with its likes.
    pub async fn delete(&self, actor: Actor, id: Id<Tweet>) -> Result<(), Error> {
        self.own(actor, id).await?;
        let existed = self.ports.store.tweets.delete(id).await?;
        self.sweeper.purge_now().await;
        if existed { Ok(()) } else { Err(Error::NotFound(Noun::Tweet)) }
    }

    async fn own(&self, actor: Actor, id: Id<Tweet>) -> Result<(), Error> {
        let tweet = self.ports.store.tweets.find(id).await?.ok_or(Error::NotFound(Noun::Tweet))?;
        if tweet.owner == actor.user { Ok(()) } else { Err(Error::Forbidden("Only its author may change a tweet")) }
    }
}

fn read(content: Option<&str>) -> Result<TweetText, Error> {
    let mut fields = Fields::default();
    fields.required("content", content, TweetText::parse).ok_or_else(|| fields.into_error())
}
