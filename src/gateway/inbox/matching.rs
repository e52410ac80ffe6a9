//! Finds out whose a message is, and stores it for them.

use std::sync::Arc;

use super::news::MessageNews;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::catalogue::Waiting;
use crate::domain::message::Owner;
use crate::domain::order::OrderState;
use crate::domain::{MessageId, Order, OrderId, SimId, Timestamp, code};
use crate::gateway::Error;
use crate::gateway::environment::Environment;
use crate::gateway::number_discovery::{self, NumberDiscovery};
use crate::gateway::order_stats::OrderStats;
use crate::gateway::orders::Orders;
use crate::gateway::rentals::Rentals;
use crate::gateway::services::CurrentCatalogue;
use crate::store::{NewMessage, WriteTx};

/// A whole message, or what is there of it, ready to be given to somebody.
pub(super) struct Whole<'w> {
    pub(super) sim: SimId,
    pub(super) sender: &'w str,
    pub(super) text: &'w str,
    /// The stamp of its earliest part.
    pub(super) sent_at: Option<Timestamp>,
    /// When the network took in its earliest part, by our clock.
    pub(super) taken_at: Timestamp,
    /// When its last part reached us.
    pub(super) received_at: Timestamp,
    pub(super) complete: bool,
}

/// Matches messages to rentals and orders.
pub(in crate::gateway) struct Matcher {
    env: Arc<Environment>,
    catalogue: Arc<CurrentCatalogue>,
    numbers: Arc<NumberDiscovery>,
    orders: Arc<Orders>,
    rentals: Arc<Rentals>,
    stats: Arc<OrderStats>,
    news: Arc<MessageNews>,
}

impl Matcher {
    pub(in crate::gateway) fn new(
        env: Arc<Environment>,
        catalogue: Arc<CurrentCatalogue>,
        numbers: Arc<NumberDiscovery>,
        orders: Arc<Orders>,
        rentals: Arc<Rentals>,
        stats: Arc<OrderStats>,
        news: Arc<MessageNews>,
    ) -> Matcher {
        Matcher { env, catalogue, numbers, orders, rentals, stats, news }
    }

    /// Adds the message (or mends `shown`) and gives it to the order that it belongs to.
    pub(super) fn give(
        &self,
        tx: &WriteTx<'_>,
        whole: &Whole<'_>,
        shown: Option<MessageId>,
    ) -> Result<(MessageId, Option<OrderId>), Error> {
        let settings = self.env.settings();
        let rule = settings.block_list.rule(whole.sender, whole.text);
        let owner = match shown.map(|shown| tx.owner_of_message(shown)).transpose()? {
            None | Some(Owner::Nobody) => self.find_owner(tx, whole, rule)?,
            Some(given) => given,
        };
        // Also one that was given to its customer in part: it stays theirs in the books, and its
        // rest is not shown.
        let withheld = owner.withheld().or(rule);
        let code = code::find(whole.text);
        let new = NewMessage {
            sim: whole.sim,
            sender: Some(whole.sender),
            text: Some(whole.text),
            code: code.as_deref(),
            sent_at: whole.sent_at,
            received_at: whole.received_at,
            complete: whole.complete,
            owner: &owner,
            withheld,
            settled_at: settled_at(tx, &owner, whole.received_at)?,
        };
        let message = match shown {
            Some(shown) => tx.mend_message(shown, &new).map(|()| shown)?,
            None => tx.add_message(&new)?,
        };
        if let Some(rule) = withheld {
            let action = AuditAction::Withheld { rule };
            tx.note(Actor::Daemon, action, format!("message {message}"), whole.received_at)?;
        }
        if let Some(order) = owner.order() {
            self.orders.end_waiting_after(tx, order);
        }
        self.stats.count_received_after(tx, whole.sim);
        self.news.announce_after(tx, message, whole.received_at);
        Ok((message, owner.order()))
    }

    /// Finds whose the message is: nobody's to see, the tenant's, an order's, or nobody's.
    fn find_owner(
        &self,
        tx: &WriteTx<'_>,
        whole: &Whole<'_>,
        rule: Option<&str>,
    ) -> Result<Owner, Error> {
        if self.numbers.take_loopback(tx, whole.sim, whole.sender, whole.text, whole.received_at)? {
            return Ok(Owner::Withheld(number_discovery::RULE.to_owned()));
        }
        if let Some(rule) = rule {
            return Ok(Owner::Withheld(rule.to_owned()));
        }
        if !tx.was_ever_let(whole.sim)? {
            // As most SIMs: spares them the questions about tenants.
            return Ok(self.match_order(tx, whole)?.map_or(Owner::Nobody, Owner::Order));
        }
        // A tenancy whose end has come, but that nobody has renewed or ended yet, must be clear
        // first.
        let now = self.env.now().max(whole.received_at);
        let tenant = match self.rentals.settle_rental_of_sim(tx, whole.sim, now)? {
            true => tx.rental_at(whole.sim, whole.received_at)?,
            false => None,
        };
        match tenant.filter(|rental| rental.ends_at() > whole.received_at) {
            Some(rental) if rental.was_running(whole.taken_at, whole.received_at) => {
                Ok(Owner::Rental(rental.id))
            }
            // It is from before the tenant's time, and orders are there none.
            Some(_) => Ok(Owner::Nobody),
            // Our clock was set back: the tenant is there already, whatever it says.
            None if tx.is_let_from_later_on(whole.sim, self.env.now())? => Ok(Owner::Nobody),
            None => Ok(self.match_order(tx, whole)?.map_or(Owner::Nobody, Owner::Order)),
        }
    }

    /// Finds whose the message is. An open order is completed by it and its price charged.
    fn match_order(&self, tx: &WriteTx<'_>, whole: &Whole<'_>) -> Result<Option<OrderId>, Error> {
        let running = tx.running_orders(whole.sim, whole.received_at)?;
        let running = running
            .into_iter()
            .filter(|order| order.was_running(whole.taken_at, whole.received_at));
        let running: Vec<Order> = running.collect();
        let waiting: Vec<Waiting<&Order>> = running
            .iter()
            .map(|order| Waiting {
                order,
                service: order.service,
                open: order.state == OrderState::Open,
            })
            .collect();
        let Some(order) = self.catalogue.get().choose(&waiting, whole.sender, whole.text) else {
            return Ok(None);
        };
        self.orders.complete(tx, order.clone(), whole.received_at)?;
        Ok(Some(order.id))
    }
}

/// Since when retention counts: the end of what the message belongs to, or its arrival.
fn settled_at(
    tx: &WriteTx<'_>,
    owner: &Owner,
    received_at: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    Ok(match owner {
        Owner::Order(id) => Some(tx.order(*id)?.map_or(received_at, |order| order.expires_at)),
        Owner::Rental(id) => tx.rental(*id)?.and_then(|rental| rental.state.ended_at()),
        Owner::Nobody | Owner::Withheld(_) => Some(received_at),
    })
}
