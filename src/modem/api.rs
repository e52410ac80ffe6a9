//! What goes into a session and what comes out of it, beside the vocabulary of
//! [`crate::domain::modem`].

use std::sync::Arc;
use std::time::Duration;

use super::pin::Pin;
use super::profile::Catalogue;
use crate::domain::modem::{MessageStore, ModemReason, ModemSnapshot, RequestError, SimCard};
use crate::domain::{Iccid, Imei, PortName};

/// A place in one of the modem's message stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageSlot {
    /// Which store.
    pub store: MessageStore,
    /// The index in that store, as the modem counts.
    pub index: i32,
}

/// A message that was read. It stays in the modem until the host has it on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The modem that it was read from.
    pub imei: Imei,
    /// The card that it came for: not always the one that is in, see [`MessageOwner`].
    pub iccid: Iccid,
    /// Where it is stored; `None` when it came inside the URC itself (`+CMT`).
    pub slot: Option<MessageSlot>,
    /// The message.
    pub pdu: RawPdu,
    /// Announced by a URC less than ten seconds before it was read, on a modem that has been
    /// registered for two minutes and whose store has not been full in that time. Only then is
    /// "now" the time at which the network sent it.
    pub live: bool,
}

/// A message as the modem gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawPdu {
    /// The service centre's address, then the TPDU (27.005 clause 3.1, PDU mode).
    Octets(Vec<u8>),
    /// The line was not hexadecimal.
    Text(String),
}

impl RawPdu {
    /// Reads the line that follows a message's header.
    pub(super) fn from_line(line: &str) -> RawPdu {
        hex::decode(line).map_or_else(|_| RawPdu::Text(line.to_owned()), RawPdu::Octets)
    }
}

/// Whose the messages are that lie in the modem's own store (`ME`), as the host knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MessageOwner {
    /// The card that is in: no other has been in this modem since the store was last found empty.
    #[default]
    Current,
    /// The card that was in this modem before, except for what was announced since.
    Previous(Iccid),
}

impl From<Option<Iccid>> for MessageOwner {
    /// From the card that was in this modem before, when it was another and the store has not been
    /// found empty since.
    fn from(previous: Option<Iccid>) -> MessageOwner {
        previous.map_or(MessageOwner::Current, MessageOwner::Previous)
    }
}

/// Names a question to the host until the host has answered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(super) u64);

/// What the session wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes to the modem.
    Write(Vec<u8>),
    /// Put this message on disk and answer with [`Session::stored`](super::Session::stored).
    Store {
        /// To be given back with the answer.
        token: Token,
        /// The message.
        received: Received,
    },
    /// Record that this card is in this modem and answer with
    /// [`Session::identified`](super::Session::identified).
    Identified {
        /// To be given back with the answer.
        token: Token,
        /// The modem.
        imei: Imei,
        /// The card in it.
        sim: SimCard,
    },
    /// A card wants its PIN and has more than one attempt left. Record on disk that the PIN is
    /// tried, and answer with [`Session::may_enter_pin`](super::Session::may_enter_pin).
    MayEnterPin {
        /// To be given back with the answer.
        token: Token,
        /// The modem.
        imei: Imei,
        /// The card, where it can be read before the PIN is entered.
        iccid: Option<Iccid>,
    },
    /// The card accepted its PIN: the record of the attempt may be forgotten.
    PinAccepted {
        /// The modem.
        imei: Imei,
        /// As in [`Action::MayEnterPin`].
        iccid: Option<Iccid>,
    },
    /// The modem's own store was found empty: from now on it holds messages of this card only.
    /// Record that and answer with [`Session::emptied`](super::Session::emptied).
    Emptied {
        /// To be given back with the answer.
        token: Token,
        /// The modem.
        imei: Imei,
        /// The card in it.
        iccid: Iccid,
    },
    /// Show this.
    Report(ModemSnapshot),
    /// Messages that came inside their URC were dropped: it is not known whose they were, or there
    /// was no room for them.
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
        reason: ModemReason,
    },
}

/// How a session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// The port's name, for [`ModemSnapshot`].
    pub port: PortName,
    /// What is known of modem models.
    pub profiles: Arc<Catalogue>,
    /// The name of the profile to use, whatever the modem says of itself.
    pub profile: Option<String>,
    /// The PIN of the cards in this modem.
    pub pin: Option<Pin>,
    /// The ICCID is read from the card's file (`AT+CRSM`) where possible, not from what the modem
    /// remembers.
    pub iccid_from_card: bool,
    /// The time from one keep-alive to the next; each sweeps all stores.
    pub keep_alive: Duration,
    /// How long a modem has to have been registered until messages count as live.
    pub settled_after: Duration,
}

impl SessionConfig {
    /// The defaults.
    pub fn new(port: PortName) -> SessionConfig {
        SessionConfig {
            port,
            profiles: Arc::default(),
            profile: None,
            pin: None,
            iccid_from_card: false,
            keep_alive: Duration::from_secs(60),
            settled_after: Duration::from_secs(120),
        }
    }
}
