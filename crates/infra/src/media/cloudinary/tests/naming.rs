//! URLs, and the files of the local folder beside those at Cloudinary.

use aviary_domain::file::FileKey;
use aviary_domain::media::inventory::MediaInventory;
use aviary_domain::media::upkeep::MediaUpkeep;
use aviary_domain::media::{Access, MediaError, MediaStore, Progress, Rendition};
use serde_json::json;

use super::{House, NOW, film, image};
use crate::media::cloudinary::stub::{Asked, Told, json as told};

fn nobody(_: &Asked) -> Told {
    Told::Answer(404, "{}".to_owned())
}

#[tokio::test]
async fn the_forms_of_a_film() {
    let house = House::new(nobody).await;
    let (media, base, id) =
        (&house.media, format!("{}/demo/video/upload", house.stub.url), house.asset(&film()).public_id);
    let key = film().marked("u12h");
    assert_eq!(media.url(&key, Rendition::Film, None), format!("{base}/v12/{id}.mp4"));
    let still = media.derived_poster(&key).unwrap();
    assert_eq!(media.url(&still, Rendition::Still, None), format!("{base}/so_2,c_fill,w_640,h_360/v12/{id}.jpg"));
    assert_eq!(media.playback_url(&key), Some(format!("{base}/sp_auto/v12/{id}.m3u8")));
    assert!(media.is_ready(&key));
    assert_eq!(media.playback_url(&film().marked("u12")), None, "it is not made yet");
    let unmarked = media.derived_poster(&film()).unwrap();
    assert!(unmarked.is_derived() && unmarked.mark().is_none(), "it tells that there will be one");
    assert_eq!(media.derived_poster(&image()), None);
    assert!(house.stub.asked().is_empty(), "nobody was asked");
}

#[tokio::test]
async fn private_forms_are_signed() {
    let house = House::new(nobody).await;
    let key = film().marked("a12h");
    let still = house.media.derived_poster(&key).unwrap();
    let playlist = house.media.playback_url(&key).unwrap();
    for url in [
        house.media.url(&key, Rendition::Film, Some(NOW)),
        house.media.url(&still, Rendition::Still, Some(NOW)),
        playlist,
    ] {
        let path = url.strip_prefix(&format!("{}/demo/video/authenticated/", house.stub.url)).unwrap();
        assert!(path.starts_with("s--") && path.as_bytes()[11..14] == *b"--/" && path.contains("/v12/"), "{url}");
    }
}

#[tokio::test]
async fn files_of_the_local_folder_are_its_own_matter() {
    let house = House::new(nobody).await;
    let (media, key) = (&house.media, film());
    assert_eq!(media.url(&key, Rendition::Film, None), format!("http://here/media/{key}"));
    assert!(media.url(&key, Rendition::Film, Some(NOW)).contains("?expires="));
    assert!(media.is_ready(&key) && media.has_access(&key, Access::Private) && media.playback_url(&key).is_none());
    assert_eq!(media.set_access(&image(), Access::Private).await.unwrap(), None);
    house.put(&image());
    assert_eq!(media.set_access(&image(), Access::Private).await.unwrap(), Some(image()));
    assert!(matches!(media.progress(&key).await.unwrap(), Progress::Failed(_)));
    assert!(media.holds(&image()).await.unwrap());
    assert!(house.stub.asked().is_empty(), "nobody was asked");
    assert!(!media.holds(&key).await.unwrap());
    assert!(!media.holds(&film().marked("u1")).await.unwrap());
}

#[tokio::test]
async fn urls_of_others_are_given_out_as_they_are() {
    let house = House::new(nobody).await;
    for url in ["https://example.org/a.mp4#t=3", "http://res.cloudinary.com/demo/image/upload/v1/x/y.png"] {
        let key = FileKey::from_stored(url.to_owned());
        assert_eq!(house.media.url(&key, Rendition::Film, Some(NOW)), url);
        assert!(house.media.is_ready(&key) && house.media.playback_url(&key).is_none());
        assert!(house.media.holds(&key).await.unwrap());
    }
    let closed = FileKey::from_stored("https://res.cloudinary.com/demo/video/authenticated/v1/x.mp4".to_owned());
    assert!(house.media.url(&closed, Rendition::Film, None).contains("/authenticated/s--"));
}

#[tokio::test]
async fn the_list_tells_all_of_ours_on_both_sides() {
    let private = FileKey::new(aviary_domain::file::FileFormat::WebM, [9; 16]);
    let ids = [film(), image(), private.clone()].map(|name| {
        let (folder, file) = name.as_str().split_once('/').unwrap();
        format!("aviary/{folder}/{}", file.replace('.', "-"))
    });
    let house = House::new(move |asked| {
        assert!(asked.header("authorization").starts_with("Basic "));
        let page = |names: &[&str], next: Option<&str>| {
            let resources: Vec<_> = names.iter().map(|id| json!({"public_id": id, "format": "x"})).collect();
            told(&json!({"resources": resources, "next_cursor": next}))
        };
        let (path, query) = asked.path.split_once('?').unwrap();
        assert!(query.contains("max_results=500"));
        match path.trim_start_matches("/v1_1/demo/resources/") {
            "video/upload" if query.contains("next_cursor=a%3Ab%26c") => page(&["aviary/videos/strange"], None),
            "video/upload" if query.contains("prefix=aviary%2Fvideos%2F") => page(&[&ids[0]], Some("a:b&c")),
            "video/authenticated" => page(&[&ids[2]], None),
            "image/upload" if query.contains("prefix=aviary%2Fimages%2F") => page(&[&ids[1]], None),
            _ => page(&[], None),
        }
    })
    .await;
    let here = FileKey::new(aviary_domain::file::FileFormat::Png, [0x0f; 16]);
    house.put(&here);
    let (mut names, mut from, mut parts) = (Vec::new(), None, 0);
    loop {
        let part = house.media.list(from).await.unwrap();
        names.extend(part.names);
        parts += 1;
        from = part.next;
        if from.is_none() || parts > 99 {
            break;
        }
    }
    names.sort();
    let mut expected = vec![film(), image(), private, here];
    expected.sort();
    assert_eq!(names, expected);
    let odd = house.media.list(Some("nowhere".to_owned())).await;
    assert!(matches!(odd, Err(MediaError::Backend(_))));
}
