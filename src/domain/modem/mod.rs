//! What is known of a modem, and what can be asked of it: one vocabulary for the session that
//! speaks to the modem, the driver that serves its port, the business and the operator.

mod reason;
mod registration;
mod request;
mod status;
mod warning;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::sim::NumberSource;
use super::{Iccid, Imei, Imsi, ModemAtPort, ModemId, PortName};

pub use reason::{DeviceLock, ModemReason};
pub use registration::Registration;
pub use request::{FinalResult, ModemRequest, RequestError, SimTask, UssdEnd};
pub use status::{ModemCounts, ModemStatus, STALE_AFTER};
pub use warning::{MessageTrouble, ModemWarning};

/// Whether a card's PIN may be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PinPermission {
    /// The attempt is on disk and may be made.
    Granted,
    /// A PIN was entered into this card earlier and was not accepted.
    RefusedBefore,
    /// It may be entered only into a card that has accepted a PIN, and this one never has.
    NeverAccepted,
}

/// What a modem and its port are doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModemState {
    /// Nothing is at the port's path.
    Absent,
    /// The port is being opened.
    Opening,
    /// The modem is asked whether it answers, and who it is.
    Probing,
    /// The modem is asked whether there is a usable SIM card.
    SimCheck,
    /// The SIM card's ICCID, IMSI and number are read.
    Identifying,
    /// PDU mode, message stores and indications are set.
    Configuring,
    /// The modem works, but no network has accepted the SIM card yet.
    Registering,
    /// The modem works, and messages arrive.
    Ready,
    /// The radio is off while a SIM bank exchanges the SIM card.
    Switching,
    /// The session failed; the port is opened again shortly.
    Recovering,
    /// The session failed many times in a row; the port is opened again at long intervals.
    Quarantined,
    /// The site that the modem is at says nothing.
    Unreachable,
}

impl ModemState {
    /// Every state, in the order in which a modem usually goes through them.
    pub const ALL: [ModemState; 12] = [
        ModemState::Absent,
        ModemState::Opening,
        ModemState::Probing,
        ModemState::SimCheck,
        ModemState::Identifying,
        ModemState::Configuring,
        ModemState::Registering,
        ModemState::Ready,
        ModemState::Switching,
        ModemState::Recovering,
        ModemState::Quarantined,
        ModemState::Unreachable,
    ];

    /// The word in logs, JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            ModemState::Absent => "Absent",
            ModemState::Opening => "Opening",
            ModemState::Probing => "Probing",
            ModemState::SimCheck => "SimCheck",
            ModemState::Identifying => "Identifying",
            ModemState::Configuring => "Configuring",
            ModemState::Registering => "Registering",
            ModemState::Ready => "Ready",
            ModemState::Switching => "Switching",
            ModemState::Recovering => "Recovering",
            ModemState::Quarantined => "Quarantined",
            ModemState::Unreachable => "Unreachable",
        }
    }

    /// Whether nothing can be asked of the modem: it is not there, or its session failed.
    pub fn is_out_of_order(self) -> bool {
        matches!(
            self,
            ModemState::Absent
                | ModemState::Recovering
                | ModemState::Quarantined
                | ModemState::Unreachable
        )
    }
}

impl fmt::Display for ModemState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The error for a word that stands for no state of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a modem's state, such as Ready")]
pub struct UnknownModemState;

impl FromStr for ModemState {
    type Err = UnknownModemState;

    fn from_str(word: &str) -> Result<ModemState, UnknownModemState> {
        ModemState::ALL.into_iter().find(|state| state.as_str() == word).ok_or(UnknownModemState)
    }
}

/// What is done about a modem whose session failed. (Before that, the session itself has tried to
/// resynchronise.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecoveryStep {
    /// The port is closed and opened again.
    Reopen,
    /// The profile's reset command is sent.
    SoftReset,
    /// The profile's stronger reset command is sent.
    HardReset,
    /// The USB device is unbound from its driver and bound again.
    UsbRebind,
    /// The operator's command takes the modem's power away for a while.
    PowerCycle,
}

impl RecoveryStep {
    /// Every step, the weakest first.
    pub const ALL: [RecoveryStep; 5] = [
        RecoveryStep::Reopen,
        RecoveryStep::SoftReset,
        RecoveryStep::HardReset,
        RecoveryStep::UsbRebind,
        RecoveryStep::PowerCycle,
    ];

    /// The words in logs, JSON and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            RecoveryStep::Reopen => "reopen",
            RecoveryStep::SoftReset => "soft reset",
            RecoveryStep::HardReset => "hard reset",
            RecoveryStep::UsbRebind => "USB rebind",
            RecoveryStep::PowerCycle => "power cycle",
        }
    }
}

impl fmt::Display for RecoveryStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a modem is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModemIdentity {
    /// What identifies it, unless another modem tells the same.
    pub id: ModemId,
    /// The IMEI that it tells. It may be a placeholder, or that of many modems.
    pub imei: Option<Imei>,
    /// The name that the modem reports, or `unknown`.
    pub manufacturer: String,
    /// The name that the modem reports, or `unknown`.
    pub model: String,
    /// The firmware's revision (`AT+CGMR`).
    pub firmware: Option<String>,
}

/// A SIM card as the modem that it is in read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimCard {
    /// The card's serial number, which identifies it.
    pub iccid: Iccid,
    /// The identity of the subscription, read by `AT+CIMI`.
    pub imsi: Option<Imsi>,
    /// The number that the card has stored as its own, if any.
    pub number: Option<OwnNumber>,
}

/// The number that a SIM card has stored as its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnNumber {
    /// The number as the modem returned it: `+316…`, or `06…` without a country.
    pub number: String,
    /// Where on the card it is stored.
    pub source: NumberSource,
}

/// A message store (3GPP TS 27.005 clause 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStore {
    /// `SM`: the SIM card's store, whose messages move with the card.
    Sim,
    /// `ME`: the modem's own store, whose messages stay when the card leaves.
    Modem,
    /// `MT`: a view of both.
    Both,
    /// `SR`: the store for status reports.
    Reports,
    /// `BM`: the store for broadcast messages.
    Broadcasts,
    /// `TA`: the terminal adaptor's store.
    Adaptor,
}

impl MessageStore {
    /// The name on the wire, in JSON and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            MessageStore::Sim => "SM",
            MessageStore::Modem => "ME",
            MessageStore::Both => "MT",
            MessageStore::Reports => "SR",
            MessageStore::Broadcasts => "BM",
            MessageStore::Adaptor => "TA",
        }
    }
}

impl fmt::Display for MessageStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How full a message store was when it was last looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreFill {
    pub store: MessageStore,
    /// How many messages are in it.
    pub used: u32,
    /// How many messages fit into it.
    pub total: u32,
}

/// What is known of one port and its modem at one moment. Reported on every change, and unchanged
/// after every keep-alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModemSnapshot {
    /// The port as the configuration or its glob names it.
    pub port: PortName,
    /// What the modem is doing.
    pub state: ModemState,
    /// What is waited for, or why the modem is in this state, where there is something to say.
    pub reason: Option<ModemReason>,
    /// The modem last seen on this port. From `Identifying` on it is the one that is there now.
    pub identity: Option<ModemIdentity>,
    /// The name of the profile that was chosen for the modem.
    pub profile: Option<String>,
    /// The card that is in now; `None` from any SIM event until its ICCID has been read again.
    pub sim: Option<SimCard>,
    /// Signal strength in dBm.
    pub signal_dbm: Option<i16>,
    /// The network's name, or its MCC and MNC.
    pub operator: Option<String>,
    /// The most telling of what `+CREG`, `+CGREG`, `+CEREG` and `+C5GREG` last said.
    pub registration: Option<Registration>,
    /// The message stores that are read.
    pub stores: Arc<Vec<StoreFill>>,
    /// What an operator should act upon, whatever the state.
    pub warnings: Arc<Vec<ModemWarning>>,
}

impl ModemSnapshot {
    /// A port of which nothing is known but its state.
    pub fn new(port: PortName, state: ModemState) -> ModemSnapshot {
        ModemSnapshot {
            port,
            state,
            reason: None,
            identity: None,
            profile: None,
            sim: None,
            signal_dbm: None,
            operator: None,
            registration: None,
            stores: Arc::default(),
            warnings: Arc::default(),
        }
    }

    /// Whether the modem works: identified, registered, its stores swept.
    pub fn is_ready(&self) -> bool {
        self.state == ModemState::Ready
    }

    /// Whether a network has accepted the SIM card.
    pub fn is_registered(&self) -> bool {
        self.registration.is_some_and(Registration::is_registered)
    }

    /// The IMEI that the modem tells, once it was read.
    pub fn imei(&self) -> Option<&Imei> {
        self.identity.as_ref().and_then(|identity| identity.imei.as_ref())
    }

    /// The modem at the port, once it is known.
    pub fn modem(&self) -> Option<ModemAtPort> {
        let id = self.identity.as_ref()?.id.clone();
        Some(ModemAtPort { id, port: self.port.clone() })
    }

    /// The ICCID of the SIM card that is in, once it was read.
    pub fn iccid(&self) -> Option<&Iccid> {
        self.sim.as_ref().map(|sim| &sim.iccid)
    }

    /// Whether this port's modem is served on another of its ports: nothing is expected of it.
    pub fn is_spare_port(&self) -> bool {
        matches!(self.reason, Some(ModemReason::ServedOnOtherPort(_)))
    }

    /// Whether a first try to get the modem working is over: either it works, or it is known what
    /// keeps it from working.
    pub fn is_settled(&self) -> bool {
        match self.state {
            ModemState::Ready | ModemState::Switching => true,
            state if state.is_out_of_order() => true,
            ModemState::Probing | ModemState::Configuring => false,
            _ => self.reason.as_ref().is_some_and(|reason| !reason.is_progress()),
        }
    }
}

/// What the driver has counted and recorded of one port since it started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModemDetail {
    /// The USB device that the port belongs to (`1-1.4`).
    pub usb: Option<String>,
    /// How often each recovery step was taken.
    pub recoveries: Vec<(RecoveryStep, u32)>,
    /// Messages that came inside their URC and that no SIM card could be credited with.
    pub dropped: u64,
    /// The last lines of the conversation: seconds since the driver started, `>` (sent) or `<`
    /// (received), the line with numbers and texts masked.
    pub transcript: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_from_its_word() {
        for state in ModemState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("ready".parse::<ModemState>(), Err(UnknownModemState));
    }

    #[test]
    fn a_first_try_is_over_when_the_modem_works_or_it_is_known_why_not() {
        let snapshot = |state, reason| ModemSnapshot {
            reason,
            ..ModemSnapshot::new(PortName::from_stored("a"), state)
        };
        for state in ModemState::ALL {
            use ModemState::{Identifying, Opening, Registering, SimCheck};
            let needs_reason = matches!(state, Opening | SimCheck | Identifying | Registering);
            let never = matches!(state, ModemState::Probing | ModemState::Configuring);
            let (bare, explained) =
                (snapshot(state, None), snapshot(state, Some(ModemReason::NoSim)));
            let busy = snapshot(state, Some(ModemReason::Searching));
            assert_eq!(bare.is_settled(), !needs_reason && !never, "{state}");
            assert_eq!(busy.is_settled(), bare.is_settled(), "{state}");
            assert_eq!(explained.is_settled(), !never, "{state}");
        }
    }
}
