//! Which parts make one message. A reference is used again sooner or later, some senders always use
//! the same one; so parts belong together only when their totals agree, their times are near, and
//! no two have one sequence number.

use super::header::Concat;
use chrono::{DateTime, TimeDelta, Utc};

/// How far apart the parts' times may be. The service centre stamps all parts when the sender hands
/// them in, within seconds or a few minutes, however late they arrive.
pub const PART_WINDOW: TimeDelta = TimeDelta::hours(1);

/// The parts of one message that have come so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartSet {
    originator: String,
    reference: u16,
    wide: bool,
    total: u8,
    /// A bit for each sequence number that is there.
    held: [u64; 4],
    earliest: DateTime<Utc>,
    latest: DateTime<Utc>,
}

impl PartSet {
    /// A set with one part in it, from `originator` as it is displayed. `at` is its service centre
    /// time stamp, or when it reached us if that is impossible.
    #[must_use]
    pub fn new(originator: &str, first: Concat, at: DateTime<Utc>) -> PartSet {
        let mut set = PartSet {
            originator: originator.to_owned(),
            reference: first.reference,
            wide: first.wide,
            total: first.total,
            held: [0; 4],
            earliest: at,
            latest: at,
        };
        set.add(first.sequence, at);
        set
    }

    /// Takes in another part, which [`place`] has put here.
    pub fn add(&mut self, sequence: u8, at: DateTime<Utc>) {
        if let Some(word) = self.held.get_mut(usize::from(sequence / 64)) {
            *word |= 1 << (sequence % 64);
        }
        self.earliest = self.earliest.min(at);
        self.latest = self.latest.max(at);
    }

    /// Whether the part with this sequence number is there.
    #[must_use]
    pub fn has(&self, sequence: u8) -> bool {
        self.held
            .get(usize::from(sequence / 64))
            .is_some_and(|word| word & 1 << (sequence % 64) != 0)
    }

    /// Whether all parts are there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none()
    }

    /// The sequence numbers of those that are not, in order.
    pub fn missing(&self) -> impl Iterator<Item = u8> {
        (1..=self.total).filter(|sequence| !self.has(*sequence))
    }

    /// How far a part's time is from this set's; `None` when the part cannot be one of it.
    fn distance(&self, originator: &str, part: Concat, at: DateTime<Utc>) -> Option<TimeDelta> {
        let same = self.originator == originator
            && (self.reference, self.wide, self.total) == (part.reference, part.wide, part.total);
        let distance = (self.earliest - at).max(at - self.latest).max(TimeDelta::zero());
        (same && !self.has(part.sequence)).then_some(distance)
    }
}

/// Which of the sets a part belongs to: of those that lack it the one nearest in time, within
/// `window`. `None` when it is the first of a new one.
///
/// A part that was received twice is to be known by its TPDU before it comes here: another one with
/// the same number begins another message.
#[must_use]
pub fn place(
    sets: &[PartSet],
    originator: &str,
    part: Concat,
    at: DateTime<Utc>,
    window: TimeDelta,
) -> Option<usize> {
    sets.iter()
        .enumerate()
        .filter_map(|(index, set)| Some((set.distance(originator, part, at)?, index)))
        .filter(|(distance, _)| *distance <= window)
        .min()
        .map(|(_, index)| index)
}
