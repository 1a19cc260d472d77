//! An outage: after the first few nobody waits for it any more, and it is noticed when it is over.

use std::time::{Duration, Instant};

use aviary_domain::media::{Access, MediaError, Rendition};
use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op};

use crate::film::film;
use crate::home::{Home, impatient, name};

/// What "in milliseconds" means on a busy machine.
const AT_ONCE: Duration = Duration::from_millis(50);

/// A store whose provider cannot be reached, and which knows it.
async fn in_outage(cause: impl FnOnce(&FakeCloudinary)) -> Home {
    let home = Home::at(FakeCloudinary::start(), |settings| {
        impatient(settings);
        settings.patience.pause = Duration::from_secs(2);
    });
    cause(home.fake());
    for _ in 0..10 {
        if is_unreachable(&home).await {
            return home;
        }
        let _ = home.upkeep.remove(&name(1)).await;
    }
    panic!("the store never notices that nobody answers");
}

/// Whether files are not even received, which asks nobody.
async fn is_unreachable(home: &Home) -> bool {
    let asked = home.fake().calls().len();
    let begun = Instant::now();
    let refused = matches!(home.media.receive(1000).await, Err(MediaError::Unavailable(_)));
    refused && begun.elapsed() < AT_ONCE && home.fake().calls().len() == asked
}

#[tokio::test]
async fn everything_is_refused_in_milliseconds_while_nobody_answers() {
    for cause in [
        (|fake: &FakeCloudinary| fake.refuse_connections()) as fn(&FakeCloudinary),
        |fake| fake.always(&Op::ALL, Fault::Status(503, None)),
        |fake| fake.always(&Op::ALL, Fault::DropAtOnce),
        |fake| fake.always(&Op::ALL, Fault::Hang),
    ] {
        let home = in_outage(cause).await;
        let mut rounds = vec![];
        for _ in 0..50 {
            let begun = Instant::now();
            let outcomes = [
                home.media.receive(1000).await.map(|_| ()),
                home.upkeep.remove(&name(1)).await,
                home.upkeep.set_access(&name(1).marked("u1"), Access::Private).await.map(|_| ()),
                home.upkeep.reprocess(&name(1).marked("u1")).await.map(|_| ()),
                home.inventory.list(None).await.map(|_| ()),
            ];
            rounds.push(begun.elapsed());
            for outcome in outcomes {
                assert!(matches!(outcome, Err(MediaError::Unavailable(_))), "{outcome:?}");
            }
        }
        rounds.sort();
        // Half of them, because other tests keep this machine busy; nobody waits for as long as for an answer.
        assert!(rounds[25] < AT_ONCE && rounds[49] < Duration::from_millis(500), "{rounds:?}");
    }
}

#[tokio::test]
async fn the_end_of_an_outage_is_noticed() {
    let home = in_outage(FakeCloudinary::refuse_connections).await;
    home.fake().calm();
    let begun = Instant::now();
    while home.media.receive(1000).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(5), "it is never noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for number in 0..10 {
        home.keep_film(number, &film(1000)).await;
    }
    assert_eq!(home.fake().assets().len(), 10);
}

#[tokio::test]
async fn one_asks_for_all_whether_it_is_over() {
    let home = in_outage(|fake| fake.always(&Op::ALL, Fault::Status(503, None))).await;
    tokio::time::sleep(Duration::from_millis(2200)).await;
    let asked = home.fake().calls().len();
    let film = name(1);
    let all = futures_util::future::join_all((0..50).map(|_| home.upkeep.remove(&film))).await;
    assert!(all.iter().all(Result::is_err));
    let more = home.fake().calls().len() - asked;
    assert!((1..=2).contains(&more), "{more} calls");
}

/// Refusing one who comes too often is no outage: others are not refused for it.
#[tokio::test]
async fn a_rate_limit_is_no_outage() {
    let home = Home::at(FakeCloudinary::start(), impatient);
    home.fake().always(&[Op::Destroy], Fault::Status(429, None));
    for _ in 0..3 {
        assert!(matches!(home.upkeep.remove(&name(1)).await, Err(MediaError::Unavailable(_))));
    }
    home.keep_film(2, &film(1000)).await;
}

/// What is there can be shown without asking anybody.
#[tokio::test]
async fn urls_are_known_during_an_outage() {
    let home = Home::at(FakeCloudinary::start(), impatient);
    let key = home.keep_film(1, &film(1000)).await;
    home.fake().refuse_connections();
    let asked = home.fake().calls().len();
    let url = home.media.url(&key, Rendition::Film, None);
    assert!(url.ends_with(".mp4") && !home.upkeep.is_ready(&key) && home.media.derived_poster(&key).is_some());
    assert_eq!(home.fake().calls().len(), asked);
}
