//! SIMs that were in a modem and are in none now: which of them are lost.
//!
//! A card that is taken out, or succeeded by another in its modem, may be put into another modem,
//! where its orders follow it; that is waited for a moment. A modem that is gone, or starts again,
//! may come back with its card: that is waited for longer.

use std::collections::HashMap;
use std::time::Duration;

use crate::domain::modem::{ModemReason, ModemSnapshot, ModemState};
use crate::domain::{Iccid, PortName, SiteName, Timestamp};

/// How long a card that was taken out is waited for in another modem.
const MOVED_WITHIN: Duration = Duration::from_secs(10);
/// How long a SIM whose modem is gone is waited for.
pub(super) const LOST_AFTER: Duration = Duration::from_secs(60);

/// The SIMs that have left their modems and are in no other.
#[derive(Debug, Default)]
pub(super) struct Departures {
    of_sim: HashMap<Iccid, Departure>,
    /// The SIM that left each port last.
    of_port: HashMap<PortName, Iccid>,
}

#[derive(Debug)]
struct Departure {
    port: PortName,
    since: Timestamp,
    /// How long it is waited for: less, once its modem works and is without it.
    patience: Duration,
    /// Its modem has started again meanwhile, and may not have found its card yet.
    has_restarted: bool,
}

impl Departure {
    fn lost_at(&self) -> Timestamp {
        self.since.plus(self.patience)
    }
}

/// Whether the modem says that there is no card in it.
fn is_empty(snapshot: &ModemSnapshot) -> bool {
    snapshot.state == ModemState::SimCheck && snapshot.reason == Some(ModemReason::NoSim)
}

/// Whether the port's session is over, or has just begun.
fn is_restarting(state: ModemState) -> bool {
    state.is_out_of_order() || matches!(state, ModemState::Opening | ModemState::Probing)
}

impl Departures {
    /// A SIM is no longer in the modem at a port.
    pub(super) fn leave(&mut self, iccid: Iccid, port: PortName, now: Timestamp) {
        self.of_port.insert(port.clone(), iccid.clone());
        let departure = Departure { port, since: now, patience: LOST_AFTER, has_restarted: false };
        self.of_sim.insert(iccid, departure);
    }

    /// Takes a modem's report, after its SIM has left: a SIM that is in it is there, and what is
    /// certain about the one that was in it before. Returns whether something has become certain.
    pub(super) fn hear(&mut self, snapshot: &ModemSnapshot) -> bool {
        if let Some(iccid) = snapshot.iccid() {
            self.of_sim.remove(iccid);
        }
        let Some(left) = self.of_port.get(&snapshot.port) else { return false };
        let departure = self.of_sim.get_mut(left).filter(|left| left.port == snapshot.port);
        let Some(departure) = departure else {
            self.of_port.remove(&snapshot.port);
            return false;
        };
        departure.has_restarted |= is_restarting(snapshot.state);
        let is_gone = snapshot.sim.is_some() || (is_empty(snapshot) && !departure.has_restarted);
        let is_new = is_gone && departure.patience > MOVED_WITHIN;
        if is_new {
            departure.patience = MOVED_WITHIN;
        }
        is_new
    }

    /// Takes out the SIMs that have left their modems at a site: nothing more is heard of them
    /// until it is back.
    pub(super) fn remove_site(&mut self, site: &SiteName) -> Vec<Iccid> {
        let left =
            self.of_sim.extract_if(|_, departure| departure.port.site().as_ref() == Some(site));
        left.map(|(iccid, _)| iccid).collect()
    }

    /// SIMs that must be taken to be lost since `since`, as they are in no modem.
    pub(super) fn add_missing(&mut self, iccids: Vec<Iccid>, since: Timestamp) {
        for iccid in iccids {
            let port = PortName::from_stored(String::new());
            let departure =
                Departure { port, since, patience: Duration::ZERO, has_restarted: true };
            self.of_sim.entry(iccid).or_insert(departure);
        }
    }

    /// The SIMs that are lost at `now`, at most `limit`, each with when it left.
    pub(super) fn lost(&self, now: Timestamp, limit: usize) -> Vec<(Iccid, Timestamp)> {
        let lost = self.of_sim.iter().filter(|(_, departure)| departure.lost_at() <= now);
        lost.take(limit).map(|(iccid, departure)| (iccid.clone(), departure.since)).collect()
    }

    /// When the next SIM is lost, unless it comes back.
    pub(super) fn next_loss(&self) -> Option<Timestamp> {
        self.of_sim.values().map(Departure::lost_at).min()
    }

    /// What a SIM's loss brings about has been done. One that came back and left again since is
    /// another matter.
    pub(super) fn forget(&mut self, iccid: &Iccid, since: Timestamp) {
        if self.of_sim.get(iccid).is_some_and(|departure| departure.since == since) {
            self.of_sim.remove(iccid);
        }
    }

    /// The clock was set ahead: nothing has lasted longer for that.
    pub(super) fn clock_was_set(&mut self, ahead: Duration) {
        self.of_sim.values_mut().for_each(|left| left.since = left.since.plus(ahead));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::modem::SimCard;

    fn seconds(n: i64) -> Timestamp {
        Timestamp(n * 1_000_000)
    }

    fn snapshot(port: &str, state: ModemState, iccid: Option<&str>) -> ModemSnapshot {
        let card = |iccid| SimCard { iccid: Iccid::from_stored(iccid), imsi: None, number: None };
        let snapshot = ModemSnapshot::new(PortName::from_stored(port), state);
        ModemSnapshot { sim: iccid.map(card), ..snapshot }
    }

    fn empty(port: &str) -> ModemSnapshot {
        let reason = Some(ModemReason::NoSim);
        ModemSnapshot { reason, ..snapshot(port, ModemState::SimCheck, None) }
    }

    /// SIM A has left port a ten seconds after the epoch, and then these reports come.
    fn after(reports: &[ModemSnapshot]) -> Departures {
        let mut departures = Departures::default();
        departures.leave(Iccid::from_stored("A"), PortName::from_stored("a"), seconds(10));
        reports.iter().for_each(|report| {
            departures.hear(report);
        });
        departures
    }

    #[test]
    fn a_card_that_is_taken_out_is_lost_soon_and_one_whose_modem_is_gone_after_a_minute() {
        use ModemState::{Absent, Identifying, Probing, Ready, Recovering, SimCheck, Switching};
        let (soon, later) = (Some(seconds(20)), Some(seconds(70)));
        let checked = snapshot("a", SimCheck, None);
        let other = snapshot("a", Identifying, Some("B"));
        for (reports, lost_at, why) in [
            (vec![], later, "nothing more is known"),
            (vec![checked.clone()], later, "the card is read again"),
            (vec![checked.clone(), empty("a")], soon, "the modem is empty"),
            (vec![checked.clone(), snapshot("a", Identifying, Some("A"))], None, "it is there"),
            (vec![empty("a"), snapshot("a", Ready, Some("A"))], None, "it was put back"),
            (vec![snapshot("a", Absent, None)], later, "the modem is gone"),
            (
                vec![snapshot("a", Recovering, None), snapshot("a", Probing, None), empty("a")],
                later,
                "after a start a modem may find its card late",
            ),
            (
                vec![snapshot("a", Absent, None), other.clone()],
                soon,
                "another card is in the modem",
            ),
            (vec![empty("b"), snapshot("b", Ready, Some("B"))], later, "that is another modem"),
            (vec![empty("a"), snapshot("b", Ready, Some("A"))], None, "it moved"),
            (vec![snapshot("b", Ready, Some("A")), other], None, "it moved, then another came"),
            (vec![snapshot("a", Switching, None)], later, "its bank exchanges it"),
        ] {
            let departures = after(&reports);
            assert_eq!(departures.next_loss(), lost_at, "{why}");
            let at = |at: Timestamp| departures.lost(at, 9).len();
            let Some(lost_at) = lost_at else { continue };
            assert_eq!((at(Timestamp(lost_at.0 - 1)), at(lost_at)), (0, 1), "{why}");
        }
    }

    #[test]
    fn what_was_done_is_forgotten_unless_the_card_came_and_left_again() {
        let mut departures = after(&[empty("a")]);
        let iccid = Iccid::from_stored("A");
        departures.clock_was_set(Duration::from_secs(3600));
        assert_eq!(departures.lost(seconds(3620), 9), [(iccid.clone(), seconds(3610))]);
        departures.forget(&iccid, seconds(9));
        assert_eq!(departures.lost(seconds(3620), 9).len(), 1, "that was another time");
        departures.forget(&iccid, seconds(3610));
        assert_eq!(departures.next_loss(), None);
        departures.add_missing(vec![iccid.clone()], seconds(1));
        assert_eq!(departures.lost(seconds(1), 9), [(iccid, seconds(1))]);
        assert_eq!(departures.lost(seconds(1), 0), []);
    }
}
