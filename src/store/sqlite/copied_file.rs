//! A new file for a database that is copied from a server.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::{NewFile, StoreError, engine};
use super::migrate::migrate;

/// A file with the newest schema, in an open transaction. It is removed unless it is published.
pub(in crate::store) struct CopiedFile {
    // Closed before the file is removed.
    conn: Connection,
    file: NewFile,
    path: PathBuf,
}

impl CopiedFile {
    /// Creates the file that is to be called `path`.
    pub fn create(path: &Path) -> Result<CopiedFile, StoreError> {
        let cannot = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        if path.symlink_metadata().is_ok() {
            return Err(cannot("it already exists; choose another name".to_owned()));
        }
        let file = NewFile::create(path).map_err(|error| cannot(error.to_string()))?;
        let mut conn = Connection::open(file.path())?;
        // Whatever fails, the file is removed: there is nothing to go back to. What rows refer to
        // is checked at the end, by the checks of the whole database.
        conn.execute_batch(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF",
        )?;
        migrate(&mut conn, file.path())?;
        conn.execute_batch("BEGIN")?;
        Ok(CopiedFile { conn, file, path: path.to_owned() })
    }

    pub fn connection(&self) -> engine::Connection<'_> {
        (&self.conn).into()
    }

    /// Has a table give only ids that are greater than one.
    pub fn remember_last_id(&self, table: &str, last: i64) -> Result<(), StoreError> {
        self.conn.execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
        let sql = "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)";
        self.conn.execute(sql, (table, last))?;
        Ok(())
    }

    /// Writes the file to disk and gives it its name.
    pub fn publish(mut self) -> Result<(), StoreError> {
        self.conn.execute_batch("COMMIT")?;
        self.conn.close().map_err(|(_, error)| StoreError::from(error))?;
        Ok(self.file.publish(&self.path)?)
    }
}
