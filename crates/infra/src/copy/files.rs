//! The stored files that rows name: copied where both homes keep them in folders of their own, and compared.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aviary_domain::file::FileKey;
use tokio::task::spawn_blocking;

use super::CopyError;
use super::home::{Home, Limits, Reading};
use super::record::Record;
use super::report::{CopyReport, Difference, DifferenceKind, FilesReport, Layout};
use super::table::{TABLES, Table};
use super::uploads::Uploads;
use crate::media::length;
use crate::progress::Progress;

/// What becomes of the files of a home.
#[derive(Debug, Clone)]
pub enum Media {
    /// They stay in this folder, and the other home is served from it.
    Stays(PathBuf),
    /// They are copied.
    Moves(MediaFolders),
    /// They are uploaded.
    Uploads(Uploads),
}

impl Media {
    /// Where they are.
    pub(super) fn from(&self) -> &Path {
        match self {
            Self::Stays(folder)
            | Self::Moves(MediaFolders { from: folder, .. })
            | Self::Uploads(Uploads { from: folder, .. }) => folder,
        }
    }
}

/// The folders that keep the files of either home.
#[derive(Debug, Clone)]
pub struct MediaFolders {
    /// Where they are.
    pub from: PathBuf,
    /// Where they have to be.
    pub to: PathBuf,
}

impl MediaFolders {
    /// How they lie to each other, by whatever names they go.
    fn layout(&self) -> io::Result<Layout> {
        let (from, to) = (fs::canonicalize(&self.from)?, fs::canonicalize(&self.to)?);
        if from == to {
            return Ok(Layout::One);
        }
        let within = from.starts_with(&to) || to.starts_with(&from);
        // A folder in it may be a link into the other one.
        let shared = kept(&from).iter().any(|from| kept(&to).iter().any(|to| are_one(from, to)));
        Ok(if within || shared { Layout::Entwined } else { Layout::Apart })
    }
}

/// Whether it is one folder under two names.
fn are_one(one: &Path, two: &Path) -> bool {
    let folders = fs::canonicalize(one).ok().zip(fs::canonicalize(two).ok());
    folders.is_some_and(|(one, two)| one == two)
}

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is copied unless it is there.
    Copy,
    /// It is only looked at.
    Compare,
}

/// Refuses a folder that has none of the files that rows name: it is not the one that the servers use. Answers whether
/// they name any.
pub(super) async fn check(source: &dyn Home, media: &Path, limits: Limits) -> Result<bool, CopyError> {
    let mut is_named = false;
    for table in TABLES.iter().filter(|table| table.owns_files()) {
        let mut rows = source.read(Reading { table, order: table.key, after: None, limits });
        while let Some(batch) = rows.next().await? {
            let keys: Vec<FileKey> = batch.records.iter().flat_map(|row| keys(table, row)).collect();
            is_named |= !keys.is_empty();
            let folder = media.to_owned();
            let found = spawn_blocking(move || holds_any(&folder, &keys)).await;
            if found.map_err(|_| CopyError::Interrupted)?? {
                return Ok(true);
            }
        }
    }
    if is_named { Err(CopyError::NoFiles { folder: media.to_owned() }) } else { Ok(false) }
}

fn holds_any(folder: &Path, keys: &[FileKey]) -> Result<bool, CopyError> {
    for key in keys {
        let path = folder.join(key.as_str());
        if length(&path).map_err(|cause| CopyError::File { path, cause })?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Copies every file that a row names and that the other folder does not have yet, then compares all. Where both are
/// one folder, it only tells which files are not there.
pub(super) async fn copy(
    source: &dyn Home,
    folders: &MediaFolders,
    limits: Limits,
    progress: &dyn Progress,
    report: &mut CopyReport,
) -> Result<(), CopyError> {
    let failed = |path: &Path, cause| CopyError::File { path: path.to_owned(), cause };
    make_folders(&folders.to).map_err(|cause| failed(&folders.to, cause))?;
    let layout = folders.layout().or_else(|cause| match cause.kind() {
        // Nothing is named then, and nothing is to be removed.
        io::ErrorKind::NotFound => Ok(Layout::default()),
        _ => Err(failed(&folders.from, cause)),
    })?;
    let mut files = FilesReport { layout, ..FilesReport::default() };
    for (step, part) in [(Step::Copy, "copying files"), (Step::Compare, "comparing files")] {
        progress.begin(part, None);
        for table in TABLES.iter().filter(|table| table.owns_files()) {
            let mut rows = source.read(Reading { table, order: table.key, after: None, limits });
            while let Some(batch) = rows.next().await? {
                let keys: Vec<FileKey> = batch.records.iter().flat_map(|row| keys(table, row)).collect();
                let named = u64::try_from(keys.len()).unwrap_or(u64::MAX);
                let folders = folders.clone();
                let walked = spawn_blocking(move || walk(&folders, &keys, step)).await;
                let walked = walked.map_err(|_| CopyError::Interrupted)??;
                progress.advance(named);
                settle(step, walked, report, &mut files);
            }
        }
        progress.finish();
    }
    report.files = Some(files);
    Ok(())
}

/// The names of the files of a row that lie in a folder; those that a media store far away has do not.
fn keys(table: &Table, row: &Record) -> Vec<FileKey> {
    table.files(row).map(|(_, key)| key).filter(|key| key.mark().is_none()).collect()
}

/// What became of some files.
#[derive(Default)]
struct Walked {
    named: u64,
    copied: u64,
    bytes: u64,
    absent: Vec<String>,
    wrong: Vec<String>,
}

fn settle(step: Step, walked: Walked, report: &mut CopyReport, files: &mut FilesReport) {
    match step {
        Step::Copy => {
            files.copied += walked.copied;
            files.bytes += walked.bytes;
        }
        Step::Compare => {
            files.named += walked.named;
            walked.absent.into_iter().for_each(|key| files.absent.add(key));
            files.differing += u64::try_from(walked.wrong.len()).unwrap_or(u64::MAX);
            for key in walked.wrong {
                report.differ(Difference { table: "files", key, kind: DifferenceKind::Missing });
            }
        }
    }
}

fn walk(folders: &MediaFolders, keys: &[FileKey], step: Step) -> Result<Walked, CopyError> {
    let mut walked = Walked::default();
    for key in keys {
        let (from, to) = (folders.from.join(key.as_str()), folders.to.join(key.as_str()));
        let failed = |cause| CopyError::File { path: to.clone(), cause };
        walked.named += 1;
        let Some(bytes) = length(&from).map_err(failed)? else {
            walked.absent.push(key.to_string());
            continue;
        };
        if length(&to).map_err(failed)? == Some(bytes) {
            continue;
        }
        match step {
            Step::Copy => {
                copy_file(&from, &to).map_err(failed)?;
                walked.copied += 1;
                walked.bytes += bytes;
            }
            Step::Compare => walked.wrong.push(key.to_string()),
        }
    }
    if walked.copied > 0 {
        sync_folders(&folders.to).map_err(|cause| CopyError::File { path: folders.to.clone(), cause })?;
    }
    Ok(walked)
}

/// Copied under another name, synced, then renamed: under its own name a file is always whole.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let aside = to.with_added_extension("part");
    fs::copy(from, &aside)?;
    File::open(&aside)?.sync_all()?;
    fs::rename(&aside, to)
}

/// The folders that files of our own lie in.
fn kept(folder: &Path) -> [PathBuf; 2] {
    ["images", "videos"].map(|kept| folder.join(kept))
}

fn make_folders(folder: &Path) -> io::Result<()> {
    kept(folder).iter().try_for_each(|kept| DirBuilder::new().recursive(true).mode(0o700).create(kept))?;
    File::open(folder)?.sync_all()
}

fn sync_folders(folder: &Path) -> io::Result<()> {
    kept(folder).iter().try_for_each(|kept| File::open(kept)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use aviary_domain::file::{FileFormat, FileKey};

    use super::super::record::{Record, Value};
    use super::{Layout, MediaFolders, Step, Table, keys, make_folders, walk};

    #[test]
    fn files_are_copied_once_mended_and_told_apart_from_absent_ones() {
        let folder = tempfile::tempdir().unwrap();
        let folders = MediaFolders { from: folder.path().join("a"), to: folder.path().join("b") };
        let key = |number: u8| FileKey::new(FileFormat::Mp4, [number; 16]);
        for place in [&folders.from, &folders.to] {
            make_folders(place).unwrap();
        }
        for number in 1..3 {
            fs::write(folders.from.join(key(number).as_str()), "a film").unwrap();
        }
        fs::write(folders.to.join(key(1).as_str()), "a fi").unwrap();
        let keys = [key(1), key(2), key(3)];
        let before = walk(&folders, &keys, Step::Compare).unwrap();
        assert_eq!((before.wrong.len(), before.absent), (2, vec![key(3).to_string()]));
        let first = walk(&folders, &keys, Step::Copy).unwrap();
        assert_eq!((first.named, first.copied, first.bytes, first.absent.len()), (3, 2, 12, 1));
        assert_eq!(walk(&folders, &keys, Step::Copy).unwrap().copied, 0);
        assert_eq!(walk(&folders, &keys, Step::Compare).unwrap().wrong.len(), 0);
        assert_eq!(fs::read_to_string(folders.to.join(key(1).as_str())).unwrap(), "a film");
        assert_eq!(fs::read_dir(folders.to.join("videos")).unwrap().count(), 2);
    }

    #[test]
    fn files_that_are_far_away_or_of_others_are_not_looked_for_in_a_folder() {
        let users = Table::find("users").unwrap();
        let name = FileKey::new(FileFormat::Jpeg, [7; 16]);
        let named = |key: &str| {
            let row = users.columns.iter().map(|_| Value::Text(key.to_owned())).collect();
            keys(users, &Record(row))
        };
        assert_eq!(named(name.as_str()), [name.clone(), name.clone()]);
        for key in [name.marked("u1").as_str(), "https://example.org/a.jpg", ""] {
            assert!(named(key).is_empty(), "{key}");
        }
    }

    #[test]
    fn one_folder_is_known_by_whatever_name() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        for place in [&a, &b, &a.join("inner")] {
            make_folders(place).unwrap();
        }
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&a, &link).unwrap();
        let half = folder.path().join("half");
        fs::create_dir(&half).unwrap();
        std::os::unix::fs::symlink(a.join("videos"), half.join("videos")).unwrap();
        let layout = |from: &std::path::Path, to: &std::path::Path| {
            MediaFolders { from: from.to_owned(), to: to.to_owned() }.layout().unwrap()
        };
        for (to, expected) in [
            (&a.join("../a"), Layout::One),
            (&link, Layout::One),
            (&b, Layout::Apart),
            (&a.join("inner"), Layout::Entwined),
            (&half, Layout::Entwined),
        ] {
            assert_eq!(layout(&a, to), expected, "{}", to.display());
        }
        assert_eq!(layout(&a.join("inner"), &a), Layout::Entwined);
    }
}
