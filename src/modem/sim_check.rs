//! Waits until there is a usable SIM card, and reports why there is none. A PIN is entered once
//! (`pin_entry`).

use std::time::Duration;

use super::api::{Action, Token};
use super::channel::Outcome;
use super::context::Context;
use super::identifying::Identifying;
use super::phase::{Next, Phase};
use super::pin_entry::{self, PinEntry};
use super::profile::Quirk;
use super::reply::Reply;
use crate::at::{self, Command, FinalResult, PinState, SimEvent, SimTrouble};
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, PinPermission};

/// The pause after a SIM event, because several may arrive in quick succession.
const SETTLE: Duration = Duration::from_millis(500);
/// The pause between two reads of the state while the card may still be starting.
const SOON: Duration = Duration::from_secs(2);
/// How many times the state is read with that pause.
const SOON_TRIES: u32 = 10;
/// The pause while there is no card. Most modems announce when one is inserted.
const LATER: Duration = Duration::from_secs(15);
/// The pause while the operator has to do something about the card.
const RARELY: Duration = Duration::from_secs(60);
/// The number of refusals of `AT+CPIN?` after which the ICCID is read instead, because some modems
/// do not know the command.
const MAX_REFUSALS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct SimCheck {
    ready: bool,
    next_at: Option<Moment>,
    tries: u32,
    refusals: u32,
    pin_entry: Option<PinEntry>,
    /// Whether the attempt to unlock the card has failed. No other is made until there is a SIM
    /// event.
    given_up: bool,
}

impl SimCheck {
    /// Begins after a pause.
    pub fn after(pause: Duration, now: Moment) -> SimCheck {
        SimCheck { next_at: Some(now + pause), ..SimCheck::default() }
    }

    /// Begins after a SIM event.
    pub fn settling(now: Moment) -> SimCheck {
        SimCheck::after(SETTLE, now)
    }

    /// Whether a PIN is being entered or its result is awaited.
    pub fn is_unlocking(&self) -> bool {
        self.pin_entry.is_some()
    }

    /// Takes a SIM event, after which the card's state is read soon.
    pub fn on_sim_event(&mut self, event: SimEvent, now: Moment) {
        let entered = self.pin_entry.as_ref().is_some_and(PinEntry::has_entered);
        if event == SimEvent::Absent || (event == SimEvent::Present && !entered) {
            // The answers so far may be those of another card.
            self.pin_entry = None;
            self.given_up = false;
        }
        self.next_at = Some(self.next_at.map_or(now, |at| at.min(now + SETTLE)));
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if let Some(pin_entry) = &mut self.pin_entry {
            match pin_entry.next(context, now) {
                pin_entry::Next::Send(command) => return Next::Send(command),
                pin_entry::Next::Wait(until) => return Next::Wait(until),
                pin_entry::Next::GiveUp(reason) => self.give_up_unlocking(context, reason, now),
                pin_entry::Next::ReadState => {}
            }
        }
        match self.next_at {
            _ if self.ready => Next::Enter(Phase::Identifying(Identifying::default())),
            Some(at) if now < at => Next::Wait(Some(at)),
            _ => Next::Send(Command::SimState),
        }
    }

    pub fn on_command_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        if *command != Command::SimState {
            if let Some(pin_entry) = &mut self.pin_entry {
                pin_entry.on_command_finished(context, command, outcome, reply, now);
                self.next_at = pin_entry.has_entered().then(|| now + SETTLE);
            }
            return;
        }
        if self.requires_pin(outcome, reply) && self.unlock(context, now) {
            return;
        }
        let (reason, pause) = match (outcome, reply.find(at::parse_pin_state)) {
            (Outcome::Done | Outcome::Unfinished, Some(PinState::Ready)) => {
                return self.finish(context);
            }
            (Outcome::Done | Outcome::Unfinished, Some(state)) => describe(state),
            (Outcome::Refused(result), _) => {
                match self.on_refused(result, context.profile.has(Quirk::NoPinState)) {
                    Some(described) => described,
                    None => return self.finish(context),
                }
            }
            _ => (ModemReason::SimStateUnreadable, SOON),
        };
        self.tries = self.tries.saturating_add(1);
        let pause = if pause == SOON && self.tries > SOON_TRIES { LATER } else { pause };
        self.next_at = Some(now + pause);
        if !(self.given_up && self.requires_pin(outcome, reply)) {
            context.set_reason(reason);
        }
    }

    fn requires_pin(&self, outcome: Outcome, reply: &Reply) -> bool {
        let asks = outcome.is_ok() && reply.find(at::parse_pin_state) == Some(PinState::Pin);
        asks || outcome.sim_trouble() == Some(SimTrouble::Pin)
    }

    /// Goes on with a card that requires its PIN: begins to enter it, or notes that the card has
    /// refused it. Returns whether anything is done about the card.
    fn unlock(&mut self, context: &mut Context, now: Moment) -> bool {
        if self.given_up || context.config.pin.is_none() {
            return false;
        }
        let Some(pin_entry) = &mut self.pin_entry else {
            self.pin_entry = Some(PinEntry::new());
            return true;
        };
        if pin_entry.on_still_locked() {
            self.next_at = Some(now + SOON);
        } else if pin_entry.has_entered() {
            let iccid = pin_entry.iccid().cloned();
            self.give_up_unlocking(context, ModemReason::PinRefused(iccid), now);
        }
        true
    }

    fn give_up_unlocking(&mut self, context: &mut Context, reason: ModemReason, now: Moment) {
        self.pin_entry = None;
        self.given_up = true;
        self.next_at = Some(now + RARELY);
        context.set_reason(reason);
    }

    /// Takes the host's answer whether the PIN may be entered.
    pub fn on_pin_permission(
        &mut self,
        context: &mut Context,
        token: Token,
        answer: Result<PinPermission, ()>,
        now: Moment,
    ) {
        if let Some(pin_entry) = &mut self.pin_entry {
            pin_entry.on_answer(context, token, answer, now);
        }
    }

    fn finish(&mut self, context: &mut Context) {
        let entered = self.pin_entry.take().filter(PinEntry::has_entered);
        if let (Some(pin_entry), Some(modem)) = (entered, context.modem()) {
            let iccid = pin_entry.iccid().cloned();
            context.actions.push_back(Action::PinAccepted { modem, iccid });
        }
        self.ready = true;
        context.clear_reason();
    }

    /// Why the card cannot be used after `AT+CPIN?` was refused, and when to ask again. `None` when
    /// the ICCID is to decide whether there is a card; `expected` says that this model always
    /// refuses.
    fn on_refused(
        &mut self,
        result: FinalResult,
        expected: bool,
    ) -> Option<(ModemReason, Duration)> {
        Some(match result.sim_trouble() {
            Some(SimTrouble::Absent) => describe(PinState::Absent),
            Some(SimTrouble::Pin) => describe(PinState::Pin),
            Some(SimTrouble::Puk) => describe(PinState::Puk),
            Some(SimTrouble::Failure) => (ModemReason::SimFailure, LATER),
            Some(SimTrouble::Busy) => (ModemReason::SimStarting, SOON),
            Some(SimTrouble::Locked(lock)) => describe(PinState::Locked(lock)),
            None => {
                self.refusals += 1;
                if expected || self.refusals >= MAX_REFUSALS {
                    self.refusals = 0;
                    return None;
                }
                (ModemReason::SimStateUnreadable, SOON)
            }
        })
    }
}

/// The reason for a state in which the card cannot be used, and the pause before it is read again.
fn describe(state: PinState) -> (ModemReason, Duration) {
    match state {
        PinState::Ready | PinState::NotReady => (ModemReason::SimNotReady, SOON),
        PinState::Absent => (ModemReason::NoSim, LATER),
        PinState::Pin => (ModemReason::PinWanted, RARELY),
        PinState::Puk => (ModemReason::PukWanted, RARELY),
        PinState::Blocked => (ModemReason::SimBlocked, RARELY),
        PinState::Locked(lock) => (ModemReason::ModemLocked(lock), RARELY),
    }
}
