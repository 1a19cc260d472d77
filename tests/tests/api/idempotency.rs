//! Creations that are sent again under their `Idempotency-Key`: created once, answered alike.

mod refused;

use aviary_api::config::CorsOrigins;
use aviary_tests::people::{PASSWORD, id, registration};
use aviary_tests::{Caller, Form, Person, Reply, TestServer, code, form, samples};
use futures_util::future::join_all;
use image::ImageFormat;
use reqwest::Method;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

const KEY: &str = "idempotency-key";

/// A little longer than keys are remembered, in milliseconds.
const LONG: i64 = 25 * 60 * 60 * 1000;

/// A request to create something.
#[derive(Clone)]
struct Request {
    caller: Caller,
    path: String,
    body: Body,
    /// Where what it creates is kept.
    table: &'static str,
}

#[derive(Clone)]
enum Body {
    Json(Value),
    Form(Form),
}

impl Request {
    fn json(caller: &Caller, path: &str, table: &'static str, body: Value) -> Self {
        Self { caller: caller.clone(), path: path.to_owned(), body: Body::Json(body), table }
    }

    fn form(caller: &Caller, path: &str, table: &'static str, body: Form) -> Self {
        Self { caller: caller.clone(), path: path.to_owned(), body: Body::Form(body), table }
    }

    async fn send(&self, key: &str) -> Reply {
        // Bytes, because what is sent need not be text.
        let key = HeaderValue::from_bytes(key.as_bytes()).expect("a header");
        let request = self.caller.request(Method::POST, &self.path).header(KEY, key);
        let request = match &self.body {
            Body::Json(body) => request.json(body),
            Body::Form(form) => request.header("content-type", Form::content_type()).body(form.clone().finished()),
        };
        self.caller.send(request).await
    }

    /// The same request with another text somewhere.
    fn changed(&self) -> Self {
        let body = match &self.body {
            Body::Json(body) => {
                let mut body = body.clone();
                let field = if body.get("name").is_some() { "name" } else { "content" };
                body[field] = json!("something else");
                Body::Json(body)
            }
            Body::Form(form) => {
                let field = if self.table == "users" { "fullName" } else { "title" };
                Body::Form(form.clone().text(field, "something else"))
            }
        };
        Self { body, ..self.clone() }
    }
}

fn publication(film: &[u8]) -> Form {
    form()
        .text("title", "A film")
        .text("description", "in two\nlines")
        .file("videoFile", "a.mp4", "video/mp4", film)
        .file("thumbnail", "still.png", "image/png", samples::png())
}

/// One request to each route that creates; that of films only where one can be made.
async fn requests(server: &TestServer, who: &Person) -> Vec<Request> {
    let video = server.video(who, "film").await;
    let mut requests = vec![
        Request::form(&server.guest(), "/users/register", "users", registration("newcomer")),
        Request::json(who, "/tweets", "tweets", json!({ "content": "Good morning" })),
        Request::json(who, "/playlist", "playlists", json!({ "name": "Mix", "description": "of all" })),
        Request::json(who, &format!("/comments/{video}"), "comments", json!({ "content": "Well said" })),
    ];
    if let Some(film) = samples::mp4() {
        requests.push(Request::form(who, "/videos", "videos", publication(&film.bytes)));
    }
    requests
}

#[track_caller]
fn is_new(reply: &Reply) {
    assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, ""), "{reply}");
}

#[track_caller]
fn repeats(reply: &Reply, first: &Reply) {
    assert_eq!((reply.status, reply.header("idempotent-replayed")), (201, "true"), "{reply}");
    assert_eq!(reply.body, first.body, "byte for byte");
}

#[tokio::test]
async fn a_creation_that_is_sent_again_creates_nothing_and_is_answered_alike() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for request in requests(&server, &ada).await {
        let before = server.count(request.table);
        let first = request.send("one").await;
        is_new(&first);
        for _ in 0..3 {
            repeats(&request.send("one").await, &first);
        }
        assert_eq!(server.count(request.table), before + 1, "{}", request.path);
        if request.table != "users" {
            let other = request.send("another").await;
            is_new(&other);
            assert_ne!(id(&other.ok(201)), id(&first.ok(201)));
        }
        // The next route takes the same key for another request, as the next test shows.
        server.home().tamper("idempotency_keys", "expires_at", -LONG);
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn a_key_is_good_for_one_request() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let requests = requests(&server, &ada).await;
    for (number, request) in requests.iter().enumerate() {
        let key = format!("key-{number}");
        let first = request.send(&key).await;
        is_new(&first);
        let rows = server.rows();
        request.changed().send(&key).await.fails_with(422, code::IDEMPOTENCY_KEY_REUSED, &["Idempotency-Key"]);
        // A registration is nobody's, so that its key is of another world than those of users.
        for other in requests.iter().filter(|other| other.path != request.path) {
            if (other.table == "users") == (request.table == "users") {
                other.send(&key).await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
            }
        }
        repeats(&request.send(&key).await, &first);
        assert_eq!(server.rows(), rows, "{}", request.path);
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn keys_of_different_people_do_not_meet() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let tweet = |who: &Person| Request::json(who, "/tweets", "tweets", json!({ "content": "Good morning" }));
    let (adas, bobs) = (tweet(&ada).send("1").await, tweet(&bob).send("1").await);
    is_new(&adas);
    is_new(&bobs);
    assert_eq!(bobs.ok(201)["owner"]["_id"], bob.id);
    // On another device it is the same person.
    repeats(&tweet(&server.sign_in("ada").await).send("1").await, &adas);
    assert_eq!(server.count("tweets"), 2);
    is_new(&Request::form(&server.guest(), "/users/register", "users", registration("carol")).send("1").await);
}

#[tokio::test]
async fn twenty_at_once_create_one_thing_and_are_told_of_it() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for (number, request) in requests(&server, &ada).await.into_iter().enumerate() {
        let before = server.count(request.table);
        let key = format!("key-{number}");
        let replies = join_all((0..20).map(|_| request.send(&key))).await;
        let first = replies.first().unwrap();
        for reply in &replies {
            assert_eq!((reply.status, &reply.body), (201, &first.body), "{reply}");
        }
        let new = replies.iter().filter(|reply| reply.header("idempotent-replayed").is_empty()).count();
        assert_eq!(new, 1, "{}", request.path);
        assert_eq!(server.count(request.table), before + 1, "{}", request.path);
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let tweet = Request::json(&ada, "/tweets", "tweets", json!({ "content": "Good morning" }));
    let first = tweet.send("daily").await;
    server.home().tamper("idempotency_keys", "expires_at", -(LONG - 2 * 60 * 60 * 1000));
    repeats(&tweet.send("daily").await, &first);
    server.home().tamper("idempotency_keys", "expires_at", -LONG);
    let next = tweet.send("daily").await;
    is_new(&next);
    assert_ne!(id(&next.ok(201)), id(&first.ok(201)));
    repeats(&tweet.send("daily").await, &next);
    assert_eq!(server.count("tweets"), 2);
    server.home().tamper("idempotency_keys", "expires_at", -LONG);
    aviary_tests::eventually("the sweeper removes what is over", || server.count("idempotency_keys") == 0).await;
    is_new(&tweet.changed().send("daily").await);
}

#[tokio::test]
async fn a_request_that_fails_does_not_use_its_key_up() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video_with(&ada, "film", |video| video.is_published = false).await;
    let comment = Request::json(&bob, &format!("/comments/{video}"), "comments", json!({ "content": "Well said" }));
    comment.send("k").await.fails(404, code::VIDEO_NOT_FOUND);
    ada.toggle_published(&video).await;
    is_new(&comment.send("k").await);

    let register = |name: &str, avatar: &[u8]| {
        let form = form()
            .text("fullName", "Carol")
            .text("email", "carol@example.org")
            .text("username", name)
            .text("password", PASSWORD)
            .file("avatar", "me.png", "image/png", avatar);
        Request::form(&server.guest(), "/users/register", "users", form)
    };
    register("ada", samples::png()).send("r").await.fails(409, code::USERNAME_TAKEN);
    register("carol", b"no picture").send("r").await.is_refused();
    register("c a r o l", samples::png()).send("r").await.fails_on(&["username"]);
    is_new(&register("carol", samples::png()).send("r").await);
    Request::json(&server.guest(), "/tweets", "tweets", json!({ "content": "x" }))
        .send("k")
        .await
        .fails(401, code::MISSING_TOKEN);
    server.is_consistent().await;
}

#[tokio::test]
async fn the_answer_is_the_first_one_whatever_has_become_of_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let tweet = Request::json(&ada, "/tweets", "tweets", json!({ "content": "Good morning" }));
    let first = tweet.send("k").await;
    let tweeted = id(&first.ok(201));
    ada.patch(&format!("/tweets/{tweeted}"), &json!({ "content": "Good evening" })).await.ok(200);
    bob.push(&format!("/likes/toggle/t/{tweeted}")).await.ok(200);
    ada.patch("/users/update-account", &json!({ "fullName": "Countess" })).await.ok(200);
    repeats(&tweet.send("k").await, &first);
    ada.delete(&format!("/tweets/{tweeted}")).await.ok(200);
    repeats(&tweet.send("k").await, &first);
    assert_eq!(server.count("tweets"), 0, "a repeated request does not bring it back");
}

#[tokio::test]
async fn an_answer_that_was_never_given_is_given_as_it_would_have_been() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    for request in requests(&server, &ada).await {
        let first = request.send("k").await;
        is_new(&first);
        // A node that died between the commit and its answer leaves the note without one.
        server.home().erase("idempotency_keys", "answer");
        let made = id(&first.ok(201));
        let like = match request.table {
            "tweets" => Some("t"),
            "comments" => Some("c"),
            "videos" => Some("v"),
            _ => None,
        };
        if let Some(kind) = like {
            bob.push(&format!("/likes/toggle/{kind}/{made}")).await.ok(200);
        }
        repeats(&request.send("k").await, &first);
        // From now on this is the answer.
        ada.patch("/users/update-account", &json!({ "fullName": "Countess" })).await.ok(200);
        repeats(&request.send("k").await, &first);
        ada.patch("/users/update-account", &json!({ "fullName": "ada Example" })).await.ok(200);
        server.home().erase("idempotency_keys", "answer");
        let path = match request.table {
            "tweets" => format!("/tweets/{made}"),
            "comments" => format!("/comments/c/{made}"),
            "playlists" => format!("/playlist/{made}"),
            "videos" => format!("/videos/{made}"),
            _ => continue,
        };
        ada.delete(&path).await.ok(200);
        request.send("k").await.fails(409, code::CONFLICT);
        server.home().tamper("idempotency_keys", "expires_at", -LONG);
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn an_upload_that_is_sent_again_leaves_no_file_behind() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let upload = Request::form(&ada, "/videos", "videos", publication(&film.bytes));
    let first = upload.send("k").await;
    is_new(&first);
    let kept = server.stored_files();
    assert_eq!(kept.len(), 3);
    for _ in 0..3 {
        repeats(&upload.send("k").await, &first);
    }
    // One byte more or less is another film, and another still another request.
    let mut other = film.bytes.clone();
    other.push(0);
    Request::form(&ada, "/videos", "videos", publication(&other))
        .send("k")
        .await
        .fails(422, code::IDEMPOTENCY_KEY_REUSED);
    let form = form().text("title", "A film").text("description", "in two\nlines").file(
        "videoFile",
        "a.mp4",
        "video/mp4",
        &film.bytes,
    );
    for still in [None, Some(samples::picture(ImageFormat::Png, 24, 16, 91))] {
        let form = match still {
            None => form.clone(),
            Some(still) => form.clone().file("thumbnail", "still.png", "image/png", &still),
        };
        Request::form(&ada, "/videos", "videos", form).send("k").await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    }
    server.keeps_files(3).await;
    assert_eq!(server.stored_files(), kept);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_registration_is_repeated_to_who_knows_the_password_alone() {
    let server = TestServer::start().await;
    let register = |password| signing_up(&server, password);
    let first = register(PASSWORD).send("k").await;
    is_new(&first);
    register("another password").send("k").await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    repeats(&register(PASSWORD).send("k").await, &first);
    server.sign_in("ada").await;
    server.keeps_files(1).await;
}

/// A registration of this person with this password.
fn signing_up(server: &TestServer, password: &str) -> Request {
    let form = form()
        .text("fullName", "Ada")
        .text("email", "ada@example.org")
        .text("username", "ada")
        .text("password", password)
        .file("avatar", "me.png", "image/png", samples::png());
    Request::form(&server.guest(), "/users/register", "users", form)
}

#[tokio::test]
async fn guessing_the_password_of_a_repeated_registration_counts_as_failed_logins() {
    let server = TestServer::start_with(|settings| settings.rate_limits = true).await;
    let right = signing_up(&server, PASSWORD);
    let first = right.send("k").await;
    is_new(&first);
    // Who knows the password may repeat it as often as they like, and the account starts afresh.
    for turn in 0..21 {
        match turn % 3 {
            0 => repeats(&right.send("k").await, &first),
            _ => drop(signing_up(&server, "a wrong one").send("k").await.fails(422, code::IDEMPOTENCY_KEY_REUSED)),
        }
    }
    repeats(&right.send("k").await, &first);
    for _ in 0..10 {
        signing_up(&server, "a wrong one").send("k").await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    }
    for password in ["a wrong one", PASSWORD] {
        let reply = signing_up(&server, password).send("k").await;
        reply.fails(429, code::TOO_MANY_ATTEMPTS);
        assert!((1..=900).contains(&reply.header("retry-after").parse::<u32>().unwrap()));
    }
    // It is one account, wherever its password is tried.
    let login = json!({ "username": "ada", "password": PASSWORD });
    server.guest().post("/users/login", &login).await.fails(429, code::TOO_MANY_ATTEMPTS);
}

#[tokio::test]
async fn an_id_in_another_spelling_is_the_same_request() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let (video, other) = (server.video(&ada, "film").await, server.video(&ada, "another").await);
    let comment = |path: &str| Request::json(&ada, path, "comments", json!({ "content": "Well said" }));
    let first = comment(&format!("/comments/{video}")).send("k").await;
    is_new(&first);
    let (start, rest) = video.split_at(1);
    let percent = format!("%{:02X}{rest}", start.as_bytes().first().unwrap());
    for spelt in [video.to_uppercase(), percent, format!("/{video}/")] {
        repeats(&comment(&format!("/comments/{spelt}")).send("k").await, &first);
    }
    repeats(&comment(&format!("/comment%73/{video}")).send("k").await, &first);
    comment(&format!("/comments/{other}")).send("k").await.fails(422, code::IDEMPOTENCY_KEY_REUSED);
    assert_eq!(server.count("comments"), 1);
}

#[tokio::test]
async fn old_paths_and_other_spellings_are_the_same_request() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let make = |path| Request::json(&ada, path, "playlists", json!({ "name": "Mix", "description": "" }));
    let first = make("/playlist").send("k").await;
    is_new(&first);
    for path in ["/playlist", "/playlists", "//playlist/"] {
        repeats(&make(path).send("\"k\"").await, &first);
        repeats(&make(path).send("k").await, &first);
    }
    let request = ada.request(Method::POST, "/playlist").header(KEY, "k");
    repeats(&ada.send(request.form(&[("name", " Mix "), ("unknown", "field")])).await, &first);
    assert_eq!(server.count("playlists"), 1);
}

#[tokio::test]
async fn without_a_key_every_request_creates() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    assert_ne!(ada.tweet("Good morning").await, ada.tweet("Good morning").await);
    assert_eq!((server.count("tweets"), server.count("idempotency_keys")), (2, 0));
}

#[tokio::test]
async fn pages_of_other_origins_see_whether_an_answer_was_repeated() {
    let origin = "https://friend.example";
    let server = TestServer::start_with(|settings| settings.cors = CorsOrigins::These(vec![origin.to_owned()])).await;
    let reply = server.guest().send(server.guest().request(Method::GET, "/tweets").header("origin", origin)).await;
    assert!(reply.header("access-control-expose-headers").contains("idempotent-replayed"), "{:?}", reply.headers);
}
