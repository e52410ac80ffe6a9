//! Actions about rentals. A rental is the whole number, so every service and `full` mean the same.
//! What is refused is told in JSON, which only keys and actions are not.

mod offers;
mod renting;
mod requests;
mod showing;
#[cfg(test)]
mod tests;
mod values;

use serde_json::json;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::Caller;
use super::answer::{Answer, Refused, Reply, Word};

/// What is asked about rentals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// What can be rented in a country, for how much.
    Offers,
    /// What a term costs in each country, and how many numbers there are.
    Prices,
    Rent,
    Show,
    /// Finish it, or cancel it.
    End,
    List,
    Extend,
    /// What another term would cost.
    NextPrice,
    /// The same with what was charged so far.
    Terms,
}

impl Action {
    /// The action with this name.
    pub(super) fn of_name(name: &str) -> Option<Action> {
        Some(match name {
            "getRentServicesAndCountries" => Action::Offers,
            "serviceCountRent" | "getRentPrices" => Action::Prices,
            "getRentNumber" => Action::Rent,
            "getRentStatus" => Action::Show,
            "setRentStatus" => Action::End,
            "getRentList" => Action::List,
            "continueRentNumber" => Action::Extend,
            "getContinueRentPriceNumber" => Action::NextPrice,
            "continueRentInfo" => Action::Terms,
            _ => return None,
        })
    }
}

pub(super) async fn answer(api: &Api, caller: &Caller, action: Action, params: &Params) -> Answer {
    let answered = match action {
        Action::Offers => offers::offers(api, caller, params).await,
        Action::Prices => offers::prices(api, caller, params).await,
        Action::Rent => renting::rent(api, caller, params).await,
        Action::Show => showing::show(api, caller, params).await,
        Action::End => renting::end(api, caller, params).await,
        Action::List => showing::list(api, caller, params).await,
        Action::Extend => renting::extend(api, caller, params).await,
        Action::NextPrice => renting::next_price(api, caller, params).await,
        Action::Terms => showing::terms(api, caller, params).await,
    };
    answered.map_err(in_json)
}

/// A refusal as it is told of rentals. Clients look for the word under either name.
fn in_json(refused: Refused) -> Refused {
    match refused {
        Refused::Word(word) => {
            let told = json!({"status": "error", "message": word.as_str(), "error": word.as_str()});
            Refused::Json(word, told.to_string())
        }
        other => other,
    }
}

/// The answer to what was done and has nothing to tell.
fn done() -> Answer {
    Reply::json(&json!({"status": "success"}))
}

impl From<crate::gateway::Unendable> for Refused {
    fn from(why: crate::gateway::Unendable) -> Refused {
        use crate::domain::rental::RentalEnding;
        use crate::gateway::Unendable;
        match why {
            Unendable::Unknown => Word::InvalidPhone.into(),
            Unendable::Over(RentalEnding::Canceled) => Word::AlreadyCancel.into(),
            Unendable::Over(_) => Word::AlreadyFinish.into(),
            Unendable::TooLate => Word::CantCancel.into(),
        }
    }
}
