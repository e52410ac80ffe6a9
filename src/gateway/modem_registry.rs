//! What the modems last said, by port. Nothing of it is kept: after a start the daemon believes
//! nothing until it is read again.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::modem::ModemStatus;

/// The modems as they last reported themselves.
#[derive(Debug, Default)]
pub struct ModemRegistry(Mutex<Modems>);

#[derive(Debug, Default)]
struct Modems {
    by_port: BTreeMap<String, ModemStatus>,
    port_of_sim: HashMap<String, String>,
    histories: HashMap<String, VecDeque<Change>>,
}

/// Changes that are remembered of each port.
const HISTORY: usize = 24;

/// A modem's state changed, or the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The state's word.
    pub state: String,
    /// Why, where there is something to say.
    pub reason: Option<String>,
}

impl ModemRegistry {
    /// Takes a modem's report. `since` stays when the state is the same as before; a first try is
    /// over once. Whether a SIM works now that did not before.
    pub fn report(&self, status: ModemStatus) -> bool {
        let mut modems = self.lock();
        let before = modems.by_port.remove(&status.port);
        let same =
            |before: &ModemStatus| before.state == status.state && before.reason == status.reason;
        if !before.as_ref().is_some_and(same) {
            let history = modems.histories.entry(status.port.clone()).or_default();
            history.truncate(HISTORY - 1);
            let (state, reason) = (status.state.clone(), status.reason.clone());
            history.push_front(Change { at: status.seen_at, state, reason });
        }
        let worked = |before: &ModemStatus| before.ready && before.iccid == status.iccid;
        let news = status.ready && !before.as_ref().is_some_and(worked);
        let since = before
            .as_ref()
            .filter(|before| before.state == status.state)
            .map_or(status.since, |before| before.since);
        let settled = status.settled || before.as_ref().is_some_and(|before| before.settled);
        if let Some(left) = before.and_then(|before| before.iccid)
            && modems.port_of_sim.get(&left) == Some(&status.port)
        {
            modems.port_of_sim.remove(&left);
        }
        if let Some(iccid) = &status.iccid {
            modems.port_of_sim.insert(iccid.clone(), status.port.clone());
        }
        modems.by_port.insert(status.port.clone(), ModemStatus { since, settled, ..status });
        news
    }

    /// What a port's modem went through last, oldest first.
    pub fn history(&self, port: &str) -> Vec<Change> {
        self.lock().histories.get(port).into_iter().flatten().rev().cloned().collect()
    }

    /// A port is not served any more.
    pub fn removed(&self, port: &str) {
        let mut modems = self.lock();
        modems.by_port.remove(port);
        modems.port_of_sim.retain(|_, of_sim| of_sim != port);
        modems.histories.remove(port);
    }

    /// The clock went ahead: what the modems said is no older for that.
    pub fn clock_was_set(&self, ahead: Duration) {
        self.lock()
            .by_port
            .values_mut()
            .for_each(|modem| modem.seen_at = modem.seen_at.plus(ahead));
    }

    /// Whether a port has had its first try.
    pub fn is_settled(&self, port: &str) -> bool {
        self.lock().by_port.get(port).is_some_and(|modem| modem.settled)
    }

    /// All modems, by port.
    pub fn modems(&self) -> Vec<ModemStatus> {
        self.lock().by_port.values().cloned().collect()
    }

    /// The port of the working modem that a SIM is in, if its last word is fresh (I13).
    pub fn port_of(&self, iccid: &str, now: Timestamp) -> Option<String> {
        let modems = self.lock();
        let port = modems.port_of_sim.get(iccid)?;
        let status = modems.by_port.get(port)?;
        (status.usable(now) && status.iccid.as_deref() == Some(iccid)).then(|| port.clone())
    }

    /// For how long a SIM has been in a working modem, if it is in one.
    pub fn on_air_for(&self, iccid: &str, now: Timestamp) -> Option<Duration> {
        let modems = self.lock();
        let status = modems.by_port.get(modems.port_of_sim.get(iccid)?)?;
        let works = status.usable(now) && status.iccid.as_deref() == Some(iccid);
        works.then(|| now.since(status.since))
    }

    fn lock(&self) -> MutexGuard<'_, Modems> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::modem::STALE_AFTER;

    fn status(port: &str, iccid: Option<&str>, ready: bool, at: i64) -> ModemStatus {
        ModemStatus {
            port: port.to_owned(),
            state: if ready { "Ready" } else { "Registering" }.to_owned(),
            reason: None,
            ready,
            settled: ready,
            imei: None,
            manufacturer: None,
            model: None,
            iccid: iccid.map(str::to_owned),
            signal_dbm: None,
            operator: None,
            registered: true,
            stores: Vec::new(),
            since: Timestamp(at),
            seen_at: Timestamp(at),
        }
    }

    #[test]
    fn a_sim_follows_from_port_to_port() {
        let board = ModemRegistry::default();
        board.report(status("a", Some("1"), true, 1));
        board.report(status("b", Some("1"), true, 2));
        board.report(status("a", None, false, 3));
        assert_eq!(board.port_of("1", Timestamp(4)).as_deref(), Some("b"));
        board.report(status("b", Some("2"), true, 5));
        assert_eq!(board.port_of("1", Timestamp(6)), None);
        assert_eq!(board.port_of("2", Timestamp(6)).as_deref(), Some("b"));
    }

    #[test]
    fn a_stale_or_unready_modem_gives_no_number() {
        let board = ModemRegistry::default();
        board.report(status("a", Some("1"), false, 1));
        assert_eq!(board.port_of("1", Timestamp(1)), None);
        board.report(status("a", Some("1"), true, 1));
        assert!(board.port_of("1", Timestamp(1)).is_some());
        assert_eq!(board.port_of("1", Timestamp(1).plus(STALE_AFTER)), None);
    }

    #[test]
    fn since_is_when_the_state_began() {
        let board = ModemRegistry::default();
        for at in [1, 2, 3] {
            board.report(status("a", None, false, at));
        }
        board.report(status("a", None, true, 4));
        board.report(status("a", None, true, 5));
        assert_eq!(
            board.modems().first().map(|m| (m.since, m.seen_at)),
            Some((Timestamp(4), Timestamp(5)))
        );
        let history: Vec<_> =
            board.history("a").into_iter().map(|change| (change.at.0, change.state)).collect();
        assert_eq!(history, [(1, "Registering".to_owned()), (4, "Ready".to_owned())]);
        for at in 6..200 {
            board.report(status("a", None, at % 2 == 0, at));
        }
        let history = board.history("a");
        assert_eq!((history.len(), history.last().map(|change| change.at.0)), (HISTORY, Some(199)));
    }
}
