//! Statements that the schema itself must refuse, and breaches of rules that `verify` must find,
//! for the tests of other modules.

use std::path::Path;

use rusqlite::Connection;

use super::{StoreError, postgres};

/// Carries out statements beside the store that the tests have opened at `path`.
pub(crate) fn carry_out(path: &Path, sql: &str) -> Result<(), StoreError> {
    match postgres::carry_out(path, sql) {
        Some(carried_out) => carried_out,
        None => Ok(Connection::open(path)?.execute_batch(sql)?),
    }
}

pub(crate) const SECOND_OPEN_ORDER: &str = "INSERT INTO orders (account_id, service_id, sim_id, \
     number, country, price_minor, state, patterned, created_at, expires_at) \
     SELECT account_id, service_id, sim_id, number, country, \
     price_minor, state, patterned, created_at, expires_at FROM orders";
pub(crate) const LEDGER_CHANGED: &str = "UPDATE ledger SET balance_minor = 0";
pub(crate) const LEDGER_SHORTENED: &str = "DELETE FROM ledger";
/// As if the entries up to this one were from before an account's funds after them were kept.
pub(crate) fn forget_funds_up_to(entry: i64) -> String {
    format!(
        "DROP TRIGGER IF EXISTS ledger_only_grows_update; UPDATE ledger SET balance_after = NULL, \
         held_after = NULL WHERE id <= {entry}"
    )
}
/// As if a message with this stamp had been stored by its former digest.
pub(crate) fn former_digest(stamp: i64) -> String {
    format!("DELETE FROM former_digest; INSERT INTO former_digest VALUES ({stamp})")
}
pub(crate) const SAME_CAUSE: &str = "INSERT INTO ledger (account_id, kind, balance_minor, \
                                     held_minor, currency, cause, created_at) SELECT account_id, \
                                     kind, balance_minor, held_minor, currency, cause, created_at \
                                     FROM ledger";
pub(crate) const NEGATIVE_HOLD: &str = "UPDATE account SET held_minor = -1";
pub(crate) const ORDER_ON_RENTED_SIM: &str = "INSERT INTO orders (account_id, service_id, sim_id, \
     number, country, price_minor, state, patterned, created_at, expires_at) \
     SELECT account_id, 1, sim_id, number, country, 0, 'open', \
     1, started_at, expires_at FROM rental WHERE state = 'active'";
pub(crate) const ORDER_MOVED_TO_RENTED_SIM: &str = "UPDATE orders SET sim_id = (SELECT sim_id \
                                                    FROM rental WHERE state = 'active') WHERE \
                                                    state = 'open'";
pub(crate) const RENTAL_ON_BUSY_SIM: &str = "INSERT INTO rental (account_id, sim_id, number, \
     country, package, renewal_package, auto_renew, state, terms, months, started_at, expires_at) \
     SELECT account_id, sim_id, number, \
     country, '1m', '1m', 0, 'active', 1, 1, created_at, expires_at FROM orders WHERE state = \
     'open'";
/// Damages three rows, each so that something due fails: an account's holds, a part of a long
/// message, and a rental.
pub(crate) const DAMAGED_ROWS: &str = "UPDATE account SET held_minor = 0 WHERE name = 'ann'; \
                                       UPDATE part SET sequence = 300 WHERE assembly_id = 1; \
                                       UPDATE rental SET terms = 5000000000 WHERE id = 1";
/// As if all ids of orders and rentals but the last had been used.
pub(crate) const NEARLY_ALL_IDS_USED: &str = "INSERT INTO sqlite_sequence (name, seq) VALUES \
                                              ('orders', 2147483646), ('rental', 2147483646)";
pub(crate) const SECOND_TENANT: &str = "INSERT INTO rental (account_id, sim_id, number, country, \
     package, renewal_package, auto_renew, state, terms, months, started_at, expires_at) \
     SELECT account_id, sim_id, number, \
     country, package, renewal_package, auto_renew, state, terms, months, started_at, expires_at \
     FROM rental";
pub(crate) const TWO_OWNERS: &str = "INSERT INTO message (sim_id, received_at, complete, \
                                     order_id, rental_id) SELECT sim_id, 0, 1, 1, id FROM rental";
pub(crate) const CUSTOMER_OF_A_PROBE: &str = "INSERT INTO message (sim_id, received_at, complete, \
                                              rental_id, kind) SELECT sim_id, 0, 1, id, 'probe' \
                                              FROM rental";
pub(crate) const AUDIT_CHANGED: &str = "UPDATE audit SET actor = 'nobody'";
pub(crate) const AUDIT_SHORTENED: &str = "DELETE FROM audit";
/// A cent more than the order that cost 0.50 can give back.
pub(crate) const REFUND_OF_TOO_MUCH: &str = "INSERT INTO ledger (account_id, kind, balance_minor, \
     held_minor, currency, order_id, cause, created_at) \
     VALUES (1, 'refund', 51, 0, 'USD', 1, 'x', 1); \
     UPDATE account SET balance_minor = balance_minor + 51 WHERE id = 1";
/// As if more had been given back for an outage than was.
pub(crate) const OUTAGE_CREDITED_TWICE: &str =
    "UPDATE outage SET credit_minor = 2 * credit_minor WHERE ended_at IS NOT NULL";
/// A cent more than the rental that cost 16.20 can give back.
pub(crate) const RENTAL_REFUND_OF_TOO_MUCH: &str = "INSERT INTO ledger (account_id, kind, \
     balance_minor, held_minor, currency, rental_id, cause, created_at) \
     VALUES (1, 'refund', 1621, 0, 'USD', 1, 'x', 1); \
     UPDATE account SET balance_minor = balance_minor + 1621 WHERE id = 1";
/// As if completed orders had got nothing.
pub(crate) const WRONG_OUTCOME: &str =
    "UPDATE orders SET outcome = 'silent' WHERE state = 'completed'";
/// The first order completed a day before the second rental began.
pub(crate) const ORDER_BEFORE_RENTAL: &str = "UPDATE orders SET ended_at = (SELECT started_at - \
     86400000000 FROM rental WHERE id = 2) WHERE id = 1";
/// Bob was sent a message of the first order's service to its number a second before it was made.
pub(crate) const TRACE_BEFORE_ORDER: &str = "INSERT INTO trace (number, service_id, account_id, \
     rented, sender, first_at, last_at, noted_after) SELECT number, service_id, 2, 1, 'Viber', \
     created_at - 1000000, created_at - 1000000, id - 1 FROM orders WHERE id = 1";
/// As a database is that an earlier version has written, with more messages than one step
/// attributes.
pub(crate) const MESSAGES_UNATTRIBUTED: &str = "DELETE FROM trace; DELETE FROM attribution; UPDATE \
     message SET service_id = NULL; INSERT INTO message (id, sim_id, received_at, complete) VALUES \
     (1400, 1, 0, 1)";
/// As if an account had spent less on its day than it has.
pub(crate) const LESS_SPENT: &str = "UPDATE account SET day_spent_minor = day_spent_minor - 1";
/// The same of a key.
pub(crate) const LESS_SPENT_WITH_KEY: &str =
    "UPDATE api_key SET day_spent_minor = day_spent_minor - 1";
/// As if a text of an erased account had been left.
pub(crate) const TEXT_OF_ERASED: &str = "UPDATE message SET text = 'dear tenant' WHERE id = 7";
