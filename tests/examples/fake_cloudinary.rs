//! The fake Cloudinary by itself, to try a server against it by hand:
//! `cargo run -p aviary-tests --example fake_cloudinary -- --port 9090`, then start the server with the `CLOUDINARY_URL` that it prints.

use std::time::Duration;

use aviary_tests::cloudinary::{Account, Algorithm, FakeCloudinary, Fault, Op, Plan};
use clap::Parser;

/// A Cloudinary that lives in a temporary folder of this machine and forgets everything when it ends.
#[derive(Parser)]
struct Arguments {
    /// Where to listen on loopback; 0 takes any free port.
    #[arg(long, default_value_t = 9090)]
    port: u16,
    /// The cloud's name.
    #[arg(long, default_value = "aviary-fake")]
    cloud: String,
    /// The API key.
    #[arg(long, default_value = "314159265358979")]
    key: String,
    /// The API secret.
    #[arg(long, default_value = "fAkE-sEcReT_of-the-Tests-9")]
    secret: String,
    /// Sign with SHA-256 instead of SHA-1.
    #[arg(long)]
    sha256: bool,
    /// How many calls go wrong at random, from 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    faults: f64,
    /// Which random faults come.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many seconds the work on a film takes.
    #[arg(long, default_value_t = 3.0)]
    work: f64,
    /// How much of the work on films fails, from 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    failing_work: f64,
}

fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let algorithm = if arguments.sha256 { Algorithm::Sha256 } else { Algorithm::Sha1 };
    let Arguments { cloud, key, secret, .. } = arguments;
    let account = Account { cloud, key, secret, algorithm, ..Account::default() };
    let fake = FakeCloudinary::open(arguments.port, account, arguments.seed)?;
    fake.plan(Plan { takes: Some(Duration::from_secs_f64(arguments.work)), fails: arguments.failing_work });
    if arguments.faults > 0.0 {
        fake.storm(arguments.faults, &Fault::PASSING);
    }
    println!("CLOUDINARY_URL={}", fake.cloudinary_url());
    let mut seen = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let calls = fake.calls();
        for call in calls.iter().skip(seen).filter(|call| call.op != Op::Other) {
            let status = call.status.map_or_else(|| "dropped".to_owned(), |status| status.to_string());
            println!("{status} {:?} {} ({} assets)", call.op, call.asked, fake.assets().len());
        }
        seen = calls.len();
    }
}
