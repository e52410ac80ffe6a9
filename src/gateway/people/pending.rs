//! People who have given their password and not yet the code of their second factor. They are known
//! in memory only: after a restart they give the password again.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::login::Side;
use crate::domain::{LoginId, Timestamp};

/// For how long somebody may look for the code.
const LASTS: Duration = Duration::from_secs(600);
/// How many people may do so at a time. When one more comes, whoever came first begins anew.
const MOST: usize = 1000;

/// Somebody whose password was right.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Pending {
    pub side: Side,
    pub login: LoginId,
    /// The hash of the password that was right.
    pub password: Option<String>,
    pub since: Timestamp,
}

/// The people whose code is awaited, by the SHA-256 of the secret that they were given.
#[derive(Default)]
pub(super) struct PendingSignIns(Mutex<HashMap<[u8; 32], Pending>>);

impl PendingSignIns {
    pub(super) fn add(&self, digest: [u8; 32], pending: Pending) {
        let now = pending.since;
        let mut all = self.0.lock();
        all.retain(|_, pending| is_current(pending, now));
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, pending)| pending.since);
            let oldest = oldest.map(|(digest, _)| *digest);
            oldest.and_then(|digest| all.remove(&digest));
        }
        all.insert(digest, pending);
    }

    pub(super) fn get(&self, digest: &[u8; 32], now: Timestamp) -> Option<Pending> {
        self.0.lock().get(digest).filter(|pending| is_current(pending, now)).cloned()
    }

    pub(super) fn remove(&self, digest: &[u8; 32]) {
        self.0.lock().remove(digest);
    }
}

fn is_current(pending: &Pending, now: Timestamp) -> bool {
    now < pending.since.plus(LASTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(second: i64) -> Pending {
        let since = Timestamp(second * 1_000_000);
        Pending { side: Side::Console, login: LoginId(second), password: None, since }
    }

    #[test]
    fn the_code_is_awaited_for_ten_minutes() {
        let signing_in = PendingSignIns::default();
        signing_in.add([1; 32], pending(100));
        let at = |second: i64| Timestamp(second * 1_000_000);
        assert!(signing_in.get(&[1; 32], at(699)).is_some());
        assert!(signing_in.get(&[1; 32], at(700)).is_none());
        assert!(signing_in.get(&[2; 32], at(100)).is_none());
        signing_in.add([3; 32], pending(700));
        assert_eq!(signing_in.0.lock().len(), 1);
        signing_in.remove(&[3; 32]);
        assert!(signing_in.get(&[3; 32], at(700)).is_none());
    }

    #[test]
    fn only_so_many_are_awaited_and_the_first_begins_anew() {
        let signing_in = PendingSignIns::default();
        let digest = |n: i64| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_le_bytes());
            digest
        };
        let most = i64::try_from(MOST).unwrap();
        for n in 0..=most {
            signing_in.add(digest(n), Pending { since: Timestamp(n), ..pending(0) });
        }
        let now = Timestamp(most);
        assert_eq!(signing_in.0.lock().len(), MOST);
        assert!(signing_in.get(&digest(0), now).is_none());
        assert!(signing_in.get(&digest(1), now).is_some());
    }
}
