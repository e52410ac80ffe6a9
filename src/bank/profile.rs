//! Profiles of SIM bank models: data from `hardware/banks/*.toml` and from the operator's own
//! folder.

use std::time::Duration;

use serde::Deserialize;

use crate::modem::command_policy;
use crate::modem::profile::{ProfileError, explain};

/// The files of `hardware/banks`, by name.
const FILES: &[(&str, &str)] = &[
    ("command-any.toml", include_str!("../../hardware/banks/command-any.toml")),
    ("command.toml", include_str!("../../hardware/banks/command.toml")),
    ("module.toml", include_str!("../../hardware/banks/module.toml")),
    ("swit.toml", include_str!("../../hardware/banks/swit.toml")),
];

/// The way in which a bank is made to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adapter {
    /// Commands on a serial control line, which is one bus for all radios.
    Serial,
    /// The slot command of the radio itself, whose module has the slots.
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

/// What it means when a bank does not answer a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// The command may have been carried out.
    Taken,
    /// The command was not carried out.
    Failed,
}

/// The properties of a model of SIM bank.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankProfile {
    /// The model's name in the configuration.
    pub name: String,
    /// Where the data comes from.
    #[serde(default)]
    pub sources: Vec<String>,
    /// How the bank is made to switch.
    pub adapter: Adapter,
    /// Which radios a slot can be put on.
    pub reach: Reach,
    /// The control line's speed in bits per second.
    #[serde(default = "baud")]
    pub baud: u32,
    /// The command that asks whether the bank is ready, sent when the control line is opened.
    pub ready: Option<String>,
    /// The command that puts a slot on a radio: `{radio}` and `{slot}` are filled in, `{slot:4}`
    /// with leading zeros to four digits.
    #[serde(default)]
    pub switch: String,
    /// The number that the bank gives the first radio.
    #[serde(default)]
    pub first_radio: u32,
    /// The number that the bank gives the first slot.
    #[serde(default)]
    pub first_slot: u32,
    /// What it means when the bank does not answer.
    pub silence: Silence,
    #[serde(default = "answer_ms")]
    answer_ms: u64,
    #[serde(default)]
    pause_ms: u64,
    /// How many times a switch is attempted before it is given up.
    pub tries: u8,
    settle_ms: u64,
    /// Whether the modem has to be restarted to see its new SIM.
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
    /// Reads the text of a profile's file.
    ///
    /// # Errors
    /// The text is not valid TOML, a key or value is unknown, or a command is malformed.
    pub fn parse(text: &str) -> Result<BankProfile, ProfileError> {
        let profile: BankProfile = toml::from_str(text).map_err(|error| explain(text, &error))?;
        profile.fault().map_or(Ok(profile), |text| Err(ProfileError { line: None, text }))
    }

    /// What is wrong with the profile, if anything is.
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
            .map(|text| (command_policy::check_file_command(&text), text))
            .find_map(|(checked, text)| checked.err().map(|error| format!("`{text}`: {error}")))
    }

    /// The profile of this name: one of the operator's own, else an embedded one.
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

    /// The command that puts a slot on a radio; both count from 0.
    pub fn command(&self, radio: usize, local_slot: u32) -> String {
        let radio = u32::try_from(radio).unwrap_or(u32::MAX).saturating_add(self.first_radio);
        fill(
            &fill(&self.switch, "radio", radio),
            "slot",
            local_slot.saturating_add(self.first_slot),
        )
    }

    /// How long the bank may take to answer a command.
    pub fn answer(&self) -> Duration {
        Duration::from_millis(self.answer_ms)
    }

    /// The pause between two commands on the bus; inside a module, between the radio's going off
    /// the air and the switch.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.pause_ms)
    }

    /// The time from the switch until the radio's session is resumed.
    pub fn settle(&self) -> Duration {
        Duration::from_millis(self.settle_ms)
    }

    /// How long it may take after that until an ICCID is read.
    pub fn identify(&self) -> Duration {
        Duration::from_millis(self.identify_ms)
    }

    /// How long it may take after that until a network accepts the SIM.
    pub fn register(&self) -> Duration {
        Duration::from_millis(self.register_ms)
    }

    /// How long a switch is expected to take before any was measured: the time to settle, to start
    /// the modem, and a third of the time that registering may take.
    pub fn expected(&self) -> Duration {
        let start = if self.restart {
            Duration::from_secs(15).min(self.identify())
        } else {
            Duration::ZERO
        };
        self.settle() + start + self.register() / 3
    }
}

/// Replaces every `{name}` and `{name:WIDTH}` by a number.
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
    use crate::modem::profile::shipped;

    #[test]
    fn every_embedded_file_can_be_read_names_its_sources_and_is_in_the_list() {
        for (name, text) in FILES {
            let profile =
                BankProfile::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!profile.sources.is_empty(), "{name}");
            assert_eq!(format!("{}.toml", profile.name), *name);
        }
        assert_eq!(shipped("banks"), FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
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
