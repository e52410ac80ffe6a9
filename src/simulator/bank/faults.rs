//! Faults of a bank that can be caused on request.

use serde::{Deserialize, Serialize};

use crate::domain::Random;

/// A fault, under the name that scenarios and the control socket use. Counts are of switches: one
/// for each radio if the fault affects single radios, or one for each command if it affects the
/// command. A fault without a count lasts until [`BankFault::Clear`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BankFault {
    /// The bank reports that it has switched, but the previous card stays.
    Lie {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// Some of the switches are such lies. The bank's seed decides which.
    Lies {
        /// The number of switches that are lies,
        lies: u32,
        /// out of this number.
        of: u32,
    },
    /// The bank reports that it has switched, but has connected another row.
    WrongRow {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// One radio always keeps its card, while the bank reports that it has switched.
    Stuck {
        /// Its column, from 0.
        radio: usize,
    },
    /// Commands are received, but not carried out and not answered.
    Mute {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// The bank switches, but does not answer.
    NoAnswer {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// The bank switches at once, but answers late.
    Slow {
        /// The delay in milliseconds.
        delay_ms: u64,
        /// The number of switches that it happens to.
        times: u32,
    },
    /// The bank answers at once that it has switched, but switches late: until then the previous
    /// card stays.
    Late {
        /// The delay in milliseconds.
        delay_ms: u64,
        /// The number of switches that it happens to.
        times: u32,
    },
    /// The bank answers `ERROR` and does nothing.
    Refuse {
        /// The number of switches that it happens to.
        times: u32,
    },
    /// The bank receives nothing any more.
    Dead,
    /// All faults of the bank end.
    Clear,
}

/// How a command is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The bank answers `ERROR`.
    Refused,
    /// The bank neither answers nor carries out the command.
    Mute,
    /// The bank carries the command out.
    Heard {
        /// Whether the command is answered.
        told: bool,
        /// The delay in milliseconds.
        later_ms: u64,
    },
}

/// What happens to a radio that is to be switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The radio gets the card that was asked for.
    Done,
    /// The radio keeps its card.
    Kept,
    /// The radio is connected with another row.
    OtherRow,
}

/// The active faults of one bank.
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
    /// Starts with these faults.
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

    /// Starts a fault, or ends all of them.
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

    /// Whether the bank receives nothing.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Decides how the current command is answered.
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

    /// The delay with which the current command is carried out, in milliseconds.
    pub fn delay_ms(&mut self) -> u64 {
        delay(&mut self.late)
    }

    /// Decides what happens to one radio.
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
