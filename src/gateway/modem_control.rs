//! What the operator can ask of the modems themselves. The business only passes it on: the daemon
//! puts the driver behind it.

use std::future::Future;
use std::pin::Pin;

use crate::domain::modem::{ModemDetail, ModemIdentity, ModemRequest, RequestError};
use crate::domain::{Imsi, PortName};

/// A port that was scanned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScannedPort {
    /// The path of the port's device.
    pub port: String,
    /// `served` by the port's task, a `modem` that answers, or why that cannot be determined.
    pub answer: String,
    /// Who answered, when a modem did.
    pub identity: Option<ModemIdentity>,
    /// The profile that fits the modem.
    pub profile: Option<String>,
}

/// The future of an answer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How the business reaches the modems. The daemon puts the driver behind it.
pub trait ModemControl: Send + Sync {
    /// What the driver has counted and recorded of this port.
    fn detail(&self, port: &str) -> BoxFuture<'_, Option<ModemDetail>>;

    /// Its conversation under pseudonyms, line by line: what a recording is made of.
    fn recording(&self, port: &str) -> BoxFuture<'_, Option<Vec<String>>>;

    /// Checks that this AT command may be sent to a modem, which is `forced` if the operator
    /// insists. Returns it as the audit shows it.
    fn screen_command(&self, command: &str, forced: bool) -> Result<String, RequestError>;

    /// Asks the modem on this port something; the lines of its reply.
    fn request(
        &self,
        port: PortName,
        request: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>>;

    /// The USSD code that the mobile operator of the card with this IMSI answers with its number.
    fn own_number_code(&self, imsi: &Imsi) -> Option<String>;

    /// Has a bank put the card of a slot on a radio, by the radio's port, now; what came of it in a
    /// line for the operator.
    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>>;

    /// Looks at every serial port of the machine.
    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>>;
}

/// What a reload of the configuration did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys that have a new value from now on, like `orders.lifetime = "5m"`.
    pub applied: Vec<String>,
    /// The keys whose new value takes effect only after a restart.
    pub needs_restart: Vec<String>,
}

/// A value of the configuration that is in effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// Its key with its section, such as `orders.lifetime` or `modem[0].port`.
    pub key: String,
    /// The value as TOML, on one line.
    pub value: String,
    /// The line in the file; `None` for a default.
    pub line: Option<usize>,
}

/// The configuration that is in effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigInEffect {
    /// Its file, if the daemon has one.
    pub file: Option<String>,
    /// Every value, in the order of the reference.
    pub values: Vec<ConfigValue>,
}

/// Something that is wrong in a file of the configuration, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    pub file: String,
    /// Its line, where it is on one.
    pub line: Option<usize>,
    pub text: String,
}

/// What was found in the configuration's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFindings {
    pub faults: Vec<ConfigFault>,
    /// What is valid, but has no effect or is not advisable.
    pub warnings: Vec<String>,
}

/// The daemon's configuration, as far as it is looked at and changed while everything runs.
pub trait Reload: Send + Sync {
    /// Reads the configuration and applies what can change while everything runs. A configuration
    /// with faults changes nothing; every fault is reported, each on a line.
    fn reload(&self) -> BoxFuture<'_, Result<Reloaded, String>>;

    /// The values in effect: of what needs a restart, those of the start.
    fn in_effect(&self) -> ConfigInEffect;

    /// Looks for faults in the file as it is now, and changes nothing. The error says why there is
    /// none to look at.
    fn check(&self) -> BoxFuture<'_, Result<ConfigFindings, String>>;
}
