//! How far a service centre's clock is from ours, estimated from messages that were delivered
//! immediately. An order gets only messages that the network accepted while it ran
//! ([invariant 5](crate#what-always-holds)), and when that was is known by the centre's clock.
//!
//! Nobody vouches for a stamp: one node of a centre may have the wrong zone, and who can reach the
//! signalling network can choose it. So what most of the stamps agree on counts, and some that say
//! otherwise change nothing.

use super::Timestamp;

/// How many of the newest live messages are used.
pub const SAMPLES: usize = 9;
/// Older messages are ignored, because either clock may have been corrected since.
pub const SAMPLE_AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// While there are fewer samples than this, the missing ones are taken as zero, a correct clock.
const TRUSTED: usize = 7;
/// A sample that is further off than any time zone could explain is ignored, in microseconds.
const LARGEST_US: i64 = 26 * 3_600 * 1_000_000;
/// Samples that are no further apart agree, in microseconds: so long may a message take without
/// having been held up.
const AGREEMENT_US: i64 = 60 * 1_000_000;
/// So many stamps that are ahead of what the others agree on are no accident.
const CONTRADICTION: usize = 2;

/// What the samples say of a service centre's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockEstimate {
    /// How far it is ahead of ours, in microseconds.
    pub offset_us: i64,
    /// How many samples are ahead of that by more than a message may take. A message that is held
    /// up is behind it; none arrives before it is sent.
    pub ahead: usize,
    /// Whether any sample shows that. Without one the clock is only taken to be right.
    pub is_shown: bool,
}

impl ClockEstimate {
    /// Whether the centre's stamps contradict each other.
    pub fn is_contradicted(self) -> bool {
        self.ahead >= CONTRADICTION
    }
}

/// How far the clock of a service centre is ahead of ours. Each of `samples` is the service-centre
/// time stamp of a live message minus the time of its arrival in microseconds, newest first.
///
/// A message takes some time to arrive, so every sample is too low by that delay. The largest group
/// of samples that agree counts, and of that the second highest sample. Of groups of equal size it
/// is the one that is nearer to a correct clock.
pub fn estimate(samples: &[i64]) -> ClockEstimate {
    let possible = samples.iter().copied().filter(|sample| sample.abs() <= LARGEST_US);
    let real: Vec<i64> = possible.take(SAMPLES).collect();
    let mut usable = real.clone();
    usable.resize(usable.len().max(TRUSTED), 0);
    usable.sort_unstable_by(|a, b| b.cmp(a));
    let group = |highest: i64| {
        let agrees = move |sample: &&i64| (highest - AGREEMENT_US..=highest).contains(*sample);
        usable.iter().filter(agrees)
    };
    let size_and_nearness = |highest: &&i64| (group(**highest).count(), -highest.abs());
    let highest = usable.iter().max_by_key(size_and_nearness).copied().unwrap_or(0);
    let offset_us = group(highest).nth(1).copied().unwrap_or(highest);
    let ahead = real.iter().filter(|sample| **sample > highest + AGREEMENT_US).count();
    let is_shown = real.iter().any(|s| (highest - AGREEMENT_US..=highest).contains(s));
    ClockEstimate { offset_us, ahead, is_shown }
}

/// When the network accepted a message, by our clock; without a readable stamp, when it reached us.
/// The stamp of a message that was `live` and came within a minute of it needs no correction.
pub fn taken_at(
    stamp: Option<Timestamp>,
    received_at: Timestamp,
    live: bool,
    offset_us: i64,
) -> Timestamp {
    let Some(stamp) = stamp else { return received_at };
    let is_near = stamp.0.abs_diff(received_at.0) <= AGREEMENT_US.unsigned_abs();
    if live && is_near { stamp } else { Timestamp(stamp.0.saturating_sub(offset_us)) }
}

/// Whether the network accepted a message between these times for certain, by what is known of its
/// service centre's clock. What is within a minute of the earlier one may have been accepted before
/// it.
pub fn was_taken_between(
    stamp: Timestamp,
    estimate: ClockEstimate,
    earliest: Timestamp,
    latest: Timestamp,
) -> bool {
    let taken_us = stamp.0.saturating_sub(estimate.offset_us);
    let between = earliest.0.saturating_add(AGREEMENT_US)..=latest.0.saturating_add(AGREEMENT_US);
    estimate.is_shown && !estimate.is_contradicted() && between.contains(&taken_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    #[test]
    fn the_offset_follows_from_what_most_live_messages_agree_on() {
        for (samples, expected, ahead, why) in [
            (&[][..], 0, 0, "without samples the clock counts as right"),
            (&[-HOUR; 3], 0, 0, "three delayed messages prove nothing"),
            (&[-HOUR; 4], -HOUR, 0, "four do"),
            (&[HOUR; 3], 0, 3, "three stamps that are ahead prove nothing either"),
            (&[HOUR; 4], HOUR, 0, "four do"),
            (&[HOUR - 5, HOUR - 900 * SECOND, HOUR - 2, HOUR - 7, HOUR], HOUR - 2, 0, "delays"),
            (&[20 * HOUR, 20 * HOUR, -2, -3, -1, -4, -9, -8, -7], -2, 2, "two wrong stamps"),
            (&[HOUR, -2, -3, -1, -4, -9, HOUR, -8, -7], -2, 2, "one in four"),
            (&[-3, -900 * SECOND, -2, -800 * SECOND, -700 * SECOND, -5, -4], -3, 0, "delays"),
            (&[30 * HOUR; 9], 0, 0, "no time zone is thirty hours off"),
        ] {
            let found = estimate(samples);
            assert_eq!((found.offset_us, found.ahead), (expected, ahead), "{why}");
        }
    }

    #[test]
    fn a_message_was_taken_between_two_times_if_the_clock_is_known_to_say_so() {
        let at = |seconds: i64| Timestamp(seconds * SECOND);
        let was_taken = |stamp: i64, samples: &[i64]| {
            was_taken_between(at(stamp), estimate(samples), at(1_000), at(2_000))
        };
        for (stamp, expected) in
            [(900, false), (1_059, false), (1_060, true), (2_060, true), (2_061, false)]
        {
            assert_eq!(was_taken(stamp, &[-2 * SECOND]), expected, "{stamp}");
        }
        assert!(was_taken(5_100, &[HOUR; 4]) && !was_taken(1_500, &[HOUR; 4]));
        assert!(!was_taken(1_500, &[]), "nothing shows that the clock is right");
        assert!(!was_taken(1_500, &[HOUR; 3]), "what there is says otherwise");
        assert!(!was_taken(1_500, &[0, 0, 0, HOUR, HOUR]), "it contradicts itself");
    }

    #[test]
    fn a_stamp_is_corrected_unless_its_message_came_at_once() {
        let (at, received) =
            (|seconds: i64| Timestamp(seconds * SECOND), Timestamp(9_000 * SECOND));
        for (stamp, live, expected, why) in [
            (None, true, received, "an unreadable stamp means the arrival"),
            (Some(at(8_990)), true, at(8_990), "it came at once"),
            (Some(at(8_990)), false, at(5_390), "it may have waited"),
            (Some(at(8_900)), true, at(5_300), "it took too long"),
            (Some(at(9_061)), true, at(5_461), "its clock is another"),
        ] {
            assert_eq!(taken_at(stamp, received, live, HOUR), expected, "{why}");
        }
    }
}
