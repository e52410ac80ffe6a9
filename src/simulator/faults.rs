//! What goes wrong with a modem on request: for tests, and for whoever wants to see how a host
//! takes it.

use serde::{Deserialize, Serialize};

use super::modem::command::Command;
use super::modem::reply::{Failure, Outcome, Reply};
use super::modem::{Modem, Now};
use super::quirks::Quirk;

/// A fault, as scenarios and the control side name it. Counts are of commands or lines; each fault
/// ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The next commands are not answered at all.
    Silence {
        /// The number of commands that it lasts for.
        commands: u32,
    },
    /// The next commands are carried out at once and answered late. What the host sends meanwhile
    /// waits: a modem carries out one command line after the other.
    Slow {
        /// The delay of each answer in milliseconds.
        delay_ms: u64,
        /// The number of commands that it lasts for.
        commands: u32,
    },
    /// Commands that begin so are answered `ERROR`.
    Refuse {
        /// What follows `AT`: `+CMGR`, `+CNMI=2,1`.
        command: String,
        /// The number of times that it happens.
        times: u32,
    },
    /// The next unasked result codes are lost; messages are stored all the same.
    DropUrcs {
        /// The number of URCs that are lost.
        count: u32,
    },
    /// Replies to commands that begin so lack their final result.
    NoFinal {
        /// What follows `AT` in the command.
        command: String,
        /// The number of times that it happens.
        times: u32,
    },
    /// Replies to commands that begin so break off.
    Cut {
        /// What follows `AT` in the command.
        command: String,
        /// The number of times that it happens.
        times: u32,
        /// So many octets of a reply arrive.
        octets: usize,
    },
    /// A line that nobody asked for, again and again.
    Flood {
        /// The line, without its end.
        line: String,
        /// From one to the next; at least 1.
        every_ms: u64,
        /// How long it lasts, in milliseconds.
        for_ms: u64,
    },
    /// The next messages arrive twice: the network did not hear that they had arrived.
    Duplicate {
        /// The number of messages that arrive twice.
        messages: u32,
    },
    /// `<mt>` and `<ds>` of `AT+CNMI` become 0, as after a `+CMT` that nobody acknowledged.
    Deaf,
    /// The module says that it uses another card slot, and does not.
    SlotLie {
        /// The number of times that it happens.
        times: u32,
    },
    /// The echo is on again.
    Echo,
    /// The modem forgets its settings and says nothing of it.
    SettingsLost,
    /// The modem has a quirk from now on, until [`Fault::Clear`].
    Habit {
        /// The quirk.
        quirk: Quirk,
    },
    /// Octets on the line, now.
    Garbage {
        /// The octets in hexadecimal digits.
        octets: String,
    },
    /// The modem starts anew by itself.
    Reboot,
    /// The port disappears, as when a stick is pulled.
    PortGone {
        /// When it comes back; without it, at [`Fault::PortBack`].
        back_after_ms: Option<u64>,
    },
    /// The port disappears and comes back under another name in the same folder.
    PortMoved {
        /// When it comes back, in milliseconds.
        back_after_ms: u64,
        /// The name of the link.
        name: String,
    },
    /// The port comes back; the modem has started anew.
    PortBack,
    /// The SIM card is pulled out and put into the drawer.
    SimOut,
    /// A card is put in, from the drawer or out of another modem; a card that is in the way goes
    /// into the drawer.
    SimIn {
        /// The ICCID of the card.
        iccid: String,
    },
    /// The card asks its PIN from now on.
    SimLocked {
        /// The PIN that the card asks for.
        pin: String,
    },
    /// Three wrong PINs were entered somewhere: the card asks its PUK.
    SimBlocked,
    /// The card asks nothing any more.
    SimUnlocked,
    /// The network refuses this modem; until [`Fault::CoverageBack`].
    Denied,
    /// No network for this modem.
    CoverageLost,
    /// The network is there again.
    CoverageBack,
    /// Ends all faults of this modem that are still on.
    Clear,
}

/// What the network does with a card, wherever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardFault {
    /// The network refuses the card.
    Denied,
    /// The network accepts the card.
    Accepted,
}

/// The faults of one modem that are on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    silent: u32,
    slow: Option<(u64, u32)>,
    refused: Vec<Counted>,
    without_final: Vec<Counted>,
    cut: Vec<(Counted, usize)>,
    dropped: u32,
    doubled: u32,
    slot_lies: u32,
    quirks: Vec<Quirk>,
}

/// A command's beginning, and how often something still happens to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Counted {
    command: String,
    times: u32,
}

impl Counted {
    fn new(command: &str, times: u32) -> Self {
        Self { command: command.to_ascii_uppercase(), times }
    }

    fn takes(&mut self, shown: &str) -> bool {
        shown.starts_with(self.command.as_str()) && take_one(&mut self.times)
    }
}

impl Faults {
    /// Switches a lasting fault on, or all of them off; `false` for the faults that happen at once,
    /// somewhere else.
    pub fn add(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Silence { commands } => self.silent = *commands,
            Fault::Slow { delay_ms, commands } => self.slow = Some((*delay_ms, *commands)),
            Fault::Refuse { command, times } => self.refused.push(Counted::new(command, *times)),
            Fault::NoFinal { command, times } => {
                self.without_final.push(Counted::new(command, *times))
            }
            Fault::Cut { command, times, octets } => {
                self.cut.push((Counted::new(command, *times), *octets))
            }
            Fault::DropUrcs { count } => self.dropped = *count,
            Fault::Duplicate { messages } => self.doubled = *messages,
            Fault::SlotLie { times } => self.slot_lies = *times,
            Fault::Habit { quirk } => self.quirks.push(*quirk),
            Fault::Clear => *self = Self::default(),
            _ => return false,
        }
        self.forget_what_is_over();
        true
    }

    fn forget_what_is_over(&mut self) {
        self.refused.retain(|counted| counted.times > 0);
        self.without_final.retain(|counted| counted.times > 0);
        self.cut.retain(|(counted, _)| counted.times > 0);
    }

    /// Whether the next unasked result code is lost.
    pub fn drops_urc(&mut self) -> bool {
        take_one(&mut self.dropped)
    }

    /// Whether the next message arrives twice.
    pub fn doubles(&mut self) -> bool {
        take_one(&mut self.doubled)
    }

    /// Whether the next choice of a card slot has no effect.
    pub fn lies_about_slot(&mut self) -> bool {
        take_one(&mut self.slot_lies)
    }

    /// Whether a fault has given the modem this quirk.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    fn delay_ms(&mut self) -> Option<u64> {
        let (delay_ms, commands) = self.slow.as_mut()?;
        take_one(commands).then_some(*delay_ms)
    }

    fn mangle(&mut self, shown: &str) -> Mangled {
        if self.without_final.iter_mut().any(|counted| counted.takes(shown)) {
            return Mangled::NoFinal;
        }
        let cut = self
            .cut
            .iter_mut()
            .find_map(|(counted, octets)| counted.takes(shown).then_some(*octets));
        cut.map_or(Mangled::Not, Mangled::Cut)
    }
}

/// What becomes of the reply at hand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mangled {
    /// The reply is sent whole.
    #[default]
    Not,
    /// It has no final result.
    NoFinal,
    /// It has so many octets and no more.
    Cut(usize),
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
    let shown = command.shown().to_ascii_uppercase();
    if faults.refused.iter_mut().any(|counted| counted.takes(&shown)) {
        return Some(Err(Failure::Error));
    }
    let mangled = faults.mangle(&shown);
    let delay_ms = faults.delay_ms();
    modem.mangle_reply(mangled);
    if let Some(delay_ms) = delay_ms {
        modem.delay_reply(delay_ms);
    }
    None
}
