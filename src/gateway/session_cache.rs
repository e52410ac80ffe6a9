//! The sessions of people who have signed in, kept in memory beside the database, so that a request
//! is answered without a read.
//!
//! Each change of what sessions open makes those be forgotten that it is about, right after its
//! commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::RwLock;
use tokio::sync::watch;

use crate::domain::login::{Lifetime, SEEN_SAVED_EVERY};
use crate::domain::{AccountId, LoginId, Timestamp};
use crate::store::{Login, Session, WriteTx};

/// How many sessions are remembered at most. When one more comes, all are forgotten and looked up
/// again.
const MOST_SESSIONS: usize = 10_000;

/// A session that is remembered, with the login that it is of.
#[derive(Debug)]
pub(super) struct KnownSession {
    pub session: Session,
    pub login: Login,
    /// When it was used last.
    used_at: AtomicI64,
    /// What of that was written last.
    saved_at: AtomicI64,
}

impl KnownSession {
    pub(super) fn new(session: Session, login: Login) -> KnownSession {
        let seen_at = session.seen_at.0;
        let (used_at, saved_at) = (AtomicI64::new(seen_at), AtomicI64::new(seen_at));
        KnownSession { session, login, used_at, saved_at }
    }

    /// When it ends unless it is used again.
    pub(super) fn ends_at(&self) -> Timestamp {
        let used_at = Timestamp(self.used_at.load(Ordering::Relaxed));
        Lifetime::of(self.login.kind.side()).ends_at(self.session.created_at, used_at)
    }

    /// Notes that it was used. Answers whether that is to be written.
    pub(super) fn note_use(&self, now: Timestamp) -> bool {
        self.used_at.fetch_max(now.0, Ordering::Relaxed);
        let saved = self.saved_at.load(Ordering::Relaxed);
        let is_due = now.since(Timestamp(saved)) >= SEEN_SAVED_EVERY;
        let (old, new, order) = (saved, now.0, Ordering::Relaxed);
        // Of several requests at the same time one has it written.
        is_due && self.saved_at.compare_exchange(old, new, order, order).is_ok()
    }
}

/// The cache. What it does not know it answers with `Err` and a generation, as
/// [`RequestCache`](super::request_cache::RequestCache) does.
#[derive(Debug, Default)]
pub(super) struct SessionCache {
    known: RwLock<Known>,
    /// Notified of each change of what sessions open.
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<[u8; 32], Arc<KnownSession>>,
    generation: u64,
}

/// Whose sessions have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Login(LoginId),
    /// Those of all people of an account.
    Account(AccountId),
}

impl Whose {
    fn is_of(self, login: &Login) -> bool {
        match self {
            Whose::Login(id) => login.id == id,
            Whose::Account(id) => login.kind.account() == Some(id),
        }
    }
}

impl SessionCache {
    /// A session by the SHA-256 of its secret.
    pub(super) fn session(&self, digest: &[u8; 32]) -> Result<Arc<KnownSession>, u64> {
        let known = self.known.read();
        known.sessions.get(digest).cloned().ok_or(known.generation)
    }

    /// Remembers a session, unless sessions have changed since `generation`.
    pub(super) fn remember(&self, digest: [u8; 32], session: Arc<KnownSession>, generation: u64) {
        let mut known = self.known.write();
        if known.generation != generation {
            return;
        }
        if known.sessions.len() >= MOST_SESSIONS {
            known.sessions.clear();
        }
        known.sessions.insert(digest, session);
    }

    /// Once the operation is on disk, somebody's sessions are looked up again, because what they
    /// open has changed.
    pub(super) fn forget_after(self: &Arc<Self>, tx: &WriteTx<'_>, whose: Whose) {
        let cache = Arc::clone(self);
        tx.after_commit(move || {
            let mut known = cache.known.write();
            known.generation += 1;
            known.sessions.retain(|_, session| !whose.is_of(&session.login));
            drop(known);
            cache.changes.send_replace(());
        });
    }

    /// Follows the changes of what sessions open.
    pub(super) fn follow(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}
