//! What goes wrong on demand does so, and what was done by then is known.

use std::time::{Duration, Instant};

use aviary_tests::cloudinary::{Account, FakeCloudinary, Fault, Op, PROVIDER_WORDS};

use crate::film::film;

use super::client::{Asker, form};

async fn upload(asker: &Asker<'_>) -> Result<u16, reqwest::Error> {
    let form = form(&asker.signed(&[("public_id", "x")]), &film(300_000));
    let answer = asker.http.post(asker.url("video/upload")).multipart(form).send().await?;
    let status = answer.status().as_u16();
    answer.bytes().await?;
    Ok(status)
}

#[tokio::test]
async fn connections_end_where_they_are_told_to() {
    for (fault, kept) in
        [(Fault::DropAtOnce, false), (Fault::DropInBody, false), (Fault::DropAnswer, true), (Fault::DropInAnswer, true)]
    {
        let fake = FakeCloudinary::start();
        let asker = Asker::new(&fake);
        fake.next(Op::Upload, fault);
        assert!(upload(&asker).await.is_err(), "{fault:?}");
        assert_eq!(fake.asset("x").is_some(), kept, "{fault:?}");
        assert_eq!(upload(&asker).await.expect("the next one goes well"), 200);
        assert_eq!(fake.calls().iter().map(|call| call.fault).collect::<Vec<_>>(), [Some(fault), None]);
    }
}

#[tokio::test]
async fn statuses_come_as_they_were_asked_for_and_nothing_is_done() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    for status in [420, 429, 500, 502] {
        fake.next(Op::Destroy, Fault::Status(status, Some(7)));
        let request = asker.http.post(asker.url("video/destroy")).form(&asker.signed(&[("public_id", "x")]));
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["retry-after"], "7");
        assert!(answer.text().await.expect("a text").contains(PROVIDER_WORDS));
    }
    fake.always(&[Op::Upload], Fault::Status(503, None));
    for _ in 0..3 {
        assert_eq!(upload(&asker).await.expect("an answer"), 503);
    }
    assert_eq!((fake.assets(), fake.count(Op::Upload)), (vec![], 3));
    fake.calm();
    assert_eq!(upload(&asker).await.expect("an answer"), 200);
}

#[tokio::test]
async fn the_answers_signature_is_wrong_on_demand() {
    let fake = FakeCloudinary::start();
    fake.next(Op::Upload, Fault::WrongSignature);
    let (status, shown) = Asker::new(&fake).upload("video", &[("public_id", "x")], &film(99)).await;
    let held = fake.asset("x").expect("it is there");
    assert_eq!((status, &shown["version"]), (200, &held.version.into()));
    assert_ne!(shown["signature"], fake.sign_answer("x", held.version));
}

#[tokio::test]
async fn slow_is_late_and_hanging_is_never() {
    let fake = FakeCloudinary::start();
    let asker = Asker::new(&fake);
    fake.next(Op::Upload, Fault::Slow(Duration::from_millis(300)));
    let begin = Instant::now();
    assert_eq!(upload(&asker).await.expect("an answer"), 200);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    fake.next(Op::Upload, Fault::Hang);
    assert!(tokio::time::timeout(Duration::from_millis(500), upload(&asker)).await.is_err());
}

#[tokio::test]
async fn connections_are_refused_on_demand() {
    let fake = FakeCloudinary::start();
    fake.refuse_connections();
    assert!(upload(&Asker::new(&fake)).await.is_err());
    fake.calm();
    assert_eq!(upload(&Asker::new(&fake)).await.expect("an answer"), 200);
}

#[tokio::test]
async fn the_same_seed_brings_the_same_faults() {
    let mut outcomes = vec![];
    for seed in [5, 5, 6] {
        let fake = FakeCloudinary::open(0, Account::default(), seed).expect("a port");
        let asker = Asker::new(&fake);
        fake.storm(0.5, &[Fault::Status(500, None), Fault::Status(429, None), Fault::DropAnswer]);
        for _ in 0..40 {
            let _ = asker.http.post(asker.url("video/destroy")).form(&[("x", "y")]).send().await;
        }
        outcomes.push(fake.calls().into_iter().map(|call| call.fault).collect::<Vec<_>>());
    }
    assert_eq!(outcomes[0], outcomes[1]);
    assert_ne!(outcomes[0], outcomes[2]);
    let wrong = outcomes[0].iter().filter(|fault| fault.is_some()).count();
    assert!((8..=32).contains(&wrong), "{wrong} of 40");
}
