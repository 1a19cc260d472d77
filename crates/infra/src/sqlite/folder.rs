//! The data folder: owned by one process at a time, and knowing whether its last owner came to an orderly end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::OpenError;

const LOCK: &str = "aviary.lock";
const DATABASE: &str = "aviary.sqlite3";
/// What the lock file says while a process uses the folder; an orderly end takes it out again.
const IN_USE: &[u8] = b"in use\n";

/// A data folder that this process has to itself as long as the value lives.
pub(super) struct DataFolder {
    path: PathBuf,
    lock: File,
    unclean: bool,
}

impl DataFolder {
    /// Makes the folder and its files where they are missing, readable by this user alone, and takes the lock.
    pub(super) fn take(path: &Path) -> Result<Self, OpenError> {
        let unusable = |source| OpenError::Folder { path: path.to_owned(), source };
        create_folder(path).map_err(unusable)?;
        let mut lock = private_file(&path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let unclean = mark(&mut lock).map_err(unusable)?;
        private_file(&path.join(DATABASE)).map_err(unusable)?;
        sync_folder(path).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), lock, unclean })
    }

    /// The database file.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// Whether the process that used the folder last was killed or lost its power.
    pub(super) fn unclean(&self) -> bool {
        self.unclean
    }

    /// Ends the use in good order. Without this, the next one finds the folder unclean.
    pub(super) fn release(self) -> io::Result<()> {
        self.lock.set_len(0)?;
        self.lock.sync_all()
    }
}

/// Notes durably that the folder is in use, and tells whether that was still noted from before.
fn mark(lock: &mut File) -> io::Result<bool> {
    let mut before = Vec::new();
    lock.read_to_end(&mut before)?;
    lock.rewind()?;
    lock.write_all(IN_USE)?;
    lock.sync_all()?;
    Ok(!before.is_empty())
}

/// An existing folder keeps its permissions: it may be shared with more than this program.
#[cfg(unix)]
fn create_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes new names in the folder durable.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_path: &Path) -> io::Result<()> {
    Ok(())
}
