//! Reuse: another order for the number and the service of a completed one.

use std::sync::Arc;

use super::{OrderRefusal, Orders, Placement};
use crate::domain::availability::{Purpose, Reachability, SimCandidate, SimUsage};
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::sim::Sim;
use crate::domain::{Order, OrderId, Service, Timestamp, allocation};
use crate::gateway::parked::SimReadiness;
use crate::gateway::{Dialect, Error, Requester};
use crate::store::WriteTx;

/// The outcome of a request to use a number again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reuse {
    /// A new order was made and its price is held.
    Made {
        /// The new order's id.
        order: OrderId,
        /// The number as regular orders show it, digits only.
        number: String,
    },
    /// The number cannot be had again: gone, offline, rented, taken, the window over, the order not
    /// completed or unknown, or the account has to wait.
    Offline,
    /// The account has as many open orders as it may have; this is the oldest.
    AlreadyOpen(OrderId),
    /// Balance less holds does not cover the price.
    NoBalance,
}

impl From<OrderRefusal> for Reuse {
    fn from(refusal: OrderRefusal) -> Reuse {
        match refusal {
            OrderRefusal::TooManyOpen(oldest) => Reuse::AlreadyOpen(oldest),
            OrderRefusal::NoBalance => Reuse::NoBalance,
            _ => Reuse::Offline,
        }
    }
}

impl Orders {
    /// Makes a new order for the number and service of a completed one.
    pub async fn reuse(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        order: OrderId,
    ) -> Result<Reuse, Error> {
        let (orders, by): (_, Requester) = (Arc::clone(self), by.into());
        let reused = self.env.store.write_often_for(by.account, move |tx| {
            let made = match orders.reuse_in(tx, &by, order, None)? {
                Ok(made) => made,
                Err(refusal) => return Ok(refusal.into()),
            };
            let number = tx.order(made)?.map(|made| made.number);
            let settings = orders.env.settings();
            let number = number.map(|number| settings.number_for_orders(&number));
            Ok(Reuse::Made { order: made, number: number.unwrap_or_default() })
        });
        reused.await
    }

    /// Makes a new order for the number and service of a completed one.
    pub(super) fn reuse_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        order: OrderId,
        dialect: Option<Dialect>,
    ) -> Result<Result<OrderId, OrderRefusal>, Error> {
        let (now, account) = (self.env.now(), by.account);
        let Some(old) = tx.order(order)?.filter(|order| order.account == account) else {
            return Ok(Err(OrderRefusal::Unknown));
        };
        if old.is_open(now) {
            return Ok(Err(OrderRefusal::Open));
        }
        let Some((service, readiness)) = self.reusable(tx, &old, now)? else {
            return Ok(Err(OrderRefusal::NumberGone));
        };
        if tx.last_order_id()? >= LAST_PUBLIC_ID {
            return Ok(Err(OrderRefusal::NumberGone));
        }
        if let Some(barrier) = self.barrier(tx, account, dialect, now)? {
            return Ok(Err(barrier.into()));
        }
        let own = tx.account_prices_for(account, service.id)?;
        let price = self.env.settings().price_of_reuse(&old, &service, &own);
        let Some(price) = price else { return Ok(Err(OrderRefusal::NumberGone)) };
        if let Some(unpayable) = self.unpayable(tx, by, price, now)? {
            return Ok(Err(unpayable.into()));
        }
        let placement = Placement {
            by,
            service: &service,
            sim: old.sim,
            number: &old.number,
            country: &old.country,
            price,
            reuse_of: Some(old.id),
            replaces: None,
            client_ref: None,
            dialect,
            readiness,
        };
        self.place(tx, &placement, now).map(Ok)
    }

    /// The service of a completed order whose number its account could have again now, and how its
    /// SIM comes on the air.
    pub(super) fn reusable(
        &self,
        tx: &WriteTx<'_>,
        old: &Order,
        now: Timestamp,
    ) -> Result<Option<(Service, SimReadiness)>, Error> {
        let settings = self.env.settings();
        let is_reusable =
            |service: &Service| settings.reusable_until(old, service).is_some_and(|at| now < at);
        let Some(service) = tx.service(old.service)?.filter(is_reusable) else { return Ok(None) };
        let has_number = |sim: &Sim| sim.number.as_ref().is_some_and(|n| n.number == old.number);
        let Some(sim) = tx.sim(old.sim)?.filter(has_number) else { return Ok(None) };
        self.expire_overdue_of(tx, sim.id)?;
        let readiness = self.stock.presence().readiness_of(tx, &sim.iccid, now)?;
        let Some(readiness) = readiness else { return Ok(None) };
        // The account's own orders for the service are what is reused: neither their use of the
        // number counts, nor what they still collect. With a cool-down shorter than the window the
        // number may have been another account's in the meantime.
        let uses = tx.uses_for(&old.number, service.id, Some(old.account))?;
        let skipped = tx.has_skipped(&old.number, service.id, old.account)?.then_some(service.id);
        let mut active_orders = tx.active_orders_on(sim.id, now)?;
        active_orders.retain(|order| {
            order.open || (order.account, order.service) != (old.account, service.id)
        });
        let rest_since = self.stock.rest_since(now);
        let rests = tx.rests_of(&old.number, Some(old.account), rest_since)?;
        // That others' orders failed says nothing to whom the number has served.
        let usage = SimUsage {
            failing: &[],
            rests: &rests,
            uses: &uses,
            skips: skipped.as_slice(),
            active_orders: &active_orders,
        };
        // How the SIM comes on the air has been decided above.
        let reachability = match self.stock.presence().in_two_places.contains(sim.id, now) {
            true => Reachability::InTwoPlaces,
            false => Reachability::OnAir,
        };
        let candidate = SimCandidate { sim: &sim, usage, reachability };
        let purpose = Purpose::Order {
            service: service.id,
            account: Some(old.account),
            sharing: allocation::widest(service.has_patterns(), self.env.settings().share_sim),
            used_since: self.stock.used_since(now),
            patterned: service.has_patterns(),
        };
        Ok(candidate.unavailable_for(purpose, now).is_none().then_some((service, readiness)))
    }
}
