//! The metrics. The values of labels are bounded: ports, services, countries and words of our own,
//! never a phone number, a key or a text.

use crate::domain::modem::{ModemSnapshot, ModemStatus, ModemWarning, RecoveryStep, StoreFill};
use crate::domain::{Amount, Imei, availability};

use super::Monitor;
use super::alarms::clock_doubt;
use super::modems::PortCounts;
use super::page::Kind::{Counter, Gauge, Histogram, Summary};
use super::page::Page;
use super::process::{Disk, Process};

pub(super) fn page(monitor: &Monitor) -> String {
    let mut page = Page::default();
    page.family("simbridge_build_info", Gauge, "The version that is running.")
        .put(&[("version", super::VERSION)], 1);
    modem_states(&mut page, monitor);
    modem_counts(&mut page, monitor);
    sims_and_stock(&mut page, monitor);
    super::banks::metrics(&mut page, &monitor.gateway.banks().reports());
    orders(&mut page, monitor);
    money(&mut page, monitor);
    webhooks(&mut page, monitor);
    sign_ins(&mut page, monitor);
    store(&mut page, monitor);
    let lost = super::super::logging::lost();
    page.single(
        "simbridge_log_lines_lost_total",
        Counter,
        "Log lines that were dropped because they were not read in time.",
        lost,
    );
    clocks(&mut page, monitor);
    process(&mut page, monitor);
    page.0
}

/// A gauge with one sample per modem: its name, its help text, and its value.
type ModemGauge = (&'static str, &'static str, fn(&ModemStatus) -> Option<f64>);

const GAUGES: &[ModemGauge] = &[
    ("simbridge_modem_ready", "Whether the modem works.", |modem| {
        Some(flag(modem.snapshot.is_ready()))
    }),
    ("simbridge_modem_registered", "Whether the modem is registered with a network.", |modem| {
        Some(flag(modem.snapshot.is_registered()))
    }),
    ("simbridge_modem_signal_dbm", "Signal strength in dBm.", |modem| {
        modem.snapshot.signal_dbm.map(f64::from)
    }),
];

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

fn modem_states(page: &mut Page, monitor: &Monitor) {
    let (modems, now) = (monitor.modem_statuses(), monitor.gateway.now());
    let mut family = page.family("simbridge_modem_info", Gauge, "The modem at a port.");
    for modem in &modems {
        let snapshot = &modem.snapshot;
        let (imei, manufacturer, model) = match &snapshot.identity {
            Some(identity) => (
                identity.imei.as_ref().map_or("", Imei::as_str),
                &*identity.manufacturer,
                &*identity.model,
            ),
            None => ("", "", ""),
        };
        let operator = snapshot.operator.as_deref().unwrap_or("");
        let labels = [
            ("port", snapshot.port.as_str()),
            ("imei", imei),
            ("manufacturer", manufacturer),
            ("model", model),
            ("operator", operator),
        ];
        family.put(&labels, 1);
    }
    let mut family =
        page.family("simbridge_modem_state", Gauge, "1 for the state that the modem is in.");
    for modem in &modems {
        let ModemSnapshot { port, state, .. } = &modem.snapshot;
        family.put(&[("port", port.as_str()), ("state", state.as_str())], 1);
    }
    for (name, help, value) in GAUGES {
        let mut family = page.family(name, Gauge, help);
        for modem in &modems {
            let port = modem.snapshot.port.as_str();
            value(modem).into_iter().for_each(|value| family.put(&[("port", port)], value));
        }
    }
    let mut family = page.family(
        "simbridge_modem_silence_seconds",
        Gauge,
        "Time since the modem last reported itself.",
    );
    modems.iter().for_each(|modem| {
        family
            .put(&[("port", modem.snapshot.port.as_str())], now.since(modem.seen_at).as_secs_f64())
    });
    let mut family = page.family(
        "simbridge_modem_warnings",
        Gauge,
        "Warnings about the modem: its voltage, messages that stay in it, stores without room.",
    );
    for ModemSnapshot { port, warnings, .. } in modems.iter().map(|modem| &modem.snapshot) {
        for kind in ModemWarning::KINDS {
            let count = warnings.iter().filter(|warning| warning.as_str() == kind).count();
            family.put(&[("port", port.as_str()), ("kind", kind)], count);
        }
    }
    for (name, help, of_total) in [
        ("simbridge_modem_store_used", "Messages in a message store.", false),
        ("simbridge_modem_store_size", "Messages that fit in a message store.", true),
    ] {
        let mut family = page.family(name, Gauge, help);
        for ModemSnapshot { port, stores, .. } in modems.iter().map(|modem| &modem.snapshot) {
            for StoreFill { store, used, total } in stores.iter() {
                let labels = [("port", port.as_str()), ("store", store.as_str())];
                family.put(&labels, if of_total { total } else { used });
            }
        }
    }
}

/// A counter with one sample per port: its name, its help text, and its value.
type PortCounter = (&'static str, &'static str, fn(&PortCounts) -> u64);

const COUNTERS: &[PortCounter] = &[
    ("simbridge_modem_messages_total", "Complete messages.", |counts| counts.messages),
    ("simbridge_modem_parts_total", "Parts of long messages.", |counts| counts.parts),
    ("simbridge_modem_duplicates_total", "PDUs that were read again.", |counts| counts.duplicates),
    (
        "simbridge_modem_other_messages_total",
        "Messages that are no texts: probes, data for applications, status reports, drafts.",
        |counts| counts.others,
    ),
    ("simbridge_modem_undecodable_total", "PDUs that could not be decoded.", |counts| {
        counts.undecodable
    }),
    ("simbridge_modem_refused_total", "Failed attempts to store a message.", |counts| {
        counts.refused
    }),
    (
        "simbridge_modem_commands_unanswered_total",
        "Commands that were not answered in time.",
        |counts| counts.unanswered,
    ),
];

fn modem_counts(page: &mut Page, monitor: &Monitor) {
    let ports = monitor.modems.all();
    for (name, help, value) in COUNTERS {
        let mut family = page.family(name, Counter, help);
        ports
            .iter()
            .for_each(|(port, counts)| family.put(&[("port", port.as_str())], value(counts)));
    }
    let mut family = page.family(
        "simbridge_modem_command_seconds",
        Summary,
        "Time that the modem took to answer.",
    );
    ports.iter().for_each(|(port, counts)| {
        family.put_sum(
            &[("port", port.as_str())],
            counts.answer_time.as_secs_f64(),
            counts.answered,
        )
    });
    let mut family = page.family("simbridge_modem_recoveries_total", Counter, "Recovery steps.");
    for (port, counts) in &ports {
        for (step, count) in RecoveryStep::ALL.into_iter().zip(counts.recoveries) {
            family.put(&[("port", port.as_str()), ("step", step.as_str())], count);
        }
    }
}

fn sims_and_stock(page: &mut Page, monitor: &Monitor) {
    let (counts, now) = (monitor.counts.last(), monitor.gateway.now());
    let mut family = page.family("simbridge_sims", Gauge, "SIMs by country and state.");
    for ((country, unavailable), count) in &counts.stats.sims {
        let country = country.as_deref().unwrap_or("");
        family.put(&[("country", country), ("state", availability::word(*unavailable))], count);
    }
    let deaf = counts.stats.deaf.len();
    page.single(
        "simbridge_sims_deaf",
        Gauge,
        "SIMs on which several orders in a row expired without any SMS.",
        deaf,
    );
    page.single(
        "simbridge_numbers_contested",
        Gauge,
        "Numbers that several SIMs claim, and of which the operator has not said whose they are.",
        counts.stats.contested.len(),
    );
    let mut family = page.family("simbridge_stock", Gauge, "Numbers that can be given out.");
    for (service, stock) in counts.stock_by_name() {
        stock.iter().for_each(|(country, count)| {
            family.put(&[("service", service), ("country", country)], count)
        });
    }
    let mut family = page.family(
        "simbridge_numbers_used_per_day",
        Gauge,
        "Numbers that orders used up in a day, of the last seven days.",
    );
    for stock in counts.runways() {
        let labels = [("service", stock.service), ("country", stock.country)];
        family.put(&labels, stock.runway.used_per_day);
    }
    let age = |at: Option<crate::domain::Timestamp>| {
        now.since(at.unwrap_or(monitor.started)).as_secs_f64()
    };
    page.single(
        "simbridge_census_age_seconds",
        Gauge,
        "Time since SIMs and money were counted.",
        age(counts.at),
    );
    page.single(
        "simbridge_stock_age_seconds",
        Gauge,
        "Time since the count of the stock began.",
        age(counts.stock_at),
    );
}

fn orders(page: &mut Page, monitor: &Monitor) {
    let counts = monitor.counts.last();
    let all: Vec<_> = counts
        .services
        .iter()
        .map(|service| (service.name.as_str(), monitor.gateway.order_stats().ends(service.id)))
        .collect();
    let mut family =
        page.family("simbridge_orders_ended_total", Counter, "Orders by how they ended.");
    for (service, ends) in &all {
        ends.by_outcome.iter().for_each(|(outcome, count)| {
            family.put(&[("service", service), ("end", outcome.as_str())], count);
        });
    }
    let mut family =
        page.family("simbridge_order_code_seconds", Histogram, "Time from an order to its code.");
    for (service, ends) in all.iter().filter(|(_, ends)| ends.seconds.count > 0) {
        family.put_distribution(&[("service", service)], &ends.seconds, 1.0);
    }
    page.single("simbridge_orders_open", Gauge, "Open orders.", counts.stats.open_orders);
    page.single("simbridge_rentals_active", Gauge, "Active rentals.", counts.stats.active_rentals);
    page.single(
        "simbridge_rentals_off_air",
        Gauge,
        "Rented SIMs that have been off the air, or whose visit has been due, for a minute.",
        monitor.gateway.sims().off_air(&counts.stats.rented).len(),
    );
    let mut family = page.family(
        "simbridge_ids_used_ratio",
        Gauge,
        "Share of the ids that orders and rentals can have which they have had.",
    );
    counts.ids_used().for_each(|(what, used)| family.put(&[("of", what)], used));
    let last = monitor.gateway.inbox().last_message_at().map_or(0, |at| at.0 / 1_000_000);
    page.single(
        "simbridge_last_message_timestamp_seconds",
        Gauge,
        "When the newest SMS was received; 0 if there was none.",
        last,
    );
    let mut family = page.family(
        "simbridge_requests_total",
        Counter,
        "Customers' requests by endpoint and answer.",
    );
    for (endpoint, outcome, count) in monitor.requests.all() {
        family.put(&[("endpoint", &endpoint), ("outcome", outcome)], count);
    }
    page.single(
        "simbridge_polls_waiting",
        Gauge,
        "Requests that wait for an SMS.",
        monitor.gateway.poll_count(),
    );
}

fn money(page: &mut Page, monitor: &Monitor) {
    let counts = monitor.counts.last();
    let currency = monitor.gateway.currency();
    let code = currency.to_string();
    let in_currency = ("currency", code.as_str());
    let labels = [in_currency];
    page.single("simbridge_accounts", Gauge, "Accounts.", counts.stats.accounts);
    page.family("simbridge_accounts_balance", Gauge, "Sum of all balances.")
        .put(&labels, currency.text(counts.stats.balance));
    page.family("simbridge_accounts_held", Gauge, "Sum of all holds.")
        .put(&labels, currency.text(counts.stats.held));
    let kinds = || counts.ledger.kinds.values();
    let mut family =
        page.family("simbridge_ledger_entries_total", Counter, "Entries of the ledger.");
    kinds().for_each(|sums| family.put(&[("kind", sums.kind.as_str())], sums.entries));
    let mut family = page.family(
        "simbridge_ledger_balance",
        Gauge,
        "Sum of what ledger entries change balances by.",
    );
    kinds().for_each(|sums| {
        family.put(
            &[("kind", sums.kind.as_str()), in_currency],
            currency.text(Amount(sums.balance_minor)),
        )
    });
    let mut family =
        page.family("simbridge_ledger_held", Gauge, "Sum of what ledger entries change holds by.");
    kinds().for_each(|sums| {
        family.put(
            &[("kind", sums.kind.as_str()), in_currency],
            currency.text(Amount(sums.held_minor)),
        )
    });
}

fn webhooks(page: &mut Page, monitor: &Monitor) {
    let (counts, now) = (monitor.counts.last(), monitor.gateway.now());
    let endpoints = &counts.stats.endpoints;
    let mut family = page.family(
        "simbridge_webhook_endpoints",
        Gauge,
        "Webhook endpoints: those that are on, those that are on and have failed since their last \
         success, and those that are off.",
    );
    for (state, count) in
        [("on", endpoints.on), ("failing", endpoints.failing), ("off", endpoints.off)]
    {
        family.put(&[("state", state)], count);
    }
    page.single(
        "simbridge_webhook_endpoints_failing_long",
        Gauge,
        "Webhook endpoints that are on and have failed for six hours or more.",
        endpoints.failing_long.len(),
    );
    page.single(
        "simbridge_webhook_oldest_waiting_seconds",
        Gauge,
        "Time since the oldest event that waits to be sent again to an endpoint that is on.",
        endpoints.oldest_waiting.map_or(0.0, |at| now.since(at).as_secs_f64()),
    );
    let mut family = page.family(
        "simbridge_webhook_attempts_total",
        Counter,
        "Attempts to send an event to a webhook endpoint: taken, failed and made again, given up.",
    );
    for (result, count) in monitor.webhooks.by_result() {
        family.put(&[("result", result)], count);
    }
    page.family("simbridge_webhook_attempt_seconds", Histogram, "Duration of these attempts.")
        .put_distribution(&[], &monitor.webhooks.milliseconds(), 1e3);
}

fn sign_ins(page: &mut Page, monitor: &Monitor) {
    let mut family = page.family(
        "simbridge_sign_ins_total",
        Counter,
        "Attempts to sign in by side: right, wrong, and not looked at because there were too many \
         wrong ones or too many at that moment.",
    );
    for (side, result, count) in monitor.gateway.people().attempt_counts() {
        family.put(&[("side", side.as_str()), ("result", result.as_str())], count);
    }
}

fn store(page: &mut Page, monitor: &Monitor) {
    let (store, stats) = (&monitor.store, monitor.store.stats());
    page.single(
        "simbridge_store_waiting",
        Gauge,
        "Operations that wait for the database's writer.",
        store.waiting(),
    );
    page.family("simbridge_store_commit_seconds", Histogram, "Duration of commits.")
        .put_distribution(&[], &stats.commit_us.distribution(), 1e6);
    page.family("simbridge_store_commit_operations", Histogram, "Operations per commit.")
        .put_distribution(&[], &stats.operations.distribution(), 1.0);
    page.single(
        "simbridge_store_commits_failed_total",
        Counter,
        "Commits that failed.",
        stats.failed(),
    );
    let failing = u8::from(monitor.database_fault().is_some());
    page.single(
        "simbridge_store_failing",
        Gauge,
        "Whether the last commit failed, or a file of the database is not where it was.",
        failing,
    );
    let mut family =
        page.family("simbridge_database_bytes", Gauge, "Size of the database's files.");
    family.put(&[("file", "database")], monitor.database_bytes());
    family.put(&[("file", "wal")], store.log_bytes());
    if let Some(disk) = Disk::of_file(store.path()) {
        page.single(
            "simbridge_disk_free_bytes",
            Gauge,
            "Free space on the database's disk.",
            disk.free_bytes,
        );
        page.single(
            "simbridge_disk_size_bytes",
            Gauge,
            "Size of the database's disk.",
            disk.size_bytes,
        );
    }
}

fn clocks(page: &mut Page, monitor: &Monitor) {
    let (gateway, behind) = (&monitor.gateway, monitor.counts.last().stats.rentals_behind);
    let doubt = clock_doubt(gateway.clock_trust(), gateway.now());
    page.single(
        "simbridge_clock_doubted",
        Gauge,
        "Whether this machine's clock is doubted.",
        flag(doubt.is_some()),
    );
    page.single(
        "simbridge_rentals_behind",
        Gauge,
        "Rentals that were renewed and are over even so.",
        behind,
    );
    page.single(
        "simbridge_network_clocks_wrong",
        Gauge,
        "Service centres whose time stamps contradict each other.",
        gateway.contradicted_network_clocks().len(),
    );
}

fn process(page: &mut Page, monitor: &Monitor) {
    let process = Process::now();
    page.single("process_cpu_seconds_total", Counter, "Processor time used.", process.cpu_seconds);
    let started = monitor.started.0 as f64 / 1e6;
    page.single(
        "process_start_time_seconds",
        Gauge,
        "Time of the start, in seconds since 1970.",
        started,
    );
    let values = [
        ("process_resident_memory_bytes", "Resident memory.", process.memory_bytes),
        (
            "process_open_fds",
            "Open file descriptors.",
            process.open_files.and_then(|files| u64::try_from(files).ok()),
        ),
        ("process_max_fds", "Limit of open file descriptors.", process.max_files),
        ("process_threads", "Threads.", process.threads),
    ];
    for (name, help, value) in values {
        value.into_iter().for_each(|value| page.single(name, Gauge, help, value));
    }
}
