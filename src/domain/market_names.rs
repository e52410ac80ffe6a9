//! What programs that were written for other markets call a service: a code of a few letters in
//! the handler_api dialect, a name in that of 5sim. Both are the operator's to give, because codes
//! do not mean the same on all markets.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;

/// The shipped catalogue of services.
const CATALOGUE: &str = include_str!("../../hardware/services.toml");

/// What other markets call the services of the shipped catalogue, by their names in small letters.
static USUAL_NAMES: LazyLock<HashMap<String, MarketNames>> = LazyLock::new(|| {
    let Ok(Shipped { services }) = toml::from_str(CATALOGUE) else { return HashMap::new() };
    let by_name = services.into_iter().map(|ShippedService { name, code, fivesim }| {
        let code = code.and_then(|code| code.parse().ok());
        let fivesim = fivesim.and_then(|name| name.parse().ok());
        (name.to_lowercase(), MarketNames { code, fivesim })
    });
    by_name.collect()
});

/// Of the shipped catalogue, what is needed here.
#[derive(Deserialize)]
struct Shipped {
    #[serde(rename = "service")]
    services: Vec<ShippedService>,
}

#[derive(Deserialize)]
struct ShippedService {
    name: String,
    code: Option<String>,
    fivesim: Option<String>,
}

/// Words that stand for something else where a code is expected.
const NO_CODES: [&str; 4] = ["any", "auto", "full", "none"];
/// Words that stand for something else where a 5sim name is expected: `any` service, none at all,
/// and how long a number is rented.
const NO_NAMES: [&str; 6] = ["any", "none", "3hours", "1day", "10days", "1month"];
/// The most characters that a 5sim name may have.
const MAX_NAME: usize = 40;

/// Why a text cannot be what other markets call a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServiceNameError {
    /// It is no code.
    #[error("a code has 2 to 4 letters, like wa, and is not any, auto, full or none")]
    Code,
    /// It is no 5sim name.
    #[error(
        "a 5sim name has 2 to {MAX_NAME} letters and digits, like whatsapp, and is not any, none \
         or the length of a rental"
    )]
    FivesimName,
}

/// The code of a service in the handler_api dialect: two to four small letters, like `wa`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceCode(Box<str>);

/// The name of a service in the dialect of 5sim: small letters and digits, like `whatsapp`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FivesimName(Box<str>);

impl ServiceCode {
    /// Takes a code that was checked before it was stored.
    pub fn from_stored(text: impl Into<Box<str>>) -> ServiceCode {
        ServiceCode(text.into())
    }

    /// The code in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FivesimName {
    /// Takes a name that was checked before it was stored.
    pub fn from_stored(text: impl Into<Box<str>>) -> FivesimName {
        FivesimName(text.into())
    }

    /// The name in small letters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ServiceCode {
    type Err = ServiceNameError;

    /// Reads a code in small letters or capitals.
    fn from_str(text: &str) -> Result<ServiceCode, ServiceNameError> {
        let code = text.to_ascii_lowercase();
        let is_code = (2..=4).contains(&code.len())
            && code.bytes().all(|byte| byte.is_ascii_lowercase())
            && !NO_CODES.contains(&code.as_str());
        if is_code { Ok(ServiceCode(code.into())) } else { Err(ServiceNameError::Code) }
    }
}

impl FromStr for FivesimName {
    type Err = ServiceNameError;

    /// Reads a name in small letters or capitals.
    fn from_str(text: &str) -> Result<FivesimName, ServiceNameError> {
        let name = text.to_ascii_lowercase();
        let is_name = (2..=MAX_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && !NO_NAMES.contains(&name.as_str());
        if is_name { Ok(FivesimName(name.into())) } else { Err(ServiceNameError::FivesimName) }
    }
}

impl fmt::Display for ServiceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for FivesimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What other markets call a service. One without a name in a dialect is not sold there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MarketNames {
    /// Its code in the handler_api dialect, which no other service has.
    pub code: Option<ServiceCode>,
    /// Its name in the dialect of 5sim, which no other service has.
    pub fivesim: Option<FivesimName>,
}

impl MarketNames {
    /// What other markets call a service with this name, in small letters or capitals, as far as
    /// the shipped catalogue knows it.
    pub fn usual(service: &str) -> MarketNames {
        USUAL_NAMES.get(&service.to_lowercase()).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_services_have_their_usual_names() {
        let names = MarketNames::usual("WHATSAPP");
        assert_eq!(names.code.as_ref().map(ServiceCode::as_str), Some("wa"));
        assert_eq!(names.fivesim.as_ref().map(FivesimName::as_str), Some("whatsapp"));
        assert_eq!(MarketNames::usual("Corner shop"), MarketNames::default());
    }

    #[test]
    fn a_code_is_a_few_letters_in_any_case() {
        for (text, code) in [("wa", "wa"), ("GT", "gt"), ("bnl", "bnl"), ("abcd", "abcd")] {
            assert_eq!(text.parse::<ServiceCode>().unwrap().as_str(), code);
        }
        for text in ["", "w", "w1", "whats", "wä", "w ", "any", "Full", "none", "auto"] {
            assert_eq!(text.parse::<ServiceCode>(), Err(ServiceNameError::Code), "{text}");
        }
    }

    #[test]
    fn a_5sim_name_has_letters_and_digits_and_is_no_rental() {
        for (text, name) in [("whatsapp", "whatsapp"), ("Telegram", "telegram"), ("1688", "1688")] {
            assert_eq!(text.parse::<FivesimName>().unwrap().as_str(), name);
        }
        let long = "x".repeat(41);
        for text in ["", "x", "what app", "a/b", "a.b", "any", "1month", "3hours", "NONE", &long] {
            assert_eq!(text.parse::<FivesimName>(), Err(ServiceNameError::FivesimName), "{text}");
        }
    }
}
