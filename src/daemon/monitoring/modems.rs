//! Counts of what has happened at each port since the daemon's start.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::modem::RecoveryStep;
use crate::domain::{Imei, PortName, Timestamp};
use crate::gateway::Ingested;
use crate::modem::CommandOutcome;

/// The counts of one port.
#[derive(Debug, Clone, Default)]
pub(super) struct PortCounts {
    pub messages: u64,
    pub parts: u64,
    pub duplicates: u64,
    /// Messages that are no texts.
    pub others: u64,
    pub undecodable: u64,
    /// Attempts to store a message that failed.
    pub refused: u64,
    pub answered: u64,
    pub answer_time: Duration,
    pub unanswered: u64,
    pub recoveries: [u64; RecoveryStep::ALL.len()],
    /// Since when the modem has not been Ready; `None` while it is.
    pub unready_since: Option<Timestamp>,
    pub undecodable_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Ports {
    counts: BTreeMap<PortName, PortCounts>,
    port_of_imei: HashMap<Imei, PortName>,
}

/// The counts of all ports. The lock is never held for longer than it takes to count.
#[derive(Debug, Default)]
pub(crate) struct ModemCounters(Mutex<Ports>);

impl ModemCounters {
    fn lock(&self) -> MutexGuard<'_, Ports> {
        self.0.lock()
    }

    fn update(&self, port: &PortName, count: impl FnOnce(&mut PortCounts)) {
        let mut ports = self.lock();
        match ports.counts.get_mut(port) {
            Some(counts) => count(counts),
            None => count(ports.counts.entry(port.clone()).or_default()),
        }
    }

    /// Notes a modem's report.
    pub fn record_report(&self, port: &PortName, imei: Option<&Imei>, ready: bool, now: Timestamp) {
        self.update(port, |counts| {
            counts.unready_since = if ready { None } else { counts.unready_since.or(Some(now)) }
        });
        if let Some(imei) = imei {
            let mut ports = self.lock();
            if ports.port_of_imei.get(imei).is_none_or(|known| known != port) {
                ports.port_of_imei.insert(imei.clone(), port.clone());
            }
        }
    }

    /// Forgets a port that is not served any more.
    pub fn remove(&self, port: &PortName) {
        let mut ports = self.lock();
        ports.counts.remove(port);
        ports.port_of_imei.retain(|_, of| of != port);
    }

    /// Counts a command that was answered or was not.
    pub fn record_command(&self, port: &PortName, outcome: CommandOutcome) {
        self.update(port, |counts| match outcome {
            CommandOutcome::Answered(time) => {
                counts.answered += 1;
                counts.answer_time += time;
            }
            CommandOutcome::Unanswered => counts.unanswered += 1,
        });
    }

    /// Counts a recovery step.
    pub fn record_recovery(&self, port: &PortName, step: RecoveryStep) {
        let place = RecoveryStep::ALL.iter().position(|known| *known == step);
        self.update(port, |counts| {
            if let Some(count) = place.and_then(|place| counts.recoveries.get_mut(place)) {
                *count += 1;
            }
        });
    }

    /// Counts a message of a modem that was stored, or (`None`) could not be stored.
    pub fn record_message(&self, imei: &Imei, ingested: Option<&Ingested>, now: Timestamp) {
        let Some(port) = self.lock().port_of_imei.get(imei).cloned() else { return };
        self.update(&port, |counts| match ingested {
            None => counts.refused += 1,
            Some(Ingested::Duplicate) => counts.duplicates += 1,
            Some(Ingested::Part) => counts.parts += 1,
            Some(Ingested::Message(..)) => counts.messages += 1,
            Some(Ingested::Other(..)) => counts.others += 1,
            Some(Ingested::Undecodable(_)) => {
                counts.undecodable += 1;
                counts.undecodable_at = Some(now);
            }
        });
    }

    /// The counts of all ports.
    pub(super) fn all(&self) -> BTreeMap<PortName, PortCounts> {
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
        let (a, b) = (PortName::from_stored("a"), PortName::from_stored("b"));
        let (imei, other) = (Imei::from_stored("1"), Imei::from_stored("2"));
        modems.record_report(&a, Some(&imei), false, at(1));
        modems.record_report(&a, Some(&imei), false, at(2));
        assert_eq!(modems.all()["a"].unready_since, Some(at(1)), "since the first");
        modems.record_report(&b, Some(&imei), true, at(3));
        modems.record_message(&imei, Some(&Ingested::Part), at(3));
        modems.record_message(&other, Some(&Ingested::Part), at(3));
        modems.record_command(&b, CommandOutcome::Answered(Duration::from_millis(20)));
        modems.record_command(&b, CommandOutcome::Unanswered);
        modems.record_recovery(&b, RecoveryStep::HardReset);
        let all = modems.all();
        let b = &all["b"];
        assert_eq!((b.parts, b.answered, b.unanswered, b.recoveries), (1, 1, 1, [0, 0, 1, 0, 0]));
        assert_eq!((all["a"].parts, b.unready_since), (0, None));
    }
}
