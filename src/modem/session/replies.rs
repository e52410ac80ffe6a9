//! How the session handles a command that has finished: it passes the reply to the request or phase
//! that the command belongs to.

use super::super::api::Action;
use super::super::channel::Outcome;
use super::super::phase::Phase;
use super::super::requests::{Outcomes, Running};
use super::{CommandOutcome, Session};
use crate::at::{Command, FinalResult, SimTrouble};
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, RequestError};

/// The number of unanswered commands in a row after which the modem is given up, even if it could
/// be resynchronised each time.
const MAX_UNANSWERED: u8 = 6;
/// The number of times in a row that the card may be lost because of an optional command. After
/// that only failures of necessary commands count: some modems blame the SIM for every error.
const MAX_LOSSES_BY_OPTIONAL: u32 = 3;

impl Session {
    pub(super) fn on_command_finished(&mut self, command: &Command, outcome: Outcome, now: Moment) {
        self.last_outcome = Some(match outcome {
            Outcome::Unanswered => CommandOutcome::Unanswered,
            _ => CommandOutcome::Answered(now - self.channel.sent_at()),
        });
        let is_set_up = !matches!(self.phase, Phase::Probing(_) | Phase::OffAir(_));
        if outcome == Outcome::InDigits && is_set_up {
            // An operator's own command may have set this. It is answered, and that is set back.
            if self.requests.runs_command() {
                let lines = self.channel.reply().lines().map(str::to_owned).collect();
                self.answer(lines, outcome, now);
            }
            return self.start_over(ModemReason::SettingsLost, now);
        }
        let unanswered = outcome == Outcome::Unanswered && !command.is_greeting();
        self.unanswered = if unanswered { self.unanswered + 1 } else { 0 };
        if self.unanswered >= MAX_UNANSWERED {
            return self.give_up(ModemReason::CommandsUnanswered);
        }
        if *command == Command::ErrorFormat {
            // It was only to be heard from.
            return;
        }
        if let Command::Raw(text) = command {
            self.context.note_operators_command(text);
        }
        let reply = self.channel.reply();
        if self.requests.is_running() {
            self.answer(reply.lines().map(str::to_owned).collect(), outcome, now);
        } else if self.shows_lost_card(command, outcome) {
            self.on_card_lost(now);
        } else {
            match &mut self.phase {
                Phase::Probing(phase) => phase.on_command_finished(command, outcome, &reply, now),
                Phase::SimCheck(phase) => {
                    phase.on_command_finished(&mut self.context, command, outcome, &reply, now)
                }
                Phase::Identifying(phase) => {
                    phase.on_command_finished(&mut self.context, command, outcome, &reply, now)
                }
                Phase::Configuring(phase) => {
                    phase.on_command_finished(&mut self.context, command, outcome, &reply, now)
                }
                Phase::Serving(phase) => {
                    phase.on_command_finished(&mut self.context, command, outcome, &reply, now)
                }
                Phase::OffAir(phase) => {
                    phase.on_command_finished(&mut self.context, command, outcome)
                }
            }
        }
        self.channel.reuse(reply);
    }

    /// Whether the error of a command means that the card was removed or no longer works.
    fn shows_lost_card(&self, command: &Command, outcome: Outcome) -> bool {
        let expects_card =
            !matches!(self.phase, Phase::Probing(_) | Phase::SimCheck(_) | Phase::OffAir(_));
        let lost = outcome.sim_trouble().is_some_and(|trouble| trouble != SimTrouble::Busy);
        let needed = matches!(
            command,
            Command::Iccid(_)
                | Command::SelectStores(_)
                | Command::List
                | Command::ListText
                | Command::Read(_)
                | Command::Delete(_)
        );
        expects_card && lost && (needed || self.context.losses < MAX_LOSSES_BY_OPTIONAL)
    }

    /// Answers the running request with the result of its command, or goes on with its task.
    fn answer(&mut self, mut lines: Vec<String>, outcome: Outcome, now: Moment) {
        let Some(running) = self.requests.take_running() else { return };
        let result = match outcome {
            Outcome::Done => Some(FinalResult::Ok),
            Outcome::Refused(result) => Some(result),
            Outcome::Unfinished | Outcome::Empty | Outcome::Unanswered | Outcome::InDigits => None,
        };
        lines.extend(result.map(|result| result.to_string()));
        let is_answered = result.is_some() || outcome == Outcome::InDigits;
        let was_typed = matches!(running, Running::At(_));
        let (id, reply) = match running {
            Running::At(id) => (id, is_answered.then_some(lines).ok_or(RequestError::TimedOut)),
            Running::Ussd(exchange) => {
                let outcomes = self.requests.on_ussd_sent(exchange, outcome, now);
                return self.apply(outcomes);
            }
            Running::CloseUssd => return self.requests.on_ussd_closed(now),
            // A modem that restarts need not have answered.
            Running::Reset(id) => {
                self.context.actions.push_back(Action::Answer { id, reply: Ok(lines) });
                return self.give_up(ModemReason::RestartedByOperator);
            }
            Running::SimTask(task) => match self.requests.continue_sim_task(task, lines, outcome) {
                Some((id, error)) => (id, Err(error)),
                None => return self.check_settings(),
            },
        };
        self.context.actions.push_back(Action::Answer { id, reply });
        self.check_settings();
        if let Phase::Serving(serving) = &mut self.phase
            && was_typed
        {
            serving.check_charset();
        }
    }

    /// Answers a request about USSD, and remembers the form that the modem takes. An answer for a
    /// card waits until its ICCID has been read again.
    pub(super) fn apply(&mut self, outcomes: Outcomes) {
        if let Some(form) = outcomes.ussd_form {
            self.context.learn_ussd_form(form);
        }
        if let Some((id, reply)) = outcomes.answer {
            self.context.actions.push_back(Action::Answer { id, reply });
        }
        if let Phase::Serving(serving) = &mut self.phase
            && self.requests.is_confirming()
        {
            serving.doubt_card();
        }
    }

    fn check_settings(&mut self) {
        if let Phase::Serving(serving) = &mut self.phase {
            serving.check_settings();
        }
    }
}
