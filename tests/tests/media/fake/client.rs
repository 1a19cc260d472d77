//! A client that signs what it is told to, and nothing else.

use std::collections::VecDeque;
use std::sync::Mutex;

use aviary_tests::cloudinary::FakeCloudinary;
use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub(super) type Parameters<'a> = &'a [(&'a str, &'a str)];

pub(super) struct Asker<'a> {
    pub(super) fake: &'a FakeCloudinary,
    pub(super) http: Client,
}

impl<'a> Asker<'a> {
    pub(super) fn new(fake: &'a FakeCloudinary) -> Self {
        Self { fake, http: Client::new() }
    }

    /// The parameters with key, time and signature.
    pub(super) fn signed(&self, parameters: Parameters<'_>) -> Vec<(String, String)> {
        self.signed_at(parameters, now())
    }

    pub(super) fn signed_at(&self, parameters: Parameters<'_>, timestamp: i64) -> Vec<(String, String)> {
        let mut all: Vec<_> = parameters.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        all.push(("timestamp".to_owned(), timestamp.to_string()));
        let signature = self.fake.sign_call(&all);
        all.push(("api_key".to_owned(), self.fake.account().key.clone()));
        all.push(("signature".to_owned(), signature));
        all
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/v1_1/{}/{path}", self.fake.origin(), self.fake.account().cloud)
    }

    /// A call without a file.
    pub(super) async fn call(&self, path: &str, parameters: Parameters<'_>) -> (u16, Value) {
        read(self.http.post(self.url(path)).form(&self.signed(parameters))).await
    }

    pub(super) async fn upload(&self, resource: &str, parameters: Parameters<'_>, bytes: &[u8]) -> (u16, Value) {
        self.send(resource, &self.signed(parameters), bytes).await
    }

    /// Uploads with exactly these parameters.
    pub(super) async fn send(&self, resource: &str, all: &[(String, String)], bytes: &[u8]) -> (u16, Value) {
        read(self.http.post(self.url(&format!("{resource}/upload"))).multipart(form(all, bytes))).await
    }

    /// Uploads a part of a film.
    pub(super) async fn part(&self, id: &str, whole: &[u8], start: usize, end: usize) -> (u16, Value) {
        read(self.part_request(id, whole, start, end)).await
    }

    pub(super) fn part_request(&self, id: &str, whole: &[u8], start: usize, end: usize) -> RequestBuilder {
        let range = format!("bytes {start}-{}/{}", end - 1, whole.len());
        self.http
            .post(self.url("video/upload"))
            .header("x-unique-upload-id", id)
            .header("content-range", range)
            .multipart(form(&self.signed(&[("public_id", id)]), &whole[start..end]))
    }

    /// What everybody fetches; the path begins behind the cloud's name.
    pub(super) async fn fetch(&self, path: &str) -> (u16, Vec<u8>) {
        let url = format!("{}/{}/{path}", self.fake.origin(), self.fake.account().cloud);
        let answer = self.http.get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.bytes().await.expect("a body").to_vec())
    }
}

pub(super) fn form(all: &[(String, String)], bytes: &[u8]) -> Form {
    let form = Form::new().part("file", Part::bytes(bytes.to_vec()).file_name("film"));
    all.iter().fold(form, |form, (name, value)| form.text(name.clone(), value.clone()))
}

pub(super) async fn read(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("an answer");
    (answer.status().as_u16(), answer.json().await.expect("an object"))
}

/// What a refusal says.
#[track_caller]
pub(super) fn refusal(answer: &(u16, Value), status: u16) -> &str {
    assert_eq!(answer.0, status, "{}", answer.1);
    answer.1["error"]["message"].as_str().expect("a message")
}

#[expect(clippy::disallowed_methods, reason = "this client has a clock of its own")]
pub(super) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(since.as_secs()).expect("a time of this age")
}

/// Somebody whom webhooks are sent to, who answers each with the next of these statuses and then with 200.
pub(super) struct Listener {
    pub(super) url: String,
    pub(super) heard: std::sync::Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub(super) async fn start(statuses: &[u16]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", socket.local_addr().expect("an address"));
        let heard = std::sync::Arc::new(Mutex::new(vec![]));
        let (told, mut statuses) = (std::sync::Arc::clone(&heard), VecDeque::from(statuses.to_vec()));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = socket.accept().await {
                let mut text = vec![];
                let mut piece = [0; 4096];
                // One call a connection; it says how long its body is.
                while !is_whole(&text) {
                    match stream.read(&mut piece).await {
                        Ok(count) if count > 0 => text.extend_from_slice(&piece[..count]),
                        _ => break,
                    }
                }
                let status = statuses.pop_front().unwrap_or(200);
                told.lock().unwrap().push(String::from_utf8_lossy(&text).into_owned());
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        Self { url, heard }
    }

    /// Waits until it was called this often, and answers with what it heard.
    pub(super) async fn calls(&self, count: usize) -> Vec<String> {
        aviary_tests::eventually("webhooks arrive", || self.heard.lock().unwrap().len() >= count).await;
        self.heard.lock().unwrap().clone()
    }
}

fn is_whole(text: &[u8]) -> bool {
    let Some(end) = text.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&text[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    text.len() >= end + 4 + length.unwrap_or_default()
}
