//! The records of all ports of a driver, and which port serves which modem.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::port_record::PortRecord;
use crate::domain::modem::{ModemDetail, ModemSnapshot};
use crate::domain::{Imei, PortName};
use crate::modem::UssdForm;

#[derive(Debug, Default)]
struct Contents {
    records: HashMap<PortName, PortRecord>,
    /// The ports that serve each modem.
    claims: HashMap<Imei, Vec<Claim>>,
}

/// Says that a port serves a modem.
#[derive(Debug)]
struct Claim {
    port: PortName,
    /// The USB device that the port belongs to.
    usb: Option<String>,
}

/// The records of all ports, shared by the parts of a driver.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortRecords(Arc<Mutex<Contents>>);

impl PortRecords {
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock()
    }

    /// The record of a port, which is created if there is none.
    pub fn open(&self, port: &PortName) -> PortRecord {
        self.lock().records.entry(port.clone()).or_default().clone()
    }

    /// The ports that are served, in alphabetical order.
    pub fn ports(&self) -> Vec<PortName> {
        let mut ports: Vec<PortName> = self.lock().records.keys().cloned().collect();
        ports.sort();
        ports
    }

    /// The number of turns that the loop of each port's task has made.
    pub fn loop_turns(&self) -> Vec<(PortName, u64)> {
        let contents = self.lock();
        contents.records.iter().map(|(port, record)| (port.clone(), record.loop_turns())).collect()
    }

    /// Removes a port that is no longer served.
    pub fn remove(&self, port: &PortName) {
        self.lock().records.remove(port);
    }

    pub fn snapshot(&self, port: &str) -> Option<ModemSnapshot> {
        self.lock().records.get(port).and_then(PortRecord::snapshot)
    }

    pub fn detail(&self, port: &str) -> Option<ModemDetail> {
        self.lock().records.get(port).map(PortRecord::detail)
    }

    pub fn recording(&self, port: &str) -> Option<Vec<String>> {
        self.lock().records.get(port).map(PortRecord::recording)
    }

    /// The forms in which modems have taken USSD codes, by model.
    pub fn ussd_forms(&self) -> BTreeMap<String, UssdForm> {
        self.lock().records.values().filter_map(PortRecord::ussd_form).collect()
    }

    /// Whether a modem works on another port of the same USB device. Such a device must not be
    /// reset.
    pub fn another_port_works(&self, port: &PortName, usb: &str) -> bool {
        let contents = self.lock();
        contents.records.iter().any(|(name, record)| name != port && record.is_ready_on(usb))
    }

    /// Claims the modem with this IMEI for a port. The same IMEI on two different USB devices means
    /// two modems: some cheap sticks share one.
    ///
    /// # Errors
    /// Another port serves the modem already; it is returned.
    pub fn claim(&self, imei: &Imei, port: &PortName, usb: Option<&str>) -> Result<(), PortName> {
        let mut contents = self.lock();
        let claims = contents.claims.entry(imei.clone()).or_default();
        let may_be_same = |claim: &&Claim| match (&claim.usb, usb) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => true,
        };
        if claims.iter().any(|claim| claim.port == *port) {
            return Ok(());
        }
        if let Some(claim) = claims.iter().find(may_be_same) {
            return Err(claim.port.clone());
        }
        claims.push(Claim { port: port.clone(), usb: usb.map(str::to_owned) });
        Ok(())
    }

    /// Gives up the modem that this port serves.
    pub fn release(&self, port: &PortName) {
        self.lock().claims.retain(|_, claims| {
            claims.retain(|claim| claim.port != *port);
            !claims.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_modem_is_served_on_one_port_at_a_time() {
        let records = PortRecords::default();
        let (imei, port) = (Imei::from_stored("1"), PortName::from_stored);
        let claim = |name: &'static str, usb| records.claim(&imei, &port(name), usb);
        assert_eq!(claim("a", Some("1-1")), Ok(()));
        assert_eq!(claim("a", Some("1-1")), Ok(()));
        assert_eq!(claim("b", Some("1-1")), Err(port("a")));
        assert_eq!(claim("c", None), Err(port("a")));
        assert_eq!(claim("d", Some("1-2")), Ok(()), "another stick with the same IMEI");
        records.release(&port("a"));
        assert_eq!(claim("b", Some("1-1")), Ok(()));
    }
}
