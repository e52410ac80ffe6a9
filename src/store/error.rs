//! What can go wrong in the store, in words for an operator.

use std::path::Path;

/// A failed operation. Nothing of it is in the database.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder cannot be opened or created.
    #[error("cannot open the database {path}: {reason}")]
    Open {
        /// The configured path.
        path: String,
        /// What SQLite or the system says.
        reason: String,
    },
    /// Another daemon has it open.
    #[error("another simbridge (pid {holder}) has the database {path} open; stop it first")]
    InUse {
        /// The configured path.
        path: String,
        /// Its process id, as far as it has written it down.
        holder: String,
    },
    /// The file at the configured path is not the one that is open any more.
    #[error(
        "the database was moved, deleted or replaced while the daemon ran; stop the daemon, put \
         the file back, start it again"
    )]
    FileReplaced,
    /// A newer simbridge wrote this database.
    #[error(
        "the database is of schema {found}, this simbridge knows {known}: install the newer \
         simbridge again"
    )]
    Newer {
        /// The file's schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// There is no copy of the database from before the upgrade, so the upgrade was not started.
    #[error(
        "before its upgrade from schema {schema} the database is copied beside itself, and that \
         failed: {reason}; nothing was changed"
    )]
    NoCopy {
        /// The file's schema.
        schema: i64,
        /// Why there is no copy.
        reason: String,
    },
    /// No room on the disk.
    #[error(
        "the disk of the database is full; free some space, the modems keep their messages until \
         then"
    )]
    Full,
    /// The disk fails.
    #[error("the disk of the database fails: {0}; the modems keep their messages until it works")]
    Disk(String),
    /// Another program holds the database.
    #[error(
        "the database is locked by another program; is a second simbridge running, or a tool that \
         writes to it?"
    )]
    Locked,
    /// The file is damaged or is no database.
    #[error(
        "the database{file} is damaged: {reason}; stop the daemon, put the file away, restore a \
         backup in its place"
    )]
    Damaged {
        /// ` PATH`, as far as it is known.
        file: String,
        /// What SQLite says.
        reason: String,
    },
    /// A row that no version of this program can have written.
    #[error("{table} {key}: {fault}")]
    Row {
        /// The table.
        table: &'static str,
        /// The row's id.
        key: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A value of a kind or a size that no version of this program can have written.
    #[error("a value in the database cannot be read: {0}")]
    Unreadable(String),
    /// A step that would break a rule of the schema.
    #[error("the database refused the step: {0}")]
    Refused(String),
    /// Any other error of SQLite.
    #[error("the database failed: {0}")]
    Other(String),
    /// The writer has stopped, or an operation panicked.
    #[error("the operation was not carried out")]
    Gone,
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> StoreError {
        match error.kind() {
            std::io::ErrorKind::StorageFull => StoreError::Full,
            _ => StoreError::Other(error.to_string()),
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly) => {
                StoreError::Disk(error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                StoreError::Damaged { file: String::new(), reason: error.to_string() }
            }
            Some(ErrorCode::ConstraintViolation) => StoreError::Refused(error.to_string()),
            Some(_) => StoreError::Other(error.to_string()),
            None => StoreError::Unreadable(error.to_string()),
        }
    }
}

impl StoreError {
    /// Whether a row is at fault, so that work on other rows can go on.
    pub fn is_of_a_row(&self) -> bool {
        use StoreError::{Damaged, Refused, Row, Unreadable};
        matches!(self, Damaged { .. } | Refused(_) | Row { .. } | Unreadable(_))
    }

    /// Adds the file's name to an error that people have to mend in the file.
    pub fn of_file(self, path: &Path) -> StoreError {
        match self {
            StoreError::Damaged { reason, .. } => {
                StoreError::Damaged { file: format!(" {}", path.display()), reason }
            }
            other => other,
        }
    }
}

/// Checks that an UPDATE has changed exactly one row.
pub(super) fn one_row(
    changed: usize,
    table: &'static str,
    key: impl ToString,
) -> Result<(), StoreError> {
    match changed {
        1 => Ok(()),
        0 => Err(StoreError::Row {
            table,
            key: key.to_string(),
            fault: "is not there, or not in the state that was read",
        }),
        _ => Err(StoreError::Row { table, key: key.to_string(), fault: "stands more than once" }),
    }
}
