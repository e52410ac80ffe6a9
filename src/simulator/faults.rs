//! What goes wrong with a modem on request: for tests, and for whoever wants to see how a host takes it.

use serde::{Deserialize, Serialize};

use super::modem::command::Command;
use super::modem::reply::{Failure, Outcome, Reply};
use super::modem::{Modem, Now};

/// A fault, as scenarios and the control side name it. Counts are of commands or lines; each fault ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The next commands are not answered at all.
    Silence {
        /// How many.
        commands: u32,
    },
    /// The next commands are carried out at once and answered late.
    Slow {
        /// How late.
        delay_ms: u64,
        /// How many.
        commands: u32,
    },
    /// Commands that begin so are answered `ERROR`.
    Refuse {
        /// What follows `AT`: `+CMGR`, `+CNMI=2,1`.
        command: String,
        /// How often.
        times: u32,
    },
    /// The next unasked result codes are lost; messages are stored all the same.
    DropUrcs {
        /// How many.
        count: u32,
    },
    /// Octets on the line, now.
    Garbage {
        /// In hexadecimal digits.
        octets: String,
    },
    /// The modem starts anew by itself.
    Reboot,
    /// The port disappears, as when a stick is pulled.
    PortGone {
        /// When it comes back; without it, at [`Fault::PortBack`].
        back_after_ms: Option<u64>,
    },
    /// The port comes back; the modem has started anew.
    PortBack,
    /// The SIM card is pulled out and put into the drawer.
    SimOut,
    /// A card is put in, from the drawer or out of another modem; a card that is in the way goes into the drawer.
    SimIn {
        /// Which one.
        iccid: String,
    },
    /// No network for this modem.
    CoverageLost,
    /// The network is there again.
    CoverageBack,
    /// Ends all faults of this modem that are still on.
    Clear,
}

/// The faults of one modem that are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    silent: u32,
    slow: Option<(u64, u32)>,
    refused: Vec<(String, u32)>,
    dropped: u32,
}

impl Faults {
    /// Switches a lasting fault on, or all of them off; `false` for the faults that happen at once, somewhere else.
    pub fn add(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Silence { commands } => self.silent = *commands,
            Fault::Slow { delay_ms, commands } => self.slow = Some((*delay_ms, *commands)),
            Fault::Refuse { command, times } => self.refused.push((command.to_ascii_uppercase(), *times)),
            Fault::DropUrcs { count } => self.dropped = *count,
            Fault::Clear => *self = Self::default(),
            _ => return false,
        }
        true
    }

    /// Whether the next unasked result code is lost.
    pub fn drops_urc(&mut self) -> bool {
        take_one(&mut self.dropped)
    }

    fn delay_ms(&mut self) -> Option<u64> {
        let (delay_ms, commands) = self.slow.as_mut()?;
        take_one(commands).then_some(*delay_ms)
    }

    fn refuses(&mut self, shown: &str) -> bool {
        let refused =
            self.refused.iter_mut().find(|(command, times)| *times > 0 && shown.starts_with(command.as_str()));
        refused.is_some_and(|(_, times)| take_one(times))
    }
}

fn take_one(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

/// The first link of the chain.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let faults = modem.faults_mut();
    if take_one(&mut faults.silent) {
        return Some(Ok(Reply::Silence));
    }
    if faults.refuses(&command.shown().to_ascii_uppercase()) {
        return Some(Err(Failure::Error));
    }
    if let Some(delay_ms) = faults.delay_ms() {
        modem.delay_reply(delay_ms);
    }
    None
}
