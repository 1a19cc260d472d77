//! Rules of what comes at the same moment: an adapter may ask and write for many at once, and nobody is to notice.

use std::collections::BTreeSet;
use std::fmt::Debug;

use futures_util::future::{join, join_all, join3};

use super::check::{CROWD, assert_conflict, assert_no_drift, first, shuffled, stored};
use crate::comment::{Comment, CommentText};
use crate::idempotency::KEY_FIELD;
use crate::like::{LikeState, LikeTarget};
use crate::page::{Page, PageNumber, PageRequest, PageSize, PageStart, SortDirection};
use crate::test_support::fixture::{at, comment, like, next_id, once, title, tweet, visit};
use crate::test_support::{fixture, seed};
use crate::tweet::Tweet;
use crate::user::User;
use crate::video::{Video, VideoOrder, VideoQuery, VideoScope, VideoSort, Viewer};
use crate::{Id, Store};

pub async fn visitors_at_once_each_see_what_is_theirs(store: Store) {
    let owners = seed::users(&store, 3).await;
    let mut videos = Vec::new();
    for owner in owners.iter().cycle().take(7) {
        videos.push(seed::video(&store, owner.id).await);
    }
    let viewers = seed::users(&store, 20).await;
    for (number, viewer) in viewers.iter().enumerate() {
        let video = &videos[number % videos.len()];
        seed::watch(&store, video.id, Viewer::User(viewer.id), at(0)).await;
        if number % 2 == 0 {
            seed::like(&store, viewer.id, LikeTarget::Video(video.id)).await;
        }
        if number % 3 == 0 {
            seed::subscribe(&store, viewer.id, video.owner).await;
        }
    }
    for seconds in 1..4 {
        let visits = viewers.iter().enumerate().map(async |(number, viewer)| {
            // In between everybody looks at another one, and so at a video that they do not like.
            let place = if seconds == 2 { number + 1 } else { number };
            let video = &videos[place % videos.len()];
            let seen = store.videos.watch(&visit(video.id, Viewer::User(viewer.id), at(seconds))).await;
            (number, place, seen.unwrap().expect("a page"))
        });
        for (number, place, seen) in join_all(visits).await {
            let (video, is_own) = (&videos[place % videos.len()], place == number);
            assert_eq!((seen.card.video.id, seen.card.owner.id), (video.id, video.owner), "{number} at {seconds}");
            assert_eq!(seen.is_liked, is_own && number % 2 == 0, "{number} at {seconds}");
            if is_own {
                assert_eq!(seen.is_subscribed, number % 3 == 0, "{number} at {seconds}");
            }
        }
        for (number, viewer) in viewers.iter().enumerate() {
            let front = store.history.list(viewer.id, &first()).await.unwrap();
            let place = if seconds == 2 { number + 1 } else { number };
            assert_eq!(front.items[0].video.video.id, videos[place % videos.len()].id, "{number} at {seconds}");
        }
    }
    assert_no_drift(&store).await;
}

pub async fn readers_at_once_each_get_the_page_that_they_asked_for(store: Store) {
    let (owner, fan) = (seed::user(&store).await, seed::user(&store).await);
    let open = seed::video(&store, owner.id).await;
    let hidden = seed::video(&store, owner.id).await;
    for number in 0..3 {
        let mut written = comment(open.id, fan.id, at(number));
        written.content = CommentText::parse(&format!("number {number}")).unwrap();
        store.comments.create(&written, None).await.unwrap().unwrap();
        store.comments.create(&comment(hidden.id, owner.id, at(number)), None).await.unwrap().unwrap();
        let liked = LikeTarget::Comment(written.id);
        seed::like(&store, [owner.id, fan.id][usize::try_from(number % 2).unwrap()], liked).await;
    }
    seed::toggle(&store, hidden.id).await;
    let viewers = [None, Some(owner.id), Some(fan.id)];
    let asked = viewers.iter().cycle().take(CROWD).map(async |viewer| {
        let seen = store.comments.list(open.id, *viewer, &first()).await.unwrap().expect("comments");
        let kept = store.comments.list(hidden.id, *viewer, &first()).await.unwrap();
        (*viewer, seen, kept)
    });
    for (viewer, seen, kept) in join_all(asked).await {
        assert_eq!((seen.items.len(), seen.total), (3, Some(3)));
        let liked: Vec<bool> = seen.items.iter().map(|card| card.is_liked).collect();
        // Newest first: the owner likes the first and the third, the fan the second.
        let expected =
            if viewer == Some(owner.id) { [true, false, true] } else { [false, viewer == Some(fan.id), false] };
        assert_eq!(liked, expected, "{viewer:?}");
        assert_eq!(kept.map(|page| page.total), (viewer == Some(owner.id)).then_some(Some(3)), "{viewer:?}");
    }
}

/// Every page of a list, asked for alone, by number and by cursor.
async fn asked_alone<T: PartialEq + Debug>(fetch: impl AsyncFn(PageRequest) -> Page<T>) -> Vec<(PageRequest, Page<T>)> {
    let size = PageSize::new(2).unwrap();
    let mut pages = Vec::new();
    let mut next = Some(PageRequest::first(size));
    for number in 1.. {
        let Some(request) = next else { break };
        let page = fetch(request.clone()).await;
        let numbered = PageRequest { start: PageStart::Number(PageNumber::new(number, size).unwrap()), size };
        let same = fetch(numbered.clone()).await;
        assert_eq!(same.items, page.items, "page {number}");
        next = page.next.clone().map(|cursor| PageRequest::after(cursor, size));
        pages.extend([(request, page), (numbered, same)]);
    }
    assert!(pages.len() > 4, "there are several pages");
    pages
}

/// Videos of two owners, of which every fifth is hidden, in another order by time, title and duration.
async fn assorted(store: &Store, owners: [Id<User>; 2]) -> Vec<Video> {
    let mut videos = Vec::new();
    for (number, place) in shuffled(16).enumerate() {
        let (rank, moment) = (u8::try_from(place).unwrap(), i64::try_from(number * 3 % 16).unwrap());
        let video = Video {
            title: title(&format!("Film {}", char::from(b'a' + rank))),
            duration: f64::from(rank * 5 % 16),
            created_at: at(moment),
            is_published: number % 5 != 1,
            ..fixture::video(owners[number % 2])
        };
        videos.push(seed::upload(store, &video).await);
    }
    videos
}

pub async fn whoever_goes_on_at_the_same_moment_goes_on_from_their_own_place(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let videos = assorted(&store, [owner.id, other.id]).await;
    let open = videos.iter().find(|video| video.is_published).expect("one that everybody sees").id;
    for number in 0..5 {
        let written = comment(open, owner.id, at(number));
        store.comments.create(&written, None).await.unwrap().unwrap();
        if number % 2 == 0 {
            seed::like(&store, other.id, LikeTarget::Comment(written.id)).await;
        }
    }
    let mut lists = Vec::new();
    for scope in [VideoScope::Published, VideoScope::PublishedBy(owner.id), VideoScope::AllOf(owner.id)] {
        for sort in [VideoSort::CreatedAt, VideoSort::Title, VideoSort::Duration] {
            let order = VideoOrder::By(sort, SortDirection::Descending);
            let query = VideoQuery { scope, words: None, order };
            let pages = asked_alone(async |page| store.videos.list(&query, &page).await.unwrap()).await;
            lists.extend(pages.into_iter().map(|(page, expected)| (query.clone(), page, expected)));
        }
    }
    let mut comments = Vec::new();
    for viewer in [None, Some(other.id)] {
        let pages = asked_alone(async |page| store.comments.list(open, viewer, &page).await.unwrap().unwrap()).await;
        comments.extend(pages.into_iter().map(|(page, expected)| (viewer, page, expected)));
    }
    let lists = lists.iter().cycle().take(lists.len() * 2).map(async |(query, page, expected)| {
        assert_eq!(&store.videos.list(query, page).await.unwrap(), expected, "{query:?}, {page:?}");
    });
    let comments = comments.iter().cycle().take(comments.len() * 2).map(async |(viewer, page, expected)| {
        let got = store.comments.list(open, *viewer, page).await.unwrap();
        assert_eq!(got.as_ref(), Some(expected), "{viewer:?}, {page:?}");
    });
    join(join_all(lists), join_all(comments)).await;
}

pub async fn likes_at_once_are_each_answered_for_themselves(store: Store) {
    let owner = seed::user(&store).await;
    let (video, hidden) = (seed::video(&store, owner.id).await, seed::video(&store, owner.id).await);
    let below = seed::comment(&store, hidden.id, owner.id).await;
    seed::toggle(&store, hidden.id).await;
    let tweet = LikeTarget::Tweet(seed::tweet(&store, owner.id).await.id);
    let fans = seed::users(&store, 12).await;
    for fan in &fans {
        seed::like(&store, fan.id, tweet).await;
    }
    let unseen = [LikeTarget::Video(hidden.id), LikeTarget::Comment(below.id), LikeTarget::Tweet(next_id())];
    let target = LikeTarget::Video(video.id);
    let everything = fans.iter().map(async |fan| {
        let unseen = join_all(unseen.map(async |target| store.likes.toggle(&like(fan.id, target, at(1))).await));
        let put = async { store.likes.put(&like(fan.id, target, at(1))).await };
        join3(unseen, put, store.likes.remove(fan.id, tweet)).await
    });
    let own = async { store.likes.put(&like(owner.id, LikeTarget::Video(hidden.id), at(1))).await };
    let (all, own) = join(join_all(everything), own).await;
    assert_eq!(own.unwrap(), Some(LikeState { is_liked: true, likes_count: 1 }), "its owner sees it");
    let (mut added, mut left) = (BTreeSet::new(), BTreeSet::new());
    for (unseen, put, removed) in all {
        assert!(unseen.into_iter().all(|answer| answer.unwrap().is_none()));
        let (put, removed) = (put.unwrap().unwrap(), removed.unwrap().unwrap());
        assert!(put.is_liked && !removed.is_liked);
        added.insert(put.likes_count);
        left.insert(removed.likes_count);
    }
    assert_eq!(added, (1..=12).collect(), "each is told the count that it made");
    assert_eq!(left, (0..12).collect());
    assert_eq!(stored(&store, video.id).await.likes_count, 12);
    assert_no_drift(&store).await;
}

/// What somebody writes, every fifth with a key that is noted already.
async fn write(store: &Store, author: &User, number: usize, comments: &[Comment], tweets: &[Tweet]) -> (bool, bool) {
    let key = once(at(1));
    let is_noted = number % 5 == 3;
    if is_noted {
        store.tweets.create(&tweet(author.id, at(0)), Some(key)).await.unwrap();
    }
    let key = is_noted.then_some(key);
    let tweeted = store.tweets.create(&tweets[number], key).await;
    let commented = store.comments.create(&comments[number], key).await;
    if !is_noted {
        return (tweeted.is_ok(), commented.unwrap().is_some());
    }
    assert_conflict(tweeted, KEY_FIELD);
    // What is refused for a video that is not seen is refused for that, whatever the key.
    (false, commented.is_ok_and(|card| card.is_some()))
}

pub async fn a_refusal_among_many_writes_at_once_refuses_nobody_else(store: Store) {
    let owner = seed::user(&store).await;
    let (open, hidden) = (seed::video(&store, owner.id).await, seed::hidden_video(&store, owner.id).await);
    let authors = seed::users(&store, 20).await;
    let is_hidden = |number: usize| number % 4 == 1;
    let video = |number| if is_hidden(number) { hidden.id } else { open.id };
    let comments: Vec<Comment> =
        authors.iter().enumerate().map(|(number, author)| comment(video(number), author.id, at(1))).collect();
    let tweets: Vec<Tweet> = authors.iter().map(|author| tweet(author.id, at(1))).collect();
    let written = authors.iter().enumerate().map(|(number, author)| write(&store, author, number, &comments, &tweets));
    for (number, (tweeted, commented)) in join_all(written).await.into_iter().enumerate() {
        let is_noted = number % 5 == 3;
        assert_eq!(tweeted, !is_noted, "tweet {number}");
        assert_eq!(commented, !is_noted && !is_hidden(number), "comment {number}");
        assert_eq!(store.tweets.find(tweets[number].id).await.unwrap().is_some(), tweeted);
        let found = store.comments.find(comments[number].id, Some(owner.id)).await.unwrap();
        assert_eq!(found.is_some(), commented);
    }
    assert_no_drift(&store).await;
}

pub async fn comments_while_their_video_is_hidden_are_written_or_refused(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::video(&store, owner.id).await;
    let authors = seed::users(&store, 12).await;
    let write = async |author: &User, count: usize| {
        let mut written = Vec::new();
        for _ in 0..count {
            let comment = comment(video.id, author.id, at(1));
            written.push((comment.id, store.comments.create(&comment, None).await.unwrap().is_some()));
        }
        written
    };
    // Hidden, public and hidden again.
    let changes = async {
        for _ in 0..3 {
            seed::toggle(&store, video.id).await;
        }
    };
    let (all, ()) = join(join_all(authors.iter().map(|author| write(author, 6))), changes).await;
    let mut accepted = 0;
    for (id, is_written) in all.into_iter().flatten() {
        accepted += u64::from(is_written);
        assert_eq!(store.comments.find(id, Some(owner.id)).await.unwrap().is_some(), is_written);
    }
    assert_eq!(stored(&store, video.id).await.comments_count, accepted);
    let late = join_all(authors.iter().map(|author| write(author, 1))).await;
    assert!(late.into_iter().flatten().all(|(_, is_written)| !is_written), "the video is hidden for good");
    assert_no_drift(&store).await;
}
