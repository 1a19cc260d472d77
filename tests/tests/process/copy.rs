//! `aviary copy` moves a home to MongoDB and back while it is killed again and again; who was signed in stays so, and
//! every picture is still served.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{ChildStderr, Command, Output, Stdio};
use std::time::Duration;

use aviary_tests::samples;
use reqwest::{Client, StatusCode};
use rusqlite::{Connection, params};

use crate::account::{Account, file, text};
use crate::commands::node;
use crate::facts;
use crate::server::{Home, Server};
use crate::tools::announce;

/// So many that a copy takes longer than the first kills leave it.
const TWEETS: i64 = 20_000;
/// How often each copy is killed at least.
const KILLS: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_moves_to_mongodb_and_back_however_often_the_copy_is_killed() {
    let Some((_database, bare)) = node("copy").await else { return };
    let uri = bare.mongodb_uri().unwrap().to_owned();
    let home = Home::new();
    let server = home.start().await;
    let person = Account::register(&server.api(), "mover", file("face.png", samples::png())).await;
    server.stop().await;
    add_tweets(&home.data());

    let node = Home::node(&uri, Some(&home.media()));
    let none: [String; 0] = [];
    let kills = killed_copies(&home, &none, &uri, || refused(&node)).await;
    let there = copied(&home, &none, &uri);
    assert!(there.contains("An earlier copy was continued."), "{there}");
    // Not even the first server may have another folder, such as one that is not mounted.
    let stray = Home::node(&uri, None);
    let output = stray.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("MEDIA_DIR") && !stray.media().exists(), "{said}");
    let server = started(&node, &secrets(&home)).await;
    assert_served(&server, &person).await;
    server.stop().await;
    assert!(node.run(&["reconcile"]).status.success());
    let again = copy(&home, &none, &uri).output().unwrap();
    assert_eq!(again.status.code(), Some(1), "{again:?}");
    assert!(String::from_utf8_lossy(&again.stderr).contains("the copy is complete"), "{again:?}");

    let back = Home::new();
    let data = back.data();
    let from: Vec<String> = [secrets(&home), vec!["--mongodb-uri".to_owned(), uri.clone()]].concat();
    let target = data.to_str().unwrap();
    let kills_back = killed_copies(&home, &from, target, || refused(&back)).await;
    let told = copied(&home, &from, target);
    assert!(told.contains("1 named by rows") && told.contains("can be removed"), "{told}");
    let server = started(&back, &secrets(&home)).await;
    assert_served(&server, &person).await;
    assert!(server.stop().await.success());
    let wrong = facts::contradictions(&back, &facts::open(&back).await);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(rows(&home).await, rows(&back).await);
    announce(&format!("copy: {TWEETS} tweets moved to MongoDB with {kills} kills and back with {kills_back}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_comes_down_into_the_folder_that_has_its_media() {
    let Some((_database, node)) = node("copy_down").await else { return };
    let server = node.start().await;
    let person = Account::register(&server.api(), "stayer", file("face.png", samples::png())).await;
    server.stop().await;
    let media = node.media();
    let into =
        |data: &str, to: &str| node.command().args(["copy", "--data-dir", data]).env("COPY_TO", to).output().unwrap();

    let nameless = into("data", "mongodb://ada:secret@localhost");
    let said = String::from_utf8_lossy(&nameless.stderr).into_owned();
    assert_eq!(nameless.status.code(), Some(2), "{said}");
    assert!(said.contains("name the database") && !said.contains("secret"), "{said}");

    let elsewhere = into("elsewhere", "new");
    let said = String::from_utf8_lossy(&elsewhere.stderr).into_owned();
    assert_eq!(elsewhere.status.code(), Some(1), "{said}");
    assert!(said.contains("none of the files") && said.contains("MEDIA_DIR"), "{said}");
    assert!(!node.path().join("new").exists());

    let down = into("data", "./data");
    let said = String::from_utf8_lossy(&down.stderr).into_owned();
    let told = String::from_utf8_lossy(&down.stdout).into_owned();
    assert!(down.status.success(), "{told}\n{said}");
    assert!(
        said.starts_with("Copying the database aviary_copy_down") && said.contains("to the folder ./data"),
        "{said}"
    );
    assert!(told.contains("The files stay in ./data/media") && !told.contains("can be removed"), "{told}");
    assert_eq!(std::fs::read_dir(media.join("images")).unwrap().count(), 1);
    let embedded = node.start_with(&["--mongodb-uri", ""]).await;
    assert_served(&embedded, &person).await;
    assert!(embedded.stop().await.success());
}

/// Many tweets of the only user, as the application would have stored them.
fn add_tweets(data: &Path) {
    let mut store = Connection::open(data.join("aviary.sqlite3")).unwrap();
    let store = store.transaction().unwrap();
    let owner: Vec<u8> = store.query_row("SELECT id FROM users", [], |row| row.get(0)).unwrap();
    {
        let sql = "INSERT INTO tweets (id, owner, content, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)";
        let mut insert = store.prepare(sql).unwrap();
        for number in 0..TWEETS {
            let id = [&[7; 4], number.to_be_bytes().as_slice()].concat();
            let content = format!("Tweet {number}, of some length, as tweets are");
            insert.execute(params![id, owner, content, 1_700_000_000_000 + number]).unwrap();
        }
    }
    store.execute("UPDATE users SET tweets_count = ?1", [TWEETS]).unwrap();
    store.execute("UPDATE totals SET value = ?1 WHERE name = 'tweets'", [TWEETS]).unwrap();
    store.commit().unwrap();
}

/// The rows of the tables that hold any, in order.
async fn rows(home: &Home) -> Vec<String> {
    let store = facts::open(home).await;
    let all = |sql: &str| -> Vec<String> {
        let mut query = store.prepare(sql).unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let users =
        "SELECT hex(id) || username || email || password_hash || avatar || created_at || tweets_count FROM users";
    let tweets = "SELECT hex(id) || hex(owner) || content || created_at FROM tweets ORDER BY id";
    let sessions = "SELECT hex(id) || hex(refresh) || expires_at FROM sessions ORDER BY id";
    [all(users), all(tweets), all(sessions)].concat()
}

fn copy(home: &Home, flags: &[String], target: &str) -> Command {
    let mut command = home.command();
    command.args(["copy", "--to", target]).args(flags);
    command
}

/// Kills copies, each a little later than the one before, while they have not come to their end; after each kill what
/// they left is looked at.
async fn killed_copies(home: &Home, flags: &[String], target: &str, look: impl Fn()) -> u32 {
    for kill in 0..KILLS {
        let mut running = copy(home, flags, target).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = running.stderr.take().unwrap();
        let told = wait_for("tweets", begun).await;
        tokio::time::sleep(Duration::from_millis(u64::from(kill) * 60)).await;
        running.kill().unwrap();
        // Kept until here: a process that cannot tell its progress would end by that.
        drop(told);
        let status = running.wait().unwrap();
        assert!(!status.success(), "copy {kill} was over before it was killed");
        look();
    }
    KILLS
}

/// Waits until a copy says that it is at this part.
async fn wait_for(part: &'static str, mut told: ChildStderr) -> ChildStderr {
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = BufReader::new(&mut told).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with(part)), "the copy comes to {part}");
        told
    });
    reading.await.unwrap()
}

/// No server takes a half copied home for one.
fn refused(node: &Home) {
    let output = node.run(&["serve"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("aviary copy"), "{said}");
}

fn copied(home: &Home, flags: &[String], target: &str) -> String {
    let Output { status, stdout, stderr } = copy(home, flags, target).output().unwrap();
    let told = String::from_utf8_lossy(&stdout).into_owned();
    assert!(status.success(), "{told}\n{}", String::from_utf8_lossy(&stderr));
    assert!(told.contains("hold the same"), "{told}");
    told
}

/// The secrets that the first home made, as the notes at the end of a copy say to give them.
fn secrets(home: &Home) -> Vec<String> {
    let kept = |name: &str| std::fs::read_to_string(home.data().join(name)).unwrap().trim().to_owned();
    let (access, refresh) = (kept("access-token.secret"), kept("refresh-token.secret"));
    ["--access-token-secret", &access, "--refresh-token-secret", &refresh].map(str::to_owned).to_vec()
}

async fn started(home: &Home, flags: &[String]) -> Server {
    home.start_with(&flags.iter().map(String::as_str).collect::<Vec<_>>()).await
}

/// The person is still signed in, and their picture is served.
async fn assert_served(server: &Server, person: &Account) {
    let http = Client::new();
    let current = http.get(format!("{}/users/current-user", server.api())).bearer_auth(&person.token);
    let current = current.send().await.unwrap();
    assert_eq!(current.status(), StatusCode::OK);
    let avatar = text(&person.user, "avatar");
    let (_, path) = avatar.split_once("/media/").expect("a file of this server");
    let picture = http.get(format!("{}/media/{path}", server.base)).send().await.unwrap();
    assert_eq!(picture.status(), StatusCode::OK);
}
