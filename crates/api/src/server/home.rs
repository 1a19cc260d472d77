//! Where the data lives: the embedded store in the data folder, or a MongoDB deployment. Everything above sees only
//! the ports.

use anyhow::Context;
use aviary_domain::Store;
use aviary_infra::data_folder::DataFolder;
use aviary_infra::media::site;
use aviary_infra::mongo::MigrateMode;
use aviary_infra::progress::Progress;
use aviary_infra::{mongo, sqlite};
use secrecy::ExposeSecret;

use crate::config::Settings;

/// Brings a MongoDB database to the present version, where the settings ask for it. The embedded store does so by
/// itself whenever it is opened.
pub(super) async fn migrate(settings: &Settings) -> anyhow::Result<()> {
    if let Some(uri) = settings.mongodb_uri.as_ref().filter(|_| settings.migrate) {
        let report = mongo::migrate(uri.expose_secret(), MigrateMode::Apply, &Logged).await?;
        for step in report.steps {
            tracing::info!(step, "applied");
        }
        if let Some(adoption) = report.adoption {
            tracing::info!(%adoption, "adopted the database of another application");
        }
    }
    Ok(())
}

/// Progress in the log.
struct Logged;

impl Progress for Logged {
    fn begin(&self, part: &str, items: Option<u64>) {
        tracing::info!(part, items, "migrating");
    }

    fn advance(&self, _items: u64) {}

    fn finish(&self) {}
}

/// An open store with what it holds on to.
pub(crate) struct Home {
    /// Its ports.
    pub(crate) store: Store,
    engine: Engine,
}

enum Engine {
    /// The data folder is the database's own.
    Embedded(sqlite::Database),
    /// The data folder keeps media alone; a command that works beside a server leaves it to the server.
    MongoDb(mongo::Database, Option<DataFolder>),
}

impl Home {
    /// Opens what the settings name, and takes the data folder.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let data_dir = settings.data_dir.clone();
        let Some(uri) = &settings.mongodb_uri else {
            let opened = tokio::task::spawn_blocking(move || sqlite::open(&data_dir)).await??;
            if opened.unclean {
                tracing::warn!(
                    "the last process that used the data folder did not stop cleanly; its database was checked"
                );
            }
            return Ok(Self { store: opened.store, engine: Engine::Embedded(opened.database) });
        };
        let folder = tokio::task::spawn_blocking(move || DataFolder::take(&data_dir)).await??;
        let opened = mongo::open(uri.expose_secret()).await?;
        Ok(Self { store: opened.store, engine: Engine::MongoDb(opened.database, Some(folder)) })
    }

    /// Opens what the settings name for work that may be done while servers run on it. The embedded store has one
    /// process, so there the data folder is taken all the same.
    pub(crate) async fn open_beside(settings: &Settings) -> anyhow::Result<Self> {
        let Some(uri) = &settings.mongodb_uri else { return Self::open(settings).await };
        let opened = mongo::open(uri.expose_secret()).await?;
        opened.database.check_media(&settings.media_dir).await?;
        Ok(Self { store: opened.store, engine: Engine::MongoDb(opened.database, None) })
    }

    /// Makes sure that account and media folder are those that the rows of the store are about, and lets go of the home
    /// where they are not. The embedded store has its folder to itself, and nodes that keep their files at Cloudinary need
    /// not share one, unless they did before.
    pub(super) async fn with_media(self, settings: &Settings) -> anyhow::Result<Self> {
        match self.claim_media(settings).await {
            Ok(()) => Ok(self),
            Err(refusal) => self.let_go(refusal).await,
        }
    }

    /// As [`Home::with_media`] for a command, which notes nothing: that is for servers.
    pub(crate) async fn with_noted_media(self, settings: &Settings) -> anyhow::Result<Self> {
        match site::check(&self.store, &settings.media_site()).await {
            Ok(()) => Ok(self),
            Err(refusal) => self.let_go(refusal.into()).await,
        }
    }

    async fn claim_media(&self, settings: &Settings) -> anyhow::Result<()> {
        if let Engine::MongoDb(database, _) = &self.engine {
            // Changes nothing, and so comes before what does.
            database.check_media(&settings.media_dir).await?;
        }
        site::claim(&self.store, &settings.media_site()).await?;
        match &self.engine {
            Engine::MongoDb(database, _) if settings.cloudinary.is_none() => {
                Ok(database.claim_media(&settings.media_dir).await?)
            }
            Engine::MongoDb(..) | Engine::Embedded(_) => Ok(()),
        }
    }

    /// Closes in good order what is refused: it was not changed, and is not to be checked at the next start.
    async fn let_go(self, refusal: anyhow::Error) -> anyhow::Result<Self> {
        self.close().await?;
        Err(refusal)
    }

    /// Finishes what is queued and lets go of everything.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        match self.engine {
            Engine::Embedded(database) => database.close().await.context("the store could not be closed cleanly"),
            Engine::MongoDb(database, folder) => {
                database.close().await;
                folder.map_or(Ok(()), |folder| Ok(folder.release()?))
            }
        }
    }
}
