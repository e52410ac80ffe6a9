//! The names of the message stores, as `AT+CPMS` writes them.

use std::fmt;

use serde::Deserialize;

/// A message store (TS 27.005 clause 3.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StoreName {
    /// On the SIM card; goes where the card goes.
    Sm,
    /// In the modem; stays when the card is exchanged.
    Me,
}

impl StoreName {
    /// The store of that name, if the modem has it.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "SM" => Some(StoreName::Sm),
            "ME" => Some(StoreName::Me),
            _ => None,
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StoreName::Sm => "SM",
            StoreName::Me => "ME",
        })
    }
}
