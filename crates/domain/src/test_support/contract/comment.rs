//! Rules of the store of comments.

use futures_util::future::join_all;

use super::check::{CROWD, Listing, assert_no_drift, first, first_of, shuffled, stats, stored};
use crate::comment::{Comment, CommentCard, CommentText, PlacedComment};
use crate::like::LikeTarget;
use crate::page::{ListOrder, Page};
use crate::test_support::fixture::{at, comment, next_id};
use crate::test_support::seed;
use crate::user::User;
use crate::video::Video;
use crate::{Id, Store};

async fn published(store: &Store) -> (User, Video) {
    let owner = seed::user(store).await;
    let video = seed::video(store, owner.id).await;
    (owner, video)
}

/// A comment of its owner on a video that only the video's owner can still see.
async fn hidden(store: &Store) -> (User, User, Comment) {
    let (owner, video) = published(store).await;
    let author = seed::user(store).await;
    let comment = seed::comment(store, video.id, author.id).await;
    seed::toggle(store, video.id).await;
    (owner, author, comment)
}

async fn listed(store: &Store, video: Id<Video>, viewer: Option<Id<User>>) -> Page<CommentCard> {
    store.comments.list(video, viewer, &first()).await.unwrap().unwrap()
}

pub async fn a_new_comment_is_answered_with_its_author_and_found_as_given(store: Store) {
    let (owner, video) = published(&store).await;
    let author = seed::user(&store).await;
    let comment = comment(video.id, author.id, at(3));
    let card = store.comments.create(&comment, None).await.unwrap().unwrap();
    assert_eq!((&card.comment, card.is_liked), (&comment, false));
    assert_eq!((card.owner.id, card.owner.username), (author.id, author.username));
    assert_eq!((card.owner.full_name, card.owner.avatar), (author.full_name, author.avatar));
    let placed = PlacedComment { comment: comment.clone(), video_owner: owner.id };
    for viewer in [None, Some(owner.id), Some(author.id)] {
        assert_eq!(store.comments.find(comment.id, viewer).await.unwrap().as_ref(), Some(&placed));
    }
}

pub async fn a_new_comment_has_no_likes_and_is_counted_on_its_video(store: Store) {
    let (owner, video) = published(&store).await;
    let comment = Comment { likes_count: 9, ..comment(video.id, owner.id, at(3)) };
    let card = store.comments.create(&comment, None).await.unwrap().unwrap();
    assert_eq!(card.comment.likes_count, 0);
    assert_eq!(stored(&store, video.id).await.comments_count, 1);
    assert_eq!(stats(&store, owner.id).await.comments, 1);
    assert_no_drift(&store).await;
}

pub async fn a_comment_needs_a_video_that_its_author_can_see(store: Store) {
    let (owner, stranger) = (seed::user(&store).await, seed::user(&store).await);
    let video = seed::hidden_video(&store, owner.id).await;
    let unseen = comment(video.id, stranger.id, at(3));
    assert_eq!(store.comments.create(&unseen, None).await.unwrap(), None);
    assert_eq!(store.comments.create(&comment(next_id(), owner.id, at(3)), None).await.unwrap(), None);
    assert_eq!(store.comments.find(unseen.id, Some(owner.id)).await.unwrap(), None, "nothing was kept");
    assert_eq!(stored(&store, video.id).await.comments_count, 0);
    let own = comment(video.id, owner.id, at(3));
    assert!(store.comments.create(&own, None).await.unwrap().is_some(), "the owner can see it");
    assert_no_drift(&store).await;
}

pub async fn an_unknown_comment_is_absent(store: Store) {
    let (owner, _) = published(&store).await;
    let text = CommentText::parse("Anything").unwrap();
    assert_eq!(store.comments.find(next_id(), Some(owner.id)).await.unwrap(), None);
    assert_eq!(store.comments.update(next_id(), &text, at(3)).await.unwrap(), None);
    assert!(!store.comments.delete(next_id()).await.unwrap());
}

pub async fn comments_are_visible_where_their_video_is(store: Store) {
    let (owner, author, comment) = hidden(&store).await;
    for viewer in [None, Some(author.id)] {
        assert_eq!(store.comments.find(comment.id, viewer).await.unwrap(), None, "{viewer:?}");
        assert_eq!(store.comments.list(comment.video, viewer, &first()).await.unwrap(), None, "{viewer:?}");
    }
    assert!(store.comments.find(comment.id, Some(owner.id)).await.unwrap().is_some());
    assert_eq!(listed(&store, comment.video, Some(owner.id)).await.total, Some(1));
    seed::toggle(&store, comment.video).await;
    assert!(store.comments.find(comment.id, None).await.unwrap().is_some(), "published again");
}

pub async fn comments_of_an_unknown_video_are_absent(store: Store) {
    assert_eq!(store.comments.list(next_id(), None, &first()).await.unwrap(), None);
}

pub async fn a_video_without_comments_has_an_empty_list(store: Store) {
    let (_, video) = published(&store).await;
    let empty = Page { items: vec![], total: Some(0), next: None };
    assert_eq!(listed(&store, video.id, None).await, empty);
}

pub async fn comments_are_walked_newest_first_alike_by_page_and_cursor(store: Store) {
    let (owner, video) = published(&store).await;
    let other = seed::video(&store, owner.id).await;
    let ids: Vec<Id<Comment>> = (0..10).map(|_| next_id()).collect();
    let mut expected = Vec::new();
    for (place, seconds) in shuffled(ids.len()).zip((0..3).cycle()) {
        let comment = Comment { id: ids[place], ..comment(video.id, owner.id, at(seconds)) };
        store.comments.create(&comment, None).await.unwrap();
        seed::comment(&store, other.id, owner.id).await;
        expected.push((comment.created_at, comment.id.bytes()));
    }
    expected.sort_unstable();
    let expected: Vec<_> = expected.into_iter().rev().map(|(_, id)| id).collect();
    Listing { what: "comments", order: ListOrder::Newest, counted: true }
        .assert_holds(
            &expected,
            |card: &CommentCard| card.comment.id.bytes(),
            async |page| store.comments.list(video.id, None, &page).await.unwrap().unwrap(),
        )
        .await;
}

pub async fn a_listed_comment_tells_its_author_and_whether_the_viewer_likes_it(store: Store) {
    let (owner, video) = published(&store).await;
    let author = seed::user(&store).await;
    let liked = seed::comment(&store, video.id, author.id).await;
    let other = seed::comment(&store, video.id, owner.id).await;
    seed::like(&store, owner.id, LikeTarget::Comment(liked.id)).await;
    for (viewer, is_liked) in [(None, false), (Some(author.id), false), (Some(owner.id), true)] {
        let items = listed(&store, video.id, viewer).await.items;
        let told: Vec<_> = items
            .iter()
            .map(|card| (card.comment.id, card.owner.id, card.comment.likes_count, card.is_liked))
            .collect();
        assert_eq!(told, [(other.id, owner.id, 0, false), (liked.id, author.id, 1, is_liked)], "{viewer:?}");
    }
}

pub async fn an_update_changes_the_text_and_answers_as_the_author_sees_it(store: Store) {
    let (owner, video) = published(&store).await;
    let author = seed::user(&store).await;
    let mut comment = seed::comment(&store, video.id, author.id).await;
    let bystander = seed::comment(&store, video.id, author.id).await;
    seed::like(&store, owner.id, LikeTarget::Comment(comment.id)).await;
    let content = CommentText::parse("Second\nthoughts 🎉").unwrap();
    for is_liked in [false, true] {
        let card = store.comments.update(comment.id, &content, at(5)).await.unwrap().unwrap();
        let likes_count = 1 + u64::from(is_liked);
        comment = Comment { content: content.clone(), updated_at: at(5), likes_count, ..comment };
        assert_eq!((&card.comment, card.is_liked, card.owner.id), (&comment, is_liked, author.id));
        seed::like(&store, author.id, LikeTarget::Comment(comment.id)).await;
    }
    let found = store.comments.find(comment.id, None).await.unwrap().unwrap().comment;
    assert_eq!(found, comment);
    let found = store.comments.find(bystander.id, None).await.unwrap().unwrap().comment;
    assert_eq!(found, bystander, "another comment is left alone");
}

pub async fn a_deleted_comment_and_its_likes_leave_every_counter_at_once(store: Store) {
    let (owner, video) = published(&store).await;
    let author = seed::user(&store).await;
    let comment = seed::comment(&store, video.id, author.id).await;
    let kept = seed::comment(&store, video.id, author.id).await;
    for target in [comment.id, kept.id] {
        seed::like(&store, owner.id, LikeTarget::Comment(target)).await;
        seed::like(&store, author.id, LikeTarget::Comment(target)).await;
    }
    assert!(store.comments.delete(comment.id).await.unwrap());
    for limit in [None, Some(1)] {
        if let Some(limit) = limit {
            super::check::purge_all(&store, limit).await;
        }
        assert_eq!(stored(&store, video.id).await.comments_count, 1);
        assert_eq!(stats(&store, owner.id).await.comments, 1);
        assert_eq!(stats(&store, author.id).await.likes, 2);
        assert_eq!(store.comments.find(comment.id, Some(author.id)).await.unwrap(), None);
        let page = listed(&store, video.id, Some(owner.id)).await;
        assert_eq!((page.items.len(), page.total), (1, Some(1)));
        assert!(page.items.iter().all(|card| card.is_liked && card.comment.likes_count == 2));
        assert!(!store.comments.delete(comment.id).await.unwrap(), "it is gone");
        assert_no_drift(&store).await;
    }
}

pub async fn a_walk_goes_on_after_the_comment_that_its_cursor_names_is_deleted(store: Store) {
    let (owner, video) = published(&store).await;
    let mut comments = Vec::new();
    for _ in 0..4 {
        comments.push(seed::comment(&store, video.id, owner.id).await.id);
    }
    let page = store.comments.list(video.id, None, &first_of(2)).await.unwrap().unwrap();
    assert!(store.comments.delete(comments[2]).await.unwrap());
    let request = crate::page::PageRequest::after(page.next.unwrap(), crate::page::PageSize::MAX);
    let rest = store.comments.list(video.id, None, &request).await.unwrap().unwrap();
    let ids: Vec<_> = rest.items.iter().map(|card| card.comment.id).collect();
    assert_eq!(ids, [comments[1], comments[0]]);
}

pub async fn many_comments_at_once_are_counted_one_by_one(store: Store) {
    let (owner, video) = published(&store).await;
    let authors = seed::users(&store, CROWD).await;
    let comments: Vec<_> = authors.iter().map(|author| comment(video.id, author.id, at(3))).collect();
    let created = join_all(comments.iter().map(|comment| store.comments.create(comment, None))).await;
    assert!(created.into_iter().all(|card| card.unwrap().is_some()));
    assert_eq!(stored(&store, video.id).await.comments_count, 50);
    let doomed = comments.iter().take(20).flat_map(|comment| [comment.id, comment.id]);
    let deleted = join_all(doomed.map(|id| store.comments.delete(id))).await;
    assert_eq!(deleted.into_iter().filter(|found| *found.as_ref().unwrap()).count(), 20, "each is found once");
    assert_eq!(stored(&store, video.id).await.comments_count, 30);
    assert_eq!(stats(&store, owner.id).await.comments, 30);
    assert_no_drift(&store).await;
}
