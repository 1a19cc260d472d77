//! A film of two gigabytes goes up and comes down while the server's memory stays flat.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use reqwest::multipart::Part;
use reqwest::{Body, Client};

use crate::account::{Account, file, text};
use crate::sample::{self, Codec};
use crate::server::Home;
use crate::tools::{announce, free_bytes, have, run, scratch, skip};

/// More than 31 bits can count.
const LARGE: u64 = 2 << 30;
const NEEDED_ON_DISK: u64 = 5 << 30;
/// What a transfer may add to the most memory that the server needed before it, and what it may need in all.
const GROWTH_KIB: u64 = 64 << 10;
const TOTAL_KIB: u64 = 100_000;
const CHUNK: usize = 256 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_gigabytes_up_and_down_leave_memory_flat() {
    if !have("memory", &["ffmpeg", "ffprobe", "df"]) {
        return;
    }
    if !Path::new("/proc/self/status").exists() {
        return skip("memory", "there is no /proc to read the server's memory from");
    }
    if free_bytes(scratch()) < NEEDED_ON_DISK {
        return skip("memory", "less than 5 GB are free on the disk");
    }
    let home = Home::new();
    let film = large_film(home.path());
    let bytes = film.metadata().unwrap().len();
    let server = home.start().await;
    let account = warmed_up(&server.api(), home.path()).await;
    let idle = server.peak_kib();

    let start = Instant::now();
    let part = Part::stream_with_length(streamed(&film), bytes).file_name("large.mp4");
    let video = account.upload("Two gigabytes", part).await;
    let (up, up_time) = (server.peak_kib(), start.elapsed());
    assert!((video["duration"].as_f64().unwrap() - 1.0).abs() < 0.2, "{video}");

    let start = Instant::now();
    assert_same(&text(&video, "videoFile"), &film).await;
    let (down, down_time) = (server.peak_kib(), start.elapsed());

    announce(&format!(
        "memory: peak {} MiB idle, {} MiB after {bytes} bytes up in {up_time:.1?}, {} MiB after they came down in {down_time:.1?}",
        idle >> 10,
        up >> 10,
        down >> 10
    ));
    for peak in [up, down] {
        assert!(peak <= idle + GROWTH_KIB, "the peak grew from {idle} to {peak} KiB");
        assert!(peak < TOTAL_KIB, "the peak is {peak} KiB");
    }
}

/// A playable film with a hole of two gigabytes behind it, that takes no room on the disk.
fn large_film(folder: &Path) -> PathBuf {
    let path = folder.join("large.mp4");
    sample::film(&path, "320x180", 1, Codec::Mp4);
    let mut film = OpenOptions::new().append(true).open(&path).unwrap();
    // A `free` box (ISO 14496-12) with a 64-bit size: 1 in place of the size, the type, the size.
    film.write_all(&[0, 0, 0, 1]).unwrap();
    film.write_all(b"free").unwrap();
    film.write_all(&LARGE.to_be_bytes()).unwrap();
    let length = film.metadata().unwrap().len() - 16 + LARGE;
    film.set_len(length).unwrap();
    run(std::process::Command::new("ffprobe").args(["-v", "error"]).arg(&path));
    path
}

/// Registers somebody and uploads a small film, so that what every upload needs once is not laid to the large one.
async fn warmed_up(api: &str, folder: &Path) -> Account {
    let (face, film) = (folder.join("face.png"), folder.join("small.mp4"));
    sample::picture(&face, "320x320");
    sample::film(&film, "320x180", 1, Codec::Mp4);
    let account = Account::register(api, "archivist", file("face.png", std::fs::read(face).unwrap())).await;
    account.upload("A small one", file("small.mp4", std::fs::read(film).unwrap())).await;
    account
}

fn streamed(path: &Path) -> Body {
    let file = File::open(path).unwrap();
    let chunks = stream::try_unfold(file, async |mut file| {
        let mut chunk = vec![0; CHUNK];
        let length = file.read(&mut chunk)?;
        chunk.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then(|| (Bytes::from(chunk), file)))
    });
    Body::wrap_stream(chunks)
}

/// Downloads and compares byte by byte.
async fn assert_same(url: &str, path: &Path) {
    let mut file = File::open(path).unwrap();
    let mut answer = Client::new().get(url).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    assert_eq!(answer.content_length(), Some(file.metadata().unwrap().len()));
    let mut expected = vec![];
    while let Some(chunk) = answer.chunk().await.unwrap() {
        expected.resize(chunk.len(), 0);
        file.read_exact(&mut expected).unwrap();
        assert!(chunk == expected, "what came down is not what went up");
    }
    assert_eq!(file.read(&mut [0]).unwrap(), 0, "the end is missing");
}
