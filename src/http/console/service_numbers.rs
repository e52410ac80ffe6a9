//! The numbers on which a service's orders get no code, and those that rest for it.

use std::time::Duration;

use maud::{Render, html};

use super::Operator;
use super::sims::read_time;
use super::ways::sim_link;
use crate::domain::RowLimit;
use crate::domain::login::Permission::{Act, Look};
use crate::domain::text::counted_noun;
use crate::gateway::{ListRequest, PairView};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Form, PAGE_ROWS, Page, Route, Row, Table, Tone, Visit,
    badge, path, until,
};

const NUMBERS: &str = "/services/{id}/numbers";

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page(NUMBERS, Access::May(Look), show),
        Route::post("/services/{id}/numbers/rest", Access::May(Act), NUMBERS, change),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let service = visit.gateway().services().find(visit.param("id").to_owned()).await?;
    let rows = u32::try_from(PAGE_ROWS).unwrap_or(u32::MAX);
    let of_service = ListRequest {
        service: Some(service.id.to_string()),
        ..ListRequest::from(RowLimit::from(rows))
    };
    let pairs = visit.gateway().health().pairs(of_service).await?;
    let address = path!("/services/{}", service.id);
    let form = visit.form(&path!("/services/{}/numbers/rest", service.id));
    let mut table = Table::new("number", "Numbers of the service, the worst first")
        .column("Number")
        .column("SIM")
        .number_column("Orders")
        .number_column("Codes")
        .number_column("Failures")
        .number_column("In a row")
        .column("Rests for")
        .rows(pairs.iter().enumerate().map(|(index, pair)| row(&visit, index, pair)))
        .empty(Empty::new("Nothing was ordered for it in the last seven days."));
    if visit.may(Act) {
        table = table.selectable("iccid", form.id());
    }
    Ok(Page::new("Numbers and their codes")
        .below("Services", "/services")
        .below(service.name, address)
        .intro(html! {
            p class="hint" {
                "How the orders of the last seven days ended, the worst first, at most "
                (PAGE_ROWS) "."
            }
            @if visit.may(Act) && !pairs.is_empty() {
                (form.show(html! {
                    p { "What is done to the numbers that are selected in the list:" }
                    (form.text("rest", "Rest for").value("1d").hint("like 12h or 30d"))
                    div class="buttons" {
                        (form.button_named("action", "rest", "Rest for this service"))
                        (form.button_named("action", "clear", "Forget the failures"))
                    }
                }))
            }
        })
        .part("list", table.render()))
}

fn row(visit: &Visit<Operator>, index: usize, pair: &PairView) -> Row {
    let key = pair.iccid.as_ref().map_or_else(|| format!("gone-{index}"), ToString::to_string);
    let row = Row::new(
        key,
        [
            visit.number(&pair.number),
            sim_link(pair.iccid.as_ref()),
            html! { (pair.ends.orders) },
            html! { (pair.ends.codes) },
            html! { (pair.ends.failures) },
            html! { (pair.health.failures) },
            html! {
                @if pair.rests {
                    (badge(Tone::Bad, "rests")) " " (until(visit.now(), pair.health.rests_until))
                } @else { "–" }
            },
        ],
    );
    if pair.rests { row.marked(Tone::Bad) } else { row }
}

async fn change(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let service = visit.gateway().services().find(visit.param("id").to_owned()).await?;
    let selected = form.all("iccid");
    if selected.is_empty() {
        return Err(Fault::form("Select the numbers first, in the list."));
    }
    let rests = form.text("action") == "rest";
    let mut faults = Faults::new();
    let rest: Option<Duration> = match rests {
        true => faults.check("rest", read_time(form.text("rest"))),
        false => None,
    };
    faults.result()?;
    let (health, sims) = (visit.gateway().health(), visit.gateway().sims());
    let count = selected.len();
    for text in selected {
        let sim = sims.find(sims.named(text.to_owned()).await?).await?;
        let unknown = || Fault::form(format!("The number of SIM {text} is not known."));
        let number = sim.sim.number.ok_or_else(unknown)?.number.to_string();
        let id = service.id.to_string();
        match rest {
            Some(rest) => health.rest(number, id, rest).await?,
            None => health.clear(number, id).await?,
        };
    }
    let done = match rests {
        true => counted_noun(count, "number rests", "numbers rest") + " for this service now.",
        false => counted_noun(count, "number is", "numbers are") + " given out for it again.",
    };
    let address = path!("/services/{}/numbers", service.id);
    Ok(Done::at(address, done))
}
