//! Why there is no number for a service.

use std::collections::HashSet;
use std::sync::Arc;

use super::Stock;
use super::obstacles::{Customer, Obstacles, Whom};
use super::reasons::{Asked, CountrySims};
use crate::domain::account_price::price_for;
use crate::domain::availability::{Purpose, UnavailableReason};
use crate::domain::key::Scope;
use crate::domain::{Amount, Iccid, Msisdn, allocation};
use crate::gateway::Error;
use crate::gateway::services::find_service;
use crate::gateway::shared_reading::Freshness;
use crate::store::{ReadTx, StockQuery};

/// The reasons that are counted: all but that the country is not known, as it is a country's SIMs
/// that are looked at.
const REASONS: [UnavailableReason; 17] = [
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
    UnavailableReason::InTwoPlaces,
    UnavailableReason::Offline,
    UnavailableReason::Busy,
    UnavailableReason::Parked,
];

/// What is explained in the place of a service, where rentals are. No service has that name.
pub const RENTALS: &str = "rentals";

/// A SIM of a country, and whether it could be given out for what is explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedSim {
    pub iccid: Iccid,
    pub number: Option<Msisdn>,
    /// Why it could not; `None` when it could.
    pub unavailable: Option<UnavailableReason>,
}

/// An explanation, and the SIMs that it counts.
type WithSims = (Explanation, Vec<ExplainedSim>);

/// How many SIMs of a country an account could be given for a service, and why not the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The service's name, or [`RENTALS`].
    pub service: String,
    /// The code of the country whose SIMs are counted.
    pub country: String,
    /// How many SIMs there are in the country.
    pub sims: usize,
    /// Whether the operator has taken the service off sale.
    pub is_off_sale: bool,
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

    /// Counts why each SIM of a country is or is not available for a service, or for
    /// [`RENTALS`], and says what keeps a customer from one.
    pub async fn explain_for(
        self: &Arc<Self>,
        service: String,
        country: &str,
        whom: Whom,
    ) -> Result<Explanation, Error> {
        Ok(self.explain_sims(service, country, whom).await?.0)
    }

    /// The same, with each SIM that is counted.
    pub async fn explain_sims(
        self: &Arc<Self>,
        service: String,
        country: &str,
        whom: Whom,
    ) -> Result<(Explanation, Vec<ExplainedSim>), Error> {
        let country = self.known_country(country)?;
        let sims = Arc::new(self.sims_of(country.clone()).await?);
        self.explain_with(sims, service, country, whom).await
    }

    /// The same for a page: of the SIMs as all see them who ask at about that time.
    pub async fn explain_shared(
        self: &Arc<Self>,
        service: String,
        country: &str,
        whom: Whom,
        freshness: Freshness,
    ) -> Result<(Explanation, Vec<ExplainedSim>), Error> {
        let country = self.known_country(country)?;
        let sims = self.shared_sims_of(country.clone(), freshness).await?;
        self.explain_with(sims, service, country, whom).await
    }

    async fn explain_with(
        self: &Arc<Self>,
        sims: Arc<CountrySims>,
        service: String,
        country: String,
        whom: Whom,
    ) -> Result<WithSims, Error> {
        let stock = Arc::clone(self);
        let read = self.env.store.read(move |rows| match service == RENTALS {
            true => stock.rentals_explained(rows, &sims, country, whom),
            false => stock.orders_explained(rows, &sims, (&service, country), whom),
        });
        read.await
    }

    fn orders_explained(
        &self,
        rows: &ReadTx<'_>,
        found: &CountrySims,
        (service, country): (&str, String),
        whom: Whom,
    ) -> Result<WithSims, Error> {
        let now = self.env.horizon().orders;
        let service = find_service(rows, service)?;
        let customer = Customer::find(rows, whom)?;
        let account = customer.as_ref().map(|customer| customer.account.id);
        let own = account.map(|account| rows.account_prices_for(account, service.id));
        let price = price_for(&service, &country, &own.transpose()?.unwrap_or_default());
        let wish = (Scope::Orders, price.unwrap_or_default());
        let obstacles = customer.map(|whom| self.obstacles(rows, &whom, wish, now));
        let obstacles = obstacles.transpose()?;
        let query = StockQuery {
            country: &country,
            service: service.id,
            account,
            sharing: allocation::widest(service.has_patterns(), self.share_sim()),
            now,
            used_since: self.used_since(now),
            rest_since: self.rest_since(now),
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
        let asked = Asked { account, purpose, now, skipped };
        let mut sims = self.explained_sims(&asked, found);
        // So many of those that only are not on the air can be in time: no more than radios are
        // free.
        let in_time = self.presence.parked_count(rows, query)?;
        let is_parked =
            |sim: &&mut ExplainedSim| sim.unavailable == Some(UnavailableReason::Parked);
        let waiting = sims.iter_mut().filter(is_parked);
        waiting.take(in_time).for_each(|sim| sim.unavailable = None);
        let (is_sold, is_off_sale) = (price.is_some() && service.enabled, !service.enabled);
        let explanation = Explanation::new(service.name, country, is_sold, &sims);
        Ok((Explanation { is_off_sale, price, obstacles, ..explanation }, sims))
    }

    fn rentals_explained(
        &self,
        rows: &ReadTx<'_>,
        found: &CountrySims,
        country: String,
        whom: Whom,
    ) -> Result<WithSims, Error> {
        let (now, settings) = (self.env.horizon().orders, self.env.settings());
        let packages = settings.packages.on_sale().into_iter();
        let price = packages.map(|(_, charge)| charge.amount).min();
        let customer = Customer::find(rows, whom)?;
        let account = customer.as_ref().map(|customer| customer.account.id);
        let wish = (Scope::Rentals, price.unwrap_or_default());
        let obstacles = customer.map(|whom| self.obstacles(rows, &whom, wish, now));
        let obstacles = obstacles.transpose()?;
        let purpose = Purpose::Rental { ordered_since: self.ordered_since(rows, now)? };
        let asked = Asked { account, purpose, now, skipped: HashSet::new() };
        let sims = self.explained_sims(&asked, found);
        let explanation = Explanation::new(RENTALS.to_owned(), country, price.is_some(), &sims);
        Ok((Explanation { price, obstacles, ..explanation }, sims))
    }

    fn explained_sims(&self, asked: &Asked, found: &CountrySims) -> Vec<ExplainedSim> {
        let explained = self.unavailable_reasons(asked, found).into_iter();
        let explained = explained.map(|(sim, unavailable)| {
            let number = sim.number.as_ref().map(|known| known.number.clone());
            ExplainedSim { iccid: sim.iccid.clone(), number, unavailable }
        });
        explained.collect()
    }

    /// The code of a country that the operator names.
    fn known_country(&self, country: &str) -> Result<String, Error> {
        let countries = &self.env.settings().countries;
        let unknown =
            || Error::refused(format!("no country {country}; there are {}", countries.iso_codes()));
        Ok(countries.find(country).ok_or_else(unknown)?.code.clone())
    }
}

impl Explanation {
    fn new(service: String, country: String, is_sold: bool, found: &[ExplainedSim]) -> Explanation {
        let count = |wanted| found.iter().filter(|sim| sim.unavailable == wanted).count();
        Explanation {
            service,
            country,
            sims: found.len(),
            is_off_sale: false,
            is_sold,
            available: if is_sold { count(None) } else { 0 },
            unavailable: REASONS.map(|reason| (reason, count(Some(reason)))).to_vec(),
            price: None,
            obstacles: None,
        }
    }
}
