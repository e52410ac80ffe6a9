//! Passwords are hashed here, by argon2id (RFC 9106) with 19 MiB and two passes. A hash takes some
//! 0.1 s of a processor, so only a few are computed at a time.

use std::sync::Arc;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::gateway::Error;

/// How many passwords are hashed at a time.
const AT_A_TIME: usize = 2;
/// For how long somebody waits for that before being sent away.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// How many bytes of salt each hash has.
const SALT_BYTES: usize = 16;
/// The hash of no password. Passwords of names that there are not are compared with it, so that
/// their refusal takes as long as that of a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords, a few at a time.
pub(super) struct Passwords {
    slots: Arc<Semaphore>,
    longest_wait: Duration,
}

/// So many passwords wait to be hashed that whoever asks has to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busy;

impl Passwords {
    pub(super) fn new() -> Passwords {
        Passwords { slots: Arc::new(Semaphore::new(AT_A_TIME)), longest_wait: LONGEST_WAIT }
    }

    /// Whether a password is the one of a hash; without a hash it is not.
    pub(super) async fn matches(
        &self,
        hash: Option<String>,
        password: String,
    ) -> Result<bool, Busy> {
        let compare = move || {
            let stored = PasswordHash::new(hash.as_deref().unwrap_or(NOBODYS));
            let is_it = |stored: PasswordHash| {
                Argon2::default().verify_password(password.as_bytes(), &stored).is_ok()
            };
            stored.is_ok_and(is_it) && hash.is_some()
        };
        self.work(compare).await
    }

    /// The hash of a password, as a PHC string, with a salt of some of the random bytes.
    pub(super) async fn hash(
        &self,
        password: String,
        random: [u8; 32],
    ) -> Result<Result<String, Error>, Busy> {
        let hash = move || {
            let (salt, _) = random.split_at(SALT_BYTES);
            let hash: Result<PasswordHash, _> =
                Argon2::default().hash_password_with_salt(password.as_bytes(), salt);
            let failed = |error| Error::refused(format!("the password cannot be hashed: {error}"));
            hash.map(|hash| hash.to_string()).map_err(failed)
        };
        self.work(hash).await
    }

    /// Works on a thread of its own. A slot stays taken until the work is over, whether or not
    /// anybody still waits for it.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Busy> {
        let slot = tokio::time::timeout(self.longest_wait, Arc::clone(&self.slots).acquire_owned());
        let Ok(Ok(slot)) = slot.await else { return Err(Busy) };
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(slot);
            done
        });
        done.await.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::*;

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash("a good one".to_owned(), [7; 32]).await.unwrap().unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"));
        let matches = |hash: Option<&str>, password: &str| {
            passwords.matches(hash.map(str::to_owned), password.to_owned())
        };
        assert_eq!(matches(Some(&hash), "a good one").await, Ok(true));
        assert_eq!(matches(Some(&hash), "a bad one").await, Ok(false));
        assert_eq!(matches(None, "a good one").await, Ok(false));
        assert_eq!(matches(Some("$argon2id$damaged"), "a good one").await, Ok(false));
    }

    #[test]
    fn comparing_with_nobodys_password_costs_as_much_as_with_anybodys() {
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        assert_eq!(Params::try_from(&parsed).unwrap().m_cost(), Params::DEFAULT.m_cost());
        assert_eq!(Params::try_from(&parsed).unwrap().t_cost(), Params::DEFAULT.t_cost());
        assert_eq!(parsed.hash.unwrap().as_bytes().len(), Params::DEFAULT_OUTPUT_LEN);
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_to_come_again() {
        let passwords = Passwords { longest_wait: Duration::ZERO, ..Passwords::new() };
        let all = u32::try_from(AT_A_TIME).unwrap();
        let occupied = Arc::clone(&passwords.slots).acquire_many_owned(all).await.unwrap();
        assert_eq!(passwords.matches(None, "x".to_owned()).await, Err(Busy));
        drop(occupied);
        assert_eq!(passwords.work(|| 7).await, Ok(7));
    }
}
