//! Large files: in parts, each as often as it takes, and never twice as a whole.

use std::time::Duration;

use aviary_domain::media::Rendition;
use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op};

use crate::film::film;
use crate::home::{Home, impatient};

const BYTES: usize = 60_000_001;
/// 20,000,000 bytes each, and one byte.
const PARTS: usize = 4;

async fn is_kept_in(calls: usize, home: &Home) {
    let bytes = film(BYTES);
    let key = home.keep_film(1, &bytes).await;
    assert!(home.fetch_plain(&key, Rendition::Film).await == Some(bytes), "the same bytes");
    let fake = home.fake();
    assert_eq!((fake.count(Op::Chunk), fake.count(Op::Upload)), (calls, 0));
    assert_eq!((fake.unfinished(), fake.bytes_unfinished(), home.in_spool()), (0, 0, 0));
    assert_eq!(fake.assets().len(), 1);
}

#[tokio::test]
async fn a_large_file_goes_in_parts() {
    is_kept_in(PARTS, &Home::cloudinary()).await;
}

#[tokio::test]
async fn a_part_that_failed_is_sent_again_and_no_other() {
    for fault in
        [Fault::DropInBody, Fault::DropAtOnce, Fault::DropAnswer, Fault::DropInAnswer, Fault::Status(500, None)]
    {
        let home = Home::cloudinary();
        home.fake().next(Op::Chunk, Fault::Slow(Duration::ZERO));
        home.fake().next(Op::Chunk, fault);
        is_kept_in(PARTS + 1, &home).await;
    }
}

#[tokio::test]
async fn the_last_answer_may_be_lost() {
    for fault in [Fault::DropAnswer, Fault::DropInAnswer] {
        let home = Home::cloudinary();
        for _ in 1..PARTS {
            home.fake().next(Op::Chunk, Fault::Slow(Duration::ZERO));
        }
        home.fake().next(Op::Chunk, fault);
        is_kept_in(PARTS + 1, &home).await;
    }
}

#[tokio::test]
async fn several_failures_of_several_parts_are_overcome() {
    let home = Home::cloudinary();
    for fault in [
        Fault::Status(429, Some(1)),
        Fault::Slow(Duration::ZERO),
        Fault::DropInBody,
        Fault::Status(502, None),
        Fault::Slow(Duration::ZERO),
        Fault::DropAnswer,
    ] {
        home.fake().next(Op::Chunk, fault);
    }
    is_kept_in(PARTS + 4, &home).await;
}

#[tokio::test]
async fn a_large_file_that_cannot_be_sent_leaves_nothing_here() {
    let home = Home::at(FakeCloudinary::start(), impatient);
    home.fake().next(Op::Chunk, Fault::Slow(Duration::ZERO));
    home.fake().always(&[Op::Chunk], Fault::DropInBody);
    let file = home.film(&film(BYTES)).await;
    let outcome = home.media.keep(file, &crate::home::name(1)).await;
    assert!(matches!(outcome, Err(aviary_domain::media::MediaError::Unavailable(_))), "{outcome:?}");
    assert_eq!((home.in_spool(), home.fake().assets()), (0, vec![]));
}
