//! bcrypt on the blocking pool: as many at once as there are cores, a short queue before them, and the same work
//! whether an account exists or not.

use std::sync::Arc;

use async_trait::async_trait;
use aviary_domain::security::{HashError, Password, PasswordHash, PasswordHasher};
use bcrypt::BcryptError;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{AcquireError, Semaphore, TryAcquireError};

/// The costs that bcrypt knows.
const COSTS: std::ops::RangeInclusive<u32> = 4..=31;

/// How many may wait for each one that is at work: about two seconds of waiting at cost 10.
const QUEUE_PER_PERMIT: usize = 32;
/// The queue never gets shorter than this, however small the machine.
const SHORTEST_QUEUE: usize = 64;

/// Hashes and checks passwords with bcrypt.
pub struct BcryptHasher {
    cost: u32,
    /// A hash of nobody's password, for the work that is done when there is no account.
    nobody: Arc<str>,
    /// Held by all who wait or work; none left means the queue is full.
    admitted: Arc<Semaphore>,
    /// Held by those at work.
    working: Arc<Semaphore>,
}

impl BcryptHasher {
    /// Hashes at a cost of 4 to 31 (each step doubles the work), `permits` passwords at once.
    pub fn new(cost: u32, permits: usize) -> Self {
        let cost = cost.clamp(*COSTS.start(), *COSTS.end());
        let permits = permits.max(1);
        let queue = permits.saturating_mul(QUEUE_PER_PERMIT).max(SHORTEST_QUEUE);
        Self::with_queue(cost, permits, queue)
    }

    fn with_queue(cost: u32, permits: usize, queue: usize) -> Self {
        Self {
            cost,
            nobody: format!("$2b${cost:02}${:.<53}", "").into(),
            admitted: Arc::new(Semaphore::new(permits.saturating_add(queue).min(Semaphore::MAX_PERMITS))),
            working: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Runs slow work off the threads that serve requests, in its turn.
    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let admission = Arc::clone(&self.admitted).try_acquire_owned().map_err(|refusal| match refusal {
            TryAcquireError::NoPermits => HashError::Busy,
            TryAcquireError::Closed => HashError::Failed(refusal.into()),
        })?;
        let closed = |cause: AcquireError| HashError::Failed(cause.into());
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(closed)?;
        // The permits go along with the work: a caller who leaves does not make room before the core is free.
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = job();
            drop((turn, admission));
            outcome
        });
        outcome.await.map_err(|cause| HashError::Failed(cause.into()))
    }
}

#[async_trait]
impl PasswordHasher for BcryptHasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (password, cost) = (password.clone(), self.cost);
        let hashed = self.work(move || bcrypt::non_truncating_hash(password.expose(), cost)).await?;
        hashed.map(PasswordHash::new).map_err(|cause| HashError::Failed(cause.into()))
    }

    async fn verify(&self, candidate: &SecretString, hash: Option<PasswordHash>) -> Result<bool, HashError> {
        let (candidate, nobody) = (candidate.clone(), Arc::clone(&self.nobody));
        self.work(move || matches(&candidate, hash.as_ref(), &nobody))
            .await?
            .map_err(|cause| HashError::Failed(cause.into()))
    }
}

/// One bcrypt's worth of work in every case; only an intact hash and a candidate that bcrypt sees whole can match.
fn matches(candidate: &SecretString, hash: Option<&PasswordHash>, nobody: &str) -> Result<bool, BcryptError> {
    let candidate = candidate.expose_secret();
    let whole = candidate.len() <= Password::MAX_BYTES;
    match hash.map(|hash| bcrypt::verify(candidate, hash.expose())) {
        Some(Ok(same)) => Ok(same && whole),
        // No account, or a hash that no password fits.
        None | Some(Err(_)) => bcrypt::verify(candidate, nobody).map(|_| false),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use aviary_domain::security::{HashError, Password, PasswordHash, PasswordHasher};
    use secrecy::SecretString;

    use super::BcryptHasher;

    fn hasher() -> BcryptHasher {
        BcryptHasher::new(4, 2)
    }

    async fn fits(candidate: &str, hash: &str) -> bool {
        hasher().verify(&SecretString::from(candidate), Some(PasswordHash::new(hash.to_owned()))).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone() {
        let hash = hasher().hash(&Password::parse("correct horse").unwrap()).await.unwrap();
        assert!(fits("correct horse", hash.expose()).await);
        assert!(!fits("correct horsf", hash.expose()).await);
        assert!(!fits("", hash.expose()).await);
    }

    #[tokio::test]
    async fn hashes_of_other_writers_fit() {
        let hash = bcrypt::hash_with_salt("opensesame", 4, *b"0123456789abcdef").unwrap();
        for version in [bcrypt::Version::TwoA, bcrypt::Version::TwoB, bcrypt::Version::TwoY] {
            assert!(fits("opensesame", &hash.format_for_version(version)).await);
        }
    }

    #[tokio::test]
    async fn nothing_hides_behind_byte_72() {
        let long = "x".repeat(71);
        let hash = hasher().hash(&Password::parse(&long).unwrap()).await.unwrap();
        assert!(fits(&long, hash.expose()).await);
        let cut = bcrypt::hash("y".repeat(80), 4).unwrap();
        assert!(!fits(&"y".repeat(80), &cut).await);
        assert!(!fits(&"y".repeat(72), &cut).await);
    }

    #[tokio::test]
    async fn a_damaged_hash_fits_nothing() {
        for hash in
            ["", "x", "$2b$", "$2b$99$......................................................", "$argon2id$v=19$…"]
        {
            assert!(!fits("anything", hash).await, "{hash}");
        }
    }

    #[tokio::test]
    async fn every_refusal_costs_one_hash() {
        let hasher = BcryptHasher::new(9, 1);
        let real = hasher.hash(&Password::parse("a password").unwrap()).await.unwrap();
        let time = async |candidate: &str, hash: Option<PasswordHash>| {
            let start = Instant::now();
            assert!(!hasher.verify(&SecretString::from(candidate), hash).await.unwrap());
            start.elapsed()
        };
        let wrong = time("wrong", Some(real.clone())).await;
        for (candidate, hash) in [
            ("wrong", None),
            ("wrong", Some(PasswordHash::new("damaged".to_owned()))),
            (&*"z".repeat(5_000), Some(real.clone())),
        ] {
            let other = time(candidate, hash).await;
            assert!(other > wrong / 4 && other < wrong * 4 + Duration::from_millis(50), "{other:?} against {wrong:?}");
        }
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_so() {
        let hasher = Arc::new(BcryptHasher::with_queue(8, 1, 2));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move { hasher.verify(&SecretString::from("x"), None).await })
            })
            .collect();
        let mut busy = 0;
        for task in tasks {
            busy += usize::from(matches!(task.await.unwrap(), Err(HashError::Busy)));
        }
        assert_eq!(busy, 5);
        assert!(hasher.verify(&SecretString::from("x"), None).await.is_ok(), "the queue empties again");
    }
}
