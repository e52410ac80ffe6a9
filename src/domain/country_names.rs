//! The names of countries, by their ISO 3166 codes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The names in English.
const NAMES: &str = include_str!("../../hardware/country-names.toml");

static BY_CODE: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| toml::from_str(NAMES).unwrap_or_default());

/// The name of a country, in English.
pub fn name(code: &str) -> Option<&'static str> {
    BY_CODE.get(code).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use phonenumber::metadata::DATABASE;

    use super::*;

    #[test]
    fn every_country_with_telephone_numbers_has_a_name() {
        for country in DATABASE.iter().filter(|country| country.id() != "001") {
            assert!(name(country.id()).is_some(), "{}", country.id());
        }
        assert_eq!((name("NL"), name("GB")), (Some("Netherlands"), Some("United Kingdom")));
        assert_eq!(name("UK"), None, "that is no code of ISO 3166");
    }

    #[test]
    fn a_code_has_two_letters_and_no_two_countries_have_one_name() {
        let names: BTreeMap<String, String> = toml::from_str(NAMES).unwrap();
        let unique: std::collections::BTreeSet<&String> = names.values().collect();
        assert_eq!(unique.len(), names.len());
        let is_code =
            |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        assert!(names.keys().all(is_code));
    }
}
