//! What the card or the modem waits for: `+CPIN` (27.007 8.3).

use super::fields::{payload, unquote};
use crate::domain::modem::DeviceLock;

/// What `+CPIN` says (27.007 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinState {
    /// The card waits for no password, or only for its PIN2 or PUK2, which messages do not need:
    /// 27.007 8.3 has the modem say so when a command that needs it was refused.
    Ready,
    /// The card waits for its PIN.
    Pin,
    /// The card is blocked and waits for its PUK.
    Puk,
    /// No card; not in the standard's list, but on the wire (SIMCom, Quectel).
    Absent,
    /// The card cannot be read yet.
    NotReady,
    /// The card is unusable for ever: Ericsson's word for one whose PUK was refused too often.
    Blocked,
    /// The modem is locked to a card or to a network.
    Locked(DeviceLock),
}

impl PinState {
    /// Reads a whole `+CPIN:` line.
    pub fn parse(line: &str) -> Option<PinState> {
        Some(match unquote(payload(line, "+CPIN:")?).to_ascii_uppercase().as_str() {
            "READY" | "SIM PIN2" | "SIM PUK2" => PinState::Ready,
            "SIM PIN" => PinState::Pin,
            "SIM PUK" => PinState::Puk,
            "NOT INSERTED" | "SIM REMOVED" | "SIM NOT INSERTED" => PinState::Absent,
            "NOT READY" => PinState::NotReady,
            "BLOCKED" => PinState::Blocked,
            code => PinState::Locked(DeviceLock::from_code(code)),
        })
    }
}

/// Reads a `+CPIN:` line; the same as [`PinState::parse`].
pub fn parse_pin_state(line: &str) -> Option<PinState> {
    PinState::parse(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_pin_of_the_card_is_its_pin() {
        let locked = PinState::Locked;
        let table = [
            ("READY", PinState::Ready),
            ("SIM PIN", PinState::Pin),
            ("\"SIM PIN\"", PinState::Pin),
            ("SIM PUK", PinState::Puk),
            ("SIM PIN2", PinState::Ready),
            ("SIM PUK2", PinState::Ready),
            ("PH-SIM PIN", locked(DeviceLock::Card)),
            ("PH-FSIM PIN", locked(DeviceLock::FirstCard)),
            ("PH-FSIM PUK", locked(DeviceLock::FirstCard)),
            ("PH-NET PIN", locked(DeviceLock::Network)),
            ("PH-NET PUK", locked(DeviceLock::Network)),
            ("PH-NETSUB PIN", locked(DeviceLock::NetworkSubset)),
            ("PH-NS PUK", locked(DeviceLock::NetworkSubset)),
            ("PH-SP PIN", locked(DeviceLock::ServiceProvider)),
            ("PH-CORP PUK", locked(DeviceLock::Company)),
            ("PH-C PIN", locked(DeviceLock::Company)),
            ("PH-ESL PIN", locked(DeviceLock::Other)),
            ("", locked(DeviceLock::Other)),
            ("BLOCKED", PinState::Blocked),
        ];
        for (code, state) in table {
            assert_eq!(parse_pin_state(&format!("+CPIN: {code}")), Some(state), "{code}");
        }
    }
}
