//! Tells those who follow the messages that there are new ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

use crate::domain::{MessageId, Timestamp};
use crate::store::WriteTx;

/// The newest message's id for those who follow the messages, and when the last one was received.
pub(in crate::gateway) struct MessageNews {
    newest: watch::Sender<Option<MessageId>>,
    last_at: SharedTimestamp,
}

impl MessageNews {
    /// Starts with the newest message and when it was received; `None` when there is none.
    pub(in crate::gateway) fn new(newest: Option<(MessageId, Timestamp)>) -> MessageNews {
        MessageNews {
            newest: watch::Sender::new(newest.map(|(id, _)| id)),
            last_at: SharedTimestamp::new(newest.map(|(_, at)| at)),
        }
    }

    /// Once the operation is on disk, notifies those who follow the messages.
    pub(super) fn announce_after(
        self: &Arc<Self>,
        tx: &WriteTx<'_>,
        message: MessageId,
        at: Timestamp,
    ) {
        let news = Arc::clone(self);
        tx.after_commit(move || {
            news.last_at.set(at);
            news.newest.send_modify(|known| *known = Some(message).max(*known));
        });
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<Option<MessageId>> {
        self.newest.subscribe()
    }

    pub(super) fn last_message_at(&self) -> Option<Timestamp> {
        self.last_at.get()
    }
}

/// A time that is read and set from several threads without a lock.
pub(super) struct SharedTimestamp(AtomicI64);

impl SharedTimestamp {
    /// Stands for no time at all.
    const NONE: i64 = i64::MIN;

    pub(super) fn new(at: Option<Timestamp>) -> SharedTimestamp {
        SharedTimestamp(AtomicI64::new(at.map_or(SharedTimestamp::NONE, |at| at.0)))
    }

    pub(super) fn set(&self, at: Timestamp) {
        self.0.store(at.0, Ordering::SeqCst);
    }

    pub(super) fn get(&self) -> Option<Timestamp> {
        Some(self.0.load(Ordering::SeqCst)).filter(|at| *at != SharedTimestamp::NONE).map(Timestamp)
    }
}
