//! Grace: for some time after its end a rental can be revived. Its SIM rests meanwhile, and what
//! comes to it is kept for the tenant until then.

use super::{Rentals, end_of_calendar};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::ledger::{Posting, Term};
use crate::domain::price::Charge;
use crate::domain::rental::{Package, RentalState};
use crate::domain::{Rental, RentalId, SimId, Timestamp};
use crate::gateway::Error;
use crate::store::{ReadTx, WriteTx};

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
        let ended_at = rows.rental_at(sim, at)?.and_then(|rental| rental.state.ended_at());
        let settings = self.env.settings();
        Ok(ended_at.map(|ended_at| settings.grace_until(ended_at)).filter(|until| at < *until))
    }

    /// Revives a rental that has ended, for the price of its package. Answers it and when it had
    /// ended.
    pub(in crate::gateway) fn revive(
        &self,
        tx: &WriteTx<'_>,
        id: RentalId,
    ) -> Result<(Rental, Timestamp), Error> {
        let now = self.env.certain_now();
        let rental = self.named(tx, id)?;
        let RentalState::Ended { at: ended_at } = rental.state else {
            let text = format!("rental {id} has not ended: it runs until {}", rental.expires_at);
            return Err(Error::refused(text));
        };
        if rental.was_ended_early() {
            let text = format!("rental {id} was ended by the operator at {ended_at}, for good");
            return Err(Error::refused(text));
        }
        let until = self.env.settings().grace_until(ended_at);
        if now >= until {
            return Err(Error::refused(format!(
                "rental {id} ended at {ended_at} and could be revived until {until} (`[rentals] \
                 grace`)"
            )));
        }
        self.check_number_of(tx, &rental, ended_at)?;
        let (package, charge) = self.term_of(tx, &rental)?;
        let months = package.months();
        let revived = rental.revive(months).ok_or_else(end_of_calendar)?;
        if revived.due_at <= now {
            return Err(Error::refused(format!("another term of rental {id} would be over")));
        }
        let subject = self.subject_of_term(id, &package, &charge);
        let (kind, term) = (Term::Extension, revived.terms);
        let posting = Posting::Term { kind, charge, rental: id, term, months };
        self.post(tx, revived.account, &posting, self.env.occasion(now, None))?;
        tx.revive_rental(&revived)?;
        tx.rest_sim(revived.sim, now)?;
        self.tell(tx, &revived, EventKind::RentalRenewed, now);
        tx.note(Actor::Operator, AuditAction::Revived, subject, now)?;
        self.wakeups.deadlines_change_after(tx);
        self.wakeups.bank_demand_changes_after(tx);
        Ok((revived, ended_at))
    }

    /// Checks that a rental's number is still on its SIM, and nobody else had either since.
    fn check_number_of(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        ended_at: Timestamp,
    ) -> Result<(), Error> {
        let id = rental.id;
        let sim = tx.sim(rental.sim)?.filter(|sim| sim.retired_at.is_none());
        let number = sim.and_then(|sim| sim.number).map(|known| known.number);
        if number.as_ref() != Some(&rental.number) {
            let text = format!("the SIM of rental {id} is retired, or has another number now");
            return Err(Error::refused(text));
        }
        if tx.was_given_since(rental.sim, &rental.number, ended_at)? {
            let text = format!("the number of rental {id} was given to somebody else since");
            return Err(Error::refused(text));
        }
        Ok(())
    }

    /// The package that a rental is renewed with, and its price, if its account can pay it.
    fn term_of(&self, tx: &WriteTx<'_>, rental: &Rental) -> Result<(Package, Charge), Error> {
        let (settings, name) = (self.env.settings(), &rental.renewal_package);
        let not_sold = || Error::refused(format!("the package {name} is not sold any more"));
        let (package, charge) = settings.packages.find(name).ok_or_else(not_sold)?;
        let account = tx.account(rental.account)?;
        let name = account.as_ref().map(|account| account.name.clone()).unwrap_or_default();
        if account.as_ref().is_some_and(|account| account.suspended_at.is_some()) {
            return Err(Error::refused(format!(
                "{name} is suspended; `simbridge account resume {name}` ends that"
            )));
        }
        if !account.is_some_and(|account| account.funds.covers(charge.amount)) {
            return Err(Error::refused(format!(
                "{name} cannot pay {}; `simbridge account topup {name} AMOUNT` adds credit",
                settings.currency.text_with_code(charge.amount)
            )));
        }
        Ok((package, charge))
    }
}
