//! Takes the card off the air: the messages in the stores are read and deleted first, and again
//! once no more can arrive.
//!
//! The stores are read, `AT+CFUN=4` switches the radio off, the stores are read again, and
//! `AT+CFUN=0` switches off the card. A message that arrives between two of these steps is on the
//! card, where it is found when the card is next on the air, or in the modem's own store, where
//! nothing tells later for which card it came.

use std::time::Duration;

use super::super::api::Action;
use super::super::context::Context;
use super::super::off_air::OffAir;
use super::super::phase::{Next, Phase};
use super::super::probing::Probing;
use super::Serving;
use crate::at::Command;
use crate::domain::Moment;
use crate::domain::modem::RequestError;

/// How long the stores may take to become empty.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The number of sweeps that found something after which the card may leave all the same: what they
/// found is on disk and cannot be deleted.
const MAX_SWEEPS: u8 = 3;
/// The pause before the next sweep when one found something.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Departure {
    id: u64,
    step: Step,
    until: Moment,
    /// Whether the last sweep since the step began found nothing.
    empty: bool,
    /// The number of sweeps since the step began that found something.
    sweeps: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The stores are being emptied while the card is on the air.
    Emptying,
    /// The radio is being switched off.
    RadioOff,
    /// The stores are being emptied with the radio off.
    LastSweep,
}

impl Serving {
    /// Begins to take the card off the air, for the request with this id.
    pub fn depart(&mut self, id: u64, now: Moment) -> Result<(), RequestError> {
        if self.departure.is_some() {
            return Err(RequestError::TooMany);
        }
        self.departure = Some(Departure {
            id,
            step: Step::Emptying,
            until: now + TIMEOUT,
            empty: false,
            sweeps: 0,
        });
        self.sweep.schedule_by(now);
        Ok(())
    }

    /// What the departure does next, if it is time for a step.
    pub(super) fn next_departure_step(
        &mut self,
        context: &mut Context,
        now: Moment,
    ) -> Option<Next> {
        let is_settled = self.deletions.is_empty() && !self.reads_wait() && self.hold.is_zero();
        let departure = self.departure.as_mut()?;
        let empty = is_settled && (departure.empty || departure.sweeps >= MAX_SWEEPS);
        match departure.step {
            _ if now >= departure.until => {
                let Departure { id, step, .. } = self.departure.take()?;
                context
                    .actions
                    .push_back(Action::Answer { id, reply: Err(RequestError::NotEmptied) });
                if step == Step::Emptying {
                    return None;
                }
                // The session starts over with the phase that switches the radio on if it is off.
                context.forget_card();
                Some(Next::Enter(Phase::Probing(Probing::default())))
            }
            Step::Emptying if empty => {
                departure.step = Step::RadioOff;
                Some(Next::Send(Command::SetFunctionality(4)))
            }
            Step::LastSweep if empty => {
                Some(Next::Enter(Phase::OffAir(OffAir::begin(departure.id, now))))
            }
            _ => None,
        }
    }

    /// Goes on after `AT+CFUN=4`. A modem that refuses it leaves with its radio on.
    pub(super) fn on_radio_off(&mut self, now: Moment) {
        if let Some(departure) =
            self.departure.as_mut().filter(|departure| departure.step == Step::RadioOff)
        {
            departure.step = Step::LastSweep;
            (departure.empty, departure.sweeps) = (false, 0);
            self.sweep.schedule_by(now);
        }
    }

    /// Takes the result of a sweep into account for the departure.
    pub(super) fn on_sweep_finished(&mut self, now: Moment) {
        let nothing = self.deletions.is_empty() && !self.reads_wait() && !self.sweep.found_any();
        if let Some(departure) = &mut self.departure {
            departure.empty = nothing;
            if !nothing {
                departure.sweeps = departure.sweeps.saturating_add(1);
                self.sweep.schedule_by(now + PAUSE);
            }
        }
    }

    /// Until when the departure may take.
    pub(super) fn departure_deadline(&self) -> Option<Moment> {
        self.departure.as_ref().map(|departure| departure.until)
    }

    /// Fails the departure, because the modem has restarted.
    pub fn fail_departure(&mut self, context: &mut Context) {
        if let Some(Departure { id, .. }) = self.departure.take() {
            context.actions.push_back(Action::Answer { id, reply: Err(RequestError::Gone) });
        }
    }

    /// Ends the departure, because the card is gone or can no longer be read. If the radio is off
    /// already, the card counts as off the air; otherwise the request is answered with an error.
    pub fn end_departure_without_card(
        &mut self,
        context: &mut Context,
        now: Moment,
    ) -> Option<Phase> {
        let Departure { id, step, .. } = self.departure.take()?;
        if step != Step::Emptying {
            return Some(Phase::OffAir(OffAir::begin(id, now)));
        }
        context.actions.push_back(Action::Answer { id, reply: Err(RequestError::OtherCard) });
        None
    }
}
