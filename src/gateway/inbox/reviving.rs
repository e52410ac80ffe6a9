//! A rental that is revived gets what came since its end.

use std::sync::Arc;

use super::Inbox;
use super::attribution::{Holder, Sent};
use crate::domain::message::{Message, MessageKind};
use crate::domain::{Rental, RentalId, Timestamp};
use crate::gateway::Error;
use crate::gateway::rentals::RentalView;
use crate::store::WriteTx;

impl Inbox {
    /// Revives a rental that ended a short while ago, from its old end and for the price of its
    /// package. What came to its SIM since is its tenant's then.
    pub async fn revive(self: &Arc<Self>, id: RentalId) -> Result<RentalView, Error> {
        let inbox = Arc::clone(self);
        let revived = self.env.store.write(move |tx| {
            let (rental, ended_at) = inbox.matcher.rentals.revive(tx, id)?;
            for message in tx.unclaimed(rental.sim, ended_at, Timestamp(i64::MAX))? {
                inbox.give_kept(tx, &message, &rental)?;
            }
            let account = tx.account(rental.account)?;
            let account = account.map(|account| account.name).unwrap_or_default();
            Ok(RentalView { rental, account })
        });
        revived.await
    }

    /// Gives a message that was kept to a revived rental, if it is a text for a customer.
    fn give_kept(&self, tx: &WriteTx<'_>, message: &Message, rental: &Rental) -> Result<(), Error> {
        let is_withheld = message.withheld.is_some() || tx.is_doubtful(message.id)?;
        if message.kind != MessageKind::Text || is_withheld {
            return Ok(());
        }
        tx.give_to_rental(message.id, rental.id)?;
        let (Some(sender), Some(text)) = (&message.sender, &message.text) else { return Ok(()) };
        let holder = Holder::Rental(rental.clone());
        self.matcher.tell_customer(tx, message.id, &holder, false);
        let attribution = &self.matcher.attribution;
        let claims = attribution.catalogue().claims(sender, text);
        let (sim, received_at, now) = (message.sim, message.received_at, self.env.now());
        let sent = Sent { sim, sender, received_at, known_at: now, claims: &claims };
        let traces = attribution.traces(tx, sent, &holder)?;
        Ok(attribution.save(tx, &traces)?)
    }
}
