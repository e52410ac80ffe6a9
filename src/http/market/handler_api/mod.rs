//! The dialect of `/stubs/handler_api.php`: an action and its parameters in the query or a form,
//! answered with one word, a word and more behind colons, or JSON, always with status 200.

mod answer;
mod rent;

use axum::response::Response;

use answer::{Answer, Reply, Word};

use super::super::api::Api;
use super::super::params::Params;
use super::{Caller, Refusal};
use crate::domain::key::ApiKey;

/// The answer to a request that is refused, whatever it asks for.
pub(super) fn refuse(refusal: Refusal) -> Response {
    answer::respond("", Err(refusal.into()))
}

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Balance,
    Rent(rent::Action),
}

impl Action {
    /// The action with this name, which is spelt as it stands here.
    fn of_name(name: &str) -> Option<Action> {
        Some(match name {
            "getBalance" | "getBalanceAndCashBack" => Action::Balance,
            _ => Action::Rent(rent::Action::of_name(name)?),
        })
    }
}

/// Answers a request. The key is looked at first, and then the action, so that a wrong key is told
/// whatever is asked with it.
pub(super) async fn answer(api: &Api, params: &Params) -> Response {
    let name = params.get("action").unwrap_or_default();
    let action = Action::of_name(name);
    let call = if action.is_some() { name } else { "" };
    answer::respond(call, carry_out(api, params, action).await)
}

async fn carry_out(api: &Api, params: &Params, action: Option<Action>) -> Answer {
    let key = params.get("api_key").map(|key| ApiKey::from_request(key.to_owned()));
    let opened = Caller::open(api, key, params).await;
    let caller = match (opened, action) {
        (Ok(_) | Err(Refusal::Suspended), None) => return Err(Word::BadAction.into()),
        (opened, _) => opened?,
    };
    if params.unreadable {
        return Err(Word::BadData.into());
    }
    match action.ok_or(Word::BadAction)? {
        Action::Balance => balance(api, &caller).await,
        Action::Rent(action) => rent::answer(api, &caller, action, params).await,
    }
}

/// `getBalance`: what can be spent, with two decimals at least, because clients look for the point.
async fn balance(api: &Api, caller: &Caller) -> Answer {
    let account = caller.reader(api)?.account;
    let balance = api.gateway.accounts().available_balance(account).await?;
    Ok(Reply::Text(format!("ACCESS_BALANCE:{}", api.gateway.currency().text(balance))))
}
