//! What the control side shows of a bank: the truth, not what its port says.

use serde::{Deserialize, Serialize};

/// A bank as the control side shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankStats {
    /// Its number, from 0.
    pub bank: usize,
    /// The name of its port's link.
    pub name: String,
    /// Slots of the whole bank.
    pub slots: usize,
    /// Its radios in the order of their columns.
    pub radios: Vec<BankRadio>,
    /// Command lines that came, whatever became of them.
    pub commands: u64,
    /// Bad manners: commands that came while the bus was not free, and were lost.
    pub too_soon: u64,
    /// Switches that were asked for, one for each radio.
    pub asked: u64,
    /// Those that were carried out, or are being.
    pub done: u64,
    /// Those that were not carried out, or went to another row, without a word of it.
    pub lied: u64,
}

/// A radio of a bank.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankRadio {
    /// The modem's place in the rack.
    pub modem: usize,
    /// The slot that it is connected with now.
    pub slot: Option<usize>,
    /// The card that is on it now.
    pub iccid: Option<String>,
    /// The card's number.
    pub number: Option<String>,
}

/// A card of a module with several slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCard {
    /// The modem's place, counted from 0.
    pub modem: usize,
    /// Its slot, from 0.
    pub slot: usize,
    /// Whether it is the one in use.
    pub in_use: bool,
    /// The card's ICCID.
    pub iccid: String,
    /// The card's number.
    pub number: String,
}

/// A card of a bank, be it in its slot or on a radio.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankCard {
    /// The bank's number, from 0.
    pub bank: usize,
    /// Its slot, numbered through the bank from 0.
    pub slot: usize,
    /// The place of the modem that it is on now.
    pub modem: Option<usize>,
    /// The card's ICCID.
    pub iccid: String,
    /// The card's number.
    pub number: String,
}
