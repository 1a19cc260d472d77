//! Distributing collections: which commands a router gets, in which order, and what is made of its answers. No router
//! runs here, so nothing shows how a real one carries them out.

use aviary_infra::mongo::MigrateMode::{Apply, DryRun};
use aviary_infra::mongo::{OpenError, ShardOutcome, migrate, shard};
use aviary_infra::progress::Unwatched;
use mongodb::bson::{Document, doc};

use super::Guard;
use super::router::Router;

/// The wire protocol of MongoDB 8.0.
const WIRE: i32 = 25;

/// Every collection of the plan with its key, and whether an index is made for it.
fn plan() -> [(&'static str, Document, bool); 10] {
    [
        ("videos", doc! { "_id": "hashed" }, true),
        ("comments", doc! { "_id": "hashed" }, true),
        ("tweets", doc! { "_id": "hashed" }, true),
        ("likes", doc! { "likedBy": 1 }, true),
        ("subscriptions", doc! { "channel": 1, "subscriber": 1 }, false),
        ("history", doc! { "user": 1, "video": 1 }, false),
        ("views", doc! { "video": 1, "viewer": 1 }, false),
        ("playlist_videos", doc! { "playlist": 1 }, false),
        ("sessions", doc! { "_id": "hashed" }, true),
        ("idempotency_keys", doc! { "_id": "hashed" }, true),
    ]
}

/// The commands that the plan comes to.
fn commands() -> Vec<Document> {
    let mut commands = vec![doc! { "enableSharding": "tube" }];
    for (collection, key, needs_index) in plan() {
        let name = if collection == "likes" { "likedBy_1" } else { "_id_hashed" };
        if needs_index {
            commands.push(doc! { "createIndexes": collection, "indexes": [{ "key": key.clone(), "name": name }] });
        }
        commands.push(doc! { "shardCollection": format!("tube.{collection}"), "key": key });
    }
    commands
}

/// Answers as a cluster does whose database has this version.
fn cluster(version: i64) -> impl Fn(&Document) -> Document + Send + Sync {
    move |command| {
        if command.contains_key("find") {
            let collection = command.get_str("find").unwrap_or_default();
            let mark = doc! { "_id": "schema", "version": version };
            let found = if collection == "aviary_meta" { vec![mark] } else { Vec::new() };
            let place = format!("tube.{collection}");
            return doc! { "ok": 1, "cursor": { "id": 0_i64, "ns": place, "firstBatch": found } };
        }
        doc! { "ok": 1 }
    }
}

/// What was asked besides the marks.
fn changes(asked: Vec<Document>) -> Vec<Document> {
    asked.into_iter().filter(|command| !command.contains_key("find")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_gets_the_commands_of_the_plan_in_order_and_again() {
    let router = Router::start(WIRE, cluster(3)).await;
    for _ in 0..2 {
        let outcomes = shard(router.uri(), Apply, &Unwatched).await.unwrap();
        assert_eq!(changes(router.asked()), commands());
        assert!(outcomes.iter().all(|sharded| sharded.outcome == ShardOutcome::Distributed), "{outcomes:?}");
        let told: Vec<_> = outcomes.iter().map(|sharded| (sharded.collection, sharded.key.clone())).collect();
        let expected: Vec<_> = plan().map(|(collection, key, _)| (collection, key.to_string())).into();
        assert_eq!(told, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_plan_and_asks_for_nothing() {
    let router = Router::start(WIRE, cluster(1)).await;
    let outcomes = shard(router.uri(), DryRun, &Unwatched).await.unwrap();
    assert!(outcomes.iter().all(|sharded| sharded.outcome == ShardOutcome::Planned), "{outcomes:?}");
    assert_eq!(outcomes.len(), plan().len());
    assert_eq!(router.asked(), Vec::<Document>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_and_the_others_go_on() {
    let answers = cluster(3);
    let router = Router::start(WIRE, move |command| {
        let refuse = |code: i32, message: &str| doc! { "ok": 0, "code": code, "codeName": "No", "errmsg": message };
        match command.get_str("shardCollection") {
            Ok("tube.likes") => refuse(23, "sharding already enabled for collection tube.likes"),
            Ok("tube.views") => refuse(20, "there is no room"),
            _ if command.get_str("createIndexes").is_ok_and(|name| name == "tweets") => {
                refuse(67, "one index too many")
            }
            _ => answers(command),
        }
    })
    .await;
    let outcomes = shard(router.uri(), Apply, &Unwatched).await.unwrap();
    for sharded in outcomes {
        let expected = match sharded.collection {
            "likes" => ShardOutcome::Otherwise,
            "views" => ShardOutcome::Refused("there is no room".to_owned()),
            "tweets" => ShardOutcome::Refused("one index too many".to_owned()),
            _ => ShardOutcome::Distributed,
        };
        assert_eq!(sharded.outcome, expected, "{}", sharded.collection);
    }
    let asked = changes(router.asked());
    let without = |command: &Document| command.get_str("shardCollection").is_ok_and(|name| name == "tube.tweets");
    let expected: Vec<_> = commands().into_iter().filter(|command| !without(command)).collect();
    assert_eq!(asked, expected, "what has no index is not distributed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_distributed_is_refused_before_anything_is_asked() {
    let refusal = async |wire, version| {
        let router = Router::start(wire, cluster(version)).await;
        let refusal = shard(router.uri(), Apply, &Unwatched).await.expect_err("a refusal");
        assert_eq!(changes(router.asked()), Vec::<Document>::new(), "{refusal}");
        refusal
    };
    assert!(matches!(refusal(WIRE - 1, 2).await, OpenError::OldRouter));
    assert!(matches!(refusal(WIRE, 1).await, OpenError::NeedsMigration { .. }));
    assert!(matches!(refusal(WIRE, 99).await, OpenError::Newer { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_set_has_no_shards() {
    let guard = Guard::new();
    migrate(&guard.uri, Apply, &Unwatched).await.unwrap();
    for mode in [DryRun, Apply] {
        let refusal = shard(&guard.uri, mode, &Unwatched).await.expect_err("a refusal");
        assert!(matches!(refusal, OpenError::NoRouter), "{refusal:?}");
        assert!(refusal.to_string().contains("mongos"), "{refusal}");
    }
}
