//! A serial SIM bank as a state machine: octets and time go in; octets, and changes of the
//! connections between cards and radios, come out.
//!
//! Its control port has the protocol of a family of banks whose documentation is scattered: a page
//! of commands from dealers, and published programs. A command ends with a carriage return, and a
//! reply is one line:
//!
//! | command | what it does | reply |
//! | --- | --- | --- |
//! | `AT` | nothing | `OK` |
//! | `AT+CWSIM` | is it ready? | `CWSIM OK` (some: `SWSIM OK`) |
//! | `AT+NEXT00` | every radio to its first row | `SWSIM OK` |
//! | `AT+SWITcc-rrrr` | radio `cc` (from 01; 00: all) to row `rrrr` (0000: none) | `SWITCH OK` |
//!
//! Both numbers have leading zeros. Rows count from 1. A row beyond the last stands for the last.
//! The documentation does not say how other commands are answered; here they are answered `ERROR`.
//! There is one bus behind the port: a command that arrives too soon after the one before, or
//! during a switch, is lost without a reply. A switch disconnects the card at once, and connects
//! the other one when it is over; the reply only means that the command was received.

pub mod faults;
mod plan;
mod report;
mod wiring;

use faults::{Answer, Fate, Faults};
pub use plan::{BankConfig, BankPlan};
pub use report::{BankCard, BankRadio, BankStats, ModuleCard};
pub use wiring::Wiring;

/// The length of the longest line in octets; a longer one is noise.
const LINE_LIMIT: usize = 64;

/// A change of the connections, for the owner of the radios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The radio loses the card that it has.
    Cut {
        /// Its column, from 0.
        radio: usize,
    },
    /// The radio gets what is in the slot.
    Join {
        /// Its column, from 0.
        radio: usize,
        /// The slot, counted from 0.
        slot: usize,
    },
}

/// What the bank has received and done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of command lines.
    pub commands: u64,
    /// The number of commands that were lost because the bus was not free.
    pub too_soon: u64,
    /// The number of switches that were requested, one for each radio.
    pub asked: u64,
    /// The number of switches that were carried out.
    pub done: u64,
    /// The number of switches that were not carried out or went to another row, without being
    /// refused.
    pub lied: u64,
}

/// A simulated SIM bank.
#[derive(Debug)]
pub struct Bank {
    config: BankConfig,
    /// Which cards are where.
    pub wiring: Wiring,
    line: Vec<u8>,
    replies: Vec<(u64, Vec<u8>)>,
    acts: Vec<(u64, Act)>,
    faults: Faults,
    heard_ms: Option<u64>,
    busy_until_ms: u64,
    counts: Counts,
}

/// What a command asks for.
enum Order {
    /// `AT` alone, which only asks whether the bank is there.
    Nothing,
    /// The bank is asked whether it is ready.
    Ready,
    /// All radios go to the first row.
    Reset,
    /// Radios go to a row, which is counted from 1; 0 stands for no row.
    Switch { radios: Vec<usize>, row: usize },
}

impl Bank {
    /// Makes a bank that has been on for a while.
    pub fn new(config: BankConfig, wiring: Wiring) -> Self {
        let faults = Faults::new(config.seed, &config.faults);
        Self {
            config,
            wiring,
            line: Vec::new(),
            replies: Vec::new(),
            acts: Vec::new(),
            faults,
            heard_ms: None,
            busy_until_ms: 0,
            counts: Counts::default(),
        }
    }

    /// The configuration with which the bank was made.
    pub fn config(&self) -> &BankConfig {
        &self.config
    }

    /// What the bank has received and done.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The faults of the bank that are active.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// Takes octets from the host.
    pub fn receive(&mut self, octets: &[u8], now_ms: u64) {
        for octet in octets {
            match octet {
                b'\r' | b'\n' => {
                    let line = std::mem::take(&mut self.line);
                    self.on_line(&String::from_utf8_lossy(&line), now_ms);
                }
                _ if self.line.len() < LINE_LIMIT => self.line.push(*octet),
                _ => {}
            }
        }
    }

    fn on_line(&mut self, line: &str, now_ms: u64) {
        let line = line.trim().to_ascii_uppercase();
        let Some(command) = line.strip_prefix("AT") else { return };
        self.counts.commands += 1;
        if self.faults.is_dead() {
            return;
        }
        let free_ms = self
            .heard_ms
            .map_or(0, |heard_ms| heard_ms + self.config.bus_ms)
            .max(self.busy_until_ms);
        if now_ms < free_ms {
            self.counts.too_soon += 1;
            return;
        }
        self.heard_ms = Some(now_ms);
        match self.order(command) {
            None => self.reply("ERROR", now_ms),
            Some(Order::Nothing) => self.reply("OK", now_ms),
            Some(Order::Ready) => self.reply(&self.config.ready.clone(), now_ms),
            Some(Order::Reset) => {
                self.switch(&(0..self.wiring.radios()).collect::<Vec<_>>(), 1, "SWSIM OK", now_ms)
            }
            Some(Order::Switch { radios, row }) => self.switch(&radios, row, "SWITCH OK", now_ms),
        }
    }

    /// Parses a command; `None` for one that this bank does not know.
    fn order(&self, command: &str) -> Option<Order> {
        match command {
            "" => return Some(Order::Nothing),
            "+CWSIM" => return Some(Order::Ready),
            "+NEXT00" => return Some(Order::Reset),
            _ => {}
        }
        let (column, row) = command.strip_prefix("+SWIT")?.split_once('-')?;
        let digits = |text: &str, count: usize| -> Option<usize> {
            let all = text.len() == count && text.bytes().all(|octet| octet.is_ascii_digit());
            all.then(|| text.parse().ok()).flatten()
        };
        let (column, row) = (digits(column, 2)?, digits(row, 4)?);
        let radios = match column {
            0 => (0..self.wiring.radios()).collect(),
            _ if column <= self.wiring.radios() => vec![column - 1],
            _ => return None,
        };
        Some(Order::Switch { radios, row: row.min(self.wiring.rows()) })
    }

    fn switch(&mut self, radios: &[usize], row: usize, words: &str, now_ms: u64) {
        self.counts.asked += radios.len() as u64;
        let answer = self.faults.answer(self.config.no_answer);
        match answer {
            Answer::Refused => return self.reply("ERROR", now_ms),
            Answer::Mute => {
                self.counts.lied += radios.len() as u64;
                return;
            }
            Answer::Heard { told, later_ms } => {
                if told {
                    self.reply(words, now_ms + later_ms);
                }
            }
        }
        let from_ms = now_ms + self.faults.delay_ms();
        self.busy_until_ms = now_ms + self.config.switch_ms;
        // When all radios of a matrix are to have the same row, the first one gets it.
        let radios = if self.wiring.is_shared() && row > 0 {
            radios.get(..1).unwrap_or_default()
        } else {
            radios
        };
        for radio in radios {
            self.move_radio(*radio, row, from_ms);
        }
    }

    fn move_radio(&mut self, radio: usize, row: usize, from_ms: u64) {
        let wanted = row.checked_sub(1).map(|row| self.wiring.slot(radio, row));
        let slot = match self.faults.fate(radio) {
            Fate::Kept => {
                self.counts.lied += 1;
                return;
            }
            Fate::OtherRow => {
                self.counts.lied += 1;
                let others = self.wiring.other_slots(radio, wanted);
                self.faults.one_of(&others).or(wanted)
            }
            Fate::Done => {
                self.counts.done += 1;
                wanted
            }
        };
        // Changes of this radio that are still to come are cancelled, and so is the connection of
        // this slot with another radio.
        self.acts.retain(|(_, act)| match act {
            Act::Cut { radio: cut } => *cut != radio,
            Act::Join { radio: joined, slot: other } => *joined != radio && Some(*other) != slot,
        });
        self.acts.push((from_ms, Act::Cut { radio }));
        if let Some(slot) = slot {
            let holder = self.wiring.radio_of(slot).filter(|holder| *holder != radio);
            self.acts.extend(holder.map(|holder| (from_ms, Act::Cut { radio: holder })));
            self.acts.push((from_ms + self.config.switch_ms, Act::Join { radio, slot }));
        }
        self.acts.sort_by_key(|(at_ms, _)| *at_ms);
    }

    fn reply(&mut self, words: &str, now_ms: u64) {
        self.replies
            .push((now_ms + self.config.answer_ms, format!("\r\n{words}\r\n").into_bytes()));
    }

    /// Takes the next change of the connections that is due.
    pub fn next_act(&mut self, now_ms: u64) -> Option<Act> {
        let due = self.acts.first().is_some_and(|(at_ms, _)| *at_ms <= now_ms);
        due.then(|| self.acts.remove(0).1)
    }

    /// Takes the octets that are to be written to the host now.
    pub fn take_output(&mut self, now_ms: u64) -> Vec<u8> {
        let (due, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.replies).into_iter().partition(|(at_ms, _)| *at_ms <= now_ms);
        self.replies = later;
        due.into_iter().flat_map(|(_, octets)| octets).collect()
    }

    /// When there is something to do again, in milliseconds of the same clock.
    pub fn next_due_ms(&self) -> Option<u64> {
        let replies = self.replies.iter().map(|(at_ms, _)| *at_ms);
        self.acts.iter().map(|(at_ms, _)| *at_ms).chain(replies).min()
    }
}

#[cfg(test)]
mod tests;
