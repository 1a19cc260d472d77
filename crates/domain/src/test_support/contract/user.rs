//! Rules of the store of accounts.

use futures_util::future::join_all;

use super::check::{CROWD, assert_conflict, assert_one_winner, assert_ownerless};
use crate::Store;
use crate::file::FileFormat;
use crate::test_support::fixture::{account, at, file_key, next_id, password_hash};
use crate::test_support::seed;
use crate::user::{Account, AccountChange, Email, FullName, LoginName, PasswordChange, User, UserImage, Username};

pub async fn a_registered_user_is_found_as_given(store: Store) {
    for cover_image in [None, Some(file_key(FileFormat::Png))] {
        let mut account = account();
        account.user.cover_image = cover_image;
        seed::account(&store, &account).await;
        assert_eq!(store.users.find(account.user.id).await.unwrap().as_ref(), Some(&account.user));
        assert_eq!(store.users.password_hash(account.user.id).await.unwrap().as_ref(), Some(&account.password_hash));
    }
}

pub async fn an_account_is_found_by_name_and_by_address_however_they_are_typed(store: Store) {
    let account = account();
    seed::account(&store, &account).await;
    seed::user(&store).await;
    let name = Username::fold(&format!(" {} ", account.user.username.as_str().to_uppercase()));
    let address = Email::fold(&format!(" {} ", account.user.email.as_str().to_uppercase()));
    for login in [LoginName::Username(name), LoginName::Email(address)] {
        assert_eq!(store.users.find_account(&login).await.unwrap().as_ref(), Some(&account), "{login:?}");
    }
}

pub async fn an_unknown_user_is_absent(store: Store) {
    let stranger = account();
    let file = file_key(FileFormat::Jpeg);
    seed::reserve(&store, std::slice::from_ref(&file)).await;
    let user = &stranger.user;
    let change = AccountChange { full_name: Some(user.full_name.clone()), email: None };
    assert_eq!(store.users.find(user.id).await.unwrap(), None);
    assert_eq!(store.users.find_account(&LoginName::Username(user.username.clone())).await.unwrap(), None);
    assert_eq!(store.users.find_account(&LoginName::Email(user.email.clone())).await.unwrap(), None);
    assert_eq!(store.users.password_hash(user.id).await.unwrap(), None);
    assert_eq!(store.users.update(user.id, &change, at(1)).await.unwrap(), None);
    assert_eq!(store.users.replace_image(user.id, UserImage::Avatar, &file, at(1)).await.unwrap(), None);
    assert_eq!(store.users.channel(&user.username, None).await.unwrap(), None);
    assert!(!store.users.change_password(&password_change(&stranger)).await.unwrap());
    assert_ownerless(&store, &[&file]).await;
}

pub async fn registration_claims_its_pictures(store: Store) {
    seed::user(&store).await;
    assert_ownerless(&store, &[]).await;
}

pub async fn a_taken_username_is_refused_and_changes_nothing(store: Store) {
    let holder = seed::user(&store).await;
    let mut late = account();
    late.user.username = holder.username.clone();
    assert_refused_and_nothing_changed(&store, &late, "username").await;
    assert_eq!(store.users.find(holder.id).await.unwrap(), Some(holder));
}

pub async fn a_taken_address_is_refused_and_changes_nothing(store: Store) {
    let holder = seed::user(&store).await;
    let mut late = account();
    late.user.email = holder.email.clone();
    assert_refused_and_nothing_changed(&store, &late, "email").await;
    let name = LoginName::Username(late.user.username);
    assert_eq!(store.users.find_account(&name).await.unwrap(), None, "the name of the refused account is free");
}

pub async fn the_name_is_told_first_when_name_and_address_are_taken(store: Store) {
    let (one, other) = (seed::user(&store).await, seed::user(&store).await);
    for (name_holder, address_holder) in [(&one, &one), (&one, &other), (&other, &one)] {
        let mut late = account();
        late.user.username = name_holder.username.clone();
        late.user.email = address_holder.email.clone();
        seed::reserve(&store, &seed::pictures(&late)).await;
        assert_conflict(store.users.create(&late, None).await, "username");
    }
}

async fn assert_refused_and_nothing_changed(store: &Store, late: &Account, field: &str) {
    let pictures = seed::pictures(late);
    seed::reserve(store, &pictures).await;
    assert_conflict(store.users.create(late, None).await, field);
    assert_eq!(store.users.find(late.user.id).await.unwrap(), None, "the refused account is not there");
    assert_ownerless(store, &pictures.iter().collect::<Vec<_>>()).await;
}

pub async fn an_account_with_an_unreserved_picture_is_refused_and_changes_nothing(store: Store) {
    for missing in [0, 1] {
        let account = account();
        let mut reserved = seed::pictures(&account);
        reserved.remove(missing);
        seed::reserve(&store, &reserved).await;
        assert_conflict(store.users.create(&account, None).await, "file");
        assert_eq!(store.users.find(account.user.id).await.unwrap(), None);
        assert_ownerless(&store, &reserved.iter().collect::<Vec<_>>()).await;
        store.files.forget(reserved.first().unwrap()).await.unwrap();
    }
}

pub async fn of_many_registrations_of_one_name_exactly_one_succeeds(store: Store) {
    let name = account().user.username;
    let accounts = crowd(&store, |user| user.username = name.clone()).await;
    assert_one_winner(join_all(accounts.iter().map(|account| store.users.create(account, None))).await, "username");
    assert_ledger_of_losers(&store, &accounts).await;
}

pub async fn of_many_registrations_of_one_address_exactly_one_succeeds(store: Store) {
    let address = account().user.email;
    let accounts = crowd(&store, |user| user.email = address.clone()).await;
    assert_one_winner(join_all(accounts.iter().map(|account| store.users.create(account, None))).await, "email");
    assert_ledger_of_losers(&store, &accounts).await;
}

pub async fn of_many_identical_registrations_exactly_one_succeeds(store: Store) {
    let holder = account().user;
    let accounts = crowd(&store, |user| {
        user.username = holder.username.clone();
        user.email = holder.email.clone();
    })
    .await;
    assert_one_winner(join_all(accounts.iter().map(|account| store.users.create(account, None))).await, "username");
    assert_ledger_of_losers(&store, &accounts).await;
}

async fn crowd(store: &Store, change: impl Fn(&mut User)) -> Vec<Account> {
    let mut accounts: Vec<Account> = (0..CROWD).map(|_| account()).collect();
    for account in &mut accounts {
        change(&mut account.user);
    }
    let pictures: Vec<_> = accounts.iter().flat_map(seed::pictures).collect();
    seed::reserve(store, &pictures).await;
    accounts
}

async fn assert_ledger_of_losers(store: &Store, accounts: &[Account]) {
    let found = join_all(accounts.iter().map(|account| store.users.find(account.user.id))).await;
    let lost = accounts.iter().zip(found).filter(|(_, found)| matches!(found, Ok(None)));
    let files: Vec<_> = lost.flat_map(|(account, _)| seed::pictures(account)).collect();
    assert_eq!(files.len(), 2 * (CROWD - 1), "all but one are absent");
    assert_ownerless(store, &files.iter().collect::<Vec<_>>()).await;
}

pub async fn an_update_changes_what_it_names_and_keeps_the_rest(store: Store) {
    let mut user = seed::user(&store).await;
    let bystander = seed::user(&store).await;
    let full_name = FullName::parse("שרה 🎉").unwrap();
    let change = AccountChange { full_name: Some(full_name.clone()), email: None };
    user = User { full_name, updated_at: at(5), ..user };
    assert_eq!(store.users.update(user.id, &change, at(5)).await.unwrap().as_ref(), Some(&user));
    let email = Email::parse("new@example.org").unwrap();
    let change = AccountChange { full_name: None, email: Some(email.clone()) };
    user = User { email, updated_at: at(6), ..user };
    assert_eq!(store.users.update(user.id, &change, at(6)).await.unwrap().as_ref(), Some(&user));
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(user));
    assert_eq!(store.users.find(bystander.id).await.unwrap(), Some(bystander), "another user is left alone");
}

pub async fn an_update_to_a_taken_address_is_refused_and_changes_nothing(store: Store) {
    let (user, holder) = (seed::user(&store).await, seed::user(&store).await);
    let full_name = Some(FullName::parse("Somebody else").unwrap());
    let change = AccountChange { full_name, email: Some(holder.email.clone()) };
    assert_conflict(store.users.update(user.id, &change, at(1)).await, "email");
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(user));
}

pub async fn an_update_to_ones_own_address_is_no_conflict(store: Store) {
    let user = seed::user(&store).await;
    let change = AccountChange { full_name: None, email: Some(user.email.clone()) };
    let updated = store.users.update(user.id, &change, at(1)).await.unwrap().unwrap();
    assert_eq!(updated.email, user.email);
}

pub async fn an_address_is_free_again_once_its_owner_has_another(store: Store) {
    let user = seed::user(&store).await;
    let change = AccountChange { full_name: None, email: Some(Email::parse("new@example.org").unwrap()) };
    store.users.update(user.id, &change, at(1)).await.unwrap();
    let mut next = account();
    next.user.email = user.email;
    seed::account(&store, &next).await;
    let login = LoginName::Email(next.user.email.clone());
    assert_eq!(store.users.find_account(&login).await.unwrap(), Some(next));
}

pub async fn of_many_updates_to_one_address_exactly_one_succeeds(store: Store) {
    let users = seed::users(&store, CROWD).await;
    let change = AccountChange { full_name: None, email: Some(Email::parse("wanted@example.org").unwrap()) };
    let results = join_all(users.iter().map(|user| store.users.update(user.id, &change, at(1)))).await;
    assert_one_winner(results, "email");
}

pub async fn a_new_picture_is_claimed_and_the_old_one_is_due(store: Store) {
    let user = seed::user(&store).await;
    let (face, banner) = (file_key(FileFormat::Png), file_key(FileFormat::Jpeg));
    seed::reserve(&store, &[face.clone(), banner.clone()]).await;
    let changed = store.users.replace_image(user.id, UserImage::Avatar, &face, at(5)).await.unwrap().unwrap();
    assert_eq!(changed, User { avatar: face.clone(), updated_at: at(5), ..user.clone() });
    assert_ownerless(&store, &[&user.avatar, &banner]).await;
    let changed = store.users.replace_image(user.id, UserImage::Cover, &banner, at(6)).await.unwrap().unwrap();
    let expected = User { avatar: face, cover_image: Some(banner), updated_at: at(6), ..user.clone() };
    assert_eq!(changed, expected);
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(expected));
    assert_ownerless(&store, &[&user.avatar, &user.cover_image.unwrap()]).await;
    let due = store.files.due(at(6), 10).await.unwrap();
    assert_eq!(due.len(), 2, "replaced pictures are due at once");
}

pub async fn a_first_cover_makes_nothing_due(store: Store) {
    let mut account = account();
    account.user.cover_image = None;
    seed::account(&store, &account).await;
    let banner = file_key(FileFormat::Jpeg);
    seed::reserve(&store, std::slice::from_ref(&banner)).await;
    store.users.replace_image(account.user.id, UserImage::Cover, &banner, at(1)).await.unwrap();
    assert_ownerless(&store, &[]).await;
}

pub async fn an_unreserved_new_picture_is_refused_and_changes_nothing(store: Store) {
    let user = seed::user(&store).await;
    for image in [UserImage::Avatar, UserImage::Cover] {
        let file = file_key(FileFormat::Png);
        assert_conflict(store.users.replace_image(user.id, image, &file, at(1)).await, "file");
    }
    assert_eq!(store.users.find(user.id).await.unwrap(), Some(user));
    assert_ownerless(&store, &[]).await;
}

pub async fn of_many_new_pictures_at_once_one_stays_and_all_others_are_due(store: Store) {
    let user = seed::user(&store).await;
    let files: Vec<_> = (0..CROWD).map(|_| file_key(FileFormat::Jpeg)).collect();
    seed::reserve(&store, &files).await;
    let image = UserImage::Avatar;
    let results = join_all(files.iter().map(|file| store.users.replace_image(user.id, image, file, at(1)))).await;
    assert!(results.iter().all(|result| matches!(result, Ok(Some(_)))), "each is a step of its own");
    let kept = store.users.find(user.id).await.unwrap().unwrap().avatar;
    let gone: Vec<_> = files.iter().chain([&user.avatar]).filter(|file| **file != kept).collect();
    assert_eq!(gone.len(), CROWD);
    assert_ownerless(&store, &gone).await;
}

pub async fn a_password_change_revokes_every_other_session_of_the_user(store: Store) {
    let account = account();
    seed::account(&store, &account).await;
    let id = account.user.id;
    let (here, there) = (seed::session(&store, id).await, seed::session(&store, id).await);
    let stranger = seed::user(&store).await;
    let elsewhere = seed::session(&store, stranger.id).await;
    let change = PasswordChange { keep: here.id, ..password_change(&account) };
    assert!(store.users.change_password(&change).await.unwrap());
    assert_eq!(store.users.password_hash(id).await.unwrap(), Some(change.replacement));
    assert!(store.sessions.is_active(here.id, id, at(1)).await.unwrap(), "the session that changes it stays");
    assert!(!store.sessions.is_active(there.id, id, at(1)).await.unwrap(), "another device is signed out");
    assert!(store.sessions.is_active(elsewhere.id, stranger.id, at(1)).await.unwrap(), "another user stays");
}

pub async fn a_password_change_against_a_stale_hash_changes_nothing(store: Store) {
    let account = account();
    seed::account(&store, &account).await;
    let session = seed::session(&store, account.user.id).await;
    let change = PasswordChange { expected: password_hash("stale"), ..password_change(&account) };
    assert!(!store.users.change_password(&change).await.unwrap());
    assert_eq!(store.users.password_hash(account.user.id).await.unwrap(), Some(account.password_hash));
    assert!(store.sessions.is_active(session.id, account.user.id, at(1)).await.unwrap());
}

pub async fn of_many_password_changes_at_once_exactly_one_succeeds(store: Store) {
    let account = account();
    seed::account(&store, &account).await;
    let replacements = (0..CROWD).map(|number| password_hash(&format!("new-{number}")));
    let changes: Vec<_> =
        replacements.map(|replacement| PasswordChange { replacement, ..password_change(&account) }).collect();
    let results = join_all(changes.iter().map(|change| store.users.change_password(change))).await;
    let won: Vec<_> = results.into_iter().zip(&changes).filter(|(result, _)| *result.as_ref().unwrap()).collect();
    assert_eq!(won.len(), 1, "exactly one must succeed");
    let stored = store.users.password_hash(account.user.id).await.unwrap().unwrap();
    assert!(won.iter().all(|(_, change)| change.replacement == stored), "the password is the winner's");
}

fn password_change(account: &Account) -> PasswordChange {
    PasswordChange {
        user: account.user.id,
        expected: account.password_hash.clone(),
        replacement: password_hash("replacement"),
        keep: next_id(),
        now: at(1),
    }
}

pub async fn a_channel_shows_its_counts_and_whether_the_viewer_subscribes(store: Store) {
    let (user, fan, idol) = (seed::user(&store).await, seed::user(&store).await, seed::user(&store).await);
    seed::subscribe(&store, fan.id, user.id).await;
    seed::subscribe(&store, idol.id, user.id).await;
    seed::subscribe(&store, user.id, idol.id).await;
    for (viewer, subscribed) in [(None, false), (Some(fan.id), true), (Some(user.id), false)] {
        let channel = store.users.channel(&user.username, viewer).await.unwrap().unwrap();
        assert_eq!(channel.user, user);
        assert_eq!((channel.subscribers_count, channel.subscriptions_count), (2, 1));
        assert_eq!(channel.is_subscribed, subscribed, "as {viewer:?} sees it");
    }
}
