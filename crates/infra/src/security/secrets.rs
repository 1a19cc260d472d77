//! Secrets that the server makes for itself, once, and keeps in files that only it can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::system::random_bytes;

/// The fewest bytes that a kept secret may have; a file with less was cut or emptied.
const SHORTEST: usize = 32;

/// Reads the secret in this file, or makes one of 256 random bits and keeps it there (mode 0600), durably.
pub fn load_or_create(path: &Path) -> io::Result<SecretString> {
    match fs::read_to_string(path) {
        Ok(text) => {
            warn_if_shared(path)?;
            sound(text.trim(), path)
        }
        Err(absent) if absent.kind() == io::ErrorKind::NotFound => create(path),
        Err(other) => Err(named(path, &other)),
    }
}

fn sound(text: &str, path: &Path) -> io::Result<SecretString> {
    if text.len() >= SHORTEST {
        return Ok(SecretString::from(text));
    }
    let reason = format!("{} holds less than {SHORTEST} characters; remove it to get a new secret", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidData, reason))
}

/// Others who can read it can sign tokens; that is for the owner of the machine to settle, not a reason to stand still.
fn warn_if_shared(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        tracing::warn!(file = %path.display(), "other users of this machine can read this secret; chmod it to 600");
    }
    Ok(())
}

/// Written aside and renamed, so that no crash leaves half a secret under the name.
fn create(path: &Path) -> io::Result<SecretString> {
    let secret = hex::encode(random_bytes::<32>());
    let aside = aside(path);
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        writeln!(file, "{secret}")?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        File::open(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|cause| named(path, &cause))?;
    Ok(SecretString::from(secret))
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

fn named(path: &Path, cause: &io::Error) -> io::Error {
    io::Error::new(cause.kind(), format!("{}: {cause}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::load_or_create;

    #[test]
    fn a_secret_is_made_once_and_kept_to_ourselves() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access-token.secret");
        let made = load_or_create(&path).unwrap();
        assert_eq!(made.expose_secret().len(), 64);
        assert_eq!(load_or_create(&path).unwrap().expose_secret(), made.expose_secret());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let other = load_or_create(&folder.path().join("other.secret")).unwrap();
        assert_ne!(made.expose_secret(), other.expose_secret());
    }

    #[test]
    fn an_emptied_file_is_refused_by_name_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("refresh-token.secret");
        fs::write(&path, "\n").unwrap();
        let refusal = load_or_create(&path).unwrap_err().to_string();
        assert!(refusal.contains("refresh-token.secret"), "{refusal}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "\n");
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("absent/x.secret");
        assert!(load_or_create(&path).unwrap_err().to_string().contains("absent"));
    }
}
