//! What users have stored and may store. Only the store decides what still fits, in the step that writes the row; what is
//! asked here beforehand keeps films from being sent or stored in vain.

use aviary_domain::Id;
use aviary_domain::user::User;

use crate::error::{Error, Noun};
use crate::{Policy, Ports};

/// What the files of a user's videos take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Storage {
    /// The bytes that films and stills have.
    pub used: u64,
    /// The bytes that films may have which the user has open tickets for.
    pub reserved: u64,
    /// The most bytes that all of these may have; `None` for any number.
    pub quota: Option<u64>,
}

impl Storage {
    /// How many bytes are used, or kept free for open tickets.
    pub(crate) fn taken(&self) -> u64 {
        self.used.saturating_add(self.reserved)
    }

    /// How many bytes still fit; `None` for any number.
    pub(crate) fn room(&self) -> Option<u64> {
        self.quota.map(|quota| quota.saturating_sub(self.taken()))
    }

    /// The largest file of at most `limit` bytes that still fits.
    pub(crate) fn at_most(&self, limit: u64) -> u64 {
        self.room().map_or(limit, |room| room.min(limit))
    }

    /// Refuses what does not fit any more.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), Error> {
        match self.quota {
            Some(quota) if self.taken().saturating_add(bytes) > quota => {
                Err(Error::QuotaExceeded { used: self.taken(), quota })
            }
            _ => Ok(()),
        }
    }
}

impl Ports {
    /// What a user has stored and may still send with tickets.
    pub(crate) async fn storage(&self, owner: Id<User>, policy: &Policy) -> Result<Storage, Error> {
        // In this order: a film that is published in between is in neither, rather than in both and refusing what fits.
        let used = self.store.users.stored_bytes(owner).await?.ok_or(Error::NotFound(Noun::User))?;
        let reserved = self.store.tickets.reserved_bytes(owner).await?;
        Ok(Storage { used, reserved, quota: policy.storage_quota })
    }

    /// Refuses what does not fit into a user's quota as it stands.
    pub(crate) async fn check_room(&self, owner: Id<User>, bytes: u64, policy: &Policy) -> Result<(), Error> {
        // Without a quota there is nothing to ask, and without bytes nothing to refuse.
        if policy.storage_quota.is_none() || bytes == 0 {
            return Ok(());
        }
        self.storage(owner, policy).await?.check(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Storage;
    use crate::Error;

    #[test]
    fn what_fills_the_quota_to_the_last_byte_fits() {
        for (used, reserved) in [(60, 0), (50, 10), (0, 60)] {
            let storage = Storage { used, reserved, quota: Some(100) };
            assert!(storage.check(40).is_ok());
            assert!(matches!(storage.check(41), Err(Error::QuotaExceeded { used: 60, quota: 100 })));
            assert!(matches!(storage.check(u64::MAX), Err(Error::QuotaExceeded { .. })));
            assert_eq!((storage.at_most(30), storage.at_most(50)), (30, 40));
        }
    }

    #[test]
    fn a_quota_that_was_made_smaller_leaves_no_room() {
        let storage = Storage { used: 30, reserved: 30, quota: Some(50) };
        assert_eq!((storage.room(), storage.at_most(10)), (Some(0), 0));
        assert!(storage.check(1).is_err());
    }

    #[test]
    fn without_a_quota_everything_fits() {
        let storage = Storage { used: u64::MAX, reserved: u64::MAX, quota: None };
        assert!(storage.check(u64::MAX).is_ok());
        assert_eq!(storage.at_most(10), 10);
    }
}
