//! The distributed store: every port over a MongoDB replica set (or a sharded cluster) that any number of nodes share.

use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Store;
use mongodb::bson::doc;
use mongodb::options::{ClientOptions, ReadConcern, ReadPreference, SelectionCriteria};
use mongodb::{Client, error::Error};

pub mod comment;
pub mod dashboard;
pub mod file;
pub mod history;
pub mod like;
pub mod maintenance;
pub mod playlist;
pub mod session;
pub mod subscription;
pub mod tweet;
pub mod user;
pub mod video;

mod access;
mod card;
mod collection;
mod database;
mod document;
mod error;
mod hot;
mod list;
mod schema;
mod snapshot;
mod totals;
mod turn;

pub use database::Database;

/// The database of a URI that names none.
const DEFAULT_DATABASE: &str = "aviary";

/// How long the driver looks for a primary, and waits for a connection to be made.
const PATIENCE: Duration = Duration::from_secs(3);

/// The oldest wire protocol that the queries here are written for: MongoDB 5.0.
const OLDEST_WIRE: i64 = 13;

/// Why a database could not be opened. Each is a sentence for the person who starts the program; none shows the URI,
/// which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URI cannot be read.
    #[error("the MongoDB URI cannot be used: {0}")]
    Uri(#[source] Error),
    /// Nobody answers.
    #[error("MongoDB cannot be reached: {0}")]
    Unreachable(#[source] Error),
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
    #[error("the database {database} holds collections that Aviary did not make: name an empty one in the URI")]
    Foreign {
        /// Its name.
        database: String,
    },
    /// MongoDB failed otherwise.
    #[error("the database cannot be opened: {0}")]
    Driver(#[from] Error),
}

/// A store that is ready to serve.
pub struct OpenStore {
    /// The ports.
    pub store: Store,
    /// What they share; to be closed at the end.
    pub database: Database,
}

/// Connects to a deployment, makes sure that the database is of the present version, and gives its ports.
pub async fn open(uri: &str) -> Result<OpenStore, OpenError> {
    let (database, _) = connect(uri).await?;
    Ok(OpenStore { store: store(&database), database })
}

/// Only brings the database to the present version. Answers with the names of the steps that were applied.
pub async fn migrate(uri: &str) -> Result<Vec<&'static str>, OpenError> {
    let (database, applied) = connect(uri).await?;
    database.close().await;
    Ok(applied)
}

/// Connects to a deployment and makes sure that the database is of the present version; on an empty one all
/// collections and indexes are made.
async fn connect(uri: &str) -> Result<(Database, Vec<&'static str>), OpenError> {
    let options = options(uri).await?;
    let name = options.default_database.clone().unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let client = Client::with_options(options).map_err(OpenError::Uri)?;
    let database = client.database(&name);
    check_deployment(&client).await?;
    let applied = schema::prepare(&database).await?;
    Ok((Database::new(client, database), applied))
}

/// What the URI says, except where durability and bounded waits depend on it.
async fn options(uri: &str) -> Result<ClientOptions, OpenError> {
    let mut options = ClientOptions::parse(uri).await.map_err(OpenError::Uri)?;
    options.app_name.get_or_insert_with(|| "aviary".to_owned());
    options.server_selection_timeout.get_or_insert(PATIENCE);
    options.connect_timeout.get_or_insert(PATIENCE);
    // Waiting for a connection of a full pool has no end, so the pool must not be what limits.
    let pool = options.max_pool_size.map_or(turn::TURNS.into(), |size| size.max(turn::TURNS.into()));
    options.max_pool_size = Some(pool);
    options.retry_writes = Some(true);
    options.retry_reads = Some(true);
    options.write_concern = Some(database::durable());
    options.read_concern = Some(ReadConcern::majority());
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    Ok(options)
}

/// Refuses what has no transactions.
async fn check_deployment(client: &Client) -> Result<(), OpenError> {
    let hello = client.database("admin").run_command(doc! { "hello": 1 }).await.map_err(OpenError::Unreachable)?;
    let is_router = hello.get_str("msg").is_ok_and(|msg| msg == "isdbgrid");
    if !is_router && !hello.contains_key("setName") {
        return Err(OpenError::Standalone);
    }
    let wire = hello.get_i32("maxWireVersion").map_or(0, i64::from);
    if wire < OLDEST_WIRE { Err(OpenError::TooOld) } else { Ok(()) }
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
        maintenance: Arc::new(maintenance::MongoMaintenance::new(database.clone())),
    }
}
