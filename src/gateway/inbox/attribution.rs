//! Attribution: which service a message fits, and for whom it used its number.
//!
//! A number that somebody was sent a message of a service to is not sold for that service to
//! anybody else within the cool-down ([invariant 8](crate#what-always-holds)). What completed an
//! order is known by the order; the rest is kept as [traces](crate::store::Trace).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::Claim;
use crate::domain::message::Owner;
use crate::domain::order::OrderState;
use crate::domain::{AccountId, Msisdn, Order, Rental, ServiceId, SimId, Timestamp};
use crate::gateway::environment::Environment;
use crate::gateway::request_cache::RequestCache;
use crate::store::{ReadTx, StoreError, Trace, WriteTx};

/// For how long after an order's end a message of its service that is nobody's counts as its
/// account's.
const LATE_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// A message that is to be attributed.
#[derive(Clone, Copy)]
pub(super) struct Sent<'m> {
    pub(super) sim: SimId,
    pub(super) sender: &'m str,
    pub(super) received_at: Timestamp,
    /// The services whose patterns it fits, best first.
    pub(super) claims: &'m [Claim],
}

/// What a message belongs to.
pub(super) enum Holder {
    Order(Order),
    Rental(Rental),
    Nobody,
    /// The block list keeps it from everybody.
    Withheld,
}

impl Holder {
    pub(super) fn of(rows: &ReadTx<'_>, owner: &Owner) -> Result<Holder, StoreError> {
        Ok(match owner {
            Owner::Order(id) => rows.order(*id)?.map_or(Holder::Nobody, Holder::Order),
            Owner::Rental(id) => rows.rental(*id)?.map_or(Holder::Nobody, Holder::Rental),
            Owner::Nobody => Holder::Nobody,
            Owner::Withheld(_) => Holder::Withheld,
        })
    }

    /// From when on the retention of a message counts that came at `received_at`: from the end of
    /// what it belongs to, or else its arrival.
    pub(super) fn settled_at(&self, received_at: Timestamp) -> Option<Timestamp> {
        match self {
            Holder::Order(order) => Some(order.expires_at),
            Holder::Rental(rental) => rental.state.ended_at(),
            Holder::Nobody | Holder::Withheld => Some(received_at),
        }
    }

    /// The service that a message with these claims fits: that of its order, or else the best of
    /// those whose patterns fit it.
    pub(super) fn service(&self, claims: &[Claim]) -> Option<ServiceId> {
        match self {
            Holder::Order(order) => Some(order.service),
            _ => claims.first().map(|claim| claim.service),
        }
    }
}

/// Finds out for whom messages used their numbers, and for what.
pub(in crate::gateway) struct Attribution {
    env: Arc<Environment>,
    cache: Arc<RequestCache>,
}

impl Attribution {
    pub(in crate::gateway) fn new(env: Arc<Environment>, cache: Arc<RequestCache>) -> Attribution {
        Attribution { env, cache }
    }

    /// What a message used its number for.
    pub(super) fn traces(
        &self,
        rows: &ReadTx<'_>,
        sent: Sent<'_>,
        holder: &Holder,
    ) -> Result<Vec<Trace>, StoreError> {
        let mut services: Vec<ServiceId> = sent.claims.iter().map(|claim| claim.service).collect();
        let (number, account, rented) = match holder {
            Holder::Order(order) => {
                services.retain(|service| *service != order.service);
                if !self.is_told_by(order, sent.received_at) {
                    services.push(order.service);
                }
                (&order.number, order.account, false)
            }
            Holder::Rental(rental) => (&rental.number, rental.account, true),
            Holder::Nobody if !services.is_empty() => return late_traces(rows, sent),
            Holder::Nobody | Holder::Withheld => return Ok(Vec::new()),
        };
        let trace = |service| sent.trace(number, service, account, rented);
        Ok(services.into_iter().map(trace).collect())
    }

    /// Whether the order itself tells that its number was used for its service when a message came:
    /// it has completed, by this message or one that came later, or uses count for ever.
    fn is_told_by(&self, order: &Order, received_at: Timestamp) -> bool {
        match order.state {
            OrderState::Completed { at } => {
                at >= received_at || self.env.settings().number_cooldown.is_none()
            }
            _ => false,
        }
    }

    /// Saves traces.
    pub(super) fn save(
        &self,
        tx: &WriteTx<'_>,
        traces: &[Trace],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for trace in traces {
            tx.note_trace(trace, now)?;
            let (cache, number) = (Arc::clone(&self.cache), trace.number.clone());
            tx.after_commit(move || cache.forget_uses_of(&number));
        }
        Ok(())
    }
}

impl Sent<'_> {
    fn trace(
        &self,
        number: &Msisdn,
        service: ServiceId,
        account: AccountId,
        rented: bool,
    ) -> Trace {
        Trace {
            number: number.clone(),
            service,
            account,
            rented,
            sender: self.sender.to_owned(),
            first_at: self.received_at,
            last_at: self.received_at,
        }
    }
}

/// What is nobody's was most likely meant for an order of its service that ended a short while ago.
/// Where that were several, each may be the one.
fn late_traces(rows: &ReadTx<'_>, sent: Sent<'_>) -> Result<Vec<Trace>, StoreError> {
    let number = rows.sim(sent.sim)?.and_then(|sim| sim.number);
    let Some(number) = number.map(|known| known.number) else { return Ok(Vec::new()) };
    let since = sent.received_at.minus(LATE_WITHIN);
    let mut traces = Vec::new();
    for service in sent.claims.iter().map(|claim| claim.service) {
        let accounts = rows.accounts_done_with(&number, service, since)?;
        let trace = |account| sent.trace(&number, service, account, false);
        traces.extend(accounts.into_iter().map(trace));
    }
    Ok(traces)
}
