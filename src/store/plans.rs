//! The plans of the hot statements: each uses an index, whatever the history.

use std::cell::RefCell;

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use crate::domain::allocation::Company;
use crate::domain::{AccountId, MessageId, OrderId, RentalId, ServiceId, SimId, Timestamp};

thread_local!(static SEEN: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

fn see(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        SEEN.with_borrow_mut(|seen| seen.push(statement.sql().to_string()));
    }
}

/// Runs every hot verb with SQLite told to report the statements that it is given, then asks for the plan of each.
#[test]
fn every_hot_statement_uses_an_index() {
    let mut conn = Connection::open_in_memory().unwrap();
    super::migrate::migrate(&mut conn, std::path::Path::new(":memory:")).unwrap();
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(see as fn(TraceEvent<'_>))).unwrap();
    let rows = super::Rows { conn: &conn };
    let (now, sim, order, account) = (Timestamp(0), SimId(1), OrderId(1), AccountId(1));
    rows.holder_of_key(&[0; 32]).unwrap();
    rows.account(account).unwrap();
    rows.order(order).unwrap();
    rows.open_orders(account, now).unwrap();
    rows.running_orders(sim, now).unwrap();
    rows.due_orders(now, 1).unwrap();
    rows.due_orders_of(sim, now).unwrap();
    rows.next_order_due().unwrap();
    rows.newest_text(order).unwrap();
    rows.owner_of_message(MessageId(1)).unwrap();
    rows.messages_of_order(order).unwrap();
    rows.messages_of_rental(RentalId(1)).unwrap();
    rows.unclaimed(sim, now, now).unwrap();
    rows.service(ServiceId(1)).unwrap();
    rows.sim_by_iccid("1").unwrap();
    rows.has_part(sim, &[0; 32]).unwrap();
    rows.clock_samples("1", crate::domain::Timestamp(0), 8).unwrap();
    rows.rental(RentalId(1)).unwrap();
    rows.rental_at(sim, now).unwrap();
    rows.due_rentals(now, 1).unwrap();
    rows.next_rental_due().unwrap();
    rows.due_assemblies(now, 1).unwrap();
    rows.next_assembly_due().unwrap();
    rows.due_texts(now, 1).unwrap();
    rows.due_raw(now, 1).unwrap();
    rows.next_text_settled().unwrap();
    rows.next_raw_settled().unwrap();
    rows.ledger_of_order(order).unwrap();
    rows.ledger_of_rental(RentalId(1)).unwrap();
    rows.has_skipped("1", ServiceId(1), account).unwrap();
    rows.find_for_rent("NL", now, |_| false).unwrap();
    for company in
        [Company::Alone { among_collecting: false }, Company::Alone { among_collecting: true }, Company::Shared]
    {
        let (service, used_since) = (ServiceId(1), now);
        let query = super::StockQuery { country: "NL", service, account, company, now, used_since };
        rows.find_in_stock(query, |_| false).unwrap();
        rows.is_crowded(sim, account, service, company, now).unwrap();
    }
    let tx = super::Tx::on(&conn);
    tx.blank_text(MessageId(1)).unwrap();
    tx.blank_raw(MessageId(1)).unwrap();
    tx.settle_rental_messages(RentalId(1), now).unwrap();
    let seen = SEEN.take();
    assert!(seen.len() > 30, "{}", seen.len());
    for sql in seen {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> =
            plan.raw_query().mapped(|row| row.get::<_, String>(3)).collect::<Result<_, _>>().unwrap();
        for step in steps {
            let whole_table = step.starts_with("SCAN") && !step.contains("USING") && step != "SCAN CONSTANT ROW";
            assert!(!whole_table, "{step}\n{sql}");
            // What stops at the first row must not gather all of them first; a handful may be sorted.
            let stops = sql.contains("LIMIT") || sql.contains("last_given_at");
            let sorted = stops && step.contains("USE TEMP B-TREE");
            assert!(!sorted, "{step}\n{sql}");
        }
    }
}
