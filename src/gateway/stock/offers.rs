//! The catalogue with its stock: how many numbers an account could order for each service at this
//! moment. Of parked SIMs no more count than radios could have on the air in time.

use std::sync::Arc;

use super::{Proposal, Stock};
use crate::domain::account_price::price_for;
use crate::domain::{AccountId, Amount, Service, ServiceId, SimId};
use crate::gateway::Error;
use crate::store::{ReadTx, StoreError};

/// A service that can be ordered, its price in the country, and how many numbers there are for it.
pub type Offer = (Service, Amount, usize);

impl Stock {
    /// Every service that can be ordered, this account's price in a country and how many numbers it
    /// could order now. `None` when there is no such country.
    pub async fn offers(
        self: &Arc<Self>,
        account: AccountId,
        country: &str,
    ) -> Result<Option<Vec<Offer>>, Error> {
        let Some(country) =
            self.env.settings().countries.find(country).map(|country| country.code.clone())
        else {
            return Ok(None);
        };
        let snapshot = self.snapshot(&country).await?;
        let of_account = move |rows: &ReadTx<'_>| {
            Ok::<_, StoreError>((rows.skips(account)?, rows.account_prices(account)?))
        };
        let (skips, own) = self.env.store.read_for(account, of_account).await?;
        let mut offers = snapshot.offers(account, &skips);
        for (service, price, _) in &mut offers {
            *price = price_for(service, &country, &own).unwrap_or(*price);
        }
        Ok(Some(offers))
    }

    /// SIMs that an order for a service could be given now, best first; `None` when there are none.
    /// No proposals are made for a service that cannot be ordered.
    pub(in super::super) async fn propose(
        self: &Arc<Self>,
        account: AccountId,
        service: ServiceId,
        country: &str,
    ) -> Result<Option<Vec<Proposal>>, Error> {
        let snapshot = self.snapshot(country).await?;
        let skips = move |rows: &ReadTx<'_>| rows.skips_for(account, service);
        let skipped = self.env.store.read_for(account, skips).await?;
        Ok(snapshot.propose(account, service, &skipped))
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
