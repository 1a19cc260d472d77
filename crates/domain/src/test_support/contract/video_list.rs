//! Rules of listing videos: every scope in every order, by page and by cursor, with many equal sort values.

use std::cmp::Ordering;

use super::check::{Listing, first, first_of, purge_all, shuffled, stored};
use crate::like::LikeTarget;
use crate::page::{Page, PageNumber, PageRequest, PageSize, PageStart, SortDirection};
use crate::test_support::fixture::{at, guest, like, next_id, title, video, visit};
use crate::test_support::seed;
use crate::user::User;
use crate::video::{Video, VideoCard, VideoOrder, VideoQuery, VideoScope, VideoSort, Viewer, title_sort_key};
use crate::{Id, Store};

pub(super) const SORTS: [VideoSort; 5] =
    [VideoSort::CreatedAt, VideoSort::Views, VideoSort::Duration, VideoSort::Title, VideoSort::Likes];
pub(super) const DIRECTIONS: [SortDirection; 2] = [SortDirection::Ascending, SortDirection::Descending];
const NEWEST: VideoOrder = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Descending);

/// How two videos stand in a list: by the sort value, ties by id in the same direction.
pub(super) fn compare(sort: VideoSort, direction: SortDirection, a: &Video, b: &Video) -> Ordering {
    let by_value = match sort {
        VideoSort::CreatedAt => a.created_at.cmp(&b.created_at),
        VideoSort::Views => a.views.cmp(&b.views),
        VideoSort::Duration => a.duration.total_cmp(&b.duration),
        VideoSort::Title => title_sort_key(&a.title).cmp(&title_sort_key(&b.title)),
        VideoSort::Likes => a.likes_count.cmp(&b.likes_count),
    };
    let ascending = by_value.then(a.id.cmp(&b.id));
    if direction == SortDirection::Ascending { ascending } else { ascending.reverse() }
}

/// Two users' videos, some unpublished, with only two or three values of everything that lists sort by.
pub(super) async fn library(store: &Store) -> (User, User, Vec<Video>) {
    let (one, other) = (seed::user(store).await, seed::user(store).await);
    let ids: Vec<Id<Video>> = (0..20).map(|_| next_id()).collect();
    let titles = ["Zebra crossing", "apple pie", "Apple pie", "Éclair", "apple"];
    let mut videos = Vec::new();
    for (turn, place) in shuffled(ids.len()).enumerate() {
        let owner = if turn % 3 == 0 { &other } else { &one };
        let seconds = i64::try_from(turn % 2).unwrap();
        let video = Video {
            id: ids[place],
            title: title(titles[turn % titles.len()]),
            duration: [10.0, 2.5, 10.25][turn % 3],
            is_published: turn % 5 != 4,
            created_at: at(seconds),
            ..video(owner.id)
        };
        seed::upload(store, &video).await;
        for viewer in 0..u8::try_from(turn % 3).unwrap() {
            store.videos.watch(&visit(video.id, guest(viewer), at(2))).await.unwrap();
        }
        for liker in [&one, &other].into_iter().take(turn % 4 / 2) {
            store.likes.put(&like(liker.id, LikeTarget::Video(video.id), at(2))).await.unwrap();
        }
        videos.push(stored(store, video.id).await);
    }
    (one, other, videos)
}

pub(super) async fn list(store: &Store, query: &VideoQuery, page: &PageRequest) -> Page<VideoCard> {
    store.videos.list(query, page).await.unwrap()
}

/// Walks the list in every order; `expected` is what it draws from.
async fn assert_walks(store: &Store, scope: VideoScope, mut expected: Vec<Video>) {
    assert!(expected.len() > 3, "enough videos to walk through");
    for sort in SORTS {
        for direction in DIRECTIONS {
            expected.sort_by(|a, b| compare(sort, direction, a, b));
            let ids: Vec<_> = expected.iter().map(|video| video.id.bytes()).collect();
            let order = VideoOrder::By(sort, direction);
            let query = VideoQuery { scope, words: None, order };
            let what = format!("{scope:?} by {sort:?} {direction:?}");
            Listing { what: &what, order: order.list_order(), counted: true }
                .assert_holds(
                    &ids,
                    |card: &VideoCard| card.video.id.bytes(),
                    async |page| list(store, &query, &page).await,
                )
                .await;
        }
    }
}

pub async fn published_videos_are_walked_alike_by_page_and_cursor_in_every_order(store: Store) {
    let (_, _, mut videos) = library(&store).await;
    videos.retain(|video| video.is_published);
    assert_walks(&store, VideoScope::Published, videos).await;
}

pub async fn one_users_published_videos_are_walked_alike_by_page_and_cursor_in_every_order(store: Store) {
    let (one, other, videos) = library(&store).await;
    for user in [one, other] {
        let own = videos.iter().filter(|video| video.owner == user.id && video.is_published).cloned().collect();
        assert_walks(&store, VideoScope::PublishedBy(user.id), own).await;
    }
}

pub async fn all_of_one_users_videos_are_walked_alike_by_page_and_cursor_in_every_order(store: Store) {
    let (one, other, videos) = library(&store).await;
    for user in [one, other] {
        let own = videos.iter().filter(|video| video.owner == user.id).cloned().collect();
        assert_walks(&store, VideoScope::AllOf(user.id), own).await;
    }
}

pub async fn a_listed_video_is_told_with_its_owner_and_counts(store: Store) {
    let (one, other, videos) = library(&store).await;
    let query = VideoQuery { scope: VideoScope::Published, words: None, order: NEWEST };
    for card in list(&store, &query, &first()).await.items {
        let owner = if card.video.owner == one.id { &one } else { &other };
        assert_eq!((card.owner.id, &card.owner.username), (owner.id, &owner.username));
        assert_eq!((&card.owner.full_name, &card.owner.avatar), (&owner.full_name, &owner.avatar));
        assert!(videos.contains(&card.video), "{card:?}");
    }
}

pub async fn an_empty_list_has_a_total_of_zero_and_no_next_page(store: Store) {
    let user = seed::user(&store).await;
    for owner in [user.id, next_id()] {
        for scope in [VideoScope::Published, VideoScope::PublishedBy(owner), VideoScope::AllOf(owner)] {
            let query = VideoQuery { scope, words: None, order: NEWEST };
            let expected = Page { items: vec![], total: Some(0), next: None };
            assert_eq!(list(&store, &query, &first()).await, expected, "{scope:?}");
        }
    }
}

pub async fn a_page_past_the_end_is_empty_and_knows_the_total(store: Store) {
    let owner = seed::user(&store).await;
    seed::videos(&store, owner.id, 3).await;
    let size = PageSize::new(3).unwrap();
    let query = VideoQuery { scope: VideoScope::Published, words: None, order: NEWEST };
    let request = PageRequest { start: PageStart::Number(PageNumber::new(2, size).unwrap()), size };
    assert_eq!(list(&store, &query, &request).await, Page { items: vec![], total: Some(3), next: None });
}

pub async fn an_unpublished_video_is_listed_for_its_owner_alone(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::hidden_video(&store, owner.id).await;
    let mut query = VideoQuery { scope: VideoScope::Published, words: None, order: NEWEST };
    for (scope, held) in
        [(VideoScope::Published, 0), (VideoScope::PublishedBy(owner.id), 0), (VideoScope::AllOf(owner.id), 1)]
    {
        query.scope = scope;
        let page = list(&store, &query, &first()).await;
        assert_eq!((page.items.len(), page.total), (held, u64::try_from(held).ok()), "{scope:?}");
    }
    seed::toggle(&store, video.id).await;
    query.scope = VideoScope::Published;
    assert_eq!(list(&store, &query, &first()).await.total, Some(1), "once it is published");
}

pub async fn totals_follow_publishing_and_deleting(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let totals = async |expected: [u64; 3]| {
        let scopes = [VideoScope::Published, VideoScope::PublishedBy(owner.id), VideoScope::AllOf(owner.id)];
        for (scope, expected) in scopes.into_iter().zip(expected) {
            let query = VideoQuery { scope, words: None, order: NEWEST };
            assert_eq!(list(&store, &query, &first()).await.total, Some(expected), "{scope:?}");
        }
    };
    totals([3, 3, 3]).await;
    seed::toggle(&store, videos[0].id).await;
    totals([2, 2, 3]).await;
    store.videos.delete(videos[0].id, at(3)).await.unwrap();
    totals([2, 2, 2]).await;
    store.videos.delete(videos[1].id, at(3)).await.unwrap();
    totals([1, 1, 1]).await;
    purge_all(&store, 10).await;
    totals([1, 1, 1]).await;
}

pub async fn a_cursor_walk_is_not_disturbed_by_what_comes_and_goes(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 6).await;
    let query = VideoQuery { scope: VideoScope::Published, words: None, order: NEWEST };
    let page = list(&store, &query, &first_of(2)).await;
    let seen: Vec<_> = page.items.iter().map(|card| card.video.id).collect();
    assert_eq!(seen, [videos[5].id, videos[4].id]);
    store.videos.delete(videos[4].id, at(3)).await.unwrap();
    seed::upload(&store, &Video { created_at: at(9), ..video(owner.id) }).await;
    let size = PageSize::new(3).unwrap();
    let rest = list(&store, &query, &PageRequest::after(page.next.unwrap(), size)).await;
    let seen: Vec<_> = rest.items.iter().map(|card| card.video.id).collect();
    assert_eq!(seen, [videos[3].id, videos[2].id, videos[1].id], "the walk goes on where it was");
}

pub async fn sorting_follows_what_changes(store: Store) {
    let owner = seed::user(&store).await;
    let videos = seed::videos(&store, owner.id, 3).await;
    let first_by = async |sort| {
        let order = VideoOrder::By(sort, SortDirection::Descending);
        let query = VideoQuery { scope: VideoScope::Published, words: None, order };
        list(&store, &query, &first_of(1)).await.items[0].video.id
    };
    seed::watch(&store, videos[0].id, guest(1), at(2)).await;
    assert_eq!(first_by(VideoSort::Views).await, videos[0].id);
    seed::like(&store, owner.id, LikeTarget::Video(videos[1].id)).await;
    assert_eq!(first_by(VideoSort::Likes).await, videos[1].id);
    let change = crate::video::VideoChange { title: Some(title("Zoo")), ..Default::default() };
    store.videos.update(videos[0].id, &change, at(3)).await.unwrap();
    assert_eq!(first_by(VideoSort::Title).await, videos[0].id);
    seed::watch(&store, videos[2].id, Viewer::User(owner.id), at(2)).await;
    assert_eq!(first_by(VideoSort::Views).await, videos[0].id, "the owner's own visit is no view");
}
