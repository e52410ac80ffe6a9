//! Retention: the text and code of a message, and its raw PDUs, are blanked when they have been
//! kept long enough. The rest of the row stays, because the accounts refer to it.

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{MessageId, Timestamp};

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
    /// Blanks a message's text and code.
    pub fn blank_text(&self, message: MessageId) -> Result<(), StoreError> {
        self.execute("UPDATE message SET text = NULL, code = NULL WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// Blanks a message's PDUs. Their digests stay, so that a part that is read from a modem once
    /// more is still recognised as a duplicate.
    pub fn blank_raw(&self, message: MessageId) -> Result<(), StoreError> {
        self.execute("UPDATE part SET pdu = x'' WHERE message_id = $1", [message.0])?;
        self.execute("UPDATE message SET raw = 0 WHERE id = $1", [message.0])?;
        self.close_assembly(message)
    }

    /// Stops collecting parts for a message: one whose text or parts are gone cannot be completed.
    fn close_assembly(&self, message: MessageId) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET complete = 1 WHERE message_id = $1 AND complete = 0";
        self.execute(sql, [message.0]).map(drop)
    }
}
