//! Pure: how a service is changed by the operator or by a catalogue, and what the change was.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::catalogue::{ChargeOn, CountryPrice};
use crate::domain::country::Countries;
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
    /// They gain the patterns that they lack, so that more messages match, and nothing else is
    /// changed.
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
    let Service { name, price, country_prices, priority, reuse, charge_on, senders, texts, .. } =
        service.clone();
    NewService { name, price, country_prices, priority, reuse, charge_on, senders, texts }
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
mod tests {
    use super::*;
    use crate::domain::ServiceId;

    fn uber() -> Service {
        Service {
            country_prices: [("UK".to_owned(), Amount(80).into())].into(),
            senders: vec!["^Uber$".into(), "^UBER$".into()],
            ..Service::new(ServiceId(1), "Uber", Amount(50))
        }
    }

    fn shown(before: &Service, after: &NewService) -> Vec<String> {
        let words = |change: &ServiceChange| change.in_words(Currency::USD, &Countries::default());
        changes(before, after).iter().map(words).collect()
    }

    #[test]
    fn an_edit_changes_what_it_names_and_nothing_else() {
        let edit = ServiceEdit {
            price: Some(Amount(95)),
            country_prices: [("UK".to_owned(), None), ("NL".to_owned(), Some(CountryPrice::Off))]
                .into(),
            reuse_window: Some(Some(Duration::from_secs(3600))),
            charge_on: Some(Some(ChargeOn::Sms)),
            senders: PatternEdit {
                add: vec!["^Uber BV$".into(), "^Uber$".into()],
                remove: vec!["^UBER$".into()],
                ..PatternEdit::default()
            },
            texts: PatternEdit { replace: vec!["code".into()], ..PatternEdit::default() },
            ..ServiceEdit::default()
        };
        let after = edit.apply(&uber()).unwrap();
        assert_eq!(
            shown(&uber(), &after),
            [
                "price 0.50 -> 0.95",
                "price in NL default -> off",
                "price in GB 0.80 -> default",
                "reuse window default -> 1h",
                "charge on default -> sms",
                "sender removed: ^UBER$",
                "sender added: ^Uber BV$",
                "text added: code",
            ]
        );
        assert_eq!(shown(&uber(), &ServiceEdit::default().apply(&uber()).unwrap()), [""; 0]);
        let nothing = PatternEdit { remove: vec!["^Lyft$".into()], ..PatternEdit::default() };
        let edit = ServiceEdit { senders: nothing, ..ServiceEdit::default() };
        assert_eq!(edit.apply(&uber()), Err(NoSuchPattern("^Lyft$".into())));
    }

    #[test]
    fn an_edit_makes_a_service_be_as_it_is_wanted() {
        let other = NewService {
            price: Amount(95),
            country_prices: [("NL".to_owned(), CountryPrice::Off)].into(),
            priority: 3,
            charge_on: Some(ChargeOn::Sms),
            senders: vec![],
            texts: vec!["code".into(), "Uber".into()],
            ..contents(&uber())
        };
        for wanted in [other, contents(&uber())] {
            let edit = ServiceEdit::between(&uber(), &wanted);
            assert_eq!(edit.apply(&uber()).as_ref(), Ok(&wanted));
        }
    }

    #[test]
    fn an_import_takes_only_what_its_mode_says() {
        let file = NewService {
            price: Amount(60),
            country_prices: [("NL".to_owned(), Amount(70).into())].into(),
            priority: 5,
            senders: vec!["^Uber$".into(), "^Uber BV$".into()],
            texts: vec!["code".into()],
            ..contents(&uber())
        };
        let import = |mode| shown(&uber(), &merge(&uber(), &file, mode));
        assert_eq!(import(ImportMode::AddPatterns), ["sender added: ^Uber BV$"]);
        assert_eq!(
            import(ImportMode::TakePrices),
            ["price 0.50 -> 0.60", "price in NL default -> 0.70", "sender added: ^Uber BV$"]
        );
        assert_eq!(
            import(ImportMode::Replace),
            [
                "price 0.50 -> 0.60",
                "price in NL default -> 0.70",
                "price in GB 0.80 -> default",
                "priority 0 -> 5",
                "sender removed: ^UBER$",
                "sender added: ^Uber BV$",
                "text added: code",
            ]
        );
        let bare = Service { senders: vec![], ..uber() };
        let gained = shown(&bare, &merge(&bare, &file, ImportMode::AddPatterns));
        assert_eq!(gained, ["sender added: ^Uber$", "sender added: ^Uber BV$", "text added: code"]);
    }
}
