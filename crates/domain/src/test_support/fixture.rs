//! Valid values to test with. Ids, names and file keys are unique in the process and the same in every run of one
//! test; nothing here touches a store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::comment::{Comment, CommentText};
use crate::file::{FileFormat, FileKey};
use crate::id::RawId;
use crate::idempotency::{Fingerprint, KeyHash, Once};
use crate::like::{Like, LikeTarget};
use crate::playlist::{Playlist, PlaylistName};
use crate::security::{GuestKey, PasswordHash, TokenHash};
use crate::session::Session;
use crate::subscription::Subscription;
use crate::tweet::{Tweet, TweetText};
use crate::user::{Account, Email, FullName, User, Username};
use crate::video::{Description, NewStill, Title, Video, VideoStatus, Viewer, Visit};
use crate::{Id, Timestamp};

/// How long a view lasts in fixtures.
pub const WINDOW: Duration = Duration::from_mins(30);

/// A number that this process never gave before.
fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Twelve bytes that were never given before; later ones are greater.
pub fn next_raw() -> RawId {
    let mut raw = *b"test00000000";
    raw.iter_mut().skip(4).zip(next_number().to_be_bytes()).for_each(|(byte, digit)| *byte = digit);
    raw
}

/// An id that was never given before; later ones are greater.
pub fn next_id<T>() -> Id<T> {
    Id::from_bytes(next_raw())
}

/// So many seconds after the beginning of the tests' time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

/// Long after everything that happens in a test: when reservations end, and when whatever is due shows.
pub fn far_future() -> Timestamp {
    at(1_000_000_000)
}

/// A note of a key and a request that were never given before.
pub fn once(now: Timestamp) -> Once {
    let number = || {
        let mut hash = [0; 32];
        hash.iter_mut().skip(24).zip(next_number().to_be_bytes()).for_each(|(byte, digit)| *byte = digit);
        hash
    };
    Once { key: KeyHash(number()), fingerprint: Fingerprint(number()), now }
}

/// A file key that was never given before.
pub fn file_key(format: FileFormat) -> FileKey {
    FileKey::new(format, u128::from(next_number()).to_be_bytes())
}

/// An account with a name, an address, a face and a banner of its own.
pub fn account() -> Account {
    let number = next_number();
    let user = User {
        id: next_id(),
        username: Username::parse(&format!("user{number}")).unwrap(),
        email: Email::parse(&format!("user{number}@example.org")).unwrap(),
        full_name: FullName::parse(&format!("User Number {number}")).unwrap(),
        avatar: file_key(FileFormat::Jpeg),
        cover_image: Some(file_key(FileFormat::Png)),
        created_at: at(0),
        updated_at: at(0),
    };
    Account { user, password_hash: password_hash(&format!("of-{number}")) }
}

/// What a store takes for the hash of a password.
pub fn password_hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$2b$04${text}"))
}

/// The hash of a refresh token, told apart by a number.
pub fn token_hash(number: u8) -> TokenHash {
    TokenHash([number; 32])
}

/// A session that ends an hour after the beginning, with token 0.
pub fn session(user: Id<User>) -> Session {
    Session { id: next_id(), user, refresh: token_hash(0), created_at: at(0), expires_at: at(3600) }
}

/// A published video.
pub fn video(owner: Id<User>) -> Video {
    Video {
        id: next_id(),
        owner,
        file: file_key(FileFormat::Mp4),
        thumbnail: file_key(FileFormat::Jpeg),
        title: title("A film"),
        description: description("About something"),
        duration: 12.5,
        width: 640,
        height: 360,
        bytes: 123_456,
        thumbnail_bytes: 789,
        status: VideoStatus::Ready,
        is_published: true,
        views: 0,
        likes_count: 0,
        comments_count: 0,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// A new still of 1,000 bytes.
pub fn still(key: &FileKey) -> NewStill {
    NewStill { key: key.clone(), bytes: 1000 }
}

/// A video's title.
pub fn title(text: &str) -> Title {
    Title::parse(text).unwrap()
}

/// A description.
pub fn description(text: &str) -> Description {
    Description::parse(text).unwrap()
}

/// A comment.
pub fn comment(video: Id<Video>, owner: Id<User>, created_at: Timestamp) -> Comment {
    let content = CommentText::parse("Well said").unwrap();
    Comment { id: next_id(), video, owner, content, likes_count: 0, created_at, updated_at: created_at }
}

/// A tweet.
pub fn tweet(owner: Id<User>, created_at: Timestamp) -> Tweet {
    let content = TweetText::parse("Good morning").unwrap();
    Tweet { id: next_id(), owner, content, likes_count: 0, created_at, updated_at: created_at }
}

/// A playlist.
pub fn playlist(owner: Id<User>, created_at: Timestamp) -> Playlist {
    let name = PlaylistName::parse("Favourites").unwrap();
    let description = description("The best ones");
    Playlist { id: next_id(), owner, name, description, created_at, updated_at: created_at }
}

/// A like without a note.
pub fn like(liked_by: Id<User>, target: LikeTarget, created_at: Timestamp) -> Like {
    Like { id: next_id(), liked_by, target, description: None, inviter: None, created_at }
}

/// A subscription.
pub fn subscription(subscriber: Id<User>, channel: Id<User>, created_at: Timestamp) -> Subscription {
    Subscription { id: next_id(), subscriber, channel, created_at }
}

/// An anonymous viewer, told apart by a number.
pub fn guest(number: u8) -> Viewer {
    Viewer::Guest(GuestKey([number; 16]))
}

/// Somebody opens a video's page.
pub fn visit(video: Id<Video>, viewer: Viewer, now: Timestamp) -> Visit {
    Visit { video, viewer, now, window: WINDOW }
}
