//! What the objects of the contract look like.

use serde_json::Value;

pub const MINI: [&str; 5] = ["_id", "username", "fullName", "fullname", "avatar"];
pub const USER: [&str; 9] =
    ["_id", "username", "email", "fullName", "fullname", "avatar", "coverImage", "createdAt", "updatedAt"];
pub const CHANNEL: [&str; 10] = [
    "_id",
    "username",
    "fullName",
    "fullname",
    "avatar",
    "coverImage",
    "subscribersCount",
    "channelsSubscribedToCount",
    "isSubscribed",
    "createdAt",
];
/// The contract's fields, and what this server adds: from `width` on. One that failed also has its `statusReason`.
pub const VIDEO: [&str; 18] = [
    "_id",
    "videoFile",
    "thumbnail",
    "title",
    "description",
    "duration",
    "views",
    "isPublished",
    "owner",
    "createdAt",
    "updatedAt",
    "likesCount",
    "commentsCount",
    "width",
    "height",
    "bytes",
    "status",
    "playbackUrl",
];
pub const TWEET: [&str; 7] = ["_id", "content", "owner", "likesCount", "isLiked", "createdAt", "updatedAt"];
pub const COMMENT: [&str; 8] = ["_id", "content", "video", "owner", "likesCount", "isLiked", "createdAt", "updatedAt"];
pub const PLAYLIST: [&str; 10] = [
    "_id",
    "name",
    "description",
    "owner",
    "videos",
    "totalVideos",
    "videoCount",
    "totalViews",
    "createdAt",
    "updatedAt",
];
pub const PAGE: [&str; 11] = [
    "docs",
    "totalDocs",
    "limit",
    "page",
    "totalPages",
    "pagingCounter",
    "hasPrevPage",
    "hasNextPage",
    "prevPage",
    "nextPage",
    "nextCursor",
];

/// The object has these fields and no other.
#[track_caller]
pub fn assert_fields(object: &Value, fields: &[&str]) {
    let map = object.as_object().unwrap_or_else(|| panic!("not an object: {object}"));
    let mut has: Vec<&str> = map.keys().map(String::as_str).collect();
    let mut wanted = fields.to_vec();
    has.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(has, wanted, "the fields of {object}");
}

/// 24 hexadecimal digits.
#[track_caller]
pub fn assert_id(value: &Value) {
    let sound = value.as_str().is_some_and(|text| text.len() == 24 && text.bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(sound, "not an id: {value}");
}

/// RFC 3339 in UTC with milliseconds: `2026-11-22T17:34:43.120Z`.
#[track_caller]
pub fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("not a time: {value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "not a time: {text}");
}

/// An absolute URL into the media of the server, or of a stand-in for Cloudinary.
#[track_caller]
pub fn assert_media_url(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("not a URL: {value}"));
    let places = ["/media/", "/image/upload/", "/video/upload/", "/video/authenticated/", "/image/authenticated/"];
    let known = text.starts_with("http://") && places.iter().any(|place| text.contains(place));
    assert!(known && !text.contains('#'), "not a media URL: {text}");
}

#[track_caller]
pub fn assert_mini(value: &Value) {
    assert_fields(value, &MINI);
    assert_names(value);
    assert_id(&value["_id"]);
    assert_media_url(&value["avatar"]);
}

/// The account with what its files take, as `current-user` shows it.
#[track_caller]
pub fn assert_own_user(value: &Value) {
    let mut user = value.clone();
    let storage = user.as_object_mut().and_then(|user| user.remove("storage")).expect("what the files take");
    assert_fields(&storage, &["usedBytes", "reservedBytes", "quotaBytes"]);
    assert!(storage["usedBytes"].is_u64() && storage["reservedBytes"].is_u64());
    assert!(storage["quotaBytes"].is_u64() || storage["quotaBytes"].is_null());
    assert_user(&user);
}

#[track_caller]
pub fn assert_user(value: &Value) {
    assert_fields(value, &USER);
    assert_names(value);
    assert_id(&value["_id"]);
    assert_media_url(&value["avatar"]);
    if value["coverImage"] != "" {
        assert_media_url(&value["coverImage"]);
    }
    assert_times(value);
}

#[track_caller]
pub fn assert_video(value: &Value) {
    assert_video_fields(value, &[]);
    assert_video_parts(value);
    assert_mini(&value["owner"]);
}

/// A video's page: the owner with its subscribers, and what the viewer has to do with it.
#[track_caller]
pub fn assert_video_detail(value: &Value) {
    assert_video_fields(value, &["isLiked"]);
    assert_video_parts(value);
    assert!(value["isLiked"].is_boolean(), "{value}");
    assert_fields(&value["owner"], &[&MINI[..], &["subscribersCount", "isSubscribed"]].concat());
    assert!(value["owner"]["subscribersCount"].is_u64() && value["owner"]["isSubscribed"].is_boolean(), "{value}");
    assert_names(&value["owner"]);
}

#[track_caller]
fn assert_video_fields(value: &Value, further: &[&str]) {
    let reason: &[&str] = if value["status"] == "failed" { &["statusReason"] } else { &[] };
    assert_fields(value, &[&VIDEO[..], further, reason].concat());
}

fn assert_video_parts(value: &Value) {
    assert_id(&value["_id"]);
    assert_media_url(&value["videoFile"]);
    assert_media_url(&value["thumbnail"]);
    assert_times(value);
    assert!(value["duration"].as_f64().is_some_and(|seconds| seconds > 0.0), "{value}");
    assert!(value["isPublished"].is_boolean() && value["title"].is_string() && value["description"].is_string());
    for count in ["views", "likesCount", "commentsCount", "width", "height", "bytes"] {
        assert!(value[count].is_u64(), "{count} of {value}");
    }
    assert!(["processing", "ready", "failed"].iter().any(|status| value["status"] == *status), "{value}");
    assert!(value["playbackUrl"].as_str().is_some_and(|url| url.is_empty() || url.ends_with(".m3u8")), "{value}");
}

#[track_caller]
pub fn assert_tweet(value: &Value) {
    assert_fields(value, &TWEET);
    assert_note(value);
}

#[track_caller]
pub fn assert_comment(value: &Value) {
    assert_fields(value, &COMMENT);
    assert_id(&value["video"]);
    assert_note(value);
}

fn assert_note(value: &Value) {
    assert_id(&value["_id"]);
    assert_mini(&value["owner"]);
    assert_times(value);
    assert!(value["likesCount"].is_u64() && value["isLiked"].is_boolean() && value["content"].is_string(), "{value}");
}

#[track_caller]
pub fn assert_playlist(value: &Value) {
    assert_fields(value, &PLAYLIST);
    assert_id(&value["_id"]);
    assert_mini(&value["owner"]);
    assert_times(value);
    assert_eq!(value["totalVideos"], value["videoCount"], "{value}");
    assert!(value["totalVideos"].is_u64() && value["totalViews"].is_u64(), "{value}");
    value["videos"].as_array().expect("videos").iter().for_each(assert_video);
}

/// Both spellings, with one value.
#[track_caller]
fn assert_names(value: &Value) {
    assert!(value["fullName"].is_string(), "{value}");
    assert_eq!(value["fullName"], value["fullname"], "{value}");
}

#[track_caller]
fn assert_times(value: &Value) {
    assert_time(&value["createdAt"]);
    assert_time(&value["updatedAt"]);
    assert!(value["updatedAt"].as_str() >= value["createdAt"].as_str(), "{value}");
}

/// The `_id`s of a list, in its order.
#[track_caller]
pub fn ids(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    items.iter().map(|item| item["_id"].as_str().expect("an id").to_owned()).collect()
}

/// One text field of every object of a list, in its order.
#[track_caller]
pub fn texts(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().unwrap_or_else(|| panic!("not a list: {list}"));
    items.iter().map(|item| item[field].as_str().expect("a text").to_owned()).collect()
}

/// Names and values that must never leave the server.
pub fn secrets_in(value: &Value, tokens_allowed: bool) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| {
                let name = key.to_lowercase();
                let token = name.contains("token") && !tokens_allowed;
                let secret = name.contains("password") || name.contains("hash") || name.contains("secret") || token;
                secret.then(|| key.clone()).into_iter().chain(secrets_in(value, tokens_allowed))
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(|item| secrets_in(item, tokens_allowed)).collect(),
        Value::String(text) if text.starts_with("$2") => vec![text.clone()],
        _ => vec![],
    }
}
