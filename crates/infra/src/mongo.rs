//! The distributed store: every port over a MongoDB replica set (or a sharded cluster) that any number of nodes share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Store;
use mongodb::Client;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::ConnectionString;

pub mod comment;
pub mod dashboard;
pub mod file;
pub mod history;
pub mod idempotency;
pub mod lease;
pub mod like;
pub mod maintenance;
pub mod media_site;
pub mod media_task;
pub mod playlist;
pub mod session;
pub mod subscription;
pub mod ticket;
pub mod tweet;
pub mod user;
pub mod video;

mod abandoned;
mod access;
mod adopt;
mod batch;
mod card;
mod clients;
mod collection;
pub(crate) mod copy;
mod database;
mod document;
mod error;
mod group;
mod hot;
mod known;
mod lent;
mod list;
mod media;
mod migrate;
mod options;
mod people;
mod questions;
mod schema;
mod shard;
mod snapshot;
mod totals;
mod turn;

use crate::progress::Progress;
use clients::Clients;
use options::PATIENCE;
use schema::Standing;

pub use adopt::{Adopted, AdoptionError, AdoptionReport, EntryReason, Note, Reason, Stage, Tally};
pub use database::Database;
pub use migrate::{MigrateMode, MigrationReport};
pub use shard::{ShardOutcome, Sharded};

/// The database of a URI that names none.
pub const DEFAULT_DATABASE: &str = "aviary";

/// The oldest wire protocol that the queries here are written for: MongoDB 5.0.
const OLDEST_WIRE: i64 = 13;

/// Why a database could not be opened. Each is a sentence for the person who starts the program; none shows the URI,
/// which may hold a password. What the driver said stands in them, without what it adds for programs, and is no source.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URI cannot be read.
    #[error("the MongoDB URI cannot be used: {}", .0.kind)]
    Uri(Error),
    /// Nobody who could take writes answers.
    #[error("no primary of MongoDB answered at {servers} within {} s", patience.as_secs_f64())]
    Unreachable {
        /// The servers that the URI names.
        servers: String,
        /// How long they had.
        patience: Duration,
    },
    /// A single server without a replica set has no transactions.
    #[error(
        "this MongoDB is a standalone server, which has no transactions: start mongod with --replSet and a name, and \
         run rs.initiate() once"
    )]
    Standalone,
    /// The server is too old.
    #[error("this MongoDB is too old: version 5.0 or later is needed")]
    TooOld,
    /// The database was written by a later version of this program.
    #[error(
        "the database {database} has version {found}, but this program knows versions up to {known}: use a newer one"
    )]
    Newer {
        /// Its name.
        database: String,
        /// Its version.
        found: i64,
        /// The latest version that this program knows.
        known: i64,
    },
    /// The database holds something that is not ours.
    #[error(
        "the database {database} holds collections that Aviary did not make, and no accounts of the family of \
         applications that it can adopt: {}. Name an empty database in the URI, or the one that was meant",
        adopt::looked_for()
    )]
    Foreign {
        /// Its name.
        database: String,
    },
    /// The database has to be brought to the present version first.
    #[error("the database {database} {what}: stop every server that uses it and run `aviary migrate`")]
    NeedsMigration {
        /// Its name.
        database: String,
        /// In which state it is, as the rest of a sentence.
        what: &'static str,
    },
    /// The database was left while another home was being copied into it, or while it was being seeded.
    #[error(
        "the database {database} holds half a copy of another home, or half of what was seeded: run `aviary copy` (or \
         `aviary seed`) again, as before"
    )]
    HalfCopied {
        /// Its name.
        database: String,
    },
    /// Another process migrates the database, and did not end within the time that this one waits.
    #[error("another process is migrating the database {database}: try again when it is done")]
    Locked {
        /// Its name.
        database: String,
    },
    /// Another process has taken over the migration, because this one was not heard of for too long.
    #[error("another process has taken over the migration of the database {database}; nothing was written since")]
    LockLost {
        /// Its name.
        database: String,
    },
    /// Only a router can distribute collections.
    #[error("this MongoDB is not a sharded cluster: MONGODB_URI must name its routers (mongos)")]
    NoRouter,
    /// The cluster is too old for the queries here.
    #[error("this sharded cluster is too old to distribute collections: version 8.0 or later is needed")]
    OldRouter,
    /// The database cannot be adopted as it stands.
    #[error(transparent)]
    Adoption(#[from] AdoptionError),
    /// The media folder is not the one of the database.
    #[error(transparent)]
    OtherMedia(#[from] OtherMedia),
    /// The media folder cannot be looked into.
    #[error(transparent)]
    Media(#[from] crate::media::OpenError),
    /// MongoDB failed otherwise.
    #[error("the database cannot be opened: {}", .0.kind)]
    Driver(Error),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

/// The media folder of a server is not the one that the other servers of the database keep their files in.
#[derive(Debug, thiserror::Error)]
#[error(
    "the files of the database {database} are in the media folder {expected}, and {} is not that one: mount the folder \
     that the servers share and name it in MEDIA_DIR, or, if this one takes its place for good, write {expected} into {}",
    folder.display(), folder.join(file).display()
)]
pub struct OtherMedia {
    /// The name of the database.
    pub database: String,
    /// The folder of this server.
    pub folder: PathBuf,
    /// The id of the database's folder.
    pub expected: String,
    /// The name of the file that holds a folder's id.
    pub file: &'static str,
}

/// A store that is ready to serve.
pub struct OpenStore {
    /// The ports.
    pub store: Store,
    /// What they share; to be closed at the end.
    pub database: Database,
}

/// Connects to a deployment and gives the ports of its database, which is made where it is empty. One that is not of
/// the present version is refused.
pub async fn open(uri: &str) -> Result<OpenStore, OpenError> {
    let (database, _) = connect(uri).await?;
    let driver = database.driver();
    match schema::standing(driver).await? {
        Standing::Current => {}
        Standing::Empty => schema::begin(driver).await?,
        standing => {
            let refusal = migrate::refusal(driver, standing).await;
            database.close().await;
            return Err(refusal);
        }
    }
    Ok(OpenStore { store: store(&database), database })
}

/// Only brings the database to the present version, or tells what that would take.
pub async fn migrate(uri: &str, mode: MigrateMode, progress: &dyn Progress) -> Result<MigrationReport, OpenError> {
    let (database, _) = connect(uri).await?;
    let report = migrate::run(database.driver(), mode, progress).await;
    database.close().await;
    report
}

/// Distributes the collections of the plan over the shards of a cluster, or tells which those are.
pub async fn shard(uri: &str, mode: MigrateMode, progress: &dyn Progress) -> Result<Vec<Sharded>, OpenError> {
    let (database, hello) = connect(uri).await?;
    let outcomes = shard::run(database.driver(), &hello, mode, progress).await;
    database.close().await;
    outcomes
}

/// The database that a URI names, if it names one; nobody is asked.
pub fn named_database(uri: &str) -> Result<Option<String>, OpenError> {
    Ok(ConnectionString::parse(uri).map_err(OpenError::Uri)?.default_database)
}

/// Connects to a deployment that has what is needed; answers with what it said of itself too.
async fn connect(uri: &str) -> Result<(Database, Document), OpenError> {
    let options = options::read(uri).await?;
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let servers: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    let patience = options.server_selection_timeout.unwrap_or(PATIENCE);
    let clients = Clients::new(options, &name).map_err(OpenError::Uri)?;
    let hello = check_deployment(clients.first().client()).await.map_err(|error| match error {
        // The driver tells all that it knows about every server.
        OpenError::Driver(error) if matches!(*error.kind, ErrorKind::ServerSelection { .. }) => {
            tracing::debug!(%error, "no server was found");
            OpenError::Unreachable { servers: servers.join(", "), patience }
        }
        other => other,
    })?;
    Ok((Database::new(clients, shard::is_router(&hello)), hello))
}

/// Refuses what has no transactions, and answers with what the deployment said of itself.
async fn check_deployment(client: &Client) -> Result<Document, OpenError> {
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await?;
    if !shard::is_router(&hello) && !hello.contains_key("setName") {
        return Err(OpenError::Standalone);
    }
    if wire(&hello) < OLDEST_WIRE { Err(OpenError::TooOld) } else { Ok(hello) }
}

/// The latest wire protocol that a deployment speaks.
fn wire(hello: &Document) -> i64 {
    hello.get_i32("maxWireVersion").map_or(0, i64::from)
}

fn store(database: &Database) -> Store {
    Store {
        users: Arc::new(user::MongoUsers::new(database.clone())),
        sessions: Arc::new(session::MongoSessions::new(database.clone())),
        videos: Arc::new(video::MongoVideos::new(database.clone())),
        comments: Arc::new(comment::MongoComments::new(database.clone())),
        tweets: Arc::new(tweet::MongoTweets::new(database.clone())),
        likes: Arc::new(like::MongoLikes::new(database.clone())),
        subscriptions: Arc::new(subscription::MongoSubscriptions::new(database.clone())),
        playlists: Arc::new(playlist::MongoPlaylists::new(database.clone())),
        history: Arc::new(history::MongoHistory::new(database.clone())),
        dashboard: Arc::new(dashboard::MongoDashboard::new(database.clone())),
        files: Arc::new(file::MongoFileLedger::new(database.clone())),
        tickets: Arc::new(ticket::MongoTickets::new(database.clone())),
        media_site: Arc::new(media_site::MongoMediaSiteNote::new(database.clone())),
        media_tasks: Arc::new(media_task::MongoMediaTasks::new(database.clone())),
        idempotency: Arc::new(idempotency::MongoIdempotency::new(database.clone())),
        leases: Arc::new(lease::MongoLeases::new(database.clone())),
        maintenance: Arc::new(maintenance::MongoMaintenance::new(database.clone())),
    }
}
