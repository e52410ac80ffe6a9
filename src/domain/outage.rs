//! Outages of rentals: times in which a rental's SIM was off the air, so that its tenant got
//! nothing.

use std::time::Duration;

use super::{Amount, RentalId, Timestamp};

/// A SIM that is off the air for less than this has no outage: its modem may start again.
pub const SHORTEST_OUTAGE: Duration = Duration::from_secs(60);
/// For how many days in a row a rental runs on for nothing after its term, as long as its SIM is
/// off the air. Then it ends.
pub const MOST_DAYS_OFF_AIR: u32 = 7;

/// A time in which a rental's SIM was off the air.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    pub id: i64,
    pub rental: RentalId,
    pub began_at: Timestamp,
    /// How much of it the daemon has seen. What was while it did not run is nobody's to say.
    pub counted: Duration,
    /// Until when it is counted.
    pub seen_at: Timestamp,
    /// `None` while it lasts.
    pub ended_at: Option<Timestamp>,
    /// What was given back for it.
    pub credit: Amount,
}

impl Outage {
    /// From when to when something is given back: as long as was counted.
    pub fn credited_time(&self) -> (Timestamp, Timestamp) {
        (self.seen_at.minus(self.counted), self.seen_at)
    }

    /// Its length for people.
    pub fn length(&self) -> String {
        in_words(self.counted)
    }
}

/// A time in days, hours and minutes.
fn in_words(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// What becomes of a rental's outage when its SIM is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// The rental has no outage.
    Nothing,
    /// One has begun, and so much of it is counted already.
    Begun { at: Timestamp, counted: Duration },
    /// It lasts, and so much more of it is counted.
    Lasts { more: Duration },
    /// The SIM is back.
    Over,
}

/// Judges a SIM that is off the air `since` then, if it is, and was looked at last at `looked`.
pub fn see(lasting: bool, since: Option<Timestamp>, looked: Timestamp, now: Timestamp) -> Seen {
    match (since, lasting) {
        (None, false) => Seen::Nothing,
        (None, true) => Seen::Over,
        (Some(since), true) => Seen::Lasts { more: now.since(since.max(looked)) },
        (Some(since), false) if now.since(since) < SHORTEST_OUTAGE => Seen::Nothing,
        (Some(since), false) => Seen::Begun { at: since, counted: now.since(since) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_counted_while_it_is_seen() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        let seconds = Duration::from_secs;
        for (lasting, since, looked, expected) in [
            (false, None, 90, Seen::Nothing),
            (false, Some(41), 90, Seen::Nothing),
            (false, Some(40), 90, Seen::Begun { at: at(40), counted: seconds(60) }),
            (true, Some(40), 70, Seen::Lasts { more: seconds(30) }),
            (true, Some(95), 70, Seen::Lasts { more: seconds(5) }),
            (true, Some(40), 110, Seen::Lasts { more: seconds(0) }),
            (true, None, 70, Seen::Over),
        ] {
            let seen = see(lasting, since.map(at), at(looked), at(100));
            assert_eq!(seen, expected, "{lasting} {since:?} {looked}");
        }
    }

    #[test]
    fn its_length_is_told_in_words() {
        for (seconds, words) in
            [(0, "0 min"), (3599, "59 min"), (93_599, "1 d 1 h"), (7260, "2 h 1 min")]
        {
            assert_eq!(in_words(Duration::from_secs(seconds)), words);
        }
    }
}
