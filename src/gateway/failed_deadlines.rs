//! What could not be done when its time came: it must not be tried again and again, nor stand in
//! the others' way. A restart forgets it: then it is tried once more.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashSet;

use crate::domain::SimId;
use crate::store::Deadline;

/// What is set aside, and the SIMs that are given to nobody for it.
#[derive(Debug, Default)]
pub(super) struct FailedDeadlines(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    deadlines: HashSet<Deadline>,
    sims: HashSet<SimId>,
}

impl FailedDeadlines {
    pub(super) fn put(&self, deadline: Deadline, sim: Option<SimId>) {
        let mut kept = self.lock();
        kept.deadlines.insert(deadline);
        // A long message that cannot be joined keeps nobody from the number.
        kept.sims.extend(sim.filter(|_| !matches!(deadline, Deadline::Assembly(_))));
    }

    pub(super) fn has(&self, deadline: Deadline) -> bool {
        self.lock().deadlines.contains(&deadline)
    }

    pub(super) fn holds(&self, sim: SimId) -> bool {
        self.lock().sims.contains(&sim)
    }

    pub(super) fn count(&self) -> usize {
        self.lock().deadlines.len()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock()
    }
}
