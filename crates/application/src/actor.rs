//! Who acts.

use aviary_domain::Id;
use aviary_domain::session::Session;
use aviary_domain::user::User;

/// A signed-in user, proved by an access token whose session is active.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: Id<User>,
    /// The session that the token belongs to.
    pub session: Id<Session>,
}
