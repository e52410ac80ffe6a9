//! What the operator does to a customer's rental: ends it, with or without giving back what is left
//! of it, or lets it run on for some days.

use std::sync::Arc;
use std::time::Duration;

use super::{RentalView, Rentals};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::ledger::{EntryKind, Posting, RefundCause};
use crate::domain::paid_time::{PaidTerm, PaidTime};
use crate::domain::rental::RentalEnding;
use crate::domain::{Amount, Currency, Rental, RentalId, Timestamp};
use crate::gateway::Error;
use crate::store::{Entry, WriteTx};

/// The most free days that are given at a time.
const MOST_DAYS: u32 = 366;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What is given back when a rental is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndRefund {
    /// What the rest of the time that was paid for has cost.
    ProRata,
    Nothing,
    Of(Amount),
}

/// What was charged for a rental, and what of that can still be given back.
pub(super) struct Paid {
    terms: Vec<PaidTerm>,
    /// What was charged less what was given back.
    pub(super) cost: Amount,
}

impl Paid {
    /// What the entries of the ledger about a rental say of it.
    pub(super) fn of(entries: &[Entry]) -> Paid {
        let charges = entries.iter().filter(|entry| entry.kind != EntryKind::Refund);
        let term = |entry: &Entry| PaidTerm {
            months: entry.months,
            charged: Amount(entry.balance.0.saturating_neg()),
        };
        let balance: i64 = entries.iter().map(|entry| entry.balance.0).sum();
        Paid { terms: charges.map(term).collect(), cost: Amount(balance.saturating_neg()) }
    }

    /// What the paid time of a rental after `at` has cost, as far as that was not given back.
    pub(super) fn worth_after(&self, rental: &Rental, at: Timestamp) -> Amount {
        PaidTime::new(rental, &self.terms).worth_after(at).min(self.cost)
    }

    /// The same of a part of its time.
    pub(super) fn worth_between(&self, rental: &Rental, from: Timestamp, to: Timestamp) -> Amount {
        PaidTime::new(rental, &self.terms).worth_between(from, to).min(self.cost)
    }
}

impl Rentals {
    /// Ends a rental before its time is over. Answers it, and how much was given back.
    pub async fn end_for_operator(
        self: &Arc<Self>,
        id: RentalId,
        refund: EndRefund,
        reason: String,
    ) -> Result<(RentalView, Amount), Error> {
        check_reason(&reason)?;
        let rentals = Arc::clone(self);
        let ended = self.env.store.write(move |tx| {
            let (now, currency) = (rentals.env.now(), rentals.env.settings().currency);
            let rental = rentals.active(tx, id)?;
            // What the operator says of money is all of it.
            rentals.end_outage(tx, &rental, now, refund == EndRefund::ProRata)?;
            let amount = refundable(tx, &rental, (refund, currency), now)?;
            let (account, term) = (rental.account, rental.terms);
            let ended = rentals.close(tx, rental.end_early(now, RentalEnding::ByOperator), now)?;
            let mut subject = format!("rental {id}");
            if amount > Amount::ZERO {
                subject = format!("{subject}, {} given back", currency.text_with_code(amount));
                let (cause, note) = (RefundCause::Ended { term }, reason.clone());
                let posting = Posting::RentalRefund { amount, rental: id, cause, note };
                rentals.post(tx, account, &posting, rentals.env.occasion(now, None))?;
            }
            tx.note(Actor::Operator, AuditAction::Ended, format!("{subject}: {reason}"), now)?;
            Ok((rentals.view_of(tx, ended)?, amount))
        });
        ended.await
    }

    /// Lets a rental run on for so many days more, which cost nothing.
    pub async fn give_days(
        self: &Arc<Self>,
        id: RentalId,
        days: u32,
        reason: String,
    ) -> Result<RentalView, Error> {
        check_reason(&reason)?;
        if !(1..=MOST_DAYS).contains(&days) {
            let text = format!("from 1 to {MOST_DAYS} days can be given at a time");
            return Err(Error::refused(text));
        }
        let rentals = Arc::clone(self);
        let given = self.env.store.write(move |tx| {
            let longer = rentals.active(tx, id)?.with_free(DAY * days);
            tx.save_rental(&longer)?;
            rentals.wakeups.deadlines_change_after(tx);
            let now = rentals.env.now();
            rentals.tell(tx, &longer, EventKind::RentalRenewed, now);
            let subject = format!("rental {id}, {days}: {reason}");
            tx.note(Actor::Operator, AuditAction::GaveDays, subject, now)?;
            rentals.view_of(tx, longer)
        });
        given.await
    }

    /// The rental that the operator names, if it has not ended.
    pub(super) fn active(&self, tx: &WriteTx<'_>, id: RentalId) -> Result<Rental, Error> {
        let rental = self.named(tx, id)?;
        match rental.state.ended_at() {
            Some(at) => Err(Error::refused(format!("rental {id} ended at {at}"))),
            None => Ok(rental),
        }
    }
}

/// How much is given back when a rental is ended at `now`.
fn refundable(
    tx: &WriteTx<'_>,
    rental: &Rental,
    (refund, currency): (EndRefund, Currency),
    now: Timestamp,
) -> Result<Amount, Error> {
    let paid = Paid::of(&tx.ledger_of_rental(rental.id)?);
    let (id, cost) = (rental.id, paid.cost);
    match refund {
        EndRefund::ProRata => Ok(paid.worth_after(rental, now)),
        EndRefund::Nothing => Ok(Amount::ZERO),
        EndRefund::Of(amount) if amount > Amount::ZERO && amount <= cost => Ok(amount),
        EndRefund::Of(_) => Err(Error::refused(format!(
            "rental {id} has cost {}; a refund is that or less, and more than {}",
            currency.text(cost),
            currency.text(Amount::ZERO)
        ))),
    }
}

fn check_reason(reason: &str) -> Result<(), Error> {
    match reason.trim().is_empty() {
        true => Err(Error::refused("it has a reason, for the books")),
        false => Ok(()),
    }
}
