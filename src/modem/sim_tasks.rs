//! Tasks that are done in the name of one SIM card: sending a message, writing the number onto the
//! card. A task is one or more commands in a row; the first that fails ends it, and none is
//! repeated. (USSD codes have a file of their own, `ussd`.)

use std::collections::VecDeque;

use super::channel::Outcome;
use super::ussd;
use crate::at::{self, Command};
use crate::domain::Iccid;
use crate::domain::modem::{RequestError, SimTask};
use crate::sms;

/// A limit in octets that no valid message reaches.
const MAX_PDU: usize = 200;

/// A task whose first command has been sent or is about to be.
#[derive(Debug)]
pub(super) struct RunningTask {
    pub id: u64,
    /// The card in whose name the task is done.
    pub iccid: Iccid,
    task: SimTask,
    left: VecDeque<Command>,
}

/// What follows upon a command of a task.
#[derive(Debug)]
pub(super) enum Step {
    /// The next command is to be sent.
    Continue(RunningTask),
    /// The task is finished, with this reply.
    Finished(RunningTask, Result<Vec<String>, RequestError>),
}

/// Checks that the content of a task is valid.
pub(super) fn check(task: &SimTask) -> Result<(), RequestError> {
    match task {
        SimTask::Ussd(code) => ussd::check_code(code),
        SimTask::Send(pdu) => {
            let fits = pdu.len() <= MAX_PDU && sms::tpdu(pdu).is_some_and(|tpdu| !tpdu.is_empty());
            if fits { Ok(()) } else { Err(RequestError::NotACommand) }
        }
        SimTask::WriteNumber(number) => {
            let digits = number.strip_prefix('+').unwrap_or(number);
            let fits = (3..=20).contains(&digits.len())
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            if fits { Ok(()) } else { Err(RequestError::NotACommand) }
        }
    }
}

impl RunningTask {
    pub fn new(id: u64, iccid: Iccid, task: SimTask) -> RunningTask {
        let left = match &task {
            SimTask::Ussd(_) => Vec::new(),
            SimTask::Send(pdu) => {
                let octets = sms::tpdu(pdu).map_or(0, <[u8]>::len);
                vec![Command::Send { octets, pdu: hex::encode_upper(pdu) }]
            }
            SimTask::WriteNumber(number) => {
                vec![
                    Command::OwnPhonebook,
                    Command::WriteOwnNumber(number.clone()),
                    Command::OwnPhonebookEntry,
                ]
            }
        };
        RunningTask { id, iccid, task, left: left.into() }
    }

    /// Takes the next command to send.
    pub fn next_command(&mut self) -> Option<Command> {
        self.left.pop_front()
    }

    /// Decides how to go on after a command of the task has finished.
    pub fn step(self, lines: &[String], outcome: Outcome) -> Step {
        match outcome {
            Outcome::Refused(result) => {
                return Step::Finished(self, Err(RequestError::Refused(result)));
            }
            // It is not known whether the task took effect, so nothing is sent a second time.
            Outcome::Unanswered | Outcome::Empty | Outcome::InDigits => {
                return Step::Finished(self, Err(RequestError::TimedOut));
            }
            Outcome::Done | Outcome::Unfinished => {}
        }
        match &self.task {
            _ if !self.left.is_empty() => Step::Continue(self),
            SimTask::Ussd(_) | SimTask::Send(_) => Step::Finished(self, Ok(Vec::new())),
            SimTask::WriteNumber(number) => {
                let kept = lines.iter().find_map(|line| at::parse_phonebook_number(line));
                let same = kept.as_ref() == Some(number);
                Step::Finished(
                    self,
                    if same { Ok(kept.into_iter().collect()) } else { Err(RequestError::NotKept) },
                )
            }
        }
    }
}
