//! Tests of the query plans of frequent statements: each uses an index, so that its cost does not
//! grow with history.

use std::cell::RefCell;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

use super::SearchScope;
use crate::domain::allocation::SharingPolicy;
use crate::domain::bank::{SlotContents, SlotRecord, SwitchOutcome, SwitchRecord};
use crate::domain::event::{EventKind, EventSubject};
use crate::domain::key::KeyMode;
use crate::domain::login::{LoginKind, LoginName, Side};
use crate::domain::webhook::delivery::Progress;
use crate::domain::webhook::{DeliveryState, Secret, Subscription};
use crate::domain::{
    AccountId, EndpointId, EventId, Iccid, LoginId, MessageId, ModemId, Msisdn, OrderId,
    OrderOutcome, PortName, RentalId, ServiceId, SessionId, SimId, Timestamp,
};

thread_local!(static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) });

fn record_statement(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        STATEMENTS.with_borrow_mut(|statements| statements.push(statement.sql().to_string()));
    }
}

/// A database in memory that records the statements carried out on it.
pub(super) fn traced_connection() -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    super::migrate::migrate(&mut conn, std::path::Path::new(":memory:")).unwrap();
    super::file::configure(&conn).unwrap();
    conn.trace_v2(TraceEventCodes::SQLITE_TRACE_STMT, Some(record_statement as fn(TraceEvent<'_>)))
        .unwrap();
    conn
}

/// The steps of SQLite's virtual machine that all statements together have taken on a traced
/// connection since this was asked last.
pub(super) fn steps_of(conn: &Connection) -> i32 {
    let mut statements = STATEMENTS.take();
    statements.sort();
    statements.dedup();
    let steps = statements
        .iter()
        .map(|sql| conn.prepare_cached(sql).unwrap().reset_status(StatementStatus::VmStep));
    steps.sum()
}

/// Calls every function that is used frequently, with parameters made from `n`.
fn run_frequent_functions(conn: &Connection, n: i64) {
    let rows = super::ReadTx { conn };
    let (now, sim, order, account) = (Timestamp(n), SimId(n), OrderId(n), AccountId(n));
    let name = n.to_string();
    let (iccid, modem) = (Iccid::from_stored(name.as_str()), ModemId::from_stored(name.as_str()));
    let number = Msisdn::from_stored(name.as_str());
    rows.holder_of_key(&[0; 32]).unwrap();
    rows.account(account).unwrap();
    rows.sims_beginning_with(&name, 10).unwrap();
    rows.accounts_beginning_with(&name, 10).unwrap();
    rows.keys_beginning_with(&name, 10).unwrap();
    rows.is_known_number(&number).unwrap();
    let (topic, span) =
        (crate::domain::sample::SampleTopic::Orders, crate::domain::sample::SampleSpan::Hour);
    rows.samples(topic, span, now, now).unwrap();
    rows.newest_sample_at(topic, span).unwrap();
    rows.key_day(account, &name).unwrap();
    rows.keys_of(account).unwrap();
    rows.unrevoked_keys_of(account, &name).unwrap();
    rows.portal_choices(account).unwrap();
    rows.accounts_page(Some(n == 1), Some(&name), Some(account), 1).unwrap();
    rows.skips_by_time(account).unwrap();
    rows.client_address(super::Asked::Order(order)).unwrap();
    rows.client_address(super::Asked::Rental(RentalId(n))).unwrap();
    rows.client_address(super::Asked::Audit(n)).unwrap();
    rows.next_address().unwrap();
    rows.refund_of(order).unwrap();
    rows.withheld_from_order(order).unwrap();
    rows.withheld_from_rental(RentalId(n)).unwrap();
    rows.account_prices(account).unwrap();
    rows.account_prices_for(account, ServiceId(n)).unwrap();
    rows.order(order).unwrap();
    rows.open_orders_on(sim).unwrap();
    rows.sims_with_open_orders().unwrap();
    let page = if n % 2 == 0 { super::Page::After(n) } else { super::Page::Before(n) };
    let filter = super::ListFilter {
        account: Some(account),
        service: Some(ServiceId(n)),
        numbers: Some(vec![number.clone()]),
        sim: Some(sim),
        order: Some(order),
        country: Some(name.clone()),
        bank: Some(name.clone()),
        state: Some("open".to_owned()),
        outcome: Some(OrderOutcome::Code),
        client_ref: Some(name.clone()),
        user: Some(name.clone()),
        action: Some(name.clone()),
        from: Some(now),
        to: Some(now),
        page,
        limit: 10.into(),
    };
    rows.orders(&filter).unwrap();
    rows.orders_step(&filter).unwrap();
    rows.rentals(&filter).unwrap();
    rows.rentals_step(&filter).unwrap();
    rows.list_messages(&filter, false).unwrap();
    rows.messages_step(&filter, false).unwrap();
    let needle = crate::domain::search::Needle::new(&name).unwrap();
    rows.search_messages(&filter, false, &needle, || false).unwrap();
    rows.search_messages(&super::ListFilter::newest(1.into()), true, &needle, || false).unwrap();
    let of_account = super::ListFilter { numbers: None, ..filter };
    rows.ledger(&of_account).unwrap();
    rows.audit(&of_account).unwrap();
    rows.audit_step(&of_account).unwrap();
    rows.bank_switches(&of_account).unwrap();
    rows.ledger_sums_after(account, n).unwrap();
    rows.last_sim_in(&modem).unwrap();
    rows.open_orders(account, now).unwrap();
    rows.running_orders(sim, now).unwrap();
    rows.due_orders_of(sim, now).unwrap();
    rows.shown_text(order).unwrap();
    rows.owner_of_message(MessageId(n)).unwrap();
    rows.messages_of_order(order).unwrap();
    rows.messages_of_rental(RentalId(n)).unwrap();
    rows.messages_of_rental_before(RentalId(n), Some(MessageId(n)), 1).unwrap();
    rows.newest_of_rental(RentalId(n), 1, 1).unwrap();
    rows.newest_of_order(order, 1, 1).unwrap();
    rows.newest_code_of_order(order).unwrap();
    rows.event(EventId(n)).unwrap();
    let live = (account, KeyMode::Live);
    rows.events_after(live, EventId(n), 1, 1).unwrap();
    let (endpoint, event) = (EndpointId(n), EventId(n));
    rows.webhook_endpoints(Some(account)).unwrap();
    rows.webhook_endpoint(endpoint).unwrap();
    rows.active_endpoint(endpoint).unwrap();
    rows.accounts_with_events_after(event).unwrap();
    rows.undelivered_events(endpoint, live, event, 1).unwrap();
    rows.due_deliveries(endpoint, now, 1).unwrap();
    rows.next_delivery(endpoint, now).unwrap();
    rows.webhook_deliveries(endpoint, Some(event), 1).unwrap();
    rows.untried_events(endpoint, Some(event), 1).unwrap();
    rows.delivery_of(endpoint, event).unwrap();
    rows.waiting_test(endpoint).unwrap();
    rows.first_event_after(live, EventId(n)).unwrap();
    rows.newest_event().unwrap();
    rows.oldest_event().unwrap();
    rows.test_order(order).unwrap();
    rows.test_orders(account).unwrap();
    rows.last_test_order_id().unwrap();
    rows.test_rental(RentalId(n)).unwrap();
    rows.test_rental_of(account).unwrap();
    rows.test_rental_count(account, now).unwrap();
    rows.last_term_price(RentalId(n)).unwrap();
    rows.last_seen_at(sim).unwrap();
    rows.service_name(ServiceId(n)).unwrap();
    rows.unclaimed(sim, now, now).unwrap();
    rows.service(ServiceId(n)).unwrap();
    rows.sim_by_iccid(&iccid).unwrap();
    let digest = [u8::try_from(n).unwrap(); 32];
    rows.has_part(sim, &digest, Some(now)).unwrap();
    rows.other_digests(sim, Some(now)).unwrap();
    rows.sims_with_part_at(&modem, Some(now)).unwrap();
    rows.message(MessageId(n)).unwrap();
    rows.pdus_of(MessageId(n)).unwrap();
    rows.clock_samples(&name, now, 8).unwrap();
    rows.bank_slots(&name).unwrap();
    rows.slot_of_sim(&name, &iccid).unwrap();
    rows.sim_claims(&iccid, now).unwrap();
    rows.orders_waiting_for_sim(now).unwrap();
    rows.sim_locations(sim, n).unwrap();
    rows.iccid(sim).unwrap();
    rows.imsi(sim).unwrap();
    rows.rental(RentalId(n)).unwrap();
    rows.rental_at(sim, now).unwrap();
    rows.was_ever_rented(sim).unwrap();
    rows.has_tenant(sim).unwrap();
    rows.moves_of(RentalId(n)).unwrap();
    rows.moves_from_number(&number).unwrap();
    rows.number_before_move(RentalId(n), sim).unwrap();
    rows.tenancies().unwrap();
    rows.lasting_outages().unwrap();
    rows.lasting_outage(RentalId(n)).unwrap();
    rows.outages_of(RentalId(n)).unwrap();
    let horizon = super::Horizon { orders: now, rentals: now };
    rows.due(horizon, usize::try_from(n).unwrap()).unwrap();
    rows.all_open_orders().unwrap();
    rows.assembly(crate::domain::AssemblyId(n)).unwrap();
    let like = super::NewAssembly {
        sim,
        doubtful: false,
        sender: &name,
        reference: 1,
        wide: n == 1,
        total: 2,
    };
    rows.assembly_of_part(&like, 1, now, std::time::Duration::from_secs(1)).unwrap();
    rows.part_count(crate::domain::AssemblyId(n)).unwrap();
    rows.active_orders(now).unwrap();
    rows.active_orders_on(sim, now).unwrap();
    rows.uses(&number).unwrap();
    rows.skips(account).unwrap();
    rows.skips_for(account, ServiceId(n)).unwrap();
    rows.sellable_sims(&name, now).unwrap();
    rows.uses_for(&number, ServiceId(n), Some(account)).unwrap();
    rows.accounts_done_with(&number, ServiceId(n), now, now).unwrap();
    rows.texts_between(MessageId(n), MessageId(n)).unwrap();
    rows.next_to_file().unwrap();
    rows.has_rental_starting_after(sim, now).unwrap();
    rows.due_texts(now, n).unwrap();
    rows.due_raw(now, n).unwrap();
    rows.next_text_settled().unwrap();
    rows.next_raw_settled().unwrap();
    rows.due_uncharged(now, n).unwrap();
    rows.next_uncharged().unwrap();
    rows.next_audit().unwrap();
    rows.kept_answer(account, &name).unwrap();
    rows.next_kept_answer().unwrap();
    let login = LoginId(n);
    rows.login(login).unwrap();
    rows.logins_of(account).unwrap();
    rows.login_named(Side::Console, &name).unwrap();
    rows.login_named(Side::Portal, &name).unwrap();
    rows.login_of_invite(&digest, now).unwrap();
    rows.session_by_digest(&digest).unwrap();
    rows.session(SessionId(n)).unwrap();
    rows.sessions(login).unwrap();
    rows.next_session_end().unwrap();
    rows.next_session_address().unwrap();
    rows.next_invite_end().unwrap();
    rows.unseen_of_order(order).unwrap();
    let of_tenant = super::TenantFilter { before: MessageId(n), since: now, count: 10, bytes: 10 };
    rows.messages_for_tenant(RentalId(n), of_tenant, |_| true).unwrap();
    rows.free_rental_count(account).unwrap();
    rows.numberless().unwrap();
    rows.asks(sim).unwrap();
    rows.next_ask(now).unwrap();
    rows.loopback("x").unwrap();
    rows.visit_entries_since(account, now, |_, _, _| true).unwrap();
    rows.ledger_of_order(order).unwrap();
    rows.ledger_of_rental(RentalId(n)).unwrap();
    rows.has_skipped(&number, ServiceId(n), account).unwrap();
    rows.rests_of(&number, Some(account), now).unwrap();
    rows.rests(now).unwrap();
    let scopes = [SearchScope::All, SearchScope::Sim(sim)];
    for scope in scopes {
        let query = super::RentalQuery {
            country: &name,
            account: Some(account),
            now,
            rest_since: now,
            ordered_since: now,
        };
        rows.search_for_rental(query, scope, |_, _| None).unwrap();
    }
    for sharing in [
        SharingPolicy::Exclusive,
        SharingPolicy::Alone { among_collecting: false },
        SharingPolicy::Alone { among_collecting: true },
        SharingPolicy::Shared,
    ] {
        let query = super::StockQuery {
            country: &name,
            service: ServiceId(n),
            account: (n % 2 == 0).then_some(account),
            sharing,
            now,
            used_since: now,
            rest_since: now,
            patterned: n % 2 == 0,
        };
        for scope in scopes {
            rows.search_for_order(query, scope, |_, _| false).unwrap();
        }
    }
    let tx = super::WriteTx::on(conn);
    tx.purge_samples(topic, span, now).unwrap();
    tx.blank_text(MessageId(n)).unwrap();
    tx.blank_raw(MessageId(n)).unwrap();
    tx.settle_rental_messages(RentalId(n), now).unwrap();
    tx.file_orders(now, n).unwrap();
    tx.note_given_up(order, now, now).unwrap();
    tx.set_service_of(MessageId(n), None, Some(ServiceId(n))).unwrap();
    let trace = super::Trace {
        number,
        service: ServiceId(n),
        account,
        rented: false,
        sender: name.clone(),
        first_at: now,
        last_at: now,
    };
    tx.add_account(&name, now).unwrap();
    let (kind, subject) = (EventKind::BalanceLow, EventSubject::Account);
    let noted = super::NotedEvent::new(account, kind, subject, now);
    let event = tx.add_event(&noted, "{}").unwrap();
    tx.purge_events_with(MessageId(n)).unwrap();
    let (url, all) = ("https://a.example".parse().unwrap(), Subscription::all());
    let secret = Secret::from_entropy([0; 32]);
    let endpoint = tx.add_webhook_endpoint(live, &url, &all, &secret, now).unwrap();
    tx.save_delivery(endpoint, event, DeliveryState::Taken, &Progress::default()).unwrap();
    tx.hold_delivery(endpoint, event, now).unwrap();
    tx.release_delivery_after(endpoint, event, now).unwrap();
    tx.advance_webhook_position(endpoint, event).unwrap();
    tx.delete_webhook_endpoint(endpoint, now).unwrap();
    tx.purge_deleted_endpoints(1).unwrap();
    tx.purge_events(now, n).unwrap();
    tx.purge_events_of(account, 1).unwrap();
    tx.plan_notice(RentalId(n), Some(now)).unwrap();
    tx.mark(&trace.number, ServiceId(n), n % 2 == 0, now).unwrap();
    tx.note_trace(&trace).unwrap();
    tx.purge_uncharged(order).unwrap();
    tx.purge_audit(now, n).unwrap();
    tx.purge_addresses(now, n).unwrap();
    let answer = super::KeptAnswer { fingerprint: [0; 32], answer: name.clone(), at: now };
    tx.keep_answer(account, &name, &answer).unwrap();
    tx.purge_kept_answers(now, n).unwrap();
    let login_name = LoginName::from_stored(format!("a{n}"));
    let login = tx.add_login(&login_name, LoginKind::Customer(account), now).unwrap();
    tx.save_login(&tx.login(login).unwrap().unwrap()).unwrap();
    tx.set_invite(login, &digest, now, now).unwrap();
    tx.remove_invite(login).unwrap();
    let session = super::NewSession {
        login,
        digest,
        began_at: now,
        ends_at: now,
        address: [192, 0, 2, 7].into(),
        browser: name.clone(),
    };
    let session = tx.add_session(&session).unwrap();
    tx.note_session_use(session, now, now).unwrap();
    tx.note_proof(session, now).unwrap();
    tx.keep_newest_sessions(login, n).unwrap();
    tx.purge_session_addresses(now, n).unwrap();
    tx.remove_session(session).unwrap();
    tx.remove_sessions_of(login, Some(session)).unwrap();
    tx.purge_sessions(now, n).unwrap();
    tx.purge_invites(now, n).unwrap();
    tx.remove_login(login).unwrap();
    tx.remove_logins_of(account).unwrap();
    tx.mark_seen(MessageId(n), now).unwrap();
    tx.save_key_uses(&[([0; 32], now)].into()).unwrap();
    let why = crate::domain::key::KeyRefusal::Closed;
    tx.save_key_refusals(&[([0; 32], (now, why))].into()).unwrap();
    let contents = SlotContents::Sim(iccid.clone());
    tx.save_slot(&name, &SlotRecord { slot: 1, contents, visited_at: Some(now) }).unwrap();
    let sim = tx.ensure_sim(&iccid, now).unwrap().id;
    tx.record_location(sim, &modem, None, now, now).unwrap();
    tx.end_location(sim, now).unwrap();
    tx.set_bank_position(sim, &super::BankPosition { bank: name.clone(), slot: Some(1) }).unwrap();
    let (left, found) = (Some(iccid), None);
    let record = SwitchRecord {
        bank: name.clone(),
        port: PortName::from_stored(name.as_str()),
        slot: 1,
        left,
        began_at: now,
        ended_at: now,
        found,
        outcome: SwitchOutcome::Done,
    };
    tx.add_switch(&record, now).unwrap();
}

/// SQLite prepares a statement again when a parameter has changed that it compared with a partial
/// index's condition, unless the query planner stability guarantee is on.
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
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = plan.raw_query().mapped(|row| row.get::<_, String>(3));
        let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
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
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan
            .raw_query()
            .mapped(|row| row.get::<_, String>(3))
            .collect::<Result<_, _>>()
            .unwrap();
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
        for step in steps {
            let whole_table =
                step.starts_with("SCAN") && !step.contains("USING") && step != "SCAN CONSTANT ROW";
            assert!(!whole_table, "{step}\n{sql}");
            // A statement that stops after a few rows must not read and sort all of them first.
            let stops = sql.contains("LIMIT") || sql.contains("last_given_at");
            let sorted = stops && step.contains("USE TEMP B-TREE");
            assert!(!sorted, "{step}\n{sql}");
        }
    }
    assert_eq!(centres, 1);
}
