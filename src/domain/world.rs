//! The telephone numbers and the SIMs of all countries: numbers by the data of libphonenumber, the
//! home countries of SIMs by ITU-T E.212.
//!
//! Numbers are judged by whether they are valid, not by their type: what a SIM tells as its own is
//! one of a mobile phone, whatever the range was meant for.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, PhoneNumber};

use super::{Country, Imsi, Msisdn};

/// The mobile country codes of each country.
const MOBILE_CODES: &str = include_str!("../../hardware/mobile-country-codes.toml");
/// The name under which the data has numbers of no country.
const NO_COUNTRY: &str = "001";

/// Every country with telephone numbers, by its ISO 3166 code. The data is read when for the first
/// time a number or code is not one of a country with rules of its own; that takes two tenths of a
/// second.
static COUNTRIES: LazyLock<BTreeMap<String, Country>> = LazyLock::new(|| {
    let mut mobile_codes: BTreeMap<String, Vec<u16>> =
        toml::from_str(MOBILE_CODES).unwrap_or_default();
    let known = DATABASE.iter().filter(|known| known.id() != NO_COUNTRY);
    let country = known.map(|known| {
        let possible = known.descriptors().general().possible_length();
        let lengths = || possible.iter().map(|digits| usize::from(*digits));
        let country = Country {
            code: known.id().to_owned(),
            aliases: Vec::new(),
            calling_code: known.country_code().to_string(),
            trunk: known.national_prefix().unwrap_or_default().to_owned(),
            digits: (lengths().min().unwrap_or(1), lengths().max().unwrap_or(15)),
            mobile_codes: mobile_codes.remove(known.id()).unwrap_or_default(),
        };
        (country.code.clone(), country)
    });
    country.collect()
});

/// The country with this ISO 3166 code, in capitals.
pub(super) fn find(code: &str) -> Option<&'static Country> {
    COUNTRIES.get(code)
}

/// The country of a number, if it is a valid one.
pub(super) fn of_number(number: &Msisdn) -> Option<&'static Country> {
    let id = parse(None, number.as_str())?.country().id()?;
    find(id.as_ref())
}

/// The home country of a SIM, by the first three digits of its IMSI.
pub(super) fn of_imsi(imsi: &Imsi) -> Option<&'static Country> {
    let code: u16 = imsi.as_str().get(..3)?.parse().ok()?;
    COUNTRIES.values().find(|country| country.mobile_codes.contains(&code))
}

/// A valid number as it is dialled inside a country, or with its calling code but without `+`.
pub(super) fn expand(country: &Country, digits: &str) -> Option<Msisdn> {
    let number = parse(country.code.parse().ok(), digits)?;
    let is_of_country = number.country().code().to_string() == country.calling_code;
    is_of_country.then(|| number.format().mode(Mode::E164).to_string().parse().ok()).flatten()
}

/// A valid number in the national form of its country, digits only.
pub(super) fn national(number: &Msisdn) -> Option<String> {
    let number = parse(None, number.as_str())?;
    let written = number.format().mode(Mode::National).to_string();
    Some(written.chars().filter(char::is_ascii_digit).collect())
}

fn parse(home: Option<phonenumber::country::Id>, text: &str) -> Option<PhoneNumber> {
    phonenumber::parse(home, text).ok().filter(PhoneNumber::is_valid)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The example of each country's mobile numbers that the data has, in E.164.
    fn examples() -> Vec<(&'static str, Msisdn)> {
        let known = DATABASE.iter().filter(|known| known.id() != NO_COUNTRY);
        let example = known.filter_map(|known| {
            let example = known.descriptors().mobile()?.example()?;
            let number = format!("+{}{example}", known.country_code());
            Some((known.id(), Msisdn::from_stored(number)))
        });
        example.collect()
    }

    #[test]
    fn the_example_of_every_country_is_its_own_in_both_forms() {
        let examples = examples();
        assert!(examples.len() > 230, "{}", examples.len());
        let (mut elsewhere, mut not_back) = (BTreeSet::new(), BTreeSet::new());
        for (code, number) in &examples {
            let found = of_number(number);
            if found.map(|found| found.code.as_str()) != Some(code) {
                elsewhere.insert(*code);
            }
            let home = find(code).unwrap();
            let national = national(number).unwrap();
            if expand(home, &national).as_ref() != Some(number) {
                not_back.insert(*code);
            }
            let bare = number.as_str().trim_start_matches('+');
            assert_eq!(expand(home, bare).as_ref(), Some(number), "{code}: without +");
        }
        // These have no numbers to themselves: the examples are Finland's, Guadeloupe's (twice),
        // Australia's (twice), Morocco's, Great Britain's, Norway's and Italy's, too.
        let shared = ["AX", "BL", "CC", "CX", "EH", "IM", "MF", "SJ", "VA"];
        assert_eq!(elsewhere, BTreeSet::from(shared));
        assert_eq!(not_back, BTreeSet::new(), "national forms that do not stand for the number");
    }

    #[test]
    fn every_mobile_country_code_is_of_one_country_that_there_is() {
        let codes: BTreeMap<String, Vec<u16>> = toml::from_str(MOBILE_CODES).unwrap();
        let mut seen = BTreeSet::new();
        for (country, codes) in &codes {
            assert_eq!(find(country).map(|known| &known.mobile_codes), Some(codes), "{country}");
            for code in codes {
                assert!((200..800).contains(code) && seen.insert(*code), "{country}: {code}");
            }
        }
        assert!(seen.len() > 230, "{}", seen.len());
        for (imsi, country) in [
            ("260011234567890", Some("PL")),
            ("262011234567890", Some("DE")),
            ("310150123456789", Some("US")),
            ("440101234567890", Some("JP")),
            ("901281234567890", None),
        ] {
            let found = of_imsi(&Imsi::from_stored(imsi)).map(|found| found.code.as_str());
            assert_eq!(found, country, "{imsi}");
        }
    }

    #[test]
    fn what_cannot_be_a_number_is_of_no_country() {
        for number in
            ["+4915", "+49151234567890123", "+999123456789", "+0612345678", "+80012345678"]
        {
            assert_eq!(of_number(&Msisdn::from_stored(number)), None, "{number}");
        }
    }
}
