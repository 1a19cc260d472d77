//! A server whose provider fails at random at every step, while several people upload, replace and delete; and then calm.
//!
//! `STORM_SEED` and `STORM_OPERATIONS` have another storm than usual.

mod calm;
mod log;
mod sailor;

use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aviary_api::config::{CloudinaryOptions, Options, Settings};
use aviary_tests::cloudinary::{Account, Conduct, Dice, FakeCloudinary, Fault, Op, Plan};
use aviary_tests::{TestServer, samples};

use self::sailor::{Sailor, Tally};

/// How many calls go wrong.
const RATE: f64 = 0.25;
const PEOPLE: usize = 4;
/// How many things each of them does at a time.
const AT_ONCE: usize = 4;

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Has a server keep its files at the fake, and not wait for it as long as for the real one.
fn keep_at(fake: &FakeCloudinary, settings: &mut Settings) {
    let cloudinary =
        CloudinaryOptions { cloudinary_url: Some(fake.cloudinary_url().into()), ..CloudinaryOptions::default() };
    let options = Options { cloudinary, ..Options::default() };
    let mut account = options.resolve().expect("an account").cloudinary.expect("an account");
    account.patience.deadline = Duration::from_secs(2);
    account.patience.resend = Duration::from_secs(2);
    account.patience.pause = Duration::from_millis(500);
    settings.cloudinary = Some(account);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_orphaned_or_told_in_a_storm() {
    let Some(film) = samples::mp4() else { return };
    let (seed, operations) = (number("STORM_SEED", 1), number("STORM_OPERATIONS", 500));
    let log = log::listen();
    let fake = FakeCloudinary::open(0, Account::default(), seed).expect("a port");
    let server = TestServer::start_with(|settings| keep_at(&fake, settings)).await;
    let people = server.people("sailor", PEOPLE).await;

    let faults = [&Fault::PASSING[..], &[Fault::WrongSignature, Fault::Status(401, None)]].concat();
    fake.storm(RATE, &faults);
    fake.plan(Plan { takes: Some(Duration::from_millis(300)), fails: 0.1 });
    fake.conduct(Conduct { lost: 0.3, doubled: 0.3, late: Duration::from_secs(1) });
    let left = Arc::new(AtomicUsize::new(usize::try_from(operations).expect("a number")));
    let begun = Instant::now();
    let mut sailors = vec![];
    for n in 0..PEOPLE * AT_ONCE {
        let (person, left) = (people[n / AT_ONCE].clone(), Arc::clone(&left));
        let dice = Dice::new(seed.wrapping_mul(1000) + u64::try_from(n).expect("a number"));
        let mut sailor = Sailor::new(person, film, dice, fake.account().clone());
        sailors.push(tokio::spawn(async move {
            while left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
                sailor.act().await;
            }
            sailor
        }));
    }
    let (mut tally, mut owned) = (Tally::default(), vec![BTreeSet::new(); people.len()]);
    for (n, sailor) in sailors.into_iter().enumerate() {
        let sailor = sailor.await.expect("no panic");
        tally.add(&sailor.tally);
        owned[n / AT_ONCE].extend(sailor.videos);
    }
    let calls = fake.calls();
    let hit = |op| calls.iter().filter(|call| call.op == op && call.fault.is_some()).count();
    let faults: Vec<_> = Op::ALL.iter().map(|op| format!("{op:?} {} of {}", hit(*op), fake.count(*op))).collect();
    announce(&format!("storm {seed}: {tally:?} in {:.1?}; faults: {}", begun.elapsed(), faults.join(", ")));
    for op in [Op::Upload, Op::Chunk, Op::Destroy, Op::Rename, Op::Explicit] {
        assert!(operations < 500 || hit(op) > 0, "{op:?} never failed: {faults:?}");
    }

    fake.calm();
    fake.conduct(Conduct::default());
    let begun = Instant::now();
    calm::settles(&server, &fake).await;
    announce(&format!("storm {seed}: settled in {:.1?}; {} assets", begun.elapsed(), fake.assets().len()));
    calm::rows_are_what_people_were_told(&people, &owned).await;
    calm::rows_and_assets_are_the_same(&server, &fake).await;
    calm::only_what_is_shown_is_open(&server, &fake, &people).await;
    calm::counts_are_exact(&server).await;
    let told = log.leaks(&sailor::leaks(fake.account()));
    assert_eq!(told, Vec::<String>::new(), "in the log of {} bytes", log.length());
    assert!(log.length() > 10_000, "the log is heard");
}

/// Not `eprintln!`, which the test runner keeps to itself when a test passes.
fn announce(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{text}");
}
