//! What the customers of an account have chosen for the portal.

use super::Accounts;
use crate::domain::{AccountId, ServiceId};
use crate::gateway::Error;
pub use crate::store::PortalChoices;
use crate::store::WriteTx;

impl Accounts {
    /// What the customers of an account have chosen for the portal.
    pub async fn portal_choices(&self, account: AccountId) -> Result<PortalChoices, Error> {
        Ok(self.env.store.read_for(account, move |rows| rows.portal_choices(account)).await?)
    }

    /// Sets whether the portal shows an account's customers the services' ids of the API.
    pub async fn show_api_ids(&self, account: AccountId, is_on: bool) -> Result<(), Error> {
        self.choose(account, move |_, choices| {
            choices.shows_api_ids = is_on;
            Ok(())
        })
        .await
    }

    /// Sets whether the portal shows an account's customers a service before others.
    pub async fn set_favourite(
        &self,
        account: AccountId,
        service: ServiceId,
        is_favourite: bool,
    ) -> Result<(), Error> {
        self.choose(account, move |tx, choices| {
            if !is_favourite {
                choices.favourites.remove(&service);
            } else if tx.service(service)?.is_some() {
                choices.favourites.insert(service);
            } else {
                return Err(Error::refused(format!("there is no service {service}")));
            }
            Ok(())
        })
        .await
    }

    async fn choose(
        &self,
        account: AccountId,
        choose: impl FnOnce(&WriteTx<'_>, &mut PortalChoices) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let chosen = self.env.store.write_for(account, move |tx| {
            let mut choices = tx.portal_choices(account)?;
            choose(tx, &mut choices)?;
            Ok::<_, Error>(tx.set_portal_choices(account, &choices)?)
        });
        chosen.await
    }
}
