//! What pages show of what is on sale. Unlike what the API answers, it may be some seconds old: so
//! that no page waits while the stock is read, all countries are read at once, and shared.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::Stock;
use super::conditions::Conditions;
use super::offers::{Offer, Skip};
use super::snapshot::Snapshot;
use crate::domain::AccountId;
use crate::gateway::Error;
use crate::gateway::shared_reading::Freshness;
use crate::store::{CountryRange, ReadTx, StoreError};

/// How long a reading is shared. One takes tens of milliseconds for thousands of SIMs.
const SHARED_FOR: Duration = Duration::from_secs(3);

/// What is on sale.
pub(super) struct OnSale {
    /// In each country that can be named, by its code.
    countries: BTreeMap<String, Arc<Snapshot>>,
    /// The countries that there are SIMs of, by their codes, and how many of them can be sold.
    sims: BTreeMap<String, usize>,
    /// How many changes by accounts are in it for certain.
    pub(super) changes: u64,
}

impl OnSale {
    /// The countries that there are SIMs of, by their codes.
    pub(super) fn with_sims(&self) -> BTreeMap<String, Arc<Snapshot>> {
        let mut countries = self.countries.clone();
        countries.retain(|code, _| self.sims.contains_key(code));
        countries
    }

    /// The country up to which half of the SIMs are.
    fn middle(&self) -> Option<String> {
        let half = self.sims.values().sum::<usize>() / 2;
        let mut so_far = 0;
        let mut countries = self.sims.iter();
        let middle = countries.find(|(_, sims)| {
            so_far += **sims;
            so_far > half
        });
        middle.map(|(code, _)| code.clone())
    }
}

/// What is on sale for one account.
pub struct Showcase {
    on_sale: Arc<OnSale>,
    account: AccountId,
    /// The numbers that the account has skipped.
    skips: Arc<[Skip]>,
    /// The code of each country that can be named, and whether there is a number now.
    pub countries: Vec<(String, bool)>,
}

impl Stock {
    /// What is on sale for an account, as it was at most some seconds ago. The next reading is
    /// waited for as long as one is shared.
    pub async fn showcase(
        self: &Arc<Self>,
        account: AccountId,
        freshness: Freshness,
    ) -> Result<Showcase, Error> {
        let shared = (freshness, SHARED_FOR);
        let on_sale = self.on_sale.get(&self.env, shared, self.read_on_sale()).await?;
        let looked = self.env.store.read_for(account, move |rows| {
            let skips: Arc<[_]> = rows.skips(account)?.into();
            let has_numbers = |(code, snapshot): (&String, &Arc<Snapshot>)| {
                (code.clone(), snapshot.has_numbers(account, &skips))
            };
            let countries = on_sale.countries.iter().map(has_numbers).collect();
            Ok::<_, Error>(Showcase { on_sale, account, skips, countries })
        });
        looked.await
    }

    /// The services that are sold in a country, as [`Stock::offers`] has them, of what is in a
    /// showcase.
    pub async fn offers_in(
        &self,
        showcase: &Showcase,
        country: &str,
    ) -> Result<Option<Vec<Offer>>, Error> {
        let countries = &self.env.settings().countries;
        let code = countries.find(country).map(|country| country.code.clone());
        let snapshot = code.and_then(|code| showcase.on_sale.countries.get(&code).cloned());
        let Some(snapshot) = snapshot else { return Ok(None) };
        let (account, skips) = (showcase.account, Arc::clone(&showcase.skips));
        let offers = self.offers_of(account, Arc::clone(&snapshot), move |_| Ok(skips)).await?;
        let is_sold = |(service, ..): &Offer| service.price_in(snapshot.country()).is_some();
        Ok(Some(offers.into_iter().filter(is_sold).collect()))
    }

    /// Reads what is on sale in every country, with two readers at once, each of which reads half
    /// of the SIMs as they were at the last reading.
    pub(super) async fn read_on_sale(self: &Arc<Self>) -> Result<OnSale, Error> {
        let middle = self.on_sale.last().and_then(|(_, last)| last.middle());
        let middle: Arc<str> = middle.unwrap_or_default().into();
        let (changes, stock, code) = (self.changes.count(), Arc::clone(self), Arc::clone(&middle));
        let first = self.env.store.read(move |rows| {
            let range = CountryRange { from: "", before: Some(&code) };
            stock.read_countries(rows, range, changes)
        });
        let stock = Arc::clone(self);
        let second = self.env.store.read(move |rows| {
            stock.read_countries(rows, CountryRange { from: &middle, before: None }, changes)
        });
        let (mut on_sale, mut second) = tokio::try_join!(first, second)?;
        on_sale.countries.append(&mut second.countries);
        on_sale.sims.append(&mut second.sims);
        Ok(on_sale)
    }

    /// Reads what is on sale in the countries of a range, after so many changes by accounts.
    fn read_countries(
        &self,
        rows: &ReadTx<'_>,
        range: CountryRange<'_>,
        changes: u64,
    ) -> Result<OnSale, StoreError> {
        let conditions = Arc::new(Conditions::read(self, rows)?);
        let mut sims = rows.sellable_sims_by_country(range, conditions.now)?;
        let settings = self.env.settings();
        let counts = sims.iter().map(|(code, sims)| (code.clone(), sims.len()));
        let known = counts.filter(|(code, _)| settings.countries.find(code).is_some()).collect();
        let mut countries = self.countries_to_name(sims.keys().cloned());
        countries.retain(|code| range.contains(code));
        let country = |code: String| {
            let sims = (code.clone(), sims.remove(&code).unwrap_or_default());
            let snapshot = Snapshot::read(self, rows, sims, &conditions)?;
            Ok::<_, StoreError>((code, Arc::new(snapshot)))
        };
        let countries = countries.into_iter().map(country).collect::<Result<_, _>>()?;
        Ok(OnSale { countries, sims: known, changes })
    }

    /// The codes of all countries that can be named, with those that SIMs were seen of.
    pub(super) fn countries_to_name(
        &self,
        seen: impl IntoIterator<Item = String>,
    ) -> BTreeSet<String> {
        let settings = self.env.settings();
        let named = settings.countries.named_codes().map(str::to_owned);
        seen.into_iter().chain(named).collect()
    }
}
