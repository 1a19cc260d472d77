//! The data folder: owned by one process at a time, and knowing whether its last owner came to an orderly end.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

const LOCK: &str = "aviary.lock";
/// What the lock file says while a process uses the folder; an orderly end takes it out again.
const IN_USE: &[u8] = b"in use\n";

/// Why a data folder cannot be had. Each is a sentence for the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder cannot be made, read or written.
    #[error("the data folder {} cannot be used", path.display())]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the data folder {} is in use by another process; one folder serves one process at a time", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
}

/// A data folder that this process has to itself as long as the value lives.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    lock: File,
    unclean: bool,
}

impl DataFolder {
    /// Makes the folder where it is missing, for this user alone, and takes the lock.
    pub fn take(path: &Path) -> Result<Self, FolderError> {
        let unusable = |source| FolderError::Unusable { path: path.to_owned(), source };
        create_folder(path).map_err(unusable)?;
        let mut lock = private_file(&path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FolderError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let unclean = mark(&mut lock).map_err(unusable)?;
        sync_folder(path).map_err(unusable)?;
        Ok(Self { path: path.to_owned(), lock, unclean })
    }

    /// The path of a file in the folder, which is made, readable by this user alone, where it is missing.
    pub(crate) fn file(&self, name: &str) -> Result<PathBuf, FolderError> {
        let path = self.path.join(name);
        let made = private_file(&path).and_then(|_| sync_folder(&self.path));
        made.map(|()| path).map_err(|source| self.unusable(source))
    }

    /// Gives a file in the folder another name, durably.
    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), FolderError> {
        let renamed = fs::rename(self.path.join(from), self.path.join(to)).and_then(|()| sync_folder(&self.path));
        renamed.map_err(|source| self.unusable(source))
    }

    /// What the operating system said of this folder.
    pub(crate) fn unusable(&self, source: io::Error) -> FolderError {
        FolderError::Unusable { path: self.path.clone(), source }
    }

    /// Whether the process that used the folder last was killed or lost its power.
    pub fn unclean(&self) -> bool {
        self.unclean
    }

    /// Ends the use in good order. Without this, the next one finds the folder unclean.
    pub fn release(self) -> Result<(), FolderError> {
        self.lock.set_len(0).and_then(|()| self.lock.sync_all()).map_err(|source| self.unusable(source))
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
