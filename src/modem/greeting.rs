//! The first words to a modem. In whatever state another program has left it, it is brought to
//! answer in words:
//!  - silent (`ATQ1`) or in digits (`ATV0`, V.250 clauses 6.2.5 and 6.2.6), which a saved profile
//!    brings back after each restart;
//!  - at the prompt for a text, or with half a command in its line;
//!  - in the data mode of a call;
//!  - asleep, so that it loses the first characters that it is sent.
//!
//! In the usual case that is one `AT`.

use std::time::Duration;

use super::channel::Outcome;
use super::phase::Next;
use crate::at::Command;
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

/// The number of commands without an answer after which the port is opened again. A modem that is
/// still starting takes some seconds to answer.
const TRIES: u8 = 10;
/// The same number after the modem was restarted.
const TRIES_AFTER_RESTART: u8 = 90;
/// How many answers in digits are taken before the modem is given up.
const ANSWERS_IN_DIGITS: u8 = 6;
/// The pause after a refusal. What another program has left of a command comes before the `AT` and
/// is refused together with it.
const REFUSAL_PAUSE: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub(super) struct Greeting {
    restarted: bool,
    tries: u8,
    answers_in_digits: u8,
    paused_until: Option<Moment>,
    /// The command that the last answer calls for.
    called_for: Option<Command>,
}

impl Greeting {
    /// Begins for a modem that has just been restarted, which may take a while to answer.
    pub fn after_restart() -> Greeting {
        Greeting { restarted: true, ..Greeting::default() }
    }

    /// Begins again, because the modem has answered in digits after all.
    pub fn on_digits(&mut self) {
        self.answers_in_digits += 1;
        self.called_for = Some(Command::AnswerInWords);
    }

    pub fn next(&mut self, now: Moment) -> Next {
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Next::Wait(Some(until));
        }
        self.paused_until = None;
        if self.answers_in_digits >= ANSWERS_IN_DIGITS {
            return Next::GiveUp(ModemReason::AnswersInDigits);
        }
        let tries = if self.restarted { TRIES_AFTER_RESTART } else { TRIES };
        if self.tries >= tries {
            return Next::GiveUp(ModemReason::Silent);
        }
        Next::Send(self.called_for.clone().unwrap_or_else(|| self.next_attempt()))
    }

    /// The command whose turn it is while nothing is answered. Before `+++` there has been a second
    /// of silence, as there must be: the time for the answer to the command before it.
    fn next_attempt(&self) -> Command {
        match self.tries % 4 {
            1 => Command::AnswerInWords,
            3 => Command::LeaveDataMode,
            _ => Command::Attention,
        }
    }

    /// Takes the outcome of a command. Returns whether the modem answers in words now.
    pub fn on_command_finished(
        &mut self,
        command: &Command,
        outcome: Outcome,
        now: Moment,
    ) -> bool {
        self.called_for = None;
        match (command, outcome) {
            (Command::AnswerInWords, Outcome::InDigits) => {
                // This answer may still have had the old form.
                self.answers_in_digits += 1;
                self.called_for = Some(Command::Attention);
            }
            (_, Outcome::InDigits) => self.on_digits(),
            (_, Outcome::Unanswered) => self.tries += 1,
            (_, Outcome::Refused(result)) if !result.ends_a_call() => {
                self.tries += 1;
                self.paused_until = Some(now + REFUSAL_PAUSE);
            }
            (Command::LeaveDataMode, _) => self.called_for = Some(Command::HangUp),
            (Command::HangUp, _) => self.called_for = Some(Command::AnswerInWords),
            _ => return true,
        }
        false
    }
}
