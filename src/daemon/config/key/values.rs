//! How TOML values of single types are read and written.

use toml::de::DeValue;

/// A text in TOML's quotes.
pub(super) fn quoted(text: impl AsRef<str>) -> String {
    toml::Value::from(text.as_ref()).to_string()
}

pub(super) fn read_text(value: &DeValue<'_>) -> Result<String, String> {
    value.as_str().map(str::to_owned).ok_or_else(|| "a text in quotes".to_owned())
}

pub(super) fn read_integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

pub(super) fn read_list<T>(
    value: &DeValue<'_>,
    read: impl Fn(&DeValue<'_>) -> Option<T>,
    must_be: &str,
) -> Result<Vec<T>, String> {
    let items = value.as_array();
    let read = items.and_then(|items| items.iter().map(|item| read(item.get_ref())).collect());
    read.ok_or_else(|| must_be.to_owned())
}

/// Texts as a list in TOML.
pub(super) fn write_list(texts: impl Iterator<Item = impl AsRef<str>>) -> String {
    format!("[{}]", texts.map(quoted).collect::<Vec<_>>().join(", "))
}
