//! The audit: who did or saw what. Rows are only added, and contain no texts of messages.

use std::net::IpAddr;

use rusqlite::params;

use super::engine::{Row, parsed};
use super::list_steps::{ListStep, STEP_ROWS};
use super::listing::{ListFilter, Listed};
use super::{Asked, ReadTx, StoreError, WriteTx};
use crate::domain::audit::{Actor, AuditAction, Person};
use crate::domain::login::LoginName;
use crate::domain::{AccountId, Timestamp};

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The row's id; newer rows have greater ones.
    pub id: i64,
    pub at: Timestamp,
    pub actor: Actor,
    /// The name that the actor's account has now, if it was a customer.
    pub account: Option<String>,
    /// What was done or seen, in the words that were written then: a row stays readable when
    /// [`AuditAction`] changes.
    pub action: String,
    /// What it was done to, and with which values: `order 3`, `SIM 8931…, …678`.
    pub subject: String,
    /// Which person the operator was.
    pub person: Option<Person>,
    /// The first characters of the key with which a customer did it.
    pub key: Option<String>,
    /// The address from which a customer did it, while that is kept.
    pub client: Option<String>,
}

/// The id that stands in a column from a place on: its digits up to what follows, or 0 without any.
macro_rules! id_in {
    ($column:literal, $from:literal) => {
        concat!(
            "CAST('0' || substr(",
            $column,
            ", ",
            $from,
            ", length(",
            $column,
            ") + 1 - ",
            $from,
            " - length(ltrim(substr(",
            $column,
            ", ",
            $from,
            "), '0123456789'))) AS bigint)"
        )
    };
}

/// Branches of a CASE: something of the order, the rental or the message that a subject begins
/// with.
macro_rules! of_subject {
    ($of_order:literal, $of_rental:literal, $of_message:literal) => {
        concat!(
            "WHEN subject LIKE 'order %' THEN (SELECT ",
            $of_order,
            " FROM orders WHERE id = ",
            id_in!("subject", 7),
            ") WHEN subject LIKE 'rental %' THEN (SELECT ",
            $of_rental,
            " FROM rental WHERE id = ",
            id_in!("subject", 8),
            ") WHEN subject LIKE 'message %' THEN (SELECT ",
            $of_message,
            " WHERE m.id = ",
            id_in!("subject", 9),
            ")"
        )
    };
}

const LISTED: Listed = Listed {
    table: "audit",
    id: "audit.id",
    time: "audit.at",
    account: concat!(
        "(actor = 'account ' || CAST(? AS bigint) OR ? = CASE WHEN subject LIKE 'account %' THEN ",
        id_in!("subject", 9),
        " ",
        of_subject!(
            "account_id",
            "account_id",
            "coalesce(o.account_id, r.account_id) FROM message m LEFT JOIN orders o ON o.id = \
             m.order_id LEFT JOIN rental r ON r.id = m.rental_id"
        ),
        " WHEN subject LIKE 'key %' THEN (SELECT account_id FROM api_key WHERE prefix = \
         substr(subject, 5, instr(substr(subject, 5) || ' ', ' ') - 1)) END)"
    ),
    number: concat!(
        "(CASE ",
        of_subject!("number", "number", "s.number FROM message m JOIN sim s ON s.id = m.sim_id"),
        " END IN (?) OR EXISTS (SELECT 1 FROM sim WHERE number IN (?) AND instr(subject, 'SIM ' \
         || iccid) > 0))"
    ),
    sim: concat!(
        "(CASE ",
        of_subject!("sim_id", "sim_id", "m.sim_id FROM message m"),
        " END = ? OR EXISTS (SELECT 1 FROM sim WHERE id = ? AND instr(subject, 'SIM ' || iccid) \
         > 0))"
    ),
    user: "? IN (user_name, CAST(uid AS text))",
    action: "instr(deed, ?) > 0",
    ..Listed::UNFILTERED
};

/// The person of these columns: a login of the console has no number.
pub(super) fn person(uid: Option<u32>, name: Option<String>) -> Option<Person> {
    match uid {
        Some(uid) => Some(Person::User { uid, name }),
        None => name.map(|name| Person::Login(LoginName::from_stored(name))),
    }
}

const AUDIT: &str = "SELECT audit.id, audit.at, actor, deed, subject, uid, user_name, key_prefix, \
                     c.address, account.name FROM audit LEFT JOIN client_address c ON c.audit_id = \
                     audit.id LEFT JOIN account ON account.id = CASE WHEN actor LIKE 'account %' \
                     THEN CAST(substr(actor, 9) AS bigint) END";

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        id: row.get(0)?,
        at: Timestamp(row.get(1)?),
        actor: parsed(row, 2)?,
        account: row.get(9)?,
        action: row.get(3)?,
        subject: row.get(4)?,
        person: person(row.get(5)?, row.get(6)?),
        key: row.get(7)?,
        client: row.get(8)?,
    })
}

impl ReadTx<'_> {
    /// The rows that a filter selects, oldest first. An account's are those of what it did and of
    /// what was done to it, its keys, orders, rentals and their messages; a number's those of what
    /// was done to its SIMs, orders, rentals and messages, and a SIM's those of what was done to it
    /// and to its orders, rentals and messages, as far as these are still stored.
    pub fn audit(&self, filter: &ListFilter) -> Result<Vec<AuditRow>, StoreError> {
        self.list(AUDIT, &LISTED, filter, audit_row)
    }

    /// A step of [`ReadTx::audit`]: of a filter, what a page's reader waits for.
    pub fn audit_step(&self, filter: &ListFilter) -> Result<ListStep<AuditRow>, StoreError> {
        self.list_step(AUDIT, &LISTED, filter, STEP_ROWS, audit_row)
    }
}

impl WriteTx<'_> {
    /// Adds a row. What the operator did is that person's on whose behalf the operation is carried
    /// out. Its subject never contains a message's text, an API key or a full telephone
    /// number.
    pub fn note(
        &self,
        actor: Actor,
        action: AuditAction<'_>,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at, actor, deed, subject, uid, user_name) VALUES ($1, $2, \
                   $3, $4, $5, $6)";
        let person = self.person().filter(|_| actor == Actor::Operator);
        let uid = person.as_ref().and_then(Person::uid);
        let name = person.as_ref().and_then(Person::name);
        let (actor, action) = (actor.to_string(), action.to_string());
        let values = params![at.0, actor, action, subject.to_string(), uid, name];
        self.change(sql, values)
    }

    /// Adds a row of what a customer did, with which key and from where.
    pub fn note_of_customer(
        &self,
        account: AccountId,
        (key, client): (Option<&str>, Option<IpAddr>),
        action: AuditAction<'_>,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO audit (at, actor, deed, subject, key_prefix) VALUES ($1, $2, $3, \
                   $4, $5)";
        let (actor, action) = (Actor::Account(account).to_string(), action.to_string());
        let row = self.insert(sql, params![at.0, actor, action, subject.to_string(), key])?;
        client.map_or(Ok(()), |client| self.add_client_address(Asked::Audit(row), client, at))
    }
}
