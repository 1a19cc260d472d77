//! A film of 200 MB goes up and comes down, beside a plain copy to the same disk.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, anyhow, ensure};
use futures_util::stream;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::folder;
use crate::home::{HomeKind, Size};
use crate::measure::Stage;
use crate::stats::Stat;

/// What it is, for people.
pub(crate) const TITLE: &str = "film of 200 MB up and down";
/// The part of a plain copy's speed that is aimed at.
const AIM: f64 = 0.7;
/// How long the film is, in bytes.
const BYTES: u32 = 200_000_000;
/// What the client reads or writes at once, in bytes: as much as the plain copy.
const PIECE: usize = 1 << 20;

/// One direction.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransferOutcome {
    /// Which home.
    pub(crate) home: HomeKind,
    /// Its size.
    pub(crate) size: Size,
    /// `upload` or `download`.
    pub(crate) direction: &'static str,
    /// MB a second.
    pub(crate) rate: Stat,
    /// MB a second of a plain copy that is synced.
    pub(crate) copy: Stat,
    /// The part of the copy's speed that was reached, round by round.
    pub(crate) ratio: Stat,
    /// The part that is aimed at.
    pub(crate) aim: f64,
}

#[derive(Deserialize)]
struct Published {
    data: Video,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Video {
    video_file: String,
}

/// Measures both directions in the smallest home: what is in it does not matter.
pub(crate) async fn measure(stage: &Stage<'_>) -> anyhow::Result<Vec<TransferOutcome>> {
    let subject = stage.subjects.first().context("there is no home")?;
    let token = &subject.cast.members.first().context("nobody is signed in")?.token;
    let folder = stage.plan.folder.join("work");
    let film = folder.join("film.mp4");
    let made = film.clone();
    tokio::task::spawn_blocking(move || make_film(&made)).await??;
    let http = Client::new();
    let mut times = [const { Vec::<f64>::new() }; 4];
    for round in 0..stage.plan.rounds {
        let place = |name| folder.join(format!("{name}-{round}.mp4"));
        let scratch = place("scratch");
        free_memory(&film, &scratch).await?;
        let up_beside = timed(copy(&film, &place("up"))).await?.1;
        free_memory(&film, &scratch).await?;
        let (url, up) = timed(upload(&http, &subject.server.base, token, &film)).await?;
        free_memory(&film, &scratch).await?;
        let down_beside = timed(copy(&film, &place("down"))).await?.1;
        free_memory(&film, &scratch).await?;
        let ((), down) = timed(download(&http, &url, &place("fetched"))).await?;
        for name in ["up", "down", "fetched"] {
            tokio::fs::remove_file(place(name)).await?;
        }
        for (times, time) in times.iter_mut().zip([up, up_beside, down, down_beside]) {
            times.push(time);
        }
        stage.progress.step();
    }
    let [up, up_beside, down, down_beside] = times;
    let outcome = |direction, times: &[f64], copies: &[f64]| {
        let speed =
            |times: &[f64]| Stat::of(&times.iter().map(|time| f64::from(BYTES) / 1e6 / time).collect::<Vec<_>>());
        let ratio = Stat::of(&copies.iter().zip(times).map(|(copy, time)| copy / time).collect::<Vec<_>>());
        let (rate, copy, ratio) = (speed(times)?, speed(copies)?, ratio?);
        Some(TransferOutcome { home: stage.kind, size: subject.size, direction, rate, copy, ratio, aim: AIM })
    };
    let outcomes = [outcome("upload", &up, &up_beside), outcome("download", &down, &down_beside)];
    outcomes.into_iter().map(|outcome| outcome.context("nothing was measured")).collect()
}

async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, f64)> {
    let begun = Instant::now();
    Ok((work.await?, begun.elapsed().as_secs_f64()))
}

async fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    tokio::task::spawn_blocking(move || folder::copy_synced(&from, &to)).await?.context("the film cannot be copied")
}

/// Leaves memory for one more film that has just been in use: what it costs to get other memory, as from the host of a
/// virtual machine, differs by the moment, and is nobody's merit.
async fn free_memory(film: &Path, scratch: &Path) -> anyhow::Result<()> {
    copy(film, scratch).await?;
    Ok(tokio::fs::remove_file(scratch).await?)
}

/// Publishes the film and answers with its URL.
async fn upload(http: &Client, base: &str, token: &str, film: &Path) -> anyhow::Result<String> {
    let source = tokio::fs::File::open(film).await?;
    let length = source.metadata().await?.len();
    let pieces = stream::try_unfold(source, async |mut source| {
        let mut piece = vec![0; PIECE];
        let length = source.read(&mut piece).await?;
        piece.truncate(length);
        Ok::<_, std::io::Error>((length > 0).then(|| (bytes::Bytes::from(piece), source)))
    });
    let part = Part::stream_with_length(Body::wrap_stream(pieces), length).file_name("film.mp4");
    let form = Form::new().text("title", "A large film").text("description", "Two hundred megabytes");
    let post = http.post(format!("{base}/api/v1/videos")).bearer_auth(token);
    let answer = post.multipart(form.part("videoFile", part)).send().await.context("the film cannot be sent")?;
    let (status, said) = (answer.status(), answer.bytes().await?);
    ensure!(status.is_success(), "the film is refused with {status}: {}", String::from_utf8_lossy(&said));
    let published: Published = serde_json::from_slice(&said).context("the answer to an upload cannot be read")?;
    Ok(published.data.video_file)
}

/// Fetches the film into a file and waits until the disk has it, as the plain copy does.
async fn download(http: &Client, url: &str, to: &Path) -> anyhow::Result<()> {
    let mut answer = http.get(url).send().await?.error_for_status().context("the film cannot be fetched")?;
    let mut file = tokio::io::BufWriter::with_capacity(PIECE, tokio::fs::File::create(to).await?);
    let mut length = 0;
    while let Some(piece) = answer.chunk().await? {
        length += piece.len();
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    file.into_inner().sync_all().await?;
    let whole = usize::try_from(BYTES).is_ok_and(|bytes| bytes == length);
    if whole { Ok(()) } else { Err(anyhow!("only {length} bytes of the film came back")) }
}

/// A film that plays, and behind it, in a box that players pass over, bytes that no file system can save.
fn make_film(path: &Path) -> anyhow::Result<()> {
    let film = aviary_tests::samples::mp4().context("there is no ffmpeg to make a film with: leave `transfer` out")?;
    let begin = u32::try_from(film.bytes.len()).context("the film is too long")?;
    let free = BYTES.checked_sub(begin).context("the film is too long")?;
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&film.bytes)?;
    out.write_all(&free.to_be_bytes())?;
    out.write_all(b"free")?;
    let mut state = 1_u64;
    for _ in 0..free.saturating_sub(8) / 8 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.write_all(&state.to_le_bytes())?;
    }
    out.write_all(&vec![0; usize::try_from(free.saturating_sub(8) % 8)?])?;
    out.into_inner().map_err(|error| anyhow!("the film cannot be written: {error}"))?.sync_all()?;
    ensure!(fs::metadata(path)?.len() == u64::from(BYTES), "the film has another length than was meant");
    Ok(())
}
