//! The modems in the metrics: their states, and what their ports have done.

use std::collections::BTreeMap;

use super::super::modems::PortCounts;
use super::flag;
use super::page::Kind::{Counter, Gauge, Summary};
use super::page::Page;
use crate::domain::modem::{ModemSnapshot, ModemStatus, ModemWarning, RecoveryStep, StoreFill};
use crate::domain::{Imei, PortName, Timestamp};

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

pub(super) fn write_states(page: &mut Page, modems: &[ModemStatus], now: Timestamp) {
    write_identities(page, modems);
    let mut family =
        page.family("simbridge_modem_state", Gauge, "1 for the state that the modem is in.");
    for modem in modems {
        let ModemSnapshot { port, state, .. } = &modem.snapshot;
        family.put(&[("port", port.as_str()), ("state", state.as_str())], 1);
    }
    for (name, help, value) in GAUGES {
        let mut family = page.family(name, Gauge, help);
        for modem in modems {
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
    write_warnings(page, modems);
    write_stores(page, modems);
}

fn write_identities(page: &mut Page, modems: &[ModemStatus]) {
    let mut family = page.family("simbridge_modem_info", Gauge, "The modem at a port.");
    for modem in modems {
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
}

fn write_warnings(page: &mut Page, modems: &[ModemStatus]) {
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
}

fn write_stores(page: &mut Page, modems: &[ModemStatus]) {
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

pub(super) fn write_counts(page: &mut Page, ports: &BTreeMap<PortName, PortCounts>) {
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
    for (port, counts) in ports {
        for (step, count) in RecoveryStep::ALL.into_iter().zip(counts.recoveries) {
            family.put(&[("port", port.as_str()), ("step", step.as_str())], count);
        }
    }
}
