//! How orders end: completed and charged, or given up or expired, with what was held given back.

use std::sync::Arc;
use std::time::Duration;

use super::{OrderRefusal, Orders};
use crate::domain::health::ONE_FAILURE_IN;
use crate::domain::ledger::Posting;
use crate::domain::order::{OrderState, Refused, ReportReason};
use crate::domain::outcome::Patience;
use crate::domain::{AccountId, Order, OrderId, OrderOutcome, SimId, Timestamp};
use crate::gateway::Error;
use crate::store::WriteTx;

/// For how long it is kept that a number was given up, beside the time that it rests: a code may
/// come a day late, and the clock be set back.
const GIVEN_UP_KEPT: Duration = Duration::from_secs(2 * 24 * 3600);

/// The outcome of a request to cancel or to skip an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancel {
    /// The order is canceled or skipped and its hold is released.
    Canceled,
    /// The order was completed before.
    Completed,
    /// The order is over, unknown, or belongs to another account.
    Over,
}

/// How a customer gives an order up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GiveUp {
    Cancel,
    /// And never wants its number for its service again.
    Skip,
    /// And reports that its number cannot be used. It is given to him no more, as with a skip.
    Report(ReportReason),
}

impl GiveUp {
    fn end(self, order: Order, at: Timestamp, outcome: OrderOutcome) -> Result<Order, Refused> {
        match self {
            GiveUp::Cancel => order.cancel(at, outcome),
            GiveUp::Skip => order.skip(at, outcome),
            GiveUp::Report(reason) => order.report(at, reason),
        }
    }
}

impl From<OrderRefusal> for Cancel {
    fn from(refusal: OrderRefusal) -> Cancel {
        match refusal {
            OrderRefusal::Completed => Cancel::Completed,
            _ => Cancel::Over,
        }
    }
}

impl Orders {
    /// Cancels an open order and releases its hold.
    pub async fn cancel(
        self: &Arc<Self>,
        account: AccountId,
        order: OrderId,
    ) -> Result<Cancel, Error> {
        self.give_up(account, order, GiveUp::Cancel).await
    }

    /// Cancels an open order and never gives its account that number for that service again.
    pub async fn skip(
        self: &Arc<Self>,
        account: AccountId,
        order: OrderId,
    ) -> Result<Cancel, Error> {
        self.give_up(account, order, GiveUp::Skip).await
    }

    async fn give_up(
        self: &Arc<Self>,
        account: AccountId,
        order: OrderId,
        how: GiveUp,
    ) -> Result<Cancel, Error> {
        let orders = Arc::clone(self);
        let given_up = self.env.store.write_often_for(account, move |tx| {
            Ok(match orders.give_up_in(tx, account, order, how)? {
                Ok(()) => Cancel::Canceled,
                Err(refusal) => refusal.into(),
            })
        });
        given_up.await
    }

    /// Gives an open order of an account up, and releases its hold.
    pub(super) fn give_up_in(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        order: OrderId,
        how: GiveUp,
    ) -> Result<Result<(), OrderRefusal>, Error> {
        let Some(order) = tx.order(order)?.filter(|order| order.account == account) else {
            return Ok(Err(OrderRefusal::Unknown));
        };
        match self.given_up(order, how) {
            Ok(ended) => self.release(tx, &ended).map(Ok),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// An order as it is when it is given up now.
    pub(super) fn given_up(&self, order: Order, how: GiveUp) -> Result<Order, OrderRefusal> {
        let now = self.env.now();
        let outcome = self.patience(&order).judge(&order, now);
        how.end(order, now, outcome).map_err(|refused| match refused {
            Refused::Completed => OrderRefusal::Completed,
            Refused::Over => OrderRefusal::Over,
        })
    }

    fn patience(&self, order: &Order) -> Patience {
        let settings = self.env.settings();
        Patience { judge_after: settings.judge_after, lifetime: settings.lifetime_of(order) }
    }

    /// The open orders on SIMs that are lost, of a limited number of SIMs, whose time in their
    /// modems is over. `None`: no SIM is.
    pub(in crate::gateway) fn on_lost_sims(
        &self,
        tx: &WriteTx<'_>,
        now: Timestamp,
    ) -> Result<Option<Vec<OrderId>>, Error> {
        let lost = self.stock.presence().lost_sims(now);
        if lost.is_empty() {
            return Ok(None);
        }
        let mut orders = Vec::new();
        for (iccid, since) in &lost {
            if let Some(sim) = tx.sim_id(iccid)? {
                tx.end_location(sim, *since)?;
                orders.extend(tx.open_orders_on(sim)?);
            }
        }
        let presence = Arc::clone(self.stock.presence());
        tx.after_commit(move || presence.forget_lost(&lost));
        Ok(Some(orders))
    }

    /// Ends an open order whose SIM is lost, and gives its hold back. Its account has not given it
    /// up, so it does not count against it. What has received its SMS is not touched.
    pub(in crate::gateway) fn lose_sim(
        &self,
        tx: &WriteTx<'_>,
        order: OrderId,
        now: Timestamp,
    ) -> Result<(), Error> {
        match tx.order(order)?.map(|order| order.lose_sim(now)) {
            Some(Ok(ended)) => self.give_hold_back(tx, &ended, now),
            // Its lifetime is over, which is another matter.
            Some(Err(_)) | None => Ok(()),
        }
    }

    /// Expires open orders of a SIM that are past their lifetime, so that they do not occupy it.
    /// Returns how many.
    pub(in crate::gateway) fn expire_overdue_of(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
    ) -> Result<usize, Error> {
        let now = self.env.horizon().orders;
        let due = tx.due_orders_of(sim, now)?;
        let count = due.len();
        due.into_iter().try_for_each(|due| self.expire(tx, due, now))?;
        Ok(count)
    }

    /// Ends an open order whose lifetime is over: it expires, or is charged if its customer was
    /// shown a text and has not given it up.
    pub(in crate::gateway) fn expire(
        &self,
        tx: &WriteTx<'_>,
        due: Order,
        now: Timestamp,
    ) -> Result<(), Error> {
        let has_text = tx.shown_text(due.id)?.is_some();
        let over = if has_text { due.complete_at_its_end(now) } else { due.expire(now) };
        match over {
            Ok(completed) if has_text => self.capture(tx, &completed, now),
            Ok(expired) => self.release(tx, &expired),
            // Another operation of the same group has ended it.
            Err(_) => Ok(()),
        }
    }

    /// Completes an order by a message that was received for it, and charges its price. An order
    /// that is completed already is not charged again.
    pub(in crate::gateway) fn complete(
        &self,
        tx: &WriteTx<'_>,
        order: Order,
        has_code: bool,
        received_at: Timestamp,
    ) -> Result<(), Error> {
        let (id, number, service) = (order.id, order.number.clone(), order.service);
        match self.begin_by_message(tx, order, received_at)?.complete(received_at, has_code) {
            Ok(completed) => self.capture(tx, &completed, received_at),
            Err(Refused::Completed) if has_code => {
                tx.note_late_code(id)?;
                Ok(tx.clear_pair_health(&number, service).map(drop)?)
            }
            Err(_) => Ok(()),
        }
    }

    /// Begins the lifetime of an order that waits for its SIM to come on the air: a message shows
    /// that it has, whatever its modem has reported.
    pub(in crate::gateway) fn begin_by_message(
        &self,
        tx: &WriteTx<'_>,
        order: Order,
        received_at: Timestamp,
    ) -> Result<Order, Error> {
        if !order.awaits_sim {
            return Ok(order);
        }
        let lifetime = self.env.settings().lifetime_of(&order);
        let begun = order.begin(received_at.plus(lifetime));
        tx.begin_order(begun.id, begun.expires_at)?;
        self.wakeups.deadlines_change_after(tx);
        Ok(begun)
    }

    /// Counts an order's end among its account's last ones.
    fn count_end(&self, tx: &WriteTx<'_>, ended: &Order, at: Timestamp) -> Result<(), Error> {
        let Some(account) = tx.account(ended.account)? else { return Ok(()) };
        let given_up =
            matches!(ended.state, OrderState::Canceled { .. } | OrderState::Skipped { .. });
        let pauses = self.env.settings().pauses;
        let before = account.fair_use;
        let after = before.clone().after_end(given_up, ended.created_at, at, pauses);
        if after != before {
            tx.save_fair_use(ended.account, &after)?;
        }
        Ok(())
    }

    /// Judges an order's number and SIM by its end. A code clears the number for the service; what
    /// speaks against it counts once a day of one account, so that nobody can put numbers to rest.
    fn judge(&self, tx: &WriteTx<'_>, ended: &Order, at: Timestamp) -> Result<(), Error> {
        let (number, service) = (&ended.number, ended.service);
        match ended.outcome {
            Some(OrderOutcome::Code) => drop(tx.clear_pair_health(number, service)?),
            Some(outcome) if outcome.is_failure() => {
                let (since, forget) = (at.minus(ONE_FAILURE_IN), at.minus(2 * ONE_FAILURE_IN));
                if tx.count_failure((number, service), ended.account, at, since, forget)? {
                    let health = tx.pair_health(number, service)?.after_failure(at);
                    tx.save_pair_health(number, service, health)?;
                }
                if outcome == OrderOutcome::Silent && tx.note_silence(ended.sim, service, at)? {
                    self.wakeups.deaf_sims_change_after(tx);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Saves that an order is completed, and charges its price.
    fn capture(&self, tx: &WriteTx<'_>, completed: &Order, at: Timestamp) -> Result<(), Error> {
        tx.end_order(completed)?;
        self.count_end(tx, completed, at)?;
        self.judge(tx, completed, at)?;
        self.stats.count_end_after(tx, completed);
        self.wakeups.bank_demand_changes_after(tx);
        let (cache, number) = (Arc::clone(&self.cache), completed.number.clone());
        tx.after_commit(move || cache.forget_uses_of(&number));
        // Whoever counts this change must not be told the uses from before.
        self.stock.changes_after(tx, completed.account, &completed.country);
        self.events.note_end(tx, completed, at);
        let posting = Posting::Capture { amount: completed.price, order: completed.id };
        self.events.post(tx, completed.account, &posting, self.env.occasion(at, None))?;
        Ok(())
    }

    /// Ends an order that got no SMS, and counts that for its account.
    pub(super) fn release(&self, tx: &WriteTx<'_>, ended: &Order) -> Result<(), Error> {
        let at = ended.state.ended_at().unwrap_or(ended.expires_at);
        self.count_end(tx, ended, at)?;
        self.judge(tx, ended, at)?;
        self.give_hold_back(tx, ended, at)
    }

    /// Ends an order without a charge: releases its hold and wakes its long polls.
    pub(super) fn give_hold_back(
        &self,
        tx: &WriteTx<'_>,
        ended: &Order,
        at: Timestamp,
    ) -> Result<(), Error> {
        tx.end_order(ended)?;
        self.stats.count_end_after(tx, ended);
        self.wakeups.bank_demand_changes_after(tx);
        self.stock.changes_after(tx, ended.account, &ended.country);
        self.events.note_end(tx, ended, at);
        let posting = Posting::Release { amount: ended.price, order: ended.id };
        self.events.post(tx, ended.account, &posting, self.env.occasion(at, None))?;
        tx.note_given_up(ended.id, at, self.stock.rest_since(at).minus(GIVEN_UP_KEPT))?;
        self.wake_polls_after(tx, ended.id);
        Ok(())
    }
}
