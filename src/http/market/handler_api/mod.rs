//! The dialect of `/stubs/handler_api.php`: an action and its parameters in the query or a form,
//! answered with one word, a word and more behind colons, or JSON, always with status 200.

mod again;
mod answer;
mod catalogue;
mod lists;
mod numbers;
mod parameters;
mod prices;
mod rent;
mod shapes;
mod status;

use axum::response::Response;

pub(super) use answer::open_to_scripts;
use answer::{Answer, Reply, Word};

pub(super) use parameters::price_condition;

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
    /// To buy a number.
    Number(numbers::Form),
    Status(status::Action),
    /// The number of an order once more.
    Again(again::Action),
    Catalogue(catalogue::Action),
    List(lists::Action),
    Rent(rent::Action),
}

impl Action {
    /// The action with this name, which is spelt as it stands here.
    fn of_name(name: &str) -> Option<Action> {
        Some(match name {
            "getBalance" | "getBalanceAndCashBack" => Action::Balance,
            "getNumber" | "getNumbers" => Action::Number(numbers::Form::Words),
            "getNumberV2" => Action::Number(numbers::Form::Json),
            "setStatus" => Action::Status(status::Action::Set),
            "finishActivation" => Action::Status(status::Action::Finish),
            "cancelActivation" => Action::Status(status::Action::Cancel),
            "getStatus" => Action::Status(status::Action::Code),
            "getStatusV2" => Action::Status(status::Action::CodeInJson),
            "getFullSms" => Action::Status(status::Action::Text),
            "getAllSms" => Action::Status(status::Action::AllTexts),
            "checkExtraActivation" => Action::Again(again::Action::Check),
            "getExtraActivation" => Action::Again(again::Action::Get),
            "reactivate" => Action::Again(again::Action::Reactivate),
            "reactivationPrice" => Action::Again(again::Action::Price),
            "getActiveActivations" => Action::List(lists::Action::Active),
            "getListOfActiveActivations" | "getCurrentActivations" => {
                Action::List(lists::Action::Running)
            }
            "getHistory" => Action::List(lists::Action::History),
            _ => match catalogue::Action::of_name(name) {
                Some(action) => Action::Catalogue(action),
                None => Action::Rent(rent::Action::of_name(name)?),
            },
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
        Action::Number(form) => numbers::buy(api, &caller, params, form).await,
        Action::Status(action) => status::answer(api, &caller, params, action).await,
        Action::Again(action) => again::answer(api, &caller, params, action).await,
        Action::Catalogue(action) => catalogue::answer(api, &caller, params, action).await,
        Action::List(action) => lists::answer(api, &caller, params, action).await,
        Action::Rent(action) => rent::answer(api, &caller, action, params).await,
    }
}

/// `getBalance`: what can be spent.
async fn balance(api: &Api, caller: &Caller) -> Answer {
    let account = caller.reader(api)?.account;
    let balance = api.gateway.accounts().available_balance(account).await?;
    let balance = answer::with_point(&api.gateway.currency().text(balance));
    Ok(Reply::Text(format!("ACCESS_BALANCE:{balance}")))
}
