//! What is made up is the same every time, fits its columns, and is as skewed and as ordered as it is said to be.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use aviary_domain::comment::CommentText;
use aviary_domain::file::FileKey;
use aviary_domain::playlist::PlaylistName;
use aviary_domain::tweet::TweetText;
use aviary_domain::user::{Email, FullName, Username};
use aviary_domain::video::{Description, Title};

use super::source::Seed;
use super::world::{Target, World, one};
use super::{Counts, Landmarks, PASSWORD, rows};
use crate::copy::home::{Home, Limits, Reading};
use crate::copy::record::{Record, Value};
use crate::copy::table::{Kind, Presence, TABLES, Table};

/// A handful of everything.
const TINY: Counts = Counts {
    users: 40,
    videos: 120,
    tweets: 60,
    comments: 200,
    likes: 300,
    subscriptions: 150,
    history: 200,
    playlists: 8,
    playlist_videos: 60,
};

fn tiny() -> World {
    World::new(&TINY, 1).unwrap()
}

/// Made once: it takes a while.
fn small() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(|| World::new(&Counts::SMALL, 1).unwrap());
    &WORLD
}

fn all(world: &World, table: &Table) -> Vec<Record> {
    (0..rows::count(world, table.name)).map(|number| rows::row(world, table.name, number).unwrap()).collect()
}

#[test]
fn the_same_seed_makes_the_same_and_another_one_something_else() {
    let (one, same, other) = (tiny(), tiny(), World::new(&TINY, 2).unwrap());
    let larger = World::new(&Counts { tweets: 61, ..TINY }, 1).unwrap();
    for table in TABLES.iter().filter(|table| rows::count(&one, table.name) > 0) {
        let made = all(&one, table);
        assert_eq!(made, all(&same, table), "{}", table.name);
        for other in [&other, &larger] {
            let keys: HashSet<String> = all(other, table).iter().map(|row| row.key(table.key).to_string()).collect();
            assert!(made.iter().all(|row| !keys.contains(&row.key(table.key).to_string())), "{}", table.name);
        }
    }
    assert_eq!(Landmarks::of(&one), Landmarks::of(&same));
}

#[test]
fn there_is_as_much_as_was_asked_for_and_every_value_fits_its_column() {
    for (world, counts) in [(&tiny(), TINY), (small(), Counts::SMALL)] {
        let tables = [
            "users",
            "videos",
            "tweets",
            "comments",
            "likes",
            "subscriptions",
            "history",
            "playlists",
            "playlist_videos",
        ];
        assert_eq!(tables.map(|table| rows::count(world, table)), counts.all());
        for table in TABLES {
            for row in all(world, table) {
                assert_eq!(row.0.len(), table.columns.len(), "{}", table.name);
                for (column, value) in table.columns.iter().zip(&row.0) {
                    let fits = match (value, column.kind) {
                        (Value::Null, _) => matches!(column.presence, Presence::Optional | Presence::Blank),
                        (Value::Integer(flag), Kind::Flag) => (0..=1).contains(flag),
                        (Value::Integer(number), Kind::Integer) => *number >= 0,
                        (Value::Integer(time), Kind::Time) => (1_704_067_200_000..1_767_225_600_000).contains(time),
                        (Value::Id(_), Kind::Id) | (Value::Real(_), Kind::Real) | (Value::Text(_), Kind::Text) => true,
                        (Value::Text(key), Kind::File) => FileKey::from_stored(key.clone()).stem().is_none(),
                        _ => false,
                    };
                    assert!(fits, "{}.{}: {value:?}", table.name, column.name);
                }
            }
            assert!(rows::row(world, table.name, rows::count(world, table.name)).is_none(), "{}", table.name);
        }
    }
}

#[test]
fn every_text_is_one_that_could_have_been_typed() {
    let check = |table: &str, column: &str, text: &str| match (table, column) {
        ("users", "username") => Username::parse(text).map(String::from),
        ("users", "email") => Email::parse(text).map(String::from),
        ("users", "full_name") => FullName::parse(text).map(|name| name.as_str().to_owned()),
        ("videos", "title") => Title::parse(text).map(|title| title.as_str().to_owned()),
        ("videos", "title_key") => Title::parse(text).map(|title| aviary_domain::video::title_sort_key(&title)),
        ("videos" | "playlists", "description") => Description::parse(text).map(|text| text.as_str().to_owned()),
        ("comments", "content") => CommentText::parse(text).map(|text| text.as_str().to_owned()),
        ("tweets", "content") => TweetText::parse(text).map(|text| text.as_str().to_owned()),
        ("playlists", "name") => PlaylistName::parse(text).map(|name| name.as_str().to_owned()),
        ("users", "password_hash") => {
            assert!(bcrypt::verify(PASSWORD, text).unwrap() && text.starts_with("$2b$10$"), "{text}");
            Ok(text.to_owned())
        }
        other => panic!("{other:?} is not looked at"),
    };
    let world = tiny();
    let mut hashes = HashSet::new();
    for table in TABLES {
        for row in all(&world, table) {
            for (column, value) in table.columns.iter().zip(&row.0).filter(|(column, _)| column.kind == Kind::Text) {
                let Value::Text(text) = value else { continue };
                if column.name == "password_hash" && !hashes.insert(text.clone()) {
                    continue;
                }
                assert_eq!(check(table.name, column.name, text).as_deref(), Ok(text.as_str()), "{}", table.name);
            }
        }
    }
    assert_eq!(hashes.len(), 1);
}

#[tokio::test]
async fn rows_ascend_in_every_order_and_a_reading_goes_on_wherever_it_ended() {
    let source = Seed(Arc::new(tiny()));
    for table in TABLES {
        let made = all(&source.0, table);
        for order in [table.key, table.arrival()] {
            assert!(made.is_sorted_by(|one, two| one.key(order).order(&two.key(order)).is_lt()), "{}", table.name);
            let ends = made.iter().enumerate().step_by(7).map(|(end, row)| (end + 1, Some(row.key(order))));
            for (begin, after) in ends.chain([(0, None)]) {
                let limits = Limits { rows: 50, ..Limits::default() };
                let mut rest = source.read(Reading { table, order, after, limits });
                let mut read = Vec::new();
                while let Some(batch) = rest.next().await.unwrap() {
                    assert!((1..=50).contains(&batch.records.len()));
                    read.extend(batch.records);
                }
                assert_eq!(read, made[begin..], "{} from {begin}", table.name);
            }
        }
    }
}

#[test]
fn nothing_is_done_twice_or_before_its_time_or_to_what_is_hidden() {
    let world = small();
    let when = &world.lines;
    let hidden = world.films.iter().filter(|film| film.is_hidden);
    assert!((60..200).contains(&hidden.clone().count()));
    assert!(hidden.clone().all(|film| film.likes + film.comments + film.views == 0));
    assert!(when.users.time(999) < when.videos.time(0));
    let likes: HashSet<_> = world.likings.iter().map(|liking| (liking.by, liking.target)).collect();
    assert_eq!(likes.len(), 200_000);
    for liking in &world.likings {
        let made = match liking.target {
            Target::Video(video) => when.videos.time(video),
            Target::Comment(comment) => when.comments.time(comment),
            Target::Tweet(tweet) => when.tweets.time(tweet),
        };
        assert!(made <= when.likes.time(liking.number), "{liking:?}");
    }
    for (remark, number) in world.remarks.iter().zip(0..) {
        assert!(when.videos.time(remark.video) <= when.comments.time(number), "{remark:?}");
    }
    assert!(world.watchings.iter().all(|seen| when.videos.time(seen.video) <= when.history.time(seen.number)));
    let entries: HashSet<_> = world.entries.iter().map(|entry| (entry.playlist, entry.video)).collect();
    assert_eq!(entries.len(), world.entries.len());
    assert!(world.entries.iter().all(|entry| !one(&world.films, entry.video).is_hidden));
    assert!(world.followings.iter().all(|following| following.channel != following.subscriber));
    let shares = |is: fn(&Target) -> bool| world.likings.iter().filter(|liking| is(&liking.target)).count();
    assert_eq!(shares(|target| matches!(target, Target::Video(_))), 120_000);
    assert_eq!(shares(|target| matches!(target, Target::Comment(_))), 60_000);
}

/// What share of all the greatest hundredth has, in hundredths.
fn share_of_greatest(mut counts: Vec<u32>) -> u32 {
    counts.sort_unstable_by(|one, two| two.cmp(one));
    let all: u32 = counts.iter().sum();
    counts[..counts.len() / 100].iter().sum::<u32>() * 100 / all
}

#[test]
fn few_have_most_and_most_have_little() {
    let world = small();
    let of_films = |count: fn(&super::world::Film) -> u32| share_of_greatest(world.films.iter().map(count).collect());
    let of_people =
        |count: fn(&super::world::Person) -> u32| share_of_greatest(world.people.iter().map(count).collect());
    for (what, share, expected) in [
        ("comments of videos", of_films(|film| film.comments), 25..45),
        ("likes of videos", of_films(|film| film.likes), 20..40),
        ("views of videos", of_films(|film| film.views), 20..40),
        ("subscribers", of_people(|person| person.subscribers), 10..25),
        ("videos of channels", of_people(|person| person.videos), 12..30),
    ] {
        assert!(expected.contains(&share), "{what}: {share}");
    }
    let mut subscribers: Vec<_> = world.people.iter().map(|person| person.subscribers).collect();
    assert_eq!(subscribers.iter().max(), subscribers.first(), "the first channel is the greatest");
    subscribers.sort_unstable();
    assert!(subscribers[500] > 5, "the channel in the middle has {}", subscribers[500]);
}

#[test]
fn landmarks_are_where_they_are_said_to_be() {
    let world = small();
    let landmarks = Landmarks::of(world);
    assert_eq!(landmarks.most_subscribed, "user1");
    let mut comments: HashMap<String, u32> = HashMap::new();
    for row in all(world, Table::find("comments").unwrap()) {
        *comments.entry(row.value(1).to_string()).or_default() += 1;
    }
    assert_eq!(comments.get(&landmarks.most_commented), comments.values().max());
    let mut tweets: HashMap<u32, u32> = HashMap::new();
    for post in &world.posts {
        *tweets.entry(post.owner).or_default() += 1;
    }
    let most = landmarks.most_tweets.strip_prefix("user").unwrap().parse::<u32>().unwrap() - 1;
    assert_eq!(tweets.get(&most), tweets.values().max());
    let texts: Vec<String> = (0..Counts::SMALL.videos)
        .filter(|video| !one(&world.films, *video).is_hidden)
        .map(|video| world.texts.video(video))
        .map(|text| format!("{} {}", text.title, text.description).to_lowercase().replace('.', ""))
        .collect();
    let with = |words: &str| {
        let has = |text: &&String| words.split(' ').all(|word| text.split(' ').any(|other| other == word));
        texts.iter().filter(has).count()
    };
    assert!(with(&landmarks.common_word) > texts.len() / 4, "{}", with(&landmarks.common_word));
    assert!((1..=2).contains(&with(&landmarks.rare_word)), "{}", with(&landmarks.rare_word));
    assert!((2..100).contains(&with(&landmarks.two_words)), "{}", with(&landmarks.two_words));
    let beginnings = texts.iter().filter(|text| text.split(' ').any(|word| word.starts_with(&landmarks.prefix)));
    assert!(beginnings.count() > 500);
    assert_eq!(landmarks.to_string().lines().count(), 12);
}
