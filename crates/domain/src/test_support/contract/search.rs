//! Rules of searching videos by words.

use futures_util::future::join_all;

use super::check::{Listing, first, first_of, purge_all, shuffled};
use super::video_list::{DIRECTIONS, SORTS, compare, library};
use crate::page::{ListOrder, PageRequest, PageSize, SEARCH_TOTAL_CAP, SortDirection};
use crate::search::SearchWords;
use crate::test_support::fixture::{at, description, title, video};
use crate::test_support::seed;
use crate::video::{SORTED_SEARCH_CAP, Video, VideoCard, VideoChange, VideoOrder, VideoQuery, VideoScope, VideoSort};
use crate::{Id, Store};

fn query(scope: VideoScope, text: &str) -> VideoQuery {
    let words = SearchWords::parse(text);
    assert!(words.is_some(), "{text:?} is a search");
    VideoQuery { scope, words, order: VideoOrder::Relevance }
}

async fn found_in(store: &Store, scope: VideoScope, text: &str) -> Vec<Id<Video>> {
    let page = store.videos.list(&query(scope, text), &first()).await.unwrap();
    let total = u64::try_from(page.items.len()).unwrap();
    assert_eq!(page.total, Some(total), "the total of {text:?}");
    page.items.iter().map(|card| card.video.id).collect()
}

/// What everybody finds, best first.
async fn found(store: &Store, text: &str) -> Vec<Id<Video>> {
    found_in(store, VideoScope::Published, text).await
}

/// Adds published videos with these titles and descriptions, each newer than the one before.
async fn shelf(store: &Store, texts: &[(&str, &str)]) -> Vec<Id<Video>> {
    let owner = seed::user(store).await;
    let mut ids = Vec::new();
    for (second, (name, about)) in (0..).zip(texts) {
        let video =
            Video { title: title(name), description: description(about), created_at: at(second), ..video(owner.id) };
        ids.push(seed::upload(store, &video).await.id);
    }
    ids
}

pub async fn a_phrase_in_the_title_is_best_then_words_in_the_title_then_anywhere(store: Store) {
    let ids = shelf(
        &store,
        &[
            ("The red apple", ""),
            ("Apple and red", ""),
            ("Fruit", "a red apple"),
            ("Red", "apple"),
            ("Blue apple", "nothing"),
            ("Apple, red", "red apple"),
            ("Red apple pie", "red apple"),
        ],
    )
    .await;
    let expected = [ids[6], ids[0], ids[5], ids[1], ids[3], ids[2]];
    assert_eq!(found(&store, "red apple").await, expected);
}

pub async fn a_phrase_does_not_run_from_the_title_into_the_description(store: Store) {
    let ids = shelf(&store, &[("Apple in red", ""), ("Something red", "apple")]).await;
    assert_eq!(found(&store, "red apple").await, [ids[0], ids[1]], "words in the title are better");
}

pub async fn within_a_tier_newer_videos_come_first(store: Store) {
    let ids = shelf(&store, &[("Cat", ""), ("Cat", ""), ("Dog", "cat"), ("Cat", ""), ("Dog", "cat")]).await;
    assert_eq!(found(&store, "cat").await, [ids[3], ids[1], ids[0], ids[4], ids[2]]);
}

pub async fn a_video_that_matches_in_several_ways_is_found_once(store: Store) {
    let ids = shelf(&store, &[("Cat cat", "cat cat"), ("Cat", "a cat")]).await;
    assert_eq!(found(&store, "cat").await, [ids[1], ids[0]]);
    assert_eq!(found(&store, "cat cat").await.len(), 2, "a word typed twice is still one word");
}

pub async fn all_words_are_needed(store: Store) {
    let ids = shelf(&store, &[("Red apple", ""), ("Red", ""), ("Apple", "")]).await;
    assert_eq!(found(&store, "red apple").await, [ids[0]]);
    assert_eq!(found(&store, "red apple pear").await, []);
    assert_eq!(found(&store, "pear red apple").await, []);
}

pub async fn the_last_word_matches_as_the_beginning_of_a_word(store: Store) {
    let ids = shelf(&store, &[("Applause for birds", ""), ("Bird", "appearing")]).await;
    assert_eq!(found(&store, "a").await, [ids[0], ids[1]]);
    assert_eq!(found(&store, "app").await, [ids[0], ids[1]]);
    assert_eq!(found(&store, "applaus").await, [ids[0]]);
    assert_eq!(found(&store, "applause for b").await, [ids[0]]);
    assert_eq!(found(&store, "bird app").await, [ids[1]], "all words but the last are whole");
    assert_eq!(found(&store, "pplause").await, [], "the middle of a word is not its beginning");
}

pub async fn case_accents_and_compatibility_forms_do_not_matter(store: Store) {
    let ids = shelf(&store, &[("CRÈME Brûlée", "ﬁne №5"), ("Ёлка", ""), ("שָׁלוֹם עולם", ""), ("東京 タワー", "")]).await;
    for text in ["creme brulee", "Crème BRÛLÉE", "cre\u{300}me", "fine no5", "FINE"] {
        assert_eq!(found(&store, text).await, [ids[0]], "{text:?}");
    }
    for (text, id) in
        [("елка", ids[1]), ("ЁЛ", ids[1]), ("שלום", ids[2]), ("עול", ids[2]), ("東京", ids[3]), ("タワ", ids[3])]
    {
        assert_eq!(found(&store, text).await, [id], "{text:?}");
    }
}

pub async fn operators_are_words_or_nothing(store: Store) {
    let ids = shelf(&store, &[("Cats and dogs", ""), ("Near or not", "title"), ("Cat", "dog")]).await;
    for text in ["cats AND dogs", "\"cats\" + \"and\" dogs", "cats* and^ (dogs)", "{cats and}: dogs", "-cats and dogs"]
    {
        assert_eq!(found(&store, text).await, [ids[0]], "{text:?}");
    }
    assert_eq!(found(&store, "NEAR OR NOT").await, [ids[1]]);
    assert_eq!(found(&store, "cat OR dog").await, []);
    assert_eq!(found(&store, "cats NOT dogs").await, []);
    assert_eq!(found(&store, "title: cat").await, []);
    assert_eq!(found(&store, "NEAR(cat dog, 5)").await, []);
    for text in ["'; DROP TABLE videos; --", "\"", "cat\"", "\\", "%", "_at", "c.*", "$where", "cat\0dog", "🎉 cat"] {
        store.videos.list(&query(VideoScope::Published, text), &first()).await.unwrap();
    }
}

pub async fn a_query_without_a_letter_or_digit_finds_nothing(store: Store) {
    shelf(&store, &[("***", ""), ("A film", "")]).await;
    for text in ["***", "\"\"", "()", "🎉", "-", "%"] {
        assert_eq!(found(&store, text).await, [], "{text:?}");
    }
}

pub async fn only_title_and_description_are_searched(store: Store) {
    let owner = seed::user(&store).await;
    let shown = seed::video(&store, owner.id).await;
    seed::hidden_video(&store, owner.id).await;
    let id = owner.id.to_string();
    let words = ["published", "unpublished", "state", "scope", "public", "p", "o", "0", "1", "true"];
    let own = [id.clone(), format!("o{id}"), format!("owner{id}"), format!("film o{id}"), shown.file.to_string()];
    let own = own.into_iter().chain([owner.username.as_str().to_owned()]);
    for text in words.map(str::to_owned).into_iter().chain(own) {
        assert_eq!(found(&store, &text).await, [], "{text:?}");
        assert_eq!(found_in(&store, VideoScope::AllOf(owner.id), &text).await, [], "{text:?}");
    }
}

pub async fn an_unpublished_video_is_found_by_its_owner_alone(store: Store) {
    let (owner, other) = (seed::user(&store).await, seed::user(&store).await);
    let hidden = seed::hidden_video(&store, owner.id).await.id;
    let shown = seed::video(&store, owner.id).await.id;
    let others = seed::video(&store, other.id).await.id;
    let in_scope = async |scope| found_in(&store, scope, "film").await;
    assert_eq!(in_scope(VideoScope::Published).await, [others, shown]);
    assert_eq!(in_scope(VideoScope::PublishedBy(owner.id)).await, [shown]);
    assert_eq!(in_scope(VideoScope::AllOf(owner.id)).await, [shown, hidden]);
    assert_eq!(in_scope(VideoScope::AllOf(other.id)).await, [others]);
    seed::toggle(&store, hidden).await;
    seed::toggle(&store, shown).await;
    assert_eq!(in_scope(VideoScope::Published).await, [others, hidden]);
    assert_eq!(in_scope(VideoScope::PublishedBy(owner.id)).await, [hidden]);
    assert_eq!(in_scope(VideoScope::AllOf(owner.id)).await, [shown, hidden]);
}

pub async fn a_changed_text_is_found_by_its_new_words_alone(store: Store) {
    let ids = shelf(&store, &[("Old name", "old words"), ("Another", "")]).await;
    let change = VideoChange { title: Some(title("New name")), ..VideoChange::default() };
    store.videos.update(ids[0], &change, at(5)).await.unwrap();
    assert_eq!(found(&store, "new").await, [ids[0]]);
    assert_eq!(found(&store, "old words").await, [ids[0]], "the description stayed");
    assert_eq!(found(&store, "old name").await, [ids[0]], "title and description together");
    let change = VideoChange { description: Some(description("fresh")), ..VideoChange::default() };
    store.videos.update(ids[0], &change, at(6)).await.unwrap();
    assert_eq!(found(&store, "old").await, []);
    assert_eq!(found(&store, "new fresh").await, [ids[0]]);
}

pub async fn totals_follow_every_change_at_once(store: Store) {
    let ids = shelf(&store, &[("Cat one", ""), ("Cat two", ""), ("Cat three", "")]).await;
    // Twice: a store that remembers totals does so by the second time.
    let cats = async || [found(&store, "cat").await, found(&store, "cat").await].map(|found| found.len());
    assert_eq!(cats().await, [3, 3]);
    let change = VideoChange { title: Some(title("Dog one")), ..VideoChange::default() };
    store.videos.update(ids[0], &change, at(5)).await.unwrap();
    assert_eq!(cats().await, [2, 2]);
    seed::toggle(&store, ids[1]).await;
    assert_eq!(cats().await, [1, 1]);
    store.videos.delete(ids[2], at(6)).await.unwrap();
    assert_eq!(cats().await, [0, 0]);
    seed::toggle(&store, ids[1]).await;
    assert_eq!(cats().await, [1, 1]);
    shelf(&store, &[("Cat four", "")]).await;
    assert_eq!(cats().await, [2, 2]);
    assert_eq!(found(&store, "two").await, [ids[1]], "other words have other totals");
}

pub async fn a_change_of_an_unpublished_video_does_not_make_it_found(store: Store) {
    let owner = seed::user(&store).await;
    let video = seed::hidden_video(&store, owner.id).await.id;
    let change = VideoChange { title: Some(title("Secret")), ..VideoChange::default() };
    store.videos.update(video, &change, at(5)).await.unwrap();
    assert_eq!(found(&store, "secret").await, []);
    assert_eq!(found_in(&store, VideoScope::AllOf(owner.id), "secret").await, [video]);
}

pub async fn a_deleted_video_is_not_found(store: Store) {
    let ids = shelf(&store, &[("Red apple", ""), ("Red pear", "")]).await;
    store.videos.delete(ids[0], at(5)).await.unwrap();
    assert_eq!(found(&store, "red").await, [ids[1]]);
    purge_all(&store, 10).await;
    assert_eq!(found(&store, "red").await, [ids[1]]);
    assert_eq!(found(&store, "apple").await, []);
}

pub async fn matches_are_walked_alike_by_page_and_cursor(store: Store) {
    let texts = [("Red apple", ""), ("Apple red", ""), ("Fruit", "red apple"), ("Pear", "")];
    let shelf: Vec<_> = shuffled(20).map(|place| texts[place % texts.len()]).collect();
    let ids = self::shelf(&store, &shelf).await;
    let tier = |text: &str| {
        let of_tier = shelf.iter().zip(&ids).filter(|((name, _), _)| *name == text);
        of_tier.map(|(_, id)| id.bytes()).rev().collect::<Vec<_>>()
    };
    let expected = [tier("Red apple"), tier("Apple red"), tier("Fruit")].concat();
    let query = query(VideoScope::Published, "red app");
    Listing { what: "matches by relevance", order: ListOrder::Relevance, counted: true }
        .assert_holds(
            &expected,
            |card: &VideoCard| card.video.id.bytes(),
            async |page| store.videos.list(&query, &page).await.unwrap(),
        )
        .await;
}

pub async fn matches_are_walked_alike_by_page_and_cursor_in_every_order(store: Store) {
    let (one, _, videos) = library(&store).await;
    for scope in [VideoScope::Published, VideoScope::AllOf(one.id)] {
        let mut expected: Vec<_> = videos
            .iter()
            .filter(|video| video.title.as_str().to_lowercase().starts_with("apple"))
            .filter(|video| if scope == VideoScope::Published { video.is_published } else { video.owner == one.id })
            .collect();
        for (sort, direction) in SORTS.into_iter().flat_map(|sort| DIRECTIONS.map(|direction| (sort, direction))) {
            expected.sort_by(|a, b| compare(sort, direction, a, b));
            let ids: Vec<_> = expected.iter().map(|video| video.id.bytes()).collect();
            let order = VideoOrder::By(sort, direction);
            let query = VideoQuery { order, ..query(scope, "appl") };
            let what = format!("matches in {scope:?} by {sort:?} {direction:?}");
            Listing { what: &what, order: order.list_order(), counted: true }
                .assert_holds(
                    &ids,
                    |card: &VideoCard| card.video.id.bytes(),
                    async |page| store.videos.list(&query, &page).await.unwrap(),
                )
                .await;
        }
    }
}

pub async fn counting_and_sorting_stop_at_the_cap_and_relevance_goes_on(store: Store) {
    let owner = seed::user(&store).await;
    let beyond = 40;
    let videos: Vec<Video> =
        (0..10_000 + beyond).map(|second| Video { created_at: at(second), ..video(owner.id) }).collect();
    let (oldest, newest) = videos.split_at(usize::try_from(beyond).unwrap());
    for videos in std::iter::once(oldest).chain(newest.chunks(500)) {
        join_all(videos.iter().map(|video| seed::upload(&store, video))).await;
    }
    let by_time = VideoOrder::By(VideoSort::CreatedAt, SortDirection::Ascending);
    let sorted = VideoQuery { order: by_time, ..query(VideoScope::Published, "film") };
    let page = store.videos.list(&sorted, &first()).await.unwrap();
    assert_eq!(page.total, Some(SEARCH_TOTAL_CAP));
    let oldest = page.items.first().unwrap().video.created_at;
    assert_eq!(oldest, at(beyond), "the newest {SORTED_SEARCH_CAP} are sorted");
    let ranked = query(VideoScope::Published, "film");
    let page = store.videos.list(&ranked, &first()).await.unwrap();
    assert_eq!(page.total, Some(SEARCH_TOTAL_CAP));
    let mut next = page.next;
    let mut found = page.items.len();
    while let Some(cursor) = next {
        let page = store.videos.list(&ranked, &PageRequest::after(cursor, PageSize::MAX)).await.unwrap();
        found += page.items.len();
        next = page.next;
    }
    assert_eq!(found, videos.len(), "in order of relevance all are found");
}

pub async fn a_walk_through_matches_is_not_disturbed_by_what_comes_and_goes(store: Store) {
    let texts = [("Cat", ""), ("Cat", ""), ("Cat", ""), ("Dog", "cat"), ("Dog", "cat")];
    let ids = shelf(&store, &texts).await;
    let query = query(VideoScope::Published, "cat");
    let page = store.videos.list(&query, &first_of(2)).await.unwrap();
    let seen: Vec<_> = page.items.iter().map(|card| card.video.id).collect();
    assert_eq!(seen, [ids[2], ids[1]]);
    store.videos.delete(ids[1], at(9)).await.unwrap();
    let owner = seed::user(&store).await;
    seed::upload(&store, &Video { title: title("Cat"), created_at: at(9), ..video(owner.id) }).await;
    let request = PageRequest::after(page.next.unwrap(), PageSize::MAX);
    let rest = store.videos.list(&query, &request).await.unwrap();
    let seen: Vec<_> = rest.items.iter().map(|card| card.video.id).collect();
    assert_eq!(seen, [ids[0], ids[4], ids[3]]);
    assert_eq!((rest.total, rest.next), (None, None));
}
