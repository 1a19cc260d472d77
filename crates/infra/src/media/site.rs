//! Who may use the files of a home: a process that is told the same place for them as those before it. The first server
//! notes it, and it changes only once no file is left there.

use aviary_domain::file::FileKey;
use aviary_domain::media::site::{MediaSite, SITE_LEASE, SITE_LEASE_LIFE};
use aviary_domain::{Store, StoreError};

/// How many rows or names are asked for at a time.
const BATCH: usize = 1000;

/// Why a process may not use the files of a home. Each is a sentence for the person who starts the program.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Files of the home are at an account, and this process is told another place.
    #[error(transparent)]
    Elsewhere(#[from] Box<Elsewhere>),
    /// The place would change under a process that uses the home.
    #[error(transparent)]
    InUse(#[from] Box<InUse>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Files of a home are where a process is not told to look.
#[derive(Debug, thiserror::Error)]
#[error("{}", elsewhere(noted.as_ref(), own, left))]
pub struct Elsewhere {
    /// What the home has noted; nothing where an earlier version put the files there.
    pub noted: Option<MediaSite>,
    /// What the process is told.
    pub own: MediaSite,
    /// One of the files.
    pub left: Left,
}

/// A home is used by processes that are told another place for its files.
#[derive(Debug, thiserror::Error)]
#[error(
    "another server of this home is running, or was a minute ago, and is told another place for its files, while {}: stop \
     every server of the home, wait a minute and start again, or set CLOUDINARY_URL and CLOUDINARY_FOLDER as that one has \
     them{}",
    told(own), noted.as_ref().map(|noted| format!(" (noted is {noted})")).unwrap_or_default()
)]
pub struct InUse {
    /// What the home has noted, if anything.
    pub noted: Option<MediaSite>,
    /// What this process is told.
    pub own: MediaSite,
}

/// A file that is left at an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// A row names it.
    Owned(FileKey),
    /// It has to be removed, or is on its way there.
    Due(FileKey),
}

/// Makes sure that this is where the files of the home are. The first place to be named becomes it; another one takes its
/// place when no file is left there and no server runs that is told otherwise; else it is refused, and nothing changes.
pub async fn claim(store: &Store, own: &MediaSite) -> Result<(), SiteError> {
    // Where both hold, which files are in the way helps more than that a server is.
    check(store, own).await?;
    let holder = own.to_string();
    if !store.leases.acquire(SITE_LEASE, &holder, SITE_LEASE_LIFE).await? {
        let noted = store.media_site.noted().await?;
        return Err(Box::new(InUse { noted, own: own.clone() }).into());
    }
    let noted = note(store, own).await;
    if noted.is_err() {
        store.leases.release(SITE_LEASE, &holder).await?;
    }
    noted
}

/// Refuses what [`claim`] would refuse because of files. Changes nothing.
pub async fn check(store: &Store, own: &MediaSite) -> Result<(), SiteError> {
    let noted = store.media_site.noted().await?;
    if noted.as_ref() == Some(own) { Ok(()) } else { refuse_left(store, noted.as_ref(), own).await }
}

/// Notes the place while only servers may run that are told the same.
async fn note(store: &Store, own: &MediaSite) -> Result<(), SiteError> {
    loop {
        let noted = store.media_site.noted().await?;
        if noted.as_ref() == Some(own) {
            return Ok(());
        }
        // Once more: the last of those who ran before may have stored something since the first look.
        refuse_left(store, noted.as_ref(), own).await?;
        if store.media_site.note(noted, own.clone()).await? {
            return Ok(());
        }
        // Another server noted it in the same moment.
    }
}

/// Finds out whether a file is left where the home has noted. Into an account anybody may come who noted none: what is in
/// the folder stays there and is served.
async fn refuse_left(store: &Store, noted: Option<&MediaSite>, own: &MediaSite) -> Result<(), SiteError> {
    let left = match (noted, own) {
        (Some(MediaSite::Folder), _) | (None, MediaSite::Account { .. }) => None,
        // An earlier version noted nothing; what it has yet to remove cannot be told from files of the folder.
        (None, MediaSite::Folder) => owned(store).await?.map(Left::Owned),
        (Some(MediaSite::Account { .. }), _) => match owned(store).await? {
            Some(key) => Some(Left::Owned(key)),
            None => due(store).await?.map(Left::Due),
        },
    };
    match left {
        Some(left) => Err(Box::new(Elsewhere { noted: noted.cloned(), own: own.clone(), left }).into()),
        None => Ok(()),
    }
}

/// The first file that a row knows to be at an account.
async fn owned(store: &Store) -> Result<Option<FileKey>, StoreError> {
    let mut after = None;
    loop {
        let some = store.files.owned(after, BATCH).await?;
        let Some(last) = some.last() else { return Ok(None) };
        after = Some(last.owner.place());
        if let Some(file) = some.into_iter().find(|file| file.key.mark().is_some()) {
            return Ok(Some(file.key));
        }
    }
}

/// The first name of our own in the ledger. It does not tell where a file is, so it may be at the account.
async fn due(store: &Store) -> Result<Option<FileKey>, StoreError> {
    let mut after = None;
    loop {
        let some = store.files.list(after, BATCH).await?;
        let Some(last) = some.last() else { return Ok(None) };
        after = Some(last.clone());
        if let Some(key) = some.into_iter().find(|key| key.format().is_some()) {
            return Ok(Some(key));
        }
    }
}

fn elsewhere(noted: Option<&MediaSite>, own: &MediaSite, left: &Left) -> String {
    let place = noted.map_or_else(|| "an account that nobody noted".to_owned(), MediaSite::to_string);
    let told = told(own);
    match left {
        Left::Owned(key) => format!(
            "files of this home are at {place} ({} is one of them), but {told}: set CLOUDINARY_URL to that account, and \
             CLOUDINARY_FOLDER to its folder",
            key.name()
        ),
        Left::Due(key) => format!(
            "files that are to be removed may be at {place} ({} is one of them), but {told}: set CLOUDINARY_URL to that \
             account, and CLOUDINARY_FOLDER to its folder, until a server has removed them, which takes some hours where \
             an upload was begun and never ended",
            key.name()
        ),
    }
}

/// What a process is told, as the rest of a sentence.
fn told(own: &MediaSite) -> String {
    match own {
        MediaSite::Folder => "no account is set".to_owned(),
        MediaSite::Account { .. } => format!("what is set is {own}"),
    }
}
