//! Rules of the note of where a home's files are.

use futures_util::future::join_all;

use super::check::CROWD;
use crate::Store;
use crate::media::site::MediaSite;

fn account(name: &str, folder: &str) -> MediaSite {
    MediaSite::Account { name: name.to_owned(), folder: folder.to_owned() }
}

async fn noted(store: &Store) -> Option<MediaSite> {
    store.media_site.noted().await.unwrap()
}

async fn note(store: &Store, before: Option<&MediaSite>, site: &MediaSite) -> bool {
    store.media_site.note(before.cloned(), site.clone()).await.unwrap()
}

pub async fn nothing_is_noted_in_a_fresh_store(store: Store) {
    assert_eq!(noted(&store).await, None);
}

pub async fn every_site_is_noted_as_given(store: Store) {
    let mut before = None;
    for site in [account("demo", "aviary"), MediaSite::Folder, account("d-e_m0", "a/b-c"), account("demo", "other")] {
        assert!(note(&store, before.as_ref(), &site).await);
        assert_eq!(noted(&store).await.as_ref(), Some(&site));
        before = Some(site);
    }
}

pub async fn a_site_is_noted_only_in_the_place_of_the_one_before(store: Store) {
    let (own, other) = (account("demo", "aviary"), account("other", "aviary"));
    for before in [&MediaSite::Folder, &own] {
        assert!(!note(&store, Some(before), &own).await, "nothing is noted yet");
        assert_eq!(noted(&store).await, None);
    }
    assert!(note(&store, None, &own).await);
    for before in [None, Some(&MediaSite::Folder), Some(&other), Some(&account("demo", "other"))] {
        assert!(!note(&store, before, &other).await, "{before:?}");
        assert_eq!(noted(&store).await.as_ref(), Some(&own));
    }
    assert!(note(&store, Some(&own), &MediaSite::Folder).await);
    assert!(!note(&store, Some(&own), &other).await);
    assert_eq!(noted(&store).await, Some(MediaSite::Folder));
}

pub async fn of_many_at_once_exactly_one_is_noted(store: Store) {
    let mut before = None;
    for round in 0..3 {
        let sites: Vec<MediaSite> = (0..CROWD).map(|number| account(&format!("a{round}-{number}"), "x")).collect();
        let done = join_all(sites.iter().map(|site| note(&store, before.as_ref(), site))).await;
        let winners: Vec<usize> = (0..CROWD).filter(|number| done[*number]).collect();
        assert_eq!(winners.len(), 1, "in round {round}");
        before = noted(&store).await;
        assert_eq!(before.as_ref(), Some(&sites[winners[0]]));
    }
}
