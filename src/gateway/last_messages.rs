//! When each SIM received something last.
//!
//! It is known exactly from the start on, and on disk to ten minutes: to write it with each message
//! would cost each message a page.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::{SimId, Timestamp};
use crate::store::{StoreError, WriteTx};

/// How often it is written for a SIM that receives all the time.
const SAVED_EVERY: Duration = Duration::from_secs(600);

#[derive(Debug, Clone, Copy)]
struct Last {
    at: Timestamp,
    saved_at: Timestamp,
}

/// The last messages since the start.
#[derive(Debug, Default)]
pub(super) struct LastMessages(Mutex<HashMap<SimId, Last>>);

impl LastMessages {
    /// Notes that a SIM received something.
    pub(super) fn note(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        sim: SimId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let known = self.0.lock().get(&sim).copied();
        let is_saved = |last: &Last| last.saved_at <= at && at.since(last.saved_at) < SAVED_EVERY;
        let saved_at = match known.filter(is_saved) {
            Some(last) => last.saved_at,
            None => {
                tx.save_last_message(sim, at)?;
                at
            }
        };
        let last_messages = Arc::clone(self);
        tx.after_commit(move || {
            last_messages.0.lock().insert(sim, Last { at, saved_at });
        });
        Ok(())
    }

    /// When a SIM received something since the start.
    pub(super) fn of(&self, sim: SimId) -> Option<Timestamp> {
        self.0.lock().get(&sim).map(|last| last.at)
    }
}
