//! The networks that SIMs are of, by their IMSIs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::Imsi;
use super::text::did_you_mean;

/// The names of networks by MCC and MNC.
const NAMES: &str = include_str!("../../hardware/mobile-network-codes.toml");

static SHIPPED: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(NAMES).unwrap_or_default());

/// The names of networks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HomeNetworks {
    /// The operator's own, by MCC and MNC. They come before those that are shipped.
    own: BTreeMap<String, String>,
}

/// A mobile operator whose SIMs a customer wants: by a name of the catalogue, which it may have in
/// several countries, or by the MCC and MNC of one of its networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MobileOperator {
    Named(String),
    /// The digits of MCC and MNC.
    Network(String),
}

impl HomeNetworks {
    /// With names of the operator's, each with an MCC and MNC.
    pub fn with_own(own: impl IntoIterator<Item = (String, String)>) -> HomeNetworks {
        HomeNetworks { own: own.into_iter().collect() }
    }

    /// The name of the network that a SIM is of. An IMSI does not say how many digits of it are the
    /// MNC, two or three; the longest code that is known tells.
    pub fn name_of(&self, imsi: &Imsi) -> Option<&str> {
        self.network_of(imsi).map(|(_, name)| name)
    }

    /// The MCC and MNC, and the name, of the network that a SIM is of.
    fn network_of(&self, imsi: &Imsi) -> Option<(&str, &str)> {
        network_in(&self.own, imsi).or_else(|| network_in(&SHIPPED, imsi))
    }

    /// Whether a SIM is one of a mobile operator's.
    pub fn is_of(&self, imsi: &Imsi, operator: &MobileOperator) -> bool {
        self.network_of(imsi).is_some_and(|(code, name)| match operator {
            MobileOperator::Named(wanted) => wanted == name,
            MobileOperator::Network(wanted) => wanted == code,
        })
    }

    /// The mobile operators whose names are this one in small letters and digits alone, which is
    /// how number markets write names.
    pub fn operators_written(&self, slug: &str) -> Vec<MobileOperator> {
        let names: BTreeSet<&String> = self.own.values().chain(SHIPPED.values()).collect();
        let is_meant = |name: &&String| market_slug(name) == slug;
        names.into_iter().filter(is_meant).cloned().map(MobileOperator::Named).collect()
    }

    /// The mobile operator that a customer names, in any case of the letters, or by the MCC and MNC
    /// of a network, with a hyphen between them or not.
    ///
    /// # Errors
    /// There is none; the text says what would be right.
    pub fn operator(&self, text: &str) -> Result<MobileOperator, String> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let known = |code: &str| self.own.contains_key(code) || SHIPPED.contains_key(code);
        if known(&digits) {
            return Ok(MobileOperator::Network(digits));
        }
        let names: BTreeSet<&String> = self.own.values().chain(SHIPPED.values()).collect();
        let is_meant = |name: &&&String| name.to_lowercase() == text.to_lowercase();
        if let Some(name) = names.iter().find(is_meant) {
            return Ok(MobileOperator::Named((*name).clone()));
        }
        let names: Vec<String> = names.into_iter().cloned().collect();
        let hint = did_you_mean(&names, text);
        Err(format!(
            "no such mobile operator; {hint}name one like Vodafone, or its network by MCC \
                     and MNC, like 204-04"
        ))
    }
}

/// A name as number markets write it: small letters and digits alone.
pub fn market_slug(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn network_in<'n>(names: &'n BTreeMap<String, String>, imsi: &Imsi) -> Option<(&'n str, &'n str)> {
    let codes = [6, 5].into_iter().filter_map(|digits| imsi.as_str().get(..digits));
    let known = codes.filter_map(|code| names.get_key_value(code));
    known.map(|(code, name)| (code.as_str(), name.as_str())).next()
}

#[cfg(test)]
mod tests {
    use super::super::world;
    use super::*;

    #[test]
    fn every_code_is_of_a_country_and_has_a_name() {
        let names: BTreeMap<String, String> = toml::from_str(NAMES).unwrap();
        assert!(names.len() > 400, "{}", names.len());
        for (code, name) in &names {
            assert!(matches!(code.len(), 5 | 6), "{code}");
            assert!(!name.trim().is_empty() && name.trim() == name, "{code}");
            let imsi: Imsi = format!("{code:0<15}").parse().unwrap();
            assert!(world::of_imsi(&imsi).is_some(), "{code}");
        }
    }

    #[test]
    fn a_mobile_operator_is_known_by_what_markets_call_it() {
        let own = [("204041".to_owned(), "Vodafone N-L".to_owned())];
        let networks = HomeNetworks::with_own(own);
        let named = |name: &str| vec![MobileOperator::Named(name.to_owned())];
        assert_eq!(networks.operators_written("vodafonenl"), named("Vodafone N-L"));
        assert_eq!(networks.operators_written("vodafone"), named("Vodafone"));
        assert_eq!(networks.operators_written("virtual4"), []);
    }

    #[test]
    fn a_mobile_operator_is_known_by_a_name_or_a_network() {
        let own = [("204041".to_owned(), "Vodafone NL".to_owned())];
        let networks = HomeNetworks::with_own(own);
        let named = |name: &str| Ok(MobileOperator::Named(name.to_owned()));
        let network = |code: &str| Ok(MobileOperator::Network(code.to_owned()));
        for (text, operator) in [
            ("vodafone", named("Vodafone")),
            ("VODAFONE NL", named("Vodafone NL")),
            ("262-02", network("26202")),
            ("26202", network("26202")),
            ("204-041", network("204041")),
        ] {
            assert_eq!(networks.operator(text), operator, "{text}");
        }
        let refused = networks.operator("Vodafon").unwrap_err();
        assert!(
            refused.starts_with("no such mobile operator; did you mean Vodafone? "),
            "{refused}"
        );
        assert!(networks.operator("999-99").is_err() && networks.operator("").is_err());
        for (imsi, text, is_of) in [
            ("262021234567890", "Vodafone", true),
            ("262021234567890", "262-02", true),
            ("262021234567890", "Plus", false),
            ("204041234567890", "Vodafone NL", true),
            ("204041234567890", "Vodafone", false),
            ("204042234567890", "204-04", true),
            ("999991234567890", "Vodafone", false),
        ] {
            let operator = networks.operator(text).unwrap();
            assert_eq!(networks.is_of(&imsi.parse().unwrap(), &operator), is_of, "{imsi} {text}");
        }
    }

    #[test]
    fn the_longest_code_names_the_network_and_the_operators_own_comes_first() {
        let name = |networks: &HomeNetworks, imsi: &str| {
            networks.name_of(&imsi.parse().unwrap()).map(str::to_owned)
        };
        let shipped = HomeNetworks::default();
        for (imsi, expected) in [
            ("260011234567890", Some("Plus")),
            ("262021234567890", Some("Vodafone")),
            ("310260123456789", Some("T-Mobile")),
            ("440101234567890", Some("NTT DOCOMO")),
            ("204041234567890", Some("Vodafone")),
            ("999991234567890", None),
        ] {
            assert_eq!(name(&shipped, imsi).as_deref(), expected, "{imsi}");
        }
        let own = [("204041", "Vodafone NL"), ("99999", "Lab")];
        let own = HomeNetworks::with_own(own.map(|(code, name)| (code.into(), name.into())));
        assert_eq!(name(&own, "204041234567890").as_deref(), Some("Vodafone NL"));
        assert_eq!(name(&own, "204042234567890").as_deref(), Some("Vodafone"));
        assert_eq!(name(&own, "999991234567890").as_deref(), Some("Lab"));
    }
}
