//! Identities that come from outside, each a type of its own: a SIM is its ICCID, a modem its IMEI
//! or what stands for it (`modem_id.rs`), a subscription its IMSI, a number an MSISDN, and a port
//! the path that names it.
//!
//! Text is checked once, where it enters: `parse` what a modem, an operator or a file says. What
//! was checked before it was stored comes back through `from_stored`.
//!
//! A text of up to 23 octets, which most identities are, stands in the value itself: the stock has
//! thousands of them, and neither reading nor comparing one goes through a pointer.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use smol_str::SmolStr;

use super::SiteName;

/// A text that is not the identity it was read as; says what would be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIdentity(&'static str);

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident, $normalise:expr, $right:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(SmolStr);

        impl $name {
            /// Takes a text that was checked before it was stored, as the database gives it back.
            pub fn from_stored(text: impl Into<SmolStr>) -> $name {
                $name(text.into())
            }

            /// The identity as a plain text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidIdentity;

            fn from_str(text: &str) -> Result<$name, InvalidIdentity> {
                let normalise: fn(&str) -> Option<SmolStr> = $normalise;
                normalise(text).map($name).ok_or(InvalidIdentity($right))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        /// In JSON it is its bare text.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }

        /// Lets a map whose keys are identities be asked with a bare text.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}

identity! {
    /// The serial number of a SIM card (ITU-T E.118): 18 to 22 digits, without the `F` that fills
    /// the last octet. A modem returns 20 at most (`at/iccid.rs`); longer ones are accepted where
    /// people write them. Some operators' cards have the letters A to E among the digits.
    Iccid,
    |text| {
        let text = text.trim().trim_end_matches(['F', 'f']).to_ascii_uppercase();
        let fits = (18..=22).contains(&text.len())
            && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'E'));
        fits.then(|| text.into())
    },
    "an ICCID is 18 to 22 digits, as `simbridge sim list` shows it"
}

identity! {
    /// The serial number of a modem (3GPP TS 23.003 clause 6): 14 digits, with the check digit 15,
    /// with the software version 16 or 17. It is read and never written.
    Imei,
    |text| all_digits(text.trim(), 14, 17),
    "an IMEI is 14 to 17 digits"
}

identity! {
    /// What identifies a modem: its IMEI where it has one of its own. Otherwise it is, after a word
    /// that says so, the serial number that the modem tells (`serial:…`), that of its USB device
    /// (`usb:VENDOR:PRODUCT:…`), or the port (`port:…`). Where several modems tell the same, it is
    /// followed by `@` and the port. At the centre, that of a modem at a site comes after the
    /// site's name and a slash.
    ModemId,
    |text| {
        let text = text.trim();
        let own = SiteName::of_modem_id(text).map_or(text, |(_, own)| own);
        let (id, port) = own.split_once('@').map_or((own, None), |(id, port)| (id, Some(port)));
        let told = ["serial:", "usb:", "port:"]
            .iter()
            .any(|kind| id.strip_prefix(kind).is_some_and(|rest| !rest.is_empty()));
        let fits = (told || all_digits(id, 14, 17).is_some()) && port != Some("");
        fits.then(|| text.into())
    },
    "a modem is named by its IMEI, or as `simbridge modem list` shows it"
}

identity! {
    /// A subscription's identity (3GPP TS 23.003 clause 2.2): MCC, MNC and MSIN, at most 15 digits.
    Imsi,
    |text| all_digits(text.trim(), 6, 15),
    "an IMSI is 6 to 15 digits"
}

identity! {
    /// A telephone number in international form (ITU-T E.164): `+` and at most 15 digits.
    Msisdn,
    |text| {
        let digits = text.trim().strip_prefix('+')?;
        all_digits(digits, 3, 15).map(|digits| format!("+{digits}").into())
    },
    "a number is written like +31612345678"
}

impl Msisdn {
    /// Its last three digits, which is as much of a number as may stand in logs and the audit.
    pub fn shortened(&self) -> String {
        let last = self.0.char_indices().rev().nth(2).and_then(|(at, _)| self.0.get(at..));
        format!("…{}", last.unwrap_or(&self.0))
    }
}

identity! {
    /// The path or address that names a serial port, as the configuration or its glob has it.
    PortName,
    |text| (!text.is_empty()).then(|| text.into()),
    "a port is a path like /dev/serial/by-path/…, or an address"
}

impl Iccid {
    /// Whether it has 19 digits of which the last is not the check digit, so that a digit was
    /// mistyped. Shorter ones lack the check digit, and longer ones do not keep to it.
    pub fn has_wrong_check_digit(&self) -> bool {
        self.checks() == Some(false)
    }

    /// Whether it has 19 digits of which the last is the check digit: one of which a digit was lost
    /// or altered on the way does not.
    pub fn has_right_check_digit(&self) -> bool {
        self.checks() == Some(true)
    }

    /// Whether the last of 19 digits checks the others (ITU-T E.118 clause 4, the Luhn algorithm).
    fn checks(&self) -> Option<bool> {
        let digits: Option<Vec<u32>> = self.0.chars().map(|c| c.to_digit(10)).collect();
        let digits = digits.filter(|digits| digits.len() == 19)?;
        let doubled = |(at, digit): (usize, &u32)| match (at % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) => double / 10 + double % 10,
        };
        let sum: u32 = digits.iter().rev().enumerate().map(doubled).sum();
        Some(sum.is_multiple_of(10))
    }
}

fn all_digits(text: &str, fewest: usize, most: usize) -> Option<SmolStr> {
    let fits = (fewest..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iccid_loses_its_filler_and_keeps_its_letters() {
        let iccid = |text: &str| text.parse::<Iccid>().ok().map(|iccid| iccid.to_string());
        assert_eq!(iccid("8931440400000000123F").as_deref(), Some("8931440400000000123"));
        assert_eq!(iccid(" 898602a4191156789012 ").as_deref(), Some("898602A4191156789012"));
        for wrong in ["", "12345678901234567", "12345678901234567890123", "89314404000000001g3"] {
            assert_eq!(iccid(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_check_digit_is_right_or_wrong_where_there_is_one() {
        for (iccid, is_right) in [
            ("8931040000000000018", Some(true)),
            ("8931040000000000013", Some(false)),
            ("8931040000000000108", Some(false)),
            ("8931040000000000109", Some(true)),
            ("893104000000000001", None),
            ("89310400000000000260", None),
            ("898602A419115678901", None),
        ] {
            let known: Iccid = iccid.parse().unwrap();
            assert_eq!(known.has_right_check_digit(), is_right == Some(true), "{iccid}");
            assert_eq!(known.has_wrong_check_digit(), is_right == Some(false), "{iccid}");
        }
    }

    #[test]
    fn each_identity_is_checked_where_it_enters() {
        assert!("861234567890123".parse::<Imei>().is_ok());
        assert!("86123456789".parse::<Imei>().is_err());
        assert!("204041234567890".parse::<Imsi>().is_ok());
        assert!("2040412345678901".parse::<Imsi>().is_err());
        assert_eq!(
            "+31612345678".parse::<Msisdn>().map(|n| n.to_string()),
            Ok("+31612345678".into())
        );
        for wrong in ["31612345678", "+", "+3161234567890123", "+316x"] {
            assert!(wrong.parse::<Msisdn>().is_err(), "{wrong}");
        }
        assert!("".parse::<PortName>().is_err());
        assert_eq!("x".parse::<Imei>().unwrap_err().to_string(), "an IMEI is 14 to 17 digits");
    }
}
