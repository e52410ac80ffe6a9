//! Grace: for some time after its end a rental can be revived. Its SIM rests meanwhile, and what
//! comes to it is kept for the tenant until then.

use std::sync::Arc;

use super::{Rentals, end_of_calendar};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::ledger::{Posting, Term};
use crate::domain::price::Charge;
use crate::domain::rental::{Package, RentalEnding, RentalState};
use crate::domain::{Amount, Currency, Rental, RentalId, SimId, Timestamp};
use crate::gateway::{Error, Requester};
use crate::store::{ReadTx, WriteTx};

/// Why a rental cannot be revived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unrevivable {
    /// It has not ended.
    Active { until: Timestamp },
    /// The operator or its tenant has ended it before its time was over, for good.
    EndedEarly { at: Timestamp, how: RentalEnding },
    /// It could be revived until a time that has passed.
    GraceOver { ended_at: Timestamp, until: Timestamp },
    /// Its SIM is retired, or has another number.
    OtherNumber,
    /// Its SIM or its number was given to somebody else.
    GivenAway,
    /// The package that it is renewed with is not sold any more.
    NotSold { package: String },
    /// Its account is suspended.
    Suspended { name: String },
    /// Balance less holds of its account does not cover the price.
    CannotPay { name: String, price: Amount },
    /// Its account, or the key, has spent on this day what it may.
    Limited,
    /// It would be over even with another term.
    TermOver,
}

impl Unrevivable {
    /// The refusal of the operator who wanted it revived, with what would help.
    pub(in crate::gateway) fn refusal(&self, id: RentalId, currency: Currency) -> Error {
        let refused = Error::refused(self.in_words(id, currency));
        match self {
            Unrevivable::Suspended { name } => {
                refused.in_shell(format!("`simbridge account resume {name}` ends that"))
            }
            Unrevivable::CannotPay { name, .. } => {
                refused.in_shell(format!("`simbridge account topup {name} AMOUNT` adds credit"))
            }
            _ => refused,
        }
    }

    /// The reason in words for the operator.
    fn in_words(&self, id: RentalId, currency: Currency) -> String {
        match self {
            Unrevivable::Active { until } => {
                format!("rental {id} has not ended: it runs until {until}")
            }
            Unrevivable::EndedEarly { at, how } => {
                let deed = match how {
                    RentalEnding::Canceled => "canceled by its tenant",
                    RentalEnding::Finished => "ended by its tenant",
                    RentalEnding::ByOperator | RentalEnding::TermOver => "ended by the operator",
                };
                format!("rental {id} was {deed} at {at}, for good")
            }
            Unrevivable::GraceOver { ended_at, until } => format!(
                "rental {id} ended at {ended_at} and could be revived until {until} (`[rentals] \
                 grace`)"
            ),
            Unrevivable::OtherNumber => {
                format!("the SIM of rental {id} is retired, or has another number now")
            }
            Unrevivable::GivenAway => {
                format!("the number of rental {id} was given to somebody else since")
            }
            Unrevivable::NotSold { package } => {
                format!("the package {package} is not sold any more")
            }
            Unrevivable::Suspended { name } => {
                format!("{name} is suspended")
            }
            Unrevivable::CannotPay { name, price } => {
                format!("{name} cannot pay {}", currency.text_with_code(*price))
            }
            Unrevivable::Limited => {
                format!("the tenant of rental {id} has spent what it may today")
            }
            Unrevivable::TermOver => format!("another term of rental {id} would be over"),
        }
    }
}

impl Rentals {
    /// Until when a message that came to a SIM at `at` and is nobody's is kept for the last tenant,
    /// whose rental ended a short while before.
    pub(in crate::gateway) fn kept_until(
        &self,
        rows: &ReadTx<'_>,
        sim: SimId,
        at: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        if !rows.was_ever_rented(sim)? {
            return Ok(None);
        }
        let last = rows.rental_at(sim, at)?;
        let until = last.and_then(|rental| self.env.settings().revivable_until(&rental));
        Ok(until.filter(|until| at < *until))
    }

    /// Revives a rental that has ended, for the price of its package: for the operator, or for its
    /// tenant. Answers it and when it had ended.
    pub(in crate::gateway) fn revive(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        tenant: Option<&Requester>,
    ) -> Result<Result<(Rental, Timestamp), Unrevivable>, Error> {
        let now = self.env.certain_now();
        let ended_at = match self.revivable(tx, rental, now)? {
            Ok(ended_at) => ended_at,
            Err(why) => return Ok(Err(why)),
        };
        let (package, charge) = match self.term_of(tx, rental, (tenant, now))? {
            Ok(term) => term,
            Err(why) => return Ok(Err(why)),
        };
        let (id, months) = (rental.id, package.months());
        let revived = rental.clone().revive(months).ok_or_else(end_of_calendar)?;
        if revived.due_at <= now {
            return Ok(Err(Unrevivable::TermOver));
        }
        let subject = self.subject_of_term(id, &package, &charge);
        let (kind, term) = (Term::Extension, revived.terms);
        let posting = Posting::Term { kind, charge, rental: id, term, months };
        let occasion = self.env.occasion(now, tenant.and_then(Requester::key_prefix));
        self.post(tx, revived.account, &posting, occasion)?;
        tx.revive_rental(&revived)?;
        tx.rest_sim(revived.sim, now)?;
        self.tell(tx, &revived, EventKind::RentalRenewed, now);
        match tenant {
            Some(tenant) => tenant.note(tx, AuditAction::Revived, subject, now)?,
            None => tx.note(Actor::Operator, AuditAction::Revived, subject, now)?,
        }
        self.wakeups.deadlines_change_after(tx);
        self.wakeups.bank_demand_changes_after(tx);
        Ok(Ok((revived, ended_at)))
    }

    /// Why a rental cannot be revived, whatever its account can pay; `None` if it can.
    pub async fn unrevivable(
        self: &Arc<Self>,
        rental: &Rental,
    ) -> Result<Option<Unrevivable>, Error> {
        let (rentals, rental, now) = (Arc::clone(self), rental.clone(), self.env.certain_now());
        let read = self.env.store.read(move |rows| rentals.revivable(rows, &rental, now));
        Ok(read.await?.err())
    }

    /// When a rental ended that can be revived at `now`, if it can be paid.
    fn revivable(
        &self,
        rows: &ReadTx<'_>,
        rental: &Rental,
        now: Timestamp,
    ) -> Result<Result<Timestamp, Unrevivable>, Error> {
        let RentalState::Ended { at: ended_at, how } = rental.state else {
            return Ok(Err(Unrevivable::Active { until: rental.expires_at }));
        };
        if rental.was_ended_early() {
            return Ok(Err(Unrevivable::EndedEarly { at: ended_at, how }));
        }
        let until = self.env.settings().grace_until(ended_at);
        if now >= until {
            return Ok(Err(Unrevivable::GraceOver { ended_at, until }));
        }
        let sim = rows.sim(rental.sim)?.filter(|sim| sim.retired_at.is_none());
        let number = sim.and_then(|sim| sim.number).map(|known| known.number);
        if number.as_ref() != Some(&rental.number) {
            return Ok(Err(Unrevivable::OtherNumber));
        }
        let is_given_away = rows.was_given_since(rental.sim, &rental.number, ended_at)?;
        Ok(if is_given_away { Err(Unrevivable::GivenAway) } else { Ok(ended_at) })
    }

    /// The package that a rental is renewed with, and its price, if its account can pay it, and its
    /// tenant may if it is he who asks.
    fn term_of(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        (tenant, now): (Option<&Requester>, Timestamp),
    ) -> Result<Result<(Package, Charge), Unrevivable>, Error> {
        let (settings, package) = (self.env.settings(), &rental.renewal_package);
        let Some((package, charge)) = settings.packages.find(package) else {
            return Ok(Err(Unrevivable::NotSold { package: package.clone() }));
        };
        let account = tx.account(rental.account)?;
        let name = account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
        if account.as_ref().is_some_and(|account| account.suspended_at.is_some()) {
            return Ok(Err(Unrevivable::Suspended { name }));
        }
        if !account.is_some_and(|account| account.funds.covers(charge.amount)) {
            return Ok(Err(Unrevivable::CannotPay { name, price: charge.amount }));
        }
        match tenant {
            Some(tenant) if !self.may_spend(tx, tenant, charge.amount, now)? => {
                Ok(Err(Unrevivable::Limited))
            }
            _ => Ok(Ok((package, charge))),
        }
    }
}
