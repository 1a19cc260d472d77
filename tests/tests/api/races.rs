//! The same thing fifty times at once: one effect, exact counts, no 5xx, nothing left behind.

use std::collections::{BTreeMap, HashSet};

use aviary_tests::people::{PASSWORD, registration};
use aviary_tests::{Caller, Reply, TestServer, code, form, samples};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

const AT_ONCE: usize = 50;

/// How often each status was answered.
fn statuses(replies: &[Reply]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for reply in replies {
        *counts.entry(reply.status).or_default() += 1;
    }
    counts
}

/// Sends the same request fifty times at once.
async fn storm(caller: &Caller, method: Method, path: &str) -> Vec<Reply> {
    join_all((0..AT_ONCE).map(|_| caller.call(method.clone(), path))).await
}

#[tokio::test]
async fn fifty_toggles_are_fifty_changes_and_fifty_puts_are_one() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let comment = ada.comment(&video, "comment").await;
    let tweet = ada.tweet("tweet").await;
    for target in [format!("v/{video}"), format!("c/{comment}"), format!("t/{tweet}")] {
        let toggled = storm(&bob, Method::POST, &format!("/likes/toggle/{target}")).await;
        let states: Vec<_> = toggled.iter().map(|reply| reply.ok(200)).collect();
        let liked = states.iter().filter(|state| state["isLiked"] == true).count();
        assert_eq!(liked, AT_ONCE / 2, "every toggle turns what the one before left");
        for state in &states {
            assert_eq!(state["likesCount"], u64::from(state["isLiked"] == true), "{state}");
        }
        for reply in storm(&bob, Method::PUT, &format!("/likes/{target}")).await {
            assert_eq!(reply.ok(200), json!({ "isLiked": true, "liked": true, "likesCount": 1 }));
        }
        for reply in storm(&bob, Method::DELETE, &format!("/likes/{target}")).await {
            assert_eq!(reply.ok(200), json!({ "isLiked": false, "liked": false, "likesCount": 0 }));
        }
        bob.put(&format!("/likes/{target}")).await.ok(200);
    }
    assert_eq!(server.count("likes"), 3);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalLikes"], 3);
    server.is_consistent().await;
}

#[tokio::test]
async fn likes_of_many_people_at_once_all_count() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    let people = server.people("fan", 20).await;
    let path = format!("/likes/v/{video}");
    let replies = join_all(people.iter().map(|person| person.put(&path))).await;
    let counts: HashSet<u64> = replies.iter().map(|reply| reply.ok(200)["likesCount"].as_u64().unwrap()).collect();
    assert_eq!(counts, (1..=20).collect(), "each one sees a count of its own");
    assert_eq!(server.guest().get(&format!("/videos/{video}")).await.ok(200)["likesCount"], 20);
    server.is_consistent().await;
}

#[tokio::test]
async fn one_subscription_a_pair() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let path = format!("/subscriptions/c/{}", ada.id);
    for reply in storm(&bob, Method::PUT, &path).await {
        assert_eq!(reply.ok(200)["subscribersCount"], 1);
    }
    let toggled = storm(&bob, Method::POST, &path).await;
    assert_eq!(toggled.iter().filter(|reply| reply.ok(200)["subscribed"] == true).count(), AT_ONCE / 2);
    assert_eq!(server.count("subscriptions"), 1);
    assert_eq!(server.guest().get("/users/c/ada").await.ok(200)["subscribersCount"], 1);
    assert_eq!(server.guest().get("/users/c/bob").await.ok(200)["channelsSubscribedToCount"], 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn one_entry_a_playlist_and_video() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let (first, second) = (server.video(&ada, "first").await, server.video(&ada, "second").await);
    let playlist = ada.playlist("mix").await;
    let add = |video: &str| format!("/playlist/add/{video}/{playlist}");
    let (first_path, second_path) = (add(&first), add(&second));
    let both = [storm(&ada, Method::PATCH, &first_path), storm(&ada, Method::PATCH, &second_path)];
    for replies in join_all(both).await {
        assert_eq!(statuses(&replies), [(200, AT_ONCE)].into());
    }
    assert_eq!(ada.get(&format!("/playlist/{playlist}")).await.ok(200)["totalVideos"], 2);
    assert_eq!(server.count("playlist_videos"), 2);
    let removed = storm(&ada, Method::PATCH, &format!("/playlist/remove/{first}/{playlist}")).await;
    assert_eq!(statuses(&removed), [(200, AT_ONCE)].into());
    assert_eq!(server.count("playlist_videos"), 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn one_account_a_name_and_address_and_the_losers_leave_no_file() {
    let server = TestServer::start().await;
    let guest = server.guest();
    let same =
        join_all((0..AT_ONCE).map(|_| guest.multipart(Method::POST, "/users/register", registration("ada")))).await;
    assert_eq!(statuses(&same), [(201, 1), (409, AT_ONCE - 1)].into());
    let one_address = join_all((0..AT_ONCE).map(|n| {
        let case = if n % 2 == 0 { "Bob@Example.org" } else { "bob@example.org " };
        let form = form()
            .text("fullName", "Bob")
            .text("email", case)
            .text("username", &format!("bob{n}"))
            .text("password", PASSWORD)
            .file("avatar", "me.png", "image/png", samples::png())
            .file("coverImage", "sky.jpg", "image/jpeg", samples::jpeg());
        guest.multipart(Method::POST, "/users/register", form)
    }))
    .await;
    assert_eq!(statuses(&one_address), [(201, 1), (409, AT_ONCE - 1)].into());
    for reply in one_address.iter().filter(|reply| reply.status == 409) {
        reply.fails_with(409, code::EMAIL_TAKEN, &["email"]);
    }
    assert_eq!(server.count("users"), 2);
    server.keeps_files(3).await;
    server.is_consistent().await;
}

#[tokio::test]
async fn one_address_of_many_who_want_it() {
    let server = TestServer::start().await;
    let people = server.people("p", 12).await;
    let wanted = json!({ "email": "wanted@example.org" });
    let replies = join_all(people.iter().map(|person| person.patch("/users/update-account", &wanted))).await;
    assert_eq!(statuses(&replies), [(200, 1), (409, 11)].into());
}

#[tokio::test]
async fn a_refresh_token_in_many_hands_leaves_at_most_one_way_on() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let laptop = server.sign_in("ada").await;
    let guest = server.guest();
    let body = json!({ "refreshToken": ada.refresh });
    let replies = join_all((0..AT_ONCE).map(|_| guest.post("/users/refresh-token", &body))).await;
    assert!(statuses(&replies).keys().all(|status| matches!(status, 200 | 401)), "{:?}", statuses(&replies));
    let given: Vec<_> =
        replies.iter().filter(|reply| reply.status == 200).map(|reply| reply.ok(200)["refreshToken"].clone()).collect();
    assert!(!given.is_empty());
    assert_eq!(given.iter().map(ToString::to_string).collect::<HashSet<_>>().len(), given.len());
    // One after the other: at most one of them is the session's token; the first other one is a replay.
    let mut went_on = 0;
    for token in &given {
        let reply = guest.post("/users/refresh-token", &json!({ "refreshToken": token })).await;
        assert!(matches!(reply.status, 200 | 401), "{reply}");
        went_on += usize::from(reply.status == 200);
    }
    assert!(went_on <= 1, "{went_on} of {} tokens went on", given.len());
    assert_eq!(laptop.get("/users/current-user").await.status, 200);
}

#[tokio::test]
async fn views_at_once_count_each_viewer_once() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/videos/{video}");
    for reply in storm(&bob, Method::GET, &path).await {
        assert_eq!(reply.ok(200)["views"], 1);
    }
    let guests: Vec<_> = (0..AT_ONCE).map(|n| server.guest().with_agent(&format!("browser {n}"))).collect();
    let replies = join_all(guests.iter().map(|guest| guest.get(&path))).await;
    let counts: HashSet<u64> = replies.iter().map(|reply| reply.ok(200)["views"].as_u64().unwrap()).collect();
    assert_eq!(counts, (2..=51).collect(), "every answer knows its own view");
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalViews"], 51);
    assert_eq!(bob.get("/users/history").await.ok(200).as_array().unwrap().len(), 1);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_video_deleted_amid_likes_and_comments_leaves_nothing() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let playlist = bob.playlist("mix").await;
    let comment = bob.comment(&video, "first").await;
    let before = server.count("users");
    let path = format!("/videos/{video}");
    let paths = [format!("/likes/toggle/v/{video}"), format!("/likes/toggle/c/{comment}")];
    let (comments, add) = (format!("/comments/{video}"), format!("/playlist/add/{video}/{playlist}"));
    let text = json!({ "content": "in between" });
    let likes = join_all((0..AT_ONCE).map(|n| bob.push(&paths[n % 2])));
    let writes = join_all((0..AT_ONCE).map(|_| bob.post(&comments, &text)));
    let adds = join_all((0..10).map(|_| bob.nudge(&add)));
    let views = join_all((0..AT_ONCE).map(|_| bob.get(&path)));
    let deletes = async {
        bob.get("/videos").await;
        join_all((0..10).map(|_| ada.delete(&path))).await
    };
    let (likes, writes, adds, views, deletes) = tokio::join!(likes, writes, adds, views, deletes);
    assert_eq!(statuses(&deletes), [(200, 1), (404, 9)].into());
    for reply in likes.iter().chain(&adds).chain(&views) {
        assert!(matches!(reply.status, 200 | 404), "{reply}");
    }
    assert!(writes.iter().all(|reply| matches!(reply.status, 201 | 404)));
    server.settled().await;
    for (table, count) in server.rows() {
        let expected = match table {
            "users" => before,
            "playlists" => 1,
            _ => 0,
        };
        assert_eq!(count, expected, "{table}");
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn comments_and_tweets_deleted_amid_likes_leave_nothing() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    for (kind, id, path) in
        [("c", ada.comment(&video, "comment").await, "/comments/c"), ("t", ada.tweet("tweet").await, "/tweets")]
    {
        let (like, delete) = (format!("/likes/toggle/{kind}/{id}"), format!("{path}/{id}"));
        let likes = join_all((0..AT_ONCE).map(|n| if n % 2 == 0 { bob.push(&like) } else { ada.push(&like) }));
        let deletes = join_all((0..5).map(|_| ada.delete(&delete)));
        let (likes, deletes) = tokio::join!(likes, deletes);
        assert_eq!(statuses(&deletes), [(200, 1), (404, 4)].into());
        assert!(likes.iter().all(|reply| matches!(reply.status, 200 | 404)));
    }
    server.settled().await;
    assert_eq!(server.count("likes"), 0);
    assert_eq!(ada.get("/dashboard/stats").await.ok(200)["totalLikes"], 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn pictures_replaced_at_once_leave_one_file() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let replies = join_all((0..12).map(|_| {
        let form = form().file("avatar", "me.png", "image/png", samples::png());
        ada.multipart(Method::PATCH, "/users/avatar", form)
    }))
    .await;
    assert_eq!(statuses(&replies), [(200, 12)].into());
    server.keeps_files(1).await;
    let avatar = ada.get("/users/current-user").await.ok(200)["avatar"].as_str().unwrap().to_owned();
    assert_eq!(ada.get(&avatar).await.status, 200);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_storm_of_everything_leaves_no_drift() {
    let server = TestServer::start().await;
    let people = server.people("p", 6).await;
    let mut videos = vec![];
    for person in &people {
        videos.push(server.video(person, "film").await);
    }
    let lives = people.iter().enumerate().map(async |(n, person)| {
        for round in 0..6 {
            let video = &videos[(n + round) % videos.len()];
            let other = &people[(n + round + 1) % people.len()];
            let tweet = person.tweet("hello").await;
            person.push(&format!("/likes/toggle/t/{tweet}")).await.ok(200);
            for (method, path) in [
                (Method::GET, format!("/videos/{video}")),
                (Method::POST, format!("/likes/toggle/v/{video}")),
                (Method::POST, format!("/subscriptions/c/{}", other.id)),
                (Method::PATCH, format!("/videos/toggle/publish/{}", videos[n])),
            ] {
                let reply = person.call(method, &path).await;
                assert!(matches!(reply.status, 200 | 400 | 404), "{reply}");
            }
            let comment = person.post(&format!("/comments/{video}"), &json!({ "content": "hi" })).await;
            if comment.status == 201 {
                let id = aviary_tests::people::id(&comment.ok(201));
                other.push(&format!("/likes/toggle/c/{id}")).await;
                if round % 2 == 0 {
                    person.delete(&format!("/comments/c/{id}")).await;
                }
            }
            if round % 3 == 0 {
                person.delete(&format!("/tweets/{tweet}")).await.ok(200);
            }
        }
        if n % 2 == 0 {
            person.delete(&format!("/videos/{}", videos[n])).await.ok(200);
        }
    });
    join_all(lives).await;
    server.is_consistent().await;
    let total = server.guest().get("/tweets").await.ok(200)["totalDocs"].as_u64().unwrap();
    assert_eq!(total, server.count("tweets"));
}
