//! Faults of a modem that can be caused on request, for tests and for trying out how a host copes
//! with them.

use serde::{Deserialize, Serialize};

use super::modem::command::Command;
use super::modem::reply::{Failure, Outcome, Reply};
use super::modem::{Modem, Now};
use super::quirks::Quirk;
use crate::domain::Random;

/// A fault, under the name that scenarios and the control socket use. Faults with a count of
/// commands or lines end by themselves.
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
    /// Commands with this beginning are answered by `ERROR`.
    Refuse {
        /// What follows `AT`: `+CMGR`, `+CNMI=2,1`.
        command: String,
        /// The number of times that it happens.
        times: u32,
    },
    /// Commands that need the card or its messages are refused as busy.
    Busy {
        /// The number behind `+CME ERROR`: 14, or 515 on Wavecom's modems.
        code: u16,
        /// The number of times that it happens.
        times: u32,
    },
    /// This share of all commands is answered by `ERROR`, until [`Fault::Clear`].
    RefuseShare {
        /// How many of a hundred commands.
        percent: u8,
        /// Decides which commands they are.
        seed: u64,
    },
    /// A line that belongs to nothing stands before the last line of replies to commands with this
    /// beginning.
    StrayLine {
        /// The line, without its end.
        line: String,
        /// What follows `AT` in the command.
        command: String,
        /// The number of times that it happens.
        times: u32,
    },
    /// The next unsolicited result codes are lost; messages are stored nevertheless.
    DropUrcs {
        /// The number of URCs that are lost.
        count: u32,
    },
    /// Replies to commands with this beginning lack their final result.
    NoFinal {
        /// What follows `AT` in the command.
        command: String,
        /// The number of times that it happens.
        times: u32,
    },
    /// Replies to commands with this beginning break off.
    Cut {
        /// What follows `AT` in the command.
        command: String,
        /// The number of times that it happens.
        times: u32,
        /// The number of octets of a reply that arrive.
        octets: usize,
    },
    /// The modem sends an unsolicited line again and again.
    Flood {
        /// The line, without its end.
        line: String,
        /// The time from one line to the next in milliseconds, at least 1.
        every_ms: u64,
        /// How long it lasts, in milliseconds.
        for_ms: u64,
    },
    /// The next messages arrive twice, as when the network does not learn that they have arrived.
    Duplicate {
        /// The number of messages that arrive twice.
        messages: u32,
    },
    /// The next messages arrive twice, the second time with other bits of the delivery: whether
    /// more wait, the reply path, a status report, and that they were forwarded.
    Redeliver {
        /// The number of messages that arrive twice.
        messages: u32,
    },
    /// `<mt>` and `<ds>` of `AT+CNMI` become 0, as after a `+CMT` that was not acknowledged.
    Deaf,
    /// The module reports that it uses another card slot, but does not.
    SlotLie {
        /// The number of times that it happens.
        times: u32,
    },
    /// The modem switches the echo on again.
    Echo,
    /// The modem forgets its settings without announcing it.
    SettingsLost,
    /// Another program has the modem show messages in text mode, in this character set
    /// (`AT+CMGF=1`, `AT+CSCS`).
    TextMode {
        /// A name as `AT+CSCS` takes it.
        charset: String,
        /// Whether it also has them sent inside their URCs, status reports too
        /// (`AT+CNMI=2,2,0,1`).
        #[serde(default)]
        direct: bool,
    },
    /// The modem has a quirk from now on, until [`Fault::Clear`].
    Habit {
        /// The quirk that the modem gets.
        quirk: Quirk,
    },
    /// The modem is in a state in which another program has left it.
    Leftover {
        /// The state.
        state: Leftover,
    },
    /// The modem sends these octets at once.
    Garbage {
        /// The octets in hexadecimal digits.
        octets: String,
    },
    /// The modem restarts by itself.
    Reboot,
    /// The port disappears, as when a stick is pulled.
    PortGone {
        /// When the port comes back, in milliseconds; without it, at [`Fault::PortBack`].
        back_after_ms: Option<u64>,
    },
    /// The port disappears and comes back under another name in the same folder.
    PortMoved {
        /// When the port comes back, in milliseconds.
        back_after_ms: u64,
        /// The name of the link.
        name: String,
    },
    /// The port comes back, and the modem has restarted.
    PortBack,
    /// The SIM card is pulled out and put into the drawer.
    SimOut,
    /// A card from the drawer or from another modem is put in. If there is a card already, that is
    /// put into the drawer.
    SimIn {
        /// The ICCID of the card.
        iccid: String,
    },
    /// The card requires its PIN from now on.
    SimLocked {
        /// The PIN that the card requires.
        pin: String,
    },
    /// The card requires its PUK, as after three wrong PINs.
    SimBlocked,
    /// The card requires neither PIN nor PUK any more.
    SimUnlocked,
    /// The network refuses this modem until [`Fault::CoverageBack`].
    Denied,
    /// The modem has no network coverage.
    CoverageLost,
    /// The modem has network coverage again, is accepted, and is on the network if another program
    /// had taken it off.
    CoverageBack,
    /// All faults of this modem end.
    Clear,
}

/// A state in which a program may leave a modem for the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Leftover {
    /// Final results are numbers (`ATV0`), also after a restart.
    Digits,
    /// There are no final results (`ATQ1`), and they would be numbers; also after a restart.
    Silence,
    /// Strings are UCS-2 in hexadecimal (`AT+CSCS="UCS2"`), also after a restart.
    Ucs2,
    /// The modem was taken off the network (`AT+COPS=2`).
    OffNetwork,
    /// The modem sleeps when the line has been idle for five seconds, and loses the octets that
    /// wake it (`AT+CSCLK=2` of SIMCom); also after a restart.
    Sleep,
    /// A call has the line: what the host sends is data until `+++` stands alone.
    DataMode,
    /// The modem waits for the text of a message.
    Prompt,
    /// The beginning of a command is in the modem's line.
    HalfCommand,
}

/// How the network treats a card, wherever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CardFault {
    /// The network refuses the card.
    Denied,
    /// The network accepts the card.
    Accepted,
}

/// The active faults of one modem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    silent: u32,
    slow: Option<(u64, u32)>,
    refused: Vec<Counted>,
    busy: Option<(u16, u32)>,
    refused_percent: u8,
    /// The number of the command that came last while a share of them is refused. It does not
    /// begin with 1, so that not each modem has the same commands refused.
    commands: u64,
    stray: Vec<(Counted, String)>,
    without_final: Vec<Counted>,
    cut: Vec<(Counted, usize)>,
    dropped: u32,
    doubled: u32,
    redelivered: u32,
    slot_lies: u32,
    quirks: Vec<Quirk>,
}

/// The beginning of a command, and how many more times its fault happens.
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
    /// Starts a lasting fault, or ends all of them. Returns `false` for faults that happen at once
    /// and are handled elsewhere.
    pub fn add(&mut self, fault: &Fault) -> bool {
        match fault {
            Fault::Silence { commands } => self.silent = *commands,
            Fault::Slow { delay_ms, commands } => self.slow = Some((*delay_ms, *commands)),
            Fault::Refuse { command, times } => self.refused.push(Counted::new(command, *times)),
            Fault::Busy { code, times } => self.busy = Some((*code, *times)),
            Fault::RefuseShare { percent, seed } => {
                (self.refused_percent, self.commands) = (*percent, *seed << 32);
            }
            Fault::StrayLine { line, command, times } => {
                self.stray.push((Counted::new(command, *times), line.clone()))
            }
            Fault::NoFinal { command, times } => {
                self.without_final.push(Counted::new(command, *times))
            }
            Fault::Cut { command, times, octets } => {
                self.cut.push((Counted::new(command, *times), *octets))
            }
            Fault::DropUrcs { count } => self.dropped = *count,
            Fault::Duplicate { messages } => self.doubled = *messages,
            Fault::Redeliver { messages } => self.redelivered = *messages,
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
        self.stray.retain(|(counted, _)| counted.times > 0);
    }

    /// Whether the next command is one of the share that is refused. Which ones they are looks
    /// random, and is the same in each run.
    fn refuses_by_share(&mut self) -> bool {
        if self.refused_percent == 0 {
            return false;
        }
        self.commands += 1;
        Random::new(self.commands).below(100) < u64::from(self.refused_percent)
    }

    fn stray_line(&mut self, shown: &str) -> Option<String> {
        let lines = self.stray.iter_mut();
        let mut taken = lines.filter_map(|(counted, line)| counted.takes(shown).then_some(line));
        taken.next().cloned()
    }

    /// Whether the next unsolicited result code is lost.
    pub fn drops_urc(&mut self) -> bool {
        take_one(&mut self.dropped)
    }

    /// Whether the next message arrives twice.
    pub fn doubles(&mut self) -> bool {
        take_one(&mut self.doubled)
    }

    /// Whether the next message arrives once more with other bits of the delivery.
    pub fn redelivers(&mut self) -> bool {
        take_one(&mut self.redelivered)
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

    /// The error of a busy card, if this command needs the card.
    fn busy_code(&mut self, name: &str) -> Option<u16> {
        let (code, times) = self.busy.as_mut().filter(|_| CARD_COMMANDS.contains(&name))?;
        take_one(times).then_some(*code)
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

/// The commands that a busy card refuses.
const CARD_COMMANDS: [&str; 16] = [
    "+CPIN", "+CPINR", "+CIMI", "+CNUM", "+CPBS", "+CPBR", "+CRSM", "+CPMS", "+CMGL", "+CMGR",
    "+CMGD", "+CCID", "+QCCID", "+ICCID", "^ICCID", "#CCID",
];

/// What a fault does to a reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mangled {
    /// The reply is sent whole.
    #[default]
    Not,
    /// It has no final result.
    NoFinal,
    /// It breaks off after this many octets.
    Cut(usize),
}

fn take_one(left: &mut u32) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

/// Answers commands that a fault affects, before anything else does.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    let faults = modem.faults_mut();
    if take_one(&mut faults.silent) {
        return Some(Ok(Reply::Silence));
    }
    let shown = command.shown().to_ascii_uppercase();
    if faults.refuses_by_share() || faults.refused.iter_mut().any(|counted| counted.takes(&shown)) {
        return Some(Err(Failure::Error));
    }
    if let Some(code) = faults.busy_code(&command.name) {
        return Some(Err(Failure::Cme(code)));
    }
    let mangled = faults.mangle(&shown);
    let delay_ms = faults.delay_ms();
    let stray = faults.stray_line(&shown);
    modem.mangle_reply(mangled);
    modem.add_stray_line(stray);
    if let Some(delay_ms) = delay_ms {
        modem.delay_reply(delay_ms);
    }
    None
}
