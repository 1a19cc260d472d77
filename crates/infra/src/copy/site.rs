//! What a new home knows of where its files are.

use aviary_domain::media::site::MediaSite;

use super::home::{Source, Target};
use super::{CopyError, Media};

/// Has the target know where its files are before anybody can serve it. `is_begun` says that an earlier run may have put some
/// of them there.
pub(super) async fn hand_on(
    from: &dyn Source,
    to: &dyn Target,
    is_begun: bool,
    media: Option<&Media>,
) -> Result<(), CopyError> {
    let noted = from.site().await?;
    let own = match media {
        Some(Media::Uploads(uploads)) => Some(uploads.to.site().clone()),
        // The rows go as they are, and so do the files that they name at an account.
        Some(Media::Stays(_) | Media::Moves(_)) | None => noted,
    };
    let before = if is_begun { to.site().await? } else { None };
    match (before, own) {
        (before, own) if before == own => Ok(()),
        (Some(MediaSite::Account { name: account, folder }), _) => {
            Err(CopyError::OtherAccount { home: to.name(), account, folder, undo: to.undo() })
        }
        (_, Some(own)) => to.note_site(&own).await,
        (_, None) => Ok(()),
    }
}
