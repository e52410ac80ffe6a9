//! The writer: one thread that owns the only connection that writes, and commits all operations
//! that are queued with a single fsync (group commit).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::changes::Changes;
use super::engine::{Connection, Writer};
use super::stats::stopwatch;
use super::write_tx::AfterCommit;
use super::{Stats, StoreError, WriteTx};

/// When a transaction had at least this many operations, the next one begins no earlier than this
/// long after it began, so that operations which arrive until then share one commit and its fsync.
/// With fewer operations nothing waits; least of all one that is alone.
const BUSY: (usize, Duration) = (8, Duration::from_millis(2));

pub(super) enum Command {
    Run(Box<dyn Job>),
    /// Write what stands in the write-ahead log into the database and make the log empty. The
    /// answer says whether it is.
    EmptyLog(oneshot::Sender<Result<bool, StoreError>>),
    /// Finish what is queued, then end.
    Stop,
}

/// An operation that the writer carries out, whatever its types are.
pub(super) trait Job: Send {
    /// Carries the operation out and returns whether to keep its changes.
    fn carry_out(&mut self, conn: Connection<'_>) -> bool;

    /// Whether the operation may be undone and carried out again.
    fn is_repeatable(&self) -> bool;

    /// Gives the caller the outcome. `commit` says whether the transaction was committed.
    fn answer(self: Box<Self>, commit: Result<(), StoreError>);
}

/// An operation, its outcome, and the channel to its caller.
pub(super) struct Operation<F, T, E> {
    work: F,
    repeatable: bool,
    outcome: Option<Result<T, E>>,
    after_commit: Vec<AfterCommit>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Operation<F, T, E> {
    pub fn new(work: F, repeatable: bool, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Operation { work, repeatable, outcome: None, after_commit: Vec::new(), answer }
    }
}

impl<F, T, E> Job for Operation<F, T, E>
where
    F: FnMut(&WriteTx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    /// A panic makes this operation fail, and no other.
    fn carry_out(&mut self, conn: Connection<'_>) -> bool {
        let tx = WriteTx::on(conn);
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let done = (self.work)(&tx)?;
            tx.finish()?;
            conn.check()?;
            Ok::<T, E>(done)
        }));
        let outcome = outcome.unwrap_or_else(|_| Err(StoreError::Gone.into()));
        let keep = outcome.is_ok();
        (self.outcome, self.after_commit) = (Some(outcome), tx.into_after_commit());
        keep
    }

    fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    fn answer(self: Box<Self>, commit: Result<(), StoreError>) {
        let outcome = match (self.outcome, commit) {
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Ok(())) => {
                self.after_commit.into_iter().for_each(|action| action());
                Ok(value)
            }
            (_, Err(error)) => Err(error.into()),
            (None, Ok(())) => Err(StoreError::Gone.into()),
        };
        // The caller may have stopped waiting. That changes nothing, because the operation is on
        // disk.
        let _ = self.answer.send(outcome);
    }
}

/// Carries out what is queued, up to [`Writer::group`] operations, in one transaction, answers
/// the callers, and repeats this until it is stopped.
pub(super) fn write_loop(
    writer: &Writer,
    (stats, changes): (&Stats, &Changes),
    mut queue: mpsc::Receiver<Command>,
) {
    let mut group = Vec::with_capacity(writer.group());
    let mut last = (0, stopwatch());
    while let Some(first) = queue.blocking_recv() {
        std::thread::sleep(pause(last.0, last.1.elapsed()));
        let began = stopwatch();
        let (mut next, mut asked_for_empty_log) = (Some(first), None);
        while let Some(command) = next {
            match command {
                Command::Run(job) => group.push(job),
                Command::EmptyLog(answer) => asked_for_empty_log = Some(answer),
                Command::Stop => queue.close(),
            }
            let goes_on = group.len() < writer.group() && asked_for_empty_log.is_none();
            next = if goes_on { queue.try_recv().ok() } else { None };
        }
        last = (group.len(), began);
        commit_group(writer, (stats, changes), &mut group, began);
        if let Some(answer) = asked_for_empty_log {
            let _ = answer.send(writer.empty_log());
        }
    }
}

/// How long to wait for more operations before the next transaction, given how many the last one
/// had and how long ago that began.
fn pause(operations: usize, ago: Duration) -> Duration {
    if operations >= BUSY.0 { BUSY.1.saturating_sub(ago) } else { Duration::ZERO }
}

/// Carries out all jobs of `group` in one transaction and answers them. When the transaction as a
/// whole fails, as it does when the disk is full, each job is answered with that error.
fn commit_group(
    writer: &Writer,
    (stats, changes): (&Stats, &Changes),
    group: &mut Vec<Box<dyn Job>>,
    began: Instant,
) {
    let mut fate = writer.begin().and_then(|()| carry_out(writer, group));
    if fate.is_ok() {
        fate = writer.commit();
    }
    if writer.connection().is_in_transaction() {
        // A transaction that could not be committed must not be open when the next group begins.
        let _ = writer.roll_back();
    }
    writer.ended(fate.as_ref().err());
    changes.transaction_ended(fate.is_ok());
    stats.ended(began, group.len(), fate.is_ok());
    group.drain(..).for_each(|job| job.answer(fate.clone()));
}

/// Carries out the jobs of a transaction in such a way that each can be undone by itself.
fn carry_out(writer: &Writer, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    if group.len() == 1 || group.iter().all(|job| job.is_repeatable()) {
        return without_savepoint(writer, group);
    }
    for alike in group.chunk_by_mut(|job, next| job.is_repeatable() && next.is_repeatable()) {
        match alike {
            [job] => in_savepoint(writer, job)?,
            jobs => in_one_savepoint(writer, jobs)?,
        }
    }
    Ok(())
}

/// Carries out all jobs of a transaction, which are repeatable or only one. They need no savepoint:
/// when one fails, the whole transaction is rolled back, and if there are others, all are carried
/// out again, each in a savepoint of its own.
fn without_savepoint(writer: &Writer, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let keep = jobs.iter_mut().all(|job| job.carry_out(writer.connection()));
    writer.check_transaction()?;
    if keep {
        return Ok(());
    }
    writer.roll_back()?;
    if jobs.len() == 1 {
        return Ok(());
    }
    writer.begin()?;
    jobs.iter_mut().try_for_each(|job| in_savepoint(writer, job))
}

/// Carries out one job in a savepoint of its own, and undoes it when it fails.
fn in_savepoint(writer: &Writer, job: &mut Box<dyn Job>) -> Result<(), StoreError> {
    let conn = writer.connection();
    conn.set_savepoint("job")?;
    let keep = job.carry_out(conn);
    writer.check_transaction()?;
    if !keep {
        conn.roll_back_to("job")?;
    }
    conn.release("job")
}

/// Carries out repeatable jobs in a savepoint that they share. When one fails, all are undone and
/// carried out again, each in a savepoint of its own.
fn in_one_savepoint(writer: &Writer, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let conn = writer.connection();
    conn.set_savepoint("jobs")?;
    let keep = jobs.iter_mut().all(|job| job.carry_out(writer.connection()));
    writer.check_transaction()?;
    if keep {
        return conn.release("jobs");
    }
    conn.roll_back_to("jobs")?;
    conn.release("jobs")?;
    jobs.iter_mut().try_for_each(|job| in_savepoint(writer, job))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::Timestamp;
    use crate::store::database::CROWDED;
    use crate::store::{Store, sqlite};

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

    #[test]
    fn only_a_busy_writer_waits_for_more_and_not_for_long() {
        let after = |operations, ms| pause(operations, Duration::from_millis(ms)).as_millis();
        assert_eq!([after(0, 0), after(1, 0), after(7, 0)], [0; 3]);
        assert_eq!([after(8, 0), after(256, 1), after(8, 2), after(8, 3)], [2, 1, 0, 0]);
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
        let (good, failed, panicked, also_good) = tokio::join!(
            add("a", false, false),
            add("b", true, false),
            add("c", false, true),
            add("d", false, false)
        );
        assert!(good.is_ok() && also_good.is_ok());
        assert!(matches!(failed, Err(StoreError::Locked)));
        assert!(matches!(panicked, Err(StoreError::Gone)));
        assert_eq!(names(&store).await, ["a", "d"]);
    }

    #[tokio::test]
    async fn among_repeatable_operations_a_failed_one_undoes_only_itself() {
        // The first share a savepoint then, or none of all needs one.
        for is_last_repeatable in [false, true] {
            check_repeatable_operations(is_last_repeatable).await;
        }
    }

    async fn check_repeatable_operations(is_last_repeatable: bool) {
        let (dir, store) = open().await;
        store.close().await;
        let path = dir.path().join("test.db");
        let changes = Arc::<Changes>::default();
        let writer = Writer::Sqlite(sqlite::Writer::open(&path, false, &changes).unwrap());
        let (sender, mut received) = mpsc::unbounded_channel();
        let (mut group, mut answers) = (Vec::<Box<dyn Job>>::new(), Vec::new());
        // The name of each operation, whether it is repeatable, and how it ends.
        let kinds = [
            ("a", true, ""),
            ("b", true, "fails"),
            ("c", true, ""),
            ("d", true, "panics"),
            ("e", is_last_repeatable, ""),
        ];
        for (name, repeatable, end) in kinds {
            let sender = sender.clone();
            let work = move |tx: &WriteTx<'_>| {
                let _ = sender.send(name.to_owned());
                tx.add_account(name, Timestamp(1))?;
                let sender = sender.clone();
                tx.after_commit(move || sender.send(format!("{name} is on disk")).unwrap());
                assert_ne!(end, "panics", "a panic of the test's own");
                if end == "fails" { Err(StoreError::Locked) } else { Ok(()) }
            };
            let (answer, answered) = oneshot::channel();
            group.push(Box::new(Operation::new(work, repeatable, answer)));
            answers.push(answered);
        }
        let stats = Stats::default();
        commit_group(&writer, (&stats, &changes), &mut group, stopwatch());
        drop(sender);
        let mut lines = Vec::new();
        while let Some(line) = received.recv().await {
            lines.push(line);
        }
        // `b` fails the first try of the repeatable ones; then each is carried out by itself.
        assert_eq!(
            lines,
            ["a", "b", "a", "b", "c", "d", "e", "a is on disk", "c is on disk", "e is on disk"]
        );
        let mut outcomes = Vec::new();
        for answered in answers {
            outcomes.push(answered.await.unwrap().map_err(|error| error.to_string()));
        }
        let (locked, gone) = (StoreError::Locked.to_string(), StoreError::Gone.to_string());
        assert_eq!(outcomes, [Ok(()), Err(locked), Ok(()), Err(gone), Ok(())]);
        assert_eq!(stats.operations.distribution().count, 1, "one transaction");
        drop(writer);
        assert_eq!(names(&Store::open(&path).unwrap()).await, ["a", "c", "e"]);
    }

    #[tokio::test]
    async fn what_runs_after_the_commit_runs_only_then() {
        let (_dir, store) = open().await;
        let (sender, mut received) = mpsc::unbounded_channel();
        for (name, fail) in [("a", false), ("b", true)] {
            let sender = sender.clone();
            let _ = store
                .write(move |tx| {
                    tx.after_commit(move || sender.send(name).unwrap_or(()));
                    if fail { Err(StoreError::Locked) } else { Ok(()) }
                })
                .await;
        }
        assert_eq!(received.try_recv(), Ok("a"));
        assert!(received.try_recv().is_err());
    }

    #[tokio::test]
    async fn queued_operations_share_a_commit_up_to_a_limit() {
        let (_dir, store) = open().await;
        let (begun, has_begun) = oneshot::channel();
        let (go, going) = std::sync::mpsc::channel();
        let blocker = store.clone();
        let first = tokio::spawn(async move {
            let work = move |_: &WriteTx<'_>| {
                let _ = begun.send(());
                going.recv().map_err(|_| StoreError::Gone)
            };
            blocker.write(work).await
        });
        has_begun.await.unwrap();
        assert!(!store.is_crowded());
        let add = |n: usize| {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(move |tx| tx.add_account(&n.to_string(), Timestamp(1))).await
            })
        };
        let others: Vec<_> = (0..sqlite::GROUP + CROWDED).map(add).collect();
        while store.waiting() < sqlite::GROUP + CROWDED {
            tokio::task::yield_now().await;
        }
        assert!(store.is_crowded());
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        let commits = store.stats().operations.distribution();
        let full_ones = (sqlite::GROUP + CROWDED).div_ceil(sqlite::GROUP);
        assert_eq!(
            commits.count,
            u64::try_from(1 + full_ones).unwrap(),
            "the first alone, then as many as are allowed each time"
        );
        assert!(!store.is_crowded());
    }

    #[tokio::test]
    async fn a_closed_store_says_so_and_what_was_queued_is_on_disk() {
        let (dir, store) = open().await;
        store.write(|tx| tx.add_account("kept", Timestamp(1))).await.unwrap();
        store.close().await;
        assert!(matches!(
            store.write(|tx| tx.add_account("late", Timestamp(1))).await,
            Err(StoreError::Gone)
        ));
        let again = Store::open(&dir.path().join("test.db")).unwrap();
        assert_eq!(names(&again).await, ["kept"]);
    }

    #[tokio::test]
    async fn a_full_disk_is_reported_and_no_half_operation_stays() {
        let (_dir, store) = open().await;
        store
            .write(|tx| tx.change("PRAGMA max_page_count = 60", []).or(Ok::<_, StoreError>(())))
            .await
            .unwrap();
        let long = "x".repeat(1_000_000);
        let full = store.write(move |tx| tx.add_account(&long, Timestamp(1))).await;
        assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        store.write(|tx| tx.add_account("short", Timestamp(1))).await.unwrap();
        assert_eq!(names(&store).await, ["short"]);
    }
}
