//! The database's files: the settings of its connections, who may open them, the lock file beside
//! them, and the check that none of them has been moved or replaced.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::super::StoreError;

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
/// How many octets of the write-ahead log's file are kept for what comes next, twice as many as it
/// has when it is checkpointed. It has more only while a reading that takes long keeps it from
/// being started anew.
const KEPT_LOG_BYTES: u64 = 64 * 1024 * 1024;

/// Applies the settings of every connection. Each statement is prepared once and keeps its plan.
/// Without the query planner stability guarantee, SQLite prepares a statement again whenever a
/// parameter changes that it has compared with a partial index's condition, which was a fifth of
/// the cost of a message.
pub(in crate::store) fn configure(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Applies the settings of a connection that only reads, before it is used.
pub(in crate::store) fn configure_reader(conn: &Connection) -> Result<(), StoreError> {
    configure(conn)?;
    Ok(conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?)
}

/// Applies the settings of the writer's connection, before it is used.
pub(in crate::store) fn configure_writer(
    conn: &Connection,
    checkpointed_by_others: bool,
) -> Result<(), StoreError> {
    configure(conn)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is not to be found in the file: texts, and the names of erased accounts.
    conn.pragma_update(None, "secure_delete", true)?;
    conn.pragma_update(
        None,
        "wal_autocheckpoint",
        if checkpointed_by_others { 0 } else { CHECKPOINT_PAGES },
    )?;
    conn.pragma_update(None, "journal_size_limit", KEPT_LOG_BYTES.cast_signed())?;
    if checkpointed_by_others {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    Ok(())
}

/// Keeps the journals of savepoints in memory, so that no order fails because `/tmp` is full or
/// cannot be written. (The folder for temporary files can be set only for the whole process, and
/// not while another connection is in use.) Migrations sort much more, but only once; theirs go to
/// files.
pub(in crate::store) fn keep_savepoints_in_memory(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.pragma_update(None, "temp_store", "MEMORY")?)
}

/// Identifies the files that are open, to notice when one is moved away, deleted or replaced: what
/// is written into it afterwards would be lost.
///
/// These are the database itself, its write-ahead log, which has everything that was committed
/// since the last checkpoint, and the log's shared memory, by which connections of other programs
/// keep away from a checkpoint that is under way. SQLite opens both beside the database and keeps
/// them open until its last connection is closed.
pub(in crate::store) struct OpenFiles {
    database: FileId,
    log: [FileId; 2],
    /// Whether the last check has found one that is gone.
    is_one_gone: AtomicBool,
}

/// A path, and the device and the inode of the file that it named.
struct FileId {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl OpenFiles {
    /// The files of a connection to the database at `path`.
    pub fn of(conn: &Connection, path: &Path) -> Result<OpenFiles, StoreError> {
        // SQLite opens the log when it first looks into the database.
        conn.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        Ok(OpenFiles {
            database: FileId::of(path.to_owned()),
            log: log_files(path).map(FileId::of),
            is_one_gone: AtomicBool::new(false),
        })
    }

    /// Checks that the paths still name the open files.
    pub fn check(&self) -> Result<(), StoreError> {
        let checked = match self.log.iter().find(|file| !file.is_same()) {
            _ if !self.database.is_same() => Err(StoreError::FileReplaced),
            Some(file) => Err(StoreError::LogReplaced { file: file.path.display().to_string() }),
            None => Ok(()),
        };
        self.is_one_gone.store(checked.is_err(), Ordering::Relaxed);
        checked
    }

    /// The size of the write-ahead log's file in octets.
    pub fn log_bytes(&self) -> u64 {
        let [log, _] = &self.log;
        std::fs::metadata(&log.path).map_or(0, |file| file.len())
    }

    /// Whether the log is longer than it has to be, because a reading that takes long keeps it from
    /// being started anew.
    pub fn is_log_held_up(&self) -> bool {
        self.log_bytes() > KEPT_LOG_BYTES
    }

    /// Whether the last check has found a file that is gone.
    pub fn is_one_gone(&self) -> bool {
        self.is_one_gone.load(Ordering::Relaxed)
    }
}

impl FileId {
    fn of(path: PathBuf) -> FileId {
        FileId { file: identity(&path), path }
    }

    fn is_same(&self) -> bool {
        identity(&self.path) == self.file
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The paths of the write-ahead log and of its shared memory.
pub(super) fn log_files(database: &Path) -> [PathBuf; 2] {
    ["-wal", "-shm"].map(|ending| {
        let mut name = OsString::from(database);
        name.push(ending);
        name.into()
    })
}

/// Writes what stands in the write-ahead log into the database. When the log's file has lost its
/// name this keeps what was committed even if the process is killed.
pub(in crate::store) fn empty_log(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// Writes what stands in the write-ahead log into the database, and cuts the log to nothing, so
/// that what was overwritten stands in no file any more. Answers whether that was possible: it is
/// not while somebody reads, nor where others checkpoint.
pub(in crate::store) fn truncate_log(conn: &Connection) -> Result<bool, StoreError> {
    let is_ours = conn.query_row("PRAGMA wal_autocheckpoint", [], |row| row.get::<_, i64>(0))? > 0;
    if !is_ours {
        return Ok(false);
    }
    let is_busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    Ok(is_busy? == 0)
}

/// Creates the database's file, if there is none, for its owner only, whatever the umask: messages
/// stand in it. SQLite gives the files beside it the same mode. From files that are there already
/// the rights of others are taken; those of the group stay, for the operator may have given them.
///
/// Errors are ignored: SQLite says better why a file cannot be opened, and a file whose mode cannot
/// be changed is another user's, who has chosen it.
pub(in crate::store) fn keep_from_others(database: &Path) {
    let _ = File::options().append(true).create(true).mode(0o600).open(database);
    let [wal, shm] = log_files(database);
    for path in [database, &wal, &shm] {
        let mode = std::fs::metadata(path).map_or(0, |file| file.mode());
        if mode & 0o007 != 0 {
            let _ = std::fs::set_permissions(path, Permissions::from_mode(mode & 0o770));
        }
    }
}

/// Locks the database for this process with a lock file beside it. The lock ends with the process,
/// however that ends. (A lock on the database file itself would interfere with SQLite's own locks.)
pub(in crate::store) fn lock(database: &Path) -> Result<File, StoreError> {
    let path = database.display().to_string();
    let name = database.with_added_extension("lock");
    let opened = open_lock_file(&name);
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

/// Opens the lock file, which only its owner may open: whoever can read a file can lock it, and so
/// keep the daemon from starting.
fn open_lock_file(name: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let file = options.open(name)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        // As an earlier version has left it. Another user's file stays as it is.
        let _ = file.set_permissions(Permissions::from_mode(0o600));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::store::{Store, engine};

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

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn others_may_open_none_of_the_files_whatever_the_umask() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("test.db");
        let [wal, shm] = log_files(&path);
        let lock = path.with_added_extension("lock");
        let modes = || [&path, &wal, &shm, &lock].map(|path| mode(path));
        let store = Store::open(&path).unwrap();
        assert_eq!(modes(), [0o600; 4]);
        store.close().await;
        // As an earlier version left them, and a group that the operator lets read the database.
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        std::fs::set_permissions(&lock, Permissions::from_mode(0o644)).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(modes(), [0o640, 0o640, 0o640, 0o600]);
        store.close().await;
    }

    #[tokio::test]
    async fn without_its_log_nothing_is_written_and_nothing_lost() {
        for (gone, by_others) in [(0, false), (1, false), (0, true)] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("test.db");
            let store = Store::open_with(&path, by_others).unwrap();
            store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
            let file = &log_files(&path)[gone];
            std::fs::remove_file(file).unwrap();
            let told = format!("{}", file.display());
            let is_told = |error: &StoreError| error.to_string().contains(&told);
            let written = store.write(|tx| tx.add_account("refused", Timestamp(1))).await;
            assert!(written.as_ref().is_err_and(is_told), "{written:?}");
            assert!(store.has_lost_place() && store.check_place().is_err());
            // What was committed is in the database by now, even if the daemon is killed.
            let copy = dir.path().join("copy.db");
            std::fs::copy(&path, &copy).unwrap();
            assert_eq!(names(&Store::open(&copy).unwrap()).await, ["kept"]);
            // A file of that name is not that file.
            std::fs::write(file, "").unwrap();
            let written = store.write(|tx| tx.add_account("refused", Timestamp(1))).await;
            assert!(written.as_ref().is_err_and(is_told), "{written:?}");
            store.close().await;
            let again = Store::open(&path).unwrap();
            assert_eq!(names(&again).await, ["kept"]);
            again.write(|tx| tx.add_account("later", Timestamp(2))).await.unwrap();
        }
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
    async fn a_log_is_held_up_by_a_long_reading_and_cut_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        let megabytes = |count: i64| {
            store.write(move |tx| {
                tx.number("SELECT count(*) FROM sim", [])?;
                let engine::Connection::Sqlite(conn) = tx.connection() else { unreachable!() };
                conn.execute_batch("CREATE TABLE IF NOT EXISTS filler (octets BLOB)")?;
                let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE \
                           n < ?1) INSERT INTO filler SELECT zeroblob(1000000) FROM n";
                Ok::<_, StoreError>(conn.execute(sql, [count])?)
            })
        };
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let reading = store.read_in_background(move |rows| {
            // The database is seen as it is at the first row until the statement ends.
            let mut begin = Some(begin);
            rows.visit("SELECT 1 UNION SELECT count(*) FROM sim", [], |_| {
                let _ = begin.take().map(|begin| begin.send(()));
                let _ = ended.recv();
                Ok(false)
            })
        });
        let reading = async { reading.await.unwrap() };
        let writing = async {
            begun.await.unwrap();
            megabytes(40).await.unwrap();
            assert!(!store.is_log_held_up(), "{}", store.log_bytes());
            megabytes(40).await.unwrap();
            assert!(store.is_log_held_up(), "{}", store.log_bytes());
            drop(end);
        };
        tokio::join!(reading, writing);
        // The first commit after the reading moves the log into the database, the next begins it
        // anew.
        megabytes(1).await.unwrap();
        megabytes(1).await.unwrap();
        assert!(!store.is_log_held_up(), "{}", store.log_bytes());
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
