//! The reply to a command: lines, and then a final result code.

/// One line of a reply, without its line end. It has octets, because texts in the GSM alphabet are
/// not UTF-8.
pub type Line = Vec<u8>;

/// How a command succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// These lines, then `OK`.
    Lines(Vec<Line>),
    /// The prompt `> `, after which the host sends a text that it ends by Ctrl-Z or cancels by
    /// Escape.
    Prompt(Prompt),
    /// The modem does not answer.
    Silence,
    /// `OK`, after which the modem restarts.
    Reboot,
}

/// What the text after a prompt is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// `AT+CMGS=<length>` in PDU mode: that many octets of TPDU are to come as hexadecimal digits.
    SendPdu {
        /// Octets without the service centre's address.
        length: usize,
    },
    /// `AT+CMGS=<da>` in text mode.
    SendText {
        /// The destination as it was written.
        to: String,
    },
}

/// How a command failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// `ERROR`: the command is unknown, or a value is out of range.
    Error,
    /// `+CME ERROR` (TS 27.007 clause 9.2).
    Cme(u16),
    /// `+CMS ERROR` (TS 27.005 clause 3.2.5).
    Cms(u16),
    /// `NO CARRIER`: a call found nobody.
    NoCarrier,
}

/// The answer of one command.
pub type Outcome = Result<Reply, Failure>;

/// The reply that is `OK` alone.
pub fn ok() -> Outcome {
    Ok(Reply::Lines(Vec::new()))
}

/// One line and `OK`.
pub fn line(text: impl Into<String>) -> Outcome {
    Ok(Reply::Lines(vec![text.into().into_bytes()]))
}

/// `OK` when the value was acceptable, else `ERROR`.
pub fn accepted(yes: bool) -> Outcome {
    if yes { ok() } else { Err(Failure::Error) }
}

/// The failures that the simulator gives, with the words of `AT+CMEE=2`.
const CME: &[(u16, &str)] = &[
    (3, "operation not allowed"),
    (4, "operation not supported"),
    (10, "SIM not inserted"),
    (11, "SIM PIN required"),
    (12, "SIM PUK required"),
    (13, "SIM failure"),
    (14, "SIM busy"),
    (16, "incorrect password"),
    (21, "invalid index"),
    (22, "not found"),
    (23, "memory failure"),
    (30, "no network service"),
    (50, "incorrect parameters"),
    (100, "unknown"),
];

impl Failure {
    /// The final result code's text at an `AT+CMEE` level. `+CMS ERROR` keeps its number at every
    /// level: 27.005 has no words for it.
    pub fn shown(self, cmee: usize) -> String {
        match (self, cmee) {
            (Failure::NoCarrier, _) => "NO CARRIER".to_owned(),
            (Failure::Cms(code), _) => format!("+CMS ERROR: {code}"),
            (Failure::Error, _) | (Failure::Cme(_), 0) => "ERROR".to_owned(),
            (Failure::Cme(code), 1) => format!("+CME ERROR: {code}"),
            (Failure::Cme(code), _) => {
                let words = CME
                    .iter()
                    .find(|(known, _)| *known == code)
                    .map_or("unknown", |(_, words)| words);
                format!("+CME ERROR: {words}")
            }
        }
    }

    /// The final result code as a number, for `ATV0`.
    pub fn code(self) -> u8 {
        if self == Failure::NoCarrier { 3 } else { 4 }
    }
}

/// Why the SIM cannot be used, for either kind of command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimFault {
    /// No card is in the modem.
    NotInserted,
    /// The card requires its PIN.
    PinRequired,
    /// The card requires its PUK.
    PukRequired,
    /// The card is unusable, or the modem has switched it off.
    Failure,
}

impl SimFault {
    /// The failure as `+CME ERROR` reports it.
    pub fn cme(self) -> Failure {
        Failure::Cme(match self {
            SimFault::NotInserted => 10,
            SimFault::PinRequired => 11,
            SimFault::PukRequired => 12,
            SimFault::Failure => 13,
        })
    }

    /// The failure as `+CMS ERROR` reports it.
    pub fn cms(self) -> Failure {
        Failure::Cms(match self {
            SimFault::NotInserted => 310,
            SimFault::PinRequired => 311,
            SimFault::PukRequired => 316,
            SimFault::Failure => 313,
        })
    }
}
