//! Answers a command line: the lines of its commands in turn, and one final result. Also writes
//! unsolicited result codes.

use super::line::Input;
use super::reply::{Line, Outcome, Reply, ok};
use super::{Mangled, Modem, Now, Power, Quirk, chain, command};

impl Modem {
    /// Carries out a command line. A line without `AT` is none, and is not answered.
    pub(super) fn execute(&mut self, line: &str, now: Now) {
        let Some(body) = self.body_of(line) else { return };
        self.observed.commands += 1;
        self.reply_delay_ms = 0;
        self.mangled = Mangled::Not;
        self.stray = None;
        let mut lines = Vec::new();
        for command in command::split(&body) {
            match chain::answer(self, &command, now) {
                Ok(Reply::Lines(more)) => lines.extend(more),
                outcome => return self.conclude(lines, outcome, now),
            }
        }
        self.conclude(lines, ok(), now);
    }

    /// Returns what follows `AT`, before which there may be garbage. `A/` repeats the last line.
    fn body_of(&mut self, line: &str) -> Option<String> {
        let capitals = line.to_ascii_uppercase();
        if capitals.trim() == "A/" {
            return Some(self.last_line.clone());
        }
        let at = capitals.find("AT")?;
        let body = line.get(at + 2..)?.to_owned();
        self.last_line.clone_from(&body);
        Some(body)
    }

    /// Writes the lines of a reply and its final result.
    pub(super) fn conclude(&mut self, lines: Vec<Line>, outcome: Outcome, now: Now) {
        let mut octets = self.framed(&lines);
        match outcome {
            Ok(Reply::Silence) => return,
            Ok(Reply::Prompt(prompt)) => {
                octets.extend_from_slice(b"\r\n> ");
                self.output.write(&octets);
                self.input = Input::Text { prompt, text: Vec::new() };
                return;
            }
            Ok(Reply::Reboot) => {
                octets.extend(self.final_result("OK", 0));
                self.output.write(&octets);
                self.reboot(now);
            }
            Ok(Reply::Lines(more)) => {
                octets.extend(self.framed(&more));
                octets.extend(self.final_result("OK", 0));
                self.write_reply(octets, now);
            }
            Err(failure) => {
                octets.extend(
                    self.final_result(&failure.shown(self.settings.errors), failure.code()),
                );
                self.write_reply(octets, now);
            }
        }
        self.output.expect_patience();
        if let Some(text) = self.after_reply.take() {
            self.urc(&text);
        }
    }

    /// Decides what a fault does to the reply to the current command.
    pub fn mangle_reply(&mut self, mangled: Mangled) {
        self.mangled = mangled;
    }

    /// Puts a line that belongs to nothing before the last line of the reply to the current
    /// command.
    pub fn add_stray_line(&mut self, line: Option<String>) {
        self.stray = line;
    }

    /// Delays the reply to the current command.
    pub fn delay_reply(&mut self, delay_ms: u64) {
        self.reply_delay_ms = delay_ms;
    }

    fn write_reply(&mut self, mut octets: Vec<u8>, now: Now) {
        if let Mangled::Cut(length) = self.mangled {
            octets.truncate(length);
        }
        let octets = self.on_the_wire(octets);
        match self.reply_delay_ms {
            0 => self.output.write(&octets),
            delay => self.output.write_at(now.ms + delay, octets),
        }
    }

    /// Frames lines as V.250 clause 5.7.1 requires: one header before the first, an end after each.
    fn framed(&self, lines: &[Line]) -> Vec<u8> {
        let mut octets = Vec::new();
        if lines.is_empty() {
            return octets;
        }
        if self.settings.verbose {
            octets.extend_from_slice(b"\r\n");
        }
        let sags = self.has(Quirk::VoltageInReplies).then_some("UNDER-VOLTAGE WARNNING");
        let stray = self.stray.as_deref().or(sags);
        for (place, line) in lines.iter().enumerate() {
            if let Some(stray) = stray.filter(|_| place + 1 == lines.len()) {
                octets.extend_from_slice(format!("{stray}\r\n").as_bytes());
            }
            octets.extend(self.spaced(line));
            octets.extend_from_slice(b"\r\n");
        }
        if self.has(Quirk::ChatterInReplies) {
            let line = self.config.chatter.first().map_or("^RSSI: 17", String::as_str);
            octets.extend_from_slice(format!("\r\n{line}\r\n").as_bytes());
        }
        octets
    }

    fn final_result(&self, words: &str, code: u8) -> Vec<u8> {
        match (self.settings.quiet || self.mangled == Mangled::NoFinal, self.settings.verbose) {
            (true, _) => Vec::new(),
            (false, true) => format!("\r\n{words}\r\n").into_bytes(),
            (false, false) if words.starts_with('+') => format!("{words}\r").into_bytes(),
            (false, false) => format!("{code}\r").into_bytes(),
        }
    }

    /// Returns a line as this model writes it.
    fn spaced(&self, line: &[u8]) -> Vec<u8> {
        let colon = line.windows(2).position(|pair| pair == b": ");
        match colon
            .filter(|_| self.has(Quirk::NoSpace))
            .and_then(|at| line.split_at_checked(at + 1))
        {
            Some((tag, rest)) => [tag, rest.trim_ascii_start()].concat(),
            None => line.to_vec(),
        }
    }

    /// Returns octets with the line ends of this model.
    fn on_the_wire(&self, octets: Vec<u8>) -> Vec<u8> {
        let end: &[u8] = match (self.has(Quirk::LineFeedOnly), self.has(Quirk::DoubledLineEnds)) {
            (true, _) => b"\n",
            (_, true) => b"\r\n\r\n",
            _ => return octets,
        };
        let mut written = Vec::with_capacity(octets.len() + 8);
        for octet in octets {
            match octet {
                b'\r' => {}
                b'\n' => written.extend_from_slice(end),
                other => written.push(other),
            }
        }
        written
    }

    /// Writes an unsolicited result code.
    pub(super) fn urc(&mut self, text: &str) {
        self.say(text.as_bytes());
    }

    /// Whether the next unsolicited result code does not reach the host.
    pub(super) fn loses_urcs(&mut self) -> bool {
        let elsewhere = self.has(Quirk::UrcsElsewhere) && !self.settings.urcs_here;
        matches!(self.power, Power::Booting { .. }) || elsewhere || self.faults.drops_urc()
    }

    /// Writes an unsolicited result code in octets, or keeps it while the host is writing a text or
    /// a call has the line.
    pub(super) fn say(&mut self, text: &[u8]) {
        if self.loses_urcs() {
            return;
        }
        let octets = self.on_the_wire([b"\r\n", &*self.spaced(text), b"\r\n"].concat());
        if self.input.is_text() || self.data_call.is_some() {
            self.output.hold(octets);
        } else {
            self.output.write(&octets);
        }
    }
}
