//! Messages: the SMS that have been put together from their parts, and whom they belong to.

use rusqlite::params;

use super::engine::{Row, parsed};
use super::list_steps::{ListStep, STEP_ROWS};
use super::listing::{ListFilter, Listed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::message::{Message, MessageKind, Owner};
use crate::domain::{MessageId, Order, OrderId, RentalId, RowLimit, ServiceId, SimId, Timestamp};

/// A message that is to be added, or that replaces one shown as incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage<'n> {
    /// The SIM that received it.
    pub sim: SimId,
    pub kind: MessageKind,
    /// The sender; `None` when the PDU could not be decoded.
    pub sender: Option<&'n str>,
    /// The text; `None` when there is none that can be read.
    pub text: Option<&'n str>,
    /// What there is to know beside the text, in words for the operator.
    pub detail: Option<&'n str>,
    /// The code that was found in the text.
    pub code: Option<&'n str>,
    /// The service centre's time stamp; `None` when it cannot be read.
    pub sent_at: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Whether all its parts have arrived.
    pub complete: bool,
    /// Whether it may have come for another SIM.
    pub doubtful: bool,
    /// The order or rental that it was given to, or why it was given to none.
    pub owner: &'n Owner,
    /// The rule of the block list that withholds it from every customer, also from the one that it
    /// would belong to.
    pub withheld: Option<&'n str>,
    /// The time from which its retention counts; `None` while its rental runs.
    pub settled_at: Option<Timestamp>,
    /// The service that it fits.
    pub service: Option<ServiceId>,
}

/// Which messages a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFilter {
    /// The newest ones of all kinds, at most this many.
    Newest(RowLimit),
    /// The newest ones of the kinds that are shown unasked, at most this many.
    NewestListed(RowLimit),
    /// Those that were added after this one, oldest first, at most `FOLLOWED_AT_ONCE`.
    After(MessageId),
}

/// How many messages are read at once for somebody who follows them as they come.
const FOLLOWED_AT_ONCE: u32 = 500;

pub(super) const MESSAGE: &str = "SELECT m.id, m.sim_id, s.iccid, s.number, m.sender, m.text, \
                                  m.code, m.sent_at, m.received_at, m.complete, m.order_id, \
                                  m.rental_id, m.withheld, m.seen_at IS NOT NULL, m.kind, m.detail \
                                  FROM message m JOIN sim s ON s.id = m.sim_id";

pub(super) const LISTED: Listed = Listed {
    table: "message",
    id: "m.id",
    time: "m.received_at",
    account: "(EXISTS (SELECT 1 FROM orders o WHERE o.id = m.order_id AND o.account_id = ?) OR \
              EXISTS (SELECT 1 FROM rental r WHERE r.id = m.rental_id AND r.account_id = ?))",
    service: "EXISTS (SELECT 1 FROM orders o WHERE o.id = m.order_id AND o.service_id = ?)",
    number: "s.number IN (?)",
    sim: "m.sim_id = ?",
    order: "m.order_id = ?",
    country: "s.country = ?",
    // The words are those of `MessageState`.
    state: "CASE ? WHEN 'unclaimed' THEN m.order_id IS NULL AND m.rental_id IS NULL AND m.withheld \
            IS NULL AND m.kind = 'text' WHEN 'withheld' THEN m.withheld IS NOT NULL WHEN \
            'undecodable' THEN m.kind = 'undecodable' WHEN 'incomplete' THEN m.complete = 0 END",
    ..Listed::UNFILTERED
};

/// The condition for messages of the kinds that are shown unasked.
pub(super) fn is_listed() -> String {
    let listed = MessageKind::ALL.into_iter().filter(|kind| kind.is_listed());
    let words: Vec<String> = listed.map(|kind| format!("'{}'", kind.as_str())).collect();
    format!("m.kind IN ({})", words.join(", "))
}

/// The statement for messages of all kinds or of those that are shown unasked.
fn select(with_all_kinds: bool) -> String {
    match with_all_kinds {
        true => MESSAGE.to_owned(),
        false => format!("{MESSAGE} WHERE {}", is_listed()),
    }
}

pub(super) fn read_message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: MessageId(row.get(0)?),
        sim: SimId(row.get(1)?),
        iccid: row.get(2)?,
        number: row.get(3)?,
        sender: row.get(4)?,
        text: row.get(5)?,
        code: row.get(6)?,
        sent_at: row.get::<Option<i64>>(7)?.map(Timestamp),
        received_at: Timestamp(row.get(8)?),
        complete: row.get(9)?,
        order: row.get::<Option<i64>>(10)?.map(OrderId),
        rental: row.get::<Option<i64>>(11)?.map(RentalId),
        withheld: row.get(12)?,
        seen: row.get(13)?,
        kind: parsed(row, 14)?,
        detail: row.get(15)?,
    })
}

impl ReadTx<'_> {
    /// The messages that the filter selects, oldest first.
    pub fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, StoreError> {
        let (condition, limit) = match filter {
            MessageFilter::Newest(limit) => ("true".to_owned(), limit),
            MessageFilter::NewestListed(limit) => (is_listed(), limit),
            MessageFilter::After(id) => {
                let sql = format!("{MESSAGE} WHERE m.id > $1 ORDER BY m.id LIMIT $2");
                return self.all(&sql, params![id.0, FOLLOWED_AT_ONCE], read_message);
            }
        };
        let sql = match limit {
            RowLimit::ALL => format!("{MESSAGE} WHERE {condition} ORDER BY m.id LIMIT $1"),
            _ => format!(
                "SELECT * FROM ({MESSAGE} WHERE {condition} ORDER BY m.id DESC LIMIT $1) AS newest \
                 ORDER BY id"
            ),
        };
        self.all(&sql, [limit.rows()], read_message)
    }

    /// The messages that a filter selects, of all kinds or of those that are shown unasked, oldest
    /// first. Their accounts and services are those of their orders and rentals.
    pub fn list_messages(
        &self,
        filter: &ListFilter,
        with_all_kinds: bool,
    ) -> Result<Vec<Message>, StoreError> {
        self.list(&select(with_all_kinds), &LISTED, filter, read_message)
    }

    /// A step of [`ReadTx::list_messages`]: of a filter without an index, what a page's reader
    /// waits for.
    pub fn messages_step(
        &self,
        filter: &ListFilter,
        with_all_kinds: bool,
    ) -> Result<ListStep<Message>, StoreError> {
        self.list_step(&select(with_all_kinds), &LISTED, filter, STEP_ROWS, read_message)
    }

    pub fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        self.first(&format!("{MESSAGE} WHERE m.id = $1"), [id.0], read_message)
    }

    /// Whether a message may have come for another SIM than the one that it was read from.
    pub fn is_doubtful(&self, id: MessageId) -> Result<bool, StoreError> {
        Ok(self.number("SELECT doubtful FROM message WHERE id = $1", [id.0])? != 0)
    }

    /// The PDUs that a message was made of, which are empty once they have been blanked.
    pub fn pdus_of(&self, id: MessageId) -> Result<Vec<Vec<u8>>, StoreError> {
        let sql = "SELECT pdu FROM part WHERE message_id = $1 ORDER BY sequence, id";
        self.all(sql, [id.0], |row| row.get(0))
    }

    /// The order or rental that a message was given to, or why it was given to none.
    pub fn owner_of_message(&self, id: MessageId) -> Result<Owner, StoreError> {
        let sql = "SELECT order_id, rental_id, withheld FROM message WHERE id = $1";
        let owner = self.first(sql, [id.0], |row| {
            let (order, rental) = (row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?);
            let withheld = row.get::<Option<String>>(2)?.map(Owner::Withheld);
            let given = order
                .map(|id| Owner::Order(OrderId(id)))
                .or(rental.map(|id| Owner::Rental(RentalId(id))));
            Ok(given.or(withheld).unwrap_or(Owner::Nobody))
        });
        Ok(owner?.unwrap_or(Owner::Nobody))
    }

    /// The messages that reached a SIM at `from` or later, but before `to`, and that were given to
    /// no order and no rental, oldest first. Messages that our own SIMs sent to find out a number
    /// are left out.
    pub fn unclaimed(
        &self,
        sim: SimId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Message>, StoreError> {
        let sql = format!(
            "{MESSAGE} WHERE m.sim_id = $1 AND m.received_at >= $2 AND m.received_at < $3 AND \
             m.order_id IS NULL AND m.rental_id IS NULL AND (m.withheld IS NULL OR m.withheld <> \
             'loopback') ORDER BY m.id"
        );
        self.all(&sql, [sim.0, from.0, to.0], read_message)
    }
}

impl WriteTx<'_> {
    /// Adds a message and returns its id.
    pub fn add_message(&self, new: &NewMessage<'_>) -> Result<MessageId, StoreError> {
        let sql = "INSERT INTO message (sim_id, sender, text, code, sent_at, received_at, \
                   complete, order_id, rental_id, withheld, settled_at, kind, detail, doubtful, \
                   service_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
                   $14, $15)";
        let values = params![
            new.sim.0,
            new.sender,
            new.text,
            new.code,
            new.sent_at.map(|at| at.0),
            new.received_at.0,
            new.complete,
            new.owner.order().map(|order| order.0),
            new.owner.rental().map(|rental| rental.0),
            new.withheld,
            new.settled_at.map(|at| at.0),
            new.kind.as_str(),
            new.detail,
            new.doubtful,
            new.service.map(|service| service.0)
        ];
        Ok(MessageId(self.insert(sql, values)?))
    }

    /// Gives a message that was nobody's to an order, from whose end its retention counts.
    pub fn give_message(&self, id: MessageId, order: &Order) -> Result<(), StoreError> {
        let sql = "UPDATE message SET order_id = $1, settled_at = $2, service_id = $3 WHERE id = \
                   $4 AND order_id IS NULL AND rental_id IS NULL AND withheld IS NULL";
        let values = [order.id.0, order.expires_at.0, order.service.0, id.0];
        self.change_one(sql, values, "message", id)
    }

    /// Gives a message that was nobody's to a rental that runs.
    pub fn give_to_rental(&self, id: MessageId, rental: RentalId) -> Result<(), StoreError> {
        let sql = "UPDATE message SET rental_id = $1, settled_at = NULL WHERE id = $2 AND order_id \
                   IS NULL AND rental_id IS NULL AND withheld IS NULL";
        self.change_one(sql, [rental.0, id.0], "message", id)
    }

    /// Completes a message that was shown as incomplete, because more of its parts have arrived.
    pub fn complete_message(&self, id: MessageId, new: &NewMessage<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE message SET text = $1, code = $2, complete = $3, order_id = $4, \
                   received_at = $5, rental_id = $6, withheld = $7, settled_at = $8, kind = $9, \
                   detail = $10, doubtful = $11, service_id = $12 WHERE id = $13";
        let values = params![
            new.text,
            new.code,
            new.complete,
            new.owner.order().map(|order| order.0),
            new.received_at.0,
            new.owner.rental().map(|rental| rental.0),
            new.withheld,
            new.settled_at.map(|at| at.0),
            new.kind.as_str(),
            new.detail,
            new.doubtful,
            new.service.map(|service| service.0),
            id.0
        ];
        self.change_one(sql, values, "message", id)
    }
}
