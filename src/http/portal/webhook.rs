//! One webhook: its address, its deliveries with their answers, and what can be done with it.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, requester};
use super::webhooks::{kinds, refused, secret_page, state, types, types_field, url_field};
use crate::domain::webhook::{Attempt, Delivery, DeliveryState, Endpoint, EndpointState};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::gateway::{AskedBy, Done as Outcome, EndpointEdit};
use crate::http::web::{
    Access, Done, Empty, Fault, Form, PAGE_ROWS, Page, Paging, Route, Row, SavedValues, Table,
    Tone, Visit, badge, facts, hostile, hostile_whole, moment, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const PAGE: &str = "/webhooks/{id}";
    vec![
        Route::page(PAGE, Access::SignedIn, show).live(),
        Route::post("/webhooks/{id}/edit", Access::SignedIn, PAGE, edit),
        Route::post("/webhooks/{id}/switch", Access::SignedIn, PAGE, switch),
        Route::post("/webhooks/{id}/test", Access::SignedIn, PAGE, test),
        Route::post("/webhooks/{id}/rotate", Access::SignedIn, PAGE, rotate).with_proof(),
        Route::post("/webhooks/{id}/delete", Access::SignedIn, PAGE, delete),
        Route::post("/webhooks/{id}/deliveries/{event}", Access::SignedIn, PAGE, send_again),
    ]
}

fn asked_by(visit: &Visit<Customer>) -> AskedBy {
    AskedBy::Customer(requester(visit))
}

fn id_of(visit: &Visit<Customer>) -> Result<EndpointId, Fault> {
    Ok(EndpointId(visit.id("id")?))
}

fn address(visit: &Visit<Customer>) -> String {
    path!("/webhooks/{}", visit.param("id"))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let (id, webhooks) = (id_of(&visit)?, visit.gateway().webhooks());
    let endpoint = webhooks.find(asked_by(&visit), id).await?.map_err(refused)?;
    let paging = Paging::of(&visit);
    let limit = u32::try_from(PAGE_ROWS + 1).unwrap_or(u32::MAX);
    let before = paging.before().map(EventId);
    let found = webhooks.deliveries(asked_by(&visit), id, before, limit).await?;
    let (deliveries, older) = paging.cut(found.map_err(refused)?, |delivery| delivery.event.0);
    let is_on = endpoint.state == EndpointState::On;
    Ok(Page::new(format!("Webhook {id}"))
        .below("Webhooks", "/webhooks")
        .half_part("facts", about(&endpoint))
        .half_part("actions", actions(&visit, &endpoint))
        .part(
            "deliveries",
            html! {
                h2 { "Deliveries" }
                (table(&visit, &deliveries, is_on))
                (pager(&paging, older))
            },
        )
        .part("edit", edit_form(&visit, &endpoint)))
}

fn about(endpoint: &Endpoint) -> Markup {
    html! {
        (facts(&[
            ("Address", hostile_whole(endpoint.url.as_str())),
            ("Events", html! { (endpoint.subscription.patterns().join(", ")) }),
            ("State", state(endpoint)),
            ("Made", html! { (moment(endpoint.created_at)) }),
        ]))
    }
}

fn actions(visit: &Visit<Customer>, endpoint: &Endpoint) -> Markup {
    let form = |action: &str| visit.form(&path!("/webhooks/{}/{}", endpoint.id, action));
    let (test, switch, rotate, delete) =
        (form("test"), form("switch"), form("rotate"), form("delete"));
    let is_on = endpoint.state == EndpointState::On;
    html! {
        div.buttons {
            @if is_on { (test.inline(html! { (test.button("Send a test")) })) }
            (switch.inline(html! {
                (switch.hidden("on", if is_on { "no" } else { "yes" }))
                (switch.button(if is_on { "Switch off" } else { "Switch on" }))
            }))
            (rotate.asked(
                "Make a new secret",
                "The new one signs at once. The one before it signs beside it for 24 hours.",
                rotate.button("Make it"),
            ))
            (delete.confirmed(
                "Delete this webhook",
                "Nothing is sent there any more, and its deliveries go.",
                delete.danger_button("Delete it"),
            ))
        }
    }
}

/// What can be changed of an endpoint, as its form shows it.
fn saved(endpoint: &Endpoint) -> SavedValues {
    SavedValues::new()
        .with("url", endpoint.url.as_str())
        .with("types", endpoint.subscription.patterns().join(" "))
}

fn edit_form(visit: &Visit<Customer>, endpoint: &Endpoint) -> Markup {
    let form = visit.form(&path!("/webhooks/{}/edit", endpoint.id)).editing(saved(endpoint));
    html! {
        h2 { "Change it" }
        (form.show(html! {
            (url_field(&form))
            (types_field(&form))
            (kinds())
            (form.button("Save"))
        }))
    }
}

fn table(visit: &Visit<Customer>, deliveries: &[Delivery], is_on: bool) -> Table {
    let mut table = Table::new("deliveries-list", "What was sent, the newest first")
        .newest_first()
        .column("Event")
        .column("State")
        .column("Attempts")
        .column("");
    for delivery in deliveries {
        let form =
            visit.form(&path!("/webhooks/{}/deliveries/{}", visit.param("id"), delivery.event));
        table = table.row(Row::new(
            delivery.event,
            [
                html! { (delivery.kind.as_str()) " " span.calm { (delivery.event) } },
                delivery_state(delivery.state),
                attempts(&delivery.progress.attempts),
                html! {
                    @if is_on { (form.inline(html! { (form.button("Send again")) })) }
                },
            ],
        ));
    }
    table.empty(
        Empty::new("Nothing was sent yet.")
            .next(html! { "Events are sent as they happen; a test is sent at once." }),
    )
}

fn delivery_state(state: DeliveryState) -> Markup {
    match state {
        DeliveryState::Taken => badge(Tone::Good, "Taken"),
        DeliveryState::GivenUp => badge(Tone::Bad, "Given up"),
        DeliveryState::Waiting { next_at: Some(at) } => html! {
            (badge(Tone::Fair, "Waits")) " next try at " (moment(at))
        },
        DeliveryState::Waiting { next_at: None } => html! {
            (badge(Tone::Fair, "Waits")) " for an earlier event"
        },
    }
}

/// The last attempts with their answers, the newest first.
fn attempts(attempts: &[Attempt]) -> Markup {
    html! {
        @if attempts.is_empty() { "none yet" }
        ul.plain-list {
            @for attempt in attempts.iter().rev() {
                li {
                    (moment(Timestamp(attempt.at_us))) ": "
                    @match (attempt.status, &attempt.error) {
                        (Some(status), _) => { "answer " (status) }
                        (None, Some(error)) => (hostile(error)),
                        (None, None) => "no answer",
                    }
                    " in " (attempt.ms) " ms"
                    @let answer = attempt.answer.as_deref().unwrap_or_default();
                    @if !answer.is_empty() { ": " (hostile(answer)) }
                }
            }
        }
    }
}

async fn edit(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let found = visit.gateway().webhooks().find(asked_by(&visit), id_of(&visit)?).await?;
    form.refuse_if_stale(&saved(&found.map_err(refused)?))?;
    let url = Some(form.text("url").to_owned());
    let edit = EndpointEdit { url, types: Some(types(&form)), is_on: None };
    let edited = visit.gateway().webhooks().edit(asked_by(&visit), id_of(&visit)?, edit).await?;
    edited.map_err(refused)?;
    Ok(Done::at(address(&visit), "The webhook was changed."))
}

async fn switch(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let is_on = form.text("on") == "yes";
    let edit = EndpointEdit { is_on: Some(is_on), ..EndpointEdit::default() };
    let edited = visit.gateway().webhooks().edit(asked_by(&visit), id_of(&visit)?, edit).await?;
    edited.map_err(refused)?;
    Ok(Done::at(
        address(&visit),
        match is_on {
            true => "The webhook is on: what has happened since is sent, as far as it is kept.",
            false => "The webhook is off: nothing is sent.",
        },
    ))
}

async fn test(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let (by, once) = (requester(&visit), once(&visit, &form));
    let tested = visit.gateway().webhooks().test_once(by, id_of(&visit)?, once).await?;
    carried_out(tested, |delivery| delivery.event)?.map_err(refused)?;
    Ok(Done::at(address(&visit), "A test is sent; its answer stands below in a moment."))
}

async fn rotate(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let (by, once) = (requester(&visit), once(&visit, &form));
    let (rotated, secret) =
        visit.gateway().webhooks().rotate_once(by, id_of(&visit)?, once).await?;
    let is_new = matches!(rotated, Outcome::Now(_));
    let id = carried_out(rotated, |endpoint| endpoint.id)?.map_err(refused)?;
    Ok(match is_new {
        true => Done::shown(secret_page(id, &secret, "The new secret")),
        false => Done::follow(address(&visit)),
    })
}

async fn delete(visit: Visit<Customer>, _form: Form) -> Result<Done, Fault> {
    let deleted = visit.gateway().webhooks().delete(asked_by(&visit), id_of(&visit)?).await?;
    deleted.map_err(refused)?;
    Ok(Done::at("/webhooks", "The webhook was deleted."))
}

async fn send_again(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let (by, once) = (requester(&visit), once(&visit, &form));
    let (id, which) = (id_of(&visit)?, EventId(visit.id("event")?));
    let sent = visit.gateway().webhooks().redeliver_once(by, id, which, once).await?;
    carried_out(sent, |delivery| delivery.event)?.map_err(refused)?;
    Ok(Done::at(address(&visit), "The event is sent once more."))
}
