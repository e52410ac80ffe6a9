//! What is told of test orders: what their customers do, and what happens by itself.

use super::SandboxOrders;
use crate::domain::event::EventKind;
use crate::domain::sandbox::{Happening, TestOrder, TestText};
use crate::domain::{OrderId, Timestamp};
use crate::gateway::Error;
use crate::gateway::sandbox::shown;
use crate::store::{NotedEvent, StoreError, WriteTx};

impl SandboxOrders {
    /// Tells what has happened to an order by itself until `now`, and removes one that is not kept
    /// any more.
    pub(in crate::gateway) fn tell_happenings(
        &self,
        tx: &WriteTx<'_>,
        id: OrderId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(mut order) = tx.test_order(id)? else { return Ok(()) };
        loop {
            let (at, happening) = order.next();
            if at > now {
                break;
            }
            let text = match happening {
                Happening::Forgotten => return Ok(tx.remove_test_order(id)?),
                Happening::Text(number) => Some(order.text(number, at)),
                Happening::SimLost | Happening::Expiry => None,
            };
            self.tell_happening(tx, &order, text, at)?;
            order.told = order.told.saturating_add(1);
        }
        self.polls.wake_after(tx, id);
        Ok(tx.save_test_order(&order)?)
    }

    /// Tells that an order was given a text, or that it has ended. The first that happens ends it.
    fn tell_happening(
        &self,
        tx: &WriteTx<'_>,
        order: &TestOrder,
        text: Option<TestText>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if text.is_some() {
            self.tell(tx, order, EventKind::OrderMessage, text.clone(), at)?;
        }
        match order.at(at).end_event().filter(|_| order.told == 0) {
            Some(kind) => self.tell(tx, order, kind, text, at),
            None => Ok(()),
        }
    }

    /// Tells what has happened to an order at a time, as it was then.
    pub(super) fn tell(
        &self,
        tx: &WriteTx<'_>,
        order: &TestOrder,
        kind: EventKind,
        text: Option<TestText>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let event = NotedEvent::of_order(&order.at(at), kind, at);
        self.shared.events.note_test(tx, event, self.resource(order, at), text.map(shown))
    }
}
