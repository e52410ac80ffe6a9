//! The networks that SIMs are of, by their IMSIs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::Imsi;

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

impl HomeNetworks {
    /// With names of the operator's, each with an MCC and MNC.
    pub fn with_own(own: impl IntoIterator<Item = (String, String)>) -> HomeNetworks {
        HomeNetworks { own: own.into_iter().collect() }
    }

    /// The name of the network that a SIM is of. An IMSI does not say how many digits of it are the
    /// MNC, two or three; the longest code that is known tells.
    pub fn name_of(&self, imsi: &Imsi) -> Option<&str> {
        name_in(&self.own, imsi).or_else(|| name_in(&SHIPPED, imsi))
    }
}

fn name_in<'n>(names: &'n BTreeMap<String, String>, imsi: &Imsi) -> Option<&'n str> {
    let codes = [6, 5].into_iter().filter_map(|digits| imsi.as_str().get(..digits));
    codes.filter_map(|code| names.get(code)).map(String::as_str).next()
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
