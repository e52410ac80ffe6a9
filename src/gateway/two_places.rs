//! The SIMs that are read in two places in turn, and are therefore given to nobody. They are in
//! memory only: after a start it is noticed again.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::two_places::TwoPlaces;
use crate::domain::{Iccid, SimId, Timestamp};

/// The SIMs that are or were held back.
#[derive(Debug, Default)]
pub(super) struct SimsInTwoPlaces(Mutex<HashMap<SimId, (Iccid, TwoPlaces)>>);

impl SimsInTwoPlaces {
    /// A SIM is read in two places.
    pub(super) fn add(&self, sim: SimId, iccid: Iccid, places: TwoPlaces, now: Timestamp) {
        let mut held = self.0.lock();
        held.retain(|_, (_, places)| places.holds_at(now));
        held.insert(sim, (iccid, places));
    }

    /// Whether a SIM is held back.
    pub(super) fn contains(&self, sim: SimId, now: Timestamp) -> bool {
        self.0.lock().get(&sim).is_some_and(|(_, places)| places.holds_at(now))
    }

    /// All that are held back, by their ICCIDs.
    pub(super) fn all(&self, now: Timestamp) -> Vec<(Iccid, TwoPlaces)> {
        let held = self.0.lock();
        let mut all: Vec<_> =
            held.values().filter(|(_, places)| places.holds_at(now)).cloned().collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }

    /// The clock was set ahead: nothing has lasted longer for that.
    pub(super) fn clock_was_set(&self, ahead: Duration) {
        let mut held = self.0.lock();
        held.values_mut().for_each(|(_, places)| places.since = places.since.plus(ahead));
    }
}
