//! What a word stands for: the box in the head of every page leads here.

use maud::{Markup, html};

use super::Operator;
use crate::domain::login::Permission::Look;
use crate::gateway::Found;
use crate::http::web::{Access, Empty, Fault, Page, Route, Visit, path};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page("/find", Access::May(Look), show).private(&["q"])]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let page = Page::new("Find");
    let Some(word) = visit.query("q") else {
        return Ok(page.intro(html! {
            (Empty::new("Write a number, an ICCID, an IMEI, an order, a rental, an account, a \
                         service or the first characters of a key into the box above."))
        }));
    };
    let found = visit.gateway().finder().find(word).await.map_err(Fault::of_field("q"))?;
    Ok(page.part(
        "found",
        html! {
            @if found.is_empty() {
                (Empty::new("Nothing is called so."))
            } @else {
                ul class="found" { @for one in &found { li { (result(&visit, one)) } } }
            }
        },
    ))
}

/// A thing that was found, with the way to it.
fn result(visit: &Visit<Operator>, found: &Found) -> Markup {
    let way = |address: String, text: String| match visit.if_page(&address) {
        Some(address) => html! { a href=(address) { (text) } },
        None => html! { (text) },
    };
    match found {
        Found::Order { id, number, account } => html! {
            (way(path!("/orders/{}", id), format!("Order {id}")))
            " · " (visit.number(number)) " · " (account)
        },
        Found::Rental { id, number, account } => html! {
            (way(path!("/rentals/{}", id), format!("Rental {id}")))
            " · " (visit.number(number)) " · " (account)
        },
        Found::Sim { iccid, number } => html! {
            (way(path!("/sims/{}", iccid), format!("SIM {iccid}")))
            @if let Some(number) = number { " · " (visit.number(number)) }
        },
        Found::Number(number) => html! { "Number " (visit.number(number)) },
        Found::Modem { port, imei } => html! {
            (way(path!("/modems/{}", port), format!("Modem {port}")))
            @if let Some(imei) = imei { " · IMEI " (imei) }
        },
        Found::Account { id, name } => way(path!("/accounts/{}", id), format!("Account {name}")),
        Found::Service { id, name } => way(path!("/services/{}", id), format!("Service {name}")),
        Found::Key { prefix, account } => html! { "Key " code { (prefix) "…" } " of " (account) },
    }
}
