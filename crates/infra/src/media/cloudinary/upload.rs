//! Files on their way to Cloudinary: streamed from where they lie, large ones in parts of which a failed one is sent again.
//! No more than a buffer of a file is ever in memory.

use std::path::Path;

use aviary_domain::file::FileFormat;
use aviary_domain::media::Access;
use reqwest::multipart;
use serde::Deserialize;

use super::answer::Described;
use super::asset::{Asset, Kind, delivery_type};
use super::body::{self, Pulse};
use super::caller::{Persistence, Reply, send};
use super::failure::{Failed, Failure};
use super::provider::{Parameters, Provider, unbelievable};
use crate::system::random_bytes;

/// How many bytes are sent at once. Cloudinary takes no less than 5 MB in a part that is not the last, and no more than
/// 100 MB in one call.
const PART: u64 = 20_000_000;

/// A file to be stored.
pub(super) struct Sending<'a> {
    pub asset: &'a Asset,
    pub path: &'a Path,
    pub bytes: u64,
    /// What the file is called on the way; only its ending matters.
    pub file_name: String,
    /// Who may fetch it, from the first moment on.
    pub access: Access,
}

impl<'a> Sending<'a> {
    /// A file that goes under this asset's public id.
    pub(super) fn new(asset: &'a Asset, path: &'a Path, bytes: u64, format: FileFormat, access: Access) -> Self {
        Self { asset, path, bytes, file_name: format!("file.{}", format.extension()), access }
    }
}

/// A stretch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    start: u64,
    length: u64,
}

impl Part {
    /// The parts of a file in their order, at least one.
    fn all(bytes: u64) -> impl Iterator<Item = Self> {
        let count = bytes.div_ceil(PART).max(1);
        (0..count).map(move |n| Self { start: n * PART, length: (bytes - n * PART).min(PART) })
    }

    fn is_first(self) -> bool {
        self.start == 0
    }

    fn is_last(self, bytes: u64) -> bool {
        self.start + self.length == bytes
    }

    /// RFC 9110 `Content-Range`; the end is included.
    fn range(self, bytes: u64) -> String {
        format!("bytes {}-{}/{bytes}", self.start, self.start + self.length.saturating_sub(1))
    }
}

#[derive(Deserialize)]
struct PartAnswer {
    done: Option<bool>,
}

impl Provider {
    /// Stores a file under its public id; a film's playlist is made from then on. Done again, it
    /// replaces what it stored before.
    pub(super) async fn upload(&self, sending: &Sending<'_>) -> Result<Described, Failed> {
        match self.send_parts(sending).await {
            Err(failed) if sending.bytes > PART && has_lost_track(&failed) => {
                tracing::info!(%failed.failure, "an upload is looked for, and begun again if it is not there");
            }
            done => return done,
        }
        // The answer that was lost may have been the one to the last part.
        let found = self.explicit(sending.asset, sending.access, false).await?;
        match found.filter(|stored| stored.bytes == Some(sending.bytes)) {
            Some(stored) => Ok(stored),
            None => self.send_parts(sending).await,
        }
    }

    async fn send_parts(&self, sending: &Sending<'_>) -> Result<Described, Failed> {
        let upload = format!("{:032x}", u128::from_be_bytes(random_bytes()));
        let mut stored = None;
        for part in Part::all(sending.bytes) {
            let resend = Persistence::after_failure(self.settings.patience.resend);
            // For the first part nothing was done yet: who comes during an outage is told so at once.
            let persistence = if part.is_first() { resend } else { resend.waiting() };
            let send = || self.send_part(sending, part, &upload);
            stored = self.api.call("upload", persistence, send).await?;
        }
        let unfinished = || Failed { call: "upload", attempts: 1, failure: Failure::Unfinished };
        stored.ok_or_else(unfinished)
    }

    /// Sends a part, signed anew. What was stored is told by the answer to the last one.
    async fn send_part(&self, sending: &Sending<'_>, part: Part, upload: &str) -> Result<Option<Described>, Failure> {
        let pulse = Pulse::new(&self.settings.patience);
        let bytes = body::open(sending.path, part.start, part.length, &pulse).await.map_err(Failure::File)?;
        let file = multipart::Part::stream_with_length(bytes, part.length).file_name(sending.file_name.clone());
        let form = self.form(self.upload_parameters(sending)).part("file", file);
        let mut request = self.http.post(self.endpoint(&[sending.asset.kind.as_str(), "upload"])).multipart(form);
        if sending.bytes > PART {
            request = request.header("x-unique-upload-id", upload).header("content-range", part.range(sending.bytes));
        }
        let reply = tokio::select! {
            reply = send(request) => reply.map_err(|failure| pulse.broken().map_or(failure, Failure::File))?,
            silence = pulse.silence() => return Err(Failure::TimedOut(silence)),
        };
        self.read_stored(&reply, sending, part)
    }

    fn read_stored(&self, reply: &Reply, sending: &Sending<'_>, part: Part) -> Result<Option<Described>, Failure> {
        let unfinished = |answer: PartAnswer| answer.done == Some(false);
        if serde_json::from_slice(&reply.body).is_ok_and(unfinished) {
            return Ok(None);
        }
        if !part.is_last(sending.bytes) {
            return Err(unbelievable("an upload is done before its end", reply));
        }
        let stored = self.believe(reply, sending.asset, sending.access)?;
        if stored.signature.is_none() {
            return Err(unbelievable("the answer is not signed", reply));
        }
        if stored.bytes.is_some_and(|bytes| bytes != sending.bytes) {
            // An account can be set to change what it stores, so this is no failure by itself.
            let Described { bytes, public_id, .. } = &stored;
            tracing::warn!(public_id, sent = sending.bytes, ?bytes, "Cloudinary stored a file of another size");
        }
        Ok(Some(stored))
    }

    fn upload_parameters(&self, sending: &Sending<'_>) -> Parameters {
        let asset = sending.asset;
        let mut parameters = vec![
            ("public_id", asset.public_id.clone()),
            ("type", delivery_type(sending.access).to_owned()),
            // Names are never used twice: what lies there is this very file, whose answer was lost.
            ("overwrite", "true".to_owned()),
        ];
        if asset.kind == Kind::Video {
            parameters.extend(self.playlist_parameters());
        }
        parameters
    }
}

/// Whether parts went again because answers were lost, and then Cloudinary knew nothing of the upload any more.
fn has_lost_track(failed: &Failed) -> bool {
    match &failed.failure {
        Failure::Unfinished => true,
        Failure::Refused { .. } => failed.attempts > 1 && !failed.failure.may_pass(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{PART, Part};

    #[test]
    fn a_small_file_is_one_part() {
        for bytes in [0, 1, PART] {
            let parts: Vec<_> = Part::all(bytes).collect();
            assert_eq!(parts, [Part { start: 0, length: bytes }]);
            assert!(parts[0].is_first() && parts[0].is_last(bytes));
        }
    }

    #[test]
    fn a_range_includes_its_end() {
        let ranges: Vec<_> = Part::all(2 * PART + 1).map(|part| part.range(2 * PART + 1)).collect();
        let expected =
            ["bytes 0-19999999/40000001", "bytes 20000000-39999999/40000001", "bytes 40000000-40000000/40000001"];
        assert_eq!(ranges, expected);
    }

    proptest! {
        #[test]
        fn parts_make_up_the_file(bytes in 0_u64..10_000_000_000) {
            let mut end = 0;
            for part in Part::all(bytes) {
                prop_assert_eq!(part.start, end);
                prop_assert!(part.length == PART || part.is_last(bytes));
                prop_assert_eq!(part.is_first(), end == 0);
                end += part.length;
            }
            prop_assert_eq!(end, bytes);
        }
    }
}
