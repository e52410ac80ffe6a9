//! Pure: where the axes of a chart have their labels.

use std::time::Duration;

use chrono::{DateTime, Datelike, Months, NaiveTime, TimeDelta, Utc};

use crate::domain::Timestamp;

/// About how many steps a scale has.
const STEPS: f64 = 4.0;
/// The most labels that stand below a chart.
const MOST_LABELS: usize = 8;

/// Round values from below the lowest to above the highest one, which are the ends of the scale.
/// Without any values, 0 and 1.
pub(super) fn ticks(low: f64, high: f64) -> Vec<f64> {
    if !low.is_finite() || !high.is_finite() {
        return vec![0.0, 1.0];
    }
    let height = if high > low { high - low } else { 1.0_f64.max(high.abs()) };
    let step = round_up(height / STEPS);
    let first = (low / step).floor();
    let last = (high / step).ceil().max(first + 1.0);
    // Multiplied anew each time, so that no error adds up.
    let count = (last - first) as usize;
    (0..=count).map(|n| (first + n as f64) * step).collect()
}

/// The least of 1, 2 or 5 times a power of ten that is not less.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= value * 0.999_999);
    times.unwrap_or(10.0) * power
}

/// A label of the time axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeLabel {
    pub at: Timestamp,
    pub text: String,
}

/// Labels at round times (UTC) of a span.
pub(super) fn time_labels(from: Timestamp, length: Duration) -> Vec<TimeLabel> {
    const HOUR: i64 = 3600;
    let Some(begin) = DateTime::<Utc>::from_timestamp_micros(from.0) else { return Vec::new() };
    let Some(end) = TimeDelta::from_std(length).ok().and_then(|it| begin.checked_add_signed(it))
    else {
        return Vec::new();
    };
    if length > Duration::from_secs(90 * 24 * 3600) {
        return labels(
            first_month(begin),
            end,
            |at| at.checked_add_months(Months::new(2)),
            "%b %Y",
        );
    }
    let steps = [
        (HOUR / 6, "%H:%M"),
        (HOUR, "%H:%M"),
        (4 * HOUR, "%H:%M"),
        (24 * HOUR, "%-d %b"),
        (5 * 24 * HOUR, "%-d %b"),
        (15 * 24 * HOUR, "%-d %b"),
    ];
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
    let fits = |(step, _): &(i64, &str)| {
        usize::try_from(seconds / step).is_ok_and(|count| count < MOST_LABELS)
    };
    let Some((step, form)) = steps.into_iter().find(fits) else { return Vec::new() };
    let first = begin.timestamp().div_euclid(step).saturating_add(1).saturating_mul(step);
    let first = DateTime::from_timestamp(first, 0);
    labels(first, end, |at| at.checked_add_signed(TimeDelta::seconds(step)), form)
}

fn labels(
    first: Option<DateTime<Utc>>,
    end: DateTime<Utc>,
    next: impl Fn(DateTime<Utc>) -> Option<DateTime<Utc>>,
    form: &str,
) -> Vec<TimeLabel> {
    let times = std::iter::successors(first, |at| next(*at));
    let times = times.take_while(|at| *at < end).take(MOST_LABELS);
    times.map(|at| TimeLabel { at: at.into(), text: at.format(form).to_string() }).collect()
}

/// The beginning of the month after a time.
fn first_month(after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let first = after.date_naive().with_day(1)?.checked_add_months(Months::new(1))?;
    Some(first.and_time(NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_values() {
        for (low, high, expected) in [
            (0.0, 0.0, &[0.0, 0.5][..]),
            (0.0, 1.0, &[0.0, 0.5, 1.0]),
            (0.0, 7.0, &[0.0, 2.0, 4.0, 6.0, 8.0]),
            (0.0, 100.0, &[0.0, 50.0, 100.0]),
            (0.0, 412.0, &[0.0, 200.0, 400.0, 600.0]),
            (-97.0, -61.0, &[-100.0, -90.0, -80.0, -70.0, -60.0]),
            (5.0, 5.0, &[4.0, 6.0]),
            (f64::INFINITY, f64::NEG_INFINITY, &[0.0, 1.0]),
        ] {
            let found = ticks(low, high);
            let is_like = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-9;
            let is_it = found.len() == expected.len() && found.iter().zip(expected).all(is_like);
            assert!(is_it, "{low} to {high}: {found:?}");
        }
    }

    fn texts(length: Duration) -> Vec<String> {
        // 2026-06-22T12:57:03Z.
        let labels = time_labels(Timestamp(1_782_133_023_000_000), length);
        labels.into_iter().map(|label| label.text).collect()
    }

    #[test]
    fn times_are_labelled_at_round_ones_and_not_too_often() {
        const HOUR: u64 = 3600;
        let of = |hours: u64| texts(Duration::from_secs(hours * HOUR));
        assert_eq!(of(1), ["13:00", "13:10", "13:20", "13:30", "13:40", "13:50"]);
        assert_eq!(of(24), ["16:00", "20:00", "00:00", "04:00", "08:00", "12:00"]);
        assert_eq!(
            of(7 * 24),
            ["23 Jun", "24 Jun", "25 Jun", "26 Jun", "27 Jun", "28 Jun", "29 Jun"]
        );
        assert_eq!(of(30 * 24).len(), 6);
        let year = ["Jul 2026", "Sep 2026", "Nov 2026", "Jan 2027", "Mar 2027", "May 2027"];
        assert_eq!(of(365 * 24), year);
    }
}
