//! Why there is no number for a service.

use std::collections::HashSet;
use std::sync::Arc;

use super::Stock;
use super::obstacles::{Customer, Obstacles, Whom};
use crate::domain::account_price::price_for;
use crate::domain::allocation::ActiveOrder;
use crate::domain::availability::{
    self, Purpose, Reachability, SimCandidate, SimUsage, UnavailableReason,
};
use crate::domain::key::Scope;
use crate::domain::sim::Sim;
use crate::domain::{AccountId, Amount, Iccid, Msisdn, Rental, Timestamp, allocation};
use crate::gateway::Error;
use crate::gateway::listing::ListRequest;
use crate::gateway::services::find_service;
use crate::store::{ListFilter, ReadTx, StockQuery, StoreError};

/// The reasons that are counted: all but that the country is not known, as it is a country's SIMs
/// that are looked at.
const REASONS: [UnavailableReason; 16] = [
    UnavailableReason::NoNumber,
    UnavailableReason::Contested,
    UnavailableReason::Retired,
    UnavailableReason::OtherPool,
    UnavailableReason::Rented,
    UnavailableReason::Resting,
    UnavailableReason::Deaf,
    UnavailableReason::Used,
    UnavailableReason::UsedByTenant,
    UnavailableReason::Skipped,
    UnavailableReason::RestsAfterOrders,
    UnavailableReason::Failing,
    UnavailableReason::RestsBetweenCustomers,
    UnavailableReason::Offline,
    UnavailableReason::Busy,
    UnavailableReason::Parked,
];

/// What is explained in the place of a service, where rentals are. No service has that name.
pub const RENTALS: &str = "rentals";

/// For whom and for what the SIMs of a country are looked through.
struct Asked<'a> {
    country: &'a str,
    account: Option<AccountId>,
    purpose: Purpose,
    now: Timestamp,
    /// The numbers that the account has skipped for the service.
    skipped: HashSet<Msisdn>,
}

/// Whether a number can be ordered for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberState {
    pub number: Msisdn,
    pub iccid: Iccid,
    pub country: String,
    /// Why it cannot; `None` when it can.
    pub unavailable: Option<UnavailableReason>,
}

/// How many SIMs of a country an account could be given for a service, and why not the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The service's name, or [`RENTALS`].
    pub service: String,
    /// The country's code.
    pub country: String,
    /// How many SIMs there are in the country.
    pub sims: usize,
    /// Whether the service is sold there at all.
    pub is_sold: bool,
    /// How many could be given out now.
    pub available: usize,
    /// How many could not, by the first reason.
    pub unavailable: Vec<(UnavailableReason, usize)>,
    /// What it costs the account, or anybody: for rentals, what the cheapest package does. `None`
    /// if it is not sold.
    pub price: Option<Amount>,
    /// What keeps the account from it, if one is named.
    pub obstacles: Option<Obstacles>,
}

impl NumberState {
    /// Whether it has a number and a state of a filter.
    fn is_of(&self, filter: &ListFilter) -> bool {
        let word = availability::word(self.unavailable);
        filter.numbers.as_ref().is_none_or(|all| all.contains(&self.number))
            && filter.state.as_ref().is_none_or(|state| state == word)
    }
}

impl Stock {
    /// As [`Stock::explain_for`], for an account or for anybody.
    pub async fn explain(
        self: &Arc<Self>,
        service: String,
        country: &str,
        account: Option<String>,
    ) -> Result<Explanation, Error> {
        self.explain_for(service, country, Whom { account, key: None }).await
    }

    /// Counts why each SIM of a country is or is not available for a service, and says what keeps
    /// a customer from one.
    pub async fn explain_for(
        self: &Arc<Self>,
        service: String,
        country: &str,
        whom: Whom,
    ) -> Result<Explanation, Error> {
        let country = self.known_country(country)?;
        let (stock, now) = (Arc::clone(self), self.env.horizon().orders);
        let read = self.env.store.read(move |rows| {
            let service = find_service(rows, &service)?;
            let customer = Customer::find(rows, whom)?;
            let account = customer.as_ref().map(|customer| customer.account.id);
            let own = account.map(|account| rows.account_prices_for(account, service.id));
            let price = price_for(&service, &country, &own.transpose()?.unwrap_or_default());
            let asked = (Scope::Orders, price.unwrap_or_default());
            let obstacles = customer.map(|whom| stock.obstacles(rows, &whom, asked, now));
            let obstacles = obstacles.transpose()?;
            let share_sim = stock.env.settings().share_sim;
            let query = StockQuery {
                country: &country,
                service: service.id,
                account,
                sharing: allocation::widest(service.has_patterns(), share_sim),
                now,
                used_since: stock.used_since(now),
                rest_since: stock.rest_since(now),
                patterned: service.has_patterns(),
            };
            let purpose = Purpose::Order {
                service: service.id,
                account,
                sharing: query.sharing,
                used_since: query.used_since,
                patterned: query.patterned,
            };
            let skipped = match account {
                Some(account) => rows.skips_for(account, service.id)?.into_iter().collect(),
                None => HashSet::new(),
            };
            let asked = Asked { country: &country, account, purpose, now, skipped };
            let found = stock.unavailable_reasons(rows, &asked)?;
            let mut found: Vec<_> = found.into_iter().map(|(_, reason)| reason).collect();
            // So many of those that only are not on the air can be in time: no more than radios are
            // free.
            let in_time = stock.presence.parked_count(rows, query)?;
            let waiting =
                found.iter_mut().filter(|found| **found == Some(UnavailableReason::Parked));
            waiting.take(in_time).for_each(|found| *found = None);
            let explanation = Explanation::new(service.name, country, price.is_some(), &found);
            Ok(Explanation { price, obstacles, ..explanation })
        });
        read.await
    }

    /// As [`Stock::explain_rentals_for`], for an account or for anybody.
    pub async fn explain_rentals(
        self: &Arc<Self>,
        country: &str,
        account: Option<String>,
    ) -> Result<Explanation, Error> {
        self.explain_rentals_for(country, Whom { account, key: None }).await
    }

    /// Counts why each SIM of a country can or cannot be rented, and says what keeps a customer
    /// from renting one.
    pub async fn explain_rentals_for(
        self: &Arc<Self>,
        country: &str,
        whom: Whom,
    ) -> Result<Explanation, Error> {
        let country = self.known_country(country)?;
        let (stock, now, settings) =
            (Arc::clone(self), self.env.horizon().orders, self.env.settings());
        let packages = settings.packages.on_sale().into_iter();
        let price = packages.map(|(_, charge)| charge.amount).min();
        let read = self.env.store.read(move |rows| {
            let customer = Customer::find(rows, whom)?;
            let account = customer.as_ref().map(|customer| customer.account.id);
            let wish = (Scope::Rentals, price.unwrap_or_default());
            let obstacles = customer.map(|whom| stock.obstacles(rows, &whom, wish, now));
            let obstacles = obstacles.transpose()?;
            let purpose = Purpose::Rental { ordered_since: stock.ordered_since(rows, now)? };
            let skipped = HashSet::new();
            let asked = Asked { country: &country, account, purpose, now, skipped };
            let found = stock.unavailable_reasons(rows, &asked)?;
            let found: Vec<_> = found.into_iter().map(|(_, reason)| reason).collect();
            let explanation =
                Explanation::new(RENTALS.to_owned(), country, price.is_some(), &found);
            Ok(Explanation { price, obstacles, ..explanation })
        });
        read.await
    }

    /// The code of a country that the operator names.
    fn known_country(&self, country: &str) -> Result<String, Error> {
        let countries = &self.env.settings().countries;
        let unknown =
            || Error::refused(format!("no country {country}; there are {}", countries.codes()));
        Ok(countries.find(country).ok_or_else(unknown)?.code.clone())
    }

    /// The numbers that the operator asks for, each with whether it could be ordered for a service
    /// by somebody who has skipped and used none.
    pub async fn numbers_for(
        self: &Arc<Self>,
        request: ListRequest,
    ) -> Result<Vec<NumberState>, Error> {
        let (stock, now) = (Arc::clone(self), self.env.horizon().orders);
        let settings = self.env.settings();
        let read = self.env.store.read_in_background(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &availability::words())?;
            let service = filter.service.map(|id| rows.service(id)).transpose()?.flatten();
            let service = service.ok_or_else(|| {
                Error::refused("numbers are listed for a service, by its name or id")
            })?;
            let patterned = service.has_patterns();
            let purpose = Purpose::Order {
                service: service.id,
                account: None,
                sharing: allocation::widest(patterned, stock.env.settings().share_sim),
                used_since: stock.used_since(now),
                patterned,
            };
            let countries = match filter.country.clone() {
                Some(country) => vec![country],
                None => rows.countries_of_sims()?,
            };
            let mut numbers = Vec::new();
            for country in countries {
                let skipped = HashSet::new();
                let asked = Asked { country: &country, account: None, purpose, now, skipped };
                let sims = stock.unavailable_reasons(rows, &asked)?.into_iter();
                numbers.extend(sims.filter_map(|(sim, unavailable)| {
                    let is_wanted = filter.sim.is_none_or(|wanted| wanted == sim.id);
                    let number = sim.number.filter(|_| is_wanted)?.number;
                    let (iccid, country) = (sim.iccid, country.clone());
                    Some(NumberState { number, iccid, country, unavailable })
                }));
            }
            numbers.retain(|one| one.is_of(&filter));
            Ok::<_, Error>(numbers)
        });
        read.await
    }

    /// The SIMs of the country, each with why it is not available, or `None` if it is.
    fn unavailable_reasons(
        &self,
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
    ) -> Result<Vec<(Sim, Option<UnavailableReason>)>, StoreError> {
        let active_orders = rows.active_orders(asked.now)?;
        let reason = |sim: Sim| {
            let running = active_orders.get(&sim.id).map_or(&[][..], Vec::as_slice);
            let unavailable = self.unavailable_reason(rows, asked, &sim, running)?;
            Ok((sim, unavailable))
        };
        rows.sims_of_country(asked.country)?.into_iter().map(reason).collect()
    }

    /// Why a SIM on which these orders run is not available, or `None` if it is.
    fn unavailable_reason(
        &self,
        rows: &ReadTx<'_>,
        asked: &Asked<'_>,
        sim: &Sim,
        active_orders: &[ActiveOrder],
    ) -> Result<Option<UnavailableReason>, StoreError> {
        let Asked { account, purpose, now, .. } = *asked;
        let number = sim.number.as_ref().map(|known| &known.number);
        let uses = number.map(|number| self.uses(rows, number)).transpose()?;
        let skip = number.filter(|number| asked.skipped.contains(*number));
        let skip = skip.and_then(|_| purpose.service());
        let rest_since = self.rest_since(now);
        let rests = number.map(|number| rows.rests_of(number, account, rest_since));
        let rests = rests.transpose()?.unwrap_or_default();
        let failing = match number.zip(purpose.service()) {
            Some((number, service)) => {
                let rests_until = rows.pair_health(number, service)?.rests_until;
                (rests_until > now).then_some(service)
            }
            None => None,
        };
        let usage = SimUsage {
            rests: &rests,
            failing: failing.as_slice(),
            uses: uses.as_deref().unwrap_or_default(),
            skips: skip.as_slice(),
            active_orders,
        };
        let reachability = self.reachability(sim, purpose, now);
        Ok(SimCandidate { sim, usage, reachability }.unavailable_for(purpose, now))
    }

    /// Why a rental cannot be moved to a SIM, or `None` if it can: as for a new rental, but its own
    /// number may be on another card now.
    pub(in crate::gateway) fn unavailable_to_move(
        &self,
        rows: &ReadTx<'_>,
        rental: &Rental,
        sim: &Sim,
    ) -> Result<Option<UnavailableReason>, StoreError> {
        let now = self.env.horizon().orders;
        let purpose = Purpose::Rental { ordered_since: self.ordered_since(rows, now)? };
        let (account, skipped) = (Some(rental.account), HashSet::new());
        let asked = Asked { country: &rental.country, account, purpose, now, skipped };
        let has_own_number = sim.number.as_ref().is_some_and(|known| known.number == rental.number);
        let rented = sim.rented && (!has_own_number || rows.has_tenant(sim.id)?);
        let sim = Sim { rented, ..sim.clone() };
        let active_orders = rows.active_orders_on(sim.id, now)?;
        self.unavailable_reason(rows, &asked, &sim, &active_orders)
    }

    /// Whether a SIM can receive messages. A tenant may be given a parked one.
    fn reachability(&self, sim: &Sim, purpose: Purpose, now: Timestamp) -> Reachability {
        let (presence, iccid) = (&self.presence, sim.iccid.as_str());
        let is_rental = matches!(purpose, Purpose::Rental { .. });
        match () {
            () if presence.is_on_air(iccid, now) => Reachability::OnAir,
            () if is_rental && presence.can_be_rented_parked(sim.id, iccid, now) => {
                Reachability::OnAir
            }
            () if presence.is_parked(&sim.iccid, now) => Reachability::Parked,
            () => Reachability::Offline,
        }
    }
}

impl Explanation {
    fn new(
        service: String,
        country: String,
        is_sold: bool,
        found: &[Option<UnavailableReason>],
    ) -> Explanation {
        let count = |wanted| found.iter().filter(|found| **found == wanted).count();
        Explanation {
            service,
            country,
            sims: found.len(),
            is_sold,
            available: if is_sold { count(None) } else { 0 },
            unavailable: REASONS.map(|reason| (reason, count(Some(reason)))).to_vec(),
            price: None,
            obstacles: None,
        }
    }
}
