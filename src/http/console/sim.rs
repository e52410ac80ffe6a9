//! One SIM: what it is, how it can be sold, its number, where it has been, and its tenants.

use maud::{Markup, Render, html};

use super::rivals::rivals_of;
use super::sims::{place, source_in_words, state_badge, why};
use super::ways::{bank_link, country_name_link, modem_link, withheld_link};
use super::{Operator, sim_changes};
use crate::domain::availability::UnavailableReason;
use crate::domain::login::Permission::{Act, Look, SeeTexts};
use crate::domain::modem::ModemStatus;
use crate::domain::number_discovery::{DiscoveryAttempt, DiscoveryMethod};
use crate::domain::sim::Pool;
use crate::domain::{ModemId, RowLimit};
use crate::gateway::{
    AwaitedMessage, ListRequest, LocationPeriod, RentalView, Rival, SimActivity, SimView, Topic,
};
use crate::http::web::{
    Access, Empty, Fault, Page, Route, Row, Table, Tone, Visit, ago, badge, facts, hostile, moment,
    path, until,
};

/// How many of the places that a SIM has been in are shown.
const SHOWN_LOCATIONS: u32 = 50;
/// How many of its last rentals are shown.
const SHOWN_RENTALS: u32 = 10;

pub(super) fn routes() -> Vec<Route<Operator>> {
    let topics = &[Topic::Sims, Topic::Modems, Topic::Banks, Topic::Rentals, Topic::Messages];
    let mut routes = sim_changes::routes();
    routes.push(Route::page("/sims/{iccid}", Access::May(Look), show).live_on(topics));
    routes
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let sims = visit.gateway().sims();
    let iccid = sims.named(visit.param("iccid").to_owned()).await?;
    let sim = sims.find(iccid.clone()).await?;
    let activity = sims.activity_of(sim.sim.id).await?;
    let locations = sims.locations(&iccid, SHOWN_LOCATIONS).await?;
    let asked = visit.gateway().numbers().attempts(&iccid).await?;
    let awaited = sims.awaited_messages(sim.sim.id).await?;
    let rivals = sims.rivals(&sim.sim).await?;
    let modems = visit.gateway().modems().modems();
    let is_in = |modem: &&ModemStatus| modem.snapshot.iccid() == Some(&iccid);
    let idle = modems.iter().find(is_in).filter(|_| sim.port.is_none());
    let is_somewhere = sim.port.is_some() || sim.position.is_some() || idle.is_some();
    let place = Place { idle, left: locations.first().filter(|_| !is_somewhere), modems: &modems };
    let of_sim =
        ListRequest { iccid: Some(iccid.to_string()), ..RowLimit::from(SHOWN_RENTALS).into() };
    let rentals = visit.gateway().rentals().list(of_sim).await?;
    let mut page = Page::new(format!("SIM {iccid}"))
        .below("SIMs", "/sims")
        .half_part("card", card(&visit, &sim, activity.as_ref(), &place))
        .half_part("sale", sale(&visit, &sim, &rivals));
    if visit.may(Act) {
        let is_removable = locations.is_empty();
        page = page.part("changes", sim_changes::forms(&visit, &sim, is_removable));
    }
    Ok(page
        .half_part("number", number_asked(&visit, &asked))
        .half_part("awaited", awaited_messages(&visit, &awaited))
        .part("custody", custody(&modems, &locations, is_somewhere))
        .part("rentals", rentals_of(&visit, &sim, &rentals)))
}

/// Where a SIM is that is in no working modem.
struct Place<'s> {
    /// The modem that it is in, and that does not work.
    idle: Option<&'s ModemStatus>,
    /// Where it was last, if it is nowhere now.
    left: Option<&'s LocationPeriod>,
    modems: &'s [ModemStatus],
}

fn card(
    visit: &Visit<Operator>,
    view: &SimView,
    activity: Option<&SimActivity>,
    at: &Place<'_>,
) -> Markup {
    let (sim, now) = (&view.sim, visit.now());
    let last = activity.and_then(|activity| activity.last_message_at);
    let since = activity.and_then(|activity| activity.since).filter(|_| view.port.is_some());
    html! {
        h2 { "Card" }
        (facts(&[
            ("ICCID", html! { span class="digits" { (sim.iccid) } }),
            ("IMSI", html! {
                @match &sim.imsi {
                    Some(imsi) => span class="digits" { (imsi) },
                    None => "–",
                }
            }),
            ("Number", number(visit, view)),
            ("Country", country_name_link(visit, sim.country.as_deref())),
            ("Network", html! { (hostile(view.home_operator.as_deref().unwrap_or("–"))) }),
            ("Where", html! {
                @if let Some(period) = at.left { (last_place(at.modems, period)) }
                @else if let Some(modem) = at.idle {
                    (modem_link(&modem.snapshot.port)) ", which does not work now"
                } @else { (place(view)) }
                @if let Some(since) = since { ", for " (ago(now, since)) }
            }),
            ("Last SMS", html! {
                @match last {
                    Some(at) => { (ago(now, at)) " ago" },
                    None => "none yet",
                }
            }),
        ]))
        @if let Some(problem) = view.number_problem.as_ref().filter(|_| visit.may(SeeTexts)) {
            p class="warning" { (badge(Tone::Fair, "Number")) " " (hostile(problem)) }
        }
        p {
            a href=(path!("/orders?iccid={}", sim.iccid)) { "Its orders" } ", "
            a href=(path!("/messages?iccid={}", sim.iccid)) { "its messages" } ", "
            (withheld_link(&sim.iccid, "those that were withheld"))
        }
    }
}

fn number(visit: &Visit<Operator>, view: &SimView) -> Markup {
    html! {
        @if let Some(known) = &view.sim.number {
            (visit.number(&known.number)) ", " (source_in_words(known.source))
            ", since " (moment(known.at))
        } @else { "not known" }
    }
}

fn sale(visit: &Visit<Operator>, view: &SimView, rivals: &[Rival]) -> Markup {
    let (sim, now) = (&view.sim, visit.now());
    let sold_for = match sim.pool {
        Pool::Orders => "orders only",
        Pool::Rentals => "rentals only",
        Pool::Both => "orders and rentals",
    };
    html! {
        h2 { "Sale" }
        (facts(&[
            ("State", html! { (state_badge(view)) " " (why(view)) }),
            ("Sold for", html! { (sold_for) }),
            ("Rests", html! {
                @match view.rests_until {
                    Some(at) => { "for " (until(now, at)) ", until " (moment(at)) },
                    None => "no",
                }
            }),
            ("Retired", html! {
                @match sim.retired_at {
                    Some(at) => { "since " (moment(at)) },
                    None => "no",
                }
            }),
            ("Off the air", html! {
                @match view.tenant_without_since {
                    Some(at) => { "for " (ago(now, at)) ", and its tenant waits" },
                    None => "no tenant waits for it",
                }
            }),
        ]))
        (rivals_of(rivals))
        @if view.unavailable == Some(UnavailableReason::Deaf) {
            p class="hint" {
                "It is tried again by itself "
                (until(now, sim.deaf_until)) " from now."
            }
        }
    }
}

fn number_asked(visit: &Visit<Operator>, asked: &[DiscoveryAttempt]) -> Markup {
    let row = |attempt: &DiscoveryAttempt| {
        let by = match attempt.method {
            DiscoveryMethod::Ussd => "USSD",
            DiscoveryMethod::Loopback => "a message to another SIM",
        };
        let failure = attempt.failure.as_deref().unwrap_or("–");
        Row::new(
            attempt.method.as_str(),
            [
                html! { (by) },
                html! { (ago(visit.now(), attempt.asked_at)) " ago, " (attempt.tries) "×" },
                html! { (until(visit.now(), attempt.next_at)) },
                html! {
                    @if visit.may(SeeTexts) { (hostile(failure)) } @else { "hidden" }
                },
            ],
        )
    };
    let table = Table::new("asked", "How its number was asked for")
        .column("By")
        .column("When")
        .column("Again in")
        .column("Failure")
        .empty(Empty::new("Its number was not asked for."));
    html! { h2 { "Number asked" } (table.rows(asked.iter().map(row)).render()) }
}

fn awaited_messages(visit: &Visit<Operator>, awaited: &[AwaitedMessage]) -> Markup {
    let row = |(index, message): (usize, &AwaitedMessage)| {
        Row::new(
            format!("{}-{index}", message.since.0),
            [
                visit.message_text(&message.sender),
                html! { (message.arrived) " of " (message.total) },
                html! { (moment(message.since)) },
                html! { (moment(message.until)) },
            ],
        )
    };
    let table = Table::new("part", "Long messages whose rest is awaited")
        .column("Sender")
        .column("Parts")
        .column("Since")
        .column("Until")
        .empty(Empty::new("No long message waits for its rest."));
    html! { h2 { "Awaited" } (table.rows(awaited.iter().enumerate().map(row)).render()) }
}

/// Where a SIM that is nowhere now was last.
fn last_place(modems: &[ModemStatus], period: &LocationPeriod) -> Markup {
    html! {
        "nowhere; last in " (modem_called(modems, &period.modem))
        " until " (moment(period.ended_at.unwrap_or(period.seen_at)))
    }
}

/// Where the SIM has been. A card that was pulled out may be back at once, so its last period ends
/// only when it is read elsewhere; whether it `is_somewhere` now is known before that.
fn custody(modems: &[ModemStatus], locations: &[LocationPeriod], is_somewhere: bool) -> Markup {
    let row = |(index, period): (usize, &LocationPeriod)| {
        let position = period.position.as_ref();
        let slot = position.and_then(|position| position.slot);
        Row::new(
            format!("{}-{index}", period.since.0),
            [
                html! { (moment(period.since)) },
                html! {
                    @match period.ended_at {
                        Some(at) => (moment(at)),
                        None if is_somewhere => { "still there, read " (moment(period.seen_at)) },
                        None => { "read last " (moment(period.seen_at)) },
                    }
                },
                modem_called(modems, &period.modem),
                html! {
                    @if let Some(position) = position {
                        (bank_link(&position.bank))
                        @if let Some(slot) = slot { " slot " (slot) }
                    } @else { "–" }
                },
            ],
        )
    };
    let table = Table::new("place", "In which modems it has been")
        .column("Since")
        .column("Until")
        .column("Modem")
        .column("Bank")
        .empty(Empty::new("It has not been in any modem yet."));
    html! { h2 { "Custody" } (table.rows(locations.iter().enumerate().map(row)).render()) }
}

/// A modem by what identifies it, with a link to it if it is served now.
fn modem_called(modems: &[ModemStatus], id: &ModemId) -> Markup {
    let is_it = |modem: &&ModemStatus| {
        modem.snapshot.identity.as_ref().is_some_and(|known| known.id == *id)
    };
    match modems.iter().find(is_it) {
        Some(modem) => html! {
            a class="digits" href=(path!("/modems/{}", modem.snapshot.port)) {
                (hostile(id.as_str()))
            }
        },
        None => hostile(id.as_str()),
    }
}

fn rentals_of(visit: &Visit<Operator>, sim: &SimView, rentals: &[RentalView]) -> Markup {
    let row = |view: &RentalView| {
        let rental = &view.rental;
        Row::new(
            rental.id,
            [
                html! { a href=(path!("/rentals/{}", rental.id)) { (rental.id) } },
                html! { a href=(path!("/accounts/{}", rental.account)) { (view.account) } },
                visit.number(&rental.number),
                html! { (rental.state.as_str()) },
                html! { (moment(rental.started_at)) },
                html! { (moment(rental.ends_at())) },
            ],
        )
    };
    let table = Table::new("rental", "Its last rentals")
        .column("Rental")
        .column("Account")
        .column("Number")
        .column("State")
        .column("From")
        .column("Until")
        .empty(Empty::new("It was never rented."));
    let all = path!("/rentals?iccid={}", sim.sim.iccid);
    html! {
        h2 { "Rentals" }
        (table.rows(rentals.iter().rev().map(row)).render())
        @if rentals.len() >= SHOWN_RENTALS as usize { p { a href=(all) { "All its rentals" } } }
    }
}
