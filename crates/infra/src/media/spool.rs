//! Files on their way in, under names of our own, in a folder of this process among those of others that share the media
//! folder. What is dropped before it is kept is gone.

mod claim;

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use aviary_domain::media::{Intake, MediaError, Upload};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};

use self::claim::Claim;
use super::blocking;

/// Chunks of the network are gathered to this size, so that few of them cost a hop to the blocking pool.
const BUFFER: usize = 256 * 1024;

/// The folder of files that are not stored yet.
pub(super) struct Spool {
    shared: PathBuf,
    claim: Arc<Claim>,
    next: AtomicU64,
}

impl Spool {
    /// Takes a place in the folder, and removes what processes left there that are dead.
    pub(super) fn open(shared: PathBuf) -> io::Result<Self> {
        make_folder(&shared)?;
        let claim = Arc::new(Claim::make(&shared)?);
        let spool = Self { shared, claim, next: AtomicU64::new(0) };
        spool.remove_leftovers()?;
        Ok(spool)
    }

    /// Removes what processes left that are dead; blocks.
    pub(super) fn remove_leftovers(&self) -> io::Result<()> {
        let removed = claim::remove_leftovers(&self.shared)?;
        if removed > 0 {
            tracing::info!(removed, "removed what dead processes had left half-received");
        }
        Ok(())
    }

    pub(super) async fn receive(&self, limit: u64) -> Result<Box<dyn Intake>, MediaError> {
        let place = self.place();
        // The place goes along: if nobody waits any more when the file is made, it is removed right after.
        let opened = blocking(move || Ok((options().open(&place.path).map_err(storage_error)?, place)));
        let (file, place) = opened.await?;
        let writer = BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(file));
        let open = Some(Open { writer, place });
        Ok(Box::new(SpoolIntake { open, received: 0, limit, digest: None }))
    }

    /// Writes a whole file; blocks.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<Box<dyn Upload>, MediaError> {
        let place = self.place();
        let mut file = options().open(&place.path).map_err(storage_error)?;
        io::Write::write_all(&mut file, bytes).map_err(storage_error)?;
        Ok(Box::new(SpooledFile { place, bytes: length(bytes), digest: None }))
    }

    fn place(&self) -> Place {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Place { path: self.claim.folder().join(number.to_string()), _claim: Arc::clone(&self.claim) }
    }
}

fn options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

/// Makes a folder that only this user can enter.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// A full disk and too many open files pass; what else the file system says does not.
pub(super) fn storage_error(cause: io::Error) -> MediaError {
    let scarce = matches!(cause.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        || matches!(Errno::from_io_error(&cause), Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::AGAIN));
    if scarce { MediaError::Unavailable(cause.into()) } else { MediaError::Backend(cause.into()) }
}

/// A path whose file goes when this goes. Names are never used twice, so a file that was moved away is safe.
struct Place {
    path: PathBuf,
    /// Whatever else ends before: the folder stays as long as one of its files is needed.
    _claim: Arc<Claim>,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Giving gigabytes back takes the file system a while. As long as the file is open the name goes at once, and
        // the rest happens where it is closed: not on a thread that serves requests.
        let Ok(open) = fs::File::open(&self.path) else { return };
        if let Err(cause) = fs::remove_file(&self.path) {
            tracing::warn!(file = %self.path.display(), %cause, "a temporary file stays until the next start");
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(|| drop(open));
        }
    }
}

struct SpoolIntake {
    /// `None` once a write has failed.
    open: Option<Open>,
    received: u64,
    limit: u64,
    /// Of what was received, if it was asked for.
    digest: Option<Sha256>,
}

struct Open {
    writer: BufWriter<tokio::fs::File>,
    place: Place,
}

#[async_trait]
impl Intake for SpoolIntake {
    fn ask_digest(&mut self) {
        self.digest = Some(Sha256::new());
    }

    async fn write(&mut self, chunk: &[u8]) -> Result<(), MediaError> {
        self.received = self.received.saturating_add(length(chunk));
        // Taken out, so that whatever ends this write early leaves nothing behind.
        let mut open = self.open.take().ok_or_else(closed)?;
        if self.received > self.limit {
            return Err(MediaError::TooLarge { limit: self.limit });
        }
        open.writer.write_all(chunk).await.map_err(storage_error)?;
        if let Some(digest) = &mut self.digest {
            digest.update(chunk);
        }
        self.open = Some(open);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<Box<dyn Upload>, MediaError> {
        let mut open = self.open.take().ok_or_else(closed)?;
        open.writer.flush().await.map_err(storage_error)?;
        let digest = self.digest.map(|digest| digest.finalize().into());
        Ok(Box::new(SpooledFile { place: open.place, bytes: self.received, digest }))
    }
}

fn closed() -> MediaError {
    MediaError::Backend("an earlier write of this file failed".into())
}

struct SpooledFile {
    place: Place,
    bytes: u64,
    digest: Option<[u8; 32]>,
}

impl Upload for SpooledFile {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn path(&self) -> &Path {
        &self.place.path
    }

    fn digest(&self) -> Option<[u8; 32]> {
        self.digest
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::sync::Arc;
    use std::time::Duration;

    use aviary_domain::media::MediaError;

    use super::{Spool, storage_error};

    /// How many files lie in the folders of processes.
    fn files(folder: &tempfile::TempDir) -> usize {
        let entries = fs::read_dir(folder.path().join("tmp")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).unwrap().count()).sum()
    }

    fn spool(folder: &tempfile::TempDir) -> Spool {
        Spool::open(folder.path().join("tmp")).unwrap()
    }

    #[tokio::test]
    async fn the_limit_is_exact() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut fits = spool.receive(10).await.unwrap();
        fits.write(&[1; 4]).await.unwrap();
        fits.write(&[2; 6]).await.unwrap();
        let upload = fits.finish().await.unwrap();
        assert_eq!((upload.bytes(), fs::read(upload.path()).unwrap().len()), (10, 10));

        let mut over = spool.receive(10).await.unwrap();
        over.write(&[1; 10]).await.unwrap();
        assert!(matches!(over.write(&[1]).await, Err(MediaError::TooLarge { limit: 10 })));
        assert_eq!(files(&folder), 1, "what was too large is gone at once");
        assert!(matches!(over.write(&[]).await, Err(MediaError::Backend(_))));
        assert!(over.finish().await.is_err());
    }

    #[tokio::test]
    async fn what_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let mut half = spool.receive(u64::MAX).await.unwrap();
        half.write(&vec![7; 3_000_000]).await.unwrap();
        drop(half);
        let whole = spool.receive(u64::MAX).await.unwrap().finish().await.unwrap();
        assert_eq!(whole.bytes(), 0);
        drop(whole);
        drop(spool.write(b"at once").unwrap());
        assert_eq!(files(&folder), 0);
    }

    #[tokio::test]
    async fn all_bytes_arrive_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let spool = spool(&folder);
        let bytes: Vec<u8> = (0..=250).cycle().take(1_234_567).collect();
        let mut intake = spool.receive(2_000_000).await.unwrap();
        for chunk in bytes.chunks(7_001) {
            intake.write(chunk).await.unwrap();
        }
        let upload = intake.finish().await.unwrap();
        assert!(fs::read(upload.path()).unwrap() == bytes);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn giving_up_at_any_moment_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(spool(&folder));
        for turn in 0..300 {
            let spool = spool.clone();
            let task = tokio::spawn(async move {
                let mut intake = spool.receive(u64::MAX).await.unwrap();
                intake.write(&vec![7; 600_000]).await.unwrap();
                intake.finish().await.unwrap()
            });
            tokio::time::sleep(Duration::from_micros(turn * 5)).await;
            task.abort();
            drop(task.await);
        }
        for _ in 0..100 {
            if files(&folder) == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} files left", files(&folder));
    }

    #[test]
    fn opening_removes_what_the_dead_left_and_nothing_of_the_living() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("tmp/sub")).unwrap();
        fs::write(folder.path().join("tmp/sub/left"), "x").unwrap();
        let living = spool(&folder);
        assert_eq!(files(&folder), 0);
        let upload = living.write(b"on its way").unwrap();
        let other = spool(&folder);
        assert_eq!(files(&folder), 1);
        drop(living);
        other.remove_leftovers().unwrap();
        assert!(upload.path().exists(), "a file outlives the spool that it came through");
        drop((upload, other));
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }

    #[test]
    fn a_full_disk_may_pass_and_a_broken_one_not() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert!(matches!(storage_error(full), MediaError::Unavailable(_)));
        let broken = io::Error::from_raw_os_error(5);
        assert!(matches!(storage_error(broken), MediaError::Backend(_)));
    }
}
