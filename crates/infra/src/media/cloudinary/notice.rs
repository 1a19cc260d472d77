//! Cloudinary's calls: that a film's playlist is made, or that it cannot be.

use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_domain::media::notice::{MediaNotices, NoticeError, SignedCall};
use serde::Deserialize;

use super::CloudinaryMedia;
use super::asset::{EAGER_HLS, HLS};

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
    fn read(&self, call: &SignedCall, now: Timestamp) -> Result<Option<FileKey>, NoticeError> {
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
        Ok(self.film_of(&call).and_then(|(film, derived)| derived.is_done().then_some(film)))
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

impl Derived {
    /// Whether the work is over, well or not; not where it goes on, or where that is said in a way that is not known here.
    fn is_done(&self) -> bool {
        match self.status.as_deref() {
            Some("failed") => true,
            None | Some("success" | "completed" | "active") => self.secure_url.is_some(),
            Some(_) => false,
        }
    }
}
