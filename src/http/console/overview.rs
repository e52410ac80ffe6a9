//! The first page: what stands out, the figures, and what does not work.

use maud::{Markup, html};

use super::Operator;
use super::alarm_view::head;
use super::alarms::acknowledged;
use super::modems::{is_problem, modem_table};
use super::trends::trends;
use crate::domain::availability;
use crate::domain::login::Permission::Look;
use crate::domain::modem::ModemStatus;
use crate::domain::text::counted_noun;
use crate::gateway::{SimsWanted, Topic};
use crate::http::web::{Access, Empty, Fault, Page, Route, Visit, ago, hostile, link, path, tile};

/// How many modems that do not work are shown.
const PROBLEMS: usize = 10;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page("/", Access::May(Look), show).live_on(&[
        Topic::Alarms,
        Topic::Modems,
        Topic::Sims,
        Topic::Orders,
        Topic::Rentals,
        Topic::Messages,
    ])]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let modems = visit.gateway().modems().modems();
    Ok(Page::new("Overview")
        .part("figures", figures(&visit, &modems).await?)
        .part("trends", trends(&visit).await?)
        .part("alarms", alarms(&visit).await?)
        .part("problems", problems(&visit, &modems).await?)
        .part("stock", stock(&visit)))
}

async fn figures(visit: &Visit<Operator>, modems: &[ModemStatus]) -> Result<Markup, Fault> {
    let (gateway, now) = (visit.gateway(), visit.now());
    let ready = modems.iter().filter(|modem| modem.usable(now)).count();
    let counts = gateway.sims().page(SimsWanted::default(), visit.freshness()).await?.counts;
    let sellable = counts.get(availability::word(None)).copied().unwrap_or_default();
    let orders = gateway.orders().open_count().await?;
    let rentals = gateway.rentals().active_count().await?;
    let last = gateway.inbox().last_message_at();
    let waiting = gateway.poll_count();
    let last = html! { @if let Some(at) = last { (ago(now, at)) } @else { "–" } };
    let tiles = [
        ("Modems that work", of(ready, modems.len()), "/modems"),
        ("SIMs to sell", of(sellable, counts.values().sum()), "/sims"),
        ("Open orders", html! { (orders) }, "/orders"),
        ("Rentals", html! { (rentals) }, "/rentals"),
        ("Last SMS", last, "/messages"),
        ("Customers waiting", html! { (waiting) }, "/orders"),
    ];
    let tile = |(label, figure, path)| tile(label, figure, visit.if_page(path));
    Ok(html! { div class="tiles" { @for figure in tiles { (tile(figure)) } } })
}

/// How many of all.
fn of(some: usize, all: usize) -> Markup {
    html! { (some) small { "/" (all) } }
}

async fn alarms(visit: &Visit<Operator>) -> Result<Markup, Fault> {
    let standing = visit.gateway().alarms().standing();
    let mut items = Vec::with_capacity(standing.len());
    for alarm in &standing {
        let (name, subject) = (alarm.alarm.name.as_str(), &alarm.alarm.subject);
        let id = format!("alarm-{name}-{}", crate::http::path_segment(subject));
        let head = head(visit, alarm, Some(("/alarms", "What to do"))).await?;
        items.push(html! { li id=(id) { (head) (acknowledged(visit, alarm)) } });
    }
    Ok(html! {
        h2 { "Alarms" }
        @if standing.is_empty() { p class="calm" { "No alarm stands." } } @else {
            ul class="alarm-list" { @for item in &items { (item) } }
        }
    })
}

fn counted(modems: usize) -> String {
    counted_noun(modems, "modem", "modems")
}

async fn problems(visit: &Visit<Operator>, modems: &[ModemStatus]) -> Result<Markup, Fault> {
    let now = visit.now();
    let (bad, good): (Vec<&ModemStatus>, Vec<&ModemStatus>) =
        modems.iter().partition(|modem| is_problem(modem, now));
    let shown = modem_table(visit, "problem", bad.get(..PROBLEMS).unwrap_or(&bad)).await?;
    Ok(html! {
        h2 { "Modems that do not work" }
        @if modems.is_empty() {
            (Empty::new("No modems yet.").next(html! {
                "Name their ports in the configuration; the page of "
                (link("/modems", "modems")) " finds them."
            }))
        } @else if bad.is_empty() {
            p class="calm" { "Nothing is wrong with " (counted(modems.len())) "." }
        } @else {
            (shown)
            p {
                "Without trouble: " (counted(good.len())) ". " (link("/modems", "All modems"))
            }
        }
    })
}

/// The stock that is out, as the daemon counts it for its metrics.
fn stock(visit: &Visit<Operator>) -> Markup {
    let mut out = visit.health().stock();
    let is_nothing_sold = out.is_empty();
    out.retain(|stock| stock.count == 0);
    html! {
        h2 { "Out of stock" }
        @if is_nothing_sold {
            p class="calm" {
                "Nothing is for sale yet: no service is sold in a country of the SIMs. "
                (link("/services", "Services"))
            }
        } @else if out.is_empty() {
            p class="calm" { "There is a number for every service." }
        } @else {
            ul class="chips" {
                @for stock in &out {
                    li {
                        a href=(path!("/stock/{}/{}", stock.service, stock.country)) title="Why?" {
                            (hostile(&stock.service)) " " (visit.country(&stock.country))
                        }
                    }
                }
            }
        }
    }
}
