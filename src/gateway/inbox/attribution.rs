//! Attribution: which service a message fits, and for whom it used its number.
//!
//! A number that somebody was sent a message of a service to is not sold for that service to
//! anybody else within the cool-down ([invariant 8](crate#what-always-holds)). What completed an
//! order is known by the order; the rest is kept as [traces](crate::store::Trace).

use std::sync::Arc;
use std::time::Duration;

use crate::domain::catalogue::{Catalogue, Claim};
use crate::domain::message::Owner;
use crate::domain::order::OrderState;
use crate::domain::{AccountId, MessageId, Msisdn, Order, Rental, ServiceId, SimId, Timestamp};
use crate::gateway::Error;
use crate::gateway::environment::Environment;
use crate::gateway::request_cache::RequestCache;
use crate::gateway::services::CurrentCatalogue;
use crate::store::{Attributed, ReadTx, StoreError, Trace, WriteTx};

/// How many messages a step looks at, so that nobody waits long behind it.
const MESSAGES_PER_STEP: i64 = 500;
/// For how long after an order's end a message of its service that is nobody's counts as its
/// account's.
const LATE_WITHIN: Duration = Duration::from_secs(24 * 3600);

/// A message that is to be attributed.
#[derive(Clone, Copy)]
pub(super) struct Sent<'m> {
    pub(super) sim: SimId,
    pub(super) sender: &'m str,
    pub(super) received_at: Timestamp,
    /// Until when orders had ended that are known.
    pub(super) known_at: Timestamp,
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
pub struct Attribution {
    env: Arc<Environment>,
    catalogue: Arc<CurrentCatalogue>,
    cache: Arc<RequestCache>,
}

/// What a step of the attribution of stored messages found out.
struct Step {
    /// The last message that it looked at.
    to: MessageId,
    /// The messages that fit another service than was known: that one, and the right one.
    changed: Vec<(MessageId, Option<ServiceId>, Option<ServiceId>)>,
    traces: Vec<Trace>,
}

impl Attribution {
    pub(in crate::gateway) fn new(
        env: Arc<Environment>,
        catalogue: Arc<CurrentCatalogue>,
        cache: Arc<RequestCache>,
    ) -> Attribution {
        Attribution { env, catalogue, cache }
    }

    /// The patterns of all services as they are now.
    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.get()
    }

    /// Gives some of the stored messages the services that they fit by the patterns as they are
    /// now, if those have changed since that was done last. Answers whether there are more. What
    /// was done is known after a restart, too.
    pub async fn attribute_stored(self: &Arc<Self>) -> Result<bool, Error> {
        let catalogue = self.catalogue();
        let signature = catalogue.signature();
        let subject = Arc::clone(self);
        let read = self.env.store.read_in_background(move |rows| {
            let known = rows.attributed()?.filter(|known| known.signature == signature);
            let step = known.map(|known| subject.read_step(rows, &catalogue, known)).transpose()?;
            Ok::<_, StoreError>((known, step))
        });
        let (known, step) = read.await?;
        if known.is_some_and(|known| known.done_to >= known.until) {
            return Ok(false);
        }
        let subject = Arc::clone(self);
        let written = self.env.store.write(move |tx| {
            match step {
                // Meanwhile the patterns or a message may have changed; then it is done again.
                Some(_) if subject.catalogue().signature() != signature => {}
                Some(step) if tx.attributed()? == known => subject.write_step(tx, step)?,
                Some(_) => {}
                None => tx.begin_attribution(signature)?,
            }
            Ok::<_, StoreError>(())
        });
        written.await?;
        Ok(true)
    }

    fn read_step(
        &self,
        rows: &ReadTx<'_>,
        catalogue: &Catalogue,
        known: Attributed,
    ) -> Result<Step, StoreError> {
        let to = MessageId(known.done_to.0.saturating_add(MESSAGES_PER_STEP).min(known.until.0));
        let mut step = Step { to, changed: Vec::new(), traces: Vec::new() };
        for stored in rows.texts_between(known.done_to, to)? {
            let text = stored.text.as_deref();
            let mut claims = catalogue.claims(&stored.sender, text.unwrap_or_default());
            if text.is_none() {
                claims.retain(|claim| claim.text.is_none());
            }
            let holder = Holder::of(rows, &stored.owner)?;
            let service = holder.service(&claims).or(stored.service.filter(|_| text.is_none()));
            if service != stored.service {
                step.changed.push((stored.id, stored.service, service));
            }
            let sent = Sent {
                sim: stored.sim,
                sender: &stored.sender,
                received_at: stored.received_at,
                known_at: stored.received_at,
                claims: &claims,
            };
            step.traces.extend(self.traces(rows, sent, &holder)?);
        }
        Ok(step)
    }

    fn write_step(&self, tx: &WriteTx<'_>, step: Step) -> Result<(), StoreError> {
        for (message, before, service) in step.changed {
            tx.set_service_of(message, before, service)?;
        }
        self.save(tx, &step.traces)?;
        tx.attributed_to(step.to)
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
            Holder::Rental(rental) => (&number_of(rows, rental, sent.sim)?, rental.account, true),
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

    /// Saves traces of messages, each with its number, service and account.
    pub(super) fn save(&self, tx: &WriteTx<'_>, traces: &[Trace]) -> Result<(), StoreError> {
        for trace in traces {
            tx.note_trace(trace)?;
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

/// The number that a rental had on a SIM, from which it may have been moved since.
fn number_of(rows: &ReadTx<'_>, rental: &Rental, sim: SimId) -> Result<Msisdn, StoreError> {
    let before = match rental.sim == sim {
        true => None,
        false => rows.number_before_move(rental.id, sim)?,
    };
    Ok(before.unwrap_or_else(|| rental.number.clone()))
}

/// What is nobody's was most likely meant for an order of its service that ended a short while ago.
/// Where that were several, each may be the one.
fn late_traces(rows: &ReadTx<'_>, sent: Sent<'_>) -> Result<Vec<Trace>, StoreError> {
    let number = rows.sim(sent.sim)?.and_then(|sim| sim.number);
    let Some(number) = number.map(|known| known.number) else { return Ok(Vec::new()) };
    let since = sent.received_at.minus(LATE_WITHIN);
    let mut traces = Vec::new();
    for service in sent.claims.iter().map(|claim| claim.service) {
        let accounts = rows.accounts_done_with(&number, service, since, sent.known_at)?;
        let trace = |account| sent.trace(&number, service, account, false);
        traces.extend(accounts.into_iter().map(trace));
    }
    Ok(traces)
}
