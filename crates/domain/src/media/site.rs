//! Where the media store of a home keeps what it is given, and the note of that in the home itself: a process that is
//! told of another place would answer for files that it cannot reach, and forget those that it should remove.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::StoreError;

/// The lease that servers have as long as they run. Its holder is the site that they are told, so that those of one site
/// have it together, and nobody can name another one meanwhile. The one of them that sweeps prolongs it, and gives it back when
/// it ends; the next that sweeps takes it again within seconds. Who names another site just then is let in, and those who
/// still run are told by the note to leave all files alone.
pub const SITE_LEASE: &str = "media site";

/// How long the lease outlives the last server that did not come to an orderly end.
pub const SITE_LEASE_LIFE: Duration = Duration::from_mins(1);

/// Where files are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSite {
    /// In the media folder alone.
    Folder,
    /// At an account of a provider; files that were in the media folder before are there still.
    Account {
        /// The name of the account; neither its key nor its secret.
        name: String,
        /// The folder there that is ours alone, without slashes at its ends.
        folder: String,
    },
}

/// As a part of a sentence; different sites are called differently.
impl fmt::Display for MediaSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("the media folder"),
            Self::Account { name, folder } => write!(f, "the account {name}, folder {folder}"),
        }
    }
}

/// The note of the site in the store of a home.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait MediaSiteNote: Send + Sync {
    /// The site that is noted; `None` until the first one is.
    async fn noted(&self) -> Result<Option<MediaSite>, StoreError>;

    /// Notes a site in the place of `before`; `false`, and no change, when something else is noted. Of many at once that
    /// name the same one before, exactly one succeeds.
    async fn note(&self, before: Option<MediaSite>, site: MediaSite) -> Result<bool, StoreError>;
}
