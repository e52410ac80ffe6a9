//! The requests in the metrics: those of customers, those to their webhook endpoints, and the
//! attempts to sign in.

use super::Monitor;
use super::page::Kind::{Counter, Gauge, Histogram};
use super::page::Page;

/// Writes what customers have asked for and are waiting for.
pub(super) fn write_customer_requests(page: &mut Page, monitor: &Monitor) {
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

pub(super) fn write_webhooks(page: &mut Page, monitor: &Monitor) {
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

pub(super) fn write_sign_ins(page: &mut Page, monitor: &Monitor) {
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
