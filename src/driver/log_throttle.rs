//! Limits how many state changes of one modem are logged, so that a modem whose network comes and
//! goes does not fill the log.

use std::time::Duration;

use crate::domain::{Moment, TokenBucket, TokenRate};

/// How many lines may be logged in quick succession.
const BURST: u32 = 12;
/// The time after which one more line may be logged.
const INTERVAL: Duration = Duration::from_secs(30);

/// The number of lines that one modem may still log now, and how many were left out.
#[derive(Debug)]
pub(crate) struct LogThrottle {
    bucket: TokenBucket,
    left_out: u64,
}

impl LogThrottle {
    pub fn new(now: Moment) -> LogThrottle {
        LogThrottle { bucket: TokenBucket::full(now), left_out: 0 }
    }

    /// Whether a change may be logged; if so, how many before it were left out.
    pub fn allow(&mut self, now: Moment) -> Option<u64> {
        match self.bucket.take(TokenRate::with_burst(BURST, INTERVAL), now) {
            Ok(()) => Some(std::mem::take(&mut self.left_out)),
            Err(_) => {
                self.left_out += 1;
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::since_origin(Duration::from_secs(seconds))
    }

    #[test]
    fn a_modem_that_flaps_for_an_hour_takes_two_lines_a_minute_and_what_is_left_out_is_counted() {
        let mut throttle = LogThrottle::new(at(0));
        let logged: Vec<u64> = (0..3600).filter_map(|second| throttle.allow(at(second))).collect();
        assert!((120..=135).contains(&logged.len()), "{}", logged.len());
        assert_eq!(logged.len() as u64 + logged.iter().sum::<u64>() + throttle.left_out, 3600);
        assert_eq!(
            logged.get(..12),
            Some(&[0; 12][..]),
            "a start with all its states is logged whole"
        );
        assert_eq!(throttle.allow(at(9_000)), Some(last_left_out(&logged)));
    }

    fn last_left_out(logged: &[u64]) -> u64 {
        3600 - logged.len() as u64 - logged.iter().sum::<u64>()
    }
}
