//! Countries: their codes in the customers' API, their calling codes, the national form of their
//! numbers, and which country's SIM has a certain IMSI.
//!
//! The rules of three countries and of those in the configuration stand here; all others are known
//! by their ISO 3166 codes (`world.rs`).

use super::nanp::{self, Member};
use super::{Imsi, Msisdn, world};

/// A country's code and the rules of its telephone numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Country {
    /// The code that answers use: `NL`, `UK`, `USA`.
    pub code: String,
    /// Other spellings that requests may use, in upper case.
    pub aliases: Vec<String>,
    /// The country calling code, digits only: `31`.
    pub calling_code: String,
    /// The trunk prefix, which is dialled before the number inside the country: `0`. Empty for
    /// countries that have none.
    pub trunk: String,
    /// How many digits may follow the calling code, at least and at most.
    pub digits: (usize, usize),
    /// The mobile country codes of its networks, which are the first three digits of an IMSI.
    pub mobile_codes: Vec<u16>,
}

/// All countries: those with rules of their own, and behind them every other one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Countries(Vec<Country>);

/// The country of an order that names none.
pub const DEFAULT_COUNTRY: &str = "NL";

fn country(
    code: &str,
    aliases: &[&str],
    calling: &str,
    trunk: &str,
    digits: (usize, usize),
    mobile_codes: &[u16],
) -> Country {
    Country {
        code: code.to_owned(),
        aliases: aliases.iter().map(|alias| (*alias).to_owned()).collect(),
        calling_code: calling.to_owned(),
        trunk: trunk.to_owned(),
        digits,
        mobile_codes: mobile_codes.to_vec(),
    }
}

impl Default for Countries {
    /// The three countries of the customers' API (`docs/customer-api.md`). The mobile country codes
    /// are those of ITU-T E.212.
    fn default() -> Countries {
        Countries(vec![
            country("NL", &[], "31", "0", (9, 11), &[204]),
            country("UK", &["GB"], "44", "0", (9, 10), &[234, 235]),
            country("USA", &["US"], "1", "", (10, 10), &[310, 311, 312, 313, 314, 315, 316]),
        ])
    }
}

/// These codes, and that there are others.
fn with_others<'c>(codes: impl Iterator<Item = &'c str>) -> String {
    let codes: Vec<&str> = codes.collect();
    format!("{}, and all others by their ISO 3166 codes, like DE", codes.join(", "))
}

impl Countries {
    /// Adds a country. If one of its spellings is already in use, nothing is added, and the error
    /// is that spelling.
    pub fn add(&mut self, country: Country) -> Result<(), String> {
        let taken = country
            .aliases
            .iter()
            .chain([&country.code])
            .find(|spelling| self.named(spelling).is_some());
        if let Some(taken) = taken {
            return Err(taken.clone());
        }
        self.0.push(country);
        Ok(())
    }

    /// The country that `text` in a request stands for, in upper or lower case.
    pub fn find(&self, text: &str) -> Option<&Country> {
        self.named(text).or_else(|| world::find(&text.to_ascii_uppercase()))
    }

    /// The ISO 3166 code of a country, by its code in the first version of the customers' API. For
    /// a country of the configuration that has no code of two letters it is the one that it has.
    pub fn iso_code<'c>(&'c self, code: &'c str) -> &'c str {
        // ISO 3166 has reserved `UK` for no country.
        let is_iso = |code: &&str| code.len() == 2 && *code != "UK";
        let aliases = self.named(code).map_or(&[][..], |country| &country.aliases);
        let mut names = [code].into_iter().chain(aliases.iter().map(String::as_str));
        names.find(is_iso).unwrap_or(code)
    }

    /// Whether a country's code is one of the customers' API or of the configuration.
    pub fn is_named(&self, code: &str) -> bool {
        self.named(code).is_some()
    }

    /// The country with rules of its own that `text` stands for.
    fn named(&self, text: &str) -> Option<&Country> {
        let wanted = text.to_ascii_uppercase();
        self.0.iter().find(|country| country.code == wanted || country.aliases.contains(&wanted))
    }

    /// The codes of the countries with rules of their own, as answers spell them.
    pub fn named_codes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|country| country.code.as_str())
    }

    /// The countries with rules of their own by their ISO 3166 codes, separated by commas, and that
    /// there are others, for error messages.
    pub fn iso_codes(&self) -> String {
        with_others(self.named_codes().map(|code| self.iso_code(code)))
    }

    /// The country of a number. Of several whose calling codes fit, the one with
    /// the longest.
    pub fn of_number(&self, number: &Msisdn) -> Option<&Country> {
        let digits = number.as_str().strip_prefix('+')?;
        let named = self.0.iter().filter(|country| country.subscriber(digits).is_some());
        let named = named.max_by_key(|country| country.calling_code.len());
        named.or_else(|| {
            let country = world::of_number(number)?;
            // By the rules of its own it is not a number of that country.
            self.named(&country.code).is_none().then_some(country)
        })
    }

    /// The home country of a SIM, by the first three digits of its IMSI.
    pub fn of_imsi(&self, imsi: &Imsi) -> Option<&Country> {
        let code: u16 = imsi.as_str().get(..3)?.parse().ok()?;
        let named = self.0.iter().find(|country| country.mobile_codes.contains(&code));
        named.or_else(|| self.find(&world::of_imsi(imsi)?.code))
    }

    /// A number in E.164 with `+`, from the form in which a SIM, a list or a person wrote it.
    /// Spaces and punctuation are ignored. A number in national form is taken as one of `home`, and
    /// what has neither `+` nor `00` is never taken as one of a country that is not `home` and has
    /// no rules of its own. `None` when the number fits no country.
    pub fn normalise(&self, raw: &str, home: Option<&Country>) -> Option<Msisdn> {
        let kept: String =
            raw.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        let (international, digits) = match (kept.strip_prefix('+'), kept.strip_prefix("00")) {
            (Some(rest), _) | (None, Some(rest)) => (true, rest),
            (None, None) => (false, kept.as_str()),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let expanded =
            home.filter(|_| !international).and_then(|home| match self.named(&home.code) {
                Some(named) => named.expand_national(digits),
                None => world::expand(home, digits),
            });
        expanded.or_else(|| {
            let full = format!("+{digits}").parse().ok()?;
            let country = self.of_number(&full)?;
            (international || self.named(&country.code).is_some()).then_some(full)
        })
    }

    /// Why a number can hardly be that of a SIM whose home is `home`: it is another country's.
    pub fn is_foreign(&self, number: &Msisdn, home: Option<&Country>) -> bool {
        let of_number = self.of_number(number);
        of_number.zip(home).is_some_and(|(of, home)| of.calling_code != home.calling_code)
    }

    /// All numbers that a person may mean: one written in national form may be one of several
    /// countries.
    pub fn readings(&self, raw: &str) -> Vec<Msisdn> {
        let homes = [None].into_iter().chain(self.0.iter().map(Some));
        let mut readings: Vec<Msisdn> =
            homes.filter_map(|home| self.normalise(raw, home)).collect();
        readings.sort();
        readings.dedup();
        readings
    }

    /// The number in the national form of its country, digits only: `0612345678`. Of a number of no
    /// known country, the digits.
    pub fn national(&self, number: &Msisdn) -> String {
        let digits = number.as_str().trim_start_matches('+');
        let named = self.of_number(number).and_then(|country| self.named(&country.code));
        match named.and_then(|country| Some((country, country.subscriber(digits)?))) {
            Some((country, subscriber)) => format!("{}{subscriber}", country.trunk),
            None => world::national(number).unwrap_or_else(|| digits.to_owned()),
        }
    }
}

impl Country {
    /// The digits after the calling code, if `digits` begin with it and are a number of this
    /// country.
    fn subscriber<'n>(&self, digits: &'n str) -> Option<&'n str> {
        let rest = digits.strip_prefix(self.calling_code.as_str())?;
        // In `+31 (0)6 …` the trunk prefix is written although it is not part of the number.
        let has_trunk = !self.trunk.is_empty() && rest.starts_with(self.trunk.as_str());
        (!has_trunk && self.has(rest)).then_some(rest)
    }

    /// Whether `rest`, after the calling code, can be a number of this country: by its length and,
    /// for the countries that share the calling code `1`, by its area code.
    fn has(&self, rest: &str) -> bool {
        let fits = (self.digits.0..=self.digits.1).contains(&rest.len());
        fits && (self.calling_code != "1" || nanp::member(rest) == self.member())
    }

    fn member(&self) -> Member {
        let is = |names: &[&str]| {
            names.iter().any(|name| self.code == *name || self.aliases.iter().any(|a| a == name))
        };
        match (is(&["US", "USA"]), is(&["CA", "CAN", "CANADA"])) {
            (true, _) => Member::UnitedStates,
            (false, true) => Member::Canada,
            (false, false) => Member::Other,
        }
    }

    fn expand_national(&self, digits: &str) -> Option<Msisdn> {
        let rest = digits.strip_prefix(self.trunk.as_str()).filter(|rest| self.has(rest))?;
        format!("+{}{rest}", self.calling_code).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn msisdn(number: &str) -> Msisdn {
        Msisdn::from_stored(number)
    }

    #[test]
    fn codes_in_any_case_and_both_spellings() {
        let countries = Countries::default();
        for (text, code) in
            [("nl", "NL"), ("GB", "UK"), ("uk", "UK"), ("us", "USA"), ("Usa", "USA")]
        {
            assert_eq!(countries.find(text).unwrap().code, code);
        }
        let others = "and all others by their ISO 3166 codes, like DE";
        assert_eq!(countries.iso_codes(), format!("NL, GB, US, {others}"));
        assert_eq!(countries.find("fr").unwrap().calling_code, "33");
        assert_eq!(countries.find("XX"), None);
        assert_eq!(countries.find(""), None);
    }

    #[test]
    fn countries_are_told_by_their_iso_codes() {
        let mut countries = Countries::default();
        let aliases = ["Deutschland", "DE"];
        countries.add(country("GERMANY", &aliases, "49", "0", (6, 14), &[262])).unwrap();
        for (code, iso) in [
            ("NL", "NL"),
            ("UK", "GB"),
            ("USA", "US"),
            ("GERMANY", "DE"),
            ("FR", "FR"),
            ("ATLANTIS", "ATLANTIS"),
        ] {
            assert_eq!(countries.iso_code(code), iso);
        }
    }

    #[test]
    fn numbers_as_people_write_them() {
        let countries = Countries::default();
        for (raw, home, expected) in [
            ("+31612345678", None, Some("+31612345678")),
            ("0031 6 12345678", None, Some("+31612345678")),
            ("0612345678", Some("NL"), Some("+31612345678")),
            ("06-12 34 56 78", Some("NL"), Some("+31612345678")),
            ("31612345678", Some("NL"), Some("+31612345678")),
            ("07684563067", Some("UK"), Some("+447684563067")),
            ("2025550123", Some("USA"), Some("+12025550123")),
            ("12025550123", Some("USA"), Some("+12025550123")),
            ("0612345678", None, None),
            ("+48 512 345 678", None, Some("+48512345678")),
            ("512345678", Some("PL"), Some("+48512345678")),
            ("48512345678", Some("PL"), Some("+48512345678")),
            ("0151 23456789", Some("DE"), Some("+4915123456789")),
            ("15123456789", Some("DE"), Some("+4915123456789")),
            ("090-1234-5678", Some("JP"), Some("+819012345678")),
            ("2025550123", None, None),
            ("4915123456789", None, None),
            ("4915123456789", Some("NL"), None),
            ("+4915", Some("DE"), None),
            ("+3161234", None, None),
            ("+31 (0)6 12345678", None, None),
            ("unknown", Some("NL"), None),
            ("", Some("NL"), None),
        ] {
            let home = home.map(|code| countries.find(code).unwrap());
            let number = countries.normalise(raw, home);
            assert_eq!(number.as_ref().map(Msisdn::as_str), expected, "{raw}");
        }
    }

    #[test]
    fn a_canadian_number_is_not_an_american_one() {
        let mut countries = Countries::default();
        let american = countries.find("USA").cloned();
        for raw in ["14165550123", "4165550123"] {
            assert_eq!(countries.normalise(raw, american.as_ref()), None, "{raw}");
        }
        let canadian = countries.normalise("+14165550123", american.as_ref()).unwrap();
        assert_eq!(countries.of_number(&canadian).unwrap().code, "CA");
        countries.add(country("CA", &[], "1", "", (10, 10), &[302])).unwrap();
        for (number, code) in
            [("+14165550123", "CA"), ("+12025550123", "USA"), ("+17875550123", "USA")]
        {
            assert_eq!(countries.of_number(&msisdn(number)).unwrap().code, code);
        }
        assert_eq!(countries.of_number(&msisdn("+18765550123")).unwrap().code, "JM");
        assert_eq!(countries.national(&msisdn("+14165550123")), "4165550123");
    }

    #[test]
    fn national_form_has_the_trunk_prefix() {
        let countries = Countries::default();
        for (number, national) in [
            ("+31612345678", "0612345678"),
            ("+447684563067", "07684563067"),
            ("+12025550123", "2025550123"),
        ] {
            assert_eq!(countries.national(&msisdn(number)), national);
        }
        assert_eq!(countries.national(&msisdn("+33612345678")), "0612345678");
        assert_eq!(countries.national(&msisdn("+48512345678")), "512345678");
        assert_eq!(countries.national(&msisdn("+9991234")), "9991234", "no country's");
    }

    #[test]
    fn home_by_imsi() {
        let countries = Countries::default();
        for (imsi, code) in
            [("204081234567890", "NL"), ("235941234567890", "UK"), ("310150123456789", "USA")]
        {
            assert_eq!(countries.of_imsi(&Imsi::from_stored(imsi)).unwrap().code, code);
        }
        assert_eq!(countries.of_imsi(&Imsi::from_stored("20")), None);
        assert_eq!(countries.of_imsi(&Imsi::from_stored("262011234567890")).unwrap().code, "DE");
        assert_eq!(countries.of_imsi(&Imsi::from_stored("901281234567890")), None);
        let home = countries.find("DE");
        assert!(countries.is_foreign(&msisdn("+31612345678"), home));
        assert!(!countries.is_foreign(&msisdn("+4915123456789"), home));
        assert!(!countries.is_foreign(&msisdn("+31612345678"), None));
    }

    #[test]
    fn one_more_country_but_no_spelling_twice() {
        let mut countries = Countries::default();
        assert_eq!(
            countries.add(country("DE", &["GB"], "49", "0", (6, 13), &[262])),
            Err("GB".to_owned())
        );
        countries.add(country("DE", &[], "49", "0", (6, 13), &[262])).unwrap();
        assert_eq!(countries.national(&msisdn("+491701234567")), "01701234567");
    }
}
