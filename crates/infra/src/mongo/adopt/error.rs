//! Why a database cannot be adopted as it stands: each is a sentence for the person who runs the migration.

/// Why a database cannot be adopted as it stands. Nothing in it is lost; what is told can be put right.
#[derive(Debug, thiserror::Error)]
pub enum AdoptionError {
    /// A view or a time series has a name that a collection of ours needs.
    #[error("{name} is a {kind}: give it another name, because Aviary needs a collection of this one")]
    NotACollection {
        /// Its name.
        name: String,
        /// What it is.
        kind: String,
    },
    /// The name under which a collection is set aside is taken.
    #[error("{0} is there already: give it another name, because the collection it is named after is to be set aside")]
    Occupied(String),
    /// Somebody wrote into a collection that had been set aside.
    #[error(
        "somebody has written into {0} while the database was being adopted: stop the other application, move what it \
         wrote elsewhere, drop {0} and migrate again"
    )]
    Returned(String),
    /// Documents of another application stand among ours.
    #[error(
        "documents of another application are in {0} of this database, which Aviary has made before: restore them into \
         an empty database instead, and run `aviary migrate` there"
    )]
    Mixed(&'static str),
    /// Somebody else went on with the adoption.
    #[error("another process has gone on with the adoption")]
    Overtaken,
    /// The numbers of what was read and of what was made of it differ.
    #[error(
        "{found} documents are in {place}, where {expected} were expected: something else writes into the database, so \
         stop it first{named}. Then either remove those that Aviary did not make and run `aviary migrate` again, which \
         puts back what is missing; or go back: drop the collections that have one beginning with \"legacy.\" as their \
         twin, rename each \"legacy.\" collection to its old name, and drop aviary_meta"
    )]
    Miscounted {
        /// Where they were counted.
        place: String,
        /// How many there are.
        found: u64,
        /// How many there should be.
        expected: u64,
        /// The ids of some that cannot be explained, as a part of the sentence, or nothing.
        named: String,
    },
    /// What was noted about an adoption that was begun cannot be read.
    #[error("what was noted about the adoption cannot be read: {0}")]
    Note(String),
}
