//! What a configuration key is: its name, the format of its value, its default, when a change of it
//! takes effect, and the help text. The keys themselves are in `table.rs`.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::HeaderName;
use toml::de::DeValue;

use crate::domain::ip_network::Network;
use crate::domain::webhook::address::Allowed;
use crate::http::PublicOrigin;

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
    /// `[name]`, once.
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

/// A text in TOML's quotes.
fn quoted(text: impl AsRef<str>) -> String {
    toml::Value::from(text.as_ref()).to_string()
}

fn read_text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "a text in quotes".to_owned())
}

fn read_integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

fn read_list<T>(
    value: &DeValue<'_>,
    read: impl Fn(&DeValue<'_>) -> Option<T>,
    must_be: &str,
) -> Result<Vec<T>, String> {
    let items = value.as_array();
    let read = items.and_then(|items| items.iter().map(|item| read(item.get_ref())).collect());
    read.ok_or_else(|| must_be.to_owned())
}

/// A text.
pub(super) struct Text;

impl Format for Text {
    type Value = String;

    fn name(&self) -> String {
        "text".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<String, String> {
        read_text(value)
    }

    fn write(&self, value: &String) -> String {
        quoted(value)
    }
}

/// A text for which one word means that there is none.
pub(super) struct TextOr(pub(super) &'static str);

impl Format for TextOr {
    type Value = Option<String>;

    fn name(&self) -> String {
        "text".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, String> {
        read_text(value).map(|text| Some(text).filter(|text| text != self.0))
    }

    fn write(&self, value: &Option<String>) -> String {
        quoted(value.as_deref().unwrap_or(self.0))
    }
}

/// The path of a file or a folder.
pub(super) struct FilePath;

impl Format for FilePath {
    type Value = PathBuf;

    fn name(&self) -> String {
        "path".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<PathBuf, String> {
        let path = read_text(value)?;
        match path.starts_with('~') {
            true => Err("a whole path: `~` does not stand for a home folder here".to_owned()),
            false => Ok(PathBuf::from(path)),
        }
    }

    fn write(&self, value: &PathBuf) -> String {
        quoted(value.to_string_lossy())
    }
}

/// An IP address with a port; the text is an example for error messages.
pub(super) struct Address(pub(super) &'static str);

impl Format for Address {
    type Value = SocketAddr;

    fn name(&self) -> String {
        "address and port".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<SocketAddr, String> {
        let text = read_text(value)?;
        text.parse().map_err(|_| format!("an address and port like \"{}\"", self.0))
    }

    fn write(&self, value: &SocketAddr) -> String {
        quoted(value.to_string())
    }
}

/// A scheme and a host, as browsers write it in `Origin`.
pub(super) struct Origin;

impl Format for Origin {
    type Value = PublicOrigin;

    fn name(&self) -> String {
        "origin".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<PublicOrigin, String> {
        read_text(value)?.parse().map_err(|error: crate::http::NotAnOrigin| error.to_string())
    }

    fn write(&self, value: &PublicOrigin) -> String {
        quoted(value.to_string())
    }
}

/// The name of a header of HTTP.
pub(super) struct HeaderField;

impl Format for HeaderField {
    type Value = HeaderName;

    fn name(&self) -> String {
        "header".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<HeaderName, String> {
        let name = HeaderName::try_from(read_text(value)?);
        name.map_err(|_| "the name of a header like \"Remote-User\"".to_owned())
    }

    fn write(&self, value: &HeaderName) -> String {
        quoted(value.as_str())
    }
}

/// The longest time that a key may have. A longer one is a typing error, and with it the end of
/// what begins now could lie beyond what a time stamp can hold.
const LONGEST_TIME: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// A time with its unit; `None` when it is none, or longer than [`LONGEST_TIME`].
fn parse_time(text: &str) -> Option<Duration> {
    humantime::parse_duration(text).ok().filter(|time| *time <= LONGEST_TIME)
}

/// A length of time with its unit.
pub(super) enum Time {
    /// Longer than nothing.
    Positive,
    /// `"0s"` is allowed, too.
    OrZero,
    /// Longer than nothing, and at most this.
    UpTo(Duration),
}

impl Format for Time {
    type Value = Duration;

    fn name(&self) -> String {
        "time".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Duration, String> {
        let is_allowed = |time: &Duration| match self {
            Time::Positive => !time.is_zero(),
            Time::OrZero => true,
            Time::UpTo(most) => !time.is_zero() && time <= most,
        };
        let time = parse_time(&read_text(value)?).filter(is_allowed);
        time.ok_or_else(|| match self {
            Time::UpTo(most) => {
                format!("a time like \"10m\" or \"4h\", at most \"{}\"", time_text(*most))
            }
            _ => "a time like \"10m\", \"4h\" or \"30d\", at most 100 years".to_owned(),
        })
    }

    fn write(&self, value: &Duration) -> String {
        quoted(time_text(*value))
    }
}

/// A length of time, or `"never"`.
pub(super) struct TimeOrNever;

impl Format for TimeOrNever {
    type Value = Option<Duration>;

    fn name(&self) -> String {
        "time, or `\"never\"`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<Duration>, String> {
        let text = read_text(value)?;
        if text == "never" {
            return Ok(None);
        }
        let time = parse_time(&text).map(Some);
        time.ok_or_else(|| "a time like \"90d\", at most 100 years, or \"never\"".to_owned())
    }

    fn write(&self, value: &Option<Duration>) -> String {
        quoted(value.map_or_else(|| "never".to_owned(), time_text))
    }
}

/// An amount of money that is more than nothing, or `"off"`. Whoever uses it reads it in the
/// accounts' currency.
pub(super) struct AmountOrOff;

impl Format for AmountOrOff {
    type Value = Option<String>;

    fn name(&self) -> String {
        "amount, or `\"off\"`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Option<String>, String> {
        Ok(Some(read_text(value)?).filter(|text| text != "off"))
    }

    fn write(&self, value: &Option<String>) -> String {
        quoted(value.as_deref().unwrap_or("off"))
    }
}

/// A length of time in the largest unit that needs no fraction.
fn time_text(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(24 * 3600, "d"), (3600, "h"), (60, "m")];
    let fits = |(length, _): &&(u64, &str)| seconds > 0 && seconds.is_multiple_of(*length);
    let (length, unit) = units.iter().find(fits).copied().unwrap_or((1, "s"));
    format!("{}{unit}", seconds / length)
}

/// `true` or `false`.
pub(super) struct Flag;

impl Format for Flag {
    type Value = bool;

    fn name(&self) -> String {
        "`true` or `false`".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<bool, String> {
        value.as_bool().ok_or_else(|| "true or false".to_owned())
    }

    fn write(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// A whole number within a range.
pub(super) struct Whole<N> {
    from: N,
    to: N,
}

impl<N> Whole<N> {
    pub(super) const fn from_to(from: N, to: N) -> Whole<N> {
        Whole { from, to }
    }
}

impl<N: TryFrom<i64> + PartialOrd + Display + Sync> Format for Whole<N> {
    type Value = N;

    fn name(&self) -> String {
        format!("{} to {}", self.from, self.to)
    }

    fn read(&self, value: &DeValue<'_>) -> Result<N, String> {
        let number = read_integer(value).and_then(|number| N::try_from(number).ok());
        number
            .filter(|number| (&self.from..=&self.to).contains(&number))
            .ok_or_else(|| format!("from {} to {}", self.from, self.to))
    }

    fn write(&self, value: &N) -> String {
        value.to_string()
    }
}

/// One of several words, each with what it is read into.
pub(super) struct OneOf<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T> OneOf<T> {
    fn words(&self, quote: &str) -> Vec<String> {
        self.0.iter().map(|(word, _)| format!("{quote}\"{word}\"{quote}")).collect()
    }
}

impl<T: Copy + PartialEq + Sync> Format for OneOf<T> {
    type Value = T;

    fn name(&self) -> String {
        self.words("`").join(", ")
    }

    fn read(&self, value: &DeValue<'_>) -> Result<T, String> {
        let text = read_text(value)?;
        let found = self.0.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| format!("one of {}", self.words("").join(", ")))
    }

    fn write(&self, value: &T) -> String {
        let word = self.0.iter().find(|(_, meaning)| meaning == value).map(|(word, _)| *word);
        quoted(word.unwrap_or_default())
    }
}

/// Digits, written as a text because they may begin with 0.
pub(super) struct Digits;

impl Format for Digits {
    type Value = String;

    fn name(&self) -> String {
        "digits".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<String, String> {
        let text = read_text(value)?;
        let is_right = text.bytes().all(|b| b.is_ascii_digit());
        is_right.then_some(text).ok_or_else(|| "digits in quotes, like \"49\"".to_owned())
    }

    fn write(&self, value: &String) -> String {
        quoted(value)
    }
}

/// A list of texts.
pub(super) struct Texts;

impl Format for Texts {
    type Value = Vec<String>;

    fn name(&self) -> String {
        "list of texts".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<String>, String> {
        read_list(value, |item| item.as_str().map(str::to_owned), "a list of texts in quotes")
    }

    fn write(&self, value: &Vec<String>) -> String {
        format!("[{}]", value.iter().map(quoted).collect::<Vec<_>>().join(", "))
    }
}

/// A list of IP networks.
pub(super) struct Networks;

impl Format for Networks {
    type Value = Vec<Network>;

    fn name(&self) -> String {
        "list of networks".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<Network>, String> {
        let network = |item: &DeValue<'_>| item.as_str()?.parse().ok();
        read_list(value, network, "a list of networks like [\"127.0.0.1/32\"]")
    }

    fn write(&self, value: &Vec<Network>) -> String {
        format!(
            "[{}]",
            value.iter().map(|it| quoted(it.to_string())).collect::<Vec<_>>().join(", ")
        )
    }
}

/// A list of schemes with IP networks.
pub(super) struct AllowedAddresses;

impl Format for AllowedAddresses {
    type Value = Vec<Allowed>;

    fn name(&self) -> String {
        "list of schemes with networks".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<Allowed>, String> {
        let allowed = |item: &DeValue<'_>| item.as_str()?.parse().ok();
        read_list(value, allowed, "a list like [\"http://10.0.0.0/8\"]: schemes with networks")
    }

    fn write(&self, value: &Vec<Allowed>) -> String {
        format!(
            "[{}]",
            value.iter().map(|it| quoted(it.to_string())).collect::<Vec<_>>().join(", ")
        )
    }
}

/// A list of mobile country codes (ITU-T E.212).
pub(super) struct MobileCodes;

impl Format for MobileCodes {
    type Value = Vec<u16>;

    fn name(&self) -> String {
        "list of numbers".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<u16>, String> {
        let code = |item: &DeValue<'_>| {
            let code = read_integer(item).and_then(|code| u16::try_from(code).ok());
            code.filter(|code| (1..=999).contains(code))
        };
        read_list(value, code, "a list of numbers like [262]")
    }

    fn write(&self, value: &Vec<u16>) -> String {
        format!("{value:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_the_largest_unit_that_needs_no_fraction() {
        for (seconds, text) in
            [(0, "0s"), (90, "90s"), (600, "10m"), (4 * 3600, "4h"), (30 * 24 * 3600, "30d")]
        {
            assert_eq!(time_text(Duration::from_secs(seconds)), text);
        }
    }
}
