//! Values of parameters.

use std::time::Duration;

use serde::Deserialize;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::Timestamp;
use crate::domain::time::NotATime;

/// A time in a query, in RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(in super::super) struct Time(Timestamp);

/// For how long an answer is held back, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "String")]
pub(in super::super) struct Wait(u64);

/// The longest time that an answer is held back, in seconds.
const LONGEST_WAIT: u64 = 60;

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
        ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
    }
}

impl ToSchema for Time {}

impl PartialSchema for Wait {
    fn schema() -> RefOr<Schema> {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer);
        seconds.minimum(Some(0_usize)).maximum(Some(LONGEST_WAIT as usize)).into()
    }
}

impl ToSchema for Wait {}

impl Time {
    pub(in super::super) fn timestamp(self) -> Timestamp {
        self.0
    }
}

impl TryFrom<String> for Time {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Time, &'static str> {
        let right = "a time like 2026-06-22T12:57:03Z; + is written %2B in a query";
        text.parse().map(Time).map_err(|NotATime| right)
    }
}

impl Wait {
    /// For how long the answer is held back, if it is.
    pub(in super::super) fn patience(self) -> Option<Duration> {
        (self.0 > 0).then(|| Duration::from_secs(self.0))
    }
}

impl TryFrom<String> for Wait {
    type Error = String;

    fn try_from(text: String) -> Result<Wait, String> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = text.parse().ok().filter(|wait| is_number && *wait <= LONGEST_WAIT);
        seconds.map(Wait).ok_or_else(|| format!("a number of seconds, 0 to {LONGEST_WAIT}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_waits_are_as_they_are_documented() {
        let time = |text: &str| Time::try_from(text.to_owned()).map(Time::timestamp);
        assert_eq!(time("1970-01-01T01:00:01+01:00"), Ok(Timestamp(1_000_000)));
        assert!(time("1970-01-01").is_err() && time("yesterday").is_err());
        let wait = |text: &str| Wait::try_from(text.to_owned());
        assert_eq!(wait("0").map(Wait::patience), Ok(None));
        assert_eq!(wait("60").map(Wait::patience), Ok(Some(Duration::from_secs(60))));
        for text in ["61", "-1", "+1", "1.5", "x", "99999999999999999999"] {
            assert_eq!(wait(text), Err("a number of seconds, 0 to 60".to_owned()));
        }
    }
}
