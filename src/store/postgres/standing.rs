//! Whether this daemon still leads.

use tokio::sync::watch;

use super::super::StoreError;
use super::lead::Term;

/// The term of this daemon, and why it is over, if it is.
#[derive(Debug)]
pub(in crate::store) struct Standing {
    term: Term,
    loss: watch::Sender<Option<StoreError>>,
}

impl Standing {
    pub(super) fn of(term: Term) -> Standing {
        Standing { term, loss: watch::Sender::new(None) }
    }

    /// The term in which this daemon leads.
    pub fn term(&self) -> &Term {
        &self.term
    }

    /// Why this daemon does not lead any more, if so.
    pub fn loss(&self) -> Option<StoreError> {
        self.loss.borrow().clone()
    }

    /// Waits until this daemon does not lead any more, and says why.
    pub async fn lost(&self) -> StoreError {
        let mut standing = self.loss.subscribe();
        let loss = standing.wait_for(Option::is_some).await;
        loss.ok().and_then(|loss| loss.clone()).unwrap_or(StoreError::Gone)
    }

    /// Notes that this daemon does not lead any more. The first reason stays.
    pub(super) fn lose(&self, reason: StoreError) {
        self.loss.send_if_modified(|loss| {
            let is_news = loss.is_none();
            loss.get_or_insert(reason);
            is_news
        });
    }
}
