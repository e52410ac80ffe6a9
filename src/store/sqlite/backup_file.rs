//! A copy of the database that no daemon has open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::super::{ReadTx, StoreError};
use super::file::configure_reader;
use super::migrate::newest_schema;

/// A complete copy of a database, which is only read.
pub struct BackupFile(Connection);

impl BackupFile {
    /// Opens a file that nobody writes to, and that this program knows the schema of. Nothing is
    /// left beside it.
    pub fn open(path: &Path) -> Result<BackupFile, StoreError> {
        let cannot = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        std::fs::File::open(path).map_err(|error| cannot(error.to_string()))?;
        let log = path.with_file_name(format!(
            "{}-wal",
            path.file_name().unwrap_or_default().to_string_lossy()
        ));
        if log.metadata().is_ok_and(|log| log.len() > 0) {
            return Err(cannot(format!(
                "{} stands beside it: a daemon has it open, or was not stopped properly; this is \
                 for copies that `simbridge backup` has made",
                log.display()
            )));
        }
        let (conn, found) = connect(path).or_else(|_| connect_immutable(path))?;
        match found {
            0 => Err(cannot("it is no database of simbridge".to_owned())),
            found if found > newest_schema() => {
                Err(StoreError::Newer { found, known: newest_schema() })
            }
            found if found < newest_schema() => Err(cannot(format!(
                "an older simbridge has made it (schema version {found}, this one checks {}): \
                 start a daemon on a copy of it, which converts that, and use `simbridge verify`",
                newest_schema()
            ))),
            _ => Ok(BackupFile(conn)),
        }
    }

    /// Everything that check number `check` finds wrong, as [`ReadTx::faults`].
    pub fn faults(
        &self,
        check: usize,
        cooldown: Option<Duration>,
    ) -> Result<Vec<String>, StoreError> {
        ReadTx::on(&self.0).faults(check, cooldown)
    }
}

/// A connection, and the version of the schema. Only one that could write knows the conditions of
/// tables, so that it finds rows that break them.
fn connect(path: &Path) -> Result<(Connection, i64), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.pragma_update(None, "query_only", true)?;
    with_schema(conn)
}

/// As [`connect`], where the folder cannot be written: a database whose log was a file of its own
/// would need such a file again.
fn connect_immutable(path: &Path) -> Result<(Connection, i64), StoreError> {
    let name: String = path.as_os_str().as_encoded_bytes().iter().map(in_uri).collect();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    with_schema(Connection::open_with_flags(format!("file:{name}?immutable=1"), flags)?)
}

fn with_schema(conn: Connection) -> Result<(Connection, i64), StoreError> {
    configure_reader(&conn)?;
    let found = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok((conn, found))
}

/// An octet of a path as it stands in a URI.
fn in_uri(octet: &u8) -> String {
    match octet {
        b'/' | b'.' | b'_' | b'-' => char::from(*octet).to_string(),
        octet if octet.is_ascii_alphanumeric() => char::from(*octet).to_string(),
        octet => format!("%{octet:02X}"),
    }
}
