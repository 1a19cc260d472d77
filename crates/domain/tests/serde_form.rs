//! The serde form of entities, for services that share them: names as the API has them, values checked on the way in.
#![cfg(feature = "serde")]

use aviary_domain::tweet::Tweet;
use aviary_domain::user::User;
use serde_json::{Value, json};

fn tweet() -> Value {
    json!({
        "id": "0123456789abcdef01234567", "owner": "76543210fedcba9876543210", "content": "hello",
        "likesCount": 3, "createdAt": "2026-11-22T17:34:43.120Z", "updatedAt": "2026-11-22T17:34:43.121Z"
    })
}

#[test]
fn an_entity_survives_its_json() {
    let read: Tweet = serde_json::from_value(tweet()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), tweet());
}

#[test]
fn values_that_break_their_rules_are_not_read() {
    for (field, bad) in [("id", "xyz"), ("content", "   "), ("createdAt", "yesterday")] {
        let mut broken = tweet();
        broken[field] = json!(bad);
        assert!(serde_json::from_value::<Tweet>(broken).is_err(), "{field}");
    }
    let user = json!({
        "id": "0123456789abcdef01234567", "username": "Not A Name", "email": "ada@example.org", "fullName": "Ada",
        "avatar": "images/0123456789abcdef0123456789abcdef.png", "coverImage": null,
        "createdAt": "2026-11-22T17:34:43.120Z", "updatedAt": "2026-11-22T17:34:43.121Z"
    });
    assert!(serde_json::from_value::<User>(user).is_err(), "a user name with spaces");
}
