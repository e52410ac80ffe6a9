//! Orders: one number for one service, until its first SMS or the end of its lifetime.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::params;

use super::engine::Row;
use super::list_steps::{ListStep, STEP_ROWS};
use super::listing::{ListFilter, Listed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::allocation::ActiveOrder;
use crate::domain::order::{OrderState, ReportReason};
use crate::domain::{
    AccountId, Amount, Iccid, MessageId, ModemId, Msisdn, Order, OrderId, OrderOutcome, ServiceId,
    SimId, Timestamp,
};

/// An order that is to be added. It is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrder<'n> {
    pub account: AccountId,
    /// The service that the number is for.
    pub service: ServiceId,
    /// Whether that service has patterns now; the order keeps this when the catalogue changes.
    pub patterned: bool,
    pub sim: SimId,
    /// The SIM's number.
    pub number: &'n Msisdn,
    /// The country's code as the customers' API spells it.
    pub country: &'n str,
    /// The price, which is held until the order ends.
    pub price: Amount,
    pub created_at: Timestamp,
    /// When its lifetime ends.
    pub expires_at: Timestamp,
    /// The completed order whose number it takes again.
    pub reuse_of: Option<OrderId>,
    /// The order in whose place it is made.
    pub replaces: Option<OrderId>,
    /// What its customer calls it.
    pub client_ref: Option<&'n str>,
    /// Whether its SIM is parked in a bank, so that its lifetime begins only when the SIM is on the
    /// air.
    pub awaits_sim: bool,
    /// How long it lasts from then on; `None`: as long as the configuration says.
    pub lifetime: Option<Duration>,
}

/// A number that an account wants for a service never again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// The order by which it was skipped.
    pub order: OrderId,
    pub number: Msisdn,
    pub service: ServiceId,
    pub service_name: String,
    pub at: Timestamp,
}

pub(super) const ORDER: &str = "SELECT id, account_id, service_id, sim_id, number, country, \
                                price_minor, created_at, expires_at, state, ended_at, reuse_of, \
                                awaits_sim, outcome, replaces, client_ref, report, lifetime_us, \
                                asked_again_after, finished_at FROM orders";

pub(super) const LISTED: Listed = Listed {
    table: "orders",
    id: "id",
    time: "created_at",
    account: "account_id = ?",
    has_account_index: true,
    service: "service_id = ?",
    number: "number IN (?)",
    sim: "sim_id = ?",
    country: "country = ?",
    state: "state = ?",
    outcome: "outcome = ?",
    client_ref: "client_ref = ?",
    ..Listed::UNFILTERED
};

pub(super) fn order(row: &Row<'_>) -> rusqlite::Result<Result<Order, StoreError>> {
    let id = OrderId(row.get(0)?);
    let ended_at = row.get::<Option<i64>>(10)?.map(Timestamp);
    let outcome = row.get_ref(13)?.as_str_or_null()?;
    let known = outcome.map(OrderOutcome::from_word);
    let state = OrderState::from_row(row.get_ref(9)?.as_str()?, ended_at);
    let (Some(state), None | Some(Some(_))) = (state, known) else {
        return Ok(Err(StoreError::Row {
            table: "orders",
            key: id.to_string(),
            fault: "is in a state that no order can be in",
        }));
    };
    Ok(Ok(Order {
        id,
        account: AccountId(row.get(1)?),
        service: ServiceId(row.get(2)?),
        sim: SimId(row.get(3)?),
        number: row.get(4)?,
        country: row.get(5)?,
        price: Amount(row.get(6)?),
        created_at: Timestamp(row.get(7)?),
        expires_at: Timestamp(row.get(8)?),
        reuse_of: row.get::<Option<i64>>(11)?.map(OrderId),
        awaits_sim: row.get(12)?,
        replaces: row.get::<Option<i64>>(14)?.map(OrderId),
        client_ref: row.get(15)?,
        report: row.get_ref(16)?.as_str_or_null()?.and_then(|word| word.parse().ok()),
        state,
        outcome: known.flatten(),
        lifetime: row.get::<Option<i64>>(17)?.map(lifetime),
        asked_again_after: row.get::<Option<i64>>(18)?.map(MessageId),
        finished_at: row.get::<Option<i64>>(19)?.map(Timestamp),
    }))
}

/// How long an order lasts, by its column.
pub(super) fn lifetime(stored_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(stored_us).unwrap_or(0))
}

fn active_order(row: &Row<'_>) -> rusqlite::Result<ActiveOrder> {
    Ok(ActiveOrder {
        account: AccountId(row.get(0)?),
        service: ServiceId(row.get(1)?),
        open: row.get(2)?,
        patterned: row.get(3)?,
    })
}

impl ReadTx<'_> {
    pub fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.first(&format!("{ORDER} WHERE id = $1"), [id.0], order)?.transpose()
    }

    /// The orders that a filter selects, oldest first.
    pub fn orders(&self, filter: &ListFilter) -> Result<Vec<Order>, StoreError> {
        self.list(ORDER, &LISTED, filter, order)?.into_iter().collect()
    }

    /// A step of [`ReadTx::orders`]: of a filter without an index, what a page's reader waits for.
    pub fn orders_step(&self, filter: &ListFilter) -> Result<ListStep<Order>, StoreError> {
        let step = self.list_step(ORDER, &LISTED, filter, STEP_ROWS, order)?;
        step.try_map(|order| order)
    }

    /// The orders of an account that are open or collecting at `now`, newest first.
    pub fn active_orders_of(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<Order>, StoreError> {
        let mut orders = Vec::new();
        // Each has an index of its own.
        for active in ["state = 'open'", "state = 'completed' AND filed = 0"] {
            let sql = format!("{ORDER} WHERE account_id = $1 AND expires_at > $2 AND {active}");
            for found in self.all(&sql, [account.0, now.0], order)? {
                orders.push(found?);
            }
        }
        orders.sort_unstable_by_key(|order| std::cmp::Reverse(order.id));
        Ok(orders)
    }

    /// The SIMs whose numbers an account has canceled for a service after `since`.
    pub fn sims_canceled_by(
        &self,
        account: AccountId,
        service: ServiceId,
        since: Timestamp,
    ) -> Result<Vec<SimId>, StoreError> {
        let sql = "SELECT s.id FROM orders o JOIN sim s ON s.number = o.number WHERE o.account_id \
                   = $1 AND o.service_id = $2 AND o.state = 'canceled' AND o.ended_at > $3";
        self.all(sql, [account.0, service.0, since.0], |row| row.get(0).map(SimId))
    }

    /// What an account has skipped, the oldest first.
    pub fn skips_by_time(&self, account: AccountId) -> Result<Vec<Skip>, StoreError> {
        let sql = "SELECT o.id, o.number, o.service_id, s.name, o.ended_at FROM orders o JOIN \
                   service s ON s.id = o.service_id WHERE o.account_id = $1 AND o.state = \
                   'skipped' ORDER BY o.id";
        self.all(sql, [account.0], |row| {
            Ok(Skip {
                order: OrderId(row.get(0)?),
                number: row.get(1)?,
                service: ServiceId(row.get(2)?),
                service_name: row.get(3)?,
                at: Timestamp(row.get(4)?),
            })
        })
    }

    /// The orders of an account that are open at `now`, oldest first.
    pub fn open_orders(
        &self,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Vec<OrderId>, StoreError> {
        let sql = "SELECT id FROM orders WHERE account_id = $1 AND state = 'open' AND expires_at \
                   > $2";
        let mut open = self.all(sql, [account.0, now.0], |row| row.get(0).map(OrderId))?;
        // Sorted by SQLite, they would be looked for among all orders of the account.
        open.sort_unstable();
        Ok(open)
    }

    /// The greatest id that an order has had.
    pub fn last_order_id(&self) -> Result<i64, StoreError> {
        self.last_id_of("orders")
    }

    /// How many orders are open at `now`.
    pub fn open_order_count(&self, now: Timestamp) -> Result<i64, StoreError> {
        self.number("SELECT count(*) FROM orders WHERE state = 'open' AND expires_at > $1", [now.0])
    }

    /// The orders on a SIM that are open or collecting at `now`, oldest first.
    pub fn running_orders(&self, sim: SimId, now: Timestamp) -> Result<Vec<Order>, StoreError> {
        let sql = format!(
            "{ORDER} WHERE sim_id = $1 AND expires_at > $2 AND state IN ('open', 'completed') AND \
             filed = 0"
        );
        self.few_orders(&sql, sim, now)
    }

    /// All orders that are open or collecting at `now`, by SIM.
    pub fn active_orders(
        &self,
        now: Timestamp,
    ) -> Result<HashMap<SimId, Vec<ActiveOrder>>, StoreError> {
        let sql = "SELECT account_id, service_id, state = 'open', patterned, sim_id FROM orders \
                   WHERE expires_at > $1 AND state IN ('open', 'completed') AND filed = 0";
        let active = self.all(sql, [now.0], |row| Ok((SimId(row.get(4)?), active_order(row)?)))?;
        let mut by_sim: HashMap<SimId, Vec<ActiveOrder>> = HashMap::new();
        for (sim, order) in active {
            by_sim.entry(sim).or_default().push(order);
        }
        Ok(by_sim)
    }

    /// The orders on one SIM that are open or collecting at `now`, as the allocation needs them.
    pub fn active_orders_on(
        &self,
        sim: SimId,
        now: Timestamp,
    ) -> Result<Vec<ActiveOrder>, StoreError> {
        let sql = "SELECT account_id, service_id, state = 'open', patterned FROM orders WHERE \
                   sim_id = $1 AND expires_at > $2 AND state IN ('open', 'completed') AND filed \
                   = 0";
        self.all(sql, [sim.0, now.0], active_order)
    }

    /// The orders of one SIM that are still open although their lifetime is over at `now`.
    pub fn due_orders_of(&self, sim: SimId, now: Timestamp) -> Result<Vec<Order>, StoreError> {
        let sql = format!("{ORDER} WHERE sim_id = $1 AND state = 'open' AND expires_at <= $2");
        self.few_orders(&sql, sim, now)
    }

    /// The few orders of a SIM that a statement selects, oldest first. To sort them costs less here
    /// than in SQLite, which makes a sorter even for none.
    fn few_orders(&self, sql: &str, sim: SimId, now: Timestamp) -> Result<Vec<Order>, StoreError> {
        let found = self.all(sql, [sim.0, now.0], order)?;
        let mut orders = found.into_iter().collect::<Result<Vec<Order>, StoreError>>()?;
        orders.sort_unstable_by_key(|order| order.id);
        Ok(orders)
    }

    /// The open orders on a SIM, oldest first.
    pub fn open_orders_on(&self, sim: SimId) -> Result<Vec<OrderId>, StoreError> {
        let sql = "SELECT id FROM orders WHERE sim_id = $1 AND state = 'open' ORDER BY id";
        self.all(sql, [sim.0], |row| row.get(0).map(OrderId))
    }

    /// The SIMs that have open orders, each with the modem that it was last in.
    pub fn sims_with_open_orders(&self) -> Result<Vec<(Iccid, Option<ModemId>)>, StoreError> {
        let sql = "SELECT s.iccid, (SELECT t.imei FROM stay t WHERE t.sim_id = s.id ORDER BY t.id \
                   DESC LIMIT 1) FROM sim s WHERE s.id IN (SELECT sim_id FROM orders WHERE state = \
                   'open')";
        self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// When the next completed order stops collecting messages.
    pub fn next_to_file(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT expires_at FROM orders WHERE state = 'completed' AND filed = 0 ORDER BY \
                   expires_at LIMIT 1";
        self.first(sql, [], |row| row.get(0).map(Timestamp))
    }

    /// Every open order that has no text for its customer yet, with its account and the end of its
    /// lifetime, in the order of that end.
    pub fn all_open_orders(&self) -> Result<Vec<(OrderId, AccountId, Timestamp)>, StoreError> {
        let sql = "SELECT id, account_id, expires_at FROM orders WHERE state = 'open' AND NOT \
                   EXISTS (SELECT 1 FROM message m WHERE m.order_id = orders.id AND m.withheld IS \
                   NULL) ORDER BY expires_at";
        self.all(sql, [], |row| {
            Ok((OrderId(row.get(0)?), AccountId(row.get(1)?), Timestamp(row.get(2)?)))
        })
    }
}

impl WriteTx<'_> {
    /// Adds an open order and returns its id.
    pub fn add_order(&self, new: &NewOrder<'_>) -> Result<OrderId, StoreError> {
        let sql = "INSERT INTO orders (account_id, service_id, sim_id, number, country, \
                   price_minor, state, patterned, created_at, expires_at, reuse_of, awaits_sim, \
                   replaces, client_ref, lifetime_us) VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, \
                   $8, $9, $10, $11, $12, $13, $14)";
        let values = params![
            new.account.0,
            new.service.0,
            new.sim.0,
            new.number,
            new.country,
            new.price.0,
            new.patterned,
            new.created_at.0,
            new.expires_at.0,
            new.reuse_of.map(|order| order.0),
            new.awaits_sim,
            new.replaces.map(|order| order.0),
            new.client_ref,
            new.lifetime.map(|lifetime| i64::try_from(lifetime.as_micros()).unwrap_or(i64::MAX))
        ];
        Ok(OrderId(self.insert(sql, values)?))
    }

    /// Makes an order that was skipped one that was canceled, so that its account may have its
    /// number again.
    pub fn undo_skip(&self, order: OrderId) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET state = 'canceled' WHERE id = $1 AND state = 'skipped'";
        self.change_one(sql, [order.0], "orders", order)
    }

    /// Begins the lifetime of an open order whose SIM has come on the air; it ends at `expires_at`.
    pub fn begin_order(&self, order: OrderId, expires_at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET awaits_sim = 0, expires_at = CASE WHEN created_at > $1 THEN \
                   created_at ELSE $1 END WHERE id = $2 AND state = 'open' AND awaits_sim = 1";
        self.change_one(sql, [expires_at.0, order.0], "orders", order)
    }

    /// Marks at most `limit` completed orders that no longer collect messages at `now`, so that the
    /// indexes of running orders do not grow with history. Returns how many were marked.
    pub fn file_orders(&self, now: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let sql = "UPDATE orders SET filed = 1 WHERE id IN (SELECT id FROM orders WHERE state = \
                   'completed' AND filed = 0 AND expires_at <= $1 ORDER BY expires_at LIMIT $2)";
        self.change_counted(sql, [now.0, limit])
    }

    /// Saves how and when an order ended that was open until now.
    pub fn end_order(&self, order: &Order) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET state = $1, ended_at = $2, outcome = $3, report = $4 WHERE id \
                   = $5 AND state = 'open'";
        let ended_at = order.state.ended_at().map(|at| at.0);
        let outcome = order.outcome.map(OrderOutcome::as_str);
        let report = order.report.map(ReportReason::as_str);
        let values = params![order.state.as_str(), ended_at, outcome, report, order.id.0];
        self.change_one(sql, values, "orders", order.id)
    }

    /// Saves that a completed order collects no more, and takes it out of the index of active ones.
    pub fn finish_order(&self, order: &Order) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET finished_at = $1, expires_at = CASE WHEN created_at > $2 THEN \
                   created_at ELSE $2 END, filed = 1 WHERE id = $3 AND state = 'completed'";
        let finished_at = order.finished_at.map(|at| at.0);
        let values = params![finished_at, order.expires_at.0, order.id.0];
        self.change_one(sql, values, "orders", order.id)
    }

    /// Saves which message of an order was the newest when its customer asked for another code.
    pub fn ask_again(&self, order: OrderId, newest: MessageId) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET asked_again_after = $1 WHERE id = $2";
        self.change_one(sql, [newest.0, order.0], "orders", order)
    }

    /// An order that was charged for a text without a code has received a code after all.
    pub fn note_late_code(&self, order: OrderId) -> Result<(), StoreError> {
        let sql = "UPDATE orders SET outcome = 'code' WHERE id = $1 AND outcome = \
                   'sms_without_code'";
        self.change(sql, [order.0])
    }
}
