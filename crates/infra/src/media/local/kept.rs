//! How files come to lie in their folder and go from it, so that no power loss leaves half of one, or one that nobody knows
//! of. Blocks.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use aviary_domain::media::Upload;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

/// Stores what was received; what lies there is replaced.
pub(super) fn store(upload: &dyn Upload, target: &Path) -> io::Result<()> {
    put(upload.path(), target, |from, to| fs::rename(from, to), sync)
}

/// As [`store`], but fails with `AlreadyExists` instead of replacing anything: two may have sent a film with one ticket.
pub(super) fn store_new(upload: &dyn Upload, target: &Path) -> io::Result<()> {
    put(upload.path(), target, rename_new, sync)
}

/// Removed for good: a file that a power loss brought back would have no owner. That holds for one that is gone
/// already too, because it may have gone a moment before this process died.
pub(super) fn discard(target: &Path) -> io::Result<()> {
    match fs::remove_file(target) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => sync(folder_of(target)),
    }
}

/// Makes the content of a file durable, or the names in a folder.
pub(super) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Content first, then the name: no power loss leaves a name without its bytes.
fn put(
    upload: &Path,
    target: &Path,
    name: impl FnOnce(&Path, &Path) -> io::Result<()>,
    sync_names: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    sync(upload)?;
    name(upload, target)?;
    sync_names(folder_of(target)).inspect_err(|_| {
        // Not surely there after a power loss, so it must not be there at all.
        if let Err(cause) = fs::remove_file(target) {
            tracing::warn!(file = %target.display(), %cause, "a file that was not stored stays");
        }
    })
}

fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot do that.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => link_new(from, to),
        renamed => Ok(renamed?),
    }
}

/// A second name is never given where one is; the first goes with the upload.
fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::{fs, io};

    use super::{link_new, put, rename_new, sync};

    /// How a file gets its name.
    type Naming = fn(&Path, &Path) -> io::Result<()>;

    const REPLACING: Naming = |from, to| fs::rename(from, to);

    fn places(folder: &tempfile::TempDir) -> (PathBuf, PathBuf) {
        let (upload, target) = (folder.path().join("upload"), folder.path().join("target"));
        fs::write(&upload, "new").unwrap();
        (upload, target)
    }

    #[test]
    fn what_is_not_surely_there_after_a_power_loss_is_not_there() {
        for naming in [REPLACING, rename_new, link_new] {
            let folder = tempfile::tempdir().unwrap();
            let (upload, target) = places(&folder);
            let failed = put(&upload, &target, naming, |_| Err(io::ErrorKind::StorageFull.into())).unwrap_err();
            assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
            assert!(!target.exists());
        }
    }

    #[test]
    fn only_a_new_name_is_given_where_nothing_may_be_replaced() {
        for naming in [rename_new, link_new] {
            let folder = tempfile::tempdir().unwrap();
            let (upload, target) = places(&folder);
            put(&upload, &target, naming, sync).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), "new");
            // The one that is there belongs to somebody, also when the other one is refused.
            drop(fs::remove_file(&upload));
            fs::write(&upload, "newer").unwrap();
            let refused = put(&upload, &target, naming, sync).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&target).unwrap(), "new");
        }
    }
}
