//! Slowing down people who guess passwords: wrong ones are counted by account and by address. Every place where a password
//! is tried goes through here: logging in, repeating a registration, and changing the password.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use aviary_domain::security::PasswordHash;
use aviary_domain::user::{LoginName, User};
use aviary_domain::{Id, Timestamp};
use moka::ops::compute::Op;
use moka::sync::Cache;
use secrecy::SecretString;

use crate::{Error, Ports};

/// How many wrong passwords are allowed in a window, wherever they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLimits {
    /// For one account, from anywhere.
    pub per_account: u32,
    /// From one address, for any account.
    pub per_address: u32,
    /// How long failures count, from the first one.
    pub window: Duration,
}

impl Default for LoginLimits {
    fn default() -> Self {
        Self { per_account: 10, per_address: 100, window: Duration::from_mins(15) }
    }
}

/// Whose password is guessed: a user's, by whichever name, or that of an account that there is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    User(Id<User>),
    Nobody(LoginName),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Account(Whose),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    since: Timestamp,
}

/// The memory of wrong passwords; bounded, and this process's own.
pub(crate) struct LoginGuard {
    limits: Option<LoginLimits>,
    failures: Cache<Key, Failures>,
}

impl LoginGuard {
    /// How many accounts and addresses are remembered.
    const CAPACITY: u64 = 100_000;

    pub(crate) fn new(limits: Option<LoginLimits>) -> Self {
        let window = limits.unwrap_or_default().window;
        Self { limits, failures: Cache::builder().max_capacity(Self::CAPACITY).time_to_live(window).build() }
    }

    /// Whether the password is right. Who guesses wrong too often is not heard any more for a while.
    pub(crate) async fn check(
        &self,
        ports: &Ports,
        whose: &Whose,
        address: IpAddr,
        password: &SecretString,
        hash: Option<PasswordHash>,
    ) -> Result<bool, Error> {
        let attempt = self.begin(whose, address, ports.clock.now())?;
        let checked = ports.hasher.verify(password, hash).await;
        match &checked {
            Ok(true) => attempt.succeeded(),
            Ok(false) => {}
            Err(_) => attempt.void(),
        }
        Ok(checked?)
    }

    /// Counts an attempt as failed until it is said to have succeeded, so that many at once cannot slip through.
    fn begin(&self, whose: &Whose, address: IpAddr, now: Timestamp) -> Result<Attempt<'_>, Error> {
        let attempt =
            Attempt { guard: self, account: Key::Account(whose.clone()), address: Key::Address(network(address)) };
        let Some(limits) = self.limits else { return Ok(attempt) };
        let by_address = self.count(&attempt.address, limits.window, now);
        let by_account = self.count(&attempt.account, limits.window, now);
        let over = |failures: Failures, limit| (failures.count > limit).then_some(failures.since);
        match over(by_account, limits.per_account).or(over(by_address, limits.per_address)) {
            None => Ok(attempt),
            Some(since) => {
                let end = since.after(limits.window);
                let left = u64::try_from(end.millis().saturating_sub(now.millis())).unwrap_or(0);
                Err(Error::TooManyAttempts { retry_after: Duration::from_millis(left.max(1000)) })
            }
        }
    }

    fn count(&self, key: &Key, window: Duration, now: Timestamp) -> Failures {
        let mut counted = Failures { count: 1, since: now };
        self.failures.entry_by_ref(key).and_compute_with(|entry| {
            if let Some(known) = entry.map(moka::Entry::into_value)
                && known.since.after(window) > now
            {
                counted = Failures { count: known.count.saturating_add(1), since: known.since };
            }
            Op::Put(counted)
        });
        counted
    }

    fn uncount(&self, key: &Key) {
        self.failures.entry_by_ref(key).and_compute_with(|entry| match entry.map(moka::Entry::into_value) {
            Some(known) if known.count > 1 => Op::Put(Failures { count: known.count - 1, ..known }),
            Some(_) => Op::Remove,
            None => Op::Nop,
        });
    }
}

/// Whom an address stands for: with IPv6, one customer has at least a /64 (RFC 6177) and could take a fresh address
/// for every guess.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A try under way.
struct Attempt<'a> {
    guard: &'a LoginGuard,
    account: Key,
    address: Key,
}

impl Attempt<'_> {
    /// The password was right: the account starts afresh.
    fn succeeded(self) {
        self.guard.failures.invalidate(&self.account);
        self.guard.uncount(&self.address);
    }

    /// The password was never looked at.
    fn void(self) {
        self.guard.uncount(&self.account);
        self.guard.uncount(&self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aviary_domain::user::Username;

    const LIMITS: LoginLimits = LoginLimits { per_account: 2, per_address: 3, window: Duration::from_mins(1) };
    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn name(text: &str) -> Whose {
        Whose::Nobody(LoginName::Username(Username::fold(text)))
    }

    fn address() -> IpAddr {
        IpAddr::from([127, 0, 0, 1])
    }

    #[test]
    fn an_account_is_closed_after_its_failures_and_open_again_after_the_window() {
        let guard = LoginGuard::new(Some(LIMITS));
        for _ in 0..2 {
            assert!(guard.begin(&name("ada"), address(), START).is_ok());
        }
        let refused = guard.begin(&name("ada"), address(), START);
        assert!(matches!(refused, Err(Error::TooManyAttempts { retry_after }) if retry_after == LIMITS.window));
        assert!(guard.begin(&name("ada"), address(), START.after(LIMITS.window)).is_ok());
    }

    #[test]
    fn an_address_is_closed_whatever_accounts_it_tries() {
        let guard = LoginGuard::new(Some(LIMITS));
        for account in ["a", "b", "c"] {
            assert!(guard.begin(&name(account), address(), START).is_ok());
        }
        assert!(guard.begin(&name("d"), address(), START).is_err());
        assert!(guard.begin(&name("d"), IpAddr::from([127, 0, 0, 2]), START).is_ok());
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let guard = LoginGuard::new(Some(LIMITS));
        for host in 1..=3 {
            let address = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, host));
            assert!(guard.begin(&name(&host.to_string()), address, START).is_ok());
        }
        let neighbour = Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9);
        assert!(guard.begin(&name("d"), neighbour.into(), START).is_err());
        let elsewhere = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 0, 0, 0, 1);
        assert!(guard.begin(&name("d"), elsewhere.into(), START).is_ok());
    }

    #[test]
    fn success_clears_the_account_and_limits_can_be_off() {
        let guard = LoginGuard::new(Some(LIMITS));
        for _ in 0..20 {
            guard.begin(&name("ada"), address(), START).unwrap().succeeded();
        }
        let open = LoginGuard::new(None);
        for _ in 0..200 {
            assert!(open.begin(&name("ada"), address(), START).is_ok());
        }
    }
}
