//! Reads profiles from TOML. An unknown key is an error that names the most similar known one.

use std::path::Path;

use serde::Deserialize;

use super::{PinAttempts, Profile, Quirk, Stores};
use crate::at::{Indications, MessageStore};

/// A profile that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ProfileError {
    /// The number of the line with the error, if it is in one.
    pub line: Option<usize>,
    /// What is wrong, and what would be valid.
    pub text: String,
}

impl ProfileError {
    /// The error with the file, and the line if it is in one.
    pub fn in_file(&self, file: &str) -> String {
        let line = self.line.map(|line| format!(":{line}")).unwrap_or_default();
        format!("{file}{line}: {self}")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    sources: Vec<String>,
    manufacturer: Vec<String>,
    model: Vec<String>,
    #[serde(default)]
    init: Vec<String>,
    urc_port: Option<String>,
    #[serde(default)]
    cnmi: Vec<String>,
    #[serde(default)]
    csms: Vec<u8>,
    #[serde(default)]
    stores: StoresSection,
    #[serde(default)]
    iccid: Vec<String>,
    #[serde(default)]
    pin_attempts: Vec<PinSection>,
    soft_reset: Option<String>,
    hard_reset: Option<String>,
    #[serde(default)]
    store_full: Vec<String>,
    #[serde(default)]
    voltage: Vec<String>,
    slot: Option<String>,
    #[serde(default)]
    first_slot: u8,
    #[serde(default)]
    quirks: Vec<Quirk>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoresSection {
    #[serde(default)]
    read: Vec<String>,
    #[serde(default)]
    receive: Vec<String>,
    parameters: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinSection {
    command: String,
    line: Option<String>,
    field: usize,
}

impl Profile {
    /// Reads a profile from its file's path and text.
    ///
    /// # Errors
    /// The text is not valid TOML, a key or value is unknown, or a command is malformed.
    pub fn parse(path: &str, text: &str) -> Result<Profile, ProfileError> {
        let stem = Path::new(path).file_stem().unwrap_or_default();
        let file: File = toml::from_str(text).map_err(|error| explain(text, &error))?;
        let pin_attempts = file.pin_attempts.into_iter();
        let profile = Profile {
            name: stem.to_string_lossy().into_owned(),
            title: file.name,
            sources: file.sources,
            manufacturers: file.manufacturer,
            models: file.model,
            init: file.init,
            urc_port: file.urc_port,
            indications: parse_all(
                &file.cnmi,
                parse_indications,
                "cnmi",
                "five numbers like \"2,1,0,0,0\"",
            )?,
            services: file.csms,
            stores: Stores {
                read: parse_all(&file.stores.read, MessageStore::parse, "stores.read", STORES)?,
                receive: parse_all(
                    &file.stores.receive,
                    MessageStore::parse,
                    "stores.receive",
                    STORES,
                )?,
                parameters: file.stores.parameters,
            },
            iccid: file.iccid,
            pin_attempts: pin_attempts
                .map(|PinSection { command, line, field }| PinAttempts { command, line, field })
                .collect(),
            soft_reset: file.soft_reset,
            hard_reset: file.hard_reset,
            store_full: file.store_full,
            voltage: file.voltage,
            slot: file.slot,
            first_slot: file.first_slot,
            quirks: file.quirks,
        };
        match profile.bad_command() {
            Some(text) => Err(ProfileError { line: None, text }),
            None => Ok(profile),
        }
    }
}

const STORES: &str = "stores like \"SM\", \"ME\", \"MT\"";

/// Parses all values of a key. `what` describes valid values for the error.
fn parse_all<T>(
    texts: &[String],
    read: impl Fn(&str) -> Option<T>,
    key: &str,
    what: &str,
) -> Result<Vec<T>, ProfileError> {
    let wrong = |text: &String| ProfileError {
        line: None,
        text: format!("`{key}` has \"{text}\"; it must have {what}"),
    };
    texts.iter().map(|text| read(text).ok_or_else(|| wrong(text))).collect()
}

fn parse_indications(text: &str) -> Option<Indications> {
    let numbers: Option<Vec<u8>> =
        text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers?.as_slice() {
        [mode, mt, bm, ds, bfr] => {
            Some(Indications { mode: *mode, mt: *mt, bm: *bm, ds: *ds, bfr: *bfr })
        }
        _ => None,
    }
}

/// Adds the line to an error of the TOML parser, and for an unknown word the most similar known
/// one.
pub(crate) fn explain(text: &str, error: &toml::de::Error) -> ProfileError {
    let message = error.message();
    let start = error.span().map(|span| span.start);
    let line =
        start.map(|start| text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1);
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let nearest = match quoted.split_first() {
        Some((unknown, known)) if message.starts_with("unknown ") => {
            let likeness = |name: &&&str| strsim::jaro_winkler(unknown, name);
            known
                .iter()
                .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
                .map(|near| format!("; did you mean `{near}`?"))
        }
        _ => None,
    };
    let head = message.split(", expected").next().unwrap_or(message);
    ProfileError {
        line,
        text: nearest.map_or_else(|| message.to_owned(), |near| format!("{head}{near}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "name = \"x\"\nmanufacturer = [\"A\"]\nmodel = [\"B\"]\n";

    #[test]
    fn a_wrong_key_or_value_is_named_with_its_line() {
        let table = [
            ("inti = []", Some(4), "did you mean `init`?"),
            ("stores = { reed = [] }", Some(4), "did you mean `read`?"),
            ("quirks = [\"no-lists\"]", Some(4), "did you mean `no-list`?"),
            ("cnmi = [\"2,1\"]", None, "five numbers"),
            ("stores = { read = [\"XX\"] }", None, "\"SM\""),
            ("init = [\"CMEE=1\"]", None, "begins with AT"),
            ("init = ['AT+EGMR=1,7,\"861234567890123\"']", None, "never written"),
            ("init = 3", Some(4), "invalid type"),
        ];
        for (more, line, words) in table {
            let error = Profile::parse("x.toml", &format!("{MINIMAL}{more}")).unwrap_err();
            assert_eq!(error.line, line, "{more}: {error}");
            assert!(error.text.contains(words), "{more}: {error}");
        }
        assert!(Profile::parse("x.toml", "model = []").unwrap_err().text.contains("missing field"));
    }

    #[test]
    fn a_profile_may_have_every_key() {
        let text = format!(
            "{MINIMAL}{}",
            "sources = [\"a manual\"]\ninit = [\"AT+X\"]\nurc_port = \"AT+Y\"\ncnmi = \
             [\"2,2,0,0,0\"]\ncsms = [1, 0]\nstores = { read = [\"ME\"], receive = [\"ME\", \
             \"SM\"], parameters = 2 }\niccid = [\"AT+Z?\"]\nsoft_reset = \"AT+R\"\nhard_reset = \
             \"AT+RR\"\nstore_full = [\"+FULL\"]\nvoltage = [\"LOW\"]\nslot = \"AT+S={slot}\"\n\
             first_slot = 1\nquirks = [\"no-list\", \"deaf-after-full\"]\n\
             [[pin_attempts]]\ncommand = \"AT+P\"\nfield = 1\n"
        );
        let profile = Profile::parse("x.toml", &text).unwrap();
        assert_eq!(profile.slot_command(1).as_deref(), Some("AT+S=2"));
        assert_eq!((profile.soft_reset(), profile.hard_reset()), ("AT+R", Some("AT+RR")));
        assert_eq!(profile.stores.receive, [MessageStore::Modem, MessageStore::Sim]);
        assert!(profile.has(Quirk::NoList) && !profile.has(Quirk::NoAcknowledge));
    }
}
