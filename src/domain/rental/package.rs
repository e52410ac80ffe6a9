//! The terms for which numbers can be rented, and what they cost.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::domain::Currency;
use crate::domain::price::{Charge, Price, Rates};

/// A term for which a number can be rented: `1m`, `3m`, `6m`, `1y`, or whatever else the operator
/// sells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    name: String,
    months: u32,
}

/// The longest package that can be configured: ten years.
const LONGEST_MONTHS: u32 = 120;

impl Package {
    /// How many calendar months it lasts.
    pub fn months(&self) -> u32 {
        self.months
    }

    /// How many hours it lasts in the words of number markets.
    pub fn hours(&self) -> u32 {
        hours_of(self.months)
    }

    /// Its name as the API spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it lasts, in words: `1m` is 1 month.
    pub fn in_words(&self) -> String {
        match self.months {
            1 => "1 month".to_owned(),
            12 => "1 year".to_owned(),
            months if months % 12 == 0 => format!("{} years", months / 12),
            months => format!("{months} months"),
        }
    }

    /// The words for a package's name, or the name if it is none.
    pub fn words_of(name: &str) -> String {
        name.parse().map_or_else(|()| name.to_owned(), |package: Package| package.in_words())
    }
}

/// How many hours number markets call so many calendar months: a year is 365 days, any other month
/// 30.
pub fn hours_of(months: u32) -> u32 {
    const DAY: u32 = 24;
    (months / 12 * 365 + months % 12 * 30).saturating_mul(DAY)
}

impl FromStr for Package {
    type Err = ();

    /// Reads digits and `m` or `y`, as the customers' API (`docs/customer-api.md`) writes packages.
    fn from_str(text: &str) -> Result<Package, ()> {
        let (digits, unit) = match (text.strip_suffix('m'), text.strip_suffix('y')) {
            (Some(digits), _) => (digits, 1),
            (None, Some(digits)) => (digits, 12),
            (None, None) => return Err(()),
        };
        if digits.is_empty()
            || digits.starts_with('0')
            || !digits.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(());
        }
        let months =
            digits.parse::<u32>().ok().and_then(|count| count.checked_mul(unit)).ok_or(())?;
        if months > LONGEST_MONTHS {
            Err(())
        } else {
            Ok(Package { name: text.to_owned(), months })
        }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// The package of a request that names none.
pub const DEFAULT_PACKAGE: &str = "1m";

/// The packages that are sold, with their prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packages {
    prices: BTreeMap<Package, Price>,
    rates: Rates,
}

impl Packages {
    /// Takes the packages with their prices, and the rates at which these are converted.
    pub fn new(prices: BTreeMap<Package, Price>, rates: Rates) -> Packages {
        Packages { prices, rates }
    }

    /// No package at all: nothing is rented.
    pub fn none() -> Packages {
        Packages { prices: BTreeMap::new(), rates: Rates::new(Currency::USD, BTreeMap::new()) }
    }

    /// The packages that are sold, with what each costs, shortest first. One whose price has no
    /// rate is not sold.
    pub fn on_sale(&self) -> Vec<(&Package, Charge)> {
        let priced = self.prices.iter();
        let mut sold: Vec<(&Package, Charge)> = priced
            .filter_map(|(package, price)| Some((package, self.rates.charge(price)?)))
            .collect();
        sold.sort_by_key(|(package, _)| package.months);
        sold
    }

    /// The package with this name, and what it costs now; `None` when it is not sold.
    pub fn find(&self, name: &str) -> Option<(Package, Charge)> {
        let package: Package = name.parse().ok()?;
        let charge = self.rates.charge(self.prices.get(&package)?)?;
        Some((package, charge))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_told_in_words() {
        for (name, words) in [
            ("1m", "1 month"),
            ("3m", "3 months"),
            ("1y", "1 year"),
            ("24m", "2 years"),
            ("x", "x"),
        ] {
            assert_eq!(Package::words_of(name), words);
        }
    }

    #[test]
    fn markets_count_packages_in_hours() {
        for (name, hours) in [("1m", 720), ("3m", 2160), ("6m", 4320), ("1y", 8760)] {
            assert_eq!(name.parse::<Package>().unwrap().hours(), hours);
        }
    }

    #[test]
    fn packages_are_months_and_years() {
        for (name, months) in [("1m", 1), ("3m", 3), ("6m", 6), ("1y", 12), ("2y", 24)] {
            assert_eq!(name.parse::<Package>().unwrap().months(), months);
        }
        for name in [
            "",
            "m",
            "1",
            "0m",
            "01m",
            "1M",
            "1d",
            "-1m",
            "1.5m",
            "121m",
            "99999999999m",
            "400000000y",
        ] {
            assert!(name.parse::<Package>().is_err(), "{name}");
        }
    }
}
