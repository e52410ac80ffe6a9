//! Which slot a radio takes next, why, and not before when. How slots are switched is none of its
//! concern.
//!
//! The order of precedence: what the operator wants by hand; SIMs that an order waits for; SIMs
//! whose tenant has looked for messages; rented SIMs whose visit is due; slots that nobody has
//! looked into; then the stock, the longest unvisited SIM first. A SIM that an open order or the
//! rest of a long message holds stays where it is. One on which an order has had its message and
//! is still collecting makes room for those that somebody waits for. No SIM leaves before the burst
//! of messages that waited for it at the network is over.

use std::time::Duration;

use super::model::{BankState, Radio, Slot};
use crate::domain::Moment;
use crate::domain::bank::{
    MIN_STAY_IN_SWITCH_TIMES, SlotContents, SlotDemand, SwitchReason, SwitchTrigger,
};

/// How long after a SIM came on the air its waiting messages begin to arrive at the latest.
const BURST_BEGINS: Duration = Duration::from_secs(20);
/// How long a SIM that finds no network stays on a radio.
const NO_NETWORK_PATIENCE: Duration = Duration::from_secs(120);
/// How long a radio without a SIM stays without one.
const NO_SIM_PATIENCE: Duration = Duration::from_secs(15);
/// How often an empty slot is looked into again.
const EMPTY_SLOT_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// When visits of rented SIMs take all the time that there is, this many of them in a row let a SIM
/// of the stock have a turn that has been off the air for [`STARVED`].
const RENTAL_VISITS_IN_ROW: u8 = 4;
const STARVED: Duration = Duration::from_secs(24 * 3600);

/// What a radio takes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub slot: u32,
    pub reason: SwitchReason,
    pub not_before: Moment,
}

/// A slot that a radio could take.
struct Candidate<'b> {
    slot: u32,
    known: &'b Slot,
    demand: Option<&'b SlotDemand<Moment>>,
    /// It was last on another radio, which can take it in time.
    belongs_elsewhere: bool,
}

/// What comes next on a radio that has nothing to do; `None` when the SIM on it is to stay, or
/// there is no other.
pub(super) fn choose(state: &BankState, radio: usize, now: Moment) -> Option<Choice> {
    let known = idle_radio(state, radio)?;
    if let Some(slot) = known.by_hand.filter(|slot| state.radio_of(*slot).is_none()) {
        let not_before = known.not_before.max(now);
        return Some(Choice { slot, reason: SwitchReason::ByHand, not_before });
    }
    let demand = state.demand_on(known);
    if demand.is_some_and(|demand| demand.held) {
        return None;
    }
    let departure = EarliestDeparture::of(state, known);
    let candidates = candidates(state, radio, now);
    let collecting = demand.is_some_and(|demand| demand.collecting);
    let choices = [
        ordered(&candidates, &departure, now),
        tenant_waits(&candidates, &departure),
        rental_due(state, &candidates, &departure, known, now),
        unknown(&candidates, &departure).filter(|_| !collecting),
        stock(&candidates, &departure, now).filter(|_| !collecting),
    ];
    let mut choices: Vec<Choice> = choices.into_iter().flatten().collect();
    for choice in &mut choices {
        choice.not_before = choice.not_before.max(known.not_before);
    }
    let due = choices.iter().position(|choice| choice.not_before <= now);
    due.map(|index| choices.swap_remove(index))
        .or_else(|| choices.into_iter().min_by_key(|choice| choice.not_before))
}

/// When to choose for a radio if nothing happens earlier: not before its SIM may leave at all.
pub(super) fn next_choice_at(state: &BankState, radio: usize, now: Moment) -> Option<Moment> {
    let known = state.radios.get(radio).filter(|known| known.switch.is_none())?;
    match free_at(state, radio).filter(|at| *at > now && known.by_hand.is_none()) {
        Some(at) => Some(at),
        None => Some(choose(state, radio, now)?.not_before),
    }
}

/// When a radio could take another SIM at the earliest, if somebody waited for one; `None` when the
/// SIM on it is to stay.
pub(super) fn free_at(state: &BankState, radio: usize) -> Option<Moment> {
    let known = idle_radio(state, radio)?;
    let held = state.demand_on(known).is_some_and(|demand| demand.held);
    let stays = held || known.by_hand.is_some();
    (!stays).then(|| EarliestDeparture::of(state, known).when_urgent.max(known.not_before))
}

/// A radio that works and on which no switch is under way.
fn idle_radio(state: &BankState, radio: usize) -> Option<&Radio> {
    let known = state.radios.get(radio)?;
    (known.switch.is_none() && !known.session.out_of_order).then_some(known)
}

/// When the SIM on a radio may leave at the earliest, by what takes its place.
struct EarliestDeparture {
    /// For a SIM that somebody waits for: as soon as the burst is over.
    when_urgent: Moment,
    /// For a rented SIM that has to be visited.
    for_visit: Moment,
    /// For a SIM of the stock.
    for_stock: Moment,
}

impl EarliestDeparture {
    fn of(state: &BankState, radio: &Radio) -> EarliestDeparture {
        let Some(on_air_since) = radio.on_air_since else {
            let patience = if radio.session.no_sim { NO_SIM_PATIENCE } else { NO_NETWORK_PATIENCE };
            let at = radio.off_air_since + patience;
            return EarliestDeparture { when_urgent: at, for_visit: at, for_stock: at };
        };
        let quiet = state.config.quiet;
        let quiet_at = radio.last_message_at.map_or(on_air_since, |last| last + quiet);
        let when_urgent = quiet_at.max(on_air_since + BURST_BEGINS.min(quiet));
        let worthwhile = on_air_since + state.switch_time() * MIN_STAY_IN_SWITCH_TIMES;
        let for_visit = when_urgent.max(worthwhile).max(on_air_since + quiet);
        let for_stock = for_visit.max(on_air_since + state.config.stay);
        EarliestDeparture { when_urgent, for_visit, for_stock }
    }
}

fn candidates<'b>(state: &'b BankState, radio: usize, now: Moment) -> Vec<Candidate<'b>> {
    let taken = state.taken_slots();
    let slots = state.config.slots_of(radio).filter_map(|slot| Some((slot, state.slot(slot)?)));
    slots
        .filter(|(slot, known)| {
            known.retry_at.is_none_or(|retry_at| retry_at <= now) && !taken.contains(slot)
        })
        .map(|(slot, known)| {
            let demand = state.demand_in(known);
            // Radios that share their slots stick to their own SIMs, unless a SIM's own radio is
            // held or the SIM has waited for it for too long.
            let rented = demand.is_some_and(|demand| demand.rented);
            let patience = if rented { state.config.rental_visit } else { STARVED };
            let waited_too_long = now - known.last_turn() >= patience;
            let belongs_elsewhere = known.last_radio.is_some_and(|last_radio| {
                last_radio != radio && !waited_too_long && free_at(state, last_radio).is_some()
            });
            Candidate { slot, known, demand, belongs_elsewhere }
        })
        .collect()
}

impl Candidate<'_> {
    fn choice(&self, reason: SwitchReason, not_before: Moment) -> Choice {
        Choice { slot: self.slot, reason, not_before }
    }

    /// Sorts candidates: a radio's own SIMs first, of those the longest unvisited.
    fn precedence(&self) -> (bool, Moment, u32) {
        (self.belongs_elsewhere, self.known.last_turn(), self.slot)
    }

    fn is_rented(&self) -> bool {
        self.demand.is_some_and(|demand| demand.rented)
    }

    /// Why the SIM should come on the air at once, if it should.
    fn trigger(&self) -> Option<SwitchTrigger<Moment>> {
        self.demand?.trigger
    }
}

/// The SIM whose order ends first.
fn ordered(
    candidates: &[Candidate<'_>],
    departure: &EarliestDeparture,
    now: Moment,
) -> Option<Choice> {
    let awaited = candidates.iter().filter_map(|candidate| match candidate.trigger()? {
        SwitchTrigger::Order { until } if until > now => Some((until, candidate)),
        SwitchTrigger::Order { .. } | SwitchTrigger::Tenant => None,
    });
    let (_, candidate) = awaited.min_by_key(|(until, candidate)| (*until, candidate.slot))?;
    Some(candidate.choice(SwitchReason::Order, departure.when_urgent))
}

/// The longest unvisited of the SIMs whose tenants have looked for messages.
fn tenant_waits(candidates: &[Candidate<'_>], departure: &EarliestDeparture) -> Option<Choice> {
    let awaited =
        candidates.iter().filter(|candidate| candidate.trigger() == Some(SwitchTrigger::Tenant));
    let candidate = awaited.min_by_key(|candidate| candidate.known.last_turn())?;
    Some(candidate.choice(SwitchReason::Tenant, departure.when_urgent))
}

/// The rented SIM whose interval ends first; early enough for all those that would otherwise wait
/// for each other.
fn rental_due(
    state: &BankState,
    candidates: &[Candidate<'_>],
    departure: &EarliestDeparture,
    radio: &Radio,
    now: Moment,
) -> Option<Choice> {
    let stock_starves = candidates.iter().any(|candidate| {
        !candidate.is_rented()
            && candidate.known.contents.iccid().is_some()
            && now - candidate.known.last_turn() >= STARVED
    });
    if radio.rental_visits_in_row >= RENTAL_VISITS_IN_ROW && stock_starves {
        return None;
    }
    let rented: Vec<&Candidate<'_>> =
        candidates.iter().filter(|candidate| candidate.is_rented()).collect();
    let count = u32::try_from(rented.len()).unwrap_or(u32::MAX);
    let next = rented.into_iter().min_by_key(|candidate| candidate.precedence())?;
    let visit = state.switch_time() * (MIN_STAY_IN_SWITCH_TIMES + 1);
    let visit = visit.max(state.switch_time() + state.config.quiet);
    // The rented SIMs of a matrix are shared by its radios; those of a radio's own slots are its
    // alone.
    let lead = visit.saturating_mul(count).min(state.config.rental_visit);
    let due = next.known.last_turn() + (state.config.rental_visit - lead);
    Some(next.choice(SwitchReason::RentalDue, departure.for_visit.max(due)))
}

/// The slot that nobody has looked into and that was tried longest ago.
fn unknown(candidates: &[Candidate<'_>], departure: &EarliestDeparture) -> Option<Choice> {
    let unknown =
        candidates.iter().filter(|candidate| candidate.known.contents == SlotContents::Unknown);
    let next = unknown.min_by_key(|candidate| (candidate.known.last_turn(), candidate.slot))?;
    Some(next.choice(SwitchReason::Unknown, departure.when_urgent))
}

/// The SIM of the stock that has been off the air for the longest time, or an empty slot that is to
/// be looked into again.
fn stock(
    candidates: &[Candidate<'_>],
    departure: &EarliestDeparture,
    now: Moment,
) -> Option<Choice> {
    let turns = candidates.iter().filter(|candidate| match candidate.known.contents {
        SlotContents::Sim(_) => !candidate.is_rented(),
        SlotContents::Empty => now - candidate.known.last_turn() >= EMPTY_SLOT_INTERVAL,
        SlotContents::Unknown => false,
    });
    let next = turns.min_by_key(|candidate| candidate.precedence())?;
    Some(next.choice(SwitchReason::LongestUnvisited, departure.for_stock))
}
