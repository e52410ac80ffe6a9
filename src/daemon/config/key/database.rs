//! Formats of values that are about the database.

use toml::de::DeValue;

use super::Format;
use super::values::{quoted, read_text};
use crate::store::postgres::ServerAddress;

/// Where a database on a PostgreSQL server is.
pub(in crate::daemon::config) struct DatabaseUrl;

impl Format for DatabaseUrl {
    type Value = ServerAddress;

    fn name(&self) -> String {
        "URL".to_owned()
    }

    fn read(&self, value: &DeValue<'_>) -> Result<ServerAddress, String> {
        read_text(value)?.parse()
    }

    fn write(&self, value: &ServerAddress) -> String {
        quoted(value.url())
    }
}
