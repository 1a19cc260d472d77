//! How a home is explored: the whole list of videos, the owners, and sessions for some of them.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use aviary_infra::seed::EDITION;
use serde::Deserialize;

use super::{Cast, Deep, FORM, Member, Words};
use crate::client::Client;
use crate::request::Request;

/// The most videos that are noted.
const VIDEOS: usize = 4_000;
/// How many people sign in: more than there are clients.
const MEMBERS: usize = 128;
/// How many people's tweets are read, at most.
const TWEETERS: usize = 500;
/// The deepest page that is measured, of ten items each.
const DEEPEST: usize = 1_000;
/// Items on a page while a list is read whole.
const PAGE: usize = 100;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(rename = "_id")]
    id: String,
    title: String,
    description: String,
    comments_count: u64,
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    #[serde(rename = "_id")]
    id: String,
    username: String,
}

#[derive(Deserialize)]
struct Tweeted {
    owner: Owner,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<T> {
    docs: Vec<T>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    subscribers_count: u64,
}

/// Finds out who and what there is behind a server whose people all have this password.
pub(crate) async fn explore(client: &Client, password: &str) -> anyhow::Result<Cast> {
    let videos = all_videos(client).await.context("the list of videos cannot be read")?;
    ensure!(videos.len() > 2 * PAGE, "a home with {} videos is too small to be measured", videos.len());
    let mut owned = BTreeMap::<&str, usize>::new();
    for video in &videos {
        *owned.entry(&video.owner.username).or_default() += 1;
    }
    let owners: Vec<String> = owned.keys().map(|name| (*name).to_owned()).collect();
    let largest =
        owned.iter().max_by_key(|(_, count)| **count).map(|(name, _)| *name).context("nobody owns a video")?;
    let commented = videos.iter().max_by_key(|video| video.comments_count).context("there are no videos")?;
    let texts: Vec<String> = videos
        .iter()
        .map(|video| {
            format!(
                "{}
{}",
                video.title, video.description
            )
        })
        .collect();
    Ok(Cast {
        form: FORM,
        edition: EDITION.to_owned(),
        password: password.to_owned(),
        total: videos.len(),
        videos: spread(videos.iter().map(|video| video.id.clone()).collect(), VIDEOS),
        most_commented: commented.id.clone(),
        most_subscribed: most_subscribed(client, &owners).await.context("channels cannot be read")?,
        largest: member(client, largest, password).await?,
        members: members(client, spread(owners.clone(), MEMBERS), password).await?,
        tweeters: tweeters(client).await.context("tweets cannot be read")?,
        deep: deep(client, videos.len()).await.context("the list of videos cannot be read in depth")?,
        words: Words::of(&texts)?,
    })
}

async fn all_videos(client: &Client) -> anyhow::Result<Vec<Listed>> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page: Page<Listed> = client.ask(&Request::get(format!("/api/v1/videos?limit={PAGE}{cursor}"))).await?;
        all.extend(page.docs);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(all),
        }
    }
}

async fn most_subscribed(client: &Client, owners: &[String]) -> anyhow::Result<String> {
    let pages: Vec<_> = owners.iter().map(|name| Request::get(format!("/api/v1/users/c/{name}"))).collect();
    let channels: Vec<Channel> = client.ask_all(&pages).await?;
    let counted = owners.iter().zip(&channels).max_by_key(|(_, channel)| channel.subscribers_count);
    Ok(counted.context("nobody owns a video")?.0.clone())
}

async fn members(client: &Client, names: Vec<String>, password: &str) -> anyhow::Result<Vec<Member>> {
    let mut members = Vec::new();
    for pair in names.chunks(2) {
        // Passwords take a core each, and the server has one beside this process.
        let pair = pair.iter().map(|name| member(client, name, password));
        members.extend(futures_util::future::try_join_all(pair).await?);
    }
    Ok(members)
}

async fn member(client: &Client, username: &str, password: &str) -> anyhow::Result<Member> {
    let tokens = client.log_in(username, password).await?;
    Ok(Member { username: username.to_owned(), token: tokens.access_token })
}

/// Those who tweeted last, as a start; each of them once.
async fn tweeters(client: &Client) -> anyhow::Result<Vec<String>> {
    let pages: Vec<_> = (1..=20).map(|page| Request::get(format!("/api/v1/tweets?limit={PAGE}&page={page}"))).collect();
    let pages: Vec<Page<Tweeted>> = client.ask_all(&pages).await?;
    let mut ids: Vec<String> = pages.into_iter().flat_map(|page| page.docs).map(|tweet| tweet.owner.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ensure!(!ids.is_empty(), "nobody has tweeted");
    Ok(spread(ids, TWEETERS))
}

/// The last full page, or the deepest that is measured, and the cursor of the page before it.
async fn deep(client: &Client, total: usize) -> anyhow::Result<Deep> {
    let page = (total / 10).clamp(1, DEEPEST);
    let before: Page<Listed> = client.ask(&Request::get(format!("/api/v1/videos?page={}", page - 1))).await?;
    Ok(Deep { page, cursor: before.next_cursor.context("the list ends too early")? })
}

/// As many items as wanted, at most, from all over a list.
pub(super) fn spread<T>(all: Vec<T>, wanted: usize) -> Vec<T> {
    let (count, wanted) = (all.len(), wanted.min(all.len()));
    let before = |n: usize| n * wanted / count;
    all.into_iter().enumerate().filter(|(n, _)| before(n + 1) > before(*n)).map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spread_comes_from_all_over() {
        assert_eq!(spread((0..10).collect(), 5), [1, 3, 5, 7, 9]);
        assert_eq!(spread((0..11).collect(), 5), [2, 4, 6, 8, 10]);
        assert_eq!(spread((0..11).collect(), 10).len(), 10);
        assert_eq!(spread(vec![1, 2], 5), [1, 2]);
        assert!(spread(Vec::<u8>::new(), 5).is_empty());
    }
}
