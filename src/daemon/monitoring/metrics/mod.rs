//! The metrics, a file for each subject. The values of labels are bounded: ports, services,
//! countries and words of our own, never a phone number, a key or a text.

mod banks;
mod daemon;
mod modems;
mod page;
mod requests;
mod sales;
mod sites;

use super::Monitor;
use page::Kind::Gauge;
use page::Page;

/// All metrics in Prometheus' text format.
pub(super) fn render(monitor: &Monitor) -> String {
    let mut page = Page::default();
    page.family("simbridge_build_info", Gauge, "The version that is running.")
        .put(&[("version", super::VERSION)], 1);
    modems::write_states(&mut page, monitor);
    modems::write_counts(&mut page, monitor);
    banks::write_banks(&mut page, &monitor.gateway.banks().reports());
    sites::write_sites(&mut page, monitor);
    sales::write_sims_and_stock(&mut page, monitor);
    sales::write_orders(&mut page, monitor);
    sales::write_money(&mut page, monitor);
    requests::write_customer_requests(&mut page, monitor);
    requests::write_webhooks(&mut page, monitor);
    requests::write_sign_ins(&mut page, monitor);
    daemon::write_store(&mut page, monitor);
    daemon::write_log(&mut page);
    daemon::write_clocks(&mut page, monitor);
    daemon::write_process(&mut page, monitor);
    page.0
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}
