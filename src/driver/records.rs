//! All ports of a driver: what is known of each, and which port serves which modem.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::Arc;

use super::detail::{Detail, Record};
use crate::modem::State;

#[derive(Debug, Default)]
struct All {
    records: HashMap<String, Record>,
    /// IMEI to the ports that serve it, with their USB devices.
    claims: HashMap<String, Vec<Claim>>,
}

#[derive(Debug)]
struct Claim {
    port: String,
    usb: Option<String>,
}

/// Shared by a driver's parts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records(Arc<Mutex<All>>);

impl Records {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.0.lock()
    }

    /// A port's record; made when there is none.
    pub fn of(&self, port: &str) -> Record {
        self.lock().records.entry(port.to_owned()).or_default().clone()
    }

    pub fn ports(&self) -> Vec<String> {
        let mut ports: Vec<String> = self.lock().records.keys().cloned().collect();
        ports.sort();
        ports
    }

    /// How often each port's loop has turned.
    pub fn turns(&self) -> Vec<(String, u64)> {
        self.lock().records.iter().map(|(port, record)| (port.clone(), record.turns())).collect()
    }

    /// This port is not served any more.
    pub fn forget(&self, port: &str) {
        self.lock().records.remove(port);
    }

    pub fn detail(&self, port: &str) -> Option<Detail> {
        self.lock().records.get(port).map(Record::detail)
    }

    pub fn recording(&self, port: &str) -> Option<Vec<String>> {
        self.lock().records.get(port).map(Record::recording)
    }

    /// Whether another port of the same USB device has a working modem: then the device is left
    /// alone.
    pub fn neighbour_works(&self, port: &str, usb: &str) -> bool {
        let all = self.lock();
        let mut others =
            all.records.iter().filter(|(name, _)| *name != port).map(|(_, record)| record.detail());
        others.any(|detail| {
            let works = detail.snapshot.is_some_and(|snapshot| snapshot.state == State::Ready);
            works && detail.usb.as_deref() == Some(usb)
        })
    }

    /// This port serves the modem with this IMEI from now on; or the port that does already. Two
    /// modems that tell the same IMEI but are two USB devices are two modems.
    pub fn claim(&self, imei: &str, port: &str, usb: Option<&str>) -> Result<(), String> {
        let mut all = self.lock();
        let claims = all.claims.entry(imei.to_owned()).or_default();
        let same = |claim: &&Claim| match (&claim.usb, usb) {
            (Some(theirs), Some(ours)) => theirs == ours,
            _ => true,
        };
        if claims.iter().any(|claim| claim.port == port) {
            return Ok(());
        }
        if let Some(claim) = claims.iter().find(same) {
            return Err(claim.port.clone());
        }
        claims.push(Claim { port: port.to_owned(), usb: usb.map(str::to_owned) });
        Ok(())
    }

    /// This port serves no modem.
    pub fn release(&self, port: &str) {
        let mut all = self.lock();
        all.claims.retain(|_, claims| {
            claims.retain(|claim| claim.port != port);
            !claims.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_modem_is_served_on_one_port_at_a_time() {
        let records = Records::default();
        assert_eq!(records.claim("1", "a", Some("1-1")), Ok(()));
        assert_eq!(records.claim("1", "a", Some("1-1")), Ok(()));
        assert_eq!(records.claim("1", "b", Some("1-1")), Err("a".to_owned()));
        assert_eq!(records.claim("1", "c", None), Err("a".to_owned()));
        assert_eq!(
            records.claim("1", "d", Some("1-2")),
            Ok(()),
            "another stick that tells the same IMEI"
        );
        records.release("a");
        assert_eq!(records.claim("1", "b", Some("1-1")), Ok(()));
    }
}
