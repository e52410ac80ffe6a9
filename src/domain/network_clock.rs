//! How far a service centre's clock is from ours, estimated from messages that were delivered
//! immediately. An order gets only messages that the network accepted while it ran
//! ([invariant 5](crate#what-always-holds)), and when that was is known by the centre's clock.

use super::Timestamp;

/// How many of the newest live messages are used.
pub const SAMPLES: usize = 9;
/// Older messages are ignored, because either clock may have been corrected since.
pub const SAMPLE_AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// While there are fewer samples than this, the missing ones are taken as zero, a correct clock.
const TRUSTED: usize = 5;
/// A sample that is further off than any time zone could explain is ignored, in microseconds.
const LARGEST_US: i64 = 26 * 3_600 * 1_000_000;

/// How far the clock of a service centre is ahead of ours, in microseconds. Each of `samples` is
/// the service-centre time stamp of a live message minus the time of its arrival, newest first.
///
/// A message takes some time to arrive, so every sample is too low by that delay, and the highest
/// one is the most accurate. The second highest is used, so that a single wrong stamp has no
/// effect.
pub fn offset_us(samples: &[i64]) -> i64 {
    let mut usable: Vec<i64> =
        samples.iter().copied().filter(|sample| sample.abs() <= LARGEST_US).take(SAMPLES).collect();
    while usable.len() < TRUSTED {
        usable.push(0);
    }
    usable.sort_unstable_by(|a, b| b.cmp(a));
    usable.get(1).copied().unwrap_or(0)
}

/// When the network accepted a message, by our clock; without a readable stamp, when it reached us.
pub fn taken_at(stamp: Option<Timestamp>, received_at: Timestamp, samples: &[i64]) -> Timestamp {
    match stamp {
        Some(stamp) => Timestamp(stamp.0.saturating_sub(offset_us(samples))),
        None => received_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn the_offset_follows_from_enough_live_messages() {
        for (samples, expected, why) in [
            (&[][..], 0, "without samples the clock counts as right"),
            (&[-HOUR; 3], 0, "three delayed messages prove nothing"),
            (&[-HOUR; 4], -HOUR, "four do"),
            (&[HOUR; 2], HOUR, "no message arrives before it is sent, so two samples suffice"),
            (&[HOUR, -2, -3, -1, -4], -1, "one wrong stamp has no effect"),
            (&[-2, -900, -3, -800, -700], -3, "delays have no effect"),
            (&[30 * HOUR; 9], 0, "no time zone is thirty hours off"),
        ] {
            assert_eq!(offset_us(samples), expected, "{why}");
        }
    }

    #[test]
    fn an_unreadable_stamp_means_the_arrival() {
        assert_eq!(taken_at(None, Timestamp(5), &[HOUR; 9]), Timestamp(5));
        assert_eq!(taken_at(Some(Timestamp(2 * HOUR)), Timestamp(5), &[HOUR; 9]), Timestamp(HOUR));
    }
}
