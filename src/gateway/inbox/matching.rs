//! Matching: finds the rental or the order that a message belongs to, and stores the message for
//! it.

use std::sync::Arc;

use super::Ingested;
use super::attribution::{Attribution, Holder, Sent};
use super::content::Content;
use super::news::MessageNews;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::catalogue::{ChargeOn, Claim, Waiting};
use crate::domain::message::{MessageKind, Owner};
use crate::domain::order::OrderState;
use crate::domain::{MessageId, Order, OrderId, Rental, SimId, Timestamp, code};
use crate::gateway::Error;
use crate::gateway::environment::Environment;
use crate::gateway::number_discovery::{self, NumberDiscovery};
use crate::gateway::order_stats::OrderStats;
use crate::gateway::orders::Orders;
use crate::gateway::rentals::Rentals;
use crate::store::{NewMessage, WriteTx};

/// A message that is ready to be matched: whole, or what there is of it.
pub(super) struct ReceivedMessage<'m> {
    pub(super) sim: SimId,
    /// The sender; `None` when the PDU could not be decoded.
    pub(super) sender: Option<&'m str>,
    pub(super) content: &'m Content,
    /// The stamp of its earliest part.
    pub(super) sent_at: Option<Timestamp>,
    /// When the network took in its earliest part, by our clock.
    pub(super) taken_at: Timestamp,
    /// When its last part was received.
    pub(super) received_at: Timestamp,
    pub(super) complete: bool,
    /// Whether it may have been received for another SIM.
    pub(super) doubtful: bool,
}

/// The sender and the text of a message that a customer may be given.
#[derive(Clone, Copy)]
struct Said<'m> {
    sender: &'m str,
    text: &'m str,
    /// The services whose patterns it fits, best first.
    claims: &'m [Claim],
    /// Whether a code was found in the text.
    has_code: bool,
}

impl ReceivedMessage<'_> {
    /// Its sender and its text, if a customer may be given it.
    fn text(&self) -> Option<(&str, &str)> {
        let text = self.content.text.as_deref()?;
        if self.content.kind != MessageKind::Text {
            return None;
        }
        Some((self.sender?, text))
    }
}

/// Matches messages to rentals and orders.
pub(in crate::gateway) struct Matcher {
    pub(super) env: Arc<Environment>,
    pub(super) attribution: Arc<Attribution>,
    numbers: Arc<NumberDiscovery>,
    pub(super) orders: Arc<Orders>,
    pub(super) rentals: Arc<Rentals>,
    stats: Arc<OrderStats>,
    news: Arc<MessageNews>,
}

impl Matcher {
    pub(in crate::gateway) fn new(
        env: Arc<Environment>,
        attribution: Arc<Attribution>,
        numbers: Arc<NumberDiscovery>,
        orders: Arc<Orders>,
        rentals: Arc<Rentals>,
        stats: Arc<OrderStats>,
        news: Arc<MessageNews>,
    ) -> Matcher {
        Matcher { env, attribution, numbers, orders, rentals, stats, news }
    }

    /// Stores a message and gives it to the rental or order that it belongs to, if it is a text.
    /// `shown` is the message that its first parts were shown as before; that one is completed
    /// then.
    pub(super) fn store_message(
        &self,
        tx: &WriteTx<'_>,
        message: &ReceivedMessage<'_>,
        shown: Option<MessageId>,
    ) -> Result<Ingested, Error> {
        let settings = self.env.settings();
        let text = message.text();
        let code = text.and_then(|(_, text)| code::find(text));
        let claims = text.map(|(sender, text)| self.attribution.catalogue().claims(sender, text));
        let claims = claims.unwrap_or_default();
        let said = text.map(|(sender, text)| Said {
            sender,
            text,
            claims: &claims,
            has_code: code.is_some(),
        });
        let rule = said.and_then(|said| settings.block_list.rule(said.sender, said.text));
        let given = shown.map(|shown| tx.owner_of_message(shown)).transpose()?;
        let was_given = given.as_ref().is_some_and(Owner::is_customer);
        let was_withheld = matches!(given, Some(Owner::Withheld(_)));
        let owner = match (given, said) {
            (None | Some(Owner::Nobody), None) => Owner::Nobody,
            (None | Some(Owner::Nobody), Some(said)) => self.find_owner(tx, message, said, rule)?,
            (Some(given), _) => {
                self.complete_given(tx, &given, message, code.is_some() && rule.is_none())?;
                given
            }
        };
        // What a customer was given stays a text, whatever the rest of it is.
        let kind = if owner.is_customer() { MessageKind::Text } else { message.content.kind };
        // A message whose first parts were given to a customer stays theirs in the books even when
        // its rest shows that it must be withheld; the rest is not shown to them.
        let withheld = owner.withheld().or(rule);
        let holder = Holder::of(tx, &owner)?;
        let new = NewMessage {
            sim: message.sim,
            kind,
            sender: message.sender,
            text: message.content.text.as_deref(),
            detail: message.content.detail.as_deref(),
            code: code.as_deref(),
            sent_at: message.sent_at,
            received_at: message.received_at,
            complete: message.complete,
            doubtful: message.doubtful,
            owner: &owner,
            withheld,
            settled_at: self.settled_at(tx, message, &holder)?,
            service: holder.service(&claims),
        };
        let id = match shown {
            Some(shown) => tx.complete_message(shown, &new).map(|()| shown)?,
            None => tx.add_message(&new)?,
        };
        if let Some(said) = said {
            let (sim, received_at) = (message.sim, message.received_at);
            let (sender, known_at) = (said.sender, Timestamp(i64::MAX));
            let sent = Sent { sim, sender, received_at, known_at, claims: &claims };
            let traces = self.attribution.traces(tx, sent, &holder)?;
            self.attribution.save(tx, &traces)?;
        }
        if withheld.is_none() && new.text.is_some() {
            self.tell_customer(tx, id, &holder, was_given);
        } else if was_given {
            tx.purge_events_with(id)?;
        }
        if let Some(rule) = withheld {
            let action = AuditAction::Withheld { rule };
            tx.note(Actor::Daemon, action, format!("message {id}"), message.received_at)?;
            if rule != number_discovery::RULE {
                self.tell_holders(tx, message, rule, !was_withheld)?;
            }
        }
        if let Some(order) = owner.order() {
            self.orders.wake_polls_after(tx, order);
        }
        if let Some(rental) = owner.rental() {
            self.rentals.wake_polls_after(tx, rental);
        }
        if kind != MessageKind::Outgoing {
            if !message.doubtful {
                tx.note_hearing(message.sim)?;
            }
            self.stats.last_messages().note(tx, message.sim, message.received_at)?;
        }
        self.news.announce_after(tx, id, message.received_at);
        Ok(match kind {
            MessageKind::Text => Ingested::Message(id, owner.order()),
            MessageKind::Undecodable => Ingested::Undecodable(id),
            other => Ingested::Other(id, other),
        })
    }

    /// From when on the retention of a message counts. The text of one that is nobody's but kept
    /// for a former tenant goes when the rental cannot be revived any more. While parts are missing
    /// it is like any other, because without its PDUs the rest would not be joined to it.
    fn settled_at(
        &self,
        tx: &WriteTx<'_>,
        message: &ReceivedMessage<'_>,
        holder: &Holder,
    ) -> Result<Option<Timestamp>, Error> {
        let kept_until = match holder {
            Holder::Nobody if message.complete => {
                self.rentals.kept_until(tx, message.sim, message.received_at)?
            }
            _ => None,
        };
        let text_kept = self.env.settings().text_kept;
        let kept = kept_until.map(|until| until.minus(text_kept));
        Ok(kept.or(holder.settled_at(message.received_at)))
    }

    /// Finds the owner of a message: it is withheld from all customers, or belongs to a tenant, to
    /// an order, or to nobody. What may have come for another SIM is given to no customer
    /// ([invariant 12](crate#what-always-holds)).
    fn find_owner(
        &self,
        tx: &WriteTx<'_>,
        message: &ReceivedMessage<'_>,
        said: Said<'_>,
        rule: Option<&str>,
    ) -> Result<Owner, Error> {
        if message.doubtful {
            return Ok(rule.map_or(Owner::Nobody, |rule| Owner::Withheld(rule.to_owned())));
        }
        if self.numbers.take_loopback(
            tx,
            message.sim,
            said.sender,
            said.text,
            message.received_at,
        )? {
            return Ok(Owner::Withheld(number_discovery::RULE.to_owned()));
        }
        if let Some(rule) = rule {
            return Ok(Owner::Withheld(rule.to_owned()));
        }
        if !tx.was_ever_rented(message.sim)? {
            // True of most SIMs, which are spared the questions about tenants.
            return Ok(self.match_order(tx, message, said)?.map_or(Owner::Nobody, Owner::Order));
        }
        // A rental whose end has come may have been neither renewed nor ended yet.
        let now = self.env.now().max(message.received_at);
        let tenant = match self.rentals.settle_rental_of_sim(tx, message.sim, now)? {
            true => tx.rental_at(message.sim, message.received_at)?,
            false => None,
        };
        // Where our clock may be ahead, no rental is over that was not over before.
        let certain = self.env.certain(message.received_at);
        let by_then = |rental: &Rental| rental.has_sim_since().max(certain);
        match tenant.filter(|rental| rental.ends_at() > by_then(rental)) {
            Some(rental)
                if rental.was_running(message.taken_at.min(by_then(&rental)), by_then(&rental)) =>
            {
                Ok(Owner::Rental(rental.id))
            }
            // It is from before the rental began, and a rented SIM has no orders.
            Some(_) => Ok(Owner::Nobody),
            // Our clock was set back: the SIM is rented already, whatever the clock says.
            None if tx.has_rental_starting_after(message.sim, self.env.now())? => Ok(Owner::Nobody),
            None => Ok(self.match_order(tx, message, said)?.map_or(Owner::Nobody, Owner::Order)),
        }
    }

    /// Completes the order that the first parts of a long message were given to, if it waits for a
    /// code and the rest has one.
    fn complete_given(
        &self,
        tx: &WriteTx<'_>,
        given: &Owner,
        message: &ReceivedMessage<'_>,
        has_code: bool,
    ) -> Result<(), Error> {
        match given.order().filter(|_| has_code).map(|id| tx.order(id)).transpose()?.flatten() {
            Some(order) => self.orders.complete(tx, order, true, message.received_at),
            None => Ok(()),
        }
    }

    /// The order that a message belongs to. If it is open and the message is what it is charged
    /// for, the message completes it and its price is charged.
    fn match_order(
        &self,
        tx: &WriteTx<'_>,
        message: &ReceivedMessage<'_>,
        said: Said<'_>,
    ) -> Result<Option<OrderId>, Error> {
        let running = tx.running_orders(message.sim, message.received_at)?;
        let running = running
            .into_iter()
            .filter(|order| order.was_running(message.taken_at, message.received_at));
        let running: Vec<Order> = running.collect();
        let chosen = match message.content.needs_pattern {
            true => {
                let catalogue = self.attribution.catalogue();
                catalogue.choose_by_pattern(&waiting(&running), said.claims)
            }
            false => self.choose(&running, said.claims),
        };
        let Some(order) = chosen else { return Ok(None) };
        self.complete_or_show(tx, order, said.has_code, message.received_at)?;
        Ok(Some(order.id))
    }

    /// The order among those that run that a message is for.
    pub(super) fn choose<'o>(&self, running: &'o [Order], claims: &[Claim]) -> Option<&'o Order> {
        self.attribution.catalogue().choose(&waiting(running), claims)
    }

    /// Completes an order by a message that it is given at `at`, if that is what it is charged for.
    /// One that is not is only shown.
    pub(super) fn complete_or_show(
        &self,
        tx: &WriteTx<'_>,
        order: &Order,
        has_code: bool,
        at: Timestamp,
    ) -> Result<(), Error> {
        match self.attribution.catalogue().charges_on(order.service) {
            ChargeOn::Code if !has_code => {
                self.orders.begin_by_message(tx, order.clone(), at).map(drop)
            }
            _ => self.orders.complete(tx, order.clone(), has_code, at),
        }
    }
}

/// Orders as the catalogue chooses among them.
fn waiting(running: &[Order]) -> Vec<Waiting<&Order>> {
    let all = running.iter();
    all.map(|order| Waiting {
        order,
        service: order.service,
        open: order.state == OrderState::Open,
    })
    .collect()
}
