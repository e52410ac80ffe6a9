//! What programs that were written for other markets call countries: by numbers in the handler_api
//! dialect, by names in that of 5sim, and how lists name them in Russian and Chinese.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::country_names;

/// The countries by their ISO 3166 codes.
const COUNTRIES: &str = include_str!("../../hardware/market-countries.toml");

/// A country as the dialects of other markets know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketCountry {
    /// Its ISO 3166 code. [`super::Countries::find`] has its telephone numbers.
    pub iso_code: &'static str,
    /// Its number in the handler_api dialect, if it has one.
    pub number: Option<u16>,
    /// Its name in the dialect of 5sim. One that 5sim does not have is called by its English name
    /// in the same way: small letters without anything between them.
    pub fivesim: &'static str,
    /// Its name in English.
    pub english: &'static str,
    /// Its name in Russian.
    pub russian: &'static str,
    /// Its name in Chinese.
    pub chinese: &'static str,
}

/// A country in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    number: Option<u16>,
    #[serde(default)]
    also: Vec<u16>,
    fivesim: Option<String>,
    russian: String,
    chinese: String,
}

static ENTRIES: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let mut entries: BTreeMap<String, Entry> = toml::from_str(COUNTRIES).unwrap_or_default();
    for (iso_code, entry) in &mut entries {
        let english = country_names::name(iso_code).unwrap_or(iso_code);
        let letters = || english.chars().filter(char::is_ascii_alphanumeric);
        entry.fivesim.get_or_insert_with(|| letters().collect::<String>().to_ascii_lowercase());
    }
    entries
});

/// The ways to find a country.
struct Index {
    by_iso_code: BTreeMap<&'static str, MarketCountry>,
    by_number: BTreeMap<u16, MarketCountry>,
    by_fivesim_name: BTreeMap<&'static str, MarketCountry>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index {
        by_iso_code: BTreeMap::new(),
        by_number: BTreeMap::new(),
        by_fivesim_name: BTreeMap::new(),
    };
    for (iso_code, entry) in &*ENTRIES {
        let country = MarketCountry {
            iso_code,
            number: entry.number,
            fivesim: entry.fivesim.as_deref().unwrap_or_default(),
            english: country_names::name(iso_code).unwrap_or(iso_code),
            russian: &entry.russian,
            chinese: &entry.chinese,
        };
        index.by_iso_code.insert(iso_code, country);
        for number in entry.number.iter().chain(&entry.also) {
            index.by_number.insert(*number, country);
        }
        index.by_fivesim_name.insert(country.fivesim, country);
    }
    index
});

/// The country with this number in the handler_api dialect. Both numbers of the USA find it.
pub fn by_number(number: u16) -> Option<&'static MarketCountry> {
    INDEX.by_number.get(&number)
}

/// The country with this name in the dialect of 5sim, in small letters or capitals.
pub fn by_fivesim_name(name: &str) -> Option<&'static MarketCountry> {
    INDEX.by_fivesim_name.get(name.to_ascii_lowercase().as_str())
}

/// The country with this ISO 3166 code, which [`super::Countries::iso_code`] tells.
pub fn by_iso_code(iso_code: &str) -> Option<&'static MarketCountry> {
    INDEX.by_iso_code.get(iso_code)
}

#[cfg(test)]
mod tests {
    use super::super::Countries;
    use super::*;

    #[test]
    fn every_entry_is_a_country_with_telephone_numbers_and_names() {
        let entries: BTreeMap<String, Entry> = toml::from_str(COUNTRIES).unwrap();
        let countries = Countries::default();
        for (iso_code, entry) in &entries {
            let country = by_iso_code(iso_code).unwrap();
            assert!(countries.find(iso_code).is_some(), "{iso_code}");
            assert_eq!(Some(country.english), country_names::name(iso_code));
            assert!(!country.russian.is_empty() && !country.chinese.is_empty(), "{iso_code}");
            assert!(entry.number.is_some() || entry.fivesim.is_some(), "{iso_code}");
        }
        assert_eq!(entries.len(), INDEX.by_iso_code.len());
    }

    #[test]
    fn no_number_and_no_name_stands_for_two_countries() {
        let numbers = ENTRIES.values().flat_map(|entry| entry.number.iter().chain(&entry.also));
        assert_eq!(numbers.count(), INDEX.by_number.len());
        assert_eq!(ENTRIES.len(), INDEX.by_fivesim_name.len());
        // The numbers from 0 to 199 are those that all markets have, with no gap.
        assert!((0..200).all(|number| by_number(number).is_some()));
    }

    #[test]
    fn countries_are_found_by_what_markets_call_them() {
        for (number, fivesim, iso_code, english) in [
            (0, "russia", "RU", "Russia"),
            (16, "england", "GB", "United Kingdom"),
            (48, "netherlands", "NL", "Netherlands"),
            (78, "france", "FR", "France"),
            (95, "unitedarabemirates", "AE", "United Arab Emirates"),
            (104, "tit", "TT", "Trinidad and Tobago"),
            (187, "usa", "US", "United States"),
        ] {
            let country = by_number(number).unwrap();
            assert_eq!((country.iso_code, country.number), (iso_code, Some(number)));
            assert_eq!(country.english, english);
            assert_eq!(by_fivesim_name(fivesim), Some(country));
            assert_eq!(by_iso_code(iso_code), Some(country));
        }
        assert_eq!(by_number(12), by_number(187), "the USA have two numbers, and answer with one");
        assert_eq!(by_fivesim_name("Netherlands"), by_number(48));
        let netherlands = by_number(48).unwrap();
        assert_eq!((netherlands.russian, netherlands.chinese), ("Нидерланды", "荷兰"));
        assert_eq!((by_number(200), by_number(999)), (None, None));
        assert_eq!(by_fivesim_name("virginislands").map(|country| country.number), Some(None));
        assert_eq!((by_fivesim_name("atlantis"), by_iso_code("UK")), (None, None));
    }
}
