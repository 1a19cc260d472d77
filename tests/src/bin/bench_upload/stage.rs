//! The folder, the film, the fake and both servers; and the ways that the film takes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{FakeCloudinary, Resource};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client};
use serde_json::Value;
use tempfile::TempDir;

use super::Outcome;
use super::film::Film;
use super::progress::Progress;
use super::server::Server;
use super::visitor::Visitor;

/// The parts in which the adapter sends large files, in bytes.
const PART: u64 = 20_000_000;

/// How long a server may take to remove what was deleted.
const REMOVAL: Duration = Duration::from_secs(120);

/// A way of the film.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// From here to the fake.
    Straight,
    /// Through Aviary to local disk.
    Local,
    /// Through Aviary to the fake.
    Through,
}

/// All ways, in the order in which they are taken and told.
pub(crate) const WAYS: [Way; 3] = [Way::Straight, Way::Local, Way::Through];

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Straight => "A the fake alone",
            Self::Local => "B Aviary, local disk",
            Self::Through => "C Aviary, to the fake",
        }
    }
}

/// The memory of the server of a way, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) way: Way,
    /// The most before the first large film.
    pub(crate) before: Option<u64>,
    /// The most of all.
    pub(crate) peak: Option<u64>,
}

/// Somebody at a server.
struct Host {
    way: Way,
    visitor: Visitor,
    server: Server,
    before: Option<u64>,
}

/// Everything that is needed; dropped, all of it goes.
pub(crate) struct Stage {
    hosts: Vec<Host>,
    fake: FakeCloudinary,
    http: Client,
    film: Film,
    // After all that is in it.
    folder: TempDir,
}

impl Stage {
    /// Starts everything and lets each server store a small film, so that what every upload needs once is not laid to
    /// the large one.
    pub(crate) async fn build(bytes: u64, parent: Option<&Path>) -> Outcome<Self> {
        let own = std::env::current_exe()?;
        let parent = parent.or_else(|| own.parent()).ok_or("there is no folder for the files")?;
        let folder = tempfile::Builder::new().prefix("bench-upload-").tempdir_in(parent)?;
        // The fake stores where temporary files go, which may be memory.
        tempfile::env::override_temp_dir(folder.path()).map_err(|_| "the folder of temporary files is set already")?;
        // The film on its way through lies twice: received by Aviary, and stored by the fake.
        assert_room(folder.path(), 2 * bytes + (256 << 20))?;
        let fake = FakeCloudinary::open(0, aviary_tests::cloudinary::Account::default(), 1)?;
        let url = fake.cloudinary_url();
        let small = Film::make(folder.path(), 1 << 20)?;
        let mut hosts = vec![];
        for (way, name, account) in [(Way::Local, "local", None), (Way::Through, "through", Some(url.as_str()))] {
            let server = Server::start(folder.path(), name, account).await?;
            let visitor = Visitor::register(&server.api).await?;
            let mut host = Host { way, visitor, server, before: None };
            host.upload(&small, &fake, &Progress::begin("a small film".to_owned(), small.bytes)).await?;
            host.before = host.server.peak_kib();
            hosts.push(host);
        }
        let mut stage = Self { hosts, fake, http: Client::new(), film: small, folder };
        stage.straight(&Progress::begin("a small film".to_owned(), stage.film.bytes)).await?;
        stage.film = Film::make(stage.folder.path(), bytes)?;
        Ok(stage)
    }

    /// Sends the film this way and removes what came of it. How long it took until it was stored.
    pub(crate) async fn take(&mut self, way: Way, progress: &Progress) -> Outcome<Duration> {
        match self.hosts.iter().find(|host| host.way == way) {
            Some(host) => host.upload(&self.film, &self.fake, progress).await,
            None => self.straight(progress).await,
        }
    }

    /// What the servers needed.
    pub(crate) fn memory(&self) -> Vec<Memory> {
        let memory = |host: &Host| Memory { way: host.way, before: host.before, peak: host.server.peak_kib() };
        self.hosts.iter().map(memory).collect()
    }

    /// As the adapter does it: in parts, each signed, one after the other.
    async fn straight(&self, progress: &Progress) -> Outcome<Duration> {
        const PUBLIC_ID: &str = "straight";
        let account = self.fake.account();
        let url = format!("{}/v1_1/{}/video/upload", self.fake.origin(), account.cloud);
        let bytes = self.film.bytes;
        let begun = Instant::now();
        let mut last = Value::Null;
        for start in (0..bytes).step_by(usize::try_from(PART)?) {
            let length = PART.min(bytes - start);
            let part = Part::stream_with_length(Body::wrap_stream(self.film.stretch(start, length, progress)?), length);
            let fields = signed(&self.fake, &[("public_id", PUBLIC_ID), ("type", "upload"), ("overwrite", "true")]);
            let form = fields.into_iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
            let mut request = self.http.post(&url).multipart(form.part("file", part.file_name("film.mp4")));
            if bytes > PART {
                let range = format!("bytes {start}-{}/{bytes}", start + length - 1);
                request = request.header("x-unique-upload-id", format!("{begun:?}")).header("content-range", range);
            }
            last = request.send().await?.error_for_status()?.json().await?;
        }
        let time = begun.elapsed();
        if last["bytes"] != bytes || last["public_id"] != PUBLIC_ID {
            return Err(format!("the fake did not store the film: {last}").into());
        }
        self.fake.lose(PUBLIC_ID);
        Ok(time)
    }
}

impl Host {
    async fn upload(&self, film: &Film, fake: &FakeCloudinary, progress: &Progress) -> Outcome<Duration> {
        let outcome = self.visitor.upload(film, progress).await;
        let (time, id) = outcome.map_err(|error| format!("{error}\nThe server said:\n{}", self.server.said()))?;
        if self.films(fake)? != 1 {
            return Err("the film is not where it should be".into());
        }
        self.visitor.delete(&id).await?;
        let deleted = Instant::now();
        while self.films(fake)? > 0 {
            if deleted.elapsed() > REMOVAL {
                return Err("a deleted film is not removed".into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(time)
    }

    /// How many films lie where this server stores them.
    fn films(&self, fake: &FakeCloudinary) -> Outcome<usize> {
        if self.way == Way::Through {
            return Ok(fake.assets().iter().filter(|held| held.resource == Resource::Video).count());
        }
        Ok(fs::read_dir(self.server.data.join("media/videos"))?.count())
    }
}

/// The parameters of a call with time, key and signature.
#[expect(clippy::disallowed_methods, reason = "this client has a clock of its own")]
fn signed(fake: &FakeCloudinary, parameters: &[(&str, &str)]) -> Vec<(String, String)> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let timestamp = since.as_secs().to_string();
    let all = parameters.iter().copied().chain([("timestamp", timestamp.as_str())]);
    let mut all: Vec<_> = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let signature = fake.sign_call(&all);
    all.push(("api_key".to_owned(), fake.account().key.clone()));
    all.push(("signature".to_owned(), signature));
    all
}

/// Refuses a disk on which so many bytes are not free.
fn assert_room(folder: &Path, needed: u64) -> Outcome<()> {
    let table = Command::new("df").arg("-Pk").arg(folder).output()?;
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    let free = table.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    let free = free.ok_or_else(|| format!("df does not tell what is free in {}", folder.display()))? << 10;
    if free < needed {
        let room = format!("{needed} bytes are needed in {}, and {free} are free", folder.display());
        return Err(format!("{room}; --folder names another place, --mebibytes another size").into());
    }
    Ok(())
}
