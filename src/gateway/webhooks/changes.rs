//! Which endpoints have something to do that no new event tells of.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::domain::EndpointId;
use crate::store::WriteTx;

/// The endpoints whose sending may have to begin, to go on or to end, until whoever sends has asked
/// for them. There are at most as many as there are endpoints.
#[derive(Debug, Default)]
pub(in crate::gateway) struct EndpointChanges {
    changed: Mutex<BTreeSet<EndpointId>>,
    notify: Notify,
}

impl EndpointChanges {
    /// Once the operation is on disk, whoever sends looks at an endpoint again.
    pub(in crate::gateway) fn change_after(self: &Arc<Self>, tx: &WriteTx<'_>, id: EndpointId) {
        let changes = Arc::clone(self);
        tx.after_commit(move || {
            changes.changed.lock().insert(id);
            changes.notify.notify_one();
        });
    }

    /// Waits until there are changed endpoints, and takes them. One task can wait.
    pub(super) async fn wait(&self) -> BTreeSet<EndpointId> {
        loop {
            let changed = std::mem::take(&mut *self.changed.lock());
            if !changed.is_empty() {
                return changed;
            }
            self.notify.notified().await;
        }
    }
}
