//! Whether this daemon still leads.

use tokio::sync::watch;

use super::super::StoreError;

/// Whether this daemon still leads, and if not, why.
#[derive(Debug)]
pub(in crate::store) struct Standing(watch::Sender<Option<StoreError>>);

impl Default for Standing {
    fn default() -> Standing {
        Standing(watch::Sender::new(None))
    }
}

impl Standing {
    /// Why this daemon does not lead any more, if so.
    pub fn loss(&self) -> Option<StoreError> {
        self.0.borrow().clone()
    }

    /// Waits until this daemon does not lead any more, and says why.
    pub async fn lost(&self) -> StoreError {
        let mut standing = self.0.subscribe();
        let loss = standing.wait_for(Option::is_some).await;
        loss.ok().and_then(|loss| loss.clone()).unwrap_or(StoreError::Gone)
    }

    /// Notes that this daemon does not lead any more. The first reason stays.
    pub(super) fn lose(&self, reason: StoreError) {
        self.0.send_if_modified(|loss| {
            let is_news = loss.is_none();
            loss.get_or_insert(reason);
            is_news
        });
    }
}
