//! How many operations on the database go on for each account at a time.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::StoreError;
use crate::domain::AccountId;

/// How many accounts are remembered before those for which nothing goes on are forgotten.
const REMEMBERED: usize = 1024;

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
