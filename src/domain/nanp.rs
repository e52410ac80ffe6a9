//! The area codes of the North American Numbering Plan, in which some twenty countries share the
//! calling code `1`.
//!
//! The lists have the area codes that were in service or assigned in 2026, except those of the
//! United States and their territories: every code that is not listed is taken as one of theirs.
//! New codes of the other countries are rare, and are announced years ahead.

/// Canada's geographic area codes.
const CANADA: &[&str] = &[
    "204", "226", "236", "249", "250", "257", "263", "289", "306", "343", "354", "365", "367",
    "368", "382", "403", "416", "418", "428", "431", "437", "438", "450", "468", "474", "506",
    "514", "519", "548", "579", "581", "584", "587", "604", "613", "639", "647", "672", "683",
    "705", "709", "742", "753", "778", "780", "782", "807", "819", "825", "867", "873", "879",
    "902", "905", "942",
];

/// The area codes of the other countries: Bahamas, Barbados, Anguilla, Antigua, British Virgin
/// Islands, Cayman Islands, Bermuda, Grenada, Turks and Caicos, Jamaica, Montserrat, Sint Maarten,
/// Saint Lucia, Dominica, Saint Vincent, Dominican Republic, Trinidad, Saint Kitts.
const OTHERS: &[&str] = &[
    "242", "246", "264", "268", "284", "345", "441", "473", "649", "658", "664", "721", "758",
    "767", "784", "809", "829", "849", "868", "869", "876",
];

/// A country of the numbering plan, as far as it is distinguished here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The United States and their territories.
    UnitedStates,
    Canada,
    /// One of the countries of the Caribbean and Bermuda.
    Other,
}

/// The country of a number, which is given as ten digits. The first three are the area code.
pub fn member(digits: &str) -> Member {
    match digits.get(..3) {
        Some(area) if CANADA.contains(&area) => Member::Canada,
        Some(area) if OTHERS.contains(&area) => Member::Other,
        _ => Member::UnitedStates,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_code_has_a_country() {
        for (digits, expected) in [
            ("2025550123", Member::UnitedStates),
            ("7875550123", Member::UnitedStates),
            ("4165550123", Member::Canada),
            ("9425550123", Member::Canada),
            ("8765550123", Member::Other),
            ("8095550123", Member::Other),
            ("", Member::UnitedStates),
        ] {
            assert_eq!(member(digits), expected, "{digits}");
        }
        assert!(CANADA.is_sorted() && OTHERS.is_sorted());
    }
}
