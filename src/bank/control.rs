//! The control line of a serial pool: one command at a time, a pause after each, an answer or none,
//! tries again.

use std::collections::VecDeque;

use super::profile::{BankProfile, Silence};
use crate::at::{FinalResult, Item, LineBuffer};
use crate::domain::Moment;

/// What the control line wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAction {
    /// Send these octets.
    Write(Vec<u8>),
    /// The switch for this radio was taken, or not.
    Switched(usize, Result<(), String>),
}

#[derive(Debug)]
struct Job {
    /// For which radio; `None`: nobody waits for it.
    radio: Option<usize>,
    command: String,
    tries: u8,
}

/// The line.
#[derive(Debug)]
pub struct Control {
    profile: BankProfile,
    lines: LineBuffer,
    jobs: VecDeque<Job>,
    /// The first job has been sent, and may be answered until then.
    sent: Option<Moment>,
    /// Nothing is sent before.
    free_at: Moment,
    actions: VecDeque<ControlAction>,
}

impl Control {
    /// A line that has just been opened: first the bank is asked whether it is ready.
    pub fn new(profile: BankProfile, now: Moment) -> Control {
        let ready = profile.ready.clone().map(|command| Job { radio: None, command, tries: 1 });
        let mut control = Control {
            profile,
            lines: LineBuffer::default(),
            jobs: ready.into_iter().collect(),
            sent: None,
            free_at: now,
            actions: VecDeque::new(),
        };
        control.tick(now);
        control
    }

    /// Puts a row's card on a radio when it is its turn.
    pub fn switch(&mut self, radio: usize, row: u32, now: Moment) {
        let command = self.profile.command(radio, row);
        self.jobs.push_back(Job { radio: Some(radio), command, tries: self.profile.tries });
        self.tick(now);
    }

    /// The next thing to be done.
    pub fn next_action(&mut self) -> Option<ControlAction> {
        self.actions.pop_front()
    }

    /// When to call [`Control::tick`] if nothing happens before.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.sent.or_else(|| (!self.jobs.is_empty()).then_some(self.free_at))
    }

    /// Octets from the bank. Whatever is no final result (an echo, chatter) says nothing.
    pub fn receive(&mut self, octets: &[u8], now: Moment) {
        let mut lines = std::mem::take(&mut self.lines);
        let mut rest = octets;
        while let Some(item) = lines.next(&mut rest) {
            let said = match item {
                Item::Line(line) => said(&line),
                Item::Prompt => None,
            };
            if let Some(said) = said.filter(|_| self.sent.is_some()) {
                self.ended(said, now);
            }
        }
        self.lines = lines;
        self.tick(now);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) {
        if self.sent.is_some_and(|until| until <= now) {
            self.ended(
                match self.profile.silence {
                    Silence::Taken => Ok(()),
                    Silence::Failed => Err("the bank does not answer".to_owned()),
                },
                now,
            );
        }
        if self.sent.is_none()
            && self.free_at <= now
            && let Some(job) = self.jobs.front()
        {
            self.actions.push_back(ControlAction::Write(format!("{}\r", job.command).into_bytes()));
            self.sent = Some(now + self.profile.answer());
        }
    }

    /// The line has failed: nobody waits any more. For whom it was.
    pub fn abandon(self) -> Vec<usize> {
        self.jobs.into_iter().filter_map(|job| job.radio).collect()
    }

    fn ended(&mut self, said: Result<(), String>, now: Moment) {
        self.sent = None;
        self.free_at = now + self.profile.pause();
        let Some(mut job) = self.jobs.pop_front() else { return };
        job.tries = job.tries.saturating_sub(1);
        if said.is_err() && job.tries > 0 {
            return self.jobs.push_front(job);
        }
        if let Some(radio) = job.radio {
            self.actions.push_back(ControlAction::Switched(radio, said));
        }
    }
}

/// `OK`, alone or behind a word (`SWITCH OK`), or an error; an echo is neither.
fn said(line: &str) -> Option<Result<(), String>> {
    match FinalResult::parse(line) {
        Some(result) if !result.is_ok() => Some(Err(format!("the bank answers {result}"))),
        Some(_) => Some(Ok(())),
        None => (line.ends_with(" OK") && !line.starts_with("AT")).then_some(Ok(())),
    }
}
