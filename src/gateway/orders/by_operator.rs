//! What the operator does to a customer's order: ends it, or gives back what it was charged.

use std::sync::Arc;

use super::{OrderView, Orders};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::ledger::{EntryKind, Posting};
use crate::domain::order::{OrderState, Refused};
use crate::domain::{Amount, Currency, Order, OrderId, OrderOutcome};
use crate::gateway::Error;
use crate::store::{Entry, ReadTx, StoreError};

impl Orders {
    /// Cancels an open order, whoever made it, and gives its hold back. Its account has not given
    /// it up, so it does not count against it.
    pub async fn cancel_for_operator(self: &Arc<Self>, id: OrderId) -> Result<OrderView, Error> {
        let orders = Arc::clone(self);
        let canceled = self.env.store.write(move |tx| {
            let now = orders.env.now();
            let canceled = find_order(tx, id)?.cancel(now, OrderOutcome::QuitEarly);
            let canceled = canceled.map_err(|refused| match refused {
                Refused::Completed => Error::refused(format!(
                    "order {id} is completed and charged"
                ))
                .in_shell(format!("`simbridge order refund {id} --reason …` gives the money back")),
                Refused::Over => Error::refused(format!("order {id} is over and cost nothing")),
            })?;
            orders.give_hold_back(tx, &canceled, now)?;
            tx.note(Actor::Operator, AuditAction::Canceled, format!("order {id}"), now)?;
            Ok(view(tx, canceled)?)
        });
        canceled.await
    }

    /// Gives back what a completed order was charged, or a part of it; once. Answers the order and
    /// how much that was.
    pub async fn refund(
        self: &Arc<Self>,
        id: OrderId,
        amount: Option<Amount>,
        reason: String,
    ) -> Result<(OrderView, Amount), Error> {
        if reason.trim().is_empty() {
            return Err(Error::refused("a refund has a reason, for the ledger"));
        }
        let orders = Arc::clone(self);
        let refunded = self.env.store.write(move |tx| {
            let now = orders.env.now();
            let order = find_order(tx, id)?;
            let currency = orders.env.settings().currency;
            let charged = refundable(&order, &tx.ledger_of_order(id)?, currency)?;
            let amount = amount.unwrap_or(charged);
            if amount <= Amount::ZERO || amount > charged {
                return Err(Error::refused(format!(
                    "order {id} was charged {}; a refund is that or less, and more than {}",
                    currency.text(charged),
                    currency.text(Amount::ZERO)
                )));
            }
            let posting = Posting::Refund { amount, order: id, note: reason };
            orders.events.post(tx, order.account, &posting, orders.env.occasion(now, None))?;
            let subject = format!("order {id}, {}", currency.text_with_code(amount));
            tx.note(Actor::Operator, AuditAction::Refunded, subject, now)?;
            Ok((view(tx, order)?, amount))
        });
        refunded.await
    }
}

/// What an order was charged, if that can be given back.
fn refundable(order: &Order, entries: &[Entry], currency: Currency) -> Result<Amount, Error> {
    let id = order.id;
    if order.state == OrderState::Open {
        return Err(Error::refused(format!("order {id} is open"))
            .in_shell(format!("`simbridge order cancel {id}` gives back what is held")));
    }
    if let Some(before) = entries.iter().find(|entry| entry.kind == EntryKind::Refund) {
        let (amount, code, at) = (currency.text(before.balance), &before.currency, before.at);
        let text = format!("order {id} was refunded before: {amount} {code} at {at}");
        return Err(Error::refused(text));
    }
    let captured = entries.iter().find(|entry| entry.kind == EntryKind::Capture);
    let charged = captured.map_or(Amount::ZERO, |entry| Amount(entry.balance.0.saturating_neg()));
    if charged == Amount::ZERO {
        return Err(Error::refused(format!("order {id} cost nothing")));
    }
    Ok(charged)
}

/// The order that the operator names.
pub(in crate::gateway) fn find_order(rows: &ReadTx<'_>, id: OrderId) -> Result<Order, Error> {
    let no_such =
        || Error::refused(format!("no order {id}")).in_shell("`simbridge order list` shows them");
    rows.order(id)?.ok_or_else(no_such)
}

/// An order with the names that the operator sees.
pub(in crate::gateway) fn view(rows: &ReadTx<'_>, order: Order) -> Result<OrderView, StoreError> {
    Ok(OrderView {
        account: rows.account(order.account)?.map(|account| account.name).unwrap_or_default(),
        service: rows.service_name(order.service)?.unwrap_or_default(),
        refunded: rows.refund_of(order.id)?,
        order,
    })
}
