//! Calendar months, in which the terms of rentals are counted.

use chrono::{DateTime, Months, Utc};

use super::Timestamp;

/// The time `months` calendar months after `start`: the same day of the month and time of day, or
/// the last day of the month where that has no such day. `None` after the end of the calendar.
///
/// The end of a rental is always counted from its start, also when a term is added, because adding
/// one month after another drifts: 31 January and one month and another is 28 March, but 31 January
/// and two months is 31 March. The customers' API (`docs/customer-api.md`) says that a term is
/// added to the present end of the contract. That means the end and not today; it does not mean
/// that a customer who pays for two months from the 31st in two parts gets less than one who pays
/// for them at once. Counted from the start, the end is never earlier than counted the other way,
/// and at most three days later.
pub fn add_months(start: Timestamp, months: u32) -> Option<Timestamp> {
    let start = DateTime::<Utc>::from_timestamp_micros(start.0)?;
    start.checked_add_months(Months::new(months)).map(Timestamp::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_calendar_says() {
        for (start, months, end) in [
            ("2026-03-22T12:57:03.000000Z", 3, "2026-06-22T12:57:03.000000Z"),
            ("2026-06-22T12:57:03.000001Z", 3, "2026-09-22T12:57:03.000001Z"),
            ("2026-01-31T23:59:59.999999Z", 1, "2026-02-28T23:59:59.999999Z"),
            ("2026-01-31T00:00:00.000000Z", 2, "2026-03-31T00:00:00.000000Z"),
            ("2028-01-31T00:00:00.000000Z", 1, "2028-02-29T00:00:00.000000Z"),
            ("2028-02-29T06:00:00.000000Z", 12, "2029-02-28T06:00:00.000000Z"),
            ("2028-02-29T06:00:00.000000Z", 48, "2032-02-29T06:00:00.000000Z"),
            ("2026-12-31T10:00:00.000000Z", 6, "2027-06-30T10:00:00.000000Z"),
        ] {
            let at = DateTime::parse_from_rfc3339(start).unwrap().to_utc().into();
            assert_eq!(add_months(at, months).unwrap().to_string(), end, "{start} + {months}");
        }
        assert_eq!(add_months(Timestamp(0), u32::MAX), None);
    }

    #[test]
    fn counted_from_the_start_no_term_ends_earlier_than_counted_from_the_end_before() {
        const DAY_US: i64 = 24 * 3_600 * 1_000_000;
        let leap_year = 1_830_297_600_000_000; // 2028-01-01
        for day in 0..366 {
            let start = Timestamp(leap_year + day * DAY_US);
            let mut chained = start;
            for months in 1..=24 {
                chained = add_months(chained, 1).unwrap();
                let counted = add_months(start, months).unwrap();
                assert!(
                    (0..=3 * DAY_US).contains(&(counted.0 - chained.0)),
                    "{start} + {months}: {counted}, {chained}"
                );
            }
        }
    }
}
