//! What comes of many likes and unlikes, one after the other, before anything of it is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aviary_domain::Id;
use aviary_domain::id::RawId;
use aviary_domain::like::{Like, LikeState, LikeTarget};
use aviary_domain::user::User;
use mongodb::bson::oid::ObjectId;

use super::super::card::Audience;
use super::super::document::object_id;
use super::{LikeKind, kind_and_id};

/// What a user wants of a like.
#[derive(Debug, Clone)]
pub(super) enum Wish {
    Put(Like),
    Remove,
    Toggle(Like),
}

/// A wish, to be fulfilled together with others.
#[derive(Debug, Clone)]
pub(super) struct Request {
    /// What others may want to change at the same time: the target and its owner.
    pub(super) hot: [RawId; 2],
    pub(super) user: Id<User>,
    pub(super) target: LikeTarget,
    pub(super) wish: Wish,
}

impl Request {
    pub(super) fn target(&self) -> Target {
        kind_and_id(self.target)
    }

    pub(super) fn pair(&self) -> Pair {
        (object_id(self.user), self.target())
    }
}

/// A thing that can be liked.
pub(super) type Target = (LikeKind, ObjectId);

/// A user and what that user likes, or may come to like.
pub(super) type Pair = (ObjectId, Target);

/// What a thing is like before and, of its count, after the wishes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub(super) owner: ObjectId,
    pub(super) audience: Audience,
    pub(super) likes: u64,
}

/// How the like of a pair stands.
#[derive(Debug)]
enum Held {
    /// There is none.
    Not,
    /// It was there before.
    Stored,
    /// It is to be added.
    New(Like),
}

/// The wishes so far and what they come to.
pub(super) struct Tally {
    standings: HashMap<Target, Standing>,
    stored: BTreeSet<Pair>,
    held: BTreeMap<Pair, Held>,
}

/// What has to be written.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Likes to remove; before the others are added, which may be of the same pairs.
    pub(super) removed: Vec<Pair>,
    pub(super) added: Vec<Like>,
    /// How many likes each thing gains and how many it loses.
    pub(super) counts: BTreeMap<Target, (i64, i64)>,
}

impl Tally {
    /// Begins with how things stand and which of the pairs are likes. Things that are not there are in neither.
    pub(super) fn new(standings: HashMap<Target, Standing>, stored: BTreeSet<Pair>) -> Self {
        Self { standings, stored, held: BTreeMap::new() }
    }

    /// Fulfils a wish after those before; `None` when the user sees no such thing.
    pub(super) fn fulfil(&mut self, request: &Request) -> Option<LikeState> {
        let (pair, user) = (request.pair(), object_id(request.user));
        let standing = self.standings.get_mut(&request.target())?;
        if !standing.audience.has(user) {
            return None;
        }
        let before = if self.stored.contains(&pair) { Held::Stored } else { Held::Not };
        let held = self.held.entry(pair).or_insert(before);
        match (&request.wish, &held) {
            (Wish::Put(like) | Wish::Toggle(like), Held::Not) => {
                *held = Held::New(like.clone());
                standing.likes += 1;
            }
            (Wish::Remove | Wish::Toggle(_), Held::Stored | Held::New(_)) => {
                *held = Held::Not;
                standing.likes = standing.likes.saturating_sub(1);
            }
            (Wish::Put(_), _) | (Wish::Remove, Held::Not) => {}
        }
        Some(LikeState { is_liked: !matches!(held, Held::Not), likes_count: standing.likes })
    }

    /// What has to be written.
    pub(super) fn changes(self) -> Changes {
        let mut changes = Changes::default();
        for (pair, held) in self.held {
            let was_stored = self.stored.contains(&pair);
            let (added, removed) = match held {
                Held::Stored => continue,
                Held::Not => (None, was_stored),
                Held::New(like) => (Some(like), was_stored),
            };
            if added.is_none() && !removed {
                continue;
            }
            let (gained, lost) = changes.counts.entry(pair.1).or_default();
            *gained += i64::from(added.is_some());
            *lost += i64::from(removed);
            changes.added.extend(added);
            changes.removed.extend(removed.then_some(pair));
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use aviary_domain::Timestamp;

    use super::*;

    const VIDEO: u8 = 200;
    const HIDDEN: u8 = 201;

    fn like(user: u8, video: u8, id: u8) -> Like {
        Like {
            id: Id::from_bytes([id; 12]),
            liked_by: Id::from_bytes([user; 12]),
            target: LikeTarget::Video(Id::from_bytes([video; 12])),
            description: None,
            inviter: None,
            created_at: Timestamp::from_millis(0),
        }
    }

    fn pair(user: u8, video: u8) -> Pair {
        (ObjectId::from_bytes([user; 12]), (LikeKind::Video, ObjectId::from_bytes([video; 12])))
    }

    fn tally(stored: &[u8]) -> Tally {
        let owner = ObjectId::from_bytes([100; 12]);
        let standing = |audience| Standing { owner, audience, likes: 10 };
        let standings = [(VIDEO, Audience::Everybody), (HIDDEN, Audience::Only(owner))];
        let standings = standings.map(|(video, audience)| (pair(0, video).1, standing(audience)));
        Tally::new(standings.into(), stored.iter().map(|user| pair(*user, VIDEO)).collect())
    }

    fn ask(tally: &mut Tally, user: u8, video: u8, wish: Wish) -> Option<(bool, u64)> {
        let like = like(user, video, 0);
        let request = Request { hot: [[0; 12]; 2], user: like.liked_by, target: like.target, wish };
        tally.fulfil(&request).map(|state| (state.is_liked, state.likes_count))
    }

    #[test]
    fn each_finds_what_those_before_have_left() {
        let mut tally = tally(&[1]);
        let t = &mut tally;
        assert_eq!(ask(t, 1, VIDEO, Wish::Put(like(1, VIDEO, 1))), Some((true, 10)), "it is there already");
        assert_eq!(ask(t, 2, VIDEO, Wish::Toggle(like(2, VIDEO, 2))), Some((true, 11)));
        assert_eq!(ask(t, 3, VIDEO, Wish::Remove), Some((false, 11)), "there is none");
        assert_eq!(ask(t, 1, VIDEO, Wish::Remove), Some((false, 10)));
        assert_eq!(ask(t, 2, VIDEO, Wish::Toggle(like(2, VIDEO, 3))), Some((false, 9)));
        assert_eq!(ask(t, 4, VIDEO, Wish::Put(like(4, VIDEO, 4))), Some((true, 10)));
        let changes = tally.changes();
        assert_eq!(changes.removed, [pair(1, VIDEO)]);
        assert_eq!(changes.added, [like(4, VIDEO, 4)]);
        assert_eq!(changes.counts, BTreeMap::from([(pair(0, VIDEO).1, (1, 1))]));
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace_and_what_is_put_again_is_new() {
        let mut tally = tally(&[1]);
        ask(&mut tally, 2, VIDEO, Wish::Toggle(like(2, VIDEO, 2)));
        ask(&mut tally, 2, VIDEO, Wish::Toggle(like(2, VIDEO, 3)));
        ask(&mut tally, 1, VIDEO, Wish::Toggle(like(1, VIDEO, 4)));
        ask(&mut tally, 1, VIDEO, Wish::Toggle(like(1, VIDEO, 5)));
        let changes = tally.changes();
        assert_eq!((changes.removed, changes.added), (vec![pair(1, VIDEO)], vec![like(1, VIDEO, 5)]));
        assert_eq!(changes.counts, BTreeMap::from([(pair(0, VIDEO).1, (1, 1))]));
    }

    #[test]
    fn what_is_not_there_or_not_seen_cannot_be_liked() {
        let mut tally = tally(&[]);
        assert_eq!(ask(&mut tally, 1, 7, Wish::Put(like(1, 7, 1))), None);
        assert_eq!(ask(&mut tally, 1, HIDDEN, Wish::Put(like(1, HIDDEN, 1))), None);
        assert_eq!(ask(&mut tally, 100, HIDDEN, Wish::Put(like(100, HIDDEN, 1))), Some((true, 11)), "the owner does");
        assert_eq!(tally.changes().added.len(), 1);
    }
}
