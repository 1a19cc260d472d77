//! Films that are sent with a ticket, and what the list of stored files says.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use aviary_domain::Timestamp;
use aviary_domain::file::{FileFormat, FileKey};
use aviary_domain::media::direct::{DirectUploads, Receipt};
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{MediaError, MediaStore, Progress, Rendition};

use super::{Home, key};
use crate::media::samples::{self, H264, clip};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_500);

async fn fields(home: &Home, name: &FileKey) -> Vec<(String, String)> {
    home.media.sign(name, 1_000, NOW).await.unwrap().fields
}

#[tokio::test]
async fn a_ticket_opens_for_an_hour_and_only_as_it_was_signed() {
    let home = Home::new();
    let name = key(FileFormat::Mp4, 1);
    let ticket = home.media.sign(&name, 1_000, NOW).await.unwrap();
    assert_eq!(ticket.url, "http://localhost:8000/api/v1/media/direct-upload");
    let allowance = home.media.open(&ticket.fields, NOW).unwrap();
    assert_eq!((allowance.name, allowance.limit), (name, 1_000));
    let almost = ticket.expires_at.before(Duration::from_millis(1));
    assert!(home.media.open(&ticket.fields, almost).is_some());
    assert!(home.media.open(&ticket.fields, ticket.expires_at).is_none());
    for place in 0..ticket.fields.len() {
        let mut forged = ticket.fields.clone();
        forged[place].1 = forged[place].1.replace(['1', 'a'], "2");
        assert_ne!(forged, ticket.fields);
        assert_eq!(home.media.open(&forged, NOW), None, "{}", forged[place].0);
        forged.remove(place);
        assert_eq!(home.media.open(&forged, NOW), None);
    }
}

#[tokio::test]
async fn a_film_is_stored_once_and_is_what_its_receipt_says() {
    let Some(tools) = samples::tools() else { return };
    let home = Home::new();
    let film = clip(&tools, home.folder.path(), "film.mp4", &[H264]);
    let name = key(FileFormat::Mp4, 1);
    assert_eq!(home.media.inspect(&name).await.unwrap(), None);
    let prepared = home.video(&film).await.unwrap();
    let facts = prepared.facts;
    let receipt = home.media.store(prepared.file, &name, NOW).await.unwrap();
    assert_eq!(home.media.verify(&receipt), Some(name.clone()));
    let stored = home.media.inspect(&name).await.unwrap().unwrap();
    assert_eq!((stored.key, stored.facts), (name.clone(), facts));
    assert_eq!(stored.bytes, fs::metadata(&film).unwrap().len());
    assert!(home.media.poster_of_stored(&name).await.unwrap().is_some());

    let again = home.video(&film).await.unwrap();
    let refused = home.media.store(again.file, &name, NOW).await;
    assert!(matches!(refused, Err(MediaError::Unreadable(_))), "a row may own the first one");
    assert!(home.is_clean());
    for forged in [
        Receipt { public_id: key(FileFormat::Mp4, 2).as_str().to_owned(), ..receipt.clone() },
        Receipt { version: receipt.version + 1, ..receipt.clone() },
        Receipt { signature: fields(&home, &name).await[3].1.clone(), ..receipt.clone() },
    ] {
        assert_eq!(home.media.verify(&forged), None);
    }
}

#[tokio::test]
async fn a_film_that_is_gone_or_damaged_does_not_become_ready() {
    let Some(tools) = samples::tools() else { return };
    let home = Home::new();
    let film = clip(&tools, home.folder.path(), "film.mp4", &[H264]);
    let (sound, damaged, gone) = (key(FileFormat::Mp4, 1), key(FileFormat::Mp4, 2), key(FileFormat::Mp4, 3));
    fs::copy(film, home.media.path(&sound).unwrap()).unwrap();
    fs::write(home.media.path(&damaged).unwrap(), b"no film").unwrap();
    assert_eq!(home.media.reprocess(&sound).await.unwrap(), Progress::Ready(sound.clone()));
    assert!(matches!(home.media.reprocess(&damaged).await.unwrap(), Progress::Failed(_)));
    assert!(matches!(home.media.reprocess(&gone).await.unwrap(), Progress::Failed(_)));
}

#[tokio::test]
async fn all_parts_of_the_list_together_are_what_lies_there() {
    let home = Home::new();
    let mut expected = BTreeSet::new();
    for number in (0..=255).step_by(5) {
        let name = FileKey::new(FileFormat::Png, [number; 16]);
        fs::write(home.media.path(&name).unwrap(), b"x").unwrap();
        assert!(home.media.holds(&name).await.unwrap());
        expected.insert(name);
    }
    fs::write(home.folder.path().join("media/images/notes.txt"), b"x").unwrap();
    let (mut listed, mut from, mut parts) = (BTreeSet::new(), None, 0);
    loop {
        let part = home.media.list(from).await.unwrap();
        listed.extend(part.names);
        parts += 1;
        from = part.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(listed, expected);
    assert_eq!(parts, 16, "not all of them are in memory at once");
    assert!(!home.media.holds(&key(FileFormat::Png, 1)).await.unwrap());
}

#[tokio::test]
async fn a_signed_url_names_its_end() {
    let home = Home::new();
    let name = key(FileFormat::Mp4, 1);
    let plain = home.media.url(&name, Rendition::Film, None);
    assert_eq!(plain, format!("http://localhost:8000/media/{name}"));
    let signed = home.media.url(&name, Rendition::Film, Some(NOW));
    assert!(signed.starts_with(&format!("{plain}?expires=1700000000&signature=")), "{signed}");
    let foreign = FileKey::from_stored("https://example.org/a.mp4".to_owned());
    assert_eq!(home.media.url(&foreign, Rendition::Film, Some(NOW)), foreign.as_str());
}
