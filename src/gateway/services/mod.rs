//! Services: what can be ordered, at which price, and the patterns that its messages match.

mod edit;
mod import;
mod names;
mod trying;

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Error;
use super::environment::Environment;
use super::listing::{ListRequest, check_state, find_country};
use super::settings::Settings;
use super::stock::RENTALS;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::catalogue::CountryPrice;
use crate::domain::text::{check_name, counted_noun, did_you_mean, with_question};
use crate::domain::{Catalogue, Service, ServiceId, Timestamp};
use crate::store::{NewService, ReadTx, StoreError, WriteTx};
pub use edit::{ImportMode, PatternEdit, ServiceChange, ServiceEdit};
pub use import::Imported;
use import::{PlannedService, plan};
use names::{check_market_names, names_of_new_service};
pub use trying::{PatternDraft, Trial, TrialClaim, TriedMessage, TriedMessages};

/// The most characters that a service's name may have, so that tables stay readable.
const MAX_NAME: usize = 64;

/// The states of a service in the operator's lists.
const ENABLED: &str = "enabled";
const DISABLED: &str = "disabled";

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
        let new = self.checked(new)?;
        let (subject, now) = (Arc::clone(self), self.env.now());
        let currency = self.env.settings().currency;
        self.env
            .store
            .write(move |tx| {
                if let Some(known) = tx.service_named_like(&new.name)? {
                    let taken = format!("there is a service {} already", known.name);
                    return Err(
                        Error::refused(taken).in_shell("`simbridge service set` changes it")
                    );
                }
                let all = tx.services()?;
                let market_names = names_of_new_service(&new.name, &new.market_names, &all);
                let new = NewService { market_names, ..new };
                let named = all.iter().map(|one| (one.name.as_str(), &one.market_names));
                check_market_names(named.chain([(new.name.as_str(), &new.market_names)]))?;
                let id = tx.add_service(&new)?;
                let subject_of_note =
                    format!("service {id} {}, price {}", new.name, currency.text(new.price));
                tx.note(Actor::Operator, AuditAction::Added, subject_of_note, now)?;
                let added = subject.compile_again(tx)?.into_iter().find(|service| service.id == id);
                added.ok_or_else(|| Error::refused("the service was not added"))
            })
            .await
    }

    /// Changes a service and returns it with what was changed. Its open orders keep their price;
    /// its messages are matched by its new patterns at once.
    pub async fn edit(
        self: &Arc<Self>,
        reference: String,
        edit: ServiceEdit,
    ) -> Result<(Service, Vec<ServiceChange>), Error> {
        let edit =
            ServiceEdit { country_prices: self.known_countries(edit.country_prices)?, ..edit };
        let (subject, now) = (Arc::clone(self), self.env.now());
        let settings = self.env.settings();
        self.env
            .store
            .write(move |tx| {
                let known = find_service(tx, &reference)?;
                let new = edit.apply(&known).map_err(|error| {
                    Error::refused(error.to_string())
                        .in_shell("`simbridge service list` shows those that it has")
                })?;
                check(&new)?;
                let all = tx.services()?;
                let others = all.iter().filter(|other| other.id != known.id);
                let named = others.map(|one| (one.name.as_str(), &one.market_names));
                check_market_names(named.chain([(known.name.as_str(), &new.market_names)]))?;
                let changes = edit::changes(&known, &new);
                if !changes.is_empty() {
                    tx.update_service(known.id, &new)?;
                    note_changes(tx, &known, &changes, (&settings, now))?;
                    subject.compile_again(tx)?;
                }
                Ok((find_service(tx, &known.id.to_string())?, changes))
            })
            .await
    }

    /// Removes a service that was never ordered, and returns it as it was. Its id is never given to
    /// another service.
    pub async fn remove(self: &Arc<Self>, reference: String) -> Result<Service, Error> {
        let (subject, now) = (Arc::clone(self), self.env.now());
        self.env
            .store
            .write(move |tx| {
                let known = find_service(tx, &reference)?;
                if tx.has_orders_of(known.id)? {
                    let name = known.name;
                    let stops = format!("`simbridge service disable {name}` stops its sale");
                    let reason = format!("{name} has been ordered, so it stays");
                    return Err(Error::refused(reason).in_shell(stops));
                }
                tx.remove_service(&known, now)?;
                let subject_of_note = format!("service {} {}", known.id, known.name);
                tx.note(Actor::Operator, AuditAction::Removed, subject_of_note, now)?;
                subject.compile_again(tx)?;
                Ok(known)
            })
            .await
    }

    /// Imports a whole catalogue, all of it or nothing: adds services whose names are new, and
    /// changes the others as `mode` says. Services that it does not name stay as they are. A dry
    /// run only tells what would be changed.
    pub async fn import(
        self: &Arc<Self>,
        services: Vec<NewService>,
        mode: ImportMode,
        dry_run: bool,
    ) -> Result<Imported, Error> {
        let services = services.into_iter().map(|new| {
            let name = new.name.clone();
            self.checked(new).map_err(|error| Error::refused(format!("{name}: {error}")))
        });
        let services = services.collect::<Result<Vec<_>, Error>>()?;
        let (subject, now) = (Arc::clone(self), self.env.now());
        let settings = self.env.settings();
        self.env
            .store
            .write(move |tx| {
                let planned = plan(&tx.services()?, &services, mode)?;
                let imported = Imported::of(&planned);
                if !dry_run {
                    // Two services may swap their names.
                    for service in planned.iter().filter_map(PlannedService::renamed) {
                        tx.clear_market_names(service.id)?;
                    }
                    for one in &planned {
                        carry_out(tx, one, (&settings, now))?;
                    }
                    let (added, updated) = (imported.added(), imported.updated());
                    let added = counted_noun(added, "service", "services");
                    let changed = format!("a catalogue: {added} added, {updated} changed");
                    tx.note(Actor::Operator, AuditAction::Imported, changed, now)?;
                    subject.compile_again(tx)?;
                }
                Ok(imported)
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
                let Service { id, name, .. } = find_service(tx, &reference)?;
                tx.enable_service(id, enabled)?;
                let action = if enabled { AuditAction::Enabled } else { AuditAction::Disabled };
                tx.note(Actor::Operator, action, format!("service {id} {name}"), now)?;
                subject.compile_again(tx)?;
                find_service(tx, &id.to_string())
            })
            .await
    }

    /// All services, whether they are sold or not.
    pub async fn list(&self) -> Result<Vec<Service>, Error> {
        Ok(self.env.store.read(|rows| rows.services()).await?)
    }

    /// The service that claims a message from a sender first, by the patterns of this moment.
    pub fn claimant(&self, sender: &str, text: &str) -> Option<ServiceId> {
        self.catalogue.get().claims(sender, text).first().map(|claim| claim.service)
    }

    /// The service that the operator names by its id, or by its name in capitals or not.
    pub async fn find(&self, reference: String) -> Result<Service, Error> {
        self.env.store.read(move |rows| find_service(rows, &reference)).await
    }

    /// The service that a customer names, by its name in capitals or not, or by its id.
    ///
    /// # Errors
    /// The inner one, when there is none that can be ordered: a hint at the name that may be meant.
    pub async fn on_sale(&self, reference: String) -> Result<Result<ServiceId, String>, Error> {
        let read = self.env.store.read(move |rows| {
            let by_id = reference.parse().ok().map(|id| rows.service(id)).transpose()?.flatten();
            let found = match by_id {
                Some(found) => Some(found),
                None => rows.service_named_like(&reference)?,
            };
            if let Some(found) = found.filter(|service| service.enabled) {
                return Ok(Ok(found.id));
            }
            let on_sale = rows.services()?.into_iter().filter(|service| service.enabled);
            let names: Vec<String> = on_sale.map(|service| service.name).collect();
            Ok::<_, Error>(Err(did_you_mean(&names, &reference)))
        });
        read.await
    }

    /// The service that has this code, in small letters, in the handler_api dialect, if it may be
    /// ordered.
    pub async fn with_code(&self, code: String) -> Result<Option<ServiceId>, Error> {
        Ok(self.env.store.read(move |rows| rows.service_with_code(&code)).await?)
    }

    /// The service on sale with this name in the dialect of 5sim, in small letters or capitals.
    pub async fn with_fivesim_name(&self, name: String) -> Result<Option<ServiceId>, Error> {
        let Ok(name) = name.parse() else { return Ok(None) };
        Ok(self.env.store.read(move |rows| rows.service_with_fivesim_name(&name)).await?)
    }

    /// The services that the operator asks for: all, those in a state, or those that are sold in a
    /// country.
    pub async fn search(&self, request: ListRequest) -> Result<Vec<Service>, Error> {
        let countries = &self.env.settings().countries;
        let country = request.country.map(|code| find_country(countries, &code)).transpose()?;
        let state =
            request.state.map(|word| check_state(word, &[ENABLED, DISABLED])).transpose()?;
        let mut found = self.list().await?;
        found.retain(|service| {
            let word = if service.enabled { ENABLED } else { DISABLED };
            state.as_ref().is_none_or(|state| state == word)
                && country.as_ref().is_none_or(|code| service.price_in(code).is_some())
        });
        Ok(found)
    }

    fn checked(&self, new: NewService) -> Result<NewService, Error> {
        let new = NewService { country_prices: self.known_countries(new.country_prices)?, ..new };
        check(&new).map(|()| new)
    }

    fn known_countries<V>(
        &self,
        by_text: BTreeMap<String, V>,
    ) -> Result<BTreeMap<String, V>, Error> {
        let countries = &self.env.settings().countries;
        let known = by_text.into_iter().map(|(text, value)| match countries.find(&text) {
            Some(country) => Ok((country.code.clone(), value)),
            None => Err(Error::refused(format!(
                "no country {text}; there are {}",
                countries.iso_codes()
            ))),
        });
        known.collect()
    }
}

/// Carries out what is planned for one service of a catalogue.
fn carry_out(
    tx: &WriteTx<'_>,
    planned: &PlannedService,
    (settings, now): (&Settings, Timestamp),
) -> Result<(), StoreError> {
    let PlannedService { known, contents, changes, .. } = planned;
    match known {
        Some(_) if changes.is_empty() => Ok(()),
        Some(known) => {
            tx.update_service(known.id, contents)?;
            note_changes(tx, known, changes, (settings, now))
        }
        None => {
            let id = tx.add_service(contents)?;
            let price = settings.currency.text(contents.price);
            let subject = format!("service {id} {}, price {price}", contents.name);
            tx.note(Actor::Operator, AuditAction::Added, subject, now)
        }
    }
}

fn note_changes(
    tx: &WriteTx<'_>,
    service: &Service,
    changes: &[ServiceChange],
    (settings, now): (&Settings, Timestamp),
) -> Result<(), StoreError> {
    let in_words = |change: &ServiceChange| change.in_words(settings.currency, &settings.countries);
    let changes: Vec<String> = changes.iter().map(in_words).collect();
    let subject = format!("service {} {}: {}", service.id, service.name, changes.join(", "));
    tx.note(Actor::Operator, AuditAction::Changed, subject, now)
}

fn check(new: &NewService) -> Result<(), Error> {
    let name = &new.name;
    // A number would be taken for an id.
    if name.trim().is_empty()
        || name.chars().count() > MAX_NAME
        || name.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Err(Error::refused(format!(
            "a service name has at most {MAX_NAME} characters, at least one of them a letter"
        )));
    }
    if name.trim() != name {
        return Err(Error::refused("a service name does not begin or end with a space"));
    }
    check_name(name)
        .map_err(|error| Error::refused(format!("a service's name cannot be this: {error}")))?;
    if name.eq_ignore_ascii_case(RENTALS) {
        return Err(Error::refused(format!("no service can be called {name}"))
            .in_shell("`simbridge explain rentals` explains rentals"));
    }
    let is_negative = |price: &CountryPrice| matches!(price, CountryPrice::Amount(a) if a.0 < 0);
    if new.price.0 < 0 || new.country_prices.values().any(is_negative) {
        return Err(Error::refused("a price is 0.00 or more"));
    }
    if new.reuse.price_percent.is_some_and(|percent| percent > 1000) {
        return Err(Error::refused("a reuse price is from 0 to 1000 percent"));
    }
    let service = Service {
        country_prices: new.country_prices.clone(),
        priority: new.priority,
        reuse: new.reuse,
        charge_on: new.charge_on,
        senders: new.senders.clone(),
        texts: new.texts.clone(),
        ..Service::new(ServiceId(0), &new.name, new.price)
    };
    Ok(Catalogue::check(&service)?)
}

/// The service that the operator names by its id, or by its name in capitals or not.
pub(super) fn find_service(rows: &ReadTx<'_>, reference: &str) -> Result<Service, Error> {
    let by_id = reference.parse().ok().map(|id| rows.service(id)).transpose()?.flatten();
    let found = match by_id {
        Some(found) => Some(found),
        None => rows.service_named_like(reference)?,
    };
    match found {
        Some(found) => Ok(found),
        None => {
            let names: Vec<String> = rows.services()?.into_iter().map(|one| one.name).collect();
            let hint = did_you_mean(&names, reference);
            Err(Error::refused(with_question(&format!("no service {reference}"), &hint))
                .in_shell("`simbridge service list` shows all"))
        }
    }
}
