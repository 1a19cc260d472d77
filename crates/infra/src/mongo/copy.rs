//! A MongoDB database as one side of a copy. While it is a target a mark stands in it, by which every server refuses
//! it.

mod row;
mod walk;

use std::path::Path;

use async_trait::async_trait;
use aviary_domain::StoreError;
use aviary_domain::maintenance::MaintenanceRepository;
use aviary_domain::media::site::MediaSite;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};

use self::row::document;
use self::walk::send;
use super::access::Access;
use super::collection::{LEASES, LOCK, MEDIA_TASKS, META, PURGE_QUEUE, TOTALS};
use super::document::Fields;
use super::error::TxError;
use super::maintenance::MongoMaintenance;
use super::schema::{self, COPY, Standing};
use super::totals::Total;
use super::{Database, connect, media_site, migrate, store};
use crate::copy::home::{Home, KeyChange, Place, Reading, Rows, Source, Target, Totals};
use crate::copy::record::Record;
use crate::copy::table::{TABLES, Table};
use crate::copy::{self, CopyError};
use crate::media::site;
use crate::progress::Progress;

pub(crate) use super::media::identify;

/// How many rows one step of the purge removes.
const PURGED: usize = 500;

/// The code of a write that met a unique index.
const DUPLICATE_KEY: i32 = 11_000;

/// A database that is to be copied.
pub(crate) async fn source(uri: &str) -> Result<Box<dyn Source>, CopyError> {
    Ok(Box::new(Side::current(uri).await?))
}

/// A database that a home is to be copied to, or that was left while one was. The identity is that of the source.
pub(crate) async fn target(uri: &str, identity: &str) -> Result<Box<dyn Target>, CopyError> {
    let side = Side::connect(uri).await?;
    match schema::standing(side.driver()).await? {
        Standing::Copying => {}
        Standing::Empty => schema::begin(side.driver()).await?,
        Standing::Current if side.is_empty().await? => {}
        Standing::Current if !identity.is_empty() && copy::identity(&side).await? == identity => {
            return Err(CopyError::Complete { home: side.name() });
        }
        Standing::Current | Standing::Foreign => return Err(CopyError::NotEmpty { home: side.name() }),
        standing => return Err(migrate::refusal(side.driver(), standing).await.into()),
    }
    Ok(Box::new(side))
}

/// A database whose home is to be changed where it is; no server may use it.
pub(crate) async fn home(uri: &str) -> Result<Box<dyn Target>, CopyError> {
    Ok(Box::new(Side::current(uri).await?))
}

/// Either side.
struct Side {
    database: Database,
}

impl Side {
    async fn connect(uri: &str) -> Result<Self, CopyError> {
        let (database, _) = connect(uri).await?;
        Ok(Self { database })
    }

    /// The home of a database that holds one, whole and of the present version.
    async fn current(uri: &str) -> Result<Self, CopyError> {
        let side = Self::connect(uri).await?;
        match schema::standing(side.driver()).await? {
            Standing::Current => Ok(side),
            Standing::Empty => Err(CopyError::NoHome { home: side.name() }),
            standing => Err(migrate::refusal(side.driver(), standing).await.into()),
        }
    }

    fn driver(&self) -> &mongodb::Database {
        self.database.driver()
    }

    /// Access outside of deadlines: what is counted here may take longer than a request.
    fn access(&self) -> Access {
        self.database.access_in(0)
    }

    /// Whether no row stands in any table.
    async fn is_empty(&self) -> Result<bool, CopyError> {
        for table in TABLES {
            if self.access().exists(table.name, doc! {}).await.map_err(failed)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds documents; those that are there already are left alone.
    async fn insert(&self, table: &Table, documents: &[Document]) -> Result<(), Error> {
        let collection = self.driver().collection::<Document>(table.name);
        match collection.insert_many(documents).ordered(false).await {
            // Whether it is the same row that is there already, the comparison at the end tells.
            Err(error) if is_only_duplicates(&error) => Ok(()),
            done => done.map(drop),
        }
    }
}

#[async_trait]
impl Home for Side {
    fn name(&self) -> String {
        format!("the database {}", self.driver().name())
    }

    async fn count(&self, table: &'static Table) -> Result<u64, CopyError> {
        let collection = self.driver().collection::<Document>(table.name);
        Ok(collection.estimated_document_count().await?)
    }

    fn read(&self, reading: Reading) -> Rows {
        let (sender, rows) = Rows::channel();
        let database = self.driver().clone();
        tokio::spawn(async move {
            let last = send(&database, &reading, &sender).await.map(|()| None);
            // Nobody listens any more where it cannot be sent.
            drop(sender.send(last).await);
        });
        rows
    }

    async fn totals(&self) -> Result<Totals, CopyError> {
        let access = self.access();
        Ok(Totals {
            published_videos: Total::PublishedVideos.stored(&access).await.map_err(failed)?,
            tweets: Total::Tweets.stored(&access).await.map_err(failed)?,
        })
    }
}

#[async_trait]
impl Source for Side {
    async fn purge(&self) -> Result<u64, CopyError> {
        let removed = MongoMaintenance::new(self.database.clone()).purge(PURGED).await?;
        Ok(u64::try_from(removed).unwrap_or(u64::MAX))
    }

    async fn strangers(&self) -> Result<Vec<(String, u64)>, CopyError> {
        let ours = |name: &str| {
            let others = [LEASES, LOCK, META, PURGE_QUEUE, TOTALS];
            Table::find(name).is_some() || others.contains(&name) || name.starts_with("system.")
        };
        let names = self.driver().list_collection_names().await?;
        let mut found = Vec::new();
        for name in names.into_iter().filter(|name| !ours(name)) {
            let collection = self.driver().collection::<Document>(&name);
            let documents = collection.estimated_document_count().await?;
            if documents > 0 {
                found.push((name, documents));
            }
        }
        found.sort();
        Ok(found)
    }

    async fn media(&self) -> Result<Option<String>, CopyError> {
        Ok(self.database.media().await?)
    }

    async fn site(&self) -> Result<Option<MediaSite>, CopyError> {
        Ok(store(&self.database).media_site.noted().await?)
    }

    async fn check_site(&self, own: &MediaSite) -> Result<(), CopyError> {
        Ok(site::check(&store(&self.database), own).await?)
    }

    async fn check_media(&self, folder: &Path) -> Result<(), CopyError> {
        Ok(self.database.check_media(folder).await?)
    }

    async fn close(self: Box<Self>) -> Result<(), CopyError> {
        self.database.close().await;
        Ok(())
    }
}

#[async_trait]
impl Target for Side {
    fn undo(&self) -> String {
        format!("drop {}", self.name())
    }

    async fn place(&self) -> Result<Option<Place>, CopyError> {
        let mark = self.access().find_one(META, doc! { "_id": COPY }).await.map_err(failed)?;
        mark.map(|mark| Place::of_text(&mark.text("place")?, self)).transpose()
    }

    async fn note(&self, place: &Place) -> Result<(), CopyError> {
        let change = doc! { "$set": { "place": place.to_text()? } };
        self.access().upsert(META, doc! { "_id": COPY }, change).await.map(drop).map_err(failed)
    }

    async fn put_off_indexes(&self) -> Result<(), CopyError> {
        Ok(schema::put_off_indexes(self.driver()).await?)
    }

    async fn make_indexes(&self, progress: &dyn Progress) -> Result<(), CopyError> {
        progress.begin("making indexes", None);
        schema::make(self.driver()).await?;
        progress.finish();
        Ok(())
    }

    async fn site(&self) -> Result<Option<MediaSite>, CopyError> {
        media_site::read(&self.access()).await.map_err(failed)
    }

    async fn note_site(&self, site: &MediaSite) -> Result<(), CopyError> {
        media_site::write(&self.access(), site).await.map_err(failed)
    }

    async fn write(&self, table: &'static Table, records: Vec<Record>, place: &Place) -> Result<(), CopyError> {
        let documents: Vec<Document> = records.iter().map(|record| document(table, record)).collect();
        self.insert(table, &documents).await?;
        self.note(place).await
    }

    async fn change_key(&self, change: &KeyChange) -> Result<(), CopyError> {
        let access = self.access();
        if change.to.is_film() {
            // Before the key: whoever is killed in between makes it again, and alone it does no harm.
            let task = doc! { "$setOnInsert": row::moved_film_task() };
            access.upsert(MEDIA_TASKS, row::id(&change.row), task).await.map_err(failed)?;
        }
        let (row, key) = row::key_change(change);
        access.update(change.table.name, row, key).await.map(drop).map_err(failed)
    }

    async fn write_totals(&self, totals: Totals) -> Result<(), CopyError> {
        let access = self.access();
        let values = [(Total::PublishedVideos, totals.published_videos), (Total::Tweets, totals.tweets)];
        for (total, value) in values {
            let shares = total.shares();
            let first = doc! { "_id": shares.first() };
            let all = doc! { "_id": { "$in": &shares } };
            access.update_all(TOTALS, all, doc! { "$set": { "value": 0_i64 } }).await.map_err(failed)?;
            access.update(TOTALS, first, doc! { "$set": { "value": value } }).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn finish(self: Box<Self>, media: Option<String>) -> Result<(), CopyError> {
        if let Some(id) = media {
            // Before the mark goes: whoever is killed in between goes on, and names it again.
            self.database.name_media(&id).await?;
        }
        self.access().delete(META, doc! { "_id": COPY }).await.map_err(failed)?;
        self.database.close().await;
        Ok(())
    }

    async fn leave(self: Box<Self>) -> Result<(), CopyError> {
        self.database.close().await;
        Ok(())
    }
}

fn failed(error: TxError) -> CopyError {
    match error {
        // With what the server said: it goes to the person at the terminal.
        TxError::Driver(error) => error.into(),
        other @ TxError::Store(_) => StoreError::from(other).into(),
    }
}

/// Whether all that went wrong is that some documents were there already.
fn is_only_duplicates(error: &Error) -> bool {
    let ErrorKind::InsertMany(error) = error.kind.as_ref() else { return false };
    let writes = error.write_errors.as_deref().unwrap_or_default();
    error.write_concern_error.is_none() && writes.iter().all(|write| write.code == DUPLICATE_KEY)
}
