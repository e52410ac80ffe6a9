//! `GET /v2/me`: what the key opens.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::{Nothing, Query};
use super::problem::Problem;
use crate::domain::Amount;
use crate::domain::key::{KeyMode, Scope, Scopes};

/// An account, as one of its keys opens it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Me {
    /// The account's name.
    account: String,
    currency: String,
    /// What is left of what was paid in, before holds.
    balance: String,
    /// What open orders hold of it.
    held: String,
    /// What can be spent.
    available: String,
    key: KeyInUse,
    limits: Limits,
    used: Used,
}

/// The key of the request.
#[derive(Debug, Serialize, ToSchema)]
struct KeyInUse {
    /// Its first characters.
    prefix: String,
    /// What it is for.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<&'static str>,
    expires_at: Option<String>,
}

/// What the account may do; `null` is no limit.
#[derive(Debug, Serialize, ToSchema)]
struct Limits {
    max_open: Option<i64>,
    orders_per_day: Option<i64>,
    spend_per_day: Option<String>,
}

/// What it does and has done today.
#[derive(Debug, Serialize, ToSchema)]
struct Used {
    open: usize,
    orders_today: i64,
    spent_today: String,
}

/// `GET /v2/me`.
pub(super) async fn me(
    State(api): State<Api>,
    caller: Caller,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<Me>, Problem> {
    let own = match caller.mode() {
        KeyMode::Live => api.gateway.accounts().own(caller.account()).await?,
        KeyMode::Test => api.gateway.sandbox().orders().own(caller.account()).await?,
    };
    let Some((account, standing, open)) = own else {
        return Err(Problem::not_found("account", caller.account()));
    };
    let currency = api.gateway.currency();
    let (limits, today) = (standing.limits, standing.today);
    let spend_per_day = limits.spend_per_day.most().map(|most| currency.text(Amount(most)));
    Ok(Json(Me {
        account: account.name,
        currency: currency.to_string(),
        balance: currency.text(account.funds.balance),
        held: currency.text(account.funds.held),
        available: currency.text(account.funds.available()),
        key: KeyInUse {
            prefix: caller.holder.prefix.clone(),
            scopes: scopes(&caller.holder.scopes),
            expires_at: caller.holder.expires_at.map(|at| at.to_string()),
        },
        limits: Limits {
            max_open: limits.max_open.most(),
            orders_per_day: limits.orders_per_day.most(),
            spend_per_day,
        },
        used: Used { open, orders_today: today.orders, spent_today: currency.text(today.spent) },
    }))
}

/// All that a key is for.
fn scopes(scopes: &Scopes) -> Vec<&'static str> {
    let all = Scope::ALL.into_iter().filter(|scope| scopes.allow(*scope));
    all.map(Scope::as_str).collect()
}
