//! The note of where the files of a home are, in MongoDB: one of the marks in `aviary_meta`.

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::media::site::{MediaSite, MediaSiteNote};
use mongodb::bson::{Document, RawDocument, doc};

use super::Database;
use super::access::Access;
use super::collection::META;
use super::document::Fields;
use super::error::TxError;

/// The `_id` of the mark.
const SITE: &str = "site";

/// The note in MongoDB.
pub struct MongoMediaSiteNote {
    database: Database,
}

impl MongoMediaSiteNote {
    /// The note in this database.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl MediaSiteNote for MongoMediaSiteNote {
    async fn noted(&self) -> Result<Option<MediaSite>, StoreError> {
        self.database.run(|db| async move { read(&db).await }).await
    }

    /// A transaction, so that who was too late sees what the other one noted as soon as it is told.
    async fn note(&self, before: Option<MediaSite>, site: MediaSite) -> Result<bool, StoreError> {
        let (before, site) = (&before, &site);
        self.database
            .transact(&[], |tx| async move {
                if read(&tx).await? != *before {
                    return Ok(false);
                }
                write(&tx, site).await.map(|()| true)
            })
            .await
    }
}

/// The site that is noted.
pub(super) async fn read(db: &Access) -> Result<Option<MediaSite>, TxError> {
    let mark = db.find_one(META, doc! { "_id": SITE }).await?;
    Ok(mark.map(|mark| site(&mark)).transpose()?)
}

/// Notes a site, whichever is noted.
pub(super) async fn write(db: &Access, site: &MediaSite) -> Result<(), TxError> {
    db.upsert(META, doc! { "_id": SITE }, vec![doc! { "$replaceWith": mark(site) }]).await.map(drop)
}

fn site(mark: &RawDocument) -> Result<MediaSite, StoreError> {
    Ok(match mark.optional_text("account")? {
        None => MediaSite::Folder,
        Some(name) => MediaSite::Account { name, folder: mark.text("folder")? },
    })
}

fn mark(site: &MediaSite) -> Document {
    match site {
        MediaSite::Folder => doc! { "_id": SITE },
        MediaSite::Account { name, folder } => {
            doc! { "_id": SITE, "account": { "$literal": name }, "folder": { "$literal": folder } }
        }
    }
}
