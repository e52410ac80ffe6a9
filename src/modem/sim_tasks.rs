//! What is done in the name of one card: a USSD code, a message, a number written. One or more
//! commands in a row; the first that fails ends it, and nothing is ever done twice.

use std::collections::VecDeque;

use super::channel::Outcome;
use super::profile::{Profile, Quirk};
use crate::at::{self, Command};
use crate::domain::Iccid;
use crate::domain::modem::{RequestError, SimTask};
use crate::sms;

/// More octets than a message has.
const MAX_PDU: usize = 200;

/// One that is being done.
#[derive(Debug)]
pub(super) struct RunningTask {
    pub id: u64,
    /// The card.
    pub iccid: Iccid,
    task: SimTask,
    left: VecDeque<Command>,
    /// The network's text, which may come before the command's end.
    pub network_text: Option<String>,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Step {
    /// There is more to do.
    On(RunningTask),
    /// The network's text is awaited.
    Await(RunningTask),
    Ended(RunningTask, Result<Vec<String>, RequestError>),
}

/// Whether it can be done at all.
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

/// A USSD code (22.030 6.5.2): digits, stars and hashes.
pub(super) fn check_code(code: &str) -> Result<(), RequestError> {
    let fits = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    if fits { Ok(()) } else { Err(RequestError::NotACode) }
}

/// The command that sends a USSD code to this model.
pub(super) fn ussd(code: &str, profile: &Profile) -> Command {
    let packed = || sms::ussd_packed(code).filter(|_| profile.has(Quirk::UssdPacked));
    let ucs2 = || profile.has(Quirk::UssdUcs2).then(|| sms::ussd_ucs2(code));
    Command::Ussd(packed().or_else(ucs2).unwrap_or_else(|| code.to_owned()))
}

impl RunningTask {
    pub fn begin(id: u64, iccid: Iccid, task: SimTask, profile: &Profile) -> RunningTask {
        let left = match &task {
            SimTask::Ussd(code) => vec![ussd(code, profile)],
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

    /// What is to be sent next.
    pub fn next(&mut self) -> Option<Command> {
        self.left.pop_front()
    }

    /// A command of it has ended.
    pub fn step(mut self, lines: &[String], outcome: Outcome) -> Step {
        if let (SimTask::Ussd(_), Some(text)) = (&self.task, self.network_text.take()) {
            return Step::Ended(self, Ok(vec![text]));
        }
        match outcome {
            Outcome::Refused(result) => {
                return Step::Ended(self, Err(RequestError::Refused(result)));
            }
            // Whether it was sent nobody knows: it is not sent again.
            Outcome::Unanswered | Outcome::Empty => {
                return Step::Ended(self, Err(RequestError::TimedOut));
            }
            Outcome::Done | Outcome::Unfinished => {}
        }
        match &self.task {
            _ if !self.left.is_empty() => Step::On(self),
            SimTask::Ussd(_) => Step::Await(self),
            SimTask::Send(_) => Step::Ended(self, Ok(Vec::new())),
            SimTask::WriteNumber(number) => {
                let kept = lines.iter().find_map(|line| at::phonebook_number(line));
                let same = kept.as_ref() == Some(number);
                Step::Ended(
                    self,
                    if same { Ok(kept.into_iter().collect()) } else { Err(RequestError::NotKept) },
                )
            }
        }
    }
}
