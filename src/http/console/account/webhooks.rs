//! Where an account has its events sent: the list, and a form for another address.

use maud::{Markup, html};

use super::super::Operator;
use super::super::books::lines_of;
use super::{PAGE, address};
use crate::domain::AccountId;
use crate::domain::login::Permission::Act;
use crate::domain::webhook::{Endpoint, EndpointState};
use crate::gateway::{Account, AskedBy, NewEndpoint};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Form, Page, Route, Row, Table, Tone, Visit, badge, copyable,
    hostile, link, moment, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::post("/accounts/{id}/webhooks", May(Act), PAGE, add).with_proof()]
}

/// The account's endpoints, and the form for another.
pub(super) async fn part(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let endpoints = visit.gateway().webhooks().list(Some(account.id.to_string())).await?;
    let rows = endpoints.iter().rev().map(|(endpoint, _)| row(account, endpoint));
    let table = Table::new("endpoints", "Webhook endpoints")
        .column("Endpoint")
        .column("Sent to")
        .column("Events")
        .column("State")
        .column("Added")
        .rows(rows)
        .empty(Empty::new("Its events are sent nowhere."));
    let form = visit.form(&format!("{}/webhooks", address(account.id)));
    Ok(html! {
        h2 { "Webhooks" }
        (table)
        @if visit.may(Act) && account.erased_at.is_none() {
            (form.asked("Add an endpoint", "It is sent what happens from now on.", html! {
                (form.text("url", "Address").hint("begins with https://").required())
                (form.lines("types", "Events")
                    .hint("names or patterns like order.*, each on a line; empty: all"))
                (form.button("Add it"))
            }))
        }
    })
}

fn row(account: &Account, endpoint: &Endpoint) -> Row {
    let page = path!("/accounts/{}/webhooks/{}", account.id, endpoint.id);
    Row::new(
        endpoint.id,
        [
            link(&page, &endpoint.id.to_string()),
            // The rest of the address may be its customer's secret.
            hostile(&endpoint.url.origin()),
            html! { (endpoint.subscription.patterns().join(", ")) },
            endpoint_state(endpoint),
            moment(endpoint.created_at),
        ],
    )
}

/// Whether an endpoint is sent events, and if not, why.
pub(super) fn endpoint_state(endpoint: &Endpoint) -> Markup {
    html! {
        @match endpoint.state {
            EndpointState::On if endpoint.failing_since.is_some() => (badge(Tone::Fair, "failing")),
            EndpointState::On => (badge(Tone::Good, "on")),
            EndpointState::Off(reason) => {
                (badge(Tone::Quiet, "off")) " (" (reason.as_str()) ")"
            }
        }
        @if let Some(since) = endpoint.failing_since { " since " (moment(since)) }
    }
}

async fn add(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let types = lines_of(&form, "types");
    let new = NewEndpoint {
        url: form.text("url").to_owned(),
        types: (!types.is_empty()).then_some(types),
    };
    let added = visit.gateway().webhooks().add(AskedBy::Operator, id, new).await?;
    let added = added.map_err(|refusal| Fault::Refused(format!("{refusal}.")))?;
    Ok(Done::shown(secret_page(&added)))
}

/// Shows an endpoint's secret, once.
fn secret_page(endpoint: &Endpoint) -> Page {
    Page::new("A new endpoint").below("Accounts", "/accounts").intro(html! {
        p { "What is sent there is signed with this secret, which is shown only now:" }
        p { (copyable(&endpoint.secrets.current.reveal())) }
        p { (link(&address(endpoint.account), "Back to the account")) }
    })
}
