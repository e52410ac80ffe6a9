//! Outcomes of orders since the start of the daemon, for the metrics.

use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::last_messages::LastMessages;
use crate::domain::histogram::{Distribution, Histogram};
use crate::domain::order::{OrderEnd, OrderState};
use crate::domain::{Order, ServiceId};
use crate::store::WriteTx;

/// Upper bounds of the histogram's buckets, in seconds from the order to its code.
const SECONDS: &[u64] = &[5, 10, 20, 30, 60, 120, 300, 600, 1200];
/// The number of last orders by which a service's success is judged.
const RECENT: usize = 20;
/// Outcomes of orders by service.
#[derive(Debug, Default)]
pub struct OrderStats {
    services: Mutex<HashMap<ServiceId, OfService>>,
    last_messages: Arc<LastMessages>,
}

#[derive(Debug)]
struct OfService {
    /// The number of orders by outcome.
    ends: HashMap<OrderEnd, u64>,
    seconds: Histogram,
    /// Whether the last orders that were neither canceled nor skipped got their code.
    recent: VecDeque<bool>,
}

/// What became of a service's orders since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeCounts {
    /// The number of orders by outcome.
    pub by_outcome: [(OrderEnd, u64); 4],
    /// Seconds from the order to its code.
    pub seconds: Distribution,
    /// How many of the last orders that were waited for to the end got their code, and how many
    /// those were.
    pub recent: (usize, usize),
}

impl OrderStats {
    /// When each SIM received something last.
    pub(super) fn last_messages(&self) -> &Arc<LastMessages> {
        &self.last_messages
    }

    fn services(&self) -> MutexGuard<'_, HashMap<ServiceId, OfService>> {
        self.services.lock()
    }

    fn ended(&self, order: &Order) {
        let mut services = self.services();
        let service = services.entry(order.service).or_insert_with(|| OfService {
            ends: HashMap::new(),
            seconds: Histogram::new(SECONDS),
            recent: VecDeque::new(),
        });
        if let Some(outcome) = order.state.end() {
            *service.ends.entry(outcome).or_default() += 1;
        }
        if let OrderState::Completed { .. } | OrderState::Expired { .. } = order.state {
            if service.recent.len() >= RECENT {
                service.recent.pop_front();
            }
            service.recent.push_back(matches!(order.state, OrderState::Completed { .. }));
        }
        if let OrderState::Completed { at } = order.state {
            service.seconds.observe(at.since(order.created_at).as_secs());
        }
    }

    /// Counts an order's end once it is on disk.
    pub(super) fn count_end_after(self: &Arc<Self>, tx: &WriteTx<'_>, ended: &Order) {
        let (stats, ended) = (Arc::clone(self), ended.clone());
        tx.after_commit(move || stats.ended(&ended));
    }

    /// What became of a service's orders.
    pub fn ends(&self, service: ServiceId) -> OutcomeCounts {
        let services = self.services();
        let found = services.get(&service);
        let count =
            |outcome| found.and_then(|found| found.ends.get(&outcome)).copied().unwrap_or(0);
        OutcomeCounts {
            by_outcome: OrderEnd::ALL.map(|outcome| (outcome, count(outcome))),
            recent: found.map_or((0, 0), |found| {
                (found.recent.iter().filter(|got| **got).count(), found.recent.len())
            }),
            seconds: found.map_or_else(
                || Histogram::new(SECONDS).distribution(),
                |found| found.seconds.distribution(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::order::tests::order;

    fn order_in(state: OrderState) -> Order {
        Order { service: ServiceId(7), created_at: Timestamp(0), ..order(state) }
    }

    #[test]
    fn ends_and_seconds_by_service() {
        let stats = OrderStats::default();
        let at = Timestamp(42_000_000);
        for _ in 0..3 {
            stats.ended(&order_in(OrderState::Expired { at }));
        }
        stats.ended(&order_in(OrderState::Completed { at }));
        let ends = stats.ends(ServiceId(7));
        assert_eq!(
            ends.by_outcome.map(|(outcome, count)| (outcome.as_str(), count)),
            [("completed", 1), ("canceled", 0), ("skipped", 0), ("expired", 3)]
        );
        assert_eq!((ends.seconds.count, ends.seconds.sum, ends.recent), (1, 42, (1, 4)));
        assert_eq!(stats.ends(ServiceId(8)).by_outcome.map(|(_, count)| count), [0; 4]);
    }
}
