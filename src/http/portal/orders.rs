//! All orders of an account.

use maud::{Markup, html};

use super::Customer;
use super::asking::requester;
use super::order::{again, grouped, shown_time};
use super::services::country_name;
use crate::domain::OrderId;
use crate::domain::text::counted_noun;
use crate::gateway::resources::{OrderResource, OrderStatus};
use crate::gateway::{Done as Outcome, GiveUp, OrderPage};
use crate::http::web::{
    Access, Done, Empty, Fault, Filters, Form, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone,
    Visit, badge, copy_button, hostile, link, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/orders", Access::SignedIn, list).live(),
        Route::post("/orders/cancel", Access::SignedIn, "/orders", cancel_all),
    ]
}

/// The words for states in the address and on the page.
const STATES: [(&str, &str, OrderStatus); 5] = [
    ("open", "Open", OrderStatus::Open),
    ("completed", "Completed", OrderStatus::Completed),
    ("canceled", "Canceled", OrderStatus::Canceled),
    ("skipped", "Skipped", OrderStatus::Skipped),
    ("expired", "Expired", OrderStatus::Expired),
];

/// How many orders are read at once of those that wait.
const AT_ONCE: u32 = 100;

async fn list(visit: Visit<Customer>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let state = visit.query("state").and_then(|word| {
        STATES.iter().find(|(known, ..)| *known == word).map(|(.., state)| *state)
    });
    let wanted = OrderPage {
        state,
        before: paging.before().map(OrderId),
        limit: u32::try_from(PAGE_ROWS + 1).unwrap_or(u32::MAX),
        ..OrderPage::default()
    };
    let orders = visit.gateway().orders().page(requester(&visit), wanted).await?;
    let (orders, older) = paging.cut(orders, |order| order.id);
    let options = STATES.map(|(word, label, _)| (word, label));
    let filters = Filters::new(&visit).choice("state", "State", &options);
    Ok(Page::new("Orders").intro(html! { (filters) }).part(
        "orders",
        html! {
            (cancel_button(&visit, &orders))
            (table(&visit, &orders))
            (pager(&paging, older))
        },
    ))
}

fn table(visit: &Visit<Customer>, orders: &[OrderResource]) -> Table {
    let mut table = Table::new("orders-list", "Your orders, the newest first")
        .newest_first()
        .column("Order")
        .column("Service")
        .column("Number")
        .column("State")
        .column("Text")
        .number_column("Price")
        .column("Made")
        .column("");
    for order in orders {
        table = table.row(Row::new(
            order.id,
            [
                link(&path!("/orders/{}", order.id), &order.id.to_string()),
                html! {
                    (order.service.name) " "
                    span.calm { (country_name(visit, &order.country)) }
                },
                html! { span.digits { (grouped(&order.national)) } },
                state_badge(order),
                newest_text(order),
                html! { (order.price) " " (order.currency) },
                shown_time(&order.created_at),
                again(visit, order, "Again"),
            ],
        ));
    }
    let empty = match visit.query("state") {
        Some(_) => {
            Empty::new("None of your orders is in this state.").next(link("/orders", "All orders"))
        }
        None => Empty::new("No orders yet. A number for one code is an order.")
            .next(link("/", "Services that can be ordered")),
    };
    table.empty(empty)
}

fn state_badge(order: &OrderResource) -> Markup {
    let tone = match order.state {
        OrderStatus::Open => Tone::Fair,
        OrderStatus::Completed => Tone::Good,
        OrderStatus::Canceled | OrderStatus::Skipped | OrderStatus::Expired => Tone::Quiet,
    };
    let known = STATES.iter().find(|(.., state)| *state == order.state);
    badge(tone, known.map_or("", |(_, label, _)| *label))
}

/// The code, or else the newest text while it is kept.
fn newest_text(order: &OrderResource) -> Markup {
    if let Some(code) = &order.code {
        return html! { strong.digits { (code) } " " (copy_button("Copy", code)) };
    }
    let newest = order.messages.iter().rev().find_map(|message| message.text.as_deref());
    html! { @if let Some(text) = newest { (hostile(text)) } }
}

fn cancel_button(visit: &Visit<Customer>, orders: &[OrderResource]) -> Markup {
    if orders.iter().all(|order| order.state != OrderStatus::Open) {
        return html! {};
    }
    let form = visit.form("/orders/cancel");
    form.confirmed(
        "Cancel all that wait",
        "All orders that still wait are canceled. They cost nothing.",
        form.danger_button("Cancel them"),
    )
}

async fn cancel_all(visit: Visit<Customer>, _form: Form) -> Result<Done, Fault> {
    let (orders, by) = (visit.gateway().orders(), requester(&visit));
    let (mut canceled, mut before) = (0, None);
    loop {
        let state = Some(OrderStatus::Open);
        let wanted = OrderPage { state, before, limit: AT_ONCE, ..OrderPage::default() };
        let open = orders.page(by.clone(), wanted).await?;
        let Some(oldest) = open.last().map(|order| OrderId(order.id)) else { break };
        before = Some(oldest);
        for order in open {
            let (by, id) = (by.clone(), OrderId(order.id));
            let done = orders.give_up_once(by, id, GiveUp::Cancel, None).await?;
            canceled += usize::from(matches!(done, Outcome::Now(_)));
        }
    }
    let line = match canceled {
        0 => "No order waited any more.".to_owned(),
        some => counted_noun(some, "order was canceled.", "orders were canceled."),
    };
    Ok(Done::at("/orders", line))
}
