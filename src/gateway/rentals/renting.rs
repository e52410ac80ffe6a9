//! New rentals: the SIM that one is given, and what keeps it from being made.

use std::sync::Arc;

use super::{RentalRefusal, Rentals, end_of_calendar};
use crate::domain::audit::AuditAction;
use crate::domain::calendar::add_months;
use crate::domain::event::EventKind;
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::ledger::{Posting, Term};
use crate::domain::price::Charge;
use crate::domain::rental::{NewRental, Package};
use crate::domain::{Amount, Msisdn, Rental, RentalId, SimId, Timestamp};
use crate::gateway::accounts::covers;
use crate::gateway::stock::try_in_rounds;
use crate::gateway::{Error, Requester};
use crate::store::{Asked, SearchResult, WriteTx};

/// The outcome of a request to rent a number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub enum Rent {
    /// The rental was made and its first term is paid.
    Made(Rental),
    /// There is no such country.
    InvalidCountry,
    /// There is no such package.
    InvalidPackage,
    /// No SIM can be rented there, or no rental can have an id any more.
    NoStock,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// The account has spent on this day what it may.
    Limited,
}

/// What is asked for with a new rental.
#[derive(Clone)]
pub(super) struct Contract {
    by: Requester,
    /// The country's code.
    country: String,
    package: Package,
    charge: Charge,
    auto_renew: bool,
}

impl Rentals {
    /// Rents a number. The checks run in this order: country, package, stock, balance.
    pub async fn rent(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        country: Option<&str>,
        package: &str,
        auto_renew: bool,
    ) -> Result<Rent, Error> {
        let contract = self.contract(by.into(), country, package, auto_renew).await?;
        let contract = match contract {
            Ok(contract) => contract,
            Err(RentalRefusal::InvalidPackage) => return Ok(Rent::InvalidPackage),
            Err(_) => return Ok(Rent::InvalidCountry),
        };
        let rented = self.in_rounds(contract, |rentals, tx, contract, proposals| {
            rentals.try_rent(tx, contract, proposals)
        });
        Ok(rented.await?.unwrap_or(Rent::NoStock))
    }

    /// What is asked for with a new rental, or why there is no such thing.
    pub(super) async fn contract(
        &self,
        by: Requester,
        country: Option<&str>,
        package: &str,
        auto_renew: bool,
    ) -> Result<Result<Contract, RentalRefusal>, Error> {
        let country = match country {
            Some(country) => self.stock.find_country(country).await?,
            None => None,
        };
        let Some(country) = country else { return Ok(Err(RentalRefusal::InvalidCountry)) };
        let Some((package, charge)) = self.env.settings().packages.find(package) else {
            return Ok(Err(RentalRefusal::InvalidPackage));
        };
        Ok(Ok(Contract { by, country, package, charge, auto_renew }))
    }

    /// Carries out an operation that rents out a number, in one transaction, as [`try_in_rounds`]
    /// does.
    pub(super) async fn in_rounds<T: Send + 'static>(
        self: &Arc<Self>,
        contract: Contract,
        operation: impl Fn(&Rentals, &WriteTx<'_>, Contract, &[SimId]) -> Result<Option<T>, Error>
        + Send
        + Sync
        + 'static,
    ) -> Result<Option<T>, Error> {
        let (operation, account) = (Arc::new(operation), contract.by.account);
        let is_scarce = self.stock.is_scarce_for_rentals(&contract.country);
        let propose = || self.stock.propose_for_rental(account, &contract.country);
        let attempt = |proposals: Vec<SimId>| {
            let (rentals, contract) = (Arc::clone(self), contract.clone());
            let operation = Arc::clone(&operation);
            let rent = move |tx: &WriteTx<'_>| operation(&rentals, tx, contract, &proposals);
            self.env.store.write_for(account, rent)
        };
        try_in_rounds(is_scarce, propose, attempt).await
    }

    /// `None` when the stock has to be searched further than a writing operation may.
    pub(super) fn try_rent(
        &self,
        tx: &WriteTx<'_>,
        contract: Contract,
        proposals: &[SimId],
    ) -> Result<Option<Rent>, Error> {
        let now = self.env.now();
        let most_free = self.env.settings().max_free_rentals;
        let is_free = contract.charge.amount == Amount::ZERO;
        if is_free && tx.free_rental_count(contract.by.account)? >= most_free {
            return Ok(Some(Rent::NoStock));
        }
        if tx.last_rental_id()? >= LAST_PUBLIC_ID {
            return Ok(Some(Rent::NoStock));
        }
        let found = loop {
            let found = self.stock.allocate_rental(
                tx,
                contract.by.account,
                &contract.country,
                proposals,
                now,
            )?;
            // An order that expires only now may make the number rest.
            match &found {
                SearchResult::Found(sim, _) if self.orders.expire_overdue_of(tx, *sim)? > 0 => {}
                _ => break found,
            }
        };
        match found {
            SearchResult::Found(sim, number) => {
                self.rent_out(tx, contract, sim, number, now).map(Some)
            }
            SearchResult::Nothing => Ok(Some(Rent::NoStock)),
            SearchResult::TooFar => Ok(None),
        }
    }

    /// Rents out the SIM that was found.
    fn rent_out(
        &self,
        tx: &WriteTx<'_>,
        contract: Contract,
        sim: SimId,
        number: Msisdn,
        now: Timestamp,
    ) -> Result<Rent, Error> {
        let Contract { by, country, package, charge, auto_renew } = contract;
        let account = by.account;
        if !covers(tx, account, charge.amount)? {
            return Ok(Rent::NoBalance);
        }
        if !self.may_spend(tx, &by, charge.amount, now)? {
            return Ok(Rent::Limited);
        }
        let expires_at = add_months(now, package.months()).ok_or_else(end_of_calendar)?;
        let new = NewRental {
            account,
            sim,
            number,
            country,
            package: package.to_string(),
            months: package.months(),
            auto_renew,
            started_at: now,
            expires_at,
        };
        let new = Rental::begin(RentalId(0), new);
        let id = tx.add_rental(&new, self.stock.order_rest(tx)?)?;
        self.wakeups.deadlines_change_after(tx);
        self.wakeups.bank_demand_changes_after(tx);
        tx.record_sim_given(sim, now)?;
        let subject = self.subject_of_term(id, &package, &charge);
        let (kind, months) = (Term::First, package.months());
        let posting = Posting::Term { kind, charge, rental: id, term: 1, months };
        self.post(tx, account, &posting, self.env.occasion(now, by.key_prefix()))?;
        by.note(tx, AuditAction::Rented, subject, now)?;
        by.keep_client(tx, Asked::Rental(id), now)?;
        let made = Rental { id, ..new };
        self.tell(tx, &made, EventKind::RentalStarted, now);
        Ok(Rent::Made(made))
    }
}
