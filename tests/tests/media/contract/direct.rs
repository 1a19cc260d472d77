//! Films that go from the browser to the store by themselves.

use std::time::Duration;

use aviary_domain::media::Rendition;
use aviary_domain::media::direct::{Receipt, UploadTicket};
use aviary_tests::samples;

use crate::film::film;
use crate::home::{Home, name, now};

const LIMIT: u64 = 10_000_000;

async fn ticket(home: &Home) -> UploadTicket {
    home.direct.sign(&name(1), LIMIT, now()).await.expect("a ticket")
}

pub(super) async fn a_browser_stores_a_film_with_a_ticket(home: Home) {
    let Some(sample) = samples::mp4() else { return };
    let ticket = ticket(&home).await;
    assert!(ticket.expires_at > now() && ticket.expires_at <= now().after(Duration::from_hours(1)));
    let receipt = home.send(&ticket, &sample.bytes).await.expect("a receipt");
    assert_eq!(home.direct.verify(&receipt), Some(name(1)));
    let stored = home.direct.inspect(&name(1)).await.expect("an answer").expect("a film");
    assert_eq!((stored.key.name(), stored.bytes), (name(1).as_str(), sample.bytes.len() as u64));
    assert!((stored.facts.duration - samples::FILM_SECONDS).abs() < 0.2, "{:?}", stored.facts);
    let size = (u64::from(stored.facts.width), u64::from(stored.facts.height));
    assert!(size == samples::FILM_SIZE || size == (0, 0), "{:?}", stored.facts);
    let ready = home.ready(&stored.key).await;
    assert!(home.fetch_plain(&ready, Rendition::Film).await == Some(sample.bytes.clone()), "the film as it was sent");
    assert_eq!(home.in_spool(), 0);
}

pub(super) async fn another_value_of_any_field_is_refused(home: Home) {
    let sound = ticket(&home).await;
    let mut other = home.direct.sign(&name(2), LIMIT * 2, now().after(Duration::from_secs(5))).await.expect("a ticket");
    other.fields.iter_mut().for_each(|(_, value)| {
        if sound.fields.iter().any(|(_, known)| known == value) {
            // The same in every ticket: another one is not what it was signed for either.
            value.push('x');
        }
    });
    for (place, (field, value)) in other.fields.iter().enumerate() {
        let mut tampered = sound.clone();
        assert_eq!(tampered.fields[place].0, *field);
        tampered.fields[place].1.clone_from(value);
        assert!(home.send(&tampered, &film(1000)).await.is_err(), "{field} = {value}");
    }
    assert_eq!(home.listed().await, []);
    assert!(home.send(&sound, &film(1000)).await.is_ok(), "the ticket itself is sound");
}

pub(super) async fn a_missing_field_is_refused(home: Home) {
    let sound = ticket(&home).await;
    for place in 0..sound.fields.len() {
        let mut tampered = sound.clone();
        let (field, _) = tampered.fields.remove(place);
        assert!(home.send(&tampered, &film(1000)).await.is_err(), "{field}");
    }
    assert_eq!((home.listed().await, home.in_spool()), (vec![], 0));
}

pub(super) async fn a_ticket_ends(home: Home) {
    let old = home.direct.sign(&name(1), LIMIT, now().before(Duration::from_secs(3700))).await.expect("a ticket");
    assert!(old.expires_at < now());
    assert!(home.send(&old, &film(1000)).await.is_err());
    let young = home.direct.sign(&name(1), LIMIT, now().before(Duration::from_secs(3000))).await.expect("a ticket");
    assert!(home.send(&young, &film(1000)).await.is_ok());
}

pub(super) async fn a_ticket_stores_one_film(home: Home) {
    let ticket = ticket(&home).await;
    home.send(&ticket, &film(1000)).await.expect("a receipt");
    // Refused, or answered with what is there: a row may have the first one by now.
    let _ = home.send(&ticket, &film(2000)).await;
    let url = home.media.url(&name(1), Rendition::Film, None);
    let kept = match &home.fake {
        Some(fake) => fake.content(&fake.assets()[0].public_id),
        None => home.fetch(&url).await,
    };
    assert!(kept == Some(film(1000)), "the first film");
    assert_eq!((home.listed().await, home.in_spool()), (vec![name(1)], 0));
}

pub(super) async fn a_receipt_is_for_what_it_was_given_for(home: Home) {
    let ticket = ticket(&home).await;
    let sound = home.send(&ticket, &film(1000)).await.expect("a receipt");
    let other = home.direct.sign(&name(2), LIMIT, now()).await.expect("a ticket");
    let other = home.send(&other, &film(1000)).await.expect("a receipt");
    let signed = |fields: &[(String, String)]| {
        fields.iter().find(|(field, _)| field == "signature").expect("a signature").1.clone()
    };
    let Receipt { public_id, version, signature } = sound.clone();
    for forged in [
        Receipt { public_id: other.public_id.clone(), ..sound.clone() },
        Receipt { version: version + 1, ..sound.clone() },
        Receipt { version: 0, ..sound.clone() },
        Receipt { signature: other.signature.clone(), ..sound.clone() },
        Receipt { signature: String::new(), ..sound.clone() },
        Receipt { signature: signature[1..].to_owned(), ..sound.clone() },
        Receipt { signature: "0".repeat(signature.len()), ..sound.clone() },
        Receipt { signature: signed(&ticket.fields), ..sound.clone() },
        Receipt { public_id: format!("{public_id}&x=1"), ..sound.clone() },
        Receipt { public_id: "../x".to_owned(), ..sound.clone() },
        Receipt { public_id: String::new(), ..sound.clone() },
    ] {
        assert_eq!(home.direct.verify(&forged), None, "{forged:?}");
    }
    assert_eq!(home.direct.verify(&sound), Some(name(1)));
    if let Some(fake) = &home.fake {
        // Genuine, and about something that is not ours.
        let foreign =
            Receipt { public_id: "holiday".to_owned(), version: 1, signature: fake.sign_answer("holiday", 1) };
        assert_eq!(home.direct.verify(&foreign), None);
    }
}

pub(super) async fn there_is_nothing_to_inspect_where_nothing_was_sent(home: Home) {
    ticket(&home).await;
    assert_eq!(home.direct.inspect(&name(1)).await.expect("an answer"), None);
    let picture = home.keep_picture(2, aviary_domain::media::ImageRole::Avatar).await;
    assert_eq!(home.direct.inspect(&picture).await.expect("an answer"), None, "a picture is no film");
}
