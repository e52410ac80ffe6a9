//! Prices, each in the currency that the operator declared it in, and their conversion into the
//! accounts' currency.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::currency::AmountError;
use super::{Amount, Currency};

/// The number that stands for a rate of 1: rates have six decimals.
const RATE_UNIT: i64 = 1_000_000;
/// The largest rate. It leaves room for currencies whose unit is worth tens of thousands of the
/// units of another.
const LARGEST_RATE: i64 = 1_000_000 * RATE_UNIT;

/// A conversion rate: how many units of the accounts' currency one unit of another is worth. It is
/// more than zero and has at most six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(i64);

/// The error for a text that is not a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rate: write it like 1.08")]
pub struct RateError;

impl Rate {
    /// The rate of the accounts' own currency.
    pub const ONE: Rate = Rate(RATE_UNIT);

    /// Converts an amount of one currency into one of another, rounded half up to the minor unit.
    /// `None` when the result does not fit into `i64`.
    pub fn convert(self, amount: Amount, from: Currency, to: Currency) -> Option<Amount> {
        let unit = i128::from(RATE_UNIT).checked_mul(i128::from(from.minor_units()))?;
        let exact = i128::from(amount.0).checked_mul(i128::from(self.0))?;
        let exact = exact.checked_mul(i128::from(to.minor_units()))?;
        i64::try_from((exact + unit / 2).div_euclid(unit)).ok().map(Amount)
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Rate, RateError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(RateError);
        }
        let parts: i64 = format!("{fraction:0<6}").parse().map_err(|_| RateError)?;
        let rate = whole
            .parse::<i64>()
            .ok()
            .and_then(|whole| whole.checked_mul(RATE_UNIT)?.checked_add(parts));
        rate.filter(|rate| (1..=LARGEST_RATE).contains(rate)).map(Rate).ok_or(RateError)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / RATE_UNIT, self.0 % RATE_UNIT);
        let short = text.trim_end_matches('0');
        f.write_str(short.strip_suffix('.').unwrap_or(short))
    }
}

/// A price as the operator declares it: `15.00 EUR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub amount: Amount,
    pub currency: Currency,
}

/// Why a text is not a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// It is not an amount that is not negative, a space and a currency.
    #[error("write a price like 15.00 EUR")]
    Malformed,
    /// Its amount cannot be one of its currency.
    #[error(transparent)]
    Amount(AmountError),
}

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Price, PriceError> {
        let (amount, currency) = text.trim().split_once(' ').ok_or(PriceError::Malformed)?;
        let currency: Currency = currency.trim().parse().map_err(|_| PriceError::Malformed)?;
        let amount = currency.parse(amount).map_err(|error| match error {
            AmountError::Malformed(_) => PriceError::Malformed,
            other => PriceError::Amount(other),
        })?;
        if amount < Amount::ZERO {
            return Err(PriceError::Malformed);
        }
        Ok(Price { amount, currency })
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.currency.text_with_code(self.amount))
    }
}

/// A price converted into what an account is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The amount in the accounts' currency.
    pub amount: Amount,
    /// The price as the operator declared it.
    pub price: Price,
    /// The rate at which the price was converted.
    pub rate: Rate,
}

/// The rates at which other currencies are converted into the accounts' currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    currency: Currency,
    /// By the currency's code.
    by_currency: BTreeMap<String, Rate>,
}

impl Rates {
    /// The rates into `currency`, the accounts' own.
    pub fn new(currency: Currency, by_currency: BTreeMap<String, Rate>) -> Rates {
        Rates { currency, by_currency }
    }

    /// The rate of a currency, if one is configured.
    pub fn rate(&self, currency: Currency) -> Option<Rate> {
        if currency.has_code_of(self.currency) {
            Some(Rate::ONE)
        } else {
            self.by_currency.get(&currency.to_string()).copied()
        }
    }

    /// Converts a price. `None` when its currency has no rate, or when the result does not fit into
    /// `i64`.
    pub fn charge(&self, price: &Price) -> Option<Charge> {
        let rate = self.rate(price.currency)?;
        let amount = rate.convert(price.amount, price.currency, self.currency)?;
        Some(Charge { amount, price: price.clone(), rate })
    }
}

/// `percent` of an amount, rounded half up.
pub fn percent_of(amount: Amount, percent: u32) -> Amount {
    Amount((amount.0.saturating_mul(i64::from(percent)).saturating_add(50)).div_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_decimals() {
        for (text, shown) in
            [("1.08", "1.08"), ("1", "1"), ("0.000001", "0.000001"), ("117.5", "117.5")]
        {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "0",
            "0.0",
            "-1",
            "1,08",
            "1.0000001",
            "1.",
            ".5",
            "1e3",
            "99999999999999999999",
            "1000001",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(RateError), "{text}");
        }
    }

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn converted_amounts_are_rounded_half_up_to_the_minor_unit() {
        for (rate, from, minor, to, expected) in [
            ("1.08", "EUR", 1500, "USD", 1620),
            ("1.08", "EUR", 7000, "USD", 7560),
            ("1.0845", "EUR", 1500, "USD", 1627),
            ("1.005", "EUR", 100, "USD", 101),
            ("1.0049", "EUR", 100, "USD", 100),
            ("0.333333", "EUR", 100, "USD", 33),
            ("165.5", "EUR", 1500, "JPY", 2483),
            ("0.0061", "JPY", 2500, "USD", 1525),
            ("0.335", "EUR", 1500, "KWD", 5025),
            ("2.99", "KWD", 5025, "EUR", 1502),
        ] {
            assert_eq!(
                rate.parse::<Rate>().unwrap().convert(Amount(minor), currency(from), currency(to)),
                Some(Amount(expected)),
                "{rate} {from} {minor} {to}"
            );
        }
        let most = "1000000".parse::<Rate>().unwrap();
        assert_eq!(most.convert(Amount(i64::MAX), currency("EUR"), Currency::USD), None);
    }

    #[test]
    fn prices_name_their_currency() {
        let price: Price = "15.00 EUR".parse().unwrap();
        assert_eq!((price.amount, price.currency), (Amount(1500), currency("EUR")));
        assert_eq!("2500 JPY".parse::<Price>().unwrap().amount, Amount(2500));
        assert_eq!("2.5 KWD".parse::<Price>().unwrap().to_string(), "2.500 KWD");
        for text in ["15.00", "15.00 eur", "15.00 EURO", "-1.00 EUR", "EUR 15.00"] {
            assert_eq!(
                text.parse::<Price>().unwrap_err().to_string(),
                "write a price like 15.00 EUR",
                "{text}"
            );
        }
        for (text, error) in [
            ("1.001 EUR", "more than two decimals: write it like 12.50"),
            ("2500.00 JPY", "JPY has no decimals: write it like 12"),
        ] {
            assert_eq!(text.parse::<Price>().unwrap_err().to_string(), error);
        }
        let rates = BTreeMap::from([("EUR".to_owned(), "1.08".parse().unwrap())]);
        let rates = Rates::new(Currency::USD, rates);
        assert_eq!(rates.charge(&price).unwrap().amount, Amount(1620));
        let dollars = rates.charge(&"15.00 USD".parse().unwrap()).unwrap();
        assert_eq!((dollars.amount, dollars.rate), (Amount(1500), Rate::ONE));
        assert_eq!(rates.charge(&"15.00 GBP".parse().unwrap()), None);
    }

    #[test]
    fn half_of_an_odd_price_is_rounded_up() {
        assert_eq!(
            (percent_of(Amount(50), 50), percent_of(Amount(35), 50)),
            (Amount(25), Amount(18))
        );
        assert_eq!(
            (percent_of(Amount(50), 0), percent_of(Amount(50), 100)),
            (Amount(0), Amount(50))
        );
    }
}
