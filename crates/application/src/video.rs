//! Videos: publishing, listing, watching, changing, deleting.

use std::sync::Arc;

use aviary_domain::Id;
use aviary_domain::idempotency::Once;
use aviary_domain::media::{ImageRole, PreparedFile, Upload};
use aviary_domain::page::{Page, PageSize, SortDirection};
use aviary_domain::search::SearchWords;
use aviary_domain::user::User;
use aviary_domain::video::{
    Description, Title, Video, VideoCard, VideoChange, VideoDetail, VideoOrder, VideoQuery, VideoScope, VideoSort,
    Viewer, Visit,
};
use aviary_domain::{InvalidValue, media::PreparedVideo};

use crate::error::{Error, Noun};
use crate::input::Fields;
use crate::once::{Creation, IdempotencyKey, Part, Sender};
use crate::{Actor, ListParams, Policy, Ports, Sweeper};

/// What somebody fills in to publish a video.
#[derive(Default)]
pub struct Publication {
    /// The title.
    pub title: Option<String>,
    /// What it is about; may be left out.
    pub description: Option<String>,
    /// The film.
    pub video_file: Option<Box<dyn Upload>>,
    /// The still; taken from the film when left out.
    pub thumbnail: Option<Box<dyn Upload>>,
}

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
}

impl Videos {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>, sweeper: Sweeper) -> Self {
        Self { ports, policy, sweeper }
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

    /// Publishes a video; with a key, once.
    pub async fn publish(
        &self,
        actor: Actor,
        input: Publication,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<VideoCard>, Error> {
        let form = read_publication(input)?;
        let parts = [
            Part::Text(form.title.as_str()),
            Part::Text(form.description.as_str()),
            Part::File(Some(form.video_file.as_ref())),
            Part::File(form.thumbnail.as_deref()),
        ];
        let note = self.ports.note(key, Sender::User(actor.user), &parts)?;
        let make = self.make(actor, form, note);
        self.ports.create_once(note, async |id| self.recall(actor, Id::from_bytes(id)).await, make).await
    }

    async fn make(&self, actor: Actor, form: PublicationForm, note: Option<Once>) -> Result<VideoCard, Error> {
        let film = self.ports.media.prepare_video(form.video_file).await;
        let film = film.map_err(|error| Error::of_file("videoFile", error))?;
        let still = self.still(&film, form.thumbnail).await?;
        let now = self.ports.clock.now();
        let video = Video {
            id: self.ports.ids.next(),
            owner: actor.user,
            file: self.ports.name_file(&film.file),
            thumbnail: self.ports.name_file(&still),
            title: form.title,
            description: form.description,
            duration: film.facts.duration,
            width: film.facts.width,
            height: film.facts.height,
            bytes: film.file.upload.bytes(),
            is_published: true,
            views: 0,
            likes_count: 0,
            comments_count: 0,
            created_at: now,
            updated_at: now,
        };
        let files = vec![("videoFile", film.file, video.file.clone()), ("thumbnail", still, video.thumbnail.clone())];
        let videos = self.ports.store.videos.clone();
        let row = async move { Ok(videos.create(&video, note).await?) };
        let outcome = self.ports.store_with_row(files, row).await;
        self.sweeper.nudge_after(&outcome);
        outcome
    }

    /// A video of the actor's as it was when it was new, as far as that is known.
    async fn recall(&self, actor: Actor, id: Id<Video>) -> Result<Option<VideoCard>, Error> {
        let Some(video) = self.ports.store.videos.find(id).await? else { return Ok(None) };
        let owner = self.ports.card_of(actor).await?;
        let video = Video { is_published: true, views: 0, likes_count: 0, comments_count: 0, ..video };
        Ok(Some(VideoCard { video, owner }))
    }

    /// Opens a video's page: counts the view, remembers it in the history of a signed-in viewer.
    pub async fn watch(&self, id: Id<Video>, viewer: Viewer) -> Result<VideoDetail, Error> {
        let visit = Visit { video: id, viewer, now: self.ports.clock.now(), window: self.policy.view_window };
        self.ports.store.videos.watch(&visit).await?.ok_or(Error::NotFound(Noun::Video))
    }

    /// Changes title, description or still.
    pub async fn edit(&self, actor: Actor, id: Id<Video>, edit: VideoEdit) -> Result<VideoCard, Error> {
        self.own(actor, id).await?;
        let mut fields = Fields::default();
        let title = fields.optional("title", edit.title.as_deref(), Title::parse);
        let description = fields.optional("description", edit.description.as_deref(), Description::parse);
        if edit.title.is_none() && edit.description.is_none() && edit.thumbnail.is_none() {
            fields.refuse("title", "or description or thumbnail is required");
        }
        fields.check()?;
        let mut change = VideoChange { title, description, thumbnail: None };
        let mut files = vec![];
        if let Some(upload) = edit.thumbnail {
            let still = self.ports.prepare_image("thumbnail", upload, ImageRole::Thumbnail).await?;
            let key = self.ports.name_file(&still);
            change.thumbnail = Some(key.clone());
            files.push(("thumbnail", still, key));
        }
        let (videos, now) = (self.ports.store.videos.clone(), self.ports.clock.now());
        let row = async move { found(videos.update(id, &change, now).await?) };
        if files.is_empty() {
            return row.await;
        }
        let outcome = self.ports.store_with_row(files, row).await;
        self.sweeper.nudge();
        outcome
    }

    /// Publishes an unpublished video and the other way round.
    pub async fn toggle_published(&self, actor: Actor, id: Id<Video>) -> Result<VideoCard, Error> {
        self.own(actor, id).await?;
        found(self.ports.store.videos.toggle_published(id, self.ports.clock.now()).await?)
    }

    /// Deletes a video with all that hangs on it.
    pub async fn delete(&self, actor: Actor, id: Id<Video>) -> Result<(), Error> {
        self.own(actor, id).await?;
        let existed = self.ports.store.videos.delete(id, self.ports.clock.now()).await?;
        self.sweeper.purge_now().await;
        if existed { Ok(()) } else { Err(Error::NotFound(Noun::Video)) }
    }

    /// Lets only the owner pass. A stranger learns of an unpublished video as little as of an absent one.
    async fn own(&self, actor: Actor, id: Id<Video>) -> Result<(), Error> {
        let video = self.ports.store.videos.find(id).await?;
        let video = video.filter(|video| video.is_visible_to(Some(actor.user))).ok_or(Error::NotFound(Noun::Video))?;
        if video.owner == actor.user { Ok(()) } else { Err(Error::Forbidden("Only its owner may change a video")) }
    }

    async fn still(&self, film: &PreparedVideo, upload: Option<Box<dyn Upload>>) -> Result<PreparedFile, Error> {
        if let Some(upload) = upload {
            return self.ports.prepare_image("thumbnail", upload, ImageRole::Thumbnail).await;
        }
        let poster = self.ports.media.poster(film).await.map_err(|error| Error::of_file("videoFile", error))?;
        poster.ok_or_else(|| Error::invalid("thumbnail", "is required: this server cannot take a still from a video"))
    }
}

struct PublicationForm {
    title: Title,
    description: Description,
    video_file: Box<dyn Upload>,
    thumbnail: Option<Box<dyn Upload>>,
}

fn read_publication(input: Publication) -> Result<PublicationForm, Error> {
    let mut fields = Fields::default();
    let title = fields.required("title", input.title.as_deref(), Title::parse);
    let description = fields.required("description", input.description.as_deref().or(Some("")), Description::parse);
    let video_file = fields.present("videoFile", input.video_file);
    match (title, description, video_file) {
        (Some(title), Some(description), Some(video_file)) => {
            Ok(PublicationForm { title, description, video_file, thumbnail: input.thumbnail })
        }
        _ => Err(fields.into_error()),
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
