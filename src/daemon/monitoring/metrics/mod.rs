//! The metrics, a file for each subject. The values of labels are bounded: ports, services,
//! countries and words of our own, never a phone number, a key or a text.

mod banks;
mod daemon;
mod modems;
mod page;
mod requests;
mod sales;
mod sites;

use super::{ModemCounters, Monitor};
use crate::domain::Timestamp;
use crate::domain::bank::BankReport;
use crate::domain::modem::ModemStatus;
use page::Kind::Gauge;
use page::Page;

/// All metrics in Prometheus' text format.
pub(super) fn render(monitor: &Monitor) -> String {
    let mut page = Page::default();
    write_version(&mut page);
    modems::write_states(&mut page, &monitor.modem_statuses(), monitor.gateway.now());
    modems::write_counts(&mut page, &monitor.modems.all());
    banks::write_banks(&mut page, &monitor.gateway.banks().reports());
    sites::write_sites(&mut page, monitor);
    sales::write_sims_and_stock(&mut page, monitor);
    sales::write_orders(&mut page, monitor);
    sales::write_money(&mut page, monitor);
    requests::write_customer_requests(&mut page, monitor);
    requests::write_webhooks(&mut page, monitor);
    requests::write_sign_ins(&mut page, monitor);
    daemon::write_store(&mut page, monitor);
    daemon::write_lead(&mut page, true, monitor.taken_over().is_some());
    daemon::write_log(&mut page);
    daemon::write_clocks(&mut page, monitor);
    daemon::write_process(&mut page, monitor.started);
    page.0
}

/// What the metrics of a site's daemon are made of.
pub(in crate::daemon) struct SiteFigures<'f> {
    pub now: Timestamp,
    pub started: Timestamp,
    pub modems: &'f [ModemStatus],
    pub counters: &'f ModemCounters,
    pub banks: &'f [BankReport],
    /// Whether the site is connected to the centre.
    pub is_connected: bool,
}

/// The metrics of a site's daemon.
pub(in crate::daemon) fn render_site(site: &SiteFigures<'_>) -> String {
    let mut page = Page::default();
    write_version(&mut page);
    modems::write_states(&mut page, site.modems, site.now);
    modems::write_counts(&mut page, &site.counters.all());
    banks::write_banks(&mut page, site.banks);
    page.single(
        "simbridge_central_connected",
        Gauge,
        "Whether this site is connected to the central daemon.",
        flag(site.is_connected),
    );
    daemon::write_log(&mut page);
    daemon::write_process(&mut page, site.started);
    page.0
}

/// The metrics of a daemon that stands by.
pub(in crate::daemon) fn render_standby(started: Timestamp) -> String {
    let mut page = Page::default();
    write_version(&mut page);
    daemon::write_lead(&mut page, false, false);
    daemon::write_log(&mut page);
    daemon::write_process(&mut page, started);
    page.0
}

fn write_version(page: &mut Page) {
    page.family("simbridge_build_info", Gauge, "The version that is running.")
        .put(&[("version", super::VERSION)], 1);
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}
