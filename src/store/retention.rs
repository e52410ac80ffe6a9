//! Retention: the text and code of a message, and its raw PDUs, are blanked when they have been
//! kept long enough, with the events in which they stand. The rest of the row stays, because the
//! accounts refer to it. Orders that ended
//! without a charge go with their entries in the ledger, which come to nothing; and so do old rows
//! of the audit.

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{MessageId, OrderId, Timestamp};

impl ReadTx<'_> {
    /// At most `limit` messages that still have their text and whose retention has counted from
    /// `until` or from before.
    pub fn due_texts(&self, until: Timestamp, limit: i64) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE text IS NOT NULL AND settled_at <= $1 ORDER BY \
                   settled_at LIMIT $2";
        self.all(sql, [until.0, limit], |row| row.get(0).map(MessageId))
    }

    /// At most `limit` messages that still have their PDUs and whose retention has counted from
    /// `until` or from before.
    pub fn due_raw(&self, until: Timestamp, limit: i64) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE raw = 1 AND settled_at <= $1 ORDER BY settled_at \
                   LIMIT $2";
        self.all(sql, [until.0, limit], |row| row.get(0).map(MessageId))
    }

    /// At most `limit` orders that ended without a charge at `until` or before.
    pub fn due_uncharged(&self, until: Timestamp, limit: i64) -> Result<Vec<OrderId>, StoreError> {
        let sql = "SELECT id FROM orders WHERE state IN ('canceled', 'expired') AND filed = 0 AND \
                   ended_at <= $1 ORDER BY ended_at LIMIT $2";
        self.all(sql, [until.0, limit], |row| row.get(0).map(OrderId))
    }

    /// When the order ended that ended first of those without a charge.
    pub fn next_uncharged(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT ended_at FROM orders WHERE state IN ('canceled', 'expired') AND filed = \
                   0 ORDER BY ended_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// When the oldest row of the audit that may go was written.
    pub fn next_audit(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM audit WHERE id < (SELECT max(id) FROM audit) ORDER BY id LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// From when the retention counts of the message whose text is to be blanked next.
    pub fn next_text_settled(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT settled_at FROM message WHERE text IS NOT NULL AND settled_at IS NOT \
                   NULL ORDER BY settled_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// From when the retention counts of the message whose PDUs are to be blanked next.
    pub fn next_raw_settled(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT settled_at FROM message WHERE raw = 1 AND settled_at IS NOT NULL ORDER \
                   BY settled_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Blanks a message's text and code, and removes the events in which they stand.
    pub fn blank_text(&self, message: MessageId) -> Result<(), StoreError> {
        self.purge_events_with(message)?;
        self.change("UPDATE message SET text = NULL, code = NULL WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// Blanks a message's PDUs. Their digests stay, so that a part that is read from a modem once
    /// more is still recognised as a duplicate.
    pub fn blank_raw(&self, message: MessageId) -> Result<(), StoreError> {
        self.change("UPDATE part SET pdu = substr(pdu, 1, 0) WHERE message_id = $1", [message.0])?;
        self.change("UPDATE message SET raw = 0 WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// Removes an order that ended without a charge, and its entries in the ledger. One that a
    /// message was given to, or whose entry is the ledger's newest, is filed and stays.
    pub fn purge_uncharged(&self, order: OrderId) -> Result<(), StoreError> {
        let stays = "SELECT EXISTS (SELECT 1 FROM message WHERE order_id = $1) OR EXISTS (SELECT 1 \
                     FROM ledger WHERE order_id = $1 AND id = (SELECT max(id) FROM ledger))";
        if self.number(stays, [order.0])? == 1 {
            return self.change("UPDATE orders SET filed = 1 WHERE id = $1", [order.0]);
        }
        self.change("DELETE FROM ledger WHERE order_id = $1", [order.0])?;
        self.change("DELETE FROM orders WHERE id = $1", [order.0])
    }

    /// Removes at most `limit` of the oldest rows of the audit, as far as they were written at
    /// `until` or before. Returns how many.
    pub fn purge_audit(&self, until: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let oldest = "SELECT id, at FROM audit WHERE id < (SELECT max(id) FROM audit) ORDER BY id \
                      LIMIT $1";
        let oldest: Vec<(i64, i64)> =
            self.all(oldest, [limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut count = 0;
        for (id, _) in oldest.into_iter().take_while(|(_, at)| *at <= until.0) {
            count += self.change_counted("DELETE FROM audit WHERE id = $1", [id])?;
        }
        Ok(count)
    }

    /// Stops collecting parts for a message: one whose text or parts are gone cannot be completed.
    fn close_assembly(&self, message: MessageId) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET complete = 1 WHERE message_id = $1 AND complete = 0";
        self.change(sql, [message.0])
    }
}
