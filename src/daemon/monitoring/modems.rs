//! What happens at each port, counted since the start.

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
pub(super) struct OfPort {
    pub messages: u64,
    pub parts: u64,
    pub duplicates: u64,
    pub undecodable: u64,
    /// Messages that could not be put on disk at the first try.
    pub refused: u64,
    pub answered: u64,
    pub answer_time: Duration,
    pub unanswered: u64,
    pub recoveries: [u64; Step::ALL.len()],
    /// Since when it has not been Ready.
    pub unready_since: Option<Timestamp>,
    pub undecodable_at: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Known {
    ports: BTreeMap<String, OfPort>,
    port_of_imei: HashMap<String, String>,
}

/// The counts of all ports. Nobody who counts is held up for longer than a count takes.
#[derive(Debug, Default)]
pub(crate) struct Modems(Mutex<Known>);

/// Whether a port is but another of a modem that is served elsewhere: nothing is expected of it.
pub(super) fn is_spare(modem: &ModemStatus) -> bool {
    modem.reason.as_deref().is_some_and(|reason| reason.starts_with(OTHER_PORT))
}

impl Modems {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock()
    }

    fn at(&self, port: &str, count: impl FnOnce(&mut OfPort)) {
        let mut known = self.lock();
        match known.ports.get_mut(port) {
            Some(found) => count(found),
            None => count(known.ports.entry(port.to_owned()).or_default()),
        }
    }

    /// A modem reported itself.
    pub fn reported(&self, port: &str, imei: Option<&str>, ready: bool, now: Timestamp) {
        self.at(port, |of| {
            of.unready_since = if ready { None } else { of.unready_since.or(Some(now)) }
        });
        if let Some(imei) = imei {
            let mut known = self.lock();
            if known.port_of_imei.get(imei).is_none_or(|known| known != port) {
                known.port_of_imei.insert(imei.to_owned(), port.to_owned());
            }
        }
    }

    /// A port is not served any more.
    pub fn removed(&self, port: &str) {
        let mut known = self.lock();
        known.ports.remove(port);
        known.port_of_imei.retain(|_, of| of != port);
    }

    /// A command was answered or not.
    pub fn answered(&self, port: &str, answered: Answered) {
        self.at(port, |of| match answered {
            Answered::After(time) => {
                of.answered += 1;
                of.answer_time += time;
            }
            Answered::Not => of.unanswered += 1,
        });
    }

    /// A step of the recovery ladder is taken.
    pub fn recovering(&self, port: &str, step: Step) {
        let place = Step::ALL.iter().position(|known| *known == step);
        self.at(port, |of| {
            if let Some(count) = place.and_then(|place| of.recoveries.get_mut(place)) {
                *count += 1;
            }
        });
    }

    /// A modem's message is on disk, or (`None`) could not be put there.
    pub fn ingested(&self, imei: &str, ingested: Option<&Ingested>, now: Timestamp) {
        let Some(port) = self.lock().port_of_imei.get(imei).cloned() else { return };
        self.at(&port, |of| match ingested {
            None => of.refused += 1,
            Some(Ingested::Duplicate) => of.duplicates += 1,
            Some(Ingested::Part) => of.parts += 1,
            Some(Ingested::Message(..)) => of.messages += 1,
            Some(Ingested::Undecodable(_)) => {
                of.undecodable += 1;
                of.undecodable_at = Some(now);
            }
        });
    }

    /// All ports.
    pub(super) fn all(&self) -> BTreeMap<String, OfPort> {
        self.lock().ports.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_follow_a_modem_to_its_port() {
        let modems = Modems::default();
        let at = Timestamp;
        modems.reported("a", Some("1"), false, at(1));
        modems.reported("a", Some("1"), false, at(2));
        assert_eq!(modems.all()["a"].unready_since, Some(at(1)), "since the first");
        modems.reported("b", Some("1"), true, at(3));
        modems.ingested("1", Some(&Ingested::Part), at(3));
        modems.ingested("2", Some(&Ingested::Part), at(3));
        modems.answered("b", Answered::After(Duration::from_millis(20)));
        modems.answered("b", Answered::Not);
        modems.recovering("b", Step::HardReset);
        let all = modems.all();
        let b = &all["b"];
        assert_eq!((b.parts, b.answered, b.unanswered, b.recoveries), (1, 1, 1, [0, 0, 1, 0, 0]));
        assert_eq!((all["a"].parts, b.unready_since), (0, None));
    }
}
