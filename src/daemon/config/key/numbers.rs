//! Formats of values that are numbers, amounts, and yes or no.

use std::fmt::Display;

use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_integer, read_list, read_text};

/// A whole number within a range.
pub(in crate::daemon::config) struct Whole<N> {
    from: N,
    to: N,
}

impl<N> Whole<N> {
    pub(in crate::daemon::config) const fn from_to(from: N, to: N) -> Whole<N> {
        Whole { from, to }
    }
}

impl<N: TryFrom<i64> + PartialOrd + Display + Sync> Format for Whole<N> {
    type Value = N;

    fn name(&self) -> String {
        format!("{} to {}", self.from, self.to)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<N, String> {
        let number = read_integer(value).and_then(|number| N::try_from(number).ok());
        number
            .filter(|number| (&self.from..=&self.to).contains(&number))
            .ok_or_else(|| format!("from {} to {}", self.from, self.to))
    }

    fn write(&self, value: &N) -> String {
        value.to_string()
    }
}

/// A value that is `true` or `false`.
pub(in crate::daemon::config) struct Flag;

impl Format for Flag {
    type Value = bool;

    fn name(&self) -> String {
        "`true` or `false`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<bool, String> {
        value.as_bool().ok_or_else(|| "true or false".to_owned())
    }

    fn write(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// An amount of money that is more than nothing, or `"off"`. Whoever uses it reads it in the
/// accounts' currency.
pub(in crate::daemon::config) struct AmountOrOff;

impl Format for AmountOrOff {
    type Value = Option<String>;

    fn name(&self) -> String {
        "amount, or `\"off\"`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, String> {
        Ok(Some(read_text(value)?).filter(|text| text != "off"))
    }

    fn write(&self, value: &Option<String>) -> String {
        quoted(value.as_deref().unwrap_or("off"))
    }
}

/// A list of mobile country codes (ITU-T E.212).
pub(in crate::daemon::config) struct MobileCodes;

impl Format for MobileCodes {
    type Value = Vec<u16>;

    fn name(&self) -> String {
        "list of numbers".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<u16>, String> {
        let code = |item: &DeValue<'_>| {
            let code = read_integer(item).and_then(|code| u16::try_from(code).ok());
            code.filter(|code| (1..=999).contains(code))
        };
        read_list(value, code, "a list of numbers like [262]")
    }

    fn write(&self, value: &Vec<u16>) -> String {
        format!("{value:?}")
    }
}
