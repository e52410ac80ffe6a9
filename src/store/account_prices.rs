//! What accounts pay instead of the services' prices.

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::account_price::{AccountPrice, OwnPrice};
use crate::domain::{AccountId, Amount, ServiceId};

const PRICE: &str = "SELECT service_id, country, price_minor, percent FROM account_price WHERE \
                     account_id = $1";

fn price(row: &Row<'_>) -> rusqlite::Result<AccountPrice> {
    let price = match row.get::<Option<u32>>(3)? {
        Some(percent) => OwnPrice::Percent(percent),
        None => OwnPrice::Amount(Amount(row.get(2)?)),
    };
    let service = row.get::<Option<i64>>(0)?.map(ServiceId);
    Ok(AccountPrice { service, country: row.get(1)?, price })
}

impl ReadTx<'_> {
    /// An account's own prices, those for every service first.
    pub fn account_prices(&self, account: AccountId) -> Result<Vec<AccountPrice>, StoreError> {
        let sql = format!("{PRICE} ORDER BY coalesce(service_id, 0), coalesce(country, '')");
        self.all(&sql, [account.0], price)
    }

    /// An account's own prices that may be for a service.
    pub fn account_prices_for(
        &self,
        account: AccountId,
        service: ServiceId,
    ) -> Result<Vec<AccountPrice>, StoreError> {
        // With IN, SQLite would make a table of the two values each time.
        let sql = format!("{PRICE} AND (service_id IS NULL OR service_id = $2)");
        self.all(&sql, [account.0, service.0], price)
    }
}

impl WriteTx<'_> {
    /// Sets what an account pays for something, or with `None` that it pays what others do.
    pub fn set_account_price(
        &self,
        account: AccountId,
        service: Option<ServiceId>,
        country: Option<&str>,
        price: Option<OwnPrice>,
    ) -> Result<(), StoreError> {
        let service = service.map(|service| service.0);
        let sql = "DELETE FROM account_price WHERE account_id = $1 AND coalesce(service_id, 0) = \
                   coalesce(CAST($2 AS bigint), 0) AND coalesce(country, '') = coalesce($3, '')";
        self.change(sql, params![account.0, service, country])?;
        let (amount, percent) = match price {
            None => return Ok(()),
            Some(OwnPrice::Amount(amount)) => (Some(amount.0), None),
            Some(OwnPrice::Percent(percent)) => (None, Some(percent)),
        };
        let sql = "INSERT INTO account_price (account_id, service_id, country, price_minor, \
                   percent) VALUES ($1, $2, $3, $4, $5)";
        self.change(sql, params![account.0, service, country, amount, percent])
    }

    /// Removes what accounts pay for a service that is to be removed.
    pub(super) fn remove_account_prices_of(&self, service: ServiceId) -> Result<(), StoreError> {
        self.change("DELETE FROM account_price WHERE service_id = $1", [service.0])
    }
}
