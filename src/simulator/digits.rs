//! Made-up identities that look real: Luhn check digits, numbers, IMSIs, ICCIDs and IMEIs, all from
//! a modem's position.

/// The Luhn check digit of a string of decimal digits (ISO/IEC 7812-1 annex B).
pub fn luhn(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, doubled) if doubled > 9 => doubled - 9,
            (0, doubled) => doubled,
            _ => digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

/// A country whose SIMs are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Country {
    /// Dutch SIMs, with MCC 204.
    Nl,
    /// British SIMs, with MCC 234.
    Uk,
    /// American SIMs, with MCC 310.
    Usa,
}

impl Country {
    /// The country of the SIM that a rack puts into modem `n` by default: of eight, five are Dutch,
    /// two British, one American.
    pub fn of_modem(n: usize) -> Self {
        match n % 8 {
            2 | 6 => Country::Uk,
            4 => Country::Usa,
            _ => Country::Nl,
        }
    }

    /// The country that an E.164 number belongs to, as far as the simulator knows countries.
    pub fn of_number(number: &str) -> Self {
        match number {
            n if n.starts_with("+44") => Country::Uk,
            n if n.starts_with("+1") => Country::Usa,
            _ => Country::Nl,
        }
    }

    /// A mobile number in E.164.
    pub fn number(self, n: usize) -> String {
        match self {
            Country::Nl => format!("+316{:08}", 12_340_000 + n),
            Country::Uk => format!("+447{:09}", 700_900_000 + n),
            Country::Usa => format!("+1{}", 2_025_550_100_u64 + n as u64),
        }
    }

    /// The IMSI of subscriber `n`: MCC, MNC, and the rest of 15 digits.
    pub fn imsi(self, n: usize) -> String {
        match self {
            Country::Nl => format!("20404{:010}", n + 1),
            Country::Uk => format!("23415{:010}", n + 1),
            Country::Usa => format!("310260{:09}", n + 1),
        }
    }

    /// The ICCID of card `n`: 89, country code, issuer, account, check digit; 19 digits.
    pub fn iccid(self, n: usize) -> String {
        let issuer = match self {
            Country::Nl => "893104",
            Country::Uk => "894415",
            Country::Usa => "890126",
        };
        let body = format!("{issuer}{:012}", n + 1);
        let check = luhn(&body);
        format!("{body}{check}")
    }

    /// Operator's long and short name and numeric code, as `AT+COPS?` gives them.
    pub fn operator(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Country::Nl => ("Simbridge NL", "SimNL", "20404"),
            Country::Uk => ("Simbridge UK", "SimUK", "23415"),
            Country::Usa => ("Simbridge USA", "SimUS", "310260"),
        }
    }

    /// The service centre's address.
    pub fn service_centre(self) -> &'static str {
        match self {
            Country::Nl => "+31653131313",
            Country::Uk => "+447785016005",
            Country::Usa => "+12063130004",
        }
    }

    /// The network's time zone in quarters of an hour; fixed, without summer time.
    pub fn zone_quarter_hours(self) -> i8 {
        match self {
            Country::Nl => 4,
            Country::Uk => 0,
            Country::Usa => -20,
        }
    }

    /// A number as it is dialled within the country, in E.164; one that already is stays as it is.
    pub fn international(self, dialled: &str) -> String {
        let code = match self {
            Country::Nl => "+31",
            Country::Uk => "+44",
            Country::Usa => "+1",
        };
        match dialled.strip_prefix('+') {
            Some(_) => dialled.to_owned(),
            None => format!("{code}{}", dialled.strip_prefix('0').unwrap_or(dialled)),
        }
    }

    /// The number as people of the country write it: trunk prefix and the rest.
    pub fn national(self, number: &str) -> String {
        match self {
            Country::Nl => format!("0{}", number.trim_start_matches("+31")),
            Country::Uk => format!("0{}", number.trim_start_matches("+44")),
            Country::Usa => number.trim_start_matches("+1").to_owned(),
        }
    }
}

/// The IMEI of modem `n`: type allocation code, serial number, check digit; 15 digits (TS 23.003
/// clause 6.2.1).
pub fn imei(n: usize) -> String {
    let body = format!("35000000{:06}", n + 1);
    let check = luhn(&body);
    format!("{body}{check}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_of_known_numbers() {
        for (digits, check) in [("7992739871", 3), ("49015420323751", 8)] {
            assert_eq!(luhn(digits), check, "{digits}");
        }
    }

    #[test]
    fn eight_modems_are_five_dutch_two_british_one_american() {
        let of = |country| (0..8).filter(|n| Country::of_modem(*n) == country).count();
        assert_eq!((of(Country::Nl), of(Country::Uk), of(Country::Usa)), (5, 2, 1));
    }

    #[test]
    fn made_up_identities_have_their_lengths() {
        for n in [0, 7, 999] {
            for (country, digits) in [(Country::Nl, 11), (Country::Uk, 12), (Country::Usa, 11)] {
                assert_eq!(country.number(n).len(), digits + 1);
                assert_eq!(country.imsi(n).len(), 15);
                assert_eq!(country.iccid(n).len(), 19);
                assert_eq!(Country::of_number(&country.number(n)), country);
            }
            assert_eq!(imei(n).len(), 15);
        }
    }

    #[test]
    fn national_forms() {
        assert_eq!(Country::Nl.national("+31612345678"), "0612345678");
        assert_eq!(Country::Uk.national("+447684563067"), "07684563067");
        assert_eq!(Country::Usa.national("+12025550123"), "2025550123");
        assert_eq!(Country::Nl.international("0612345678"), "+31612345678");
        assert_eq!(Country::Nl.international("+12025550123"), "+12025550123");
        assert_eq!(Country::Usa.international("2025550123"), "+12025550123");
    }
}
