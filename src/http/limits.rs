//! How much one key or one address may ask: token buckets, told as the time at which each would be
//! full again.

use parking_lot::{Mutex, RwLock};
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use crate::domain::Timestamp;

/// More keys or addresses than this are not remembered: those that have been quiet are forgotten,
/// or, if there are none, all.
const REMEMBERED: usize = 65_536;
const NANOS_PER_MICRO: i64 = 1_000;
const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// What may be asked; 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests a second with one key.
    pub key_per_second: u32,
    /// Requests a second from one address.
    pub address_per_second: u32,
    /// Wrong keys a minute from one address.
    pub failed_keys_per_minute: u32,
}

/// Who has asked how much, and how much may be asked: for the endpoints, and for whoever changes
/// the limits.
#[derive(Debug, Clone)]
pub struct Throttle(Arc<RwLock<(Limits, Arc<Asked>)>>);

/// Who has asked how much.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) by_key: Buckets<[u8; 32]>,
    pub(super) by_address: Buckets<IpAddr>,
    pub(super) failed: Buckets<IpAddr>,
}

impl Throttle {
    /// Nobody has asked anything yet.
    pub fn new(limits: Limits) -> Throttle {
        Throttle(Arc::new(RwLock::new((limits, Arc::new(Asked::nothing(limits))))))
    }

    /// Other limits from now on; with the same ones nothing changes.
    pub fn set(&self, limits: Limits) {
        let mut held = self.0.write();
        if held.0 != limits {
            *held = (limits, Arc::new(Asked::nothing(limits)));
        }
    }

    pub(super) fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.0.read().1)
    }
}

impl Asked {
    fn nothing(limits: Limits) -> Asked {
        Asked {
            by_key: Buckets::new(limits.key_per_second, 1),
            by_address: Buckets::new(limits.address_per_second, 1),
            failed: Buckets::new(limits.failed_keys_per_minute, 60),
        }
    }
}

/// Buckets that hold so many tokens and are filled with as many in `seconds`.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    /// Time for one token; `None`: no limit.
    token: Option<i64>,
    /// Time for a whole bucket.
    whole: i64,
    /// When each bucket will be full, in nanoseconds.
    full_at: Mutex<HashMap<K, i64>>,
}

/// Too much was asked: when to ask again, in whole seconds from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) u64);

impl<K: Hash + Eq> Buckets<K> {
    pub(super) fn new(limit: u32, seconds: u32) -> Buckets<K> {
        let whole = i64::from(seconds) * NANOS_PER_SECOND;
        Buckets { token: whole.checked_div(i64::from(limit)), whole, full_at: Mutex::default() }
    }

    /// Takes a token from `key`'s bucket.
    pub(super) fn take(&self, key: K, now: Timestamp) -> Result<(), TooMany> {
        let Some(token) = self.token else { return Ok(()) };
        let now = now.0.saturating_mul(NANOS_PER_MICRO);
        let mut buckets = self.full_at.lock();
        if buckets.len() >= REMEMBERED {
            buckets.retain(|_, full_at| *full_at > now);
            if buckets.len() >= REMEMBERED {
                buckets.clear();
            }
        }
        let full_at = buckets.entry(key).or_insert(now);
        // A clock that was set back must not shut anybody out.
        let from = if *full_at - now > self.whole { now } else { now.max(*full_at) };
        let after = from.saturating_add(token);
        if after - now > self.whole {
            let wait = (after - now - self.whole).unsigned_abs();
            return Err(TooMany(wait.div_ceil(NANOS_PER_SECOND.unsigned_abs())));
        }
        *full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(2, 1);
        let take = |key, micros| buckets.take(key, Timestamp(micros));
        assert_eq!([take("a", 0), take("a", 0), take("a", 0)], [Ok(()), Ok(()), Err(TooMany(1))]);
        assert_eq!(take("b", 0), Ok(()), "another's is its own");
        assert_eq!([take("a", SECOND / 2), take("a", SECOND / 2)], [Ok(()), Err(TooMany(1))]);
        assert_eq!(
            [take("a", 9 * SECOND), take("a", 9 * SECOND), take("a", 9 * SECOND)],
            [Ok(()), Ok(()), Err(TooMany(1))]
        );
        assert_eq!(take("a", 0), Ok(()), "the clock was set back");
    }

    #[test]
    fn limits_change_for_those_who_ask_already_and_the_same_limits_forget_nothing() {
        let limits = |failed| Limits { failed_keys_per_minute: failed, ..Limits::default() };
        let throttle = Throttle::new(limits(1));
        let take =
            || throttle.asked().failed.take(IpAddr::from([127, 0, 0, 1]), Timestamp(0)).is_ok();
        assert_eq!([take(), take()], [true, false]);
        throttle.set(limits(1));
        assert!(!take());
        throttle.set(limits(2));
        assert_eq!([take(), take(), take()], [true, true, false]);
    }

    #[test]
    fn a_slow_bucket_says_how_long_to_wait() {
        let buckets = Buckets::new(2, 60);
        assert_eq!(
            [(); 3].map(|()| buckets.take(1, Timestamp(0))),
            [Ok(()), Ok(()), Err(TooMany(30))]
        );
    }

    #[test]
    fn nought_is_no_limit_and_no_more_are_remembered_than_may_be() {
        let open = Buckets::new(0, 1);
        assert!((0..10_000).all(|_| open.take(1, Timestamp(0)).is_ok()));
        let many = Buckets::new(1, 1);
        for key in 0..REMEMBERED * 2 {
            many.take(key, Timestamp(i64::try_from(key).unwrap() * SECOND)).unwrap();
        }
        assert!(many.full_at.lock().len() <= REMEMBERED);
        let at_once = Buckets::new(1, 1);
        for key in 0..=REMEMBERED {
            at_once.take(key, Timestamp(0)).unwrap();
        }
        assert_eq!(at_once.full_at.lock().len(), 1);
    }
}
