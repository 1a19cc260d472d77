//! Search: words, never patterns or operators, and only in what the viewer may see.

use aviary_domain::video::Description;
use aviary_tests::check::{PAGE, assert_video, texts};
use aviary_tests::{Caller, TestServer, assert_fields};
use serde_json::json;

/// The titles found, in order.
async fn found(caller: &Caller, words: &str) -> Vec<String> {
    let request = caller.request(reqwest::Method::GET, "/videos").query(&[("query", words)]);
    let page = caller.send(request).await.ok(200);
    assert_fields(&page, &PAGE);
    page["docs"].as_array().unwrap().iter().for_each(assert_video);
    assert_eq!(page["totalDocs"], page["docs"].as_array().unwrap().len());
    texts(&page["docs"], "title")
}

#[tokio::test]
async fn words_are_found_in_titles_and_descriptions_best_match_first() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let described = |text: &'static str| {
        move |video: &mut aviary_domain::video::Video| video.description = Description::parse(text).unwrap()
    };
    server.video_with(&ada, "Blue whales", described("and a red fox")).await;
    server.video_with(&ada, "Fox hunting red herrings", |_| {}).await;
    server.video_with(&ada, "The red fox", |_| {}).await;
    server.video_with(&ada, "A red foxglove", |_| {}).await;
    server.video_with(&ada, "Red", |_| {}).await;
    let guest = server.guest();
    let tiers = ["A red foxglove", "The red fox", "Fox hunting red herrings", "Blue whales"];
    assert_eq!(found(&guest, "red fox").await, tiers);
    assert_eq!(found(&guest, "  RED,  fox! ").await, tiers);
    assert_eq!(found(&guest, "fo").await.len(), 4, "the last word is a beginning");
    assert_eq!(found(&guest, "fo red").await, Vec::<String>::new(), "the others are whole words");
    assert_eq!(found(&guest, "whales fox").await, ["Blue whales"]);
    assert_eq!(found(&guest, "red zebra").await, Vec::<String>::new());
}

#[tokio::test]
async fn accents_case_and_script_do_not_matter() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for title in ["Crème Brûlée", "שלום עולם", "Привет Мир", "ﬁne ligatures"] {
        server.video(&ada, title).await;
    }
    for (words, title) in [
        ("creme brulee", "Crème Brûlée"),
        ("BRÛLÉE", "Crème Brûlée"),
        ("שלום", "שלום עולם"),
        ("ПРИВЕТ", "Привет Мир"),
        ("fine", "ﬁne ligatures"),
    ] {
        assert_eq!(found(&server.guest(), words).await, [title], "{words}");
    }
}

#[tokio::test]
async fn operators_and_patterns_are_just_text() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    server.video(&ada, "plain film").await;
    server.video(&ada, "NOT a film, OR is it").await;
    let guest = server.guest();
    let none = Vec::<String>::new();
    for words in [
        "\"",
        "*",
        "%",
        "_",
        ".*",
        "^",
        "()",
        "🎉",
        "' OR 1=1 --",
        "plain\" OR \"x",
        "{title}: zebra",
        "scope:published",
        "published",
        "-zebra",
        "NEAR(zebra film)",
        "zebra AND film",
        "plain OR zebra",
        "plain NOT zebra",
        "o",
        "\u{0}",
        "\\",
        "[y-z]",
        "$where",
    ] {
        let titles = found(&guest, words).await;
        if words == "o" {
            assert_eq!(titles, ["NOT a film, OR is it"], "the beginning of OR, not of a scope");
        } else {
            assert_eq!(titles, none, "{words:?}");
        }
    }
    assert_eq!(found(&guest, "*film*").await.len(), 2);
    assert_eq!(found(&guest, "or is").await, ["NOT a film, OR is it"]);
    assert_eq!(found(&guest, &"film ".repeat(500)).await.len(), 2, "a long query is cut");
    assert_eq!(found(&guest, &"z".repeat(3000)).await, none);
}

#[tokio::test]
async fn a_blank_query_asks_for_everything() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    server.video(&ada, "one").await;
    server.video(&ada, "two").await;
    assert_eq!(found(&server.guest(), "   ").await, ["two", "one"]);
    assert_eq!(found(&server.guest(), "").await, ["two", "one"]);
}

#[tokio::test]
async fn only_the_visible_is_found_and_changes_are_found_at_once() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "secret film").await;
    server.video(&bob, "public film").await;
    ada.toggle_published(&video).await;
    let own = format!("/videos?query=film&userId={}", ada.id);
    assert_eq!(found(&bob, "film").await, ["public film"]);
    assert_eq!(found(&ada, "film").await, ["public film"]);
    assert_eq!(texts(&ada.get(&own).await.ok(200)["docs"], "title"), ["secret film"]);
    assert_eq!(bob.get(&own).await.ok(200)["docs"], json!([]));
    assert_eq!(server.guest().get(&own).await.ok(200)["totalDocs"], 0);

    ada.toggle_published(&video).await;
    assert_eq!(found(&bob, "film").await, ["public film", "secret film"]);
    ada.patch(&format!("/videos/{video}"), &json!({ "title": "renamed" })).await.ok(200);
    assert_eq!(found(&bob, "film").await, ["public film"]);
    assert_eq!(found(&bob, "renam").await, ["renamed"]);
    ada.delete(&format!("/videos/{video}")).await.ok(200);
    assert_eq!(found(&bob, "renamed").await, Vec::<String>::new());
}

#[tokio::test]
async fn matches_can_be_sorted_and_walked() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    for n in 0..25 {
        let title = if n % 2 == 0 { format!("film {n:02}") } else { format!("{n:02} of a film") };
        server.video(&ada, &title).await;
    }
    server.video(&ada, "noise").await;
    for order in ["", "&sortBy=title&sortType=asc", "&sortBy=duration", "&sortBy=createdAt&sortType=asc"] {
        let all = server.guest().get(&format!("/videos?query=film&limit=100{order}")).await.ok(200);
        let all = texts(&all["docs"], "title");
        assert_eq!(all.len(), 25, "{order}");
        let (mut walked, mut next) = (vec![], String::new());
        loop {
            let page = server.guest().get(&format!("/videos?query=film&limit=4{order}{next}")).await.ok(200);
            walked.extend(texts(&page["docs"], "title"));
            let Some(cursor) = page["nextCursor"].as_str() else { break };
            next = format!("&cursor={cursor}");
        }
        assert_eq!(walked, all, "{order}");
        let mut paged = vec![];
        for page in 1..=7 {
            let page = server.guest().get(&format!("/videos?query=film&limit=4{order}&page={page}")).await.ok(200);
            assert_eq!(page["totalDocs"], 25);
            paged.extend(texts(&page["docs"], "title"));
        }
        assert_eq!(paged, all, "{order}");
    }
}
