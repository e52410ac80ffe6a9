//! Currencies, by their codes and decimals, and how amounts are read and written in them.

mod numbers;

use std::fmt;
use std::str::FromStr;

use super::Amount;

/// The currencies whose amounts have not two decimals (ISO 4217, list one, minor units), by the
/// number that they have.
const OTHER_DECIMALS: [(u32, &[&str]); 3] = [
    (
        0,
        &[
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI",
            "VND", "VUV", "XAF", "XOF", "XPF",
        ],
    ),
    (3, &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]),
    (4, &["CLF", "UYW"]),
];
const USUAL_DECIMALS: u32 = 2;

/// The most decimals that amounts may have.
pub const MOST_DECIMALS: u32 = 4;

/// The largest amount that is accepted as input, in minor units. The sum of millions of these is
/// far below the largest `i64`.
const LARGEST: i64 = 100_000_000_000;

/// A currency: its code, three capital letters, and how many decimals its amounts have. A code that
/// ISO 4217 does not have is one with two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency {
    code: [u8; 3],
    decimals: u32,
}

/// The error for a text that is not a currency's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters like \"USD\"")]
pub struct NotACurrency;

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// It is not of the form `DIGITS` or `DIGITS.DIGITS`.
    #[error("not an amount: write it like {}", examples(*.0))]
    Malformed(Currency),
    /// It has more decimals than the currency, so that it would have to be rounded.
    #[error("{}", too_fine(*.0))]
    TooFine(Currency),
    /// It is more than an amount may be.
    #[error("the amount is too large: at most {}", .0.text(Amount(LARGEST)))]
    TooLarge(Currency),
}

/// An amount as it is written in this currency.
fn example(currency: Currency) -> String {
    match currency.decimals {
        0 => "12".to_owned(),
        decimals => format!("12.{:0<width$}", 5, width = decimals as usize),
    }
}

fn examples(currency: Currency) -> String {
    match currency.decimals {
        0 => example(currency),
        _ => format!("{} or 12", example(currency)),
    }
}

fn too_fine(currency: Currency) -> String {
    let decimals = match currency.decimals {
        0 => format!("{currency} has no decimals"),
        1 => "more than one decimal".to_owned(),
        2 => "more than two decimals".to_owned(),
        more => format!("more than {more} decimals"),
    };
    format!("{decimals}: write it like {}", example(currency))
}

impl Currency {
    /// The dollar of the United States.
    pub const USD: Currency = Currency { code: *b"USD", decimals: USUAL_DECIMALS };

    /// How many decimals its amounts have.
    pub fn decimals(self) -> u32 {
        self.decimals
    }

    /// The same currency with amounts of so many decimals, at most [`MOST_DECIMALS`].
    pub fn with_decimals(self, decimals: u32) -> Currency {
        Currency { decimals: decimals.min(MOST_DECIMALS), ..self }
    }

    /// Its number in ISO 4217; 999, which stands for none, of one that ISO 4217 does not have.
    pub fn number(self) -> u16 {
        std::str::from_utf8(&self.code).map_or(0, numbers::number)
    }

    /// An amount in whole units with a fraction, for protocols that write it as a number.
    pub fn units(self, amount: Amount) -> f64 {
        // Amounts are far below 2^53, so that this is the nearest number that there is.
        amount.0 as f64 / self.minor_units() as f64
    }

    /// Whether both have the same code.
    pub fn has_code_of(self, other: Currency) -> bool {
        self.code == other.code
    }

    /// How many minor units one unit is.
    pub fn minor_units(self) -> i64 {
        10_i64.pow(self.decimals)
    }

    /// Reads an amount: digits, and after a point at most as many as the currency has decimals.
    ///
    /// # Errors
    /// The text is no amount of this currency; the error says what would be.
    pub fn parse(self, text: &str) -> Result<Amount, AmountError> {
        let malformed = AmountError::Malformed(self);
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(malformed);
        }
        let width = self.decimals as usize;
        if digits.contains('.') && fraction.len() > width {
            return Err(AmountError::TooFine(self));
        }
        let minor: i64 = format!("{fraction:0<width$}").parse().map_err(|_| malformed)?;
        let minor = whole
            .parse::<i64>()
            .ok()
            .and_then(|whole| whole.checked_mul(self.minor_units())?.checked_add(minor))
            .filter(|minor| *minor <= LARGEST)
            .ok_or(AmountError::TooLarge(self))?;
        Ok(Amount(if negative { -minor } else { minor }))
    }

    /// An amount with all the currency's decimals, like `12.50`.
    pub fn text(self, amount: Amount) -> String {
        let sign = if amount.0 < 0 { "-" } else { "" };
        let minor = amount.0.unsigned_abs();
        let unit = self.minor_units().unsigned_abs();
        match self.decimals as usize {
            0 => format!("{sign}{minor}"),
            width => format!("{sign}{}.{:0width$}", minor / unit, minor % unit),
        }
    }

    /// An amount with the currency's code, like `12.50 USD`.
    pub fn text_with_code(self, amount: Amount) -> String {
        format!("{} {self}", self.text(amount))
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Currency, NotACurrency> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| NotACurrency)?;
        if !code.iter().all(u8::is_ascii_uppercase) {
            return Err(NotACurrency);
        }
        let other = OTHER_DECIMALS.iter().find(|(_, codes)| codes.contains(&text));
        Ok(Currency { code, decimals: other.map_or(USUAL_DECIMALS, |(decimals, _)| *decimals) })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.code).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_are_read_and_written_with_the_decimals_of_their_currency() {
        for (code, text, minor, written) in [
            ("USD", "12.50", 1250, "12.50"),
            ("USD", "12.5", 1250, "12.50"),
            ("USD", "7", 700, "7.00"),
            ("EUR", "-0.05", -5, "-0.05"),
            ("JPY", "1250", 1250, "1250"),
            ("JPY", "-7", -7, "-7"),
            ("JPY", "0", 0, "0"),
            ("KWD", "12.5", 12_500, "12.500"),
            ("TND", "0.045", 45, "0.045"),
            ("TND", "-3", -3000, "-3.000"),
            ("CLF", "0.0001", 1, "0.0001"),
        ] {
            let currency = currency(code);
            let amount = currency.parse(text).unwrap();
            assert_eq!((amount.0, currency.text(amount).as_str()), (minor, written), "{text}");
        }
        assert_eq!(currency("JPY").text_with_code(Amount(1250)), "1250 JPY");
    }

    #[test]
    fn ambiguous_amounts_are_refused_with_what_would_be_right() {
        let malformed = "not an amount: write it like 12.50 or 12";
        let too_large = "the amount is too large: at most 1000000000.00";
        for (code, text, error) in [
            ("USD", "", malformed),
            ("USD", "1,50", malformed),
            ("USD", ".5", malformed),
            ("USD", "1.", malformed),
            ("USD", "1e3", malformed),
            ("USD", "+1", malformed),
            ("USD", "0.001", "more than two decimals: write it like 12.50"),
            ("USD", "1000000000.01", too_large),
            ("USD", "99999999999999999999", too_large),
            ("JPY", "1.5", "JPY has no decimals: write it like 12"),
            ("JPY", "1.000", "JPY has no decimals: write it like 12"),
            ("JPY", "1.", "not an amount: write it like 12"),
            ("JPY", "100000000001", "the amount is too large: at most 100000000000"),
            ("KWD", "1.0005", "more than 3 decimals: write it like 12.500"),
            ("KWD", "100000000.001", "the amount is too large: at most 100000000.000"),
        ] {
            let refused = currency(code).parse(text).unwrap_err();
            assert_eq!(refused.to_string(), error, "{code} {text}");
        }
    }

    #[test]
    fn currencies_are_three_capital_letters() {
        assert_eq!(currency("USD"), Currency::USD);
        assert_eq!(currency("EUR").to_string(), "EUR");
        for text in ["", "US", "usd", "USDT", "U$D", "Ü1"] {
            assert_eq!(text.parse::<Currency>(), Err(NotACurrency), "{text}");
        }
        let cents = currency("JPY").with_decimals(2);
        assert_eq!((cents.text(Amount(1250)).as_str(), cents.decimals()), ("12.50", 2));
        assert!(cents.has_code_of(currency("JPY")) && !cents.has_code_of(Currency::USD));
    }
}
