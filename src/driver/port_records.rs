//! The records of all ports of a driver, and which port serves which modem.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::claims::{Claim, Claims, Presence};
use super::clock::Clock;
use super::port_record::PortRecord;
use crate::domain::modem::{ModemDetail, ModemSnapshot};
use crate::domain::{Iccid, PortName};
use crate::modem::UssdForm;

#[derive(Debug, Default)]
struct Contents {
    records: HashMap<PortName, PortRecord>,
    claims: Claims,
}

/// The records of all ports, shared by the parts of a driver.
#[derive(Clone, Debug)]
pub(crate) struct PortRecords {
    contents: Arc<Mutex<Contents>>,
    /// Notified when a port may have given up its modem.
    claims_changed: Arc<Notify>,
    clock: Clock,
}

impl PortRecords {
    /// Makes the records of a driver that has opened no port yet.
    pub fn new() -> PortRecords {
        PortRecords {
            contents: Arc::default(),
            claims_changed: Arc::default(),
            clock: Clock::start(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock()
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

    /// Notes a report of a port that belongs to this USB device, if it belongs to one.
    pub fn note_sighting(&self, snapshot: &ModemSnapshot, usb: Option<&str>) {
        let Some(modem) = snapshot.modem() else { return };
        let now = self.clock.now();
        self.lock().claims.note_sighting(&modem.port, &modem.id, usb, snapshot.iccid(), now);
        self.claims_changed.notify_waiters();
    }

    /// Notes that the card was read again at a port, and is the same.
    pub fn confirm_card(&self, port: &PortName) {
        self.lock().claims.confirm(port, self.clock.now());
    }

    /// Claims the modem at a port for it, where this card has just been read. Ports that may belong
    /// to the same modem are asked to read their cards again if that has to be known.
    pub fn claim(&self, port: &PortName, card: &Iccid) -> Claim {
        let mut contents = self.lock();
        let claim = contents.claims.claim(port, card, self.clock.now());
        if let Claim::Undecided(ports) = &claim {
            let records = ports.iter().filter_map(|port| contents.records.get(port));
            records.for_each(PortRecord::doubt_card);
        }
        claim
    }

    /// Another port whose modem this port's may be, where this port has no card that could tell.
    pub fn may_be_spare(&self, port: &PortName) -> Option<PortName> {
        self.lock().claims.may_be_spare(port)
    }

    /// How much is known of the modem at a port.
    pub fn presence(&self, port: &PortName) -> Presence {
        self.lock().claims.presence(port)
    }

    /// Returns once a port may have given up its modem.
    pub fn claims_changed(&self) -> Notified<'_> {
        self.claims_changed.notified()
    }

    /// Gives up the modem that this port serves.
    pub fn release(&self, port: &PortName) {
        self.lock().claims.release(port);
        self.claims_changed.notify_waiters();
    }
}
