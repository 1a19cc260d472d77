//! Stored files: their keys, and the ledger that makes sure that every file has an owner or an end.

use std::fmt;

use async_trait::async_trait;

use crate::{InvalidValue, StoreError, Timestamp};

/// What kinds of files are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileFormat {
    /// JPEG image.
    Jpeg,
    /// PNG image.
    Png,
    /// MPEG-4 video.
    Mp4,
    /// `QuickTime` video.
    Mov,
    /// WebM video.
    WebM,
    /// Matroska video.
    Mkv,
}

impl FileFormat {
    /// Every format.
    pub const ALL: [Self; 6] = [Self::Jpeg, Self::Png, Self::Mp4, Self::Mov, Self::WebM, Self::Mkv];

    /// The file name's ending, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::WebM => "webm",
            Self::Mkv => "mkv",
        }
    }

    /// The media type (RFC 6838) it is served as.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Mp4 => "video/mp4",
            Self::Mov => "video/quicktime",
            Self::WebM => "video/webm",
            Self::Mkv => "video/matroska",
        }
    }

    /// The folder that keeps files of this kind apart from the others.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Jpeg | Self::Png => "images",
            Self::Mp4 | Self::Mov | Self::WebM | Self::Mkv => "videos",
        }
    }
}

/// The name of a stored file, chosen by the server: a folder, 128 random bits and an extension for files of our own
/// (`videos/0f…9a.mp4`), or an absolute URL for files that another application left.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct FileKey(String);

impl FileKey {
    /// A key that cannot be guessed.
    pub fn new(format: FileFormat, random: [u8; 16]) -> Self {
        Self(format!("{}/{:032x}.{}", format.folder(), u128::from_be_bytes(random), format.extension()))
    }

    /// Takes a key back from a store.
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// Reads a key of our own form; anything else (`..`, other folders, other endings) is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        let refused = || InvalidValue::new("is not the name of a stored file");
        let (folder, name) = text.split_once('/').ok_or_else(refused)?;
        let (stem, extension) = name.split_once('.').ok_or_else(refused)?;
        let known = FileFormat::ALL.iter().any(|f| f.folder() == folder && f.extension() == extension);
        let random = stem.len() == 32 && stem.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if known && random { Ok(Self(text.to_owned())) } else { Err(refused()) }
    }

    /// The format, told by the ending; `None` for files that are not our own.
    pub fn format(&self) -> Option<FileFormat> {
        Self::parse(&self.0).ok()?;
        let (_, extension) = self.0.rsplit_once('.')?;
        FileFormat::ALL.into_iter().find(|f| f.extension() == extension)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file that has to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueFile {
    /// Which file.
    pub key: FileKey,
    /// How often its removal failed before.
    pub attempts: u32,
}

/// The ledger of files that no row owns.
///
/// The invariant of the media life cycle: at every instant each stored file is owned by exactly one row, or stands
/// in this ledger, or both processes that could put it there are dead and it never left the spool. A file is
/// *reserved* here before it is stored; the port method that writes the owning row claims the reservation in the
/// same atomic step; the method that removes or replaces the row puts the file back, due at once.
///
/// A row can claim only a file that is reserved and not yet due; otherwise the whole step fails with
/// `Conflict { field: "file" }` and changes nothing.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait FileLedger: Send + Sync {
    /// Notes files that are about to be stored. Unless a row claims them, they are due at `until`.
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError>;

    /// Makes unclaimed files due now, because what was to own them failed. Files that a row has claimed are left alone.
    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError>;

    /// The files whose time has come, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError>;

    /// The file is gone from the store. Forgetting what is not in the ledger is no error.
    async fn forget(&self, key: &FileKey) -> Result<(), StoreError>;

    /// Removing the file failed: it is due again at `until`, with one more attempt counted.
    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::{FileFormat, FileKey};
    use proptest::prelude::*;

    #[test]
    fn paths_and_other_names_are_refused() {
        for text in [
            "",
            "/",
            "..",
            "videos/../x.mp4",
            "images/00.png",
            "videos/a/b.mp4",
            "other/0123456789abcdef0123456789abcdef.mp4",
            "videos/0123456789abcdef0123456789abcdef.png",
            "videos/0123456789ABCDEF0123456789abcdef.mp4",
            "videos/0123456789abcdef0123456789abcdef.mp4.exe",
        ] {
            assert!(FileKey::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_key_knows_its_format(random: [u8; 16], format in prop::sample::select(FileFormat::ALL.to_vec())) {
            let key = FileKey::new(format, random);
            prop_assert_eq!(key.format(), Some(format));
            prop_assert_eq!(FileKey::parse(key.as_str()), Ok(key));
        }
    }
}
