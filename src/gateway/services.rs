//! Services: what can be ordered, at which price, and the patterns that its messages match.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Error;
use super::environment::Environment;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::{Catalogue, Service, ServiceId, code};
use crate::store::{NewService, ReadTx, WriteTx};

/// What an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Services that were not there before.
    pub added: usize,
    /// Services that were there and were changed.
    pub updated: usize,
}

/// How a message would be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The code that would be found.
    pub code: Option<String>,
    /// The block list's rule that would withhold it.
    pub withheld: Option<String>,
    /// The services that claim it, best first, each with its patterns that fit.
    pub claims: Vec<TrialClaim>,
}

/// A service that claims a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialClaim {
    /// The service's name.
    pub service: String,
    /// Its sender pattern that fits.
    pub sender: Option<String>,
    /// Its text pattern that fits.
    pub text: Option<String>,
}

/// The compiled patterns by which messages are matched at this moment.
pub(super) struct CurrentCatalogue(RwLock<Arc<Catalogue>>);

impl CurrentCatalogue {
    pub(super) fn new(catalogue: Catalogue) -> CurrentCatalogue {
        CurrentCatalogue(RwLock::new(Arc::new(catalogue)))
    }

    pub(super) fn get(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read())
    }

    fn replace(&self, catalogue: Catalogue) {
        *self.0.write() = Arc::new(catalogue);
    }
}

/// The services on offer.
pub struct Services {
    env: Arc<Environment>,
    catalogue: Arc<CurrentCatalogue>,
}

impl Services {
    pub(super) fn new(env: Arc<Environment>, catalogue: Arc<CurrentCatalogue>) -> Services {
        Services { env, catalogue }
    }

    /// Adds a service, enabled. Its patterns and countries are checked first.
    pub async fn add(self: &Arc<Self>, new: NewService) -> Result<Service, Error> {
        let new = NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
        check(&new)?;
        let (subject, now) = (Arc::clone(self), self.env.now());
        self.env
            .store
            .write(move |tx| {
                if tx.has_service_named(&new.name)? {
                    return Err(Error::refused(format!("there is a service {} already", new.name)));
                }
                let id = tx.add_service(&new)?;
                tx.note(Actor::Operator, AuditAction::Added, format!("service {id}"), now)?;
                let added = subject.compile_again(tx)?.into_iter().find(|service| service.id == id);
                added.ok_or_else(|| Error::refused("the service was not added"))
            })
            .await
    }

    /// Imports a whole catalogue, all of it or nothing: adds services whose names are new, and
    /// replaces the prices, the priority and the patterns of the others. Services that it does not
    /// name stay as they are.
    pub async fn import(self: &Arc<Self>, services: Vec<NewService>) -> Result<Imported, Error> {
        let known = services.into_iter().map(|new| {
            let new =
                NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
            check(&new).map(|()| new).map_err(|error| Error::refused(error.to_string()))
        });
        let services = known.collect::<Result<Vec<_>, Error>>()?;
        let (subject, now) = (Arc::clone(self), self.env.now());
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
                tx.note(
                    Actor::Operator,
                    AuditAction::Imported,
                    format!("{} services", services.len()),
                    now,
                )?;
                subject.compile_again(tx).map(|_| imported)
            })
            .await
    }

    /// Reads the services from the database again.
    pub async fn reload(self: &Arc<Self>) -> Result<(), Error> {
        let subject = Arc::clone(self);
        self.env.store.write(move |tx| subject.compile_again(tx).map(drop)).await
    }

    /// Compiles the services as they are now; from the commit on messages are matched by them.
    fn compile_again(&self, tx: &WriteTx<'_>) -> Result<Vec<Service>, Error> {
        let services = tx.services()?;
        let (current, compiled) = (Arc::clone(&self.catalogue), Catalogue::new(&services)?);
        tx.after_commit(move || current.replace(compiled));
        Ok(services)
    }

    /// Enables or disables a service for new orders. Orders that are open are not affected.
    pub async fn set_enabled(
        self: &Arc<Self>,
        reference: String,
        enabled: bool,
    ) -> Result<Service, Error> {
        let (subject, now) = (Arc::clone(self), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let id = find_service(tx, &reference)?.id;
                tx.enable_service(id, enabled)?;
                let action = if enabled { AuditAction::Enabled } else { AuditAction::Disabled };
                tx.note(Actor::Operator, action, format!("service {id}"), now)?;
                subject.compile_again(tx)?;
                find_service(tx, &reference)
            })
            .await
    }

    /// All services.
    pub async fn list(&self) -> Result<Vec<Service>, Error> {
        Ok(self.env.store.read(|rows| rows.services()).await?)
    }

    /// Which services would claim a message, which code would be found in it, and whether it would
    /// be withheld.
    pub async fn try_message(&self, sender: &str, text: &str) -> Result<Trial, Error> {
        let services = self.list().await?;
        let claims = self.catalogue.get().claims(sender, text);
        let claims = claims.into_iter().filter_map(|claim| {
            let service = services.iter().find(|service| service.id == claim.service)?;
            let pattern = |patterns: &[String], at: Option<usize>| {
                at.and_then(|at| patterns.get(at).cloned())
            };
            Some(TrialClaim {
                service: service.name.clone(),
                sender: pattern(&service.senders, claim.sender),
                text: pattern(&service.texts, claim.text),
            })
        });
        Ok(Trial {
            code: code::find(text),
            withheld: self.env.settings().block_list.rule(sender, text).map(str::to_owned),
            claims: claims.collect(),
        })
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

/// The service that the operator names by its name or its id.
pub(super) fn find_service(rows: &ReadTx<'_>, reference: &str) -> Result<Service, Error> {
    let by_id = reference.parse().ok().map(|id| rows.service(id)).transpose()?.flatten();
    let found = match by_id {
        Some(found) => Some(found),
        None => rows.service_named(reference)?,
    };
    found.ok_or_else(|| {
        Error::refused(format!("no service {reference}; `simbridge service list` shows them"))
    })
}
