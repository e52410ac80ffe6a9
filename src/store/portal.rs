//! What the customers of an account have chosen for the portal.

use std::collections::BTreeSet;

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AccountId, ServiceId};

/// How the customers of an account want the portal to be. All of them share it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortalChoices {
    /// Whether the services' ids of the API stand beside their names.
    pub shows_api_ids: bool,
    /// The services that are shown first.
    pub favourites: BTreeSet<ServiceId>,
}

impl ReadTx<'_> {
    /// What the customers of an account have chosen.
    pub fn portal_choices(&self, account: AccountId) -> Result<PortalChoices, StoreError> {
        let sql = "SELECT shows_api_ids FROM account WHERE id = $1";
        let shows_api_ids = self.first(sql, [account.0], |row| row.get(0))?.unwrap_or_default();
        let sql = "SELECT service_id FROM favourite WHERE account_id = $1";
        let favourites = self.all(sql, [account.0], |row| row.get(0).map(ServiceId))?;
        Ok(PortalChoices { shows_api_ids, favourites: favourites.into_iter().collect() })
    }
}

impl WriteTx<'_> {
    /// Saves what the customers of an account have chosen.
    pub fn set_portal_choices(
        &self,
        account: AccountId,
        choices: &PortalChoices,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE account SET shows_api_ids = $1 WHERE id = $2";
        self.change_one(sql, params![choices.shows_api_ids, account.0], "account", account)?;
        self.change("DELETE FROM favourite WHERE account_id = $1", [account.0])?;
        for service in &choices.favourites {
            let sql = "INSERT INTO favourite (account_id, service_id) VALUES ($1, $2)";
            self.change(sql, [account.0, service.0])?;
        }
        Ok(())
    }

    /// Removes a service from what is shown first.
    pub(super) fn remove_favourites_of(&self, service: ServiceId) -> Result<(), StoreError> {
        self.change("DELETE FROM favourite WHERE service_id = $1", [service.0])
    }
}
