//! Formats of values that are texts: free ones, digits, paths, and one of several words.

use std::path::PathBuf;

use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_list, read_text, write_list};

/// A text of any kind.
pub(in crate::daemon::config) struct Text;

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
pub(in crate::daemon::config) struct TextOr(pub(in crate::daemon::config) &'static str);

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

/// A list of texts.
pub(in crate::daemon::config) struct Texts;

impl Format for Texts {
    type Value = Vec<String>;

    fn name(&self) -> String {
        "list of texts".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<Vec<String>, String> {
        read_list(value, |item| item.as_str().map(str::to_owned), "a list of texts in quotes")
    }

    fn write(&self, value: &Vec<String>) -> String {
        write_list(value.iter())
    }
}

/// Digits, written as a text because they may begin with 0.
pub(in crate::daemon::config) struct Digits;

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

/// The path of a file or a folder.
pub(in crate::daemon::config) struct FilePath;

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

/// One of several words, each with what it is read into.
pub(in crate::daemon::config) struct OneOf<T: 'static>(
    pub(in crate::daemon::config) &'static [(&'static str, T)],
);

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
