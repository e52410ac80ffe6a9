//! Requests that may be sent again: with the same key they are carried out once, and answered the
//! same each time.

use std::time::Duration;

use serde::Serialize;

use super::Error;
use super::environment::Environment;
use crate::domain::key::KeyMode;
use crate::domain::{AccountId, Timestamp};
use crate::store::{KeptAnswer, ReadTx, StoreError, WriteTx};

/// For how long a request that is sent again is answered as before.
pub(super) const ANSWERED_AGAIN_FOR: Duration = Duration::from_secs(24 * 3600);

/// A request that is to be carried out once, by the key that its customer gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The key, told apart from that of the sandbox.
    key: String,
    /// The SHA-256 of the method, the path and the body.
    fingerprint: [u8; 32],
}

/// What has come of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done<T, R> {
    /// It was carried out.
    Now(T),
    /// It was carried out before: what was answered then, in JSON.
    Before(String),
    /// It was refused, and nothing was done.
    Refused(R),
    /// Its key was given to another request before.
    KeyReused,
}

impl<T, R> Done<T, Option<R>> {
    /// `None` in place of a refusal without a reason.
    pub(super) fn known(self) -> Option<Done<T, R>> {
        match self {
            Done::Now(done) => Some(Done::Now(done)),
            Done::Before(answer) => Some(Done::Before(answer)),
            Done::Refused(refusal) => refusal.map(Done::Refused),
            Done::KeyReused => Some(Done::KeyReused),
        }
    }
}

impl Once {
    /// A request that its customer has given a key, which may be for the sandbox. Its keys are
    /// others: it shall never be answered what was answered to a live key, nor the other way.
    pub fn new(key: &str, mode: KeyMode, fingerprint: [u8; 32]) -> Once {
        // Customers' keys have no control characters.
        let beside = if mode.is_test() { "test\n" } else { "" };
        Once { key: format!("{beside}{key}"), fingerprint }
    }

    /// A purchase by the reference that its customer has given it. References are others than the
    /// keys of requests. With the same one nothing is bought again, whatever is asked for.
    pub(super) fn for_reference(reference: &str) -> Once {
        Once { key: format!("reference\n{reference}"), fingerprint: [0; 32] }
    }

    /// By what it is known among all requests of its account.
    pub fn known_by(&self) -> &str {
        &self.key
    }

    /// What was answered to the request before, if it was carried out.
    fn before<T, R>(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Done<T, R>>, StoreError> {
        let kept = rows.kept_answer(account, &self.key)?;
        let kept = kept.filter(|kept| now < kept.at.plus(ANSWERED_AGAIN_FOR));
        Ok(kept.map(|kept| match kept.fingerprint == self.fingerprint {
            true => Done::Before(kept.answer),
            false => Done::KeyReused,
        }))
    }
}

/// Carries a request out, unless it was before, and keeps what is answered to it in the same
/// transaction. A refusal is not kept.
pub(super) fn carry_out<T: Serialize, R>(
    tx: &WriteTx<'_>,
    (account, once): (AccountId, Option<&Once>),
    now: Timestamp,
    work: impl FnOnce() -> Result<Result<T, R>, Error>,
) -> Result<Done<T, R>, Error> {
    if let Some(before) = once.map(|once| once.before(tx, account, now)).transpose()?.flatten() {
        return Ok(before);
    }
    let done = match work()? {
        Ok(done) => done,
        Err(refusal) => return Ok(Done::Refused(refusal)),
    };
    if let Some(Once { key, fingerprint }) = once {
        let answer = serde_json::to_string(&done);
        let answer = answer.map_err(|error| StoreError::Other(error.to_string()))?;
        let kept = KeptAnswer { fingerprint: *fingerprint, answer, at: now };
        tx.keep_answer(account, key, &kept)?;
    }
    Ok(Done::Now(done))
}

impl Environment {
    /// What was answered to a request before. What comes before the transaction that carries a
    /// request out, such as a search, is spared one that is sent again.
    pub(super) async fn answered_before<T: Send + 'static, R: Send + 'static>(
        &self,
        account: AccountId,
        once: Option<&Once>,
    ) -> Result<Option<Done<T, R>>, Error> {
        let Some(once) = once.cloned() else { return Ok(None) };
        let now = self.now();
        Ok(self.store.read_for(account, move |rows| once.before(rows, account, now)).await?)
    }
}
