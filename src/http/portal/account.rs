//! The account: its balance, its last entries, its keys, and how the portal is to be.

use maud::{Markup, html};

use super::Customer;
use super::{keys, ledger};
use crate::domain::Amount;
use crate::gateway::{Account, Error, Standing};
use crate::http::web::{
    Access, Done, Fault, Form, Page, Route, SavedValues, Tone, Visit, badge, facts, link,
    own_sessions, tile,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    vec![
        Route::page("/account", Access::SignedIn, show).live(),
        Route::post("/account/api-ids", Access::SignedIn, "/account", set_api_ids),
    ]
}

/// How many entries of the ledger stand on the account's page.
const LAST_ENTRIES: u32 = 10;

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let accounts = visit.gateway().accounts();
    if visit.is_first_look() {
        // When keys were used last is written down once a minute.
        accounts.save_key_events().await.map_err(Error::from)?;
    }
    let own = accounts.own(visit.account()).await?;
    let gone = || Fault::NotFound("Your account is not there any more.".to_owned());
    let (account, standing, open) = own.ok_or_else(gone)?;
    let entries = accounts.own_ledger(visit.account(), (None, None), None, LAST_ENTRIES).await?;
    let choices = accounts.portal_choices(visit.account()).await?;
    let keys = accounts.own_keys(visit.account()).await?;
    Ok(Page::new("Account")
        .part("balance", balance(&visit, &account))
        .half_part("today", today(&visit, &standing, open))
        .half_part("choices", switches(&visit, choices.shows_api_ids))
        .part(
            "ledger",
            html! {
                h2 { "Last entries" }
                (ledger::table(&visit, &entries))
                p { (link("/account/ledger", "The whole ledger")) }
            },
        )
        .part("keys", keys::list(&visit, &keys))
        .part("sessions", own_sessions(&visit).await?))
}

fn balance(visit: &Visit<Customer>, account: &Account) -> Markup {
    let funds = account.funds;
    let held = html! { (visit.money(funds.held)) };
    let low = visit.gateway().settings().balance_low.filter(|low| funds.available() < *low);
    html! {
        div.tiles {
            (tile("Balance", html! { (visit.money(funds.balance)) }, Some("/account/ledger")))
            (tile("Held for orders", held, Some("/orders?state=open")))
            (tile("Free", html! { (visit.money(funds.available())) }, Some("/")))
        }
        @if let Some(low) = low {
            p.warning {
                (badge(Tone::Bad, "Low balance")) " Less than " (visit.money(low)) " is free. \
                 Whoever runs this site adds credit."
            }
        }
    }
}

fn today(visit: &Visit<Customer>, standing: &Standing, open: usize) -> Markup {
    let of = |used: String, most: Option<String>| match most {
        Some(most) => format!("{used} of {most}"),
        None => used,
    };
    let (limits, today) = (standing.limits, standing.today);
    let count = |most: Option<i64>| most.map(|most| most.to_string());
    let spent_most = limits.spend_per_day.most().map(|most| visit.money(Amount(most)));
    let rows = [
        ("Open orders", of(open.to_string(), count(limits.max_open.most()))),
        ("Orders today", of(today.orders.to_string(), count(limits.orders_per_day.most()))),
        ("Spent today", of(visit.money(today.spent), spent_most)),
    ];
    html! {
        h2 { "Today" }
        (facts(&rows.map(|(name, value)| (name, html! { (value) }))))
        p { (link("/account/spending", "What was spent each day")) }
    }
}

/// The switches, as their form shows them.
fn saved_switches(shows_api_ids: bool) -> SavedValues {
    SavedValues::new().with_flag("show", shows_api_ids)
}

fn switches(visit: &Visit<Customer>, shows_api_ids: bool) -> Markup {
    let form = visit.form("/account/api-ids").editing(saved_switches(shows_api_ids));
    html! {
        h2 { "This portal" }
        (form.show(html! {
            (form.checkbox("show", "Show the ids of services")
                .hint("for the API; with an API key they are shown anyway"))
            (form.button("Save"))
        }))
        p { (link("/me", "Your password and second factor")) }
    }
}

async fn set_api_ids(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let now = visit.gateway().accounts().portal_choices(visit.account()).await?;
    form.refuse_if_stale(&saved_switches(now.shows_api_ids))?;
    let is_on = form.is_set("show");
    visit.gateway().accounts().show_api_ids(visit.account(), is_on).await?;
    Ok(Done::at(
        "/account",
        match is_on {
            true => "The ids of services are shown.",
            false => "The ids of services are shown only while the account has an API key.",
        },
    ))
}
