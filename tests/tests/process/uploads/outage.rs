//! Cloudinary is away in the middle of a move: a short while is waited for, a long one ends the command with what to do, and
//! either way no file is lost and none is sent twice that was there.

use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op};
use reqwest::{Client, StatusCode};

use super::{FILES, Filled, PATIENCE, VIDEOS, assert_moved, assert_served, fake, told};
use crate::account::{succeed, text};
use crate::server::Home;
use crate::tools::{announce, eventually};

/// How many files come before the outage.
const BEFORE: usize = 10;
/// How many are on their way at once, and so may have come without their rows knowing.
const AT_ONCE: usize = 4;
/// How long a command may try before it gives up.
const GIVES_UP: Duration = Duration::from_secs(240);

/// Lets some files come, then none: whoever asks for anything is cut off.
async fn goes_away(fake: &FakeCloudinary, running: &mut Child) {
    fake.always(&[Op::Upload], Fault::Slow(Duration::from_millis(60)));
    eventually("files come", PATIENCE, async || {
        assert!(running.try_wait().unwrap().is_none(), "it was over before the outage");
        (fake.assets().len() >= BEFORE).then_some(())
    })
    .await;
    fake.calm();
    fake.always(&Op::ALL, Fault::DropAtOnce);
    fake.refuse_connections();
}

/// Waits until the command gives up, and answers with what it said.
async fn gives_up(mut running: Child) -> Output {
    eventually("it gives up", GIVES_UP, async || running.try_wait().unwrap()).await;
    running.wait_with_output().unwrap()
}

/// It says what to do, in its own words.
fn assert_told(output: &Output, fake: &FakeCloudinary) {
    let said = told(output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be uploaded; run it again to go on"), "{said}");
    for secret in [&fake.account().secret, "signature", "panicked"] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_waits_for_cloudinary_to_come_back() {
    let (filled, fake, target) = (Filled::new().await, fake(), Home::new());
    let to = target.data().to_str().unwrap().to_owned();
    let mut copy = filled.copy(&fake, &to);
    let mut running = copy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    goes_away(&fake, &mut running).await;
    // What was taken before is still stored.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = fake.assets().len();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(running.try_wait().unwrap().is_none(), "it waits");
    assert!(before < FILES && fake.assets().len() == before, "nothing comes");
    fake.calm();
    let output = tokio::task::spawn_blocking(|| running.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert_moved(&fake, &filled.home.media());
    let server = filled.start(&target, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_gave_up_is_continued_and_served_by_nobody_before() {
    let (filled, fake, target) = (Filled::new().await, fake(), Home::new());
    let to = target.data().to_str().unwrap().to_owned();
    let mut copy = filled.copy(&fake, &to);
    let mut running = copy.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    goes_away(&fake, &mut running).await;
    let begun = Instant::now();
    assert_told(&gives_up(running).await, &fake);
    announce(&format!("outage: a copy gave up after {:.0?}", begun.elapsed()));
    // While it is away, nobody gets further, and says so at once.
    let in_vain = filled.copy(&fake, &to).output().unwrap();
    assert_told(&in_vain, &fake);
    let refused = target.run(&["serve"]);
    assert!(!refused.status.success() && told(&refused).contains("aviary copy"), "{}", told(&refused));
    // The old home is served as ever. Lists change nothing in it, while a visit would be a row that the copy lacks.
    let server = filled.home.start().await;
    let list = Client::new().get(format!("{}/dashboard/videos", server.api())).bearer_auth(&filled.owner.token);
    let list = succeed(list).await;
    assert_eq!(list.as_array().map(Vec::len), Some(usize::from(VIDEOS)));
    assert!(text(&list[0], "videoFile").starts_with(&server.base), "{list}");
    assert!(server.stop().await.success());

    fake.calm();
    let (there, uploads) = (fake.assets().len(), fake.count(Op::Upload));
    assert!((BEFORE..FILES).contains(&there), "{there}");
    let last = filled.copy(&fake, &to).output().unwrap();
    assert!(last.status.success() && told(&last).contains("An earlier copy was continued."), "{}", told(&last));
    assert!(fake.count(Op::Upload) - uploads <= FILES - there + AT_ONCE, "what was there is passed over");
    assert_moved(&fake, &filled.home.media());
    let server = filled.start(&target, &fake).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_whose_files_are_half_moved_serves_all_of_them() {
    let (filled, fake) = (Filled::new().await, fake());
    let url = fake.cloudinary_url();
    let upload = || {
        let mut command = filled.home.command();
        command.args(["media", "upload"]).env("CLOUDINARY_URL", &url).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    let mut running = upload().spawn().unwrap();
    goes_away(&fake, &mut running).await;
    assert_told(&gives_up(running).await, &fake);
    fake.calm();
    let there = fake.assets().len();
    assert!((BEFORE..FILES).contains(&there), "{there}");

    let server = filled.home.start_with(&["--cloudinary-url", &url]).await;
    let (mut here, mut far) = (0, 0);
    for number in 0..VIDEOS {
        let video = filled.video(&server, number, true).await.unwrap();
        for field in ["videoFile", "thumbnail"] {
            let url = text(&video, field);
            assert_eq!(Client::new().get(&url).send().await.unwrap().status(), StatusCode::OK, "{url}");
            if url.starts_with(fake.origin()) { far += 1 } else { here += 1 }
        }
    }
    assert!(here > 0 && far > 0, "{here} files are here and {far} there");
    assert!(server.stop().await.success());

    let uploads = fake.count(Op::Upload);
    let done = upload().output().unwrap();
    assert!(done.status.success(), "{}", told(&done));
    assert!(fake.count(Op::Upload) - uploads <= FILES - there + AT_ONCE, "what was there is passed over");
    assert_moved(&fake, &filled.home.media());
    let server = filled.home.start_with(&["--cloudinary-url", &url]).await;
    assert_served(&filled, &server, &fake).await;
    assert!(server.stop().await.success());
}
