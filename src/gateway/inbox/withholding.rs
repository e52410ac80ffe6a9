//! Who is told that a message was withheld: those who might have waited for it.

use super::matching::{Matcher, ReceivedMessage};
use crate::domain::order::OrderState;
use crate::gateway::Error;
use crate::store::WriteTx;

impl Matcher {
    /// Tells the open orders and the rental of a SIM that a message to it was withheld, by the
    /// rule's name and nothing of the message. One that may have come for another SIM is told to
    /// nobody. A message that is not new was withheld before its other parts came.
    pub(super) fn tell_holders(
        &self,
        tx: &WriteTx<'_>,
        message: &ReceivedMessage<'_>,
        rule: &str,
        is_new: bool,
    ) -> Result<(), Error> {
        if message.doubtful {
            return Ok(());
        }
        let noted = (message.received_at, is_new);
        for order in tx.running_orders(message.sim, message.received_at)? {
            let was_running = order.was_running(message.taken_at, message.received_at);
            if order.state == OrderState::Open && was_running {
                tx.note_withheld(Some(order.id), None, rule, noted)?;
            }
        }
        if let Some(rental) = tx.rental_at(message.sim, message.received_at)?
            && rental.was_running(message.taken_at, message.received_at)
        {
            tx.note_withheld(None, Some(rental.id), rule, noted)?;
        }
        Ok(())
    }
}
