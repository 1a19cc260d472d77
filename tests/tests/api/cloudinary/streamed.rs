//! What a playlist leads to is as private as the film that it was made of.

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use super::Scene;

impl Scene {
    /// The URLs of a playlist and of everything that it leads to, each fetched as a player does, down to the film's bytes.
    async fn streams(&self, video: &Value) -> Vec<String> {
        let mut left = vec![Url::parse(video["playbackUrl"].as_str().unwrap()).expect("a playlist")];
        let mut found = vec![];
        while let Some(url) = left.pop() {
            let answer = self.http.get(url.clone()).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{url}");
            if url.path().ends_with(".m3u8") {
                let list = answer.text().await.unwrap();
                let lines = list.lines().filter(|line| !line.starts_with('#'));
                left.extend(lines.map(|line| url.join(line).expect("a URL")));
            }
            found.push(url.to_string());
        }
        assert!(found.len() == 3 && found[2].ends_with(".ts"), "{found:?}");
        found
    }
}

#[tokio::test]
async fn playlists_and_their_segments_are_for_the_owner_alone_while_a_video_is_unpublished() {
    let Some(scene) = Scene::set().await else { return };
    let public = scene.ready().await;
    // Fetched, so that caches all over the world have them.
    let before = scene.streams(&public).await;
    scene.toggle(&public).await;
    for url in &before {
        assert!(scene.status(&json!(url)).await >= 400, "{url}");
    }
    let own = scene.comes_to_play(&public).await;
    let while_hidden = scene.streams(&own).await;
    for url in &while_hidden {
        for guess in super::private::guesses(&json!(url)) {
            assert!(scene.status(&guess).await >= 400, "{guess}");
        }
    }
    for url in &before {
        assert!(scene.status(&json!(url)).await >= 400, "also with the new playlist there: {url}");
    }
    scene.toggle(&public).await;
    let again = scene.comes_to_play(&public).await;
    scene.streams(&again).await;
    for url in &while_hidden {
        assert!(scene.status(&json!(url)).await >= 400, "{url}");
    }
}
