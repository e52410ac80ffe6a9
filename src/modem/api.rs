//! The types that go into a session and come out of it, besides those of [`crate::domain::modem`].

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pin::Pin;
use super::profile::Catalogue;
use super::ussd::UssdForm;
use crate::domain::modem::{MessageStore, ModemReason, ModemSnapshot, RequestError, SimCard};
use crate::domain::{Iccid, ModemAtPort, ModemId, PortName};
use crate::sms::TextMode;

/// A place in one of the modem's message stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MessageSlot {
    pub store: MessageStore,
    /// The index in that store, as the modem counts it.
    pub index: i32,
}

/// A message that was read from a modem. It stays there until the host has it on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// The modem from which it was read.
    pub modem: ModemAtPort,
    /// The card that is in.
    pub iccid: Iccid,
    /// Whether it may have been received for another card: see [`MessageOwner`].
    pub doubtful: bool,
    /// Where it is stored; `None` when it arrived inside the URC itself (`+CMT`).
    pub slot: Option<MessageSlot>,
    pub pdu: RawPdu,
    /// Whether the network sent the message just now. That is certain only if a URC announced it
    /// less than ten seconds before it was read, on a modem that had been registered for two
    /// minutes and whose store had not been full in that time. Otherwise it may have waited in the
    /// network.
    pub live: bool,
}

/// The PDU of a message as the modem sent it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPdu {
    /// The address of the service centre, followed by the TPDU (27.005 clause 3.1, PDU mode).
    Octets(#[serde(with = "hex::serde")] Vec<u8>),
    /// A line that is not hexadecimal.
    Text(String),
    /// A message that the modem showed in text mode, in spite of PDU mode or before it was set.
    TextMode(TextMode),
}

impl RawPdu {
    /// Reads the line that follows a message's header.
    pub(super) fn from_line(line: &str) -> RawPdu {
        hex::decode(line).map_or_else(|_| RawPdu::Text(line.to_owned()), RawPdu::Octets)
    }

    /// A number by which two readings of one message are recognised. It is meant for comparisons
    /// within a session.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

/// The card that owns the messages in the modem's own store (`ME`), according to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageOwner {
    /// The card that is in: no other has been in this modem since the store was last found empty.
    #[default]
    Current,
    /// This card or another one that was in before, except for messages that were announced since
    /// this one was read. A message says neither for which card it came nor when, because it may
    /// have waited at the network for as long as its card was out.
    Unknown,
}

impl MessageOwner {
    /// `are_doubtful`: another card has been in this modem since the store was last found empty.
    pub fn of_store(are_doubtful: bool) -> MessageOwner {
        if are_doubtful { MessageOwner::Unknown } else { MessageOwner::Current }
    }
}

/// Why the host has not recorded a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRecorded {
    /// It could not do so now.
    HostFailed,
    /// The modem may be the one that is served on this other port. Which it is shows once both have
    /// read their cards again.
    ModemUncertain(PortName),
}

/// Identifies a question to the host, so that its answer can be matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub(super) u64);

/// Something that the caller has to do for the session. Actions are carried out in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send these bytes to the modem.
    Write(Vec<u8>),
    /// Store this message on disk, and answer with
    /// [`Session::on_stored`](super::Session::on_stored).
    Store { token: Token, received: Received },
    /// Record that this card is in this modem, and answer with
    /// [`Session::on_identified`](super::Session::on_identified).
    Identified { token: Token, modem: ModemAtPort, sim: SimCard },
    /// The card requires its PIN. More than one attempt is left, or it is not known how many.
    /// Record the attempt on disk if it may be made, and answer with
    /// [`Session::on_pin_permission`](super::Session::on_pin_permission).
    MayEnterPin {
        token: Token,
        modem: ModemAtPort,
        /// The card, if its ICCID can be read before the PIN is entered.
        iccid: Option<Iccid>,
        /// Whether this must be a card that has accepted a PIN before, because it does not tell how
        /// many attempts are left.
        only_if_accepted: bool,
    },
    /// The card has accepted its PIN.
    PinAccepted {
        modem: ModemAtPort,
        /// The same ICCID as in [`Action::MayEnterPin`].
        iccid: Option<Iccid>,
    },
    /// The modem's own store was found empty, so from now on it holds only messages of this card.
    /// Record that, and answer with [`Session::on_emptied`](super::Session::on_emptied).
    Emptied { token: Token, modem: ModemAtPort, iccid: Iccid },
    /// Publish the modem's new state.
    Report(ModemSnapshot),
    /// Messages that arrived inside their URC were dropped, because it is not known for which card
    /// they were or because there were too many.
    Dropped { count: usize },
    /// Answer a request that was made to the session.
    Answer {
        /// The id that was passed with the request.
        id: u64,
        /// The lines of the reply with the final result as the last one, or why there is no reply.
        reply: Result<Vec<String>, RequestError>,
    },
    /// Modems of this model, by manufacturer and model, take USSD codes in this form. Remember it
    /// for further sessions.
    UssdFormLearnt { model: String, form: UssdForm },
    /// Close the port, and open it again after a while. The session is over.
    Reopen { reason: ModemReason },
}

/// The configuration of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// The name of the port in each [`ModemSnapshot`].
    pub port: PortName,
    /// What identifies a modem that tells nothing that would.
    pub fallback_id: ModemId,
    /// The profiles of modem models.
    pub profiles: Arc<Catalogue>,
    /// The name of the profile to use, whatever model the modem reports.
    pub profile: Option<String>,
    /// The PIN of the cards in this modem.
    pub pin: Option<Pin>,
    /// Whether the PIN is tried once, too, where a card does not tell how many attempts are left.
    pub pin_without_count: bool,
    /// Whether the ICCID is read from the card's file (`AT+CRSM`) where that is possible, because
    /// the modem may remember that of another card.
    pub iccid_from_card: bool,
    /// The forms in which modems have taken USSD codes, by manufacturer and model.
    pub ussd_forms: BTreeMap<String, UssdForm>,
    /// The time from one keep-alive to the next; each sweeps all stores.
    pub keep_alive: Duration,
    /// How long a modem must have been registered before messages count as live.
    pub settled_after: Duration,
    /// After this long without a line from the modem it is asked for one, if no command is under
    /// way: for a port that does not show when the modem's side has gone. `None`: it is not.
    pub beat: Option<Duration>,
}

impl SessionConfig {
    /// The default configuration for a port.
    pub fn new(port: PortName) -> SessionConfig {
        SessionConfig {
            fallback_id: ModemId::of_port(&port),
            port,
            profiles: Arc::default(),
            profile: None,
            pin: None,
            pin_without_count: false,
            iccid_from_card: false,
            ussd_forms: BTreeMap::new(),
            keep_alive: Duration::from_secs(60),
            settled_after: Duration::from_secs(120),
            beat: None,
        }
    }
}
