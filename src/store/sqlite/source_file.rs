//! The database's file when it is copied to a server: no daemon has it open, and it is put aside
//! afterwards.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::{StoreError, engine, sync_folder_of};
use super::file::{configure_reader, lock, log_files};
use super::migrate::newest_schema;

/// A database that is read as it is at one moment. The lock on it ends with it.
pub(in crate::store) struct SourceFile {
    conn: Connection,
    path: PathBuf,
    _lock: File,
}

/// The name of a database's file after it was copied to a server.
fn name_aside(path: &Path) -> PathBuf {
    path.with_added_extension("moved")
}

/// Why no database must be created at `path`, if it was copied to a server: its daemon is told of
/// the server then.
pub(super) fn is_put_aside(path: &Path) -> Option<String> {
    let aside = name_aside(path);
    let is_aside = path.symlink_metadata().is_err() && aside.symlink_metadata().is_ok();
    is_aside.then(|| {
        format!(
            "it was copied to a server and is called {} now: set `[database] url`, or move that \
             file away",
            aside.display()
        )
    })
}

impl SourceFile {
    /// Locks and opens the database at `path`, which must have the newest schema.
    pub fn open(path: &Path) -> Result<SourceFile, StoreError> {
        let cannot = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        File::open(path).map_err(|error| cannot(error.to_string()))?;
        let aside = name_aside(path);
        if aside.symlink_metadata().is_ok() {
            return Err(cannot(format!(
                "it would be called {} afterwards, and there is such a file",
                aside.display()
            )));
        }
        let lock = lock(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(path, flags)?;
        let found = begin(&conn).map_err(|error| error.of_file(path))?;
        match found {
            0 => Err(cannot("it is no database of simbridge".to_owned())),
            found if found > newest_schema() => {
                Err(StoreError::Newer { found, known: newest_schema() })
            }
            found if found < newest_schema() => Err(cannot(format!(
                "an older simbridge has made it (schema version {found}, this one copies {}): \
                 start the daemon once, which converts it, and stop it again",
                newest_schema()
            ))),
            _ => Ok(SourceFile { conn, path: path.to_owned(), _lock: lock }),
        }
    }

    pub fn connection(&self) -> engine::Connection<'_> {
        (&self.conn).into()
    }

    /// Renames the file, so that no daemon writes to it any more, and returns its name.
    pub fn put_aside(self) -> Result<PathBuf, StoreError> {
        self.conn.execute_batch("COMMIT; PRAGMA query_only = false")?;
        // This moves what stands in the write-ahead log into the file.
        self.conn.close().map_err(|(_, error)| StoreError::from(error))?;
        let [log, _] = log_files(&self.path);
        if log.metadata().is_ok_and(|log| log.len() > 0) {
            return Err(StoreError::Other(format!(
                "another program has it open, so that {} is not empty",
                log.display()
            )));
        }
        let aside = name_aside(&self.path);
        rename(&self.path, &aside)?;
        Ok(aside)
    }
}

/// Begins to read, and returns the version of the schema.
fn begin(conn: &Connection) -> Result<i64, StoreError> {
    configure_reader(conn)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.execute_batch("BEGIN")?;
    Ok(conn.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn rename(path: &Path, aside: &Path) -> io::Result<()> {
    renameat_with(CWD, path, CWD, aside, RenameFlags::NOREPLACE)?;
    sync_folder_of(aside)
}
