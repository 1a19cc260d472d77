//! Pages, cursors and array headers, on every list.

use aviary_domain::Timestamp;
use aviary_tests::check::{PAGE, ids};
use aviary_tests::{Caller, Person, Reply, TestServer, assert_fields, code};
use serde_json::{Value, json};

/// How many items each list of the stage has.
const ITEMS: usize = 7;

/// Lists of seven items each: of every kind, with equal sort keys where a kind allows it.
struct Stage {
    _server: TestServer,
    ada: Person,
    /// Lists that are PAGE objects.
    pages: Vec<String>,
    /// Lists that are arrays.
    arrays: Vec<String>,
}

impl Stage {
    async fn set() -> Self {
        let server = TestServer::start().await;
        let ada = server.person("ada").await;
        let fans = server.people("fan", ITEMS).await;
        let moment = Timestamp::from_millis(1_700_000_000_000);
        let mut videos = vec![];
        for n in 0..ITEMS {
            let equal = |video: &mut aviary_domain::video::Video| {
                video.created_at = moment;
                video.updated_at = moment;
                // Three durations for seven videos.
                video.duration = 1.0 + f64::from(u8::try_from(n % 3).unwrap());
            };
            videos.push(server.video_with(&ada, if n % 2 == 0 { "same title" } else { "Same Title" }, equal).await);
        }
        for (fan, video) in fans.iter().zip(&videos) {
            fan.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
            ada.put(&format!("/subscriptions/c/{}", fan.id)).await.ok(200);
            ada.tweet("tweet").await;
            ada.comment(&videos[0], "comment").await;
            ada.playlist("playlist").await;
            ada.get(&format!("/videos/{video}")).await.ok(200);
            ada.put(&format!("/likes/v/{video}")).await.ok(200);
        }
        let mut pages =
            vec!["/tweets?".to_owned(), format!("/comments/{}?", videos[0]), format!("/videos?userId={}", ada.id)];
        for sort in ["createdAt", "views", "duration", "title", "likesCount"] {
            for direction in ["asc", "desc"] {
                pages.push(format!("/videos?sortBy={sort}&sortType={direction}"));
                pages.push(format!("/videos?query=same&sortBy={sort}&sortType={direction}"));
            }
        }
        pages.push("/videos?query=same%20title".to_owned());
        let arrays = vec![
            format!("/tweets/user/{}?", ada.id),
            format!("/subscriptions/c/{}?", ada.id),
            format!("/subscriptions/u/{}?", ada.id),
            format!("/playlist/user/{}?", ada.id),
            "/users/history?".to_owned(),
            "/likes/videos?".to_owned(),
            "/dashboard/videos?".to_owned(),
        ];
        Self { _server: server, ada, pages, arrays }
    }
}

fn link(reply: &Reply) -> Option<String> {
    let link = reply.header("link");
    let url = link.strip_prefix('<')?.strip_suffix(">; rel=\"next\"")?;
    Some(url.to_owned())
}

/// The ids of a list, item by item along `nextCursor`.
async fn walk(caller: &Caller, list: &str, limit: usize) -> Vec<String> {
    let (mut all, mut path) = (vec![], format!("{list}&limit={limit}"));
    loop {
        let page = caller.get(&path).await.ok(200);
        let docs = ids(&page["docs"]);
        assert!(docs.len() <= limit);
        assert_eq!(page["hasNextPage"].as_bool().unwrap(), page["nextCursor"].is_string(), "{page}");
        all.extend(docs);
        let Some(cursor) = page["nextCursor"].as_str() else { return all };
        path = format!("{list}&limit={limit}&cursor={cursor}");
        assert!(all.len() <= 2 * ITEMS, "{list} does not end");
    }
}

#[tokio::test]
async fn page_numbers_and_cursors_walk_every_page_list_alike() {
    let stage = Stage::set().await;
    for list in &stage.pages {
        let whole = ids(&stage.ada.get(&format!("{list}&limit=100")).await.ok(200)["docs"]);
        assert_eq!(whole.len(), ITEMS, "{list}");
        for limit in [1, 3, 7] {
            let mut paged = vec![];
            for number in 1..=ITEMS.div_ceil(limit) {
                let page = stage.ada.get(&format!("{list}&limit={limit}&page={number}")).await.ok(200);
                assert_fields(&page, &PAGE);
                check_numbers(&page, limit, number);
                paged.extend(ids(&page["docs"]));
            }
            assert_eq!(paged, whole, "{list} by {limit}");
            assert_eq!(walk(&stage.ada, list, limit).await, whole, "{list} by cursors of {limit}");
        }
    }
}

fn check_numbers(page: &Value, limit: usize, number: usize) {
    let pages = ITEMS.div_ceil(limit);
    let or_null = |number: Option<usize>| number.map_or(Value::Null, Value::from);
    let mut numbers = page.clone();
    for field in ["docs", "nextCursor"] {
        numbers.as_object_mut().unwrap().remove(field);
    }
    let expected = json!({
        "totalDocs": ITEMS, "limit": limit, "page": number, "totalPages": pages,
        "pagingCounter": (number - 1) * limit + 1,
        "hasPrevPage": number > 1, "hasNextPage": number < pages,
        "prevPage": or_null((number > 1).then(|| number - 1)),
        "nextPage": or_null((number < pages).then(|| number + 1)),
    });
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn arrays_go_on_where_their_headers_say() {
    let stage = Stage::set().await;
    for list in &stage.arrays {
        let reply = stage.ada.get(list.trim_end_matches('?')).await;
        let whole = ids(&reply.ok(200));
        assert_eq!(whole.len(), ITEMS, "{list}");
        assert_eq!((reply.header("x-next-cursor"), reply.header("link")), ("", ""), "{list} ends here");
        for limit in [1, 3, 7] {
            let (mut paged, mut walked) = (vec![], vec![]);
            for number in 1..=ITEMS.div_ceil(limit) {
                let part = stage.ada.get(&format!("{list}&limit={limit}&page={number}")).await.ok(200);
                paged.extend(ids(&part));
            }
            assert_eq!(paged, whole, "{list} by {limit}");
            let mut path = format!("{list}&limit={limit}");
            loop {
                let reply = stage.ada.get(&path).await;
                walked.extend(ids(&reply.ok(200)));
                let cursor = reply.header("x-next-cursor");
                let Some(next) = link(&reply) else {
                    assert_eq!(cursor, "", "{list}: a cursor without a link");
                    break;
                };
                assert!(
                    next.contains(&format!("limit={limit}")) && next.contains(&format!("cursor={cursor}")),
                    "{next}"
                );
                path = next;
                assert!(walked.len() <= ITEMS, "{list} does not end");
            }
            assert_eq!(walked, whole, "{list} by links of {limit}");
        }
    }
}

#[tokio::test]
async fn lists_refuse_parts_that_do_not_exist() {
    let stage = Stage::set().await;
    for list in stage.pages.iter().chain(&stage.arrays) {
        for bad in ["0", "-1", "1.5", "1e9", "abc", "99999999999999999999", "%00", "1%3B"] {
            stage.ada.get(&format!("{list}&page={bad}")).await.fails_on(&["page"]);
            stage.ada.get(&format!("{list}&limit={bad}")).await.fails_on(&["limit"]);
        }
        stage.ada.get(&format!("{list}&limit=101")).await.fails_on(&["limit"]);
        stage.ada.get(&format!("{list}&limit=1000000000&page=-1")).await.fails_on(&["limit", "page"]);
        for cursor in ["x", "AAAA", "%F0%9F%8E%89", &"A".repeat(4000)] {
            stage.ada.get(&format!("{list}&cursor={cursor}")).await.fails_on(&["cursor"]);
        }
    }
}

#[tokio::test]
async fn page_numbers_reach_the_first_100_000_items_and_cursors_go_on() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    ada.tweet("one").await;
    for list in ["/tweets?".to_owned(), format!("/tweets/user/{}?", ada.id), "/videos?".to_owned()] {
        assert_eq!(ada.get(&format!("{list}limit=100&page=1000")).await.status, 200);
        assert_eq!(ada.get(&format!("{list}limit=10&page=10000")).await.status, 200);
        for beyond in ["limit=100&page=1001", "limit=1&page=100001", "page=10001"] {
            let reply = ada.get(&format!("{list}{beyond}")).await;
            let failure = reply.fails(400, code::INVALID);
            assert!(failure.to_string().contains("cursor"), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_page_past_the_end_is_empty_and_says_so() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    ada.tweet("one").await;
    let page = ada.get("/tweets?page=5&limit=2").await.ok(200);
    assert_fields(&page, &PAGE);
    assert_eq!((&page["docs"], &page["totalDocs"], &page["page"]), (&json!([]), &json!(1), &json!(5)));
    assert_eq!(
        (&page["hasNextPage"], &page["nextPage"], &page["nextCursor"]),
        (&json!(false), &Value::Null, &Value::Null)
    );
    assert_eq!((&page["hasPrevPage"], &page["prevPage"]), (&json!(true), &json!(4)));
    assert_eq!(ada.get(&format!("/tweets/user/{}?page=5", ada.id)).await.ok(200), json!([]));
}

#[tokio::test]
async fn without_parameters_pages_hold_10_and_arrays_100() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for n in 0..101 {
        ada.tweet(&format!("tweet {n}")).await;
    }
    let page = ada.get("/tweets").await.ok(200);
    assert_eq!((page["docs"].as_array().unwrap().len(), &page["limit"], &page["page"]), (10, &json!(10), &json!(1)));
    assert_eq!((&page["totalDocs"], &page["totalPages"]), (&json!(101), &json!(11)));
    let reply = ada.get(&format!("/tweets/user/{}", ada.id)).await;
    assert_eq!(reply.ok(200).as_array().unwrap().len(), 100);
    let rest = ada.get(&link(&reply).expect("a link")).await.ok(200);
    assert_eq!((rest.as_array().unwrap().len(), &rest[0]["content"]), (1, &json!("tweet 0")));
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for title in ["a", "b", "c"] {
        server.video(&ada, title).await;
    }
    let cursor = ada.get("/videos?sortBy=title&limit=1").await.ok(200)["nextCursor"].as_str().unwrap().to_owned();
    for other in ["sortBy=title&sortType=asc", "sortBy=views", "query=a", "sortBy=duration"] {
        ada.get(&format!("/videos?{other}&cursor={cursor}")).await.fails_on(&["cursor"]);
    }
    ada.get(&format!("/tweets?cursor={cursor}")).await.fails_on(&["cursor"]);
    let with_page = ada.get(&format!("/videos?sortBy=title&cursor={cursor}&page=7&limit=1")).await.ok(200);
    assert_eq!(with_page["docs"][0]["title"], "b", "a cursor goes before a page number");
}

#[tokio::test]
async fn a_walk_neither_repeats_nor_skips_while_others_write_and_delete() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let mut tweets = vec![];
    for n in 0..9 {
        tweets.insert(0, ada.tweet(&format!("tweet {n}")).await);
    }
    let (mut walked, mut path) = (vec![], "/tweets?limit=2".to_owned());
    loop {
        let page = ada.get(&path).await.ok(200);
        walked.extend(ids(&page["docs"]));
        bob.tweet("a new one at the front").await;
        // The last one seen goes: the cursor still knows its place.
        let last = walked.last().unwrap();
        ada.delete(&format!("/tweets/{last}")).await.ok(200);
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/tweets?limit=2&cursor={cursor}");
    }
    assert_eq!(walked, tweets);
    server.is_consistent().await;
}
