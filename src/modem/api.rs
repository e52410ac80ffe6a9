//! What the session tells the world: who the modem is, which card is in it, what it is doing, what
//! it received.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::pin::Pin;
use super::profile::Catalogue;
pub use crate::at::{FinalResult, Registration};

/// A modem. It is its IMEI (never the port it happens to be on), which is read and never written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// 14 to 17 digits as `AT+CGSN` gave them.
    pub imei: String,
    /// `AT+CGMI`; `unknown` when the modem does not tell.
    pub manufacturer: String,
    /// `AT+CGMM`; `unknown` when the modem does not tell.
    pub model: String,
    /// `AT+CGMR`
    pub firmware: Option<String>,
}

/// A SIM card. It is its ICCID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimCard {
    /// 18 to 20 digits, without the `F` that fills the last octet.
    pub iccid: String,
    /// `AT+CIMI`
    pub imsi: Option<String>,
    /// The card's own number as the modem gave it: `+316…`, or `06…` without a country.
    pub number: Option<String>,
    /// Where `number` was found.
    pub source: Option<NumberSource>,
}

/// Where a SIM card's own number was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberSource {
    /// `AT+CNUM`
    Cnum,
    /// The own-number phonebook (`ON`).
    Phonebook,
}

/// The life of a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is at the port's path.
    Absent,
    /// The port is being opened.
    Opening,
    /// Does it answer, and who is it?
    Probing,
    /// Is there a usable SIM card?
    SimCheck,
    /// Which card is it, and what is its number?
    Identifying,
    /// PDU mode, stores, indications.
    Configuring,
    /// Working, but without a network.
    Registering,
    /// Working.
    Ready,
    /// Off the air: its bank exchanges the card.
    Switching,
    /// Given up for now; the port is opened anew shortly.
    Recovering {
        /// Why.
        reason: String,
    },
    /// Given up many times; tried again at long intervals.
    Quarantined {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for State {
    /// The bare word.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Absent => "Absent",
            State::Opening => "Opening",
            State::Probing => "Probing",
            State::SimCheck => "SimCheck",
            State::Identifying => "Identifying",
            State::Configuring => "Configuring",
            State::Registering => "Registering",
            State::Ready => "Ready",
            State::Switching => "Switching",
            State::Recovering { .. } => "Recovering",
            State::Quarantined { .. } => "Quarantined",
        })
    }
}

/// What is known of one port at one moment. Sent on every change, and unchanged after every
/// keep-alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The port as the configuration or its glob named it.
    pub port: String,
    /// What the modem is doing.
    pub state: State,
    /// What it waits for, or why it is where it is, in words for an operator.
    pub reason: Option<String>,
    /// The modem last seen here. From `Identifying` on it is the one that is here now.
    pub identity: Option<Identity>,
    /// The profile that was chosen for it.
    pub profile: Option<String>,
    /// The card that is in now; `None` from any SIM event until its ICCID has been read again.
    pub sim: Option<SimCard>,
    /// Signal strength in dBm.
    pub signal_dbm: Option<i16>,
    /// The network's name, or its MCC and MNC.
    pub operator: Option<String>,
    /// The best of what `+CREG`, `+CGREG` and `+CEREG` last said.
    pub registration: Option<Registration>,
    /// How full the message stores were when they were last looked at.
    pub stores: Arc<Vec<StoreFill>>,
}

/// How full a message store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreFill {
    /// `SM`, `ME` or `MT`.
    pub store: &'static str,
    /// Messages in it.
    pub used: u32,
    /// Messages that fit in.
    pub total: u32,
}

/// A message that was read. It stays in the modem until the host has it on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The modem.
    pub imei: String,
    /// The card it came for (not always the one that is in: see [`MessageOwner`]).
    pub iccid: String,
    /// `SM`, `ME` or `MT`; empty when it came with the URC itself (`+CMT`) and lies nowhere.
    pub store: String,
    /// Index in that store; −1 when it lies nowhere.
    pub index: i32,
    /// The message.
    pub pdu: RawPdu,
    /// Announced by a URC less than ten seconds before it was read, on a modem that has been
    /// registered for two minutes and whose store has not been full in that time. Only then is
    /// "now" the time at which the network sent it.
    pub live: bool,
}

/// The message as the modem gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawPdu {
    /// Service-centre address, then TPDU (27.005 3.1, PDU mode).
    Octets(Vec<u8>),
    /// The line was not hexadecimal.
    Text(String),
}

/// What the host knows of the modem's own store (`ME`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageOwner {
    /// The card that was in this modem before, when it was another and `ME` has not been found
    /// empty since.
    pub previous_iccid: Option<String>,
}

/// Names a message until the host has answered for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(super) u64);

/// What the session wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes.
    Write(Vec<u8>),
    /// Put this on disk and answer with `Session::stored`.
    Store {
        /// To be given back.
        token: Token,
        /// The message.
        received: Received,
    },
    /// Answer with `Session::custody`.
    Identified {
        /// To be given back.
        token: Token,
        /// The modem.
        imei: String,
        /// The card in it.
        sim: SimCard,
    },
    /// A card wants its PIN and has more than one attempt left. Record that it is tried, on disk,
    /// and answer with `Session::may_enter_pin`.
    MayEnterPin {
        /// To be given back.
        token: Token,
        /// The modem.
        imei: String,
        /// The card, where it tells before its PIN.
        iccid: Option<String>,
    },
    /// The card took its PIN: what was recorded before it was tried may be forgotten.
    PinAccepted {
        /// The modem.
        imei: String,
        /// As in [`Action::MayEnterPin`].
        iccid: Option<String>,
    },
    /// The modem's own store was found empty; answer with `Session::emptied`.
    Emptied {
        /// To be given back.
        token: Token,
        /// The modem.
        imei: String,
        /// The card in it.
        iccid: String,
    },
    /// Show this.
    Report(Snapshot),
    /// Messages that came with their URC, and that nobody can be given: whose they were is not
    /// known, or there is no room.
    Dropped {
        /// How many.
        count: usize,
    },
    /// The reply to a request.
    Answer {
        /// As given with the request.
        id: u64,
        /// The lines, the final result last; or why there is none.
        reply: Result<Vec<String>, RequestError>,
    },
    /// Close the port and open it again after a while. The session is over.
    Reopen {
        /// Why.
        reason: String,
    },
}

/// What an operator can ask of a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Send this command, which begins with `AT`, and give its reply.
    At(String),
    /// Send this USSD code, and give the network's text.
    Ussd(String),
    /// Start the modem anew by its profile's command.
    Reset {
        /// By the stronger one, where there is one.
        hard: bool,
    },
    /// Take the card off the air, so that its bank can exchange it. Answered when everything that
    /// lay in the stores is on disk and deleted, and card and radio are off.
    Leave {
        /// The card, as its ICCID was last read; `None`: none could be read. Another one stays.
        iccid: Option<String>,
    },
    /// Choose this slot inside the module, counted from 0. Only off the air.
    Slot(u8),
    /// Go back on the air with whatever card is there. Answered at once.
    Return {
        /// By starting the modem anew.
        restart: bool,
    },
    /// Do something in the name of one card: begun only while that card is known to be in, and
    /// answered only when it still is.
    OfCard {
        /// The card.
        iccid: String,
        /// What.
        errand: Errand,
    },
}

/// What is done in the name of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Send this USSD code; the reply is the network's text.
    Ussd(String),
    /// Send this message: the service centre's address (an octet 0 for the card's own), then an
    /// SMS-SUBMIT. Never sent a second time.
    Send(Vec<u8>),
    /// Write this number, `+316…`, into the card's own-number phonebook; the reply is the number as
    /// it was read back.
    WriteNumber(String),
}

/// Why a request has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not a command line.
    #[error(
        "a command begins with AT, has at most 400 printable ASCII characters, and stands on one \
         line"
    )]
    NotACommand,
    /// Not a USSD code.
    #[error("a USSD code has digits, * and # only, like *100#")]
    NotACode,
    /// It would write an IMEI.
    #[error("IMEIs are read, never written")]
    WritesImei,
    /// Too many wait already.
    #[error("too many requests wait for this modem already")]
    TooMany,
    /// No final result within the time that such a command has.
    #[error("the modem did not answer in time")]
    TimedOut,
    /// Another card is in the modem, or it is not certain which one was when it was done.
    #[error("the SIM card is not in this modem, or was exchanged meanwhile")]
    OtherCard,
    /// The modem, the card or the network does not want it.
    #[error("refused: {0}")]
    Refused(FinalResult),
    /// A message could not be stored or deleted in time.
    #[error("the message stores could not be emptied")]
    NotEmptied,
    /// There is a card, but it is still being looked at.
    #[error("the modem is still starting")]
    Starting,
    /// Only a radio whose card is off the air can do it.
    #[error("the radio is not off the air")]
    OnAir,
    /// Its profile has no command for it.
    #[error("the modem's profile has no `slot` command")]
    NoSlots,
    /// What was written is not what is read.
    #[error("the SIM card does not keep the number")]
    NotKept,
    /// The modem went away, or its port has none.
    #[error("no modem answers on this port")]
    Gone,
}

/// How a session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// The port's name, for [`Snapshot`].
    pub port: String,
    /// What is known of modem models.
    pub profiles: Arc<Catalogue>,
    /// The profile to take, whatever the modem says of itself.
    pub profile: Option<String>,
    /// The PIN of the cards in this modem.
    pub pin: Option<Pin>,
    /// The ICCID is read from the card's file (`AT+CRSM`) where that can be, not from what the
    /// modem remembers.
    pub iccid_from_card: bool,
    /// From one keep-alive to the next; each has a sweep of all stores.
    pub keep_alive: Duration,
    /// How long a modem has to have been registered until messages count as live.
    pub settled_after: Duration,
}

impl SessionConfig {
    /// The defaults.
    pub fn new(port: impl Into<String>) -> SessionConfig {
        SessionConfig {
            port: port.into(),
            profiles: Arc::default(),
            profile: None,
            pin: None,
            iccid_from_card: false,
            keep_alive: Duration::from_secs(60),
            settled_after: Duration::from_secs(120),
        }
    }
}
