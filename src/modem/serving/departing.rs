//! Taking the card off the air: what is in the stores is read and deleted first, and once more when
//! no more can come.
//!
//! The stores are read, then `AT+CFUN=4` is sent, then they are read again, then `AT+CFUN=0` is
//! sent. A message that comes between two of these is on the card, where it is found at the next
//! visit, or in the modem's own store, where the next session finds it as the previous card's.

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
/// After so many sweeps that found something a card may leave with what is on disk and cannot be
/// deleted.
const SWEEPS: u8 = 3;
/// The pause between two sweeps that look for the last messages.
const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct Departure {
    id: u64,
    step: Step,
    until: Moment,
    /// A sweep of all stores has ended since the step began, and found nothing.
    empty: bool,
    /// Sweeps that found something since the step began.
    sweeps: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Emptying,
    RadioOff,
    LastLook,
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

    /// The step that the departure takes now, if it is time for one.
    pub(super) fn departing(&mut self, context: &mut Context, now: Moment) -> Option<Next> {
        let dealt_with = self.deletions.is_empty() && self.reads.is_empty() && self.hold.is_zero();
        let departure = self.departure.as_mut()?;
        let empty = dealt_with && (departure.empty || departure.sweeps >= SWEEPS);
        match departure.step {
            _ if now >= departure.until => {
                let Departure { id, step, .. } = self.departure.take()?;
                context
                    .actions
                    .push_back(Action::Answer { id, reply: Err(RequestError::NotEmptied) });
                if step == Step::Emptying {
                    return None;
                }
                // From the beginning: there it is seen whether the radio is on.
                context.forget_card();
                Some(Next::Enter(Phase::Probing(Probing::default())))
            }
            Step::Emptying if empty => {
                departure.step = Step::RadioOff;
                Some(Next::Send(Command::SetFunctionality(4)))
            }
            Step::LastLook if empty => {
                Some(Next::Enter(Phase::OffAir(OffAir::begin(departure.id, now))))
            }
            _ => None,
        }
    }

    /// `AT+CFUN` has ended; a modem that refuses it goes without.
    pub(super) fn on_radio_off(&mut self, now: Moment) {
        if let Some(departure) =
            self.departure.as_mut().filter(|departure| departure.step == Step::RadioOff)
        {
            departure.step = Step::LastLook;
            (departure.empty, departure.sweeps) = (false, 0);
            self.sweep.schedule_by(now);
        }
    }

    /// A sweep has ended.
    pub(super) fn on_sweep_finished(&mut self, now: Moment) {
        let nothing = self.deletions.is_empty() && self.reads.is_empty() && !self.sweep.found_any();
        if let Some(departure) = &mut self.departure {
            departure.empty = nothing;
            if !nothing {
                departure.sweeps = departure.sweeps.saturating_add(1);
                self.sweep.schedule_by(now + PAUSE);
            }
        }
    }

    pub(super) fn departure_ends(&self) -> Option<Moment> {
        self.departure.as_ref().map(|departure| departure.until)
    }

    /// The modem has restarted: the request is answered with an error.
    pub fn departure_failed(&mut self, context: &mut Context) {
        if let Some(Departure { id, .. }) = self.departure.take() {
            context.actions.push_back(Action::Answer { id, reply: Err(RequestError::Gone) });
        }
    }

    /// The card is gone, or cannot be read any more. With the radio off already that is as good as
    /// being off the air; otherwise the request is answered with an error.
    pub fn card_gone(&mut self, context: &mut Context, now: Moment) -> Option<Phase> {
        let Departure { id, step, .. } = self.departure.take()?;
        if step != Step::Emptying {
            return Some(Phase::OffAir(OffAir::begin(id, now)));
        }
        context.actions.push_back(Action::Answer { id, reply: Err(RequestError::OtherCard) });
        None
    }
}
