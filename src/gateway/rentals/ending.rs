//! What tenants do to a rental before its time is over: they end it without a refund, or cancel it
//! for nothing as long as it is young and was sent nothing. Neither can be revived.

use std::sync::Arc;

use super::Rentals;
use super::operator::Paid;
use crate::domain::audit::AuditAction;
use crate::domain::ledger::{Posting, RefundCause};
use crate::domain::rental::RentalEnding;
use crate::domain::{Amount, Rental, RentalId};
use crate::gateway::{Error, Requester};
use crate::store::WriteTx;

/// Why the ledger says that the price of a rental was given back.
const CANCELED: &str = "canceled before anything was sent to it";

/// Why a tenant cannot end a rental.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unendable {
    /// There is no such rental, or it is another account's.
    Unknown,
    /// It has ended already.
    Over(RentalEnding),
    /// It is too old to be canceled, or was sent something.
    TooLate,
}

impl Rentals {
    /// Ends a rental for its tenant before its time is over. Nothing is given back.
    pub async fn finish(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
    ) -> Result<Result<Rental, Unendable>, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let finish = move |tx: &WriteTx<'_>| {
            let now = rentals.env.now();
            let rental = match rentals.running_of(tx, &by, id)? {
                Ok(rental) => rental,
                Err(why) => return Ok(Err(why)),
            };
            rentals.end_outage(tx, &rental, now, true)?;
            let ended = rental.end_early(now, RentalEnding::Finished);
            let ended = rentals.close(tx, ended, now)?;
            by.note(tx, AuditAction::Ended, format!("rental {id}"), now)?;
            Ok::<_, Error>(Ok(ended))
        };
        self.env.store.write_for(account, finish).await
    }

    /// Cancels a rental for its tenant, who is given back all that it has cost.
    pub async fn cancel(
        self: &Arc<Self>,
        by: Requester,
        id: RentalId,
    ) -> Result<Result<Rental, Unendable>, Error> {
        let (rentals, account) = (Arc::clone(self), by.account);
        let cancel = move |tx: &WriteTx<'_>| {
            let now = rentals.env.now();
            let rental = match rentals.running_of(tx, &by, id)? {
                Ok(rental) => rental,
                Err(why) => return Ok(Err(why)),
            };
            if !rental.is_cancelable(now) || tx.was_sent_anything(id)? {
                return Ok(Err(Unendable::TooLate));
            }
            rentals.end_outage(tx, &rental, now, true)?;
            let term = rental.terms;
            let canceled = rental.end_early(now, RentalEnding::Canceled);
            let canceled = rentals.close(tx, canceled, now)?;
            let amount = Paid::of(&tx.ledger_of_rental(id)?).cost;
            let mut subject = format!("rental {id}");
            if amount > Amount::ZERO {
                let (cause, note) = (RefundCause::Ended { term }, CANCELED.to_owned());
                let posting = Posting::RentalRefund { amount, rental: id, cause, note };
                let occasion = rentals.env.occasion(now, by.key_prefix());
                rentals.post(tx, account, &posting, occasion)?;
                let amount = rentals.env.settings().currency.text_with_code(amount);
                subject = format!("{subject}, {amount} given back");
            }
            by.note(tx, AuditAction::Ended, format!("{subject}: {CANCELED}"), now)?;
            Ok::<_, Error>(Ok(canceled))
        };
        self.env.store.write_for(account, cancel).await
    }

    /// A rental of the account that asks, if it runs.
    fn running_of(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        id: RentalId,
    ) -> Result<Result<Rental, Unendable>, Error> {
        let now = self.env.certain_now();
        let Some(rental) = self.own_rental(tx, by.account, id, now)? else {
            return Ok(Err(Unendable::Unknown));
        };
        Ok(match rental.state.ending() {
            Some(how) => Err(Unendable::Over(how)),
            None => Ok(rental),
        })
    }
}
