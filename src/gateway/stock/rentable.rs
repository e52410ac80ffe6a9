//! How many numbers of each country could be rented out, by the rule by which they are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Stock;
use crate::gateway::Error;
use crate::gateway::shared_reading::Freshness;
use crate::store::{ReadTx, RentalQuery, SearchScope, StoreError};

/// How long a reading is shared, and so how long one is waited for that begins after the question.
const SHARED_FOR: Duration = Duration::from_millis(100);

/// How many numbers could be rented out, by the codes of the countries that there are SIMs of.
pub(super) type Rentable = BTreeMap<String, usize>;

impl Stock {
    /// How many numbers of each country an account that has given none up could rent now.
    pub async fn rentable(self: &Arc<Self>) -> Result<Arc<BTreeMap<String, usize>>, Error> {
        let shared = (Freshness::Next, SHARED_FOR);
        self.rentable.get(&self.env, shared, self.read_rentable()).await
    }

    async fn read_rentable(self: &Arc<Self>) -> Result<Rentable, Error> {
        let stock = Arc::clone(self);
        let read = self.env.store.read(move |rows| {
            let counted = rows.countries_of_sims()?.into_iter().map(|country| {
                let count = stock.count_rentable(rows, &country)?;
                Ok((country, count))
            });
            counted.collect::<Result<Rentable, StoreError>>()
        });
        Ok(read.await?)
    }

    fn count_rentable(&self, rows: &ReadTx<'_>, country: &str) -> Result<usize, StoreError> {
        let (now, certain) = (self.env.now(), self.env.horizon().orders);
        let query = RentalQuery {
            country,
            account: None,
            now: certain,
            rest_since: self.rest_since(certain),
            ordered_since: self.ordered_since(rows, certain)?,
        };
        let mut count = 0;
        rows.search_for_rental(query, SearchScope::All, |sim, iccid| {
            let can_be = self.presence.can_be_given(sim, iccid, now)
                || self.presence.can_be_rented_parked(sim, iccid, now);
            count += usize::from(can_be);
            // The best one is not looked for.
            None
        })?;
        Ok(count)
    }
}
