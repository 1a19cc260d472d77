//! Playlists: making, showing, filling, changing, deleting.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::page::{ListOrder, Page, PageRequest, PageSize};
use aviary_domain::playlist::{Added, MAX_PLAYLIST_VIDEOS, Playlist, PlaylistCard, PlaylistChange, PlaylistName};
use aviary_domain::user::User;
use aviary_domain::video::{Description, Video};

use crate::error::{Error, Noun};
use crate::input::Fields;
use crate::once::{Creation, IdempotencyKey, Part, Sender};
use crate::{Actor, ListParams, Ports};

/// What somebody fills in for a playlist.
#[derive(Debug, Clone, Default)]
pub struct PlaylistInput {
    /// The name.
    pub name: Option<String>,
    /// What it is about; may be left out.
    pub description: Option<String>,
}

/// The use cases of playlists. Anybody may see a playlist; its owner alone may change it.
#[derive(Clone)]
pub struct Playlists {
    ports: Arc<Ports>,
}

impl Playlists {
    pub(crate) fn new(ports: Arc<Ports>) -> Self {
        Self { ports }
    }

    /// Makes an empty playlist; with a key, once.
    pub async fn create(
        &self,
        actor: Actor,
        input: &PlaylistInput,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<PlaylistCard>, Error> {
        let mut fields = Fields::default();
        let name = fields.required("name", input.name.as_deref(), PlaylistName::parse);
        let description = fields.required("description", input.description.as_deref().or(Some("")), Description::parse);
        let (Some(name), Some(description)) = (name, description) else { return Err(fields.into_error()) };
        let parts = [Part::Text(name.as_str()), Part::Text(description.as_str())];
        let note = self.ports.note(key, Sender::User(actor.user), &parts)?;
        let make = async {
            let now = self.ports.clock.now();
            let id = self.ports.ids.next();
            let playlist = Playlist { id, owner: actor.user, name, description, created_at: now, updated_at: now };
            Ok(self.ports.store.playlists.create(&playlist, note).await?)
        };
        self.ports.create_once(note, async |id| self.recall(actor, Id::from_bytes(id)).await, make).await
    }

    /// A playlist of the actor's as it was when it was new, as far as that is known.
    async fn recall(&self, actor: Actor, id: Id<Playlist>) -> Result<Option<PlaylistCard>, Error> {
        let Some(playlist) = self.ports.store.playlists.find(id).await? else { return Ok(None) };
        let owner = self.ports.card_of(actor).await?;
        let videos = Page { items: Vec::new(), total: Some(0), next: None };
        Ok(Some(PlaylistCard { playlist, owner, total_videos: 0, total_views: 0, videos }))
    }

    /// A playlist with a page of its videos.
    pub async fn show(
        &self,
        id: Id<Playlist>,
        viewer: Option<Actor>,
        part: &ListParams,
    ) -> Result<PlaylistCard, Error> {
        let videos = part.request(ListOrder::Position, PageSize::MAX)?;
        let card = self.ports.store.playlists.show(id, viewer.map(|actor| actor.user), &videos).await?;
        card.ok_or(Error::NotFound(Noun::Playlist))
    }

    /// A user's playlists, newest first.
    pub async fn list_by(
        &self,
        owner: Id<User>,
        viewer: Option<Actor>,
        part: &ListParams,
    ) -> Result<Page<PlaylistCard>, Error> {
        let page = part.request(ListOrder::Newest, PageSize::MAX)?;
        let playlists = self.ports.store.playlists.list_by(owner, viewer.map(|actor| actor.user), &page).await?;
        playlists.ok_or(Error::NotFound(Noun::User))
    }

    /// Changes name or description.
    pub async fn edit(&self, actor: Actor, id: Id<Playlist>, input: &PlaylistInput) -> Result<PlaylistCard, Error> {
        self.own(actor, id).await?;
        let mut fields = Fields::default();
        let name = fields.optional("name", input.name.as_deref(), PlaylistName::parse);
        let description = fields.optional("description", input.description.as_deref(), Description::parse);
        if input.name.is_none() && input.description.is_none() {
            fields.refuse("name", "or description is required");
        }
        fields.check()?;
        let change = PlaylistChange { name, description };
        self.ports.store.playlists.update(id, &change, self.ports.clock.now()).await?;
        self.shown_to(actor, id).await
    }

    /// Deletes a playlist; its videos stay.
    pub async fn delete(&self, actor: Actor, id: Id<Playlist>) -> Result<(), Error> {
        self.own(actor, id).await?;
        let existed = self.ports.store.playlists.delete(id).await?;
        if existed { Ok(()) } else { Err(Error::NotFound(Noun::Playlist)) }
    }

    /// Puts a video at the end; one that is in the playlist keeps its place.
    pub async fn add_video(&self, actor: Actor, id: Id<Playlist>, video: Id<Video>) -> Result<PlaylistCard, Error> {
        self.own(actor, id).await?;
        match self.ports.store.playlists.add_video(id, video, self.ports.clock.now()).await? {
            Added::Present => self.shown_to(actor, id).await,
            Added::NoPlaylist => Err(Error::NotFound(Noun::Playlist)),
            Added::NoVideo => Err(Error::NotFound(Noun::Video)),
            Added::Full => Err(Error::invalid(
                "playlistId",
                format!("names a playlist that is full at {MAX_PLAYLIST_VIDEOS} videos"),
            )),
        }
    }

    /// Takes a video out; one that is not in the playlist is no error.
    pub async fn remove_video(&self, actor: Actor, id: Id<Playlist>, video: Id<Video>) -> Result<PlaylistCard, Error> {
        self.own(actor, id).await?;
        self.ports.store.playlists.remove_video(id, video, self.ports.clock.now()).await?;
        self.shown_to(actor, id).await
    }

    async fn own(&self, actor: Actor, id: Id<Playlist>) -> Result<(), Error> {
        let playlist = self.ports.store.playlists.find(id).await?.ok_or(Error::NotFound(Noun::Playlist))?;
        if playlist.owner == actor.user {
            Ok(())
        } else {
            Err(Error::Forbidden("Only its owner may change a playlist"))
        }
    }

    async fn shown_to(&self, actor: Actor, id: Id<Playlist>) -> Result<PlaylistCard, Error> {
        let card = self.ports.store.playlists.show(id, Some(actor.user), &PageRequest::first(PageSize::MAX)).await?;
        card.ok_or(Error::NotFound(Noun::Playlist))
    }
}
