//! How many numbers there are for every service in every country, for the operator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{RENTALS, Stock, Whom};
use crate::domain::{ServiceId, Timestamp};
use crate::gateway::Error;
use crate::gateway::shared_reading::Freshness;

/// How long a table is shared. Reading one takes tens of milliseconds for thousands of SIMs.
const SHARED_FOR: Duration = Duration::from_secs(5);

/// How many numbers there are, to somebody who has skipped and used none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockTable {
    /// When it was read.
    pub at: Timestamp,
    /// The codes of the countries that there are SIMs of.
    pub countries: Vec<String>,
    /// The services that can be ordered, by id.
    pub services: Vec<StockRow>,
    /// How many numbers can be rented in each country.
    pub rentals: Vec<usize>,
}

/// How many numbers there are for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRow {
    pub service: ServiceId,
    /// The service's name.
    pub name: String,
    /// By the countries of the table; `None` where the service is not sold.
    pub counts: Vec<Option<usize>>,
}

impl StockRow {
    /// The least number that there is in a country where it is sold.
    pub fn least(&self) -> Option<usize> {
        self.counts.iter().flatten().min().copied()
    }
}

impl Stock {
    /// How many numbers there are for every service in every country, by the same rule by which
    /// they are given out.
    pub async fn table(self: &Arc<Self>, freshness: Freshness) -> Result<Arc<StockTable>, Error> {
        self.table.get(&self.env, (freshness, SHARED_FOR), self.read_table()).await
    }

    async fn read_table(self: &Arc<Self>) -> Result<StockTable, Error> {
        let (at, settings) = (self.env.now(), self.env.settings());
        let mut countries = self.env.store.read(|rows| rows.countries_of_sims()).await?;
        countries.retain(|country| settings.countries.find(country).is_some());
        let mut services: BTreeMap<ServiceId, StockRow> = BTreeMap::new();
        let mut rentals = Vec::with_capacity(countries.len());
        for (place, country) in countries.iter().enumerate() {
            let snapshot = self.snapshot(country).await?;
            for (service, count) in snapshot.counts() {
                let row = services.entry(service.id).or_insert_with(|| StockRow {
                    service: service.id,
                    name: service.name.clone(),
                    counts: vec![None; countries.len()],
                });
                if let Some(of_country) = row.counts.get_mut(place) {
                    *of_country = count;
                }
            }
            let whom = Whom::default();
            rentals.push(self.explain_for(RENTALS.to_owned(), country, whom).await?.available);
        }
        Ok(StockTable { at, countries, services: services.into_values().collect(), rentals })
    }
}
