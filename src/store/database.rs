//! The handle on the database, through which everything is read and written.

use parking_lot::Mutex;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::account_turns::{AccountTurns, rest_from};
use super::changes::Changes;
use super::engine::{Connection, Place, Readers, Writer};
use super::page_readers::PageTurns;
use super::person::current_person;
use super::postgres::{Candidate, Term};
use super::sqlite::{copies, copy_into};
use super::stats::stopwatch;
use super::writer::{Command, Operation, write_loop};
use super::{ReadTx, Stats, StoreError, WriteTx, postgres, sqlite};
use crate::domain::{AccountId, Moment};

/// How many readers may work at the same time; further ones wait for their turn. Waiting is cheaper
/// than opening another connection, which costs more than most reads.
pub(super) const READERS: usize = 8;
/// How many of them may work for one account. Whatever its customers ask, and however often, the
/// others are left to everybody else.
const READERS_PER_ACCOUNT: usize = 2;
/// How many operations may be queued for the writer before callers have to wait for room in the
/// queue.
const QUEUE: usize = 1024;
/// When this many operations are queued, requests that can be refused should be: the rest of the
/// queue is for the messages that modems deliver.
pub(crate) const CROWDED: usize = QUEUE / 2;
/// How many operations of one account may be queued.
const QUEUED_PER_ACCOUNT: usize = 128;
/// The `nice` increment that lowers the scheduling priority of background reads.
const BACKGROUND_NICE: i32 = 10;

/// A handle on the database. A clone is another handle on the same database.
#[derive(Clone)]
pub struct Store {
    jobs: mpsc::Sender<Command>,
    place: Place,
    readers: Arc<Readers>,
    /// One permit for each reader that may work at the same time.
    turns: Arc<Semaphore>,
    /// The same for the readers that may work for each account.
    reading: Arc<AccountTurns>,
    queued: Arc<AccountTurns>,
    page_turns: Arc<PageTurns>,
    changes: Arc<Changes>,
    stats: Arc<Stats>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens or creates the database, brings its schema up to date and starts the writer.
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        #[cfg(test)]
        if let Some(server) = postgres::server_for(path.to_owned()) {
            return Store::open_on(server);
        }
        Store::open_with(path, false)
    }

    /// Like [`Store::open`]. With `checkpointed_by_others`, the write-ahead log is never
    /// checkpointed here: Litestream does so itself, and must be the only one that does.
    pub fn open_with(path: &Path, checkpointed_by_others: bool) -> Result<Store, StoreError> {
        let (file, readers) = (path.to_owned(), Readers::Sqlite(sqlite::Readers::of(path)));
        Store::start(readers, move |changes| {
            sqlite::Writer::open(&file, checkpointed_by_others, changes).map(Writer::Sqlite)
        })
    }

    /// Opens the database on a PostgreSQL server if this daemon gets the lead there, brings the
    /// schema up to date and starts the writer. `now` is the time of a monotonic clock.
    ///
    /// # Errors
    /// Another daemon leads, or the server is away or not fit: then it can be tried again. Or the
    /// database cannot be used.
    pub fn lead(candidate: &mut Candidate, now: Moment) -> Result<Store, StoreError> {
        let session = candidate.take_lead(now)?;
        // Readers must not find another host that takes writes, too, because it does not know that
        // it was replaced.
        let server = candidate.server().of_host(session.host());
        let readers = Readers::Postgres(Box::new(postgres::Readers::of(server.clone())));
        Store::start(readers, move |changes| {
            let writer = postgres::Writer::begin_term(session, &server, changes)?;
            Ok(Writer::Postgres(Box::new(writer)))
        })
    }

    /// Opens the database on a PostgreSQL server at the first attempt.
    #[cfg(test)]
    pub(crate) fn open_on(server: postgres::Server) -> Result<Store, StoreError> {
        let now = Moment::since_origin(std::time::Duration::ZERO);
        // A session waits on a thread of its own, since most tests are on one of a runtime.
        let open = move || Store::lead(&mut Candidate::new(server), now);
        std::thread::spawn(open).join().unwrap_or(Err(StoreError::Gone))
    }

    /// Starts the writer on a thread of its own, which opens its connection.
    fn start(
        readers: Readers,
        open: impl FnOnce(&Arc<Changes>) -> Result<Writer, StoreError> + Send + 'static,
    ) -> Result<Store, StoreError> {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (stats, changes) = (Arc::<Stats>::default(), Arc::<Changes>::default());
        let (counted, told) = (Arc::clone(&stats), Arc::clone(&changes));
        let (place, placed) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                let writer = open(&told);
                let _ = place.send(writer.as_ref().map(Writer::place).map_err(Clone::clone));
                if let Ok(writer) = writer {
                    write_loop(&writer, (&counted, &told), queue);
                }
            })
            .map_err(|error| StoreError::Other(format!("cannot start the writer: {error}")))?;
        Ok(Store {
            place: placed.recv().unwrap_or(Err(StoreError::Gone))?,
            jobs,
            stats,
            readers: Arc::new(readers),
            turns: Arc::new(Semaphore::new(READERS)),
            reading: Arc::new(AccountTurns::new(READERS_PER_ACCOUNT)),
            queued: Arc::new(AccountTurns::new(QUEUED_PER_ACCOUNT)),
            page_turns: Arc::new(PageTurns::new()),
            changes,
            thread: Arc::new(Mutex::new(Some(thread))),
        })
    }

    /// Carries out `operation` in a transaction and returns once that is on disk. When the
    /// operation fails or panics, none of its changes stay.
    pub async fn write<T, E>(
        &self,
        operation: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let mut operation = Some(operation);
        let once = move |tx: &WriteTx<'_>| {
            operation.take().map_or_else(|| Err(StoreError::Gone.into()), |work| work(tx))
        };
        self.hand_in(once, false).await
    }

    /// Like [`Store::write`], for what a customer asks: only so many operations of one account are
    /// queued at a time, so that none fills the queue; more wait.
    pub async fn write_for<T, E>(
        &self,
        account: AccountId,
        operation: impl FnOnce(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = self.queued.take(account).await?;
        let write = self.write(move |tx| {
            // As those of readers, it is held even if the caller has stopped waiting.
            let _turn = turn;
            operation(tx)
        });
        write.await
    }

    /// Like [`Store::write`], for operations that are frequent and hardly ever fail. Consecutive
    /// ones need no savepoints of their own, which were a fifth of the cost of a message. When one
    /// of them fails, the others are carried out again, so `operation` must have no effects except
    /// through its `tx`.
    pub async fn write_often<T, E>(
        &self,
        operation: impl Fn(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.hand_in(operation, true).await
    }

    /// [`Store::write_often`] for what a customer asks, as [`Store::write_for`].
    pub async fn write_often_for<T, E>(
        &self,
        account: AccountId,
        operation: impl Fn(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = self.queued.take(account).await?;
        let write = self.write_often(move |tx| {
            let _turn = &turn;
            operation(tx)
        });
        write.await
    }

    async fn hand_in<T, E>(
        &self,
        operation: impl FnMut(&WriteTx<'_>) -> Result<T, E> + Send + 'static,
        repeatable: bool,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (person, mut operation) = (current_person(), operation);
        let operation = move |tx: &WriteTx<'_>| {
            tx.act_for(person.as_ref());
            operation(tx)
        };
        let operation = Box::new(Operation::new(operation, repeatable, answer));
        self.jobs.send(Command::Run(operation)).await.map_err(|_| StoreError::Gone)?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// Reads on a connection of the pool, on a thread that may block. The reading sees everything
    /// that was committed before the call.
    pub async fn read<T, E>(
        &self,
        reading: impl FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let page_turn = self.page_turns.take().await?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| StoreError::Gone)?;
        let read = tokio::task::spawn_blocking(move || {
            // Held until the reading ends, even if the caller has stopped waiting for it.
            let _turns = (turn, page_turn);
            readers.read(reading)
        });
        read.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// Like [`Store::read`], for what a customer asks: only so many readings of one account are
    /// carried out at a time, so that none keeps the others from reading.
    pub async fn read_for<T, E>(
        &self,
        account: AccountId,
        reading: impl FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let turn = self.reading.take(account).await?;
        let read = self.read(move |rows| {
            // As that of `read`, it is held until the reading ends.
            let (turn, began) = (turn, stopwatch());
            let outcome = reading(rows);
            rest_from(turn, began.elapsed());
            outcome
        });
        read.await
    }

    /// Like [`Store::read`], for readings that may take minutes: they have a thread of low priority
    /// and a connection of their own. Each statement sees the database at one moment, but two
    /// statements may see different moments, so that the write-ahead log can be checkpointed
    /// between them.
    pub async fn read_in_background<T, E>(
        &self,
        reading: impl FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let readers = Arc::clone(&self.readers);
        let (answer, answered) = oneshot::channel();
        let read = move || {
            // Where this is refused, the reading just competes with the other threads.
            let _ = rustix::process::nice(BACKGROUND_NICE);
            let _ = answer.send(readers.read_in_background(reading));
        };
        let started = std::thread::Builder::new().name("store-background".to_owned()).spawn(read);
        started.map_err(|error| StoreError::Other(error.to_string()))?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
    }

    /// A copy of the database as it is at one moment; meanwhile everything else continues. The file
    /// has no name, so it is deleted when it is closed.
    ///
    /// # Errors
    /// The copy failed, or the database is no file.
    pub async fn copy(&self) -> Result<File, StoreError> {
        let folder = self.path().and_then(Path::parent);
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned);
        let copy = move |rows: &ReadTx<'_>| {
            let Connection::Sqlite(conn) = rows.connection() else {
                return Err(StoreError::Unfit("it is copied by `pg_basebackup`".to_owned()));
            };
            // The copy is made in the database's folder, where there is most likely to be room for
            // it.
            let file = tempfile::Builder::new()
                .prefix(".copy-")
                .tempfile_in(folder.unwrap_or_else(|| ".".into()))?;
            copy_into(conn, file.path())?;
            Ok::<_, StoreError>(file.reopen()?)
        };
        self.read_in_background(copy).await
    }

    /// Empties the write-ahead log, so that what was overwritten or deleted stands in no file any
    /// more. Answers whether that was possible.
    pub async fn empty_log(&self) -> Result<bool, StoreError> {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs.send(Command::EmptyLog(answer)).await;
        sent.map_err(|_| StoreError::Gone)?;
        answered.await.unwrap_or(Err(StoreError::Gone))
    }

    /// The copies that were made before upgrades, the oldest first.
    pub fn copies(&self) -> Vec<PathBuf> {
        self.path().map(copies).unwrap_or_default()
    }

    /// Removes the copies that were made before upgrades.
    pub fn remove_copies(&self) -> Result<(), StoreError> {
        let removed = self.copies().iter().try_for_each(std::fs::remove_file);
        removed.map_err(|error| StoreError::Other(format!("cannot remove a copy: {error}")))
    }

    /// What commits have changed, by topic.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// The counts of the writer's work.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// How many operations are queued for the writer.
    pub fn waiting(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }

    /// Whether so many operations of an account are queued that its next one would have to wait.
    pub fn is_crowded_by(&self, account: AccountId) -> bool {
        self.queued.are_taken(account)
    }

    /// Whether so many operations are queued that requests which can be repeated later should be
    /// refused.
    pub fn is_crowded(&self) -> bool {
        self.waiting() >= CROWDED
    }

    /// Checks that the files of the database are where they were, or that this daemon still leads.
    /// If not, nothing is written any more, and what is read may be lost when the daemon ends.
    pub fn check_place(&self) -> Result<(), StoreError> {
        self.place.check()
    }

    /// Whether the last check has failed, which is known without looking.
    pub fn has_lost_place(&self) -> bool {
        self.place.is_lost()
    }

    /// Waits until this daemon has lost the lead of a server's database, and says why. With a file
    /// this never ends.
    pub async fn lost(&self) -> StoreError {
        self.place.lost().await
    }

    /// The term in which this daemon leads; `None` for a file, which has no other daemons.
    pub fn term(&self) -> Option<&Term> {
        self.place.term()
    }

    /// The size of the write-ahead log's file in octets; 0 for a database on a server.
    pub fn log_bytes(&self) -> u64 {
        self.place.log_bytes()
    }

    /// Whether the write-ahead log is longer than it has to be, because a reading that takes long
    /// keeps it from being started anew. What can wait writes little meanwhile.
    pub fn is_log_held_up(&self) -> bool {
        self.place.is_log_held_up()
    }

    /// What the database is called for people: the path of its file, or where it is on a server.
    pub fn name(&self) -> String {
        self.readers.name()
    }

    /// The path of the database's file, if it is one.
    pub fn path(&self) -> Option<&Path> {
        self.readers.path()
    }

    /// Ends the writer once everything that is queued is done. Later operations fail with
    /// [`StoreError::Gone`].
    pub async fn close(&self) {
        // The connection that is closed last checkpoints the write-ahead log, and only the writer's
        // may write, so the readers' are closed first.
        self.readers.close();
        let _ = self.jobs.send(Command::Stop).await;
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinHandle;

    use super::*;

    type Reading = (std::sync::mpsc::Sender<()>, JoinHandle<Result<(), StoreError>>);

    /// Begins a read, for an account or for none, that lasts until its sender is dropped. Once it
    /// has its turn, it says so to `begun`.
    fn hold_reader(
        store: &Store,
        account: Option<AccountId>,
        begun: &mpsc::UnboundedSender<()>,
    ) -> Reading {
        let (store, begun) = (store.clone(), begun.clone());
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let wait = move |_: &ReadTx<'_>| {
            let _ = begun.send(());
            let _ = held.recv();
            Ok::<_, StoreError>(())
        };
        let reading = tokio::spawn(async move {
            match account {
                Some(account) => store.read_for(account, wait).await,
                None => store.read(wait).await,
            }
        });
        (hold, reading)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_so_many_read_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        let (begun, mut has_begun) = mpsc::unbounded_channel();
        let (holds, readings): (Vec<_>, Vec<_>) =
            (0..=READERS).map(|_| hold_reader(&store, None, &begun)).unzip();
        for _ in 0..READERS {
            has_begun.recv().await.unwrap();
        }
        assert_eq!(store.turns.available_permits(), 0);
        assert!(has_begun.try_recv().is_err(), "one more waits for its turn");
        drop(holds);
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn one_account_leaves_readers_to_the_others() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        let (begun, mut has_begun) = mpsc::unbounded_channel();
        let (holds, readings): (Vec<_>, Vec<_>) =
            (0..2 * READERS).map(|_| hold_reader(&store, Some(AccountId(1)), &begun)).unzip();
        for _ in 0..READERS_PER_ACCOUNT {
            has_begun.recv().await.unwrap();
        }
        let other = store.read_for(AccountId(2), |_| Ok::<_, StoreError>(7)).await;
        assert_eq!(other.unwrap(), 7);
        assert!(has_begun.try_recv().is_err(), "more readers work for the account than may");
        drop(holds);
        for reading in readings {
            reading.await.unwrap().unwrap();
        }
    }
}
