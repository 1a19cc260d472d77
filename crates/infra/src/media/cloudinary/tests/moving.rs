//! Opening and closing, and what has to be made anew then.

use aviary_domain::file::FileKey;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, MediaError, Progress};
use serde_json::json;

use super::{House, described, film, image};
use crate::media::cloudinary::stub::{Asked, Told, json as told};

/// A provider where everything lies under one delivery type, and a move gives version 20.
fn lying(here: &'static str) -> impl Fn(&Asked) -> Told + Send + Sync {
    move |asked| match (asked.field("type") == here, asked.path.ends_with("/rename")) {
        (false, _) => Told::Answer(404, "{}".to_owned()),
        (true, true) => told(&described(asked, 20, &json!({}))),
        (true, false) => told(&described(asked, 19, &json!({}))),
    }
}

fn calls(house: &House) -> Vec<(String, String)> {
    house.asked("eager")
}

#[tokio::test]
async fn an_image_is_closed_and_opened() {
    let house = House::new(lying("upload")).await;
    let closed = house.media.set_access(&image().marked("u12"), Access::Private).await.unwrap().unwrap();
    assert_eq!(closed, image().marked("a20"));
    assert!(house.media.has_access(&closed, Access::Private) && !house.media.has_access(&closed, Access::Public));
    let asked = house.stub.asked();
    let fields = ["from_public_id", "to_public_id", "type", "to_type", "overwrite", "invalidate"];
    let id = house.asset(&image()).public_id;
    let expected = [id.as_str(), id.as_str(), "upload", "authenticated", "true", "true"];
    assert_eq!((asked.len(), fields.map(|name| asked[0].field(name))), (1, expected));

    let house = House::new(lying("authenticated")).await;
    let open = house.media.set_access(&closed, Access::Public).await.unwrap();
    assert_eq!(open, Some(image().marked("u20")));
}

#[tokio::test]
async fn doing_it_again_is_no_error_and_changes_nothing() {
    let house = House::new(lying("authenticated")).await;
    let again = house.media.set_access(&film().marked("a19h"), Access::Private).await.unwrap();
    assert_eq!(again, Some(film().marked("a19h")));
    assert_eq!(calls(&house), [("video/rename".into(), String::new()), ("video/explicit".into(), String::new())]);
}

#[tokio::test]
async fn a_moved_film_has_its_playlist_made_anew() {
    let house = House::new(|asked: &Asked| told(&described(asked, 20, &json!({})))).await;
    let key = house.media.set_access(&film().marked("u12h"), Access::Private).await.unwrap().unwrap();
    assert_eq!(key, film().marked("a20"));
    assert!(!house.media.is_ready(&key));
    assert_eq!(
        calls(&house),
        [("video/rename".into(), String::new()), ("video/explicit".into(), "sp_auto/m3u8".into())]
    );

    // Moved by somebody who died before it could be noted.
    let house = House::new(lying("authenticated")).await;
    let key = house.media.set_access(&film().marked("u12h"), Access::Private).await.unwrap();
    assert_eq!(key, Some(film().marked("a19")));
    assert_eq!(calls(&house).last(), Some(&("video/explicit".into(), "sp_auto/m3u8".into())));
}

#[tokio::test]
async fn where_a_film_lies_is_learnt_even_if_its_playlist_is_refused() {
    let house = House::new(|asked| {
        if asked.path.ends_with("/rename") {
            told(&described(asked, 20, &json!({})))
        } else {
            Told::Answer(400, "{}".to_owned())
        }
    })
    .await;
    let key = house.media.set_access(&film().marked("u12h"), Access::Private).await.unwrap();
    assert_eq!(key, Some(film().marked("a20")));
}

#[tokio::test]
async fn a_film_whose_playlist_could_not_be_asked_for_is_not_moved_yet() {
    for status in [401, 403, 404, 409] {
        let house = House::new(move |asked| {
            if asked.path.ends_with("/rename") {
                told(&described(asked, 20, &json!({})))
            } else {
                Told::Answer(status, "{}".to_owned())
            }
        })
        .await;
        let key = house.media.set_access(&film().marked("u12h"), Access::Private).await;
        match status {
            404 => assert_eq!(key.unwrap(), None),
            _ => assert!(matches!(key, Err(MediaError::Backend(_))), "{status}: {key:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_nowhere_has_no_access() {
    let house = House::new(|_| Told::Answer(404, "{}".to_owned())).await;
    for key in [film().marked("u12"), image().marked("u12")] {
        assert_eq!(house.media.set_access(&key, Access::Private).await.unwrap(), None, "{key}");
        assert_eq!(house.media.set_access(&key, Access::Public).await.unwrap(), None, "{key}");
    }
}

#[tokio::test]
async fn a_film_of_another_application_is_moved_too() {
    let house = House::new(lying("upload")).await;
    let key = FileKey::from_stored("https://res.cloudinary.com/demo/video/upload/v5/x/my%20film.mp4".to_owned());
    assert!(house.media.has_access(&key, Access::Public) && house.media.is_ready(&key));
    let moved = house.media.set_access(&key, Access::Private).await.unwrap().unwrap();
    assert_eq!(moved.as_str(), "https://res.cloudinary.com/demo/video/authenticated/v20/x/my%20film.mp4");
    assert!(house.media.has_access(&moved, Access::Private));
    let foreign = FileKey::from_stored("https://example.org/x.mp4".to_owned());
    assert_eq!(house.media.set_access(&foreign, Access::Private).await.unwrap(), Some(foreign.clone()));
    assert!(house.media.has_access(&foreign, Access::Private), "there is nothing that could be done");
}

#[tokio::test]
async fn progress_is_what_the_playlist_says() {
    let of = async |status: u16, body: &'static str| {
        let house = House::new(move |_| Told::Answer(status, body.to_owned())).await;
        let progress = house.media.progress(&film().marked("a12")).await;
        let path = house.stub.asked()[0].path.clone();
        assert!(path.starts_with("/demo/video/authenticated/s--") && path.contains("--/sp_auto/v12/"), "{path}");
        progress
    };
    assert_eq!(of(200, "#EXTM3U\n").await.unwrap(), Progress::Ready(film().marked("a12h")));
    assert_eq!(of(423, "").await.unwrap(), Progress::Pending);
    let missing = Progress::Failed("The film's file is missing".to_owned());
    assert_eq!(of(404, "provider's words").await.unwrap(), missing);
    let impossible = Progress::Failed("The film cannot be prepared for streaming".to_owned());
    assert_eq!(of(400, "provider's words").await.unwrap(), impossible);
    assert!(matches!(of(401, "").await, Err(MediaError::Backend(_))), "that is our own fault");
    assert!(matches!(of(200, "<html>").await, Err(MediaError::Backend(_))));
    assert!(matches!(of(503, "").await, Err(MediaError::Unavailable(_))));
}

#[tokio::test]
async fn a_film_is_processed_again_wherever_it_lies() {
    for here in ["upload", "authenticated"] {
        let house = House::new(lying(here)).await;
        assert_eq!(house.media.reprocess(&film().marked("u12")).await.unwrap(), Progress::Pending);
        let last = house.stub.asked().last().cloned().unwrap();
        assert_eq!(
            (last.field("type"), last.field("eager"), last.field("eager_async")),
            (here, "sp_auto/m3u8", "true")
        );
    }
    let house = House::new(lying("nowhere")).await;
    let gone = house.media.reprocess(&film().marked("u12")).await.unwrap();
    assert_eq!(gone, Progress::Failed("The film's file is missing".to_owned()));
}
