//! Rentals: a number for months, with all its SMS.

mod by_customer;
mod moving;
mod notices;
mod operator;
mod outages;
mod renewal;
mod reviving;
mod showing;
mod viewing;

pub(super) use by_customer::RentalDone;
pub use by_customer::{RentalRefusal, RentalRequest};
pub use operator::EndRefund;
pub(super) use reviving::Unrevivable;
pub(super) use showing::has_news;
pub use showing::{MessagePage, MessagesWanted};
pub use viewing::{RentalHistory, RentalView, TenantView};

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Error;
use super::accounts::covers;
use super::audit::Audit;
use super::background::Wakeups;
use super::banks::Banks;
use super::environment::Environment;
use super::events::Events;
use super::long_poll::LongPolls;
use super::orders::Orders;
use super::requester::{Requester, key_may_spend};
use super::sim_presence::SimPresence;
use super::stock::{Stock, try_in_rounds};
use crate::domain::audit::AuditAction;
use crate::domain::calendar::add_months;
use crate::domain::event::EventKind;
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::ledger::{Posting, Term};
use crate::domain::price::Charge;
use crate::domain::rental::{Package, RentalState};
use crate::domain::{AccountId, Amount, Msisdn, Packages, Rental, RentalId, SimId, Timestamp};
use crate::store::{Asked, NotedEvent, Occasion, SearchResult, WriteTx};

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

/// The outcome of a request to extend a rental.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub enum Extend {
    /// The rental as it is now, with its later end.
    Extended(Rental),
    /// There is no such contract, or it belongs to another account.
    InvalidContract,
    /// There is no such package.
    InvalidPackage,
    /// The rental has ended.
    Expired,
    /// Balance less holds does not cover the price.
    NoBalance,
    /// The account has spent on this day what it may.
    Limited,
}

/// The outcome of a request to change a rental's renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one, and it is taken apart at once")]
pub enum Edit {
    /// The rental as it is now.
    Edited(Rental),
    /// There is no such contract, or it belongs to another account.
    InvalidContract,
    /// There is no such package.
    InvalidPackage,
    /// The rental has ended.
    Expired,
}

/// What is to change of a rental; what is `None` stays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RentalEdit {
    /// Whether it is renewed at its end.
    pub auto_renew: Option<bool>,
    /// The package that it is renewed with.
    pub renewal_package: Option<String>,
}

impl RentalEdit {
    /// Whether the rental is to be renewed with a package that is not sold.
    pub(super) fn has_unknown_package(&self, packages: &Packages) -> bool {
        self.renewal_package.as_ref().is_some_and(|package| packages.find(package).is_none())
    }
}

/// What is asked for with a new rental.
#[derive(Clone)]
struct Contract {
    by: Requester,
    /// The country's code.
    country: String,
    package: Package,
    charge: Charge,
    auto_renew: bool,
}

/// The customers' rentals: a number for months, with all its messages.
pub struct Rentals {
    env: Arc<Environment>,
    wakeups: Arc<Wakeups>,
    stock: Arc<Stock>,
    banks: Arc<Banks>,
    orders: Arc<Orders>,
    audit: Arc<Audit>,
    events: Arc<Events>,
    presence: Arc<SimPresence>,
    polls: Arc<LongPolls<RentalId>>,
    /// When it was looked last which SIMs are off the air.
    looked_at: Mutex<Timestamp>,
}

impl Rentals {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        stock: Arc<Stock>,
        banks: Arc<Banks>,
        orders: Arc<Orders>,
        audit: Arc<Audit>,
        events: Arc<Events>,
    ) -> Rentals {
        let (presence, looked_at) = (Arc::clone(stock.presence()), Mutex::new(env.now()));
        let polls = Arc::default();
        Rentals { env, wakeups, stock, banks, orders, audit, events, presence, polls, looked_at }
    }

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
    async fn contract(
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
    async fn in_rounds<T: Send + 'static>(
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
    fn try_rent(
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
        let new = Rental {
            id: RentalId(0),
            account,
            sim,
            number,
            country,
            package: package.to_string(),
            renewal_package: package.to_string(),
            auto_renew,
            terms: 1,
            months: package.months(),
            started_at: now,
            moved_at: None,
            expires_at,
            due_at: expires_at,
            free: Duration::ZERO,
            free_before: Duration::ZERO,
            days_off_air: 0,
            state: RentalState::Active,
        };
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

    /// Adds an entry about a rental to the ledger.
    fn post(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        posting: &Posting,
        occasion: Occasion<'_>,
    ) -> Result<(), Error> {
        self.events.post(tx, account, posting, occasion)?;
        Ok(())
    }

    /// Notes for a rental's account that something has happened to it.
    fn tell(&self, tx: &WriteTx<'_>, rental: &Rental, kind: EventKind, at: Timestamp) {
        self.events.note(tx, NotedEvent::of_rental(rental, kind, at));
    }

    /// Whether so much more may be spent on this day by an account, and with a key.
    fn may_spend(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        price: Amount,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let Some(account) = tx.account(by.account)? else { return Ok(false) };
        let (limits, today) =
            (account.limits.or(self.env.settings().account_limits()), self.env.day_of(now));
        Ok(account.day.on(today).may_spend(price, limits.spend_per_day)
            && key_may_spend(tx, by, price, today)?)
    }

    /// Extends a rental by a package's term, and renews it with that package from then on.
    pub async fn extend(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        package: &str,
    ) -> Result<Extend, Error> {
        let (rentals, by, package) = (Arc::clone(self), by.into(), package.to_owned());
        let account = by.account;
        let extend = move |tx: &WriteTx<'_>| rentals.extend_in(tx, &by, id, Some(&package));
        self.env.store.write_for(account, extend).await
    }

    /// Extends a rental by the term of a package, or of the one that it is renewed with.
    fn extend_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        id: RentalId,
        package: Option<&str>,
    ) -> Result<Extend, Error> {
        let (now, account) = (self.env.certain_now(), by.account);
        let Some(rental) = self.own_rental(tx, account, id, now)? else {
            return Ok(Extend::InvalidContract);
        };
        let package = package.unwrap_or(&rental.renewal_package);
        let Some((package, charge)) = self.env.settings().packages.find(package) else {
            return Ok(Extend::InvalidPackage);
        };
        if !rental.is_active(now) {
            return Ok(Extend::Expired);
        }
        if !covers(tx, account, charge.amount)? {
            return Ok(Extend::NoBalance);
        }
        if !self.may_spend(tx, by, charge.amount, now)? {
            return Ok(Extend::Limited);
        }
        let months = package.months();
        let longer = rental.with_term(months, now).ok_or_else(end_of_calendar)?;
        let longer = Rental { renewal_package: package.to_string(), ..longer };
        let subject = self.subject_of_term(id, &package, &charge);
        let (kind, term) = (Term::Extension, longer.terms);
        let posting = Posting::Term { kind, charge, rental: id, term, months };
        let occasion = self.env.occasion(now, by.key_prefix());
        self.post(tx, account, &posting, occasion)?;
        tx.save_rental(&longer)?;
        self.wakeups.deadlines_change_after(tx);
        self.tell(tx, &longer, EventKind::RentalRenewed, now);
        by.note(tx, AuditAction::Extended, subject, now)?;
        Ok(Extend::Extended(longer))
    }

    /// Sets whether a rental is renewed at its end.
    pub async fn set_auto_renew(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        auto_renew: bool,
    ) -> Result<Edit, Error> {
        let edit = RentalEdit { auto_renew: Some(auto_renew), ..RentalEdit::default() };
        self.edit(by, id, edit).await
    }

    /// Changes how a rental is renewed at its end.
    pub async fn edit(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Edit, Error> {
        let (rentals, by): (_, Requester) = (Arc::clone(self), by.into());
        let account = by.account;
        let edit = move |tx: &WriteTx<'_>| rentals.edit_in(tx, &by, id, edit);
        self.env.store.write_for(account, edit).await
    }

    fn edit_in(
        &self,
        tx: &WriteTx<'_>,
        by: &Requester,
        id: RentalId,
        edit: RentalEdit,
    ) -> Result<Edit, Error> {
        let now = self.env.certain_now();
        let Some(rental) = self.own_rental(tx, by.account, id, now)? else {
            return Ok(Edit::InvalidContract);
        };
        if edit.has_unknown_package(&self.env.settings().packages) {
            return Ok(Edit::InvalidPackage);
        }
        if !rental.is_active(now) {
            return Ok(Edit::Expired);
        }
        let edited = Rental {
            auto_renew: edit.auto_renew.unwrap_or(rental.auto_renew),
            renewal_package: edit.renewal_package.unwrap_or(rental.renewal_package.clone()),
            ..rental.clone()
        };
        if edited == rental {
            return Ok(Edit::Edited(rental));
        }
        tx.save_rental(&edited)?;
        if edited.auto_renew != rental.auto_renew {
            let action = match edited.auto_renew {
                true => AuditAction::SwitchedAutoRenewalOn,
                false => AuditAction::SwitchedAutoRenewalOff,
            };
            by.note(tx, action, format!("rental {id}"), now)?;
        }
        if edited.renewal_package != rental.renewal_package {
            let (from, to) = (&rental.renewal_package, &edited.renewal_package);
            let subject = format!("rental {id}, renewal package from: {from}; to: {to}");
            by.note(tx, AuditAction::Changed, subject, now)?;
        }
        Ok(Edit::Edited(edited))
    }
}

pub(super) fn end_of_calendar() -> Error {
    Error::refused("the calendar ends before the rental would")
}
