//! Statements that the schema itself must refuse, for the tests of other rooms.

pub(crate) const SECOND_OPEN_ORDER: &str = "INSERT INTO orders (account_id, service_id, sim_id, number, country, price_minor, state, patterned, created_at, expires_at) \
     SELECT account_id, service_id, sim_id, number, country, price_minor, state, patterned, created_at, expires_at FROM orders";
pub(crate) const LEDGER_CHANGED: &str = "UPDATE ledger SET balance_minor = 0";
pub(crate) const LEDGER_SHORTENED: &str = "DELETE FROM ledger";
pub(crate) const SAME_CAUSE: &str = "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, cause, created_at) \
     SELECT account_id, kind, balance_minor, held_minor, currency, cause, created_at FROM ledger";
pub(crate) const NEGATIVE_HOLD: &str = "UPDATE account SET held_minor = -1";
