//! `aviary seed`: killed and run again it makes a whole home, which is served, and no other home is touched by it.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::commands::assert_fails;
use crate::server::Home;

/// What it says after this on one of its lines.
fn landmark<'a>(told: &'a str, name: &str) -> &'a str {
    let line = told.lines().find_map(|line| line.trim_start().strip_prefix(name));
    line.unwrap_or_else(|| panic!("{name}: {told}")).trim()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seeding_that_was_killed_is_finished_and_served() {
    let home = Home::new();
    let mut seeding = home.command();
    let seeding = seeding.args(["seed", "--size", "small"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut seeding = seeding.spawn().unwrap();
    let told = BufReader::new(seeding.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut told = told.skip_while(|line| !line.starts_with("likes"));
    assert!(told.next().is_some(), "it comes to the likes");
    seeding.kill().unwrap();
    assert!(!seeding.wait().unwrap().success(), "it was over before it was killed");

    assert_fails(&home.run(&["serve"]), 1, "`aviary seed`");
    assert_fails(&home.run(&["seed", "--size", "small", "--seed", "2"]), 1, "with another size or number");
    let output = home.run(&["seed", "--size", "small"]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(told.starts_with("An earlier seeding was continued.\n") && told.contains("200000 rows"), "{told}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("Seeding the folder ") && said.contains("likes: about 200000"), "{said}");

    assert!(home.run(&["reconcile"]).status.success());
    let media = home.run(&["media", "check"]);
    assert!(String::from_utf8_lossy(&media.stdout).contains("that rows name: 0"), "{media:?}");
    assert_fails(&home.run(&["seed", "--size", "small"]), 1, "holds a home already");
    assert_fails(&home.run(&["seed", "--size", "huge"]), 2, "huge");
    assert_fails(&home.run(&["seed"]), 2, "--size");
    assert_served(&home, &told).await;
}

/// The known password opens every account, and what is told to stand out does.
async fn assert_served(home: &Home, told: &str) {
    let server = home.start().await;
    let http = Client::new();
    let (name, password) = (landmark(told, "most subscribers"), "seeded-password");
    assert!(told.contains(password), "{told}");
    let login = http.post(format!("{}/users/login", server.api()));
    let login = login.json(&json!({ "username": name, "password": password })).send().await.unwrap();
    assert_eq!(login.status(), StatusCode::OK);
    let get = async |path: String| -> Value {
        let answer = http.get(format!("{}{path}", server.api())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.json().await.unwrap()
    };
    let video = get(format!("/videos/{}", landmark(told, "most commented video"))).await;
    assert_eq!(video["data"]["videoFile"].as_str().unwrap().split('/').nth(2), Some("media.example"), "{video}");
    assert!(video["data"]["duration"].as_f64().unwrap() > 0.0, "{video}");
    let found = get(format!("/videos?query={}", landmark(told, "rare word"))).await;
    assert!((1..=2).contains(&found["data"]["docs"].as_array().unwrap().len()), "{found}");
    assert!(server.stop().await.success());
}
