//! Two servers over a MongoDB replica set whose members die, while writers are at work on both. `make test-failover`
//! runs this; it takes minutes.

mod cluster;
mod frozen;
mod stage;
mod verify;
mod writers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aviary_tests::mongod::database_uri;
use aviary_tests::replica_set::ReplicaSet;

use self::cluster::Cluster;
use self::stage::Stage;
use crate::server::Home;
use crate::tools::{announce, eventually, scratch};
use crate::{crash, facts};

/// How often the primary is killed, before it is frozen once.
const KILLS: u32 = 10;
/// How long the servers of the set may take to find together, and writers to end, on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long the load goes on undisturbed before each fault and after the last.
const CALM: Duration = Duration::from_millis(1500);
/// The longest that a request may take: the store's deadline, the short one of what follows it, and some room for a
/// machine on which everything runs at once.
const LONGEST_REQUEST: Duration = Duration::from_secs(15);

/// Whether this run is asked for; otherwise it says loudly that it is not.
fn asked(test: &str) -> bool {
    let asked = std::env::var_os("TEST_FAILOVER").is_some_and(|value| !value.is_empty());
    if !asked {
        announce(&format!("SKIPPED {test}: it takes minutes; `make test-failover` runs it"));
    }
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_write_survives_ten_primaries() {
    if !asked("failover") {
        return;
    }
    let start = Instant::now();
    let mut set = ReplicaSet::launch(3).await.expect("a replica set");
    let uri = database_uri(&set.uri(), "aviary");
    let shared = tempfile::Builder::new().prefix("aviary-media-").tempdir_in(scratch()).unwrap();
    let homes = [(); 2].map(|()| Home::node(&uri, Some(shared.path())));
    let nodes = [homes[0].start().await, homes[1].start().await];
    let cluster = Arc::new(Cluster::new(nodes.each_ref().map(|node| node.api())));
    let stage = Stage::build(&cluster).await;
    let mut writers = writers::start(&cluster, &stage);

    let elections = storm(&mut set, &cluster).await;
    cluster.stop();
    let all = async {
        while let Some(end) = writers.join_next().await {
            end.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the writers end");
    announce(&format!(
        "failover: {KILLS} kills and a freeze, {elections} elections in {:.0?}\n{}",
        start.elapsed(),
        cluster.summary()
    ));
    assert!(elections > i64::from(KILLS), "{elections} elections after {KILLS} kills and a freeze");
    cluster.assert_exercised(1 + usize::try_from(KILLS).unwrap());
    for node in 0..2 {
        assert_eq!(cluster.health(node).await, 200, "node {node} is well again");
    }
    eventually("the sweeper is done", PATIENCE, async || facts::is_settled(&homes[0]).await.then_some(())).await;
    for node in nodes {
        assert!(node.stop().await.success(), "a server that is told to stop leaves with success");
    }
    for home in &homes {
        crash::assert_reconciled(home);
    }
    let store = facts::open(&homes[0]).await;
    let mut wrong = facts::contradictions(&homes[0], &store);
    wrong.extend(verify::rows(&cluster, &store));
    assert!(wrong.is_empty(), "{} things are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cluster.longest_request() < LONGEST_REQUEST, "a request took {:?}", cluster.longest_request());
}

/// Kills one primary after the other, and freezes the last; answers how many terms that took.
async fn storm(set: &mut ReplicaSet, cluster: &Cluster) -> i64 {
    let (_, first) = calm(set).await;
    for kill in 0..=KILLS {
        let (primary, term) = calm(set).await;
        let freezes = kill == KILLS;
        if freezes {
            set.freeze(primary)
        } else {
            set.kill(primary)
        }
        cluster.fault_begins();
        next_primary(set, term).await;
        if freezes {
            // By now the others have gone on without it, and it knows nothing of that.
            tokio::time::sleep(2 * CALM).await;
            set.thaw(primary);
        } else {
            set.start(primary);
        }
    }
    calm(set).await.1 - first
}

/// Waits until every member is well, and then some time.
async fn calm(set: &ReplicaSet) -> (usize, i64) {
    eventually("the replica set is whole", PATIENCE, async || set.is_whole().await.then_some(())).await;
    tokio::time::sleep(CALM).await;
    eventually("there is a primary", PATIENCE, async || set.primary().await).await
}

async fn next_primary(set: &ReplicaSet, term: i64) {
    eventually("another primary is elected", PATIENCE, async || set.primary().await.filter(|(_, next)| *next > term))
        .await;
}
