//! Whether a network has accepted the modem: `+CREG`, `+CGREG`, `+CEREG` and `+C5GREG` (27.007
//! clauses 7.2, 10.1.20, 10.1.22 and 10.1.47).

use super::fields::{fields, tag};
use crate::domain::modem::Registration;

/// The part of the network that a registration is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationDomain {
    /// The circuit-switched domain: `+CREG`.
    Circuit,
    /// The packet-switched domain of GSM and UMTS: `+CGREG`.
    Packet,
    /// The evolved packet system of LTE: `+CEREG`.
    Lte,
    /// The 5G system: `+C5GREG`.
    FiveG,
}

impl RegistrationDomain {
    /// All domains, in the order in which they are asked.
    pub const ALL: [RegistrationDomain; 4] = [
        RegistrationDomain::Circuit,
        RegistrationDomain::Packet,
        RegistrationDomain::Lte,
        RegistrationDomain::FiveG,
    ];

    /// The tag that lines about this domain begin with.
    pub fn tag(self) -> &'static str {
        match self {
            RegistrationDomain::Circuit => "+CREG",
            RegistrationDomain::Packet => "+CGREG",
            RegistrationDomain::Lte => "+CEREG",
            RegistrationDomain::FiveG => "+C5GREG",
        }
    }

    /// The tag and the colon behind it.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            RegistrationDomain::Circuit => "+CREG:",
            RegistrationDomain::Packet => "+CGREG:",
            RegistrationDomain::Lte => "+CEREG:",
            RegistrationDomain::FiveG => "+C5GREG:",
        }
    }
}

impl From<i32> for Registration {
    fn from(status: i32) -> Self {
        match status {
            0 => Registration::Idle,
            // 9 and 10 are on LTE, where the network would rather not have calls.
            1 | 9 => Registration::Home,
            2 => Registration::Searching,
            3 => Registration::Denied,
            5 | 10 => Registration::Roaming,
            6 | 7 => Registration::SmsOnly,
            8 | 11 => Registration::Emergency,
            _ => Registration::Unknown,
        }
    }
}

/// A line about the registration in one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The domain that the line is about.
    pub domain: RegistrationDomain,
    /// The state that the line tells.
    pub registration: Registration,
    /// Whether it has the form of a reply (`<n>,<stat>[,<lac>,<ci>…]`) and not of a URC
    /// (`<stat>[,<lac>,<ci>…]`).
    pub asked: bool,
}

/// Reads such a line.
///
/// The location area code is a string of four hexadecimal digits, but some models give it without
/// its quotes and leading zeros (`+CREG: 1,0A,3799B`). What follows then tells a reply from a URC:
/// the location has two fields, after which a URC has at most an access technology; and only a
/// modem that is registered has a location.
pub fn parse_registration(line: &str) -> Option<Reported> {
    let domain =
        RegistrationDomain::ALL.into_iter().find(|domain| tag(line) == Some(domain.tag()))?;
    let mut parts = fields(line.split_once(':')?.1);
    let first = parts.next()?.parse::<i32>().ok()?;
    let second = parts.next().and_then(parse_small_number);
    let (third, fourth) = (parts.next(), parts.next());
    let is_location = |field: &str| !field.is_empty() && !field.starts_with('"');
    let has_location = Registration::from(first).is_registered();
    let status = match (second, third, fourth) {
        (Some(status), Some(third), _) if is_location(third) && has_location => {
            let is_urc = match fourth {
                None => true,
                Some(technology) => {
                    parse_small_number(technology).is_some() && parts.next().is_none()
                }
            };
            (!is_urc && status <= LAST_STATUS).then_some(status)
        }
        // A code of two decimal digits is no status.
        (Some(status), Some(_), _) => Some(status).filter(|status| *status <= LAST_STATUS),
        (second, ..) => second,
    };
    Some(Reported { domain, registration: status.unwrap_or(first).into(), asked: status.is_some() })
}

/// The greatest `<stat>` that 27.007 has.
const LAST_STATUS: i32 = 11;

/// A number of one or two decimal digits without quotes, such as a status.
fn parse_small_number(field: &str) -> Option<i32> {
    let fits = field.len() <= 2 && (field.len() == 1 || !field.starts_with('0'));
    field.parse().ok().filter(|number| fits && *number >= 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_and_a_urc_of_registration_are_told_apart() {
        use Registration::{Denied, Emergency, Home, Idle, Roaming, Searching, SmsOnly, Unknown};
        use RegistrationDomain::{Circuit, FiveG, Lte, Packet};
        let table = [
            ("+CREG: 0,1", Circuit, Home, true),
            ("+CREG: 2,5,\"00A1\",\"01B2\",7", Circuit, Roaming, true),
            ("+CREG: 1", Circuit, Home, false),
            ("+CREG: 2,\"00A1\",\"01B2\"", Circuit, Searching, false),
            ("+CREG: 1,1234,5678", Circuit, Home, false),
            ("+CGREG: 1,0", Packet, Idle, true),
            ("+CEREG: 0,6", Lte, SmsOnly, true),
            ("+CEREG: 0,7", Lte, SmsOnly, true),
            ("+CEREG: 0,8", Lte, Emergency, true),
            ("+CEREG: 0,9", Lte, Home, true),
            ("+CEREG: 0,10", Lte, Roaming, true),
            ("+CEREG: 0,11", Lte, Emergency, true),
            ("+CEREG: 0,90", Lte, Unknown, true),
            ("+CEREG: 4", Lte, Unknown, false),
            ("+CREG: 3", Circuit, Denied, false),
            // <n> of 3 to 5: causes and times, in part empty.
            ("+CEREG: 3,3,,,,0,15", Lte, Denied, true),
            ("+CEREG: 5,1,\"00A1\",\"01B2C3D4\",7,,,\"00000010\"", Lte, Home, true),
            ("+CEREG: 4,0", Lte, Idle, true),
            ("+CEREG: 5,\"00A1\",\"01B2C3\",7", Lte, Roaming, false),
            ("+C5GREG: 0,1", FiveG, Home, true),
            ("+C5GREG: 1,1,\"1A2B3C\",\"00012345601\",11,1,\"01\"", FiveG, Home, true),
            ("+C5GREG: 5", FiveG, Roaming, false),
            ("+C5GREG: 5,\"1A2B3C\",\"00012345601\",11", FiveG, Roaming, false),
            // Without quotes and leading zeros.
            ("+CREG: 1, E006B, ABE0016", Circuit, Home, false),
            ("+CREG: 1,0A,3799B", Circuit, Home, false),
            ("+CREG: 2,1,0A,3799B", Circuit, Home, true),
            ("+CREG: 2,5,12,3799B,2", Circuit, Roaming, true),
            ("+CREG: 1,12,3799B", Circuit, Home, false),
            ("+CREG: 5,12,3799B,7", Circuit, Roaming, false),
            ("+CREG: 1,3,3799B", Circuit, Home, false),
            ("+CREG: 5,3,3799B,7", Circuit, Roaming, false),
            ("+CREG: 1,3,0A,3799B", Circuit, Denied, true),
            ("+CREG: 1,\"12\",\"3799B\",7", Circuit, Home, false),
            ("+CREG: 2,1,\"12\",\"3799B\"", Circuit, Home, true),
        ];
        for (line, domain, registration, asked) in table {
            let expected = Reported { domain, registration, asked };
            assert_eq!(parse_registration(line), Some(expected), "{line}");
        }
        for line in ["+CREG: ?", "+CREG: \"1\"", "+CREG:", "+COPS: 0,1", "+C5GREGN3GPP: 1"] {
            assert_eq!(parse_registration(line), None, "{line}");
        }
    }
}
