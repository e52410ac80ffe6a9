//! Counts of the writer's work for the metrics, and the check whether the database can be written.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::{Store, StoreError};
use crate::domain::histogram::Histogram;

/// The histogram's upper bounds for the time of a commit, in microseconds.
const COMMIT_US: &[u64] = &[
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
];
/// The histogram's upper bounds for the number of operations that share a commit.
const OPERATIONS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Counts of the writer's transactions.
#[derive(Debug)]
pub struct Stats {
    /// Microseconds from the beginning of each transaction until it was on disk.
    pub commit_us: Histogram,
    /// How many operations shared each transaction.
    pub operations: Histogram,
    /// Transactions that could not be committed.
    failed: AtomicU64,
    /// Whether the last transaction could not be committed.
    failing: AtomicBool,
}

impl Stats {
    /// Transactions that could not be committed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Whether the last transaction could not be committed.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Counts a transaction that was committed or given up.
    pub(super) fn ended(&self, began: Instant, operations: usize, committed: bool) {
        self.failing.store(!committed, Ordering::Relaxed);
        if committed {
            self.commit_us.observe(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            self.operations.observe(u64::try_from(operations).unwrap_or(u64::MAX));
        } else {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Default for Stats {
    fn default() -> Stats {
        Stats {
            commit_us: Histogram::new(COMMIT_US),
            operations: Histogram::new(OPERATIONS),
            failed: AtomicU64::new(0),
            failing: AtomicBool::new(false),
        }
    }
}

/// The monotonic clock, to measure how long a commit takes and how long ago it began.
#[expect(
    clippy::disallowed_methods,
    reason = "it is counted, and nothing but a pause is decided by it"
)]
pub(super) fn stopwatch() -> Instant {
    Instant::now()
}

impl Store {
    /// Carries out a write that changes nothing, to find out whether the database can be written.
    ///
    /// # Errors
    /// Why it cannot be written.
    pub async fn touch(&self) -> Result<(), StoreError> {
        self.write(|tx| tx.connection().touch()).await
    }

    /// The size of a database on a server in octets; `None` for a file.
    pub async fn server_bytes(&self) -> Result<Option<u64>, StoreError> {
        if self.path().is_some() {
            return Ok(None);
        }
        let read = self.read(|rows| rows.number("SELECT pg_database_size(current_database())", []));
        Ok(u64::try_from(read.await?).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn commits_and_failures_are_counted_and_a_full_disk_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("test.db")).unwrap();
        store.touch().await.unwrap();
        assert_eq!((store.stats().operations.distribution().count, store.stats().failed()), (1, 0));
        let away = dir.path().join("away.db");
        std::fs::rename(dir.path().join("test.db"), &away).unwrap();
        assert!(matches!(store.touch().await, Err(StoreError::FileReplaced)));
        assert!(store.stats().is_failing() && store.stats().failed() == 1);
        std::fs::rename(&away, dir.path().join("test.db")).unwrap();
        store.touch().await.unwrap();
        assert!(!store.stats().is_failing());
        assert_eq!(store.waiting(), 0);
    }
}
