//! Accounts and keys.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::{Admin, Answer, views};
use crate::domain::Amount;
use crate::gateway::Error;

#[derive(Deserialize)]
pub(super) struct NewAccount {
    name: String,
}

pub(super) async fn list(State(admin): State<Admin>) -> Answer {
    let currency = &admin.gateway.settings().currency;
    let accounts = admin.gateway.accounts().await?;
    Ok(Json(accounts.iter().map(|account| views::account(account, currency)).collect()))
}

pub(super) async fn add(State(admin): State<Admin>, Json(new): Json<NewAccount>) -> Answer {
    let account = admin.gateway.add_account(new.name).await?;
    Ok(Json(views::account(&account, &admin.gateway.settings().currency)))
}

pub(super) async fn show(State(admin): State<Admin>, Path(account): Path<String>) -> Answer {
    let account = admin.gateway.account(account).await?;
    Ok(Json(views::account(&account, &admin.gateway.settings().currency)))
}

/// `request` is the client's own: the same one is applied once, however often it is sent.
#[derive(Deserialize)]
pub(super) struct TopUp {
    amount: String,
    request: String,
}

pub(super) async fn top_up(
    State(admin): State<Admin>,
    Path(account): Path<String>,
    Json(TopUp { amount, request }): Json<TopUp>,
) -> Answer {
    let amount: Amount = amount.parse().map_err(|error| Error::Refused(format!("{amount}: {error}")))?;
    let account = admin.gateway.top_up(account, amount, request).await?;
    Ok(Json(views::account(&account, &admin.gateway.settings().currency)))
}

pub(super) async fn keys(State(admin): State<Admin>) -> Answer {
    Ok(Json(admin.gateway.keys().await?.iter().map(views::key).collect()))
}

pub(super) async fn add_key(State(admin): State<Admin>, Path(account): Path<String>) -> Answer {
    let made = admin.gateway.add_key(account).await?;
    Ok(Json(json!({ "account": made.account.name, "prefix": made.key.prefix(), "key": made.key.reveal() })))
}

pub(super) async fn revoke_key(State(admin): State<Admin>, Path(prefix): Path<String>) -> Answer {
    admin.gateway.revoke_key(prefix.clone()).await?;
    Ok(Json(json!({ "revoked": prefix })))
}
