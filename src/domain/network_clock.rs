//! How far a network's clock is from ours, learnt from messages that came live (I5).

use super::Timestamp;

/// How many live messages are looked at.
pub const SAMPLES: usize = 9;
/// Older messages say nothing of the clock: either side's may have been put right since.
pub const SAMPLE_AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// Until there are this many, the rest is taken to have shown a clock that is right.
const TRUSTED: usize = 5;
/// A stamp further off than any time zone could make it is wrong, not skewed.
const LARGEST_US: i64 = 26 * 3_600 * 1_000_000;

/// How far ahead of ours the clock of a service centre is, in microseconds, from `samples`:
/// service-centre time stamp less arrival, of the newest live messages.
///
/// A message takes time to arrive, so each sample is too low by its delay: the highest is the best.
/// One wild stamp must not move the clock, so the second highest is taken.
pub fn offset_us(samples: &[i64]) -> i64 {
    let mut usable: Vec<i64> =
        samples.iter().copied().filter(|sample| sample.abs() <= LARGEST_US).take(SAMPLES).collect();
    while usable.len() < TRUSTED {
        usable.push(0);
    }
    usable.sort_unstable_by(|a, b| b.cmp(a));
    usable.get(1).copied().unwrap_or(0)
}

/// When the network took a message in, by our clock. Without a readable stamp: when it reached us.
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
    fn learns_what_live_messages_show() {
        for (samples, expected, why) in [
            (&[][..], 0, "nothing known: right"),
            (&[-HOUR; 3], 0, "three delayed messages prove nothing"),
            (&[-HOUR; 4], -HOUR, "four do"),
            (&[HOUR; 2], HOUR, "nobody receives before it is sent"),
            (&[HOUR, -2, -3, -1, -4], -1, "one wild stamp does not move it"),
            (&[-2, -900, -3, -800, -700], -3, "delays do not move it"),
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
