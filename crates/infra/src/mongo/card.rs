//! Users and videos as documents, the cards that lists show of them, and the rule of who may see a video.

use std::collections::HashMap;

use aviary_domain::user::{Email, FullName, User, UserCard, Username};
use aviary_domain::video::{Description, Title, Video, VideoStatus};
use aviary_domain::{Id, StoreError};
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, RawDocument, doc};

use super::access::Access;
use super::collection::VIDEOS;
use super::document::{Fields, object_id};
use super::error::TxError;

/// How documents name the status of a video that is not ready.
pub(crate) const PROCESSING: &str = "processing";
const FAILED: &str = "failed";

/// The fields that [`user_card`] reads.
pub(crate) fn user_card_fields() -> Document {
    doc! { "username": 1, "fullName": 1, "avatar": 1 }
}

/// The fields that [`video`] reads: all but those of the word index.
pub(crate) fn video_fields() -> Document {
    doc! {
        "owner": 1, "videoFile": 1, "thumbnail": 1, "title": 1, "description": 1, "duration": 1, "width": 1,
        "height": 1, "bytes": 1, "thumbnailBytes": 1, "isPublished": 1, "publishWhenReady": 1, "status": 1,
        "statusReason": 1, "views": 1, "likesCount": 1, "commentsCount": 1, "createdAt": 1, "updatedAt": 1,
    }
}

/// The condition that a video is visible to this viewer. At rest `isPublished` means that everybody sees it: its owner wants
/// that, and it is ready.
pub(crate) fn visible_to(viewer: Option<Id<User>>) -> Document {
    match viewer {
        None => doc! { "isPublished": true },
        // Not as the two ways to be visible: each has an index, which the planner would try where the id is known.
        Some(viewer) => doc! { "$nor": [{ "isPublished": { "$ne": true }, "owner": { "$ne": object_id(viewer) } }] },
    }
}

/// Who sees a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody, signed in or not.
    Everybody,
    /// Its owner.
    Only(ObjectId),
}

impl Audience {
    /// Who sees the video in a document that has `owner` and `isPublished`.
    pub(super) fn of(video: &RawDocument) -> Result<Self, StoreError> {
        let owner = object_id(video.id::<User>("owner")?);
        let is_public = video.optional_flag("isPublished")?.unwrap_or_default();
        Ok(if is_public { Self::Everybody } else { Self::Only(owner) })
    }

    /// Whether this viewer sees it, who may be nobody.
    pub(super) fn includes(self, viewer: Option<Id<User>>) -> bool {
        viewer.map_or(self == Self::Everybody, |viewer| self.has(object_id(viewer)))
    }

    /// Whether this user sees it.
    pub(super) fn has(self, user: ObjectId) -> bool {
        self == Self::Everybody || self == Self::Only(user)
    }
}

/// Who sees these videos, as far as they are there.
pub(super) async fn audiences(db: &Access, videos: Vec<ObjectId>) -> Result<HashMap<ObjectId, Audience>, TxError> {
    let found = db.find_all(VIDEOS, videos, doc! { "owner": 1, "isPublished": 1 }).await?;
    found.iter().map(|video| Ok((object_id(video.id::<Video>("_id")?), Audience::of(video)?))).collect()
}

/// The user in a document.
pub(crate) fn user(document: &RawDocument) -> Result<User, StoreError> {
    let cover = document.optional_text("coverImage")?;
    Ok(User {
        id: document.id("_id")?,
        username: Username::fold(&document.text("username")?),
        email: Email::fold(&document.text("email")?),
        full_name: FullName::from_stored(document.text("fullName")?),
        avatar: document.key("avatar")?,
        cover_image: cover.filter(|key| !key.is_empty()).map(aviary_domain::file::FileKey::from_stored),
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}

/// The user card in a document.
pub(crate) fn user_card(document: &RawDocument) -> Result<UserCard, StoreError> {
    Ok(UserCard {
        id: document.id("_id")?,
        username: Username::fold(&document.text("username")?),
        full_name: FullName::from_stored(document.text("fullName")?),
        avatar: document.key("avatar")?,
    })
}

/// The video in a document.
pub(crate) fn video(document: &RawDocument) -> Result<Video, StoreError> {
    let pixels = |field| u32::try_from(document.count(field)?).map_err(|_| document.malformed(field));
    let is_public = document.flag("isPublished")?;
    let status = if is_public { VideoStatus::Ready } else { hidden_status(document)? };
    let is_wanted = status != VideoStatus::Ready && document.optional_flag("publishWhenReady")?.unwrap_or_default();
    Ok(Video {
        id: document.id("_id")?,
        owner: document.id("owner")?,
        file: document.key("videoFile")?,
        thumbnail: document.key("thumbnail")?,
        title: Title::from_stored(document.text("title")?),
        description: Description::from_stored(document.text("description")?),
        duration: document.real("duration")?,
        width: pixels("width")?,
        height: pixels("height")?,
        bytes: document.count("bytes")?,
        thumbnail_bytes: document.optional_count("thumbnailBytes")?.unwrap_or_default(),
        status,
        is_published: is_public || is_wanted,
        views: document.count("views")?,
        likes_count: document.count("likesCount")?,
        comments_count: document.count("commentsCount")?,
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}

/// The status of a video that not everybody sees. One that an earlier version wrote has none, and is ready.
fn hidden_status(document: &RawDocument) -> Result<VideoStatus, StoreError> {
    match document.optional_text("status")?.as_deref() {
        None => Ok(VideoStatus::Ready),
        Some(PROCESSING) => Ok(VideoStatus::Processing),
        Some(FAILED) => Ok(VideoStatus::Failed(document.optional_text("statusReason")?.unwrap_or_default())),
        Some(_) => Err(document.malformed("status")),
    }
}

/// The fields that say how far a video's files are and who sees it: those that it has then, and those that it has not.
pub(crate) fn state(video: &Video) -> (Document, Document) {
    let mut kept = doc! { "isPublished": video.is_public() };
    let mut absent = Document::new();
    let status = match video.status {
        VideoStatus::Ready => None,
        VideoStatus::Processing => Some(PROCESSING),
        VideoStatus::Failed(_) => Some(FAILED),
    };
    for (field, value) in [("status", status), ("statusReason", video.status.reason())] {
        match value {
            Some(value) => kept.insert(field, value),
            None => absent.insert(field, ""),
        };
    }
    if video.is_published && !video.is_public() {
        kept.insert("publishWhenReady", true);
    } else {
        absent.insert("publishWhenReady", "");
    }
    (kept, absent)
}
