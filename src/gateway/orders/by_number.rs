//! Orders that customers' programs know by their number or their age.

use std::sync::Arc;

use super::{MarketOrder, OrderRefusal, Orders};
use crate::domain::{AccountId, Msisdn, Order, Service, ServiceId};
use crate::gateway::{Dialect, Error, Requester};
use crate::store::StoreError;

/// Why a number is not given again to an account that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberRefusal {
    /// The account has completed no order for the service on it.
    NeverHad,
    /// Numbers of the service are not given again.
    NotSoldAgain,
    /// The time in which it could be had again is over.
    TimeIsOver,
    /// It cannot be had now.
    Refused(OrderRefusal),
}

impl Orders {
    /// Makes a new order for a number and a service that the account has completed an order for,
    /// the newest of them, through a dialect.
    pub async fn buy_number_again(
        self: &Arc<Self>,
        by: Requester,
        (service, number): (ServiceId, Msisdn),
        dialect: Dialect,
    ) -> Result<Result<MarketOrder, NumberRefusal>, Error> {
        let (orders, account) = (Arc::clone(self), by.account);
        let again = self.env.store.write_often_for(account, move |tx| {
            let now = orders.env.now();
            let old = tx.newest_completed_order(account, service, &number)?;
            let Some((old, service)) = old.zip(tx.service(service)?) else {
                return Ok(Err(NumberRefusal::NeverHad));
            };
            let settings = orders.env.settings();
            if service.reuse.window.unwrap_or(settings.reuse_window).is_zero() {
                return Ok(Err(NumberRefusal::NotSoldAgain));
            }
            if settings.reusable_until(&old, &service).is_none_or(|until| until <= now) {
                return Ok(Err(NumberRefusal::TimeIsOver));
            }
            let made = match orders.reuse_in(tx, &by, old.id, Some(dialect))? {
                Ok(made) => tx.order(made)?,
                Err(refusal) => return Ok(Err(NumberRefusal::Refused(refusal))),
            };
            let made = made.map(|made| MarketOrder::read(tx, made, now)).transpose()?;
            Ok(made.ok_or(NumberRefusal::Refused(OrderRefusal::Unknown)))
        });
        again.await
    }

    /// The newest order of an account, with its service, if it has made any.
    pub async fn newest_of(
        &self,
        account: AccountId,
    ) -> Result<Option<(Order, Option<Service>)>, Error> {
        let read = self.env.store.read_for(account, move |rows| {
            let Some(order) = rows.newest_order_of(account)? else { return Ok(None) };
            let service = rows.service(order.service)?;
            Ok::<_, StoreError>(Some((order, service)))
        });
        Ok(read.await?)
    }
}
