//! Long polls: who waits for a change of which order.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use crate::domain::OrderId;

/// Long polls by the order that they wait for.
#[derive(Debug, Default)]
pub(super) struct LongPolls(Mutex<HashMap<OrderId, Waiters>>);

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    notify: Arc<Notify>,
}

impl LongPolls {
    /// Registers a poll that waits for a change of `order`, until it is dropped.
    pub(super) fn register(self: &Arc<Self>, order: OrderId) -> Waiter {
        let mut orders = self.lock();
        let waiters = orders.entry(order).or_default();
        waiters.count += 1;
        Waiter { notify: Arc::clone(&waiters.notify), polls: Arc::clone(self), order }
    }

    /// Wakes all polls that wait for `order`.
    pub(super) fn wake_waiters_of(&self, order: OrderId) {
        if let Some(waiters) = self.lock().get(&order) {
            waiters.notify.notify_waiters();
        }
    }

    /// How many polls wait.
    pub(super) fn count(&self) -> usize {
        self.lock().values().map(|waiters| waiters.count).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Waiters>> {
        self.0.lock()
    }
}

/// One poll that waits; unregistered when it is dropped.
pub(super) struct Waiter {
    /// Notified at each change of the order.
    pub(super) notify: Arc<Notify>,
    polls: Arc<LongPolls>,
    order: OrderId,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut orders = self.polls.lock();
        if let Some(waiters) = orders.get_mut(&self.order) {
            waiters.count -= 1;
            if waiters.count == 0 {
                orders.remove(&self.order);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
