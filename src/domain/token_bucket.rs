//! Token buckets: how often something may happen, and how often in quick succession.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use super::Moment;

/// How many keys are remembered. When there are more, those whose bucket is full are forgotten, or,
/// if none is, all of them.
const REMEMBERED: usize = 65_536;

/// How fast a bucket fills, and how much it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRate {
    /// Time in which one token is added.
    interval: Duration,
    /// Time in which an empty bucket becomes full.
    capacity: Duration,
}

/// One bucket. It is kept as the time at which it will be full again, so that nothing needs to be
/// done while nothing is taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    full_at: Moment,
}

impl TokenRate {
    /// As many tokens per `window` as `limit`, and all of them at once after a quiet window. `None`
    /// for a limit of 0, which limits nothing.
    pub fn per(window: Duration, limit: u32) -> Option<TokenRate> {
        let nanos = window.as_nanos().checked_div(limit.into())?;
        let interval = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        Some(TokenRate { interval, capacity: window })
    }

    /// `burst` tokens at once, and another one after each `interval`.
    pub fn with_burst(burst: u32, interval: Duration) -> TokenRate {
        TokenRate { interval, capacity: interval.saturating_mul(burst) }
    }

    /// How many tokens a full bucket holds.
    pub fn tokens(self) -> u64 {
        self.tokens_in(self.capacity)
    }

    /// How many tokens are added in a time.
    fn tokens_in(self, time: Duration) -> u64 {
        let tokens = time.as_nanos().checked_div(self.interval.as_nanos()).unwrap_or(0);
        u64::try_from(tokens).unwrap_or(u64::MAX)
    }
}

impl TokenBucket {
    /// A bucket that is full at `now`.
    pub fn full(now: Moment) -> TokenBucket {
        TokenBucket { full_at: now }
    }

    /// A bucket in which so many tokens are missing.
    pub fn lacking(tokens: u32, rate: TokenRate, now: Moment) -> TokenBucket {
        TokenBucket { full_at: now + rate.interval.saturating_mul(tokens) }
    }

    /// Whether the bucket is full, so that it need not be remembered.
    pub fn is_full(self, now: Moment) -> bool {
        self.full_at <= now
    }

    /// How many tokens there are, and how long until the bucket is full.
    pub fn level(self, rate: TokenRate, now: Moment) -> (u64, Duration) {
        // See `take` about more than a whole bucket.
        let missing = Some(self.full_at - now).filter(|missing| *missing <= rate.capacity);
        let missing = missing.unwrap_or_default();
        (rate.tokens_in(rate.capacity.saturating_sub(missing)), missing)
    }

    /// Takes a token.
    ///
    /// # Errors
    /// When there is none: how long until there is one.
    pub fn take(&mut self, rate: TokenRate, now: Moment) -> Result<(), Duration> {
        // More than a whole bucket can be missing only if the clock was set back. That must not
        // lock anybody out.
        let is_plausible = self.full_at - now <= rate.capacity;
        let from = if is_plausible { now.max(self.full_at) } else { now };
        let full_at = from + rate.interval;
        let wait = (full_at - now).saturating_sub(rate.capacity);
        if !wait.is_zero() {
            return Err(wait);
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Gives back a token that was taken.
    pub fn give_back(&mut self, rate: TokenRate) {
        self.full_at = Moment::default() + (self.full_at.elapsed().saturating_sub(rate.interval));
    }
}

/// A bucket for each key, such as the address that something is asked from.
#[derive(Debug)]
pub struct KeyedBuckets<K> {
    rate: TokenRate,
    buckets: HashMap<K, TokenBucket>,
}

impl<K: Hash + Eq> KeyedBuckets<K> {
    /// Buckets that fill at this rate and are full in the beginning.
    pub fn new(rate: TokenRate) -> KeyedBuckets<K> {
        KeyedBuckets { rate, buckets: HashMap::new() }
    }

    /// How many tokens a full bucket holds.
    pub fn tokens(&self) -> u64 {
        self.rate.tokens()
    }

    /// Takes a token from the bucket of `key`.
    ///
    /// # Errors
    /// When there is none: how long until there is one.
    pub fn take(&mut self, key: K, now: Moment) -> Result<(), Duration> {
        if self.buckets.len() >= REMEMBERED {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            if self.buckets.len() >= REMEMBERED {
                self.buckets.clear();
            }
        }
        self.buckets.entry(key).or_insert_with(|| TokenBucket::full(now)).take(self.rate, now)
    }

    /// Gives back a token that was taken from the bucket of `key`.
    pub fn give_back(&mut self, key: &K) {
        if let Some(bucket) = self.buckets.get_mut(key) {
            bucket.give_back(self.rate);
        }
    }

    /// How many tokens the bucket of `key` has, and how long until it is full.
    pub fn level(&self, key: &K, now: Moment) -> (u64, Duration) {
        let bucket = self.buckets.get(key).copied().unwrap_or(TokenBucket::full(now));
        bucket.level(self.rate, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Moment {
        Moment::since_origin(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn a_bucket_empties_and_fills() {
        let rate = TokenRate::per(Duration::from_secs(1), 2).unwrap();
        let mut bucket = TokenBucket::full(at(0.0));
        let mut take = |seconds| bucket.take(rate, at(seconds)).is_ok();
        assert_eq!([take(0.0), take(0.0), take(0.0)], [true, true, false]);
        assert_eq!([take(0.5), take(0.5)], [true, false]);
        assert_eq!([take(9.0), take(9.0), take(9.0)], [true, true, false], "no more than it holds");
        assert!(take(0.0), "the clock was set back");
    }

    #[test]
    fn an_empty_bucket_tells_how_long_to_wait() {
        let rate = TokenRate::per(Duration::from_secs(60), 2).unwrap();
        let mut bucket = TokenBucket::full(at(0.0));
        let taken = [(); 3].map(|()| bucket.take(rate, at(0.0)));
        assert_eq!(taken, [Ok(()), Ok(()), Err(Duration::from_secs(30))]);
    }

    #[test]
    fn a_bucket_tells_how_many_tokens_it_has() {
        let rate = TokenRate::per(Duration::from_secs(1), 4).unwrap();
        let mut bucket = TokenBucket::full(at(10.0));
        assert_eq!((rate.tokens(), bucket.level(rate, at(10.0))), (4, (4, Duration::ZERO)));
        bucket.take(rate, at(10.0)).unwrap();
        assert_eq!(bucket.level(rate, at(10.0)), (3, Duration::from_millis(250)));
        assert_eq!(bucket.level(rate, at(0.0)), (4, Duration::ZERO), "the clock was set back");
    }

    #[test]
    fn a_limit_of_0_is_no_rate() {
        assert_eq!(TokenRate::per(Duration::from_secs(1), 0), None);
    }

    #[test]
    fn a_bucket_may_begin_with_fewer_tokens_than_it_holds() {
        let rate = TokenRate::with_burst(4, Duration::from_secs(10));
        let mut bucket = TokenBucket::lacking(3, rate, at(0.0));
        let mut take = |seconds| bucket.take(rate, at(seconds)).is_ok();
        assert_eq!([take(0.0), take(9.0), take(10.0), take(11.0)], [true, false, true, false]);
        assert_eq!([100.0; 5].map(take), [true, true, true, true, false]);
    }

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again() {
        let rate = TokenRate::per(Duration::from_secs(60), 2).unwrap();
        let mut buckets = KeyedBuckets::new(rate);
        let now = at(100.0);
        assert_eq!((buckets.take("a", now), buckets.take("a", now)), (Ok(()), Ok(())));
        assert_eq!(buckets.take("a", now), Err(Duration::from_secs(30)));
        buckets.give_back(&"a");
        assert_eq!((buckets.take("a", now), buckets.take("b", now)), (Ok(()), Ok(())));
        assert!(buckets.take("a", now).is_err());
        buckets.give_back(&"c");
        assert_eq!(buckets.level(&"c", now), (2, Duration::ZERO));
    }

    #[test]
    fn only_so_many_keys_are_remembered() {
        let rate = TokenRate::per(Duration::from_secs(1), 1).unwrap();
        let mut one_by_one = KeyedBuckets::new(rate);
        for key in 0..REMEMBERED * 2 {
            let now = Moment::since_origin(Duration::from_secs(key as u64));
            one_by_one.take(key, now).unwrap();
        }
        assert!(one_by_one.buckets.len() <= REMEMBERED);
        let mut at_once = KeyedBuckets::new(rate);
        for key in 0..=REMEMBERED {
            at_once.take(key, at(0.0)).unwrap();
        }
        assert_eq!(at_once.buckets.len(), 1);
    }
}
