//! What becomes of a switch: the card that was read, none, or that it came to nothing.

use std::time::Duration;

use super::api::{BankAction, Kept, MoveEnd, SlotContents, SwitchRecord};
use super::machine::{Bank, HELD};
use super::model::Slot;
use crate::domain::Moment;

/// First and longest time for which a slot is left alone that could not be put on.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(3600));

impl Bank {
    /// A card was read after a switch. Only this counts.
    pub(super) fn read(&mut self, radio: usize, iccid: &str, now: Moment) {
        let at = self.slot_of(iccid);
        let Some(switch) = self.radios.get_mut(radio).and_then(|radio| radio.doing.as_mut()) else {
            return;
        };
        let slot = switch.slot;
        let stayed = switch.before.as_deref() == Some(iccid);
        let right = match &switch.wanted {
            Some(wanted) => wanted == iccid,
            // What is in a slot is a hint: should the bank have lied the first time, the card's own
            // slot tells later.
            None => at.is_none_or(|at| at == slot),
        };
        // A card that is in no slot that we know: it has taken the place of the one that was here.
        let exchanged = !stayed && at.is_none();
        // Read as often as it was tried: the cards have been put elsewhere.
        let moved = !stayed && switch.tries >= self.config.profile.tries;
        let last = switch.tries >= self.config.profile.tries;
        if right || exchanged || moved {
            switch.register(&self.config.profile, now);
            self.found(slot, SlotContents::Sim(iccid.to_owned()), radio);
        }
        if right || exchanged {
            return;
        }
        if let Some(known) = self.radios.get_mut(radio) {
            known.lies = known.lies.saturating_add(1);
        }
        if !last {
            self.again(radio, Some(iccid.to_owned()), now);
        } else if stayed {
            self.end(radio, MoveEnd::Lied, now);
        }
    }

    pub(super) fn no_card(&mut self, radio: usize, now: Moment) {
        let Some(switch) = self.radios.get(radio).and_then(|radio| radio.doing.as_ref()) else {
            return;
        };
        if switch.wanted.is_some() && switch.tries < self.config.profile.tries {
            return self.again(radio, None, now);
        }
        let slot = switch.slot;
        self.found(slot, SlotContents::Empty, radio);
        self.end(radio, MoveEnd::Empty, now);
    }

    fn again(&mut self, radio: usize, on: Option<String>, now: Moment) {
        let Some(known) = self.radios.get_mut(radio) else { return };
        known.since = now;
        if let Some(switch) = &mut known.doing {
            let action = switch.again(on, radio, now);
            self.actions.push_back(action);
        }
    }

    /// Notes what is in a slot. A card is in one slot.
    fn found(&mut self, slot: u32, holds: SlotContents, radio: usize) {
        if let SlotContents::Sim(iccid) = &holds
            && let Some(other) = self.slot_of(iccid).filter(|other| *other != slot)
            && let Some(other) = self.slot_mut(other)
        {
            *other = Slot::default();
        }
        self.places.retain(|_, place| *place != slot);
        if let SlotContents::Sim(iccid) = &holds {
            self.places.insert(iccid.clone(), slot);
        }
        if let Some(known) = self.slot_mut(slot) {
            known.home = Some(radio);
            known.holds = holds;
        }
    }

    fn keep(&mut self, slot: u32, now: Moment) {
        if let Some(known) = self.slot(slot) {
            let visited = known.visited.map(|at| now - at);
            self.actions.push_back(BankAction::Keep(Kept {
                slot,
                holds: known.holds.clone(),
                visited,
            }));
        }
    }

    /// Nothing was done: the card is wanted where it is, or its session cannot leave.
    pub(super) fn refused(&mut self, radio: usize, now: Moment) {
        let Some(known) = self.radios.get_mut(radio) else { return };
        if known.doing.as_ref().is_some_and(|switch| switch.began.is_some()) {
            // After a lie the card that was still there was wanted.
            return self.end(radio, MoveEnd::Lied, now);
        }
        let Some(switch) = known.doing.take() else { return };
        known.not_before = now + HELD;
        known.since = now;
        if switch.fault.is_some() {
            known.bad_in_row = known.bad_in_row.saturating_add(1);
            known.fault = switch.fault;
        }
        self.actions.extend(switch.let_go.into_iter().map(|iccid| BankAction::Stays { iccid }));
        self.ask(now);
        self.actions.push_back(BankAction::Report);
    }

    pub(super) fn end(&mut self, radio: usize, end: MoveEnd, now: Moment) {
        let Some(known) = self.radios.get_mut(radio) else { return };
        let Some(switch) = known.doing.take() else { return };
        let (began_at, found) = (switch.began.unwrap_or(now), known.seen.iccid.clone());
        let good = matches!(end, MoveEnd::Done | MoveEnd::Empty);
        let fault = match end {
            MoveEnd::NoNetwork => "no network takes it".to_owned(),
            _ => switch.fault.unwrap_or_else(|| "another card is read than was to come".to_owned()),
        };
        (known.since, known.deaf_since) = (now, now);
        known.last = known.last.take().filter(|_| found.is_some());
        known.deaf += now - began_at;
        known.moves = known.moves.saturating_add(1);
        known.failures = known.failures.saturating_add(u32::from(end == MoveEnd::Failed));
        known.bad_in_row = match end {
            MoveEnd::Lied | MoveEnd::Failed => known.bad_in_row.saturating_add(1),
            MoveEnd::Done | MoveEnd::Empty | MoveEnd::NoNetwork => 0,
        };
        known.fault = (!good).then(|| fault.clone());
        known.by_hand = known.by_hand.filter(|slot| *slot != switch.slot);
        known.not_before = if end == MoveEnd::Failed { now + HELD } else { now };
        let left = switch.before.filter(|before| found.as_ref() != Some(before));
        let back = switch.let_go.into_iter().chain(found.clone());
        self.actions.extend(back.map(|iccid| BankAction::Stays { iccid }));
        self.judge(switch.slot, end, (!good).then_some(fault), now);
        if end == MoveEnd::Done {
            self.measured(now - began_at);
        }
        for slot in [left.as_deref().and_then(|iccid| self.slot_of(iccid)), Some(switch.slot)]
            .into_iter()
            .flatten()
        {
            self.keep(slot, now);
        }
        let moved =
            SwitchRecord { radio, slot: switch.slot, left, began_at, ended_at: now, found, end };
        self.actions.extend([BankAction::SwitchRecord(moved), BankAction::Report]);
        self.ask(now);
    }

    /// What a switch's end says of its slot.
    fn judge(&mut self, slot: u32, end: MoveEnd, trouble: Option<String>, now: Moment) {
        let Some(known) = self.slot_mut(slot) else { return };
        known.tried = Some(now);
        known.failures = if trouble.is_none() { 0 } else { known.failures.saturating_add(1) };
        if matches!(end, MoveEnd::Done | MoveEnd::Empty) {
            known.visited = Some(now);
        }
        known.after = trouble.is_some().then(|| {
            let factor = 1_u32.checked_shl(known.failures.saturating_sub(1)).unwrap_or(u32::MAX);
            now + BACKOFF.0.saturating_mul(factor).min(BACKOFF.1)
        });
        known.trouble = trouble;
    }
}
