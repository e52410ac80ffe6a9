//! Pure: how a service is changed by the operator or by a catalogue, and what the change was.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::catalogue::{ChargeOn, CountryPrice};
use crate::domain::country::Countries;
use crate::domain::market_names::{FivesimName, ServiceCode};
use crate::domain::{Amount, Currency, Service};
use crate::store::NewService;

/// What is to change of a service. What is `None` or empty stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceEdit {
    /// The price of an order.
    pub price: Option<Amount>,
    /// The prices of countries; `None` takes a country's own price away.
    pub country_prices: BTreeMap<String, Option<CountryPrice>>,
    /// The precedence over other services.
    pub priority: Option<i64>,
    /// How long numbers can be ordered again; `Some(None)` is as configured for all services.
    pub reuse_window: Option<Option<Duration>>,
    /// The price of that in percent; `Some(None)` is as configured for all services.
    pub reuse_price_percent: Option<Option<u32>>,
    /// What an order is charged for; `Some(None)` is the default.
    pub charge_on: Option<Option<ChargeOn>>,
    /// Its code on other markets; `Some(None)` takes it away.
    pub code: Option<Option<ServiceCode>>,
    /// Its name in 5sim's dialect; `Some(None)` takes it away.
    pub fivesim: Option<Option<FivesimName>>,
    /// The patterns of senders.
    pub senders: PatternEdit,
    /// The patterns of texts.
    pub texts: PatternEdit,
}

/// What is to change of a service's patterns of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternEdit {
    /// The patterns that replace all there are; none if there are none.
    pub replace: Vec<String>,
    /// Patterns to add, unless they are there.
    pub add: Vec<String>,
    /// Patterns to remove. Each must be there.
    pub remove: Vec<String>,
}

/// A pattern that was to be removed and is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it has no pattern {0}")]
pub struct NoSuchPattern(String);

/// How a catalogue changes services that are there already. New ones are added whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImportMode {
    /// They gain the patterns that they lack, so that more messages match, and names on other
    /// markets where they have none. Nothing else is changed.
    #[default]
    AddPatterns,
    /// They take the catalogue's prices as well.
    TakePrices,
    /// They become what the catalogue says.
    Replace,
}

/// One thing that was changed of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceChange {
    /// It was not there before.
    Added,
    /// The price of an order was changed.
    Price { before: Amount, after: Amount },
    /// Its price in a country; `None` is the price of all countries.
    CountryPrice { country: String, before: Option<CountryPrice>, after: Option<CountryPrice> },
    /// The precedence among services whose patterns match was changed.
    Priority { before: i64, after: i64 },
    /// How long its numbers can be ordered again; `None` is as configured.
    ReuseWindow { before: Option<Duration>, after: Option<Duration> },
    /// The price of that in percent; `None` is as configured.
    ReusePrice { before: Option<u32>, after: Option<u32> },
    /// What an order is charged for; `None` is the default.
    ChargeOn { before: Option<ChargeOn>, after: Option<ChargeOn> },
    /// Its code on other markets; `None` is none.
    Code { before: Option<ServiceCode>, after: Option<ServiceCode> },
    /// Its name in 5sim's dialect; `None` is none.
    FivesimName { before: Option<FivesimName>, after: Option<FivesimName> },
    /// A pattern of this kind, "sender" or "text", is new.
    PatternAdded { kind: &'static str, pattern: String },
    /// A pattern of this kind is gone.
    PatternRemoved { kind: &'static str, pattern: String },
}

impl ServiceChange {
    /// The change in a few words for the operator, with amounts in the accounts' currency, and
    /// countries by their ISO 3166 codes.
    pub fn in_words(&self, currency: Currency, countries: &Countries) -> String {
        let amount = |price: &Option<CountryPrice>| {
            or_default(price.map(|price| price.text(currency)).as_ref())
        };
        match self {
            ServiceChange::Added => "added".to_owned(),
            ServiceChange::Price { before, after } => {
                format!("price {} -> {}", currency.text(*before), currency.text(*after))
            }
            ServiceChange::CountryPrice { country, before, after } => {
                let country = countries.iso_code(country);
                format!("price in {country} {} -> {}", amount(before), amount(after))
            }
            ServiceChange::Priority { before, after } => format!("priority {before} -> {after}"),
            ServiceChange::ReuseWindow { before, after } => {
                let window = |window: &Option<Duration>| {
                    or_default(window.map(humantime::format_duration).as_ref())
                };
                format!("reuse window {} -> {}", window(before), window(after))
            }
            ServiceChange::ReusePrice { before, after } => {
                let percent = |percent: &Option<u32>| or_default(percent.as_ref());
                format!("reuse price in percent {} -> {}", percent(before), percent(after))
            }
            ServiceChange::ChargeOn { before, after } => {
                let word =
                    |charge: &Option<ChargeOn>| or_default(charge.map(ChargeOn::as_str).as_ref());
                format!("charge on {} -> {}", word(before), word(after))
            }
            ServiceChange::Code { before, after } => {
                format!("code {} -> {}", or_none(before.as_ref()), or_none(after.as_ref()))
            }
            ServiceChange::FivesimName { before, after } => {
                format!("5sim name {} -> {}", or_none(before.as_ref()), or_none(after.as_ref()))
            }
            ServiceChange::PatternAdded { kind, pattern } => format!("{kind} added: {pattern}"),
            ServiceChange::PatternRemoved { kind, pattern } => {
                format!("{kind} removed: {pattern}")
            }
        }
    }
}

fn or_default(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "default".to_owned(), ToString::to_string)
}

fn or_none(value: Option<&impl ToString>) -> String {
    value.map_or_else(|| "none".to_owned(), ToString::to_string)
}

impl ServiceEdit {
    /// The edit that makes a service be as `new` says, but for its name.
    pub fn between(known: &Service, new: &NewService) -> ServiceEdit {
        let mut country_prices: BTreeMap<String, Option<CountryPrice>> =
            known.country_prices.keys().map(|country| (country.clone(), None)).collect();
        let own = new.country_prices.iter();
        country_prices.extend(own.map(|(country, price)| (country.clone(), Some(*price))));
        ServiceEdit {
            price: Some(new.price),
            country_prices,
            priority: Some(new.priority),
            reuse_window: Some(new.reuse.window),
            reuse_price_percent: Some(new.reuse.price_percent),
            charge_on: Some(new.charge_on),
            code: Some(new.market_names.code.clone()),
            fivesim: Some(new.market_names.fivesim.clone()),
            senders: PatternEdit::between(&known.senders, &new.senders),
            texts: PatternEdit::between(&known.texts, &new.texts),
        }
    }

    /// The service as it is after this edit.
    pub(super) fn apply(&self, service: &Service) -> Result<NewService, NoSuchPattern> {
        let mut new = contents(service);
        new.price = self.price.unwrap_or(new.price);
        for (country, price) in &self.country_prices {
            match price {
                Some(price) => new.country_prices.insert(country.clone(), *price),
                None => new.country_prices.remove(country),
            };
        }
        new.priority = self.priority.unwrap_or(new.priority);
        new.reuse.window = self.reuse_window.unwrap_or(new.reuse.window);
        new.reuse.price_percent = self.reuse_price_percent.unwrap_or(new.reuse.price_percent);
        new.charge_on = self.charge_on.unwrap_or(new.charge_on);
        if let Some(code) = &self.code {
            new.market_names.code.clone_from(code);
        }
        if let Some(fivesim) = &self.fivesim {
            new.market_names.fivesim.clone_from(fivesim);
        }
        self.senders.apply(&mut new.senders)?;
        self.texts.apply(&mut new.texts)?;
        Ok(new)
    }
}

impl PatternEdit {
    /// The edit that makes patterns be these.
    fn between(known: &[String], new: &[String]) -> PatternEdit {
        let remove = if new.is_empty() { known.to_vec() } else { Vec::new() };
        PatternEdit { replace: new.to_vec(), add: Vec::new(), remove }
    }

    fn apply(&self, patterns: &mut Vec<String>) -> Result<(), NoSuchPattern> {
        if !self.replace.is_empty() {
            patterns.clear();
            add_missing(patterns, &self.replace);
        }
        for pattern in &self.remove {
            let at = patterns.iter().position(|known| known == pattern);
            patterns.remove(at.ok_or_else(|| NoSuchPattern(pattern.clone()))?);
        }
        add_missing(patterns, &self.add);
        Ok(())
    }
}

fn add_missing(patterns: &mut Vec<String>, new: &[String]) {
    for pattern in new {
        if !patterns.contains(pattern) {
            patterns.push(pattern.clone());
        }
    }
}

/// What a service is after a catalogue that has it as `new` was imported.
pub(super) fn merge(service: &Service, new: &NewService, mode: ImportMode) -> NewService {
    let mut merged = contents(service);
    match mode {
        ImportMode::Replace => return NewService { name: merged.name, ..new.clone() },
        ImportMode::TakePrices => {
            merged.price = new.price;
            merged.country_prices.extend(new.country_prices.clone());
        }
        ImportMode::AddPatterns => {}
    }
    let (names, in_file) = (&mut merged.market_names, new.market_names.clone());
    names.code = names.code.take().or(in_file.code);
    names.fivesim = names.fivesim.take().or(in_file.fivesim);
    // Of a kind that only the other patterns leave open, the first pattern would keep out messages
    // that are the service's now.
    let gains = |own: &Vec<String>| !own.is_empty() || !service.has_patterns();
    if gains(&service.senders) {
        add_missing(&mut merged.senders, &new.senders);
    }
    if gains(&service.texts) {
        add_missing(&mut merged.texts, &new.texts);
    }
    merged
}

fn contents(service: &Service) -> NewService {
    let service = service.clone();
    NewService {
        name: service.name,
        market_names: service.market_names,
        price: service.price,
        country_prices: service.country_prices,
        priority: service.priority,
        reuse: service.reuse,
        charge_on: service.charge_on,
        senders: service.senders,
        texts: service.texts,
    }
}

/// What differs between a service and its new contents.
pub(super) fn changes(before: &Service, after: &NewService) -> Vec<ServiceChange> {
    let mut changes = Vec::new();
    let mut note = |differs: bool, change: ServiceChange| {
        if differs {
            changes.push(change);
        }
    };
    let (old, new) = (before.price, after.price);
    note(old != new, ServiceChange::Price { before: old, after: new });
    let countries: std::collections::BTreeSet<&String> =
        before.country_prices.keys().chain(after.country_prices.keys()).collect();
    for country in countries {
        let own = |prices: &BTreeMap<String, CountryPrice>| prices.get(country).copied();
        let (before, after) = (own(&before.country_prices), own(&after.country_prices));
        let country = country.clone();
        note(before != after, ServiceChange::CountryPrice { country, before, after });
    }
    let (old, new) = (before.priority, after.priority);
    note(old != new, ServiceChange::Priority { before: old, after: new });
    let (old, new) = (before.reuse.window, after.reuse.window);
    note(old != new, ServiceChange::ReuseWindow { before: old, after: new });
    let (old, new) = (before.reuse.price_percent, after.reuse.price_percent);
    note(old != new, ServiceChange::ReusePrice { before: old, after: new });
    let (old, new) = (before.charge_on, after.charge_on);
    note(old != new, ServiceChange::ChargeOn { before: old, after: new });
    let (old, new) = (before.market_names.clone(), after.market_names.clone());
    let code = ServiceChange::Code { before: old.code.clone(), after: new.code.clone() };
    note(old.code != new.code, code);
    let is_other = old.fivesim != new.fivesim;
    note(is_other, ServiceChange::FivesimName { before: old.fivesim, after: new.fivesim });
    for (kind, before, after) in
        [("sender", &before.senders, &after.senders), ("text", &before.texts, &after.texts)]
    {
        for pattern in before {
            let pattern = pattern.clone();
            note(!after.contains(&pattern), ServiceChange::PatternRemoved { kind, pattern });
        }
        for pattern in after {
            let pattern = pattern.clone();
            note(!before.contains(&pattern), ServiceChange::PatternAdded { kind, pattern });
        }
    }
    changes
}

#[cfg(test)]
mod tests;
