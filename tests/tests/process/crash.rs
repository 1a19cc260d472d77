//! The process is told to stop once, and killed with SIGKILL ten times, while writers of every kind are at work, over the
//! store that the environment asks for. Afterwards every acknowledged write is there, counts equal the facts, and files and
//! rows belong together.

mod account_writers;
mod far;
pub(crate) mod journal;
mod social_writers;
pub(crate) mod verify;
mod video_writers;
mod world;

use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

pub(crate) use self::account_writers::key;
use self::world::World;
use crate::server::{Home, Server};
use crate::tools::{announce, eventually, have};
use crate::{facts, folder};

const KILLS: u32 = 10;
/// How long writers may need to end, and the sweeper to have removed everything, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_ten_kills() {
    if !have("crash", &["ffmpeg", "ffprobe"]) {
        return;
    }
    let start = Instant::now();
    let home = Home::in_chosen_store();
    let mut server = home.start().await;
    let world = Arc::new(World::new(home.path()));
    world.server_is_up(&server.api());
    let mut writers = start_writers(&world).await;

    assert!(stopped_in_the_middle(&world, server).await.success(), "told to stop under load it leaves with success");
    assert_reconciled(&home);
    server = home.start().await;
    world.server_is_up(&server.api());

    let mut left_in_tmp = 0;
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(300 + world.dice(900))).await;
        server.kill();
        world.server_is_down();
        left_in_tmp += folder::temporary_files(&home.media()).len();
        if kill % 2 == 0 {
            assert_reconciled(&home);
        }
        server = home.start().await;
        world.server_is_up(&server.api());
    }
    eventually("every kind of write was acknowledged", PATIENCE, async || world.every_kind_was_done()).await;
    world.stop();
    let all = async {
        while let Some(end) = writers.join_next().await {
            end.unwrap()
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the writers end");
    eventually("the sweeper is done", PATIENCE, async || facts::is_settled(&home).await.then_some(())).await;

    let mut wrong = verify::sessions(&world, &server.api()).await;
    assert!(server.stop().await.success(), "a server that is told to stop leaves with success");
    assert_reconciled(&home);
    let store = facts::open(&home).await;
    wrong.extend(facts::contradictions(&home, &store));
    wrong.extend(verify::rows(&world.journal(), &store));
    announce(&format!(
        "crash: {KILLS} kills in {:.1?}, {left_in_tmp} temporary files left by them and removed; {}",
        start.elapsed(),
        world.summary()
    ));
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// SIGTERM while all writers are at work.
async fn stopped_in_the_middle(world: &World, server: Server) -> ExitStatus {
    tokio::time::sleep(Duration::from_millis(500 + world.dice(900))).await;
    let status = server.stop().await;
    world.server_is_down();
    status
}

/// The recount of the binary itself finds nothing.
pub(crate) fn assert_reconciled(home: &Home) {
    let output = home.run(&["reconcile"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "`aviary reconcile` left with {}:\n{said}", output.status);
}

async fn start_writers(world: &Arc<World>) -> JoinSet<()> {
    let mut names = (0..12).map(|n| format!("actor{n}"));
    let mut people = vec![];
    for name in names.by_ref() {
        people.push(world.invite(&name).await);
    }
    let channels: Arc<[String]> = people.iter().map(|person| person.id.clone()).collect();
    let mut people = people.into_iter();
    let mut next = || people.next().expect("somebody for each part");
    let mut writers = JoinSet::new();
    video_writers::first_videos(world, &next()).await;
    writers.spawn(video_writers::uploader(world.clone(), next()));
    writers.spawn(video_writers::uploader(world.clone(), next()));
    writers.spawn(video_writers::watcher(world.clone(), next()));
    writers.spawn(account_writers::registrar(world.clone()));
    writers.spawn(account_writers::painter(world.clone(), next()));
    writers.spawn(account_writers::devices(world.clone(), next()));
    writers.spawn(social_writers::commenter(world.clone(), next()));
    writers.spawn(social_writers::tweeter(world.clone(), next()));
    writers.spawn(social_writers::liker(world.clone(), next()));
    writers.spawn(social_writers::liker(world.clone(), next()));
    writers.spawn(social_writers::subscriber(world.clone(), next(), channels));
    writers.spawn(social_writers::curator(world.clone(), next()));
    writers
}
