//! The faults that a scenario or an operator gives to a modem.

use super::Network;
use crate::simulator::error::SimulatorError;
use crate::simulator::faults::Fault;
use crate::simulator::modem_slot::Port;

impl Network {
    /// Starts or ends a fault of a modem.
    ///
    /// # Errors
    /// [`SimulatorError::UnknownModem`], [`SimulatorError::UnknownCard`],
    /// [`SimulatorError::NotHexadecimal`], [`SimulatorError::NotAName`].
    pub fn fault(&self, modem: usize, fault: &Fault) -> Result<(), SimulatorError> {
        let last = self.modems().saturating_sub(1);
        let modem_slot =
            self.0.modem_slots.get(modem).ok_or(SimulatorError::UnknownModem { modem, last })?;
        let now = self.now();
        match fault {
            Fault::Garbage { octets } => {
                let octets = hex::decode(octets).map_err(|_| SimulatorError::NotHexadecimal)?;
                modem_slot.modem().babble(&octets);
            }
            Fault::PortGone { back_after_ms } => {
                modem_slot.port.send_replace(Port::Gone { back_after_ms: *back_after_ms });
            }
            Fault::PortMoved { back_after_ms, name } => {
                modem_slot.rename(plain_name(name)?);
                modem_slot.port.send_replace(Port::Gone { back_after_ms: Some(*back_after_ms) });
            }
            Fault::PortBack => {
                modem_slot.port.send_replace(Port::Present);
            }
            Fault::SimOut => {
                let card = modem_slot.modem().remove_sim();
                self.state().drawer.extend(card);
            }
            Fault::SimIn { iccid } => self.insert(modem_slot, iccid)?,
            _ => modem_slot.modem().suffer(fault, now),
        }
        modem_slot.wake.notify_one();
        Ok(())
    }
}

/// Checks that the name of a link has no folder in it.
pub(in crate::simulator) fn plain_name(name: &str) -> Result<&str, SimulatorError> {
    let plain = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if plain { Ok(name) } else { Err(SimulatorError::NotAName) }
}
