//! Logging in when things go wrong: no hint about accounts, no way around the limits.

use std::time::Duration;

use aviary_application::{AuthFailure, Error, Login, LoginLimits};
use aviary_domain::security::{HashError, RefreshClaims, TokenHash};
use aviary_domain::session::Rotation;
use aviary_domain::{Id, StoreError};

use crate::bench::{Bench, account, address, token};

const LIMITS: LoginLimits = LoginLimits { per_account: 2, per_address: 9, window: Duration::from_mins(1) };

fn login() -> Login {
    Login { email: None, username: Some("ada".into()), password: Some("guess".to_owned().into()) }
}

#[tokio::test]
async fn an_unknown_account_costs_the_same_work_and_gets_the_same_answer() {
    let mut bench = Bench::new();
    bench.store.users.expect_find_account().once().returning(|_| Ok(None));
    bench.hasher.expect_verify().withf(|_, hash| hash.is_none()).once().returning(|_, _| Ok(false));
    let outcome = bench.application().sessions.log_in(&login(), address()).await;
    assert!(matches!(outcome, Err(Error::Unauthenticated(AuthFailure::WrongCredentials))), "{outcome:?}");
}

#[tokio::test]
async fn past_the_limit_no_password_is_looked_at() {
    let mut bench = Bench { limits: Some(LIMITS), ..Bench::new() };
    bench.store.users.expect_find_account().times(3).returning(|_| Ok(Some(account())));
    bench.hasher.expect_verify().times(2).returning(|_, _| Ok(false));
    let sessions = bench.application().sessions;
    for _ in 0..2 {
        assert!(matches!(sessions.log_in(&login(), address()).await, Err(Error::Unauthenticated(_))));
    }
    let outcome = sessions.log_in(&login(), address()).await;
    assert!(matches!(outcome, Err(Error::TooManyAttempts { retry_after }) if retry_after > Duration::ZERO));
}

#[tokio::test]
async fn a_password_that_could_not_be_checked_does_not_count_as_wrong() {
    let mut bench = Bench { limits: Some(LIMITS), ..Bench::new() };
    let mut calls = 0;
    bench.store.users.expect_find_account().returning(move |_| {
        calls += 1;
        if calls % 2 == 0 { Err(StoreError::unavailable("gone")) } else { Ok(Some(account())) }
    });
    bench.hasher.expect_verify().returning(|_, _| Err(HashError::Busy));
    let sessions = bench.application().sessions;
    for _ in 0..8 {
        let outcome = sessions.log_in(&login(), address()).await;
        assert!(matches!(outcome, Err(Error::Unavailable(_))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_replayed_refresh_token_gets_no_pair() {
    let mut bench = Bench::new();
    let claims = RefreshClaims { user: Id::from_bytes([1; 12]), session: Id::from_bytes([2; 12]) };
    bench.tokens.expect_read_refresh().returning(move |_, _| Ok(claims));
    bench.tokens.expect_issue_access().returning(|_, _| Ok(token()));
    bench.tokens.expect_issue_refresh().returning(|_, _| Ok(token()));
    bench.tokens.expect_hash_refresh().returning(|_| TokenHash([0; 32]));
    bench.store.users.expect_find().returning(|_| Ok(Some(account().user)));
    bench.store.sessions.expect_rotate().once().returning(|_| Ok(Rotation::Replayed));
    let outcome = bench.application().sessions.refresh(Some("token")).await;
    assert!(matches!(outcome, Err(Error::Unauthenticated(AuthFailure::SessionEnded))), "{outcome:?}");
}
