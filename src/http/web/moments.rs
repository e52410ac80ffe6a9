//! Times on pages. They are written in UTC; the script of the pages shows them in the reader's own
//! zone, and keeps ages and count-downs current.

use std::time::Duration;

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::domain::Timestamp;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const TWO_DAYS: u64 = 2 * DAY;

fn utc(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.0).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A time for `datetime`, to the second.
fn machine_time(at: Timestamp) -> String {
    utc(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Date and time in words, for sentences.
pub(super) fn in_utc(at: Timestamp) -> String {
    utc(at).format("%-d %b %Y, %H:%M:%S UTC").to_string()
}

/// Date and time.
pub fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(machine_time(at)) data-show="moment" { (in_utc(at)) } }
}

/// The time of day, with the date in its title.
pub fn clock_time(at: Timestamp) -> Markup {
    let text = utc(at).format("%H:%M:%S").to_string();
    html! { time datetime=(machine_time(at)) data-show="clock" title=(in_utc(at)) { (text) } }
}

/// How long ago it was, with the moment in its title.
pub fn ago(now: Timestamp, at: Timestamp) -> Markup {
    html! {
        time datetime=(machine_time(at)) data-show="ago" title=(in_utc(at)) {
            (span(now.since(at)))
        }
    }
}

/// How long ago it was, if it was.
pub fn ago_or_never(now: Timestamp, at: Option<Timestamp>) -> Markup {
    html! { @if let Some(at) = at { (ago(now, at)) " ago" } @else { "never" } }
}

/// What is left until a time, as minutes and seconds that count down.
pub fn until(now: Timestamp, at: Timestamp) -> Markup {
    let left = at.since(now).as_secs();
    html! {
        time datetime=(machine_time(at)) data-show="until" title=(in_utc(at)) {
            (count_down(left))
        }
    }
}

fn count_down(seconds: u64) -> String {
    match seconds {
        DAY.. => span(Duration::from_secs(seconds)),
        HOUR.. => {
            let (hours, minutes) = (seconds / HOUR, seconds % HOUR / MINUTE);
            format!("{hours}:{minutes:02}:{:02}", seconds % MINUTE)
        }
        _ => format!("{}:{:02}", seconds / MINUTE, seconds % MINUTE),
    }
}

/// A length of time, in the unit that tells most: `31 min`, `4 h`, `12 d`.
pub fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        ..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => format!("{} min", seconds / MINUTE),
        HOUR..TWO_DAYS => format!("{} h", seconds / HOUR),
        _ => format!("{} d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_782_133_023_000_000);

    #[test]
    fn lengths_are_told_in_the_unit_that_tells_most() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (47 * 3600, "47 h"),
            (48 * 3600, "2 d"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn count_downs_are_minutes_and_seconds() {
        for (seconds, text) in
            [(0, "0:00"), (462, "7:42"), (3600, "1:00:00"), (90_000, "25 h"), (200_000, "2 d")]
        {
            assert_eq!(count_down(seconds), text);
        }
        let passed = until(NOW, NOW.minus(Duration::from_secs(5))).into_string();
        assert!(passed.contains(">0:00<"), "{passed}");
    }

    #[test]
    fn times_are_marked_up_for_the_script() {
        assert_eq!(
            moment(NOW).into_string(),
            "<time datetime=\"2026-06-22T12:57:03Z\" data-show=\"moment\">22 Jun 2026, 12:57:03 \
             UTC</time>"
        );
        let ago = ago(NOW.plus(Duration::from_secs(180)), NOW).into_string();
        assert!(ago.contains("title=\"22 Jun 2026, 12:57:03 UTC\">3 min<"), "{ago}");
        assert!(clock_time(NOW).into_string().contains(">12:57:03<"));
    }
}
