//! The countries of the area codes of the North American Numbering Plan: some twenty countries
//! share the calling code `1`.
//!
//! Facts: the area codes in service or assigned in 2026. Those of the territories of the United
//! States count as the United States'; new codes of the other countries are rare and announced
//! years ahead, new ones of the United States are not listed.

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

/// A country of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// The United States and their territories.
    UnitedStates,
    /// Canada.
    Canada,
    /// Any other.
    Other,
}

/// The country of a number, given as ten digits of which the first three are the area code.
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
