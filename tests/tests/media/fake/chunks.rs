//! Large files in parts.

use aviary_tests::cloudinary::{FakeCloudinary, Fault, Op};

use crate::film::film;

use super::client::{Asker, read, refusal};

const PART: usize = 6_000_000;
const WHOLE: usize = 13_000_000;

#[tokio::test]
async fn parts_in_order_become_the_whole() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(WHOLE);
    for (start, end) in [(0, PART), (PART, 2 * PART)] {
        let (status, said) = asker.part("x", &bytes, start, end).await;
        assert_eq!((status, &said["done"]), (200, &false.into()));
        assert_eq!(fake.assets(), []);
    }
    assert_eq!((fake.unfinished(), fake.bytes_unfinished()), (1, 12_000_000));
    let (status, said) = asker.part("x", &bytes, 2 * PART, WHOLE).await;
    assert_eq!((status, &said["done"], &said["bytes"]), (200, &true.into(), &WHOLE.into()));
    assert!(fake.content("x") == Some(bytes), "the same bytes");
    assert_eq!((fake.unfinished(), fake.bytes_unfinished()), (0, 0));
}

#[tokio::test]
async fn only_the_last_part_may_be_small() {
    let fake = FakeCloudinary::start();
    let answer = Asker::new(&fake).part("x", &film(WHOLE), 0, 5_000_000).await;
    assert_eq!(refusal(&answer, 400), "All parts except EOF-chunk must be larger than 5mb");
    assert_eq!(fake.unfinished(), 0);
}

#[tokio::test]
async fn parts_out_of_order_are_refused() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(WHOLE);
    refusal(&asker.part("x", &bytes, PART, 2 * PART).await, 400);
    asker.part("x", &bytes, 0, PART).await;
    refusal(&asker.part("x", &bytes, 2 * PART, WHOLE).await, 400);
    refusal(&asker.part("x", &bytes, PART - 1, WHOLE).await, 400);
    assert_eq!(asker.part("x", &bytes, PART, WHOLE).await.0, 200);
    refusal(&asker.part("x", &bytes, 0, PART).await, 400);
}

#[tokio::test]
async fn the_same_part_may_come_again() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(WHOLE);
    fake.next(Op::Chunk, Fault::DropInBody);
    assert!(asker.part_request("x", &bytes, 0, PART).send().await.is_err());
    for _ in 0..2 {
        assert_eq!(asker.part("x", &bytes, 0, PART).await.1["done"], false);
    }
    fake.next(Op::Chunk, Fault::DropAnswer);
    assert!(asker.part_request("x", &bytes, PART, WHOLE).send().await.is_err());
    let (status, said) = asker.part("x", &bytes, PART, WHOLE).await;
    assert_eq!((status, &said["done"]), (200, &true.into()));
    assert_eq!(said["signature"], fake.sign_answer("x", fake.asset("x").expect("it is there").version));
    assert!(fake.content("x") == Some(bytes), "the same bytes");
}

#[tokio::test]
async fn a_part_is_as_long_as_it_says_and_has_an_id() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(WHOLE);
    for range in ["bytes 0-1/2", "bytes 0-6000000/13000000", "bytes 5-4/10", "bytes 0-5999999/*", "0-5/6"] {
        let mut request = asker.part_request("x", &bytes, 0, PART).build().expect("a request");
        request.headers_mut().insert("content-range", range.parse().expect("a header"));
        let answer = asker.http.execute(request).await.expect("an answer");
        assert_eq!(answer.status(), 400, "{range}");
    }
    let mut nameless = asker.part_request("x", &bytes, 0, PART).build().expect("a request");
    nameless.headers_mut().remove("x-unique-upload-id");
    assert_eq!(asker.http.execute(nameless).await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn every_part_is_signed_and_about_the_same_file() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    let bytes = film(WHOLE);
    asker.part("x", &bytes, 0, PART).await;
    let other = asker.signed(&[("public_id", "y")]);
    let mut unsigned = asker.signed(&[("public_id", "x")]);
    unsigned.pop();
    for all in [other, unsigned] {
        let request = asker
            .http
            .post(asker.url("video/upload"))
            .header("x-unique-upload-id", "x")
            .header("content-range", format!("bytes {PART}-{}/{WHOLE}", WHOLE - 1));
        refusal(&read(request.multipart(super::client::form(&all, &bytes[PART..]))).await, 400);
    }
}

#[tokio::test]
async fn one_call_brings_a_hundred_mebibytes_at_the_most() {
    let fake = FakeCloudinary::start();
    let answer = Asker::new(&fake).upload("video", &[("public_id", "x")], &film(100 * 1024 * 1024 + 1)).await;
    assert!(refusal(&answer, 413).starts_with("File size too large"));
}
