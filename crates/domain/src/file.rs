//! Stored files: their keys, and the ledger that makes sure that every file has an owner or an end.

use std::fmt;

use async_trait::async_trait;

use crate::user::User;
use crate::video::Video;
use crate::{Id, InvalidValue, StoreError, Timestamp};

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

/// The folder of names that stand for a still which the media store derives from a film by itself.
const POSTERS: &str = "posters";

/// By what a row refers to a stored file: a *name*, and for some stores a *mark*.
///
/// The name is chosen by the server: a folder, 128 random bits and an extension for files of our own
/// (`videos/0f…9a.mp4`), or an absolute URL for files that another application left. The mark follows a name of our own
/// after a `#` (`videos/0f…9a.mp4#u17123`): what the media store wants to be told again when it is asked for the file. A name
/// is given once and for all; its mark may change. The ledger knows files by their names alone.
///
/// A name in the folder `posters` stands for no file: the media store makes the still out of the film of the same name
/// whenever it is asked for, so the ledger does not know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct FileKey(String);

impl FileKey {
    /// A name that cannot be guessed.
    pub fn new(format: FileFormat, random: [u8; 16]) -> Self {
        Self(format!("{}/{:032x}.{}", format.folder(), u128::from_be_bytes(random), format.extension()))
    }

    /// The name of the still that the media store derives from this film; `None` for what is not a film of our own.
    pub fn poster_of(film: &Self) -> Option<Self> {
        let stem = film.stem().filter(|_| film.is_film())?;
        Some(Self(format!("{POSTERS}/{stem}.jpg")))
    }

    /// Takes a key back from a store.
    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    /// Reads the name of a file of our own; anything else (`..`, other folders, other endings, marks) is refused.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match read_name(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(InvalidValue::new("is not the name of a stored file")),
        }
    }

    /// The key without its mark.
    pub fn name(&self) -> &str {
        self.split().0
    }

    /// The mark, if there is one.
    pub fn mark(&self) -> Option<&str> {
        self.split().1
    }

    /// The same name with this mark, which replaces another one. A key that is not of our own making keeps its text.
    pub fn marked(&self, mark: &str) -> Self {
        if self.stem().is_some() { Self(format!("{}#{mark}", self.name())) } else { self.clone() }
    }

    /// The key without its mark, as the ledger knows the file.
    pub fn unmarked(&self) -> Self {
        Self(self.name().to_owned())
    }

    /// The 32 hexadecimal digits that tell files of our own apart; `None` for other applications' files.
    pub fn stem(&self) -> Option<&str> {
        let name = self.name();
        let derived =
            || name.strip_prefix(POSTERS)?.strip_prefix('/')?.strip_suffix(".jpg").filter(|stem| is_stem(stem));
        read_name(name).map(|(_, stem)| stem).or_else(derived)
    }

    /// Whether this is a name for what the media store derives from another file: nothing is stored under it.
    pub fn is_derived(&self) -> bool {
        self.0.strip_prefix(POSTERS).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether the name is that of a film of our own.
    pub fn is_film(&self) -> bool {
        self.format().is_some_and(|format| format.folder() == FileFormat::Mp4.folder())
    }

    /// The format, told by the ending; `None` for files that are not our own and for derived stills.
    pub fn format(&self) -> Option<FileFormat> {
        read_name(self.name()).map(|(format, _)| format)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name and mark. In the URL of another application a `#` is part of the URL.
    fn split(&self) -> (&str, Option<&str>) {
        match self.0.split_once('#') {
            Some((name, mark)) if !self.0.contains("://") => (name, Some(mark)),
            _ => (&self.0, None),
        }
    }
}

/// Format and stem of the name of a file of our own.
fn read_name(text: &str) -> Option<(FileFormat, &str)> {
    let (folder, name) = text.split_once('/')?;
    let (stem, extension) = name.split_once('.')?;
    let format = FileFormat::ALL.into_iter().find(|f| f.extension() == extension && f.folder() == folder)?;
    is_stem(stem).then_some((format, stem))
}

fn is_stem(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
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
/// A row can claim only a file that is reserved: it is not due yet, and nobody has tried to remove it. Otherwise the whole
/// step fails with `Conflict { field: "file" }` and changes nothing.
///
/// The ledger knows files by their names: whichever mark a key carries, it is the same file. Names that
/// [stand for no file](FileKey::is_derived) are passed over everywhere: they are never reserved, need no claim, and are
/// never due.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait FileLedger: Send + Sync {
    /// Notes files that are about to be stored. Unless a row claims them, they are due at `until`.
    async fn reserve(&self, keys: &[FileKey], until: Timestamp) -> Result<(), StoreError>;

    /// Makes unclaimed files due now, because what was to own them failed. Files that a row has claimed are left alone.
    async fn release(&self, keys: &[FileKey], now: Timestamp) -> Result<(), StoreError>;

    /// Puts the end of a reservation off to `until`, unless it ends later anyway; `false`, and no change, when the file is not
    /// reserved or is due already.
    async fn prolong(&self, key: &FileKey, now: Timestamp, until: Timestamp) -> Result<bool, StoreError>;

    /// The files whose time has come, longest due first, at most `limit`.
    async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<DueFile>, StoreError>;

    /// The file is gone from the store. Forgetting what is not in the ledger is no error.
    async fn forget(&self, key: &FileKey) -> Result<(), StoreError>;

    /// Removing the file failed: it is due again at `until`, with one more attempt counted. At [`Timestamp::NEVER`]
    /// means that it is given up: it stays in the ledger and is not due any more.
    async fn postpone(&self, key: &FileKey, until: Timestamp) -> Result<(), StoreError>;

    /// The files that were given up, by name, at most `limit`.
    async fn given_up(&self, limit: usize) -> Result<Vec<DueFile>, StoreError>;

    /// Makes the files that were given up due now, with no attempt counted; answers how many.
    async fn retry_given_up(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// The names in the ledger, in their order, that come after `after`; at most `limit`.
    async fn list(&self, after: Option<FileKey>, limit: usize) -> Result<Vec<FileKey>, StoreError>;

    /// The files that rows own, in an order that is the same whenever it is asked for, which come after the place `after`; about
    /// `limit`, and none only at the end. Derived stills are left out. Rows that are made or deleted meanwhile may be told or
    /// not, and of one whose files change, the old or the new ones are; all others are told once.
    async fn owned(&self, after: Option<OwnedPlace>, limit: usize) -> Result<Vec<OwnedFile>, StoreError>;
}

/// What owns a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileOwner {
    /// The face of a user.
    Avatar(Id<User>),
    /// The banner of a user.
    Cover(Id<User>),
    /// The film of a video.
    Film(Id<Video>),
    /// The still of a video.
    Still(Id<Video>),
}

/// A file with its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedFile {
    /// The key as the row has it, with its mark.
    pub key: FileKey,
    /// Which row.
    pub owner: FileOwner,
}

/// How far a walk over all owned files has come: past all files of this row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnedPlace {
    /// Users come first, by id.
    User(Id<User>),
    /// Then videos, by id.
    Video(Id<Video>),
}

impl FileOwner {
    /// The place of this owner in the walk.
    pub fn place(self) -> OwnedPlace {
        match self {
            Self::Avatar(user) | Self::Cover(user) => OwnedPlace::User(user),
            Self::Film(video) | Self::Still(video) => OwnedPlace::Video(video),
        }
    }
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

    #[test]
    fn a_derived_still_has_the_name_of_its_film() {
        let film = FileKey::new(FileFormat::Mp4, [7; 16]).marked("u1");
        let still = FileKey::poster_of(&film).map(|still| still.marked("u1"));
        let expected = "posters/07070707070707070707070707070707.jpg#u1";
        assert_eq!(still.as_ref().map(FileKey::as_str), Some(expected));
        assert!(
            still.is_some_and(|still| still.is_derived() && still.format().is_none() && still.stem() == film.stem())
        );
        assert_eq!(FileKey::poster_of(&FileKey::new(FileFormat::Jpeg, [7; 16])), None);
        assert!(FileKey::parse(&expected[..expected.len() - 3]).is_err(), "nothing is fetched under it");
    }

    #[test]
    fn the_url_of_another_application_has_no_mark() {
        let url = FileKey::from_stored("https://example.org/a.mp4#t=3".to_owned());
        assert_eq!((url.name(), url.mark(), url.stem()), (url.as_str(), None, None));
        assert_eq!(url.marked("u1"), url);
    }

    proptest! {
        #[test]
        fn a_key_knows_its_format(random: [u8; 16], format in prop::sample::select(FileFormat::ALL.to_vec())) {
            let key = FileKey::new(format, random);
            prop_assert_eq!(key.format(), Some(format));
            prop_assert_eq!(FileKey::parse(key.as_str()), Ok(key));
        }

        #[test]
        fn a_mark_changes_neither_name_nor_format(random: [u8; 16], mark in "[a-z0-9]{1,20}") {
            let key = FileKey::new(FileFormat::WebM, random);
            let marked = key.marked("old").marked(&mark);
            prop_assert_eq!(marked.name(), key.as_str());
            prop_assert_eq!(marked.mark(), Some(mark.as_str()));
            prop_assert_eq!(marked.format(), Some(FileFormat::WebM));
            prop_assert_eq!(marked.stem(), key.stem());
            prop_assert_eq!(marked.unmarked(), key);
        }
    }
}
