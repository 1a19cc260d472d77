//! What is uploaded stays inert: files that are pictures or films and web pages or scripts at once do nothing in a browser.

use std::collections::BTreeMap;

use reqwest::Client;
use serde_json::json;

use super::driver::Browser;
use super::pages::Pages;
use crate::account::{Account, file, text};
use crate::sample::{self, Codec};
use crate::server::Home;
use crate::tools::have;

const SCRIPT: &str = "document.title='pwned';window.pwned=true;try{parent.postMessage('pwned','*')}catch(e){}";

/// Another site that tries to make the file run in every way a page has.
fn hostile_page(url: &str) -> String {
    format!(
        "<!doctype html><title>Elsewhere</title><script>
           window.heard = []; window.refused = 0;
           addEventListener('message', (message) => heard.push(String(message.data)));
         </script>
         <script src=\"{url}\" onerror=\"refused++\"></script>
         <link rel=stylesheet href=\"{url}\" onerror=\"refused++\">
         <iframe src=\"{url}\" onload=\"window.framed = true\"></iframe>
         <object type=\"text/html\" data=\"{url}\"></object>
         <embed type=\"text/html\" src=\"{url}\">"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_are_also_pages_do_nothing() {
    if !have("browser: inert files", &["ffmpeg", "ffprobe"]) {
        return;
    }
    let Some(browser) = Browser::open("browser: inert files").await else { return };
    let home = Home::new();
    let server = home.start().await;
    let html = format!("<!doctype html><html><body><script>{SCRIPT}</script></body></html>");

    // The name and the type are the uploader's lies; the content decides.
    let face = home.path().join("face.png");
    sample::picture(&face, "64x64");
    let mut face = std::fs::read(face).unwrap();
    face.extend_from_slice(html.as_bytes());
    let face = file("face.html", face).mime_str("text/html").unwrap();
    let account = Account::register(&server.api(), "mallory", face).await;
    let face = text(&account.user, "avatar");
    assert_served_as(&face, "image/png", false).await;
    assert_does_nothing(&browser, &face, "image/png").await;

    let film = home.path().join("film.mp4");
    sample::film(&film, "64x64", 1, Codec::Mp4);
    let mut film = std::fs::read(film).unwrap();
    film.extend_from_slice(&u32::try_from(html.len() + 8).unwrap().to_be_bytes());
    film.extend_from_slice(b"free");
    film.extend_from_slice(html.as_bytes());
    let film = file("film.html", film).mime_str("text/html").unwrap();
    let film = text(&account.upload("<script>alert(1)</script>", film).await, "videoFile");
    assert_served_as(&film, "video/mp4", true).await;
    assert_does_nothing(&browser, &film, "video/mp4").await;
}

/// Pictures are encoded anew and lose what is no picture; films are kept as they are, so there the headers have to do it.
async fn assert_served_as(url: &str, kind: &str, holds_page: bool) {
    let answer = Client::new().get(url).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], kind);
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let body = answer.bytes().await.unwrap();
    assert_eq!(body.windows(7).any(|bytes| bytes == b"<script"), holds_page, "{url}");
}

async fn assert_does_nothing(browser: &Browser, url: &str, kind: &str) {
    browser.go(url).await;
    let document = browser.run("return [document.contentType, document.title, typeof window.pwned]").await;
    assert_eq!((&document[0], &document[2]), (&json!(kind), &json!("undefined")), "{url}: {document}");
    assert_ne!(document[1], "pwned", "{url}");

    let pages = Pages::serve(BTreeMap::from([("/", hostile_page(url))])).await;
    browser.go(&pages.base).await;
    browser.wait("script and style are refused", "return window.refused === 2").await;
    browser.wait("the frame has come to rest", "return window.framed === true").await;
    let seen = browser.run("return [document.title, typeof window.pwned, heard]").await;
    assert_eq!(seen, json!(["Elsewhere", "undefined", []]), "{url}");
}
