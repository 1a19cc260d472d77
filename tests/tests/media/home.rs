//! Where the rules of media stores are tried: a store with a folder of its own, and the world that fetches from it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{DirectUploads, Receipt, UploadTicket};
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::notice::MediaNotices;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, ImageRole, MediaError, MediaStore, PreparedFile, Progress, Rendition, Upload};
use aviary_domain::time::Clock;
use aviary_infra::media::cloudinary::{CloudinaryMedia, CloudinarySettings, Patience};
use aviary_infra::media::{LinkCheck, LocalMedia, LocalMediaSettings};
use aviary_infra::system::SystemClock;
use aviary_tests::cloudinary::{Account, Algorithm, FakeCloudinary};
use aviary_tests::samples;
use serde_json::Value;
use tempfile::TempDir;

/// Where clients of the local store are told to fetch; nobody listens there.
const PUBLIC_URL: &str = "http://aviary.test";

/// Where the fake is told to send its webhooks; nobody listens there either, but the fake knows what it sent.
const HOOK: &str = "http://127.0.0.1:9/hook";

/// A media store of any kind, and all that belongs to it.
pub(crate) struct Home {
    pub(crate) media: Arc<dyn MediaStore>,
    pub(crate) upkeep: Arc<dyn MediaUpkeep>,
    pub(crate) direct: Arc<dyn DirectUploads>,
    pub(crate) notices: Arc<dyn MediaNotices>,
    pub(crate) inventory: Arc<dyn MediaInventory>,
    /// The folder on this machine.
    pub(crate) local: Arc<LocalMedia>,
    /// The provider, for a store that has one.
    pub(crate) fake: Option<FakeCloudinary>,
    folder: TempDir,
    http: reqwest::Client,
}

impl Home {
    /// Files in a folder.
    pub(crate) fn local() -> Self {
        let (folder, local) = folder();
        Self {
            media: local.clone(),
            upkeep: local.clone(),
            direct: local.clone(),
            notices: local.clone(),
            inventory: local.clone(),
            local,
            fake: None,
            folder,
            http: reqwest::Client::new(),
        }
    }

    /// Files at the fake.
    pub(crate) fn cloudinary() -> Self {
        Self::at(FakeCloudinary::start(), |_| {})
    }

    /// Files at a fake whose account signs with SHA-256 and which says no more than it must.
    pub(crate) fn terse() -> Self {
        let account = Account { algorithm: Algorithm::Sha256, ..Account::default() };
        let fake = FakeCloudinary::open(0, account, 1).expect("a port");
        fake.answer_little(true);
        fake.keep_derived(true);
        Self::at(fake, |_| {})
    }

    /// Files at this fake, with other settings.
    pub(crate) fn at(fake: FakeCloudinary, change: impl FnOnce(&mut CloudinarySettings)) -> Self {
        let (folder, local) = folder();
        let mut settings = CloudinarySettings::parse_url(&fake.cloudinary_url()).expect("sound settings");
        settings.notification_url = Some(HOOK.to_owned());
        change(&mut settings);
        let media = CloudinaryMedia::new(settings, Arc::clone(&local), Arc::new(SystemClock)).expect("a store");
        let media = Arc::new(media);
        Self {
            media: media.clone(),
            upkeep: media.clone(),
            direct: media.clone(),
            notices: media.clone(),
            inventory: media,
            local,
            fake: Some(fake),
            folder,
            http: reqwest::Client::new(),
        }
    }

    /// The provider.
    pub(crate) fn fake(&self) -> &FakeCloudinary {
        self.fake.as_ref().expect("a store with a provider")
    }

    /// Receives bytes.
    pub(crate) async fn upload(&self, bytes: &[u8]) -> Box<dyn Upload> {
        let mut intake = self.media.receive(1 << 32).await.expect("a place for a file");
        for chunk in bytes.chunks(1 << 20) {
            intake.write(chunk).await.expect("written");
        }
        intake.finish().await.expect("received")
    }

    /// A film of these bytes, judged by nobody.
    pub(crate) async fn film(&self, bytes: &[u8]) -> PreparedFile {
        PreparedFile { upload: self.upload(bytes).await, format: FileFormat::Mp4 }
    }

    /// A picture.
    pub(crate) async fn picture(&self, role: ImageRole) -> PreparedFile {
        self.media.prepare_image(self.upload(samples::jpeg()).await, role).await.expect("a picture")
    }

    /// Stores a film.
    pub(crate) async fn keep_film(&self, number: u8, bytes: &[u8]) -> FileKey {
        self.media.keep(self.film(bytes).await, &name(number)).await.expect("kept")
    }

    /// Stores a picture.
    pub(crate) async fn keep_picture(&self, number: u8, role: ImageRole) -> FileKey {
        let picture = self.picture(role).await;
        let name = FileKey::new(picture.format, [number; 16]);
        self.media.keep(picture, &name).await.expect("kept")
    }

    /// Opens or closes a file that is there.
    pub(crate) async fn set_access(&self, key: &FileKey, access: Access) -> FileKey {
        self.upkeep.set_access(key, access).await.expect("an answer").expect("it is there")
    }

    /// What everybody gets who knows this URL; `None` for whatever refusal.
    pub(crate) async fn fetch(&self, url: &str) -> Option<Vec<u8>> {
        let Some(rest) = url.strip_prefix(PUBLIC_URL) else {
            let answer = self.http.get(url).send().await.expect("an answer");
            return if answer.status() == 200 { Some(answer.bytes().await.expect("bytes").to_vec()) } else { None };
        };
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let file = FileKey::parse(path.strip_prefix("/media/")?).expect("a name of ours");
        if let Some(query) = query {
            let (expires, signature) = query.split_once('&').expect("two parameters");
            let value = |text: &str| text.split_once('=').expect("a value").1.to_owned();
            let check = self.local.check_link(&file, &value(expires), &value(signature), now());
            assert_eq!(check, LinkCheck::Valid, "{url}");
        }
        std::fs::read(self.local.path(&file)?).ok()
    }

    /// What somebody gets who was given a signed URL of this file.
    pub(crate) async fn fetch_signed(&self, key: &FileKey, rendition: Rendition) -> Option<Vec<u8>> {
        self.fetch(&self.media.url(key, rendition, Some(now().after(Duration::from_hours(1))))).await
    }

    /// What anybody gets who knows the plain URL of this file.
    pub(crate) async fn fetch_plain(&self, key: &FileKey, rendition: Rendition) -> Option<Vec<u8>> {
        self.fetch(&self.media.url(key, rendition, None)).await
    }

    /// Asks until the store is done with a film.
    pub(crate) async fn settled(&self, film: &FileKey) -> Progress {
        for _ in 0..600 {
            match self.upkeep.progress(film).await.expect("an answer") {
                Progress::Pending => tokio::time::sleep(Duration::from_millis(20)).await,
                done => return done,
            }
        }
        panic!("the store is never done with {film}");
    }

    /// Asks until a film is ready, and answers with its key.
    pub(crate) async fn ready(&self, film: &FileKey) -> FileKey {
        match self.settled(film).await {
            Progress::Ready(key) => key,
            other => panic!("{film} is {other:?}"),
        }
    }

    /// Does what a browser does with a ticket.
    pub(crate) async fn send(&self, ticket: &UploadTicket, film: &[u8]) -> Result<Receipt, String> {
        if self.fake.is_none() {
            return self.send_here(ticket, film).await;
        }
        let form = reqwest::multipart::Form::new();
        let form = ticket.fields.iter().fold(form, |form, (name, value)| form.text(name.clone(), value.clone()));
        let file = reqwest::multipart::Part::bytes(film.to_vec()).file_name("film.mp4");
        let answer = self.http.post(&ticket.url).multipart(form.part("file", file)).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let said: Value = answer.json().await.expect("an object");
        if status != 200 {
            return Err(said["error"]["message"].to_string());
        }
        Ok(Receipt {
            public_id: said["public_id"].as_str().expect("a public id").to_owned(),
            version: said["version"].as_u64().expect("a version"),
            signature: said["signature"].as_str().expect("a signature").to_owned(),
        })
    }

    /// The same as far as the local store takes part; the rest is the application's.
    async fn send_here(&self, ticket: &UploadTicket, film: &[u8]) -> Result<Receipt, String> {
        assert!(ticket.url.starts_with(PUBLIC_URL), "{}", ticket.url);
        let allowed = self.direct.open(&ticket.fields, now()).ok_or("the ticket is not ours")?;
        let mut intake = self.media.receive(allowed.limit).await.expect("a place for a file");
        intake.write(film).await.map_err(|error| error.to_string())?;
        let upload = intake.finish().await.map_err(|error| error.to_string())?;
        let film = PreparedFile { upload, format: FileFormat::Mp4 };
        self.direct.store(film, &allowed.name, now()).await.map_err(|error| error.to_string())
    }

    /// The names of everything that lies in the store, as its inventory tells it.
    pub(crate) async fn listed(&self) -> Vec<FileKey> {
        let (mut names, mut from) = (vec![], None);
        loop {
            let part = self.inventory.list(from).await.expect("a part of the list");
            names.extend(part.names);
            from = part.next;
            if from.is_none() {
                names.sort();
                names.dedup();
                return names;
            }
        }
    }

    /// How many files lie on this machine on their way in.
    pub(crate) fn in_spool(&self) -> usize {
        let entries = std::fs::read_dir(self.folder.path().join("media/tmp")).expect("the spool");
        let folders = entries.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir());
        folders.map(|folder| files_in(&folder)).sum()
    }

    /// How many files are kept on this machine.
    pub(crate) fn kept_here(&self) -> usize {
        ["videos", "images"].map(|folder| files_in(&self.folder.path().join("media").join(folder))).into_iter().sum()
    }
}

fn folder() -> (TempDir, Arc<LocalMedia>) {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = "a secret of the rules of media stores".to_owned().into();
    let settings = LocalMediaSettings::new(folder.path().join("media"), PUBLIC_URL, secret);
    let local = LocalMedia::open(settings).expect("a media folder");
    (folder, Arc::new(local))
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

/// The present.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// The name of a film.
pub(crate) fn name(number: u8) -> FileKey {
    FileKey::new(FileFormat::Mp4, [number; 16])
}

/// A store that gives up soon, for tests of how it does.
pub(crate) fn impatient(settings: &mut CloudinarySettings) {
    settings.patience = Patience {
        connect: Duration::from_millis(500),
        answer: Duration::from_millis(600),
        deadline: Duration::from_millis(1500),
        stall: Duration::from_millis(600),
        stored: Duration::from_millis(600),
        resend: Duration::from_millis(1500),
        failures: 5,
        pause: Duration::from_millis(600),
    };
}

/// Everything that an error says, down to its last cause.
pub(crate) fn whole_text(error: &MediaError) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(" {inner} {inner:?}"));
        cause = inner.source();
    }
    text
}
