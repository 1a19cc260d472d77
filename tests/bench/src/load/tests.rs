//! The scripts under the real wrk, against a server that remembers what it was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};

use super::{Reading, Wrk};
use crate::request::Request;

/// What arrived: requests as text, and tokens that work.
#[derive(Default)]
struct Memory {
    seen: BTreeMap<String, usize>,
    valid: BTreeSet<String>,
    given: usize,
}

type Shared = Data<Mutex<Memory>>;

async fn remember(request: HttpRequest, body: String, memory: Shared) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let (token, kind) = (header("authorization"), header("content-type"));
    let seen = format!("{} {} {token} {kind} {body}", request.method(), request.uri());
    *memory.lock().unwrap().seen.entry(seen).or_default() += 1;
    if request.path() == "/broken" { HttpResponse::InternalServerError().finish() } else { HttpResponse::Ok().finish() }
}

/// Takes each token once and gives the next one.
async fn refresh(body: web::Json<Value>, memory: Shared) -> HttpResponse {
    let mut memory = memory.lock().unwrap();
    let token = body["refreshToken"].as_str().unwrap_or_default();
    if !memory.valid.remove(token) {
        return HttpResponse::Unauthorized().finish();
    }
    memory.given += 1;
    let next = format!("next.{}", memory.given);
    memory.valid.insert(next.clone());
    HttpResponse::Ok().json(json!({ "data": { "accessToken": "a", "refreshToken": next } }))
}

/// Runs the load of these requests against the server, and tells what it remembers; `None`, told loudly, without wrk.
async fn run(requests: &[Request], valid: &[String]) -> Option<(anyhow::Result<Reading>, Arc<Mutex<Memory>>)> {
    let folder = tempfile::tempdir().unwrap();
    let wrk = match Wrk::new(folder.path(), 1).await {
        Ok(wrk) => wrk,
        Err(reason) => {
            assert!(std::env::var_os("CI").is_none(), "CI needs wrk: {reason}");
            let _ = writeln!(std::io::stderr(), "SKIPPED, NOT TESTED: {reason}");
            return None;
        }
    };
    let memory: Shared = Data::new(Mutex::new(Memory { valid: valid.iter().cloned().collect(), ..Memory::default() }));
    let shared = memory.clone();
    let factory = move || {
        App::new()
            .app_data(shared.clone())
            .route("/refresh", web::post().to(refresh))
            .default_service(web::to(remember))
    };
    let server = HttpServer::new(factory).workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", server.addrs()[0]);
    let server = server.run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    let job = if valid.is_empty() { wrk.job("test", requests, 4) } else { wrk.refresh_job("test", requests, 4) };
    let reading = wrk.run(&base, &job.unwrap()).await;
    handle.stop(false).await;
    serving.await.unwrap().unwrap();
    Some((reading, memory.into_inner()))
}

#[actix_web::test]
async fn every_request_of_the_file_arrives_as_it_was_meant() {
    let comment = Request::post("/comment").by("secret").with(&json!({ "content": "a b" }));
    let requests = [Request::get("/list?limit=10"), comment, Request { method: "DELETE", ..Request::get("/like") }];
    let Some((reading, memory)) = run(&requests, &[]).await else { return };
    assert!(reading.unwrap().rate > 10.0);
    let memory = memory.lock().unwrap();
    let seen: Vec<_> = memory.seen.keys().map(String::as_str).collect();
    let expected = [
        "DELETE /like   ",
        "GET /list?limit=10   ",
        "POST /comment Bearer secret application/json {\"content\":\"a b\"}",
    ];
    assert_eq!(seen, expected);
    let counts: Vec<_> = memory.seen.values().copied().collect();
    assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 8, "in turn: {counts:?}");
}

#[actix_web::test]
async fn one_answer_in_many_that_is_an_error_fails_the_measurement() {
    let mut requests = vec![Request::get("/fine"); 50];
    requests.push(Request::get("/broken"));
    let Some((reading, _)) = run(&requests, &[]).await else { return };
    let told = reading.unwrap_err().to_string();
    assert!(told.contains("were errors"), "{told}");
}

#[actix_web::test]
async fn refresh_tokens_are_each_sent_once() {
    let tokens: Vec<String> = (0..10).map(|n| format!("first.{n}")).collect();
    let exchange = |token: &String| Request::post("/refresh").with(&json!({ "refreshToken": token }));
    let requests: Vec<_> = tokens.iter().map(exchange).collect();
    let Some((reading, memory)) = run(&requests, &tokens).await else { return };
    assert!(reading.unwrap().rate > 10.0);
    let memory = memory.lock().unwrap();
    assert!(memory.given > tokens.len() * 2, "tokens that were given are used: {}", memory.given);
}
