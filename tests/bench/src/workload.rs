//! The workloads: what is asked for, beside which floor, and what is aimed at.

mod mix;
mod read;
mod search;
mod write;

use crate::cast::Cast;
use crate::home::HomeKind;
use crate::request::Request;

/// The least that a workload could cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// Nothing that this bench knows.
    None,
    /// An answer of the same size, and nothing else.
    Constant,
    /// A point read, and an answer of the same size.
    Read,
    /// A durable insert.
    Write,
    /// Likes of many videos, by as many clients: for those of one.
    Spread,
}

/// What kind of work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Nothing changes: its time must not depend on the size of the home.
    Read,
    /// Each request changes something.
    Write,
    /// Some of both.
    Mixed,
    /// Each request exchanges a refresh token.
    Refresh,
}

/// The least part of its floor that a workload should reach; `None` where nothing is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Aim {
    embedded: Option<f64>,
    mongodb: Option<f64>,
}

impl Aim {
    const NONE: Self = Self { embedded: None, mongodb: None };

    const fn of(embedded: f64, mongodb: f64) -> Self {
        Self { embedded: Some(embedded), mongodb: Some(mongodb) }
    }

    /// What is aimed at in this home.
    pub(crate) fn at(self, home: HomeKind) -> Option<f64> {
        match home {
            HomeKind::Embedded => self.embedded,
            HomeKind::MongoDb => self.mongodb,
        }
    }
}

/// Something that people do, over and over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Workload {
    /// What it is called on the command line and in reports.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) title: &'static str,
    /// The kind of work.
    pub(crate) work: Work,
    /// What it is compared with.
    pub(crate) floor: Floor,
    /// What is aimed at.
    pub(crate) aim: Aim,
    /// How many clients there are at once.
    pub(crate) clients: usize,
    /// How many times the usual time a measurement takes: more than once where answers are few.
    pub(crate) times: u64,
    /// What is asked for, in turn.
    pub(crate) requests: fn(&Cast) -> Vec<Request>,
}

/// How many clients there are unless a workload says otherwise.
const CLIENTS: usize = 32;

const fn reading(name: &'static str, title: &'static str, requests: fn(&Cast) -> Vec<Request>) -> Workload {
    Workload { name, title, work: Work::Read, floor: Floor::Read, aim: Aim::NONE, clients: CLIENTS, times: 1, requests }
}

const fn writing(name: &'static str, title: &'static str, requests: fn(&Cast) -> Vec<Request>) -> Workload {
    let aim = Aim::of(0.6, 0.4);
    Workload { name, title, work: Work::Write, floor: Floor::Write, aim, clients: CLIENTS, times: 1, requests }
}

impl Workload {
    const fn aiming(self, embedded: f64, mongodb: f64) -> Self {
        Self { aim: Aim::of(embedded, mongodb), ..self }
    }
}

/// The workload whose clients spread their likes.
pub(crate) const LIKE: Workload = writing("like", "like and unlike, spread", write::like);

/// All workloads, in the order in which they are measured: what changes the home comes after what only reads it.
pub(crate) const ALL: [Workload; 22] = [
    reading("detail", "video, guest", read::detail).aiming(0.6, 0.5),
    reading("detail-signed", "video again, signed in", read::detail_signed).aiming(0.4, 0.3),
    reading("list", "videos, page 1", read::list).aiming(0.35, 0.35),
    reading("list-page", "videos, page 1,000 by number", read::list_page),
    reading("list-cursor", "videos, page 1,000 by cursor", read::list_cursor),
    reading("search-rare", "search, rare word", search::rare),
    reading("search-common", "search, common word", search::common),
    reading("search-two", "search, two words", search::two),
    reading("search-prefix", "search, three letters", search::prefix),
    reading("channel", "channel with the most subscribers", read::channel),
    reading("comments", "comments of the most commented video", read::comments).aiming(0.35, 0.35),
    reading("tweets", "tweets of a user", read::tweets),
    reading("history", "watch history", read::history),
    reading("liked", "liked videos", read::liked),
    reading("dashboard", "dashboard of the largest channel", read::dashboard),
    LIKE,
    Workload {
        floor: Floor::Spread,
        clients: 64,
        ..writing("storm", "likes of one video against spread ones", write::storm)
    }
    .aiming(0.5, 0.5),
    writing("comment", "comment", write::comment),
    writing("tweet", "tweet", write::tweet),
    Workload {
        floor: Floor::None,
        aim: Aim::NONE,
        clients: 4,
        times: 2,
        ..writing("login", "login (bcrypt)", write::login)
    },
    Workload {
        work: Work::Refresh,
        aim: Aim::NONE,
        clients: 16,
        ..writing("refresh", "refresh of tokens", write::refresh)
    },
    Workload {
        work: Work::Mixed,
        floor: Floor::Read,
        aim: Aim::NONE,
        ..writing("mix", "nine reads, one write", mix::mix)
    },
];

/// The workload of this name.
pub(crate) fn named(name: &str) -> Option<Workload> {
    ALL.into_iter().find(|workload| workload.name == name)
}

/// Pairs each of the first with one of the second, both in turn, so many times.
fn pairs<'a, A, B>(first: &'a [A], second: &'a [B], count: usize) -> impl Iterator<Item = (&'a A, &'a B)> {
    first.iter().cycle().zip(second.iter().cycle()).take(count)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cast::sample;

    #[test]
    fn names_are_different_and_found() {
        let names: HashSet<_> = ALL.iter().map(|workload| workload.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert_eq!(named("storm").unwrap().clients, 64);
        assert!(named("nothing").is_none());
    }

    #[test]
    fn every_workload_asks_for_something_as_who_may() {
        let cast = sample();
        for workload in ALL {
            let requests = (workload.requests)(&cast);
            assert!(!requests.is_empty(), "{}", workload.name);
            assert!(crate::request::lines(&requests).is_ok(), "{}", workload.name);
            assert!(requests.iter().all(|request| request.path.starts_with("/api/v1/")), "{}", workload.name);
            let only_reads = requests.iter().all(|request| request.method == "GET" && request.body.is_none());
            assert_eq!(only_reads, workload.work == Work::Read, "{}", workload.name);
        }
    }

    #[test]
    fn one_request_of_ten_in_the_mix_writes() {
        let requests = (named("mix").unwrap().requests)(&sample());
        let writes = requests.iter().filter(|request| request.method != "GET").count();
        assert_eq!(writes * 10, requests.len());
    }

    #[test]
    fn a_storm_is_on_one_video_by_more_members_than_clients() {
        let storm = named("storm").unwrap();
        let requests = (storm.requests)(&sample());
        let paths: HashSet<_> = requests.iter().map(|request| &request.path).collect();
        let members: HashSet<_> = requests.iter().map(|request| &request.token).collect();
        assert_eq!(paths.len(), 1);
        assert!(members.len() > storm.clients, "{}", members.len());
    }
}
