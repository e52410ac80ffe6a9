//! Times as people write them: in local time unless they say otherwise, or from now.

use std::time::Duration;

use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc};

use crate::daemon::system_sources;

/// A time that was, as the daemon reads it: also `7d` for as long ago.
pub(super) fn past(text: &str) -> Result<String, String> {
    read(text, |now, length| now.checked_sub_signed(length))
}

/// A time that was, as long as it is written exactly: a day, a minute or a second.
#[derive(Debug, Clone)]
pub(super) struct Period {
    /// As the daemon reads it.
    pub from: String,
    /// Before this.
    pub to: String,
}

/// A time that was, with the end of the day, minute or second that is meant by it.
pub(super) fn past_period(text: &str) -> Result<Period, String> {
    let from = past(text)?;
    let length = match text.matches(':').count() {
        _ if humantime::parse_duration(text).is_ok() => chrono::Duration::microseconds(1),
        0 => chrono::Duration::days(1),
        1 => chrono::Duration::minutes(1),
        _ if text.contains('.') => chrono::Duration::microseconds(1),
        _ => chrono::Duration::seconds(1),
    };
    let begin: DateTime<Utc> = from.parse().map_err(|_| "it is no time".to_owned())?;
    let to = begin.checked_add_signed(length).ok_or("it is too far from now")?;
    Ok(Period { from, to: to.to_rfc3339_opts(SecondsFormat::Micros, true) })
}

/// A time that is to come, as the daemon reads it: also `30d` for as long from now.
pub(super) fn coming(text: &str) -> Result<String, String> {
    read(text, |now, length| now.checked_add_signed(length))
}

fn read(
    text: &str,
    from_now: fn(DateTime<Utc>, chrono::Duration) -> Option<DateTime<Utc>>,
) -> Result<String, String> {
    let by_length = |length: Duration| {
        let length = chrono::Duration::from_std(length).ok()?;
        from_now(system_sources::utc_now(), length)
    };
    let time = match humantime::parse_duration(text) {
        Ok(length) => by_length(length).ok_or("it is too far from now")?,
        Err(_) => written(text, &Local)?,
    };
    Ok(time.to_rfc3339_opts(SecondsFormat::Micros, true))
}

/// A time in RFC 3339 or as tables show it, or a date and perhaps a time of the day in a zone.
fn written(text: &str, zone: &impl TimeZone) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    if let Ok(time) = DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%#z") {
        return Ok(time.to_utc());
    }
    let day =
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN));
    let time = |format| NaiveDateTime::parse_from_str(text, format);
    let local = day()
        .or_else(|_| time("%Y-%m-%d %H:%M"))
        .or_else(|_| time("%Y-%m-%d %H:%M:%S"))
        .map_err(|_| "write it like 2026-06-22, '2026-06-22 14:57', 2026-06-22T12:57:03Z or 7d")?;
    let time = zone.from_local_datetime(&local).earliest();
    Ok(time.ok_or("the clocks went over this time")?.to_utc())
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn times_are_local_unless_they_have_a_zone() {
        let zone = FixedOffset::east_opt(2 * 3600).unwrap();
        for (text, expected) in [
            ("2026-06-22", "2026-06-21T22:00:00Z"),
            ("2026-06-22 14:57", "2026-06-22T12:57:00Z"),
            ("2026-06-22 14:57:03", "2026-06-22T12:57:03Z"),
            ("2026-06-22 14:57:03+01", "2026-06-22T13:57:03Z"),
            ("2026-06-22 14:57:03-03:30", "2026-06-22T18:27:03Z"),
            ("2026-06-22 14:57:03Z", "2026-06-22T14:57:03Z"),
            ("2026-06-22T14:57:03+01:00", "2026-06-22T13:57:03Z"),
            ("2026-06-22T14:57:03Z", "2026-06-22T14:57:03Z"),
        ] {
            let time = written(text, &zone).unwrap();
            assert_eq!(time.to_rfc3339_opts(SecondsFormat::Secs, true), expected, "{text}");
        }
        for text in ["", "yesterday", "2026-13-01", "2026-06-22 25:00", "22.06.2026", "-1d"] {
            assert!(written(text, &zone).is_err(), "{text}");
        }
    }

    #[test]
    fn a_period_is_as_long_as_its_time_is_exact() {
        for (text, micros) in [
            ("2026-06-22 14:57", 60_000_000),
            ("2026-06-22 14:57:03", 1_000_000),
            ("2026-06-22 14:57:03+02", 1_000_000),
            ("2026-06-22T14:57:03Z", 1_000_000),
            ("2026-06-22T14:57:03.5Z", 1),
            ("2026-06-22", 24 * 3_600_000_000_i64),
            ("7d", 1),
        ] {
            let Period { from, to } = past_period(text).unwrap();
            let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
            assert_eq!((time(&to) - time(&from)).num_microseconds(), Some(micros), "{text}");
        }
        assert!(past_period("yesterday").is_err());
    }

    #[test]
    fn a_length_is_counted_from_now() {
        let time = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let minutes = (time(&coming("3h").unwrap()) - time(&coming("1h").unwrap())).num_minutes();
        assert!((115..=120).contains(&minutes), "{minutes}");
        let minutes = (time(&past("1h").unwrap()) - time(&past("3h").unwrap())).num_minutes();
        assert!((115..=120).contains(&minutes), "{minutes}");
        assert!(
            past("9999999999y").is_err()
                && coming("9999999999y").is_err()
                && coming("300000y").is_err()
        );
    }
}
