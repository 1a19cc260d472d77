//! Keeping and removing files.

use std::sync::atomic::{AtomicUsize, Ordering};

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{MediaError, MediaStore};
use serde_json::json;

use super::{House, NOTIFY, SECRET, chain, described, film, image};
use crate::media::cloudinary::asset::EAGER_HLS;
use crate::media::cloudinary::signature::{SignatureAlgorithm, Signer};
use crate::media::cloudinary::stub::{Asked, Told, json as told};

fn stored(asked: &Asked) -> Told {
    told(&described(asked, 12, &json!({})))
}

/// Whether a request is signed over everything it sends.
fn is_signed(asked: &Asked) -> bool {
    let sent = asked.fields.iter().filter(|(name, _)| !["api_key", "signature"].contains(&name.as_str()));
    let sent: Vec<_> = sent.map(|(name, value)| (name.as_str(), value.clone())).collect();
    let signer = Signer::new(SignatureAlgorithm::Sha1, SECRET.into());
    asked.field("signature") == signer.request(&sent) && asked.field("api_key") == "key1"
}

#[tokio::test]
async fn an_image_goes_in_one_signed_call_and_leaves_the_spool() {
    let house = House::new(stored).await;
    let file = house.file(FileFormat::Jpeg, 1_000).await;
    let key = house.media.keep(file, &image()).await.unwrap();
    assert_eq!(key, image().marked("u12"));
    let asked = &house.stub.asked()[0];
    assert_eq!(asked.path, "/v1_1/demo/image/upload");
    assert_eq!(asked.file, Some(1_000));
    assert_eq!(asked.field("public_id"), format!("aviary/images/{}-jpg", image().stem().unwrap()));
    assert_eq!((asked.field("type"), asked.field("timestamp")), ("upload", "1700000000"));
    assert!(is_signed(asked), "{:?}", asked.fields);
    assert_eq!(asked.field("eager"), "");
    assert_eq!(house.spooled(), 0);
}

#[tokio::test]
async fn a_film_has_its_playlist_made_without_anybody_waiting() {
    let house = House::new(stored).await;
    let key = house.media.keep(house.file(FileFormat::Mp4, 10).await, &film()).await.unwrap();
    assert_eq!(key, film().marked("u12"));
    assert!(!house.media.is_ready(&key));
    let asked = &house.stub.asked()[0];
    assert_eq!(asked.path, "/v1_1/demo/video/upload");
    assert_eq!((asked.field("eager"), asked.field("eager_async")), (EAGER_HLS, "true"));
    assert_eq!((asked.field("eager_notification_url"), asked.field("notification_url")), (NOTIFY, NOTIFY));
    assert!(is_signed(asked));
}

#[tokio::test]
async fn an_upload_without_an_answer_is_sent_again() {
    let calls = AtomicUsize::new(0);
    let house = House::new(move |asked| match calls.fetch_add(1, Ordering::Relaxed) {
        0 => Told::Nothing,
        1 => Told::Answer(503, "<html>".to_owned()),
        2 => Told::With(429, "retry-after: 1", "{}".to_owned()),
        _ => stored(asked),
    })
    .await;
    let key = house.media.keep(house.file(FileFormat::Jpeg, 10).await, &image()).await.unwrap();
    assert_eq!((key.mark(), house.stub.asked().len()), (Some("u12"), 4));
    assert!(house.stub.asked().iter().all(|asked| asked.field("overwrite") == "true" && is_signed(asked)));
}

#[tokio::test]
async fn what_is_not_believable_is_not_stored() {
    for wrong in [
        json!({"signature": "08d3107a5b2ad82e7d82c0b972218fbf20b5b1e0"}),
        json!({"signature": null}),
        json!({"version": 13}),
        json!({"public_id": "aviary/images/other-jpg"}),
        json!({"type": "private"}),
        json!({"resource_type": "raw"}),
        json!({"version": "x"}),
    ] {
        let answer = wrong.clone();
        let house = House::new(move |asked| told(&described(asked, 12, &answer))).await;
        let kept = house.media.keep(house.file(FileFormat::Jpeg, 10).await, &image()).await;
        assert!(matches!(kept, Err(MediaError::Backend(_))), "{wrong}: {kept:?}");
        assert_eq!((house.stub.asked().len(), house.spooled()), (1, 0), "{wrong}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_without_the_providers_words() {
    let text = format!(r#"{{"error":{{"message":"Invalid Signature x. String to sign - 'public_id={SECRET}'."}}}}"#);
    let house = House::new(move |_| Told::Answer(401, text.clone())).await;
    let error = house.media.keep(house.file(FileFormat::Jpeg, 10).await, &image()).await.unwrap_err();
    let said = chain(&error);
    assert!(matches!(error, MediaError::Backend(_)) && house.stub.asked().len() == 1, "it is not tried again");
    assert!(said.contains("401") && said.contains("r-1"), "for the log: {said}");
    assert!(!said.contains(SECRET) && !said.contains("Invalid") && !said.contains("sign"), "{said}");
}

/// Answers as the chunk protocol says; `odd` answers first, by the number of the call.
async fn chunked(odd: impl Fn(usize, &Asked) -> Option<Told> + Send + Sync + 'static) -> House {
    let calls = AtomicUsize::new(0);
    House::new(move |asked| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        odd(call, asked).unwrap_or_else(|| {
            let range = asked.header("content-range");
            let last = range.strip_prefix("bytes ").and_then(|r| r.split_once('/')).is_none_or(|(range, total)| {
                range.rsplit('-').next().and_then(|end| end.parse::<u64>().ok()).map(|end| end + 1)
                    == total.parse().ok()
            });
            if last { told(&described(asked, 12, &json!({"bytes": LARGE}))) } else { told(&json!({"done": false})) }
        })
    })
    .await
}

const LARGE: u64 = 40_000_001;
const RANGES: [&str; 3] =
    ["bytes 0-19999999/40000001", "bytes 20000000-39999999/40000001", "bytes 40000000-40000000/40000001"];

fn ranges(house: &House) -> Vec<String> {
    house.stub.asked().iter().map(|asked| asked.header("content-range").to_owned()).collect()
}

async fn keep_large(house: &House) -> Result<FileKey, MediaError> {
    house.media.keep(house.file(FileFormat::Mp4, LARGE).await, &film()).await
}

#[tokio::test]
async fn a_large_film_goes_in_parts_and_a_failed_part_goes_again() {
    let house = chunked(|call, _| match call {
        1 => Some(Told::Nothing),
        2 => Some(Told::Answer(502, String::new())),
        _ => None,
    })
    .await;
    assert_eq!(keep_large(&house).await.unwrap(), film().marked("u12"));
    assert_eq!(ranges(&house), [RANGES[0], RANGES[1], RANGES[1], RANGES[1], RANGES[2]]);
    let asked = house.stub.asked();
    let ids: std::collections::BTreeSet<_> = asked.iter().map(|asked| asked.header("x-unique-upload-id")).collect();
    assert!(ids.len() == 1 && ids.iter().all(|id| id.len() == 32), "{ids:?}");
    assert!(asked.iter().all(|asked| is_signed(asked) && asked.field("eager") == EAGER_HLS));
    let sizes: Vec<_> = asked.iter().filter_map(|asked| asked.file).collect();
    assert_eq!(sizes, [20_000_000, 20_000_000, 20_000_000, 20_000_000, 1]);
    assert_eq!(house.spooled(), 0);
}

#[tokio::test]
async fn an_upload_whose_last_answer_was_lost_is_found() {
    let house = chunked(|call, asked| match call {
        2 => Some(Told::Nothing),
        3 => Some(Told::Answer(400, "{}".to_owned())),
        4 => Some(told(&described(asked, 15, &json!({"bytes": LARGE})))),
        _ => None,
    })
    .await;
    assert_eq!(keep_large(&house).await.unwrap(), film().marked("u15"));
    let asked = house.stub.asked();
    assert_eq!((asked.len(), asked[4].path.as_str()), (5, "/v1_1/demo/video/explicit"));
}

#[tokio::test]
async fn an_upload_that_is_lost_is_begun_again_once() {
    let house = chunked(|call, asked| match call {
        1 => Some(Told::Nothing),
        2 => Some(Told::Answer(404, "{}".to_owned())),
        _ if asked.path.ends_with("explicit") => Some(Told::Answer(404, "{}".to_owned())),
        _ => None,
    })
    .await;
    assert_eq!(keep_large(&house).await.unwrap(), film().marked("u12"));
    assert_eq!(ranges(&house), [RANGES[0], RANGES[1], RANGES[1], "", RANGES[0], RANGES[1], RANGES[2]]);
    let asked = house.stub.asked();
    assert_ne!(asked[0].header("x-unique-upload-id"), asked[4].header("x-unique-upload-id"));

    let never = chunked(|_, asked| {
        let answer = if asked.path.ends_with("explicit") {
            Told::Answer(404, "{}".to_owned())
        } else {
            told(&json!({"done": false}))
        };
        Some(answer)
    })
    .await;
    assert!(matches!(keep_large(&never).await, Err(MediaError::Backend(_))));
    assert_eq!(never.stub.asked().len(), 7);
}

#[tokio::test]
async fn removing_looks_everywhere_and_absence_is_no_failure() {
    let house = House::new(|asked| {
        let result = if asked.field("type") == "upload" { "not found" } else { "ok" };
        told(&json!({ "result": result }))
    })
    .await;
    let path = house.put(&film());
    house.media.remove(&film()).await.unwrap();
    assert!(!path.exists());
    let mut types = house.asked("type");
    types.sort();
    let destroy = "video/destroy".to_owned();
    assert_eq!(types, [(destroy.clone(), "authenticated".to_owned()), (destroy, "upload".to_owned())]);
    let id = house.asset(&film()).public_id;
    let asked = house.stub.asked();
    assert!(asked.iter().all(|a| a.field("public_id") == id && a.field("invalidate") == "true" && is_signed(a)));
}

#[tokio::test]
async fn a_removal_that_failed_in_part_has_failed() {
    let house = House::new(|asked| {
        if asked.field("type") == "authenticated" {
            Told::Answer(403, String::new())
        } else {
            told(&json!({"result": "ok"}))
        }
    })
    .await;
    assert!(matches!(house.media.remove(&image().marked("u1")).await, Err(MediaError::Backend(_))));
    let odd = House::new(|_| told(&json!({"result": "error"}))).await;
    assert!(odd.media.remove(&image()).await.is_err());
}

#[tokio::test]
async fn files_of_other_applications_go_where_they_are_ours() {
    let house = House::new(|_| told(&json!({"result": "ok"}))).await;
    let adopted = "https://res.cloudinary.com/demo/video/upload/v123/x/my%20film.mp4";
    house.media.remove(&FileKey::from_stored(adopted.to_owned())).await.unwrap();
    assert_eq!(house.asked("public_id"), vec![("video/destroy".to_owned(), "x/my film".to_owned()); 2]);
    house.media.remove(&FileKey::from_stored("https://example.org/x.mp4".to_owned())).await.unwrap();
    let still = house.media.derived_poster(&film().marked("u1")).unwrap();
    house.media.remove(&still).await.unwrap();
    assert_eq!(house.stub.asked().len(), 2, "nothing lies there");
}
