//! SIMs that are parked in a bank: which of its radios could have one on the air, and in how long.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use super::bank::{BankReport, RadioReport, RadioState, SlotReport};
use super::{Iccid, Timestamp};

/// A bank that has been silent for longer is not believed.
pub const FRESH: Duration = Duration::from_secs(300);

impl BankReport {
    /// Whether what the bank said last can be believed at `now`.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.at) < FRESH
    }

    /// The radios that could have a parked SIM on the air within `sell_within`, by place, each with
    /// how long that takes at `now`.
    ///
    /// Each of the slots `awaited` takes one, whose SIM somebody waits for: the radio that is about
    /// it, else the quickest that reaches it, so that also a report from before that SIM was
    /// called does not give its radio away. A radio whose card is in `held` takes none.
    pub fn free_radios(
        &self,
        now: Timestamp,
        awaited: &[u32],
        held: &HashSet<Iccid>,
    ) -> BTreeMap<usize, Duration> {
        if !self.is_fresh(now) || self.sell_within.is_zero() {
            return BTreeMap::new();
        }
        let age = now.since(self.at);
        let is_held =
            |radio: &RadioReport| radio.iccid.as_ref().is_some_and(|iccid| held.contains(iccid));
        let free = self.radios.iter().enumerate().filter(|(_, radio)| !is_held(radio));
        let mut free: BTreeMap<usize, Duration> = free
            .filter_map(|(place, radio)| {
                Some((place, radio.free_in?.saturating_sub(age).saturating_add(self.switch_time)))
            })
            .collect();
        let awaited = self.slots.iter().filter(|slot| awaited.contains(&slot.slot));
        for slot in awaited {
            let about = |radio: &RadioReport| {
                radio.next.as_ref().is_some_and(|next| next.slot == slot.slot)
            };
            let taken = slot
                .on_radio
                .or_else(|| self.radios.iter().position(about))
                .or_else(|| quickest(&free, slot).map(|(place, _)| place));
            taken.map(|place| free.remove(&place));
        }
        free.retain(|_, wait| *wait <= self.sell_within);
        free
    }

    /// Whether some radio that reaches a slot works.
    pub fn reaches(&self, slot: &SlotReport) -> bool {
        let radios = self.radios.get(slot.radios.clone()).unwrap_or_default();
        radios.iter().any(|radio| radio.state != RadioState::OutOfOrder)
    }
}

impl SlotReport {
    /// The card that is parked in it and can be put on the air.
    pub fn parked(&self) -> Option<&Iccid> {
        self.contents.iccid().filter(|_| self.on_radio.is_none() && self.trouble.is_none())
    }
}

/// The radio that could have a slot's card on the air first, and in how long.
pub fn quickest(free: &BTreeMap<usize, Duration>, slot: &SlotReport) -> Option<(usize, Duration)> {
    let reaching = free.iter().filter(|(place, _)| slot.radios.contains(place));
    reaching.min_by_key(|(place, wait)| (**wait, **place)).map(|(place, wait)| (*place, *wait))
}

/// How many SIMs the radios `free` could take at the same time, of `parked`: so many that can be
/// put on those radios.
pub fn placeable(free: impl IntoIterator<Item = usize>, parked: &[(Range<usize>, usize)]) -> usize {
    let mut left: Vec<(Range<usize>, usize)> = parked.to_vec();
    let mut free: Vec<usize> = free.into_iter().collect();
    free.sort_unstable();
    // Of those that a radio reaches it takes one that the fewest radios after it reach.
    free.into_iter().fold(0, |placed, radio| {
        let reached =
            left.iter_mut().filter(|(radios, count)| *count > 0 && radios.contains(&radio));
        let Some((_, count)) = reached.min_by_key(|(radios, _)| radios.end) else { return placed };
        *count -= 1;
        placed + 1
    })
}

#[cfg(test)]
mod tests {
    use super::super::PortName;
    use super::super::bank::{PlannedSwitch, SlotContents, SwitchReason};
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn radio(free_in: Option<u64>, iccid: Option<&str>) -> RadioReport {
        RadioReport {
            port: PortName::from_stored(""),
            state: RadioState::OnAir,
            since: Timestamp(0),
            reason: None,
            slot: None,
            iccid: iccid.map(Iccid::from_stored),
            next: None,
            free_in: free_in.map(S),
            switches: 0,
            lies: 0,
            failures: 0,
            downtime: Duration::ZERO,
        }
    }

    fn slot(slot: u32, radios: Range<usize>) -> SlotReport {
        SlotReport {
            slot,
            label: String::new(),
            radios,
            contents: SlotContents::Sim(Iccid::from_stored(slot.to_string())),
            on_radio: None,
            visited_at: None,
            late_since: None,
            trouble: None,
        }
    }

    fn bank() -> BankReport {
        BankReport {
            name: "b".to_owned(),
            profile: "p".to_owned(),
            at: Timestamp(0),
            radios: vec![
                radio(Some(50), Some("a")),
                radio(Some(10), None),
                radio(None, None),
                radio(Some(95), None),
            ],
            slots: vec![slot(0, 0..4), slot(1, 0..4), slot(2, 1..2), slot(3, 2..3)],
            switch_time: S(30),
            sell_within: S(120),
            visit_on_view: None,
            trouble: None,
        }
    }

    #[test]
    fn a_radio_is_free_when_nothing_holds_its_card_and_it_would_be_in_time() {
        let (none, now) = (HashSet::new(), Timestamp(0));
        assert_eq!(bank().free_radios(now, &[], &none), BTreeMap::from([(0, S(80)), (1, S(40))]));
        let later = Timestamp(20_000_000);
        let expected = BTreeMap::from([(0, S(60)), (1, S(30)), (3, S(105))]);
        assert_eq!(
            bank().free_radios(later, &[], &none),
            expected,
            "what it said twenty seconds ago"
        );
        let held = HashSet::from([Iccid::from_stored("a")]);
        assert_eq!(bank().free_radios(now, &[], &held), BTreeMap::from([(1, S(40))]));
        assert_eq!(
            bank().free_radios(now.plus(FRESH), &[], &none),
            BTreeMap::new(),
            "it has been silent for too long"
        );
        let unsold = BankReport { sell_within: S(0), ..bank() };
        assert_eq!(unsold.free_radios(now, &[], &none), BTreeMap::new());
    }

    #[test]
    fn each_awaited_sim_takes_a_radio() {
        let (none, now) = (HashSet::new(), Timestamp(0));
        assert_eq!(
            bank().free_radios(now, &[0], &none),
            BTreeMap::from([(0, S(80))]),
            "the quickest"
        );
        assert_eq!(
            bank().free_radios(now, &[2], &none),
            BTreeMap::from([(0, S(80))]),
            "the only one"
        );
        assert_eq!(bank().free_radios(now, &[0, 1], &none), BTreeMap::new());
        assert_eq!(
            bank().free_radios(now, &[3], &none).len(),
            2,
            "its radio is spoken for already"
        );
        let mut about = bank();
        about.radios[2].next =
            Some(PlannedSwitch { slot: 0, reason: SwitchReason::Order, not_before: now });
        assert_eq!(about.free_radios(now, &[0], &none).len(), 2, "the radio that is about it");
        about.slots[1].on_radio = Some(0);
        assert_eq!(
            about.free_radios(now, &[1], &none),
            BTreeMap::from([(1, S(40))]),
            "it comes on the air there"
        );
    }

    #[test]
    fn the_quickest_radio_that_reaches_a_slot() {
        let free = BTreeMap::from([(0, S(80)), (1, S(40)), (2, S(40))]);
        assert_eq!(quickest(&free, &slot(0, 0..4)), Some((1, S(40))));
        assert_eq!(quickest(&free, &slot(0, 0..1)), Some((0, S(80))));
        assert_eq!(quickest(&free, &slot(0, 3..4)), None);
    }

    #[test]
    fn as_many_sims_as_radios_reach_at_the_same_time() {
        for (free, parked, expected) in [
            (vec![0, 1, 2], vec![(0..4, 9)], 3),
            (vec![0, 1, 2], vec![(0..1, 9)], 1),
            (vec![0, 1, 2], vec![(0..3, 1), (0..1, 5)], 2),
            (vec![1, 0], vec![(0..2, 1), (0..1, 1)], 2),
            (vec![0, 1, 2, 3], vec![(0..3, 1), (3..4, 5)], 2),
            (vec![], vec![(0..3, 1)], 0),
        ] {
            assert_eq!(placeable(free.clone(), &parked), expected, "{free:?} {parked:?}");
        }
    }

    #[test]
    fn what_is_parked_and_can_be_put_on() {
        let good = slot(0, 0..1);
        assert!(good.parked().is_some_and(|iccid| iccid == "0"));
        assert_eq!(SlotReport { on_radio: Some(0), ..good.clone() }.parked(), None);
        assert_eq!(SlotReport { trouble: Some("x".to_owned()), ..good.clone() }.parked(), None);
        assert_eq!(SlotReport { contents: SlotContents::Empty, ..good.clone() }.parked(), None);
        let mut bank = bank();
        assert!(bank.reaches(&good));
        bank.radios[0].state = RadioState::OutOfOrder;
        assert!(!bank.reaches(&good));
        assert!(!bank.reaches(&slot(0, 3..9)), "there is no such radio");
    }
}
