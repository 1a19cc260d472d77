//! Rules of the store of tweets.

use futures_util::future::join_all;

use super::check::{CROWD, Listing, assert_no_drift, first, purge_all, shuffled, stats};
use crate::like::LikeTarget;
use crate::page::{ListOrder, Page};
use crate::test_support::fixture::{at, like, next_id, tweet};
use crate::test_support::seed;
use crate::tweet::{Tweet, TweetCard, TweetText};
use crate::user::User;
use crate::{Id, Store};

async fn everybodys(store: &Store, viewer: Option<Id<User>>) -> Page<TweetCard> {
    store.tweets.list(viewer, &first()).await.unwrap()
}

pub async fn a_new_tweet_is_answered_with_its_author_and_found_as_given(store: Store) {
    let author = seed::user(&store).await;
    let tweet = tweet(author.id, at(3));
    let card = store.tweets.create(&tweet, None).await.unwrap();
    assert_eq!((&card.tweet, card.is_liked), (&tweet, false));
    assert_eq!((card.owner.id, card.owner.username), (author.id, author.username));
    assert_eq!((card.owner.full_name, card.owner.avatar), (author.full_name, author.avatar));
    assert_eq!(store.tweets.find(tweet.id).await.unwrap(), Some(tweet));
}

pub async fn a_new_tweet_has_no_likes_and_is_counted(store: Store) {
    let author = seed::user(&store).await;
    let tweet = Tweet { likes_count: 9, ..tweet(author.id, at(3)) };
    assert_eq!(store.tweets.create(&tweet, None).await.unwrap().tweet.likes_count, 0);
    assert_eq!(stats(&store, author.id).await.tweets, 1);
    assert_eq!(everybodys(&store, None).await.total, Some(1));
    assert_no_drift(&store).await;
}

pub async fn an_unknown_tweet_is_absent(store: Store) {
    let text = TweetText::parse("Anything").unwrap();
    assert_eq!(store.tweets.find(next_id()).await.unwrap(), None);
    assert_eq!(store.tweets.update(next_id(), &text, at(3)).await.unwrap(), None);
    assert!(!store.tweets.delete(next_id()).await.unwrap());
}

pub async fn tweets_of_an_unknown_user_are_absent(store: Store) {
    assert_eq!(store.tweets.list_by(next_id(), None, &first()).await.unwrap(), None);
}

pub async fn lists_without_tweets_are_empty(store: Store) {
    let user = seed::user(&store).await;
    assert_eq!(everybodys(&store, None).await, Page { items: vec![], total: Some(0), next: None });
    let own = store.tweets.list_by(user.id, None, &first()).await.unwrap();
    assert_eq!(own, Some(Page { items: vec![], total: None, next: None }));
}

/// Tweets of two users with many equal times, newest first.
async fn timeline(store: &Store, authors: &[User]) -> Vec<Tweet> {
    let ids: Vec<Id<Tweet>> = (0..12).map(|_| next_id()).collect();
    let mut tweets = Vec::new();
    for ((place, seconds), author) in shuffled(ids.len()).zip((0..3).cycle()).zip(authors.iter().cycle()) {
        let tweet = Tweet { id: ids[place], ..tweet(author.id, at(seconds)) };
        tweets.push(store.tweets.create(&tweet, None).await.unwrap().tweet);
    }
    tweets.sort_by_key(|tweet| std::cmp::Reverse((tweet.created_at, tweet.id)));
    tweets
}

pub async fn everybodys_tweets_are_walked_newest_first_alike_by_page_and_cursor(store: Store) {
    let authors = seed::users(&store, 2).await;
    let tweets = timeline(&store, &authors).await;
    let expected: Vec<_> = tweets.iter().map(|tweet| tweet.id.bytes()).collect();
    Listing { what: "everybody's tweets", order: ListOrder::Newest, counted: true }
        .assert_holds(
            &expected,
            |card: &TweetCard| card.tweet.id.bytes(),
            async |page| store.tweets.list(None, &page).await.unwrap(),
        )
        .await;
}

pub async fn one_users_tweets_are_walked_newest_first_alike_by_page_and_cursor(store: Store) {
    let authors = seed::users(&store, 2).await;
    let tweets = timeline(&store, &authors).await;
    for author in authors {
        let own = tweets.iter().filter(|tweet| tweet.owner == author.id);
        let expected: Vec<_> = own.map(|tweet| tweet.id.bytes()).collect();
        Listing { what: "one user's tweets", order: ListOrder::Newest, counted: false }
            .assert_holds(
                &expected,
                |card: &TweetCard| card.tweet.id.bytes(),
                async |page| store.tweets.list_by(author.id, None, &page).await.unwrap().unwrap(),
            )
            .await;
    }
}

pub async fn a_listed_tweet_tells_its_author_and_whether_the_viewer_likes_it(store: Store) {
    let (author, fan) = (seed::user(&store).await, seed::user(&store).await);
    let liked = seed::tweet(&store, author.id).await;
    let other = seed::tweet(&store, author.id).await;
    seed::like(&store, fan.id, LikeTarget::Tweet(liked.id)).await;
    for (viewer, is_liked) in [(None, false), (Some(author.id), false), (Some(fan.id), true)] {
        let own = store.tweets.list_by(author.id, viewer, &first()).await.unwrap().unwrap();
        for page in [everybodys(&store, viewer).await, own] {
            let told = page.items.iter().map(|card| (card.tweet.id, card.tweet.likes_count, card.is_liked));
            assert_eq!(told.collect::<Vec<_>>(), [(other.id, 0, false), (liked.id, 1, is_liked)], "{viewer:?}");
            assert!(page.items.iter().all(|card| card.owner.id == author.id));
        }
    }
}

pub async fn an_update_changes_the_text_and_answers_as_the_author_sees_it(store: Store) {
    let (author, fan) = (seed::user(&store).await, seed::user(&store).await);
    let mut tweet = seed::tweet(&store, author.id).await;
    let bystander = seed::tweet(&store, author.id).await;
    seed::like(&store, fan.id, LikeTarget::Tweet(tweet.id)).await;
    let content = TweetText::parse("Good\nevening 🎉").unwrap();
    for is_liked in [false, true] {
        let card = store.tweets.update(tweet.id, &content, at(5)).await.unwrap().unwrap();
        let likes_count = 1 + u64::from(is_liked);
        tweet = Tweet { content: content.clone(), updated_at: at(5), likes_count, ..tweet };
        assert_eq!((&card.tweet, card.is_liked, card.owner.id), (&tweet, is_liked, author.id));
        seed::like(&store, author.id, LikeTarget::Tweet(tweet.id)).await;
    }
    assert_eq!(store.tweets.find(tweet.id).await.unwrap(), Some(tweet));
    assert_eq!(store.tweets.find(bystander.id).await.unwrap(), Some(bystander), "another tweet is left alone");
}

pub async fn a_deleted_tweet_and_its_likes_leave_every_counter_at_once(store: Store) {
    let (author, fan) = (seed::user(&store).await, seed::user(&store).await);
    let (tweet, kept) = (seed::tweet(&store, author.id).await, seed::tweet(&store, author.id).await);
    for target in [tweet.id, kept.id] {
        seed::like(&store, fan.id, LikeTarget::Tweet(target)).await;
        seed::like(&store, author.id, LikeTarget::Tweet(target)).await;
    }
    assert!(store.tweets.delete(tweet.id).await.unwrap());
    for limit in [None, Some(1)] {
        if let Some(limit) = limit {
            purge_all(&store, limit).await;
        }
        let stats = stats(&store, author.id).await;
        assert_eq!((stats.tweets, stats.likes), (1, 2));
        assert_eq!(store.tweets.find(tweet.id).await.unwrap(), None);
        let own = store.tweets.list_by(author.id, None, &first()).await.unwrap().unwrap();
        assert_eq!(own.items.len(), 1);
        let page = everybodys(&store, Some(fan.id)).await;
        assert_eq!((page.items.len(), page.total), (1, Some(1)));
        assert!(page.items.iter().all(|card| card.is_liked && card.tweet.likes_count == 2));
        let again = like(fan.id, LikeTarget::Tweet(tweet.id), at(5));
        assert_eq!(store.likes.put(&again).await.unwrap(), None, "nobody can like it");
        assert!(!store.tweets.delete(tweet.id).await.unwrap(), "it is gone");
        assert_no_drift(&store).await;
    }
}

pub async fn many_tweets_at_once_are_counted_one_by_one(store: Store) {
    let author = seed::user(&store).await;
    let tweets: Vec<_> = (0..CROWD).map(|_| tweet(author.id, at(3))).collect();
    let created = join_all(tweets.iter().map(|tweet| store.tweets.create(tweet, None))).await;
    assert!(created.iter().all(Result::is_ok));
    let doomed = tweets.iter().take(20).flat_map(|tweet| [tweet.id, tweet.id]);
    let deleted = join_all(doomed.map(|id| store.tweets.delete(id))).await;
    assert_eq!(deleted.into_iter().filter(|found| *found.as_ref().unwrap()).count(), 20, "each is found once");
    assert_eq!(stats(&store, author.id).await.tweets, 30);
    assert_eq!(everybodys(&store, None).await.total, Some(30));
    assert_no_drift(&store).await;
}
