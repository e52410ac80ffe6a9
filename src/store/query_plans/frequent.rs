//! Calls of every function of the store that is used frequently, a function for each subject.

use rusqlite::Connection;

use crate::domain::allocation::SharingPolicy;
use crate::domain::bank::{SlotContents, SlotRecord, SwitchOutcome, SwitchRecord};
use crate::domain::event::{EventKind, EventSubject};
use crate::domain::key::{KeyMode, KeyRefusal};
use crate::domain::login::{LoginKind, LoginName, Side};
use crate::domain::market_names::FivesimName;
use crate::domain::sample::{SampleSpan, SampleTopic};
use crate::domain::search::Needle;
use crate::domain::webhook::delivery::Progress;
use crate::domain::webhook::{DeliveryState, Secret, Subscription};
use crate::domain::{
    AccountId, AssemblyId, EndpointId, EventId, Iccid, LoginId, MessageId, ModemId, Msisdn,
    OrderId, OrderOutcome, PortName, RentalId, ServiceId, SessionId, SimId, Timestamp,
};
use crate::store::{
    Asked, BankPosition, Horizon, KeptAnswer, ListFilter, NewAssembly, NewSession, NotedEvent,
    Page, PaymentPart, ReadTx, RentalQuery, SearchScope, StockQuery, TenantFilter, Trace, WriteTx,
};

const TOPIC: SampleTopic = SampleTopic::Orders;
const SPAN: SampleSpan = SampleSpan::Hour;

/// The parameters of the calls, all made from one number.
struct Values {
    n: i64,
    now: Timestamp,
    account: AccountId,
    order: OrderId,
    rental: RentalId,
    sim: SimId,
    service: ServiceId,
    message: MessageId,
    name: String,
    iccid: Iccid,
    modem: ModemId,
    number: Msisdn,
    digest: [u8; 32],
}

impl Values {
    fn from_number(n: i64) -> Values {
        let name = n.to_string();
        Values {
            n,
            now: Timestamp(n),
            account: AccountId(n),
            order: OrderId(n),
            rental: RentalId(n),
            sim: SimId(n),
            service: ServiceId(n),
            message: MessageId(n),
            iccid: Iccid::from_stored(name.as_str()),
            modem: ModemId::from_stored(name.as_str()),
            number: Msisdn::from_stored(name.as_str()),
            digest: [u8::try_from(n).unwrap(); 32],
            name,
        }
    }

    /// A filter that has everything by which a list can be filtered.
    fn filter(&self) -> ListFilter {
        let Values { n, now, account, order, sim, service, name, number, .. } = self;
        ListFilter {
            account: Some(*account),
            service: Some(*service),
            numbers: Some(vec![number.clone()]),
            sim: Some(*sim),
            order: Some(*order),
            country: Some(name.clone()),
            bank: Some(name.clone()),
            state: Some("open".to_owned()),
            outcome: Some(OrderOutcome::Code),
            client_ref: Some(name.clone()),
            user: Some(name.clone()),
            action: Some(name.clone()),
            from: Some(*now),
            to: Some(*now),
            page: if n % 2 == 0 { Page::After(*n) } else { Page::Before(*n) },
            limit: 10.into(),
        }
    }
}

/// Calls every function that is used frequently, with parameters made from `n`.
pub(super) fn run_frequent_functions(conn: &Connection, n: i64) {
    let values = Values::from_number(n);
    let reads = [
        read_accounts,
        read_keys_and_logins,
        read_lists,
        read_orders,
        read_rentals,
        read_messages,
        read_parts,
        read_events,
        read_webhooks,
        read_sandbox,
        read_sims,
        read_numbers,
        read_deadlines,
        search_stock,
    ];
    reads.into_iter().for_each(|read| read(&ReadTx::on(conn), &values));
    let tx = WriteTx::on(conn);
    // The account comes first, and what others refer to.
    tx.add_account(&values.name, values.now).unwrap();
    let writes =
        [write_events, write_messages, write_numbers, write_purges, write_logins, write_sims];
    writes.into_iter().for_each(|write| write(&tx, &values));
}

fn read_accounts(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, account, order, rental, service, ref name, .. } = values;
    rows.account(account).unwrap();
    rows.accounts_beginning_with(name, 10).unwrap();
    rows.accounts_page(Some(n == 1), Some(name), Some(account), 1).unwrap();
    rows.account_prices(account).unwrap();
    rows.account_prices_for(account, service).unwrap();
    rows.portal_choices(account).unwrap();
    rows.skips(account).unwrap();
    rows.skips_by_time(account).unwrap();
    rows.skips_for(account, service).unwrap();
    rows.ledger_sums_after(account, n).unwrap();
    rows.ledger_of_order(order).unwrap();
    rows.ledger_of_rental(rental).unwrap();
    rows.refund_of(order).unwrap();
    rows.last_term_price(rental).unwrap();
    rows.visit_entries_since(account, now, |_, _, _| true).unwrap();
    rows.kept_answer(account, name).unwrap();
    rows.service(service).unwrap();
    rows.newest_order_of(account).unwrap();
    rows.newest_completed_order(account, service, &values.number).unwrap();
    rows.payment_count(account).unwrap();
    let part = PaymentPart { offset: 0, limit: 10, newest_first: true };
    rows.payments(account, part).unwrap();
    rows.service_with_fivesim_name(&FivesimName::from_stored("whatsapp")).unwrap();
    rows.service_name(service).unwrap();
    rows.samples(TOPIC, SPAN, now, now).unwrap();
    rows.newest_sample_at(TOPIC, SPAN).unwrap();
}

fn read_keys_and_logins(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, account, order, rental, ref name, ref digest, .. } = values;
    let login = LoginId(n);
    rows.holder_of_key(&[0; 32]).unwrap();
    rows.keys_beginning_with(name, 10).unwrap();
    rows.key_day(account, name).unwrap();
    rows.keys_of(account).unwrap();
    rows.unrevoked_keys_of(account, name).unwrap();
    rows.client_address(Asked::Order(order)).unwrap();
    rows.client_address(Asked::Rental(rental)).unwrap();
    rows.client_address(Asked::Audit(n)).unwrap();
    rows.login(login).unwrap();
    rows.logins_of(account).unwrap();
    rows.login_named(Side::Console, name).unwrap();
    rows.login_named(Side::Portal, name).unwrap();
    rows.login_of_invite(digest, now).unwrap();
    rows.session_by_digest(digest).unwrap();
    rows.session(SessionId(n)).unwrap();
    rows.sessions(login).unwrap();
}

fn read_lists(rows: &ReadTx<'_>, values: &Values) {
    let filter = values.filter();
    rows.orders(&filter).unwrap();
    rows.orders_step(&filter).unwrap();
    rows.rentals(&filter).unwrap();
    rows.rentals_step(&filter).unwrap();
    rows.list_messages(&filter, false).unwrap();
    rows.messages_step(&filter, false).unwrap();
    let needle = Needle::new(&values.name).unwrap();
    rows.search_messages(&filter, false, &needle, || false).unwrap();
    rows.search_messages(&ListFilter::newest(1.into()), true, &needle, || false).unwrap();
    let of_account = ListFilter { numbers: None, ..filter };
    rows.ledger(&of_account).unwrap();
    rows.audit(&of_account).unwrap();
    rows.audit_step(&of_account).unwrap();
    rows.bank_switches(&of_account).unwrap();
}

fn read_orders(rows: &ReadTx<'_>, values: &Values) {
    let &Values { now, account, order, sim, .. } = values;
    rows.order(order).unwrap();
    rows.open_orders(account, now).unwrap();
    rows.open_orders_on(sim).unwrap();
    rows.sims_with_open_orders().unwrap();
    rows.all_open_orders().unwrap();
    rows.active_orders(now).unwrap();
    rows.active_orders_on(sim, now).unwrap();
    rows.running_orders(sim, now).unwrap();
    rows.orders_waiting_for_sim(now).unwrap();
    rows.active_orders_of(account, now).unwrap();
    rows.sims_canceled_by(account, values.service, now).unwrap();
    rows.newest_message_of_order(order).unwrap();
    rows.service_with_code("wa").unwrap();
    rows.withheld_from_order(order).unwrap();
}

fn read_rentals(rows: &ReadTx<'_>, values: &Values) {
    let &Values { now, account, rental, sim, ref number, .. } = values;
    rows.rental(rental).unwrap();
    rows.rental_at(sim, now).unwrap();
    rows.was_ever_rented(sim).unwrap();
    rows.has_tenant(sim).unwrap();
    rows.has_rental_starting_after(sim, now).unwrap();
    rows.free_rental_count(account).unwrap();
    rows.running_rentals(account, now, (0, 1)).unwrap();
    rows.was_sent_anything(rental).unwrap();
    rows.moves_of(rental).unwrap();
    rows.moves_from_number(number).unwrap();
    rows.number_before_move(rental, sim).unwrap();
    rows.tenancies().unwrap();
    rows.lasting_outages().unwrap();
    rows.lasting_outage(rental).unwrap();
    rows.outages_of(rental).unwrap();
    rows.withheld_from_rental(rental).unwrap();
    rows.count_withheld_from_rental(rental).unwrap();
}

fn read_messages(rows: &ReadTx<'_>, values: &Values) {
    let &Values { now, order, rental, sim, message, .. } = values;
    rows.message(message).unwrap();
    rows.pdus_of(message).unwrap();
    rows.owner_of_message(message).unwrap();
    rows.texts_between(message, message).unwrap();
    rows.unclaimed(sim, now, now).unwrap();
    rows.shown_text(order).unwrap();
    rows.unseen_of_order(order).unwrap();
    rows.messages_of_order(order).unwrap();
    rows.newest_of_order(order, 1, 1).unwrap();
    rows.newest_code_of_order(order).unwrap();
    rows.messages_of_rental(rental).unwrap();
    rows.messages_of_rental_before(rental, Some(message), 1).unwrap();
    rows.newest_of_rental(rental, 1, 1).unwrap();
    rows.tenant_message_page(rental, (0, 1), 1).unwrap();
    let of_tenant = TenantFilter { before: message, since: now, count: 10, bytes: 10 };
    rows.messages_for_tenant(rental, of_tenant, |_| true).unwrap();
}

fn read_parts(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, sim, ref name, ref modem, ref digest, .. } = values;
    rows.has_part(sim, digest, Some(now)).unwrap();
    rows.other_digests(sim, Some(now)).unwrap();
    rows.sims_with_part_at(modem, Some(now)).unwrap();
    rows.clock_samples(name, now, 8).unwrap();
    let assembly = AssemblyId(n);
    rows.assembly(assembly).unwrap();
    rows.part_count(assembly).unwrap();
    let like =
        NewAssembly { sim, doubtful: false, sender: name, reference: 1, wide: n == 1, total: 2 };
    rows.assembly_of_part(&like, 1, now, std::time::Duration::from_secs(1)).unwrap();
}

fn read_events(rows: &ReadTx<'_>, values: &Values) {
    let (live, event) = ((values.account, KeyMode::Live), EventId(values.n));
    rows.event(event).unwrap();
    rows.events_after(live, event, 1, 1).unwrap();
    rows.first_event_after(live, event).unwrap();
    rows.newest_event().unwrap();
    rows.oldest_event().unwrap();
}

fn read_webhooks(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, account, .. } = values;
    let (endpoint, event) = (EndpointId(n), EventId(n));
    rows.webhook_endpoints(Some(account)).unwrap();
    rows.webhook_endpoint(endpoint).unwrap();
    rows.active_endpoint(endpoint).unwrap();
    rows.accounts_with_events_after(event).unwrap();
    rows.undelivered_events(endpoint, (account, KeyMode::Live), event, 1).unwrap();
    rows.due_deliveries(endpoint, now, 1).unwrap();
    rows.next_delivery(endpoint, now).unwrap();
    rows.webhook_deliveries(endpoint, Some(event), 1).unwrap();
    rows.untried_events(endpoint, Some(event), 1).unwrap();
    rows.delivery_of(endpoint, event).unwrap();
    rows.waiting_test(endpoint).unwrap();
}

fn read_sandbox(rows: &ReadTx<'_>, values: &Values) {
    let &Values { now, account, order, rental, .. } = values;
    rows.test_order(order).unwrap();
    rows.test_orders(account).unwrap();
    rows.last_test_order_id().unwrap();
    rows.test_rental(rental).unwrap();
    rows.test_rental_of(account).unwrap();
    rows.test_rental_count(account, now).unwrap();
}

fn read_sims(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, sim, ref name, ref iccid, ref modem, .. } = values;
    rows.sims_beginning_with(name, 10).unwrap();
    rows.sim_by_iccid(iccid).unwrap();
    rows.iccid(sim).unwrap();
    rows.imsi(sim).unwrap();
    rows.last_seen_at(sim).unwrap();
    rows.last_sim_in(modem).unwrap();
    rows.sim_locations(sim, n).unwrap();
    rows.bank_slots(name).unwrap();
    rows.slot_of_sim(name, iccid).unwrap();
    rows.sim_claims(iccid, now).unwrap();
}

fn read_numbers(rows: &ReadTx<'_>, values: &Values) {
    let &Values { now, account, sim, service, ref number, .. } = values;
    rows.is_known_number(number).unwrap();
    rows.uses(number).unwrap();
    rows.uses_for(number, service, Some(account)).unwrap();
    rows.accounts_done_with(number, service, now, now).unwrap();
    rows.has_skipped(number, service, account).unwrap();
    rows.rests_of(number, Some(account), now).unwrap();
    rows.rests(now).unwrap();
    rows.numberless().unwrap();
    rows.asks(sim).unwrap();
    rows.next_ask(now).unwrap();
    rows.loopback("x").unwrap();
}

/// What the task for due work asks for.
fn read_deadlines(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, sim, .. } = values;
    let horizon = Horizon { orders: now, rentals: now };
    rows.due(horizon, usize::try_from(n).unwrap()).unwrap();
    rows.due_orders_of(sim, now).unwrap();
    rows.next_to_file().unwrap();
    rows.due_texts(now, n).unwrap();
    rows.due_raw(now, n).unwrap();
    rows.next_text_settled().unwrap();
    rows.next_raw_settled().unwrap();
    rows.due_uncharged(now, n).unwrap();
    rows.next_uncharged().unwrap();
    rows.next_audit().unwrap();
    rows.next_address().unwrap();
    rows.next_kept_answer().unwrap();
    rows.next_session_end().unwrap();
    rows.next_session_address().unwrap();
    rows.next_invite_end().unwrap();
}

fn search_stock(rows: &ReadTx<'_>, values: &Values) {
    let &Values { n, now, account, sim, service, ref name, .. } = values;
    rows.sellable_sims(name, now).unwrap();
    let scopes = [SearchScope::All, SearchScope::Sim(sim)];
    for scope in scopes {
        let query = RentalQuery {
            country: name,
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
        let query = StockQuery {
            country: name,
            service,
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
}

fn write_events(tx: &WriteTx<'_>, values: &Values) {
    let &Values { n, now, account, rental, message, .. } = values;
    let (kind, subject) = (EventKind::BalanceLow, EventSubject::Account);
    let event = tx.add_event(&NotedEvent::new(account, kind, subject, now), "{}").unwrap();
    tx.purge_events_with(message).unwrap();
    let (url, all) = ("https://a.example".parse().unwrap(), Subscription::all());
    let (live, secret) = ((account, KeyMode::Live), Secret::from_entropy([0; 32]));
    let endpoint = tx.add_webhook_endpoint(live, &url, &all, &secret, now).unwrap();
    tx.save_delivery(endpoint, event, DeliveryState::Taken, &Progress::default()).unwrap();
    tx.hold_delivery(endpoint, event, now).unwrap();
    tx.release_delivery_after(endpoint, event, now).unwrap();
    tx.advance_webhook_position(endpoint, event).unwrap();
    tx.delete_webhook_endpoint(endpoint, now).unwrap();
    tx.purge_deleted_endpoints(1).unwrap();
    tx.purge_events(now, n).unwrap();
    tx.purge_events_of(account, 1).unwrap();
    tx.plan_notice(rental, Some(now)).unwrap();
}

fn write_messages(tx: &WriteTx<'_>, values: &Values) {
    let &Values { n, now, order, rental, service, message, .. } = values;
    tx.blank_text(message).unwrap();
    tx.blank_raw(message).unwrap();
    tx.settle_rental_messages(rental, now).unwrap();
    tx.set_service_of(message, None, Some(service)).unwrap();
    tx.mark_seen(message, now).unwrap();
    tx.file_orders(now, n).unwrap();
    tx.note_given_up(order, now, now).unwrap();
}

fn write_numbers(tx: &WriteTx<'_>, values: &Values) {
    let &Values { n, now, account, service, ref name, ref number, .. } = values;
    tx.mark(number, service, n % 2 == 0, now).unwrap();
    let trace = Trace {
        number: number.clone(),
        service,
        account,
        rented: false,
        sender: name.clone(),
        first_at: now,
        last_at: now,
    };
    tx.note_trace(&trace).unwrap();
}

fn write_purges(tx: &WriteTx<'_>, values: &Values) {
    let &Values { n, now, account, order, ref name, .. } = values;
    tx.purge_samples(TOPIC, SPAN, now).unwrap();
    tx.purge_uncharged(order).unwrap();
    tx.purge_audit(now, n).unwrap();
    tx.purge_addresses(now, n).unwrap();
    let answer = KeptAnswer { fingerprint: [0; 32], answer: name.clone(), at: now };
    tx.keep_answer(account, name, &answer).unwrap();
    tx.purge_kept_answers(now, n).unwrap();
}

fn write_logins(tx: &WriteTx<'_>, values: &Values) {
    let &Values { n, now, account, ref name, digest, .. } = values;
    let login_name = LoginName::from_stored(format!("a{n}"));
    let login = tx.add_login(&login_name, LoginKind::Customer(account), now).unwrap();
    tx.save_login(&tx.login(login).unwrap().unwrap()).unwrap();
    tx.set_invite(login, &digest, now, now).unwrap();
    tx.remove_invite(login).unwrap();
    let session = NewSession {
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
    tx.save_key_uses(&[([0; 32], now)].into()).unwrap();
    tx.save_key_refusals(&[([0; 32], (now, KeyRefusal::Closed))].into()).unwrap();
}

fn write_sims(tx: &WriteTx<'_>, values: &Values) {
    let &Values { now, ref name, ref iccid, ref modem, .. } = values;
    let contents = SlotContents::Sim(iccid.clone());
    tx.save_slot(name, &SlotRecord { slot: 1, contents, visited_at: Some(now) }).unwrap();
    let sim = tx.ensure_sim(iccid, now).unwrap().id;
    tx.record_location(sim, modem, None, now, now).unwrap();
    tx.end_location(sim, now).unwrap();
    tx.set_bank_position(sim, &BankPosition { bank: name.clone(), slot: Some(1) }).unwrap();
    let record = SwitchRecord {
        bank: name.clone(),
        port: PortName::from_stored(name.as_str()),
        slot: 1,
        left: Some(iccid.clone()),
        began_at: now,
        ended_at: now,
        found: None,
        outcome: SwitchOutcome::Done,
    };
    tx.add_switch(&record, now).unwrap();
}
