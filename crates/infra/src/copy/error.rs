//! Why a home was not copied.

use std::io;
use std::path::PathBuf;

use aviary_domain::StoreError;
use aviary_domain::file::FileKey;
use aviary_domain::media::MediaError;

use super::home::Target;
use crate::media::site::SiteError;
use crate::{mongo, sqlite};

/// Why a home was not copied, or not to its end. Each is a sentence for the person who copies it.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Sqlite(#[from] sqlite::OpenError),
    /// The MongoDB store cannot be opened.
    #[error(transparent)]
    MongoDb(#[from] mongo::OpenError),
    /// There is nothing to copy.
    #[error("{home} holds no home of Aviary that could be copied")]
    NoHome {
        /// Which place.
        home: String,
    },
    /// The target is somebody's home, or something else.
    #[error("{home} is not empty: name an empty database, or a folder that holds no home")]
    NotEmpty {
        /// Which place.
        home: String,
    },
    /// The target holds the source already.
    #[error(
        "{home} holds this home already: the copy is complete, nothing was done now; to copy what has changed since, \
         name an empty database, or a folder that holds no home"
    )]
    Complete {
        /// Which place.
        home: String,
    },
    /// The folder for the files is not that of the servers.
    #[error(
        "none of the files that this home names is in {}: set DATA_DIR, or MEDIA_DIR, to the server's",
        folder.display()
    )]
    NoFiles {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// The target holds part of another home.
    #[error("{home} holds an unfinished copy of another home: finish that one, or {undo}")]
    OtherCopy {
        /// Which place.
        home: String,
        /// How to get rid of it.
        undo: String,
    },
    /// The files are at another account than that which is to have the rest.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// An earlier run uploaded files to another account.
    #[error(
        "{home} holds an unfinished copy whose files are on their way to the Cloudinary account {account}, folder \
         {folder}: finish it with that one, or {undo}"
    )]
    OtherAccount {
        /// Which place.
        home: String,
        /// The account.
        account: String,
        /// The folder there.
        folder: String,
        /// How to get rid of it.
        undo: String,
    },
    /// The target does not take a row.
    #[error("{table} {key} does not fit into the target: {cause}")]
    Refused {
        /// Of which table.
        table: &'static str,
        /// Which row.
        key: String,
        /// What the target says.
        cause: rusqlite::Error,
    },
    /// A row cannot be read, or a step of a store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The embedded store failed.
    #[error("the embedded store failed")]
    SqliteFailed(#[from] rusqlite::Error),
    /// MongoDB failed.
    #[error("MongoDB failed: {}", .0.kind)]
    MongoDbFailed(mongodb::error::Error),
    /// A file cannot be read or written.
    #[error("{} cannot be copied: {cause}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the operating system said.
        cause: io::Error,
    },
    /// The media store that is to have the files cannot be used, or not any more.
    #[error("{} cannot be uploaded; run it again to go on", name.as_ref().map_or("the files", FileKey::name))]
    Upload {
        /// Which file, if it came to one.
        name: Option<FileKey>,
        /// What the store says.
        #[source]
        cause: MediaError,
    },
    /// What the target says about an earlier copy cannot be understood.
    #[error("{home} holds an unfinished copy that another version of this program began: {undo}")]
    Unreadable {
        /// Which place.
        home: String,
        /// How to get rid of it.
        undo: String,
    },
    /// A part of the work ended without its last word.
    #[error("a part of the copy ended before it was done; run it again to go on")]
    Interrupted,
}

impl CopyError {
    pub(super) fn unreadable(target: &dyn Target) -> Self {
        Self::Unreadable { home: target.name(), undo: target.undo() }
    }
}

impl From<mongodb::error::Error> for CopyError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::MongoDbFailed(error)
    }
}
