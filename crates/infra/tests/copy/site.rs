//! A home knows at which account its files are: who names another one is refused as long as a file is left there, and a
//! copy hands the note on. On either engine.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use aviary_domain::Store;
use aviary_domain::file::{FileFormat, FileKey, FileOwner, OwnedFile};
use aviary_domain::media::site::{MediaSite, SITE_LEASE};
use aviary_domain::test_support::mock::MockFileLedger;
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::user::UserImage;
use aviary_domain::video::{Settlement, Video};
use aviary_infra::copy::{self, CopyError, Media, Uploads};
use aviary_infra::media::cloudinary::{CloudinaryDepot, CloudinarySettings};
use aviary_infra::media::site::{Left, SiteError, check, claim};
use aviary_infra::progress::Unwatched;
use aviary_infra::system::SystemClock;
use futures_util::future::join_all;

use super::{FEW, Folder, Guard, copied, has_mongodb};

fn account(name: &str, folder: &str) -> MediaSite {
    MediaSite::Account { name: name.to_owned(), folder: folder.to_owned() }
}

fn own() -> MediaSite {
    account("demo", "aviary")
}

/// All that a process may be told besides.
fn others() -> [MediaSite; 3] {
    [MediaSite::Folder, account("other", "aviary"), account("demo", "elsewhere")]
}

async fn noted(store: &Store) -> Option<MediaSite> {
    store.media_site.noted().await.unwrap()
}

/// Someone's video whose film is at an account.
async fn marked_video(store: &Store) -> Video {
    let owner = seed::user(store).await;
    let video = seed::video(store, owner.id).await;
    let film = Some((video.file.clone(), video.file.marked("u1712345678")));
    let said = Settlement { film, ..Settlement::default() };
    store.videos.settle(video.id, &said, fixture::at(3)).await.unwrap().unwrap()
}

/// A server came to an orderly end.
async fn ends(store: &Store, site: &MediaSite) {
    store.leases.release(SITE_LEASE, &site.to_string()).await.unwrap();
}

/// Neither a server nor a command may be told this; what it hears names both places and what helps.
async fn refusal(store: &Store, site: &MediaSite) -> Left {
    let before = noted(store).await;
    let looked = check(store, site).await.unwrap_err().to_string();
    let refusal = claim(store, site).await.unwrap_err();
    assert_eq!(refusal.to_string(), looked, "looking finds the same");
    assert_eq!(noted(store).await, before);
    let mut told = vec!["CLOUDINARY_URL"];
    told.extend(before.is_some().then_some("the account demo, folder aviary"));
    let set = site.to_string();
    told.push(if *site == MediaSite::Folder { "no account is set" } else { &set });
    assert!(told.iter().all(|part| looked.contains(part)), "{told:?}: {looked}");
    let SiteError::Elsewhere(elsewhere) = refusal else { panic!("{refusal}") };
    let left = elsewhere.left;
    let (Left::Owned(key) | Left::Due(key)) = &left;
    assert!(looked.contains(key.name()) && !looked.contains('#'), "{looked}");
    left
}

async fn a_home_keeps_to_its_account_while_a_file_is_left_there(store: Store) {
    for _ in 0..2 {
        claim(&store, &own()).await.unwrap();
    }
    assert_eq!(noted(&store).await, Some(own()));
    let video = marked_video(&store).await;
    ends(&store, &own()).await;
    for site in others() {
        assert_eq!(refusal(&store, &site).await, Left::Owned(video.file.clone()), "a row names it");
    }
    assert!(store.videos.delete(video.id, fixture::at(9)).await.unwrap());
    for site in others() {
        assert!(matches!(refusal(&store, &site).await, Left::Due(_)), "it is still to be removed");
    }
    check(&store, &own()).await.unwrap();
    claim(&store, &own()).await.unwrap();
    ends(&store, &own()).await;
    for key in store.files.list(None, 10).await.unwrap() {
        store.files.forget(&key).await.unwrap();
    }
    // Nothing is left there, though there are rows, and URLs of another application.
    let user = seed::user(&store).await;
    let foreign = FileKey::from_stored("https://res.cloudinary.com/demo/a.png#u1".to_owned());
    seed::reserve(&store, std::slice::from_ref(&foreign)).await;
    store.users.replace_image(user.id, UserImage::Avatar, &foreign, fixture::at(10)).await.unwrap().unwrap();
    for key in store.files.list(None, 10).await.unwrap() {
        store.files.forget(&key).await.unwrap();
    }
    for site in others() {
        check(&store, &site).await.unwrap();
        assert_ne!(noted(&store).await.as_ref(), Some(&site), "who only looks notes nothing");
        claim(&store, &site).await.unwrap();
        assert_eq!(noted(&store).await, Some(site.clone()));
        ends(&store, &site).await;
    }
}

async fn what_an_earlier_version_put_to_an_account_is_not_left_for_the_folder(store: Store) {
    let video = marked_video(&store).await;
    assert_eq!(refusal(&store, &MediaSite::Folder).await, Left::Owned(video.file));
    assert_eq!(noted(&store).await, None);
    for _ in 0..2 {
        check(&store, &own()).await.unwrap();
    }
    assert_eq!(noted(&store).await, None, "who only looks notes nothing");
    claim(&store, &own()).await.unwrap();
    assert_eq!(noted(&store).await, Some(own()));
}

async fn what_lies_in_the_folder_hinders_nobody(store: Store) {
    claim(&store, &MediaSite::Folder).await.unwrap();
    let owner = seed::user(&store).await;
    seed::video(&store, owner.id).await;
    seed::reserve(&store, &[fixture::file_key(FileFormat::Mp4)]).await;
    ends(&store, &MediaSite::Folder).await;
    claim(&store, &own()).await.unwrap();
    assert_eq!(noted(&store).await, Some(own()));
}

async fn the_place_does_not_change_under_a_server(store: Store) {
    claim(&store, &own()).await.unwrap();
    for site in others() {
        let refusal = claim(&store, &site).await.unwrap_err();
        assert!(matches!(refusal, SiteError::InUse(_)), "{refusal}");
        assert!(refusal.to_string().contains("the account demo, folder aviary"), "{refusal}");
        check(&store, &site).await.unwrap();
    }
    assert_eq!(noted(&store).await, Some(own()));
    claim(&store, &own()).await.unwrap();
    ends(&store, &own()).await;
    claim(&store, &MediaSite::Folder).await.unwrap();
}

/// Between the first look and the moment in which no other server can begin any more, one may have stored a file.
async fn what_is_stored_in_the_last_moment_is_found_and_the_refused_one_holds_nobody_up(store: Store) {
    claim(&store, &own()).await.unwrap();
    let video = marked_video(&store).await;
    ends(&store, &own()).await;
    let late = OwnedFile { key: video.file.clone(), owner: FileOwner::Film(video.id) };
    let mut files = MockFileLedger::new();
    files.expect_owned().once().returning(|_, _| Ok(vec![]));
    files.expect_list().once().returning(|_, _| Ok(vec![]));
    files.expect_owned().once().return_once(move |_, _| Ok(vec![late]));
    let seen = Store { files: Arc::new(files), ..store.clone() };
    let refusal = claim(&seen, &MediaSite::Folder).await.unwrap_err();
    assert!(
        matches!(&refusal, SiteError::Elsewhere(found) if found.left == Left::Owned(video.file.clone())),
        "{refusal}"
    );
    assert_eq!(noted(&store).await, Some(own()));
    let free = store.leases.acquire(SITE_LEASE, "somebody", Duration::from_secs(1)).await.unwrap();
    assert!(free);
}

async fn of_servers_that_are_first_at_once_those_of_one_place_start(store: Store) {
    let sites: Vec<MediaSite> = others().into_iter().chain([own()]).cycle().take(12).collect();
    let claims = join_all(sites.iter().map(|site| claim(&store, site))).await;
    let noted = noted(&store).await.expect("a note");
    for (site, claimed) in sites.iter().zip(claims) {
        assert_eq!(claimed.is_ok(), *site == noted, "{site}: {claimed:?}");
    }
}

/// Each rule on either engine.
macro_rules! on_either_engine {
    ($($rule:ident,)*) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $rule() {
                let folder = super::Folder::new();
                let open = folder.open();
                super::$rule(open.store).await;
                open.database.close().await.unwrap();
            })*
        }
        mod distributed {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $rule() {
                if !super::has_mongodb() {
                    return;
                }
                let guard = super::Guard::new();
                super::$rule(guard.open().await).await;
            })*
        }
    };
}

on_either_engine! {
    a_home_keeps_to_its_account_while_a_file_is_left_there,
    what_an_earlier_version_put_to_an_account_is_not_left_for_the_folder,
    what_lies_in_the_folder_hinders_nobody,
    the_place_does_not_change_under_a_server,
    what_is_stored_in_the_last_moment_is_found_and_the_refused_one_holds_nobody_up,
    of_servers_that_are_first_at_once_those_of_one_place_start,
}

/// Notes where the files of a closed folder are.
async fn note(home: &Folder, site: &MediaSite) {
    let open = home.open();
    claim(&open.store, site).await.unwrap();
    open.database.close().await.unwrap();
}

async fn noted_in(home: &Folder) -> Option<MediaSite> {
    let open = home.open();
    let noted = noted(&open.store).await;
    open.database.close().await.unwrap();
    noted
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_hands_on_where_the_files_are() {
    if !has_mongodb() {
        return;
    }
    for site in [Some(own()), Some(MediaSite::Folder), None] {
        let (home, database, down) = (Folder::new(), Guard::new(), Folder::new());
        let open = home.open();
        seed::user(&open.store).await;
        open.database.close().await.unwrap();
        if let Some(site) = &site {
            note(&home, site).await;
        }
        copied(&home.place(), &database.place()).await;
        assert_eq!(noted(&database.open().await).await, site);
        copied(&database.place(), &down.place()).await;
        assert_eq!(noted_in(&down).await, site);
        assert_eq!(noted_in(&home).await, site, "the old home is as it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_empty_database_had_noted_gives_way_to_the_home_that_is_copied_there() {
    if !has_mongodb() {
        return;
    }
    let (home, database) = (Folder::filled().await, Guard::new());
    note(&home, &own()).await;
    claim(&database.open().await, &account("early", "aviary")).await.unwrap();
    copied(&home.place(), &database.place()).await;
    assert_eq!(noted(&database.open().await).await, Some(own()));
}

/// An account that nobody answers for: who comes to ask it fails otherwise.
fn uploads(site: &str, from: &Folder) -> Uploads {
    let url = format!("cloudinary://1:secret@{site}?upload_prefix=http://127.0.0.1:9");
    let depot = CloudinaryDepot::new(CloudinarySettings::parse_url(&url).unwrap(), Arc::new(SystemClock)).unwrap();
    Uploads { from: from.path().join("media"), to: Arc::new(depot) }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_one_home_do_not_go_to_two_accounts() {
    if !has_mongodb() {
        return;
    }
    let (home, target, database) = (Folder::filled().await, Folder::new(), Guard::filled().await);
    note(&home, &own()).await;
    claim(&database.open().await, &own()).await.unwrap();
    for from in [home.place(), database.place()] {
        let media = Media::Uploads(uploads("other", &home));
        let refused = copy::copy(&from, &target.place(), Some(&media), FEW, &Unwatched).await.unwrap_err();
        assert!(matches!(refused, CopyError::Site(SiteError::Elsewhere(_))), "{refused}");
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 0, "nothing is written");
        let refused = copy::upload(&from, &uploads("other", &home), FEW, &Unwatched).await.unwrap_err();
        assert!(matches!(refused, CopyError::Site(SiteError::Elsewhere(_))), "{refused}");
    }
    assert_eq!((noted_in(&home).await, noted(&database.open().await).await), (Some(own()), Some(own())));
}
