//! Tickets for direct uploads, as the store keeps them: who may still send how much, under which reserved name.

use async_trait::async_trait;

use crate::file::FileKey;
use crate::user::User;
use crate::{Id, StoreError, Timestamp};

/// The most tickets of one user that are open at a time.
pub const MOST_OPEN_TICKETS: usize = 10;

/// What somebody wants a ticket for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRequest {
    /// The name of the film that is to be sent.
    pub name: FileKey,
    /// Who asks.
    pub owner: Id<User>,
    /// The fewest bytes with which a ticket is of use; no more than `most`.
    pub least: u64,
    /// The most bytes that the film may have.
    pub most: u64,
    /// The most bytes that the owner may have stored; `None` for any number.
    pub quota: Option<u64>,
    /// Until when the name is reserved.
    pub until: Timestamp,
}

/// An open ticket, as far as it stands in the way of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// How many bytes it may bring.
    pub bytes: u64,
    /// When it is due to end.
    pub until: Timestamp,
}

impl Reserved {
    /// How many bytes these may bring together.
    pub fn sum(open: &[Self]) -> u64 {
        open.iter().fold(0, |sum, ticket| sum.saturating_add(ticket.bytes))
    }
}

impl TicketRequest {
    /// What the request gets when its owner has stored so many bytes and these tickets are open; for the stores, which ask
    /// within the step that reserves the name. `QuotaExceeded` as for [`Tickets::open`].
    pub fn answer(&self, stored: u64, open: &[Reserved]) -> Result<TicketAnswer, StoreError> {
        let first = open.iter().map(|ticket| ticket.until).min();
        if let Some(until) = first.filter(|_| open.len() >= MOST_OPEN_TICKETS) {
            return Ok(TicketAnswer::TooMany { until });
        }
        let Some(quota) = self.quota else { return Ok(TicketAnswer::Opened { bytes: self.most }) };
        let used = stored.saturating_add(Reserved::sum(open));
        let bytes = quota.saturating_sub(used).min(self.most);
        if bytes < self.least {
            Err(StoreError::QuotaExceeded { used, quota })
        } else {
            Ok(TicketAnswer::Opened { bytes })
        }
    }
}

/// What somebody who wants a ticket gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketAnswer {
    /// A ticket.
    Opened {
        /// The most bytes that the film may have.
        bytes: u64,
    },
    /// None, because [`MOST_OPEN_TICKETS`] are open already.
    TooMany {
        /// When the first of them is due to end.
        until: Timestamp,
    },
}

/// A ticket under which a film may still become a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// Who may make a video of the film.
    pub owner: Id<User>,
    /// The most bytes that it may have.
    pub bytes: u64,
}

/// The tickets: entries of the [ledger of files](crate::file::FileLedger) that know whose they are and how many bytes they
/// may bring.
///
/// A ticket is open from when it is given until its name leaves the ledger: a row has claimed the film, or what was sent is
/// removed and forgotten. That it is due, or could not be removed yet, does not end it, because its bytes may lie in the
/// store; that it was given up does. The bytes of open tickets count for their owner like stored ones: every step that is
/// held to a quota leaves room for them.
#[cfg_attr(feature = "test-support", mockall::automock)]
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Reserves a name for a film of its owner, and answers with how many bytes it may have: as many as fit into the quota
    /// beside what the owner has stored and what their open tickets may bring, but no more than are asked for.
    /// `QuotaExceeded`, and nothing reserved, when these are less than the fewest; [`TicketAnswer::TooMany`], and nothing
    /// reserved, when [`MOST_OPEN_TICKETS`] of the owner are open. Of many at once only so many are given as fit. `None` when
    /// there is no such user.
    async fn open(&self, request: &TicketRequest) -> Result<Option<TicketAnswer>, StoreError>;

    /// The ticket with which this name was reserved; `None` when it is not reserved any more, is due, or was reserved without one.
    async fn find(&self, name: &FileKey, now: Timestamp) -> Result<Option<Ticket>, StoreError>;

    /// How many bytes the open tickets of a user may bring together.
    async fn reserved_bytes(&self, owner: Id<User>) -> Result<u64, StoreError>;
}
