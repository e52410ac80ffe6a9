//! What an account pays and may do where that is not as for everybody, and its suspension.

use maud::{Markup, html};

use super::super::Operator;
use super::{PAGE, account_of, address};
use crate::domain::fair_use::Allowance;
use crate::domain::login::Permission::Act;
use crate::domain::{AccountId, Amount};
use crate::gateway::{Account, LimitEdit, PriceEdit};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Form, Route, Row, SavedValues, Table, Visit,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::post("/accounts/{id}/prices", May(Act), PAGE, set_price).with_proof(),
        Route::post("/accounts/{id}/limits", May(Act), PAGE, limit),
        Route::post("/accounts/{id}/suspension", May(Act), PAGE, suspend),
    ]
}

/// The account's own prices and limits, with the forms to change them.
pub(super) async fn part(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let currency = visit.gateway().currency();
    let prices = visit.gateway().accounts().prices(account.id.to_string()).await?;
    let rows = prices.iter().map(|own| {
        let country = own.country.as_deref().map(|code| visit.country_code(code));
        let everywhere = country.unwrap_or_else(|| "every country".to_owned());
        let service = if own.service == "*" { "every service" } else { own.service.as_str() };
        Row::new(
            format!("{}-{everywhere}", own.service),
            [html! { (service) }, html! { (everywhere) }, html! { (own.price.text(currency)) }],
        )
    });
    let table = Table::new("own-prices", "Prices of the account's own")
        .column("Service")
        .column("Country")
        .number_column("Price")
        .rows(rows)
        .empty(Empty::new("It pays what everybody pays."));
    let may = visit.may(Act) && account.erased_at.is_none();
    Ok(html! {
        h2 { "Prices and limits" }
        (table)
        @if may { (price_form(visit, account)) (limits_form(visit, account)) }
    })
}

fn price_form(visit: &Visit<Operator>, account: &Account) -> Markup {
    let form = visit.form(&format!("{}/prices", address(account.id)));
    form.asked(
        "Set a price",
        "Orders that were made keep theirs.",
        html! {
            (form.text("service", "Service").hint("its name, or * for every service").required())
            (form.text("country", "Country").hint("like NL; empty: every country"))
            (form.text("price", "Price").hint("an amount, a share like 90%, or default").required())
            (form.button("Set it"))
        },
    )
}

/// The account's own limits, as their form shows them.
fn saved_limits(visit: &Visit<Operator>, account: &Account) -> SavedValues {
    let (own, currency) = (&account.limits, visit.gateway().currency());
    let word = |own: Option<Allowance>, text: &dyn Fn(i64) -> String| match own {
        None => "default".to_owned(),
        Some(allowance) => allowance.most().map_or_else(|| "none".to_owned(), text),
    };
    let number = |most: i64| most.to_string();
    let amount = |most: i64| currency.text(Amount(most));
    SavedValues::new()
        .with("max_open", word(own.max_open, &number))
        .with("orders_per_day", word(own.orders_per_day, &number))
        .with("spend_per_day", word(own.spend_per_day, &amount))
}

fn limits_form(visit: &Visit<Operator>, account: &Account) -> Markup {
    let form = visit.form(&format!("{}/limits", address(account.id)));
    let form = form.editing(saved_limits(visit, account));
    let hint = "a number, none, or default for the configuration's";
    form.asked(
        "Set limits",
        "What it has done today counts.",
        html! {
            (form.text("max_open", "Open orders").hint(hint))
            (form.text("orders_per_day", "Orders in a day").hint(hint))
            (form.text("spend_per_day", "Spending in a day").hint("an amount, none, or default"))
            (form.button("Set them"))
        },
    )
}

/// The form that suspends the account, or lets it work again.
pub(super) fn suspension(visit: &Visit<Operator>, account: &Account) -> Markup {
    if !visit.may(Act) || account.erased_at.is_some() {
        return Markup::default();
    }
    let form = visit.form(&format!("{}/suspension", address(account.id)));
    match account.suspended_at {
        Some(_) => html! {
            (form.inline(html! {
                (form.hidden("to", "active")) (form.button("Let the account work again"))
            }))
        },
        None => form.asked(
            "Suspend the account",
            "Its keys open nothing and its people are signed out at once. Orders and rentals that \
             run stay.",
            html! { (form.hidden("to", "suspended")) (form.button("Suspend it")) },
        ),
    }
}

async fn set_price(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let edit = PriceEdit {
        service: form.text("service").to_owned(),
        country: form.optional("country").map(str::to_owned),
        price: form.text("price").to_owned(),
    };
    visit.gateway().accounts().set_price(id.to_string(), edit).await?;
    Ok(Done::at(address(id), "The price holds for new orders."))
}

async fn limit(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (account, ..) = account_of(&visit).await?;
    form.refuse_if_stale(&saved_limits(&visit, &account))?;
    let id = account.id;
    let given = |name: &str| form.optional(name).map(str::to_owned);
    let edit = LimitEdit {
        max_open: given("max_open"),
        orders_per_day: given("orders_per_day"),
        spend_per_day: given("spend_per_day"),
    };
    visit.gateway().accounts().limit(id.to_string(), edit).await?;
    Ok(Done::at(address(id), "The limits hold now."))
}

async fn suspend(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (id, suspended) = (AccountId(visit.id("id")?), form.text("to") == "suspended");
    visit.gateway().accounts().set_suspended(id.to_string(), suspended).await?;
    let line = match suspended {
        true => "The account is suspended: its keys open nothing, and nobody signs in for it.",
        false => "The account works again.",
    };
    Ok(Done::at(address(id), line))
}
