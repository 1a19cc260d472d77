//! Lists of videos: what they draw from, how they are searched and in which order they are.

use super::Title;
use crate::page::{ListOrder, SortDirection};
use crate::search::SearchWords;
use crate::user::User;
use crate::{Id, InvalidValue};

/// What videos can be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoSort {
    /// Time of upload.
    CreatedAt,
    /// Number of views.
    Views,
    /// Length.
    Duration,
    /// Title, without regard to case.
    Title,
    /// Number of likes.
    Likes,
}

impl VideoSort {
    /// Reads the name that the API uses.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "createdAt" => Ok(Self::CreatedAt),
            "views" => Ok(Self::Views),
            "duration" => Ok(Self::Duration),
            "title" => Ok(Self::Title),
            "likesCount" => Ok(Self::Likes),
            _ => Err(InvalidValue::new("must be one of createdAt, views, duration, title, likesCount")),
        }
    }
}

/// A title as titles are sorted: lower case, compared by code point.
pub fn title_sort_key(title: &Title) -> String {
    title.as_str().to_lowercase()
}

/// Which videos a list draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoScope {
    /// All published ones.
    Published,
    /// The published ones of one user.
    PublishedBy(Id<User>),
    /// All of one user's, for that user's own eyes.
    AllOf(Id<User>),
}

/// How a list of videos is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VideoOrder {
    /// By an attribute, ties by id in the same direction.
    By(VideoSort, SortDirection),
    /// By how well they match (see [`crate::search::SearchTier`]), newest first within a tier.
    Relevance,
}

impl VideoOrder {
    /// The order that cursors of such a list carry.
    pub fn list_order(self) -> ListOrder {
        match self {
            Self::By(sort, direction) => ListOrder::Videos(sort, direction),
            Self::Relevance => ListOrder::Relevance,
        }
    }
}

/// A list of videos.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoQuery {
    /// Which videos.
    pub scope: VideoScope,
    /// The words they must match, if any.
    pub words: Option<SearchWords>,
    /// Their order; [`VideoOrder::Relevance`] only together with words.
    pub order: VideoOrder,
}

/// The most matches, newest first, that a search sorts by an attribute; a list in order of relevance has no such bound.
pub const SORTED_SEARCH_CAP: u64 = 10_000;
