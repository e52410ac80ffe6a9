//! Reuse: the number of a completed order once more, for the same service.

use super::orders::{Placement, expire_due_on};
use super::standby::SimReadiness;
use super::{Error, Gateway};
use crate::domain::price::percent_of;
use crate::domain::sim::Sim;
use crate::domain::{AccountId, Order, OrderId, Service, Timestamp, allocation};
use crate::store::WriteTx;

/// What became of a request to use a number again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reuse {
    /// A new order; its price is held.
    Made {
        /// Its id.
        order: OrderId,
        /// The number as customers write it, digits only.
        number: String,
    },
    /// The number cannot be had again: gone, offline, rented, taken, the window over, the order not
    /// completed or unknown.
    Offline,
    /// The account has as many open orders as it may; this is the oldest.
    AlreadyOpen(OrderId),
    /// Balance less holds does not cover the price.
    NoBalance,
}

impl Gateway {
    /// Makes a new order for the number and service of a completed one.
    pub async fn reuse(&self, account: AccountId, order: OrderId) -> Result<Reuse, Error> {
        let gateway = self.clone();
        self.env.store.write(move |tx| gateway.reuse_in(tx, account, order)).await
    }

    fn reuse_in(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        order: OrderId,
    ) -> Result<Reuse, Error> {
        let now = self.env.now();
        let Some(old) = tx.order(order)?.filter(|order| order.account == account) else {
            return Ok(Reuse::Offline);
        };
        let Some((service, readiness)) = self.reusable(tx, &old, now)? else {
            return Ok(Reuse::Offline);
        };
        if let Some(oldest) = self.too_many_open(tx, account, now)? {
            return Ok(Reuse::AlreadyOpen(oldest));
        }
        let percent =
            service.reuse.price_percent.unwrap_or(self.env.settings().reuse_price_percent);
        let price = percent_of(service.price_in(&old.country), percent);
        if !self.covers(tx, account, price)? {
            return Ok(Reuse::NoBalance);
        }
        let (number, country) = (&old.number, &old.country);
        let placement = Placement {
            account,
            service: &service,
            sim: old.sim,
            number,
            country,
            price,
            reuse_of: Some(old.id),
            readiness,
        };
        let order = self.place(tx, &placement, now)?;
        Ok(Reuse::Made { order, number: self.shown(&old.number) })
    }

    /// The service of a completed order whose number its account could have again now, and how its
    /// SIM comes on the air.
    fn reusable(
        &self,
        tx: &WriteTx<'_>,
        old: &Order,
        now: Timestamp,
    ) -> Result<Option<(Service, SimReadiness)>, Error> {
        let Some(service) = tx.service(old.service)?.filter(|service| service.enabled) else {
            return Ok(None);
        };
        if !old.reusable(now, service.reuse.window.unwrap_or(self.env.settings().reuse_window)) {
            return Ok(None);
        }
        let Some(sim) = tx.sim(old.sim)?.filter(|sim| Gateway::still_has(sim, &old.number, now))
        else {
            return Ok(None);
        };
        if tx.has_skipped(&old.number, service.id, old.account)? {
            return Ok(None);
        }
        // With a cool-down shorter than the window the number may have been another's in the
        // meantime (I8).
        if tx.used_by_another(&old.number, service.id, old.account, self.used_since(now))? {
            return Ok(None);
        }
        expire_due_on(self, tx, sim.id, now)?;
        let company = allocation::widest(service.has_patterns(), self.env.settings().share_sim);
        let crowded = tx.is_crowded(sim.id, old.account, service.id, company, now)?;
        let readiness =
            if crowded { None } else { self.presence.readiness_of(tx, &sim.iccid, now)? };
        Ok(readiness.map(|readiness| (service, readiness)))
    }

    /// Whether a SIM has the number, alone, and may be given out: it is not rented, resting or
    /// retired.
    fn still_has(sim: &Sim, number: &str, now: Timestamp) -> bool {
        sim.number.as_ref().is_some_and(|known| known.number == number)
            && !(sim.contested || sim.rented)
            && sim.rests_until <= now
            && sim.retired_at.is_none()
    }
}
