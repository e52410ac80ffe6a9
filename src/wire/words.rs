//! What is said: a site's questions and reports, the centre's answers and requests.
//!
//! Words with times in them are generic over the kind of time: a daemon has wall-clock
//! [`Timestamp`]s, and what travels has [`Offset`](super::Offset)s. A `Timestamp` cannot be
//! serialized, so that none is sent by mistake.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::identity::{BootId, SiteKey};
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord};
use crate::domain::modem::{
    ModemDetail, ModemRequest, ModemSnapshot, PinPermission, RequestError, SimCard,
};
use crate::domain::{Iccid, ModemAtPort, PortName, SiteName, Timestamp};
use crate::modem::{MessageOwner, Received};

/// The version of what is said. Site and centre must have the same.
pub const PROTOCOL: u32 = 1;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// The number of a site's question. Later ones have greater numbers, and none is used twice in
    /// a run of the site's process.
    QuestionNumber
}

number! {
    /// The number of a request of the centre, within one connection.
    RequestNumber
}

/// The first thing that a site says on a connection: who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the protocol that the site speaks.
    pub protocol: u32,
    /// The version of its program, for operators.
    pub version: String,
    pub site: SiteName,
    /// What shows that it is this site.
    pub key: SiteKey,
    /// Which run of the site's process this is.
    pub boot: BootId,
    /// The SIMs of this site that are released: those whose release the centre has granted and that
    /// have not been reclaimed since, and those whose release is being asked for. The centre
    /// reclaims all others of this site, after whatever the site asked on an earlier connection has
    /// been carried out and before the site is welcome.
    #[serde(default)]
    pub released: Vec<Iccid>,
}

/// Why the centre does not serve a site. `Display` gives the words for an operator of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Another daemon has the ledger now.
    #[error("this daemon does not lead: another one has the ledger")]
    NotLeading,
    /// There is no site of this name, or this is not its key.
    #[error("the central daemon knows no site with this name and key")]
    UnknownSiteOrKey,
    /// The site's program is older or newer than the centre's.
    #[error(
        "the central daemon speaks version {wanted} of the protocol: install the same simbridge"
    )]
    OtherProtocol {
        /// The version that the centre speaks.
        wanted: u32,
    },
    /// The site has a connection already.
    #[error("a site of this name is connected already")]
    AlreadyConnected,
    /// The operator has revoked the site's key.
    #[error("the site's key was revoked")]
    Revoked,
}

/// What a site asks the centre. It waits for the [`Answer`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question<T = Timestamp> {
    /// Record that a card is in a modem. Answered by [`Answer::Owner`].
    RecordIdentity {
        modem: ModemAtPort,
        /// The ports at which other modems tell the same of themselves.
        others: Vec<PortName>,
        sim: SimCard,
    },
    /// Record that the modem's own store holds messages of this card alone from now on. Answered by
    /// [`Answer::Done`].
    RecordEmptiedStore { modem: ModemAtPort, iccid: Iccid },
    /// Permit that a PIN is entered, and record the attempt. Answered by [`Answer::Pin`].
    PermitPin {
        modem: ModemAtPort,
        /// The card, if its ICCID can be read before the PIN is entered.
        iccid: Option<Iccid>,
        /// Whether this must be a card that has accepted a PIN before.
        only_if_accepted: bool,
    },
    /// Record that a card has accepted its PIN. Answered by [`Answer::Done`].
    RecordAcceptedPin { modem: ModemAtPort, iccid: Option<Iccid> },
    /// Store a message. Answered by [`Answer::Done`] once it is on disk.
    Store(Received),
    /// Read what is stored about the slots of a bank. Answered by [`Answer::Slots`].
    ReadSlots { bank: String },
    /// Store what is known about a slot of a bank. Answered by [`Answer::Done`].
    SaveSlot { bank: String, record: SlotRecord<T> },
    /// Store a finished switch. Answered by [`Answer::Done`].
    SaveSwitch(SwitchRecord<T>),
    /// Say for which purposes these SIMs are needed. Answered by [`Answer::Demands`].
    ReadDemands { sims: Vec<Iccid> },
    /// Permit that a SIM goes off the air, and give it to no customer until it is reclaimed.
    /// Answered by [`Answer::Released`].
    Release { iccid: Iccid },
}

impl<T> Question<T> {
    /// The port that the question is about, if it is about one.
    pub fn port(&self) -> Option<&PortName> {
        match self {
            Question::RecordIdentity { modem, .. }
            | Question::RecordEmptiedStore { modem, .. }
            | Question::PermitPin { modem, .. }
            | Question::RecordAcceptedPin { modem, .. }
            | Question::Store(Received { modem, .. }) => Some(&modem.port),
            Question::SaveSwitch(record) => Some(&record.port),
            Question::ReadSlots { .. }
            | Question::SaveSlot { .. }
            | Question::ReadDemands { .. }
            | Question::Release { .. } => None,
        }
    }

    /// Whether it does no harm to carry the question out a second time, because the first answer
    /// was lost. A second attempt at a PIN must never be permitted, and a release that was granted
    /// must not be refused afterwards.
    pub fn may_be_asked_twice(&self) -> bool {
        match self {
            Question::PermitPin { .. } | Question::Release { .. } => false,
            Question::RecordIdentity { .. }
            | Question::RecordEmptiedStore { .. }
            | Question::RecordAcceptedPin { .. }
            | Question::Store(_)
            | Question::ReadSlots { .. }
            | Question::SaveSlot { .. }
            | Question::SaveSwitch(_)
            | Question::ReadDemands { .. } => true,
        }
    }
}

/// The centre's answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer<T = Timestamp> {
    /// It is done, and on disk.
    Done,
    /// Whose messages may still be in the modem's own store.
    Owner(MessageOwner),
    /// Whether the PIN may be entered.
    Pin(PinPermission),
    /// What is stored about the slots.
    Slots(Vec<SlotRecord<T>>),
    /// What is wanted of the SIMs.
    Demands(Vec<SlotDemand<T>>),
    /// Whether the SIM may go off the air.
    Released(bool),
}

/// An answer, or why the centre could not do what it was asked; the reason never contains the text
/// of a message.
pub type Answered<T = Timestamp> = Result<Answer<T>, String>;

/// What a site tells without waiting for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report<T = Timestamp> {
    /// What is known of a port and its modem.
    Port {
        snapshot: ModemSnapshot,
        /// How long ago the snapshot was made.
        age: Duration,
    },
    /// A port is no longer served.
    PortRemoved(PortName),
    /// What is known of a bank.
    Bank(BankReport<T>),
    /// The task of a bank has stopped, so its last report no longer holds.
    BankGone(String),
    /// A released SIM is on the air again, or has never left it.
    Reclaimed(Iccid),
    /// A [`Question::PermitPin`] with this number was not answered in time, so the PIN was not
    /// entered and will not be on its account.
    PinNotEntered(QuestionNumber),
}

impl<T> Report<T> {
    /// The port that the report is about, if it is about one.
    pub fn port(&self) -> Option<&PortName> {
        match self {
            Report::Port { snapshot, .. } => Some(&snapshot.port),
            Report::PortRemoved(port) => Some(port),
            Report::Bank(_)
            | Report::BankGone(_)
            | Report::Reclaimed(_)
            | Report::PinNotEntered(_) => None,
        }
    }
}

/// What the centre asks of a site, for an operator or for itself. It waits for the [`Reply`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Tell what was counted and recorded of a port. Answered by [`Reply::Detail`].
    Detail { port: PortName },
    /// Tell a port's conversation in the format of recordings. Answered by [`Reply::Recording`].
    Recording { port: PortName },
    /// Ask the modem on a port. Answered by [`Reply::Modem`].
    Modem { port: PortName, request: ModemRequest },
    /// Put a slot of a bank on a radio. Answered by [`Reply::Switched`].
    Switch {
        bank: String,
        /// The radio's port, or its number from 1.
        radio: String,
        slot: u32,
    },
}

/// A site's reply to a [`Request`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The details of a port; `None` when it is not served.
    Detail(Option<ModemDetail>),
    /// A port's conversation; `None` when it is not served.
    Recording(Option<Vec<String>>),
    /// The lines of the modem's reply, or why there is none.
    Modem(Result<Vec<String>, RequestError>),
    /// What becomes of the switch, or why there is none, in words for an operator.
    Switched(Result<String, String>),
}
