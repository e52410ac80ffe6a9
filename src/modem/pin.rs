//! A SIM card's PIN, which is never shown, never logged, and entered once.

use std::fmt;

/// A PIN of four to eight digits (31.101 9.5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

impl Pin {
    /// Reads a PIN from the text of a file, which has only digits and may have white space around
    /// them.
    pub fn parse(text: &str) -> Option<Pin> {
        let digits = text.trim();
        let fits =
            (4..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Pin(digits.to_owned()))
    }

    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_are_a_pin_and_it_is_never_shown() {
        let pin = Pin::parse(" 1234\n").unwrap();
        assert_eq!((pin.digits(), format!("{pin:?}").as_str()), ("1234", "Pin(****)"));
        for text in ["", "123", "123456789", "12a4", "1234 5678"] {
            assert_eq!(Pin::parse(text), None, "{text}");
        }
    }
}
