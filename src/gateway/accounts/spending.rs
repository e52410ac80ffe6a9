//! What an account spends in a day.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

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
/// How long after a day's end the last of its entries may still be on their way to the database.
const SETTLING: Duration = Duration::from_secs(60);
/// For how many accounts the days that are over are remembered.
const MOST_REMEMBERED: usize = 256;

impl Accounts {
    /// What the operator's customer was charged in each of the last days, today included.
    pub async fn spending(&self, reference: String, days: u32) -> Result<Spending, Error> {
        let (env, past) = (Arc::clone(&self.env), Arc::clone(&self.past_spending));
        let read = self.env.store.read(move |rows| {
            let account = find_account(rows, &reference)?;
            Ok(past.read_spending(rows, &env, account.id, days)?)
        });
        read.await
    }

    /// What a customer was charged in each of the last days, today included.
    pub async fn own_spending(&self, account: AccountId, days: u32) -> Result<Spending, Error> {
        let (env, past) = (Arc::clone(&self.env), Arc::clone(&self.past_spending));
        let read = move |rows: &ReadTx<'_>| past.read_spending(rows, &env, account, days);
        Ok(self.env.store.read_for(account, read).await?)
    }
}

/// What accounts were charged in days that are over, which does not change any more: an account
/// with hundreds of orders a day has tens of thousands of entries in a month.
#[derive(Debug, Default)]
pub(super) struct PastSpending(Mutex<HashMap<(AccountId, u32), Spending>>);

impl PastSpending {
    fn read_spending(
        &self,
        rows: &ReadTx<'_>,
        env: &Environment,
        account: AccountId,
        days: u32,
    ) -> Result<Spending, StoreError> {
        let (now, days) = (env.now(), days.clamp(1, MOST_DAYS));
        let today = env.day_of(now);
        // A moment before a day is in the one before it.
        let before = |day: Timestamp| env.day_of(Timestamp(day.0.saturating_sub(1)));
        let wanted = (account, days);
        let known = self.0.lock().get(&wanted).cloned();
        let ends_yesterday =
            |past: &Spending| past.days.last().is_some_and(|last| last.day == before(today));
        if let Some(past) = known.filter(ends_yesterday) {
            let Spending { days, is_complete } = read_days(rows, account, [today])?;
            let is_complete = is_complete && past.is_complete;
            return Ok(Spending { days: [past.days, days].concat(), is_complete });
        }
        let all = std::iter::successors(Some(today), |day| Some(before(*day)));
        let all = read_days(rows, account, all.take(days as usize))?;
        if now.since(today) >= SETTLING {
            let mut past = all.clone();
            past.days.pop();
            let mut known = self.0.lock();
            if known.len() >= MOST_REMEMBERED {
                known.clear();
            }
            known.insert(wanted, past);
        }
        Ok(all)
    }
}

/// What an account was charged in each of these days, which are given newest first.
fn read_days(
    rows: &ReadTx<'_>,
    account: AccountId,
    days: impl IntoIterator<Item = Timestamp>,
) -> Result<Spending, StoreError> {
    let mut days: Vec<SpendingDay> = days.into_iter().map(SpendingDay::new).collect();
    let from = days.last().map_or(Timestamp(i64::MAX), |day| day.day);
    let (mut index, mut left) = (0, MOST_ENTRIES);
    rows.visit_entries_since(account, from, |kind, at, balance: Amount| {
        while days.get(index).is_some_and(|day| at < day.day) {
            index += 1;
        }
        if left == 0 {
            return false;
        }
        left -= 1;
        days.get_mut(index).is_some_and(|day| {
            day.add(kind, balance);
            true
        })
    })?;
    let is_complete = left > 0;
    if !is_complete {
        // The day at which it was enough may lack some entries.
        days.truncate(index.max(1));
    }
    days.reverse();
    Ok(Spending { days, is_complete })
}
