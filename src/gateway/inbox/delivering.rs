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
use crate::domain::message::{Message, MessageKind};
use crate::domain::order::OrderState;
use crate::domain::{MessageId, Order, OrderId, Timestamp};
use crate::gateway::Error;
use crate::gateway::orders::{OrderView, find_order, view};
use crate::store::WriteTx;

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
                let message = deliverable(tx, id)?;
                check_order(&order, &message, now)?;
                let taken_at = inbox.taken_at(tx, &message)?;
                inbox.matcher.give(tx, &message, &order, taken_at, now)?;
                let subject = format!("message {id} to order {}", order.id);
                tx.note(Actor::Operator, AuditAction::Delivered, subject, now)?;
                Ok(view(tx, find_order(tx, order.id)?)?)
            })
            .await
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
    /// Gives a message to an order, if it is the one that the message would be given to now.
    fn give(
        &self,
        tx: &WriteTx<'_>,
        message: &Message,
        order: &Order,
        taken_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), Error> {
        let (id, order_id) = (message.id, order.id);
        let (Some(sender), Some(text)) = (&message.sender, &message.text) else {
            return Err(Error::refused(format!("the text of message {id} is not kept any more")));
        };
        if let Some(rule) = self.env.settings().block_list.rule(sender, text) {
            return Err(Error::refused(format!("message {id} {}", kept_back(id, rule))));
        }
        let mut running = tx.running_orders(message.sim, message.received_at)?;
        if running.iter().all(|running| running.id != order_id) {
            running.push(order.clone());
        }
        running.retain(|order| order.was_running(taken_at, message.received_at));
        if running.iter().all(|running| running.id != order_id) {
            return Err(Error::refused(format!(
                "order {order_id} was not running when the network accepted message {id}"
            )));
        }
        let claims = self.attribution.catalogue().claims(sender, text);
        match self.choose(&running, &claims).map(|chosen| chosen.id) {
            Some(chosen) if chosen == order_id => {}
            Some(other) => {
                return Err(Error::refused(format!("message {id} is for order {other}")));
            }
            None => {
                return Err(Error::refused(format!(
                    "message {id} does not fit the service of order {order_id}; `simbridge service \
                     test` shows what it fits, `simbridge service set` changes patterns"
                )));
            }
        }
        if order.state == OrderState::Open {
            self.complete_or_show(tx, order, message.code.is_some(), now)?;
        }
        let order = find_order(tx, order_id)?;
        tx.give_message(id, &order)?;
        let (sim, received_at) = (message.sim, message.received_at);
        let sent = Sent { sim, sender, received_at, known_at: now, claims: &claims };
        let holder = Holder::Order(order);
        self.tell_customer(tx, id, &holder, false);
        let traces = self.attribution.traces(tx, sent, &holder)?;
        self.attribution.save(tx, &traces)?;
        self.orders.wake_polls_after(tx, order_id);
        Ok(())
    }
}

/// The message that the operator names, if it is a text that is nobody's and certainly came for
/// its number.
fn deliverable(tx: &WriteTx<'_>, id: MessageId) -> Result<Message, Error> {
    let no_such =
        || Error::refused(format!("no message {id}; `simbridge message list` shows them"));
    let message = tx.message(id)?.ok_or_else(no_such)?;
    let given = match (&message.order, &message.rental, &message.withheld) {
        (Some(order), _, _) => format!("was given to order {order}"),
        (_, Some(rental), _) => format!("belongs to rental {rental}"),
        (_, _, Some(rule)) => kept_back(id, rule),
        _ if tx.is_doubtful(id)? => "may have come for another SIM".to_owned(),
        _ if message.kind != MessageKind::Text => "is no text for a customer".to_owned(),
        _ => return Ok(message),
    };
    Err(Error::refused(format!("message {id} {given}")))
}

/// Why a message that the block list withholds is given to nobody, and what can be done.
fn kept_back(id: MessageId, rule: &str) -> String {
    format!(
        "is withheld by the rule {rule} and is given to no customer. If a rule of your own is \
         wrong, change [block_list], reload, and let the customer ask the service for another \
         code; a shipped one ends only with all of them (`shipped = false`), those for banks too. \
         `simbridge message show {id}` shows this message to you"
    )
}

/// Checks that an order can be given a message that came to its SIM.
fn check_order(order: &Order, message: &Message, now: Timestamp) -> Result<(), Error> {
    let (id, message_id) = (order.id, message.id);
    if order.sim != message.sim {
        let text = format!("message {message_id} did not come to the number of order {id}");
        return Err(Error::refused(text));
    }
    let can_be_given = matches!(order.state, OrderState::Completed { .. }) || order.is_open(now);
    if !can_be_given {
        let text = format!("order {id} ended without a charge; its customer is shown nothing more");
        return Err(Error::refused(text));
    }
    Ok(())
}
