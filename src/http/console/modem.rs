//! One modem: what it is, how it does, what was said, and what can be asked of it.

use maud::{Markup, Render, html};

use super::charts::signal_part;
use super::modems::{fill, last_sims, numbers_in, short_port, tone_of};
use super::ways::sim_link;
use super::{Operator, modem_requests};
use crate::domain::Msisdn;
use crate::domain::login::Permission::{Act, Look};
use crate::domain::modem::{ModemDetail, ModemState, ModemStatus};
use crate::domain::number_discovery::DiscoveryAttempt;
use crate::gateway::{Change, LastSim, Topic};
use crate::http::web::{
    Access, Empty, Fault, Page, Route, Row, Table, Tone, Visit, ago, badge, code_block, facts,
    hostile, moment, path, signal_in_dbm,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    let mut routes = modem_requests::routes();
    let topics = &[Topic::Modems, Topic::Sims];
    routes.push(Route::page("/modems/{port}", Access::May(Look), show).live_on(topics));
    routes
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let modem = visit.modem_at(visit.param("port"))?;
    let port = &modem.snapshot.port;
    let detail = visit.modems().detail(port.as_str()).await.unwrap_or_default();
    let asked = match modem.snapshot.iccid() {
        Some(iccid) => visit.gateway().numbers().attempts(iccid).await?,
        None => Vec::new(),
    };
    let history = visit.gateway().modems().history(port.as_str());
    let numbers = numbers_in(&visit, &[&modem]).await?;
    let number = modem.snapshot.iccid().and_then(|iccid| numbers.get(iccid));
    let last = last_sims(&visit, &[&modem]).await?.remove(&modem.snapshot.port);
    let mut page = Page::new(format!("Modem {}", short_port(port)))
        .below("Modems", "/modems")
        .half_part("state", state(&visit, &modem, number, last.as_ref()))
        .half_part("device", device(&visit, &modem, &detail));
    if visit.may(Act) {
        page = page.part("requests", requests(&visit, &modem));
    }
    Ok(page
        .part("signal", signal_part(&visit, port.as_str()))
        .half_part("history", past(&visit, &history))
        .half_part("number", number_asked(&visit, &asked))
        .part("transcript", transcript(&detail)))
}

fn state(
    visit: &Visit<Operator>,
    modem: &ModemStatus,
    number: Option<&Msisdn>,
    last: Option<&LastSim>,
) -> Markup {
    let snapshot = &modem.snapshot;
    let sim = match last {
        Some(last) => html! {
            "none; it had " (sim_link(Some(&last.iccid))) " until " (moment(last.seen_at))
        },
        None => sim_link(snapshot.iccid()),
    };
    let number = number.or(last.and_then(|last| last.number.as_ref()));
    let text = |text: Option<String>| html! { (hostile(text.as_deref().unwrap_or("–"))) };
    html! {
        h2 { "State" }
        (facts(&[
            ("State", html! {
                (badge(tone_of(snapshot.state), snapshot.state.as_str()))
                " for " (ago(visit.now(), modem.since))
            }),
            ("Reason", text(snapshot.reason.as_ref().map(ToString::to_string))),
            ("Signal", signal_in_dbm(snapshot.signal_dbm)),
            ("Network", text(snapshot.operator.clone())),
            ("SIM", sim),
            ("Number", number.map_or_else(|| html! { "–" }, |number| visit.number(number))),
            ("Stores", html! {
                @if snapshot.stores.is_empty() { "–" } @else { (fill(&snapshot.stores)) }
            }),
            ("Last report", html! { (ago(visit.now(), modem.seen_at)) " ago" }),
        ]))
        @for warning in snapshot.warnings.iter() {
            p class="warning" { (badge(Tone::Fair, "Warning")) " " (hostile(warning.as_str())) }
        }
    }
}

fn device(visit: &Visit<Operator>, modem: &ModemStatus, detail: &ModemDetail) -> Markup {
    let snapshot = &modem.snapshot;
    let identity = snapshot.identity.as_ref();
    let model = identity.map(|known| format!("{} {}", known.manufacturer, known.model));
    let firmware = identity.and_then(|known| known.firmware.clone());
    let text = |text: Option<String>| html! { (hostile(text.as_deref().unwrap_or("–"))) };
    let taken = detail.recoveries.iter().filter(|(_, count)| *count > 0);
    let recoveries: Vec<String> = taken.map(|(step, count)| format!("{step} {count}×")).collect();
    let recoveries = Some(recoveries.join(", ")).filter(|all| !all.is_empty());
    html! {
        h2 { "Device" }
        (facts(&[
            ("Port", html! { code { (snapshot.port) } }),
            ("USB", text(detail.usb.clone())),
            ("Model", text(model)),
            ("Firmware", text(firmware)),
            ("Profile", text(snapshot.profile.clone())),
            ("IMEI", text(snapshot.imei().map(ToString::to_string))),
            ("Recoveries", text(recoveries)),
            ("Messages without a SIM", html! { (detail.dropped) }),
        ]))
        @if visit.may(Act) {
            p {
                a href=(path!("/modems/{}/recording.txt", snapshot.port)) download {
                    "Download a recording"
                }
                " (numbers are replaced)"
            }
        }
    }
}

/// Whether a modem answers what it is asked.
fn is_answering(state: ModemState) -> bool {
    match state {
        ModemState::SimCheck
        | ModemState::Identifying
        | ModemState::Configuring
        | ModemState::Registering
        | ModemState::Ready
        | ModemState::Switching => true,
        ModemState::Absent
        | ModemState::Opening
        | ModemState::Probing
        | ModemState::Recovering
        | ModemState::Quarantined
        | ModemState::Unreachable => false,
    }
}

fn requests(visit: &Visit<Operator>, modem: &ModemStatus) -> Markup {
    let port = &modem.snapshot.port;
    let (is_answering, has_sim) =
        (is_answering(modem.snapshot.state), modem.snapshot.iccid().is_some());
    let form = |name: &str| visit.form(&format!("{}/{name}", path!("/modems/{}", port)));
    let (at, ussd) = (form("at").takes("up to 60 s"), form("ussd").takes("up to 60 s"));
    let (number, reset) = (form("number").takes("up to 60 s"), form("reset").takes("up to 30 s"));
    html! {
        h2 { "Ask it" }
        div class="columns" {
            @if is_answering {
                (at.show(html! {
                    (at.text("command", "AT command").hint("like AT+CSQ").required())
                    (at.checkbox("force", "Send it even if it may change something"))
                    (at.button("Send"))
                }))
            } @else {
                p { "It does not answer now, so there is nothing to ask it." }
            }
            @if is_answering && has_sim {
                (ussd.show(html! {
                    (ussd.text("code", "USSD code").hint("like *100#").inputmode("tel").required())
                    (ussd.button("Send"))
                }))
                (number.show(html! {
                    (number.text("code", "Ask for its number").inputmode("tel")
                        .hint("A USSD code; empty: the one of its mobile operator."))
                    div class="buttons" {
                        (number.button("Ask by USSD"))
                        (number.button_named("loopback", "yes", "Ask by a message"))
                    }
                }))
            }
            (reset.show(html! {
                p { "A reset takes the modem off the air for a minute." }
                div class="buttons" {
                    (reset.quiet_button("Reset"))
                    (reset.button_named("hard", "yes", "Reset hard"))
                }
            }))
        }
    }
}

fn past(visit: &Visit<Operator>, history: &[Change]) -> Markup {
    let row = |(index, change): (usize, &Change)| {
        Row::new(
            format!("{}-{index}", change.at.0),
            [
                html! { (moment(change.at)) },
                badge(tone_of(change.state), change.state.as_str()),
                html! {
                    @if let Some(reason) = &change.reason { (hostile(&reason.to_string())) }
                },
            ],
        )
    };
    let table = Table::new("change", "What it did")
        .column("Since")
        .column("State")
        .column("Reason")
        .empty(Empty::new("Nothing has happened yet."));
    let _ = visit;
    html! { h2 { "History" } (table.rows(history.iter().enumerate().rev().map(row))) }
}

fn number_asked(visit: &Visit<Operator>, asked: &[DiscoveryAttempt]) -> Markup {
    let row = |attempt: &DiscoveryAttempt| {
        Row::new(
            attempt.method.as_str(),
            [
                html! { (attempt.method.as_str()) },
                html! { (ago(visit.now(), attempt.asked_at)) " ago, " (attempt.tries) "×" },
                html! { (hostile(attempt.failure.as_deref().unwrap_or("–"))) },
            ],
        )
    };
    let table = Table::new("asked", "How its number was asked for")
        .column("By")
        .column("When")
        .column("Failure")
        .empty(Empty::new("Its number was not asked for."));
    html! { h2 { "Number asked" } (table.rows(asked.iter().map(row)).render()) }
}

fn transcript(detail: &ModemDetail) -> Markup {
    html! {
        h2 { "Transcript" }
        @if detail.transcript.is_empty() {
            (Empty::new("Nothing was said on this port yet."))
        } @else {
            p class="hint" { "Numbers and texts are masked. Seconds since the daemon started." }
            (code_block(&detail.transcript.join("\n")))
        }
    }
}
