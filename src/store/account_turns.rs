//! How many operations on the database go on for each account at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::StoreError;
use crate::domain::AccountId;

/// How many accounts are remembered before those for which nothing goes on are forgotten.
const REMEMBERED: usize = 1024;

/// Work that takes less is so cheap that nobody has to rest from it.
const CHEAP: Duration = Duration::from_micros(500);

/// Ends a turn, for work that took so long. The account rests for as long before it has the turn
/// again, so that of a processor's time its readings take half of what their turns could.
pub(super) fn rest_from(turn: OwnedSemaphorePermit, took: Duration) {
    if took >= CHEAP {
        tokio::spawn(async move {
            tokio::time::sleep(took).await;
            drop(turn);
        });
    }
}

/// Gives each account so many turns at a time, whatever its customers ask and however often.
pub(super) struct AccountTurns {
    for_each: usize,
    accounts: Mutex<HashMap<AccountId, Arc<Semaphore>>>,
}

impl AccountTurns {
    pub fn new(for_each: usize) -> AccountTurns {
        AccountTurns { for_each, accounts: Mutex::default() }
    }

    /// Waits for a turn of an account. It lasts until the permit is dropped.
    pub async fn take(&self, account: AccountId) -> Result<OwnedSemaphorePermit, StoreError> {
        self.of(account).acquire_owned().await.map_err(|_| StoreError::Gone)
    }

    /// Whether the next operation for an account would have to wait.
    pub fn are_taken(&self, account: AccountId) -> bool {
        let accounts = self.accounts.lock();
        accounts.get(&account).is_some_and(|turns| turns.available_permits() == 0)
    }

    fn of(&self, account: AccountId) -> Arc<Semaphore> {
        let mut accounts = self.accounts.lock();
        if accounts.len() >= REMEMBERED {
            // Whoever has a turn or waits for one has a clone.
            accounts.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        let turns = accounts.entry(account);
        Arc::clone(turns.or_insert_with(|| Arc::new(Semaphore::new(self.for_each))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_account_rests_from_what_took_long_for_as_long_as_it_took() {
        let turns = AccountTurns::new(1);
        let account = AccountId(1);
        rest_from(turns.take(account).await.unwrap(), CHEAP / 2);
        assert!(!turns.are_taken(account));
        rest_from(turns.take(account).await.unwrap(), Duration::from_millis(50));
        assert!(turns.are_taken(account));
        drop(turns.take(account).await.unwrap());
    }

    #[tokio::test]
    async fn each_account_has_its_own_turns_and_unused_ones_are_forgotten() {
        let turns = AccountTurns::new(2);
        let (one, two) = (turns.take(AccountId(0)).await, turns.take(AccountId(0)).await);
        assert!(turns.are_taken(AccountId(0)) && !turns.are_taken(AccountId(1)));
        for account in 1..=2 * i64::try_from(REMEMBERED).unwrap() {
            drop(turns.take(AccountId(account)).await);
        }
        assert!(turns.accounts.lock().len() <= REMEMBERED);
        assert!(turns.are_taken(AccountId(0)), "they were forgotten although they are used");
        drop((one, two));
        assert!(!turns.are_taken(AccountId(0)));
    }
}
