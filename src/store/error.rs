//! The errors of the store. Their texts are for the operator, and say what to do about them.

use std::path::Path;

/// Why an operation failed. None of its changes are in the database.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file or its folder cannot be opened or created.
    #[error("cannot open the database {path}: {reason}")]
    Open { path: String, reason: String },
    /// Another daemon has the database open.
    #[error("another simbridge (pid {holder}) has the database {path} open; stop it first")]
    InUse {
        path: String,
        /// The other daemon's process id, or what the lock file holds instead of it.
        holder: String,
    },
    /// The file at the configured path is not the one that is open any more.
    #[error(
        "the database was moved, deleted or replaced while the daemon ran; stop the daemon, put \
         the file back and start it again"
    )]
    FileReplaced,
    /// A file of the write-ahead log at its path is not the one that is open any more.
    #[error(
        "{file} was moved, deleted or replaced while the daemon ran; stop the daemon properly, \
         which saves what was written, and start it again"
    )]
    LogReplaced { file: String },
    /// A newer simbridge wrote this database.
    #[error(
        "the database has schema version {found}, but this simbridge only knows versions up to \
         {known}: install the newer simbridge again"
    )]
    Newer {
        /// The version of the file's schema.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The database could not be copied before its upgrade, so the upgrade was not started.
    #[error(
        "the database has to be upgraded from schema version {schema}, and the copy that is made \
         first failed: {reason}; nothing was changed"
    )]
    NoCopy {
        /// The version of the file's schema before the upgrade.
        schema: i64,
        /// Why the copy could not be made.
        reason: String,
    },
    /// There is no room on the disk.
    #[error(
        "the disk of the database is full; free some space: until then the modems keep their \
         messages"
    )]
    Full,
    /// Reading or writing the file failed, or the file system is read-only.
    #[error("the database's disk does not work: {0}; until it does the modems keep their messages")]
    Disk(String),
    /// Another program holds the database.
    #[error(
        "the database is locked by another program; is a second simbridge running, or a tool that \
         writes to it?"
    )]
    Locked,
    /// The file is damaged, or is not an SQLite database.
    #[error(
        "the database{file} is damaged: {reason}; stop the daemon, move the file away and restore \
         a backup in its place"
    )]
    Damaged {
        /// The file's path with a space before it; empty where the path is not known.
        file: String,
        reason: String,
    },
    /// A row has contents that no version of this program can have written.
    #[error("{table} {key}: {fault}")]
    Row {
        table: &'static str,
        /// What identifies the row in the table.
        key: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A column has a value of a type or size that no version of this program can have written.
    #[error("a value in the database cannot be read: {0}")]
    Unreadable(String),
    /// A statement would have violated a constraint of the schema.
    #[error("the database refused the change: {0}")]
    Refused(String),
    /// SQLite reported an error of another kind.
    #[error("the database failed: {0}")]
    Other(String),
    /// So much is read for pages that another has to wait.
    #[error("too many pages are being read now; try again in a moment")]
    Busy,
    /// The session with the database server is over. What was being committed may be committed.
    #[error("the database server is away: {0}; the modems keep their messages")]
    Away(String),
    /// Another daemon leads: it alone writes to the database.
    #[error(
        "{} leads, and it alone uses the database; stop it first",
        other_daemon(.holder.as_deref())
    )]
    Led {
        /// What it is called; `None` where that is not known.
        holder: Option<String>,
    },
    /// The daemon that led wrote nothing for so long that another one may lead.
    #[error(
        "the daemon that led has written nothing for {}, and its session was ended",
        humantime::format_duration(*.lease)
    )]
    LeaderEnded { lease: std::time::Duration },
    /// The database server is not fit for this use.
    #[error("the database server cannot be used: {0}")]
    Unfit(String),
    /// The writer has stopped, or an operation panicked.
    #[error("the database did not carry out the operation")]
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
    /// Whether the fault is in a single row, so that work on other rows can continue.
    pub fn is_of_a_row(&self) -> bool {
        use StoreError::{Damaged, Refused, Row, Unreadable};
        matches!(self, Damaged { .. } | Refused(_) | Row { .. } | Unreadable(_))
    }

    /// What keeps a file from being opened: if it has to be put right in the file, with its path.
    pub fn of_file(self, path: &Path) -> StoreError {
        let reason = match self {
            StoreError::Damaged { reason, .. } | StoreError::Unreadable(reason) => reason,
            StoreError::Row { .. } => self.to_string(),
            other => return other,
        };
        StoreError::Damaged { file: format!(" {}", path.display()), reason }
    }
}

/// Another daemon, with what it is called where that is known.
pub fn other_daemon(name: Option<&str>) -> String {
    name.map_or("another daemon".to_owned(), |name| format!("another daemon ({name})"))
}

/// Checks that a statement which was to change one row has changed exactly one.
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
            fault: "does not exist, or is no longer in the state that was read",
        }),
        _ => Err(StoreError::Row { table, key: key.to_string(), fault: "exists more than once" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_at_the_start_is_damage_to_the_file() {
        let row = StoreError::Row { table: "sim", key: "7".to_owned(), fault: "is not there" };
        for error in [StoreError::Unreadable("x".to_owned()), row] {
            let shown = error.of_file(Path::new("/a/b.db"));
            assert!(matches!(&shown, StoreError::Damaged { file, .. } if file == " /a/b.db"));
        }
        assert!(matches!(StoreError::Full.of_file(Path::new("/a")), StoreError::Full));
    }
}
