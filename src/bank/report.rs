//! What a bank shows of itself. Times are how long ago, or in how long.

use std::ops::Range;
use std::time::Duration;

use super::api::SlotContents;
use super::machine::Bank;
use super::plan;
use crate::domain::Moment;

/// Switches of a radio in a row that came to nothing, after which the bank is in trouble.
const FAILURES: u32 = 3;

/// A bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankReport {
    /// In the configuration's order.
    pub radios: Vec<RadioReport>,
    /// In order.
    pub slots: Vec<SlotReport>,
    /// How long a switch takes.
    pub switch: Duration,
    /// What is wrong, in words for an operator.
    pub trouble: Option<String>,
}

/// A radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RadioReport {
    /// What it is doing.
    pub doing: &'static str,
    /// For how long.
    pub for_: Duration,
    /// Why.
    pub reason: Option<String>,
    /// The slot whose card is on it.
    pub slot: Option<u32>,
    /// The card that was read on it.
    pub iccid: Option<String>,
    /// What comes next.
    pub next: Option<Next>,
    /// In how long it could take another card.
    pub free_in: Option<Duration>,
    /// Switches.
    pub moves: u32,
    /// After which another card was read.
    pub lies: u32,
    /// That failed otherwise.
    pub failures: u32,
    /// How long it was deaf for them.
    pub deaf: Duration,
}

/// What comes next on a radio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The slot.
    pub slot: u32,
    /// Why this one.
    pub why: &'static str,
    /// In how long at the earliest.
    pub in_: Duration,
}

/// A slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotReport {
    /// As the hardware counts it.
    pub label: String,
    /// The radios that it can be put on.
    pub radios: Range<usize>,
    /// What was found in it.
    pub holds: SlotContents,
    /// The radio that it is on.
    pub on: Option<usize>,
    /// How long ago it was on the air.
    pub visited: Option<Duration>,
    /// For how long a visit has been due, of a rented card.
    pub late: Option<Duration>,
    /// Why it cannot be put on.
    pub trouble: Option<String>,
}

impl Bank {
    /// The bank as it is now.
    pub fn report(&self, now: Moment) -> BankReport {
        let radios: Vec<RadioReport> =
            (0..self.radios.len()).filter_map(|radio| self.radio_report(radio, now)).collect();
        let slots: Vec<SlotReport> =
            (0..self.config.total()).filter_map(|slot| self.slot_report(slot, now)).collect();
        let late = slots.iter().filter(|slot| slot.late.is_some()).count();
        let dead = (1..).zip(&self.radios).find(|(_, radio)| radio.bad_in_row >= FAILURES).map(
            |(place, radio)| {
                let why = radio.fault.as_deref().unwrap_or("no card is read");
                format!(
                    "{} switches of radio {place} in a row came to nothing: {why}",
                    radio.bad_in_row
                )
            },
        );
        let slow = || {
            let switch = self.switch_time().as_secs();
            format!(
                "{late} rented SIMs are visited later than rental_visit says; a switch takes \
                 {switch} s"
            )
        };
        let trouble = dead.or_else(|| (late > 0).then(slow));
        BankReport { radios, slots, switch: self.switch_time(), trouble }
    }

    fn radio_report(&self, radio: usize, now: Moment) -> Option<RadioReport> {
        let known = self.radios.get(radio)?;
        let choice = plan::choose(self, radio, now);
        let next =
            choice.map(|choice| Next { slot: choice.slot, why: choice.why, in_: choice.at - now });
        let coming = known.doing.as_ref().map(|switch| Next {
            slot: switch.slot,
            why: switch.why,
            in_: Duration::ZERO,
        });
        let held = known
            .card()
            .and_then(|iccid| self.wanted.get(iccid))
            .is_some_and(|wanted| wanted.stays);
        let doing = match &known.doing {
            Some(switch) => switch.doing(),
            None if known.seen.lost => "out of order",
            None if known.seen.works => "on air",
            None if known.seen.iccid.is_some() => "registering",
            None if known.seen.no_card => "no card",
            None => "starting",
        };
        let fault = known.doing.as_ref().and_then(|switch| switch.fault.clone());
        let holds = held.then(|| "an order or a long message holds its SIM".to_owned());
        let urgent =
            next.as_ref().is_some_and(|next| matches!(next.why, "order" | "tenant" | "by hand"));
        let free = plan::free_at(self, radio).filter(|_| !urgent);
        Some(RadioReport {
            doing,
            for_: now - known.since,
            reason: fault.or(holds).or_else(|| known.seen.reason.clone()),
            slot: self.on(radio),
            iccid: known.seen.iccid.clone(),
            next: coming.or(next),
            free_in: free.map(|at| at - now),
            moves: known.moves,
            lies: known.lies,
            failures: known.failures,
            deaf: known.deaf,
        })
    }

    fn slot_report(&self, slot: u32, now: Moment) -> Option<SlotReport> {
        let known = self.slot(slot)?;
        let on = (0..self.radios.len()).find(|radio| self.on(*radio) == Some(slot));
        let works =
            on.and_then(|radio| self.radios.get(radio)).is_some_and(|radio| radio.seen.works);
        let visited = if works { Some(now) } else { known.visited };
        let rented = match &known.holds {
            SlotContents::Sim(iccid) => self.wanted.get(iccid).is_some_and(|wanted| wanted.rented),
            SlotContents::Unknown | SlotContents::Empty => false,
        };
        let due =
            visited.map(|at| at + self.config.rental_visit).filter(|due| rented && *due < now);
        let radios = self.config.radios_of(slot);
        let lost =
            radios.clone().all(|radio| self.radios.get(radio).is_none_or(|radio| radio.seen.lost));
        let out = lost.then(|| "its radio is out of order".to_owned());
        Some(SlotReport {
            label: self.config.label(slot),
            radios,
            holds: known.holds.clone(),
            on,
            visited: visited.map(|at| now - at),
            late: due.map(|due| now - due),
            trouble: out.or_else(|| known.trouble.clone()),
        })
    }
}
