//! The catalogue of services, and which of them a message is for.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use regex::{RegexSet, RegexSetBuilder};

use super::money::AmountError;
use super::{Amount, ServiceId, UnknownWord};

/// The most memory that one service's compiled patterns of one kind may take, in bytes.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;

/// On what terms a service's numbers can be ordered again. `None` stands for the setting for all
/// services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReuseTerms {
    /// For how long after an order's completion this is possible; zero means never.
    pub window: Option<Duration>,
    /// The price of such an order, in percent of the usual one.
    pub price_percent: Option<u32>,
}

/// What completes and charges an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeOn {
    /// Any text that is given to it.
    Sms,
    /// A text with a code. One without is shown, and the order stays open.
    Code,
}

impl ChargeOn {
    /// Both.
    pub const ALL: [ChargeOn; 2] = [ChargeOn::Sms, ChargeOn::Code];

    /// The word in the database, in files and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ChargeOn::Sms => "sms",
            ChargeOn::Code => "code",
        }
    }
}

impl FromStr for ChargeOn {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<ChargeOn, UnknownWord> {
        ChargeOn::ALL.into_iter().find(|known| known.as_str() == word).ok_or(UnknownWord)
    }
}

/// What a service costs in one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountryPrice {
    /// Its own price there.
    Amount(Amount),
    /// It is not sold there.
    Off,
}

impl CountryPrice {
    /// The word that stands in place of a price.
    pub const OFF: &str = "off";
}

impl From<Amount> for CountryPrice {
    fn from(amount: Amount) -> CountryPrice {
        CountryPrice::Amount(amount)
    }
}

impl fmt::Display for CountryPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CountryPrice::Amount(amount) => amount.fmt(f),
            CountryPrice::Off => f.write_str(CountryPrice::OFF),
        }
    }
}

impl FromStr for CountryPrice {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<CountryPrice, AmountError> {
        if text == CountryPrice::OFF {
            Ok(CountryPrice::Off)
        } else {
            text.parse().map(CountryPrice::Amount)
        }
    }
}

/// A service as the operator declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The id that customers order by.
    pub id: ServiceId,
    pub name: String,
    /// The price of an order.
    pub price: Amount,
    /// Prices of some countries, by the code that answers use, instead of `price`.
    pub country_prices: BTreeMap<String, CountryPrice>,
    /// Whether it may be ordered.
    pub enabled: bool,
    /// Of the services whose patterns fit a message, the one with the highest priority gets it.
    pub priority: i64,
    /// On what terms its numbers can be ordered again, where these differ from the setting for all
    /// services.
    pub reuse: ReuseTerms,
    /// What completes and charges an order, if the operator has said so.
    pub charge_on: Option<ChargeOn>,
    /// Regular expressions of which the sender must match one. Without any, every sender fits.
    pub senders: Vec<String>,
    /// Regular expressions of which the text must match one. Without any, every text fits.
    pub texts: Vec<String>,
}

impl Service {
    /// The price in `country`; `None` if it is not sold there.
    pub fn price_in(&self, country: &str) -> Option<Amount> {
        match self.country_prices.get(country) {
            Some(CountryPrice::Amount(amount)) => Some(*amount),
            Some(CountryPrice::Off) => None,
            None => Some(self.price),
        }
    }

    /// Whether it has patterns that say which messages are for it.
    pub fn has_patterns(&self) -> bool {
        !self.senders.is_empty() || !self.texts.is_empty()
    }

    /// What completes and charges an order. By default that is a code where the service has
    /// patterns: anybody can send a text in its name, and it sends other texts than codes itself.
    pub fn charges_on(&self) -> ChargeOn {
        let by_default = if self.has_patterns() { ChargeOn::Code } else { ChargeOn::Sms };
        self.charge_on.unwrap_or(by_default)
    }
}

/// A pattern that is not a usable regular expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern of service {service}: {reason}")]
pub struct PatternError {
    pub service: String,
    pub reason: String,
}

#[derive(Debug, Clone)]
struct Patterns {
    senders: Option<RegexSet>,
    texts: Option<RegexSet>,
    priority: i64,
    charges_on: ChargeOn,
}

impl Patterns {
    fn compile(service: &Service) -> Result<Patterns, PatternError> {
        let set = |patterns: &[String]| match patterns {
            [] => Ok(None),
            _ => RegexSetBuilder::new(patterns)
                .size_limit(PATTERN_SIZE_LIMIT)
                .build()
                .map(Some)
                .map_err(|error| PatternError {
                    service: service.name.clone(),
                    reason: error.to_string(),
                }),
        };
        Ok(Patterns {
            senders: set(&service.senders)?,
            texts: set(&service.texts)?,
            priority: service.priority,
            charges_on: service.charges_on(),
        })
    }

    /// How many kinds of pattern the service has. The more there are, the more specific it is.
    fn kinds(&self) -> u8 {
        u8::from(self.senders.is_some()) + u8::from(self.texts.is_some())
    }

    /// Which sender pattern and which text pattern fit, where the service has any. `None` when it
    /// does not claim the message.
    fn claim(&self, sender: &str, text: &str) -> Option<(Option<usize>, Option<usize>)> {
        if !self.fits(sender, text) {
            return None;
        }
        let first = |set: &Option<RegexSet>, text: &str| {
            set.as_ref().and_then(|set| set.matches(text).iter().next())
        };
        Some((first(&self.senders, sender), first(&self.texts, text)))
    }

    fn fits(&self, sender: &str, text: &str) -> bool {
        self.kinds() > 0
            && self.senders.as_ref().is_none_or(|set| set.is_match(sender))
            && self.texts.as_ref().is_none_or(|set| set.is_match(text))
    }
}

/// The patterns of all services, compiled once.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(HashMap<ServiceId, Patterns>);

/// An order that could be given a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting<O> {
    /// The order, in whatever form the caller has it.
    pub order: O,
    pub service: ServiceId,
    /// Whether it still waits for its first SMS; otherwise it collects further ones.
    pub open: bool,
}

/// A service whose patterns fit a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    pub service: ServiceId,
    /// The index of the first of its sender patterns that fits; `None` when it has none.
    pub sender: Option<usize>,
    /// The index of the first of its text patterns that fits; `None` when it has none.
    pub text: Option<usize>,
}

impl Catalogue {
    /// Compiles the patterns of `services`.
    pub fn new<'s>(
        services: impl IntoIterator<Item = &'s Service>,
    ) -> Result<Catalogue, PatternError> {
        services
            .into_iter()
            .map(|service| Ok((service.id, Patterns::compile(service)?)))
            .collect::<Result<_, _>>()
            .map(Catalogue)
    }

    /// What completes and charges an order for a service.
    pub fn charges_on(&self, service: ServiceId) -> ChargeOn {
        self.0.get(&service).map_or(ChargeOn::Sms, |patterns| patterns.charges_on)
    }

    /// Checks that the patterns of a service can be compiled.
    pub fn check(service: &Service) -> Result<(), PatternError> {
        Patterns::compile(service).map(drop)
    }

    /// The services that claim a message, in the order in which their orders would be served, with
    /// the number of the sender pattern and of the text pattern that fit.
    pub fn claims(&self, sender: &str, text: &str) -> Vec<Claim> {
        let claims = self.0.iter().filter_map(|(service, patterns)| {
            let (sender, text) = patterns.claim(sender, text)?;
            Some((patterns, Claim { service: *service, sender, text }))
        });
        let mut claims: Vec<_> = claims.collect();
        claims.sort_by_key(|(patterns, claim)| {
            (-patterns.priority, u8::MAX - patterns.kinds(), claim.service)
        });
        claims.into_iter().map(|(_, claim)| claim).collect()
    }

    /// Chooses which of the orders `waiting` (oldest first) is given the message, if any.
    ///
    /// It is one whose service's patterns fit the message: that of the highest priority, then that
    /// with more kinds of pattern, then an open one before a collecting one, then the oldest. If no
    /// service of the catalogue claims the message, it is an order of a service without patterns.
    pub fn choose<O: Copy>(&self, waiting: &[Waiting<O>], sender: &str, text: &str) -> Option<O> {
        if let Some(chosen) = self.choose_by_pattern(waiting, sender, text) {
            return Some(chosen);
        }
        if self.0.values().any(|patterns| patterns.fits(sender, text)) {
            return None;
        }
        let without = waiting
            .iter()
            .filter(|w| self.0.get(&w.service).is_some_and(|patterns| patterns.kinds() == 0));
        without.rev().max_by_key(|w| w.open).map(|w| w.order)
    }

    /// The same for a message that no order of a service without patterns is given.
    pub fn choose_by_pattern<O: Copy>(
        &self,
        waiting: &[Waiting<O>],
        sender: &str,
        text: &str,
    ) -> Option<O> {
        let fitting = waiting
            .iter()
            .filter_map(|w| Some((w, self.0.get(&w.service)?)))
            .filter(|(_, p)| p.fits(sender, text));
        let best =
            fitting.rev().max_by_key(|(w, patterns)| (patterns.priority, patterns.kinds(), w.open));
        best.map(|(chosen, _)| chosen.order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(id: i64, senders: &[&str], texts: &[&str]) -> Service {
        let own = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
        Service {
            id: ServiceId(id),
            name: format!("service {id}"),
            price: Amount(50),
            country_prices: BTreeMap::new(),
            enabled: true,
            priority: 0,
            reuse: ReuseTerms::default(),
            charge_on: None,
            senders: own(senders),
            texts: own(texts),
        }
    }

    fn waits(order: u8, service: i64, open: bool) -> Waiting<u8> {
        Waiting { order, service: ServiceId(service), open }
    }

    const UBER: i64 = 1;
    const UBER_EATS: i64 = 2;
    const ANY: i64 = 3;
    const TINDER: i64 = 4;

    fn catalogue() -> Catalogue {
        Catalogue::new(&[
            service(UBER, &["^Uber$"], &[]),
            service(UBER_EATS, &["^Uber$"], &["Eats"]),
            service(ANY, &[], &[]),
            service(TINDER, &[], &["(?i)tinder"]),
        ])
        .unwrap()
    }

    #[test]
    fn a_message_goes_to_the_order_whose_service_fits_best() {
        for (waiting, sender, text, expected, why) in [
            (vec![waits(1, UBER, true)], "Uber", "code 1", Some(1), "fits"),
            (vec![waits(1, UBER, true)], "Lyft", "code 1", None, "does not fit"),
            (
                vec![waits(1, UBER, true), waits(2, UBER_EATS, true)],
                "Uber",
                "Eats 1",
                Some(2),
                "the more specific service",
            ),
            (
                vec![waits(1, UBER_EATS, true)],
                "Uber",
                "code 1",
                None,
                "sender and text must both fit",
            ),
            (
                vec![waits(1, UBER, false), waits(2, UBER, true)],
                "Uber",
                "code",
                Some(2),
                "open before collecting",
            ),
            (vec![waits(1, UBER, false)], "Uber", "code", Some(1), "collecting"),
            (
                vec![waits(1, ANY, true)],
                "Unknown",
                "hello",
                Some(1),
                "a service without patterns gets what no service claims",
            ),
            (vec![waits(1, ANY, true)], "x", "your Tinder code", None, "another service claims it"),
            (
                vec![waits(1, ANY, true), waits(2, UBER, false)],
                "Uber",
                "again",
                Some(2),
                "the service that claims it has a collecting order",
            ),
            (
                vec![waits(1, 99, true)],
                "Uber",
                "code",
                None,
                "a service that the catalogue does not know",
            ),
            (vec![], "Uber", "code", None, "no order waits"),
        ] {
            assert_eq!(catalogue().choose(&waiting, sender, text), expected, "{why}");
        }
    }

    #[test]
    fn the_services_that_claim_a_message_and_the_patterns_that_fit() {
        let claim = |service, sender, text| Claim { service: ServiceId(service), sender, text };
        let expected = [claim(UBER_EATS, Some(0), Some(0)), claim(UBER, Some(0), None)];
        assert_eq!(catalogue().claims("Uber", "Eats 1"), expected);
        assert_eq!(catalogue().claims("Nobody", "hello"), []);
    }

    #[test]
    fn a_service_with_patterns_charges_on_codes_unless_it_says_otherwise() {
        let links = Service { charge_on: Some(ChargeOn::Sms), ..service(UBER, &["Uber"], &[]) };
        let codes = Service { charge_on: Some(ChargeOn::Code), ..service(ANY, &[], &[]) };
        for (service, expected) in [
            (service(UBER, &["Uber"], &[]), ChargeOn::Code),
            (service(UBER, &[], &["Uber"]), ChargeOn::Code),
            (service(ANY, &[], &[]), ChargeOn::Sms),
            (links, ChargeOn::Sms),
            (codes, ChargeOn::Code),
        ] {
            assert_eq!(service.charges_on(), expected, "{service:?}");
            assert_eq!(Catalogue::new([&service]).unwrap().charges_on(service.id), expected);
        }
        assert_eq!("code".parse(), Ok(ChargeOn::Code));
        assert!("text".parse::<ChargeOn>().is_err());
    }

    #[test]
    fn priority_goes_before_specificity() {
        let first = Service { priority: 1, ..service(UBER, &["Uber"], &[]) };
        let catalogue = Catalogue::new(&[first, service(UBER_EATS, &["Uber"], &["Eats"])]).unwrap();
        let waiting = [waits(1, UBER_EATS, true), waits(2, UBER, true)];
        assert_eq!(catalogue.choose(&waiting, "Uber", "Eats 1"), Some(2));
    }

    #[test]
    fn bad_and_huge_patterns_are_refused_by_name() {
        for pattern in ["(", "(a{1000}){1000}"] {
            let error = Catalogue::check(&service(1, &[pattern], &[])).unwrap_err();
            assert!(error.to_string().starts_with("pattern of service service 1: "), "{error}");
        }
    }

    #[test]
    fn countries_have_their_own_prices() {
        let service = Service {
            country_prices: BTreeMap::from([
                ("UK".to_owned(), Amount(80).into()),
                ("USA".to_owned(), CountryPrice::Off),
            ]),
            ..service(1, &[], &[])
        };
        let price = |country| service.price_in(country);
        assert_eq!(
            [price("UK"), price("NL"), price("USA")],
            [Some(Amount(80)), Some(Amount(50)), None]
        );
        for text in ["off", "0.80"] {
            assert_eq!(text.parse::<CountryPrice>().unwrap().to_string(), text);
        }
        assert!("Off".parse::<CountryPrice>().is_err());
    }
}
