//! Orders: made, polled for, given up, completed, expired, and their numbers used again.

mod barriers;
mod buying;
mod by_customer;
mod by_number;
mod by_operator;
mod ending;
mod making;
mod market;
mod market_steps;
mod polling;
mod reuse;
mod showing;
mod skips;
mod swapping;
mod viewing;

use std::sync::Arc;

use super::Error;
use super::audit::Audit;
use super::background::Wakeups;
use super::environment::Environment;
use super::events::Events;
use super::long_poll::LongPolls;
use super::order_stats::OrderStats;
use super::request_cache::RequestCache;
use super::stock::Stock;
use crate::domain::{Amount, Order, OrderId};
use crate::store::{StoreError, WriteTx};

pub use buying::{Bought, PriceCondition, Purchase, PurchaseCountry};
pub(super) use by_customer::OrderDone;
pub use by_customer::OrderRefusal;
pub use by_number::NumberRefusal;
pub(super) use by_operator::{find_order, view};
pub use ending::{Cancel, GiveUp};
pub use making::{MakeOrder, OrderRequest};
use making::{Placement, Wanted};
pub use market::{MarketOrder, MarketPage, ShownCode, Viewed};
pub use market_steps::{MarketStep, StepRefusal};
pub use polling::Sms;
pub use reuse::Reuse;
pub use showing::OrderPage;
pub use viewing::OrderHistory;

/// An order with the names that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderView {
    /// The order as it is stored.
    pub order: Order,
    /// The name of the order's account.
    pub account: String,
    /// The name of the order's service.
    pub service: String,
    /// What was given back of its charge, if anything was.
    pub refunded: Option<Amount>,
}

/// The customers' orders: a number for one code, for minutes.
pub struct Orders {
    env: Arc<Environment>,
    cache: Arc<RequestCache>,
    wakeups: Arc<Wakeups>,
    stock: Arc<Stock>,
    stats: Arc<OrderStats>,
    audit: Arc<Audit>,
    pub(super) events: Arc<Events>,
    polls: Arc<LongPolls<OrderId>>,
}

impl Orders {
    pub(super) fn new(
        env: Arc<Environment>,
        cache: Arc<RequestCache>,
        wakeups: Arc<Wakeups>,
        stock: Arc<Stock>,
        stats: Arc<OrderStats>,
        audit: Arc<Audit>,
        events: Arc<Events>,
    ) -> Orders {
        let polls = Arc::default();
        Orders { env, cache, wakeups, stock, stats, audit, events, polls }
    }

    /// Starts the lifetimes of orders that were made for a parked SIM that is on the air now.
    /// Returns how many.
    pub(super) fn begin_awaited_orders(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.env.now();
        let awaiting = tx.orders_waiting_for_sim(now)?;
        let arrived = awaiting
            .into_iter()
            .filter(|waiting| self.stock.presence().is_on_air(waiting.iccid.as_str(), now));
        let by_default = self.env.settings().order_lifetime;
        let mut count = 0;
        for waiting in arrived {
            count += 1;
            let expires_at = now.plus(waiting.lifetime.unwrap_or(by_default));
            tx.begin_order(waiting.order, expires_at)?;
            let (cache, polls) = (Arc::clone(&self.cache), Arc::clone(&self.polls));
            tx.after_commit(move || {
                cache.add_open_order(waiting.order, waiting.account, expires_at);
                polls.wake_waiters_of(waiting.order);
            });
        }
        if count > 0 {
            self.wakeups.bank_demand_changes_after(tx);
        }
        Ok(count)
    }

    /// Once the operation is on disk, the open orders are remembered with the ends that they have
    /// then.
    pub(super) fn remember_open_after(&self, tx: &WriteTx<'_>) -> Result<(), StoreError> {
        let (cache, open) = (Arc::clone(&self.cache), tx.all_open_orders()?);
        tx.after_commit(move || {
            for (order, account, expires_at) in open {
                cache.add_open_order(order, account, expires_at);
            }
        });
        Ok(())
    }

    /// How many orders are open.
    pub async fn open_count(&self) -> Result<i64, Error> {
        let now = self.env.now();
        Ok(self.env.store.read(move |rows| rows.open_order_count(now)).await?)
    }
}
