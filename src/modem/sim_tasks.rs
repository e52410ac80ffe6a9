//! Tasks that are done in the name of one SIM card: sending a USSD code or a message, writing the
//! number onto the card. A task is one or more commands in a row; the first that fails ends it, and
//! none is repeated.

use std::collections::VecDeque;

use super::channel::Outcome;
use super::profile::{Profile, Quirk};
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
    /// The network's USSD text, if it arrived before the final result of the command.
    pub network_text: Option<String>,
}

/// What follows upon a command of a task.
#[derive(Debug)]
pub(super) enum Step {
    /// The next command is to be sent.
    Continue(RunningTask),
    /// The network's USSD text is awaited.
    AwaitText(RunningTask),
    /// The task is finished, with this reply.
    Finished(RunningTask, Result<Vec<String>, RequestError>),
}

/// Checks that the content of a task is valid.
pub(super) fn check(task: &SimTask) -> Result<(), RequestError> {
    match task {
        SimTask::Ussd(code) => check_code(code),
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

/// Checks that a text is a USSD code (22.030 6.5.2): digits, asterisks and hashes.
pub(super) fn check_code(code: &str) -> Result<(), RequestError> {
    let fits = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    if fits { Ok(()) } else { Err(RequestError::NotACode) }
}

/// The command that sends a USSD code, encoded as this model wants it.
pub(super) fn ussd_command(code: &str, profile: &Profile) -> Command {
    let packed = || sms::ussd_packed(code).filter(|_| profile.has(Quirk::UssdPacked));
    let ucs2 = || profile.has(Quirk::UssdUcs2).then(|| sms::ussd_ucs2(code));
    Command::Ussd(packed().or_else(ucs2).unwrap_or_else(|| code.to_owned()))
}

impl RunningTask {
    pub fn new(id: u64, iccid: Iccid, task: SimTask, profile: &Profile) -> RunningTask {
        let left = match &task {
            SimTask::Ussd(code) => vec![ussd_command(code, profile)],
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
        RunningTask { id, iccid, task, left: left.into(), network_text: None }
    }

    /// Takes the next command to send.
    pub fn next_command(&mut self) -> Option<Command> {
        self.left.pop_front()
    }

    /// Decides how to go on after a command of the task has finished.
    pub fn step(mut self, lines: &[String], outcome: Outcome) -> Step {
        if let (SimTask::Ussd(_), Some(text)) = (&self.task, self.network_text.take()) {
            return Step::Finished(self, Ok(vec![text]));
        }
        match outcome {
            Outcome::Refused(result) => {
                return Step::Finished(self, Err(RequestError::Refused(result)));
            }
            // It is not known whether the task took effect, so nothing is sent a second time.
            Outcome::Unanswered | Outcome::Empty => {
                return Step::Finished(self, Err(RequestError::TimedOut));
            }
            Outcome::Done | Outcome::Unfinished => {}
        }
        match &self.task {
            _ if !self.left.is_empty() => Step::Continue(self),
            SimTask::Ussd(_) => Step::AwaitText(self),
            SimTask::Send(_) => Step::Finished(self, Ok(Vec::new())),
            SimTask::WriteNumber(number) => {
                let kept = lines.iter().find_map(|line| at::phonebook_number(line));
                let same = kept.as_ref() == Some(number);
                Step::Finished(
                    self,
                    if same { Ok(kept.into_iter().collect()) } else { Err(RequestError::NotKept) },
                )
            }
        }
    }
}
