//! What the adapter asks of the provider is what it should ask, told by the calls that came in.

use aviary_domain::media::{Access, ImageRole, Rendition};
use aviary_tests::cloudinary::{Delivery, Op, Resource, Streaming};
use aviary_tests::eventually;

use crate::film::film;
use crate::home::{Home, name};

#[tokio::test]
async fn names_are_ours_and_lie_in_our_folder() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    home.keep_picture(2, ImageRole::Avatar).await;
    let held = home.fake().assets();
    let kinds: Vec<_> = held.iter().map(|held| (held.resource, held.delivery)).collect();
    assert_eq!(kinds, [(Resource::Image, Delivery::Upload), (Resource::Video, Delivery::Upload)]);
    assert!(held[0].public_id.starts_with("aviary/images/02020202"), "{held:?}");
    assert!(held[1].public_id.starts_with("aviary/videos/01010101"), "{held:?}");
}

#[tokio::test]
async fn a_small_file_is_one_call() {
    let home = Home::cloudinary();
    home.keep_film(1, &film(1000)).await;
    home.keep_picture(2, ImageRole::Avatar).await;
    let ops: Vec<_> = home.fake().calls().into_iter().map(|call| call.op).collect();
    assert_eq!(ops, [Op::Upload, Op::Upload]);
}

#[tokio::test]
async fn a_playlist_is_asked_for_with_the_film() {
    let home = Home::cloudinary();
    let key = home.keep_film(1, &film(1000)).await;
    let made = || home.fake().assets()[0].streaming == Streaming::Made;
    eventually("the playlist is made", made).await;
    let notices = home.fake().notices();
    assert!(
        notices.iter().any(|sent| sent.url == "http://127.0.0.1:9/hook" && sent.body.contains("m3u8")),
        "{notices:?}"
    );
    // Closed, it is made anew.
    home.set_access(&key, Access::Private).await;
    eventually("the playlist is made anew", made).await;
}

#[tokio::test]
async fn a_version_is_in_every_url() {
    let home = Home::cloudinary();
    let key = home.ready(&home.keep_film(1, &film(1000)).await).await;
    let version = home.fake().assets()[0].version;
    let still = home.media.derived_poster(&key).expect("a still");
    let urls = [
        home.media.url(&key, Rendition::Film, None),
        home.media.url(&still, Rendition::Still, None),
        home.media.playback_url(&key).expect("a playlist"),
    ];
    for url in urls {
        assert!(url.contains(&format!("/v{version}/")), "{url}");
        assert!(!url.contains("s--"), "what is public needs no signature: {url}");
    }
}

#[tokio::test]
async fn the_version_after_a_move_is_the_answers() {
    let home = Home::cloudinary();
    let key = home.keep_film(1, &film(1000)).await;
    let closed = home.set_access(&key, Access::Private).await;
    let held = home.fake().assets().remove(0);
    assert_eq!(held.delivery, Delivery::Authenticated);
    assert!(closed.as_str().contains(&held.version.to_string()), "{closed} {held:?}");
    assert_ne!(closed, key);
}

#[tokio::test]
async fn removing_by_name_looks_everywhere() {
    let home = Home::cloudinary();
    let key = home.keep_film(1, &film(1000)).await;
    home.set_access(&key, Access::Private).await;
    home.upkeep.remove(&name(1)).await.expect("removed");
    assert_eq!(home.fake().assets(), []);
    assert!(home.fake().count(Op::Destroy) <= 2);
}

#[tokio::test]
async fn the_hourly_limit_of_lists_is_an_outage_of_lists_alone() {
    let home = Home::at(aviary_tests::cloudinary::FakeCloudinary::start(), crate::home::impatient);
    home.fake().allow_admin_calls(Some(0));
    assert!(home.inventory.list(None).await.is_err());
    let key = home.keep_film(1, &film(1000)).await;
    assert!(home.inventory.holds(&key).await.expect("an answer"));
    home.upkeep.remove(&key).await.expect("removed");
}
