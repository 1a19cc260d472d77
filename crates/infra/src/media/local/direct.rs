//! Films that browsers send to this server with a ticket, apart from the form that tells what they are.

use std::io;

use async_trait::async_trait;
use aviary_domain::Timestamp;
use aviary_domain::file::FileKey;
use aviary_domain::media::direct::{Allowance, DirectUploads, Receipt, StoredFilm, TICKET_LIFE, UploadTicket};
use aviary_domain::media::{MediaError, PreparedFile};

use super::kept::store_new;
use super::{LocalMedia, stored_length};
use crate::media::link::Purpose;
use crate::media::spool::storage_error;
use crate::media::{blocking, not_ours};

/// Where films are sent to, after the server's own URL.
const PATH: &str = "/api/v1/media/direct-upload";

#[async_trait]
impl DirectUploads for LocalMedia {
    async fn sign(&self, name: &FileKey, limit: u64, now: Timestamp) -> Result<UploadTicket, MediaError> {
        let (timestamp, limit) = (now.seconds().to_string(), limit.to_string());
        let signature = self.signer.sign(Purpose::Send, &[name.name(), &timestamp, &limit]);
        let fields = [
            ("public_id", name.name().to_owned()),
            ("timestamp", timestamp),
            ("max_bytes", limit),
            ("signature", signature),
        ];
        Ok(UploadTicket {
            url: format!("{}{PATH}", self.public_url),
            fields: fields.map(|(field, value)| (field.to_owned(), value)).into(),
            expires_at: Timestamp::from_millis(now.seconds().saturating_mul(1000)).after(TICKET_LIFE),
        })
    }

    fn open(&self, fields: &[(String, String)], now: Timestamp) -> Option<Allowance> {
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let (name, timestamp) = (field("public_id")?, field("timestamp")?);
        let (limit, signature) = (field("max_bytes")?, field("signature")?);
        if !self.signer.fits(Purpose::Send, &[name, timestamp, limit], signature) {
            return None;
        }
        let signed_at = Timestamp::from_millis(timestamp.parse::<i64>().ok()?.checked_mul(1000)?);
        let open = now < signed_at.after(TICKET_LIFE);
        open.then_some(Allowance { name: FileKey::parse(name).ok()?, limit: limit.parse().ok()? })
    }

    async fn store(&self, film: PreparedFile, name: &FileKey, now: Timestamp) -> Result<Receipt, MediaError> {
        let target = self.path(name).ok_or_else(|| not_ours(name))?;
        let taken = || MediaError::Unreadable("a film was sent with this ticket already".to_owned());
        blocking(move || match store_new(film.upload.as_ref(), &target) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Err(taken()),
            stored => stored.map_err(storage_error),
        })
        .await?;
        let version = u64::try_from(now.seconds()).unwrap_or(0);
        let signature = self.signer.sign(Purpose::Sent, &[name.name(), &version.to_string()]);
        Ok(Receipt { public_id: name.name().to_owned(), version, signature })
    }

    fn verify(&self, receipt: &Receipt) -> Option<FileKey> {
        let parts = [receipt.public_id.as_str(), &receipt.version.to_string()];
        let ours = self.signer.fits(Purpose::Sent, &parts, &receipt.signature);
        ours.then(|| FileKey::parse(&receipt.public_id).ok()).flatten()
    }

    async fn inspect(&self, name: &FileKey) -> Result<Option<StoredFilm>, MediaError> {
        let Some(path) = self.path(name).filter(|_| name.is_film()) else { return Ok(None) };
        let Some(bytes) = stored_length(path.clone()).await? else { return Ok(None) };
        let (_, facts) = self.videos.examine(&path).await?;
        Ok(Some(StoredFilm { key: name.unmarked(), facts, bytes }))
    }
}
