//! What a configuration key is: its name, the format of its value, its default, when a change of it
//! takes effect, and the help text. The keys themselves are in `table.rs`.

mod database;
mod network;
mod numbers;
mod sites;
mod texts;
mod times;
mod values;

use toml::de::DeValue;

pub(super) use database::DatabaseUrl;
pub(super) use network::{Address, AllowedAddresses, HeaderField, Networks, Origin};
pub(super) use numbers::{AmountOrOff, Flag, MobileCodes, Whole};
pub(super) use sites::{Fingerprints, Servers, SiteId};
pub(super) use texts::{Digits, FilePath, OneOf, Text, TextOr, Texts};
pub(super) use times::{Time, TimeOrNever};

/// When a change in the file takes effect in a running daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TakesEffect {
    /// When the daemon reloads its configuration.
    Reload,
    /// When the daemon is restarted.
    Restart,
}

/// How a value is written in the file, and what it is read into.
pub(super) trait Format: Sync {
    /// What a value is read into.
    type Value;

    /// The type, for the reference.
    fn name(&self) -> String;

    /// Reads a value. The error completes the sentence "`key` must be …".
    fn read(&self, value: &DeValue<'_>) -> Result<Self::Value, String>;

    /// The value as TOML.
    fn write(&self, value: &Self::Value) -> String;
}

/// A key with a default.
pub(super) struct Key<F: Format + 'static> {
    pub(super) name: &'static str,
    pub(super) format: F,
    /// Makes the value that holds when the file does not set the key.
    pub(super) default: fn() -> F::Value,
    takes_effect: TakesEffect,
    help: &'static str,
}

/// A key without a default.
pub(super) struct OptionalKey<F: Format + 'static> {
    pub(super) name: &'static str,
    pub(super) format: F,
    /// An example for the template, as TOML.
    example: &'static str,
    takes_effect: TakesEffect,
    help: &'static str,
}

/// Declares a key with a default.
pub(super) const fn key<F: Format>(
    name: &'static str,
    format: F,
    default: fn() -> F::Value,
    takes_effect: TakesEffect,
    help: &'static str,
) -> Key<F> {
    Key { name, format, default, takes_effect, help }
}

/// Declares a key without a default.
pub(super) const fn optional<F: Format>(
    name: &'static str,
    format: F,
    example: &'static str,
    takes_effect: TakesEffect,
    help: &'static str,
) -> OptionalKey<F> {
    OptionalKey { name, format, example, takes_effect, help }
}

/// What the template, the reference and a reload need to know of a key of any format.
pub(super) trait AnyKey: Sync {
    fn name(&self) -> &'static str;
    fn type_name(&self) -> String;
    /// The default as TOML.
    fn default_text(&self) -> Option<String>;
    /// The default or, without one, an example.
    fn sample_text(&self) -> String;
    fn takes_effect(&self) -> TakesEffect;
    fn help(&self) -> &'static str;
}

impl<F: Format> AnyKey for Key<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn type_name(&self) -> String {
        self.format.name()
    }

    fn default_text(&self) -> Option<String> {
        Some(self.sample_text())
    }

    fn sample_text(&self) -> String {
        self.format.write(&(self.default)())
    }

    fn takes_effect(&self) -> TakesEffect {
        self.takes_effect
    }

    fn help(&self) -> &'static str {
        self.help
    }
}

impl<F: Format> AnyKey for OptionalKey<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn type_name(&self) -> String {
        self.format.name()
    }

    fn default_text(&self) -> Option<String> {
        None
    }

    fn sample_text(&self) -> String {
        self.example.to_owned()
    }

    fn takes_effect(&self) -> TakesEffect {
        self.takes_effect
    }

    fn help(&self) -> &'static str {
        self.help
    }
}

/// How a section is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// `[name]`, which stands in the file at most once.
    Table,
    /// `[[name]]`, any number of times.
    List,
    /// `[name]` with keys of any name. The keys in the table have a default.
    FreeKeys,
    /// `[name.…]`, where the last part is any name. The name in the table is an example.
    FreeName,
}

/// A section and its keys.
pub(super) struct Section {
    /// The full name, such as `rentals.packages`.
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    pub(super) help: &'static str,
    pub(super) keys: &'static [&'static dyn AnyKey],
}

impl Section {
    pub(super) fn key(&self, name: &str) -> Option<&'static dyn AnyKey> {
        self.keys.iter().copied().find(|key| key.name() == name)
    }

    /// Whether a section of the file with this full name is of this kind.
    pub(super) fn has_name(&self, name: &str) -> bool {
        match (self.shape, self.name.split_once('.')) {
            (Shape::FreeName, Some((group, _))) => {
                name.split_once('.').is_some_and(|(of, _)| of == group)
            }
            _ => self.name == name,
        }
    }

    /// The section's header in the file; `name` is its full name there.
    pub(super) fn header(&self, name: &str) -> String {
        match self.shape {
            Shape::List => format!("[[{name}]]"),
            Shape::Table | Shape::FreeKeys | Shape::FreeName => format!("[{name}]"),
        }
    }
}
