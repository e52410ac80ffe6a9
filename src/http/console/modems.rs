//! All modems, those that do not work first.

use std::collections::HashMap;

use maud::{Markup, Render, html};

use super::Operator;
use super::ways::modem_link;
use crate::domain::login::Permission::{Act, Look};
use crate::domain::modem::{ModemState, ModemStatus, StoreFill};
use crate::domain::text::counted_noun;
use crate::domain::{Iccid, Msisdn, PortName, Timestamp};
use crate::gateway::{LastSim, ScannedPort, Topic};
use crate::http::web::{
    Access, Done, Empty, Fault, Filters, Form, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone,
    Visit, ago, badge, hostile, hostile_or_dash, pager, path, signal,
};

/// The form that resets the selected modems.
const RESET: &str = "/modems/reset";

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/modems", Access::May(Look), list).live_on(&[Topic::Modems, Topic::Sims]),
        Route::post("/modems/scan", Access::May(Act), "/modems", scan).only_shows(),
        Route::post(RESET, Access::May(Act), "/modems", reset_several),
    ]
}

/// Whether a modem does not do what it should, and nobody waits for that to end by itself.
pub(super) fn is_problem(modem: &ModemStatus, now: Timestamp) -> bool {
    let snapshot = &modem.snapshot;
    let is_busy = snapshot.state == ModemState::Switching || modem.is_in_first_try(now);
    !modem.usable(now) && !snapshot.is_spare_port() && !is_busy
}

/// How a state is.
pub(super) fn tone_of(state: ModemState) -> Tone {
    match state {
        ModemState::Ready => Tone::Good,
        ModemState::Absent
        | ModemState::Recovering
        | ModemState::Quarantined
        | ModemState::Unreachable => Tone::Bad,
        ModemState::Opening
        | ModemState::Probing
        | ModemState::SimCheck
        | ModemState::Identifying
        | ModemState::Configuring
        | ModemState::Registering
        | ModemState::Switching => Tone::News,
    }
}

/// The part of a port's path that tells it from the others.
pub(super) fn short_port(port: &PortName) -> String {
    let last = port.as_str().rsplit('/').next().unwrap_or_default();
    let usb = last.find("usb-").and_then(|at| last.get(at..)).unwrap_or(last);
    let short = usb.strip_suffix("-port0").unwrap_or(usb);
    match port.site() {
        Some(site) => format!("{site}:{short}"),
        None => short.to_owned(),
    }
}

/// How full the message stores are.
pub(super) fn fill(stores: &[StoreFill]) -> String {
    let each = stores.iter().map(|fill| format!("{} {}/{}", fill.store, fill.used, fill.total));
    each.collect::<Vec<_>>().join(", ")
}

/// The stored numbers of the SIMs in modems. A card itself may not tell its own, or a wrong one.
pub(super) async fn numbers_in(
    visit: &Visit<Operator>,
    modems: &[&ModemStatus],
) -> Result<HashMap<Iccid, Msisdn>, Fault> {
    let iccids: Vec<&Iccid> = modems.iter().filter_map(|modem| modem.snapshot.iccid()).collect();
    Ok(visit.gateway().sims().numbers_of(&iccids, visit.freshness()).await?)
}

/// The SIMs that modems had last which have none now, by their ports.
pub(super) async fn last_sims(
    visit: &Visit<Operator>,
    modems: &[&ModemStatus],
) -> Result<HashMap<PortName, LastSim>, Fault> {
    let empty = modems.iter().filter(|modem| modem.snapshot.iccid().is_none());
    let empty = empty.filter_map(|modem| modem.snapshot.modem()).collect();
    Ok(visit.gateway().sims().last_in(empty).await?)
}

/// A table of modems. Its rows have the table's id before their own.
pub(super) async fn modem_table(
    visit: &Visit<Operator>,
    id: &str,
    modems: &[&ModemStatus],
) -> Result<Table, Fault> {
    let sims = (numbers_in(visit, modems).await?, last_sims(visit, modems).await?);
    let table = Table::new(id, "Modems")
        .column("Modem")
        .column("State")
        .column("For")
        .column("Signal")
        .column("Network")
        .minor()
        .column("SIM")
        .column("Stores")
        .minor()
        .column("Reason");
    Ok(table.rows(modems.iter().map(|modem| row(visit, modem, &sims))))
}

/// The numbers of the SIMs in modems, and the SIMs that those had last which have none now.
type Sims = (HashMap<Iccid, Msisdn>, HashMap<PortName, LastSim>);

/// The SIM in a modem, or the one that it had last: its number, or its ICCID as long as that is not
/// known, with a link to it.
fn sim_in(visit: &Visit<Operator>, modem: &ModemStatus, (numbers, last): &Sims) -> Markup {
    let named = |iccid: &Iccid, number: Option<&Msisdn>| {
        html! {
            a href=(path!("/sims/{}", iccid)) {
                @match number {
                    Some(number) => (visit.number_text(number)),
                    None => (iccid),
                }
            }
        }
    };
    match (modem.snapshot.iccid(), last.get(&modem.snapshot.port)) {
        (Some(iccid), _) => named(iccid, numbers.get(iccid)),
        (None, Some(last)) => html! { "it had " (named(&last.iccid, last.number.as_ref())) },
        (None, None) => html! { "–" },
    }
}

fn row(visit: &Visit<Operator>, modem: &ModemStatus, sims: &Sims) -> Row {
    let snapshot = &modem.snapshot;
    let row = Row::new(
        &snapshot.port,
        [
            modem_link(&snapshot.port),
            badge(tone_of(snapshot.state), snapshot.state.as_str()),
            ago(visit.now(), modem.since),
            signal(snapshot.signal_dbm),
            hostile_or_dash(snapshot.operator.as_deref()),
            sim_in(visit, modem, sims),
            html! { (fill(&snapshot.stores)) },
            html! { @if let Some(reason) = &snapshot.reason { (hostile(&reason.to_string())) } },
        ],
    )
    .called(short_port(&snapshot.port));
    if is_problem(modem, visit.now()) { row.marked(Tone::Bad) } else { row }
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (all, now) = (visit.gateway().modems().modems(), visit.now());
    let (state, network) = (visit.query("state"), visit.query("network"));
    let of_bank = visit.query("bank").map(|bank| ports_of(&visit, bank));
    let mut modems: Vec<&ModemStatus> = all
        .iter()
        .filter(|modem| state.is_none_or(|state| modem.snapshot.state.as_str() == state))
        .filter(|modem| network.is_none_or(|name| modem.snapshot.operator.as_deref() == Some(name)))
        .filter(|modem| of_bank.as_ref().is_none_or(|all| all.contains(&modem.snapshot.port)))
        .collect();
    modems.sort_by_key(|modem| !is_problem(modem, now));
    let paging = Paging::of(&visit);
    if let Some(last) = paging.before_key() {
        let after = modems.iter().position(|modem| modem.snapshot.port == *last);
        modems.drain(..after.map_or(0, |at| at + 1));
    }
    modems.truncate(PAGE_ROWS + 1);
    let (modems, next) = paging.cut_by_key(modems, |modem| modem.snapshot.port.to_string());
    let page = Page::new("Modems").intro(html! {
        (filters(&visit, &all))
        @if visit.may(Act) { (tools(&visit)) }
    });
    let table = modem_table(&visit, "modems", &modems).await?;
    let mut table = table.empty(nothing(all.is_empty()));
    if visit.may(Act) {
        table = table.selectable("port", visit.form(RESET).id());
    }
    Ok(page.part("list", html! { (counts(&all, now)) (table) (pager(&paging, next)) }))
}

fn nothing(is_none_at_all: bool) -> Empty {
    match is_none_at_all {
        true => Empty::new("No modems yet.").next(html! {
            "Name their ports in the configuration: “Scan the ports” finds them."
        }),
        false => Empty::new("No modem is like that."),
    }
}

fn counts(all: &[ModemStatus], now: Timestamp) -> Markup {
    let work = all.iter().filter(|modem| modem.usable(now)).count();
    let bad = all.iter().filter(|modem| is_problem(modem, now)).count();
    html! { p class="count" { "Working: " (work) " of " (all.len()) ". Not working: " (bad) "." } }
}

/// The ports of a bank's radios.
fn ports_of(visit: &Visit<Operator>, bank: &str) -> Vec<PortName> {
    let reports = visit.gateway().banks().reports();
    let bank = reports.into_iter().find(|report| report.name == bank);
    bank.into_iter().flat_map(|report| report.radios).map(|radio| radio.port).collect()
}

fn filters(visit: &Visit<Operator>, all: &[ModemStatus]) -> Filters {
    let mut networks: Vec<&str> =
        all.iter().filter_map(|modem| modem.snapshot.operator.as_deref()).collect();
    networks.sort_unstable();
    networks.dedup();
    let networks: Vec<(&str, &str)> = networks.into_iter().map(|name| (name, name)).collect();
    let states = ModemState::ALL.map(|state| (state.as_str(), state.as_str()));
    let banks = visit.gateway().banks().reports();
    let banks: Vec<(&str, &str)> =
        banks.iter().map(|bank| (bank.name.as_str(), bank.name.as_str())).collect();
    let filters = Filters::new(visit).choice("state", "State", &states);
    let filters = filters.choice("network", "Network", &networks);
    if banks.is_empty() { filters } else { filters.choice("bank", "Bank", &banks) }
}

fn tools(visit: &Visit<Operator>) -> Markup {
    let (scan, reset) = (visit.form("/modems/scan").takes("up to 60 s"), visit.form(RESET));
    html! {
        div class="buttons" {
            (scan.inline(scan.quiet_button("Scan the ports")))
            (reset.inline(reset.quiet_button("Reset the selected")))
        }
    }
}

async fn scan(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let found = visit.modems().scan().await;
    let table = Table::new("ports", "Serial ports")
        .column("Port")
        .column("Answer")
        .column("Model")
        .column("IMEI")
        .column("Profile")
        .empty(Empty::new("This machine has no serial ports."));
    let row = |port: &ScannedPort| {
        let identity = port.identity.as_ref();
        let model = identity.map(|known| format!("{} {}", known.manufacturer, known.model));
        let imei = identity.and_then(|known| known.imei.as_ref());
        Row::new(
            &port.port,
            [
                html! { (hostile(&port.port)) },
                html! { (hostile(&port.answer)) },
                html! { (hostile(model.as_deref().unwrap_or("–"))) },
                html! { (imei.map_or("–", |imei| imei.as_str())) },
                html! { (port.profile.as_deref().unwrap_or("–")) },
            ],
        )
    };
    let table = table.rows(found.iter().map(row));
    Ok(Done::shown(
        Page::new("Serial ports").below("Modems", "/modems").part("found", table.render()).help(
            html! { "A port is served once it is in a [[modem]] section of the configuration." },
        ),
    ))
}

async fn reset_several(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let ports = form.all("port");
    if ports.is_empty() {
        return Err(Fault::form("Select the modems first, in the list."));
    }
    let mut failed = Vec::new();
    for port in &ports {
        let known = visit.modem_at(port)?;
        if let Err(error) = visit.reset_modem(&known.snapshot.port, false).await {
            failed.push(format!("{}: {error}", short_port(&known.snapshot.port)));
        }
    }
    if !failed.is_empty() {
        return Err(Fault::form(format!("Not reset: {}.", failed.join("; "))));
    }
    Ok(Done::at(
        "/modems",
        counted_noun(ports.len(), "modem is being reset.", "modems are being reset."),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_called_by_what_tells_it_from_the_others() {
        for (port, short) in [
            ("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.2-port0", "usb-0:2:1.2"),
            ("/dev/ttyUSB3", "ttyUSB3"),
            ("modem7", "modem7"),
            ("ams:/dev/ttyUSB3", "ams:ttyUSB3"),
        ] {
            assert_eq!(short_port(&PortName::from_stored(port)), short);
        }
    }
}
