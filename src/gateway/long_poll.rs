//! Long polls: who waits for a change of which order, for messages of which rental, or for events
//! of which account.

use std::collections::HashMap;
use std::hash::Hash;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::store::WriteTx;

/// Long polls by what they wait for.
#[derive(Debug)]
pub(super) struct LongPolls<K: Copy + Eq + Hash>(Mutex<HashMap<K, Waiters>>);

impl<K: Copy + Eq + Hash> Default for LongPolls<K> {
    fn default() -> LongPolls<K> {
        LongPolls(Mutex::default())
    }
}

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    notify: Arc<Notify>,
}

impl<K: Copy + Eq + Hash> LongPolls<K> {
    /// Registers a poll that waits for a change of `what`, until it is dropped.
    pub(super) fn register(self: &Arc<Self>, what: K) -> Waiter<K> {
        let mut all = self.lock();
        let waiters = all.entry(what).or_default();
        waiters.count += 1;
        Waiter { notify: Arc::clone(&waiters.notify), polls: Arc::clone(self), what }
    }

    /// Looks at `what` now and after each change, until what is found is enough or `patience` is
    /// over; answers what was found last.
    pub(super) async fn look_until<T, E, F>(
        self: &Arc<Self>,
        what: K,
        patience: Duration,
        look: impl Fn() -> F,
        mut is_enough: impl FnMut(&T) -> bool,
    ) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let mut give_up = pin!(tokio::time::sleep(patience));
        let waiter = self.register(what);
        loop {
            let mut change = pin!(waiter.notify.notified());
            // A change from here on is noticed, so none is missed between the look and the wait.
            change.as_mut().enable();
            let found = look().await?;
            if is_enough(&found) {
                return Ok(found);
            }
            tokio::select! {
                () = &mut change => {}
                () = &mut give_up => return Ok(found),
            }
        }
    }

    /// Wakes all polls that wait for `what`, once the operation is on disk.
    pub(super) fn wake_after(self: &Arc<Self>, tx: &WriteTx<'_>, what: K)
    where
        K: Send + 'static,
    {
        let polls = Arc::clone(self);
        tx.after_commit(move || polls.wake_waiters_of(what));
    }

    /// Wakes all polls that wait for `what`.
    pub(super) fn wake_waiters_of(&self, what: K) {
        if let Some(waiters) = self.lock().get(&what) {
            waiters.notify.notify_waiters();
        }
    }

    /// How many polls wait.
    pub(super) fn count(&self) -> usize {
        self.lock().values().map(|waiters| waiters.count).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Waiters>> {
        self.0.lock()
    }
}

/// One poll that waits; unregistered when it is dropped.
pub(super) struct Waiter<K: Copy + Eq + Hash> {
    /// Notified at each change of what it waits for.
    pub(super) notify: Arc<Notify>,
    polls: Arc<LongPolls<K>>,
    what: K,
}

impl<K: Copy + Eq + Hash> Drop for Waiter<K> {
    fn drop(&mut self) {
        let mut all = self.polls.lock();
        if let Some(waiters) = all.get_mut(&self.what) {
            waiters.count -= 1;
            if waiters.count == 0 {
                all.remove(&self.what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::OrderId;

    #[tokio::test]
    async fn a_change_wakes_the_polls_of_its_order_and_dropped_polls_are_forgotten() {
        let polls = Arc::new(LongPolls::default());
        let waiter = polls.register(OrderId(1));
        let change = waiter.notify.notified();
        polls.wake_waiters_of(OrderId(2));
        polls.wake_waiters_of(OrderId(1));
        change.await;
        drop(waiter);
        assert!(polls.lock().is_empty());
    }
}
