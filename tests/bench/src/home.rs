//! Homes to measure: seeded once, kept untouched, and copied for every run, so that all runs measure the same.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, bail};
use aviary_infra::seed::PASSWORD;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::aviary::{Aviary, Place};
use crate::cast::{self, Cast};
use crate::client::Client;
use crate::folder;
use crate::mongod::Mongod;
use crate::progress::Progress;

/// The database of a home on MongoDB.
const DATABASE: &str = "aviary";
/// The file that is there once a seeded home is complete.
const COMPLETE: &str = "cast.json";

/// Which of the two homes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum HomeKind {
    /// SQLite and a folder.
    Embedded,
    /// A replica set of one.
    #[value(name = "mongodb")]
    MongoDb,
}

/// How much there is in a home.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Size {
    /// A thousand users.
    Small,
    /// Twenty thousand users.
    Large,
}

impl fmt::Display for HomeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::MongoDb => "MongoDB",
        })
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Large => "large",
        })
    }
}

/// Where homes are kept, and how they are made.
pub(crate) struct Homes {
    /// The folder of the bench.
    pub(crate) folder: PathBuf,
    /// What the seed's chance begins with.
    pub(crate) seed: u64,
    /// Whether kept homes are made anew.
    pub(crate) fresh: bool,
}

/// An open home: its database runs where it has one.
struct Open {
    place: Place,
    mongod: Option<Mongod>,
}

/// A home that is served.
pub(crate) struct Subject {
    /// Its size.
    pub(crate) size: Size,
    /// The server.
    pub(crate) server: Aviary,
    /// Who and what plays.
    pub(crate) cast: Cast,
    open: Open,
}

impl Homes {
    /// Serves a copy of the seeded home, which is made where there is none yet.
    pub(crate) async fn serve(&self, kind: HomeKind, size: Size, progress: &Progress) -> anyhow::Result<Subject> {
        let name = format!("{kind}-{size}-{}", self.seed).to_lowercase();
        let kept = self.folder.join("seed").join(&name);
        let cast = match self.kept(&kept) {
            Some(cast) => cast,
            None => self.make(kind, size, &kept, progress).await.context("the home cannot be seeded")?,
        };
        progress.say(&format!("{kind}, {size}: copying the seeded home"));
        let work = self.work().join(&name);
        let (from, to) = (kept, work.clone());
        let copied = tokio::task::spawn_blocking(move || folder::remove(&to).and_then(|()| folder::copy(&from, &to)));
        copied.await?.context("the seeded home cannot be copied")?;
        let open = Open::new(kind, &work).await?;
        Ok(Subject { size, server: Aviary::start(&open.place).await?, cast, open })
    }

    /// The folder of what is measured now.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn kept(&self, folder: &Path) -> Option<Cast> {
        let text = fs::read(folder.join(COMPLETE)).ok().filter(|_| !self.fresh)?;
        serde_json::from_slice(&text).ok().filter(Cast::is_current)
    }

    /// Seeds a home and gets to know it. The file with its cast comes last: without it the home is not complete.
    async fn make(&self, kind: HomeKind, size: Size, kept: &Path, progress: &Progress) -> anyhow::Result<Cast> {
        progress.say(&format!("{kind}, {size}: seeding, which is kept for the next time"));
        folder::remove(kept)?;
        fs::create_dir_all(kept)?;
        let open = Open::new(kind, kept).await?;
        let mut seed = open.place.command()?;
        seed.args(["seed", "--size", &size.to_string(), "--seed", &self.seed.to_string()]);
        // Its report is not ours; its progress is.
        progress.pause();
        let status = seed.stdout(Stdio::null()).status().await.context("`aviary seed` does not run")?;
        if !status.success() {
            bail!("`aviary seed` ended with {status}");
        }
        progress.say(&format!("{kind}, {size}: getting to know it"));
        let server = Aviary::start(&open.place).await?;
        let cast = cast::explore(&Client::new(&server.base), PASSWORD).await?;
        server.stop().await?;
        open.close().await?;
        fs::write(kept.join(COMPLETE), serde_json::to_vec(&cast)?)?;
        Ok(cast)
    }
}

impl Open {
    async fn new(kind: HomeKind, folder: &Path) -> anyhow::Result<Self> {
        let mongod = match kind {
            HomeKind::Embedded => None,
            HomeKind::MongoDb => Some(Mongod::start(&folder.join("mongodb")).await?),
        };
        let mongodb = mongod.as_ref().map(|mongod| mongod.uri(DATABASE));
        Ok(Self { place: Place { data: folder.join("data"), mongodb }, mongod })
    }

    async fn close(self) -> anyhow::Result<()> {
        match self.mongod {
            Some(mongod) => mongod.stop().await,
            None => Ok(()),
        }
    }
}

impl Subject {
    /// The URI of another database on the same MongoDB, when the home is on one.
    pub(crate) fn mongodb(&self) -> Option<String> {
        self.open.mongod.as_ref().map(|mongod| mongod.uri(""))
    }

    /// Single requests to it.
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.server.base)
    }

    /// Ends the server and starts it again over the same home.
    pub(crate) async fn restart(self) -> anyhow::Result<Self> {
        let Self { size, server, cast, open } = self;
        server.stop().await?;
        Ok(Self { size, server: Aviary::start(&open.place).await?, cast, open })
    }

    /// Ends everything.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.server.stop().await?;
        self.open.close().await
    }
}
