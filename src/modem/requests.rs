//! Commands that an operator sends while the session is running.

use std::collections::VecDeque;
use std::time::Duration;

use super::face::{Request, RequestError};
use super::moment::Moment;
use super::profile::Profile;
use crate::at::Command;

/// More do not wait.
const MAX_WAITING: usize = 8;
/// So long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(60);
const MAX_LENGTH: usize = 400;
/// Commands of several vendors that write an IMEI.
const IMEI_WRITERS: [&str; 4] = ["+EGMR=1", "+SIMEI=", "+WIMEI=", "^PHYNUM="];

#[derive(Debug)]
struct Waiting {
    id: u64,
    request: Request,
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
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Waiting>,
    running: Option<Running>,
    /// A USSD code that was sent: the network's text is awaited until then.
    awaited: Option<(u64, Moment)>,
}

/// Whether this may be sent: one command line that writes no IMEI.
pub(super) fn check(text: &str) -> Result<(), RequestError> {
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
    pub fn add(&mut self, id: u64, request: Request, now: Moment) -> Result<(), RequestError> {
        match &request {
            Request::At(text) => check(text)?,
            Request::Ussd(code) => check_code(code)?,
            Request::Reset { .. } => {}
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(RequestError::TooMany);
        }
        self.waiting.push_back(Waiting { id, request, until: now + PATIENCE });
        Ok(())
    }

    /// The next one, which is running from now on.
    pub fn begin(&mut self, profile: &Profile) -> Option<Command> {
        let next = self.waiting.pop_front()?;
        let (running, command) = match next.request {
            Request::At(text) => (Running::At(next.id), Command::Raw(text)),
            Request::Ussd(code) => (Running::Ussd(next.id, None), Command::Ussd(code)),
            Request::Reset { hard } => {
                let text = profile.hard_reset().filter(|_| hard).unwrap_or(profile.soft_reset());
                (Running::Reset(next.id), Command::Raw(text.to_owned()))
            }
        };
        self.running = Some(running);
        Some(command)
    }

    /// The network's text. For whom, when the command has ended already.
    pub fn ussd_came(&mut self, text: &str) -> Option<u64> {
        if let Some(Running::Ussd(_, early)) = &mut self.running {
            *early = Some(text.to_owned());
            return None;
        }
        self.awaited.take().map(|(id, _)| id)
    }

    /// The command with the code has ended well: its text is awaited.
    pub fn await_ussd(&mut self, id: u64, now: Moment) {
        self.awaited = Some((id, now + PATIENCE));
    }

    /// The one that was running.
    pub fn end(&mut self) -> Option<Running> {
        self.running.take()
    }

    /// One that has waited for too long.
    pub fn expired(&mut self, now: Moment) -> Option<u64> {
        if let Some((id, _)) = self.awaited.take_if(|(_, until)| *until <= now) {
            return Some(id);
        }
        let expired = self.waiting.front().is_some_and(|front| front.until <= now);
        if expired { self.waiting.pop_front().map(|front| front.id) } else { None }
    }

    pub fn deadline(&self) -> Option<Moment> {
        let waiting = self.waiting.front().map(|front| front.until);
        [waiting, self.awaited.map(|(_, until)| until)].into_iter().flatten().min()
    }
}

/// A USSD code (22.030 6.5.2): digits, stars and hashes.
fn check_code(code: &str) -> Result<(), RequestError> {
    let fits =
        (1..=40).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    if fits { Ok(()) } else { Err(RequestError::NotACode) }
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
            ("AT+EGMR=0,7", Ok(())),
        ];
        for (text, expected) in table {
            assert_eq!(check(text), expected, "{text}");
        }
    }
}
