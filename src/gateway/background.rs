//! What the tasks in the background wait for, and the deadlines that they have given up on.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::domain::SimId;
use crate::store::{Deadline, WriteTx};

/// The signals that wake the handling of due work, the discovery of numbers with the tests of deaf
/// SIMs, and the banks' plans. Of the first two kinds one task can wait; a signal that comes while
/// it does not wait is kept for it. For the banks any number of tasks can.
#[derive(Debug, Default)]
pub(super) struct Wakeups {
    deadlines: Notify,
    number_discovery: Notify,
    bank_demand: watch::Sender<()>,
}

impl Wakeups {
    /// Once the operation is on disk, what is due next is looked up again.
    pub(super) fn deadlines_change_after(self: &Arc<Self>, tx: &WriteTx<'_>) {
        let wakeups = Arc::clone(self);
        tx.after_commit(move || wakeups.deadlines.notify_one());
    }

    /// Once the operation is on disk, the banks' plans are made again.
    pub(super) fn bank_demand_changes_after(self: &Arc<Self>, tx: &WriteTx<'_>) {
        let wakeups = Arc::clone(self);
        tx.after_commit(move || wakeups.bank_demand_changed());
    }

    /// Once the operation is on disk, a SIM that it has found to be deaf is tested.
    pub(super) fn deaf_sims_change_after(self: &Arc<Self>, tx: &WriteTx<'_>) {
        let wakeups = Arc::clone(self);
        tx.after_commit(move || wakeups.number_discovery.notify_one());
    }

    /// What is due next may have changed.
    pub(super) fn deadlines_changed(&self) {
        self.deadlines.notify_one();
    }

    /// What is wanted of the banks' SIMs may have changed.
    pub(super) fn bank_demand_changed(&self) {
        self.bank_demand.send_replace(());
    }

    /// How numbers are discovered, and what is due next, may have changed.
    pub(super) fn settings_changed(&self) {
        self.deadlines.notify_one();
        self.number_discovery.notify_one();
    }

    /// A SIM works now that did not before: its number may have to be discovered, and an order may
    /// have waited for it.
    pub(super) fn sim_became_ready(&self) {
        self.number_discovery.notify_one();
        self.deadlines.notify_one();
    }

    pub(super) async fn wait_for_deadlines(&self) {
        self.deadlines.notified().await;
    }

    pub(super) async fn wait_for_ready_sims(&self) {
        self.number_discovery.notified().await;
    }

    pub(super) fn bank_demand_changes(&self) -> watch::Receiver<()> {
        self.bank_demand.subscribe()
    }
}

/// Deadlines whose work failed because of a faulty row, and the SIMs that those rows are about.
///
/// Such work must neither be tried again and again nor stand in the way of the rest. It is
/// forgotten with a restart, after which it is tried once more.
#[derive(Debug, Default)]
pub(super) struct FailedDeadlines(Mutex<Failed>);

#[derive(Debug, Default)]
struct Failed {
    deadlines: HashSet<Deadline>,
    sims: HashSet<SimId>,
}

impl FailedDeadlines {
    pub(super) fn add(&self, deadline: Deadline, sim: Option<SimId>) {
        let mut failed = self.0.lock();
        failed.deadlines.insert(deadline);
        // A long message that cannot be joined is no reason to withhold its SIM from customers.
        failed.sims.extend(sim.filter(|_| !matches!(deadline, Deadline::Assembly(_))));
    }

    pub(super) fn contains(&self, deadline: Deadline) -> bool {
        self.0.lock().deadlines.contains(&deadline)
    }

    /// Whether a SIM must be given to nobody because a faulty row concerns it.
    pub(super) fn involves_sim(&self, sim: SimId) -> bool {
        self.0.lock().sims.contains(&sim)
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().deadlines.len()
    }
}
