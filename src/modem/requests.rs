//! What is asked of the modem while the session is running: an operator's commands, and what is
//! done in the name of a card (`sim_tasks`).

use std::collections::VecDeque;
use std::time::Duration;

use super::api::Action;
use super::channel::Outcome;
use super::profile::Profile;
use super::sim_tasks::{self, RunningTask, Step};
use crate::at::Command;
use crate::domain::modem::{ModemRequest, RequestError};
use crate::domain::{Iccid, Moment};

/// More do not wait.
const MAX_WAITING: usize = 8;
/// So long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(60);
const MAX_LENGTH: usize = 400;
/// Commands of several vendors that write an IMEI.
const IMEI_WRITERS: [&str; 8] =
    ["+EGMR=1", "+SIMEI=", "+WIMEI=", "^PHYNUM=", "*EIMEI=", "^IMEI=", "^NVWR=550", "+QNVW=550"];

#[derive(Debug)]
struct Waiting {
    id: u64,
    request: ModemRequest,
    until: Moment,
}

/// What has been sent, or is awaited, and for whom.
#[derive(Debug)]
pub(super) enum Running {
    /// A command.
    At(u64),
    /// A USSD code; its text may have come before the command's end.
    Ussd(u64, Option<String>),
    /// A command after which the port is opened anew.
    Reset(u64),
    /// Something in the name of one card.
    SimTask(RunningTask),
}

/// For whom the network's text is awaited.
#[derive(Debug)]
enum Awaiting {
    Operator(u64),
    SimTask(RunningTask),
}

/// Done, and how; told when the ICCID has been read again.
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
    /// A USSD code that was sent: the network's text is awaited until then.
    awaited: Option<(Awaiting, Moment)>,
    unconfirmed: Vec<Unconfirmed>,
}

/// Whether this may be sent: one command line that writes no IMEI.
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
    pub fn add(&mut self, id: u64, request: ModemRequest, now: Moment) -> Result<(), RequestError> {
        match &request {
            ModemRequest::At(text) => check(text)?,
            ModemRequest::Ussd(code) => sim_tasks::check_code(code)?,
            ModemRequest::Reset { .. } => {}
            ModemRequest::ForSim { task, .. } => sim_tasks::check(task)?,
            // The session's own: they do not wait here.
            ModemRequest::Leave { .. } | ModemRequest::Slot(_) | ModemRequest::Return { .. } => {
                return Err(RequestError::Starting);
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(RequestError::TooMany);
        }
        self.waiting.push_back(Waiting { id, request, until: now + PATIENCE });
        Ok(())
    }

    /// Whether one waits that concerns a card.
    pub fn sim_task_waits(&self) -> bool {
        self.running.is_none() && self.waiting.iter().any(Waiting::is_sim_task)
    }

    /// Takes out one that concerns another card than the one that is in.
    pub fn for_another_card(&mut self, iccid: &Iccid) -> Option<u64> {
        let other = |waiting: &Waiting| matches!(&waiting.request, ModemRequest::ForSim { iccid: wanted, .. } if wanted != iccid);
        let at = self.waiting.iter().position(other)?;
        self.waiting.remove(at).map(|waiting| waiting.id)
    }

    /// The next command of the one that is running, or of the next one, which is running from now
    /// on. Those that concern a card have their turn only when it is `proven` that it is theirs
    /// that is in.
    pub fn begin(&mut self, profile: &Profile, proven: bool) -> Option<Command> {
        if let Some(Running::SimTask(doing)) = &mut self.running {
            return doing.next();
        }
        let at = self.waiting.iter().position(|waiting| proven || !waiting.is_sim_task())?;
        let next = self.waiting.remove(at)?;
        let (running, command) = match next.request {
            ModemRequest::At(text) => (Running::At(next.id), Command::Raw(text)),
            ModemRequest::Ussd(code) => {
                (Running::Ussd(next.id, None), sim_tasks::ussd(&code, profile))
            }
            ModemRequest::Reset { hard } => {
                let text = profile.hard_reset().filter(|_| hard).unwrap_or(profile.soft_reset());
                (Running::Reset(next.id), Command::Raw(text.to_owned()))
            }
            ModemRequest::Leave { .. } | ModemRequest::Slot(_) | ModemRequest::Return { .. } => {
                return None;
            }
            ModemRequest::ForSim { iccid, task } => {
                let mut doing = RunningTask::begin(next.id, iccid, task, profile);
                let first = doing.next()?;
                (Running::SimTask(doing), first)
            }
        };
        self.running = Some(running);
        Some(command)
    }

    /// Whether the command in flight is one of these.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// A command of a SIM task has ended. What is over is told at once when it failed, else when it
    /// is confirmed.
    pub fn step(
        &mut self,
        doing: RunningTask,
        lines: Vec<String>,
        outcome: Outcome,
        now: Moment,
    ) -> Option<(u64, RequestError)> {
        match doing.step(&lines, outcome) {
            Step::On(doing) => self.running = Some(Running::SimTask(doing)),
            Step::Await(doing) => self.awaited = Some((Awaiting::SimTask(doing), now + PATIENCE)),
            Step::Ended(doing, Err(error)) => return Some((doing.id, error)),
            Step::Ended(doing, reply) => {
                self.unconfirmed.push(Unconfirmed { id: doing.id, iccid: doing.iccid, reply })
            }
        }
        None
    }

    /// Whether something is done and waits for its confirmation.
    pub fn is_confirming(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// This card is in, as its ICCID says that has just been read; `None`: that is not known any
    /// more.
    pub fn confirmed(&mut self, card: Option<&Iccid>) -> impl Iterator<Item = Action> {
        let lost = Err(RequestError::OtherCard);
        let told = std::mem::take(&mut self.unconfirmed).into_iter();
        told.map(move |Unconfirmed { id, iccid, reply }| Action::Answer {
            id,
            reply: if card == Some(&iccid) { reply } else { lost.clone() },
        })
    }

    /// The network's text. For whom, when the command has ended already and no card has to be
    /// confirmed first.
    pub fn ussd_came(&mut self, text: &str) -> Option<u64> {
        match &mut self.running {
            Some(Running::Ussd(_, early)) => {
                *early = Some(text.to_owned());
                return None;
            }
            Some(Running::SimTask(doing)) => {
                doing.network_text = Some(text.to_owned());
                return None;
            }
            _ => {}
        }
        match self.awaited.take()?.0 {
            Awaiting::Operator(id) => Some(id),
            Awaiting::SimTask(doing) => {
                let reply = Ok(vec![text.to_owned()]);
                self.unconfirmed.push(Unconfirmed { id: doing.id, iccid: doing.iccid, reply });
                None
            }
        }
    }

    /// The command with the code has ended well: its text is awaited.
    pub fn await_ussd(&mut self, id: u64, now: Moment) {
        self.awaited = Some((Awaiting::Operator(id), now + PATIENCE));
    }

    /// The one that was running.
    pub fn end(&mut self) -> Option<Running> {
        self.running.take()
    }

    /// One that has waited for too long.
    pub fn expired(&mut self, now: Moment) -> Option<u64> {
        if let Some((awaiting, _)) = self.awaited.take_if(|(_, until)| *until <= now) {
            return Some(match awaiting {
                Awaiting::Operator(id) => id,
                Awaiting::SimTask(doing) => doing.id,
            });
        }
        let at = self.waiting.iter().position(|waiting| waiting.until <= now)?;
        self.waiting.remove(at).map(|waiting| waiting.id)
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
