//! The daemon itself in the metrics: its database, its log, the clocks and the process.

use super::super::alarms::clock_doubt;
use super::super::process::Process;
use super::page::Kind::{Counter, Gauge, Histogram};
use super::page::Page;
use super::{Monitor, flag};
use crate::daemon::logging;
use crate::domain::Timestamp;

pub(super) fn write_store(page: &mut Page, monitor: &Monitor) {
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
    let sizes = [("database", monitor.database_bytes()), ("wal", monitor.log_bytes())];
    let mut family =
        page.family("simbridge_database_bytes", Gauge, "Size of the database's files.");
    for (file, bytes) in sizes.into_iter().filter_map(|(file, bytes)| Some((file, bytes?))) {
        family.put(&[("file", file)], bytes);
    }
    if let Some(disk) = monitor.disk() {
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

/// Whether this daemon leads those that use its database, and whether another one did before.
pub(super) fn write_lead(page: &mut Page, leads: bool, is_taken_over: bool) {
    page.single(
        "simbridge_leads",
        Gauge,
        "Whether this daemon uses its database; if not, it stands by for the one that does.",
        flag(leads),
    );
    page.single(
        "simbridge_lead_changed",
        Gauge,
        "Whether this daemon has taken the lead over from another one within the last hour.",
        flag(is_taken_over),
    );
}

pub(super) fn write_log(page: &mut Page) {
    page.single(
        "simbridge_log_lines_lost_total",
        Counter,
        "Log lines that were dropped because they were not read in time.",
        logging::lost(),
    );
}

pub(super) fn write_clocks(page: &mut Page, monitor: &Monitor) {
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

pub(super) fn write_process(page: &mut Page, started: Timestamp) {
    let process = Process::now();
    page.single("process_cpu_seconds_total", Counter, "Processor time used.", process.cpu_seconds);
    let started = started.0 as f64 / 1e6;
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
