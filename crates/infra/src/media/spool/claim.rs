//! A process's own place in a folder that processes share: a folder beside a lock that its owner holds while it lives.
//! What belongs to nobody alive is removed by whoever comes along.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirEntry, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::make_folder;
use crate::system::random_bytes;

/// How names of locks end; the rest is the name of the folder that they guard.
const LOCK: &str = ".lock";

/// A folder that belongs to this process until the value goes, and then goes too.
#[derive(Debug)]
pub(super) struct Claim {
    folder: PathBuf,
    lock: PathBuf,
    /// Closed, and thereby unlocked, by the operating system however the process ends.
    _held: File,
}

impl Claim {
    /// Makes a folder of its own in the shared one.
    pub(super) fn make(shared: &Path) -> io::Result<Self> {
        loop {
            let name = format!("{:032x}", u128::from_be_bytes(random_bytes()));
            let lock = shared.join(format!("{name}{LOCK}"));
            let held = File::options().write(true).create_new(true).mode(0o600).open(&lock)?;
            // Somebody may take it for left behind in the moment before it is locked; then another name is chosen.
            if !is_free(&held)? || !is_still(&held, &lock)? {
                continue;
            }
            let folder = shared.join(name);
            let claim = Self { folder, lock, _held: held };
            make_folder(&claim.folder)?;
            return Ok(claim);
        }
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // The folder before its lock: a folder without one belongs to nobody.
        let removed = fs::remove_dir_all(&self.folder).and_then(|()| fs::remove_file(&self.lock));
        if let Err(cause) = removed {
            tracing::warn!(folder = %self.folder.display(), %cause, "a temporary folder stays until the next start");
        }
    }
}

/// Removes from the shared folder what no living process owns; answers how much that was. Any number of processes may
/// do so at once. What one of them cannot remove is left to the next round.
pub(super) fn remove_leftovers(shared: &Path) -> io::Result<usize> {
    // Every lock that is there is seen before anything is taken for unguarded: a folder is made after its lock.
    let entries: Vec<DirEntry> = fs::read_dir(shared)?.collect::<io::Result<_>>()?;
    let mut live = HashSet::new();
    let mut removed = 0;
    for entry in &entries {
        let Some(guarded) = guarded_by(&entry.file_name()) else { continue };
        match bury(shared, &guarded) {
            Ok(true) => removed += 1,
            Ok(false) => {}
            Err(cause) => report(&entry.path(), &cause),
        }
        // Buried or alive, it has been dealt with.
        live.insert(guarded);
    }
    for entry in entries {
        let name = entry.file_name();
        if guarded_by(&name).is_some() || live.contains(&name) || lock_of(shared, &name).exists() {
            continue;
        }
        match remove(&entry.path()) {
            Ok(()) => removed += 1,
            Err(cause) => report(&entry.path(), &cause),
        }
    }
    Ok(removed)
}

/// Removes a folder and its lock, unless a living process holds it.
fn bury(shared: &Path, name: &OsStr) -> io::Result<bool> {
    let path = lock_of(shared, name);
    let lock = match File::options().write(true).open(&path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    if !is_free(&lock)? || !is_still(&lock, &path)? {
        return Ok(false);
    }
    remove(&shared.join(name))?;
    fs::remove_file(&path)?;
    Ok(true)
}

/// Takes the lock, if nobody has it.
fn is_free(lock: &File) -> io::Result<bool> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(cause)) => Err(cause),
    }
}

/// Whether the open file is the one that the path leads to.
fn is_still(open: &File, path: &Path) -> io::Result<bool> {
    let identity = |data: fs::Metadata| (data.dev(), data.ino());
    match fs::metadata(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        there => Ok(identity(there?) == identity(open.metadata()?)),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(data) if data.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(cause) => Err(cause),
    };
    match removed {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn report(path: &Path, cause: &io::Error) {
    tracing::warn!(path = %path.display(), %cause, "what a dead process left behind cannot be removed yet");
}

fn guarded_by(name: &OsStr) -> Option<OsString> {
    name.to_str()?.strip_suffix(LOCK).map(OsString::from)
}

fn lock_of(shared: &Path, name: &OsStr) -> PathBuf {
    let mut lock = name.to_owned();
    lock.push(LOCK);
    shared.join(lock)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::{Claim, LOCK, remove_leftovers};

    fn entries(shared: &Path) -> usize {
        fs::read_dir(shared).unwrap().count()
    }

    /// What a process leaves that was killed: the lock file, free, and the folder.
    fn dead(shared: &Path, name: &str) {
        fs::write(shared.join(format!("{name}{LOCK}")), "").unwrap();
        fs::create_dir(shared.join(name)).unwrap();
        fs::write(shared.join(name).join("0"), "half of a film").unwrap();
    }

    #[test]
    fn what_the_dead_left_goes_and_what_the_living_have_stays() {
        let shared = tempfile::tempdir().unwrap();
        let living = Claim::make(shared.path()).unwrap();
        fs::write(living.folder().join("0"), "half of a film").unwrap();
        dead(shared.path(), "a");
        fs::write(shared.path().join(format!("b{LOCK}")), "killed before it made its folder").unwrap();
        fs::create_dir_all(shared.path().join("c/d")).unwrap();
        fs::write(shared.path().join("7"), "as earlier versions left it").unwrap();
        assert_eq!(remove_leftovers(shared.path()).unwrap(), 4);
        assert_eq!(entries(shared.path()), 2);
        assert!(living.folder().join("0").exists());
        assert_eq!(remove_leftovers(shared.path()).unwrap(), 0);
        drop(living);
        assert_eq!(entries(shared.path()), 0);
    }

    #[test]
    fn many_who_come_and_tidy_at_once_do_not_harm_one_another() {
        let shared = tempfile::tempdir().unwrap();
        let shared = shared.path();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        remove_leftovers(shared).unwrap();
                    }
                });
            }
            let comers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        for _ in 0..200 {
                            let claim = Claim::make(shared).unwrap();
                            fs::write(claim.folder().join("0"), "x").unwrap();
                            thread::yield_now();
                            assert!(claim.folder().join("0").exists());
                        }
                    })
                })
                .collect();
            let fared: Vec<_> = comers.into_iter().map(thread::ScopedJoinHandle::join).collect();
            stop.store(true, Ordering::Relaxed);
            assert!(fared.iter().all(Result::is_ok));
        });
        remove_leftovers(shared).unwrap();
        assert_eq!(entries(shared), 0);
    }
}
