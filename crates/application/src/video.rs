//! Videos: listing, watching, changing, deleting; publishing is in `publish`.

mod publish;

use std::sync::Arc;

use aviary_domain::file::FileKey;
use aviary_domain::media::{ImageRole, Upload};
use aviary_domain::page::{Page, PageSize, SortDirection};
use aviary_domain::search::SearchWords;
use aviary_domain::user::User;
use aviary_domain::video::{
    Description, NewStill, Title, Video, VideoCard, VideoChange, VideoDetail, VideoOrder, VideoQuery, VideoScope,
    VideoSort, VideoStatus, Viewer, Visit,
};
use aviary_domain::{Id, InvalidValue};

use crate::error::{Error, Noun};
use crate::filing::Kept;
use crate::input::Fields;
use crate::settle::Upkeep;
use crate::{Actor, ListParams, Policy, Ports, Sweeper};

pub use publish::{Publication, ReceiptInput};

/// What an owner changes of a video.
#[derive(Default)]
pub struct VideoEdit {
    /// The new title.
    pub title: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// The new still.
    pub thumbnail: Option<Box<dyn Upload>>,
}

/// Which videos are asked for, as it stood in the query.
#[derive(Debug, Clone, Default)]
pub struct VideoList {
    /// Words to search for.
    pub query: Option<String>,
    /// `createdAt`, `views`, `duration`, `title` or `likesCount`.
    pub sort_by: Option<String>,
    /// `asc` or `desc`.
    pub sort_type: Option<String>,
    /// Whose videos.
    pub user_id: Option<String>,
    /// Which part of the list.
    pub part: ListParams,
}

/// The use cases of videos.
#[derive(Clone)]
pub struct Videos {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
    sweeper: Sweeper,
    upkeep: Upkeep,
}

impl Videos {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>, sweeper: Sweeper, upkeep: Upkeep) -> Self {
        Self { ports, policy, sweeper, upkeep }
    }

    /// Published videos; with the actor's own user id, all of the actor's.
    pub async fn list(&self, list: &VideoList, viewer: Option<Actor>) -> Result<Page<VideoCard>, Error> {
        let mut fields = Fields::default();
        let owner = fields.optional("userId", list.user_id.as_deref(), Id::<User>::parse);
        let words = list.query.as_deref().and_then(SearchWords::parse);
        let sort = fields.optional("sortBy", list.sort_by.as_deref(), VideoSort::parse);
        let direction = fields.optional("sortType", list.sort_type.as_deref(), parse_direction);
        let order = match (sort, &words) {
            (None, Some(_)) => VideoOrder::Relevance,
            (sort, _) => {
                VideoOrder::By(sort.unwrap_or(VideoSort::CreatedAt), direction.unwrap_or(SortDirection::Descending))
            }
        };
        let Some(page) = list.part.read(&mut fields, order.list_order(), PageSize::DEFAULT) else {
            return Err(fields.into_error());
        };
        fields.check()?;
        let scope = match owner {
            None => VideoScope::Published,
            Some(owner) if viewer.is_some_and(|actor| actor.user == owner) => VideoScope::AllOf(owner),
            Some(owner) => VideoScope::PublishedBy(owner),
        };
        Ok(self.ports.store.videos.list(&VideoQuery { scope, words, order }, &page).await?)
    }

    /// All of the actor's own videos, newest first.
    pub async fn list_own(&self, actor: Actor, part: &ListParams) -> Result<Page<VideoCard>, Error> {
        let order = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Descending);
        let page = part.request(order.list_order(), PageSize::MAX)?;
        let query = VideoQuery { scope: VideoScope::AllOf(actor.user), words: None, order };
        Ok(self.ports.store.videos.list(&query, &page).await?)
    }

    /// Opens a video's page: counts the view, remembers it in the history of a signed-in viewer.
    pub async fn watch(&self, id: Id<Video>, viewer: Viewer) -> Result<VideoDetail, Error> {
        let visit = Visit { video: id, viewer, now: self.ports.clock.now(), window: self.policy.view_window };
        self.ports.store.videos.watch(&visit).await?.ok_or(Error::NotFound(Noun::Video))
    }

    /// Changes title, description or still.
    pub async fn edit(&self, actor: Actor, id: Id<Video>, edit: VideoEdit) -> Result<VideoCard, Error> {
        let before = self.own(actor, id).await?;
        let mut fields = Fields::default();
        let title = fields.optional("title", edit.title.as_deref(), Title::parse);
        let description = fields.optional("description", edit.description.as_deref(), Description::parse);
        if edit.title.is_none() && edit.description.is_none() && edit.thumbnail.is_none() {
            fields.refuse("title", "or description or thumbnail is required");
        }
        fields.check()?;
        let quota = self.policy.storage_quota;
        let mut change = VideoChange { title, description, thumbnail: None, quota };
        let (videos, now) = (self.ports.store.videos.clone(), self.ports.clock.now());
        let Some(upload) = edit.thumbnail else { return found(videos.update(id, &change, now).await?) };
        let still = self.ports.prepare_image("thumbnail", upload, ImageRole::Thumbnail).await?;
        let bytes = still.upload.bytes();
        self.ports.check_room(actor.user, bytes.saturating_sub(before.thumbnail_bytes), &self.policy).await?;
        let still = self.ports.name_file("thumbnail", still);
        let (name, clock) = (still.name.clone(), self.ports.clock.clone());
        let row = move |kept: Kept| async move {
            change.thumbnail = Some(NewStill { key: kept.key(&name), bytes });
            found(videos.update(id, &change, clock.now()).await?)
        };
        let outcome = self.ports.store_with_row(vec![still], row).await;
        self.sweeper.nudge();
        // A still is stored for everybody; where not everybody sees the video, it has to be closed.
        Ok(self.with_files_settled(outcome?).await)
    }

    /// Publishes an unpublished video and the other way round. Who may fetch its files follows at once where it can, else
    /// as soon as it can.
    pub async fn toggle_published(&self, actor: Actor, id: Id<Video>) -> Result<VideoCard, Error> {
        self.own(actor, id).await?;
        let card = found(self.ports.store.videos.toggle_published(id, self.ports.clock.now()).await?)?;
        Ok(self.with_files_settled(card).await)
    }

    /// Has the media store do its work again on a video that failed.
    pub async fn reprocess(&self, actor: Actor, id: Id<Video>) -> Result<VideoCard, Error> {
        let video = self.own(actor, id).await?;
        if !matches!(video.status, VideoStatus::Failed(_)) {
            return Err(Error::NotFailed);
        }
        let owner = self.ports.card_of(actor).await?;
        let video = self.upkeep.reprocess(&video).await?.ok_or(Error::NotFound(Noun::Video))?;
        self.sweeper.nudge();
        Ok(VideoCard { video, owner })
    }

    /// Whether only some may fetch the file of this name, or nobody.
    pub async fn is_hidden_file(&self, name: &FileKey) -> Result<bool, Error> {
        Ok(self.ports.store.videos.is_hidden_file(name).await?)
    }

    /// The same card once the files have followed the row, as far as that is done at once.
    async fn with_files_settled(&self, card: VideoCard) -> VideoCard {
        let Some(Video { file, thumbnail, status, .. }) = self.upkeep.follow(&card.video).await else { return card };
        VideoCard { video: Video { file, thumbnail, status, ..card.video }, ..card }
    }

    /// Deletes a video with all that hangs on it.
    pub async fn delete(&self, actor: Actor, id: Id<Video>) -> Result<(), Error> {
        self.own(actor, id).await?;
        let existed = self.ports.store.videos.delete(id, self.ports.clock.now()).await?;
        self.sweeper.purge_now().await;
        if existed { Ok(()) } else { Err(Error::NotFound(Noun::Video)) }
    }

    /// Lets only the owner pass. A stranger learns of an unpublished video as little as of an absent one.
    async fn own(&self, actor: Actor, id: Id<Video>) -> Result<Video, Error> {
        let video = self.ports.store.videos.find(id).await?;
        let video = video.filter(|video| video.is_visible_to(Some(actor.user))).ok_or(Error::NotFound(Noun::Video))?;
        if video.owner == actor.user { Ok(video) } else { Err(Error::Forbidden("Only its owner may change a video")) }
    }
}

fn found(card: Option<VideoCard>) -> Result<VideoCard, Error> {
    card.ok_or(Error::NotFound(Noun::Video))
}

fn parse_direction(text: &str) -> Result<SortDirection, InvalidValue> {
    match text {
        "asc" => Ok(SortDirection::Ascending),
        "desc" => Ok(SortDirection::Descending),
        _ => Err(InvalidValue::new("must be asc or desc")),
    }
}
