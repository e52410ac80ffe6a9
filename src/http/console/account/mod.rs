//! One account: its credit, what it may do, its keys, its people, its webhooks.

mod export;
mod key;
mod keys;
mod ledger;
mod money;
mod people;
mod terms;
mod webhook;
mod webhooks;

use maud::{Markup, html};

use super::Operator;
use super::accounts::account_state;
use crate::domain::login::Permission::Look;
use crate::domain::{AccountId, Amount};
use crate::gateway::{Account, Standing, Topic};
use crate::http::web::{Access::May, Fault, Page, Route, Visit, facts, link, moment, path};

/// The path of an account's page.
const PAGE: &str = "/accounts/{id}";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let page = Route::page(PAGE, May(Look), show).live_on(&[
        Topic::Accounts,
        Topic::Orders,
        Topic::Rentals,
    ]);
    let all = [
        vec![page],
        money::routes(),
        ledger::routes(),
        keys::routes(),
        key::routes(),
        people::routes(),
        terms::routes(),
        webhooks::routes(),
        webhook::routes(),
        export::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// The account of the address, what it may do and has done today, and how many orders it has open.
async fn account_of(visit: &Visit<Operator>) -> Result<(Account, Standing, usize), Fault> {
    let id = AccountId(visit.id("id")?);
    let found = visit.gateway().accounts().own(id).await?;
    found.ok_or_else(|| Fault::NotFound(format!("There is no account {id}.")))
}

/// The address of an account's page.
fn address(id: AccountId) -> String {
    path!("/accounts/{}", id)
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (account, standing, open) = account_of(&visit).await?;
    let page = Page::new(account.name.clone())
        .below("Accounts", "/accounts")
        .half_part("account", account_facts(&visit, &account, open))
        .half_part("today", today(&visit, &account, standing))
        .part("money", money::forms(&visit, &account))
        .part("ledger", ledger::newest(&visit, &account).await?)
        .part("keys", keys::part(&visit, &account).await?)
        .part("people", people::part(&visit, &account).await?)
        .part("terms", terms::part(&visit, &account).await?)
        .part("webhooks", webhooks::part(&visit, &account).await?)
        .part(
            "whole",
            html! { (terms::suspension(&visit, &account)) (export::part(&visit, &account)) },
        );
    Ok(page)
}

fn account_facts(visit: &Visit<Operator>, account: &Account, open: usize) -> Markup {
    let all_orders = path!("/orders?account={}", account.id);
    let open_orders = path!("/orders?account={}&state=open", account.id);
    let rentals = path!("/rentals?account={}", account.id);
    let always = [
        ("State", account_state(account)),
        ("Id", html! { (account.id) }),
        ("Balance", html! { (visit.money(account.funds.balance)) }),
        ("Held for open orders", html! { (visit.money(account.funds.held)) }),
        ("Can be spent", html! { (visit.money(account.funds.available())) }),
        ("Open orders", link(&open_orders, &open.to_string())),
        ("Its orders", link(&all_orders, "all orders")),
        ("Its rentals", link(&rentals, "all rentals")),
    ];
    let sometimes = [
        ("Suspended since", account.suspended_at.map(moment)),
        ("Erased", account.erased_at.map(moment)),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(term, is)| Some((term, is?)));
    facts(&always.into_iter().chain(sometimes).collect::<Vec<_>>())
}

/// What it has done today, of what it may do.
fn today(visit: &Visit<Operator>, account: &Account, standing: Standing) -> Markup {
    let Standing { limits, today } = standing;
    let pauses = visit.gateway().settings().pauses;
    let paused = account.fair_use.pause(visit.now(), pauses);
    let of = |most: Option<i64>, text: &dyn Fn(i64) -> String| match most {
        Some(most) => format!(" of {}", text(most)),
        None => ", without a limit".to_owned(),
    };
    let orders = of(limits.orders_per_day.most(), &|most| most.to_string());
    let spent = of(limits.spend_per_day.most(), &|most| visit.money(Amount(most)));
    let open = limits.max_open.most().map_or_else(|| "any number".to_owned(), |it| it.to_string());
    let always = [
        ("Orders today", html! { (today.orders) (orders) }),
        ("Spent today", html! { (visit.money(today.spent)) (spent) }),
        ("Open orders at a time", html! { (open) }),
    ];
    let paused = paused.map(|until| {
        ("Paused until", html! { (moment(until)) ", because it gave up nearly all its orders" })
    });
    facts(&always.into_iter().chain(paused).collect::<Vec<_>>())
}
