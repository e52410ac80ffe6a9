//! The catalogue of services, and which of them a message is for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::str::FromStr;
use std::time::Duration;

use regex::{RegexSet, RegexSetBuilder};

use super::currency::AmountError;
use super::market_names::MarketNames;
use super::{Amount, Currency, ServiceId, UnknownWord};

/// The most memory that one service's compiled patterns of one kind may take, in bytes.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;
/// How much memory may be used to remember, for all patterns of one kind, how messages were
/// compared with them before, in bytes. With less than the patterns of 500 services need, comparing
/// takes many times as long.
const STATE_CACHE_SIZE: usize = 4 << 20;

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
    /// Both of what an order can be charged for.
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

    /// Reads a price, or the word.
    ///
    /// # Errors
    /// The text is neither.
    pub fn parse(text: &str, currency: Currency) -> Result<CountryPrice, AmountError> {
        if text == CountryPrice::OFF {
            Ok(CountryPrice::Off)
        } else {
            currency.parse(text).map(CountryPrice::Amount)
        }
    }

    /// The price, or the word.
    pub fn text(self, currency: Currency) -> String {
        match self {
            CountryPrice::Amount(amount) => currency.text(amount),
            CountryPrice::Off => CountryPrice::OFF.to_owned(),
        }
    }
}

impl From<Amount> for CountryPrice {
    fn from(amount: Amount) -> CountryPrice {
        CountryPrice::Amount(amount)
    }
}

/// A service as the operator declared it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The id that customers order by.
    pub id: ServiceId,
    pub name: String,
    /// What other markets call it.
    pub market_names: MarketNames,
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
    /// A service that is sold everywhere at one price, has no names on other markets and no
    /// patterns, and is reused and charged as the settings for all services say.
    pub fn new(id: ServiceId, name: impl Into<String>, price: Amount) -> Service {
        Service {
            id,
            name: name.into(),
            market_names: MarketNames::default(),
            price,
            country_prices: BTreeMap::new(),
            enabled: true,
            priority: 0,
            reuse: ReuseTerms::default(),
            charge_on: None,
            senders: Vec::new(),
            texts: Vec::new(),
        }
    }

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

/// What is wrong with one pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct PatternFault {
    /// The character, from 1, at which it cannot be read; `None` if it is too large as a whole.
    pub at: Option<usize>,
    /// The fault, in words for the operator.
    pub reason: String,
}

/// Checks that a pattern is a usable regular expression, and says where it is not.
pub fn check_pattern(pattern: &str) -> Result<(), PatternFault> {
    let fault = |offset: usize, reason: String| {
        let before = pattern.get(..offset).unwrap_or(pattern);
        PatternFault { at: Some(before.chars().count() + 1), reason }
    };
    match regex_syntax::parse(pattern) {
        Ok(_) => {}
        Err(regex_syntax::Error::Parse(error)) => {
            return Err(fault(error.span().start.offset, error.kind().to_string()));
        }
        Err(regex_syntax::Error::Translate(error)) => {
            return Err(fault(error.span().start.offset, error.kind().to_string()));
        }
        Err(error) => return Err(PatternFault { at: None, reason: error.to_string() }),
    }
    let built = RegexSetBuilder::new([pattern]).size_limit(PATTERN_SIZE_LIMIT).build();
    built.map(drop).map_err(|error| PatternFault { at: None, reason: error.to_string() })
}

/// What the choice between services depends on.
#[derive(Debug, Clone, Copy)]
struct Terms {
    priority: i64,
    charges_on: ChargeOn,
    has_senders: bool,
    has_texts: bool,
}

impl Terms {
    fn of(service: &Service) -> Terms {
        Terms {
            priority: service.priority,
            charges_on: service.charges_on(),
            has_senders: !service.senders.is_empty(),
            has_texts: !service.texts.is_empty(),
        }
    }

    /// How many kinds of pattern the service has. The more there are, the more specific it is.
    fn kinds(&self) -> u8 {
        u8::from(self.has_senders) + u8::from(self.has_texts)
    }
}

/// The patterns of one kind of all services. They are compiled together, so that a message is
/// compared with all of them at once.
#[derive(Debug, Clone, Default)]
struct PatternTable {
    set: RegexSet,
    /// Of each pattern the service, and its number among that service's patterns of the kind.
    owners: Vec<(ServiceId, usize)>,
}

impl PatternTable {
    fn compile(
        services: &[&Service],
        patterns: fn(&Service) -> &[String],
    ) -> Result<PatternTable, PatternError> {
        let of_all = services.iter().flat_map(|service| patterns(service));
        let limit = PATTERN_SIZE_LIMIT.saturating_mul(services.len().max(1));
        let mut builder = RegexSetBuilder::new(of_all);
        let built = builder.size_limit(limit).dfa_size_limit(STATE_CACHE_SIZE).build();
        let set = built.map_err(|error| {
            // The error does not tell whose pattern it is.
            let faults = services.iter().map(|service| Catalogue::check(service));
            faults.filter_map(Result::err).next().unwrap_or_else(|| PatternError {
                service: "all together".to_owned(),
                reason: error.to_string(),
            })
        })?;
        let owners = services
            .iter()
            .flat_map(|service| (0..patterns(service).len()).map(|number| (service.id, number)));
        Ok(PatternTable { set, owners: owners.collect() })
    }

    /// The services of which a pattern fits `text`, each with the number of the first that does.
    fn fitting(&self, text: &str) -> HashMap<ServiceId, usize> {
        let mut fitting = HashMap::new();
        for at in &self.set.matches(text) {
            if let Some((service, number)) = self.owners.get(at) {
                fitting.entry(*service).or_insert(*number);
            }
        }
        fitting
    }
}

/// The patterns of all services, compiled once.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    services: HashMap<ServiceId, Terms>,
    senders: PatternTable,
    texts: PatternTable,
    signature: i64,
}

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
        let services: Vec<&Service> = services.into_iter().collect();
        Ok(Catalogue {
            senders: PatternTable::compile(&services, |service| &service.senders)?,
            texts: PatternTable::compile(&services, |service| &service.texts)?,
            signature: signature(&services),
            services: services.iter().map(|one| (one.id, Terms::of(one))).collect(),
        })
    }

    /// Tells apart catalogues by which messages fit other services. It is the same after a restart.
    pub fn signature(&self) -> i64 {
        self.signature
    }

    /// What completes and charges an order for a service.
    pub fn charges_on(&self, service: ServiceId) -> ChargeOn {
        self.services.get(&service).map_or(ChargeOn::Sms, |terms| terms.charges_on)
    }

    /// Checks that the patterns of a service can be compiled.
    pub fn check(service: &Service) -> Result<(), PatternError> {
        for patterns in [&service.senders, &service.texts] {
            let built = RegexSetBuilder::new(patterns).size_limit(PATTERN_SIZE_LIMIT).build();
            built.map_err(|error| PatternError {
                service: service.name.clone(),
                reason: error.to_string(),
            })?;
        }
        Ok(())
    }

    /// The services that claim a message, in the order in which their orders would be served, with
    /// the number of the sender pattern and of the text pattern that fit.
    pub fn claims(&self, sender: &str, text: &str) -> Vec<Claim> {
        let (senders, texts) = (self.senders.fitting(sender), self.texts.fitting(text));
        let touched: BTreeSet<ServiceId> = senders.keys().chain(texts.keys()).copied().collect();
        let claims = touched.into_iter().filter_map(|service| {
            let terms = self.services.get(&service)?;
            let (sender, text) = (senders.get(&service).copied(), texts.get(&service).copied());
            let fits = sender.is_some() == terms.has_senders && text.is_some() == terms.has_texts;
            fits.then_some((terms, Claim { service, sender, text }))
        });
        let mut claims: Vec<_> = claims.collect();
        claims.sort_by_key(|(terms, claim)| {
            (-terms.priority, u8::MAX - terms.kinds(), claim.service)
        });
        claims.into_iter().map(|(_, claim)| claim).collect()
    }

    /// Chooses which of the orders `waiting` (oldest first) is given a message with these claims,
    /// if any.
    ///
    /// It is one whose service's patterns fit the message: that of the highest priority, then that
    /// with more kinds of pattern, then an open one before a collecting one, then the oldest. If no
    /// service of the catalogue claims the message, it is an order of a service without patterns.
    pub fn choose<O: Copy>(&self, waiting: &[Waiting<O>], claims: &[Claim]) -> Option<O> {
        if !claims.is_empty() {
            return self.choose_by_pattern(waiting, claims);
        }
        let is_unpatterned =
            |w: &&Waiting<O>| self.services.get(&w.service).is_some_and(|terms| terms.kinds() == 0);
        let without = waiting.iter().filter(is_unpatterned);
        without.rev().max_by_key(|w| w.open).map(|w| w.order)
    }

    /// The same for a message that no order of a service without patterns is given.
    pub fn choose_by_pattern<O: Copy>(
        &self,
        waiting: &[Waiting<O>],
        claims: &[Claim],
    ) -> Option<O> {
        let fitting = waiting
            .iter()
            .filter(|w| claims.iter().any(|claim| claim.service == w.service))
            .filter_map(|w| Some((w, self.services.get(&w.service)?)));
        let best = fitting.rev().max_by_key(|(w, terms)| (terms.priority, terms.kinds(), w.open));
        best.map(|(chosen, _)| chosen.order)
    }
}

fn signature(services: &[&Service]) -> i64 {
    let mut hasher = DefaultHasher::new();
    for Service { id, priority, senders, texts, .. } in services {
        (id, priority, senders, texts).hash(&mut hasher);
    }
    hasher.finish().cast_signed()
}

#[cfg(test)]
mod tests;
