//! What can go wrong in the store, in words for an operator.

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
        "the database was moved, deleted or replaced while the daemon ran; stop the daemon, put the file back, start it again"
    )]
    Moved,
    /// A newer simbridge wrote this database.
    #[error("the database is of schema {found}, this simbridge knows {known}: install the newer simbridge again")]
    Newer {
        /// The file's schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// No room on the disk.
    #[error("the disk of the database is full; free some space, the modems keep their messages until then")]
    Full,
    /// Another program holds the database.
    #[error("the database is locked by another program; is a second simbridge running, or a tool that writes to it?")]
    Locked,
    /// The file is damaged or is no database.
    #[error("the database is damaged: {0}; restore a backup")]
    Damaged(String),
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
    /// Anything else that SQLite says.
    #[error("the database failed: {0}")]
    Other(String),
    /// The writer has stopped, or an operation panicked.
    #[error("the operation was not carried out")]
    Gone,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> StoreError {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => StoreError::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
            Some(ErrorCode::ConstraintViolation) => StoreError::Refused(error.to_string()),
            Some(_) => StoreError::Other(error.to_string()),
            None => StoreError::Unreadable(error.to_string()),
        }
    }
}

impl StoreError {
    /// Whether it is the fault of what was looked at, so that work on other rows can go on.
    pub fn is_of_a_row(&self) -> bool {
        use StoreError::{Damaged, Refused, Row, Unreadable};
        matches!(self, Damaged(_) | Refused(_) | Row { .. } | Unreadable(_))
    }
}

/// An UPDATE that must touch exactly one row.
pub(super) fn one_row(changed: usize, table: &'static str, key: impl ToString) -> Result<(), StoreError> {
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
