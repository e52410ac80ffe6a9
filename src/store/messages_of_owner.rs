//! The messages of an order or of a rental, and what of them its customer is shown.

use rusqlite::params;

use super::messages::{MESSAGE, read_message};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::message::Message;
use crate::domain::{MessageId, OrderId, RentalId, Timestamp};

/// Which of a rental's messages its tenant wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TenantFilter {
    /// Older than this one.
    pub before: MessageId,
    /// Received at this time or later.
    pub since: Timestamp,
    /// How many at most.
    pub count: usize,
    /// How many octets their texts may have together; one message may have more.
    pub bytes: usize,
}

impl ReadTx<'_> {
    /// The message of an order that its customer is shown, with its text, and whether the customer
    /// was shown it before: the newest with a code, or else the newest. `None` when there is none
    /// or its text has been blanked.
    pub fn shown_text(
        &self,
        order: OrderId,
    ) -> Result<Option<(MessageId, String, bool)>, StoreError> {
        let with_code = "SELECT id, text, seen_at IS NOT NULL FROM message WHERE order_id = $1 AND \
                         withheld IS NULL AND code IS NOT NULL ORDER BY id DESC LIMIT 1";
        let newest = "SELECT id, text, seen_at IS NOT NULL FROM message WHERE order_id = $1 AND \
                      withheld IS NULL ORDER BY id DESC LIMIT 1";
        for sql in [with_code, newest] {
            let shown = self.first(sql, [order.0], |row| {
                Ok((MessageId(row.get(0)?), row.get::<Option<String>>(1)?, row.get(2)?))
            })?;
            if let Some((id, text, seen)) = shown {
                return Ok(text.map(|text| (id, text, seen)));
            }
        }
        Ok(None)
    }

    /// The newest message of an order that its customer may see.
    pub fn newest_message_of_order(&self, order: OrderId) -> Result<Option<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE order_id = $1 AND withheld IS NULL ORDER BY id \
                   DESC LIMIT 1";
        self.first(sql, [order.0], |row| row.get(0).map(MessageId))
    }

    /// The messages of an order that its customer may see and was not shown yet, oldest first.
    pub fn unseen_of_order(&self, order: OrderId) -> Result<Vec<MessageId>, StoreError> {
        let sql = "SELECT id FROM message WHERE order_id = $1 AND withheld IS NULL AND text IS NOT \
                   NULL AND seen_at IS NULL ORDER BY id";
        self.all(sql, [order.0], |row| row.get(0).map(MessageId))
    }

    /// An order's messages, oldest first.
    pub fn messages_of_order(&self, order: OrderId) -> Result<Vec<Message>, StoreError> {
        self.all(&format!("{MESSAGE} WHERE m.order_id = $1 ORDER BY m.id"), [order.0], read_message)
    }

    /// The newest messages of an order that its customer may see, oldest first. They are at most
    /// `count`, and fewer when their texts have more than `bytes` together; but always one, if
    /// there is any.
    pub fn newest_of_order(
        &self,
        order: OrderId,
        count: u32,
        bytes: usize,
    ) -> Result<Vec<Message>, StoreError> {
        self.newest_messages("m.order_id = $1 AND m.withheld IS NULL", order.0, count, bytes)
    }

    /// The code of an order's newest message that has one, of those that its customer may see.
    pub fn newest_code_of_order(&self, order: OrderId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT code FROM message WHERE order_id = $1 AND withheld IS NULL AND code IS \
                   NOT NULL ORDER BY id DESC LIMIT 1";
        self.first(sql, [order.0], |row| row.get(0))
    }

    /// A rental's messages, oldest first.
    pub fn messages_of_rental(&self, rental: RentalId) -> Result<Vec<Message>, StoreError> {
        self.all(
            &format!("{MESSAGE} WHERE m.rental_id = $1 ORDER BY m.id"),
            [rental.0],
            read_message,
        )
    }

    /// A rental's newest messages, or the newest before one, at most so many, oldest first.
    pub fn messages_of_rental_before(
        &self,
        rental: RentalId,
        before: Option<MessageId>,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let sql =
            format!("{MESSAGE} WHERE m.rental_id = $1 AND m.id < $2 ORDER BY m.id DESC LIMIT $3");
        let before = before.map_or(i64::MAX, |before| before.0);
        let mut newest_first = self.all(&sql, params![rental.0, before, limit], read_message)?;
        newest_first.reverse();
        Ok(newest_first)
    }

    /// The messages of a rental that its tenant may see, that a filter selects and that `take`
    /// accepts, newest first, and whether there are more.
    pub fn messages_for_tenant(
        &self,
        rental: RentalId,
        filter: TenantFilter,
        take: impl Fn(&Message) -> bool,
    ) -> Result<(Vec<Message>, bool), StoreError> {
        let TenantFilter { before, since, count, bytes } = filter;
        let sql = format!(
            "{MESSAGE} WHERE m.rental_id = $1 AND m.id < $2 AND m.received_at >= $3 AND m.withheld \
             IS NULL ORDER BY m.id DESC"
        );
        let (mut taken, mut used, mut has_more) = (Vec::new(), 0, false);
        self.visit(&sql, [rental.0, before.0, since.0], |row| {
            let message = read_message(row)?;
            if take(&message) {
                used += message.text.as_ref().map_or(0, String::len);
                has_more = taken.len() >= count || (used > bytes && !taken.is_empty());
                if !has_more {
                    taken.push(message);
                }
            }
            Ok(!has_more)
        })?;
        Ok((taken, has_more))
    }

    /// Of the messages of a rental that its tenant may see and whose text is kept, so many after
    /// the first `skipped`, newest first, and how many there are in all. They are fewer when their
    /// texts have more than `bytes` together; but always one, if there is any.
    pub fn tenant_message_page(
        &self,
        rental: RentalId,
        (skipped, count): (u32, u32),
        bytes: usize,
    ) -> Result<(Vec<Message>, i64), StoreError> {
        const SHOWN: &str = "m.rental_id = $1 AND m.withheld IS NULL AND m.text IS NOT NULL";
        let sql = format!("{MESSAGE} WHERE {SHOWN} ORDER BY m.id DESC LIMIT $2 OFFSET $3");
        let mut page = self.all(&sql, params![rental.0, count, skipped], read_message)?;
        let mut used = 0;
        let fitting = page.iter().position(|message| {
            used += message.text.as_ref().map_or(0, String::len);
            used > bytes
        });
        if let Some(too_many) = fitting {
            page.truncate(too_many.max(1));
        }
        let total = format!("SELECT count(*) FROM message m WHERE {SHOWN}");
        Ok((page, self.number(&total, [rental.0])?))
    }

    /// A rental's newest messages, oldest first, and how many older ones it has. They are at most
    /// `count`, and fewer when their texts have more than `bytes` together; but always one, if
    /// there is any.
    pub fn newest_of_rental(
        &self,
        rental: RentalId,
        count: u32,
        bytes: usize,
    ) -> Result<(Vec<Message>, usize), StoreError> {
        let newest = self.newest_messages("m.rental_id = $1", rental.0, count, bytes)?;
        let Some(oldest) = newest.first() else { return Ok((newest, 0)) };
        let sql = "SELECT count(*) FROM message WHERE rental_id = $1 AND id < $2";
        let older = self.number(sql, [rental.0, oldest.id.0])?;
        Ok((newest, usize::try_from(older).unwrap_or(0)))
    }

    /// The newest messages that fulfil a condition on `owner`, oldest first; at most `count`, and
    /// fewer when their texts have more than `bytes` together, but always one, if there is any.
    fn newest_messages(
        &self,
        condition: &str,
        owner: i64,
        count: u32,
        bytes: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = format!("{MESSAGE} WHERE {condition} ORDER BY m.id DESC LIMIT $2");
        let (mut newest, mut used) = (Vec::new(), 0);
        self.visit(&sql, params![owner, count], |row| {
            let message = read_message(row)?;
            used += message.text.as_ref().map_or(0, String::len);
            let fits = used <= bytes || newest.is_empty();
            if fits {
                newest.push(message);
            }
            Ok(fits)
        })?;
        newest.reverse();
        Ok(newest)
    }
}

impl WriteTx<'_> {
    /// Records that a message was shown to its customer. Returns whether this was the first time.
    pub fn mark_seen(&self, id: MessageId, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "UPDATE message SET seen_at = $1 WHERE id = $2 AND seen_at IS NULL";
        Ok(self.change_counted(sql, [at.0, id.0])? == 1)
    }
}
