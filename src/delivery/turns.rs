//! How many connections to webhook endpoints there may be at a time: in all, and to those of one
//! account.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

/// An account has at most this part of the connections, and at most so many. An endpoint that has
/// begun to hang fails only after its time-out: with ten of them an account would otherwise keep
/// the events of all others waiting for as long.
const ACCOUNT_SHARE: usize = 4;
const MOST_OF_ACCOUNT: usize = 16;

/// The connections that there may be to all endpoints: one half for those that work, the other for
/// those that fail. The ones must not have to wait for the others.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    working: Arc<Semaphore>,
    failing: Arc<Semaphore>,
    /// How many of each half an account may have.
    of_account: usize,
}

/// The connections that there may be to the endpoints of one account.
#[derive(Debug)]
pub(super) struct AccountTurns {
    all: Turns,
    working: Semaphore,
    failing: Semaphore,
}

/// A connection that there may be, until this is dropped.
#[derive(Debug)]
pub(super) struct Turn<'t> {
    _of_account: SemaphorePermit<'t>,
    _of_all: SemaphorePermit<'t>,
}

impl Turns {
    /// So many connections in all, but at least two.
    pub(super) fn new(connections: usize) -> Turns {
        let half = (connections / 2).max(1);
        Turns {
            working: Arc::new(Semaphore::new(half)),
            failing: Arc::new(Semaphore::new(half)),
            of_account: (half / ACCOUNT_SHARE).clamp(1, MOST_OF_ACCOUNT),
        }
    }

    /// Those of another account.
    pub(super) fn of_account(&self) -> AccountTurns {
        AccountTurns {
            all: self.clone(),
            working: Semaphore::new(self.of_account),
            failing: Semaphore::new(self.of_account),
        }
    }
}

impl AccountTurns {
    /// Waits until there may be one more connection to an endpoint of the account that works, or
    /// fails. First the account's own turn is waited for: so of those that wait for one of all, few
    /// are one account's. `None` never comes, as the semaphores are never closed.
    pub(super) async fn take(&self, is_failing: bool) -> Option<Turn<'_>> {
        let (of_account, of_all) = match is_failing {
            true => (&self.failing, &self.all.failing),
            false => (&self.working, &self.all.working),
        };
        let _of_account = of_account.acquire().await.ok()?;
        let _of_all = of_all.acquire().await.ok()?;
        Some(Turn { _of_account, _of_all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether there is a turn without waiting.
    async fn is_free(turns: &AccountTurns, is_failing: bool) -> bool {
        tokio::select! {
            biased;
            turn = turns.take(is_failing) => turn.is_some(),
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn one_account_leaves_connections_to_webhooks_to_the_others() {
        let turns = Turns::new(32);
        let (ann, bob) = (turns.of_account(), turns.of_account());
        let mut of_ann = Vec::new();
        while is_free(&ann, false).await {
            of_ann.push(ann.take(false).await.unwrap());
        }
        assert_eq!(of_ann.len(), 4, "a fourth of the half of 32");
        assert!(is_free(&bob, false).await);
        assert!(is_free(&ann, true).await, "those that fail have others");
        of_ann.pop();
        assert!(is_free(&ann, false).await);
    }

    #[tokio::test]
    async fn all_accounts_together_have_no_more_than_there_may_be() {
        let turns = Turns::new(8);
        let accounts: Vec<_> = (0..5).map(|_| turns.of_account()).collect();
        let mut taken = Vec::new();
        for account in &accounts {
            if is_free(account, true).await {
                taken.push(account.take(true).await.unwrap());
            }
        }
        assert_eq!(taken.len(), 4);
        assert!(is_free(&accounts[4], false).await);
        for (connections, of_account) in [(0, 1), (8, 1), (128, 16), (8192, 16)] {
            assert_eq!(Turns::new(connections).of_account, of_account, "{connections}");
        }
    }
}
