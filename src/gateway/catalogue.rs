//! Services: the operator's verbs.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use super::{Error, Gateway};
use crate::domain::{Catalogue, Service, ServiceId};
use crate::store::NewService;

impl Gateway {
    /// Adds a service, enabled. Its patterns and countries are checked first.
    pub async fn add_service(&self, new: NewService) -> Result<Service, Error> {
        let new = NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
        check(&new)?;
        let catalogue = Arc::clone(&self.catalogue);
        self.store
            .write(move |tx| {
                if tx.has_service_named(&new.name)? {
                    return Err(Error::refused(format!("there is a service {} already", new.name)));
                }
                let id = tx.add_service(&new)?;
                let services = tx.services()?;
                let compiled = Arc::new(Catalogue::new(&services)?);
                tx.after_commit(move || *catalogue.write().unwrap_or_else(PoisonError::into_inner) = compiled);
                let added = services.into_iter().find(|service| service.id == id);
                added.ok_or_else(|| Error::refused("the service was not added"))
            })
            .await
    }

    /// All services.
    pub async fn services(&self) -> Result<Vec<Service>, Error> {
        Ok(self.store.read(|rows| rows.services()).await?)
    }

    fn known_countries<V>(&self, by_text: BTreeMap<String, V>) -> Result<BTreeMap<String, V>, Error> {
        let countries = &self.settings.countries;
        let known = by_text.into_iter().map(|(text, value)| match countries.find(&text) {
            Some(country) => Ok((country.code.clone(), value)),
            None => Err(Error::refused(format!("no country {text}; there are {}", countries.codes()))),
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
    let service = Service {
        id: ServiceId(0),
        name: new.name.clone(),
        price: new.price,
        country_prices: new.country_prices.clone(),
        enabled: true,
        priority: new.priority,
        senders: new.senders.clone(),
        texts: new.texts.clone(),
    };
    Ok(Catalogue::check(&service)?)
}
