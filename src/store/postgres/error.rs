//! What PostgreSQL's errors mean to the operator.

use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::StoreError;

/// The error as the store's. Only the server's own message is in it: its details may quote a
/// message's text or a number.
impl From<Error> for StoreError {
    fn from(error: Error) -> StoreError {
        let Some(told) = error.as_db_error() else {
            let cause = std::error::Error::source(&error);
            let is_network = cause.is_some_and(|cause| cause.is::<io::Error>());
            return match error.is_closed() || is_network {
                true => StoreError::Away(with_cause(&error)),
                false => StoreError::Other(with_cause(&error)),
            };
        };
        let reason = told.message().to_owned();
        match told.code() {
            &SqlState::DISK_FULL => StoreError::Full,
            &SqlState::IO_ERROR => StoreError::Disk(reason),
            &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => {
                StoreError::Damaged { file: String::new(), reason }
            }
            &SqlState::LOCK_NOT_AVAILABLE
            | &SqlState::T_R_SERIALIZATION_FAILURE
            | &SqlState::T_R_DEADLOCK_DETECTED => StoreError::Locked,
            &SqlState::READ_ONLY_SQL_TRANSACTION => StoreError::Away(reason),
            // There is no next id.
            &SqlState::SEQUENCE_GENERATOR_LIMIT_EXCEEDED => StoreError::Refused(reason),
            &SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Unfit(reason),
            &SqlState::TOO_MANY_CONNECTIONS => StoreError::Away(reason),
            code if code.code().starts_with("23") => StoreError::Refused(reason),
            code if code.code().starts_with("08") || code.code().starts_with("57P") => {
                StoreError::Away(reason)
            }
            _ => StoreError::Other(reason),
        }
    }
}

/// An error that is not the server's, with what caused it.
fn with_cause(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
