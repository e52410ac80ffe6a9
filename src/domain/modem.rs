//! What is known of the modems now, as the business and the operator see it.

use std::time::Duration;

use super::Timestamp;

/// After this long without a word from its modem a SIM is not given out (I13): three keep-alives.
pub const STALE_AFTER: Duration = Duration::from_secs(200);

/// One modem as it last reported itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemStatus {
    /// The port's stable path.
    pub port: String,
    /// The state's word: `Ready`, `Absent`, ….
    pub state: String,
    /// Why it is in that state, where there is something to say.
    pub reason: Option<String>,
    /// Whether it works: identified, registered, swept.
    pub ready: bool,
    /// Whether its first try is over, well or not.
    pub settled: bool,
    /// IMEI, once read.
    pub imei: Option<String>,
    /// Manufacturer, once read.
    pub manufacturer: Option<String>,
    /// Model, once read.
    pub model: Option<String>,
    /// ICCID of the SIM in it, once read since the last SIM event.
    pub iccid: Option<String>,
    /// Signal in dBm.
    pub signal_dbm: Option<i16>,
    /// The network it is registered with.
    pub operator: Option<String>,
    /// Whether the network knows it.
    pub registered: bool,
    /// Its message stores by name, each with how many messages are in it and how many fit in.
    pub stores: Vec<(&'static str, u32, u32)>,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When it last reported anything.
    pub seen_at: Timestamp,
}

impl ModemStatus {
    /// Whether a number behind it may be given out at `now`.
    pub fn usable(&self, now: Timestamp) -> bool {
        self.ready && now.since(self.seen_at) < STALE_AFTER
    }
}
