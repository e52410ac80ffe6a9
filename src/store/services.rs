//! The services of the catalogue, with their prices and patterns.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{ToSql, params};

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::catalogue::{ChargeOn, CountryPrice, ReuseTerms};
use crate::domain::market_names::{FivesimName, MarketNames, ServiceCode};
use crate::domain::{Amount, Service, ServiceId, Timestamp};

/// A service that is to be added, or the new contents of one that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewService {
    /// The name, which no other service has.
    pub name: String,
    /// What other markets call it; no other service has one of these names.
    pub market_names: MarketNames,
    /// The price of an order.
    pub price: Amount,
    /// The price in countries where it differs from `price`, by the country's code as answers spell
    /// it.
    pub country_prices: BTreeMap<String, CountryPrice>,
    /// Of the services whose patterns fit a message, the one with the highest priority gets it.
    pub priority: i64,
    /// How its numbers can be ordered again.
    pub reuse: ReuseTerms,
    /// What completes and charges an order, if that is not the default.
    pub charge_on: Option<ChargeOn>,
    /// Regular expressions, one of which the sender must match. With none, any sender does.
    pub senders: Vec<String>,
    /// Regular expressions, one of which the text must match. With none, any text does.
    pub texts: Vec<String>,
}

impl NewService {
    /// A service that is sold everywhere at one price, has no names on other markets and no
    /// patterns, and is reused and charged as the settings for all services say.
    pub fn new(name: impl Into<String>, price: Amount) -> NewService {
        NewService {
            name: name.into(),
            market_names: MarketNames::default(),
            price,
            country_prices: BTreeMap::new(),
            priority: 0,
            reuse: ReuseTerms::default(),
            charge_on: None,
            senders: Vec::new(),
            texts: Vec::new(),
        }
    }
}

const SERVICE: &str = "SELECT id, name, price_minor, enabled, priority, reuse_window_us, \
                       reuse_price_percent, charge_on, market_code, fivesim_name FROM service";

fn service(row: &Row<'_>) -> rusqlite::Result<Service> {
    Ok(Service {
        id: ServiceId(row.get(0)?),
        name: row.get(1)?,
        market_names: MarketNames {
            code: row.get::<Option<String>>(8)?.map(ServiceCode::from_stored),
            fivesim: row.get::<Option<String>>(9)?.map(FivesimName::from_stored),
        },
        price: Amount(row.get(2)?),
        country_prices: BTreeMap::new(),
        enabled: row.get(3)?,
        priority: row.get(4)?,
        reuse: ReuseTerms {
            window: row.get::<Option<i64>>(5)?.map(|us| Duration::from_micros(us.unsigned_abs())),
            price_percent: row.get(6)?,
        },
        charge_on: match row.get_ref(7)? {
            ValueRef::Null => None,
            _ => Some(parsed(row, 7)?),
        },
        senders: Vec::new(),
        texts: Vec::new(),
    })
}

impl ReadTx<'_> {
    /// The longest reuse window that a service has of its own.
    pub fn longest_reuse_window(&self) -> Result<Option<Duration>, StoreError> {
        let sql = "SELECT max(reuse_window_us) FROM service";
        let longest = self.first(sql, [], |row| row.get::<Option<i64>>(0))?.flatten();
        Ok(longest.map(|us| Duration::from_micros(us.unsigned_abs())))
    }

    /// All services, by id.
    pub fn services(&self) -> Result<Vec<Service>, StoreError> {
        let mut services = self.all(&format!("{SERVICE} ORDER BY id"), [], service)?;
        self.add_details(&mut services, None)?;
        Ok(services)
    }

    pub fn service(&self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        let found = self.first(&format!("{SERVICE} WHERE id = $1"), [id.0], service)?;
        found.map(|service| self.with_details(service)).transpose()
    }

    /// The name of a service.
    pub fn service_name(&self, id: ServiceId) -> Result<Option<String>, StoreError> {
        self.first("SELECT name FROM service WHERE id = $1", [id.0], |row| row.get(0))
    }

    /// The service with this name, or the one whose name differs only in small and capital letters
    /// of ASCII.
    pub fn service_named_like(&self, name: &str) -> Result<Option<Service>, StoreError> {
        let sql =
            format!("{SERVICE} WHERE name = $1 COLLATE NOCASE ORDER BY name = $1 DESC, id LIMIT 1");
        let found = self.first(&sql, [name], service)?;
        found.map(|service| self.with_details(service)).transpose()
    }

    /// The service that has this code in the handler_api dialect, if it may be ordered.
    pub fn service_with_code(&self, code: &str) -> Result<Option<ServiceId>, StoreError> {
        let sql = "SELECT id FROM service WHERE market_code = $1 AND enabled = 1";
        self.first(sql, [code], |row| row.get(0).map(ServiceId))
    }

    /// The service on sale that has this name in the dialect of 5sim.
    pub fn service_with_fivesim_name(
        &self,
        name: &FivesimName,
    ) -> Result<Option<ServiceId>, StoreError> {
        let sql = "SELECT id FROM service WHERE fivesim_name = $1 AND enabled = 1";
        self.first(sql, [name.as_str()], |row| row.get(0).map(ServiceId))
    }

    /// Whether a service was ever ordered.
    pub fn has_orders_of(&self, service: ServiceId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM orders WHERE service_id = $1 LIMIT 1";
        Ok(self.first(sql, [service.0], |_| Ok(()))?.is_some())
    }

    fn with_details(&self, mut service: Service) -> Result<Service, StoreError> {
        let id = service.id;
        self.add_details(std::slice::from_mut(&mut service), Some(id))?;
        Ok(service)
    }

    /// Adds their prices and patterns to services, which are in the order of their ids: to one, or
    /// to all that there are.
    fn add_details(
        &self,
        services: &mut [Service],
        only: Option<ServiceId>,
    ) -> Result<(), StoreError> {
        let (value, which) = match &only {
            Some(id) => (Some(&id.0 as &dyn ToSql), "WHERE service_id = $1"),
            None => (None, ""),
        };
        let prices =
            format!("SELECT service_id, country, price_minor, sold FROM service_price {which}");
        let prices = self.all(&prices, value.as_slice(), |row| {
            let price = match row.get(3)? {
                true => CountryPrice::Amount(Amount(row.get(2)?)),
                false => CountryPrice::Off,
            };
            Ok((ServiceId(row.get(0)?), row.get::<String>(1)?, price))
        })?;
        let patterns = format!(
            "SELECT service_id, kind = 'sender', pattern FROM service_pattern {which} ORDER BY \
             service_id, kind, id"
        );
        let patterns = self.all(&patterns, value.as_slice(), |row| {
            Ok((ServiceId(row.get(0)?), row.get(1)?, row.get::<String>(2)?))
        })?;
        for (id, country, price) in prices {
            if let Some(service) = find(services, id) {
                service.country_prices.insert(country, price);
            }
        }
        for (id, is_sender, pattern) in patterns {
            if let Some(service) = find(services, id) {
                let patterns = if is_sender { &mut service.senders } else { &mut service.texts };
                patterns.push(pattern);
            }
        }
        Ok(())
    }
}

/// The service with this id, among some that are in the order of their ids.
fn find(services: &mut [Service], id: ServiceId) -> Option<&mut Service> {
    let place = services.binary_search_by_key(&id, |service| service.id).ok()?;
    services.get_mut(place)
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl WriteTx<'_> {
    /// Adds an enabled service and returns its id.
    pub fn add_service(&self, new: &NewService) -> Result<ServiceId, StoreError> {
        // Customers may have kept the id of a service that was removed.
        let sql = "INSERT INTO service (id, name, price_minor, priority, reuse_window_us, \
                   reuse_price_percent, charge_on, market_code, fivesim_name) VALUES ((SELECT \
                   coalesce(max(id), 0) + 1 FROM (SELECT id FROM service UNION ALL SELECT id FROM \
                   removed_service) AS used), $1, $2, $3, $4, $5, $6, $7, $8)";
        let ReuseTerms { window, price_percent } = new.reuse;
        let values = params![
            new.name,
            new.price.0,
            new.priority,
            window.map(micros),
            price_percent,
            new.charge_on.map(ChargeOn::as_str),
            new.market_names.code.as_ref().map(ServiceCode::as_str),
            new.market_names.fivesim.as_ref().map(FivesimName::as_str),
        ];
        let id = ServiceId(self.insert(sql, values)?);
        self.add_details(id, new)?;
        Ok(id)
    }

    /// Sets whether a service can be ordered.
    pub fn enable_service(&self, id: ServiceId, enabled: bool) -> Result<(), StoreError> {
        let sql = "UPDATE service SET enabled = $1 WHERE id = $2";
        self.change_one(sql, params![enabled, id.0], "service", id)
    }

    /// Takes away what other markets call a service, so that another one may be called so.
    pub fn clear_market_names(&self, id: ServiceId) -> Result<(), StoreError> {
        let sql = "UPDATE service SET market_code = NULL, fivesim_name = NULL WHERE id = $1";
        self.change_one(sql, [id.0], "service", id)
    }

    /// Replaces a service's prices, names on other markets, priority, terms and patterns. Its own
    /// name stays.
    pub fn update_service(&self, id: ServiceId, new: &NewService) -> Result<(), StoreError> {
        let sql = "UPDATE service SET price_minor = $1, priority = $2, reuse_window_us = $3, \
                   reuse_price_percent = $4, charge_on = $5, market_code = $6, fivesim_name = $7 \
                   WHERE id = $8";
        let ReuseTerms { window, price_percent } = new.reuse;
        let charge_on = new.charge_on.map(ChargeOn::as_str);
        let values = params![
            new.price.0,
            new.priority,
            window.map(micros),
            price_percent,
            charge_on,
            new.market_names.code.as_ref().map(ServiceCode::as_str),
            new.market_names.fivesim.as_ref().map(FivesimName::as_str),
            id.0,
        ];
        self.change_one(sql, values, "service", id)?;
        self.change("DELETE FROM service_price WHERE service_id = $1", [id.0])?;
        self.change("DELETE FROM service_pattern WHERE service_id = $1", [id.0])?;
        self.add_details(id, new)
    }

    /// Removes a service that was never ordered, and remembers its id.
    pub fn remove_service(&self, service: &Service, at: Timestamp) -> Result<(), StoreError> {
        let sql = "INSERT INTO removed_service (id, name, removed_at) VALUES ($1, $2, $3)";
        self.change(sql, params![service.id.0, service.name, at.0])?;
        self.change("DELETE FROM service_price WHERE service_id = $1", [service.id.0])?;
        self.change("DELETE FROM service_pattern WHERE service_id = $1", [service.id.0])?;
        self.remove_account_prices_of(service.id)?;
        self.remove_favourites_of(service.id)?;
        self.change_one("DELETE FROM service WHERE id = $1", [service.id.0], "service", service.id)
    }

    fn add_details(&self, id: ServiceId, new: &NewService) -> Result<(), StoreError> {
        for (country, price) in &new.country_prices {
            let sql = "INSERT INTO service_price (service_id, country, price_minor, sold) VALUES \
                       ($1, $2, $3, $4)";
            let (amount, is_sold) = match price {
                CountryPrice::Amount(amount) => (amount.0, true),
                CountryPrice::Off => (0, false),
            };
            self.change(sql, params![id.0, country, amount, is_sold])?;
        }
        for (kind, patterns) in [("sender", &new.senders), ("text", &new.texts)] {
            for pattern in patterns {
                let sql =
                    "INSERT INTO service_pattern (service_id, kind, pattern) VALUES ($1, $2, $3)";
                self.change(sql, params![id.0, kind, pattern])?;
            }
        }
        Ok(())
    }
}
