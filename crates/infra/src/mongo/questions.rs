//! What requests ask for all the time, by kind: those of one kind that come at the same moment are asked together.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use aviary_domain::search::SearchWords;
use aviary_domain::video::VideoScope;
use mongodb::bson::RawDocumentBuf;
use mongodb::bson::oid::ObjectId;

use super::batch::Batches;
use super::comment::CommentRows;
use super::like::LikeKind;
use super::video::list::Sorting;
use crate::page_key::PageKey;

/// Documents by the ids that were asked for, as far as they are there.
type ById = HashMap<ObjectId, RawDocumentBuf>;

/// Of two ids each, those that belong together.
type Pairs = HashSet<(ObjectId, ObjectId)>;

/// A page of a list of videos: what it lists, in which order, which part of it.
type ListKey = (VideoScope, Sorting, PageKey);

/// A page of comments: the video, and which of its comments.
type CommentsKey = (ObjectId, PageKey);

/// What is being asked on one runtime. Answers are documents as they were read, so that one that is not what it has to
/// be fails only who asked for it.
#[derive(Default)]
pub(super) struct Questions {
    /// Videos by their ids.
    pub(super) videos: Arc<Batches<(), ObjectId, ById>>,
    /// People by their ids.
    pub(super) people: Arc<Batches<(), ObjectId, ById>>,
    /// Which users like which things of a kind.
    pub(super) likes: Arc<Batches<LikeKind, (ObjectId, ObjectId), Pairs>>,
    /// Which users subscribe to which channels, the channel first.
    pub(super) subscriptions: Arc<Batches<(), (ObjectId, ObjectId), Pairs>>,
    /// The latest entries of users' histories, by the user.
    pub(super) fronts: Arc<Batches<(), ObjectId, ById>>,
    /// Pages of lists of videos: the videos, or their ids alone where others are skipped by number.
    pub(super) lists: Arc<Batches<ListKey, (), Vec<RawDocumentBuf>>>,
    /// How many videos of a scope match words.
    pub(super) matches: Arc<Batches<(VideoScope, SearchWords), (), u64>>,
    /// Pages of comments; `None` where there is no such video.
    pub(super) comments: Arc<Batches<CommentsKey, (), Option<CommentRows>>>,
}
