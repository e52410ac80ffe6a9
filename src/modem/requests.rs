//! Requests to the modem while the session is running: commands of an operator, and tasks in the
//! name of a SIM card (`sim_tasks`).

use std::collections::VecDeque;
use std::time::Duration;

use super::api::Action;
use super::channel::Outcome;
use super::profile::Profile;
use super::sim_tasks::{self, RunningTask, Step};
use crate::at::Command;
use crate::domain::modem::{ModemRequest, RequestError};
use crate::domain::{Iccid, Moment};

/// How many requests may wait.
const MAX_WAITING: usize = 8;
/// How long a request may wait for its turn, and then for the network's USSD text.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The longest command of an operator, in bytes.
const MAX_LENGTH: usize = 400;
/// The commands by which modems of several vendors write an IMEI, which is forbidden.
const IMEI_WRITERS: [&str; 8] =
    ["+EGMR=1", "+SIMEI=", "+WIMEI=", "^PHYNUM=", "*EIMEI=", "^IMEI=", "^NVWR=550", "+QNVW=550"];

#[derive(Debug)]
struct Waiting {
    id: u64,
    request: ModemRequest,
    until: Moment,
}

/// The request whose command is in flight, with its id.
#[derive(Debug)]
pub(super) enum Running {
    /// An AT command of an operator.
    At(u64),
    /// A USSD code; the network's text is here if it arrived before the final result of the
    /// command.
    Ussd(u64, Option<String>),
    /// A reset, after which the port is opened again.
    Reset(u64),
    /// A task in the name of one card.
    SimTask(RunningTask),
}

/// The request that waits for the network's USSD text.
#[derive(Debug)]
enum Awaiting {
    Operator(u64),
    SimTask(RunningTask),
}

/// A finished task whose reply is held back until the ICCID has been read again: only then is it
/// certain that it was done with the right card.
#[derive(Debug)]
struct Unconfirmed {
    id: u64,
    iccid: Iccid,
    reply: Result<Vec<String>, RequestError>,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Waiting>,
    running: Option<Running>,
    /// The request that waits for the network's USSD text, and until when.
    awaited: Option<(Awaiting, Moment)>,
    unconfirmed: Vec<Unconfirmed>,
}

/// Checks that a text may be sent as a command: one line that writes no IMEI.
pub(crate) fn check(text: &str) -> Result<(), RequestError> {
    let upper = text.to_ascii_uppercase().replace(' ', "");
    let printable = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if !upper.starts_with("AT") || !printable || text.len() > MAX_LENGTH {
        return Err(RequestError::NotACommand);
    }
    if IMEI_WRITERS.iter().any(|writer| upper.contains(writer)) {
        return Err(RequestError::WritesImei);
    }
    Ok(())
}

impl Requests {
    /// Adds a request to those that wait.
    pub fn add(&mut self, id: u64, request: ModemRequest, now: Moment) -> Result<(), RequestError> {
        match &request {
            ModemRequest::At(text) => check(text)?,
            ModemRequest::Ussd(code) => sim_tasks::check_code(code)?,
            ModemRequest::Reset { .. } => {}
            ModemRequest::ForSim { task, .. } => sim_tasks::check(task)?,
            // The session carries out these requests itself; they do not wait here.
            ModemRequest::Leave { .. } | ModemRequest::Slot(_) | ModemRequest::Return { .. } => {
                return Err(RequestError::Starting);
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(RequestError::TooMany);
        }
        self.waiting.push_back(Waiting { id, request, until: now + TIMEOUT });
        Ok(())
    }

    /// Whether a task for a card waits for its turn.
    pub fn sim_task_waits(&self) -> bool {
        self.running.is_none() && self.waiting.iter().any(Waiting::is_sim_task)
    }

    /// Removes a task that is for another card than the one that is in, and returns its id.
    pub fn take_for_another_card(&mut self, iccid: &Iccid) -> Option<u64> {
        let is_for_other = |waiting: &Waiting| match &waiting.request {
            ModemRequest::ForSim { iccid: wanted, .. } => wanted != iccid,
            _ => false,
        };
        let position = self.waiting.iter().position(is_for_other)?;
        self.waiting.remove(position).map(|waiting| waiting.id)
    }

    /// The next command of the running request, or the first one of the next request, which is
    /// running from then on. A task for a card gets its turn only when it is `proven` that its card
    /// is in.
    pub fn next_command(&mut self, profile: &Profile, proven: bool) -> Option<Command> {
        if let Some(Running::SimTask(task)) = &mut self.running {
            return task.next_command();
        }
        let position = self.waiting.iter().position(|waiting| proven || !waiting.is_sim_task())?;
        let next = self.waiting.remove(position)?;
        let (running, command) = match next.request {
            ModemRequest::At(text) => (Running::At(next.id), Command::Raw(text)),
            ModemRequest::Ussd(code) => {
                (Running::Ussd(next.id, None), sim_tasks::ussd_command(&code, profile))
            }
            ModemRequest::Reset { hard } => {
                let text = profile.hard_reset().filter(|_| hard).unwrap_or(profile.soft_reset());
                (Running::Reset(next.id), Command::Raw(text.to_owned()))
            }
            ModemRequest::Leave { .. } | ModemRequest::Slot(_) | ModemRequest::Return { .. } => {
                return None;
            }
            ModemRequest::ForSim { iccid, task } => {
                let mut task = RunningTask::new(next.id, iccid, task, profile);
                let first = task.next_command()?;
                (Running::SimTask(task), first)
            }
        };
        self.running = Some(running);
        Some(command)
    }

    /// Whether the command in flight belongs to a request.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Goes on with a task whose command has finished. A failure is returned at once; a success is
    /// answered once the card has been confirmed.
    pub fn step(
        &mut self,
        task: RunningTask,
        lines: Vec<String>,
        outcome: Outcome,
        now: Moment,
    ) -> Option<(u64, RequestError)> {
        match task.step(&lines, outcome) {
            Step::Continue(task) => self.running = Some(Running::SimTask(task)),
            Step::AwaitText(task) => self.awaited = Some((Awaiting::SimTask(task), now + TIMEOUT)),
            Step::Finished(task, Err(error)) => return Some((task.id, error)),
            Step::Finished(task, reply) => {
                self.unconfirmed.push(Unconfirmed { id: task.id, iccid: task.iccid, reply })
            }
        }
        None
    }

    /// Whether a finished task waits for the confirmation of its card.
    pub fn is_confirming(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// Answers finished tasks. `card` is the card whose ICCID has just been read; `None` when it is
    /// no longer known which card is in.
    pub fn confirm(&mut self, card: Option<&Iccid>) -> impl Iterator<Item = Action> {
        let lost = Err(RequestError::OtherCard);
        let finished = std::mem::take(&mut self.unconfirmed).into_iter();
        finished.map(move |Unconfirmed { id, iccid, reply }| Action::Answer {
            id,
            reply: if card == Some(&iccid) { reply } else { lost.clone() },
        })
    }

    /// Takes the network's USSD text. Returns the id of the request to answer with it, if the
    /// command has finished already and no card has to be confirmed first.
    pub fn on_ussd_text(&mut self, text: &str) -> Option<u64> {
        match &mut self.running {
            Some(Running::Ussd(_, early)) => {
                *early = Some(text.to_owned());
                return None;
            }
            Some(Running::SimTask(task)) => {
                task.network_text = Some(text.to_owned());
                return None;
            }
            _ => {}
        }
        match self.awaited.take()?.0 {
            Awaiting::Operator(id) => Some(id),
            Awaiting::SimTask(task) => {
                let reply = Ok(vec![text.to_owned()]);
                self.unconfirmed.push(Unconfirmed { id: task.id, iccid: task.iccid, reply });
                None
            }
        }
    }

    /// Waits for the network's text, because the command with the USSD code was accepted.
    pub fn await_ussd(&mut self, id: u64, now: Moment) {
        self.awaited = Some((Awaiting::Operator(id), now + TIMEOUT));
    }

    /// Removes the running request and returns it.
    pub fn take_running(&mut self) -> Option<Running> {
        self.running.take()
    }

    /// Removes a request that has waited for too long and returns its id.
    pub fn take_expired(&mut self, now: Moment) -> Option<u64> {
        if let Some((awaiting, _)) = self.awaited.take_if(|(_, until)| *until <= now) {
            return Some(match awaiting {
                Awaiting::Operator(id) => id,
                Awaiting::SimTask(task) => task.id,
            });
        }
        let position = self.waiting.iter().position(|waiting| waiting.until <= now)?;
        self.waiting.remove(position).map(|waiting| waiting.id)
    }

    pub fn deadline(&self) -> Option<Moment> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until).min();
        let awaited = self.awaited.as_ref().map(|(_, until)| *until);
        [waiting, awaited].into_iter().flatten().min()
    }
}

impl Waiting {
    fn is_sim_task(&self) -> bool {
        matches!(self.request, ModemRequest::ForSim { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_commands_on_one_line_that_write_no_imei() {
        let table = [
            ("AT+CSQ", Ok(())),
            ("at", Ok(())),
            ("+CSQ", Err(RequestError::NotACommand)),
            ("AT+CSQ\rAT", Err(RequestError::NotACommand)),
            ("AT+CUSD=1,\"*100#é\"", Err(RequestError::NotACommand)),
            ("AT+EGMR=1,7,\"861234567890123\"", Err(RequestError::WritesImei)),
            ("AT+EGMR = 1,7,\"861234567890123\"", Err(RequestError::WritesImei)),
            ("AT*EIMEI=1,\"861234567890123\"", Err(RequestError::WritesImei)),
            ("AT+QNVW=550,0,\"08\"", Err(RequestError::WritesImei)),
            ("AT+EGMR=0,7", Ok(())),
        ];
        for (text, expected) in table {
            assert_eq!(check(text), expected, "{text}");
        }
    }
}
