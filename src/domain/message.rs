//! Messages as they are stored, and whom they belong to.

use std::str::FromStr;

use super::{Iccid, MessageId, Msisdn, OrderId, RentalId, SimId, Timestamp, UnknownWord};

/// What a message is. Only a text may be given to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageKind {
    /// A text for whoever has the number.
    Text,
    /// It tells that voice mail or the like waits at the network, and says nothing besides.
    MessageWaiting,
    /// A short message type 0, by which the network or somebody else finds out whether the SIM can
    /// be reached.
    Probe,
    /// There is nothing in it.
    Empty,
    /// It is for an application on a handset, or data that nobody can read.
    Data,
    /// It is for the card or for the modem itself.
    SimData,
    /// It tells what became of a message that was sent from the SIM.
    StatusReport,
    /// It was not received: somebody sent it from the SIM, or left it there as a draft.
    Outgoing,
    /// It could not be decoded.
    Undecodable,
}

impl MessageKind {
    /// All kinds of messages.
    pub const ALL: [MessageKind; 9] = [
        MessageKind::Text,
        MessageKind::MessageWaiting,
        MessageKind::Probe,
        MessageKind::Empty,
        MessageKind::Data,
        MessageKind::SimData,
        MessageKind::StatusReport,
        MessageKind::Outgoing,
        MessageKind::Undecodable,
    ];

    /// The word in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageKind::Text => "text",
            MessageKind::MessageWaiting => "message-waiting",
            MessageKind::Probe => "probe",
            MessageKind::Empty => "empty",
            MessageKind::Data => "data",
            MessageKind::SimData => "sim-data",
            MessageKind::StatusReport => "status-report",
            MessageKind::Outgoing => "outgoing",
            MessageKind::Undecodable => "undecodable",
        }
    }

    /// Whether lists show it to the operator unasked. The others come by themselves, and nobody
    /// waits for them.
    pub fn is_listed(self) -> bool {
        matches!(self, MessageKind::Text | MessageKind::Undecodable)
    }
}

impl FromStr for MessageKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<MessageKind, UnknownWord> {
        MessageKind::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or(UnknownWord)
    }
}

/// What operators ask for when they look through messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// A text that belongs to nobody.
    Unclaimed,
    /// A rule of the block list keeps it from customers.
    Withheld,
    /// It could not be decoded.
    Undecodable,
    /// Not all its parts have arrived.
    Incomplete,
}

impl MessageState {
    /// All of them, in the order of this enum.
    pub const ALL: [MessageState; 4] = [
        MessageState::Unclaimed,
        MessageState::Withheld,
        MessageState::Undecodable,
        MessageState::Incomplete,
    ];

    /// The word in `message list --state`.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageState::Unclaimed => "unclaimed",
            MessageState::Withheld => "withheld",
            MessageState::Undecodable => "undecodable",
            MessageState::Incomplete => "incomplete",
        }
    }
}

/// One SMS, however many parts it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The id. A message that arrives later has a greater one.
    pub id: MessageId,
    /// The SIM that received it.
    pub sim: SimId,
    pub iccid: Iccid,
    /// The SIM's number, if it is known.
    pub number: Option<Msisdn>,
    pub kind: MessageKind,
    /// The sender as displayed, or to whom a message went that the SIM has sent; `None` when the
    /// PDU could not be decoded.
    pub sender: Option<String>,
    /// The text as it was received; `None` when there is none that can be read, or not any more.
    pub text: Option<String>,
    /// What there is to know beside the text, in words for the operator: what waits, for which
    /// application it is, why it could not be decoded. Never anything of the text.
    pub detail: Option<String>,
    /// The code that was found in the text.
    pub code: Option<String>,
    /// The service centre's time stamp; `None` when it cannot be read.
    pub sent_at: Option<Timestamp>,
    /// When it reached us; for a long message, when its last part did.
    pub received_at: Timestamp,
    /// Whether all its parts have arrived.
    pub complete: bool,
    /// The order that it was given to.
    pub order: Option<OrderId>,
    /// The rental that it was given to.
    pub rental: Option<RentalId>,
    /// The rule of the block list that withholds it from customers.
    pub withheld: Option<String>,
    /// Whether it has been shown to its customer.
    pub seen: bool,
}

/// Whom a message belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Nobody: it stays in the operator's inbox.
    Nobody,
    /// The customer of this order.
    Order(OrderId),
    /// The customer of this rental.
    Rental(RentalId),
    /// Nobody, because this rule of the block list withholds it from customers.
    Withheld(String),
}

impl Owner {
    /// The order, if the message belongs to one.
    pub fn order(&self) -> Option<OrderId> {
        if let Owner::Order(order) = self { Some(*order) } else { None }
    }

    /// The rental, if the message belongs to one.
    pub fn rental(&self) -> Option<RentalId> {
        if let Owner::Rental(rental) = self { Some(*rental) } else { None }
    }

    /// Whether it belongs to a customer.
    pub fn is_customer(&self) -> bool {
        matches!(self, Owner::Order(_) | Owner::Rental(_))
    }

    /// The rule of the block list, if the message is withheld.
    pub fn withheld(&self) -> Option<&str> {
        if let Owner::Withheld(rule) = self { Some(rule) } else { None }
    }
}
