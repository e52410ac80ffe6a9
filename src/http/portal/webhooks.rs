//! Webhooks: the addresses that the account has its events sent to.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, requester};
use crate::domain::event::EventKind;
use crate::domain::webhook::{Endpoint, EndpointState, OffReason, Secret};
use crate::gateway::{Done as Outcome, EndpointRefusal, NewEndpoint};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, FieldView, Form, FormView, Page, Route, Row, Table, Tone,
    Visit, badge, copyable, hostile, link, moment, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/webhooks", Access::SignedIn, list).live(),
        Route::post("/webhooks", Access::SignedIn, "/webhooks", add).with_proof(),
    ]
}

async fn list(visit: Visit<Customer>) -> Result<Page, Fault> {
    let endpoints = visit.gateway().webhooks().of(&requester(&visit)).await?;
    let mut table = Table::new("endpoints-list", "Your webhooks, the newest first")
        .column("Address")
        .column("Events")
        .column("State")
        .column("Made");
    for endpoint in &endpoints {
        let address = path!("/webhooks/{}", endpoint.id);
        table = table.row(Row::new(
            endpoint.id,
            [
                html! { a href=(address) { (hostile(endpoint.url.as_str())) } },
                html! { (endpoint.subscription.patterns().join(", ")) },
                state(endpoint),
                html! { (moment(endpoint.created_at)) },
            ],
        ));
    }
    let empty = Empty::new(
        "No webhooks yet. What happens to your orders and rentals can be sent \
                            to an address of yours at once.",
    )
    .next(link("/api-guide/webhooks", "What is sent, and how it is checked"));
    Ok(Page::new("Webhooks")
        .part("endpoints", html! { (table.empty(empty)) })
        .part("new", new_form(&visit)))
}

/// Whether an endpoint is sent events, and why not.
pub(super) fn state(endpoint: &Endpoint) -> Markup {
    match endpoint.state {
        EndpointState::On => html! {
            @match endpoint.failing_since {
                Some(since) => { (badge(Tone::Fair, "Fails")) " since " (moment(since)) }
                None => (badge(Tone::Good, "On")),
            }
        },
        EndpointState::Off(reason) => {
            html! { (badge(Tone::Quiet, "Off")) " " (off_because(reason)) }
        }
    }
}

/// Why an endpoint is off, and what would help, in a sentence.
fn off_because(reason: OffReason) -> &'static str {
    match reason {
        OffReason::Customer => "It was switched off here or by the API.",
        OffReason::Gone => "It answered 410 Gone: nothing is sent there until it is switched on.",
        OffReason::Failing => {
            "It failed for five days. See its last answers, mend it, and switch it on."
        }
    }
}

fn new_form(visit: &Visit<Customer>) -> Markup {
    let form = visit.form("/webhooks");
    html! {
        h2 { "Add a webhook" }
        (form.show(html! {
            (url_field(&form))
            (types_field(&form).value("*"))
            (kinds())
            (form.button("Add it"))
        }))
        p { (link("/api-guide/webhooks", "What is sent, and how it is checked")) }
    }
}

/// The field of an endpoint's address.
pub(super) fn url_field(form: &FormView) -> FieldView {
    form.text("url", "Address").hint("like https://example.com/hook").required()
}

/// The field of an endpoint's events.
pub(super) fn types_field(form: &FormView) -> FieldView {
    let hint = "at least one: * is all of them, order.* all that begin like this, and several are \
                written like order.* balance.low";
    form.text("types", "Events").hint(hint).required()
}

/// The kinds of events that can be asked for, in a sentence below their field.
pub(super) fn kinds() -> Markup {
    html! { p.hint { "There are " (EventKind::ALL.map(EventKind::as_str).join(", ")) "." } }
}

/// What a form says of an endpoint's events: patterns between spaces, commas or lines.
pub(super) fn types(form: &Form) -> Vec<String> {
    let words = form.text("types").split([' ', ',', '\n', '\r']);
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

async fn add(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let new = NewEndpoint { url: form.text("url").to_owned(), types: Some(types(&form)) };
    let (by, once) = (requester(&visit), once(&visit, &form));
    let (added, secret) = visit.gateway().webhooks().add_once(by, new, once).await?;
    let is_new = matches!(added, Outcome::Now(_));
    match carried_out(added, |endpoint| endpoint.id)? {
        Ok(id) if is_new => Ok(Done::shown(secret_page(id, &secret, "Your new webhook"))),
        Ok(id) => Ok(Done::follow(path!("/webhooks/{}", id))),
        Err(refusal) => Err(refused(refusal)),
    }
}

/// The one page that has an endpoint's secret.
pub(super) fn secret_page(id: i64, secret: &Secret, title: &str) -> Page {
    Page::new(title).below("Webhooks", "/webhooks").part(
        "secret",
        html! {
            p { "What is sent is signed with this secret. This is the only time that it is shown: \
                 copy it now." }
            (copyable(&secret.reveal()))
            p { (link(&path!("/webhooks/{}", id), "Go on to the webhook, and send it a test")) }
        },
    )
}

/// What is said of a refusal of what was asked of an endpoint.
pub(super) fn refused(refusal: EndpointRefusal) -> Fault {
    let field = match refusal {
        EndpointRefusal::NoEndpoint(_) => {
            return Fault::NotFound("Your account has no such webhook.".to_owned());
        }
        EndpointRefusal::NoDelivery(_) => {
            return Fault::NotFound("This delivery is not kept any more.".to_owned());
        }
        EndpointRefusal::Url(_) | EndpointRefusal::UnsafeAddress(_) => "url",
        EndpointRefusal::Types(_) => "types",
        EndpointRefusal::TooMany | EndpointRefusal::Off(_) => "",
    };
    let mut faults = Faults::new();
    let _: Option<()> = faults.check(field, Err(refusal));
    Fault::Form(faults)
}
