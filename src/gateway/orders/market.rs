//! Orders as customers' programs for number markets are shown them.

use std::sync::Arc;
use std::time::Duration;

use super::Orders;
use crate::domain::catalogue::ChargeOn;
use crate::domain::message::Message;
use crate::domain::order::OrderStage;
use crate::domain::{MessageId, Order, OrderId, Service, Timestamp};
use crate::gateway::{Error, Requester};
use crate::store::{OrderSpan, ReadTx, StoreError};

/// How many of an order's messages are shown, the newest, and how many bytes their texts may have.
const SHOWN_MESSAGES: u32 = 50;
const SHOWN_BYTES: usize = 1 << 16;

/// An order as customers' programs for number markets are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketOrder {
    pub order: Order,
    pub stage: OrderStage,
    /// What it is for; `None` if that is gone.
    pub service: Option<Service>,
    /// Its newest messages, oldest first.
    pub messages: Vec<Message>,
    /// The message that has what its customer waits for.
    pub code: Option<ShownCode>,
    /// Whether the operator has given back what it was charged.
    pub was_refunded: bool,
}

/// The message that has what an order's customer waits for: the newest with a code, or else the
/// newest, since the customer asked for another code. If there is none since then, it is the one
/// from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownCode {
    pub message: Message,
    /// Whether another code is awaited.
    pub awaits_another: bool,
}

/// What of an order is shown, so that the audit says which messages were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viewed {
    /// The code that its customer waits for.
    Code,
    /// All that has come.
    Messages,
}

/// Which of an account's orders are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarketPage {
    /// Those that are open or collecting, the newest first.
    Active,
    /// Those that were made in a span of time.
    Made(OrderSpan),
}

impl MarketOrder {
    /// An order as it is at `now`.
    pub(super) fn read(
        rows: &ReadTx<'_>,
        order: Order,
        now: Timestamp,
    ) -> Result<MarketOrder, StoreError> {
        let service = rows.service(order.service)?;
        let messages = match order.shows_messages() {
            true => rows.newest_of_order(order.id, SHOWN_MESSAGES, SHOWN_BYTES)?,
            false => Vec::new(),
        };
        let needs_code = service.as_ref().map(Service::charges_on) == Some(ChargeOn::Code);
        let code = shown_code(&messages, order.asked_again_after, needs_code);
        let stage = order.stage(now, !messages.is_empty());
        // What did not complete it is not what is waited for.
        let code = code.filter(|_| stage != OrderStage::Waiting);
        let was_refunded = stage == OrderStage::Finished && rows.refund_of(order.id)?.is_some();
        Ok(MarketOrder { order, stage, service, messages, code, was_refunded })
    }

    /// Whether another code is awaited since the last one.
    pub fn awaits_another(&self) -> bool {
        let awaits = self.code.as_ref().is_some_and(|code| code.awaits_another);
        self.stage == OrderStage::Collecting && awaits
    }

    fn unseen(&self, viewed: Viewed) -> Vec<MessageId> {
        let code = self.code.as_ref().map(|code| &code.message);
        let shown: Vec<&Message> = match viewed {
            Viewed::Code => code.into_iter().collect(),
            Viewed::Messages => self.messages.iter().collect(),
        };
        let is_new = |message: &&&Message| !message.seen && message.text.is_some();
        shown.iter().filter(is_new).map(|message| message.id).collect()
    }
}

/// The message with what is waited for. `needs_code` is whether after the last code a text without
/// one is not what is waited for.
fn shown_code(
    messages: &[Message],
    asked_again_after: Option<MessageId>,
    needs_code: bool,
) -> Option<ShownCode> {
    let asked = asked_again_after.unwrap_or(MessageId(0));
    let (before, since): (Vec<&Message>, Vec<&Message>) =
        messages.iter().partition(|message| message.id <= asked);
    let with_code =
        |of: &[&Message]| of.iter().rev().find(|one| one.code.is_some()).copied().cloned();
    let newest = |of: &[&Message]| of.last().copied().cloned();
    let since_then = with_code(&since).or_else(|| {
        let may_be_without = before.is_empty() || !needs_code;
        newest(&since).filter(|_| may_be_without)
    });
    if let Some(message) = since_then {
        return Some(ShownCode { message, awaits_another: false });
    }
    let message = with_code(&before).or_else(|| newest(&before))?;
    Some(ShownCode { message, awaits_another: true })
}

impl Orders {
    /// An order of an account as programs for number markets are shown it, if the account has one
    /// with this id.
    pub async fn market_order(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
        viewed: Viewed,
    ) -> Result<Option<MarketOrder>, Error> {
        let (account, now) = (by.account, self.env.now());
        let read = self.env.store.read_for(account, move |rows| {
            let order = rows.order(id)?.filter(|order| order.account == account);
            order.map(|order| MarketOrder::read(rows, order, now)).transpose()
        });
        let read: Result<Option<MarketOrder>, StoreError> = read.await;
        let Some(found) = read? else { return Ok(None) };
        self.audit.note_views(by, found.unseen(viewed));
        Ok(Some(found))
    }

    /// Like [`Orders::market_order`], but holds the answer back, for at most `patience`, while a
    /// code is awaited.
    pub async fn wait_for_market_code(
        self: &Arc<Self>,
        by: Requester,
        id: OrderId,
        patience: Duration,
    ) -> Result<Option<MarketOrder>, Error> {
        let read = || self.market_order(by.clone(), id, Viewed::Code);
        let is_news = |order: &Option<MarketOrder>| {
            order
                .as_ref()
                .is_none_or(|order| order.stage != OrderStage::Waiting && !order.awaits_another())
        };
        self.polls.look_until(id, patience, read, is_news).await
    }

    /// The orders of an account that are wanted, with their messages.
    pub async fn market_orders(
        self: &Arc<Self>,
        by: Requester,
        page: MarketPage,
    ) -> Result<Vec<MarketOrder>, Error> {
        let (account, now) = (by.account, self.env.now());
        let read = self.env.store.read_for(account, move |rows| {
            let orders = match page {
                MarketPage::Active => rows.active_orders_of(account, now)?,
                MarketPage::Made(span) => rows.orders_made_in(account, span)?,
            };
            orders.into_iter().map(|order| MarketOrder::read(rows, order, now)).collect()
        });
        let read: Result<Vec<MarketOrder>, StoreError> = read.await;
        let found = read?;
        let unseen = found.iter().flat_map(|order| order.unseen(Viewed::Messages)).collect();
        self.audit.note_views(by, unseen);
        Ok(found)
    }

    /// How many orders an account made in a span of time, whatever part of them is wanted.
    pub async fn market_order_count(
        self: &Arc<Self>,
        by: &Requester,
        span: OrderSpan,
    ) -> Result<i64, Error> {
        let account = by.account;
        Ok(self.env.store.read_for(account, move |rows| rows.count_made_in(account, span)).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::message::MessageKind;
    use crate::domain::{Iccid, SimId};

    fn message((id, code): (i64, Option<&str>)) -> Message {
        Message {
            id: MessageId(id),
            sim: SimId(1),
            iccid: Iccid::from_stored("8931"),
            number: None,
            kind: MessageKind::Text,
            sender: None,
            text: Some(format!("text {id}")),
            detail: None,
            code: code.map(str::to_owned),
            sent_at: None,
            received_at: Timestamp(id),
            complete: true,
            order: Some(OrderId(1)),
            rental: None,
            withheld: None,
            seen: false,
        }
    }

    #[test]
    fn the_newest_code_since_another_one_was_asked_for_is_shown() {
        let (one, two) = (Some("1"), Some("2"));
        for (messages, asked_after, needs_code, expected) in [
            (&[][..], None, true, None),
            (&[(1, one)], None, true, Some((1, false))),
            (&[(1, one), (2, None)], None, true, Some((1, false))),
            (&[(1, one), (2, two)], None, true, Some((2, false))),
            (&[(1, None), (2, None)], None, false, Some((2, false))),
            (&[(1, None)], None, true, Some((1, false))),
            (&[(1, one)], Some(1), true, Some((1, true))),
            (&[(1, one), (2, None)], Some(1), true, Some((1, true))),
            (&[(1, one), (2, None)], Some(1), false, Some((2, false))),
            (&[(1, one), (2, two)], Some(1), true, Some((2, false))),
            (&[(1, one), (2, two), (3, None)], Some(1), true, Some((2, false))),
            (&[(1, one), (2, two), (3, None)], Some(2), true, Some((2, true))),
            (&[(1, None), (2, None)], Some(2), true, Some((2, true))),
        ] {
            let all: Vec<Message> = messages.iter().copied().map(message).collect();
            let shown = shown_code(&all, asked_after.map(MessageId), needs_code);
            let shown = shown.map(|code| (code.message.id.0, code.awaits_another));
            assert_eq!(shown, expected, "{messages:?} after {asked_after:?}, {needs_code}");
        }
    }
}
