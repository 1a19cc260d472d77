//! Everything that is no list: looks, changes, the account, removals, and the sweeper.

use std::time::Duration;

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::tweet::Tweet;
use aviary_domain::video::{Settlement, StatusChange, Video, VideoStatus};
use aviary_domain::{Id, Timestamp};
use aviary_tests::people::{PASSWORD, id, registration};
use aviary_tests::{Caller, Person, form, samples};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use super::{Tour, stage};

/// 2001-09-09: before everything, but after nothing that a tour leaves.
const LONG_AGO: Timestamp = Timestamp::from_millis(1_000_000_000_000);
/// 2030: whatever ends has ended.
const LATER: Timestamp = Timestamp::from_millis(1_900_000_000_000);

impl Tour<'_> {
    /// Single things, seen by everybody; the video by new viewers and by those who come again.
    pub(super) async fn look(&self) {
        let everybody: [&Caller; 3] = [&self.guest, &self.ada, &self.bob];
        for caller in everybody {
            for _ in 0..3 {
                self.get(caller, "/videos/{videoId}", &[&self.video], "").await;
            }
            self.get(caller, "/users/c/{username}", &["ada"], "").await;
            self.get(caller, "/users/c/{username}", &["fan7"], "").await;
            self.get(caller, "/healthcheck", &[], "").await;
        }
        let user = self.get(&self.ada, "/users/current-user", &[], "").await.ok(200);
        self.get(&self.ada, "/dashboard/stats", &[], "").await;
        let avatar = user["avatar"].as_str().expect("a URL");
        assert_eq!(self.guest.get(avatar).await.status, 200);
        self.note(&Method::GET, "/media/{folder}/{name}");
    }

    /// Many at the same moment, who are asked and written for together.
    pub(super) async fn crowd(&self) {
        let videos: Vec<String> = (0..8).map(stage::other_video).collect();
        let people = [&self.ada, &self.bob];
        let pairs = || people.into_iter().flat_map(|person| videos.iter().map(move |video| (person, video)));
        let look = async |(person, video): (&Person, &String)| {
            person.get(&format!("/videos/{video}")).await.ok(200);
            person.get(&format!("/comments/{video}")).await.ok(200);
        };
        for _ in 0..3 {
            join_all(pairs().map(look)).await;
        }
        let write = async |(person, video): (&Person, &String)| {
            for _ in 0..2 {
                person.push(&format!("/likes/toggle/v/{video}")).await.ok(200);
            }
            person.post(&format!("/comments/{video}"), &json!({ "content": "of many" })).await.ok(201);
            person.post("/tweets", &json!({ "content": "of many" })).await.ok(201);
        };
        join_all(pairs().map(write)).await;
    }

    /// What adds and changes. Creations are sent with a key, and one of them once more.
    pub(super) async fn change(&self) {
        for person in [&self.ada, &self.bob] {
            self.create(person).await;
            self.like(person).await;
        }
        self.subscribe().await;
        let (ada, patch) = (&*self.ada, || Method::PATCH);
        for _ in 0..2 {
            self.call(ada, patch(), "/videos/toggle/publish/{videoId}", &[&self.video]).await;
        }
        let titles = json!({ "title": "The red fox again", "description": "over the hills" });
        self.send(ada, patch(), "/videos/{videoId}", &[&self.video], titles).await;
        let still = form().file("thumbnail", "still.png", "image/png", samples::png());
        ada.multipart(Method::PATCH, &format!("/videos/{}", self.video), still).await.ok(200);
        self.send(ada, patch(), "/tweets/{tweetId}", &[&self.tweet], json!({ "content": "changed" })).await;
        self.send(ada, patch(), "/comments/c/{commentId}", &[&self.comment], json!({ "content": "changed" })).await;
        let names = json!({ "name": "changed", "description": "changed" });
        self.send(ada, patch(), "/playlist/{playlistId}", &[&self.playlist], names).await;
        let other = self.server.video(&self.bob, "another").await;
        for route in ["/playlist/add/{videoId}/{playlistId}", "/playlist/remove/{videoId}/{playlistId}"] {
            for _ in 0..2 {
                self.call(ada, patch(), route, &[&other, &self.playlist]).await;
            }
        }
        if let Some(film) = samples::mp4() {
            self.ada.upload("A new film", film).await;
        }
        // Where no film can be made the test says so itself.
        self.note(&Method::POST, "/videos");
        self.send_directly().await;
        self.note(&Method::POST, "/media/direct-upload");
        self.process_again().await;
    }

    /// A film that is sent by itself and published with its receipt, and then hidden and fetched, by a link and without.
    async fn send_directly(&self) {
        let wanted = json!({ "contentType": "video/mp4" });
        let ticket = self.send(&self.ada, Method::POST, "/videos/direct-upload", &[], wanted).await.ok(201);
        let Some(film) = samples::mp4() else { return };
        let fields = ticket["fields"].as_object().expect("fields").iter();
        let form = fields.fold(form(), |form, (name, value)| form.text(name, value.as_str().expect("a text")));
        let form = form.file("file", film.name, film.content_type, &film.bytes);
        let url = ticket["uploadUrl"].as_str().expect("a URL");
        let mut receipt = self.guest.multipart(Method::POST, url, form).await.json();
        receipt["title"] = json!("A film that was sent");
        let video = self.ada.post("/videos", &receipt).await.ok(201);
        let hidden = self.ada.toggle_published(&id(&video)).await;
        for (file, status) in [(&video["videoFile"], 404), (&hidden["videoFile"], 200), (&hidden["thumbnail"], 200)] {
            assert_eq!(self.guest.get(file.as_str().expect("a URL")).await.status, status);
        }
    }

    /// A video that has failed; and a call of a media store that this home does not have.
    async fn process_again(&self) {
        let video = self.server.video(&self.ada, "failed").await;
        let failed = VideoStatus::Failed("for the tour".to_owned());
        let status = StatusChange { from: VideoStatus::Ready, to: failed };
        let said = Settlement { status: Some(status), ..Settlement::default() };
        let of = Id::<Video>::parse(&video).expect("an id");
        let settled = self.server.on_store(async move |store| store.videos.settle(of, &said, LONG_AGO).await).await;
        settled.expect("a settled video").expect("the video");
        self.call(&self.ada, Method::POST, "/videos/{videoId}/reprocess", &[&video]).await;
        assert_eq!(self.guest.push("/media/cloudinary/webhook").await.status, 404);
        self.note(&Method::POST, "/media/cloudinary/webhook");
    }

    async fn create(&self, person: &Person) {
        for (route, ids, body) in [
            ("/tweets", vec![], json!({ "content": "new" })),
            ("/comments/{videoId}", vec![self.video.as_str()], json!({ "content": "new" })),
            ("/playlist", vec![], json!({ "name": "new", "description": "" })),
        ] {
            self.send(person, Method::POST, route, &ids, body.clone()).await;
            let path = route.replace("{videoId}", &self.video);
            for _ in 0..2 {
                let request =
                    person.request(Method::POST, &path).header("idempotency-key", format!("{path}/{}", person.id));
                let reply = person.send(request.json(&body)).await;
                assert_eq!(reply.status, 201, "{reply}");
            }
        }
    }

    /// On, off, put and put again, taken back and taken back again.
    async fn like(&self, person: &Person) {
        for (kind, toggle, route, target) in [
            ("videoId", "/likes/toggle/v/{videoId}", "/likes/v/{videoId}", &self.video),
            ("commentId", "/likes/toggle/c/{commentId}", "/likes/c/{commentId}", &self.comment),
            ("tweetId", "/likes/toggle/t/{tweetId}", "/likes/t/{tweetId}", &self.tweet),
        ] {
            assert!(toggle.contains(kind) && route.contains(kind));
            for _ in 0..2 {
                self.call(person, Method::POST, toggle, &[target]).await;
            }
            for method in [Method::PUT, Method::PUT, Method::DELETE, Method::DELETE] {
                self.call(person, method, route, &[target]).await;
            }
        }
    }

    async fn subscribe(&self) {
        let (route, channel) = ("/subscriptions/c/{channelId}", [self.ada.id.as_str()]);
        for method in [Method::POST, Method::POST, Method::PUT, Method::PUT, Method::DELETE, Method::DELETE] {
            self.call(&self.bob, method, route, &channel).await;
        }
    }

    pub(super) async fn account(&self) {
        let (guest, post) = (&self.guest, Method::POST);
        guest.multipart(post.clone(), "/users/register", registration("eve")).await.ok(201);
        guest.multipart(post.clone(), "/users/register", registration("eve")).await.is_refused();
        self.note(&post, "/users/register");
        for login in [
            json!({ "username": "eve", "password": PASSWORD }),
            json!({ "email": "eve@example.org", "password": PASSWORD }),
        ] {
            self.send(guest, post.clone(), "/users/login", &[], login).await;
        }
        let eve = self.server.sign_in("eve").await;
        let refresh = json!({ "refreshToken": eve.refresh });
        for _ in 0..2 {
            self.send(guest, post.clone(), "/users/refresh-token", &[], refresh.clone()).await;
        }
        let names = json!({ "fullName": "Eve", "email": "eve@example.com" });
        self.send(&eve, Method::PATCH, "/users/update-account", &[], names).await;
        for (route, field) in [("/users/avatar", "avatar"), ("/users/cover-image", "coverImage")] {
            for _ in 0..2 {
                let picture = form().file(field, "new.png", "image/png", samples::png());
                eve.multipart(Method::PATCH, route, picture).await.ok(200);
            }
            self.note(&Method::PATCH, route);
        }
        let passwords = json!({ "oldPassword": PASSWORD, "newPassword": "another battery staple" });
        self.send(&eve, post.clone(), "/users/change-password", &[], passwords).await;
        self.call(&eve, post, "/users/logout", &[]).await;
    }

    /// Everything goes, the video last, because much hangs on it.
    pub(super) async fn remove(&self) {
        let (ada, delete) = (&*self.ada, || Method::DELETE);
        self.call(&self.bob, delete(), "/users/history/{videoId}", &[&self.video]).await;
        self.call(&self.bob, delete(), "/users/history", &[]).await;
        self.call(ada, delete(), "/playlist/{playlistId}", &[&self.playlist]).await;
        self.call(ada, delete(), "/comments/c/{commentId}", &[&self.comment]).await;
        let quiet = id(&ada.post("/tweets", &json!({ "content": "liked by nobody" })).await.ok(201));
        for tweet in [&quiet, &self.tweet] {
            self.call(ada, delete(), "/tweets/{tweetId}", &[tweet]).await;
        }
        self.call(ada, delete(), "/videos/{videoId}", &[&self.video]).await;
    }

    /// What the sweeper does, until nothing is left to it.
    pub(super) async fn sweep(&self) {
        let tweet = Id::<Tweet>::parse(&self.liked_tweet).expect("an id");
        let swept = self.server.on_store(move |store| async move {
            // In steps that are smaller than a crowd.
            store.tweets.delete(tweet).await?;
            while store.maintenance.purge(50).await? > 0 {}
            store.maintenance.expire(LONG_AGO, LONG_AGO, 500).await?;
            while store.maintenance.expire(LATER, LATER, 100).await? > 0 {}
            let keys = [1, 2].map(|random| FileKey::new(FileFormat::Png, [random; 16]));
            store.files.reserve(&keys, LATER).await?;
            store.files.release(&keys[..1], LONG_AGO).await?;
            for file in store.files.due(LONG_AGO.after(Duration::from_secs(1)), 100).await? {
                store.files.postpone(&file.key, LATER).await?;
                store.files.forget(&file.key).await?;
            }
            Ok::<_, aviary_domain::StoreError>(())
        });
        swept.await.expect("a sweep");
    }
}
