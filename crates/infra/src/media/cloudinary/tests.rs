//! The adapter against a server that answers as it is told. What a strict provider makes of its requests is seen in the
//! project's own tests, over a fake of the provider.

mod direct;
mod moving;
mod naming;
mod notice;
mod outage;
mod storing;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::{MediaError, MediaStore, PreparedFile};
use aviary_domain::time::Clock;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::asset::{Asset, Kind};
use super::stub::{Asked, Stub, Told};
use super::{CloudinaryMedia, CloudinarySettings, Patience};
use crate::media::{LocalMedia, LocalMediaSettings};

const SECRET: &str = "hunter2";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);
const NOTIFY: &str = "https://aviary.example/hook";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// A store over a stub, with a local folder beside it.
struct House {
    media: CloudinaryMedia,
    local: Arc<LocalMedia>,
    stub: Stub,
    folder: tempfile::TempDir,
}

impl House {
    async fn new(answer: impl Fn(&Asked) -> Told + Send + Sync + 'static) -> Self {
        Self::with(answer, |_| {}).await
    }

    async fn with(
        answer: impl Fn(&Asked) -> Told + Send + Sync + 'static,
        set: impl FnOnce(&mut CloudinarySettings),
    ) -> Self {
        let stub = Stub::start(answer).await;
        let folder = tempfile::tempdir().unwrap();
        let mut local = LocalMediaSettings::new(folder.path(), "http://here", SecretString::from("links"));
        local.tools = None;
        let local = Arc::new(LocalMedia::open(local).unwrap());
        let mut settings = CloudinarySettings::new("demo", "key1", SecretString::from(SECRET)).unwrap();
        settings.upload_prefix.clone_from(&stub.url);
        settings.delivery_prefix.clone_from(&stub.url);
        settings.notification_url = Some(NOTIFY.to_owned());
        settings.patience = Patience { deadline: Duration::from_secs(2), failures: 20, ..Patience::default() };
        set(&mut settings);
        let media = CloudinaryMedia::new(settings, Arc::clone(&local), Arc::new(Fixed)).unwrap();
        Self { media, local, stub, folder }
    }

    /// A file as it comes from whoever judged it.
    async fn file(&self, format: FileFormat, bytes: u64) -> PreparedFile {
        let mut intake = self.local.receive(bytes).await.unwrap();
        let mut left = bytes;
        while left > 0 {
            let piece = left.min(1 << 20);
            intake.write(&vec![7; usize::try_from(piece).unwrap()]).await.unwrap();
            left -= piece;
        }
        PreparedFile { upload: intake.finish().await.unwrap(), format }
    }

    /// How many files wait in the spool.
    fn spooled(&self) -> usize {
        let processes = std::fs::read_dir(self.folder.path().join("tmp")).unwrap().map(|entry| entry.unwrap().path());
        processes.filter(|path| path.is_dir()).map(|path| std::fs::read_dir(path).unwrap().count()).sum()
    }

    /// A file in the local folder.
    fn put(&self, key: &FileKey) -> std::path::PathBuf {
        let path = self.local.path(key).unwrap();
        std::fs::write(&path, b"here").unwrap();
        path
    }

    /// The asset of a name of ours.
    fn asset(&self, name: &FileKey) -> Asset {
        self.media.addresses.asset(name).unwrap()
    }

    /// What was asked: the path after the cloud, and a field of it.
    fn asked(&self, field: &str) -> Vec<(String, String)> {
        let calls = self.stub.asked();
        calls.iter().map(|asked| (asked.path.replace("/v1_1/demo/", ""), asked.field(field).to_owned())).collect()
    }
}

fn film() -> FileKey {
    FileKey::new(FileFormat::Mp4, [7; 16])
}

fn image() -> FileKey {
    FileKey::new(FileFormat::Jpeg, [8; 16])
}

/// An honest answer about what was asked, with this version.
fn described(asked: &Asked, version: u64, more: &Value) -> Value {
    let public_id = [asked.field("public_id"), asked.field("to_public_id")].concat();
    let delivery = if asked.field("to_type").is_empty() { asked.field("type") } else { asked.field("to_type") };
    let signer = super::signature::Signer::new(super::SignatureAlgorithm::Sha1, SecretString::from(SECRET));
    let kind = if asked.path.contains("/video/") { Kind::Video } else { Kind::Image };
    let mut answer = json!({
        "public_id": public_id, "version": version, "signature": signer.answer(&public_id, version),
        "resource_type": kind.as_str(), "type": delivery, "bytes": asked.file,
    });
    answer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    answer
}

/// Everything that an error says, down to its last cause.
fn chain(error: &MediaError) -> String {
    let (mut text, mut next): (String, Option<&dyn Error>) = (format!("{error:?}"), Some(error));
    while let Some(error) = next {
        text.push_str(" | ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}
