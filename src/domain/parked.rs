//! SIMs that are parked in a bank: which of its radios could have one on the air, and how soon.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use super::bank::{BankReport, RadioReport, RadioState, SlotReport};
use super::{Iccid, Timestamp};

/// How old a report may be; an older one says nothing about the present state of the bank.
pub const MAX_REPORT_AGE: Duration = Duration::from_secs(300);

impl BankReport {
    /// Whether the report is recent enough at `now` to be relied on.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.since(self.at) < MAX_REPORT_AGE
    }

    /// The radios that could have a parked SIM on the air within `sell_within`, by index, and how
    /// long that takes each of them from `now`.
    ///
    /// Each of the slots `awaited`, for whose SIMs somebody waits, takes one of them: the radio
    /// that takes that slot next anyway, else the one that could have it on the air first. So a
    /// report from before somebody waited for that SIM does not give its radio away. A radio whose
    /// SIM is in `held` takes no other.
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
        let candidates = self.radios.iter().enumerate().filter(|(_, radio)| !is_held(radio));
        let mut free: BTreeMap<usize, Duration> = candidates
            .filter_map(|(index, radio)| {
                Some((index, radio.free_in?.saturating_sub(age).saturating_add(self.switch_time)))
            })
            .collect();
        let awaited = self.slots.iter().filter(|slot| awaited.contains(&slot.slot));
        for slot in awaited {
            let takes_it_next = |radio: &RadioReport| {
                radio.next.as_ref().is_some_and(|next| next.slot == slot.slot)
            };
            let taken = slot
                .on_radio
                .or_else(|| self.radios.iter().position(takes_it_next))
                .or_else(|| soonest_radio(&free, slot).map(|(index, _)| index));
            if let Some(index) = taken {
                free.remove(&index);
            }
        }
        free.retain(|_, wait| *wait <= self.sell_within);
        free
    }

    /// Whether a radio works that can take a slot.
    pub fn can_serve(&self, slot: &SlotReport) -> bool {
        let radios = self.radios.get(slot.radios.clone()).unwrap_or_default();
        radios.iter().any(|radio| radio.state != RadioState::OutOfOrder)
    }
}

impl SlotReport {
    /// The SIM that is parked in the slot and can be put on the air.
    pub fn parked(&self) -> Option<&Iccid> {
        self.contents.iccid().filter(|_| self.on_radio.is_none() && self.trouble.is_none())
    }
}

/// The radio that could have a slot's SIM on the air first, and how long that takes.
pub fn soonest_radio(
    free: &BTreeMap<usize, Duration>,
    slot: &SlotReport,
) -> Option<(usize, Duration)> {
    let candidates = free.iter().filter(|(index, _)| slot.radios.contains(index));
    candidates.min_by_key(|(index, wait)| (**wait, **index)).map(|(index, wait)| (*index, *wait))
}

/// How many parked SIMs the radios `free` could have on the air at the same time. Of `parked`, each
/// entry is a range of radios and the number of SIMs that can be put on any of them.
pub fn max_simultaneous(
    free: impl IntoIterator<Item = usize>,
    parked: &[(Range<usize>, usize)],
) -> usize {
    let mut left: Vec<(Range<usize>, usize)> = parked.to_vec();
    let mut free: Vec<usize> = free.into_iter().collect();
    free.sort_unstable();
    // Of the SIMs that a radio can take, it takes one that the fewest later radios can take.
    free.into_iter().fold(0, |on_air, radio| {
        let candidates =
            left.iter_mut().filter(|(radios, count)| *count > 0 && radios.contains(&radio));
        match candidates.min_by_key(|(radios, _)| radios.end) {
            Some((_, count)) => {
                *count -= 1;
                on_air + 1
            }
            None => on_air,
        }
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
            visit_due: None,
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
    fn a_radio_is_free_when_nothing_holds_its_sim_and_it_would_be_in_time() {
        let (none, now) = (HashSet::new(), Timestamp(0));
        assert_eq!(bank().free_radios(now, &[], &none), BTreeMap::from([(0, S(80)), (1, S(40))]));
        let later = Timestamp(20_000_000);
        let expected = BTreeMap::from([(0, S(60)), (1, S(30)), (3, S(105))]);
        assert_eq!(
            bank().free_radios(later, &[], &none),
            expected,
            "the report is twenty seconds old"
        );
        let held = HashSet::from([Iccid::from_stored("a")]);
        assert_eq!(bank().free_radios(now, &[], &held), BTreeMap::from([(1, S(40))]));
        assert_eq!(
            bank().free_radios(now.plus(MAX_REPORT_AGE), &[], &none),
            BTreeMap::new(),
            "the report is too old"
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
            "the radio that could have it on the air first"
        );
        assert_eq!(
            bank().free_radios(now, &[2], &none),
            BTreeMap::from([(0, S(80))]),
            "the only radio that can take it"
        );
        assert_eq!(bank().free_radios(now, &[0, 1], &none), BTreeMap::new());
        assert_eq!(bank().free_radios(now, &[3], &none).len(), 2, "its radio is taken already");
        let mut about = bank();
        about.radios[2].next =
            Some(PlannedSwitch { slot: 0, reason: SwitchReason::Order, not_before: now });
        assert_eq!(about.free_radios(now, &[0], &none).len(), 2, "the radio that takes it next");
        about.slots[1].on_radio = Some(0);
        assert_eq!(
            about.free_radios(now, &[1], &none),
            BTreeMap::from([(1, S(40))]),
            "it comes on the air there"
        );
    }

    #[test]
    fn the_radio_that_could_have_a_slot_on_the_air_first() {
        let free = BTreeMap::from([(0, S(80)), (1, S(40)), (2, S(40))]);
        assert_eq!(soonest_radio(&free, &slot(0, 0..4)), Some((1, S(40))));
        assert_eq!(soonest_radio(&free, &slot(0, 0..1)), Some((0, S(80))));
        assert_eq!(soonest_radio(&free, &slot(0, 3..4)), None);
    }

    #[test]
    fn no_more_sims_are_on_the_air_at_once_than_radios_can_take() {
        for (free, parked, expected) in [
            (vec![0, 1, 2], vec![(0..4, 9)], 3),
            (vec![0, 1, 2], vec![(0..1, 9)], 1),
            (vec![0, 1, 2], vec![(0..3, 1), (0..1, 5)], 2),
            (vec![1, 0], vec![(0..2, 1), (0..1, 1)], 2),
            (vec![0, 1, 2, 3], vec![(0..3, 1), (3..4, 5)], 2),
            (vec![], vec![(0..3, 1)], 0),
        ] {
            assert_eq!(max_simultaneous(free.clone(), &parked), expected, "{free:?} {parked:?}");
        }
    }

    #[test]
    fn a_sim_is_parked_when_it_is_on_no_radio_and_its_slot_has_no_trouble() {
        let good = slot(0, 0..1);
        assert!(good.parked().is_some_and(|iccid| iccid == "0"));
        assert_eq!(SlotReport { on_radio: Some(0), ..good.clone() }.parked(), None);
        assert_eq!(SlotReport { trouble: Some("x".to_owned()), ..good.clone() }.parked(), None);
        assert_eq!(SlotReport { contents: SlotContents::Empty, ..good.clone() }.parked(), None);
        let mut bank = bank();
        assert!(bank.can_serve(&good));
        bank.radios[0].state = RadioState::OutOfOrder;
        assert!(!bank.can_serve(&good));
        assert!(!bank.can_serve(&slot(0, 3..9)), "there is no such radio");
    }
}
