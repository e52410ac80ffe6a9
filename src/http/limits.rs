//! How much may be asked with one key, from one address or by one account.

use parking_lot::{Mutex, RwLock};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{AccountId, KeyedBuckets, Timestamp, TokenRate};

/// The `[limits]` of the configuration. 0 switches a limit off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Requests per second with one key.
    pub key_per_second: u32,
    /// Requests per second from one address.
    pub address_per_second: u32,
    /// Requests with a wrong key per minute from one address.
    pub failed_keys_per_minute: u32,
    /// Connections that are open at a time with one key.
    pub connections_per_key: u32,
    /// Connections that are open at a time from one address.
    pub connections_per_address: u32,
    /// Changes of its rentals' renewal per minute by one account. They are free, and each is a row
    /// of the audit.
    pub edits_per_minute: u32,
}

/// Limits the rate of customers' requests. Clones share their state: one is held by the endpoints,
/// another by what reloads the configuration.
#[derive(Debug, Clone)]
pub struct Throttle(Arc<RwLock<(Limits, Arc<RequestBuckets>)>>);

/// What each key and each address has left.
#[derive(Debug)]
pub(super) struct RequestBuckets {
    pub(super) limits: Limits,
    pub(super) by_key: Buckets<[u8; 32]>,
    /// By what counts as one client, as for the connections.
    pub(super) by_address: Buckets<IpAddr>,
    pub(super) failed: Buckets<IpAddr>,
    pub(super) edits: Buckets<AccountId>,
}

impl Throttle {
    /// Nothing has been asked yet.
    pub fn new(limits: Limits) -> Throttle {
        Throttle(Arc::new(RwLock::new((limits, Arc::new(RequestBuckets::new(limits))))))
    }

    /// Changes the limits. New limits begin with full buckets; setting the same limits again
    /// forgives nothing.
    pub fn set(&self, limits: Limits) {
        let mut held = self.0.write();
        if held.0 != limits {
            *held = (limits, Arc::new(RequestBuckets::new(limits)));
        }
    }

    pub(super) fn buckets(&self) -> Arc<RequestBuckets> {
        Arc::clone(&self.0.read().1)
    }
}

impl RequestBuckets {
    fn new(limits: Limits) -> RequestBuckets {
        let second = Duration::from_secs(1);
        RequestBuckets {
            limits,
            by_key: Buckets::new(limits.key_per_second, second),
            by_address: Buckets::new(limits.address_per_second, second),
            failed: Buckets::new(limits.failed_keys_per_minute, 60 * second),
            edits: Buckets::new(limits.edits_per_minute, 60 * second),
        }
    }
}

/// A token bucket for each key or address; `None` when there is no limit.
#[derive(Debug)]
pub(super) struct Buckets<K>(Option<Mutex<KeyedBuckets<K>>>);

/// A limit was exceeded; the number of whole seconds after which the client may try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooMany(pub(super) u64);

/// How long whoever asks too much, or in vain, waits for the answer. Clients that ask again at once
/// would otherwise keep a processor busy with refusals.
pub(super) const REFUSAL_DELAY: Duration = Duration::from_millis(100);

impl TooMany {
    /// The limit is on what goes on at the same time, which may be less in a moment.
    pub(super) const SOON: TooMany = TooMany(1);
}

impl<K: Hash + Eq> Buckets<K> {
    pub(super) fn new(limit: u32, window: Duration) -> Buckets<K> {
        Buckets(TokenRate::per(window, limit).map(|rate| Mutex::new(KeyedBuckets::new(rate))))
    }

    /// Takes a token from the bucket of `key`.
    pub(super) fn take(&self, key: K, now: Timestamp) -> Result<(), TooMany> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        let taken = buckets.lock().take(key, now.into());
        taken.map_err(|wait| TooMany(whole_seconds(wait)))
    }

    /// What is left in the bucket of `key`; `None` where there is no limit.
    pub(super) fn level(&self, key: &K, now: Timestamp) -> Option<Level> {
        let buckets = self.0.as_ref()?.lock();
        let (left, full_in) = buckets.level(key, now.into());
        Some(Level { limit: buckets.tokens(), left, full_in: whole_seconds(full_in) })
    }
}

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Level {
    /// How many tokens a full bucket has.
    pub(super) limit: u64,
    /// How many there are.
    pub(super) left: u64,
    /// After how many whole seconds it is full.
    pub(super) full_in: u64,
}

/// Rounded up, so that a client that waits so long is not refused again.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_bucket_empties_and_fills() {
        let buckets = Buckets::new(2, Duration::from_secs(1));
        let take = |key, micros| buckets.take(key, Timestamp(micros));
        assert_eq!([take("a", 0), take("a", 0), take("a", 0)], [Ok(()), Ok(()), Err(TooMany(1))]);
        assert_eq!(take("b", 0), Ok(()), "another key has a bucket of its own");
        assert_eq!([take("a", SECOND / 2), take("a", SECOND / 2)], [Ok(()), Err(TooMany(1))]);
        assert_eq!(
            [take("a", 9 * SECOND), take("a", 9 * SECOND), take("a", 9 * SECOND)],
            [Ok(()), Ok(()), Err(TooMany(1))]
        );
        assert_eq!(take("a", 0), Ok(()), "the clock was set back");
    }

    #[test]
    fn new_limits_begin_with_full_buckets_and_the_same_limits_forgive_nothing() {
        let limits = |failed| Limits { failed_keys_per_minute: failed, ..Limits::default() };
        let throttle = Throttle::new(limits(1));
        let take =
            || throttle.buckets().failed.take(IpAddr::from([127, 0, 0, 1]), Timestamp(0)).is_ok();
        assert_eq!([take(), take()], [true, false]);
        throttle.set(limits(1));
        assert!(!take());
        throttle.set(limits(2));
        assert_eq!([take(), take(), take()], [true, true, false]);
    }

    #[test]
    fn a_refusal_tells_how_long_to_wait() {
        let buckets = Buckets::new(2, Duration::from_secs(60));
        assert_eq!(
            [(); 3].map(|()| buckets.take(1, Timestamp(0))),
            [Ok(()), Ok(()), Err(TooMany(30))]
        );
    }

    #[test]
    fn what_is_left_of_a_limit_is_told() {
        let buckets = Buckets::new(2, Duration::from_secs(60));
        let level = |now| buckets.level(&1, Timestamp(now)).unwrap();
        assert_eq!(level(0), Level { limit: 2, left: 2, full_in: 0 });
        buckets.take(1, Timestamp(0)).unwrap();
        assert_eq!(level(0), Level { limit: 2, left: 1, full_in: 30 });
        buckets.take(1, Timestamp(0)).unwrap();
        buckets.take(1, Timestamp(0)).unwrap_err();
        assert_eq!(level(SECOND), Level { limit: 2, left: 0, full_in: 59 });
        assert_eq!(level(31 * SECOND), Level { limit: 2, left: 1, full_in: 29 });
        assert_eq!(Buckets::new(0, Duration::from_secs(60)).level(&1, Timestamp(0)), None);
    }

    #[test]
    fn a_limit_of_0_limits_nothing() {
        let unlimited = Buckets::new(0, Duration::from_secs(1));
        assert!((0..10_000).all(|_| unlimited.take(1, Timestamp(0)).is_ok()));
    }
}
