//! The customers' documents of the API, with the reader's own address and ids in the examples.

use maud::html;

use super::Customer;
use super::asking::requester;
use super::markdown::{Examples, render};
use crate::http::web::{Access, Fault, Page, Route, Visit, link};

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/api-guide", Access::SignedIn, api),
        Route::page("/api-guide/webhooks", Access::SignedIn, webhooks),
        Route::page("/api-guide/version-2", Access::SignedIn, version_2),
        Route::page("/api-guide/markets", Access::SignedIn, markets),
    ]
}

/// Among so many of the account's last entries its last order is looked for.
const LAST_ENTRIES: u32 = 50;

async fn api(visit: Visit<Customer>) -> Result<Page, Fault> {
    let text = include_str!("../../../docs/customer-api.md");
    let ids = html! {
        p {
            "The id of each service stands beside it under " (link("/", "Services"))
            " while the account has an API key, or with the switch under "
            (link("/account", "Account")) ". Both versions of the API take it."
        }
        p {
            "You make the key yourself: " (link("/account/keys", "Make a key"))
            ". The examples have this gateway's address in them already. Limits that are your \
             account's own stand under "
            (link("/account", "Account")) "."
        }
    };
    Ok(page(&visit, "The API", text).await?.intro(ids))
}

async fn webhooks(visit: Visit<Customer>) -> Result<Page, Fault> {
    let text = include_str!("../../../docs/webhooks.md");
    // What follows is for whoever runs the gateway.
    let own = text.split("\n## For operators").next().unwrap_or(text);
    Ok(page(&visit, "Webhooks of the API", own).await?.below("API", "/api-guide"))
}

async fn version_2(visit: Visit<Customer>) -> Result<Page, Fault> {
    let text = include_str!("../../../docs/from-v1-to-v2.md");
    Ok(page(&visit, "From version 1 to version 2", text).await?.below("API", "/api-guide"))
}

async fn markets(visit: Visit<Customer>) -> Result<Page, Fault> {
    let text = include_str!("../../../docs/market-protocols.md");
    Ok(page(&visit, "Protocols of number markets", text).await?.below("API", "/api-guide"))
}

async fn page(visit: &Visit<Customer>, title: &str, text: &str) -> Result<Page, Fault> {
    let examples = examples(visit).await?;
    Ok(Page::new(title).part("text", html! { div.document { (render(text, &examples)) } }))
}

/// What stands in the examples: a service that the account could order, and what it made last.
async fn examples(visit: &Visit<Customer>) -> Result<Examples, Fault> {
    let (gateway, account) = (visit.gateway(), visit.account());
    let mut on_sale = gateway.services().list().await?;
    on_sale.retain(|service| service.enabled);
    let named = on_sale.iter().find(|service| service.market_names.code.is_some());
    let market_names = named.map(|service| service.market_names.clone()).unwrap_or_default();
    let service = on_sale.into_iter().min_by_key(|service| service.id.0);
    // Not by the list of orders: that would count as a look at their texts.
    let entries = gateway.accounts().own_ledger(account, (None, None), None, LAST_ENTRIES).await?;
    let rentals = gateway.rentals().page(account, None, 1).await?;
    let endpoints = gateway.webhooks().of(&requester(visit)).await?;
    Ok(Examples {
        address: visit.api_address().to_owned(),
        service: service.map(|service| (service.id.0, service.name)),
        market_names,
        order: entries.iter().find_map(|row| row.entry.order).map(|order| order.0),
        rental: rentals.first().map(|rental| rental.id),
        webhook: endpoints.first().map(|endpoint| endpoint.id.0),
    })
}
