//! The list of accounts.

use maud::{Markup, Render, html};

use super::Operator;
use super::books::{READ_ROWS, nothing_listed};
use crate::domain::AccountId;
use crate::domain::login::Permission::{Act, Look};
use crate::gateway::{Account, AccountPage, Topic};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Filters, Form, Page, Paging, Route, Row, Table, Tone, Visit,
    badge, link, pager, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/accounts", May(Look), list).live_on(&[Topic::Accounts]),
        Route::post("/accounts/add", May(Act), "/accounts", add),
    ]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let filters = Filters::new(&visit).search("name", "Name").choice(
        "state",
        "State",
        &[("active", "active"), ("suspended", "suspended")],
    );
    let page = AccountPage {
        state: visit.query("state").map(str::to_owned),
        name: visit.query("name").map(str::to_owned),
        before: paging.before().map(AccountId),
        limit: READ_ROWS,
    };
    let list = match visit.gateway().accounts().page(page).await {
        Ok(accounts) => {
            let (accounts, older) = paging.cut(accounts, |account| account.id.0);
            let empty = match filters.are_set() {
                true => Empty::new("No account fits these filters."),
                false => Empty::new("No account yet.").next(html! { "Add one below." }),
            };
            let table = table(&visit).rows(accounts.iter().map(|account| row(&visit, account)));
            html! { (table.empty(empty)) (pager(&paging, older)) }
        }
        Err(error) => nothing_listed(error)?,
    };
    Ok(Page::new("Accounts")
        .intro(filters.render())
        .part("list", list)
        .part("add", add_form(&visit)))
}

fn table(visit: &Visit<Operator>) -> Table {
    let code = visit.gateway().currency();
    Table::new("accounts", "Accounts")
        .column("Account")
        .number_column("Id")
        .column("State")
        .number_column(&format!("Balance, {code}"))
        .number_column(&format!("Held, {code}"))
        .newest_first()
}

fn row(visit: &Visit<Operator>, account: &Account) -> Row {
    let currency = visit.gateway().currency();
    Row::new(
        account.id,
        [
            link(&path!("/accounts/{}", account.id), &account.name),
            html! { (account.id) },
            account_state(account),
            html! { (currency.text(account.funds.balance)) },
            html! { (currency.text(account.funds.held)) },
        ],
    )
}

/// Whether an account may do anything, in a word.
pub(super) fn account_state(account: &Account) -> Markup {
    match (account.erased_at, account.suspended_at) {
        (Some(_), _) => badge(Tone::Quiet, "erased"),
        (None, Some(_)) => badge(Tone::Fair, "suspended"),
        (None, None) => badge(Tone::Good, "active"),
    }
}

fn add_form(visit: &Visit<Operator>) -> Markup {
    let form = visit.form("/accounts/add");
    html! {
        @if visit.may(Act) {
            h2 { "Add an account" }
            (form.show(html! {
                (form.text("name", "Name").hint("its customer reads it").required())
                (form.button("Add it"))
            }))
        }
    }
}

async fn add(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let added = visit.gateway().accounts().add(form.text("name").to_owned()).await?;
    let line = format!("The account {} was added. It has no credit and no key yet.", added.name);
    Ok(Done::at(path!("/accounts/{}", added.id), line))
}
