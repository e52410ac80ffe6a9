//! SIMs that are read in two places in turn: at two sites, or at a site and at the centre. A card
//! is in one place at a time, so one of the two is a copy, or its modem tells a wrong ICCID. A card
//! that is carried from one site to another is read there from then on, and not in turn.

use std::time::Duration;

use super::{SiteName, Timestamp};

/// Within how long readings in turn count, and for how long a SIM must then have been read in one
/// place alone until it is trusted again.
pub const WINDOW: Duration = Duration::from_secs(600);

/// How many readings in turn are one too many: there, elsewhere, and there again.
const TURNS: usize = 3;

/// A time in which a SIM was read in one modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPeriod {
    /// The site that the modem is at; `None` for the centre itself.
    pub site: Option<SiteName>,
    /// When the SIM was first read there.
    pub since: Timestamp,
    /// When it was last read there.
    pub seen_at: Timestamp,
}

/// Two places in which a SIM is read in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TwoPlaces {
    /// The place in which it was read last, and the other one; `None` is the centre itself.
    pub sites: [Option<SiteName>; 2],
    /// Since when it is read in the first one.
    pub since: Timestamp,
}

impl TwoPlaces {
    /// Finds out whether a SIM that is read at `now` is read in turn, by its last periods, the
    /// newest first.
    pub fn find(periods: &[ReadPeriod], now: Timestamp) -> Option<TwoPlaces> {
        let mut runs = periods.chunk_by(|newer, older| newer.site == older.site);
        let (last, other) = (runs.next()?, runs.next()?);
        let sites = [last.first()?.site.clone(), other.first()?.site.clone()];
        let is_one_of_both = |run: &&[ReadPeriod]| {
            let newest = run.first();
            newest.is_some_and(|newest| {
                sites.contains(&newest.site) && now.since(newest.seen_at) < WINDOW
            })
        };
        // The two runs that are taken already are of both sites.
        let is_in_turn = now.since(other.first()?.seen_at) < WINDOW
            && runs.take_while(is_one_of_both).count() + 2 >= TURNS;
        is_in_turn.then_some(TwoPlaces { sites, since: last.last()?.since })
    }

    /// Whether the SIM is still not to be trusted at `now`.
    pub fn holds_at(&self, now: Timestamp) -> bool {
        now.since(self.since) < WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    /// Periods, the newest first, of sites with the minutes in which a SIM was first and last read.
    fn periods(of: &[(&str, i64, i64)]) -> Vec<ReadPeriod> {
        let period = |(site, since, seen_at): &(&str, i64, i64)| ReadPeriod {
            site: site.parse().ok(),
            since: Timestamp(since * MINUTE),
            seen_at: Timestamp(seen_at * MINUTE),
        };
        of.iter().map(period).collect()
    }

    #[test]
    fn a_sim_is_in_two_places_when_it_is_read_there_and_elsewhere_and_there_again() {
        for (read, is_in_turn, why) in [
            (&[("ams", 30, 30)][..], false, "one place"),
            (&[("fra", 30, 30), ("ams", 0, 29)], false, "carried once"),
            (&[("ams", 30, 30), ("fra", 25, 25), ("ams", 0, 21)], true, "three times in turn"),
            (&[("", 30, 30), ("fra", 25, 25), ("", 0, 21)], true, "at the centre, too"),
            (&[("ams", 30, 30), ("fra", 25, 25), ("ams", 0, 20)], false, "ten minutes ago"),
            (&[("ams", 30, 30), ("fra", 1, 20), ("ams", 0, 19)], false, "carried back later"),
            (
                &[("fra", 30, 30), ("fra", 29, 29), ("ams", 28, 28), ("ams", 27, 27)],
                false,
                "modems of the same site",
            ),
            (
                &[("fra", 30, 30), ("ams", 29, 29), ("ams", 28, 28), ("fra", 27, 27)],
                true,
                "in turn, at one of them in two modems",
            ),
            (&[("ber", 30, 30), ("fra", 29, 29), ("ams", 28, 28)], false, "carried on"),
        ] {
            let found = TwoPlaces::find(&periods(read), Timestamp(30 * MINUTE));
            assert_eq!(found.is_some(), is_in_turn, "{why}");
        }
    }

    #[test]
    fn it_is_trusted_again_when_it_was_read_in_one_place_for_ten_minutes() {
        let read = periods(&[("ams", 31, 32), ("ams", 30, 30), ("fra", 29, 29), ("ams", 0, 28)]);
        let found = TwoPlaces::find(&read, Timestamp(32 * MINUTE)).unwrap();
        assert_eq!(found.sites, [Some("ams".parse().unwrap()), Some("fra".parse().unwrap())]);
        assert!(found.holds_at(Timestamp(40 * MINUTE - 1)));
        assert!(!found.holds_at(Timestamp(40 * MINUTE)));
    }
}
