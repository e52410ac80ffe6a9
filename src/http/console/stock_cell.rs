//! A cell of the stock: how many numbers there are for a service in a country, why not more, and
//! the SIMs behind each reason.

use maud::{Markup, Render, html};

use super::Operator;
use super::reasons::{in_words, tone_of_reason};
use crate::domain::Service;
use crate::domain::availability::{self, UnavailableReason};
use crate::domain::login::Permission::Look;
use crate::gateway::{ExplainedSim, Explanation, Obstacles, RENTALS, ReachedLimit, Topic, Whom};
use crate::http::web::{
    Access, Empty, Fault, Filters, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone, Visit, badge,
    bar, facts, moment, pager, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    let topics = &[Topic::Sims, Topic::Modems, Topic::Orders, Topic::Rentals, Topic::Services];
    vec![Route::page("/stock/{service}/{country}", Access::May(Look), show).live_on(topics)]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (service, country) = (visit.param("service").to_owned(), visit.param("country"));
    let account = visit.query("account").map(str::to_owned);
    let whom = Whom { account: account.clone(), key: None };
    let stock = visit.gateway().stock();
    let explained = stock.explain_shared(service.clone(), country, whom, visit.freshness()).await;
    let (why, sims) = explained.map_err(|error| match &account {
        Some(_) => Fault::of_field("account")(error),
        None => Fault::from(error),
    })?;
    let wanted = visit.query("state").map(|word| {
        let unknown = || Fault::NotFound("There is no such reason.".to_owned());
        availability::from_word(word).ok_or_else(unknown)
    });
    let wanted = wanted.transpose()?;
    let name = match service == RENTALS {
        true => "Rentals".to_owned(),
        false => why.service.clone(),
    };
    let filters = Filters::new(&visit).search("account", "For one account, by name or id");
    let mut page = Page::new(format!("{name} in {}", visit.country_code(&why.country)))
        .below("Stock", "/stock")
        .intro(html! { (filters) })
        .part("cell", cell(&visit, &why, account.as_deref()));
    if let Some(obstacles) = &why.obstacles {
        page = page.part("account", of_account(&visit, &why, obstacles));
    }
    page = page.part("reasons", reasons(&visit, &why));
    match wanted {
        Some(wanted) => Ok(page.part("sims", sims_of(&visit, &sims, wanted))),
        None => Ok(page),
    }
}

fn cell(visit: &Visit<Operator>, why: &Explanation, account: Option<&str>) -> Markup {
    let for_whom = account.unwrap_or("everybody");
    let price = why.price.map(|price| visit.money(price));
    html! {
        (facts(&[
            ("Available", html! {
                @if why.available == 0 { (badge(Tone::Bad, "0")) } @else { (why.available) }
                " of " (why.sims) " SIMs, for " (for_whom)
            }),
            ("Price", html! { (price.as_deref().unwrap_or("not sold here")) }),
        ]))
        @if why.sims == 0 {
            (Empty::new("There are no SIMs of this country.").next(html! {
                "SIMs are listed under " a href="/sims" { "SIMs" } " once a modem has read them."
            }))
        }
        p {
            @if account.is_some() {
                a href=(visit.address_with(&[("account", None)])) { "For everybody" }
            }
        }
    }
}

/// What keeps one account from a number, whatever numbers there are.
fn of_account(visit: &Visit<Operator>, why: &Explanation, of: &Obstacles) -> Markup {
    let is_short = why.price.is_some_and(|price| price > of.spendable);
    let limit = of.limit.map(|limit| match limit {
        ReachedLimit::Open => "It has as many open orders as it may.".to_owned(),
        ReachedLimit::Day(limit) => {
            format!("It has reached its limit of the day, {}.", limit.as_str())
        }
    });
    html! {
        h2 { "This account" }
        ul class="obstacles" {
            @if of.is_suspended { li { "It is suspended: none of its keys works." } }
            @if let Some(until) = of.paused_until {
                li {
                    "It gave up nearly all of its last orders, and is paused until "
                    (moment(until)) "."
                }
            }
            @if let Some(limit) = limit { li { (limit) } }
            @if is_short {
                li {
                    (visit.money(of.spendable)) " are free, this costs "
                    (why.price.map(|price| visit.money(price)).unwrap_or_default()) "."
                }
            }
            @if !of.is_suspended && of.paused_until.is_none() && of.limit.is_none() && !is_short {
                li { "Nothing keeps it from a number that is available." }
            }
        }
    }
}

fn reasons(visit: &Visit<Operator>, why: &Explanation) -> Markup {
    let all = u64::try_from(why.sims).unwrap_or_default();
    let row = |unavailable: Option<UnavailableReason>, count: usize| {
        let word = availability::word(unavailable);
        let (tone, sentence) = match unavailable {
            None => (Tone::Good, "It can be given out now."),
            Some(reason) => (tone_of_reason(reason), in_words(reason)),
        };
        let address = visit.address_with(&[("state", Some(word)), ("before", None)]);
        Row::new(
            word,
            [
                badge(tone, word),
                html! { (sentence) },
                bar(u64::try_from(count).unwrap_or_default(), all, &count.to_string()),
                html! { a href=(address) { "show" } },
            ],
        )
    };
    let mut unavailable: Vec<_> = why.unavailable.iter().filter(|(_, count)| *count > 0).collect();
    unavailable.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let table = Table::new("reason", "What becomes of the country's SIMs")
        .column("State")
        .column("Each of these SIMs")
        .column("SIMs")
        .column("Which");
    let available = (why.available > 0).then(|| row(None, why.available));
    let rest = unavailable.into_iter().map(|(reason, count)| row(Some(*reason), *count));
    html! {
        h2 { "Why" }
        @if why.is_off_sale {
            p class="warning" {
                "The service is off sale, so none of the SIMs can be ordered for it. Its page "
                "under "
                a href="/services" { "Services" } " puts it on sale again."
            }
        } @else if !why.is_sold {
            p class="warning" { "It is not sold here, so none of the SIMs can be ordered for it." }
        }
        (table.rows(available.into_iter().chain(rest)).render())
        p class="hint" {
            "Each SIM is counted once, by the first reason. More numbers come with more SIMs, a "
            "cool-down (" code { "[orders] number_cooldown" } "), or once SIMs have rested."
        }
    }
}

/// The SIMs behind one reason, page by page.
fn sims_of(
    visit: &Visit<Operator>,
    sims: &[ExplainedSim],
    wanted: Option<UnavailableReason>,
) -> Markup {
    let paging = Paging::of(visit);
    let last = paging.before_key().unwrap_or_default();
    let mut of_reason: Vec<&ExplainedSim> =
        sims.iter().filter(|sim| sim.unavailable == wanted && sim.iccid.as_str() > last).collect();
    of_reason.sort_by(|one, other| one.iccid.as_str().cmp(other.iccid.as_str()));
    of_reason.truncate(PAGE_ROWS + 1);
    let (of_reason, next) = paging.cut_by_key(of_reason, |sim| sim.iccid.to_string());
    let rows = of_reason.into_iter().map(|sim| {
        let iccid = &sim.iccid;
        Row::new(
            iccid,
            [
                html! { a class="digits" href=(path!("/sims/{}", iccid)) { (iccid) } },
                sim.number.as_ref().map_or_else(|| html! { "–" }, |number| visit.number(number)),
            ],
        )
    });
    let table = Table::new("sim", "SIMs in this state")
        .column("SIM")
        .column("Number")
        .empty(Empty::new("No SIM is in this state any more."));
    html! {
        h2 { "SIMs: " (availability::word(wanted)) }
        (table.rows(rows).render())
        (pager(&paging, next))
    }
}

/// Where the stock of a service in a country is explained.
pub(super) fn address_of(service: &Service, country: &str) -> String {
    path!("/stock/{}/{}", service.id, country)
}
