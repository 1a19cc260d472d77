//! What the fake keeps, and how it tells it.

use std::io::Cursor;
use std::sync::Arc;

use aviary_domain::Timestamp;
use image::ImageReader;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::blob::Blob;
use super::shared::{Account, State};
use super::signature;

/// What an asset is, as the URLs say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    Image,
    Video,
    Raw,
}

impl Resource {
    pub const ALL: [Self; 3] = [Self::Image, Self::Video, Self::Raw];

    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Raw => "raw",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|resource| resource.name() == text)
    }
}

/// How an asset is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Delivery {
    Upload,
    Private,
    Authenticated,
}

impl Delivery {
    pub const ALL: [Self; 3] = [Self::Upload, Self::Private, Self::Authenticated];

    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Private => "private",
            Self::Authenticated => "authenticated",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|delivery| delivery.name() == text)
    }
}

/// Where an asset is found: the three belong together, and the same public id may stand under each pair of the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) resource: Resource,
    pub(crate) delivery: Delivery,
    pub(crate) public_id: String,
}

/// How far the fake is with a film's HLS playlist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Streaming {
    /// Nobody asked for it.
    Unasked,
    /// It is being made.
    AtWork,
    Made,
    Failed,
}

/// One kept file.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    pub(crate) asset_id: String,
    pub(crate) version: u64,
    pub(crate) created_at: i64,
    pub(crate) format: &'static str,
    pub(crate) size: (u32, u32),
    pub(crate) duration: Option<f64>,
    pub(crate) blob: Arc<Blob>,
    pub(crate) streaming: Streaming,
    /// The work that `streaming` is about.
    pub(crate) batch: Option<String>,
}

impl Asset {
    pub(crate) fn new(state: &mut State, judged: &Judged, blob: Blob) -> Self {
        Self {
            asset_id: state.dice.token(),
            version: state.next_version(),
            created_at: state.now(),
            format: judged.format,
            size: judged.size,
            duration: judged.duration,
            blob: Arc::new(blob),
            streaming: Streaming::Unasked,
            batch: None,
        }
    }
}

/// The length and size that the fake finds in every film.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilmFacts {
    pub duration: f64,
    pub size: (u32, u32),
}

/// What a file is, by its first bytes.
pub(crate) fn sniff(head: &[u8]) -> Option<(Resource, &'static str)> {
    let has = |place: usize, bytes: &[u8]| head.get(place..place + bytes.len()) == Some(bytes);
    Some(match () {
        () if has(0, b"\xff\xd8\xff") => (Resource::Image, "jpg"),
        () if has(0, b"\x89PNG\r\n\x1a\n") => (Resource::Image, "png"),
        () if has(0, b"GIF8") => (Resource::Image, "gif"),
        () if has(0, b"RIFF") && has(8, b"WEBP") => (Resource::Image, "webp"),
        () if has(4, b"ftypqt  ") => (Resource::Video, "mov"),
        () if has(4, b"ftyp") => (Resource::Video, "mp4"),
        () if has(0, b"\x1a\x45\xdf\xa3") && head.windows(4).any(|w| w == b"webm") => (Resource::Video, "webm"),
        () if has(0, b"\x1a\x45\xdf\xa3") => (Resource::Video, "mkv"),
        () => return None,
    })
}

/// What a file was found to be.
pub(crate) struct Judged {
    pub(crate) resource: Resource,
    pub(crate) format: &'static str,
    pub(crate) size: (u32, u32),
    pub(crate) duration: Option<f64>,
}

/// Judges a file that came in as this resource; `None` leaves the kind to its content.
pub(crate) fn judge(blob: &Blob, resource: Option<Resource>, film: FilmFacts) -> Result<Judged, Refusal> {
    let head = blob.head(4096).map_err(Refusal::internal)?;
    let found = sniff(&head);
    match (resource, found) {
        (Some(Resource::Raw), _) | (None, None) => {
            Ok(Judged { resource: Resource::Raw, format: "", size: (0, 0), duration: None })
        }
        (Some(Resource::Video) | None, Some((Resource::Video, format))) => {
            let FilmFacts { duration, size } = film;
            Ok(Judged { resource: Resource::Video, format, size, duration: Some(duration) })
        }
        (Some(Resource::Image) | None, Some((_, format))) => {
            let all = blob.all().map_err(Refusal::internal)?;
            let reader = ImageReader::new(Cursor::new(all)).with_guessed_format().map_err(Refusal::internal)?;
            let size = reader.into_dimensions().map_err(|_| Refusal::new(400, "Invalid image file"))?;
            Ok(Judged { resource: Resource::Image, format, size, duration: None })
        }
        (Some(Resource::Image), None) => Err(Refusal::new(400, "Invalid image file")),
        (Some(Resource::Video), _) => Err(Refusal::new(400, "Unsupported video format or file")),
    }
}

/// A URL of an asset.
pub(crate) fn url(account: &Account, place: &Place, transformation: &str, version: u64, extension: &str) -> String {
    let Place { resource, delivery, public_id } = place;
    let file = if extension.is_empty() { public_id.clone() } else { format!("{public_id}.{extension}") };
    let signed = if transformation.is_empty() { file.clone() } else { format!("{transformation}/{file}") };
    let [signature, _] = signature::of_delivery(&signed, &account.secret, account.algorithm);
    let mut pieces =
        vec![account.origin.clone(), account.cloud.clone(), resource.name().into(), delivery.name().into()];
    pieces.extend((*delivery == Delivery::Authenticated).then_some(signature));
    pieces.extend((!transformation.is_empty()).then(|| transformation.to_owned()));
    pieces.extend([format!("v{version}"), file]);
    pieces.join("/")
}

impl Asset {
    /// The asset as answers show it; `lean` keeps to what may be relied on.
    pub(crate) fn shown(&self, place: &Place, account: &Account, lean: bool) -> Value {
        let Place { resource, delivery, public_id } = place;
        let secure_url = url(account, place, "", self.version, self.format);
        let mut shown = json!({
            "public_id": public_id,
            "version": self.version,
            "resource_type": resource.name(),
            "type": delivery.name(),
            "bytes": self.blob.length(),
            "secure_url": secure_url,
        });
        if lean {
            return shown;
        }
        let more = json!({
            "asset_id": self.asset_id,
            "format": self.format,
            "width": self.size.0,
            "height": self.size.1,
            "created_at": rfc3339(self.created_at),
            "tags": [],
            "etag": self.asset_id,
            "placeholder": false,
            "url": secure_url,
        });
        merge(&mut shown, more);
        if let Some(duration) = self.duration {
            let playback = url(account, place, "sp_auto", self.version, "m3u8");
            let video = json!({ "codec": "h264", "bit_rate": "812345", "pix_format": "yuv420p" });
            let film = json!({
                "duration": duration, "frame_rate": 25.0, "bit_rate": 845_678, "rotation": 0, "nb_frames": 50,
                "is_audio": false, "playback_url": playback, "video": video,
            });
            merge(&mut shown, film);
        }
        shown
    }
}

/// Adds the fields of one object to another.
pub(crate) fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

/// A time in whole seconds as answers show it.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_millis(seconds.saturating_mul(1000)).to_string()
}
