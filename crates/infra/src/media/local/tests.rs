//! The whole way of a file, on a real disk and with real tools: received, judged, kept, removed, nothing left.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, ImageRole, MediaError, MediaStore, PreparedVideo, Rendition, Upload};
use image::{DynamicImage, ImageFormat};
use tempfile::TempDir;

use super::{LocalMedia, LocalMediaSettings};
use crate::media::samples::{self, H264, VP8, clip};

mod direct;

fn secret() -> secrecy::SecretString {
    "a secret of these tests".to_owned().into()
}

struct Home {
    folder: TempDir,
    media: LocalMedia,
}

impl Home {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn without_tools() -> Self {
        Self::with(|settings| settings.tools = None)
    }

    fn with(change: impl FnOnce(&mut LocalMediaSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = LocalMediaSettings::new(folder.path().join("media"), "http://localhost:8000/", secret());
        change(&mut settings);
        Self { media: LocalMedia::open(settings).unwrap(), folder }
    }

    async fn upload(&self, bytes: &[u8]) -> Box<dyn Upload> {
        let mut intake = self.media.receive(100_000_000).await.unwrap();
        for chunk in bytes.chunks(60_000) {
            intake.write(chunk).await.unwrap();
        }
        intake.finish().await.unwrap()
    }

    async fn video(&self, path: &Path) -> Result<PreparedVideo, MediaError> {
        self.media.prepare_video(self.upload(&fs::read(path).unwrap()).await).await
    }

    /// How many files are on their way in, through any store over the folder.
    fn in_spool(&self) -> usize {
        let entries = fs::read_dir(self.folder.path().join("media/tmp")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).map(|path| fs::read_dir(path).unwrap().count()).sum()
    }

    /// One more store over the folder, as another process has it.
    fn neighbour(&self) -> LocalMedia {
        let settings = LocalMediaSettings::new(self.folder.path().join("media"), "http://localhost:8001", secret());
        LocalMedia::open(settings).unwrap()
    }

    fn stored(&self) -> Vec<FileKey> {
        self.media.keys().unwrap().map(Result::unwrap).collect()
    }

    fn is_clean(&self) -> bool {
        self.in_spool() == 0 && fs::read_dir(self.folder.path().join("media/empty")).unwrap().count() == 0
    }
}

fn photo() -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::new_rgb8(60, 40).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn key(format: FileFormat, number: u8) -> FileKey {
    FileKey::new(format, [number; 16])
}

fn reason(outcome: Result<PreparedVideo, MediaError>) -> String {
    match outcome {
        Err(MediaError::Unreadable(reason)) => reason,
        Err(other) => panic!("{other:?}"),
        Ok(video) => panic!("accepted as {:?}", video.facts),
    }
}

#[tokio::test]
async fn a_kept_file_lies_under_its_key_until_it_is_removed() {
    let home = Home::new();
    let prepared = home.media.prepare_image(home.upload(&photo()).await, ImageRole::Avatar).await.unwrap();
    assert_eq!(home.in_spool(), 1, "the upload has gone, its better self is there");
    let key = key(prepared.format, 1);
    assert_eq!(home.media.keep(prepared, &key).await.unwrap(), key);
    assert!(home.is_clean());
    assert_eq!(home.stored(), std::slice::from_ref(&key));
    assert!(home.media.path(&key).unwrap().is_file());
    assert_eq!(home.media.url(&key, Rendition::Film, None), format!("http://localhost:8000/media/{key}"));
    for _ in 0..2 {
        home.media.remove(&key).await.unwrap();
        assert_eq!(home.stored(), []);
    }
}

#[tokio::test]
async fn names_of_others_lead_nowhere() {
    let home = Home::new();
    for name in ["https://res.example.com/x.jpg", "../../etc/passwd", "images/../x.jpg", "/etc/passwd"] {
        let foreign = FileKey::from_stored(name.to_owned());
        assert_eq!(home.media.path(&foreign), None, "{name}");
        home.media.remove(&foreign).await.unwrap();
        let file = home.media.prepare_image(home.upload(&photo()).await, ImageRole::Avatar).await.unwrap();
        assert!(home.media.keep(file, &foreign).await.is_err());
        assert!(home.is_clean());
    }
    for name in ["https://res.example.com/x.jpg", "//res.example.com/x.jpg", "/uploads/x.jpg", "data:image/png,x", ""] {
        assert_eq!(
            home.media.url(&FileKey::from_stored(name.to_owned()), Rendition::Film, None),
            name,
            "it is given out as it is"
        );
    }
}

#[tokio::test]
async fn what_cannot_be_stored_leaves_nothing() {
    let home = Home::new();
    let file = home.media.prepare_image(home.upload(&photo()).await, ImageRole::Avatar).await.unwrap();
    fs::remove_dir(home.folder.path().join("media/images")).unwrap();
    assert!(matches!(home.media.keep(file, &key(FileFormat::Jpeg, 2)).await, Err(MediaError::Backend(_))));
    assert!(home.is_clean());
}

#[tokio::test]
async fn bad_images_leave_nothing() {
    let home = Home::new();
    let whole = photo();
    for bytes in [&b""[..], b"text", &whole[..whole.len() / 2]] {
        assert!(home.media.prepare_image(home.upload(bytes).await, ImageRole::Cover).await.is_err());
        assert!(home.is_clean());
    }
}

#[tokio::test]
async fn opening_again_keeps_what_was_kept_and_drops_what_was_not() {
    let home = Home::new();
    let prepared = home.media.prepare_image(home.upload(&photo()).await, ImageRole::Avatar).await.unwrap();
    home.media.keep(prepared, &key(FileFormat::Jpeg, 3)).await.unwrap();
    fs::write(home.folder.path().join("media/tmp/9"), "left by a dead process").unwrap();
    let again = home.neighbour();
    assert_eq!(again.keys().unwrap().count(), 1);
    assert!(!home.folder.path().join("media/tmp/9").exists());
    assert!(home.is_clean());
}

#[tokio::test]
async fn stores_share_a_folder() {
    let home = Home::new();
    let on_its_way = home.media.prepare_image(home.upload(&photo()).await, ImageRole::Avatar).await.unwrap();
    let dead = home.folder.path().join("media/tmp/0123");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("0"), "half of a film").unwrap();
    fs::write(dead.with_extension("lock"), "").unwrap();
    let neighbour = home.neighbour();
    assert!(!dead.exists() && !dead.with_extension("lock").exists(), "what the dead left goes");
    assert_eq!(home.in_spool(), 1, "what the living have stays");

    fs::create_dir(&dead).unwrap();
    neighbour.remove_leftovers().await.unwrap();
    assert!(!dead.exists(), "also of those who die later");
    let key = key(on_its_way.format, 5);
    home.media.keep(on_its_way, &key).await.unwrap();
    assert!(neighbour.path(&key).unwrap().is_file(), "what one keeps the other has");
    neighbour.remove(&key).await.unwrap();
    assert_eq!(home.stored(), []);
    drop(neighbour);
    assert!(home.is_clean());
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("media");
    fs::write(&path, "").unwrap();
    let refusal = LocalMedia::open(LocalMediaSettings::new(&path, "http://localhost", secret())).err().unwrap();
    assert!(refusal.to_string().contains("media"), "{refusal}");
}

#[tokio::test]
async fn videos_of_every_kind_are_read_and_give_a_still() {
    let Some(tools) = samples::tools() else { return };
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let covers: &[&str] =
        &["-map", "0:v", "-map", "1:a", "-map", "0:v", "-c:v:1", "mjpeg", "-disposition:v:1", "attached_pic"];
    let cases: &[(&str, &[&[&str]], FileFormat)] = &[
        ("plain.mp4", &[H264], FileFormat::Mp4),
        ("fragments.mp4", &[H264, &["-movflags", "frag_keyframe+empty_moov"]], FileFormat::Mp4),
        ("cover.mp4", &[H264, covers, &["-frames:v:1", "1"]], FileFormat::Mp4),
        ("odd-sound.mov", &[&["-c:v", "libx264", "-c:a", "pcm_s16le"]], FileFormat::Mov),
        ("web.webm", &[VP8], FileFormat::WebM),
        ("live.webm", &[VP8, &["-live", "1"]], FileFormat::WebM),
        ("film.mkv", &[&["-c:v", "libx265", "-x265-params", "log-level=none", "-c:a", "libmp3lame"]], FileFormat::Mkv),
        ("new.mp4", &[&["-c:v", "libaom-av1", "-cpu-used", "8", "-t", "0.5", "-an"]], FileFormat::Mp4),
        ("silent.webm", &[&["-c:v", "libvpx-vp9", "-an", "-frames:v", "1"]], FileFormat::WebM),
    ];
    for (name, encoding, format) in cases {
        let video = home.video(&clip(&tools, folder.path(), name, encoding)).await;
        let video = video.unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        assert_eq!((video.file.format, video.facts.width, video.facts.height), (*format, 320, 180), "{name}");
        assert!(video.facts.duration > 0.0 && video.facts.duration < 3.2, "{name}: {}", video.facts.duration);
        let still = home.media.poster(&video).await.unwrap().unwrap();
        let picture = image::load_from_memory(&fs::read(still.upload.path()).unwrap()).unwrap();
        assert_eq!((still.format, picture.width(), picture.height()), (FileFormat::Jpeg, 320, 180), "{name}");
        let key = key(*format, 4);
        home.media.keep(video.file, &key).await.unwrap();
        home.media.remove(&key).await.unwrap();
    }
    assert!(home.is_clean());
}

#[tokio::test]
async fn a_picture_shorter_than_its_sound_is_no_fault() {
    let Some(tools) = samples::tools() else { return };
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    for name in ["short.mp4", "short.mkv"] {
        let arguments = ["-f", "lavfi", "-i", "testsrc=size=64x64:duration=1", "-f", "lavfi", "-i", "sine=duration=9"];
        let arguments = [&arguments[..], H264].concat();
        let video = home.video(&samples::convert(&tools, folder.path(), name, &arguments)).await.unwrap();
        assert!(video.facts.duration > 8.9, "{name}: {:?}", video.facts);
        assert!(home.media.poster(&video).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn subtitles_are_no_fault() {
    let Some(tools) = samples::tools() else { return };
    let home = Home::new();
    let folder = tempfile::tempdir().unwrap();
    let plain = clip(&tools, folder.path(), "plain.mp4", &[H264]);
    fs::write(folder.path().join("s.srt"), "1\n00:00:00,500 --> 00:00:02,000\nHello\n").unwrap();
    for (name, codec) in [("sub.mkv", "srt"), ("sub.mp4", "mov_text")] {
        let arguments = ["-i", plain.to_str().unwrap(), "-i", "s.srt", "-c", "copy", "-c:s", codec];
        let video = home.video(&samples::convert(&tools, folder.path(), name, &arguments)).await.unwrap();
        assert!((2.9..3.2).contains(&video.facts.duration), "{name}: {:?}", video.facts);
    }
}

#[tokio::test]
async fn what_does_not_play_is_refused_with_a_reason_and_leaves_nothing() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plain = clip(&tools, folder.path(), "plain.mp4", &[H264]);
    let fast = clip(&tools, folder.path(), "fast.mp4", &[H264, &["-movflags", "+faststart"]]);
    let web = clip(&tools, folder.path(), "web.webm", &[VP8]);
    let mut blank = fs::read(&fast).unwrap();
    let media = blank.windows(4).position(|name| name == b"mdat").unwrap() + 4;
    blank[media..].fill(0);
    fs::write(folder.path().join("blank.mp4"), blank).unwrap();
    let sound = ["-f", "lavfi", "-i", "sine=duration=2", "-c:a", "aac"];
    let cases = [
        (samples::cut(&plain, "1.mp4", 5_000), "incomplete"),
        (samples::cut(&fast, "2.mp4", 7_000), "incomplete"),
        (samples::cut(&web, "3.webm", 9_000), "incomplete"),
        (folder.path().join("blank.mp4"), "does not play"),
        (clip(&tools, folder.path(), "old.mp4", &[&["-c:v", "mpeg4", "-c:a", "aac"]]), "mp4v"),
        (samples::convert(&tools, folder.path(), "sound.mp4", &sound), "no picture"),
    ];
    for home in [Home::new(), Home::without_tools()] {
        for (path, words) in &cases {
            if home.media.has_tools() || *words != "does not play" {
                let reason = reason(home.video(path).await);
                assert!(reason.contains(words), "{}: {reason}", path.display());
                assert!(!reason.contains('/'), "no path leaks: {reason}");
            }
            assert!(home.is_clean());
        }
    }
}

#[tokio::test]
async fn a_playlist_in_disguise_and_other_files_are_no_videos() {
    for home in [Home::new(), Home::without_tools()] {
        let photo = photo();
        for bytes in [&b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"[..], b"words", b"ftyp", &photo] {
            let outcome = home.media.prepare_video(home.upload(bytes).await).await;
            assert!(matches!(outcome, Err(MediaError::UnsupportedType(_))), "{bytes:?}");
        }
        assert!(reason(home.media.prepare_video(home.upload(b"").await).await).contains("empty"));
        assert!(home.is_clean());
    }
}

#[tokio::test]
async fn without_tools_facts_come_from_the_headers_and_there_is_no_still() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = Home::without_tools();
    for (name, encoding) in [("a.mp4", H264), ("b.mov", H264), ("c.webm", VP8), ("d.mkv", H264)] {
        let video = home.video(&clip(&tools, folder.path(), name, &[encoding])).await.unwrap();
        assert_eq!((video.facts.width, video.facts.height), (320, 180));
        assert!((2.9..3.2).contains(&video.facts.duration), "{name}: {:?}", video.facts);
        assert!(home.media.poster(&video).await.unwrap().is_none());
    }
    assert!(home.is_clean());
}

#[tokio::test]
async fn too_long_a_video_is_refused() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = Home::with(|settings| settings.longest_video = Duration::from_secs(2));
    let path = clip(&tools, folder.path(), "a.mp4", &[H264]);
    assert!(reason(home.video(&path).await).contains("longer"));
    assert!(home.is_clean());
}

#[tokio::test]
async fn a_request_that_goes_away_leaves_nothing() {
    let Some(tools) = samples::tools() else { return };
    let folder = tempfile::tempdir().unwrap();
    let home = Home::new();
    let path = clip(&tools, folder.path(), "a.mp4", &[H264]);
    for millis in [0, 5, 20, 60] {
        let _ = tokio::time::timeout(Duration::from_millis(millis), home.video(&path)).await;
    }
    for _ in 0..100 {
        if home.is_clean() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{} files left", home.in_spool());
}

/// Who was started without the account must neither forget such a file nor call its video failed.
#[tokio::test]
async fn of_a_file_at_an_account_nothing_is_said() {
    let home = Home::new();
    for format in [FileFormat::Mp4, FileFormat::Png] {
        let far = key(format, 6).marked("u17");
        let unavailable = |outcome: Result<(), MediaError>| matches!(outcome, Err(MediaError::Unavailable(_)));
        assert!(unavailable(home.media.remove(&far).await));
        assert!(unavailable(home.media.progress(&far).await.map(drop)));
        assert!(unavailable(home.media.reprocess(&far).await.map(drop)));
        assert!(unavailable(home.media.set_access(&far, Access::Private).await.map(drop)));
        assert!(unavailable(home.media.poster_of_stored(&far).await.map(drop)));
        assert!(unavailable(home.media.holds(&far).await.map(drop)));
    }
    // A `#` in the URL of another application is no mark.
    let foreign = FileKey::from_stored("https://example.org/a.mp4#u17".to_owned());
    home.media.remove(&foreign).await.unwrap();
    assert!(home.media.holds(&foreign).await.unwrap());
}
