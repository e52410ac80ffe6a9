//! The operator's verbs on money, SIMs and the whole: adjust, suspend, rest, retire, look, verify,
//! back up.

use std::sync::Arc;

use super::accounts::find;
use super::{Error, Gateway};
use crate::domain::ledger::Posting;
use crate::domain::message::Message;
use crate::domain::{Amount, OrderId, RowLimit, Timestamp};
use crate::store::{Account, Actor, AuditRow, CHECKS, Entry};

use super::orders::OrderView;

/// All that there is of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHistory {
    /// The order and its names.
    pub view: OrderView,
    /// Its holds and charges.
    pub entries: Vec<Entry>,
    /// What it was given, oldest first.
    pub messages: Vec<Message>,
    /// What came to its SIM in its time and was given to nobody: a pattern may want mending.
    pub unmatched: Vec<Message>,
}

impl Gateway {
    /// Puts an account's balance right, up or down. `request` makes the request unique.
    pub async fn adjust(
        &self,
        reference: String,
        amount: Amount,
        note: String,
        request: String,
    ) -> Result<Account, Error> {
        if amount == Amount::ZERO || note.trim().is_empty() {
            return Err(Error::refused("an adjustment is more or less than 0.00 and has a reason"));
        }
        let (now, currency) = (self.env.now(), self.env.settings().currency.clone());
        self.env
            .store
            .write(move |tx| {
                let account = find(tx, &reference)?;
                tx.note(
                    Actor::Operator,
                    "adjusted the balance",
                    format!("account {}", account.id),
                    now,
                )?;
                tx.post(
                    account.id,
                    &Posting::Adjustment { amount, note, reference: request },
                    &currency,
                    now,
                )?;
                find(tx, &account.id.to_string())
            })
            .await
    }

    /// The newest `limit` entries of an account's ledger, oldest first.
    pub async fn ledger(&self, reference: String, limit: RowLimit) -> Result<Vec<Entry>, Error> {
        self.env
            .store
            .read(move |rows| Ok(rows.ledger(find(rows, &reference)?.id, limit.rows())?))
            .await
    }

    /// An account's keys open nothing from now on, or again.
    pub async fn suspend(&self, reference: String, suspended: bool) -> Result<Account, Error> {
        let (now, hot) = (self.env.now(), Arc::clone(&self.cache));
        self.env
            .store
            .write(move |tx| {
                tx.after_commit(move || hot.keys_changed());
                let account = find(tx, &reference)?;
                let deed = if suspended { "suspended" } else { "resumed" };
                tx.note(Actor::Operator, deed, format!("account {}", account.id), now)?;
                let since = suspended.then_some(account.suspended_at.unwrap_or(now));
                tx.set_suspended(account.id, since)?;
                find(tx, &account.id.to_string())
            })
            .await
    }

    /// All that there is of an order. That the operator saw it is noted.
    pub async fn order_history(&self, id: OrderId) -> Result<OrderHistory, Error> {
        let now = self.env.now();
        self.env
            .store
            .write(move |tx| {
                let no_such =
                    || Error::refused(format!("no order {id}; `simbridge order list` shows them"));
                let order = tx.order(id)?.ok_or_else(no_such)?;
                tx.note(Actor::Operator, "saw the messages", format!("order {id}"), now)?;
                let unmatched = tx.unclaimed(order.sim, order.created_at, open_until(&order))?;
                Ok(OrderHistory {
                    entries: tx.ledger_of_order(id)?,
                    messages: tx.messages_of_order(id)?,
                    unmatched,
                    view: OrderView {
                        account: tx
                            .account(order.account)?
                            .map(|account| account.name)
                            .unwrap_or_default(),
                        service: tx
                            .service(order.service)?
                            .map(|service| service.name)
                            .unwrap_or_default(),
                        order,
                    },
                })
            })
            .await
    }

    /// The newest `limit` rows of the audit, oldest first.
    pub async fn audit(&self, limit: RowLimit) -> Result<Vec<AuditRow>, Error> {
        Ok(self.env.store.read(move |rows| rows.audit(limit.rows())).await?)
    }

    /// Notes that the operator saw or did something that no verb of its own notes.
    pub async fn operator_did(&self, deed: &'static str, subject: String) -> Result<(), Error> {
        let now = self.env.now();
        Ok(self.env.store.write(move |tx| tx.note(Actor::Operator, deed, subject, now)).await?)
    }

    /// Everything in the database that cannot be, in words.
    pub async fn verify(&self) -> Result<Vec<String>, Error> {
        let mut faults = Vec::new();
        for check in 0..CHECKS {
            faults.extend(self.verify_one(check).await?);
        }
        Ok(faults)
    }

    /// What one of [`CHECKS`] finds.
    pub async fn verify_one(&self, check: usize) -> Result<Vec<String>, Error> {
        let cooldown = self.env.settings().number_cooldown;
        let cooldown_us =
            cooldown.map(|cooldown| i64::try_from(cooldown.as_micros()).unwrap_or(i64::MAX / 2));
        Ok(self.env.store.read_at_leisure(move |rows| rows.faults(check, cooldown_us)).await?)
    }

    /// A copy of the database as it is at one moment: a file that is gone when it is closed. That
    /// it was made is noted.
    pub async fn copy(&self) -> Result<std::fs::File, Error> {
        self.operator_did("copied", "the database".to_owned()).await?;
        Ok(self.env.store.copy().await?)
    }
}

/// Until when an order took messages: the end of its lifetime, or of it when it was given up
/// before.
fn open_until(order: &crate::domain::Order) -> Timestamp {
    use crate::domain::order::OrderState;
    match order.state {
        OrderState::Canceled { at } | OrderState::Skipped { at } => at,
        _ => order.expires_at,
    }
}
