//! Publishing a video: of a film that came with the form, or of one that its sender has sent to the media store beforehand.

use aviary_domain::file::FileKey;
use aviary_domain::idempotency::Once;
use aviary_domain::media::direct::{Receipt, StoredFilm};
use aviary_domain::media::{ImageRole, MediaError, PreparedFile, Upload};
use aviary_domain::ticket::Ticket;
use aviary_domain::video::{Description, NewStill, Title, Video, VideoCard, VideoStatus};
use aviary_domain::{Id, InvalidValue};

use super::Videos;
use crate::Actor;
use crate::error::{Error, Noun};
use crate::filing::{Kept, NewFile};
use crate::input::Fields;
use crate::once::{Creation, IdempotencyKey, Part, Sender};

/// What somebody fills in to publish a video.
#[derive(Default)]
pub struct Publication {
    /// The title.
    pub title: Option<String>,
    /// What it is about; may be left out.
    pub description: Option<String>,
    /// The film.
    pub video_file: Option<Box<dyn Upload>>,
    /// In place of the film, the receipt for one that lies in the media store already.
    pub upload: Option<ReceiptInput>,
    /// The still; taken from the film when left out.
    pub thumbnail: Option<Box<dyn Upload>>,
}

/// What the media store answered to who sent it a film.
#[derive(Debug, Clone, Default)]
pub struct ReceiptInput {
    /// The name.
    pub public_id: Option<String>,
    /// The version.
    pub version: Option<u64>,
    /// The signature over both.
    pub signature: Option<String>,
}

struct PublicationForm {
    title: Title,
    description: Description,
    film: Film,
    thumbnail: Option<Box<dyn Upload>>,
}

enum Film {
    /// It came with the form.
    Received(Box<dyn Upload>),
    /// It lies in the media store.
    Sent(Receipt),
}

/// All of a new video but its files.
struct Draft {
    actor: Actor,
    title: Title,
    description: Description,
    note: Option<Once>,
}

impl Videos {
    /// Publishes a video; with a key, once.
    pub async fn publish(
        &self,
        actor: Actor,
        input: Publication,
        key: Option<&IdempotencyKey>,
    ) -> Result<Creation<VideoCard>, Error> {
        let form = read_publication(input)?;
        let version;
        let mut parts = vec![Part::Text(form.title.as_str()), Part::Text(form.description.as_str())];
        match &form.film {
            Film::Received(upload) => parts.push(Part::File(Some(upload.as_ref()))),
            Film::Sent(receipt) => {
                version = receipt.version.to_string();
                parts.extend([&receipt.public_id, &version, &receipt.signature].map(|text| Part::Text(text)));
            }
        }
        parts.push(Part::File(form.thumbnail.as_deref()));
        let note = self.ports.note(key, Sender::User(actor.user), &parts)?;
        let make = self.make(actor, form, note);
        self.ports.create_once(note, async |id| self.recall(actor, Id::from_bytes(id)).await, make).await
    }

    async fn make(&self, actor: Actor, form: PublicationForm, note: Option<Once>) -> Result<VideoCard, Error> {
        let draft = Draft { actor, title: form.title, description: form.description, note };
        let outcome = match form.film {
            Film::Received(upload) => self.make_of_received(draft, upload, form.thumbnail).await,
            Film::Sent(receipt) => self.make_of_sent(draft, &receipt, form.thumbnail).await,
        };
        self.sweeper.nudge_after(&outcome);
        outcome
    }

    async fn make_of_received(
        &self,
        draft: Draft,
        upload: Box<dyn Upload>,
        thumbnail: Option<Box<dyn Upload>>,
    ) -> Result<VideoCard, Error> {
        let film = self.ports.media.prepare_video(upload).await.map_err(|error| Error::of_file("videoFile", error))?;
        let (bytes, facts) = (film.file.upload.bytes(), film.facts);
        self.ports.check_room(draft.actor.user, bytes, &self.policy).await?;
        let name = FileKey::new(film.file.format, self.ports.entropy.unguessable());
        let still = self.still(thumbnail, &name, self.ports.media.poster(&film)).await?;
        let still_bytes = still.as_ref().map_or(0, |still| still.upload.bytes());
        let mut files = vec![NewFile { field: "videoFile", file: film.file, name: name.clone() }];
        let still = still.map(|still| self.ports.name_file("thumbnail", still));
        let still_name = still.as_ref().map(|still| still.name.clone());
        files.extend(still);
        let videos = self.clone();
        let row = move |kept: Kept| async move {
            let film = StoredFilm { key: kept.key(&name), facts, bytes };
            let still = videos.stored_still(&film.key, still_name.map(|name| kept.key(&name)), still_bytes);
            videos.add(draft, film, still).await
        };
        self.ports.store_with_row(files, row).await
    }

    /// A film that cannot become a video is removed at once; one for which only the form is not good enough stays until its
    /// reservation ends, so that the form can be sent again. So does one for which the quota has no room: its bytes are
    /// counted as long as it stays, and its owner may make room, or send a smaller still.
    async fn make_of_sent(
        &self,
        draft: Draft,
        receipt: &Receipt,
        thumbnail: Option<Box<dyn Upload>>,
    ) -> Result<VideoCard, Error> {
        let forged = || Error::invalid("signature", "is not the media store's signature for this film");
        let name = self.ports.direct.verify(receipt).filter(FileKey::is_film).ok_or_else(forged)?;
        let ticket = self.ports.store.tickets.find(&name, self.ports.clock.now()).await?;
        // Somebody else's is none.
        let ticket = ticket.filter(|ticket| ticket.owner == draft.actor.user).ok_or(Error::NotFound(Noun::Upload))?;
        let judged = self.judge(&name, ticket).await;
        if judged.as_ref().is_err_and(is_final) {
            self.ports.release(std::slice::from_ref(&name)).await;
        }
        let film = judged?;
        let still = self.still(thumbnail, &film.key, self.ports.media.poster_of_stored(&film.key)).await?;
        let still_bytes = still.as_ref().map_or(0, |still| still.upload.bytes());
        let still = still.map(|still| self.ports.name_file("thumbnail", still));
        let still_name = still.as_ref().map(|still| still.name.clone());
        let videos = self.clone();
        let row = move |kept: Kept| async move {
            let still = videos.stored_still(&film.key, still_name.map(|name| kept.key(&name)), still_bytes);
            // The name is not reserved any more: a row has it already, or it was due.
            videos.add(draft, film, still).await.map_err(|error| match error {
                Error::Conflict { field: "file" } => Error::NotFound(Noun::Upload),
                other => other,
            })
        };
        self.ports.store_with_row(still.into_iter().collect(), row).await
    }

    /// What lies under a name, if it may become a video: not every store can be told how much a ticket allows.
    async fn judge(&self, name: &FileKey, ticket: Ticket) -> Result<StoredFilm, Error> {
        let film = self.ports.direct.inspect(name).await.map_err(|error| Error::of_file("videoFile", error))?;
        let film = film.ok_or(Error::NotFound(Noun::Upload))?;
        let limit = ticket.bytes.min(self.policy.max_video_bytes);
        if film.bytes > limit {
            return Err(Error::TooLarge { field: "videoFile", limit });
        }
        Ok(film)
    }

    /// The still that has to be stored; `None` where the media store derives one.
    async fn still(
        &self,
        upload: Option<Box<dyn Upload>>,
        film: &FileKey,
        taking: impl Future<Output = Result<Option<PreparedFile>, MediaError>>,
    ) -> Result<Option<PreparedFile>, Error> {
        if let Some(upload) = upload {
            return self.ports.prepare_image("thumbnail", upload, ImageRole::Thumbnail).await.map(Some);
        }
        if self.ports.media.derived_poster(film).is_some() {
            return Ok(None);
        }
        let taken = taking.await.map_err(|error| Error::of_file("videoFile", error))?;
        let missing = "is required: this server cannot take a still from a video";
        taken.map(Some).ok_or_else(|| Error::invalid("thumbnail", missing))
    }

    /// The still of a stored film: what was stored for it, else what is derived from it, which takes no room.
    fn stored_still(&self, film: &FileKey, stored: Option<FileKey>, bytes: u64) -> Option<NewStill> {
        let derived = || Some(NewStill { key: self.ports.media.derived_poster(film)?, bytes: 0 });
        stored.map(|key| NewStill { key, bytes }).or_else(derived)
    }

    /// Writes the row.
    async fn add(&self, draft: Draft, film: StoredFilm, still: Option<NewStill>) -> Result<VideoCard, Error> {
        let still = still.ok_or_else(|| Error::Internal("the media store derives no still any more".into()))?;
        let now = self.ports.clock.now();
        let ready = self.ports.upkeep.is_ready(&film.key);
        let video = Video {
            id: self.ports.ids.next(),
            owner: draft.actor.user,
            file: film.key,
            thumbnail: still.key,
            title: draft.title,
            description: draft.description,
            duration: film.facts.duration,
            width: film.facts.width,
            height: film.facts.height,
            bytes: film.bytes,
            thumbnail_bytes: still.bytes,
            status: if ready { VideoStatus::Ready } else { VideoStatus::Processing },
            is_published: true,
            views: 0,
            likes_count: 0,
            comments_count: 0,
            created_at: now,
            updated_at: now,
        };
        Ok(self.ports.store.videos.create(&video, self.policy.storage_quota, draft.note).await?)
    }

    /// A video of the actor's as it was when it was new, as far as that is known. Whether others see it by now is told as it is:
    /// links to what is hidden have to be signed.
    async fn recall(&self, actor: Actor, id: Id<Video>) -> Result<Option<VideoCard>, Error> {
        let Some(video) = self.ports.store.videos.find(id).await? else { return Ok(None) };
        let owner = self.ports.card_of(actor).await?;
        let video = Video { views: 0, likes_count: 0, comments_count: 0, ..video };
        Ok(Some(VideoCard { video, owner }))
    }
}

/// Whether a film will not become a video however often it is tried.
fn is_final(error: &Error) -> bool {
    matches!(error, Error::TooLarge { .. } | Error::UnsupportedMedia { .. } | Error::Unreadable { .. })
}

fn read_publication(input: Publication) -> Result<PublicationForm, Error> {
    let mut fields = Fields::default();
    let title = fields.required("title", input.title.as_deref(), Title::parse);
    let description = fields.required("description", input.description.as_deref().or(Some("")), Description::parse);
    let film = match (input.video_file, input.upload) {
        (Some(_), Some(_)) => {
            fields.refuse("videoFile", "must be left out when an upload is named");
            None
        }
        (None, Some(receipt)) => read_receipt(&mut fields, &receipt).map(Film::Sent),
        (file, None) => fields.present("videoFile", file).map(Film::Received),
    };
    match (title, description, film) {
        (Some(title), Some(description), Some(film)) => {
            Ok(PublicationForm { title, description, film, thumbnail: input.thumbnail })
        }
        _ => Err(fields.into_error()),
    }
}

fn read_receipt(fields: &mut Fields, input: &ReceiptInput) -> Option<Receipt> {
    let text = |text: &str| if text.is_empty() { Err(InvalidValue::new("is required")) } else { Ok(text.to_owned()) };
    let public_id = fields.required("public_id", input.public_id.as_deref(), text);
    let version = fields.present("version", input.version);
    let signature = fields.required("signature", input.signature.as_deref(), text);
    Some(Receipt { public_id: public_id?, version: version?, signature: signature? })
}
