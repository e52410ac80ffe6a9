//! The catalogue with its stock: how many numbers an account could order for each service at this
//! moment. Of parked SIMs no more count than radios could have on the air in time.

use std::sync::Arc;

use super::snapshot::Snapshot;
use super::{Preference, Proposal, Stock};
use crate::domain::account_price::price_for;
use crate::domain::{AccountId, Amount, Msisdn, Service, ServiceId, SimId};
use crate::gateway::Error;
use crate::store::{ReadTx, StoreError};

/// A service that can be ordered, its price in the country, and how many numbers there are for it.
pub type Offer = (Service, Amount, usize);

/// A number, and the service for which an account has skipped it.
pub(super) type Skip = (Msisdn, ServiceId);

impl Stock {
    /// Every service that can be ordered, this account's price in a country and how many numbers it
    /// could order now. `None` when there is no such country.
    pub async fn offers(
        self: &Arc<Self>,
        account: AccountId,
        country: &str,
    ) -> Result<Option<Vec<Offer>>, Error> {
        let Some(country) = self.find_country(country).await? else { return Ok(None) };
        let snapshot = self.snapshot(&country).await?;
        let skips = move |rows: &ReadTx<'_>| Ok(rows.skips(account)?.into());
        Ok(Some(self.offers_of(account, snapshot, skips).await?))
    }

    /// What a country's snapshot has for an account that skipped these numbers.
    pub(super) async fn offers_of(
        &self,
        account: AccountId,
        snapshot: Arc<Snapshot>,
        skips: impl FnOnce(&ReadTx<'_>) -> Result<Arc<[Skip]>, StoreError> + Send + 'static,
    ) -> Result<Vec<Offer>, Error> {
        // Counting takes a millisecond where there are hundreds of services, so it is done where an
        // account has only so many turns, and not among the tasks that answer everybody.
        let offers = self.env.store.read_for(account, move |rows| {
            let own = rows.account_prices(account)?;
            let mut offers = snapshot.offers(account, &skips(rows)?);
            for (service, price, _) in &mut offers {
                *price = price_for(service, snapshot.country(), &own).unwrap_or(*price);
            }
            Ok::<_, Error>(offers)
        });
        offers.await
    }

    /// The code of each country that can be named, and how many numbers there are now for the
    /// service that has most, for this account.
    pub async fn countries(
        self: &Arc<Self>,
        account: AccountId,
    ) -> Result<Vec<(String, usize)>, Error> {
        let seen = self.env.store.read_for(account, |rows| rows.countries_of_sims());
        let mut counted = Vec::new();
        for country in self.countries_to_name(seen.await?) {
            let offers = self.offers(account, &country).await?.unwrap_or_default();
            let most = offers.into_iter().map(|(_, _, count)| count).max();
            counted.push((country, most.unwrap_or(0)));
        }
        Ok(counted)
    }

    /// SIMs that have what is wanted and that an order for a service could be given now, best
    /// first; `None` when there are none on sale. No proposals are made for a service that cannot
    /// be ordered.
    pub(in super::super) async fn propose(
        self: &Arc<Self>,
        account: AccountId,
        service: ServiceId,
        country: &str,
        preference: Preference,
    ) -> Result<Option<Vec<Proposal>>, Error> {
        let (snapshot, settings) = (self.snapshot(country).await?, self.env.settings());
        let proposed = self.env.store.read_for(account, move |rows| {
            let skips = rows.skips_for(account, service)?;
            let last = preference.last_choices(rows, account, service)?;
            let is_wanted = |sim| preference.admits(rows, &settings.home_networks, sim);
            let propose = |are_last: bool| {
                let is_wanted = |sim| last.contains(&sim) == are_last && is_wanted(sim);
                snapshot.propose(account, service, &skips, is_wanted)
            };
            let Some(mut proposed) = propose(false) else { return Ok(None) };
            if !last.is_empty() {
                proposed.extend(propose(true).unwrap_or_default());
            }
            Ok::<_, Error>(Some(proposed))
        });
        proposed.await
    }

    /// SIMs that a rental could be given now, best first; `None` when there are none.
    pub(in super::super) async fn propose_for_rental(
        self: &Arc<Self>,
        account: AccountId,
        country: &str,
    ) -> Result<Option<Vec<SimId>>, Error> {
        let rentable = self.snapshot(country).await?.rentable(account);
        Ok(Some(rentable).filter(|sims| !sims.is_empty()))
    }
}
