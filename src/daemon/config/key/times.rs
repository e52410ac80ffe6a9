//! Formats of values that are lengths of time.

use std::time::Duration;

use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_text};

/// The longest time that a key may have. A longer one is a typing error, and with it the end of
/// what begins now could lie beyond what a time stamp can hold.
const LONGEST_TIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A time with its unit; `None` when it is none, or longer than [`LONGEST_TIME`].
fn parse_time(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|time| *time <= LONGEST_TIME)
}

/// A length of time with its unit.
pub(in crate::daemon::config) enum Time {
    /// A time that is longer than nothing.
    Positive,
    /// `"0s"` is allowed, too.
    OrZero,
    /// Longer than nothing, and at most this.
    UpTo(Duration),
}

impl Format for Time {
    type Value = Duration;

    fn name(&self) -> String {
        "time".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Duration, String> {
        let is_allowed = |time: &Duration| match self {
            Time::Positive => !time.is_zero(),
            Time::OrZero => true,
            Time::UpTo(most) => !time.is_zero() && time <= most,
        };
        let time = parse_time(&read_text(value)?).filter(is_allowed);
        time.ok_or_else(|| match self {
            Time::UpTo(most) => {
                format!("a time like \"10m\" or \"4h\", at most \"{}\"", time_text(*most))
            }
            _ => "a time like \"10m\", \"4h\" or \"30d\", at most 100 years".to_owned(),
        })
    }

    fn write(&self, value: &Duration) -> String {
        quoted(time_text(*value))
    }
}

/// A length of time, or `"never"`.
pub(in crate::daemon::config) struct TimeOrNever;

impl Format for TimeOrNever {
    type Value = Option<Duration>;

    fn name(&self) -> String {
        "time, or `\"never\"`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Duration>, String> {
        let text = read_text(value)?;
        if text == "never" {
            return Ok(None);
        }
        let time = parse_time(&text).map(Some);
        time.ok_or_else(|| "a time like \"90d\", at most 100 years, or \"never\"".to_owned())
    }

    fn write(&self, value: &Option<Duration>) -> String {
        quoted(value.map_or_else(|| "never".to_owned(), time_text))
    }
}

/// A length of time in the largest unit that needs no fraction.
fn time_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(24 * 3600, "d"), (3600, "h"), (60, "m")];
    let fits = |(length, _): &&(u64, &str)| seconds > 0 && seconds.is_multiple_of(*length);
    let (length, unit) = units.iter().find(fits).copied().unwrap_or((1, "s"));
    format!("{}{unit}", seconds / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_largest_unit_that_needs_no_fraction() {
        for (seconds, text) in
            [(0, "0s"), (90, "90s"), (600, "10m"), (4 * 3600, "4h"), (30 * 24 * 3600, "30d")]
        {
            assert_eq!(time_text(Duration::from_secs(seconds)), text);
        }
    }
}
