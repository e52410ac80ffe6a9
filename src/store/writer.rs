//! The one writer: a thread that owns the writing connection and commits everything that waits with one fsync.

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Write};
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::copy::copy_into;
use super::migrate::migrate;
use super::stats::stopwatch;
use super::{Rows, Stats, StoreError};

/// The most operations that share a transaction.
const GROUP: usize = 256;
/// How many operations may wait before callers wait to hand theirs in.
const QUEUE: usize = 1024;
/// When so many wait, who can be refused should be: the rest of the queue is for what modems hand over.
const CROWDED: usize = QUEUE / 2;
/// How long SQLite waits for another program's lock.
const BUSY: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection: more than there are in this room.
const STATEMENTS: usize = 128;
/// How many read at the same time; the others wait. One that had to open the database anew would cost more than it reads.
const READERS: usize = 8;
/// Of the database, what each connection keeps in memory, in KiB. The writer's spans the pages that inserts come back to
/// in a history of some ten million rows; a reader's is good until the next commit only.
const WRITER_CACHE_KIB: i64 = 64 * 1024;
const READER_CACHE_KIB: i64 = 8 * 1024;

/// How many pages the log of changes may have before they go to their places: in a large database a commit changes pages far
/// apart, and what is changed again until then goes there once.
const CHECKPOINT_PAGES: i64 = 8_000;

/// By how much the priority of what is done at leisure is lower.
const LEISURE: i32 = 10;

/// What runs once an operation's fate is known.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;
/// An operation: carried out inside its savepoint, or told why it cannot be; tells whether to keep what it did.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>) -> (bool, Answer) + Send>;
/// What an operation wants done right after its commit.
type AfterCommit = Box<dyn FnOnce() + Send>;

enum Command {
    Run(Job),
    /// Finish what waits, then end.
    Stop,
}

/// The database. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Command>,
    readers: Arc<Readers>,
    stats: Arc<Stats>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// An operation's handle on its transaction: the reading verbs and the writing ones.
pub struct Tx<'c> {
    rows: Rows<'c>,
    after_commit: RefCell<Vec<AfterCommit>>,
}

impl<'c> Deref for Tx<'c> {
    type Target = Rows<'c>;

    fn deref(&self) -> &Rows<'c> {
        &self.rows
    }
}

#[cfg(test)]
impl<'c> Tx<'c> {
    /// On a connection of a test's own.
    pub(super) fn on(conn: &'c Connection) -> Tx<'c> {
        Tx { rows: Rows { conn }, after_commit: RefCell::default() }
    }
}

impl Tx<'_> {
    /// Runs `action` on the writer's thread once this operation is on disk, before any later one; never if it fails.
    pub fn after_commit(&self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.borrow_mut().push(Box::new(action));
    }

    /// Carries out a part of the operation; when that errs nothing of it stays, and the rest may go on. The outer error is the
    /// database's own: with it the operation is lost.
    pub fn attempt<T, E: From<StoreError>>(&self, part: impl FnOnce(&Self) -> Result<T, E>) -> Result<Result<T, E>, E> {
        let waiting = self.after_commit.borrow().len();
        run(self.conn, "SAVEPOINT part")?;
        let done = part(self);
        if done.is_ok() {
            run(self.conn, "RELEASE part")?;
            return Ok(done);
        }
        if self.conn.is_autocommit() {
            return done.map(Ok);
        }
        run(self.conn, "ROLLBACK TO part")?;
        run(self.conn, "RELEASE part")?;
        self.after_commit.borrow_mut().truncate(waiting);
        Ok(done)
    }

    /// Carries out one statement; answers how many rows it touched.
    pub(super) fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// The id of the row inserted last.
    pub(super) fn inserted(&self) -> i64 {
        self.conn.last_insert_rowid()
    }
}

impl Store {
    /// Opens or creates the database, brings its schema up to date and starts the writer.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        Store::open_with(path, false)
    }

    /// As [`Store::open`]; when others checkpoint (Litestream does, and must be the only one), the write-ahead log is left to them.
    pub fn open_with(path: &Path, checkpointed_by_others: bool) -> Result<Store, StoreError> {
        let failed = |reason: String| StoreError::Open { path: path.display().to_string(), reason };
        let lock = lock(path)?;
        let mut conn = Connection::open(path).map_err(|error| failed(error.to_string()))?;
        if conn.is_readonly("main").unwrap_or(false) {
            return Err(failed(
                "it may only be read by this user, or lies on a file system that is mounted so".to_owned(),
            ));
        }
        let opened = prepare(&conn, checkpointed_by_others)
            .and_then(|()| migrate(&mut conn, path))
            .and_then(|()| spill_nowhere(&conn));
        opened.map_err(|error| match error {
            StoreError::Other(reason) => failed(reason),
            other => other.of_file(path),
        })?;
        let place = Place::new(path);
        let (jobs, queue) = mpsc::channel(QUEUE);
        let stats = Arc::<Stats>::default();
        let counted = Arc::clone(&stats);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                write_loop(&conn, &place, &counted, queue);
                drop(lock);
            })
            .map_err(|error| failed(error.to_string()))?;
        Ok(Store {
            jobs,
            stats,
            readers: Arc::new(Readers {
                path: path.to_owned(),
                turns: Arc::new(Semaphore::new(READERS)),
                idle: Mutex::default(),
                closed: AtomicBool::default(),
            }),
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Carries out `operation` in a transaction and answers when it is on disk. When it errs or panics nothing of it stays.
    pub async fn write<T, E>(&self, operation: impl FnOnce(&Tx<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let (outcome, after_commit) = match conn {
                Ok(conn) => carry_out(conn, operation),
                Err(error) => (Err(error.into()), Vec::new()),
            };
            let keep = outcome.is_ok();
            let reply: Answer = Box::new(move |commit| {
                let outcome = outcome.and_then(|value| commit.map(|()| value).map_err(E::from));
                if outcome.is_ok() {
                    after_commit.into_iter().for_each(|action| action());
                }
                // A caller that no longer waits does not undo what is on disk.
                let _ = answer.send(outcome);
            });
            (keep, reply)
        });
        self.jobs.send(Command::Run(job)).await.map_err(|_| StoreError::Gone)?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// Reads on a reader's connection, on a thread where blocking is allowed. Sees everything committed before the call.
    pub async fn read<T, E>(&self, reading: impl FnOnce(&Rows<'_>) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let turn = Arc::clone(&self.readers.turns).acquire_owned().await.map_err(|_| StoreError::Gone)?;
        let read = tokio::task::spawn_blocking(move || {
            // Its end is that of the reading, also when nobody waits for that any more.
            let _turn = turn;
            let conn = readers.take()?;
            let outcome = reading(&Rows { conn: &conn });
            readers.give_back(conn);
            outcome
        });
        read.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// As [`Store::read`], but for what may take minutes: on a thread of its own that comes after all others, with a connection of
    /// its own. Each statement sees one moment; between two of them the log of changes can be worked off.
    pub async fn read_at_leisure<T, E>(
        &self,
        reading: impl FnOnce(&Rows<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let (answer, answered) = oneshot::channel();
        let read = move || {
            // Where that is not allowed it is only less polite.
            let _ = rustix::process::nice(LEISURE);
            let outcome = readers.open().map_err(E::from).and_then(|conn| reading(&Rows { conn: &conn }));
            let _ = answer.send(outcome);
        };
        let started = std::thread::Builder::new().name("store-leisure".to_owned()).spawn(read);
        started.map_err(|error| StoreError::Other(error.to_string()))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// A copy of the database as it is at one moment, while everything goes on. The file has no name: it is gone when it is closed.
    pub async fn copy(&self) -> Result<File, StoreError> {
        let folder = self.readers.path.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
        let copy = move |rows: &Rows<'_>| {
            // Beside the database: that is where there is room for one.
            let file = tempfile::Builder::new().prefix(".copy-").tempfile_in(folder.unwrap_or_else(|| ".".into()))?;
            copy_into(rows.conn, file.path())?;
            Ok::<_, StoreError>(file.reopen()?)
        };
        self.read_at_leisure(copy).await
    }

    /// What the writer has done.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many operations wait for the writer.
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Whether so many operations wait that nobody who can come again should add one.
    pub fn is_crowded(&self) -> bool {
        self.waiting() >= CROWDED
    }

    /// The database's file.
    pub fn path(&self) -> &Path {
        &self.readers.path
    }

    /// Lets the writer finish what waits and ends it. Later operations are answered [`StoreError::Gone`].
    pub async fn close(&self) {
        // The last connection to be closed takes the write-ahead log into the database, and only the writer's can.
        self.readers.close();
        let _ = self.jobs.send(Command::Stop).await;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

/// Runs an operation on its transaction; a panic in it is its own failure and nobody else's.
fn carry_out<T, E: From<StoreError>>(
    conn: &Connection,
    operation: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, Vec<AfterCommit>) {
    let tx = Tx { rows: Rows { conn }, after_commit: RefCell::default() };
    let outcome = catch_unwind(AssertUnwindSafe(|| operation(&tx)));
    (outcome.unwrap_or_else(|_| Err(StoreError::Gone.into())), tx.after_commit.into_inner())
}

/// Read-only connections, opened as needed and kept for the next reader.
struct Readers {
    path: PathBuf,
    turns: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
    closed: AtomicBool,
}

impl Readers {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.open(), Ok)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags)?;
        keep_statements(&conn)?;
        conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(conn)
    }

    fn give_back(&self, conn: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS && !self.closed.load(Ordering::SeqCst) {
            idle.push(conn);
        }
    }

    /// Keeps no connection any more.
    fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Each statement is prepared once and has one plan. Without the stability guarantee SQLite prepares a statement anew whenever a
/// parameter changes that it has compared with a partial index's condition: a fifth of what a message cost.
pub(super) fn keep_statements(conn: &Connection) -> Result<(), StoreError> {
    conn.busy_timeout(BUSY)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn prepare(conn: &Connection, checkpointed_by_others: bool) -> Result<(), StoreError> {
    keep_statements(conn)?;
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    conn.pragma_update(None, "wal_autocheckpoint", if checkpointed_by_others { 0 } else { CHECKPOINT_PAGES })?;
    if checkpointed_by_others {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    Ok(())
}

/// What a large operation's savepoint keeps stays in memory: a /tmp that is full or may not be written fails no order. (Where such files go can
/// only be said for the whole process, and not while another connection works.) Migrations sort much more, once: theirs go to files.
fn spill_nowhere(conn: &Connection) -> Result<(), StoreError> {
    Ok(conn.pragma_update(None, "temp_store", "MEMORY")?)
}

/// Where the open file lies: what is written into one that was moved away or deleted would be lost.
struct Place {
    path: PathBuf,
    file: Option<(u64, u64)>,
}

impl Place {
    fn new(path: &Path) -> Place {
        Place { path: path.to_owned(), file: identity(path) }
    }

    /// Whether the path still leads to the open file.
    fn is_same(&self) -> bool {
        identity(&self.path) == self.file
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Claims the database for this process by a lock beside it, which goes with the process however that ends. (A lock on the
/// file itself would meddle with SQLite's own.)
fn lock(database: &Path) -> Result<File, StoreError> {
    let path = database.display().to_string();
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    let opened = File::options().read(true).write(true).create(true).truncate(false).open(&name);
    let mut file = opened.map_err(|error| StoreError::Open { path: path.clone(), reason: error.to_string() })?;
    if rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut holder = String::new();
        let _ = file.read_to_string(&mut holder);
        return Err(StoreError::InUse { path, holder: holder.trim().to_owned() });
    }
    // Who holds it is for people; without it the lock holds all the same.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// Takes everything that waits, up to [`GROUP`], commits it together, answers, and so on until it is stopped.
fn write_loop(conn: &Connection, place: &Place, stats: &Stats, mut queue: mpsc::Receiver<Command>) {
    let mut group = Vec::with_capacity(GROUP);
    while let Some(first) = queue.blocking_recv() {
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Run(job) => group.push(job),
                Command::Stop => queue.close(),
            }
            next = if group.len() < GROUP { queue.try_recv().ok() } else { None };
        }
        commit_group(conn, place, stats, group.drain(..));
    }
}

/// One transaction for all of `group`. When the transaction itself is lost (a full disk undoes it whole), each job hears it.
fn commit_group(conn: &Connection, place: &Place, stats: &Stats, group: impl ExactSizeIterator<Item = Job>) {
    let began = stopwatch();
    let alone = group.len() == 1;
    let mut fate = run(conn, "BEGIN IMMEDIATE");
    let mut answers = Vec::new();
    for job in group {
        answers.push(match &fate {
            Ok(()) if alone => without_savepoint(conn, job, &mut fate),
            Ok(()) => in_savepoint(conn, job, &mut fate),
            Err(error) => job(Err(error.clone())).1,
        });
    }
    if fate.is_ok() && !place.is_same() {
        fate = Err(StoreError::Moved);
    }
    if fate.is_ok() && !conn.is_autocommit() {
        fate = run(conn, "COMMIT");
    }
    if !conn.is_autocommit() {
        // What cannot be committed must not stand open before the next group.
        let _ = conn.execute_batch("ROLLBACK");
    }
    stats.ended(began, answers.len(), fate.is_ok());
    answers.into_iter().for_each(|answer| answer(fate.clone()));
}

/// A statement without parameters or rows.
fn run(conn: &Connection, sql: &str) -> Result<(), StoreError> {
    conn.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// Runs the only job of a transaction: undoing it is undoing that.
fn without_savepoint(conn: &Connection, job: Job, fate: &mut Result<(), StoreError>) -> Answer {
    let (keep, answer) = job(Ok(conn));
    if conn.is_autocommit() {
        *fate = Err(StoreError::Full);
    } else if !keep && let Err(error) = run(conn, "ROLLBACK") {
        *fate = Err(error);
    }
    answer
}

/// Runs one job and undoes it when it failed; a failure that took the whole transaction with it goes into `fate`.
fn in_savepoint(conn: &Connection, job: Job, fate: &mut Result<(), StoreError>) -> Answer {
    if let Err(error) = run(conn, "SAVEPOINT job") {
        *fate = Err(error);
        return job(fate.clone().map(|()| conn)).1;
    }
    let (keep, answer) = job(Ok(conn));
    if conn.is_autocommit() {
        *fate = Err(StoreError::Full);
        return answer;
    }
    let undone = if keep { Ok(()) } else { run(conn, "ROLLBACK TO job") };
    if let Err(error) = undone.and_then(|()| run(conn, "RELEASE job")) {
        *fate = Err(error);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    async fn open() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        (dir, store)
    }

    async fn names(store: &Store) -> Vec<String> {
        store
            .read(|rows| rows.accounts())
            .await
            .unwrap_or_else(|e: StoreError| panic!("{e}"))
            .into_iter()
            .map(|a| a.name)
            .collect()
    }

    #[tokio::test]
    async fn a_failed_or_panicking_operation_undoes_only_itself() {
        let (_dir, store) = open().await;
        let add = |name: &'static str, fail: bool, panics: bool| {
            store.write(move |tx| {
                tx.add_account(name, Timestamp(1))?;
                assert!(!panics, "a panic of the test's own");
                if fail { Err(StoreError::Locked) } else { Ok(()) }
            })
        };
        let (good, failed, panicked, also_good) =
            tokio::join!(add("a", false, false), add("b", true, false), add("c", false, true), add("d", false, false));
        assert!(good.is_ok() && also_good.is_ok());
        assert!(matches!(failed, Err(StoreError::Locked)));
        assert!(matches!(panicked, Err(StoreError::Gone)));
        assert_eq!(names(&store).await, ["a", "d"]);
    }

    #[tokio::test]
    async fn what_runs_after_the_commit_runs_only_then() {
        let (_dir, store) = open().await;
        let (tell, mut told) = mpsc::unbounded_channel();
        for (name, fail) in [("a", false), ("b", true)] {
            let tell = tell.clone();
            let _ = store
                .write(move |tx| {
                    tx.after_commit(move || tell.send(name).unwrap_or(()));
                    if fail { Err(StoreError::Locked) } else { Ok(()) }
                })
                .await;
        }
        assert_eq!(told.try_recv(), Ok("a"));
        assert!(told.try_recv().is_err());
    }

    #[tokio::test]
    async fn what_waits_shares_a_commit_up_to_a_limit() {
        let (_dir, store) = open().await;
        let (begun, has_begun) = oneshot::channel();
        let (go, going) = std::sync::mpsc::channel();
        let blocker = store.clone();
        let first = tokio::spawn(async move {
            let work = move |_: &Tx<'_>| {
                let _ = begun.send(());
                going.recv().map_err(|_| StoreError::Gone)
            };
            blocker.write(work).await
        });
        has_begun.await.unwrap();
        assert!(!store.is_crowded());
        let add = |n: usize| {
            let store = store.clone();
            tokio::spawn(async move { store.write(move |tx| tx.add_account(&n.to_string(), Timestamp(1))).await })
        };
        let others: Vec<_> = (0..GROUP + CROWDED).map(add).collect();
        while store.waiting() < GROUP + CROWDED {
            tokio::task::yield_now().await;
        }
        assert!(store.is_crowded());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        let commits = store.stats().operations.distribution();
        let full_ones = (GROUP + CROWDED).div_ceil(GROUP);
        assert_eq!(commits.count, u64::try_from(1 + full_ones).unwrap(), "one alone, then as many as may each time");
        assert!(!store.is_crowded());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_so_many_read_at_once() {
        let (_dir, store) = open().await;
        let (begun, mut has_begun) = mpsc::unbounded_channel();
        let read = |_| {
            let (store, begun) = (store.clone(), begun.clone());
            let (hold, held) = std::sync::mpsc::channel::<()>();
            let reading = async move {
                let read = store.read(move |_| {
                    let _ = begun.send(());
                    let _ = held.recv();
                    Ok::<_, StoreError>(())
                });
                read.await
            };
            (hold, tokio::spawn(reading))
        };
        let (holds, readings): (Vec<_>, Vec<_>) = (0..=READERS).map(read).unzip();
        for _ in 0..READERS {
            has_begun.recv().await.unwrap();
        }
        assert_eq!(store.readers.turns.available_permits(), 0);
        assert!(has_begun.try_recv().is_err(), "one more waits for its turn");
        drop(holds);
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_closed_store_says_so_and_what_waited_is_on_disk() {
        let (dir, store) = open().await;
        store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
        store.close().await;
        assert!(matches!(store.write(|tx| tx.add_account("late", Timestamp(1))).await, Err(StoreError::Gone)));
        let again = Store::open(&dir.path().join("test.db")).unwrap();
        assert_eq!(names(&again).await, ["kept"]);
    }

    #[tokio::test]
    async fn a_newer_database_and_a_damaged_one_are_refused_in_words() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("newer.db");
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 999, .. })));
        let path = dir.path().join("damaged.db");
        std::fs::write(&path, "this is no database, but it is longer than a header would be, by far enough of a text")
            .unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged { .. })));
        assert!(matches!(Store::open(&dir.path().join("no/such/folder.db")), Err(StoreError::Open { .. })));
    }

    #[tokio::test]
    async fn a_second_daemon_is_refused_and_a_moved_file_takes_nothing() {
        let (dir, store) = open().await;
        let path = dir.path().join("test.db");
        let Err(StoreError::InUse { holder, .. }) = Store::open(&path) else { panic!("opened twice") };
        assert_eq!(holder, std::process::id().to_string());
        let away = dir.path().join("away.db");
        std::fs::rename(&path, &away).unwrap();
        let lost = store.write(|tx| tx.add_account("lost", Timestamp(1))).await;
        assert!(matches!(lost, Err(StoreError::Moved)), "{lost:?}");
        std::fs::rename(&away, &path).unwrap();
        store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
        assert_eq!(names(&store).await, ["kept"]);
    }

    #[tokio::test]
    async fn a_full_disk_is_named_and_nothing_half_stays() {
        let (_dir, store) = open().await;
        store
            .write(|tx| tx.execute("PRAGMA max_page_count = 60", []).map(drop).or(Ok::<_, StoreError>(())))
            .await
            .unwrap();
        let long = "x".repeat(1_000_000);
        let full = store.write(move |tx| tx.add_account(&long, Timestamp(1))).await;
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        store.write(|tx| tx.add_account("short", Timestamp(1))).await.unwrap();
        assert_eq!(names(&store).await, ["short"]);
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
