//! Draws the facts in the order in which they build on one another, and counts them where the store keeps counts.

use std::collections::HashSet;

use aviary_domain::playlist::MAX_PLAYLIST_VIDEOS;

use super::World;
use super::fact::{Entry, Film, Following, Liking, Playlist, Post, Remark, Target, Watching, blank, change, one};
use crate::seed::SeedError;
use crate::seed::chance::{Chance, Dice};
use crate::seed::counts::{Counts, LIKES_IN_TEN};
use crate::seed::skew::Weights;

/// How far the first few stand out: the first channel and video have one part in six of what Zipf's law has one part in one of,
/// or everybody would subscribe to the same few channels.
const HEAD: u32 = 6;
/// Comments and tweets have many about as good as the best.
const FLAT_HEAD: u32 = 100;
/// One video in so many is unpublished.
const HIDDEN: u32 = 40;

/// How often a pair that is taken is drawn again by the skew; after that evenly, and then not any more.
const SKEWED: u32 = 16;
const ATTEMPTS: u32 = 2_000;

/// Draws everything.
pub(super) fn fill(world: &mut World, counts: &Counts, chance: &Chance) -> Result<(), SeedError> {
    let mut lots = Lots::of_people(counts, chance);
    upload(world, counts, &lots, &mut chance.part("videos").dice(0));
    lots.add_films(&world.films, &mut chance.part("ranks of videos").dice(0));
    comment(world, counts, &lots, &mut chance.part("comments").dice(0));
    tweet(world, counts, &lots, &mut chance.part("tweets").dice(0));
    lots.add_texts(counts, chance);
    like(world, counts, &lots, &mut chance.part("likes").dice(0))?;
    subscribe(world, counts, &lots, &mut chance.part("subscriptions").dice(0))?;
    watch(world, counts, &lots, &mut chance.part("history").dice(0))?;
    collect(world, counts, &lots, &mut chance.part("playlists").dice(0))?;
    view(world, &mut chance.part("views").dice(0));
    Ok(())
}

/// Who and what comes up how often.
struct Lots {
    users: u32,
    /// Whose channel: the first users have the greatest.
    channels: Weights,
    /// Who does something: some do more than others, and not those of the great channels.
    active: Weights,
    /// Which video; the age does not matter.
    films: Weights,
    comments: Weights,
    tweets: Weights,
    playlists: Weights,
}

impl Lots {
    fn of_people(counts: &Counts, chance: &Chance) -> Self {
        let nobody = || Weights::in_order(0, 1);
        let shuffled = |rows: u32, name: &str| {
            let ranks = chance.part(name).dice(0).shuffled(rows);
            Weights::of_ranks(ranks.into_iter().map(Some), rows / 20 + 1)
        };
        Self {
            users: counts.users,
            channels: Weights::in_order(counts.users, HEAD),
            active: shuffled(counts.users, "ranks of users"),
            films: nobody(),
            comments: nobody(),
            tweets: nobody(),
            playlists: shuffled(counts.playlists, "ranks of playlists"),
        }
    }

    fn add_films(&mut self, films: &[Film], dice: &mut Dice) {
        let ranks = dice.shuffled(u32::try_from(films.len()).unwrap_or(u32::MAX));
        let ranks = films.iter().zip(ranks).map(|(film, rank)| (!film.is_hidden).then_some(rank));
        self.films = Weights::of_ranks(ranks, HEAD);
    }

    fn add_texts(&mut self, counts: &Counts, chance: &Chance) {
        let shuffled = |rows: u32, name: &str| {
            let ranks = chance.part(name).dice(0).shuffled(rows);
            Weights::of_ranks(ranks.into_iter().map(Some), FLAT_HEAD)
        };
        self.comments = shuffled(counts.comments, "ranks of comments");
        self.tweets = shuffled(counts.tweets, "ranks of tweets");
    }
}

/// Pairs that are drawn once.
#[derive(Default)]
struct Pairs(HashSet<u64>);

impl Pairs {
    /// A pair of a user and one of the first so many things that was not drawn before.
    fn draw(
        &mut self,
        what: &'static str,
        lots: &Lots,
        (weights, things): (&Weights, u32),
        dice: &mut Dice,
        is_sound: impl Fn(u32, u32) -> bool,
    ) -> Result<(u32, u32), SeedError> {
        for attempt in 0..ATTEMPTS {
            let (user, thing) = if attempt < SKEWED {
                (lots.active.draw(dice), weights.draw_of_first(things, dice))
            } else {
                (dice.number(lots.users), dice.number(things))
            };
            if is_sound(user, thing) && self.0.insert(u64::from(user) << 32 | u64::from(thing)) {
                return Ok((user, thing));
            }
        }
        Err(SeedError::Crowded { what })
    }
}

fn upload(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) {
    world.films = (0..counts.videos).map(|number| film(number, lots, dice)).collect();
    for film in &world.films {
        change(&mut world.people, film.owner, |owner| {
            owner.videos += 1;
            owner.published += u32::from(!film.is_hidden);
        });
    }
}

/// Most films take minutes, a few an hour or two.
fn film(number: u32, lots: &Lots, dice: &mut Dice) -> Film {
    let owner = lots.channels.draw(dice);
    // The first one can be seen, so that there is always something to see.
    let is_hidden = dice.number(HIDDEN) == 0 && number > 0;
    let minutes = dice.within(1..=12) * dice.within(1..=12);
    Film { owner, is_hidden, seconds: minutes * 60 - dice.number(59), ..Film::default() }
}

fn comment(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) {
    for number in 0..counts.comments {
        let there = world.lines.videos.there_by(world.lines.comments.time(number));
        let remark =
            Remark { video: lots.films.draw_of_first(there, dice), owner: lots.active.draw(dice), ..Remark::default() };
        world.remarks.push(remark);
        change(&mut world.films, remark.video, |film| film.comments += 1);
        let owner = one(&world.films, remark.video).owner;
        change(&mut world.people, owner, |owner| owner.comments += 1);
    }
}

fn tweet(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) {
    for _ in 0..counts.tweets {
        let owner = lots.active.draw(dice);
        world.posts.push(Post { owner, ..Post::default() });
        change(&mut world.people, owner, |owner| owner.tweets += 1);
    }
}

fn like(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) -> Result<(), SeedError> {
    let [of_videos, of_comments, of_tweets] = LIKES_IN_TEN;
    let (mut videos, mut comments, mut tweets) = (Pairs::default(), Pairs::default(), Pairs::default());
    for number in 0..counts.likes {
        let time = world.lines.likes.time(number);
        // In turn, so that the shares are exact, as they were checked.
        let turn = number % (of_videos + of_comments + of_tweets);
        let liking = if turn < of_videos {
            let among = (&lots.films, world.lines.videos.there_by(time));
            let is_shown = |_, video| !one(&world.films, video).is_hidden;
            let (by, video) = videos.draw("likes", lots, among, dice, is_shown)?;
            Liking { target: Target::Video(video), by, number }
        } else if turn < of_videos + of_comments {
            let among = (&lots.comments, world.lines.comments.there_by(time));
            let (by, comment) = comments.draw("likes", lots, among, dice, |_, _| true)?;
            Liking { target: Target::Comment(comment), by, number }
        } else {
            let among = (&lots.tweets, world.lines.tweets.there_by(time));
            let (by, tweet) = tweets.draw("likes", lots, among, dice, |_, _| true)?;
            Liking { target: Target::Tweet(tweet), by, number }
        };
        count_like(world, liking);
        world.likings.push(liking);
    }
    world.likings.sort_unstable();
    Ok(())
}

fn count_like(world: &mut World, liking: Liking) {
    let owner = match liking.target {
        Target::Video(video) => {
            change(&mut world.films, video, |film| film.likes += 1);
            change(&mut world.people, liking.by, |person| person.liked += 1);
            one(&world.films, video).owner
        }
        Target::Comment(comment) => {
            change(&mut world.remarks, comment, |remark| remark.likes += 1);
            one(&world.remarks, comment).owner
        }
        Target::Tweet(tweet) => {
            change(&mut world.posts, tweet, |post| post.likes += 1);
            one(&world.posts, tweet).owner
        }
    };
    change(&mut world.people, owner, |owner| owner.likes += 1);
}

fn subscribe(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) -> Result<(), SeedError> {
    let mut pairs = Pairs::default();
    for number in 0..counts.subscriptions {
        let among = (&lots.channels, lots.users);
        let (subscriber, channel) = pairs.draw("subscriptions", lots, among, dice, |one, other| one != other)?;
        world.followings.push(Following { channel, subscriber, number });
        change(&mut world.people, channel, |channel| channel.subscribers += 1);
        change(&mut world.people, subscriber, |subscriber| subscriber.subscriptions += 1);
    }
    world.followings.sort_unstable();
    Ok(())
}

fn watch(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) -> Result<(), SeedError> {
    let mut pairs = Pairs::default();
    for number in 0..counts.history {
        let among = (&lots.films, world.lines.videos.there_by(world.lines.history.time(number)));
        let is_shown = |_, video| !one(&world.films, video).is_hidden;
        let (user, video) = pairs.draw("history entries", lots, among, dice, is_shown)?;
        world.watchings.push(Watching { user, video, number });
        change(&mut world.people, user, |person| person.watched += 1);
        change(&mut world.films, video, |film| film.views += 1);
    }
    world.watchings.sort_unstable();
    Ok(())
}

fn collect(world: &mut World, counts: &Counts, lots: &Lots, dice: &mut Dice) -> Result<(), SeedError> {
    world.playlists = blank(counts.playlists);
    for playlist in &mut world.playlists {
        playlist.owner = lots.active.draw(dice);
    }
    let mut pairs = HashSet::new();
    for _ in 0..counts.playlist_videos {
        let entry = entry(world, lots, dice, &mut pairs)?;
        change(&mut world.playlists, entry.playlist, |playlist| playlist.entries += 1);
        world.entries.push(entry);
    }
    world.entries.sort_unstable();
    Ok(())
}

/// The next entry of some playlist: a video that was there when the playlist was made and is not in it yet.
fn entry(world: &World, lots: &Lots, dice: &mut Dice, pairs: &mut HashSet<(u32, u32)>) -> Result<Entry, SeedError> {
    for attempt in 0..ATTEMPTS {
        let is_skewed = attempt < SKEWED;
        let playlists = u32::try_from(world.playlists.len()).unwrap_or(u32::MAX);
        let playlist = if is_skewed { lots.playlists.draw(dice) } else { dice.number(playlists) };
        let there = world.lines.videos.there_by(world.lines.playlists.time(playlist));
        let video = if is_skewed { lots.films.draw_of_first(there, dice) } else { dice.number(there) };
        let Playlist { entries, .. } = one(&world.playlists, playlist);
        let has_room = u64::from(entries) < MAX_PLAYLIST_VIDEOS && !one(&world.films, video).is_hidden;
        if has_room && pairs.insert((playlist, video)) {
            return Ok(Entry { playlist, position: entries, video });
        }
    }
    Err(SeedError::Crowded { what: "playlist entries" })
}

/// A video was viewed by those in whose history it is, and by many more: most of them guests, or long ago.
fn view(world: &mut World, dice: &mut Dice) {
    for film in world.films.iter_mut().filter(|film| !film.is_hidden) {
        film.views += film.likes * dice.within(5..=25) + dice.number(10);
        change(&mut world.people, film.owner, |owner| owner.views += i64::from(film.views));
    }
}
