//! One webhook endpoint: what was sent there, with each attempt's answer, and sending it again.

use maud::{Markup, html};

use super::super::Operator;
use super::super::books::READ_ROWS;
use super::webhooks::endpoint_state;
use super::{account_of, address};
use crate::domain::login::Permission::{Act, Look};
use crate::domain::webhook::{Attempt, Delivery, DeliveryState, Endpoint};
use crate::domain::{EndpointId, EventId, Timestamp};
use crate::gateway::{Account, AskedBy, EndpointRefusal, Topic};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Form, Page, Paging, Route, Row, Table, Tone, Visit, badge,
    facts, hostile, moment, pager, path, until,
};

const PAGE: &str = "/accounts/{id}/webhooks/{endpoint}";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = May(Act);
    vec![
        Route::page(PAGE, May(Look), show).live_on(&[Topic::Accounts]),
        Route::post("/accounts/{id}/webhooks/{endpoint}/test", act, PAGE, test),
        Route::post("/accounts/{id}/webhooks/{endpoint}/remove", act, PAGE, remove),
        Route::post(
            "/accounts/{id}/webhooks/{endpoint}/deliveries/{event}/again",
            act,
            PAGE,
            send_again,
        ),
    ]
}

fn refused(refusal: EndpointRefusal) -> Fault {
    match refusal {
        EndpointRefusal::NoEndpoint(_) | EndpointRefusal::NoDelivery(_) => {
            Fault::NotFound(format!("There is {refusal}."))
        }
        refusal => Fault::Refused(format!("{refusal}.")),
    }
}

/// The account and the endpoint of the address.
async fn endpoint_of(visit: &Visit<Operator>) -> Result<(Account, Endpoint), Fault> {
    let (account, ..) = account_of(visit).await?;
    let id = EndpointId(visit.id("endpoint")?);
    let found = visit.gateway().webhooks().find(AskedBy::Operator, id).await?;
    let endpoint = found.map_err(refused)?;
    match endpoint.account == account.id {
        true => Ok((account, endpoint)),
        false => Err(Fault::NotFound("The account has no such endpoint.".to_owned())),
    }
}

fn page_of(endpoint: &Endpoint) -> String {
    path!("/accounts/{}/webhooks/{}", endpoint.account, endpoint.id)
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (account, endpoint) = endpoint_of(&visit).await?;
    let paging = Paging::of(&visit);
    let before = paging.before().map(EventId);
    let webhooks = visit.gateway().webhooks();
    let read = webhooks.deliveries(AskedBy::Operator, endpoint.id, before, READ_ROWS).await?;
    let (deliveries, older) = paging.cut(read.map_err(refused)?, |delivery| delivery.event.0);
    let table = table().rows(deliveries.iter().map(|one| row(&visit, &endpoint, one)));
    let facts = facts(&[
        // The rest of the address may be its customer's secret.
        ("Sent to", hostile(&endpoint.url.origin())),
        ("State", endpoint_state(&endpoint)),
        ("Events", html! { (endpoint.subscription.patterns().join(", ")) }),
        ("Added", moment(endpoint.created_at)),
    ]);
    let page = Page::new(format!("Webhook endpoint {}", endpoint.id))
        .below("Accounts", "/accounts")
        .below(account.name, address(account.id))
        .part("endpoint", facts)
        .part("actions", actions(&visit, &endpoint))
        .part("list", html! { h2 { "Deliveries" } (table) (pager(&paging, older)) });
    Ok(page)
}

fn table() -> Table {
    Table::new("deliveries", "Deliveries")
        .column("Event")
        .column("Type")
        .column("State")
        .number_column("Attempts")
        .column("Last attempt")
        .column("")
        .newest_first()
        .empty(Empty::new("Nothing was sent there lately.").next(html! {
            "A test sends an event of its own."
        }))
}

fn row(visit: &Visit<Operator>, endpoint: &Endpoint, delivery: &Delivery) -> Row {
    let form = visit.form(&format!("{}/deliveries/{}/again", page_of(endpoint), delivery.event));
    Row::new(
        delivery.event,
        [
            html! { (delivery.event) },
            html! { (delivery.kind.as_str()) },
            delivery_state(visit, delivery.state),
            html! { (delivery.progress.attempts.len()) },
            delivery.progress.attempts.last().map_or_else(|| html! { "–" }, attempt),
            html! {
                @if visit.may(Act) { (form.inline(form.quiet_button("Send again"))) }
            },
        ],
    )
}

fn delivery_state(visit: &Visit<Operator>, state: DeliveryState) -> Markup {
    match state {
        DeliveryState::Taken => badge(Tone::Good, "taken"),
        DeliveryState::GivenUp => badge(Tone::Bad, "given up"),
        DeliveryState::Waiting { next_at: Some(at) } => html! {
            (badge(Tone::News, "waiting")) " next try in " (until(visit.now(), at))
        },
        DeliveryState::Waiting { next_at: None } => html! {
            (badge(Tone::News, "waiting")) " for an earlier event"
        },
    }
}

fn attempt(attempt: &Attempt) -> Markup {
    html! {
        (moment(Timestamp(attempt.at_us))) ", " (attempt.ms) " ms: "
        @if let Some(status) = attempt.status { "status " (status) }
        @if let Some(error) = &attempt.error { (hostile(error)) }
    }
}

fn actions(visit: &Visit<Operator>, endpoint: &Endpoint) -> Markup {
    let base = page_of(endpoint);
    let (test, remove) =
        (visit.form(&format!("{base}/test")), visit.form(&format!("{base}/remove")));
    html! {
        @if visit.may(Act) {
            (test.inline(test.button("Send a test")))
            (remove.confirmed(
                "Remove the endpoint",
                "Nothing is sent there any more, and what waits is dropped.",
                remove.danger_button("Remove it"),
            ))
        }
    }
}

async fn test(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (_, endpoint) = endpoint_of(&visit).await?;
    let webhooks = visit.gateway().webhooks();
    webhooks.test(AskedBy::Operator, endpoint.id).await?.map_err(refused)?;
    Ok(Done::at(page_of(&endpoint), "A test is being sent."))
}

async fn remove(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (account, endpoint) = endpoint_of(&visit).await?;
    let webhooks = visit.gateway().webhooks();
    webhooks.delete(AskedBy::Operator, endpoint.id).await?.map_err(refused)?;
    Ok(Done::at(address(account.id), "The endpoint was removed."))
}

async fn send_again(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (_, endpoint) = endpoint_of(&visit).await?;
    let event = EventId(visit.id("event")?);
    let webhooks = visit.gateway().webhooks();
    webhooks.redeliver(AskedBy::Operator, endpoint.id, event).await?.map_err(refused)?;
    Ok(Done::at(page_of(&endpoint), "The event is being sent once more."))
}
