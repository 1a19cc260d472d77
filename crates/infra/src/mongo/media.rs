//! Which media folder belongs to a database: the copy that filled it says so, or else the first server, and every further
//! one must have the same. One with another folder would answer for files that it does not see, and forget those that
//! it should remove.

use std::io;
use std::path::Path;

use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::ReturnDocument;
use tokio::task::spawn_blocking;

use super::collection::META;
use super::database::Database;
use super::error::TxError;
use super::{OpenError, OtherMedia};
use crate::media::{self, identity};

/// The `_id` of the mark, and its field.
const MEDIA: &str = "media";
const FOLDER: &str = "folder";

impl Database {
    /// Makes sure that this is the media folder of the database. The first one to be named becomes it; any other is
    /// refused and left as it is.
    pub async fn claim_media(&self, folder: &Path) -> Result<(), OpenError> {
        let expected = match self.media().await? {
            Some(named) => named,
            None => first(&self.driver().collection(META), &identify(folder).await?).await?,
        };
        self.compare(folder, expected).await
    }

    /// Refuses any folder but the media folder of the database; while it has none, each will do. Changes nothing.
    pub async fn check_media(&self, folder: &Path) -> Result<(), OpenError> {
        match self.media().await? {
            Some(expected) => self.compare(folder, expected).await,
            None => Ok(()),
        }
    }

    async fn compare(&self, folder: &Path, expected: String) -> Result<(), OpenError> {
        let found = at(folder, identity::read).await?;
        if found.as_ref() == Some(&expected) {
            return Ok(());
        }
        let (database, folder) = (self.driver().name().to_owned(), folder.to_owned());
        Err(OtherMedia { database, folder, expected, file: identity::FILE }.into())
    }

    /// The id of the media folder of the database; none before a server or a copy has named it.
    pub(super) async fn media(&self) -> Result<Option<String>, OpenError> {
        let meta = self.driver().collection(META);
        meta.find_one(doc! { "_id": MEDIA }).await?.map(|mark| id_in(&mark)).transpose()
    }

    /// Names the media folder of a database that no server may have open, whichever it was before.
    pub(super) async fn name_media(&self, id: &str) -> Result<(), Error> {
        let meta: Collection<Document> = self.driver().collection(META);
        meta.update_one(doc! { "_id": MEDIA }, doc! { "$set": { FOLDER: id } }).upsert(true).await.map(drop)
    }
}

/// The id of a folder, which is made, and given one, where it is missing.
pub(crate) async fn identify(folder: &Path) -> Result<String, OpenError> {
    at(folder, identity::ensure).await
}

/// Which id stands when everybody who is first has named one.
async fn first(meta: &Collection<Document>, own: &str) -> Result<String, OpenError> {
    let change = vec![doc! { "$set": { FOLDER: { "$ifNull": [format!("${FOLDER}"), own] } } }];
    loop {
        let named = meta.find_one_and_update(doc! { "_id": MEDIA }, change.clone()).upsert(true);
        match named.return_document(ReturnDocument::After).await {
            Ok(mark) => return id_in(&mark.unwrap_or_default()),
            // Another server made the mark in the same instant; now it can be read.
            Err(error) if TxError::from(error.clone()).is_duplicate("_id_") => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn id_in(mark: &Document) -> Result<String, OpenError> {
    mark.get_str(FOLDER).map(str::to_owned).map_err(|error| OpenError::Driver(Error::custom(error)))
}

/// Looks at the folder where that may block.
async fn at<T: Send + 'static>(
    folder: &Path,
    look: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, OpenError> {
    let there = folder.to_owned();
    let looked = spawn_blocking(move || look(&there)).await.map_err(io::Error::other).flatten();
    looked.map_err(|cause| media::OpenError { folder: folder.to_owned(), cause }.into())
}
