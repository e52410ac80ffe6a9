//! What the control socket reports about a bank: its real state, not what its port says.

use serde::{Deserialize, Serialize};

/// The real state of a bank, as the control socket reports it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankStats {
    /// The number of the bank, counted from 0.
    pub bank: usize,
    /// The name of the link to its port.
    pub name: String,
    /// The number of slots of the whole bank.
    pub slots: usize,
    /// The radios, in the order of their columns.
    pub radios: Vec<BankRadio>,
    /// The number of command lines that were received.
    pub commands: u64,
    /// The number of commands that the host sent while the bus was not free, so that they were
    /// lost.
    pub too_soon: u64,
    /// The number of switches that were requested, one for each radio.
    pub asked: u64,
    /// The number of switches that were carried out or are being carried out.
    pub done: u64,
    /// The number of switches that were not carried out or went to another row, without being
    /// refused.
    pub lied: u64,
}

/// The real state of a radio of a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankRadio {
    /// The modem's place in the rack.
    pub modem: usize,
    /// The slot that the radio is connected with now.
    pub slot: Option<usize>,
    /// The ICCID of the card that is on the radio now.
    pub iccid: Option<String>,
    /// The phone number of the card.
    pub number: Option<String>,
}

/// A card of a module with several slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCard {
    /// The modem's place, counted from 0.
    pub modem: usize,
    /// The slot of the card, counted from 0.
    pub slot: usize,
    /// Whether this card is the one in use.
    pub in_use: bool,
    /// The ICCID of the card.
    pub iccid: String,
    /// The phone number of the card.
    pub number: String,
}

/// A card of a bank, which is in its slot or on a radio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankCard {
    /// The bank's number, from 0.
    pub bank: usize,
    /// Its slot, numbered through the bank from 0.
    pub slot: usize,
    /// The place of the modem that the card is on now.
    pub modem: Option<usize>,
    /// The ICCID of the card.
    pub iccid: String,
    /// The phone number of the card.
    pub number: String,
}
