//! The end of a rental's term: it is renewed for another one, or it ends.

use std::time::Duration;

use super::Rentals;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::EventKind;
use crate::domain::ledger::{Posting, Term};
use crate::domain::price::Charge;
use crate::domain::rental::{Package, RentalEnding, RentalState};
use crate::domain::{AccountId, Msisdn, Rental, RentalId, SimId, Timestamp};
use crate::gateway::Error;
use crate::store::{Account, WriteTx};

impl Rentals {
    /// An account's rental, renewed or ended if its end has come.
    pub(in crate::gateway) fn own_rental(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        id: RentalId,
        now: Timestamp,
    ) -> Result<Option<Rental>, Error> {
        let found = tx.rental(id)?.filter(|rental| rental.account == account);
        found.map(|rental| self.settle(tx, rental, now)).transpose()
    }

    /// The rental that the operator names, renewed or ended if its end has come.
    pub(in crate::gateway) fn named(
        &self,
        tx: &WriteTx<'_>,
        id: RentalId,
    ) -> Result<Rental, Error> {
        let no_such = || {
            Error::refused(format!("no rental {id}")).in_shell("`simbridge rental list` shows them")
        };
        self.settle(tx, tx.rental(id)?.ok_or_else(no_such)?, self.env.certain_now())
    }

    /// Renews or ends the rental of a SIM, if its end has come. Answers whether the SIM was ever
    /// rented until `now`; it is settled by what of that is certain.
    pub(in crate::gateway) fn settle_rental_of_sim(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        match tx.rental_at(sim, now)? {
            Some(rental) => self.settle(tx, rental, self.env.certain(now)).map(|_| true),
            None => Ok(false),
        }
    }

    /// The rental renewed for one term, or ended, if it is due at `now`. That is a time from
    /// [`Environment::certain_now`], as neither can be undone.
    pub(in crate::gateway) fn settle(
        &self,
        tx: &WriteTx<'_>,
        rental: Rental,
        now: Timestamp,
    ) -> Result<Rental, Error> {
        if rental.state != RentalState::Active || rental.due_at > now {
            return Ok(rental);
        }
        if let Some(renewed) = self.renew(tx, &rental, now)? {
            return Ok(renewed);
        }
        if rental.auto_renew {
            self.tell(tx, &rental, EventKind::RentalRenewalFailed, now);
        }
        match self.run_on_off_air(tx, &rental, now)? {
            Some(longer) => Ok(longer),
            None => self.end(tx, rental, now),
        }
    }

    fn renew(
        &self,
        tx: &WriteTx<'_>,
        rental: &Rental,
        now: Timestamp,
    ) -> Result<Option<Rental>, Error> {
        let package = self
            .env
            .settings()
            .packages
            .find(&rental.renewal_package)
            .filter(|_| rental.auto_renew);
        let Some((package, charge)) = package else { return Ok(None) };
        // What cannot be used is not charged for.
        let can_use = |account: &Account| account.suspended_at.is_none();
        let account = tx.account(rental.account)?.filter(can_use);
        let is_served = tx.sim(rental.sim)?.is_some_and(|sim| sim.retired_at.is_none());
        let is_served = is_served && !self.is_long_off_air(tx, rental)?;
        if !is_served || !account.is_some_and(|account| account.funds.covers(charge.amount)) {
            return Ok(None);
        }
        let months = package.months();
        let Some(renewed) = rental.clone().renew(months, now) else { return Ok(None) };
        let subject = self.subject_of_term(rental.id, &package, &charge);
        let (kind, term) = (Term::Renewal, renewed.terms);
        let posting = Posting::Term { kind, charge, rental: rental.id, term, months };
        self.post(tx, rental.account, &posting, self.env.occasion(now, None))?;
        tx.save_rental(&renewed)?;
        self.tell(tx, &renewed, EventKind::RentalRenewed, now);
        tx.note(Actor::Daemon, AuditAction::Renewed, subject, now)?;
        Ok(Some(renewed))
    }

    /// A rental as the audit names it when a term of it is charged.
    pub(super) fn subject_of_term(
        &self,
        id: RentalId,
        package: &Package,
        charge: &Charge,
    ) -> String {
        let currency = self.env.settings().currency;
        format!("rental {id}: {package} for {}", currency.text_with_code(charge.amount))
    }

    /// Ends a rental whose last term is over.
    fn end(&self, tx: &WriteTx<'_>, rental: Rental, now: Timestamp) -> Result<Rental, Error> {
        self.end_outage(tx, &rental, now, true)?;
        let ended = self.close(tx, rental.end(), now)?;
        tx.note(Actor::Daemon, AuditAction::Ended, format!("rental {}", ended.id), now)?;
        Ok(ended)
    }

    /// Saves at `now` a rental that has ended, and lets its SIM rest from its end on.
    pub(super) fn close(
        &self,
        tx: &WriteTx<'_>,
        ended: Rental,
        now: Timestamp,
    ) -> Result<Rental, Error> {
        tx.save_rental(&ended)?;
        self.tell(tx, &ended, EventKind::RentalEnded, now);
        self.wakeups.bank_demand_changes_after(tx);
        tx.settle_rental_messages(ended.id, ended.ends_at())?;
        let rest = match ended.state.ending() {
            // Nothing was sent there: it rests like a number that an order was given up on.
            Some(RentalEnding::Canceled) => self.env.settings().number_rest,
            _ => self.env.settings().rental_rest,
        };
        self.let_rest(tx, (ended.sim, Some(&ended.number)), ended.ends_at(), rest)?;
        Ok(ended)
    }

    /// Lets a SIM rest for so long that had a tenant until a time, and others that have its
    /// `number` now.
    pub(super) fn let_rest(
        &self,
        tx: &WriteTx<'_>,
        (sim, number): (SimId, Option<&Msisdn>),
        since: Timestamp,
        rest: Duration,
    ) -> Result<(), Error> {
        let mut sims = vec![sim];
        for iccid in number.map_or(Ok(Vec::new()), |number| tx.sims_with_number(number))? {
            sims.extend(tx.sim_id(&iccid)?);
        }
        let rests_until = since.plus(rest);
        for sim in sims {
            if tx.sim(sim)?.is_some_and(|sim| sim.rests_until < rests_until) {
                tx.rest_sim(sim, rests_until)?;
            }
        }
        Ok(())
    }
}
