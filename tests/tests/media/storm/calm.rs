//! What must hold when the storm is over.

use std::collections::BTreeSet;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::{FileKey, FileOwner, OwnedFile};
use aviary_domain::maintenance::Reconcile;
use aviary_domain::video::VideoStatus;
use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Streaming};
use aviary_tests::{Person, TestServer};
use serde_json::Value;

/// Waits until no file waits for its end and no video needs anything done. What was to be tried later is tried now.
///
/// A name that was given to a browser stays in the ledger as long as its ticket may be used, but nothing lies under it.
pub(super) async fn settles(server: &TestServer, fake: &FakeCloudinary) {
    for _ in 0..240 {
        let (names, more) = server
            .on_store(async |store| {
                let names = store.files.list(None, 10_000).await.expect("the ledger");
                for name in &names {
                    store.files.postpone(name, Timestamp::default()).await.expect("due");
                }
                let last = Timestamp::from_millis(Timestamp::NEVER.millis() - 1);
                let tasks = store.media_tasks.due(last, 10_000).await.expect("the tasks");
                for task in &tasks {
                    store.media_tasks.postpone(task, Timestamp::default()).await.expect("due");
                }
                let purged = store.maintenance.purge(500).await.expect("a purge");
                (names, tasks.len() + purged)
            })
            .await;
        let assets = fake.assets();
        let lies_there = |name: &FileKey| {
            let stem = name.stem().expect("a name of ours");
            assets.iter().any(|held| held.public_id.contains(stem))
        };
        if more == 0 && !names.iter().any(lies_there) && names.iter().all(FileKey::is_film) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("it never settles");
}

/// Everybody has the videos that they were told to have, and no others.
pub(super) async fn rows_are_what_people_were_told(people: &[Person], told: &[BTreeSet<String>]) {
    for (person, told) in people.iter().zip(told) {
        let found: BTreeSet<_> = own_videos(person).await.iter().map(aviary_tests::people::id).collect();
        assert_eq!(found, *told, "{}", person.username);
    }
}

async fn own_videos(person: &Person) -> Vec<Value> {
    let mut videos = vec![];
    for page in 1.. {
        let path = format!("/videos?userId={}&limit=100&page={page}", person.id);
        let part = person.get(&path).await.ok(200)["docs"].as_array().cloned().expect("a list");
        if part.is_empty() {
            break;
        }
        videos.extend(part);
    }
    videos
}

/// All files that rows own.
async fn owned(server: &TestServer) -> Vec<OwnedFile> {
    server
        .on_store(async |store| {
            let (mut all, mut place) = (vec![], None);
            loop {
                let part = store.files.owned(place, 100).await.expect("a part");
                let Some(last) = part.last() else { return all };
                place = Some(last.owner.place());
                all.extend(part);
            }
        })
        .await
}

/// No orphan at the provider, no row without its file, and each file open to whom its row says.
pub(super) async fn rows_and_assets_are_the_same(server: &TestServer, fake: &FakeCloudinary) {
    let mut expected = vec![];
    for file in owned(server).await {
        let stem = file.key.stem().expect("a file of ours").to_owned();
        let is_open = match file.owner {
            FileOwner::Avatar(_) | FileOwner::Cover(_) => true,
            FileOwner::Film(video) | FileOwner::Still(video) => {
                let found = server.on_store(async move |store| store.videos.find(video).await).await;
                let video = found.expect("an answer").expect("the video of its files");
                assert_ne!(video.status, VideoStatus::Processing, "{video:?}");
                // One that failed is seen by nobody else, but it is not secret: its owner wants it seen.
                video.is_published
            }
        };
        let mark = file.key.mark().unwrap_or_else(|| panic!("{} lies at the provider", file.key));
        assert_eq!(mark.starts_with('u'), is_open, "{file:?}");
        expected.push((stem, if is_open { Delivery::Upload } else { Delivery::Authenticated }));
    }
    let stem = |public_id: &str| public_id.rsplit('/').next().and_then(|id| id.split('-').next()).map(str::to_owned);
    let found = fake.assets().into_iter();
    let mut found: Vec<_> = found.map(|held| (stem(&held.public_id).expect("a name of ours"), held.delivery)).collect();
    expected.sort();
    found.sort();
    let orphans: Vec<_> = found.iter().filter(|asset| !expected.contains(asset)).collect();
    let missing: Vec<_> = expected.iter().filter(|file| !found.contains(file)).collect();
    assert!(orphans.is_empty() && missing.is_empty(), "orphans: {orphans:?}, missing: {missing:?}");
    assert_eq!(found.len(), expected.len(), "each once");
    assert_eq!(server.spooled_files().len() + server.stored_files().len(), 0, "nothing is left on this machine");
}

/// What everybody sees can be fetched by everybody, and the rest only by those who were given its URL.
pub(super) async fn only_what_is_shown_is_open(server: &TestServer, fake: &FakeCloudinary, people: &[Person]) {
    let http = reqwest::Client::new();
    let status = async |url: &str| http.get(url).send().await.expect("an answer").status().as_u16();
    let (mut shown, mut hidden) = (0, 0);
    for person in people {
        for video in own_videos(person).await {
            let path = format!("/videos/{}", aviary_tests::people::id(&video));
            let own = person.get(&path).await.ok(200);
            let is_open = own["isPublished"] == true;
            let is_public = is_open && own["status"] == "ready";
            let as_guest = server.guest().get(&path).await;
            assert_eq!(as_guest.status, if is_public { 200 } else { 404 }, "{own}");
            shown += u32::from(is_public);
            hidden += u32::from(!is_open);
            for field in ["videoFile", "thumbnail", "playbackUrl"] {
                let url = own[field].as_str().expect("a URL");
                if url.is_empty() {
                    assert_eq!(field, "playbackUrl", "{own}");
                    // A film that is shown can do without, if none could be made when it was moved.
                    assert!(!is_public || playlist(fake, &own) == Streaming::Failed, "{own}");
                    continue;
                }
                assert!(url.starts_with(fake.origin()), "{url}");
                assert_eq!(status(url).await, 200, "{field} of {own}");
                let Some((before, rest)) = url.split_once("/s--") else {
                    assert!(is_open, "{field} of {own} is open");
                    continue;
                };
                assert!(!is_open, "{field} of {own} is closed");
                let (_, after) = rest.split_once("--/").expect("the end of a signature");
                assert_eq!(status(&format!("{before}/{after}")).await, 401, "{field} of {own}");
                let open = before.replace("/authenticated", "/upload");
                assert_eq!(status(&format!("{open}/{after}")).await, 404, "{field} of {own}");
            }
        }
    }
    assert!(shown > 0 && hidden > 0, "{shown} are shown, {hidden} are hidden");
}

/// How far the fake is with the playlist of a video's film.
fn playlist(fake: &FakeCloudinary, video: &Value) -> Streaming {
    let url = video["videoFile"].as_str().expect("a URL");
    let mut films = fake.assets().into_iter().filter(|held| url.contains(&held.public_id));
    films.next().expect("the film").streaming
}

/// Every stored count is what the facts say, also what of everybody's quota is used.
pub(super) async fn counts_are_exact(server: &TestServer) {
    let report = server.on_store(async |store| store.maintenance.reconcile(Reconcile::Report).await).await;
    let report = report.expect("a recount");
    assert_eq!(report.drifted, 0, "{:?}", report.examples);
}
