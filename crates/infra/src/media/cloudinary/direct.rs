//! Films that browsers send to Cloudinary by themselves: everything that is not signed here is refused there.

use async_trait::async_trait;
use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{Allowance, DirectUploads, Receipt, StoredFilm, TICKET_LIFE, UploadTicket};
use aviary_domain::media::{Access, MediaError, PreparedFile, VideoFacts};

use super::CloudinaryMedia;
use super::answer::Described;
use super::asset::{Asset, delivery_type};
use super::mark::Mark;
use crate::media::not_ours;

#[async_trait]
impl DirectUploads for CloudinaryMedia {
    /// Cloudinary cannot be told the limit; it is for whoever inspects the film to keep it.
    async fn sign(&self, name: &FileKey, _limit: u64, now: Timestamp) -> Result<UploadTicket, MediaError> {
        let format = name.format().filter(|_| name.is_film()).ok_or_else(|| not_ours(name))?;
        let Asset { kind, public_id } = self.addresses.asset(name).ok_or_else(|| not_ours(name))?;
        let mut parameters = vec![
            ("public_id", public_id),
            ("type", delivery_type(Access::Public).to_owned()),
            ("allowed_formats", format.extension().to_owned()),
            // Sent a second time, it must not replace what was inspected.
            ("overwrite", "false".to_owned()),
        ];
        parameters.extend(self.provider.playlist_parameters());
        let fields = self.provider.signed(parameters, now);
        Ok(UploadTicket {
            url: self.provider.endpoint(&[kind.as_str(), "upload"]).into(),
            fields: fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect(),
            expires_at: Timestamp::from_millis(now.seconds().saturating_mul(1000)).after(TICKET_LIFE),
        })
    }

    fn open(&self, _fields: &[(String, String)], _now: Timestamp) -> Option<Allowance> {
        None
    }

    async fn store(&self, _film: PreparedFile, name: &FileKey, _now: Timestamp) -> Result<Receipt, MediaError> {
        Err(MediaError::Backend(format!("{name} was sent here, where no ticket of this store leads").into()))
    }

    fn verify(&self, receipt: &Receipt) -> Option<FileKey> {
        let Receipt { public_id, version, signature } = receipt;
        let genuine = self.provider.signer.is_answer(public_id, *version, signature);
        genuine.then(|| self.addresses.name(public_id)).flatten().filter(FileKey::is_film)
    }

    async fn inspect(&self, name: &FileKey) -> Result<Option<StoredFilm>, MediaError> {
        let Some(asset) = self.addresses.asset(name).filter(|_| name.is_film()) else { return Ok(None) };
        let Some(found) = self.provider.explicit(&asset, Access::Public, true).await? else { return Ok(None) };
        check(name, &found)?;
        // Neither is promised in this answer, and what has them is asked less willingly.
        let detailed = match (found.bytes, found.duration()) {
            (Some(_), Some(_)) => None,
            _ => self.provider.details(&asset, Access::Public).await?,
        };
        let told = detailed.as_ref().unwrap_or(&found);
        check(name, told)?;
        let no_length = || MediaError::Unreadable("the film's length cannot be told".to_owned());
        let unknown_size = || MediaError::Backend("Cloudinary does not tell how large a film is".into());
        let duration = told.duration().or(found.duration()).ok_or_else(no_length)?;
        let (width, height) = told.frame();
        Ok(Some(StoredFilm {
            key: name.marked(&Mark::stored(found.version).to_string()),
            facts: VideoFacts { duration, width, height },
            bytes: told.bytes.or(found.bytes).ok_or_else(unknown_size)?,
        }))
    }
}

/// Whether it is a film of the format that its name says.
fn check(name: &FileKey, found: &Described) -> Result<(), MediaError> {
    let expected = name.format().map(FileFormat::extension);
    if found.format.as_deref().is_some_and(|format| Some(format) != expected) {
        return Err(MediaError::UnsupportedType("the file is not of the type that it was announced as".to_owned()));
    }
    if found.is_audio() {
        return Err(MediaError::Unreadable("the file has no picture".to_owned()));
    }
    Ok(())
}
