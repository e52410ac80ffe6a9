//! What customers ask of orders and are answered with the order itself: each request is carried out
//! once, however often it is sent.

use std::sync::Arc;

use super::barriers::{Barrier, Unpayable};
use super::{GiveUp, MakeOrder, OrderRequest, Orders};
use crate::domain::fair_use::DayLimit;
use crate::domain::{Amount, OrderId, Timestamp};
use crate::gateway::once::carry_out;
use crate::gateway::resources::OrderResource;
use crate::gateway::{Done, Error, Once, Requester};
use crate::store::{ReadTx, StoreError, WriteTx};

/// Why a customer is refused what is asked of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderRefusal {
    /// There is no such order, or it is another account's.
    Unknown,
    /// There is no such service, or it is disabled.
    InvalidService,
    /// There is no such country.
    InvalidCountry,
    /// No SIM can be given for the service.
    NoStock,
    /// The order would cost this, which is more than its customer wants to pay.
    TooExpensive(Amount),
    /// Balance less holds does not cover the price.
    NoBalance,
    /// The account has as many open orders as it may have; this is the oldest.
    TooManyOpen(OrderId),
    /// The account is given no number until then.
    Paused(Timestamp),
    /// The account, or the key, has done as much on this day as it may.
    Limited(DayLimit),
    /// The order is open.
    Open,
    /// The order was completed.
    Completed,
    /// The order was given up, or its lifetime is over.
    Over,
    /// The number cannot be had again.
    NumberGone,
}

impl From<Barrier> for OrderRefusal {
    fn from(barrier: Barrier) -> OrderRefusal {
        match barrier {
            Barrier::TooManyOpen(oldest) => OrderRefusal::TooManyOpen(oldest),
            Barrier::Paused(until) => OrderRefusal::Paused(until),
            Barrier::Limited(limit) => OrderRefusal::Limited(limit),
        }
    }
}

impl From<Unpayable> for OrderRefusal {
    fn from(unpayable: Unpayable) -> OrderRefusal {
        match unpayable {
            Unpayable::NoBalance => OrderRefusal::NoBalance,
            Unpayable::Limited(limit) => OrderRefusal::Limited(limit),
        }
    }
}

impl MakeOrder {
    /// The order that was made, or why none was.
    pub(super) fn order(self) -> Result<OrderId, OrderRefusal> {
        Err(match self {
            MakeOrder::Made { order, .. } => return Ok(order),
            MakeOrder::AlreadyOpen(oldest) => OrderRefusal::TooManyOpen(oldest),
            MakeOrder::Paused(until) => OrderRefusal::Paused(until),
            MakeOrder::Limited(limit) => OrderRefusal::Limited(limit),
            MakeOrder::NoPhone => OrderRefusal::NoStock,
            MakeOrder::TooExpensive(price) => OrderRefusal::TooExpensive(price),
            MakeOrder::NoBalance => OrderRefusal::NoBalance,
            MakeOrder::InvalidService => OrderRefusal::InvalidService,
            MakeOrder::InvalidCountry => OrderRefusal::InvalidCountry,
        })
    }
}

/// What has come of a request about an order.
pub(in crate::gateway) type OrderDone = Done<OrderResource, OrderRefusal>;

impl Orders {
    /// Gives the account a number for a service; see [`Orders::make`].
    pub async fn make_once(
        self: &Arc<Self>,
        by: Requester,
        request: OrderRequest,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let account = by.account;
        if let Some(before) = self.env.answered_before(account, once.as_ref()).await? {
            return Ok(before);
        }
        let Some(wanted) = self.wanted(request).await? else {
            return Ok(Done::Refused(OrderRefusal::InvalidService));
        };
        let search = wanted.clone();
        let made = self.in_rounds(account, search, move |orders, tx, proposals| {
            let done = carry_out(tx, (account, once.as_ref()), orders.env.now(), || {
                let Some(made) = orders.try_make(tx, &by, &wanted, proposals)? else {
                    return Ok(Err(None));
                };
                orders.answer(tx, made.order()).map(|answer| answer.map_err(Some))
            });
            Ok(done?.known())
        });
        Ok(made.await?.unwrap_or(Done::Refused(OrderRefusal::NoStock)))
    }

    /// Gives an open order up and releases its hold.
    pub async fn give_up_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        how: GiveUp,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let given_up = self.env.store.write_often_for(account, move |tx| {
            carry_out(tx, (account, once.as_ref()), orders.env.now(), || {
                let given_up = orders.give_up_in(tx, account, order, how)?;
                orders.answer(tx, given_up.map(|()| order))
            })
        });
        given_up.await
    }

    /// Makes a new order for the number and service of a completed one.
    pub async fn reuse_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let reused = self.env.store.write_often_for(account, move |tx| {
            carry_out(tx, (account, once.as_ref()), orders.env.now(), || {
                let reused = orders.reuse_in(tx, &by, order, None)?;
                orders.answer(tx, reused)
            })
        });
        reused.await
    }

    /// The order that a request was about, or has made, as its customer is shown it.
    pub(super) fn answer(
        &self,
        tx: &WriteTx<'_>,
        done: Result<OrderId, OrderRefusal>,
    ) -> Result<Result<OrderResource, OrderRefusal>, Error> {
        match done {
            Ok(order) => {
                let shown = self.resource(tx, order, self.env.now())?;
                Ok(shown.ok_or(OrderRefusal::Unknown))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// An order as its customer is shown it.
    pub(super) fn resource(
        &self,
        rows: &ReadTx<'_>,
        order: OrderId,
        now: Timestamp,
    ) -> Result<Option<OrderResource>, StoreError> {
        let order = rows.order(order)?;
        order.map(|order| OrderResource::read(rows, &self.env, &order, now)).transpose()
    }
}
