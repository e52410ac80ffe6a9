//! Services as they are declared: as JSON, and in the TOML file of a catalogue.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::catalogue::{ChargeOn, CountryPrice, ReuseTerms};
use crate::domain::market_names::{FivesimName, MarketNames, ServiceCode, ServiceNameError};
use crate::domain::{Amount, Currency};
use crate::gateway::{Error, NewService};

/// The catalogue that comes with simbridge: well-known services and how their SMS can be told.
pub const SHIPPED_CATALOGUE: &str = include_str!("../../hardware/services.toml");

/// A service as somebody declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct DeclaredService {
    pub name: String,
    pub code: Option<String>,
    pub fivesim: Option<String>,
    pub price: String,
    #[serde(default)]
    pub countries: BTreeMap<String, String>,
    #[serde(default)]
    pub priority: i64,
    pub reuse_window_seconds: Option<u64>,
    pub reuse_price_percent: Option<u32>,
    pub charge_on: Option<String>,
    #[serde(default)]
    pub senders: Vec<String>,
    #[serde(default)]
    pub texts: Vec<String>,
}

impl DeclaredService {
    /// The service that is declared.
    ///
    /// # Errors
    /// An amount or a word cannot be read.
    pub fn read(self, currency: Currency) -> Result<NewService, Error> {
        let countries = self.countries.into_iter();
        let country_prices =
            countries.map(|(country, price)| Ok((country, parse_price(&price, currency)?)));
        Ok(NewService {
            price: parse_amount(&self.price, currency)?,
            country_prices: country_prices.collect::<Result<_, Error>>()?,
            name: self.name,
            market_names: MarketNames {
                code: self.code.as_deref().map(parse_code).transpose()?,
                fivesim: self.fivesim.as_deref().map(parse_fivesim_name).transpose()?,
            },
            priority: self.priority,
            reuse: ReuseTerms {
                window: self.reuse_window_seconds.map(Duration::from_secs),
                price_percent: self.reuse_price_percent,
            },
            charge_on: self.charge_on.as_deref().map(parse_charge_on).transpose()?,
            senders: self.senders,
            texts: self.texts,
        })
    }
}

pub(super) fn parse_amount(text: &str, currency: Currency) -> Result<Amount, Error> {
    currency.parse(text).map_err(|error| Error::Refused(format!("{text}: {error}")))
}

/// A country's price, or that the service is not sold there.
pub(super) fn parse_price(text: &str, currency: Currency) -> Result<CountryPrice, Error> {
    CountryPrice::parse(text, currency).map_err(|error| Error::Refused(format!("{text}: {error}")))
}

pub(super) fn parse_charge_on(text: &str) -> Result<ChargeOn, Error> {
    text.parse().map_err(|_| Error::Refused(format!("{text}: a service charges on sms or code")))
}

/// What programs for the handler_api dialect call a service.
pub(super) fn parse_code(text: &str) -> Result<ServiceCode, Error> {
    text.parse().map_err(|error: ServiceNameError| Error::Refused(format!("{text}: {error}")))
}

/// What programs for the dialect of 5sim call a service.
pub(super) fn parse_fivesim_name(text: &str) -> Result<FivesimName, Error> {
    text.parse().map_err(|error: ServiceNameError| Error::Refused(format!("{text}: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    service: Vec<Entry>,
}

/// One `[[service]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    code: Option<String>,
    fivesim: Option<String>,
    price: String,
    #[serde(default)]
    country: BTreeMap<String, String>,
    #[serde(default)]
    priority: i64,
    #[serde(default, deserialize_with = "window")]
    reuse_window: Option<Duration>,
    reuse_price_percent: Option<u32>,
    charge_on: Option<String>,
    #[serde(default)]
    sender: Vec<String>,
    #[serde(default)]
    text: Vec<String>,
}

/// A time that is written `"4h"`.
fn window<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    humantime::parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

impl From<Entry> for DeclaredService {
    fn from(entry: Entry) -> DeclaredService {
        DeclaredService {
            name: entry.name,
            code: entry.code,
            fivesim: entry.fivesim,
            price: entry.price,
            countries: entry.country,
            priority: entry.priority,
            reuse_window_seconds: entry.reuse_window.map(|window| window.as_secs()),
            reuse_price_percent: entry.reuse_price_percent,
            charge_on: entry.charge_on,
            senders: entry.sender,
            texts: entry.text,
        }
    }
}

/// Reads a catalogue.
///
/// # Errors
/// The text is no catalogue; the error names the line and the column.
pub fn read_catalogue(text: &str) -> Result<Vec<DeclaredService>, toml::de::Error> {
    let file: File = toml::from_str(text)?;
    Ok(file.service.into_iter().map(DeclaredService::from).collect())
}
