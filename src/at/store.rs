//! The message stores of 27.005 3.1.

use std::fmt;

/// A message store of a modem (27.005 clause 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// `SM` is on the SIM card; its messages move with the card.
    Sim,
    /// `ME` is in the modem; its messages stay when the card is taken out.
    Modem,
    /// `MT` shows the messages of both as one store.
    Both,
    /// `SR` holds status reports.
    Reports,
    /// `BM` holds cell broadcasts.
    Broadcasts,
    /// `TA` is the store of the terminal adaptor.
    Adaptor,
}

impl Store {
    /// From its name, quoted or not; `None` for one that 27.005 does not know.
    pub fn parse(name: &str) -> Option<Store> {
        Some(match super::unquote(name) {
            "SM" => Store::Sim,
            "ME" => Store::Modem,
            "MT" => Store::Both,
            "SR" => Store::Reports,
            "BM" => Store::Broadcasts,
            "TA" => Store::Adaptor,
            _ => return None,
        })
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Store::Sim => "SM",
            Store::Modem => "ME",
            Store::Both => "MT",
            Store::Reports => "SR",
            Store::Broadcasts => "BM",
            Store::Adaptor => "TA",
        }
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
