//! The card is off the air: its bank may exchange it. Nothing is read and nothing belongs to
//! anybody until the bank has given the radio back, the modem has found its feet again and the
//! ICCID has been read (I12).

use std::time::Duration;

use super::api::Action;
use super::channel::Outcome;
use super::context::Context;
use super::phase::{Next, Phase};
use super::probing::Probing;
use crate::at::{Command, FinalResult};
use crate::domain::Moment;
use crate::domain::modem::RequestError;

/// A radio that nobody has given back by then comes back by itself.
const FORGOTTEN: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Doing {
    /// Card and radio are switched off, for the request with this id.
    Leaving(u64),
    /// The command that chooses a slot of the module.
    Slot(u64, String),
    /// Card and radio are switched on, or the modem is started anew.
    Returning(Option<u64>, Command),
}

impl Doing {
    fn command(&self) -> Command {
        match self {
            Doing::Leaving(_) => Command::SetFunctionality(0),
            Doing::Slot(_, command) => Command::Own(command.clone()),
            Doing::Returning(_, command) => command.clone(),
        }
    }
}

#[derive(Debug)]
pub(super) struct OffAir {
    doing: Option<Doing>,
    until: Moment,
    over: bool,
}

impl OffAir {
    /// Begins with switching card and radio off; then the request with this id is answered.
    pub fn begin(id: u64, now: Moment) -> OffAir {
        OffAir { doing: Some(Doing::Leaving(id)), until: now + FORGOTTEN, over: false }
    }

    /// Chooses a slot inside the module.
    pub fn choose(&mut self, id: u64, command: Option<String>) -> Result<(), RequestError> {
        let command = command.ok_or(RequestError::NoSlots)?;
        self.take(Doing::Slot(id, command))
    }

    /// The radio is given back.
    pub fn come_back(
        &mut self,
        id: u64,
        restart: bool,
        context: &Context,
    ) -> Result<(), RequestError> {
        self.take(Doing::Returning(Some(id), returning(restart, context)))
    }

    /// Whether it is off the air and nobody has asked for anything else.
    pub fn is_idle(&self) -> bool {
        self.doing.is_none() && !self.over
    }

    fn take(&mut self, doing: Doing) -> Result<(), RequestError> {
        if self.doing.is_some() || self.over {
            return Err(RequestError::TooMany);
        }
        self.doing = Some(doing);
        Ok(())
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if self.over {
            return Next::Enter(Phase::Probing(Probing::after_restart()));
        }
        if self.doing.is_none() && now >= self.until {
            self.doing = Some(Doing::Returning(None, returning(true, context)));
        }
        match &self.doing {
            Some(doing) => Next::Send(doing.command()),
            None => Next::Wait(Some(self.until)),
        }
    }

    pub fn ended(&mut self, context: &mut Context, command: &Command, outcome: Outcome) {
        // One of the phase before may still have been in flight.
        if self.doing.as_ref().map(Doing::command).as_ref() != Some(command) {
            return;
        }
        let (id, reply) = match self.doing.take() {
            // A modem that refuses it leaves the network when its card goes.
            Some(Doing::Leaving(id)) => (id, Ok(Vec::new())),
            Some(Doing::Slot(id, _)) => (id, chosen(outcome)),
            // A modem that starts anew need not have answered.
            Some(Doing::Returning(id, _)) => {
                self.over = true;
                context.no_reason();
                let Some(id) = id else { return };
                (id, Ok(Vec::new()))
            }
            None => return,
        };
        context.actions.push_back(Action::Answer { id, reply });
    }
}

fn returning(restart: bool, context: &Context) -> Command {
    if restart {
        Command::Own(context.profile.soft_reset().to_owned())
    } else {
        Command::SetFunctionality(1)
    }
}

fn chosen(outcome: Outcome) -> Result<Vec<String>, RequestError> {
    match outcome {
        Outcome::Done | Outcome::Unfinished | Outcome::Empty => {
            Ok(vec![FinalResult::Ok.to_string()])
        }
        Outcome::Refused(result) => Err(RequestError::Refused(result)),
        Outcome::Unanswered => Err(RequestError::TimedOut),
    }
}
