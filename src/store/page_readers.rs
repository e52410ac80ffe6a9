//! Pages of the console and the portal are read by few readers at a time, so that however many
//! people look at them the customers' API has readers left.
//!
//! Whether something is read for a page is bound to the task and not passed along, so that no
//! operation that a page uses can forget it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::StoreError;

/// How many of the readers may read for pages.
pub(crate) const PAGE_READERS: usize = 3;
/// How long a page waits for one of them before it is refused.
const PATIENCE: Duration = Duration::from_secs(2);

tokio::task_local! {
    static FOR_PAGE: ();
}

/// Does the work for a page: what it reads counts for the readers of pages.
pub async fn read_for_page<F: Future>(work: F) -> F::Output {
    FOR_PAGE.scope((), work).await
}

/// The turns of those who read for pages.
pub(super) struct PageTurns {
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl PageTurns {
    pub fn new() -> PageTurns {
        PageTurns::waiting(PATIENCE)
    }

    fn waiting(patience: Duration) -> PageTurns {
        PageTurns { turns: Arc::new(Semaphore::new(PAGE_READERS)), patience }
    }

    /// A turn, if the current task reads for a page. It lasts until the permit is dropped.
    pub async fn take(&self) -> Result<Option<OwnedSemaphorePermit>, StoreError> {
        if FOR_PAGE.try_with(|()| ()).is_err() {
            return Ok(None);
        }
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(self.patience, turn).await;
        turn.map_err(|_| StoreError::Busy)?.map(Some).map_err(|_| StoreError::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_have_so_many_turns_and_who_waits_too_long_is_refused() {
        let turns = PageTurns::waiting(Duration::ZERO);
        let mut held = Vec::new();
        for _ in 0..PAGE_READERS {
            held.push(read_for_page(turns.take()).await.unwrap());
        }
        assert!(held.iter().all(Option::is_some));
        assert!(turns.take().await.unwrap().is_none(), "what is no page needs no turn");
        assert!(matches!(read_for_page(turns.take()).await, Err(StoreError::Busy)));
        held.pop();
        assert!(read_for_page(turns.take()).await.unwrap().is_some());
    }
}
