//! Amounts of money, in integer minor units (cents) and never in floating point.

use std::fmt;
use std::str::FromStr;

/// An amount in minor units: hundredths of the currency that the context names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Amount(pub i64);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// It is not of the form `DIGITS` or `DIGITS.DD`.
    #[error("not an amount: write it like 12.50 or 12")]
    Malformed,
    /// It has more than two decimals, which would have to be rounded.
    #[error("more than two decimals: write it like 12.50")]
    TooFine,
    /// It is more than an amount may be.
    #[error("the amount is too large: at most 1000000000.00")]
    TooLarge,
}

/// The largest amount that is accepted as input. The sum of millions of these is far below the
/// largest `i64`.
const LARGEST: i64 = 100_000_000_000;

impl Amount {
    /// An amount of zero.
    pub const ZERO: Amount = Amount(0);

    /// The sum; `None` when it does not fit into `i64`.
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// The difference; `None` when it does not fit into `i64`.
    pub fn checked_sub(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).map(Amount)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", minor / 100, minor % 100)
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Amount, AmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "00"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::Malformed);
        }
        if fraction.len() > 2 {
            return Err(AmountError::TooFine);
        }
        let cents: i64 = format!("{fraction:0<2}").parse().map_err(|_| AmountError::Malformed)?;
        let minor = whole
            .parse::<i64>()
            .ok()
            .and_then(|whole| whole.checked_mul(100)?.checked_add(cents))
            .filter(|minor| *minor <= LARGEST)
            .ok_or(AmountError::TooLarge)?;
        Ok(Amount(if negative { -minor } else { minor }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, minor, written) in [
            ("12.50", 1250, "12.50"),
            ("12.5", 1250, "12.50"),
            ("7", 700, "7.00"),
            ("-0.05", -5, "-0.05"),
        ] {
            let amount: Amount = text.parse().unwrap();
            assert_eq!((amount.0, amount.to_string().as_str()), (minor, written), "{text}");
        }
    }

    #[test]
    fn ambiguous_amounts_are_refused() {
        for (text, error) in [
            ("", AmountError::Malformed),
            ("1,50", AmountError::Malformed),
            (".5", AmountError::Malformed),
            ("1.", AmountError::Malformed),
            ("1e3", AmountError::Malformed),
            ("+1", AmountError::Malformed),
            ("0.001", AmountError::TooFine),
            ("1000000000.01", AmountError::TooLarge),
            ("99999999999999999999", AmountError::TooLarge),
        ] {
            assert_eq!(text.parse::<Amount>(), Err(error), "{text}");
        }
    }
}
