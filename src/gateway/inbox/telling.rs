//! The events that tell customers of their messages.

use super::attribution::Holder;
use super::matching::Matcher;
use crate::domain::MessageId;
use crate::domain::event::EventKind;
use crate::store::{NotedEvent, WriteTx};

impl Matcher {
    /// Notes for whom a message belongs to that it has come or, if the first parts of it were given
    /// before, that its rest has.
    pub(super) fn tell_customer(
        &self,
        tx: &WriteTx<'_>,
        message: MessageId,
        holder: &Holder,
        was_given: bool,
    ) {
        let kind = |new| if was_given { EventKind::MessageMended } else { new };
        let now = self.env.now();
        let event = match holder {
            Holder::Order(order) if order.shows_messages() => {
                NotedEvent::of_order(order, kind(EventKind::OrderMessage), now)
            }
            Holder::Rental(rental) => {
                NotedEvent::of_rental(rental, kind(EventKind::RentalMessage), now)
            }
            Holder::Order(_) | Holder::Nobody | Holder::Withheld => return,
        };
        self.orders.events.note(tx, event.about(message));
    }
}
