//! What is done to endpoints and deliveries, as parts of operations.

use std::sync::Arc;

use super::changes::EndpointChanges;
use super::deliveries::delivery_of;
use super::{EndpointRefusal, MOST_PER_ACCOUNT, subject_of};
use crate::domain::audit::AuditAction;
use crate::domain::event::{EventKind, EventSubject};
use crate::domain::webhook::delivery::Progress;
use crate::domain::webhook::{
    Delivery, DeliveryState, Endpoint, EndpointUrl, Secret, Subscription,
};
use crate::domain::{AccountId, EndpointId, EventId, Timestamp};
use crate::gateway::{AskedBy, Error};
use crate::store::{NotedEvent, StoreError, WriteTx};

/// The outcome of a part of an operation: what was made of it, or why nothing was done.
pub(super) type Edited<T> = Result<Result<T, EndpointRefusal>, Error>;

/// Unpacks what was granted; a part of an operation that refuses has changed nothing.
macro_rules! granted {
    ($asked:expr) => {
        match $asked {
            Ok(granted) => granted,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
pub(super) use granted;

/// Does what somebody has asked for, at a time.
pub(super) struct Editor {
    pub(super) by: AskedBy,
    pub(super) changes: Arc<EndpointChanges>,
    pub(super) now: Timestamp,
}

impl Editor {
    pub(super) fn add(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        (url, subscription): &(EndpointUrl, Subscription),
        secret: &Secret,
    ) -> Edited<Endpoint> {
        let (mode, all) = (self.by.mode(), tx.webhook_endpoints(Some(account))?);
        if all.iter().filter(|known| known.mode == mode).count() >= MOST_PER_ACCOUNT {
            return Ok(Err(EndpointRefusal::TooMany));
        }
        let id = tx.add_webhook_endpoint((account, mode), url, subscription, secret, self.now)?;
        let added = granted!(self.by.endpoint(tx, id)?);
        self.note(tx, AuditAction::Added, &added)?;
        self.changes.change_after(tx, id);
        Ok(Ok(added))
    }

    /// Changes an endpoint as `edit` does. What waits for another attempt is tried at once when the
    /// endpoint is switched on or has another address: then there is reason to expect more of it.
    pub(super) fn change(
        &self,
        tx: &WriteTx<'_>,
        id: EndpointId,
        action: AuditAction<'_>,
        edit: impl FnOnce(&mut Endpoint),
    ) -> Edited<Endpoint> {
        let mut endpoint = granted!(self.by.endpoint(tx, id)?);
        let before = endpoint.clone();
        edit(&mut endpoint);
        if endpoint != before {
            tx.save_webhook_endpoint(&endpoint)?;
            if (&endpoint.url, endpoint.state) != (&before.url, before.state) {
                tx.hasten_deliveries(id, self.now)?;
            }
            self.note(tx, action, &endpoint)?;
            self.changes.change_after(tx, id);
        }
        Ok(Ok(endpoint))
    }

    pub(super) fn delete(&self, tx: &WriteTx<'_>, id: EndpointId) -> Edited<()> {
        let endpoint = granted!(self.by.endpoint(tx, id)?);
        tx.delete_webhook_endpoint(id, self.now)?;
        self.note(tx, AuditAction::Removed, &endpoint)?;
        self.changes.change_after(tx, id);
        Ok(Ok(()))
    }

    /// Has a test sent; if one waits already, that.
    pub(super) fn test(&self, tx: &WriteTx<'_>, id: EndpointId) -> Edited<Delivery> {
        let endpoint = granted!(self.by.endpoint(tx, id)?);
        granted!(refuse_off(&endpoint));
        self.changes.change_after(tx, id);
        if let Some(waiting) = tx.waiting_test(id)? {
            return Ok(Ok(waiting));
        }
        let (kind, subject) = (EventKind::WebhookTest, EventSubject::Endpoint);
        let test = NotedEvent::new(endpoint.account, kind, subject, self.now);
        let event = tx.add_event(&test, &format!("{{\"endpoint\":{id}}}"))?;
        tx.save_delivery(id, event, self.at_once(), &Progress::default())?;
        let made = tx.delivery_of(id, event)?;
        Ok(made.ok_or(EndpointRefusal::NoEndpoint(id)))
    }

    /// Sends an event once more: one attempt, which neither waits for other events nor has them
    /// wait. What waits to be tried again is tried at once.
    pub(super) fn redeliver(
        &self,
        tx: &WriteTx<'_>,
        id: EndpointId,
        event: EventId,
    ) -> Edited<Delivery> {
        let endpoint = granted!(self.by.endpoint(tx, id)?);
        granted!(refuse_off(&endpoint));
        let found = delivery_of(tx, &endpoint, event)?;
        let Delivery { state, mut progress, .. } =
            granted!(found.ok_or(EndpointRefusal::NoDelivery(event)));
        match state {
            // It keeps its place in the order.
            DeliveryState::Waiting { next_at: None } => {}
            DeliveryState::Waiting { next_at: Some(_) } => {
                tx.save_delivery(id, event, self.at_once(), &progress)?;
            }
            DeliveryState::Taken | DeliveryState::GivenUp => {
                progress.is_repeated = true;
                tx.save_delivery(id, event, self.at_once(), &progress)?;
            }
        }
        self.changes.change_after(tx, id);
        self.note(tx, AuditAction::SentAgain { event }, &endpoint)?;
        let found = delivery_of(tx, &endpoint, event)?;
        Ok(found.ok_or(EndpointRefusal::NoDelivery(event)))
    }

    /// Notes in the audit what was done to an endpoint.
    fn note(
        &self,
        tx: &WriteTx<'_>,
        action: AuditAction<'_>,
        endpoint: &Endpoint,
    ) -> Result<(), StoreError> {
        self.by.note(tx, action, subject_of(tx, endpoint)?, self.now)
    }

    /// The state of a delivery that is due now.
    fn at_once(&self) -> DeliveryState {
        DeliveryState::Waiting { next_at: Some(self.now) }
    }
}

/// Refuses to send anything to an endpoint that is off.
fn refuse_off(endpoint: &Endpoint) -> Result<(), EndpointRefusal> {
    endpoint.state.off_reason().map_or(Ok(()), |reason| Err(EndpointRefusal::Off(reason)))
}
