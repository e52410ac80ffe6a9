//! Services: the operator's verbs.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::explain::find_service;
use super::{Error, Gateway};
use crate::domain::{Catalogue, Service, ServiceId};
use crate::store::{Actor, NewService, WriteTx};

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Services that were not there before.
    pub added: usize,
    /// Services that were.
    pub updated: usize,
}

impl Gateway {
    /// Adds a service, enabled. Its patterns and countries are checked first.
    pub async fn add_service(&self, new: NewService) -> Result<Service, Error> {
        let new = NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
        check(&new)?;
        let (gateway, now) = (self.clone(), self.env.now());
        self.env
            .store
            .write(move |tx| {
                if tx.has_service_named(&new.name)? {
                    return Err(Error::refused(format!("there is a service {} already", new.name)));
                }
                let id = tx.add_service(&new)?;
                tx.note(Actor::Operator, "added", format!("service {id}"), now)?;
                let added = gateway.reload(tx)?.into_iter().find(|service| service.id == id);
                added.ok_or_else(|| Error::refused("the service was not added"))
            })
            .await
    }

    /// Takes a whole catalogue, all of it or nothing: adds what is not there by name, and gives
    /// what is there its prices, priority and patterns. What it does not name stays.
    pub async fn import_services(&self, services: Vec<NewService>) -> Result<Imported, Error> {
        let known = services.into_iter().map(|new| {
            let new =
                NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
            check(&new).map(|()| new).map_err(|error| Error::refused(error.to_string()))
        });
        let services = known.collect::<Result<Vec<_>, Error>>()?;
        let (gateway, now) = (self.clone(), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let mut imported = Imported { added: 0, updated: 0 };
                for new in &services {
                    match tx.service_named(&new.name)? {
                        Some(known) => {
                            tx.update_service(known.id, new)?;
                            imported.updated += 1;
                        }
                        None => {
                            tx.add_service(new)?;
                            imported.added += 1;
                        }
                    }
                }
                tx.note(Actor::Operator, "imported", format!("{} services", services.len()), now)?;
                gateway.reload(tx).map(|_| imported)
            })
            .await
    }

    /// Reads the services from the database again.
    pub async fn reread_services(&self) -> Result<(), Error> {
        let gateway = self.clone();
        self.env.store.write(move |tx| gateway.reload(tx).map(drop)).await
    }

    /// From the commit on messages are matched by the services as they are now.
    fn reload(&self, tx: &WriteTx<'_>) -> Result<Vec<Service>, Error> {
        let services = tx.services()?;
        let (catalogue, compiled) =
            (Arc::clone(&self.catalogue), Arc::new(Catalogue::new(&services)?));
        tx.after_commit(move || *catalogue.write() = compiled);
        Ok(services)
    }

    /// A service can be ordered from now on, or not any more. What is open of it goes on.
    pub async fn enable_service(&self, reference: String, enabled: bool) -> Result<Service, Error> {
        let (gateway, now) = (self.clone(), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let id = find_service(tx, &reference)?.id;
                tx.enable_service(id, enabled)?;
                let deed = if enabled { "enabled" } else { "disabled" };
                tx.note(Actor::Operator, deed, format!("service {id}"), now)?;
                gateway.reload(tx)?;
                find_service(tx, &reference)
            })
            .await
    }

    /// All services.
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        Ok(self.env.store.read(|rows| rows.services()).await?)
    }

    fn known_countries<V>(
        &self,
        by_text: BTreeMap<String, V>,
    ) -> Result<BTreeMap<String, V>, Error> {
        let countries = &self.env.settings().countries;
        let known = by_text.into_iter().map(|(text, value)| match countries.find(&text) {
            Some(country) => Ok((country.code.clone(), value)),
            None => {
                Err(Error::refused(format!("no country {text}; there are {}", countries.codes())))
            }
        });
        known.collect()
    }
}

fn check(new: &NewService) -> Result<(), Error> {
    if new.name.trim().is_empty() || new.name.chars().any(char::is_control) {
        return Err(Error::refused("a service's name is some text"));
    }
    let prices = new.country_prices.values().chain([&new.price]);
    if prices.into_iter().any(|price| price.0 < 0) {
        return Err(Error::refused("a price is 0.00 or more"));
    }
    if new.reuse.price_percent.is_some_and(|percent| percent > 1000) {
        return Err(Error::refused("a reuse price is from 0 to 1000 percent"));
    }
    let service = Service {
        id: ServiceId(0),
        name: new.name.clone(),
        price: new.price,
        country_prices: new.country_prices.clone(),
        enabled: true,
        priority: new.priority,
        reuse: new.reuse,
        senders: new.senders.clone(),
        texts: new.texts.clone(),
    };
    Ok(Catalogue::check(&service)?)
}
