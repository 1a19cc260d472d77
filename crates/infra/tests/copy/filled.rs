//! A small home with rows of every kind in every table, and with what deletes leave.

use aviary_domain::Store;
use aviary_domain::file::FileFormat;
use aviary_domain::like::{Like, LikeNote, LikeTarget};
use aviary_domain::media::site::MediaSite;
use aviary_domain::security::TokenHash;
use aviary_domain::session::{Refresh, Rotation, Session};
use aviary_domain::test_support::{fixture, seed};
use aviary_domain::ticket::{TicketAnswer, TicketRequest};
use aviary_domain::user::{Account, User};
use aviary_domain::video::{Settlement, Video, VideoStatus, Viewer};

/// How many people, videos and other things there are of each kind.
const PEOPLE: usize = 7;

pub(crate) async fn fill(store: &Store) {
    let site = MediaSite::Account { name: "demo".to_owned(), folder: "aviary".to_owned() };
    assert!(store.media_site.note(None, site).await.unwrap());
    let people = people(store).await;
    let videos = videos(store, &people).await;
    social(store, &people, &videos).await;
    lists(store, &people, &videos).await;
    sessions(store, &people).await;
    unready(store, &people).await;
    leave_traces(store, &people, &videos).await;
}

async fn people(store: &Store) -> Vec<User> {
    let mut people = seed::users(store, PEOPLE - 1).await;
    let account = fixture::account();
    let bare = Account { user: User { cover_image: None, ..account.user }, ..account };
    seed::reserve(store, &seed::pictures(&bare)).await;
    let once = fixture::once(fixture::at(1));
    store.users.create(&bare, Some(once)).await.unwrap();
    store.idempotency.remember_answer(once, b"{\"an\":\"answer\"}").await.unwrap();
    people.push(bare.user);
    people
}

async fn videos(store: &Store, people: &[User]) -> Vec<Video> {
    let mut videos = Vec::new();
    for (number, second) in (0..9).zip([0, 1, 1, 2, 3, 4, 4, 5, 6]) {
        let video = Video {
            title: fixture::title(["Red apple pie", "Été à la mer", "A night at the opera"][number % 3]),
            description: fixture::description(&format!("Part {number}, with \"quotes\", 日本語 and an ápple")),
            duration: 0.1 + f64::from(u8::try_from(number).unwrap()) / 3.0,
            bytes: 5_000_000_000,
            is_published: number % 4 != 3,
            created_at: fixture::at(second),
            ..fixture::video(people[number % 3].id)
        };
        videos.push(seed::upload(store, &video).await);
    }
    videos
}

async fn social(store: &Store, people: &[User], videos: &[Video]) {
    for (number, person) in people.iter().enumerate() {
        let video = &videos[[0, 1, 2, 4][number % 4]];
        seed::subscribe(store, person.id, people[(number + 1) % PEOPLE].id).await;
        seed::subscribe(store, person.id, people[(number + 3) % PEOPLE].id).await;
        let comment = seed::comment(store, video.id, person.id).await;
        let tweet = seed::tweet(store, person.id).await;
        let liker = people[(number + 2) % PEOPLE].id;
        for target in [LikeTarget::Video(video.id), LikeTarget::Comment(comment.id), LikeTarget::Tweet(tweet.id)] {
            seed::like(store, liker, target).await;
        }
        let note = Like {
            description: Some(LikeNote::from_stored("How nice".to_owned())),
            inviter: Some(person.id),
            ..fixture::like(person.id, LikeTarget::Video(videos[6].id), fixture::at(40))
        };
        store.likes.put(&note).await.unwrap();
    }
}

async fn lists(store: &Store, people: &[User], videos: &[Video]) {
    let seen: Vec<Video> = videos.iter().filter(|video| video.is_published).cloned().collect();
    let playlist = seed::playlist(store, people[0].id, &seen).await;
    store.playlists.remove_video(playlist.id, seen[1].id, fixture::at(9)).await.unwrap();
    store.playlists.add_video(playlist.id, seen[1].id, fixture::at(10)).await.unwrap();
    seed::playlist(store, people[1].id, &seen[..2]).await;
    seed::playlist(store, people[1].id, &[]).await;
    for (second, video) in (100..).zip(&seen) {
        for person in &people[..4] {
            seed::watch(store, video.id, Viewer::User(person.id), fixture::at(second)).await;
        }
        seed::watch(store, video.id, fixture::guest(u8::try_from(second).unwrap()), fixture::at(second)).await;
    }
}

async fn sessions(store: &Store, people: &[User]) {
    for person in &people[..3] {
        seed::session(store, person.id).await;
        let session = seed::open(store, Session { expires_at: fixture::far_future(), ..fixture::session(person.id) });
        let session = session.await;
        let refresh = Refresh {
            session: session.id,
            user: session.user,
            presented: session.refresh,
            successor: TokenHash([9; 32]),
            now: fixture::at(5),
            expires_at: fixture::far_future(),
        };
        assert_eq!(store.sessions.rotate(&refresh).await.unwrap(), Rotation::Rotated);
    }
}

/// Videos in every status, wanted by their owner or not, with the tasks that come of it; one with the marks of a media store.
async fn unready(store: &Store, people: &[User]) {
    let failed = VideoStatus::Failed("Its \"sound\" is missing".to_owned());
    for status in [VideoStatus::Processing, failed] {
        for is_published in [true, false] {
            let title = fixture::title("A night of red apples");
            let video = fixture::video(people[1].id);
            let video = Video { status: status.clone(), is_published, title, created_at: fixture::at(7), ..video };
            let video = seed::upload(store, &video).await;
            let film = Some((video.file.clone(), video.file.marked("u1712345678")));
            let said = Settlement { film, ..Settlement::default() };
            store.videos.settle(video.id, &said, fixture::at(3)).await.unwrap().unwrap();
        }
    }
    let again = Video { created_at: fixture::at(8), ..fixture::video(people[1].id) };
    seed::upload(store, &again).await;
    seed::settle(store, again.id, VideoStatus::Ready, VideoStatus::Processing).await;
    let task = store.media_tasks.due(fixture::far_future(), 1).await.unwrap()[0];
    store.media_tasks.postpone(&task, fixture::at(500)).await.unwrap();
}

/// Reserved and due files, an open ticket, notes of keys, and a deleted video on which everything hung.
async fn leave_traces(store: &Store, people: &[User], videos: &[Video]) {
    seed::reserve(store, &[fixture::file_key(FileFormat::Mp4), fixture::file_key(FileFormat::Png)]).await;
    let ticket = TicketRequest {
        name: fixture::file_key(FileFormat::Mp4),
        owner: people[2].id,
        least: 5,
        most: 5_000_000_000,
        quota: None,
        until: fixture::at(300),
    };
    assert_eq!(store.tickets.open(&ticket).await.unwrap(), Some(TicketAnswer::Opened { bytes: ticket.most }));
    for second in 0..4 {
        let tweet = fixture::tweet(people[4].id, fixture::at(second));
        store.tweets.create(&tweet, Some(fixture::once(fixture::at(second)))).await.unwrap();
    }
    assert!(store.videos.delete(videos[2].id, fixture::at(200)).await.unwrap());
}
