//! Customers' accounts.

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::fair_use::{Allowance, DayUse, FairUse, OwnLimits, RecentEnds};
use crate::domain::{AccountId, Amount, Funds, Timestamp};

/// A customer's account with its funds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    /// The name, which no other account has.
    pub name: String,
    /// Its balance and holds.
    pub funds: Funds,
    /// When it was suspended; `None` if it is not. The keys of a suspended account do not work.
    pub suspended_at: Option<Timestamp>,
    /// What it has made of what is free.
    pub fair_use: FairUse,
    /// The limits that it has of its own.
    pub limits: OwnLimits,
    /// What it did on the last day on which it did anything.
    pub day: DayUse,
    /// When what was personal of it was erased; `None` if it was not.
    pub erased_at: Option<Timestamp>,
}

const ACCOUNT: &str = "SELECT id, name, balance_minor, held_minor, suspended_at, recent_ends, \
                       paused_until, max_open, orders_per_day, spend_per_day, day_began_at, \
                       day_spent_minor, day_orders, erased_at FROM account";

pub(super) fn allowance(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Allowance>> {
    Ok(row.get::<Option<i64>>(column)?.map(Allowance::from_stored))
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let funds = Funds { balance: Amount(row.get(2)?), held: Amount(row.get(3)?) };
    let suspended_at = row.get::<Option<i64>>(4)?.map(Timestamp);
    let fair_use = FairUse {
        recent: RecentEnds::from_stored(row.get(5)?),
        paused_until: Timestamp(row.get(6)?),
    };
    Ok(Account {
        id: AccountId(row.get(0)?),
        name: row.get(1)?,
        funds,
        suspended_at,
        fair_use,
        limits: OwnLimits {
            max_open: allowance(row, 7)?,
            orders_per_day: allowance(row, 8)?,
            spend_per_day: allowance(row, 9)?,
        },
        day: DayUse {
            began_at: Timestamp(row.get(10)?),
            spent: Amount(row.get(11)?),
            orders: row.get(12)?,
        },
        erased_at: row.get::<Option<i64>>(13)?.map(Timestamp),
    })
}

impl ReadTx<'_> {
    /// All accounts, by id.
    pub fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.all(&format!("{ACCOUNT} ORDER BY id"), [], account)
    }

    /// The accounts that are suspended or not, with this in their names, newest first: those older
    /// than one, at most so many.
    pub fn accounts_page(
        &self,
        is_suspended: Option<bool>,
        name: Option<&str>,
        before: Option<AccountId>,
        limit: u32,
    ) -> Result<Vec<Account>, StoreError> {
        let sql = format!(
            "{ACCOUNT} WHERE id < $1 AND coalesce((suspended_at IS NOT NULL) = $2, true) AND \
             coalesce(instr(lower(name), lower($3)) > 0, true) ORDER BY id DESC LIMIT $4"
        );
        let before = before.map_or(i64::MAX, |before| before.0);
        self.all(&sql, params![before, is_suspended, name, limit], account)
    }

    pub fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        self.first(&format!("{ACCOUNT} WHERE id = $1"), [id.0], account)
    }

    /// The account with this name.
    pub fn account_named(&self, name: &str) -> Result<Option<Account>, StoreError> {
        self.first(&format!("{ACCOUNT} WHERE name = $1"), [name], account)
    }

    /// The account with this name, or the one whose name differs only in small and capital letters
    /// of ASCII.
    pub fn account_named_like(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let sql =
            format!("{ACCOUNT} WHERE name = $1 COLLATE NOCASE ORDER BY name = $1 DESC, id LIMIT 1");
        self.first(&sql, [name], account)
    }
}

impl WriteTx<'_> {
    /// Adds an account without funds and returns its id.
    pub fn add_account(&self, name: &str, at: Timestamp) -> Result<AccountId, StoreError> {
        Ok(AccountId(self.insert(
            "INSERT INTO account (name, created_at) VALUES ($1, $2)",
            params![name, at.0],
        )?))
    }

    /// Saves an account's funds, and what it has done on a day.
    pub(super) fn set_funds(
        &self,
        id: AccountId,
        funds: Funds,
        day: DayUse,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE account SET balance_minor = $1, held_minor = $2, day_began_at = $3, \
                   day_spent_minor = $4, day_orders = $5 WHERE id = $6";
        let values =
            params![funds.balance.0, funds.held.0, day.began_at.0, day.spent.0, day.orders, id.0];
        self.change_one(sql, values, "account", id)
    }

    /// Saves the limits that an account has of its own.
    pub fn set_limits(&self, id: AccountId, limits: &OwnLimits) -> Result<(), StoreError> {
        let sql = "UPDATE account SET max_open = $1, orders_per_day = $2, spend_per_day = $3 \
                   WHERE id = $4";
        let OwnLimits { max_open, orders_per_day, spend_per_day } = limits;
        let stored =
            [max_open, orders_per_day, spend_per_day].map(|own| own.map(Allowance::stored));
        let [max_open, orders_per_day, spend_per_day] = stored;
        let values = params![max_open, orders_per_day, spend_per_day, id.0];
        self.change_one(sql, values, "account", id)
    }

    /// Saves what an account has made of what is free.
    pub fn save_fair_use(&self, id: AccountId, fair_use: &FairUse) -> Result<(), StoreError> {
        let sql = "UPDATE account SET recent_ends = $1, paused_until = $2 WHERE id = $3";
        let values = params![fair_use.recent.as_str(), fair_use.paused_until.0, id.0];
        self.change_one(sql, values, "account", id)
    }

    /// Suspends an account from `at` on, or with `None` lets its keys work again.
    pub fn set_suspended(
        &self,
        account: AccountId,
        since: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE account SET suspended_at = $1 WHERE id = $2";
        self.change_one(sql, params![since.map(|at| at.0), account.0], "account", account)
    }
}
