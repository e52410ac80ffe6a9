//! How long the numbers for a service last in a country.

/// A stock that lasts for fewer days is told.
pub const FEWEST_DAYS: f64 = 7.0;
/// For how many days ahead more SIMs are asked for.
pub const DAYS_AHEAD: f64 = 30.0;

/// The numbers that are left, and how fast they are used up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runway {
    /// How many could be given out now.
    pub free: usize,
    /// How many were used in a day.
    pub used_per_day: f64,
}

impl Runway {
    /// How many days the numbers last; `None` where none are used.
    pub fn days_left(self) -> Option<f64> {
        (self.used_per_day > 0.0).then(|| self.free as f64 / self.used_per_day)
    }

    /// Whether there are some and they last for less than [`FEWEST_DAYS`].
    pub fn is_short(self) -> bool {
        self.free > 0 && self.days_left().is_some_and(|days| days < FEWEST_DAYS)
    }

    /// How many more SIMs there would have to be to last for [`DAYS_AHEAD`].
    pub fn sims_needed(self) -> u64 {
        let missing = (self.used_per_day * DAYS_AHEAD - self.free as f64).ceil();
        if missing > 0.0 { missing as u64 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_last_as_long_as_they_are_used() {
        for (free, used_per_day, days_left, is_short, needed) in [
            (0, 0.0, None, false, 0),
            (9, 0.0, None, false, 0),
            (0, 2.0, Some(0.0), false, 60),
            (6, 1.0, Some(6.0), true, 24),
            (7, 1.0, Some(7.0), false, 23),
            (90, 3.0, Some(30.0), false, 0),
            (1, 0.5, Some(2.0), true, 14),
            (10, 1.25, Some(8.0), false, 28),
        ] {
            let runway = Runway { free, used_per_day };
            assert_eq!(
                (runway.days_left(), runway.is_short(), runway.sims_needed()),
                (days_left, is_short, needed),
                "{runway:?}"
            );
        }
    }
}
