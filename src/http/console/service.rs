//! One service: its figures, and the form by which it is changed and tried.

use maud::{Markup, html};

use super::service_form::{Intent, ServiceDraft, form};
use super::service_trial::{Asked, TRIED, trial};
use super::services::{remarks, sale_badge, seconds_to_code, success};
use super::stock_cell::address_of;
use super::{Operator, service_trial};
use crate::domain::login::Permission::{Act, Look, SeeTexts};
use crate::domain::{MessageId, Service};
use crate::gateway::ServiceEdit;
use crate::http::web::{
    Access, Done, Empty, Fault, Form, Page, Route, Visit, facts, hostile, path,
};

const SERVICE: &str = "/services/{id}";
const NEW: &str = "/services/new";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::page(SERVICE, Access::May(Look), show),
        Route::page(NEW, act, show_new),
        Route::post("/services/new", act, NEW, add),
        Route::post("/services/{id}/edit", act, SERVICE, edit),
        Route::post("/services/{id}/sale", act, SERVICE, set_sale),
        Route::post("/services/{id}/remove", act, SERVICE, remove),
    ]
}

async fn named(visit: &Visit<Operator>) -> Result<Service, Fault> {
    Ok(visit.gateway().services().find(visit.param("id").to_owned()).await?)
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let service = named(&visit).await?;
    let mut draft = ServiceDraft::of_service(&visit, &service);
    let mut tried = None;
    if let Some(message) = visit.query("message").filter(|_| visit.may(SeeTexts)) {
        draft = with_message(&visit, draft, message).await?;
        let id = service.id.to_string();
        tried = Some(trial(&visit, &id, &draft, Asked::Message).await?);
    }
    Ok(page_of(&visit, &service, &draft, tried))
}

/// A draft to be tried on a message that came. That the operator saw it is recorded in the audit.
async fn with_message(
    visit: &Visit<Operator>,
    draft: ServiceDraft,
    message: &str,
) -> Result<ServiceDraft, Fault> {
    let unknown = || Fault::NotFound("There is no such message.".to_owned());
    let id = message.parse().map_err(|_| unknown())?;
    let (message, _) = visit.gateway().inbox().message(MessageId(id)).await?;
    let try_sender = message.sender.unwrap_or_default();
    Ok(ServiceDraft { try_sender, try_text: message.text.unwrap_or_default(), ..draft })
}

/// The page of a service, with what a trial has shown.
fn page_of(
    visit: &Visit<Operator>,
    service: &Service,
    draft: &ServiceDraft,
    tried: Option<Markup>,
) -> Page {
    let mut page = Page::new(service.name.clone()).below("Services", "/services");
    if let Some(tried) = tried {
        page = page.part(TRIED, tried);
    }
    page = page.half_part("figures", figures(visit, service));
    if !visit.may(Act) {
        return page.half_part("patterns", patterns(service));
    }
    let saved = ServiceDraft::of_service(visit, service);
    page.half_part("sale", sale(visit, service))
        .part("form", form(visit, &edit_address(service), draft, Intent::Change(&saved)))
}

fn edit_address(service: &Service) -> String {
    path!("/services/{}/edit", service.id)
}

fn figures(visit: &Visit<Operator>, service: &Service) -> Markup {
    let figures = visit.gateway().health().last_figures().unwrap_or_default();
    let figures = figures.get(&service.id).copied().unwrap_or_default();
    let settings = visit.gateway().settings();
    let countries: Vec<&str> = settings.countries.named_codes().collect();
    html! {
        h2 { "Figures" }
        (facts(&[
            ("Id", html! { (service.id) }),
            ("Sale", sale_badge(service)),
            ("Price", html! { (visit.money(service.price)) }),
            ("Got a code", match figures.success {
                Some(_) => html! { (success(figures)) " of the orders of the last seven days" },
                None => html! { "too few orders in the last seven days to say" },
            }),
            ("Code after", html! { (seconds_to_code(figures)) ", the median" }),
            ("Charged for", html! { (service.charges_on().as_str()) }),
            ("Stock", html! {
                @for country in countries {
                    a href=(address_of(service, country)) { (visit.country(country)) } " "
                }
            }),
        ]))
        @for remark in remarks(service) { p class="warning" { (remark) } }
        p {
            a href=(path!("/services/{}/numbers", service.id)) { "Numbers and their codes" } ", "
            a href=(path!("/orders?service={}", service.id)) { "its orders" }
        }
    }
}

/// The patterns, for who may not change them.
fn patterns(service: &Service) -> Markup {
    html! {
        h2 { "Patterns" }
        @if !service.has_patterns() { (Empty::new("It has none.")) }
        @for (kind, patterns) in [("Sender", &service.senders), ("Text", &service.texts)] {
            @for pattern in patterns { p { (kind) " " code { (hostile(pattern)) } } }
        }
    }
}

fn sale(visit: &Visit<Operator>, service: &Service) -> Markup {
    let sale = visit.form(&path!("/services/{}/sale", service.id));
    let remove = visit.form(&path!("/services/{}/remove", service.id));
    let (value, label, hint) = match service.enabled {
        true => (
            "off",
            "Take off sale",
            "It is on sale. Taken off, it gets no new orders; open ones go on.",
        ),
        false => ("on", "Put on sale", "It is off sale. Put on sale, it can be ordered again."),
    };
    html! {
        h2 { "Sale" }
        (sale.show(html! {
            p { (hint) }
            (sale.hidden("sale", value))
            (sale.quiet_button(label))
        }))
        (remove.confirmed(
            "Remove the service",
            "Only a service that was never ordered can be removed.",
            remove.danger_button("Remove it"),
        ))
    }
}

async fn edit(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let service = named(&visit).await?;
    sent.refuse_if_stale(&ServiceDraft::of_service(&visit, &service).saved_values())?;
    let draft = ServiceDraft { name: service.name.clone(), ..ServiceDraft::of_form(&sent) };
    if let Some(asked) = Asked::of(&sent) {
        let tried = trial(&visit, &service.id.to_string(), &draft, asked).await?;
        return Ok(Done::shown(page_of(&visit, &service, &draft, Some(tried))));
    }
    let new = draft.read(&visit)?;
    let edit = ServiceEdit::between(&service, &new);
    let (_, changes) = visit.gateway().services().edit(service.id.to_string(), edit).await?;
    let (currency, countries) =
        (visit.gateway().currency(), visit.gateway().settings().countries.clone());
    let changes: Vec<String> =
        changes.iter().map(|change| change.in_words(currency, &countries)).collect();
    let line = match changes.is_empty() {
        true => "Nothing was changed: it was like that already.".to_owned(),
        false => format!("Saved: {}.", changes.join("; ")),
    };
    Ok(Done::at(path!("/services/{}", service.id), line))
}

async fn set_sale(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let service = named(&visit).await?;
    let is_on = sent.text("sale") == "on";
    visit.gateway().services().set_enabled(service.id.to_string(), is_on).await?;
    let line = if is_on { "It is on sale." } else { "It is off sale. Open orders go on." };
    Ok(Done::at(path!("/services/{}", service.id), line))
}

async fn remove(visit: Visit<Operator>, _sent: Form) -> Result<Done, Fault> {
    let service = named(&visit).await?;
    let removed = visit.gateway().services().remove(service.id.to_string()).await?;
    Ok(Done::at("/services", format!("{} was removed.", removed.name)))
}

async fn show_new(visit: Visit<Operator>) -> Result<Page, Fault> {
    Ok(new_page(&visit, &ServiceDraft::default(), None))
}

fn new_page(visit: &Visit<Operator>, draft: &ServiceDraft, tried: Option<Markup>) -> Page {
    let page = Page::new("New service").below("Services", "/services");
    let page = match tried {
        Some(tried) => page.part(TRIED, tried),
        None => page,
    };
    page.part("form", form(visit, NEW, draft, Intent::Add))
}

async fn add(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let draft = ServiceDraft::of_form(&sent);
    if let Some(asked) = Asked::of(&sent) {
        let name = if draft.name.is_empty() { service_trial::UNNAMED } else { &draft.name };
        let tried = trial(&visit, name, &draft, asked).await?;
        return Ok(Done::shown(new_page(&visit, &draft, Some(tried))));
    }
    let new = draft.read(&visit)?;
    let added = visit.gateway().services().add(new).await?;
    Ok(Done::at(path!("/services/{}", added.id), format!("{} is on sale.", added.name)))
}
