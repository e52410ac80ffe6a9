//! A rental that is revived gets what came since its end.

use std::sync::Arc;

use super::Inbox;
use super::attribution::{Holder, Sent};
use crate::domain::message::{Message, MessageKind};
use crate::domain::{Rental, RentalId, Timestamp};
use crate::gateway::once::carry_out;
use crate::gateway::rentals::{RentalDone, RentalRefusal, RentalView, Unrevivable};
use crate::gateway::{Error, Once, Requester};
use crate::store::WriteTx;

impl Inbox {
    /// Revives a rental that ended a short while ago, from its old end and for the price of its
    /// package. What came to its SIM since is its tenant's then.
    pub async fn revive(self: &Arc<Self>, id: RentalId) -> Result<RentalView, Error> {
        let inbox = Arc::clone(self);
        let revived = self.env.store.write(move |tx| {
            let rental = inbox.matcher.rentals.named(tx, id)?;
            let currency = inbox.env.settings().currency;
            let revived = inbox.revive_in(tx, &rental, None)?;
            let rental = revived.map_err(|why| why.refusal(id, currency))?;
            let account = tx.account(rental.account)?;
            let account = account.map(|account| account.name).unwrap_or_default();
            Ok(RentalView { rental, account })
        });
        revived.await
    }

    /// The same for its tenant, once, however often it is asked for.
    pub async fn revive_once(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
        once: Option<Once>,
    ) -> Result<RentalDone, Error> {
        let (inbox, account) = (Arc::clone(self), by.account);
        let revived = self.env.store.write_for(account, move |tx| {
            let rentals = &inbox.matcher.rentals;
            carry_out(tx, (account, once.as_ref()), inbox.env.now(), || {
                let rental = rentals.own_rental(tx, account, id, inbox.env.certain_now())?;
                let Some(rental) = rental else { return Ok(Err(RentalRefusal::Unknown)) };
                match inbox.revive_in(tx, &rental, Some(&by))? {
                    Ok(revived) => Ok(Ok(rentals.resource(tx, &revived)?)),
                    Err(why) => Ok(Err(why.into())),
                }
            })
        });
        revived.await
    }

    /// Revives a rental, for the operator or for its tenant, and gives it what came since its end.
    fn revive_in(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        tenant: Option<&Requester>,
    ) -> Result<Result<Rental, Unrevivable>, Error> {
        let rentals = &self.matcher.rentals;
        let (revived, ended_at) = match rentals.revive(tx, rental, tenant)? {
            Ok(revived) => revived,
            Err(why) => return Ok(Err(why)),
        };
        for message in tx.unclaimed(revived.sim, ended_at, Timestamp(i64::MAX))? {
            self.give_kept(tx, &message, &revived)?;
        }
        rentals.wake_polls_after(tx, revived.id);
        Ok(Ok(revived))
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
