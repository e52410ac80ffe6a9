//! Is there a SIM card that can be used? Waits here, with the reason shown, until there is. No PIN is entered.

use std::time::Duration;

use super::channel::Outcome;
use super::facts::Facts;
use super::identifying::Identifying;
use super::moment::Moment;
use super::phase::{Next, Phase};
use super::reply::Reply;
use crate::at::{self, Command, FinalResult, PinState, SimTrouble};

/// After an event, for the noise around it to end.
const SETTLE: Duration = Duration::from_millis(500);
/// While the card may still be starting.
const SOON: Duration = Duration::from_secs(2);
/// How often.
const SOON_TRIES: u32 = 10;
/// When a card may be put in; most modems then also say so.
const LATER: Duration = Duration::from_secs(15);
/// When an operator has to do something to the card.
const RARELY: Duration = Duration::from_secs(60);
/// Some modems do not know `AT+CPIN?`: then the ICCID decides.
const REFUSALS: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct SimCheck {
    ready: bool,
    next_at: Option<Moment>,
    tries: u32,
    refusals: u32,
}

impl SimCheck {
    /// Begins after a pause.
    pub fn after(pause: Duration, now: Moment) -> SimCheck {
        SimCheck { next_at: Some(now + pause), ..SimCheck::default() }
    }

    /// Begins after something happened to the card.
    pub fn settling(now: Moment) -> SimCheck {
        SimCheck::after(SETTLE, now)
    }

    /// Something happened to the card: look soon.
    pub fn hurry(&mut self, now: Moment) {
        self.next_at = Some(self.next_at.map_or(now, |at| at.min(now + SETTLE)));
    }

    pub fn next(&mut self, now: Moment) -> Next {
        match self.next_at {
            _ if self.ready => Next::Enter(Phase::Identifying(Identifying::default())),
            Some(at) if now < at => Next::Wait(Some(at)),
            _ => Next::Send(Command::SimState),
        }
    }

    pub fn ended(&mut self, facts: &mut Facts, command: &Command, outcome: Outcome, reply: &Reply, now: Moment) {
        if *command != Command::SimState {
            return;
        }
        let (reason, pause) = match (outcome, reply.find(at::pin_state)) {
            (Outcome::Done | Outcome::Unfinished, Some(PinState::Ready)) => return self.found(facts),
            (Outcome::Done | Outcome::Unfinished, Some(state)) => describe(state),
            (Outcome::Refused(result), _) => match self.refused(result) {
                Some(described) => described,
                None => return self.found(facts),
            },
            _ => ("the SIM card's state cannot be read", SOON),
        };
        self.tries = self.tries.saturating_add(1);
        let pause = if pause == SOON && self.tries > SOON_TRIES { LATER } else { pause };
        self.next_at = Some(now + pause);
        facts.because(reason);
    }

    fn found(&mut self, facts: &mut Facts) {
        self.ready = true;
        facts.no_reason();
    }

    fn refused(&mut self, result: FinalResult) -> Option<(&'static str, Duration)> {
        Some(match result.sim_trouble() {
            Some(SimTrouble::Absent) => describe(PinState::Absent),
            Some(SimTrouble::Pin) => describe(PinState::Pin),
            Some(SimTrouble::Puk) => describe(PinState::Puk),
            Some(SimTrouble::Failure) => ("the SIM card is broken or not accepted", LATER),
            Some(SimTrouble::Busy) => ("the SIM card is still starting", SOON),
            None => {
                self.refusals += 1;
                if self.refusals >= REFUSALS {
                    self.refusals = 0;
                    return None;
                }
                ("the SIM card's state cannot be read", SOON)
            }
        })
    }
}

fn describe(state: PinState) -> (&'static str, Duration) {
    match state {
        PinState::Ready | PinState::NotReady => ("the SIM card is not ready", SOON),
        PinState::Absent => ("no SIM card", LATER),
        PinState::Pin => ("the SIM card wants its PIN", RARELY),
        PinState::Puk => ("the SIM card is blocked and wants its PUK", RARELY),
        PinState::Other => ("the modem is locked to another SIM card or network", RARELY),
    }
}
