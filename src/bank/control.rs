//! The protocol on the control line of a bank that is switched over a serial port. One command is
//! sent at a time, with a pause after each. The bank may or may not answer, and a command that
//! fails is repeated.

use std::collections::VecDeque;

use super::profile::{BankProfile, Silence};
use crate::at::{FinalResult, Item, LineBuffer};
use crate::domain::Moment;

/// Something that has to be done for the control line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlAction {
    /// Write these bytes to the line.
    Write(Vec<u8>),
    /// Report that the switch for this radio was carried out, or why it failed.
    Switched(usize, Result<(), String>),
}

#[derive(Debug)]
struct Command {
    /// The radio that the command is for; `None` if nobody waits for its result.
    radio: Option<usize>,
    text: String,
    attempts_left: u8,
}

/// The control line of a bank, with the commands that wait for their turn.
#[derive(Debug)]
pub struct Control {
    profile: BankProfile,
    lines: LineBuffer,
    /// Commands in their order. The first has been sent if `answer_until` is set.
    commands: VecDeque<Command>,
    /// Until when the first command may be answered.
    answer_until: Option<Moment>,
    /// The earliest time at which the next command may be sent.
    free_at: Moment,
    actions: VecDeque<ControlAction>,
}

impl Control {
    /// Begins on a line that has just been opened. The bank is first asked whether it is ready, if
    /// its profile has a command for that.
    pub fn new(profile: BankProfile, now: Moment) -> Control {
        let ready = profile.ready.clone();
        let ready = ready.map(|text| Command { radio: None, text, attempts_left: 1 });
        let mut control = Control {
            profile,
            lines: LineBuffer::default(),
            commands: ready.into_iter().collect(),
            answer_until: None,
            free_at: now,
            actions: VecDeque::new(),
        };
        control.tick(now);
        control
    }

    /// Queues a command that puts a slot on a radio. Both count from 0.
    pub fn switch(&mut self, radio: usize, local_slot: u32, now: Moment) {
        let text = self.profile.command(radio, local_slot);
        let attempts_left = self.profile.tries;
        self.commands.push_back(Command { radio: Some(radio), text, attempts_left });
        self.tick(now);
    }

    /// Takes the next action.
    pub fn next_action(&mut self) -> Option<ControlAction> {
        self.actions.pop_front()
    }

    /// When to call [`Control::tick`] if nothing happens earlier.
    pub fn next_deadline(&self) -> Option<Moment> {
        self.answer_until.or_else(|| (!self.commands.is_empty()).then_some(self.free_at))
    }

    /// Takes bytes from the bank. Lines that are no final result, such as echoes, are ignored.
    pub fn push_bytes(&mut self, bytes: &[u8], now: Moment) {
        let mut lines = std::mem::take(&mut self.lines);
        let mut rest = bytes;
        while let Some(item) = lines.next(&mut rest) {
            if let Item::Line(line) = item
                && let Some(result) = parse_result(&line)
                && self.answer_until.is_some()
            {
                self.on_answer(result, now);
            }
        }
        self.lines = lines;
        self.tick(now);
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Moment) {
        if self.answer_until.is_some_and(|until| until <= now) {
            let result = match self.profile.silence {
                Silence::Taken => Ok(()),
                Silence::Failed => Err("the bank does not answer".to_owned()),
            };
            self.on_answer(result, now);
        }
        if self.answer_until.is_none()
            && self.free_at <= now
            && let Some(command) = self.commands.front()
        {
            let bytes = format!("{}\r", command.text).into_bytes();
            self.actions.push_back(ControlAction::Write(bytes));
            self.answer_until = Some(now + self.profile.answer());
        }
    }

    /// Gives up the line after it failed. Returns the radios whose switches were not answered.
    pub fn abandon(self) -> Vec<usize> {
        self.commands.into_iter().filter_map(|command| command.radio).collect()
    }

    fn on_answer(&mut self, result: Result<(), String>, now: Moment) {
        self.answer_until = None;
        self.free_at = now + self.profile.pause();
        let Some(mut command) = self.commands.pop_front() else { return };
        command.attempts_left = command.attempts_left.saturating_sub(1);
        if result.is_err() && command.attempts_left > 0 {
            return self.commands.push_front(command);
        }
        if let Some(radio) = command.radio {
            self.actions.push_back(ControlAction::Switched(radio, result));
        }
    }
}

/// Reads a final result: `OK`, alone or after a word (`SWITCH OK`), or an error. An echo is
/// neither.
fn parse_result(line: &str) -> Option<Result<(), String>> {
    match FinalResult::parse(line) {
        Some(result) if !result.is_ok() => Some(Err(format!("the bank answers {result}"))),
        Some(_) => Some(Ok(())),
        None => (line.ends_with(" OK") && !line.starts_with("AT")).then_some(Ok(())),
    }
}
