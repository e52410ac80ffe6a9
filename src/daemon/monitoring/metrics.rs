//! The metrics. Labels are bounded: ports, services, countries, words of ours; never a number, a
//! key or a text.

use crate::domain::Amount;
use crate::domain::modem::ModemStatus;
use crate::driver::Step;

use super::page::Kind::{Counter, Gauge, Histogram, Summary};
use super::page::Page;
use super::process::{Disk, Process};
use super::{Monitor, modems};

pub(super) fn page(watch: &Monitor) -> String {
    let mut page = Page::default();
    page.family("simbridge_build_info", Gauge, "Which simbridge this is.")
        .put(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    modem_states(&mut page, watch);
    modem_counts(&mut page, watch);
    sims_and_stock(&mut page, watch);
    super::banks::metrics(&mut page, &watch.gateway.banks().reports());
    orders(&mut page, watch);
    money(&mut page, watch);
    store(&mut page, watch);
    let lost = super::super::logging::lost();
    page.one(
        "simbridge_log_lines_lost_total",
        Counter,
        "Log lines that nobody took in time.",
        lost,
    );
    process(&mut page, watch);
    page.0
}

/// A modem's port, whether it works, and the like: a family each, a sample a modem.
type State = (&'static str, &'static str, fn(&ModemStatus) -> Option<f64>);

const STATES: &[State] = &[
    ("simbridge_modem_ready", "Whether the modem works.", |modem| Some(flag(modem.ready))),
    ("simbridge_modem_registered", "Whether the network knows the modem.", |modem| {
        Some(flag(modem.registered))
    }),
    ("simbridge_modem_signal_dbm", "Signal strength in dBm.", |modem| {
        modem.signal_dbm.map(f64::from)
    }),
];

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

fn modem_states(page: &mut Page, watch: &Monitor) {
    let (modems, now) = (watch.modem_statuses(), watch.gateway.now());
    let mut family = page.family("simbridge_modem_info", Gauge, "What is at a port.");
    for modem in &modems {
        let [imei, manufacturer, model, operator] =
            [&modem.imei, &modem.manufacturer, &modem.model, &modem.operator]
                .map(|text| text.as_deref().unwrap_or(""));
        let labels = [
            ("port", modem.port.as_str()),
            ("imei", imei),
            ("manufacturer", manufacturer),
            ("model", model),
            ("operator", operator),
        ];
        family.put(&labels, 1);
    }
    let mut family = page.family(
        "simbridge_modem_state",
        Gauge,
        "The state that the modem is in: 1 with its word.",
    );
    modems
        .iter()
        .for_each(|modem| family.put(&[("port", &modem.port), ("state", &modem.state)], 1));
    for (name, help, value) in STATES {
        let mut family = page.family(name, Gauge, help);
        for modem in &modems {
            value(modem).into_iter().for_each(|value| family.put(&[("port", &modem.port)], value));
        }
    }
    let mut family = page.family(
        "simbridge_modem_silence_seconds",
        Gauge,
        "Time since the modem last reported itself.",
    );
    modems.iter().for_each(|modem| {
        family.put(&[("port", &modem.port)], now.since(modem.seen_at).as_secs_f64())
    });
    for (name, help, of_total) in [
        ("simbridge_modem_store_used", "Messages in a message store.", false),
        ("simbridge_modem_store_size", "Messages that fit in a message store.", true),
    ] {
        let mut family = page.family(name, Gauge, help);
        for (modem, (store, used, total)) in
            modems.iter().flat_map(|modem| modem.stores.iter().map(move |fill| (modem, fill)))
        {
            family.put(
                &[("port", &modem.port), ("store", store)],
                if of_total { total } else { used },
            );
        }
    }
}

type Count = (&'static str, &'static str, fn(&modems::OfPort) -> u64);

const COUNTS: &[Count] = &[
    ("simbridge_modem_messages_total", "Messages that came whole.", |of| of.messages),
    ("simbridge_modem_parts_total", "Parts of long messages.", |of| of.parts),
    ("simbridge_modem_duplicates_total", "PDUs that were read once more.", |of| of.duplicates),
    ("simbridge_modem_undecodable_total", "PDUs that could not be decoded.", |of| of.undecodable),
    ("simbridge_modem_refused_total", "Tries to put a message on disk that failed.", |of| {
        of.refused
    }),
    ("simbridge_modem_commands_unanswered_total", "Commands without an answer in time.", |of| {
        of.unanswered
    }),
];

fn modem_counts(page: &mut Page, watch: &Monitor) {
    let ports = watch.modems.all();
    for (name, help, value) in COUNTS {
        let mut family = page.family(name, Counter, help);
        ports.iter().for_each(|(port, of)| family.put(&[("port", port)], value(of)));
    }
    let mut family = page.family(
        "simbridge_modem_command_seconds",
        Summary,
        "How long the modem's answers took.",
    );
    ports.iter().for_each(|(port, of)| {
        family.put_sum(&[("port", port)], of.answer_time.as_secs_f64(), of.answered)
    });
    let mut family =
        page.family("simbridge_modem_recoveries_total", Counter, "Steps of the recovery ladder.");
    for (port, of) in &ports {
        for (step, count) in Step::ALL.into_iter().zip(of.recoveries) {
            family.put(&[("port", port), ("step", step.name())], count);
        }
    }
}

fn sims_and_stock(page: &mut Page, watch: &Monitor) {
    let (counted, now) = (watch.counted.last(), watch.gateway.now());
    let mut family = page.family("simbridge_sims", Gauge, "SIMs by country and state.");
    for ((country, state), count) in &counted.census.sims {
        family.put(&[("country", country.as_deref().unwrap_or("")), ("state", state)], count);
    }
    let deaf = counted.census.deaf.len();
    page.one(
        "simbridge_sims_deaf",
        Gauge,
        "SIMs on which several orders in a row expired without any SMS.",
        deaf,
    );
    let mut family = page.family("simbridge_stock", Gauge, "Numbers that could be given out.");
    for (service, stock) in counted.stock_by_name() {
        stock.iter().for_each(|(country, count)| {
            family.put(&[("service", service), ("country", country)], count)
        });
    }
    let age =
        |at: Option<crate::domain::Timestamp>| now.since(at.unwrap_or(watch.started)).as_secs_f64();
    page.one(
        "simbridge_census_age_seconds",
        Gauge,
        "Since SIMs and money were counted.",
        age(counted.at),
    );
    page.one(
        "simbridge_stock_age_seconds",
        Gauge,
        "Since the count of the stock began.",
        age(counted.stock_at),
    );
}

fn orders(page: &mut Page, watch: &Monitor) {
    let counted = watch.counted.last();
    let all: Vec<_> = counted
        .services
        .iter()
        .map(|service| (service.name.as_str(), watch.gateway.tally().ends(service.id)))
        .collect();
    let mut family =
        page.family("simbridge_orders_ended_total", Counter, "Orders by how they ended.");
    for (service, ends) in &all {
        ends.by_word
            .iter()
            .for_each(|(word, count)| family.put(&[("service", service), ("end", word)], count));
    }
    let mut family =
        page.family("simbridge_order_code_seconds", Histogram, "From an order to its code.");
    for (service, ends) in all.iter().filter(|(_, ends)| ends.seconds.count > 0) {
        family.put_distribution(&[("service", service)], &ends.seconds, 1.0);
    }
    page.one("simbridge_orders_open", Gauge, "Open orders.", counted.census.open_orders);
    page.one("simbridge_rentals_active", Gauge, "Active rentals.", counted.census.active_rentals);
    let last = watch.gateway.last_message_at().map_or(0, |at| at.0 / 1_000_000);
    page.one(
        "simbridge_last_message_timestamp_seconds",
        Gauge,
        "When the newest SMS came; 0: never.",
        last,
    );
    let mut family = page.family(
        "simbridge_requests_total",
        Counter,
        "Customers' requests by what was answered.",
    );
    for (endpoint, outcome, count) in watch.requests.counts() {
        family.put(&[("endpoint", endpoint), ("outcome", outcome)], count);
    }
    page.one(
        "simbridge_polls_waiting",
        Gauge,
        "Customers who wait for an SMS.",
        watch.gateway.polls(),
    );
}

fn money(page: &mut Page, watch: &Monitor) {
    let counted = watch.counted.last();
    let currency = watch.gateway.settings().currency.clone();
    let in_currency = ("currency", currency.as_str());
    let labels = [in_currency];
    page.one("simbridge_accounts", Gauge, "Accounts.", counted.census.accounts);
    page.family("simbridge_accounts_balance", Gauge, "All balances together.")
        .put(&labels, counted.census.balance);
    page.family("simbridge_accounts_held", Gauge, "All holds together.")
        .put(&labels, counted.census.held);
    let kinds = || counted.ledger.kinds.values();
    let mut family =
        page.family("simbridge_ledger_entries_total", Counter, "Entries of the ledger.");
    kinds().for_each(|sums| family.put(&[("kind", &sums.kind)], sums.entries));
    let mut family = page.family(
        "simbridge_ledger_balance",
        Gauge,
        "What the ledger's entries add to balances.",
    );
    kinds().for_each(|sums| {
        family.put(&[("kind", &sums.kind), in_currency], Amount(sums.balance_minor))
    });
    let mut family =
        page.family("simbridge_ledger_held", Gauge, "What the ledger's entries add to holds.");
    kinds()
        .for_each(|sums| family.put(&[("kind", &sums.kind), in_currency], Amount(sums.held_minor)));
}

fn store(page: &mut Page, watch: &Monitor) {
    let (store, stats) = (&watch.store, watch.store.stats());
    page.one(
        "simbridge_store_waiting",
        Gauge,
        "Operations that wait for the database's writer.",
        store.waiting(),
    );
    page.family("simbridge_store_commit_seconds", Histogram, "How long commits took.")
        .put_distribution(&[], &stats.commit_us.distribution(), 1e6);
    page.family("simbridge_store_commit_operations", Histogram, "Operations that shared a commit.")
        .put_distribution(&[], &stats.operations.distribution(), 1.0);
    page.one(
        "simbridge_store_commits_failed_total",
        Counter,
        "Commits that failed.",
        stats.failed(),
    );
    let failing = u8::from(stats.is_failing());
    page.one("simbridge_store_failing", Gauge, "Whether the last commit failed.", failing);
    let mut wal = store.path().as_os_str().to_owned();
    wal.push("-wal");
    let mut family =
        page.family("simbridge_database_bytes", Gauge, "Size of the database's files.");
    for (file, path) in [("database", store.path()), ("wal", wal.as_ref())] {
        let size = std::fs::metadata(path).map_or(0, |file| file.len());
        family.put(&[("file", file)], size);
    }
    if let Some(disk) = Disk::of(store.path()) {
        page.one(
            "simbridge_disk_free_bytes",
            Gauge,
            "Left on the database's disk.",
            disk.free_bytes,
        );
        page.one(
            "simbridge_disk_size_bytes",
            Gauge,
            "Size of the database's disk.",
            disk.size_bytes,
        );
    }
}

fn process(page: &mut Page, watch: &Monitor) {
    let process = Process::now();
    page.one("process_cpu_seconds_total", Counter, "Processor time.", process.cpu_seconds);
    let started = watch.started.0 as f64 / 1e6;
    page.one("process_start_time_seconds", Gauge, "When it was started.", started);
    let values = [
        ("process_resident_memory_bytes", "Memory.", process.memory_bytes),
        (
            "process_open_fds",
            "Open files.",
            process.open_files.and_then(|files| u64::try_from(files).ok()),
        ),
        ("process_max_fds", "Files that may be open.", process.most_files),
        ("process_threads", "Threads.", process.threads),
    ];
    for (name, help, value) in values {
        value.into_iter().for_each(|value| page.one(name, Gauge, help, value));
    }
}
