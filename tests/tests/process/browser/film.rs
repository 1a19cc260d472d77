//! Uploaded films play and seek: in another site's page, and alone in a tab.

use std::collections::BTreeMap;

use reqwest::Client;

use super::driver::Browser;
use super::pages::Pages;
use crate::account::{Account, file, text};
use crate::sample::{self, Codec};
use crate::server::Home;
use crate::tools::{announce, have};

const SECONDS: u32 = 20;
const SIZE: &str = "640x360";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploaded_films_play_and_seek() {
    if !have("browser: films", &["ffmpeg", "ffprobe"]) {
        return;
    }
    let Some(browser) = Browser::open("browser: films").await else { return };
    let home = Home::new();
    let server = home.start().await;
    let face = home.path().join("face.png");
    sample::picture(&face, "64x64");
    let account = Account::register(&server.api(), "player", file("face.png", std::fs::read(face).unwrap())).await;
    for (name, codec) in [("front.mp4", Codec::Mp4), ("back.mp4", Codec::Mp4IndexLast), ("film.webm", Codec::WebM)] {
        let path = home.path().join(name);
        sample::film(&path, SIZE, SECONDS, codec);
        let video = account.upload(name, file(name, std::fs::read(path).unwrap())).await;
        let url = text(&video, "videoFile");
        let page = format!("<!doctype html><title>Elsewhere</title><video muted controls src=\"{url}\"></video>");
        let pages = Pages::serve(BTreeMap::from([("/", page)])).await;
        browser.go(&pages.base).await;
        assert_plays_and_seeks(&browser, &format!("{name} in another site's page"), Events::Heard).await;
        assert_policy_forbids_scripts(&url).await;
        browser.go(&url).await;
        assert_plays_and_seeks(&browser, &format!("{name} alone in the tab"), Events::Unheard).await;
    }
}

/// Whether the page's own scripts run: in a sandboxed document no listener is called, but its state can be read.
#[derive(PartialEq)]
enum Events {
    Heard,
    Unheard,
}

async fn assert_plays_and_seeks(browser: &Browser, what: &str, events: Events) {
    // Everything on `v`, the page's film; an error of the film is told instead of waited for.
    let on_film = |script: &str| {
        format!(
            "const v = document.querySelector('video');
             if (v && v.error) throw new Error('film: ' + v.error.code + ' ' + v.error.message);
             {script}"
        )
    };
    let middle = f64::from(SECONDS) / 2.0;
    let wait = async |step: &str, script: &str| browser.wait(&format!("{what}: {step}"), &on_film(script)).await;
    let loaded =
        wait("its length is known", "return v && v.readyState > 0 && [v.duration, v.videoWidth, v.videoHeight]").await;
    let duration = loaded[0].as_f64().unwrap();
    assert!((duration - f64::from(SECONDS)).abs() < 0.5, "{what}: {loaded}");
    assert_eq!((loaded[1].as_u64(), loaded[2].as_u64()), (Some(640), Some(360)), "{what}: {loaded}");

    browser
        .run(&on_film("v.muted = true; v.addEventListener('seeked', () => { v.dataset.seeked = 'yes'; }); v.play();"))
        .await;
    wait("it plays", "return !v.paused && v.currentTime > 0.3").await;
    let frames = browser.run(&on_film("return v.getVideoPlaybackQuality().totalVideoFrames")).await;
    browser.run(&on_film(&format!("v.currentTime = {middle};"))).await;
    if events == Events::Heard {
        wait("`seeked` is heard", "return v.dataset.seeked === 'yes'").await;
    }
    let at =
        wait("it stands in its middle", &format!("return !v.seeking && v.currentTime >= {middle} && v.currentTime"))
            .await;
    let further = format!("return !v.paused && v.currentTime > {} && v.currentTime", at.as_f64().unwrap() + 0.5);
    let at_last = wait("it plays on from there", &further).await;
    let frames_at_last = browser.run(&on_film("return v.getVideoPlaybackQuality().totalVideoFrames")).await;
    assert!(frames_at_last.as_u64() > frames.as_u64(), "{what}: no picture came after the seek");
    announce(&format!(
        "browser: {what}: {duration:.2} s, after the seek at {at}, then at {at_last}, {frames_at_last} frames"
    ));
}

/// The document that the browser makes around a film may load the film, and nothing may run in it.
async fn assert_policy_forbids_scripts(url: &str) {
    let answer = Client::new().head(url).send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    for hole in ["allow-scripts", "script-src", "unsafe", "*"] {
        assert!(!policy.contains(hole), "{policy}");
    }
}
