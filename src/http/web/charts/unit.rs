//! What the values of a chart are.

use crate::domain::{Amount, Currency};

/// The unit of a chart's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of something, which the text says: "messages an hour".
    Number(&'static str),
    Percent(&'static str),
    Seconds(&'static str),
    Milliseconds(&'static str),
    /// Octets; shown in MB and GB.
    Octets(&'static str),
    /// Minor units of the accounts' currency.
    Money(Currency, &'static str),
    /// Decibels of a milliwatt.
    Dbm,
}

impl Unit {
    /// What the values are, for below a chart.
    pub(super) fn name(self) -> String {
        match self {
            Unit::Number(what) => capitalized(what),
            Unit::Percent(what) => format!("{} in percent", capitalized(what)),
            Unit::Seconds(what) => format!("{} in seconds", capitalized(what)),
            Unit::Milliseconds(what) => format!("{} in milliseconds", capitalized(what)),
            Unit::Octets(what) => capitalized(what),
            Unit::Money(currency, what) => format!("{} in {currency}", capitalized(what)),
            Unit::Dbm => "Signal strength in dBm".to_owned(),
        }
    }

    /// A value with its unit.
    pub fn text(self, value: f64) -> String {
        match self {
            Unit::Number(_) => number(value),
            Unit::Percent(_) => format!("{} %", number(value)),
            Unit::Seconds(_) => format!("{} s", number(value)),
            Unit::Milliseconds(_) => format!("{} ms", number(value)),
            Unit::Octets(_) if value.abs() >= 1e9 => format!("{} GB", number(value / 1e9)),
            Unit::Octets(_) => format!("{} MB", number(value / 1e6)),
            Unit::Money(currency, _) => currency.text(Amount(value.round() as i64)),
            Unit::Dbm => format!("{} dBm", number(value)),
        }
    }

    /// A value without its unit, as programs read it.
    pub(super) fn plain(self, value: f64) -> String {
        match self {
            Unit::Money(..) => self.text(value),
            Unit::Octets(_) => format!("{value:.0}"),
            _ => number(value),
        }
    }
}

/// A sentence's beginning.
fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// A number with two significant decimals at most.
pub(super) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text.as_str(),
    };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_as_exact_as_they_are_read() {
        for (value, text) in [
            (0.0, "0"),
            (-0.001, "0"),
            (0.126, "0.13"),
            (4.0, "4"),
            (12.34, "12.3"),
            (123.4, "123"),
            (-71.0, "-71"),
            (1_234_567.8, "1234568"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn each_unit_is_written_as_people_write_it() {
        let euro: Currency = "EUR".parse().unwrap();
        assert_eq!(Unit::Octets("memory").text(31_400_000.0), "31.4 MB");
        assert_eq!(Unit::Octets("memory").text(2.5e9), "2.5 GB");
        assert_eq!(Unit::Money(euro, "income").text(1250.4), "12.50");
        assert_eq!(Unit::Percent("share").text(97.26), "97.3 %");
        assert_eq!(Unit::Dbm.text(-71.0), "-71 dBm");
        assert_eq!(Unit::Seconds("time to the code").name(), "Time to the code in seconds");
        assert_eq!(Unit::Money(euro, "income a day").name(), "Income a day in EUR");
        assert_eq!(Unit::Octets("memory").plain(31_400_000.0), "31400000");
    }
}
