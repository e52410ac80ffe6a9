//! What is known of a SIM bank's model: data out of `hardware/banks/*.toml` and the operator's own
//! folder.

use std::time::Duration;

use serde::Deserialize;

use crate::modem::profile::{ProfileError, explain};
use crate::modem::requests;

/// The files of `hardware/banks`, by name.
const FILES: &[(&str, &str)] = &[
    ("command-any.toml", include_str!("../../hardware/banks/command-any.toml")),
    ("command.toml", include_str!("../../hardware/banks/command.toml")),
    ("module.toml", include_str!("../../hardware/banks/module.toml")),
    ("swit.toml", include_str!("../../hardware/banks/swit.toml")),
];

/// By what a bank is told to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adapter {
    /// Commands on a serial line of its own, one bus for all radios.
    Serial,
    /// The radio's own slot command: the slots are in the module.
    Module,
    /// A program of the operator's.
    Command,
}

/// Which radios a slot can be put on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Each radio has slots of its own.
    Own,
    /// Every slot can be put on every radio.
    Any,
}

/// What it means when a bank says nothing to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// It may have done it.
    Taken,
    /// It has not.
    Failed,
}

/// A bank's model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankProfile {
    /// What it is called in the configuration.
    pub name: String,
    /// Where its facts come from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// By what it is told to switch.
    pub adapter: Adapter,
    /// Which radios a slot can be put on.
    pub reach: Reach,
    /// Bits per second of the control line.
    #[serde(default = "baud")]
    pub baud: u32,
    /// Asks whether the bank is ready, once the control line is open.
    pub ready: Option<String>,
    /// Puts a slot on a radio: `{radio}` and `{slot}`, `{slot:4}` with leading zeros.
    #[serde(default)]
    pub switch: String,
    /// How the bank calls the first radio.
    #[serde(default)]
    pub first_radio: u32,
    /// How it calls the first slot.
    #[serde(default)]
    pub first_slot: u32,
    /// What no answer means.
    pub silence: Silence,
    #[serde(default = "answer_ms")]
    answer_ms: u64,
    #[serde(default)]
    pause_ms: u64,
    /// How often a switch is tried before it is given up.
    pub tries: u8,
    settle_ms: u64,
    /// Whether the modem has to be started anew to see its new card.
    pub restart: bool,
    identify_ms: u64,
    register_ms: u64,
}

fn baud() -> u32 {
    115_200
}

fn answer_ms() -> u64 {
    3000
}

impl BankProfile {
    /// Reads a profile's file.
    ///
    /// # Errors
    /// It is no TOML, a key or a value is not known, or a command is none.
    pub fn parse(text: &str) -> Result<BankProfile, ProfileError> {
        let profile: BankProfile = toml::from_str(text).map_err(|error| explain(text, &error))?;
        profile.fault().map_or(Ok(profile), |text| Err(ProfileError { line: None, text }))
    }

    fn fault(&self) -> Option<String> {
        if self.tries == 0 {
            return Some("`tries` must be at least 1".to_owned());
        }
        if self.adapter == Adapter::Module && self.reach == Reach::Any {
            return Some("the slots of a module are its own: `reach` must be \"own\"".to_owned());
        }
        if self.adapter != Adapter::Serial {
            return None;
        }
        if !self.switch.contains("{slot") {
            return Some("`switch` needs {slot}, like \"AT+SWIT{radio:2}-{slot:4}\"".to_owned());
        }
        let commands = self.ready.iter().cloned().chain([self.command(0, 0)]);
        commands
            .map(|text| (requests::check(&text), text))
            .find_map(|(checked, text)| checked.err().map(|error| format!("`{text}`: {error}")))
    }

    /// The profile of this name: one of the operator's, else an embedded one.
    pub fn find(own: &[BankProfile], name: &str) -> Option<BankProfile> {
        let embedded = || {
            FILES
                .iter()
                .filter_map(|(_, text)| BankProfile::parse(text).ok())
                .find(|p| p.name == name)
        };
        own.iter().find(|profile| profile.name == name).cloned().or_else(embedded)
    }

    /// The names of the embedded profiles.
    pub fn names() -> Vec<String> {
        FILES
            .iter()
            .filter_map(|(_, text)| BankProfile::parse(text).ok())
            .map(|profile| profile.name)
            .collect()
    }

    /// The command that puts a slot (its row, from 0) on a radio (from 0).
    pub fn command(&self, radio: usize, row: u32) -> String {
        let radio = u32::try_from(radio).unwrap_or(u32::MAX).saturating_add(self.first_radio);
        fill(&fill(&self.switch, "radio", radio), "slot", row.saturating_add(self.first_slot))
    }

    /// How long the bank may take to answer a command.
    pub fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    /// Between two commands on the bus; inside a module, between the radio's going off and the
    /// switch.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }

    /// From the switch until the radio is given back.
    pub fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }

    /// How long it may take after that until the ICCID is read.
    pub fn identify(&self) -> Duration {
        Duration::from_millis(self.identify_ms)
    }

    /// And after that until the network has the card.
    pub fn register(&self) -> Duration {
        Duration::from_millis(self.register_ms)
    }

    /// How long a switch takes as long as nothing was measured: it settles, the modem starts, and
    /// half of what it may take to register.
    pub fn expected(&self) -> Duration {
        let start = if self.restart {
            Duration::from_secs(15).min(self.identify())
        } else {
            Duration::ZERO
        };
        self.settle() + start + self.register() / 3
    }
}

/// Puts a number in the place of `{name}` or `{name:WIDTH}`.
fn fill(text: &str, name: &str, number: u32) -> String {
    let open = format!("{{{name}");
    let Some((before, rest)) = text.split_once(&open) else { return text.to_owned() };
    let Some((format, after)) = rest.split_once('}') else { return text.to_owned() };
    let width: usize = format.trim_start_matches(':').parse().unwrap_or(0);
    format!("{before}{number:0width$}{}", fill(after, name, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_file_can_be_read_names_its_sources_and_is_in_the_list() {
        for (name, text) in FILES {
            let profile =
                BankProfile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!profile.sources.is_empty(), "{name}");
            assert_eq!(format!("{}.toml", profile.name), *name);
        }
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("hardware/banks");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<String> = files.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    }

    #[test]
    fn a_new_bank_is_a_file_and_a_wrong_one_says_what_would_be_right() {
        let text = FILES[3]
            .1
            .replace("name = \"swit\"", "name = \"mine\"")
            .replace("AT+SWIT{radio:2}-{slot:4}", "AT+X={slot},{radio}");
        let own = BankProfile::parse(&text).unwrap();
        assert_eq!(BankProfile::find(&[own], "mine").unwrap().command(2, 6), "AT+X=7,3");
        assert_eq!(BankProfile::find(&[], "swit").unwrap().command(0, 11), "AT+SWIT01-0012");
        let table = [
            ("tries = 3", "treis = 3", "did you mean `tries`?"),
            ("reach = \"own\"", "reach = \"owm\"", "did you mean `own`?"),
            ("{slot:4}", "{row}", "needs {slot}"),
            ("AT+SWIT{radio:2}-{slot:4}", "AT+EGMR=1,{slot}", "never written"),
            ("tries = 3", "tries = 0", "at least 1"),
        ];
        for (right, wrong, words) in table {
            let error = BankProfile::parse(&FILES[3].1.replace(right, wrong)).unwrap_err();
            assert!(error.text.contains(words), "{wrong}: {error}");
        }
    }
}
