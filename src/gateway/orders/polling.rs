//! What customers ask again and again: whether the SMS of an order has come.

use std::sync::Arc;
use std::time::Duration;

use super::Orders;
use crate::domain::text::one_line;
use crate::domain::{AccountId, OrderId, Timestamp};
use crate::gateway::{Error, Requester};
use crate::store::{StoreError, WriteTx};

/// What has been received for an order, as `getsms` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sms {
    /// The order is open and has no message yet.
    Waiting,
    /// The text of the newest message with a code, or else of the newest one, on one line.
    Text(String),
    /// The order was canceled, skipped, has expired or its text was blanked, is unknown, or belongs
    /// to another account.
    Over,
}

impl Orders {
    /// Whether an order of this account is known to wait for its SMS, without asking the database.
    pub fn is_known_to_wait(&self, account: AccountId, order: OrderId, now: Timestamp) -> bool {
        self.cache.is_waiting(order, account, now) && !self.env.store.has_lost_place()
    }

    /// What has been received for an order.
    pub async fn read_sms(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        order: OrderId,
    ) -> Result<Sms, Error> {
        let (now, by): (_, Requester) = (self.env.now(), by.into());
        let account = by.account;
        if self.is_known_to_wait(account, order, now) {
            return Ok(Sms::Waiting);
        }
        let sms = self.env.store.read_for(account, move |rows| {
            let over = Ok::<_, StoreError>((Sms::Over, None));
            let Some(order) = rows.order(order)?.filter(|order| order.account == account) else {
                return over;
            };
            let shown = if order.shows_messages() { rows.shown_text(order.id)? } else { None };
            match shown {
                Some((message, text, seen)) => {
                    Ok((Sms::Text(one_line(&text)), (!seen).then_some(message)))
                }
                None if order.is_open(now) => Ok((Sms::Waiting, None)),
                None => over,
            }
        });
        let (sms, news) = sms.await?;
        self.audit.note_views(by, news.into_iter().collect());
        Ok(sms)
    }

    /// Like [`Orders::read_sms`], but holds the answer back, for at most `patience`, until the
    /// order no longer waits.
    pub async fn wait_for_sms(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        order: OrderId,
        patience: Duration,
    ) -> Result<Sms, Error> {
        let by: Requester = by.into();
        let read = || self.read_sms(by.clone(), order);
        self.polls.look_until(order, patience, read, |sms| *sms != Sms::Waiting).await
    }

    /// How many long polls wait at this moment.
    pub fn poll_count(&self) -> usize {
        self.polls.count()
    }

    /// Once the operation is on disk, the order is removed from the cache of waiting ones and its
    /// long polls are woken.
    pub(in crate::gateway) fn wake_polls_after(&self, tx: &WriteTx<'_>, order: OrderId) {
        let (cache, polls) = (Arc::clone(&self.cache), Arc::clone(&self.polls));
        tx.after_commit(move || {
            cache.remove_open_order(order);
            polls.wake_waiters_of(order);
        });
    }
}
