//! What goes wrong with a bank.

use serde::{Deserialize, Serialize};

use crate::domain::Random;

/// A fault, as scenarios and the control side name it. Counts are of switches: one for each radio
/// where radios fare differently, one for each command where the command does. What has no count
/// lasts until [`BankFault::Clear`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BankFault {
    /// Says that it has switched, and the card from before stays.
    Lie {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// A share of the switches are such lies; the bank's seed decides which.
    Lies {
        /// The number of switches that are lies,
        lies: u32,
        /// out of this number.
        of: u32,
    },
    /// Says that it has switched, and has taken another row.
    WrongRow {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// One radio keeps its card whatever is asked, and the bank says that it has switched.
    Stuck {
        /// Its column, from 0.
        radio: usize,
    },
    /// Commands are heard, but nothing is done and nothing said.
    Mute {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// Switches, but does not say so.
    NoAnswer {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// Switches at once, and says so late.
    Slow {
        /// The delay in milliseconds.
        delay_ms: u64,
        /// The number of switches that it happens to.
        times: u32,
    },
    /// Says at once that it has switched, and does so late: until then the card from before stays.
    Late {
        /// The delay in milliseconds.
        delay_ms: u64,
        /// The number of switches that it happens to.
        times: u32,
    },
    /// `ERROR`, and nothing is done.
    Refuse {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// Hears nothing any more.
    Dead,
    /// All is well again.
    Clear,
}

/// How a command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The bank answers `ERROR`.
    Refused,
    /// Not at all, nor is it obeyed.
    Mute,
    /// The bank carries the command out.
    Heard {
        /// Whether it is answered.
        told: bool,
        /// The delay in milliseconds.
        later_ms: u64,
    },
}

/// What becomes of a radio that is to be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The radio gets the card that was asked for.
    Done,
    /// It keeps what it has.
    Kept,
    /// It goes to a row that nobody asked for.
    OtherRow,
}

/// The faults of one bank that are on.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    lie: u32,
    lies: Option<(u32, u32)>,
    wrong_row: u32,
    stuck: Vec<usize>,
    mute: u32,
    no_answer: u32,
    slow: (u64, u32),
    late: (u64, u32),
    refuse: u32,
    dead: bool,
}

impl Faults {
    /// Those that are on from the start.
    pub fn new(seed: u64, faults: &[BankFault]) -> Self {
        let mut new = Self::none(Random::new(seed));
        faults.iter().for_each(|fault| new.add(fault));
        new
    }

    fn none(random: Random) -> Self {
        Self {
            random,
            lie: 0,
            lies: None,
            wrong_row: 0,
            stuck: Vec::new(),
            mute: 0,
            no_answer: 0,
            slow: (0, 0),
            late: (0, 0),
            refuse: 0,
            dead: false,
        }
    }

    /// Switches a fault on, or all of them off.
    pub fn add(&mut self, fault: &BankFault) {
        match fault {
            BankFault::Lie { times } => self.lie = *times,
            BankFault::Lies { lies, of } => self.lies = Some((*lies, *of)),
            BankFault::WrongRow { times } => self.wrong_row = *times,
            BankFault::Stuck { radio } => self.stuck.push(*radio),
            BankFault::Mute { times } => self.mute = *times,
            BankFault::NoAnswer { times } => self.no_answer = *times,
            BankFault::Slow { delay_ms, times } => self.slow = (*delay_ms, *times),
            BankFault::Late { delay_ms, times } => self.late = (*delay_ms, *times),
            BankFault::Refuse { times } => self.refuse = *times,
            BankFault::Dead => self.dead = true,
            BankFault::Clear => *self = Self::none(self.random.clone()),
        }
    }

    /// Whether it hears nothing.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// What becomes of the command at hand.
    pub fn answer(&mut self, never_told: bool) -> Answer {
        if take_one(&mut self.refuse) {
            return Answer::Refused;
        }
        if take_one(&mut self.mute) {
            return Answer::Mute;
        }
        let told = !take_one(&mut self.no_answer) && !never_told;
        Answer::Heard { told, later_ms: delay(&mut self.slow) }
    }

    /// How late the command at hand is obeyed.
    pub fn delay_ms(&mut self) -> u64 {
        delay(&mut self.late)
    }

    /// What becomes of one radio.
    pub fn fate(&mut self, radio: usize) -> Fate {
        let drawn =
            self.lies.is_some_and(|(lies, of)| self.random.below(u64::from(of)) < u64::from(lies));
        if self.stuck.contains(&radio) || take_one(&mut self.lie) || drawn {
            return Fate::Kept;
        }
        if take_one(&mut self.wrong_row) { Fate::OtherRow } else { Fate::Done }
    }

    /// One of them, whichever the seed says.
    pub fn one_of(&mut self, slots: &[usize]) -> Option<usize> {
        let place = self.random.below(slots.len() as u64);
        slots.get(usize::try_from(place).ok()?).copied()
    }
}

fn delay((delay_ms, times): &mut (u64, u32)) -> u64 {
    if take_one(times) { *delay_ms } else { 0 }
}

fn take_one(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}
