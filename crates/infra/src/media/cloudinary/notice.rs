//! Cloudinary's calls: that a film's playlist is made, or that it cannot be.

use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_domain::media::notice::{MediaNotices, Notice, NoticeError, SignedCall};
use aviary_domain::media::{Access, Progress};
use serde::Deserialize;

use super::CloudinaryMedia;
use super::asset::{EAGER_HLS, HLS, Kind, read_delivery_type, read_version};
use super::mark::Mark;
use super::progress::IMPOSSIBLE;

/// How long after it was sent a call is believed.
const LIFE: Duration = Duration::from_hours(2);
/// How far Cloudinary's clock may be ahead of ours.
const AHEAD: Duration = Duration::from_mins(1);

#[derive(Deserialize)]
struct Call {
    notification_type: Option<String>,
    public_id: Option<String>,
    #[serde(default)]
    eager: Vec<Derived>,
}

/// What was made out of an asset, or was to be.
#[derive(Deserialize)]
struct Derived {
    transformation: Option<String>,
    status: Option<String>,
    secure_url: Option<String>,
}

impl MediaNotices for CloudinaryMedia {
    /// The key of a film that is ready says where Cloudinary saw it: the row may know better by now.
    fn read(&self, call: &SignedCall, now: Timestamp) -> Result<Option<Notice>, NoticeError> {
        let SignedCall { timestamp, signature, body } = call;
        if !self.provider.signer.is_call(body, timestamp, signature) {
            return Err(NoticeError::Forged);
        }
        let seconds: i64 = timestamp.parse().map_err(|_| NoticeError::Malformed)?;
        let sent_at = Timestamp::from_millis(seconds.checked_mul(1000).ok_or(NoticeError::Malformed)?);
        if sent_at < now.before(LIFE) || sent_at > now.after(AHEAD) {
            return Err(NoticeError::Stale);
        }
        let call: Call = serde_json::from_slice(body).map_err(|_| NoticeError::Malformed)?;
        Ok(self.film_of(&call).and_then(|(film, derived)| {
            let progress = progress(&film, derived)?;
            Some(Notice { film, progress, sent_at })
        }))
    }
}

impl CloudinaryMedia {
    /// The film of ours whose playlist a call is about.
    fn film_of<'a>(&self, call: &'a Call) -> Option<(FileKey, &'a Derived)> {
        if call.notification_type.as_deref() != Some("eager") {
            return None;
        }
        let film = self.addresses.name(call.public_id.as_deref()?).filter(FileKey::is_film)?;
        let ours = |derived: &&Derived| matches!(derived.transformation.as_deref(), Some(HLS | EAGER_HLS));
        call.eager.iter().find(ours).map(|derived| (film, derived))
    }
}

/// What a call says of a film; `None` where it says that it is still at work, or says it in a way that is not known here.
fn progress(film: &FileKey, derived: &Derived) -> Option<Progress> {
    match (derived.status.as_deref(), derived.secure_url.as_deref()) {
        (Some("failed"), _) => Some(Progress::Failed(IMPOSSIBLE.to_owned())),
        (None | Some("success" | "completed" | "active"), Some(url)) => {
            let (access, version) = seen(url)?;
            let mark = Mark { access, hls: true, ..Mark::stored(version) };
            Some(Progress::Ready(film.marked(&mark.to_string())))
        }
        _ => None,
    }
}

/// Delivery type and version in the URL of a playlist, whichever server it is on.
fn seen(url: &str) -> Option<(Access, u64)> {
    let mut parts = url.split('/').skip_while(|part| *part != Kind::Video.as_str()).skip(1);
    let access = read_delivery_type(parts.next()?)?;
    Some((access, parts.find_map(read_version)?))
}
