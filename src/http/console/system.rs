//! The daemon as a program: what it uses, whether it is ready, the check of its database, and a
//! copy of that.

use axum::body::Body;
use maud::{Markup, html};
use tokio_util::io::ReaderStream;

use super::Operator;
use crate::domain::latency::milliseconds;
use crate::domain::login::Permission::{Act, Backup, Configure, Look};
use crate::gateway::{CHECKS, SiteState, SiteStatus, Topic, VerificationReport, VerificationState};
use crate::http::health::SystemReport;
use crate::http::web::{
    Access::May, Done, Download, Fault, Form, Page, Route, Row, Table, Tone, Visit, ago, badge,
    bar, facts, link, moment, span,
};

/// How many octets of a copy are read at once.
const CHUNK: usize = 256 * 1024;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/system", May(Look), show).live_on(&[Topic::System]),
        Route::post("/system/verify", May(Act), "/system", verify),
        Route::post("/system/verify/stop", May(Act), "/system", stop_verifying),
        Route::file("/system/backup.db", May(Backup), backup).with_proof(),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let report = visit.health().system();
    let unready = visit.health().readiness_faults().await;
    let verification = visit.gateway().verification().report();
    let page = Page::new("System")
        .half_part("daemon", daemon(&visit, &unready))
        .half_part("process", process(&report))
        .half_part("database", database(&report))
        .half_part("verify", verification_part(&visit, verification.as_ref()))
        .part("sites", sites_part(&visit))
        .part("backup", backup_part(&visit, &report))
        .part("configuration", configuration_part(&visit))
        .help(html! {
            "In the shell of the machine: editing the configuration file and PIN files, "
            code { "simbridge restore" } ", installing and upgrading, the unit and the proxy. "
            code { "simbridge verify FILE" } " checks a backup."
        });
    Ok(page)
}

fn daemon(visit: &Visit<Operator>, unready: &[String]) -> Markup {
    let started_at = visit.health().started_at();
    let ready = html! {
        @if unready.is_empty() { (badge(Tone::Good, "ready")) } @else {
            (badge(Tone::Fair, "not ready"))
            ul { @for fault in unready { li { (fault) } } }
        }
    };
    html! {
        h2 { "Daemon" }
        (facts(&[
            ("Version", html! { (env!("CARGO_PKG_VERSION")) }),
            ("Started", moment(started_at)),
            ("Runs for", ago(visit.now(), started_at)),
            ("State", ready),
        ]))
    }
}

fn process(report: &SystemReport) -> Markup {
    let process = &report.process;
    let figure = |figure: Option<u64>| figure.map_or_else(|| "–".to_owned(), |it| it.to_string());
    let files = process.open_files.and_then(|files| u64::try_from(files).ok());
    let memory = process.memory_bytes.map_or_else(|| "–".to_owned(), size);
    let seconds = std::time::Duration::from_secs_f64(process.cpu_seconds.max(0.0));
    html! {
        h2 { "Process" }
        (facts(&[
            ("Memory", html! { (memory) }),
            ("Processor time", html! { (span(seconds)) }),
            ("Open files", html! { (figure(files)) " of " (figure(process.max_files)) }),
            ("Threads", html! { (figure(process.threads)) }),
        ]))
    }
}

fn database(report: &SystemReport) -> Markup {
    let database = &report.database;
    let disk = report.disk.as_ref().map(|disk| {
        let used = disk.size_bytes.saturating_sub(disk.free_bytes);
        let words = format!("{} of {} are free", size(disk.free_bytes), size(disk.size_bytes));
        html! {
            (bar(used, disk.size_bytes, &words))
            @if disk.is_low { " " (badge(Tone::Bad, "low")) }
        }
    });
    let state = match &database.fault {
        None => badge(Tone::Good, "can be written"),
        Some(fault) => html! { (badge(Tone::Bad, "cannot be written")) " " (fault) },
    };
    let lead = database.lead.as_ref().map(|lead| html! { (lead.name) ", term " (lead.epoch) });
    let bytes = html! { (database.bytes.map_or_else(|| "–".to_owned(), size)) };
    let waiting = html! { (database.waiting) " operations" };
    html! {
        h2 { "Database" }
        @match database.log_bytes {
            Some(log_bytes) => (facts(&[
                ("File", html! { code { (database.file) } }),
                ("Size", bytes),
                ("Write-ahead log", html! { (size(log_bytes)) }),
                ("Waits to be written", waiting),
                ("State", state),
                ("Disk", disk.unwrap_or_else(|| html! { "–" })),
            ])),
            None => (facts(&[
                ("On a server", html! { (database.file) }),
                ("Led by", lead.unwrap_or_else(|| html! { "–" })),
                ("Size", bytes),
                ("Waits to be written", waiting),
                ("State", state),
            ])),
        }
    }
}

/// A size in the unit that tells most.
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = UNITS.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name)| format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
    )
}

fn verification_part(visit: &Visit<Operator>, report: Option<&VerificationReport>) -> Markup {
    let (begin, stop) = (visit.form("/system/verify"), visit.form("/system/verify/stop"));
    let is_running = report.is_some_and(|report| report.state == VerificationState::Running);
    html! {
        h2 { "Check of the database" }
        p {
            "It checks the ledger, the sales of numbers and the file itself while everything runs, \
             and takes minutes with millions of messages. It goes on when you leave the page."
        }
        @if let Some(report) = report { (verified(report)) }
        @if visit.may(Act) {
            @if is_running { (stop.inline(stop.quiet_button("Stop"))) }
            @else { (begin.inline(begin.button("Check it"))) }
        }
    }
}

/// How far a check has come, and what it has found.
fn verified(report: &VerificationReport) -> Markup {
    let words = format!("{} of {CHECKS} checks done", report.done);
    html! {
        p { progress max=(CHECKS) value=(report.done) aria-hidden="true" {} " " (words) }
        p {
            @match &report.state {
                VerificationState::Running => { "Begun " (moment(report.began_at)) "." },
                VerificationState::Finished { at } if report.faults.is_empty() => {
                    (badge(Tone::Good, "no faults")) " Finished " (moment(*at)) "."
                },
                VerificationState::Finished { at } => { "Finished " (moment(*at)) "." },
                VerificationState::Stopped { at } => { "Stopped " (moment(*at)) "." },
                VerificationState::Failed { at, reason } => {
                    (badge(Tone::Bad, "failed")) " " (moment(*at)) ": " (reason)
                },
            }
        }
        @if !report.faults.is_empty() {
            (badge(Tone::Bad, "faults"))
            ul { @for fault in &report.faults { li { (fault) } } }
        }
    }
}

/// The sites that connect to this daemon, if there are any.
fn sites_part(visit: &Visit<Operator>) -> Markup {
    let sites = visit.gateway().sites().statuses();
    let table = Table::new("sites", "Sites")
        .column("Site")
        .column("State")
        .column("Since")
        .column("Version")
        .number_column("Ports that work")
        .number_column("Time to an answer")
        .column("Refused last")
        .rows(sites.iter().map(site_row));
    html! { @if !sites.is_empty() { (table) } }
}

fn site_row(site: &SiteStatus) -> Row {
    let tone = match site.state {
        SiteState::Connected { .. } => Tone::Good,
        SiteState::Down { .. } => Tone::Bad,
        SiteState::Never | SiteState::Revoked { .. } => Tone::Quiet,
    };
    let version = site.link.as_ref().map(|link| link.version.as_str());
    let latency = site.latency.map(|latency| format!("{} ms", milliseconds(latency.median)));
    Row::new(
        &site.name,
        [
            html! { (site.name) },
            badge(tone, &site.state.as_str().replace('_', " ")),
            site.state.since().map_or_else(|| html! { "–" }, moment),
            html! { (version.unwrap_or("–")) },
            html! { (site.ready) " of " (site.ports) },
            html! { (latency.as_deref().unwrap_or("–")) },
            match site.refused {
                Some(refused) => html! { (moment(refused.at)) ": " (refused.why) },
                None => html! { "–" },
            },
        ],
    )
}

fn backup_part(visit: &Visit<Operator>, report: &SystemReport) -> Markup {
    html! {
        @if visit.may(Backup) && report.database.log_bytes.is_some() {
            h2 { "Backup" }
            p {
                "A copy of the database as it is at one moment, made while everything runs. It has \
                 texts and the hashes of passwords and keys in it: keep it like those."
            }
            p { a class="button" href="/system/backup.db" { "Download a backup" } }
        }
    }
}

fn configuration_part(visit: &Visit<Operator>) -> Markup {
    html! {
        @if visit.may(Configure) {
            h2 { "Configuration" }
            p {
                (link("/system/configuration", "What is in effect, with file and line"))
                "; check the file, and have it read again."
            }
        }
    }
}

async fn verify(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let line = match visit.gateway().verification().begin() {
        true => "The database is being checked.",
        false => "The database was being checked already.",
    };
    Ok(Done::at("/system", line))
}

async fn stop_verifying(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    visit.gateway().verification().stop();
    Ok(Done::at("/system", "The check was stopped."))
}

async fn backup(visit: Visit<Operator>) -> Result<Download, Fault> {
    let copy = visit.gateway().reports().copy_database(None).await?;
    let copy = tokio::fs::File::from_std(copy);
    let body = Body::from_stream(ReaderStream::with_capacity(copy, CHUNK));
    let day = visit.now().to_string();
    let day = day.split('T').next().unwrap_or_default();
    Ok(Download::new(format!("simbridge-{day}.db"), "application/vnd.sqlite3", body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_tells_most() {
        for (bytes, text) in [
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_560_000, "1.5 MB"),
            (98_765_432_100, "98.7 GB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
