//! Videos: looking at one, listing, changing, publishing, deleting.

use aviary_tests::check::{PAGE, assert_video, assert_video_detail, ids, texts};
use aviary_tests::{TestServer, assert_fields, code, form, samples};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_video_has_a_page_for_guests_and_users() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    bob.put(&format!("/likes/v/{video}")).await.ok(200);
    bob.put(&format!("/subscriptions/c/{}", ada.id)).await.ok(200);
    let path = format!("/videos/{video}");
    let guests = server.guest().get(&path).await.ok(200);
    assert_video_detail(&guests);
    assert_eq!((&guests["isLiked"], &guests["owner"]["isSubscribed"]), (&json!(false), &json!(false)));
    assert_eq!((&guests["likesCount"], &guests["owner"]["subscribersCount"]), (&json!(1), &json!(1)));
    let bobs = bob.get(&path).await.ok(200);
    assert_video_detail(&bobs);
    assert_eq!((&bobs["isLiked"], &bobs["owner"]["isSubscribed"]), (&json!(true), &json!(true)));
    let adas = ada.get(&path).await.ok(200);
    assert_eq!((&adas["isLiked"], &adas["owner"]["isSubscribed"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn an_owner_changes_text_in_json_a_form_or_multipart() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    let path = format!("/videos/{video}");
    let changed = ada.patch(&path, &json!({ "title": " New " })).await.ok(200);
    assert_video(&changed);
    assert_eq!((&changed["title"], &changed["description"]), (&json!("New"), &json!("")));
    assert!(changed["updatedAt"].as_str() > changed["createdAt"].as_str());
    let changed = ada.urlencoded(Method::PATCH, &path, &[("description", "of a film")]).await.ok(200);
    assert_eq!((&changed["title"], &changed["description"]), (&json!("New"), &json!("of a film")));
    let both = form().text("title", "Newer").text("description", "");
    let changed = ada.multipart(Method::PATCH, &path, both).await.ok(200);
    assert_eq!((&changed["title"], &changed["description"]), (&json!("Newer"), &json!("")));
    assert_eq!(server.guest().get(&path).await.ok(200)["title"], "Newer");
}

#[tokio::test]
async fn a_new_still_replaces_the_old_file() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = ada.upload("film", film).await;
    server.keeps_files(3).await;
    let still = form().file("thumbnail", "new.jpg", "image/jpeg", samples::jpeg());
    let path = format!("/videos/{}", video["_id"].as_str().unwrap());
    let changed = ada.multipart(Method::PATCH, &path, still).await.ok(200);
    assert_video(&changed);
    assert_ne!(changed["thumbnail"], video["thumbnail"]);
    assert_eq!((&changed["videoFile"], &changed["title"]), (&video["videoFile"], &video["title"]));
    server.keeps_files(3).await;
    aviary_tests::eventually("the ledger is empty", || server.count("file_ledger") == 0).await;
    ada.get(video["thumbnail"].as_str().unwrap()).await.fails(404, code::FILE_NOT_FOUND);
    server.is_consistent().await;
}

#[tokio::test]
async fn changes_are_checked() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let path = format!("/videos/{}", server.video(&ada, "film").await);
    ada.patch(&path, &json!({})).await.fails(400, code::INVALID);
    ada.nudge(&path).await.is_refused();
    let long = json!({ "title": " ", "description": "x".repeat(5001) });
    ada.patch(&path, &long).await.fails_on(&["title", "description"]);
    let text = form().file("thumbnail", "x.png", "image/png", b"just text");
    ada.multipart(Method::PATCH, &path, text).await.fails_with(415, code::UNSUPPORTED_FILE_TYPE, &["thumbnail"]);
    assert_eq!(ada.get(&path).await.ok(200)["title"], "film");
    server.keeps_files(1).await;
}

#[tokio::test]
async fn only_its_owner_changes_publishes_or_deletes_a_video() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let video = server.video(&ada, "film").await;
    let path = format!("/videos/{video}");
    let toggle = format!("/videos/toggle/publish/{video}");
    bob.patch(&path, &json!({ "title": "mine" })).await.fails(403, code::FORBIDDEN);
    bob.nudge(&toggle).await.fails(403, code::FORBIDDEN);
    bob.delete(&path).await.fails(403, code::FORBIDDEN);
    assert_eq!(ada.toggle_published(&video).await["isPublished"], false);
    // Of an unpublished one a stranger does not even learn that it is there.
    bob.patch(&path, &json!({ "title": "mine" })).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.nudge(&toggle).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.delete(&path).await.fails(404, code::VIDEO_NOT_FOUND);
    assert_eq!(ada.get(&path).await.ok(200)["title"], "film");
}

#[tokio::test]
async fn publishing_toggles() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = server.video(&ada, "film").await;
    for published in [false, true, false, true] {
        let toggled = ada.toggle_published(&video).await;
        assert_video(&toggled);
        assert_eq!(toggled["isPublished"], published);
        let listed = server.guest().get("/videos").await.ok(200);
        assert_eq!(listed["totalDocs"], u64::from(published));
        assert_eq!(listed["docs"].as_array().unwrap().len(), usize::from(published));
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn a_deleted_video_is_gone_with_its_files() {
    let Some(film) = samples::mp4() else { return };
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    let video = ada.upload("film", film).await;
    let path = format!("/videos/{}", video["_id"].as_str().unwrap());
    assert_eq!(ada.delete(&path).await.ok(200), json!({}));
    ada.delete(&path).await.fails(404, code::VIDEO_NOT_FOUND);
    ada.get(&path).await.fails(404, code::VIDEO_NOT_FOUND);
    ada.patch(&path, &json!({ "title": "x" })).await.fails(404, code::VIDEO_NOT_FOUND);
    server.keeps_files(1).await;
    for file in ["videoFile", "thumbnail"] {
        ada.get(video[file].as_str().unwrap()).await.fails(404, code::FILE_NOT_FOUND);
    }
    server.settled().await;
    assert_eq!(server.count("videos"), 0);
    server.is_consistent().await;
}

#[tokio::test]
async fn a_deleted_video_takes_everything_along_that_hung_on_it() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let before = server.rows();
    let video = server.video(&ada, "film").await;
    let kept = bob.playlist("kept").await;
    bob.get(&format!("/videos/{video}")).await.ok(200);
    bob.add(&video, &kept).await;
    bob.put(&format!("/likes/v/{video}")).await.ok(200);
    let comment = bob.comment(&video, "first").await;
    ada.put(&format!("/likes/c/{comment}")).await.ok(200);
    assert_eq!(bob.get("/dashboard/stats").await.ok(200)["totalLikes"], 1);

    ada.delete(&format!("/videos/{video}")).await.ok(200);
    assert_eq!(bob.get("/users/history").await.ok(200), json!([]));
    assert_eq!(bob.get("/likes/videos").await.ok(200), json!([]));
    let playlist = bob.get(&format!("/playlist/{kept}")).await.ok(200);
    assert_eq!(
        (&playlist["videos"], &playlist["totalVideos"], &playlist["totalViews"]),
        (&json!([]), &json!(0), &json!(0))
    );
    bob.get(&format!("/comments/{video}")).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.patch(&format!("/comments/c/{comment}"), &json!({ "content": "x" })).await.fails(404, code::COMMENT_NOT_FOUND);
    bob.push(&format!("/likes/toggle/v/{video}")).await.fails(404, code::VIDEO_NOT_FOUND);
    bob.push(&format!("/likes/toggle/c/{comment}")).await.fails(404, code::COMMENT_NOT_FOUND);
    server.settled().await;
    bob.delete(&format!("/playlist/{kept}")).await.ok(200);
    assert_eq!(server.rows(), before);
    for person in [&ada, &bob] {
        let stats = person.get("/dashboard/stats").await.ok(200);
        assert!(stats.as_object().unwrap().values().all(|count| count == 0), "{stats}");
    }
    server.is_consistent().await;
}

#[tokio::test]
async fn the_list_is_a_page_of_published_videos_newest_first() {
    let server = TestServer::start().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let first = server.video(&ada, "first").await;
    let hidden = server.video(&bob, "hidden").await;
    let last = server.video(&bob, "last").await;
    bob.toggle_published(&hidden).await;
    let page = server.guest().get("/videos").await.ok(200);
    assert_fields(&page, &PAGE);
    page["docs"].as_array().unwrap().iter().for_each(assert_video);
    assert_eq!(ids(&page["docs"]), [last.clone(), first.clone()]);
    assert_eq!(page["totalDocs"], 2);

    let of = |person: &str| format!("/videos?userId={person}");
    assert_eq!(ids(&ada.get(&of(&bob.id)).await.ok(200)["docs"]), [last.as_str()]);
    assert_eq!(ids(&server.guest().get(&of(&ada.id)).await.ok(200)["docs"]), [first.as_str()]);
    let own = bob.get(&of(&bob.id)).await.ok(200);
    assert_eq!((ids(&own["docs"]), &own["totalDocs"]), (vec![last, hidden], &json!(2)));
    let nobody = server.guest().get(&of("0123456789abcdef01234567")).await.ok(200);
    assert_eq!((&nobody["docs"], &nobody["totalDocs"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn the_list_sorts_by_every_attribute_in_both_directions() {
    let server = TestServer::start().await;
    let ada = server.person("ada").await;
    // Each attribute puts the three videos in another order.
    let b = server.video_with(&ada, "banana", |video| video.duration = 3.0).await;
    let c = server.video_with(&ada, "Cherry", |video| video.duration = 1.0).await;
    let a = server.video_with(&ada, "apple", |video| video.duration = 2.0).await;
    for (video, viewers) in [(&a, 1), (&c, 2)] {
        for viewer in 0..viewers {
            server.guest().with_agent(&format!("browser {viewer}")).get(&format!("/videos/{video}")).await.ok(200);
        }
    }
    let bob = server.person("bob").await;
    bob.put(&format!("/likes/v/{b}")).await.ok(200);
    bob.put(&format!("/likes/v/{a}")).await.ok(200);
    ada.put(&format!("/likes/v/{a}")).await.ok(200);
    for (sort, ascending) in [
        ("createdAt", ["banana", "Cherry", "apple"]),
        ("title", ["apple", "banana", "Cherry"]),
        ("duration", ["Cherry", "apple", "banana"]),
        ("views", ["banana", "apple", "Cherry"]),
        ("likesCount", ["Cherry", "banana", "apple"]),
    ] {
        let list = async |query: String| {
            texts(&server.guest().get(&format!("/videos?{query}")).await.ok(200)["docs"], "title")
        };
        let descending: Vec<_> = ascending.into_iter().rev().collect();
        assert_eq!(list(format!("sortBy={sort}&sortType=asc")).await, ascending, "{sort}");
        assert_eq!(list(format!("sortBy={sort}&sortType=desc")).await, descending, "{sort}");
        assert_eq!(list(format!("sortBy={sort}")).await, descending, "{sort}");
    }
}

#[tokio::test]
async fn what_the_list_does_not_know_is_named() {
    let server = TestServer::start().await;
    let all = "/videos?sortBy=password&sortType=up&userId=me&page=0&limit=101";
    server.guest().get(all).await.fails_on(&["sortBy", "sortType", "userId", "page", "limit"]);
    server.guest().get("/videos?sortBy=createdAt%20DESC").await.fails_on(&["sortBy"]);
    // What it does not know at all is left alone.
    server.guest().get("/videos?utm_source=x").await.ok(200);
}

#[tokio::test]
async fn an_empty_list_is_200() {
    let server = TestServer::start().await;
    let page = server.guest().get("/videos").await.ok(200);
    assert_fields(&page, &PAGE);
    assert_eq!((&page["docs"], &page["totalDocs"]), (&json!([]), &json!(0)));
}
