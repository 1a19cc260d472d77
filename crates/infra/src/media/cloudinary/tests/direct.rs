//! Films that come past us.

use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{DirectUploads, Receipt};
use aviary_domain::media::{MediaError, VideoFacts};
use serde_json::{Value, json};

use super::{House, NOTIFY, NOW, described, film, image};
use crate::media::cloudinary::stub::{Asked, Told, json as told};

fn nobody(_: &Asked) -> Told {
    Told::Answer(404, "{}".to_owned())
}

#[tokio::test]
async fn a_ticket_allows_one_film_and_nothing_else() {
    let house = House::new(nobody).await;
    let ticket = house.media.sign(&film(), 1_000, NOW).await.unwrap();
    assert_eq!(ticket.url, format!("{}/v1_1/demo/video/upload", house.stub.url));
    assert_eq!(ticket.expires_at.millis(), 1_700_003_600_000);
    let mut fields = ticket.fields;
    fields.sort();
    let signature = fields.remove(fields.iter().position(|(name, _)| name == "signature").unwrap()).1;
    let key = fields.remove(fields.iter().position(|(name, _)| name == "api_key").unwrap()).1;
    let id = house.asset(&film()).public_id;
    let expected = [
        ("allowed_formats", "mp4"),
        ("eager", "sp_auto/m3u8"),
        ("eager_async", "true"),
        ("eager_notification_url", NOTIFY),
        ("notification_url", NOTIFY),
        ("overwrite", "false"),
        ("public_id", &id),
        ("timestamp", "1700000000"),
        ("type", "upload"),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((fields.as_slice(), key.as_str()), (expected.as_slice(), "key1"));
    let owned: Vec<_> = fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    assert_eq!(signature, house.media.provider.signer.request(&owned));
    assert!(matches!(house.media.sign(&image(), 1_000, NOW).await, Err(MediaError::Backend(_))));
    assert_eq!(house.media.open(&[], NOW), None, "nothing is sent here");
}

#[tokio::test]
async fn a_receipt_needs_the_providers_signature() {
    let house = House::new(nobody).await;
    let receipt = |public_id: &str, version| Receipt {
        public_id: public_id.to_owned(),
        version,
        signature: house.media.provider.signer.answer(public_id, version),
    };
    let id = house.asset(&film()).public_id;
    let genuine = receipt(&id, 7);
    assert_eq!(house.media.verify(&genuine), Some(film()));
    assert_eq!(house.media.verify(&Receipt { version: 8, ..genuine.clone() }), None);
    assert_eq!(house.media.verify(&Receipt { public_id: house.asset(&image()).public_id, ..genuine.clone() }), None);
    assert_eq!(house.media.verify(&Receipt { signature: String::new(), ..genuine }), None);
    assert_eq!(house.media.verify(&receipt(&house.asset(&image()).public_id, 7)), None, "that is no film");
    assert_eq!(house.media.verify(&receipt("others/videos/x", 7)), None);
}

/// What an inspection finds where the provider says this; `details` when it is asked again.
async fn inspected(more: Value, details: Option<Value>) -> Result<Option<(FileKey, VideoFacts, u64)>, MediaError> {
    let house = House::new(move |asked| match (&details, asked.path.contains("/resources/")) {
        (Some(details), true) => {
            assert!(asked.header("authorization").starts_with("Basic "));
            let mut asked = asked.clone();
            let id = asked.path.split("/resources/video/upload/").nth(1).unwrap().split('?').next().unwrap().to_owned();
            asked.fields.insert("public_id".to_owned(), id);
            asked.fields.insert("type".to_owned(), "upload".to_owned());
            told(&described(&asked, 9, details))
        }
        (None, true) => Told::Answer(404, "{}".to_owned()),
        (_, false) => {
            assert_eq!((asked.field("type"), asked.field("eager")), ("upload", "sp_auto/m3u8"));
            told(&described(asked, 9, &more))
        }
    })
    .await;
    let found = house.media.inspect(&film()).await?;
    Ok(found.map(|film| (film.key, film.facts, film.bytes)))
}

#[tokio::test]
async fn a_film_is_what_the_provider_found() {
    let facts = VideoFacts { duration: 2.5, width: 640, height: 360 };
    let all = json!({"bytes": 1_000, "duration": 2.5, "width": 640, "height": 360, "format": "mp4", "is_audio": false});
    let expected = Some((film().marked("u9"), facts, 1_000));
    assert_eq!(inspected(all.clone(), None).await.unwrap(), expected);
    let lean = json!({"bytes": 1_000});
    assert_eq!(inspected(lean.clone(), Some(all)).await.unwrap(), expected, "it is asked for more");
    assert!(matches!(inspected(lean, Some(json!({"bytes": 1_000}))).await, Err(MediaError::Unreadable(_))));
    let other = json!({"bytes": 1_000, "duration": 2.5, "format": "webm"});
    assert!(matches!(inspected(other, None).await, Err(MediaError::UnsupportedType(_))));
    let sound = json!({"bytes": 1_000, "duration": 2.5, "format": "mp4", "is_audio": true});
    assert!(matches!(inspected(sound, None).await, Err(MediaError::Unreadable(_))));
}

#[tokio::test]
async fn what_was_never_sent_is_not_there() {
    let house = House::new(nobody).await;
    assert_eq!(house.media.inspect(&film()).await.unwrap(), None);
    assert_eq!(house.media.inspect(&image()).await.unwrap(), None);
    let file = house.file(FileFormat::Mp4, 10).await;
    assert!(matches!(house.media.store(file, &film(), NOW).await, Err(MediaError::Backend(_))));
}
