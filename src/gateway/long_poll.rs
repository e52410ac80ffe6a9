//! Who waits for news of which order.

use parking_lot::{Mutex, MutexGuard};
use std::collections::HashMap;
use std::sync::Arc;

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
    /// Begins to wait for news of `order`. What happens from now on is not missed, also before
    /// [`Waiter::notify`] is awaited.
    pub(super) fn wait_for(self: &Arc<Self>, order: OrderId) -> Waiter {
        let mut orders = self.lock();
        let waiters = orders.entry(order).or_default();
        waiters.count += 1;
        Waiter { notify: Arc::clone(&waiters.notify), watch: Arc::clone(self), order }
    }

    /// Wakes all who wait for `order`.
    pub(super) fn wake(&self, order: OrderId) {
        if let Some(waiters) = self.lock().get(&order) {
            waiters.notify.notify_waiters();
        }
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().values().map(|waiters| waiters.count).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<OrderId, Waiters>> {
        self.0.lock()
    }
}

/// One who waits; leaves when dropped.
pub(super) struct Waiter {
    /// Tells of news.
    pub(super) notify: Arc<Notify>,
    watch: Arc<LongPolls>,
    order: OrderId,
}

impl Drop for Waiter {
    fn drop(&mut self) {
        let mut orders = self.watch.lock();
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
    async fn wakes_who_waits_and_forgets_who_left() {
        let watch = Arc::new(LongPolls::default());
        let waiter = watch.wait_for(OrderId(1));
        let news = waiter.notify.notified();
        watch.wake(OrderId(2));
        watch.wake(OrderId(1));
        news.await;
        drop(waiter);
        assert!(watch.lock().is_empty());
    }
}
