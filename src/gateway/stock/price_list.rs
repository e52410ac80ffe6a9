//! Prices and counts of all services in all countries at once, for customers' programs that ask for
//! all of it before they buy.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::Stock;
use super::on_sale::OnSale;
use super::snapshot::Snapshot;
use crate::domain::account_price::{AccountPrice, price_for};
use crate::domain::{AccountId, Amount, Service, ServiceId};
use crate::gateway::Error;
use crate::store::WriteTx;

/// How old what is read may be. Countries in which an account has ordered or given up a number
/// since are read again for it.
const SHARED_FOR: Duration = Duration::from_secs(2);

/// How many countries are read again by themselves. For an account that has changed more of them,
/// or where there are banks, all are read.
const MOST_READ_AGAIN: usize = 4;

/// Of which part of what is sold the prices are wanted. What is `None` limits nothing.
#[derive(Debug, Clone, Default)]
pub struct PriceFilter {
    /// The country's code.
    pub country: Option<String>,
    pub service: Option<ServiceId>,
}

/// What is sold in one country.
#[derive(Debug, Clone)]
pub struct CountryPrices {
    /// The country's code.
    pub country: String,
    /// Every service that is sold there.
    pub offers: Vec<PricedService>,
}

/// A service that is sold in a country.
#[derive(Debug, Clone)]
pub struct PricedService {
    pub service: Arc<Service>,
    /// What the account pays for an order.
    pub price: Amount,
    /// How many numbers the account could order now.
    pub count: usize,
}

/// Who has changed the stock since it was read.
#[derive(Debug, Default)]
pub(super) struct StockChanges(Mutex<ChangesByAccount>);

#[derive(Debug, Default)]
struct ChangesByAccount {
    count: u64,
    /// How many changes there had been with the last one of each account in each country.
    last: HashMap<AccountId, BTreeMap<String, u64>>,
}

impl StockChanges {
    /// How many changes there have been.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().count
    }

    fn note(&self, account: AccountId, country: String) {
        let mut changes = self.0.lock();
        changes.count += 1;
        let count = changes.count;
        changes.last.entry(account).or_default().insert(country, count);
    }

    /// The countries in which an account has changed something after the first so many changes.
    fn countries_after(&self, account: AccountId, first: u64) -> Vec<String> {
        let changes = self.0.lock();
        let last = changes.last.get(&account).into_iter().flatten();
        last.filter(|(_, count)| **count > first).map(|(country, _)| country.clone()).collect()
    }
}

impl Stock {
    /// Once the operation is on disk, an account has ordered or given up a number of a country.
    pub(in crate::gateway) fn changes_after(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        account: AccountId,
        country: &str,
    ) {
        let (stock, country) = (Arc::clone(self), country.to_owned());
        tx.after_commit(move || stock.changes.note(account, country));
    }

    /// What an account could order, in the countries that there are SIMs of; without an account,
    /// what somebody could who has none.
    pub async fn price_list(
        self: &Arc<Self>,
        account: Option<AccountId>,
        filter: PriceFilter,
    ) -> Result<Vec<CountryPrices>, Error> {
        let changed = |on_sale: &OnSale| match account {
            Some(account) => self.changes.countries_after(account, on_sale.changes),
            None => Vec::new(),
        };
        // A bank's radios are there for the SIMs of all countries.
        let most = if self.presence.banks.any() { 0 } else { MOST_READ_AGAIN };
        let is_usable = |on_sale: &OnSale| changed(on_sale).len() <= most;
        let read = self.read_on_sale_in_turn();
        let on_sale = self.on_sale.get_usable(&self.env, SHARED_FOR, is_usable, read).await?;
        let mut countries = on_sale.with_sims();
        countries
            .retain(|country, _| filter.country.as_ref().is_none_or(|wanted| wanted == country));
        for country in changed(&on_sale) {
            if let Some(snapshot) = countries.get_mut(&country) {
                *snapshot = self.snapshot(&country).await?;
            }
        }
        let Some(account) = account else {
            let listed = self.env.store.read(move |_| {
                Ok::<_, Error>(list(&countries, &filter, &[], |snapshot| {
                    snapshot.counts().collect()
                }))
            });
            return listed.await;
        };
        let listed = self.env.store.read_for(account, move |rows| {
            let (own, skips) = (rows.account_prices(account)?, rows.skips(account)?);
            Ok::<_, Error>(list(&countries, &filter, &own, |snapshot| {
                snapshot.counts_for(account, &skips).collect()
            }))
        });
        listed.await
    }

    /// The mobile operators whose SIMs there are, each with the code of a country.
    pub async fn mobile_operators(&self) -> Result<Vec<(String, String)>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let named = rows.networks_of_sims()?.into_iter().filter_map(|(country, imsi)| {
                Some((country, settings.home_networks.name_of(&imsi)?.to_owned()))
            });
            Ok::<_, Error>(named.collect())
        });
        read.await
    }

    /// The countries in which a service is sold to an account: the cheapest with stock first, and
    /// then the cheapest of those without.
    pub(in crate::gateway) async fn cheapest_countries(
        self: &Arc<Self>,
        account: AccountId,
        service: ServiceId,
    ) -> Result<Vec<String>, Error> {
        let filter = PriceFilter { service: Some(service), country: None };
        let sold = self.price_list(Some(account), filter).await?;
        let mut sold: Vec<_> = sold
            .into_iter()
            .filter_map(|sold| sold.offers.into_iter().next().map(|offer| (sold.country, offer)))
            .collect();
        sold.sort_by_key(|(_, offer)| (offer.count == 0, offer.price));
        let with_stock = sold.iter().filter(|(_, offer)| offer.count > 0).count();
        sold.truncate(with_stock.max(1));
        Ok(sold.into_iter().map(|(country, _)| country).collect())
    }
}

/// The prices and counts that are wanted of what is on sale in these countries.
fn list<'s>(
    countries: &'s BTreeMap<String, Arc<Snapshot>>,
    filter: &PriceFilter,
    own: &[AccountPrice],
    counts: impl Fn(&'s Snapshot) -> Vec<(&'s Arc<Service>, Option<usize>)>,
) -> Vec<CountryPrices> {
    let own = OwnPrices::new(own);
    let list = countries.iter().map(|(country, snapshot)| {
        let wanted = counts(snapshot)
            .into_iter()
            .filter(|(service, _)| filter.service.is_none_or(|wanted| wanted == service.id));
        let offers = wanted.filter_map(|(service, count)| {
            let count = count?;
            let price = own.price_for(service, country)?;
            Some(PricedService { service: Arc::clone(service), price, count })
        });
        CountryPrices { country: country.clone(), offers: offers.collect() }
    });
    list.filter(|sold| !sold.offers.is_empty()).collect()
}

/// An account's own prices, by the service that they are for.
struct OwnPrices {
    by_service: HashMap<ServiceId, Vec<AccountPrice>>,
    for_all: Vec<AccountPrice>,
}

impl OwnPrices {
    fn new(own: &[AccountPrice]) -> OwnPrices {
        let of_all = own.iter().filter(|price| price.service.is_none()).cloned();
        let mut prices = OwnPrices { by_service: HashMap::new(), for_all: of_all.collect() };
        for price in own {
            let Some(service) = price.service else { continue };
            let of_all = &prices.for_all;
            let known = prices.by_service.entry(service).or_insert_with(|| of_all.clone());
            known.push(price.clone());
        }
        prices
    }

    fn price_for(&self, service: &Service, country: &str) -> Option<Amount> {
        let own = self.by_service.get(&service.id).unwrap_or(&self.for_all);
        price_for(service, country, own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_account_has_changed_since_a_reading_is_known_by_country() {
        let (ann, bob) = (AccountId(1), AccountId(2));
        let changes = StockChanges::default();
        assert_eq!(changes.countries_after(ann, 0), [""; 0]);
        for (account, country) in [(ann, "NL"), (bob, "UK"), (ann, "BE"), (ann, "NL")] {
            changes.note(account, country.to_owned());
        }
        assert_eq!(changes.count(), 4);
        assert_eq!(changes.countries_after(ann, 0), ["BE", "NL"]);
        assert_eq!(changes.countries_after(ann, 3), ["NL"]);
        assert_eq!(changes.countries_after(ann, 4), [""; 0]);
        assert_eq!(changes.countries_after(bob, 1), ["UK"]);
    }
}
