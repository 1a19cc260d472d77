//! A home knows at which account its files are: a server or a command that is told another one, or none, is refused before it
//! does anything.

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op};
use aviary_tests::samples;
use reqwest::Client;
use serde_json::Value;

use crate::account::{Account, file, succeed, text};
use crate::commands::{assert_fails, node};
use crate::server::{Home, Server};
use crate::tools::eventually;

/// What a refusal names: the account that the home knows, and what helps.
const PLACE: &str = "at the account aviary-fake, folder aviary ";

/// How long some files take to be uploaded.
const PATIENCE: Duration = Duration::from_secs(60);

/// A home with a video at an account, and no server.
struct Scene {
    fake: FakeCloudinary,
    home: Home,
    owner: Account,
    video: Value,
}

impl Scene {
    /// `None` where no film can be made.
    async fn set(home: Home) -> Option<Self> {
        let film = samples::mp4()?;
        let fake = FakeCloudinary::start();
        let server = start(&home, &fake).await;
        let owner = Account::register(&server.api(), "ada", file("me.png", samples::png())).await;
        let video = owner.upload("film", file("film.mp4", film.bytes.clone())).await;
        assert!(server.stop().await.success());
        Some(Self { fake, home, owner, video })
    }

    /// The binary with this folder of the account, or without any.
    fn run(&self, arguments: &[&str], folder: Option<&str>) -> Output {
        let mut command = self.home.command();
        if let Some(folder) = folder {
            command.env("CLOUDINARY_URL", self.fake.cloudinary_url()).env("CLOUDINARY_FOLDER", folder);
        }
        ends(command.args(arguments))
    }

    async fn own(&self, server: &Server) -> Value {
        let url = format!("{}/videos/{}", server.api(), text(&self.video, "_id"));
        succeed(Client::new().get(url).bearer_auth(&self.owner.token)).await
    }
}

/// Runs a command to its end. One that serves although it should not is ended, and the test fails.
fn ends(command: &mut Command) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("{command:?} does not end: {:?}", child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

/// Tries to serve without an account.
fn serve(home: &Home) -> Output {
    ends(home.command().arg("serve"))
}

async fn start(home: &Home, fake: &FakeCloudinary) -> Server {
    home.start_with(&["--cloudinary-url", &fake.cloudinary_url()]).await
}

fn assert_refused(refused: &Output, set: &str) {
    assert_fails(refused, 1, PLACE);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains(set) && said.contains("CLOUDINARY_URL") && !said.contains("fAkE"), "{said}");
}

#[tokio::test]
async fn nobody_serves_checks_or_moves_the_files_of_another_account() {
    let Some(scene) = Scene::set(Home::new()).await else { return };
    let before = scene.fake.assets();
    assert!(before.len() > 1, "{before:?}");
    let elsewhere = scene.home.path().join("elsewhere");
    let target = elsewhere.to_str().unwrap();
    // Something of another home lies in the other folder, so that nothing looks empty.
    let stranger = Scene::set_in_folder(&scene.fake, "other").await;
    for command in [&["serve"][..], &["media", "check"], &["media", "check", "--fix"]] {
        assert_refused(&scene.run(command, None), "no account is set");
        assert_refused(&scene.run(command, Some("other")), "what is set is the account aviary-fake, folder other");
    }
    for command in [&["media", "upload"][..], &["copy", "--to", target]] {
        let refused = scene.run(command, Some("other"));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        assert!(refused.stdout.is_empty() && said.contains(PLACE) && said.contains("folder other"), "{said}");
    }
    assert!(!elsewhere.exists());
    // Nothing has happened, and whoever was refused left in good order.
    let server = start(&scene.home, &scene.fake).await;
    assert!(!server.said().contains("cleanly"), "{}", server.said());
    let own = scene.own(&server).await;
    assert!(matches!(text(&own, "status").as_str(), "ready" | "processing"), "{own}");
    assert!(server.stop().await.success());
    for held in &before {
        assert!(scene.fake.asset(&held.public_id).is_some(), "{held:?} is gone");
    }
    // What does not touch files needs no account.
    for command in [&["reconcile"][..], &["migrate"]] {
        let done = scene.run(command, None);
        assert!(done.status.success(), "{done:?}");
    }
    let check = scene.run(&["media", "check"], Some("aviary"));
    assert!(check.status.success(), "{check:?}");
    assert!(scene.fake.assets().len() > before.len(), "{stranger}");
}

impl Scene {
    /// Has a home of its own keep a file in another folder of the same account; answers with its key.
    async fn set_in_folder(fake: &FakeCloudinary, folder: &str) -> String {
        let home = Home::new();
        let flags = ["--cloudinary-url", &fake.cloudinary_url(), "--cloudinary-folder", folder];
        let server = home.start_with(&flags).await;
        let user = Account::register(&server.api(), "eve", file("me.png", samples::png())).await.user;
        assert!(server.stop().await.success());
        text(&user, "avatar")
    }
}

/// A copy that needs no account takes the note along: the new home is no more served without it than the old one.
#[tokio::test]
async fn a_copied_home_is_refused_without_its_account_too() {
    let Some(scene) = Scene::set(Home::new()).await else { return };
    let target = Home::new();
    let copied = scene.run(&["copy", "--to", target.data().to_str().unwrap()], None);
    assert!(copied.status.success(), "{copied:?}");
    assert_refused(&serve(&target), "no account is set");
    let server = start(&target, &scene.fake).await;
    assert!(server.stop().await.success());
}

/// Who tried an account and left nothing there may go back, and to another one.
#[tokio::test]
async fn an_account_in_which_nothing_is_left_is_given_up() {
    let (home, fake) = (Home::new(), FakeCloudinary::start());
    let server = home.start().await;
    let owner = Account::register(&server.api(), "ada", file("me.png", samples::png())).await;
    assert!(server.stop().await.success());
    for flags in [&["--cloudinary-url", &fake.cloudinary_url()][..], &[]] {
        let server = home.start_with(flags).await;
        let user = format!("{}/users/current-user", server.api());
        let avatar = text(&succeed(Client::new().get(user).bearer_auth(&owner.token)).await, "avatar");
        assert!(avatar.starts_with(&server.base), "{avatar}");
        assert_eq!(reqwest::get(&avatar).await.unwrap().status().as_u16(), 200);
        assert!(server.stop().await.success());
    }
    let refused =
        home.command().args(["media", "check"]).env("CLOUDINARY_URL", fake.cloudinary_url()).output().unwrap();
    assert!(refused.status.success(), "looking at another place is no harm while nothing is there: {refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_one_database_have_one_account() {
    let Some((_database, home)) = node("site").await else { return };
    let uri = home.mongodb_uri().unwrap().to_owned();
    let fake = FakeCloudinary::start();
    let server = start(&home, &fake).await;
    // Nothing is there yet, but somebody serves.
    let bare = Home::node(&uri, None);
    assert_fails(&serve(&bare), 1, "another server of this home is running");
    let owner = Account::register(&server.api(), "ada", file("me.png", samples::png())).await;
    assert_refused(&serve(&bare), "no account is set");
    assert_refused(&bare.run(&["media", "check", "--fix"]), "no account is set");
    let same = Home::node(&uri, None);
    let second = start(&same, &fake).await;
    let user = format!("{}/users/current-user", second.api());
    let avatar = text(&succeed(Client::new().get(user).bearer_auth(&owner.token)).await, "avatar");
    assert!(avatar.starts_with(fake.origin()), "{avatar}");
    for server in [server, second] {
        assert!(server.stop().await.success());
    }
    assert_refused(&serve(&bare), "no account is set");
}

/// A copy that was killed while it uploaded goes on with its account alone, and so does a home whose files were on their way.
#[tokio::test]
async fn what_is_half_uploaded_belongs_to_its_account() {
    let (home, fake) = (Home::new(), FakeCloudinary::start());
    let server = home.start().await;
    for name in ["ada", "bea", "cleo", "dora", "eve", "fay", "gwen", "hope"] {
        Account::register(&server.api(), name, file("me.png", samples::png())).await;
    }
    assert!(server.stop().await.success());
    let target = Home::new();
    let folder = target.data();
    let copy = ["copy", "--to", folder.to_str().unwrap()];
    for (arguments, half, set) in
        [(&copy[..], None, "finish it with that one"), (&["media", "upload"], Some(&home), PLACE)]
    {
        let command = |folder: &str| {
            let mut command = home.command();
            command.args(arguments).env("CLOUDINARY_URL", fake.cloudinary_url()).env("CLOUDINARY_FOLDER", folder);
            command
        };
        // Four at a time: when these are there, others have begun, which never end.
        (0..4).for_each(|_| fake.next(Op::Upload, Fault::Slow(Duration::ZERO)));
        fake.always(&[Op::Upload], Fault::Hang);
        let before = fake.count(Op::Upload);
        let mut killed = command("aviary").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("files are uploaded", PATIENCE, async || (fake.count(Op::Upload) >= before + 4).then_some(())).await;
        // The first of them are noted.
        tokio::time::sleep(Duration::from_millis(500)).await;
        killed.kill().unwrap();
        assert!(!killed.wait().unwrap().success());
        fake.calm();
        let refused = command("other").output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(set) && said.contains("folder aviary"), "{refused:?}");
        if let Some(home) = half {
            assert_refused(&serve(home), "no account is set");
        }
        assert!(fake.assets().iter().all(|held| held.public_id.starts_with("aviary/")), "nothing went elsewhere");
        let done = command("aviary").output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    for home in [&home, &target] {
        assert_refused(&serve(home), "no account is set");
    }
}
