//! Rentals: a number for months, with all its SMS.

mod reviving;

use std::sync::Arc;

use super::Error;
use super::accounts::covers;
use super::audit::Audit;
use super::background::Wakeups;
use super::banks::Banks;
use super::environment::Environment;
use super::listing::ListRequest;
use super::orders::Orders;
use super::requester::{Requester, key_may_spend};
use super::stock::Stock;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::calendar::add_months;
use crate::domain::ids::LAST_PUBLIC_ID;
use crate::domain::ledger::{Posting, Term};
use crate::domain::message::Message;
use crate::domain::price::Charge;
use crate::domain::rental::{Package, RentalState};
use crate::domain::{AccountId, Amount, Msisdn, Rental, RentalId, SimId, Timestamp};
use crate::store::{Account, Asked, Entry, Occasion, SearchResult, WriteTx};

/// The outcome of a request to rent a number.
#[derive(Debug, Clone, PartialEq, Eq)]
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
pub enum Edit {
    /// The rental as it is now.
    Edited(Rental),
    /// There is no such contract, or it belongs to another account.
    InvalidContract,
    /// The rental has ended.
    Expired,
}

/// How often a rental is tried whose number is taken by another just before.
const ROUNDS: usize = 4;
/// The most bytes that the texts in one view of a rental have together.
const VIEW_BYTES: usize = 1 << 20;

/// A rental with the names that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentalView {
    /// The rental.
    pub rental: Rental,
    /// Its account's name.
    pub account: String,
}

/// A rental and its newest messages, as its tenant sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantView {
    pub rental: Rental,
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// How many older messages the rental has.
    pub older: usize,
}

/// Everything that is stored about a rental.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RentalHistory {
    /// The rental and its names.
    pub view: RentalView,
    /// The address from which it was asked for, while that is kept.
    pub client: Option<String>,
    /// The rules by which something was withheld from it.
    pub withheld: Vec<String>,
    /// Its charges.
    pub entries: Vec<Entry>,
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
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
}

impl Rentals {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        stock: Arc<Stock>,
        banks: Arc<Banks>,
        orders: Arc<Orders>,
        audit: Arc<Audit>,
    ) -> Rentals {
        Rentals { env, wakeups, stock, banks, orders, audit }
    }

    /// Rents a number. The checks run in this order: country, package, stock, balance.
    pub async fn rent(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        country: Option<&str>,
        package: &str,
        auto_renew: bool,
    ) -> Result<Rent, Error> {
        let by: Requester = by.into();
        let account = by.account;
        let settings = self.env.settings();
        let country = match country {
            Some(country) => self.stock.find_country(country).await?,
            None => None,
        };
        let Some(country) = country else { return Ok(Rent::InvalidCountry) };
        let Some((package, charge)) = settings.packages.find(package) else {
            return Ok(Rent::InvalidPackage);
        };
        let contract = Contract { by, country, package, charge, auto_renew };
        let mut is_scarce = self.stock.is_scarce_for_rentals(&contract.country);
        // As with orders, what was proposed may have been given to others meanwhile.
        for _ in 0..ROUNDS {
            let proposals = match is_scarce {
                true => self.stock.propose_for_rental(account, &contract.country).await?,
                false => Some(Vec::new()),
            };
            let Some(proposals) = proposals else { return Ok(Rent::NoStock) };
            let (rentals, contract) = (Arc::clone(self), contract.clone());
            let rent = move |tx: &WriteTx<'_>| rentals.try_rent(tx, contract, &proposals);
            let rented = self.env.store.write_for(account, rent);
            if let Some(rented) = rented.await? {
                return Ok(rented);
            }
            is_scarce = true;
        }
        Ok(Rent::NoStock)
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
            expires_at,
            due_at: expires_at,
            state: RentalState::Active,
        };
        let id = tx.add_rental(&new, self.stock.order_rest(tx)?)?;
        self.wakeups.deadlines_change_after(tx);
        self.wakeups.bank_demand_changes_after(tx);
        tx.record_sim_given(sim, now)?;
        let subject = self.subject_of_term(id, &package, &charge);
        let posting = Posting::Term { kind: Term::First, charge, rental: id, term: 1 };
        self.charge(tx, account, &posting, self.env.occasion(now, by.key_prefix()))?;
        by.note(tx, AuditAction::Rented, subject, now)?;
        by.keep_client(tx, Asked::Rental(id), now)?;
        Ok(Rent::Made(Rental { id, ..new }))
    }

    fn charge(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        term: &Posting,
        occasion: Occasion<'_>,
    ) -> Result<(), Error> {
        tx.post(account, term, &self.env.settings().currency, occasion)?;
        Ok(())
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
        let by: Requester = by.into();
        let account = by.account;
        let (rentals, package) = (Arc::clone(self), self.env.settings().packages.find(package));
        let extended = self.env.store.write_for(account, move |tx| {
            let now = rentals.env.certain_now();
            let Some(rental) = rentals.own_rental(tx, account, id, now)? else {
                return Ok(Extend::InvalidContract);
            };
            let Some((package, charge)) = package else { return Ok(Extend::InvalidPackage) };
            if !rental.is_active(now) {
                return Ok(Extend::Expired);
            }
            if !covers(tx, account, charge.amount)? {
                return Ok(Extend::NoBalance);
            }
            if !rentals.may_spend(tx, &by, charge.amount, now)? {
                return Ok(Extend::Limited);
            }
            let longer = rental.with_term(package.months()).ok_or_else(end_of_calendar)?;
            let longer = Rental { renewal_package: package.to_string(), ..longer };
            let subject = rentals.subject_of_term(id, &package, &charge);
            let (kind, term) = (Term::Extension, longer.terms);
            let posting = Posting::Term { kind, charge, rental: id, term };
            let occasion = rentals.env.occasion(now, by.key_prefix());
            rentals.charge(tx, account, &posting, occasion)?;
            tx.save_rental(&longer)?;
            rentals.wakeups.deadlines_change_after(tx);
            by.note(tx, AuditAction::Extended, subject, now)?;
            Ok(Extend::Extended(longer))
        });
        extended.await
    }

    /// Sets whether a rental is renewed at its end.
    pub async fn set_auto_renew(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
        auto_renew: bool,
    ) -> Result<Edit, Error> {
        let by: Requester = by.into();
        let account = by.account;
        let rentals = Arc::clone(self);
        let edited = self.env.store.write_for(account, move |tx| {
            let now = rentals.env.certain_now();
            let Some(rental) = rentals.own_rental(tx, account, id, now)? else {
                return Ok(Edit::InvalidContract);
            };
            if !rental.is_active(now) {
                return Ok(Edit::Expired);
            }
            if rental.auto_renew == auto_renew {
                return Ok(Edit::Edited(rental));
            }
            let edited = Rental { auto_renew, ..rental };
            tx.save_rental(&edited)?;
            let action = match auto_renew {
                true => AuditAction::SwitchedAutoRenewalOn,
                false => AuditAction::SwitchedAutoRenewalOff,
            };
            by.note(tx, action, format!("rental {id}"), now)?;
            Ok(Edit::Edited(edited))
        });
        edited.await
    }

    /// A rental and its newest messages; `None` when the account has no such contract.
    pub async fn view(
        self: &Arc<Self>,
        by: impl Into<Requester>,
        id: RentalId,
    ) -> Result<Option<TenantView>, Error> {
        let by: Requester = by.into();
        let account = by.account;
        let (now, has_banks) = (self.env.certain_now(), self.banks.any());
        let count = self.env.settings().view_messages;
        let read = self.env.store.read_for(account, move |rows| {
            match rows.rental(id)?.filter(|rental| rental.account == account) {
                Some(rental) => {
                    let iccid = if has_banks { rows.iccid(rental.sim)? } else { None };
                    let newest = rows.newest_of_rental(id, count, VIEW_BYTES)?;
                    Ok::<_, Error>(Some((newest, rental, iccid)))
                }
                None => Ok(None),
            }
        });
        let Some(((mut messages, older), mut rental, iccid)) = read.await? else {
            return Ok(None);
        };
        if rental.state == RentalState::Active && rental.due_at <= now {
            let rentals = Arc::clone(self);
            let settled = self
                .env
                .store
                .write_for(account, move |tx| {
                    rentals.own_rental(tx, account, id, rentals.env.certain_now())
                })
                .await?;
            let Some(settled) = settled else { return Ok(None) };
            rental = settled;
        }
        if let Some(iccid) = iccid.filter(|_| rental.is_active(now)) {
            self.banks.tenant_viewed(&iccid, now);
        }
        messages
            .iter_mut()
            .filter(|message| message.withheld.is_some())
            .for_each(|message| message.text = None);
        let shown = messages.iter().filter(|message| message.text.is_some() && !message.seen);
        self.audit.note_views(by, shown.map(|message| message.id).collect());
        Ok(Some(TenantView { rental, messages, older }))
    }

    /// An account's rental, renewed or ended if its end has come.
    fn own_rental(
        &self,
        tx: &WriteTx<'_>,
        account: AccountId,
        id: RentalId,
        now: Timestamp,
    ) -> Result<Option<Rental>, Error> {
        let found = tx.rental(id)?.filter(|rental| rental.account == account);
        found.map(|rental| self.settle(tx, rental, now)).transpose()
    }

    /// Renews or ends the rental of a SIM, if its end has come. Answers whether the SIM was ever
    /// rented until `now`; it is settled by what of that is certain.
    pub(super) fn settle_rental_of_sim(
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
    pub(super) fn settle(
        &self,
        tx: &WriteTx<'_>,
        rental: Rental,
        now: Timestamp,
    ) -> Result<Rental, Error> {
        if rental.state != RentalState::Active || rental.due_at > now {
            return Ok(rental);
        }
        match self.renew(tx, &rental, now)? {
            Some(renewed) => Ok(renewed),
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
        if !is_served || !account.is_some_and(|account| account.funds.covers(charge.amount)) {
            return Ok(None);
        }
        let Some(renewed) = rental.clone().renew(package.months(), now) else { return Ok(None) };
        let subject = self.subject_of_term(rental.id, &package, &charge);
        let (kind, term) = (Term::Renewal, renewed.terms);
        let posting = Posting::Term { kind, charge, rental: rental.id, term };
        self.charge(tx, rental.account, &posting, self.env.occasion(now, None))?;
        tx.save_rental(&renewed)?;
        tx.note(Actor::Daemon, AuditAction::Renewed, subject, now)?;
        Ok(Some(renewed))
    }

    /// A rental as the audit names it when a term of it is charged.
    fn subject_of_term(&self, id: RentalId, package: &Package, charge: &Charge) -> String {
        let currency = &self.env.settings().currency;
        format!("rental {id}: {package} for {} {currency}", charge.amount)
    }

    fn end(&self, tx: &WriteTx<'_>, rental: Rental, now: Timestamp) -> Result<Rental, Error> {
        let ended = rental.end();
        tx.save_rental(&ended)?;
        self.wakeups.bank_demand_changes_after(tx);
        tx.settle_rental_messages(ended.id, ended.due_at)?;
        let rests_until = ended.due_at.plus(self.env.settings().rental_rest);
        if tx.sim(ended.sim)?.is_some_and(|sim| sim.rests_until < rests_until) {
            tx.rest_sim(ended.sim, rests_until)?;
        }
        tx.note(Actor::Daemon, AuditAction::Ended, format!("rental {}", ended.id), now)?;
        Ok(ended)
    }

    /// The newest `limit` rentals, oldest first, with their names.
    pub async fn list(&self, request: ListRequest) -> Result<Vec<RentalView>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &RentalState::WORDS)?;
            Ok::<_, Error>((rows.rentals(&filter)?, rows.accounts()?))
        });
        let (rentals, accounts) = read.await?;
        let view = |rental: Rental| RentalView {
            account: accounts
                .iter()
                .find(|a| a.id == rental.account)
                .map(|a| a.name.clone())
                .unwrap_or_default(),
            rental,
        };
        Ok(rentals.into_iter().map(view).collect())
    }

    /// Everything that is stored about a rental. That the operator saw it is recorded in the audit.
    pub async fn history(self: &Arc<Self>, id: RentalId) -> Result<RentalHistory, Error> {
        let rentals = Arc::clone(self);
        let history = self.env.store.write(move |tx| {
            let now = rentals.env.certain_now();
            let no_such =
                || Error::refused(format!("no rental {id}; `simbridge rental list` shows them"));
            let rental = rentals.settle(tx, tx.rental(id)?.ok_or_else(no_such)?, now)?;
            tx.note(Actor::Operator, AuditAction::SawMessages, format!("rental {id}"), now)?;
            let account =
                tx.account(rental.account)?.map(|account| account.name).unwrap_or_default();
            Ok(RentalHistory {
                view: RentalView { rental, account },
                client: tx.client_address(Asked::Rental(id))?,
                withheld: tx.withheld_from_rental(id)?,
                entries: tx.ledger_of_rental(id)?,
                messages: tx.messages_of_rental(id)?,
            })
        });
        history.await
    }

    /// How many rentals are active.
    pub async fn active_count(&self) -> Result<i64, Error> {
        let now = self.env.certain_now();
        Ok(self.env.store.read(move |rows| rows.active_rental_count(now)).await?)
    }
}

fn end_of_calendar() -> Error {
    Error::refused("the calendar ends before the rental would")
}
