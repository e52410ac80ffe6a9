//! The character sets of strings on the line (27.007 clause 5.5).

use super::fields::{payload, unquote};

/// A character set that `AT+CSCS` can select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// `IRA`: the international reference alphabet, which is ASCII.
    Ira,
    /// `GSM`: the septets of 23.038, each in an octet.
    Gsm,
    /// `UCS2`: UTF-16 in hexadecimal, four digits for a unit.
    Ucs2,
    /// `HEX`: the septets of 23.038 in hexadecimal, two digits for a septet.
    Hex,
    /// `8859-1`: ISO 8859-1, Latin 1.
    Latin1,
    /// `PCCP437`: code page 437 of the PC.
    Cp437,
    /// `UTF-8`.
    Utf8,
    /// Another one, which cannot be read here.
    Other,
}

impl Charset {
    const NAMES: [(&str, Charset); 10] = [
        ("IRA", Charset::Ira),
        ("GSM", Charset::Gsm),
        ("UCS2", Charset::Ucs2),
        ("HEX", Charset::Hex),
        ("8859-1", Charset::Latin1),
        ("PCCP437", Charset::Cp437),
        ("UTF-8", Charset::Utf8),
        // Names that some modems have for the same.
        ("CP437", Charset::Cp437),
        ("UTF8", Charset::Utf8),
        ("ASCII", Charset::Ira),
    ];

    /// From its name, quoted or not.
    pub fn parse(name: &str) -> Charset {
        let name = unquote(name);
        let known = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        known.map_or(Charset::Other, |(_, charset)| *charset)
    }

    /// The name in `AT+CSCS`.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, known)| *known == self).map_or("GSM", |(name, _)| name)
    }
}

/// `+CSCS: "UCS2"`: the character set in force.
pub fn parse_charset(line: &str) -> Option<Charset> {
    let name = payload(line, "+CSCS:")?;
    (!unquote(name).is_empty()).then(|| Charset::parse(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_sets_by_the_names_that_modems_give_them() {
        let table = [
            ("+CSCS: \"UCS2\"", Some(Charset::Ucs2)),
            ("+CSCS:GSM", Some(Charset::Gsm)),
            ("+CSCS: \"8859-1\"", Some(Charset::Latin1)),
            ("+CSCS: \"utf-8\"", Some(Charset::Utf8)),
            ("+CSCS: \"PCDN\"", Some(Charset::Other)),
            ("+CSCS: \"\"", None),
            ("+CSCA: \"GSM\"", None),
        ];
        for (line, expected) in table {
            assert_eq!(parse_charset(line), expected, "{line}");
        }
        assert_eq!(Charset::Cp437.as_str(), "PCCP437");
    }
}
