//! The bank: its radios and slots, what each is doing, and what becomes of what it hears.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::api::{
    BankAction, BankConfig, Kept, MoveEnd, Seen, SlotContents, SlotDemand, SwitchTrigger,
};
use super::model::{Radio, Slot, Wanted};
use super::plan;
use super::switching::{Progress, Switch};
use crate::domain::Moment;
use crate::modem::RequestError;

/// What is wanted of the cards is asked anew before a switch when it is older.
const FRESH: Duration = Duration::from_secs(5);
/// Some of it changes without anybody saying so (an order stops collecting): asked anew at least so
/// often.
const STALE: Duration = Duration::from_secs(30);
/// A question that was not answered by then is asked again.
const UNANSWERED: Duration = Duration::from_secs(30);
/// After a card that may not leave, or did not, its radio is left alone for so long.
pub(super) const HELD: Duration = Duration::from_secs(15);
/// Switches that are averaged.
const MEASURED: usize = 8;

/// A bank.
#[derive(Debug)]
pub struct Bank {
    pub(super) config: BankConfig,
    pub(super) radios: Vec<Radio>,
    pub(super) slots: Vec<Slot>,
    /// The slot that each card is in, by its ICCID.
    pub(super) places: HashMap<String, u32>,
    pub(super) wanted: HashMap<String, Wanted>,
    heard_at: Option<Moment>,
    asked_at: Option<Moment>,
    /// There was news since it was asked.
    ask_again: bool,
    times: VecDeque<Duration>,
    pub(super) actions: VecDeque<BankAction>,
}

impl Bank {
    /// A bank of which this is known from before. `now` is later than anything that was kept.
    pub fn new(config: BankConfig, kept: Vec<Kept>, now: Moment) -> Bank {
        let mut slots: Vec<Slot> = (0..config.total()).map(|_| Slot::default()).collect();
        let mut places = HashMap::new();
        for Kept { slot: number, holds, visited } in kept {
            let place = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(slot) = slots.get_mut(place) {
                if let SlotContents::Sim(iccid) = &holds {
                    places.insert(iccid.clone(), number);
                }
                let visited = visited
                    .and_then(|ago| now.elapsed().checked_sub(ago))
                    .map(Moment::since_origin);
                *slot = Slot { holds, visited, tried: visited, ..Slot::default() };
            }
        }
        let radio = || Radio { since: now, deaf_since: now, not_before: now, ..Radio::default() };
        let radios = config.radios.iter().map(|_| radio()).collect();
        let mut bank = Bank {
            config,
            radios,
            slots,
            places,
            wanted: HashMap::new(),
            heard_at: None,
            asked_at: None,
            ask_again: false,
            times: VecDeque::new(),
            actions: VecDeque::new(),
        };
        bank.ask(now);
        bank
    }

    /// The next thing to be done, in order.
    pub fn next_action(&mut self) -> Option<BankAction> {
        self.actions.pop_front()
    }

    /// A radio's session says something.
    pub fn radio(&mut self, radio: usize, seen: Seen, now: Moment) {
        let Some(known) = self.radios.get_mut(radio).filter(|known| known.seen != seen) else {
            return;
        };
        let same_card = known.seen.iccid == seen.iccid;
        let comes = seen.works && !known.seen.works && known.doing.is_none();
        known.last = seen.iccid.clone().or(known.last.take());
        known.ready_since =
            known.ready_since.filter(|_| same_card && seen.works).or(seen.works.then_some(now));
        if known.seen.works && !seen.works {
            known.deaf_since = now;
        }
        if !same_card {
            known.last_message = None;
        }
        // One that a task which fell had let go is here again.
        let back = seen.iccid.clone().filter(|_| comes).map(|iccid| BankAction::Stays { iccid });
        known.seen = seen;
        if known.doing.is_none() {
            known.since = now;
        }
        self.actions.extend(back);
        self.actions.push_back(BankAction::Report);
        self.tick(now);
    }

    /// A message has come on a radio.
    pub fn message(&mut self, radio: usize, now: Moment) {
        if let Some(known) = self.radios.get_mut(radio) {
            known.last_message = Some(now);
        }
    }

    /// What is wanted may be something else now.
    pub fn news(&mut self, now: Moment) {
        self.ask(now);
    }

    /// One question at a time.
    pub(super) fn ask(&mut self, now: Moment) {
        if self.asked_at.is_some_and(|at| now - at < UNANSWERED) {
            self.ask_again = true;
            return;
        }
        (self.asked_at, self.ask_again) = (Some(now), false);
        let mut cards: Vec<String> = self.places.keys().cloned().collect();
        let strangers = self.radios.iter().filter_map(|radio| radio.seen.iccid.clone());
        cards.extend(strangers.filter(|iccid| self.slot_of(iccid).is_none()));
        self.actions.push_back(BankAction::AskNeeds(cards));
    }

    /// What is wanted of the cards that were asked for; `None`: it cannot be said now.
    pub fn needs(&mut self, needs: Option<Vec<SlotDemand>>, now: Moment) {
        self.asked_at = None;
        let Some(needs) = needs else {
            self.heard_at = None;
            self.radios
                .iter_mut()
                .for_each(|radio| radio.not_before = radio.not_before.max(now + HELD));
            return;
        };
        self.heard_at = Some(now);
        let wanted = needs.into_iter().map(|need| {
            let order_until = match need.called {
                Some(SwitchTrigger::Order(within)) => Some(now + within),
                Some(SwitchTrigger::Tenant) | None => None,
            };
            let tenant_calls = need.called == Some(SwitchTrigger::Tenant);
            (
                need.iccid,
                Wanted {
                    stays: need.stays,
                    collects: need.collects,
                    rented: need.rented,
                    tenant_calls,
                    order_until,
                },
            )
        });
        self.wanted = wanted.collect();
        self.actions.push_back(BankAction::Report);
        if self.ask_again {
            self.ask(now);
        }
        self.tick(now);
    }

    /// Whether a card may leave.
    pub fn may_leave(&mut self, radio: usize, iccid: &str, yes: bool, now: Moment) {
        let waits = self.radios.get(radio).is_some_and(|radio| radio.doing.is_some());
        if yes && !waits {
            return self.actions.push_back(BankAction::Stays { iccid: iccid.to_owned() });
        }
        self.step(radio, now, |switch, radio, _, _| switch.may_leave(radio, iccid, yes, now));
    }

    /// Whether the session has left.
    pub fn left(&mut self, radio: usize, said: Result<(), RequestError>, now: Moment) {
        let doing = self.radios.get(radio).and_then(|radio| radio.doing.as_ref());
        let worked = doing.filter(|switch| switch.worked && switch.began.is_none() && said.is_ok());
        let slot = worked.and_then(|switch| self.slot_of(switch.before.as_deref()?));
        if let Some(slot) = slot.and_then(|slot| self.slot_mut(slot)) {
            slot.visited = Some(now);
        }
        self.step(radio, now, |switch, radio, row, profile| {
            switch.left(radio, row, profile, said, now)
        });
    }

    /// Whether the bank has taken the switch.
    pub fn switched(&mut self, radio: usize, said: Result<(), String>, now: Moment) {
        self.step(radio, now, |switch, _, _, profile| {
            switch.switched(said, profile, now);
            Progress::On(Vec::new())
        });
    }

    /// Whether the session comes back.
    pub fn returned(&mut self, radio: usize, said: Result<(), RequestError>, now: Moment) {
        self.step(radio, now, |switch, _, _, profile| {
            switch.returned(said, profile, now);
            Progress::On(Vec::new())
        });
    }

    /// An operator wants a slot on a radio.
    ///
    /// # Errors
    /// The bank cannot do it; why.
    pub fn by_hand(&mut self, radio: usize, slot: u32, now: Moment) -> Result<String, String> {
        if slot >= self.config.total() {
            return Err(format!(
                "the bank has the slots 0 to {}",
                self.config.total().saturating_sub(1)
            ));
        }
        let reach = self.config.radios_of(slot);
        if !reach.contains(&radio) || radio >= self.radios.len() {
            return Err(format!(
                "slot {slot} ({}) is not within that radio's reach",
                self.config.label(slot)
            ));
        }
        if let Some(other) = self.radio_of(slot) {
            return Err(format!(
                "slot {slot} is on radio {} already, or on its way there",
                other + 1
            ));
        }
        if let Some(known) = self.radios.get_mut(radio) {
            known.by_hand = Some(slot);
            known.not_before = now;
        }
        self.ask(now);
        Ok(format!(
            "radio {} takes slot {slot} as soon as nothing holds the SIM that is on it",
            radio + 1
        ))
    }

    /// When to call [`Bank::tick`] if nothing happens before.
    pub fn next_deadline(&self, now: Moment) -> Option<Moment> {
        let steps = self.radios.iter().filter_map(|radio| radio.doing.as_ref()?.deadline());
        let plans = (0..self.radios.len()).filter_map(|radio| plan::look_at(self, radio, now));
        let asked = self
            .asked_at
            .map_or_else(|| self.heard_at.map(|at| at + STALE), |at| Some(at + UNANSWERED));
        // While an answer is awaited plans that are due wait too.
        let plans = plans.filter(|_| self.asked_at.is_none());
        let left_alone =
            self.slots.iter().filter_map(|slot| slot.after).filter(|after| *after > now);
        steps.chain(plans).chain(asked).chain(left_alone).min()
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) {
        for radio in 0..self.radios.len() {
            let seen = self.radios.get(radio).map(|radio| radio.seen.clone()).unwrap_or_default();
            self.step(radio, now, |switch, radio, row, profile| {
                switch.look(radio, row, profile, &seen, now)
            });
        }
        let stale = self.asked_at.is_none() && self.heard_at.is_some_and(|at| now - at >= STALE);
        if stale || self.asked_at.is_some_and(|at| now - at >= UNANSWERED) {
            self.ask(now);
        }
        for radio in 0..self.radios.len() {
            let by_hand = self.radios.get(radio).and_then(|radio| radio.by_hand);
            if by_hand.is_some_and(|slot| self.radio_of(slot).is_some_and(|other| other != radio))
                && let Some(known) = self.radios.get_mut(radio)
            {
                known.by_hand = None;
            }
        }
        for radio in 0..self.radios.len() {
            if plan::look_at(self, radio, now).is_none_or(|at| at > now) {
                continue;
            }
            let Some(choice) = plan::choose(self, radio, now) else { continue };
            if self.heard_at.is_some_and(|at| now - at <= FRESH) {
                self.begin(radio, &choice, now);
            } else if self.asked_at.is_none() {
                self.ask(now);
            }
        }
    }

    fn begin(&mut self, radio: usize, choice: &plan::Choice, now: Moment) {
        let wanted = match self.slot(choice.slot).map(|slot| &slot.holds) {
            Some(SlotContents::Sim(iccid)) => Some(iccid.clone()),
            _ => None,
        };
        let Some(known) = self.radios.get_mut(radio) else { return };
        known.rented_in_row = if choice.rental { known.rented_in_row.saturating_add(1) } else { 0 };
        known.since = now;
        let (switch, action) = Switch::begin(choice, known, wanted, radio, now);
        known.doing = Some(switch);
        self.actions.extend([action, BankAction::Report]);
    }

    /// Takes a step of a radio's switch, if one is under way.
    fn step(
        &mut self,
        radio: usize,
        now: Moment,
        step: impl FnOnce(&mut Switch, usize, u32, &super::BankProfile) -> Progress,
    ) {
        let config = &self.config;
        let Some(known) = self.radios.get_mut(radio) else { return };
        let Some(switch) = &mut known.doing else { return };
        let doing = switch.doing();
        let progress = step(switch, radio, config.row(switch.slot), &config.profile);
        if switch.doing() != doing {
            known.since = now;
            self.actions.push_back(BankAction::Report);
        }
        match progress {
            Progress::On(actions) => self.actions.extend(actions),
            Progress::Read(iccid) => self.read(radio, &iccid, now),
            Progress::NoCard => self.no_card(radio, now),
            Progress::Registered(true) => self.end(radio, MoveEnd::Done, now),
            Progress::Registered(false) => self.end(radio, MoveEnd::NoNetwork, now),
            Progress::Failed => self.end(radio, MoveEnd::Failed, now),
            Progress::Refused => self.refused(radio, now),
        }
    }

    /// So long a switch took.
    pub(super) fn measured(&mut self, took: Duration) {
        self.times.truncate(MEASURED - 1);
        self.times.push_front(took);
    }

    /// How long a switch takes until the card is on the air.
    pub fn switch_time(&self) -> Duration {
        let count = u32::try_from(self.times.len()).unwrap_or(1);
        let sum: Duration = self.times.iter().sum();
        sum.checked_div(count).unwrap_or_else(|| self.config.profile.expected())
    }

    /// The slot that a card is in, as far as is known.
    pub(super) fn slot_of(&self, iccid: &str) -> Option<u32> {
        self.places.get(iccid).copied()
    }

    /// The slot whose card is on a radio, as the ICCID says that was read there.
    pub(super) fn on(&self, radio: usize) -> Option<u32> {
        self.slot_of(self.radios.get(radio)?.seen.iccid.as_deref()?)
    }

    /// The slots whose cards are on a radio, or on their way to one.
    pub(super) fn taken(&self) -> Vec<Option<u32>> {
        let coming = self.radios.iter().map(|radio| radio.doing.as_ref().map(|switch| switch.slot));
        (0..self.radios.len()).map(|radio| self.on(radio)).chain(coming).collect()
    }

    /// The radio that a slot's card is on, or is to come on.
    pub(super) fn radio_of(&self, slot: u32) -> Option<usize> {
        let mut radios = 0..self.radios.len();
        radios.find(|radio| {
            let coming = self
                .radios
                .get(*radio)
                .and_then(|radio| radio.doing.as_ref())
                .map(|switch| switch.slot);
            self.on(*radio) == Some(slot) || coming == Some(slot)
        })
    }

    pub(super) fn slot(&self, slot: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(slot).ok()?)
    }

    pub(super) fn slot_mut(&mut self, slot: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(slot).ok()?)
    }
}
