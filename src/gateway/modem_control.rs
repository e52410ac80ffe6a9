//! What the operator can ask of the modems themselves. The business only passes it on: the daemon
//! puts the driver behind it.

use std::future::Future;
use std::pin::Pin;

/// What is asked of a modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModemAsk {
    /// One command, while its worker waits.
    At(String),
    /// A USSD code.
    Ussd(String),
    /// A USSD code in the name of a SIM; the network's text.
    NumberByUssd {
        /// The SIM's ICCID.
        iccid: String,
        /// The code.
        code: String,
    },
    /// A message in the name of a SIM.
    Send {
        /// The SIM's ICCID.
        iccid: String,
        /// Service centre's address, then SMS-SUBMIT.
        pdu: Vec<u8>,
    },
    /// Write a SIM's number into its own-number phonebook; the number as it was read back.
    WriteNumber {
        /// The SIM's ICCID.
        iccid: String,
        /// The number, with `+`.
        number: String,
    },
    /// Start it anew.
    Reset {
        /// By the stronger command, where its model has one.
        hard: bool,
    },
}

/// What is known of a modem beside its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModemDetail {
    /// What it has in it: its firmware.
    pub firmware: Option<String>,
    /// The profile that was chosen for its model.
    pub profile: Option<String>,
    /// The USB device that its port belongs to.
    pub usb: Option<String>,
    /// How often each step of the recovery ladder was taken.
    pub recoveries: Vec<(String, u32)>,
    /// Messages that came with their URC and could be given to nobody.
    pub dropped: u64,
    /// The last lines of its conversation, with numbers and texts masked.
    pub transcript: Vec<String>,
}

/// A port that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScannedPort {
    /// Its path.
    pub port: String,
    /// What it is: `served`, `modem`, `silent`, or why it cannot be opened.
    pub answer: String,
    /// IMEI, when a modem answered.
    pub imei: Option<String>,
    /// Manufacturer, likewise.
    pub manufacturer: Option<String>,
    /// Model, likewise.
    pub model: Option<String>,
    /// The profile that fits it.
    pub profile: Option<String>,
}

/// An answer that comes later.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who can ask the modems.
pub trait ModemControl: Send + Sync {
    /// What is known of the modem on this port.
    fn detail(&self, port: &str) -> Option<ModemDetail>;

    /// Its conversation under pseudonyms, line by line: what a recording is made of.
    fn recording(&self, port: &str) -> Option<Vec<String>>;

    /// Asks it; the reply's lines, or why there are none.
    fn ask(&self, port: String, ask: ModemAsk) -> BoxFuture<'_, Result<Vec<String>, String>>;

    /// The USSD code that the mobile operator of the card with this IMSI answers with its number.
    fn own_number_code(&self, imsi: &str) -> Option<String>;

    /// Has a bank put the card of a slot on a radio, by the radio's port, now; what came of it in a
    /// line for the operator.
    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>>;

    /// Looks at every serial port of the machine.
    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>>;
}

/// What a reload of the configuration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// What holds from now on, like `orders.lifetime = "5m"`.
    pub applied: Vec<String>,
    /// What is other than what the daemon was started with and waits for a restart.
    pub needs_restart: Vec<String>,
}

/// Who can read the configuration anew.
pub trait Reload: Send + Sync {
    /// Reads it and applies what can change while everything runs. A faulty one changes nothing,
    /// and every fault is told.
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, String>>;
}
