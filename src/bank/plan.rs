//! Which card comes next on a radio, why, and not before when. It does not know how cards are
//! moved.
//!
//! In this order: what the operator wants by hand; cards that an order waits for; cards whose
//! tenant looks; rented cards whose interval ends; slots that nobody has looked into; then the
//! stock, the longest unvisited first. A card that an open order or the rest of a long message
//! holds stays; one on which an order has had its message and collects makes room for those that
//! somebody waits for. Nothing leaves before its burst of waiting messages is over.

use std::time::Duration;

use super::api::SlotContents;
use super::machine::Bank;
use super::model::{Radio, Slot, Wanted};
use crate::domain::Moment;

/// A stay is at least so many times as long as a switch takes, but for a card that is called: else
/// the radio is mostly deaf.
const DWELL: u32 = 3;
/// How long after it is on the air a card's waiting messages begin to come at the latest.
const BURST: Duration = Duration::from_secs(20);
/// A card that does not find a network is taken off after this.
const HOPELESS: Duration = Duration::from_secs(120);
/// A radio without a card takes one after this.
const BARE: Duration = Duration::from_secs(15);
/// A slot without a card is looked at again after this.
const EMPTY: Duration = Duration::from_secs(24 * 3600);
/// So many visits of rented cards in a row, when they take all the time that there is, let a card
/// of the stock have a turn that has not been on the air for `STARVED`.
const RENTED_IN_ROW: u8 = 4;
const STARVED: Duration = Duration::from_secs(24 * 3600);

/// What a radio takes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub slot: u32,
    pub why: &'static str,
    /// Not before.
    pub at: Moment,
    /// It is a rented card's visit.
    pub rental: bool,
}

/// A slot that a radio could take.
struct Candidate<'b> {
    slot: u32,
    known: &'b Slot,
    wanted: Option<&'b Wanted>,
    /// Another radio was its last one, and can take it in time.
    at_home_elsewhere: bool,
}

/// What comes next on a radio that has nothing to do; `None` when the card on it is to stay, or
/// there is no other.
pub(super) fn choose(bank: &Bank, radio: usize, now: Moment) -> Option<Choice> {
    let known = bank.radios.get(radio).filter(|known| known.doing.is_none() && !known.seen.lost)?;
    if let Some(slot) = known.by_hand.filter(|slot| bank.radio_of(*slot).is_none()) {
        return Some(Choice { slot, why: "by hand", at: known.not_before.max(now), rental: false });
    }
    let on = known.card().and_then(|iccid| bank.wanted.get(iccid));
    if on.is_some_and(|wanted| wanted.stays) {
        return None;
    }
    let stay = Stay::of(bank, known);
    let candidates = candidates(bank, radio, now);
    let idle = !on.is_some_and(|wanted| wanted.collects);
    let choices = [
        ordered(&candidates, &stay, now),
        looked_at(&candidates, &stay),
        rented(bank, &candidates, &stay, known, now),
        unknown(&candidates, &stay).filter(|_| idle),
        stock(&candidates, &stay, now).filter(|_| idle),
    ];
    let mut choices: Vec<Choice> = choices.into_iter().flatten().collect();
    choices.iter_mut().for_each(|choice| choice.at = choice.at.max(known.not_before));
    let due = choices.iter().position(|choice| choice.at <= now);
    due.map(|place| choices.swap_remove(place))
        .or_else(|| choices.into_iter().min_by_key(|choice| choice.at))
}

/// When to choose for a radio, if nothing happens before: not before its card may leave at all.
pub(super) fn look_at(bank: &Bank, radio: usize, now: Moment) -> Option<Moment> {
    let known = bank.radios.get(radio).filter(|known| known.doing.is_none())?;
    match free_at(bank, radio).filter(|at| *at > now && known.by_hand.is_none()) {
        Some(at) => Some(at),
        None => Some(choose(bank, radio, now)?.at),
    }
}

/// When a radio could take another card at the earliest, if one were called; `None` when the card
/// on it is to stay.
pub(super) fn free_at(bank: &Bank, radio: usize) -> Option<Moment> {
    let known = bank.radios.get(radio).filter(|known| known.doing.is_none() && !known.seen.lost)?;
    let on = known.card().and_then(|iccid| bank.wanted.get(iccid));
    let stays = on.is_some_and(|wanted| wanted.stays) || known.by_hand.is_some();
    (!stays).then(|| Stay::of(bank, known).burst.max(known.not_before))
}

/// When the card on a radio may leave.
struct Stay {
    /// For one that is called: its burst is over.
    burst: Moment,
    /// For one that has to be visited.
    dwell: Moment,
    /// For one of the stock.
    turn: Moment,
}

impl Stay {
    fn of(bank: &Bank, known: &Radio) -> Stay {
        let Some(ready) = known.ready_since else {
            let patience = if known.seen.no_card { BARE } else { HOPELESS };
            let at = known.deaf_since + patience;
            return Stay { burst: at, dwell: at, turn: at };
        };
        let quiet = bank.config.quiet;
        let burst =
            (ready + BURST.min(quiet)).max(known.last_message.map_or(ready, |last| last + quiet));
        let dwell = burst.max(ready + bank.switch_time() * DWELL).max(ready + quiet);
        Stay { burst, dwell, turn: dwell.max(ready + bank.config.stay) }
    }
}

fn candidates<'b>(bank: &'b Bank, radio: usize, now: Moment) -> Vec<Candidate<'b>> {
    let taken = bank.taken();
    let slots = bank.config.slots_of(radio).filter_map(|slot| Some((bank.slot(slot)?, slot)));
    let slots = slots.filter(|(known, slot)| {
        known.after.is_none_or(|after| after <= now) && !taken.contains(&Some(*slot))
    });
    let candidate = |(known, slot): (&'b Slot, u32)| {
        let Slot { holds, home, .. } = known;
        let wanted = match holds {
            SlotContents::Sim(iccid) => bank.wanted.get(iccid),
            SlotContents::Unknown | SlotContents::Empty => None,
        };
        // Unless its own radio is held, or it has waited too long for it.
        let patience = if wanted.is_some_and(|wanted| wanted.rented) {
            bank.config.rental_visit
        } else {
            STARVED
        };
        let waited = now - known.visited.max(known.tried).unwrap_or_default() >= patience;
        let at_home_elsewhere =
            home.is_some_and(|home| home != radio && !waited && free_at(bank, home).is_some());
        Candidate { slot, known, wanted, at_home_elsewhere }
    };
    slots.map(candidate).collect()
}

impl Candidate<'_> {
    fn choice(&self, why: &'static str, at: Moment) -> Choice {
        Choice { slot: self.slot, why, at, rental: false }
    }

    fn is_rented(&self) -> bool {
        self.wanted.is_some_and(|wanted| wanted.rented)
    }

    /// When it was last on the air, or tried.
    fn last(&self) -> Moment {
        self.known.visited.max(self.known.tried).unwrap_or_default()
    }
}

fn ordered(candidates: &[Candidate<'_>], stay: &Stay, now: Moment) -> Option<Choice> {
    let waited = candidates.iter().filter_map(|candidate| {
        let until = candidate.wanted?.order_until.filter(|until| *until > now)?;
        Some((until, candidate))
    });
    let (_, candidate) = waited.min_by_key(|(until, candidate)| (*until, candidate.slot))?;
    Some(candidate.choice("order", stay.burst))
}

fn looked_at(candidates: &[Candidate<'_>], stay: &Stay) -> Option<Choice> {
    let called = candidates
        .iter()
        .filter(|candidate| candidate.wanted.is_some_and(|wanted| wanted.tenant_calls));
    Some(called.min_by_key(|candidate| candidate.last())?.choice("tenant", stay.burst))
}

/// The rented card whose interval ends first; early enough for all that would otherwise wait for
/// each other.
fn rented(
    bank: &Bank,
    candidates: &[Candidate<'_>],
    stay: &Stay,
    known: &Radio,
    now: Moment,
) -> Option<Choice> {
    let rented: Vec<&Candidate<'_>> =
        candidates.iter().filter(|candidate| candidate.is_rented()).collect();
    let starving = candidates.iter().any(|candidate| {
        !candidate.is_rented()
            && matches!(candidate.known.holds, SlotContents::Sim(_))
            && now - candidate.last() >= STARVED
    });
    if known.rented_in_row >= RENTED_IN_ROW && starving {
        return None;
    }
    let visit = bank.switch_time() * (DWELL + 1);
    let visit = visit.max(bank.switch_time() + bank.config.quiet);
    let count = u32::try_from(rented.len()).unwrap_or(u32::MAX);
    let next = rented
        .into_iter()
        .min_by_key(|candidate| (candidate.at_home_elsewhere, candidate.last(), candidate.slot))?;
    // A matrix's rented cards are shared by its radios, those of a radio's own slots are its alone.
    let lead = visit.saturating_mul(count).min(bank.config.rental_visit);
    let due = next.last() + (bank.config.rental_visit - lead);
    Some(Choice { rental: true, ..next.choice("rental due", stay.dwell.max(due)) })
}

fn unknown(candidates: &[Candidate<'_>], stay: &Stay) -> Option<Choice> {
    let unknown =
        candidates.iter().filter(|candidate| candidate.known.holds == SlotContents::Unknown);
    Some(
        unknown
            .min_by_key(|candidate| (candidate.last(), candidate.slot))?
            .choice("unknown", stay.burst),
    )
}

fn stock(candidates: &[Candidate<'_>], stay: &Stay, now: Moment) -> Option<Choice> {
    let turns = candidates.iter().filter(|candidate| match candidate.known.holds {
        SlotContents::Sim(_) => !candidate.is_rented(),
        SlotContents::Empty => now - candidate.last() >= EMPTY,
        SlotContents::Unknown => false,
    });
    let next = turns
        .min_by_key(|candidate| (candidate.at_home_elsewhere, candidate.last(), candidate.slot))?;
    Some(next.choice("longest unvisited", stay.turn))
}
