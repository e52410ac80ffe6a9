//! What an account spends in a day.

use std::sync::Arc;

use super::super::Error;
use super::super::environment::Environment;
use super::{Accounts, find_account};
use crate::domain::spending::{Spending, SpendingDay};
use crate::domain::{AccountId, Amount, Timestamp};
use crate::store::{ReadTx, StoreError};

/// The most days that are shown.
const MOST_DAYS: u32 = 366;
/// The most entries of a ledger that are looked at.
const MOST_ENTRIES: u32 = 50_000;

impl Accounts {
    /// What the operator's customer was charged in each of the last days, today included.
    pub async fn spending(&self, reference: String, days: u32) -> Result<Spending, Error> {
        let env = Arc::clone(&self.env);
        let read = self.env.store.read(move |rows| {
            let account = find_account(rows, &reference)?;
            Ok(read_spending(rows, &env, account.id, days)?)
        });
        read.await
    }

    /// What a customer was charged in each of the last days, today included.
    pub async fn own_spending(&self, account: AccountId, days: u32) -> Result<Spending, Error> {
        let env = Arc::clone(&self.env);
        let read = move |rows: &ReadTx<'_>| read_spending(rows, &env, account, days);
        Ok(self.env.store.read_for(account, read).await?)
    }
}

fn read_spending(
    rows: &ReadTx<'_>,
    env: &Environment,
    account: AccountId,
    days: u32,
) -> Result<Spending, StoreError> {
    let today = env.day_of(env.now());
    // A moment before a day is in the one before it.
    let before = |day: &Timestamp| Some(env.day_of(Timestamp(day.0.saturating_sub(1))));
    let count = usize::try_from(days.clamp(1, MOST_DAYS)).unwrap_or(usize::MAX);
    let mut all: Vec<SpendingDay> =
        std::iter::successors(Some(today), before).take(count).map(SpendingDay::new).collect();
    let from = all.last().map_or(today, |day| day.day);
    let (mut index, mut left) = (0, MOST_ENTRIES);
    rows.visit_entries_since(account, from, |kind, at, balance: Amount| {
        while all.get(index).is_some_and(|day| at < day.day) {
            index += 1;
        }
        if left == 0 {
            return false;
        }
        left -= 1;
        all.get_mut(index).is_some_and(|day| {
            day.add(kind, balance);
            true
        })
    })?;
    let is_complete = left > 0;
    if !is_complete {
        // The day at which it was enough may lack some entries.
        all.truncate(index.max(1));
    }
    all.reverse();
    Ok(Spending { days: all, is_complete })
}
