//! A server that keeps its files at Cloudinary, here at a stand-in that is as strict: films that are processed there, files
//! that not everybody may fetch, its calls, films that pages send there by themselves, and what it is like when it is away.

mod direct;
mod notices;
mod outage;
mod private;
mod processing;
mod site;
mod streamed;

use std::time::Duration;

use aviary_api::config::{CloudinaryOptions, Options, Settings};
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_domain::{Id, Timestamp};
use aviary_tests::cloudinary::{FakeCloudinary, Held, Plan};
use aviary_tests::samples::Film;
use aviary_tests::{Person, TestServer, form, samples};
use reqwest::Method;
use serde_json::Value;

/// A server, its account, and somebody who uploads. Its avatar is there already.
struct Scene {
    server: TestServer,
    fake: FakeCloudinary,
    ada: Person,
    film: &'static Film,
    http: reqwest::Client,
}

impl Scene {
    /// `None` where no film can be made.
    async fn set() -> Option<Self> {
        Self::set_with(|_| {}).await
    }

    async fn set_with(change: impl FnOnce(&mut Settings)) -> Option<Self> {
        let film = samples::mp4()?;
        let fake = FakeCloudinary::start();
        let server = TestServer::start_with(|settings| {
            keep_at(&fake, settings);
            change(settings);
        })
        .await;
        let ada = server.person("ada").await;
        Some(Self { server, fake, ada, film, http: reqwest::Client::new() })
    }

    /// Uploads a film without a still and answers with the video.
    async fn upload(&self) -> Value {
        let form =
            form().text("title", "a wren").file("videoFile", self.film.name, self.film.content_type, &self.film.bytes);
        self.ada.multipart(Method::POST, "/videos", form).await.ok(201)
    }

    /// The work on films waits until the test ends it.
    fn hold_work(&self) {
        self.fake.plan(Plan { takes: None, fails: 0.0 });
    }

    /// The work on films ends so much after it was begun.
    fn end_work_after(&self, takes: Duration) {
        self.fake.plan(Plan { takes: Some(takes), fails: 0.0 });
    }

    /// A video that is published and ready.
    async fn ready(&self) -> Value {
        // A call that came before the row would find nobody.
        self.hold_work();
        let video = self.upload().await;
        self.end_work_after(Duration::ZERO);
        self.fake.finish_work();
        self.comes_to(&video, "ready").await
    }

    /// Its owner's view of a video.
    async fn own(&self, video: &Value) -> Value {
        self.ada.get(&path(video)).await.ok(200)
    }

    /// Waits until the video has this status, and answers with it.
    async fn comes_to(&self, video: &Value, status: &str) -> Value {
        for _ in 0..600 {
            let own = self.own(video).await;
            if own["status"] == status {
                return own;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("never {status}: {}", self.own(video).await);
    }

    /// Waits until the video has a playlist where its film lies now, and answers with it.
    async fn comes_to_play(&self, video: &Value) -> Value {
        for _ in 0..600 {
            let own = self.own(video).await;
            let kind = if own["isPublished"] == true { "/upload/" } else { "/authenticated/" };
            if own["playbackUrl"].as_str().expect("a URL").contains(kind) {
                return own;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it never has a playlist: {}", self.own(video).await);
    }

    /// Publishes or unpublishes a video, and waits until its files have followed, which they do at once unless somebody else
    /// is looking after them in that moment. Answers with the video.
    async fn toggle(&self, video: &Value) -> Value {
        let toggled = self.ada.toggle_published(video["_id"].as_str().expect("an id")).await;
        let kind = if toggled["isPublished"] == true { "/upload/" } else { "/authenticated/" };
        for _ in 0..600 {
            let own = self.own(video).await;
            let follows = |file: &str| own[file].as_str().expect("a URL").contains(kind);
            if follows("videoFile") && follows("thumbnail") {
                return own;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("its files never follow: {}", self.own(video).await);
    }

    /// The task of the video is due, as it is some time after nobody has called.
    async fn reconcile(&self, video: &Value) {
        let id = Id::<Video>::parse(video["_id"].as_str().unwrap()).unwrap();
        let status = StatusChange { from: VideoStatus::Processing, to: VideoStatus::Processing };
        let said = Settlement { status: Some(status), ..Settlement::default() };
        let settled =
            self.server.on_store(async move |store| store.videos.settle(id, &said, Timestamp::default()).await);
        settled.await.expect("a settled video").expect("the video");
    }

    /// The same, if the video is not ready yet: as the call about it may have come before the test looked.
    async fn reconcile_if_processing(&self, video: &Value) {
        if self.own(video).await["status"] == "processing" {
            self.reconcile(video).await;
        }
    }

    /// What a URL answers, to somebody who has nothing but it.
    async fn fetch(&self, url: &Value) -> (u16, Vec<u8>) {
        let url = url.as_str().expect("a URL");
        let response = self.http.get(url).send().await.unwrap_or_else(|error| panic!("{url}: {error}"));
        (response.status().as_u16(), response.bytes().await.expect("a body").to_vec())
    }

    async fn status(&self, url: &Value) -> u16 {
        self.fetch(url).await.0
    }

    /// Waits until exactly so many assets are there, and nothing waits for its end.
    async fn holds(&self, count: usize) {
        aviary_tests::eventually(&format!("{count} assets are there"), || {
            self.fake.assets().len() == count && self.server.spooled_files().is_empty()
        })
        .await;
        assert_eq!(self.server.stored_files(), Vec::<std::path::PathBuf>::new(), "nothing is kept here");
    }

    /// The one film that is there.
    fn film_there(&self) -> Held {
        let mut films = self.fake.assets();
        films.retain(|asset| asset.resource.name() == "video");
        assert_eq!(films.len(), 1, "{films:?}");
        films.remove(0)
    }
}

/// Has a server keep its files there.
fn keep_at(fake: &FakeCloudinary, settings: &mut Settings) {
    let account =
        CloudinaryOptions { cloudinary_url: Some(fake.cloudinary_url().into()), ..CloudinaryOptions::default() };
    let options = Options { cloudinary: account, ..Options::default() };
    settings.cloudinary = options.resolve().expect("an account").cloudinary;
}

fn path(video: &Value) -> String {
    format!("/videos/{}", video["_id"].as_str().expect("an id"))
}
