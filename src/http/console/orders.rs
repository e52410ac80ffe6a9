//! The list of orders.

use maud::{Render, html};

use super::Operator;
use super::books::{list_request, nothing_listed, order_state, stepped};
use super::ways::country_link;
use crate::domain::login::Permission::Look;
use crate::domain::order::{OrderEnd, OrderState};
use crate::gateway::{OrderView, Topic};
use crate::http::web::{
    Access::May, Empty, Fault, Filters, Page, Paging, Route, Row, Table, Visit, ago, link, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    let page = Route::page("/orders", May(Look), list).live_on(&[Topic::Orders]);
    vec![page.private(&["number"])]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let request = list_request(&visit, &paging)?;
    let filters = filters(&visit);
    let list = match visit.gateway().orders().list_step(request).await {
        Ok(step) => {
            let stepped = stepped(&visit, &paging, step, |view: &OrderView| view.order.id.0);
            let rows = stepped.rows.iter().map(|view| row(&visit, view));
            let empty = match filters.are_set() {
                true => Empty::new("No order fits these filters."),
                false => Empty::new("No order yet.").next(html! {
                    "Customers make them by the API or in the portal."
                }),
            };
            html! { (table().rows(rows).empty(empty)) (stepped.foot) }
        }
        Err(error) => nothing_listed(error)?,
    };
    Ok(Page::new("Orders").intro(filters.render()).part("list", list))
}

fn filters(visit: &Visit<Operator>) -> Filters {
    let ends = OrderEnd::ALL.map(OrderEnd::as_str);
    let states = [&[OrderState::Open.as_str()][..], &ends].concat();
    let states: Vec<(&str, &str)> = states.into_iter().map(|state| (state, state)).collect();
    Filters::new(visit)
        .choice("state", "State", &states)
        .search("account", "Account")
        .search("service", "Service")
        .search("number", "Number")
        .search("iccid", "SIM (ICCID)")
        .day("day", "Day (UTC)")
}

fn table() -> Table {
    Table::new("orders", "Orders")
        .column("Order")
        .column("State")
        .column("Service")
        .column("Number")
        .column("Country")
        .column("Account")
        .number_column("Price")
        .column("Made")
        .newest_first()
}

fn row(visit: &Visit<Operator>, view: &OrderView) -> Row {
    let order = &view.order;
    Row::new(
        order.id,
        [
            link(&path!("/orders/{}", order.id), &order.id.to_string()),
            order_state(visit, order),
            link(&path!("/services/{}", order.service), &view.service),
            visit.number(&order.number),
            country_link(visit, Some(&order.country)),
            link(&path!("/accounts/{}", order.account), &view.account),
            html! {
                (visit.gateway().currency().text(order.price))
                @if view.refunded.is_some() { " (refunded)" }
            },
            ago(visit.now(), order.created_at),
        ],
    )
}
