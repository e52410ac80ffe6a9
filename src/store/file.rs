//! The database's file: the settings of its connections, the lock file beside it, and the check
//! that it has not been moved or replaced.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::StoreError;

const BUSY: Duration = Duration::from_secs(5);
/// How many prepared statements each connection keeps: more than this module has.
const STATEMENTS: usize = 128;
/// The page cache of the writer's connection in KiB; the operating system's cache has the rest. A
/// larger one makes the writer slower, not faster: below a gigabyte, SQLite searches the whole
/// cache after each commit that has split a page (with 64 MiB that took an eighth of the writer's
/// time).
const CACHE_KIB: i64 = 8 * 1024;
/// The page cache of each reader's connection in KiB. It is smaller because there are several
/// readers, whose caches hold the same pages.
const READER_CACHE_KIB: i64 = 1024;
/// How many pages the write-ahead log may have before it is checkpointed. A commit to a large
/// database changes pages that lie far apart; a page that is changed several times between two
/// checkpoints is written to the database file once.
const CHECKPOINT_PAGES: i64 = 8_000;

/// Applies the settings of every connection. Each statement is prepared once and keeps its plan.
/// Without the query planner stability guarantee, SQLite prepares a statement again whenever a
/// parameter changes that it has compared with a partial index's condition, which was a fifth of
/// the cost of a message.
pub(super) fn configure(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Applies the settings of a connection that only reads, before it is used.
pub(super) fn configure_reader(conn: &Connection) -> Result<(), StoreError> {
    configure(conn)?;
    Ok(conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?)
}

/// Applies the settings of the writer's connection, before it is used.
pub(super) fn configure_writer(
    conn: &Connection,
    checkpointed_by_others: bool,
) -> Result<(), StoreError> {
    configure(conn)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(
        None,
        "wal_autocheckpoint",
        if checkpointed_by_others { 0 } else { CHECKPOINT_PAGES },
    )?;
    if checkpointed_by_others {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    Ok(())
}

/// Keeps the journals of savepoints in memory, so that no order fails because `/tmp` is full or
/// cannot be written. (The folder for temporary files can be set only for the whole process, and
/// not while another connection is in use.) Migrations sort much more, but only once; theirs go to
/// files.
pub(super) fn keep_savepoints_in_memory(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.pragma_update(None, "temp_store", "MEMORY")?)
}

/// Identifies the file that is open, to notice when it is moved away, deleted or replaced: what is
/// written into it afterwards would be lost.
pub(super) struct DatabaseFileId {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl DatabaseFileId {
    pub fn new(path: &Path) -> DatabaseFileId {
        DatabaseFileId { path: path.to_owned(), file: identity(path) }
    }

    /// Whether the path still names the open file.
    pub fn is_same(&self) -> bool {
        identity(&self.path) == self.file
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Locks the database for this process with a lock file beside it. The lock ends with the process,
/// however that ends. (A lock on the database file itself would interfere with SQLite's own locks.)
pub(super) fn lock(database: &Path) -> Result<File, StoreError> {
    let path = database.display().to_string();
    let name = database.with_added_extension("lock");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&name);
    let mut file = opened
        .map_err(|error| StoreError::Open { path: path.clone(), reason: error.to_string() })?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        return Err(StoreError::InUse { path, holder: holder.trim().to_owned() });
    }
    // The process id is only for people to read; the lock holds without it.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::Store;

    #[tokio::test]
    async fn a_newer_database_and_a_damaged_one_are_refused_with_an_error_for_the_operator() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("newer.db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 999, .. })));
        let path = dir.path().join("damaged.db");
        std::fs::write(
            &path,
            "this is no database, but a text that is longer than the header of a database would be",
        )
        .unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged { .. })));
        assert!(matches!(
            Store::open(&dir.path().join("no/such/folder.db")),
            Err(StoreError::Open { .. })
        ));
    }

    async fn names(store: &Store) -> Vec<String> {
        let accounts = store.read(|rows| rows.accounts()).await;
        accounts
            .unwrap_or_else(|e: StoreError| panic!("{e}"))
            .into_iter()
            .map(|account| account.name)
            .collect()
    }

    #[tokio::test]
    async fn a_second_daemon_is_refused_and_nothing_is_written_to_a_moved_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        let store = Store::open(&path).unwrap();
        let Err(StoreError::InUse { holder, .. }) = Store::open(&path) else {
            panic!("opened twice")
        };
        assert_eq!(holder, std::process::id().to_string());
        let away = dir.path().join("away.db");
        std::fs::rename(&path, &away).unwrap();
        let lost = store.write(|tx| tx.add_account("lost", Timestamp(1))).await;
        assert!(matches!(lost, Err(StoreError::FileReplaced)), "{lost:?}");
        std::fs::rename(&away, &path).unwrap();
        store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
        assert_eq!(names(&store).await, ["kept"]);
    }

    #[tokio::test]
    async fn a_log_that_others_checkpoint_is_left_to_them() {
        for by_others in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("test.db");
            let store = Store::open_with(&path, by_others).unwrap();
            store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
            let pages = store.write(|tx| tx.number("PRAGMA wal_autocheckpoint", [])).await;
            let pages = pages.unwrap_or_else(|error: StoreError| panic!("{error}"));
            assert_eq!(names(&store).await, ["kept"]);
            store.close().await;
            let log = dir.path().join("test.db-wal");
            assert_eq!((pages == 0, log.exists()), (by_others, by_others));
            let again = Store::open(&path).unwrap();
            assert_eq!(names(&again).await, ["kept"]);
        }
    }
}
