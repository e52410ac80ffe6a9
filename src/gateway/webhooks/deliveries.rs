//! The deliveries to an endpoint: those that were tried, and those that wait for their first
//! attempt, of which there is no row yet.

use super::editor::granted;
use super::{Asked, AskedBy, Webhooks};
use crate::domain::webhook::{Delivery, Endpoint};
use crate::domain::{EndpointId, EventId};
use crate::gateway::Error;
use crate::store::{ReadTx, StoreError};

/// How many events are looked at in one reading for those that an endpoint has asked for.
const EVENTS_PER_READING: u32 = 500;

impl Webhooks {
    /// At most `limit` deliveries to an endpoint, those of the newest events first, of events
    /// before one if that is given.
    pub async fn deliveries(
        &self,
        by: AskedBy,
        id: EndpointId,
        before: Option<EventId>,
        limit: u32,
    ) -> Asked<Vec<Delivery>> {
        let account = match &by {
            AskedBy::Customer(by) => Some(by.account),
            AskedBy::Operator => None,
        };
        let list = move |rows: &ReadTx<'_>| {
            let endpoint = granted!(by.endpoint(rows, id)?);
            Ok::<_, Error>(Ok(list(rows, &endpoint, before, limit)?))
        };
        match account {
            Some(account) => self.env.store.read_for(account, list).await,
            None => self.env.store.read(list).await,
        }
    }

    /// Sends an event once more: one attempt, which neither waits for other events nor has them
    /// wait. What waits to be tried again is tried at once, and what was not tried yet is anyway.
    pub async fn redeliver(&self, by: AskedBy, id: EndpointId, event: EventId) -> Asked<Delivery> {
        let editor = self.editor(by);
        self.env.store.write(move |tx| editor.redeliver(tx, id, event)).await
    }
}

/// The delivery of an event to an endpoint, if it is one that is sent there.
pub(super) fn delivery_of(
    rows: &ReadTx<'_>,
    endpoint: &Endpoint,
    event: EventId,
) -> Result<Option<Delivery>, StoreError> {
    if let Some(tried) = rows.delivery_of(endpoint.id, event)? {
        return Ok(Some(tried));
    }
    let next = EventId(event.0.saturating_add(1));
    let newest = rows.untried_events(endpoint.id, Some(next), 1)?.into_iter().next();
    let untried = newest.filter(|(id, kind)| *id == event && endpoint.subscription.wants(*kind));
    Ok(untried.map(|(id, kind)| Delivery::untried(id, kind)))
}

fn list(
    rows: &ReadTx<'_>,
    endpoint: &Endpoint,
    before: Option<EventId>,
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = rows.webhook_deliveries(endpoint.id, before, limit)?;
    found.extend(list_untried(rows, endpoint, before, most)?);
    found.sort_by_key(|delivery| std::cmp::Reverse(delivery.event));
    found.truncate(most);
    Ok(found)
}

/// At least `most` of those that were not tried yet, if there are as many.
fn list_untried(
    rows: &ReadTx<'_>,
    endpoint: &Endpoint,
    mut before: Option<EventId>,
    most: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let mut found = Vec::new();
    while found.len() < most {
        let events = rows.untried_events(endpoint.id, before, EVENTS_PER_READING)?;
        let Some((oldest, _)) = events.last() else { break };
        before = Some(*oldest);
        let wanted = events.into_iter().filter(|(_, kind)| endpoint.subscription.wants(*kind));
        found.extend(wanted.map(|(event, kind)| Delivery::untried(event, kind)));
    }
    Ok(found)
}
