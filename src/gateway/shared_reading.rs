//! A reading that is costly and that many ask for: all who ask at about that time share one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::environment::Environment;
use crate::domain::Timestamp;

/// How new something must be that is read for several at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As it was read a short while ago.
    Recent,
    /// Read after it was asked for, because something has changed. That may take as long as a
    /// reading is shared.
    Next,
}

/// What was last read, which several may use for a while.
#[derive(Debug)]
pub(super) struct SharedReading<T> {
    kept: Mutex<Option<Kept<T>>>,
    /// Whoever has this may read.
    turn: tokio::sync::Mutex<()>,
    /// Grows when what was read before is worth nothing any more.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Kept<T> {
    /// When the reading of the value began.
    at: Timestamp,
    generation: u64,
    value: Arc<T>,
}

impl<T> Default for SharedReading<T> {
    fn default() -> SharedReading<T> {
        SharedReading {
            kept: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            generation: AtomicU64::default(),
        }
    }
}

impl<T> SharedReading<T> {
    /// What was read is not as it was: whoever asks from now on gets a new reading.
    pub(super) fn forget(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// The last reading, however old it is, and when it began.
    pub(super) fn last(&self) -> Option<(Timestamp, Arc<T>)> {
        self.kept.lock().as_ref().map(|kept| (kept.at, Arc::clone(&kept.value)))
    }

    /// A reading. A recent one is no older than `shared_for`; the next one is begun when the last
    /// one is that old, so that all who ask meanwhile share it.
    pub(super) async fn get<E>(
        &self,
        env: &Environment,
        (freshness, shared_for): (Freshness, Duration),
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let asked_at = env.now();
        let usable = |now| match freshness {
            Freshness::Recent => self.recent(now, shared_for),
            Freshness::Next => self.begun_from(asked_at),
        };
        if let Some(known) = usable(asked_at) {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        if let Some(known) = usable(env.now()) {
            return Ok(known);
        }
        if freshness == Freshness::Next {
            let age = self.kept.lock().as_ref().map(|kept| env.now().since(kept.at));
            tokio::time::sleep(age.map_or(Duration::ZERO, |age| shared_for.saturating_sub(age)))
                .await;
        }
        self.read(env, read).await
    }

    /// A reading that is no older than `shared_for` and can be used by whoever asks.
    pub(super) async fn get_usable<E>(
        &self,
        env: &Environment,
        shared_for: Duration,
        is_usable: impl Fn(&T) -> bool,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let usable = || self.recent(env.now(), shared_for).filter(|value| is_usable(value));
        if let Some(known) = usable() {
            return Ok(known);
        }
        let _turn = self.turn.lock().await;
        match usable() {
            Some(known) => Ok(known),
            None => self.read(env, read).await,
        }
    }

    async fn read<E>(
        &self,
        env: &Environment,
        read: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        // What changes while it is read may be in it or not.
        let (at, generation) = (env.now(), self.generation.load(Ordering::SeqCst));
        let value = Arc::new(read.await?);
        *self.kept.lock() = Some(Kept { at, generation, value: Arc::clone(&value) });
        Ok(value)
    }

    fn recent(&self, now: Timestamp, max_age: Duration) -> Option<Arc<T>> {
        let kept = self.kept.lock();
        let generation = self.generation.load(Ordering::SeqCst);
        let is_recent = |kept: &&Kept<T>| {
            kept.generation == generation && kept.at <= now && now.since(kept.at) < max_age
        };
        kept.as_ref().filter(is_recent).map(|kept| Arc::clone(&kept.value))
    }

    /// A reading that was begun at a time or later.
    fn begun_from(&self, at: Timestamp) -> Option<Arc<T>> {
        let kept = self.kept.lock();
        kept.as_ref().filter(|kept| kept.at > at).map(|kept| Arc::clone(&kept.value))
    }
}
