//! Tests of the query plans of frequent statements: each uses an index, so that its cost does not
//! grow with history.

mod frequent;

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

use super::{CountryRange, ReadTx, sqlite};
use crate::domain::Timestamp;
use frequent::run_frequent_functions;

thread_local!(static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

fn record_statement(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        STATEMENTS.with_borrow_mut(|statements| statements.push(statement.sql().to_string()));
    }
}

/// A database in memory that records the statements carried out on it.
pub(super) fn traced_connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    sqlite::migrate(&mut conn, std::path::Path::new(":memory:")).unwrap();
    sqlite::configure(&conn).unwrap();
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(record_statement as fn(TraceEvent<'_>)))
        .unwrap();
    conn
}

/// The steps of SQLite's virtual machine that all statements together have taken on a traced
/// connection since this was asked last.
#[expect(clippy::disallowed_methods, reason = "its text is one that was recorded")]
pub(super) fn steps_of(conn: &Connection) -> i32 {
    let mut statements = STATEMENTS.take();
    statements.sort();
    statements.dedup();
    let steps = statements
        .iter()
        .map(|sql| conn.prepare_cached(sql).unwrap().reset_status(StatementStatus::VmStep));
    steps.sum()
}

/// The steps of SQLite's plan for a statement.
fn plan_of(conn: &Connection, sql: &str) -> Vec<String> {
    let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let steps = plan.raw_query().mapped(|row| row.get(3));
    steps.collect::<Result<_, _>>().unwrap()
}

/// SQLite prepares a statement again when a parameter has changed that it compared with a partial
/// index's condition, unless the query planner stability guarantee is on.
#[expect(clippy::disallowed_methods, reason = "its text is one that was recorded")]
#[test]
fn no_statement_is_prepared_again_because_a_parameter_has_changed() {
    let conn = traced_connection();
    (1..4).for_each(|n| run_frequent_functions(&conn, n));
    for sql in STATEMENTS.take() {
        let statement = conn.prepare_cached(&sql).unwrap();
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
    }
}

/// What an account has ordered and skipped is listed for people. Nothing else may read the whole
/// history of an account.
#[test]
fn only_lists_read_all_orders_of_an_account() {
    let conn = traced_connection();
    run_frequent_functions(&conn, 1);
    let mut lists = 0;
    for sql in STATEMENTS.take() {
        let steps = plan_of(&conn, &sql);
        if steps.iter().any(|step| step.contains("orders_by_account")) {
            assert!(sql.contains("DESC LIMIT") || sql.contains("'skipped'"), "{steps:?}\n{sql}");
            lists += 1;
        }
    }
    assert!(lists > 0);
}

#[test]
fn every_frequent_statement_uses_an_index() {
    let conn = traced_connection();
    run_frequent_functions(&conn, 1);
    let seen = STATEMENTS.take();
    assert!(seen.len() > 30, "{}", seen.len());
    let mut centres = 0;
    for sql in seen {
        let steps = plan_of(&conn, &sql);
        // The samples of a service centre are found by time, so that those of one that has been
        // silent for long are not read from the first on.
        let of_centre = steps.iter().find(|step| step.contains("part_live"));
        assert!(
            of_centre.is_none_or(
                |step| step.ends_with("COVERING INDEX part_live (smsc=? AND received_at>?)")
            ),
            "{of_centre:?}"
        );
        centres += usize::from(of_centre.is_some());
        // What a statement selects from a selection of its own is no table.
        let is_selection = |name: &str| {
            let made_by = [format!("CO-ROUTINE {name}"), format!("MATERIALIZE {name}")];
            name == "CONSTANT ROW" || steps.iter().any(|step| made_by.contains(step))
        };
        for step in &steps {
            let scanned = step.strip_prefix("SCAN ").filter(|rest| !rest.contains("USING"));
            assert!(scanned.is_none_or(is_selection), "{step}\n{sql}");
            // A statement that stops after a few rows must not read and sort all of them first.
            let stops = sql.contains("LIMIT") || sql.contains("last_given_at");
            let sorted = stops && step.contains("USE TEMP B-TREE");
            assert!(!sorted, "{step}\n{sql}");
        }
    }
    assert_eq!(centres, 1);
}

/// The SIMs of all countries are read in one pass: nothing is looked up for each of them.
#[test]
fn the_whole_stock_is_read_without_asking_about_each_sim() {
    let conn = traced_connection();
    ReadTx::on(&conn).sellable_sims_by_country(CountryRange::default(), Timestamp(1)).unwrap();
    let [sql] = &STATEMENTS.take()[..] else { panic!() };
    let steps = plan_of(&conn, sql);
    let scans = steps.iter().filter(|step| step.starts_with("SCAN"));
    let scans: Vec<&str> = scans.filter_map(|step| step.split(" INDEX ").last()).collect();
    assert_eq!(scans, ["SCAN s", "rental_active_per_sim", "rental_active_number"]);
    let is_per_sim = |step: &String| step.starts_with("CORRELATED");
    assert!(!steps.iter().any(is_per_sim), "{steps:#?}");
}
