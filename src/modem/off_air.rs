//! The phase in which the card is off the air, so that its bank can exchange it. Nothing is read,
//! and no message is credited to any card, until the bank has finished the switch, the modem
//! answers again and the ICCID has been read ([invariant 12](crate#what-always-holds)).

use std::time::Duration;

use super::api::Action;
use super::channel::Outcome;
use super::context::Context;
use super::phase::{Next, Phase};
use super::probing::Probing;
use crate::at::{Command, FinalResult};
use crate::domain::Moment;
use crate::domain::modem::RequestError;

/// How long the bank may keep a radio off the air; after that it is switched on again.
const RETURN_TIMEOUT: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Activity {
    /// Switching off card and radio, for the request with this id.
    Leaving(u64),
    /// Selecting a SIM slot inside the module with this command.
    SelectingSlot(u64, String),
    /// Switching on card and radio, or restarting the modem; the request's id, and the command.
    Returning(Option<u64>, Command),
}

impl Activity {
    fn command(&self) -> Command {
        match self {
            Activity::Leaving(_) => Command::SetFunctionality(0),
            Activity::SelectingSlot(_, command) => Command::Own(command.clone()),
            Activity::Returning(_, command) => command.clone(),
        }
    }
}

#[derive(Debug)]
pub(super) struct OffAir {
    activity: Option<Activity>,
    until: Moment,
    is_over: bool,
}

impl OffAir {
    /// Begins by switching off card and radio; then the request with this id is answered.
    pub fn begin(id: u64, now: Moment) -> OffAir {
        OffAir {
            activity: Some(Activity::Leaving(id)),
            until: now + RETURN_TIMEOUT,
            is_over: false,
        }
    }

    /// Selects a SIM slot inside the module, for the request with this id.
    pub fn select_slot(&mut self, id: u64, command: Option<String>) -> Result<(), RequestError> {
        let command = command.ok_or(RequestError::NoSlots)?;
        self.begin_activity(Activity::SelectingSlot(id, command))
    }

    /// Goes back on the air, for the request with this id; with `restart` by restarting the modem.
    pub fn return_to_air(
        &mut self,
        id: u64,
        restart: bool,
        context: &Context,
    ) -> Result<(), RequestError> {
        self.begin_activity(Activity::Returning(Some(id), return_command(restart, context)))
    }

    /// Whether card and radio are off and nothing else has been asked for.
    pub fn is_idle(&self) -> bool {
        self.activity.is_none() && !self.is_over
    }

    /// Begins an activity unless another is under way.
    fn begin_activity(&mut self, activity: Activity) -> Result<(), RequestError> {
        if self.activity.is_some() || self.is_over {
            return Err(RequestError::TooMany);
        }
        self.activity = Some(activity);
        Ok(())
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if self.is_over {
            return Next::Enter(Phase::Probing(Probing::after_restart()));
        }
        if self.activity.is_none() && now >= self.until {
            self.activity = Some(Activity::Returning(None, return_command(true, context)));
        }
        match &self.activity {
            Some(activity) => Next::Send(activity.command()),
            None => Next::Wait(Some(self.until)),
        }
    }

    pub fn on_command_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
    ) {
        // A command of the previous phase may still have been in flight.
        if self.activity.as_ref().map(Activity::command).as_ref() != Some(command) {
            return;
        }
        let (id, reply) = match self.activity.take() {
            // A modem that refuses the command leaves the network when its card is disconnected.
            Some(Activity::Leaving(id)) => (id, Ok(Vec::new())),
            Some(Activity::SelectingSlot(id, _)) => (id, slot_reply(outcome)),
            // A modem that restarts need not have answered.
            Some(Activity::Returning(id, _)) => {
                self.is_over = true;
                context.clear_reason();
                let Some(id) = id else { return };
                (id, Ok(Vec::new()))
            }
            None => return,
        };
        context.actions.push_back(Action::Answer { id, reply });
    }
}

/// The command that brings the modem back on the air.
fn return_command(restart: bool, context: &Context) -> Command {
    if restart {
        Command::Own(context.profile.soft_reset().to_owned())
    } else {
        Command::SetFunctionality(1)
    }
}

fn slot_reply(outcome: Outcome) -> Result<Vec<String>, RequestError> {
    match outcome {
        Outcome::Done | Outcome::Unfinished | Outcome::Empty => {
            Ok(vec![FinalResult::Ok.to_string()])
        }
        Outcome::Refused(result) => Err(RequestError::Refused(result)),
        Outcome::Unanswered | Outcome::InDigits => Err(RequestError::TimedOut),
    }
}
