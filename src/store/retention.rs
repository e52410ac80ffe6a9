//! What is blanked when it has been kept long enough: texts with their codes, and raw PDUs. The
//! rest stays for the books.

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{MessageId, Timestamp};

impl ReadTx<'_> {
    /// Messages that settled at `until` or before and still have their text, at most `limit`.
    pub fn due_texts(&self, until: Timestamp, limit: i64) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE text IS NOT NULL AND settled_at <= $1 ORDER BY \
                   settled_at LIMIT $2";
        self.all(sql, [until.0, limit], |row| row.get(0).map(MessageId))
    }

    /// Messages that settled at `until` or before and still have their PDUs, at most `limit`.
    pub fn due_raw(&self, until: Timestamp, limit: i64) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE raw = 1 AND settled_at <= $1 ORDER BY settled_at \
                   LIMIT $2";
        self.all(sql, [until.0, limit], |row| row.get(0).map(MessageId))
    }

    /// When the message settled whose text is the next to go.
    pub fn next_text_settled(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT settled_at FROM message WHERE text IS NOT NULL AND settled_at IS NOT \
                   NULL ORDER BY settled_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// When the message settled whose PDUs are the next to go.
    pub fn next_raw_settled(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT settled_at FROM message WHERE raw = 1 AND settled_at IS NOT NULL ORDER \
                   BY settled_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }
}

impl WriteTx<'_> {
    /// Blanks a message's text and code.
    pub fn blank_text(&self, message: MessageId) -> Result<(), StoreError> {
        self.execute("UPDATE message SET text = NULL, code = NULL WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// Blanks a message's PDUs. What tells them from others stays: read again, they are still the
    /// same.
    pub fn blank_raw(&self, message: MessageId) -> Result<(), StoreError> {
        self.execute("UPDATE part SET pdu = x'' WHERE message_id = $1", [message.0])?;
        self.execute("UPDATE message SET raw = 0 WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// A long message that has lost what it is joined from cannot be mended any more.
    fn close_assembly(&self, message: MessageId) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET complete = 1 WHERE message_id = $1 AND complete = 0";
        self.execute(sql, [message.0]).map(drop)
    }
}
