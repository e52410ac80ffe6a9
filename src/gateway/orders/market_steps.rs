//! What customers' programs for number markets do with their orders.

use std::sync::Arc;

use super::{GiveUp, OrderRefusal, Orders};
use crate::domain::order::OrderStage;
use crate::domain::{AccountId, Order, OrderId, Timestamp};
use crate::gateway::Error;
use crate::store::WriteTx;

/// What a program does with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketStep {
    /// It waits for another code. Nothing changes while the first one is awaited.
    AskAgain,
    /// It needs no more codes.
    Finish,
    /// It gives the order up, which may be refused as long as the order is younger than the
    /// operator's `min_cancel_age`.
    Cancel,
    /// The same, and it does not want the number for the service again.
    Skip,
}

/// Why a step is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepRefusal {
    /// There is no such order, or it is another account's.
    Unknown,
    /// The order is too young to be given up.
    TooEarly,
    /// The order stands where nothing of that kind can be done with it.
    Stands(OrderStage),
}

impl Orders {
    /// Does with an order of an account what its customer's program asks for.
    pub async fn market_step(
        self: &Arc<Self>,
        account: AccountId,
        order: OrderId,
        step: MarketStep,
    ) -> Result<Result<(), StepRefusal>, Error> {
        let orders = Arc::clone(self);
        let done = self.env.store.write_often_for(account, move |tx| {
            let Some(order) = tx.order(order)?.filter(|order| order.account == account) else {
                return Ok(Err(StepRefusal::Unknown));
            };
            orders.take_step(tx, order, step)
        });
        done.await
    }

    fn take_step(
        &self,
        tx: &WriteTx<'_>,
        order: Order,
        step: MarketStep,
    ) -> Result<Result<(), StepRefusal>, Error> {
        let now = self.env.now();
        let has_text = || Ok::<_, Error>(tx.newest_message_of_order(order.id)?.is_some());
        let stage = order.stage(now, order.shows_messages() && has_text()?);
        match (step, stage) {
            (MarketStep::AskAgain, OrderStage::Waiting) => Ok(Ok(())),
            (MarketStep::AskAgain, OrderStage::Collecting) => self.ask_again(tx, &order),
            (MarketStep::Finish, OrderStage::Collecting) => self.finish(tx, order, now),
            (MarketStep::Cancel | MarketStep::Skip, OrderStage::Waiting) => {
                let min_age = self.env.settings().market.min_cancel_age;
                if now < order.created_at.plus(min_age) {
                    return Ok(Err(StepRefusal::TooEarly));
                }
                let skips = step == MarketStep::Skip;
                let how = if skips { GiveUp::Skip } else { GiveUp::Cancel };
                let given_up = self.give_up_in(tx, order.account, order.id, how)?;
                Ok(given_up.map_err(|refusal| match refusal {
                    OrderRefusal::Unknown => StepRefusal::Unknown,
                    _ => StepRefusal::Stands(stage),
                }))
            }
            (_, stage) => Ok(Err(StepRefusal::Stands(stage))),
        }
    }

    /// Remembers which message is the newest: what comes after it is another code.
    fn ask_again(&self, tx: &WriteTx<'_>, order: &Order) -> Result<Result<(), StepRefusal>, Error> {
        let newest = tx.newest_message_of_order(order.id)?;
        if let Some(newest) = newest.filter(|newest| order.asked_again_after != Some(*newest)) {
            tx.ask_again(order.id, newest)?;
        }
        Ok(Ok(()))
    }

    /// Ends the lifetime of a completed order, so that its SIM is free for others.
    fn finish(
        &self,
        tx: &WriteTx<'_>,
        order: Order,
        now: Timestamp,
    ) -> Result<Result<(), StepRefusal>, Error> {
        match order.finish(now) {
            Ok(finished) => {
                tx.finish_order(&finished)?;
                self.wakeups.deadlines_change_after(tx);
                self.wakeups.bank_demand_changes_after(tx);
                self.stock.changes_after(tx, finished.account, &finished.country);
                Ok(Ok(()))
            }
            Err(_) => Ok(Err(StepRefusal::Stands(OrderStage::Finished))),
        }
    }
}
