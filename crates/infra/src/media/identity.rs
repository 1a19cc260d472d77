//! By what a media folder is known again wherever it is mounted: a random id, in a file of its own that goes along when
//! the folder is copied.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::spool::make_folder;
use crate::system::random_bytes;

/// The file with the id, beside the folders of kept files.
pub(crate) const FILE: &str = "aviary-media.id";

/// How long an id is.
const DIGITS: usize = 32;

/// The id of a folder; `None` where it has none, or is not there.
pub(crate) fn read(folder: &Path) -> io::Result<Option<String>> {
    match fs::read(folder.join(FILE)) {
        Ok(text) => Ok(whole(&text)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// The id of a folder, which is made, and given one, where it is missing. Processes that do so at once agree. What is
/// answered survives a power loss.
pub(crate) fn ensure(folder: &Path) -> io::Result<String> {
    make_folder(folder)?;
    let path = folder.join(FILE);
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // Until the file is closed. A lock, because not every file system that machines share has hard links.
    file.lock()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let id = match whole(&text) {
        Some(id) => id,
        None => write(&mut file)?,
    };
    // Also where another process wrote it, which may have died before it came to this.
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(id)
}

fn write(file: &mut File) -> io::Result<String> {
    let id = format!("{:0DIGITS$x}", u128::from_be_bytes(random_bytes()));
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{id}")?;
    Ok(id)
}

/// Half an id, which only one who died can have left, is none: nobody was told it.
fn whole(text: &[u8]) -> Option<String> {
    let text = str::from_utf8(text).ok()?.trim();
    (text.len() == DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit())).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Barrier;
    use std::thread;

    use super::{FILE, ensure, read};

    #[test]
    fn those_who_come_at_once_agree() {
        for _ in 0..20 {
            let parent = tempfile::tempdir().unwrap();
            let folder = parent.path().join("media");
            let start = Barrier::new(8);
            let ids: BTreeSet<String> = thread::scope(|scope| {
                let open = || {
                    start.wait();
                    ensure(&folder).unwrap()
                };
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert_eq!(ids.len(), 1, "{ids:?}");
            assert_eq!(read(&folder).unwrap(), ids.into_iter().next());
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
        }
    }

    #[test]
    fn an_id_stays_and_goes_along_and_no_two_folders_have_the_same() {
        let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
        let [one, copy, other] = folders.each_ref().map(tempfile::TempDir::path);
        let id = ensure(one).unwrap();
        assert_eq!(ensure(one).unwrap(), id);
        fs::copy(one.join(FILE), copy.join(FILE)).unwrap();
        assert_eq!(ensure(copy).unwrap(), id);
        assert_ne!(ensure(other).unwrap(), id);
        assert_eq!(fs::metadata(one.join(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn looking_makes_nothing_and_half_an_id_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        assert_eq!(read(&folder.path().join("absent")).unwrap(), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let id = ensure(folder.path()).unwrap();
        for left in [b"".as_slice(), &id.as_bytes()[..9], &[0; 33], &[0xff; 32]] {
            fs::write(folder.path().join(FILE), left).unwrap();
            assert_eq!(read(folder.path()).unwrap(), None);
            let next = ensure(folder.path()).unwrap();
            assert_ne!(next, id);
            assert_eq!(fs::read_to_string(folder.path().join(FILE)).unwrap(), format!("{next}\n"));
        }
    }
}
