//! All ports of a driver: what is known of each, and which port serves which modem.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::Arc;

use super::port_record::PortRecord;
use crate::domain::modem::{ModemDetail, ModemSnapshot};
use crate::domain::{Imei, PortName};

#[derive(Debug, Default)]
struct Contents {
    records: HashMap<PortName, PortRecord>,
    /// The ports that serve each modem.
    claims: HashMap<Imei, Vec<Claim>>,
}

/// That a port serves a modem.
#[derive(Debug)]
struct Claim {
    port: PortName,
    /// The USB device that the port belongs to.
    usb: Option<String>,
}

/// Shared by a driver's parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortRecords(Arc<Mutex<Contents>>);

impl PortRecords {
    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock()
    }

    /// A port's record; made when there is none.
    pub fn open(&self, port: &PortName) -> PortRecord {
        self.lock().records.entry(port.clone()).or_default().clone()
    }

    /// The ports that are served, in alphabetical order.
    pub fn ports(&self) -> Vec<PortName> {
        let mut ports: Vec<PortName> = self.lock().records.keys().cloned().collect();
        ports.sort();
        ports
    }

    /// How often each port's loop has turned.
    pub fn loop_turns(&self) -> Vec<(PortName, u64)> {
        let contents = self.lock();
        contents.records.iter().map(|(port, record)| (port.clone(), record.loop_turns())).collect()
    }

    /// Removes a port that is not served any more.
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

    /// Whether another port of the same USB device has a working modem: then the device is not
    /// reset.
    pub fn another_port_works(&self, port: &PortName, usb: &str) -> bool {
        let contents = self.lock();
        contents.records.iter().any(|(name, record)| name != port && record.is_ready_on(usb))
    }

    /// Claims the modem with this IMEI for a port. Two modems with the same IMEI that are two USB
    /// devices are two modems.
    ///
    /// # Errors
    /// The port that serves the modem already.
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

    /// This port serves no modem any more.
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
