//! The last reports of the modems, by port. They are in memory only: after a start the daemon
//! assumes nothing until it has been read again.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::background::Wakeups;
use super::departures::Departures;
use super::topics::{Topic, Topics};
use crate::domain::modem::{ModemCounts, ModemReason, ModemSnapshot, ModemState, ModemStatus};
use crate::domain::{Iccid, PortName, SiteName, Timestamp};

/// The modems as they last reported themselves.
#[derive(Debug, Default)]
pub struct ModemRegistry(Mutex<Modems>);

#[derive(Debug, Default)]
struct Modems {
    by_port: HashMap<PortName, ModemStatus>,
    port_of_sim: HashMap<Iccid, PortName>,
    histories: HashMap<PortName, VecDeque<Change>>,
    departures: Departures,
    /// Since when SIMs do not work that have worked since the start.
    off_air: HashMap<Iccid, Timestamp>,
}

/// What a modem's report has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reported {
    /// A SIM works now that did not work before.
    pub became_ready: bool,
    /// A SIM has left its modem, or is known now not to come back.
    pub sim_left: bool,
    /// A page that shows the modem would look different.
    pub looks_different: bool,
}

impl Reported {
    /// Wakes those that wait for what has changed.
    pub(super) fn announce(self, wakeups: &Wakeups, topics: &Topics) {
        if self.became_ready {
            wakeups.sim_became_ready();
        }
        if self.looks_different {
            topics.raise(Topic::Modems);
        }
        if self.sim_left {
            wakeups.deadlines_changed();
        }
    }
}

/// Changes that are remembered of each port.
const HISTORY: usize = 24;

/// A modem's state changed, or the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub at: Timestamp,
    /// The state from then on.
    pub state: ModemState,
    /// The reason, if the state has one.
    pub reason: Option<ModemReason>,
}

impl Modems {
    fn add_to_history(
        &mut self,
        before: Option<&ModemStatus>,
        snapshot: &ModemSnapshot,
        now: Timestamp,
    ) {
        let same = |before: &ModemStatus| {
            before.snapshot.state == snapshot.state && before.snapshot.reason == snapshot.reason
        };
        if !before.is_some_and(same) {
            let history = self.histories.entry(snapshot.port.clone()).or_default();
            history.truncate(HISTORY - 1);
            let (state, reason) = (snapshot.state, snapshot.reason.clone());
            history.push_front(Change { at: now, state, reason });
        }
    }

    /// Notes since when SIMs do not work.
    fn note_off_air(
        &mut self,
        before: Option<&ModemStatus>,
        snapshot: &ModemSnapshot,
        now: Timestamp,
    ) {
        let works = snapshot.iccid().filter(|_| snapshot.is_ready());
        let before = before.map(|before| &before.snapshot);
        let worked = before.and_then(|was| was.iccid().filter(|_| was.is_ready()));
        if worked == works {
            return;
        }
        if let Some(worked) = worked {
            self.off_air.insert(worked.clone(), now);
        }
        if let Some(works) = works {
            self.off_air.remove(works);
        }
    }

    /// A SIM is where it was seen last. Returns whether one has left, or is known to be lost now.
    fn move_sim(
        &mut self,
        before: Option<&ModemStatus>,
        snapshot: &ModemSnapshot,
        now: Timestamp,
    ) -> bool {
        let mut has_left = false;
        if let Some(left) = before.and_then(|before| before.snapshot.iccid())
            && self.port_of_sim.get(left) == Some(&snapshot.port)
            && snapshot.iccid() != Some(left)
        {
            self.port_of_sim.remove(left);
            self.departures.leave(left.clone(), snapshot.port.clone(), now);
            has_left = true;
        }
        if let Some(iccid) = snapshot.iccid() {
            self.port_of_sim.insert(iccid.clone(), snapshot.port.clone());
        }
        self.departures.hear(snapshot) || has_left
    }

    /// The status of the working modem that a SIM is in, if its last report is fresh ([invariant
    /// 17](crate#what-always-holds)).
    fn working_with(&self, iccid: &str, now: Timestamp) -> Option<&ModemStatus> {
        let status = self.by_port.get(self.port_of_sim.get(iccid)?)?;
        let has_sim = status.snapshot.iccid().is_some_and(|known| known == iccid);
        (has_sim && status.usable(now)).then_some(status)
    }

    /// Takes a modem's report that was made at `seen_at`, and is known of since now.
    fn report(&mut self, snapshot: ModemSnapshot, seen_at: Timestamp, now: Timestamp) -> Reported {
        let before = self.by_port.remove(&snapshot.port);
        self.add_to_history(before.as_ref(), &snapshot, now);
        let sim_left = self.move_sim(before.as_ref(), &snapshot, now);
        self.note_off_air(before.as_ref(), &snapshot, now);
        let looks_different = before.as_ref().is_none_or(|before| before.snapshot != snapshot);
        let mut status = ModemStatus { seen_at, ..ModemStatus::first(snapshot, now) };
        let mut worked = false;
        if let Some(before) = before {
            // A state lasts as long as only its reason changes; the first attempt finishes once.
            if before.snapshot.state == status.snapshot.state {
                status.since = before.since;
            }
            status.settled |= before.settled;
            status.first_seen_at = before.first_seen_at;
            worked =
                before.snapshot.is_ready() && before.snapshot.iccid() == status.snapshot.iccid();
        }
        let became_ready = status.snapshot.is_ready() && !worked;
        self.by_port.insert(status.snapshot.port.clone(), status);
        Reported { became_ready, sim_left, looks_different }
    }
}

impl ModemRegistry {
    /// Takes a modem's report.
    pub fn report(&self, snapshot: ModemSnapshot, now: Timestamp) -> Reported {
        self.report_seen(snapshot, now, now)
    }

    /// Takes a modem's report that was made at `seen_at` and has come only now.
    pub fn report_seen(
        &self,
        snapshot: ModemSnapshot,
        seen_at: Timestamp,
        now: Timestamp,
    ) -> Reported {
        self.lock().report(snapshot, seen_at, now)
    }

    /// A site says nothing any more. Its ports are unreachable, and their SIMs are taken to be
    /// where they were: none has left.
    pub(super) fn site_fell_silent(&self, site: &SiteName, now: Timestamp) -> Reported {
        let mut modems = self.lock();
        let of_site = modems.by_port.values().filter(|modem| modem.is_at(Some(site)));
        let silent = |modem: &ModemStatus| ModemSnapshot {
            state: ModemState::Unreachable,
            reason: Some(ModemReason::SiteSilent),
            signal_dbm: None,
            registration: None,
            ..modem.snapshot.clone()
        };
        let reports: Vec<_> = of_site.map(|modem| (silent(modem), modem.seen_at)).collect();
        let mut all = Reported::default();
        for (snapshot, seen_at) in reports {
            all.looks_different |= modems.report(snapshot, seen_at, now).looks_different;
        }
        all
    }

    /// The daemon of a site has started anew: its ports are forgotten, except for their histories,
    /// and so are the places of their SIMs, which are answered.
    pub(super) fn site_restarted(&self, site: &SiteName) -> Vec<Iccid> {
        let mut modems = self.lock();
        modems.by_port.retain(|_, modem| !modem.is_at(Some(site)));
        let sims = modems.port_of_sim.extract_if(|_, port| port.site().as_ref() == Some(site));
        sims.map(|(iccid, _)| iccid).collect()
    }

    /// How many modems a site has at `now`.
    pub(super) fn counts_of(&self, site: &SiteName, now: Timestamp) -> ModemCounts {
        let modems = self.lock();
        let of_site = modems.by_port.values().filter(|modem| modem.is_at(Some(site)));
        let ready = |modem: &&ModemStatus| modem.usable(now);
        ModemCounts { total: of_site.clone().count(), ready: of_site.filter(ready).count() }
    }

    /// The site that the modem with a SIM is at; `None` if that is the centre, or none has it.
    pub(super) fn site_of_sim(&self, iccid: &Iccid) -> Option<SiteName> {
        let modems = self.lock();
        let port = modems.port_of_sim.get(iccid)?;
        port.site()
    }

    /// The last state changes of a port's modem, oldest first.
    pub fn history(&self, port: &str) -> Vec<Change> {
        self.lock().histories.get(port).into_iter().flatten().rev().cloned().collect()
    }

    /// Forgets a port that is no longer served.
    pub fn remove(&self, port: &PortName, now: Timestamp) {
        let mut modems = self.lock();
        let before = modems.by_port.remove(port);
        let gone = ModemSnapshot::new(port.clone(), ModemState::Absent);
        modems.note_off_air(before.as_ref(), &gone, now);
        let left = modems.port_of_sim.extract_if(|_, port_of_sim| port_of_sim == port);
        let left: Vec<Iccid> = left.map(|(iccid, _)| iccid).collect();
        left.into_iter().for_each(|iccid| modems.departures.leave(iccid, port.clone(), now));
        modems.histories.remove(port);
    }

    /// The clock was set ahead: the modems' reports are no older for that.
    pub fn clock_was_set(&self, ahead: Duration) {
        let mut modems = self.lock();
        modems.departures.clock_was_set(ahead);
        modems.off_air.values_mut().for_each(|since| *since = since.plus(ahead));
        modems.by_port.values_mut().for_each(|modem| {
            modem.seen_at = modem.seen_at.plus(ahead);
            modem.first_seen_at = modem.first_seen_at.plus(ahead);
        });
    }

    /// What is known of SIMs that have left their modems.
    pub(super) fn departures<T>(&self, look: impl FnOnce(&mut Departures) -> T) -> T {
        look(&mut self.lock().departures)
    }

    /// Whether some modem of a site, or of the centre itself, may still become ready for the first
    /// time.
    pub(super) fn is_any_in_first_try(&self, site: Option<&SiteName>, now: Timestamp) -> bool {
        let modems = self.lock();
        modems.by_port.values().any(|modem| modem.is_in_first_try(now) && modem.is_at(site))
    }

    /// Whether a SIM is in no modem, working or not.
    pub(super) fn is_in_none(&self, iccid: &Iccid) -> bool {
        !self.lock().port_of_sim.contains_key(iccid)
    }

    /// Whether the first attempt to use a port's modem has finished.
    pub fn has_finished_first_attempt(&self, port: &str) -> bool {
        self.lock().by_port.get(port).is_some_and(|modem| modem.settled)
    }

    /// How many modems there are at `now`.
    pub fn counts(&self, now: Timestamp) -> ModemCounts {
        let modems = self.lock();
        let ready = modems.by_port.values().filter(|modem| modem.usable(now)).count();
        ModemCounts { total: modems.by_port.len(), ready }
    }

    /// All modems, by port.
    pub fn modems(&self) -> Vec<ModemStatus> {
        let mut all: Vec<ModemStatus> = self.lock().by_port.values().cloned().collect();
        all.sort_by(|a, b| a.snapshot.port.cmp(&b.snapshot.port));
        all
    }

    /// The port of the working modem that a SIM is in, if its last report is fresh ([invariant
    /// 17](crate#what-always-holds)).
    pub fn port_of(&self, iccid: &Iccid, now: Timestamp) -> Option<PortName> {
        self.lock().working_with(iccid.as_str(), now).map(|status| status.snapshot.port.clone())
    }

    /// Whether a SIM is in a working modem whose last report is fresh. The ICCID is a bare text
    /// because the search of the stock asks this of every row, with the text that the database has
    /// in its memory: an [`Iccid`] would be allocated for each.
    pub fn is_working(&self, iccid: &str, now: Timestamp) -> bool {
        self.lock().working_with(iccid, now).is_some()
    }

    /// The same of each of several SIMs, in their order. The lock is taken once: beside what taking
    /// it costs, the processor would not fetch what it needs for the next SIM before it is taken.
    pub(super) fn are_working<'i>(
        &self,
        iccids: impl Iterator<Item = &'i str>,
        now: Timestamp,
    ) -> Vec<bool> {
        let modems = self.lock();
        iccids.map(|iccid| modems.working_with(iccid, now).is_some()).collect()
    }

    /// Since when a SIM is in no working modem: `None` when it is in one, and `unknown` when it has
    /// been in none since the start.
    pub(super) fn off_air_since(
        &self,
        iccid: &Iccid,
        unknown: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let modems = self.lock();
        if modems.working_with(iccid.as_str(), now).is_some() {
            return None;
        }
        let fell_silent = || Some(modems.by_port.get(modems.port_of_sim.get(iccid)?)?.seen_at);
        Some(modems.off_air.get(iccid).copied().or_else(fell_silent).unwrap_or(unknown))
    }

    /// When a SIM that has worked since the start stopped to.
    pub(super) fn left_at(&self, iccid: &Iccid) -> Option<Timestamp> {
        self.lock().off_air.get(iccid).copied()
    }

    /// When a SIM that has worked since the start was last known to.
    pub(super) fn last_seen_at(&self, iccid: &Iccid, now: Timestamp) -> Option<Timestamp> {
        let modems = self.lock();
        let working = modems.working_with(iccid.as_str(), now).map(|status| status.seen_at);
        working.or_else(|| modems.off_air.get(iccid).copied())
    }

    /// For how long a SIM has been in a working modem, if it is in one.
    pub fn on_air_for(&self, iccid: &Iccid, now: Timestamp) -> Option<Duration> {
        self.lock().working_with(iccid.as_str(), now).map(|status| now.since(status.since))
    }

    fn lock(&self) -> MutexGuard<'_, Modems> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::modem::{STALE_AFTER, SimCard};

    fn sim(iccid: &str) -> Iccid {
        Iccid::from_stored(iccid)
    }

    fn report(registry: &ModemRegistry, port: &str, iccid: Option<&str>, ready: bool, at: i64) {
        let state = if ready { ModemState::Ready } else { ModemState::Registering };
        let sim = iccid.map(|iccid| SimCard { iccid: sim(iccid), imsi: None, number: None });
        let snapshot = ModemSnapshot::new(PortName::from_stored(port), state);
        registry.report(ModemSnapshot { sim, ..snapshot }, Timestamp(at));
    }

    #[test]
    fn a_sim_follows_from_port_to_port() {
        let registry = ModemRegistry::default();
        report(&registry, "a", Some("1"), true, 1);
        report(&registry, "b", Some("1"), true, 2);
        report(&registry, "a", None, false, 3);
        assert_eq!(registry.port_of(&sim("1"), Timestamp(4)), Some(PortName::from_stored("b")));
        report(&registry, "b", Some("2"), true, 5);
        assert_eq!(registry.port_of(&sim("1"), Timestamp(6)), None);
        assert_eq!(registry.port_of(&sim("2"), Timestamp(6)), Some(PortName::from_stored("b")));
    }

    #[test]
    fn a_stale_or_unready_modem_gives_no_number() {
        let registry = ModemRegistry::default();
        report(&registry, "a", Some("1"), false, 1);
        assert_eq!(registry.port_of(&sim("1"), Timestamp(1)), None);
        report(&registry, "a", Some("1"), true, 1);
        assert!(registry.port_of(&sim("1"), Timestamp(1)).is_some());
        assert_eq!(registry.port_of(&sim("1"), Timestamp(1).plus(STALE_AFTER)), None);
    }

    #[test]
    fn of_several_sims_it_is_told_in_their_order_which_are_working() {
        let registry = ModemRegistry::default();
        for (port, iccid, ready) in [("a", "1", true), ("b", "2", false), ("c", "3", true)] {
            report(&registry, port, Some(iccid), ready, 1);
        }
        let asked = ["3", "4", "2", "1"];
        let working = |at| registry.are_working(asked.into_iter(), at);
        assert_eq!(working(Timestamp(2)), [true, false, false, true]);
        report(&registry, "d", Some("3"), false, 2);
        assert_eq!(working(Timestamp(2)), [false, false, false, true]);
        let each = asked.map(|iccid| registry.is_working(iccid, Timestamp(2)));
        assert_eq!(working(Timestamp(2)), each);
        assert_eq!(working(Timestamp(1).plus(STALE_AFTER)), [false; 4]);
    }

    #[test]
    fn since_is_when_the_state_began() {
        let registry = ModemRegistry::default();
        for at in [1, 2, 3] {
            report(&registry, "a", None, false, at);
        }
        report(&registry, "a", None, true, 4);
        report(&registry, "a", None, true, 5);
        assert_eq!(
            registry.modems().first().map(|m| (m.since, m.seen_at)),
            Some((Timestamp(4), Timestamp(5)))
        );
        let history: Vec<_> =
            registry.history("a").into_iter().map(|change| (change.at.0, change.state)).collect();
        assert_eq!(history, [(1, ModemState::Registering), (4, ModemState::Ready)]);
        for at in 6..200 {
            report(&registry, "a", None, at % 2 == 0, at);
        }
        let history = registry.history("a");
        assert_eq!((history.len(), history.last().map(|change| change.at.0)), (HISTORY, Some(199)));
    }
}
