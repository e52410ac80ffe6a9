//! Delivery by hand: once a service's patterns have been mended, a message that was nobody's is
//! given to the order that it was for.
//!
//! Nothing is given that would not be given if it came now, under the same rules as at its arrival:
//! the operator chooses when, not whose a message is.

use std::sync::Arc;

use super::attribution::{Holder, Sent};
use super::network_clocks::Stamped;
use super::{Inbox, Matcher};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::catalogue::Claim;
use crate::domain::message::{Message, MessageKind};
use crate::domain::order::OrderState;
use crate::domain::{MessageId, Order, OrderId, RentalId, Timestamp};
use crate::gateway::Error;
use crate::gateway::orders::{OrderView, find_order, view};
use crate::store::{ReadTx, WriteTx};

/// Why a message is not given to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undeliverable {
    /// An order has it, this one or another.
    Given(OrderId),
    /// It is a tenant's.
    Rented(RentalId),
    /// This rule of the block list withholds it.
    Withheld(String),
    /// It may have come for a SIM that was in the modem before.
    Doubtful,
    /// It is no text for a customer.
    NotText,
    /// Its text is not kept any more.
    TextDeleted,
    /// It came to another number.
    OtherNumber,
    /// The order ended without a charge: its customer is shown nothing more.
    OrderOver,
    /// The order was not running when the network accepted it.
    NotRunning,
    /// It is for this order, which was running, too.
    ForOther(OrderId),
    /// It does not fit the patterns of the order's service.
    Unmatched,
}

impl Undeliverable {
    /// The refusal of the operator who wanted it given, with what would help.
    fn refusal(&self, message: MessageId, order: OrderId) -> Error {
        let refused = Error::refused(self.in_words(message, order));
        match self {
            Undeliverable::Unmatched => refused.in_shell(
                "`simbridge service test` shows what it fits, `simbridge service set` changes \
                 patterns",
            ),
            Undeliverable::Withheld(_) => refused
                .in_shell(format!("`simbridge message show {message}` shows this message to you")),
            _ => refused,
        }
    }

    /// The reason in words for the operator.
    fn in_words(&self, message: MessageId, order: OrderId) -> String {
        let because = match self {
            Undeliverable::Given(order) => format!("was given to order {order}"),
            Undeliverable::Rented(rental) => format!("belongs to rental {rental}"),
            Undeliverable::Withheld(rule) => kept_back(rule),
            Undeliverable::Doubtful => "may have come for another SIM".to_owned(),
            Undeliverable::NotText => "is no text for a customer".to_owned(),
            Undeliverable::TextDeleted => {
                return format!("the text of message {message} is not kept any more");
            }
            Undeliverable::OtherNumber => format!("did not come to the number of order {order}"),
            Undeliverable::OrderOver => {
                return format!(
                    "order {order} ended without a charge; its customer is shown nothing more"
                );
            }
            Undeliverable::NotRunning => {
                return format!(
                    "order {order} was not running when the network accepted message {message}"
                );
            }
            Undeliverable::ForOther(other) => format!("is for order {other}"),
            Undeliverable::Unmatched => format!("does not fit the service of order {order}"),
        };
        format!("message {message} {because}")
    }
}

impl Inbox {
    /// Gives a stored message to an order that was running when it arrived and whose service's
    /// patterns it fits now. If the order is open and the message is what it is charged for, that
    /// completes it.
    pub async fn deliver(
        self: &Arc<Self>,
        id: MessageId,
        order: OrderId,
    ) -> Result<OrderView, Error> {
        let inbox = Arc::clone(self);
        self.env
            .store
            .write(move |tx| {
                let now = inbox.env.now();
                let order = find_order(tx, order)?;
                let message = find_message(tx, id)?;
                let taken_at = inbox.taken_at(tx, &message)?;
                let claims = inbox.matcher.claims_of(tx, &message, &order, (taken_at, now))?;
                let claims = claims.map_err(|why| why.refusal(id, order.id))?;
                inbox.matcher.give(tx, &message, &order, &claims, now)?;
                let subject = format!("message {id} to order {}", order.id);
                tx.note(Actor::Operator, AuditAction::Delivered, subject, now)?;
                Ok(view(tx, find_order(tx, order.id)?)?)
            })
            .await
    }

    /// Why each of these messages would not be given to an order now; `None` if it most likely
    /// would. When the network accepted it is only looked at when it is given.
    pub async fn undeliverable(
        self: &Arc<Self>,
        order: &Order,
        messages: &[Message],
    ) -> Result<Vec<Option<Undeliverable>>, Error> {
        let (inbox, now) = (Arc::clone(self), self.env.now());
        let (order, messages) = (order.clone(), messages.to_vec());
        let read = self.env.store.read(move |rows| {
            let why_not = |message: &Message| {
                let times = (message.received_at, now);
                Ok(inbox.matcher.claims_of(rows, message, &order, times)?.err())
            };
            messages.iter().map(why_not).collect::<Result<Vec<_>, Error>>()
        });
        read.await
    }

    /// When the network accepted a stored message, by our clock.
    fn taken_at(&self, tx: &WriteTx<'_>, message: &Message) -> Result<Timestamp, Error> {
        let (smsc, live) = tx.first_part_of(message.id)?.unwrap_or((None, false));
        let (stamp, received_at) = (message.sent_at, message.received_at);
        let stamped = Stamped { smsc: smsc.as_deref(), stamp, received_at, live };
        self.clocks.taken_at(tx, &stamped)
    }
}

impl Matcher {
    /// Which services claim a message that the network accepted at `taken_at`, if it would be given
    /// to the order.
    fn claims_of(
        &self,
        rows: &ReadTx<'_>,
        message: &Message,
        order: &Order,
        (taken_at, now): (Timestamp, Timestamp),
    ) -> Result<Result<Vec<Claim>, Undeliverable>, Error> {
        if let Err(why) =
            check_message(rows, message)?.and_then(|()| check_order(order, message, now))
        {
            return Ok(Err(why));
        }
        let (Some(sender), Some(text)) = (&message.sender, &message.text) else {
            return Ok(Err(Undeliverable::TextDeleted));
        };
        if let Some(rule) = self.env.settings().block_list.rule(sender, text) {
            return Ok(Err(Undeliverable::Withheld(rule.to_owned())));
        }
        let mut running = rows.running_orders(message.sim, message.received_at)?;
        if running.iter().all(|running| running.id != order.id) {
            running.push(order.clone());
        }
        running.retain(|order| order.was_running(taken_at, message.received_at));
        if running.iter().all(|running| running.id != order.id) {
            return Ok(Err(Undeliverable::NotRunning));
        }
        let claims = self.attribution.catalogue().claims(sender, text);
        Ok(match self.choose(&running, &claims).map(|chosen| chosen.id) {
            Some(chosen) if chosen == order.id => Ok(claims),
            Some(other) => Err(Undeliverable::ForOther(other)),
            None => Err(Undeliverable::Unmatched),
        })
    }

    /// Gives a message with these claims to an order.
    fn give(
        &self,
        tx: &WriteTx<'_>,
        message: &Message,
        order: &Order,
        claims: &[Claim],
        now: Timestamp,
    ) -> Result<(), Error> {
        let (id, order_id) = (message.id, order.id);
        if order.state == OrderState::Open {
            self.complete_or_show(tx, order, message.code.is_some(), now)?;
        }
        let order = find_order(tx, order_id)?;
        tx.give_message(id, &order)?;
        let (sim, received_at) = (message.sim, message.received_at);
        let sender = message.sender.as_deref().unwrap_or_default();
        let sent = Sent { sim, sender, received_at, known_at: now, claims };
        let holder = Holder::Order(order);
        self.tell_customer(tx, id, &holder, false);
        let traces = self.attribution.traces(tx, sent, &holder)?;
        self.attribution.save(tx, &traces)?;
        self.orders.wake_polls_after(tx, order_id);
        Ok(())
    }
}

fn find_message(rows: &ReadTx<'_>, id: MessageId) -> Result<Message, Error> {
    let no_such = || {
        Error::refused(format!("no message {id}")).in_shell("`simbridge message list` shows them")
    };
    rows.message(id)?.ok_or_else(no_such)
}

/// Checks that a message is a text that is nobody's and certainly came for its number.
fn check_message(rows: &ReadTx<'_>, message: &Message) -> Result<Result<(), Undeliverable>, Error> {
    Ok(match (message.order, message.rental, &message.withheld) {
        (Some(order), _, _) => Err(Undeliverable::Given(order)),
        (_, Some(rental), _) => Err(Undeliverable::Rented(rental)),
        (_, _, Some(rule)) => Err(Undeliverable::Withheld(rule.clone())),
        _ if rows.is_doubtful(message.id)? => Err(Undeliverable::Doubtful),
        _ if message.kind != MessageKind::Text => Err(Undeliverable::NotText),
        _ => Ok(()),
    })
}

/// Why a message that the block list withholds is given to nobody, and what can be done.
fn kept_back(rule: &str) -> String {
    format!(
        "is withheld by the rule {rule} and is given to no customer. If a rule of your own is \
         wrong, change [block_list], reload, and let the customer ask the service for another \
         code; a shipped one ends only with all of them (`shipped = false`), those for banks too."
    )
}

/// Checks that an order can be given a message that came to its SIM.
fn check_order(order: &Order, message: &Message, now: Timestamp) -> Result<(), Undeliverable> {
    let can_be_given = matches!(order.state, OrderState::Completed { .. }) || order.is_open(now);
    match (order.sim == message.sim, can_be_given) {
        (false, _) => Err(Undeliverable::OtherNumber),
        (_, false) => Err(Undeliverable::OrderOver),
        (true, true) => Ok(()),
    }
}
