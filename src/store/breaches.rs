//! For each rule of `verify` a breach, planted into a database that has a bit of everything: the
//! rule finds it and names the row.

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::Connection;

use super::sqlite::{NEWEST, made_by};
use super::traces::Trace;
use super::{CHECKS, Store};
use crate::domain::{AccountId, Msisdn, ServiceId, Timestamp};

/// The statements of a breach, and how a fault begins that `verify` then finds.
const BREACHES: &[(&str, &str)] = &[
    (
        "UPDATE account SET balance_minor = balance_minor + 1 WHERE id = 1",
        "account 1: its balance or its holds are not",
    ),
    (
        "UPDATE ledger SET balance_after = 949, held_after = 60 WHERE id = 12",
        "ledger entry 12: the balance after it is not",
    ),
    ("UPDATE orders SET price_minor = 61 WHERE id = 4", "account 1: its holds are not the sum"),
    ("UPDATE account SET day_spent_minor = 1 WHERE id = 1", "account 1: what it has spent"),
    (
        "UPDATE api_key SET day_spent_minor = 1 WHERE account_id = 1",
        "key 00000000: what was spent with it",
    ),
    ("UPDATE orders SET price_minor = 49 WHERE id = 2", "order 2: its price was not held"),
    ("UPDATE orders SET state = 'canceled' WHERE id = 1", "order 1: its hold was not ended"),
    (
        "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, order_id, \
         cause, created_at) VALUES (1, 'refund', 51, 0, 'USD', 1, 'x', 1)",
        "order 1: it was refunded more than once, or more",
    ),
    (
        "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, rental_id, \
         cause, created_at) VALUES (2, 'refund', 1501, 0, 'USD', 1, 'x', 1)",
        "rental 1: more was given back than it was charged",
    ),
    (
        "INSERT INTO outage (id, rental_id, began_at, counted_us, seen_at, ended_at, \
         credit_minor) VALUES (7, 1, 1, 1, 2, 2, 5)",
        "outage 7 of rental 1: what was given back",
    ),
    (
        "UPDATE rental SET state = 'ended', ended_at = expires_at, ending = 'term-over'",
        "rental 1: it is over, and its SIM is still counted",
    ),
    (
        "UPDATE rental SET state = 'ended', ended_at = expires_at, ending = 'canceled'",
        "rental 1: it was canceled, and not all",
    ),
    (
        "INSERT INTO ledger (id, account_id, kind, balance_minor, held_minor, currency, cause, \
         created_at) VALUES (70, 1, 'refund', 1, 0, 'USD', 'x', 1)",
        "ledger entry 70: it is a refund of no order",
    ),
    (
        "INSERT INTO orders (account_id, service_id, sim_id, number, country, price_minor, state, \
         patterned, created_at, expires_at) SELECT account_id, service_id, sim_id, number, \
         country, price_minor, state, patterned, created_at, expires_at FROM orders WHERE id = 4",
        "SIM 8931080000000000001: it has two open orders",
    ),
    (
        "UPDATE orders SET sim_id = 3 WHERE id = 4",
        "SIM 8931080000000000003: it is rented and has an open order",
    ),
    (
        "INSERT INTO rental (id, account_id, sim_id, number, country, package, renewal_package, \
         auto_renew, state, terms, months, started_at, expires_at, ended_at, ending) SELECT 2, \
         account_id, sim_id, number, country, package, renewal_package, auto_renew, 'ended', \
         terms, months, moved_at + 1, expires_at + 1, expires_at + 1, \
         'term-over' FROM rental",
        "rental 2: it began before the previous rental",
    ),
    (
        "UPDATE rental SET number = '+31612000001', order_rest_us = moved_at",
        "rental 1: it began before its number had rested",
    ),
    ("UPDATE rental SET terms = 2", "rental 1: its terms were not charged"),
    ("UPDATE message SET sim_id = 2 WHERE id = 1", "message 1: it was received by another SIM"),
    ("UPDATE message SET received_at = 1999 WHERE id = 1", "message 1: it was received before its"),
    (
        "UPDATE rental SET moved_at = 1782133040000000",
        "message 4: it was received before its rental was moved",
    ),
    ("UPDATE message SET kind = 'probe' WHERE id = 1", "message 1: it is no text"),
    (
        "UPDATE message SET order_id = NULL WHERE id = 1",
        "order 1: it is completed and has no message",
    ),
    ("UPDATE sim SET deaf_until = 1 WHERE id = 1", "SIM 8931080000000000001: it is taken to be"),
    (
        "INSERT INTO pair_health (number, service_id, failures, rests, rests_until) VALUES \
         ('+31612000001', 1, 2, 1, 0)",
        "number 001 for service 1: it rests for failures",
    ),
    (
        "UPDATE account SET erased_at = 1 WHERE id = 1",
        "account 1: it was erased, and something personal",
    ),
    (
        "INSERT INTO event (id, account_id, kind, order_id, at, data) VALUES (9, 2, \
         'order.created', 1, 1, '{}')",
        "event 9: it belongs to another account",
    ),
    (
        "INSERT INTO event (id, account_id, kind, at, data) VALUES (9, 2, 'balance.low', 1, '{}'); \
         INSERT INTO webhook_endpoint (id, account_id, url, types, secret, created_at, position) \
         VALUES (5, 1, 'https://a.example', '*', zeroblob(32), 1, 0); INSERT INTO webhook_delivery \
         (id, endpoint_id, event_id, state, attempts) VALUES (7, 5, 9, 'taken', '[]')",
        "delivery 7: it is of another account's event",
    ),
    (
        "INSERT INTO event (id, account_id, kind, test_id, at, data) VALUES (9, 1, \
         'order.created', 2000000001, 1, '{}'); INSERT INTO webhook_endpoint (id, account_id, url, \
         types, secret, created_at, position) VALUES (5, 1, 'https://a.example', '*', \
         zeroblob(32), 1, 0); INSERT INTO webhook_delivery (id, endpoint_id, event_id, state, \
         attempts) VALUES (7, 5, 9, 'taken', '[]')",
        "delivery 7: it is of a test key's event",
    ),
    (
        "INSERT INTO event (id, account_id, kind, order_id, at, data) VALUES (9, 1, \
         'order.created', 1, 1, '{}'); INSERT INTO webhook_endpoint (id, account_id, url, types, \
         secret, created_at, position) VALUES (5, 1, 'https://a.example', '*', zeroblob(32), 1, \
         0); INSERT INTO webhook_delivery (id, endpoint_id, event_id, subject, state, attempts) \
         VALUES (7, 5, 9, 'order 1', 'waiting', '[]')",
        "delivery 7: it waits for an earlier one",
    ),
    (
        "INSERT INTO event (id, account_id, kind, message_id, at, data) VALUES (9, 1, \
         'order.message', 3, 1, '{}')",
        "event 9: it is about a message whose text",
    ),
    ("UPDATE orders SET outcome = 'silent' WHERE id = 1", "order 1: its outcome is none"),
    (
        "INSERT INTO orders (id, account_id, service_id, sim_id, number, country, price_minor, \
         state, patterned, created_at, expires_at, ended_at) SELECT 6, 2, service_id, sim_id, \
         number, country, price_minor, state, patterned, created_at + 1, expires_at, ended_at + 1 \
         FROM orders WHERE id = 1",
        "order 6: its number was sold to another account",
    ),
    ("UPDATE rental SET expires_at = expires_at + 1", "rental 1: its end is not as many months"),
    ("UPDATE message SET sim_id = 99 WHERE id = 2", "message row 2: it refers to a row"),
    ("UPDATE service SET price_minor = -1 WHERE id = 1", "the file: CHECK constraint failed"),
    (
        "INSERT INTO trace (number, service_id, account_id, rented, sender, first_at, last_at, \
         noted_after) VALUES ('+31612000001', 1, 2, 1, 'Viber', 1000, 1000, 0)",
        "order 1: another account had been sent a message",
    ),
    (
        "INSERT INTO trace (number, service_id, account_id, rented, sender, first_at, last_at, \
         noted_after, last_noted_after) VALUES ('+31612000001', 1, 2, 1, 'Viber', 1000, 1500, 9, \
         0)",
        "order 1: another account had been sent a message",
    ),
];

/// Takes away what keeps the database from being damaged by a statement.
fn disarm(conn: &Connection) {
    let sql = "SELECT group_concat('DROP ' || type || ' ' || name, ';') FROM sqlite_schema WHERE \
               type = 'trigger' OR (type = 'index' AND sql LIKE 'CREATE UNIQUE %')";
    let drop: String = conn.query_row(sql, [], |row| row.get(0)).unwrap();
    conn.execute_batch(&drop).unwrap();
    conn.pragma_update(None, "foreign_keys", false).unwrap();
    conn.pragma_update(None, "ignore_check_constraints", true).unwrap();
}

/// What each check finds, of those that find anything.
async fn findings(store: &Store) -> Vec<(usize, String)> {
    let mut findings = Vec::new();
    for check in 0..CHECKS {
        let read = store.read_in_background(move |rows| rows.faults(check, None));
        let faults = read.await.unwrap();
        findings.extend(faults.into_iter().map(|fault| (check, fault)));
    }
    findings
}

#[tokio::test]
async fn each_check_finds_its_breach_and_names_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.db");
    made_by(&sound, NEWEST);
    let mut found_by = BTreeSet::new();
    for (number, (breach, expected)) in BREACHES.iter().enumerate() {
        let path = folder.path().join(format!("{number}.db"));
        std::fs::copy(&sound, &path).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(findings(&store).await, []);
        let conn = Connection::open(&path).unwrap();
        disarm(&conn);
        conn.execute_batch(breach).unwrap();
        let findings = findings(&store).await;
        let found: Vec<_> =
            findings.iter().filter(|(_, fault)| fault.starts_with(expected)).collect();
        let [(check, _)] = found[..] else { panic!("{breach}: {findings:?}") };
        found_by.insert(*check);
        drop(conn);
        store.close().await;
    }
    let without: Vec<usize> = (0..CHECKS).filter(|check| !found_by.contains(check)).collect();
    assert_eq!(without, [0; 0], "checks without a breach");
}

#[tokio::test]
async fn a_message_that_became_known_after_an_order_is_no_fault_of_the_order() {
    const COOLDOWN: Duration = Duration::from_millis(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    made_by(&path, NEWEST);
    let store = Store::open(&path).unwrap();
    let note = async |at: i64| {
        let trace = Trace {
            number: Msisdn::from_stored("+31612000001"),
            service: ServiceId(1),
            account: AccountId(2),
            rented: true,
            sender: "Viber".to_owned(),
            first_at: Timestamp(at),
            last_at: Timestamp(at),
        };
        store.write(move |tx| tx.note_trace(&trace)).await.unwrap();
    };
    let order = |id: i64, created_at: i64| {
        let sql = "INSERT INTO orders (id, account_id, service_id, sim_id, number, country, \
                   price_minor, state, patterned, created_at, expires_at, ended_at) VALUES ($1, 1, \
                   1, 1, '+31612000001', 'NL', 50, 'canceled', 1, $2, $2 + 600000000, $2)";
        Connection::open(&path).unwrap().execute(sql, [id, created_at]).unwrap();
    };
    let faults = async || {
        let read = store.read_in_background(move |rows| rows.faults(CHECKS - 1, Some(COOLDOWN)));
        read.await.unwrap()
    };

    note(5_000).await;
    order(101, 10_000);
    // Both were taken before the order was made, and stored after it.
    note(9_900).await;
    note(9_950).await;
    assert_eq!(faults().await, [""; 0]);
    order(102, 10_100);
    let [fault] = &faults().await[..] else { panic!("{:?}", faults().await) };
    assert!(fault.starts_with("order 102: another account had been sent a message"), "{fault}");
    store.close().await;
}
