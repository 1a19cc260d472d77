//! Files that another application left on our own cloud: rows have their URLs.

use aviary_domain::file::FileKey;
use aviary_domain::media::{Access, Rendition};
use aviary_tests::cloudinary::{Delivery, FakeCloudinary, Resource};
use aviary_tests::samples;

use crate::film::film;
use crate::home::Home;

fn url(fake: &FakeCloudinary, path: &str) -> FileKey {
    FileKey::from_stored(format!("{}/{}/{path}", fake.origin(), fake.account().cloud))
}

#[tokio::test]
async fn a_file_of_before_is_given_out_and_removed() {
    let home = Home::cloudinary();
    let fake = home.fake();
    fake.put(Resource::Video, Delivery::Upload, "old/holiday", &film(1000));
    fake.put(Resource::Image, Delivery::Upload, "face", samples::png());
    fake.put(Resource::Image, Delivery::Upload, "holiday", samples::png());
    let film_key = url(fake, "video/upload/v123/old/holiday.mp4");
    let face = url(fake, "image/upload/v123/face.png");
    assert_eq!(home.fetch_plain(&film_key, Rendition::Film).await, Some(film(1000)));
    assert_eq!(home.fetch_plain(&face, Rendition::Avatar).await.as_deref(), Some(samples::png()));
    for key in [&film_key, &face, &film_key] {
        home.upkeep.remove(key).await.expect("removed");
        assert_eq!(home.fetch_plain(key, Rendition::Film).await, None);
    }
    let left: Vec<_> = fake.assets().into_iter().map(|held| held.public_id).collect();
    assert_eq!(left, ["holiday"], "nothing else was touched");
}

#[tokio::test]
async fn a_file_of_before_is_closed_and_opened() {
    let home = Home::cloudinary();
    let fake = home.fake();
    fake.put(Resource::Video, Delivery::Upload, "old/holiday", &film(1000));
    let key = url(fake, "video/upload/v123/old/holiday.mp4");
    assert!(home.upkeep.has_access(&key, Access::Public) && !home.upkeep.has_access(&key, Access::Private));
    assert_eq!(home.fetch_plain(&key, Rendition::Film).await, Some(film(1000)));
    let closed = home.set_access(&key, Access::Private).await;
    assert!(home.upkeep.has_access(&closed, Access::Private), "{closed}");
    assert_eq!(home.fetch_plain(&key, Rendition::Film).await, None);
    assert_eq!(home.fetch(closed.as_str()).await, None, "what the row has opens nothing by itself");
    assert_eq!(home.fetch_signed(&closed, Rendition::Film).await, Some(film(1000)));
    assert_eq!(
        home.set_access(&key, Access::Private).await.name().split("/v").next(),
        closed.name().split("/v").next()
    );
    let open = home.set_access(&closed, Access::Public).await;
    assert_eq!(home.fetch_plain(&open, Rendition::Film).await, Some(film(1000)));
    home.upkeep.remove(&open).await.expect("removed");
    assert_eq!(fake.assets(), []);
}

#[tokio::test]
async fn files_of_the_local_folder_stay_there() {
    let before = Home::local();
    let key = before.keep_film(1, &film(1000)).await;
    let home = Home::cloudinary();
    let path = home.local.path(&key).expect("a path");
    std::fs::copy(before.local.path(&key).expect("a path"), &path).expect("copied");
    assert_eq!(home.fetch_plain(&key, Rendition::Film).await, Some(film(1000)));
    assert_eq!(home.fetch_signed(&key, Rendition::Film).await, Some(film(1000)));
    assert!(home.upkeep.is_ready(&key) && home.inventory.holds(&key).await.expect("an answer"));
    assert!(home.listed().await.contains(&key));
    assert_eq!(home.upkeep.set_access(&key, Access::Private).await.expect("an answer"), Some(key.clone()));
    home.upkeep.remove(&key).await.expect("removed");
    assert!(!path.exists() && !home.inventory.holds(&key).await.expect("an answer"));
}
