//! Points in time: microseconds since 1970, UTC.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// Microseconds since 1970-01-01T00:00:00Z. Displays as the API writes times:
/// `2026-06-22T12:57:03.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The time `by` later; saturates instead of overflowing.
    pub fn plus(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(micros(by)))
    }

    /// The time `by` earlier; saturates instead of overflowing.
    pub fn minus(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(micros(by)))
    }

    /// The time that has passed since `earlier`; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Timestamp {
        Timestamp(time.timestamp_micros())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::<Utc>::MIN_UTC);
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

/// The error for a text that is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time: write it like 2026-06-22T12:57:03Z")]
pub struct NotATime;

impl FromStr for Timestamp {
    type Err = NotATime;

    /// A time in RFC 3339, whatever its zone.
    fn from_str(text: &str) -> Result<Timestamp, NotATime> {
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| NotATime)?;
        Ok(time.to_utc().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written_and_in_any_zone() {
        let time = Timestamp(1_782_133_023_000_000);
        for text in ["2026-06-22T12:57:03.000000Z", "2026-06-22T14:57:03+02:00"] {
            assert_eq!(text.parse(), Ok(time), "{text}");
        }
        for text in ["", "2026-06-22", "2026-06-22T12:57:03", "1782133023"] {
            assert_eq!(text.parse::<Timestamp>(), Err(NotATime), "{text}");
        }
    }

    #[test]
    fn displays_six_decimals_and_z() {
        assert_eq!(Timestamp(1_782_133_023_000_000).to_string(), "2026-06-22T12:57:03.000000Z");
    }

    #[test]
    fn never_overflows() {
        assert_eq!(Timestamp(i64::MAX).plus(Duration::MAX), Timestamp(i64::MAX));
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
