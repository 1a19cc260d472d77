//! Films that browsers send to the media store by themselves: the ticket beforehand, and where the store is this server,
//! taking the film. The video itself is made in `video/publish`, of the receipt.
//!
//! A receipt is of use to who was given the ticket: it tells a name that nobody can guess, under a signature that only the
//! store can give. It can be used once, since the row that it makes claims the name.
//!
//! A ticket takes room: what it may bring counts for its owner's quota until it is published or swept, and few can be open at
//! a time. So what anybody sends and never publishes is bounded.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{Allowance, Receipt, StoredFilm, UploadTicket};
use aviary_domain::media::{Intake, MediaError, Upload};
use aviary_domain::ticket::{TicketAnswer, TicketRequest};

use crate::error::{Error, Noun};
use crate::filing::RESERVATION;
use crate::input::Fields;
use crate::{Actor, Chain, Policy, Ports};

/// How long the name of a ticket stays reserved: an hour in which sending may begin, for that long tickets hold, and two
/// in which it may go on. What arrives later than that would have no owner and no end.
const TICKET_RESERVATION: Duration = Duration::from_hours(3);
/// How far the clocks of two servers on one store may be apart.
const CLOCKS_APART: Duration = Duration::from_mins(5);

/// What somebody wants to send. One of the first two says what the film is.
#[derive(Debug, Clone, Default)]
pub struct DirectRequest {
    /// The media type: `video/mp4`.
    pub content_type: Option<String>,
    /// The film's name on the sender's machine, of which the ending counts.
    pub file_name: Option<String>,
    /// How large the film is at most, in bytes; left out, room is kept for the largest that still fits.
    pub bytes: Option<u64>,
}

/// The permission to send a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectTicket {
    /// What is sent where.
    pub ticket: UploadTicket,
    /// The most bytes that the film may have.
    pub limit: u64,
}

/// A film that was sent to this server.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// With which its video is made.
    pub receipt: Receipt,
    /// The film.
    pub film: StoredFilm,
}

/// The use cases of direct uploads.
#[derive(Clone)]
pub struct DirectUploads {
    ports: Arc<Ports>,
    policy: Arc<Policy>,
}

impl DirectUploads {
    pub(crate) fn new(ports: Arc<Ports>, policy: Arc<Policy>) -> Self {
        Self { ports, policy }
    }

    /// Reserves a name and room for a film and signs what a browser may send under it, and nothing else. What is never
    /// confirmed is removed when the reservation ends.
    pub async fn begin(&self, actor: Actor, request: &DirectRequest) -> Result<DirectTicket, Error> {
        let format = read_format(request)?;
        let sizes = read_sizes(request, self.policy.max_video_bytes)?;
        let now = self.ports.clock.now();
        let wanted = TicketRequest {
            name: name_of(format, now, self.ports.entropy.unguessable()),
            owner: actor.user,
            least: *sizes.start(),
            most: *sizes.end(),
            quota: self.policy.storage_quota,
            until: now.after(TICKET_RESERVATION),
        };
        let limit = match self.ports.store.tickets.open(&wanted).await?.ok_or(Error::NotFound(Noun::User))? {
            TicketAnswer::Opened { bytes } => bytes,
            TicketAnswer::TooMany { until } => return Err(Error::TooManyTickets { retry_after: until.since(now) }),
        };
        let signed = self.ports.direct.sign(&wanted.name, limit, now).await;
        if signed.is_err() {
            self.ports.take_back(&wanted.name).await;
        }
        let ticket = signed.map_err(|error| Error::of_file("videoFile", error))?;
        Ok(DirectTicket { ticket, limit })
    }

    /// What the fields of a ticket allow, where films are sent to this server; `None` when nobody signed them, or too long ago.
    /// `NotFound(Upload)` when the name is not reserved any more, so that no film is received in vain.
    pub async fn open(&self, fields: &[(String, String)]) -> Result<Option<Allowance>, Error> {
        let now = self.ports.clock.now();
        let Some(allowance) = self.ports.direct.open(fields, now) else { return Ok(None) };
        let ticket = self.ports.store.tickets.find(&allowance.name, now).await?;
        ticket.map(|_| Some(allowance)).ok_or(Error::NotFound(Noun::Upload))
    }

    /// Opens a place for a film of at most `limit` bytes, which a ticket allows.
    pub async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError> {
        self.ports.media.receive(limit.min(self.policy.max_video_bytes)).await
    }

    /// Judges and stores a film that arrived with a ticket for this name. `NotFound(Upload)` when the name is not reserved any
    /// more.
    pub async fn accept(&self, name: FileKey, upload: Box<dyn Upload>) -> Result<Accepted, Error> {
        let ports = Arc::clone(&self.ports);
        // To its end also when the sender hangs up, as with films that come in a form.
        let work = tokio::spawn(async move { ports.accept(name, upload).await });
        work.await.map_err(|fault| Error::Internal(fault.into()))?
    }
}

impl Ports {
    /// Ends a ticket that nobody was given. Under its name nothing can have been sent, so there is nothing to remove.
    async fn take_back(&self, name: &FileKey) {
        if let Err(error) = self.store.files.forget(name).await {
            tracing::warn!(error = %Chain(&error), "a ticket that nobody was given stays open until its end");
        }
    }

    async fn accept(&self, name: FileKey, upload: Box<dyn Upload>) -> Result<Accepted, Error> {
        let refused = |error| Error::of_file("file", error);
        let bytes = upload.bytes();
        let film = self.media.prepare_video(upload).await.map_err(refused)?;
        if name.format() != Some(film.file.format) {
            let promised = name.format().map(FileFormat::content_type).unwrap_or_default();
            let reason = format!("is {}, and its ticket is for {promised}", film.file.format.content_type());
            return Err(Error::UnsupportedMedia { field: "file", reason });
        }
        let now = self.clock.now();
        // From here on it is surely reserved until it is stored, and a little longer.
        if !self.store.files.prolong(&name, now, now.after(RESERVATION)).await? {
            return Err(Error::NotFound(Noun::Upload));
        }
        let receipt = self.direct.store(film.file, &name, now).await.map_err(refused)?;
        Ok(Accepted { receipt, film: StoredFilm { key: name, facts: film.facts, bytes } })
    }
}

/// What is to be sent, by its media type or else by its name.
fn read_format(request: &DirectRequest) -> Result<FileFormat, Error> {
    let films = || FileFormat::ALL.into_iter().filter(|format| format.folder() == FileFormat::Mp4.folder());
    let (field, found) = match (&request.content_type, &request.file_name) {
        (Some(text), _) => {
            let text = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let text = if text == "video/x-matroska" { FileFormat::Mkv.content_type() } else { &text };
            ("contentType", films().find(|format| format.content_type() == text))
        }
        (None, Some(name)) => {
            let ending = name.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase());
            let ending = ending.as_deref().map(|ending| if ending == "m4v" { "mp4" } else { ending });
            ("fileName", films().find(|format| ending == Some(format.extension())))
        }
        (None, None) => {
            let mut fields = Fields::default();
            fields.refuse("contentType", "or fileName is required");
            return Err(fields.into_error());
        }
    };
    let accepted = || "must be that of an MP4, MOV, WebM or MKV video".to_owned();
    found.ok_or_else(|| Error::UnsupportedMedia { field, reason: accepted() })
}

/// The fewest and the most bytes for which a ticket is of use: those of the film, or any that are allowed.
fn read_sizes(request: &DirectRequest, limit: u64) -> Result<RangeInclusive<u64>, Error> {
    match request.bytes {
        None => Ok(1..=limit),
        Some(0) => Err(Error::invalid("bytes", "must be more than 0")),
        Some(bytes) if bytes > limit => Err(Error::TooLarge { field: "bytes", limit }),
        Some(bytes) => Ok(bytes..=bytes),
    }
}

/// The name of a film that is yet to be sent: like others, but its first four bytes tell when its ticket was given, so that
/// [`arrives_until`] can be known of the name alone; 96 bits are left that nobody can guess.
fn name_of(format: FileFormat, now: Timestamp, mut random: [u8; 16]) -> FileKey {
    let second = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
    random.iter_mut().zip(second.to_be_bytes()).for_each(|(byte, told)| *byte = told);
    FileKey::new(format, random)
}

/// Until when a file of this name may still arrive with a ticket, although it was removed already; `None` when none can.
///
/// Of other films' names one in 400,000 looks as if it could; that only costs a second removal.
pub(crate) fn arrives_until(name: &FileKey, now: Timestamp) -> Option<Timestamp> {
    let stem = name.stem().filter(|_| name.is_film())?;
    let second = u32::from_str_radix(stem.get(..8)?, 16).ok()?;
    let given = Timestamp::from_millis(i64::from(second) * 1000);
    let until = given.after(TICKET_RESERVATION);
    (given.before(CLOCKS_APART) <= now && now < until).then_some(until)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aviary_domain::Timestamp;
    use aviary_domain::file::{FileFormat, FileKey};

    use super::{DirectRequest, TICKET_RESERVATION, arrives_until, name_of, read_format};
    use crate::Error;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_500);

    #[test]
    fn a_name_tells_until_when_its_film_may_arrive() {
        let name = name_of(FileFormat::WebM, NOW, [7; 16]);
        assert_eq!(name.as_str(), "videos/6553f100070707070707070707070707.webm");
        let end = Timestamp::from_millis(1_700_000_000_000).after(TICKET_RESERVATION);
        assert_eq!(arrives_until(&name, NOW), Some(end));
        assert_eq!(arrives_until(&name.marked("u1"), NOW), Some(end));
        assert_eq!(arrives_until(&name, end), None);
        assert_eq!(arrives_until(&name, NOW.before(Duration::from_hours(1))), None, "no ticket of the future");
        for other in [FileKey::new(FileFormat::Mp4, [7; 16]), FileKey::from_stored("https://a.example/b.mp4".into())] {
            assert_eq!(arrives_until(&other, NOW), None);
        }
        let picture = FileKey::from_stored("images/6553f100070707070707070707070707.jpg".into());
        assert_eq!(arrives_until(&picture, NOW), None, "only films are sent so");
    }

    #[test]
    fn what_is_sent_is_told_by_its_type_or_else_its_name() {
        let read = |content_type: Option<&str>, file_name: Option<&str>| {
            let (content_type, file_name) = (content_type.map(Into::into), file_name.map(Into::into));
            read_format(&DirectRequest { content_type, file_name, bytes: None })
        };
        for (content_type, format) in [
            ("video/mp4", FileFormat::Mp4),
            (" Video/QuickTime ; codecs=x", FileFormat::Mov),
            ("video/x-matroska", FileFormat::Mkv),
        ] {
            assert!(read(Some(content_type), Some("a.webm")).is_ok_and(|read| read == format), "{content_type}");
        }
        assert!(read(None, Some("My film.final.WEBM")).is_ok_and(|read| read == FileFormat::WebM));
        assert!(read(None, Some("a.m4v")).is_ok_and(|read| read == FileFormat::Mp4));
        for (content_type, file_name) in [(Some("image/png"), None), (Some(""), None), (None, Some("mp4"))] {
            let outcome = read(content_type, file_name);
            assert!(matches!(outcome, Err(Error::UnsupportedMedia { .. })), "{content_type:?} {file_name:?}");
        }
        assert!(matches!(read(None, None), Err(Error::Invalid(fields)) if fields[0].field == "contentType"));
    }
}
