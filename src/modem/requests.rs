//! Commands that an operator sends while the session is running.

use std::collections::VecDeque;
use std::time::Duration;

use super::face::{Request, RequestError};
use super::moment::Moment;

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
    text: String,
    until: Moment,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Waiting>,
    running: Option<u64>,
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
        let Request::At(text) = request;
        check(&text)?;
        if self.waiting.len() >= MAX_WAITING {
            return Err(RequestError::TooMany);
        }
        self.waiting.push_back(Waiting { id, text, until: now + PATIENCE });
        Ok(())
    }

    /// The next one, which is running from now on.
    pub fn begin(&mut self) -> Option<String> {
        let next = self.waiting.pop_front()?;
        self.running = Some(next.id);
        Some(next.text)
    }

    /// The one that was running.
    pub fn end(&mut self) -> Option<u64> {
        self.running.take()
    }

    /// One that has waited for too long.
    pub fn expired(&mut self, now: Moment) -> Option<u64> {
        let expired = self.waiting.front().is_some_and(|front| front.until <= now);
        if expired { self.waiting.pop_front().map(|front| front.id) } else { None }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.waiting.front().map(|front| front.until)
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
            ("AT+EGMR=0,7", Ok(())),
        ];
        for (text, expected) in table {
            assert_eq!(check(text), expected, "{text}");
        }
    }
}
