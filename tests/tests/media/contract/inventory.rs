//! What lies in the store.

use aviary_domain::media::{Access, ImageRole};
use aviary_tests::cloudinary::{Delivery, Resource};
use aviary_tests::samples;

use crate::film::film;
use crate::home::{Home, name};

pub(super) async fn everything_is_listed_whoever_may_fetch_it(home: Home) {
    let mut expected = vec![];
    for number in 0..40 {
        let key = home.keep_film(number * 6, &film(100)).await;
        let key = if number % 3 == 0 { home.set_access(&key, Access::Private).await } else { key };
        expected.push(key.unmarked());
    }
    for number in [1, 100, 255] {
        let key = home.keep_picture(number, ImageRole::Avatar).await;
        let key = if number == 100 { home.set_access(&key, Access::Private).await } else { key };
        expected.push(key.unmarked());
    }
    expected.sort();
    assert_eq!(home.listed().await, expected, "each, and without marks");
}

pub(super) async fn what_others_left_is_not_listed(home: Home) {
    home.keep_film(1, &film(100)).await;
    if let Some(fake) = &home.fake {
        for id in ["holiday", "aviary/videos/holiday", "aviary/images/x-jpg", "aviary2/videos/y", "other/aviary/z"] {
            fake.put(Resource::Image, Delivery::Upload, id, samples::png());
            fake.put(Resource::Video, Delivery::Authenticated, &format!("{id}-v"), &film(100));
        }
    } else {
        let folder = home.local.path(&name(1)).expect("a path");
        std::fs::write(folder.with_file_name("holiday.mp4"), "x").expect("written");
    }
    assert_eq!(home.listed().await, [name(1)]);
}

pub(super) async fn a_file_is_held_until_it_is_removed(home: Home) {
    let key = home.keep_film(1, &film(100)).await;
    let closed = home.set_access(&key, Access::Private).await;
    for known in [&key, &closed, &name(1)] {
        assert!(home.inventory.holds(known).await.expect("an answer"), "{known}");
    }
    assert!(!home.inventory.holds(&name(2)).await.expect("an answer"));
    home.upkeep.remove(&name(1)).await.expect("removed");
    for known in [&key, &closed, &name(1)] {
        assert!(!home.inventory.holds(known).await.expect("an answer"), "{known}");
    }
}
