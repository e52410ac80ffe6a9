//! Another number in place of one that does not serve: in one transaction the order is given up and
//! another one made, or nothing happens.

use std::sync::Arc;

use super::by_customer::OrderDone;
use super::{GiveUp, OrderRefusal, Orders, Wanted};
use crate::domain::order::OrderState;
use crate::domain::{Order, OrderId, OrderOutcome};
use crate::gateway::once::carry_out;
use crate::gateway::stock::{Preference, Proposal};
use crate::gateway::{Done, Error, Once, Requester};
use crate::store::{StoreError, WriteTx};

/// Why an order was not swapped.
enum Unswapped {
    /// `None`: the stock has to be searched further.
    Refused(Option<OrderRefusal>),
    Failed(Error),
}

impl From<Error> for Unswapped {
    fn from(error: Error) -> Unswapped {
        Unswapped::Failed(error)
    }
}

impl From<StoreError> for Unswapped {
    fn from(error: StoreError) -> Unswapped {
        Unswapped::Failed(error.into())
    }
}

impl Orders {
    /// Gives the account another number for the service and in the country of an order that is
    /// open, which is skipped, or whose SIM was lost. If there is none, the order stays as it is.
    pub async fn swap_once(
        self: &Arc<Self>,
        by: Requester,
        order: OrderId,
        once: Option<Once>,
    ) -> Result<OrderDone, Error> {
        let account = by.account;
        if let Some(before) = self.env.answered_before(account, once.as_ref()).await? {
            return Ok(before);
        }
        let read = self.env.store.read_for(account, move |rows| rows.order(order));
        let old = read.await?.filter(|order| order.account == account);
        let Some(old) = old else { return Ok(Done::Refused(OrderRefusal::Unknown)) };
        if let Err(refusal) = self.free_for_another(old.clone()) {
            return Ok(Done::Refused(refusal));
        }
        let wanted = wanted_for(old);
        let search = wanted.clone();
        let swapped = self.in_rounds(account, search, move |orders, tx, proposals| {
            let done = carry_out(tx, (account, once.as_ref()), orders.env.now(), || {
                match tx.attempt(|tx| orders.swap_in(tx, &by, order, &wanted, proposals)) {
                    Ok(Ok(made)) => Ok(orders.answer(tx, Ok(made))?.map_err(Some)),
                    Ok(Err(Unswapped::Refused(refusal))) | Err(Unswapped::Refused(refusal)) => {
                        Ok(Err(refusal))
                    }
                    Ok(Err(Unswapped::Failed(error))) | Err(Unswapped::Failed(error)) => Err(error),
                }
            });
            Ok(done?.known())
        });
        Ok(swapped.await?.unwrap_or(Done::Refused(OrderRefusal::NoStock)))
    }

    /// Skips an open order and makes another one. The limits are those of any new order, which the
    /// skipped one is not open beside.
    fn swap_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        order: OrderId,
        wanted: &Wanted,
        proposals: &[Proposal],
    ) -> Result<OrderId, Unswapped> {
        let refused = |refusal| Unswapped::Refused(Some(refusal));
        let old = tx.order(order)?.ok_or(refused(OrderRefusal::Unknown))?;
        if let Some(skipped) = self.free_for_another(old).map_err(refused)? {
            self.release(tx, &skipped)?;
        }
        let made = self.try_make(tx, by, wanted, proposals)?;
        made.ok_or(Unswapped::Refused(None))?.order().map_err(refused)
    }

    /// An order as it is when another one takes its place: `None` when its end has made place.
    fn free_for_another(&self, old: Order) -> Result<Option<Order>, OrderRefusal> {
        let is_lost = matches!(old.state, OrderState::Expired { .. })
            && old.outcome == Some(OrderOutcome::SimLost);
        if is_lost { Ok(None) } else { self.given_up(old, GiveUp::Skip).map(Some) }
    }
}

/// What is wanted in place of an order.
fn wanted_for(old: Order) -> Wanted {
    Wanted {
        service: old.service,
        country: Some(old.country),
        preference: Preference::default(),
        max_price: None,
        client_ref: old.client_ref,
        replaces: Some(old.id),
        dialect: None,
    }
}
