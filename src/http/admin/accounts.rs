//! Accounts and keys.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::catalogue::{given, parse_amount};
use super::{AdminState, Answer, ListQuery, Refused, parse_time, refused, views};
use crate::domain::Amount;
use crate::domain::key::KeyMode;
use crate::domain::spending::SpendingDay;
use crate::gateway::{Error, KeyEdit, LimitEdit, PriceEdit, PriceView};

#[derive(Deserialize)]
pub(super) struct NewAccount {
    name: String,
}

pub(super) async fn list(
    State(admin): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (request, page) = query.for_whole_list(&["state"])?;
    let accounts = admin.gateway.accounts().search(request).await?;
    let accounts = page.cut(accounts, |account| account.id.0.to_string())?;
    Ok(Json(accounts.iter().map(|account| views::account(account, &admin.gateway)).collect()))
}

pub(super) async fn add(State(admin): State<AdminState>, Json(new): Json<NewAccount>) -> Answer {
    let account = admin.gateway.accounts().add(new.name).await?;
    Ok(Json(views::account(&account, &admin.gateway)))
}

pub(super) async fn show(State(admin): State<AdminState>, Path(account): Path<String>) -> Answer {
    let account = admin.gateway.accounts().find(account).await?;
    let prices = admin.gateway.accounts().prices(account.id.to_string()).await?;
    Ok(Json(with(
        views::account(&account, &admin.gateway),
        json!({ "prices": own(&prices, &admin) }),
    )))
}

fn own(prices: &[PriceView], admin: &AdminState) -> Vec<Value> {
    let currency = admin.gateway.currency();
    prices.iter().map(|price| views::own_price(price, currency)).collect()
}

/// A price of an account's own: `price` is an amount, a share like `90%`, or `default`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Price {
    service: String,
    country: Option<String>,
    price: String,
}

pub(super) async fn set_price(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(Price { service, country, price }): Json<Price>,
) -> Answer {
    let edit = PriceEdit { service, country, price };
    let prices = admin.gateway.accounts().set_price(account, edit).await?;
    Ok(Json(own(&prices, &admin).into()))
}

/// `request` is an id that the client chooses. A request with the same id is applied only once.
/// What is most likely a slip has to be `confirmed`.
#[derive(Deserialize)]
pub(super) struct TopUp {
    amount: String,
    request: String,
    #[serde(default)]
    confirmed: bool,
}

pub(super) async fn top_up(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(TopUp { amount, request, confirmed }): Json<TopUp>,
) -> Answer {
    let accounts = admin.gateway.accounts();
    let amount = parse_amount(&amount, admin.gateway.currency())?;
    accounts.check_top_up(amount)?;
    if !confirmed {
        refuse_slip(&admin, &account, amount).await?;
    }
    let (account, is_repeated) = accounts.top_up_once(account, amount, request).await?;
    let repeated = json!({ "repeated": is_repeated });
    Ok(Json(with(views::account(&account, &admin.gateway), repeated)))
}

/// Refuses what is most likely a slip.
async fn refuse_slip(admin: &AdminState, account: &str, amount: Amount) -> Result<(), Refused> {
    match admin.gateway.accounts().find_slip(account.to_owned(), amount).await? {
        Some(slip) => Err(refused(format!("{slip}; if that is meant, add --yes"))),
        None => Ok(()),
    }
}

/// Like [`TopUp`], with the operator's reason.
#[derive(Deserialize)]
pub(super) struct Adjustment {
    amount: String,
    note: String,
    request: String,
    #[serde(default)]
    confirmed: bool,
}

pub(super) async fn adjust(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(Adjustment { amount, note, request, confirmed }): Json<Adjustment>,
) -> Answer {
    let accounts = admin.gateway.accounts();
    let amount = parse_amount(&amount, admin.gateway.currency())?;
    if !confirmed {
        refuse_slip(&admin, &account, amount).await?;
    }
    let account = accounts.adjust_balance(account, amount, note, request).await?;
    Ok(Json(views::account(&account, &admin.gateway)))
}

pub(super) async fn ledger(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let rows = admin.gateway.accounts().ledger(account, query.for_list(&[])?).await?;
    let currency = admin.gateway.currency();
    Ok(Json(rows.iter().map(|row| views::ledger_row(row, currency)).collect()))
}

#[derive(Deserialize)]
pub(super) struct Suspension {
    suspended: bool,
}

pub(super) async fn suspend(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(Suspension { suspended }): Json<Suspension>,
) -> Answer {
    let account = admin.gateway.accounts().set_suspended(account, suspended).await?;
    Ok(Json(views::account(&account, &admin.gateway)))
}

/// Whether copies of the database that were made before upgrades are to be removed too.
#[derive(Deserialize)]
pub(super) struct Erasure {
    #[serde(default)]
    copies: bool,
}

pub(super) async fn erase(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(Erasure { copies }): Json<Erasure>,
) -> Answer {
    let erased = admin.gateway.accounts().erase(account, copies).await?;
    Ok(Json(json!({
        "account": views::account(&erased.account, &admin.gateway),
        "copies": erased.copies,
        "overwritten": erased.is_overwritten,
    })))
}

/// Each limit is a number or an amount, `none` or `default`, as a text. What is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    max_open: Option<String>,
    orders_per_day: Option<String>,
    spend_per_day: Option<String>,
}

pub(super) async fn limit(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(Limits { max_open, orders_per_day, spend_per_day }): Json<Limits>,
) -> Answer {
    let edit = LimitEdit { max_open, orders_per_day, spend_per_day };
    let account = admin.gateway.accounts().limit(account, edit).await?;
    Ok(Json(views::account(&account, &admin.gateway)))
}

pub(super) async fn skips(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (request, page) = query.for_whole_list(&["number", "service", "from", "to"])?;
    let skips = admin.gateway.orders().skips(account, request).await?;
    let skips = page.cut(skips, |skip| skip.order.0.to_string())?;
    Ok(Json(skips.iter().map(views::skip).collect()))
}

/// A number in any form, and a service by its name or id; without one, every service.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UndoSkips {
    number: String,
    service: Option<String>,
}

pub(super) async fn undo_skips(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(UndoSkips { number, service }): Json<UndoSkips>,
) -> Answer {
    let undone = admin.gateway.orders().undo_skips(account, number, service).await?;
    Ok(Json(undone.iter().map(views::skip).collect()))
}

pub(super) async fn keys(
    State(admin): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (request, page) = query.for_whole_list(&["account", "state", "from", "to"])?;
    let keys = admin.gateway.accounts().keys(request).await?;
    let keys = page.cut(keys, |key| key.prefix.clone())?;
    Ok(Json(keys.iter().map(|key| views::key(key, &admin.gateway)).collect()))
}

/// The networks from which a key may be used, all if there are none; what it is called, when it
/// expires, what it is for, and what may be spent with it in a day. What is left out stays, or is
/// not so for a new key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyEdited {
    allow: Option<Vec<String>>,
    #[serde(default, deserialize_with = "given")]
    label: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    expires_at: Option<Option<String>>,
    scopes: Option<Vec<String>>,
    spend_per_day: Option<String>,
}

impl TryFrom<KeyEdited> for KeyEdit {
    type Error = Error;

    fn try_from(edited: KeyEdited) -> Result<KeyEdit, Error> {
        let expires_at = edited.expires_at.map(|at| at.as_deref().map(parse_time).transpose());
        let expires_at = expires_at.transpose()?;
        let KeyEdited { allow, label, scopes, spend_per_day, .. } = edited;
        Ok(KeyEdit { allowed: allow, label, expires_at, scopes, spend_per_day })
    }
}

/// Whether a new key is a test key; it is none unless that is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewKeyKind {
    #[serde(default)]
    test: bool,
}

pub(super) async fn add_key(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Query(NewKeyKind { test }): Query<NewKeyKind>,
    Json(terms): Json<KeyEdited>,
) -> Answer {
    let (mode, accounts) = (KeyMode::of_test(test), admin.gateway.accounts());
    let made = accounts.add_key(account, mode, terms.try_into()?).await?;
    let (account, key) = (made.account, made.key);
    Ok(Json(json!({ "account": account.name, "prefix": key.prefix(), "key": key.reveal() })))
}

pub(super) async fn edit_key(
    State(admin): State<AdminState>,
    Path(prefix): Path<String>,
    Json(edited): Json<KeyEdited>,
) -> Answer {
    let key = admin.gateway.accounts().edit_key(prefix, edited.try_into()?).await?;
    Ok(Json(views::key(&key, &admin.gateway)))
}

pub(super) async fn revoke_key(
    State(admin): State<AdminState>,
    Path(prefix): Path<String>,
) -> Answer {
    let key = admin.gateway.accounts().revoke_key(prefix).await?;
    let (account, label) = (key.account_name, key.terms.label);
    Ok(Json(json!({ "revoked": key.prefix, "account": account, "label": label })))
}

/// How many days are shown.
#[derive(Deserialize)]
pub(super) struct Days {
    days: u32,
}

/// What an account was charged in each of the last days.
pub(super) async fn spending(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Query(Days { days }): Query<Days>,
) -> Answer {
    let spending = admin.gateway.accounts().spending(account, days).await?;
    let currency = admin.gateway.currency();
    let day = |day: &SpendingDay| {
        json!({
            "day": day.day.to_string(),
            "spent": currency.text(day.spent),
            "codes": day.codes,
            "currency": currency.to_string(),
        })
    };
    Ok(Json(spending.days.iter().map(day).collect()))
}
