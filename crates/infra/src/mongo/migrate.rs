//! Bringing a database to the present version: making an empty one, applying numbered steps to an older one, and
//! adopting one that another application of the family has filled. Two nodes never do so at once.

pub(crate) mod lock;
pub(crate) mod step;

use mongodb::Database;

use super::OpenError;
use super::adopt::{self, Adopted, AdoptionError, AdoptionReport};
use super::schema::{self, Standing};
use crate::progress::Progress;
use lock::{MigrationLock, PATIENCE};
use step::STEPS;

/// Whether to do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrateMode {
    /// Do it.
    Apply,
    /// Only tell what would be done. Nothing that stays is changed.
    DryRun,
}

/// What was done, or would be.
#[derive(Debug, Default)]
pub struct MigrationReport {
    /// The steps that were applied, in order.
    pub steps: Vec<&'static str>,
    /// What became of the documents that another application had left.
    pub adoption: Option<AdoptionReport>,
    /// What became of them when an earlier run adopted the database.
    pub adopted: Option<Adopted>,
}

/// Brings a database to the present version, or tells what that would take. Killed at any point, it is continued by
/// the next call.
pub(super) async fn run(
    database: &Database,
    mode: MigrateMode,
    progress: &dyn Progress,
) -> Result<MigrationReport, OpenError> {
    let standing = schema::standing(database).await?;
    let report = match (standing, mode) {
        (Standing::Foreign, _) | (Standing::Older(_) | Standing::Adopting, MigrateMode::Apply) => {
            locked(database, mode, progress).await?
        }
        _ => freely(database, standing, mode).await?,
    };
    let adopted = if report.adoption.is_none() { adopt::adopted(database).await? } else { None };
    Ok(MigrationReport { adopted, ..report })
}

/// Does what any number of nodes may do at once.
async fn freely(database: &Database, standing: Standing, mode: MigrateMode) -> Result<MigrationReport, OpenError> {
    match (standing, mode) {
        (Standing::Current, _) => Ok(MigrationReport::default()),
        (Standing::Empty, MigrateMode::Apply) => schema::begin(database).await.map(|()| applied(0)),
        (Standing::Empty, MigrateMode::DryRun) => Ok(applied(0)),
        (Standing::Older(version), MigrateMode::DryRun) => Ok(applied(version)),
        _ => Err(refusal(database, standing).await),
    }
}

/// Why a database in this state cannot be served; for those that can be, the same as for a foreign one.
pub(super) async fn refusal(database: &Database, standing: Standing) -> OpenError {
    let name = database.name().to_owned();
    let needs = |what| OpenError::NeedsMigration { database: name.clone(), what };
    match standing {
        Standing::Older(_) => needs("was made by an earlier version of Aviary"),
        Standing::Adopting => needs("is half adopted"),
        Standing::Copying => OpenError::HalfCopied { database: name },
        Standing::Newer(found) => OpenError::Newer { database: name, found, known: schema::VERSION },
        Standing::Mixed(collection) => AdoptionError::Mixed(collection).into(),
        Standing::Foreign | Standing::Empty | Standing::Current => match adopt::survey(database).await {
            Ok(true) => needs("was filled by another application"),
            Ok(false) => OpenError::Foreign { database: name },
            Err(error) => error,
        },
    }
}

/// The steps after a version.
fn pending(version: i64) -> impl Iterator<Item = (i64, &'static step::Step)> {
    (1..).zip(&STEPS).filter(move |(number, _)| *number > version)
}

fn applied(version: i64) -> MigrationReport {
    MigrationReport { steps: pending(version).map(|(_, step)| step.name).collect(), ..MigrationReport::default() }
}

/// Does what only one may do at a time.
async fn locked(database: &Database, mode: MigrateMode, progress: &dyn Progress) -> Result<MigrationReport, OpenError> {
    // Before the lock, which would leave its trace in a database that is none of our business.
    if schema::standing(database).await? == Standing::Foreign && !adopt::survey(database).await? {
        return Err(OpenError::Foreign { database: database.name().to_owned() });
    }
    let lock = MigrationLock::take(database, PATIENCE, progress).await?;
    let done = work(database, &lock, mode, progress).await;
    match (done, lock.release().await) {
        (Ok(report), released) => released.map(|()| report),
        // It says more than that the lock could not be given back, which ends by itself.
        (Err(error), _) => Err(error),
    }
}

async fn work(
    database: &Database,
    lock: &MigrationLock,
    mode: MigrateMode,
    progress: &dyn Progress,
) -> Result<MigrationReport, OpenError> {
    // Whoever had the lock before may have done everything.
    let standing = schema::standing(database).await?;
    match (standing, mode) {
        (Standing::Older(version), MigrateMode::Apply) => apply(database, lock, version, progress).await,
        (Standing::Foreign, _) | (Standing::Adopting, MigrateMode::Apply) => {
            let adoption = adopt::run(database, lock, mode, progress).await?;
            Ok(MigrationReport { adoption: Some(adoption), ..MigrationReport::default() })
        }
        _ => freely(database, standing, mode).await,
    }
}

async fn apply(
    database: &Database,
    lock: &MigrationLock,
    version: i64,
    progress: &dyn Progress,
) -> Result<MigrationReport, OpenError> {
    for (number, step) in pending(version) {
        let commands = step.commands()?;
        progress.begin(step.name, u64::try_from(commands.len()).ok());
        lock.still_mine().await?;
        schema::mark_applying(database, step.name).await?;
        for command in commands {
            lock.still_mine().await?;
            command.run(database).await?;
            progress.advance(1);
        }
        lock.still_mine().await?;
        schema::mark(database, number).await?;
        progress.finish();
    }
    Ok(applied(version))
}
