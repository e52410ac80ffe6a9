//! Counts of what has happened at each port since the daemon's start.

use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::modem::RecoveryStep;
use crate::domain::{PortName, Timestamp};
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

/// The counts of all ports. The lock is never held for longer than it takes to count.
#[derive(Debug, Default)]
pub(crate) struct ModemCounters(Mutex<BTreeMap<PortName, PortCounts>>);

impl ModemCounters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<PortName, PortCounts>> {
        self.0.lock()
    }

    fn update(&self, port: &PortName, count: impl FnOnce(&mut PortCounts)) {
        let mut ports = self.lock();
        match ports.get_mut(port) {
            Some(counts) => count(counts),
            None => count(ports.entry(port.clone()).or_default()),
        }
    }

    /// Notes a modem's report.
    pub fn record_report(&self, port: &PortName, ready: bool, now: Timestamp) {
        self.update(port, |counts| {
            counts.unready_since = if ready { None } else { counts.unready_since.or(Some(now)) }
        });
    }

    /// Forgets a port that is not served any more.
    pub fn remove(&self, port: &PortName) {
        self.lock().remove(port);
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

    /// Counts a message of a port's modem that was stored, or (`None`) could not be stored.
    pub fn record_message(&self, port: &PortName, ingested: Option<&Ingested>, now: Timestamp) {
        self.update(port, |counts| match ingested {
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
        self.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_has_counts_of_its_own() {
        let modems = ModemCounters::default();
        let at = Timestamp;
        let (a, b) = (PortName::from_stored("a"), PortName::from_stored("b"));
        modems.record_report(&a, false, at(1));
        modems.record_report(&a, false, at(2));
        assert_eq!(modems.all()["a"].unready_since, Some(at(1)), "since the first");
        modems.record_report(&b, true, at(3));
        modems.record_message(&b, Some(&Ingested::Part), at(3));
        modems.record_command(&b, CommandOutcome::Answered(Duration::from_millis(20)));
        modems.record_command(&b, CommandOutcome::Unanswered);
        modems.record_recovery(&b, RecoveryStep::HardReset);
        let all = modems.all();
        let b = &all["b"];
        assert_eq!((b.parts, b.answered, b.unanswered, b.recoveries), (1, 1, 1, [0, 0, 1, 0, 0]));
        assert_eq!((all["a"].parts, b.unready_since), (0, None));
    }
}
