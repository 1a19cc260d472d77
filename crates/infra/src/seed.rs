//! Fills an empty home with made-up data of a known size, skewed as real life is: a home that exists only in rules is copied
//! into a real one, so that counts, words, lists and the comparison at the end are those of `copy`.

mod chance;
mod counts;
mod landmarks;
mod rows;
mod skew;
mod source;
mod texts;
mod timeline;
mod vocabulary;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bcrypt::BcryptError;

use crate::copy::{self, CopyError, CopyReport, HomePlace, Limits};
use crate::progress::Progress;
use world::World;

pub use counts::Counts;
pub use landmarks::Landmarks;
pub use world::EDITION;

/// The password of every seeded user.
pub const PASSWORD: &str = "seeded-password";

/// The cost of its hash, which is that of an installation where none is set.
const COST: u32 = 10;

/// Why a home was not seeded, or not to its end. Each is a sentence for the person who seeds it.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// A table would be too large, or too few users would be there.
    #[error("there must be two users or more, and fewer than 2^24 rows in each table")]
    Counts,
    /// There are too few things for what is to be done to them.
    #[error("there are too few users, videos or other things for so many {what}")]
    Crowded {
        /// Of what there would be too many.
        what: &'static str,
    },
    /// The password cannot be hashed.
    #[error("the password of the seeded users cannot be hashed")]
    Hash(#[from] BcryptError),
    /// The home is somebody's.
    #[error("{home} holds a home already: seed an empty database, or a folder that holds no home")]
    Taken {
        /// Which place.
        home: String,
    },
    /// The home holds part of another one.
    #[error("{home} holds an unfinished copy, or what was seeded with another size or number: finish that, or {undo}")]
    Unfinished {
        /// Which place.
        home: String,
        /// How to get rid of it.
        undo: String,
    },
    /// The rows could not be written or compared.
    #[error(transparent)]
    Copy(CopyError),
    /// A part of the work ended without its last word.
    #[error("a part of the seeding ended before it was done; run it again to go on")]
    Interrupted,
}

impl From<CopyError> for SeedError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::NotEmpty { home } | CopyError::Complete { home } => Self::Taken { home },
            CopyError::OtherCopy { home, undo } | CopyError::Unreadable { home, undo } => {
                Self::Unfinished { home, undo }
            }
            CopyError::Interrupted => Self::Interrupted,
            other => Self::Copy(other),
        }
    }
}

/// What came of it.
#[derive(Debug)]
pub struct SeedReport {
    /// What was written, and whether it was found to be as it was made.
    pub rows: CopyReport,
    /// What stands out.
    pub landmarks: Landmarks,
}

/// Seeds an empty home, or goes on with a seeding that was interrupted, and compares what is there with what was made.
///
/// The same counts and seed make the same rows. Until all is there and found to be right no server opens the home. Its
/// videos and faces name files on a host that does not exist, and take nothing of a quota.
pub async fn seed(
    home: &HomePlace,
    counts: Counts,
    seed: u64,
    limits: Limits,
    progress: &dyn Progress,
) -> Result<SeedReport, SeedError> {
    progress.begin("drawing", None);
    let drawn = tokio::task::spawn_blocking(move || {
        let world = World::new(&counts, seed)?;
        let landmarks = Landmarks::of(&world);
        Ok::<_, SeedError>((world, landmarks))
    });
    let (world, landmarks) = drawn.await.map_err(|_| SeedError::Interrupted)??;
    progress.finish();
    let source = Box::new(source::Seed(Arc::new(world)));
    let rows = copy::transfer(source, home, None, limits, progress).await?;
    Ok(SeedReport { rows, landmarks })
}
