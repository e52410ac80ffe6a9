//! What is sold in the metrics: the SIMs and the stock, the orders and rentals, and the money.

use super::Monitor;
use super::page::Kind::{Counter, Gauge, Histogram};
use super::page::Page;
use crate::domain::{Amount, availability};

pub(super) fn write_sims_and_stock(page: &mut Page, monitor: &Monitor) {
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

pub(super) fn write_orders(page: &mut Page, monitor: &Monitor) {
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
}

pub(super) fn write_money(page: &mut Page, monitor: &Monitor) {
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
