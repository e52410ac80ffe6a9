//! Test orders: asked for as those of the business are, and told as they are.

mod showing;
mod telling;

use std::sync::Arc;

use super::Shared;
use crate::domain::event::EventKind;
use crate::domain::fair_use::{AccountLimits, Allowance, DayUse};
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::order::OrderState;
use crate::domain::sandbox::{COUNTRY, GivenUp, MOST_ORDERS_PER_DAY, TestOrder, TestService};
use crate::domain::{AccountId, Amount, Order, OrderId, OrderOutcome, Timestamp};
use crate::gateway::long_poll::LongPolls;
use crate::gateway::orders::{GiveUp, OrderDone, OrderRefusal, OrderRequest};
use crate::gateway::resources::OrderResource;
use crate::gateway::{Account, Error, Once, Requester};
use crate::store::{ReadTx, StoreError, WriteTx};

/// The orders of all sandboxes.
pub struct SandboxOrders {
    shared: Shared,
    polls: Arc<LongPolls<OrderId>>,
}

/// What is to be made.
struct Wanted {
    service: TestService,
    price: Amount,
    number_of: Option<OrderId>,
    /// The order in whose place it is made.
    replaces: Option<OrderId>,
    client_ref: Option<String>,
}

/// An account's test orders, newest first, and what it may do with them.
struct Use {
    orders: Vec<TestOrder>,
    limits: AccountLimits,
    today: DayUse,
}

impl From<GiveUp> for GivenUp {
    fn from(how: GiveUp) -> GivenUp {
        match how {
            GiveUp::Cancel => GivenUp::Canceled,
            GiveUp::Skip => GivenUp::Skipped,
            GiveUp::Report(_) => GivenUp::Reported,
        }
    }
}

impl Use {
    fn open(&self, now: Timestamp) -> Vec<OrderId> {
        let open = self.orders.iter().filter(|order| order.at(now).is_open(now));
        open.map(|order| order.id).collect()
    }

    /// What keeps the account from another order, beside which `replaced` is not open.
    fn barrier(&self, replaced: Option<OrderId>, now: Timestamp) -> Option<OrderRefusal> {
        let mut open = self.open(now);
        open.retain(|order| Some(*order) != replaced);
        let one_more = i64::try_from(open.len()).unwrap_or(i64::MAX).saturating_add(1);
        match open.last().filter(|_| !self.limits.max_open.allows(one_more)) {
            Some(oldest) => Some(OrderRefusal::TooManyOpen(*oldest)),
            None => {
                let limit = self.today.limit_before_order(Amount::ZERO, self.limits);
                limit.map(OrderRefusal::Limited)
            }
        }
    }
}

/// An account's test order.
fn own(
    rows: &ReadTx<'_>,
    account: AccountId,
    id: OrderId,
) -> Result<Option<TestOrder>, StoreError> {
    Ok(rows.test_order(id)?.filter(|order| order.account == account))
}

/// Why an order that is not open cannot be given up.
fn over(order: &Order) -> OrderRefusal {
    match order.state {
        OrderState::Completed { .. } => OrderRefusal::Completed,
        _ => OrderRefusal::Over,
    }
}

impl SandboxOrders {
    pub(super) fn new(shared: Shared) -> SandboxOrders {
        SandboxOrders { shared, polls: Arc::default() }
    }

    pub(super) fn poll_count(&self) -> usize {
        self.polls.count()
    }

    /// What an account has made in its sandbox. The limits are those of the account, but there is
    /// always one for a day.
    fn use_of(&self, rows: &ReadTx<'_>, account: &Account) -> Result<Use, StoreError> {
        let env = &self.shared.env;
        let limits = account.limits.or(env.settings().account_limits());
        let per_day = limits.orders_per_day.most().unwrap_or(MOST_ORDERS_PER_DAY);
        let limits = AccountLimits {
            orders_per_day: Allowance::AtMost(per_day.min(MOST_ORDERS_PER_DAY)),
            spend_per_day: Allowance::Unlimited,
            ..limits
        };
        let (orders, began_at) = (rows.test_orders(account.id)?, env.day_of(env.now()));
        let count = orders.iter().filter(|order| order.created_at >= began_at).count();
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let today = DayUse { began_at, spent: Amount::ZERO, orders: count };
        Ok(Use { orders, limits, today })
    }

    /// Makes a test order; see [`crate::gateway::Orders::make_once`].
    pub async fn make_once(
        self: &Arc<Self>,
        by: Requester,
        request: OrderRequest,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let make = move |tx: &WriteTx<'_>, now: Timestamp| {
            let OrderRequest { service, country, max_price, client_ref, .. } = request;
            let Some(service) = service.and_then(TestService::with_id) else {
                return Ok(Err(OrderRefusal::InvalidService));
            };
            if !country.eq_ignore_ascii_case(COUNTRY) {
                return Ok(Err(OrderRefusal::InvalidCountry));
            }
            let price = TestService::price(orders.shared.env.settings().currency);
            if let Some(barrier) = orders.barrier(tx, account, None, now)? {
                return Ok(Err(barrier));
            }
            match service {
                TestService::NoStock => return Ok(Err(OrderRefusal::NoStock)),
                _ if max_price.is_some_and(|most| most < price) => {
                    return Ok(Err(OrderRefusal::TooExpensive(price)));
                }
                TestService::NoBalance => return Ok(Err(OrderRefusal::NoBalance)),
                _ => {}
            }
            let wanted = Wanted { service, price, number_of: None, replaces: None, client_ref };
            orders.add(tx, account, wanted, now)
        };
        self.shared.carry_out(account, once, make).await
    }

    fn barrier(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        replaced: Option<OrderId>,
        now: Timestamp,
    ) -> Result<Option<OrderRefusal>, StoreError> {
        if tx.last_test_order_id()? >= LAST_PUBLIC_ID {
            return Ok(Some(OrderRefusal::NoStock));
        }
        let Some(account) = tx.account(account)? else { return Ok(None) };
        Ok(self.use_of(tx, &account)?.barrier(replaced, now))
    }

    fn add(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Result<OrderResource, OrderRefusal>, Error> {
        let Wanted { service, price, number_of, replaces, client_ref } = wanted;
        let made = tx.add_test_order(TestOrder {
            id: OrderId(0),
            account,
            service,
            number_of,
            price,
            created_at: now,
            expires_at: now.plus(self.shared.env.settings().order_lifetime),
            replaces,
            client_ref,
            given_up: None,
            told: 0,
        })?;
        self.shared.wakeups.deadlines_change_after(tx);
        self.tell(tx, &made, EventKind::OrderCreated, None, now)?;
        Ok(Ok(self.resource(&made, now)))
    }

    /// Gives an open test order up; see [`crate::gateway::Orders::give_up_once`].
    pub async fn give_up_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        how: GiveUp,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let give_up = move |tx: &WriteTx<'_>, now: Timestamp| {
            let Some(order) = own(tx, account, order)? else {
                return Ok(Err(OrderRefusal::Unknown));
            };
            let shown = order.at(now);
            if !shown.is_open(now) {
                return Ok(Err(over(&shown)));
            }
            let ended = orders.end(tx, order, how, now)?;
            Ok(Ok(orders.resource(&ended, now)))
        };
        self.shared.carry_out(account, once, give_up).await
    }

    /// Ends an open order, which its customer gives up.
    fn end(
        &self,
        tx: &WriteTx<'_>,
        order: TestOrder,
        how: GiveUp,
        now: Timestamp,
    ) -> Result<TestOrder, StoreError> {
        let ended = order.after_giving_up(how.into(), now);
        tx.save_test_order(&ended)?;
        if let Some(kind) = ended.at(now).end_event() {
            self.tell(tx, &ended, kind, None, now)?;
        }
        self.polls.wake_after(tx, ended.id);
        Ok(ended)
    }

    /// Makes a test order in place of one that is open or whose SIM was lost; see
    /// [`crate::gateway::Orders::swap_once`].
    pub async fn swap_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let swap = move |tx: &WriteTx<'_>, now: Timestamp| {
            let Some(old) = own(tx, account, order)? else {
                return Ok(Err(OrderRefusal::Unknown));
            };
            let shown = old.at(now);
            let is_open = shown.is_open(now);
            if !is_open && shown.outcome != Some(OrderOutcome::SimLost) {
                return Ok(Err(over(&shown)));
            }
            if let Some(barrier) = orders.barrier(tx, account, Some(order), now)? {
                return Ok(Err(barrier));
            }
            let wanted = Wanted {
                service: old.service,
                price: TestService::price(orders.shared.env.settings().currency),
                number_of: None,
                replaces: Some(order),
                client_ref: old.client_ref.clone(),
            };
            if is_open {
                orders.end(tx, old, GiveUp::Skip, now)?;
            }
            orders.add(tx, account, wanted, now)
        };
        self.shared.carry_out(account, once, swap).await
    }

    /// Makes a test order for the number of a completed one; see
    /// [`crate::gateway::Orders::reuse_once`].
    pub async fn reuse_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let reuse = move |tx: &WriteTx<'_>, now: Timestamp| {
            let Some(old) = own(tx, account, order)? else {
                return Ok(Err(OrderRefusal::Unknown));
            };
            let shown = old.at(now);
            if shown.is_open(now) {
                return Ok(Err(OrderRefusal::Open));
            }
            let Some((_, price)) = orders.reusable(&shown, now) else {
                return Ok(Err(OrderRefusal::NumberGone));
            };
            if let Some(barrier) = orders.barrier(tx, account, None, now)? {
                return Ok(Err(barrier));
            }
            let wanted = Wanted {
                service: old.service,
                price,
                number_of: Some(old.number_of.unwrap_or(old.id)),
                replaces: None,
                client_ref: None,
            };
            orders.add(tx, account, wanted, now)
        };
        self.shared.carry_out(account, once, reuse).await
    }
}
