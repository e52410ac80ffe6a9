//! Whether a network has accepted the SIM card in a modem.

use serde::{Deserialize, Serialize};

/// Whether and how a network has accepted the SIM card (3GPP TS 27.007 clause 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// 0: not registered and not looking for a network.
    Idle,
    /// 1: registered with the card's own network.
    Home,
    /// 2: not registered, looking for a network.
    Searching,
    /// 3: the network refused the card.
    Denied,
    /// 4, and every other number: the modem does not say, as where there is no coverage.
    Unknown,
    /// 5: registered with another network.
    Roaming,
    /// 6, 7: registered for SMS only, home or roaming.
    SmsOnly,
    /// 8, 11: accepted for emergency calls, or for what a country grants everybody, alone.
    Emergency,
}

impl Registration {
    /// Whether messages can arrive.
    pub fn is_registered(self) -> bool {
        matches!(self, Registration::Home | Registration::Roaming | Registration::SmsOnly)
    }

    /// How much this state in one domain of a network says about the modem: the greatest counts.
    /// What a modem does not use has state 0 in the one that it does not use.
    pub fn weight(self) -> u8 {
        match self {
            Registration::Idle => 0,
            Registration::Unknown => 1,
            Registration::Searching => 2,
            Registration::Emergency => 3,
            Registration::Denied => 4,
            Registration::Home | Registration::Roaming | Registration::SmsOnly => 5,
        }
    }
}
