//! Counts of what has happened at each port since the daemon's start.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::modem::ModemStatus;
use crate::driver::{OTHER_PORT, Step};
use crate::gateway::Ingested;
use crate::modem::Answered;

/// The counts of one port.
#[derive(Debug, Clone, Default)]
pub(super) struct PortCounts {
    pub messages: u64,
    pub parts: u64,
    pub duplicates: u64,
    pub undecodable: u64,
    /// Attempts to store a message that failed.
    pub refused: u64,
    pub answered: u64,
    pub answer_time: Duration,
    pub unanswered: u64,
    pub recoveries: [u64; Step::ALL.len()],
    /// Since when the modem has not been Ready; `None` while it is.
    pub unready_since: Option<Timestamp>,
    pub undecodable_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Ports {
    counts: BTreeMap<String, PortCounts>,
    port_of_imei: HashMap<String, String>,
}

/// The counts of all ports. The lock is never held for longer than it takes to count.
#[derive(Debug, Default)]
pub(crate) struct ModemCounters(Mutex<Ports>);

/// Whether the port is a second one of a modem that is served on another port. Nothing is expected of
/// such a port.
pub(super) fn is_spare(modem: &ModemStatus) -> bool {
    modem.reason.as_deref().is_some_and(|reason| reason.starts_with(OTHER_PORT))
}

impl ModemCounters {
    fn lock(&self) -> MutexGuard<'_, Ports> {
        self.0.lock()
    }

    fn update(&self, port: &str, count: impl FnOnce(&mut PortCounts)) {
        let mut ports = self.lock();
        match ports.counts.get_mut(port) {
            Some(counts) => count(counts),
            None => count(ports.counts.entry(port.to_owned()).or_default()),
        }
    }

    /// Notes a modem's report.
    pub fn record_report(&self, port: &str, imei: Option<&str>, ready: bool, now: Timestamp) {
        self.update(port, |counts| {
            counts.unready_since = if ready { None } else { counts.unready_since.or(Some(now)) }
        });
        if let Some(imei) = imei {
            let mut ports = self.lock();
            if ports.port_of_imei.get(imei).is_none_or(|known| known != port) {
                ports.port_of_imei.insert(imei.to_owned(), port.to_owned());
            }
        }
    }

    /// Forgets a port that is not served any more.
    pub fn remove(&self, port: &str) {
        let mut ports = self.lock();
        ports.counts.remove(port);
        ports.port_of_imei.retain(|_, of| of != port);
    }

    /// Counts a command that was answered or was not.
    pub fn record_command(&self, port: &str, answered: Answered) {
        self.update(port, |counts| match answered {
            Answered::After(time) => {
                counts.answered += 1;
                counts.answer_time += time;
            }
            Answered::Not => counts.unanswered += 1,
        });
    }

    /// Counts a recovery step.
    pub fn record_recovery(&self, port: &str, step: Step) {
        let place = Step::ALL.iter().position(|known| *known == step);
        self.update(port, |counts| {
            if let Some(count) = place.and_then(|place| counts.recoveries.get_mut(place)) {
                *count += 1;
            }
        });
    }

    /// Counts a message of a modem that was stored, or (`None`) could not be stored.
    pub fn record_message(&self, imei: &str, ingested: Option<&Ingested>, now: Timestamp) {
        let Some(port) = self.lock().port_of_imei.get(imei).cloned() else { return };
        self.update(&port, |counts| match ingested {
            None => counts.refused += 1,
            Some(Ingested::Duplicate) => counts.duplicates += 1,
            Some(Ingested::Part) => counts.parts += 1,
            Some(Ingested::Message(..)) => counts.messages += 1,
            Some(Ingested::Undecodable(_)) => {
                counts.undecodable += 1;
                counts.undecodable_at = Some(now);
            }
        });
    }

    /// The counts of all ports.
    pub(super) fn all(&self) -> BTreeMap<String, PortCounts> {
        self.lock().counts.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_a_modem_to_its_port() {
        let modems = ModemCounters::default();
        let at = Timestamp;
        modems.record_report("a", Some("1"), false, at(1));
        modems.record_report("a", Some("1"), false, at(2));
        assert_eq!(modems.all()["a"].unready_since, Some(at(1)), "since the first");
        modems.record_report("b", Some("1"), true, at(3));
        modems.record_message("1", Some(&Ingested::Part), at(3));
        modems.record_message("2", Some(&Ingested::Part), at(3));
        modems.record_command("b", Answered::After(Duration::from_millis(20)));
        modems.record_command("b", Answered::Not);
        modems.record_recovery("b", Step::HardReset);
        let all = modems.all();
        let b = &all["b"];
        assert_eq!((b.parts, b.answered, b.unanswered, b.recoveries), (1, 1, 1, [0, 0, 1, 0, 0]));
        assert_eq!((all["a"].parts, b.unready_since), (0, None));
    }
}
