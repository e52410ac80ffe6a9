//! The erasure of what is personal of an account: its name, from where it asked, its texts, and
//! what the operator wrote of it. What it was charged stays under its number.

use rusqlite::params;

use super::{PortalChoices, ReadTx, StoreError, WriteTx};
use crate::domain::{AccountId, MessageId, OrderId, RentalId, Timestamp};

/// An account whose erasure is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub account: AccountId,
    /// The name that it had.
    pub name: String,
}

impl ReadTx<'_> {
    /// The erasures that are under way.
    pub fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = "SELECT account_id, name FROM erasure ORDER BY account_id";
        self.all(sql, [], |row| Ok(Erasure { account: AccountId(row.get(0)?), name: row.get(1)? }))
    }

    /// An order of an account that is open or still collects messages at `now`.
    pub fn running_order(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<OrderId>, StoreError> {
        let open = "SELECT id FROM orders WHERE account_id = $1 AND state = 'open' ORDER BY \
                    expires_at LIMIT 1";
        if let Some(open) = self.first(open, [account.0], |row| row.get(0).map(OrderId))? {
            return Ok(Some(open));
        }
        let collecting = "SELECT id FROM orders WHERE state = 'completed' AND filed = 0 AND \
                          expires_at > $1 AND account_id = $2 LIMIT 1";
        self.first(collecting, [now.0, account.0], |row| row.get(0).map(OrderId))
    }

    /// An active rental of an account.
    pub fn active_rental_of(&self, account: AccountId) -> Result<Option<RentalId>, StoreError> {
        let sql = "SELECT id FROM rental WHERE state = 'active' AND account_id = $1 LIMIT 1";
        self.first(sql, [account.0], |row| row.get(0).map(RentalId))
    }

    /// At most `limit` messages of an order or a rental that still have their text or their PDUs.
    pub fn kept_messages(
        &self,
        order: Option<OrderId>,
        rental: Option<RentalId>,
        limit: i64,
    ) -> Result<Vec<MessageId>, StoreError> {
        let (column, id) = match (order, rental) {
            (Some(order), _) => ("order_id", order.0),
            (None, Some(rental)) => ("rental_id", rental.0),
            (None, None) => return Ok(Vec::new()),
        };
        let sql = format!(
            "SELECT id FROM message WHERE {column} = $1 AND (text IS NOT NULL OR raw = 1) ORDER \
             BY id LIMIT $2"
        );
        self.all(&sql, [id, limit], |row| row.get(0).map(MessageId))
    }

    /// The newest row of the audit.
    pub fn newest_audit(&self) -> Result<i64, StoreError> {
        self.number("SELECT coalesce(max(id), 0) FROM audit", [])
    }

    /// The rows of the audit after `from` and up to `to` that name an account that is being erased,
    /// are of what it did, or of what the operator did to a rental: the id and the subject of each.
    pub fn audit_of(
        &self,
        erasure: &Erasure,
        from: i64,
        to: i64,
    ) -> Result<Vec<(i64, String)>, StoreError> {
        let sql = "SELECT id, subject FROM audit WHERE id > $1 AND id <= $2 AND (actor = $3 OR \
                   instr(subject, $4) > 0 OR actor = 'operator' AND subject LIKE 'rental %')";
        let actor = format!("account {}", erasure.account);
        self.all(sql, params![from, to, actor, erasure.name], |row| Ok((row.get(0)?, row.get(1)?)))
    }
}

impl WriteTx<'_> {
    /// Begins an erasure: the account has no name any more, no terms of its own, keys that open
    /// nothing and tell nothing, and no logins.
    pub fn begin_erasure(
        &self,
        erasure: &Erasure,
        new_name: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = erasure.account.0;
        let sql = "INSERT INTO erasure (account_id, name) VALUES ($1, $2)";
        self.change(sql, params![id, erasure.name])?;
        let sql = "UPDATE account SET name = $1, erased_at = $2, suspended_at = \
                   coalesce(suspended_at, $2), max_open = NULL, orders_per_day = NULL, \
                   spend_per_day = NULL WHERE id = $3";
        self.change(sql, params![new_name, now.0, id])?;
        let sql = "UPDATE api_key SET revoked_at = coalesce(revoked_at, $1), allowed = NULL, label \
                   = NULL WHERE account_id = $2";
        self.change(sql, [now.0, id])?;
        self.remove_logins_of(erasure.account)?;
        self.forget_kept_answers(erasure.account)?;
        self.forget_tests_of(erasure.account)?;
        self.set_portal_choices(erasure.account, &PortalChoices::default())?;
        self.change("DELETE FROM account_price WHERE account_id = $1", [id])
    }

    /// Removes from where an order or a rental was asked for, and what its customer called it.
    pub fn forget_client(
        &self,
        order: Option<OrderId>,
        rental: Option<RentalId>,
    ) -> Result<(), StoreError> {
        if let Some(order) = order {
            self.change("DELETE FROM client_address WHERE order_id = $1", [order.0])?;
            let sql = "UPDATE orders SET client_ref = NULL WHERE id = $1";
            self.change(sql, [order.0])?;
        }
        if let Some(rental) = rental {
            self.change("DELETE FROM client_address WHERE rental_id = $1", [rental.0])?;
        }
        Ok(())
    }

    /// Blanks what the operator wrote into entries of the ledger, from one on and up to another.
    pub fn blank_notes(&self, account: AccountId, from: i64, to: i64) -> Result<(), StoreError> {
        let sql = "UPDATE ledger SET note = NULL, cause = CASE WHEN kind IN ('topup', \
                   'adjustment') THEN 'erased:' || id ELSE cause END WHERE account_id = $1 AND id \
                   BETWEEN $2 AND $3 AND (note IS NOT NULL OR kind IN ('topup', 'adjustment'))";
        self.change(sql, [account.0, from, to])
    }

    /// Removes from where an account did what a row of the audit tells, if it is one of its own.
    pub fn forget_client_of_audit(&self, account: AccountId, row: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM client_address WHERE audit_id = (SELECT id FROM audit WHERE id = $1 \
                   AND actor = $2)";
        self.change(sql, params![row, format!("account {account}")])
    }

    /// Changes the subject of a row of the audit that names an account which is being erased.
    pub fn rename_in_audit(&self, row: i64, subject: &str) -> Result<(), StoreError> {
        let sql = "UPDATE audit SET subject = $1 WHERE id = $2";
        self.change(sql, params![subject, row])
    }

    /// Records that an erasure is complete.
    pub fn end_erasure(&self, account: AccountId) -> Result<(), StoreError> {
        self.change("DELETE FROM erasure WHERE account_id = $1", [account.0])
    }
}
