//! 5sim's API v1, under `/v1`: a path for each call, answered with JSON, or with a phrase in plain
//! text.

mod account;
mod buying;
mod guest;
mod names;
mod orders;
mod reply;
mod shapes;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::super::api::Api;
use super::super::params::Params;
use super::{Caller, Refusal, segments};
use crate::domain::AccountId;
use crate::domain::key::ApiKey;
use orders::Verb;
use reply::{Answer, Phrase, Refused, Reply};

/// A request.
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) params: Params,
}

/// What is asked for with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UserCall<'p> {
    Profile,
    Orders,
    Payments,
    MaxPrices,
    BuyActivation(&'p [&'p str]),
    BuyHosting(&'p [&'p str]),
    Reuse { product: &'p str, number: &'p str },
    Order(Verb, &'p str),
}

/// What anybody may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum GuestCall<'p> {
    Countries,
    Products { country: &'p str, operator: &'p str },
    Prices,
    Flash,
}

/// The parts of a path that a purchase has at most: country, operator and product.
const PLACE_PARTS: usize = 3;

impl<'p> UserCall<'p> {
    /// The call with this path behind `/v1/user`.
    fn of_path(path: &'p [&'p str]) -> Option<UserCall<'p>> {
        Some(match *path {
            ["profile"] => UserCall::Profile,
            ["orders"] => UserCall::Orders,
            ["payments"] => UserCall::Payments,
            ["max-prices"] => UserCall::MaxPrices,
            ["reuse", product, number] | ["buy", "reuse", product, number] => {
                UserCall::Reuse { product, number }
            }
            ["buy", "activation", ref place @ ..] if place.len() <= PLACE_PARTS => {
                UserCall::BuyActivation(place)
            }
            ["buy", "hosting", ref place @ ..] if place.len() <= PLACE_PARTS => {
                UserCall::BuyHosting(place)
            }
            ["check", id] => UserCall::Order(Verb::Check, id),
            ["finish", id] => UserCall::Order(Verb::Finish, id),
            ["cancel", id] => UserCall::Order(Verb::Cancel, id),
            ["ban", id] => UserCall::Order(Verb::Ban, id),
            ["sms", "inbox", id] => UserCall::Order(Verb::Inbox, id),
            _ => return None,
        })
    }

    /// The path as far as it is the same for all who ask.
    fn name(self) -> &'static str {
        match self {
            UserCall::Profile => "user/profile",
            UserCall::Orders => "user/orders",
            UserCall::Payments => "user/payments",
            UserCall::MaxPrices => "user/max-prices",
            UserCall::BuyActivation(_) => "user/buy/activation",
            UserCall::BuyHosting(_) => "user/buy/hosting",
            UserCall::Reuse { .. } => "user/reuse",
            UserCall::Order(Verb::Check, _) => "user/check",
            UserCall::Order(Verb::Inbox, _) => "user/sms/inbox",
            UserCall::Order(Verb::Finish, _) => "user/finish",
            UserCall::Order(Verb::Cancel, _) => "user/cancel",
            UserCall::Order(Verb::Ban, _) => "user/ban",
        }
    }
}

impl<'p> GuestCall<'p> {
    /// The call with this path behind `/v1/guest`.
    fn of_path(path: &[&'p str]) -> Option<GuestCall<'p>> {
        Some(match *path {
            ["countries"] => GuestCall::Countries,
            ["products", country, operator] => GuestCall::Products { country, operator },
            ["prices"] => GuestCall::Prices,
            ["flash"] | ["flash", _] => GuestCall::Flash,
            _ => return None,
        })
    }

    /// The path as far as it is the same for all who ask.
    fn name(self) -> &'static str {
        match self {
            GuestCall::Countries => "guest/countries",
            GuestCall::Products { .. } => "guest/products",
            GuestCall::Prices => "guest/prices",
            GuestCall::Flash => "guest/flash",
        }
    }
}

/// The answer to a request that is refused, whatever it asks for.
pub(super) fn refuse(refusal: Refusal) -> Response {
    reply::respond("", Err(refusal.into()))
}

/// Answers a request. Paths of a user ask for a token before anything else.
pub(super) async fn answer(api: &Api, call: Call) -> Response {
    let decoded =
        segments(&call.path).skip(1).map(|part| percent_decode_str(part).decode_utf8_lossy());
    let decoded: Vec<_> = decoded.collect();
    let path: Vec<&str> = decoded.iter().map(|part| &**part).collect();
    match path.as_slice() {
        ["user", path @ ..] => {
            let asked = UserCall::of_path(path);
            let name = asked.map_or("user", UserCall::name);
            reply::respond(name, for_user(api, &call, asked).await)
        }
        ["guest", path @ ..] => {
            let asked = GuestCall::of_path(path);
            let name = asked.map_or("guest", GuestCall::name);
            reply::respond(name, for_guest(api, &call, asked).await)
        }
        _ => reply::respond("", Err(Refused::NoSuchPath)),
    }
}

async fn for_user(api: &Api, call: &Call, asked: Option<UserCall<'_>>) -> Answer {
    let caller = Caller::open(api, token(&call.headers), &call.params).await?;
    let asked = asked.ok_or(Refused::NoSuchPath)?;
    if asked == UserCall::MaxPrices && call.method != Method::GET {
        return Err(Phrase::NotSupported.into());
    }
    check(call)?;
    let params = &call.params;
    match asked {
        UserCall::Profile => account::profile(api, &caller).await,
        UserCall::Orders => orders::list(api, &caller, params).await,
        UserCall::Payments => account::payments(api, &caller, params).await,
        // No limits of a customer's own are kept.
        UserCall::MaxPrices => Reply::json(&[(); 0]),
        UserCall::BuyActivation(place) => buying::activation(api, &caller, place, params).await,
        UserCall::BuyHosting(place) => buying::hosting(api, &caller, place).await,
        UserCall::Reuse { product, number } => buying::again(api, &caller, product, number).await,
        UserCall::Order(verb, id) => orders::answer(api, &caller, verb, id).await,
    }
}

async fn for_guest(api: &Api, call: &Call, asked: Option<GuestCall<'_>>) -> Answer {
    let asked = asked.ok_or(Refused::NoSuchPath)?;
    check(call)?;
    let account = guest_account(api, call).await?;
    match asked {
        GuestCall::Countries => guest::countries(api, account).await,
        GuestCall::Products { country, operator } => {
            guest::products(api, account, country, operator).await
        }
        GuestCall::Prices => guest::prices(api, account, &call.params).await,
        GuestCall::Flash => guest::flash(),
    }
}

/// The account that a guest's token opens, if it does.
async fn guest_account(api: &Api, call: &Call) -> Result<Option<AccountId>, Refusal> {
    match Caller::open(api, token(&call.headers), &call.params).await {
        Ok(caller) => Ok(Some(caller.reader(api)?.account)),
        Err(Refusal::NoKey | Refusal::WrongKey | Refusal::Suspended) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Some programs post what is written to be got.
fn check(call: &Call) -> Result<(), Refused> {
    match call.method {
        Method::GET | Method::POST if call.params.unreadable => Err(Phrase::BadRequest.into()),
        Method::GET | Method::POST => Ok(()),
        _ => Err(Refused::WrongMethod),
    }
}

/// The token of a request: some clients send it bare, without `Bearer`.
fn token(headers: &HeaderMap) -> Option<ApiKey> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None if value.eq_ignore_ascii_case("bearer") => return None,
        None => value,
    };
    (!token.is_empty()).then(|| ApiKey::from_request(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn every_path_is_a_call() {
        for (path, name) in [
            (&["profile"][..], "user/profile"),
            (&["orders"], "user/orders"),
            (&["payments"], "user/payments"),
            (&["max-prices"], "user/max-prices"),
            (&["buy", "activation", "netherlands", "any", "whatsapp"], "user/buy/activation"),
            (&["buy", "activation"], "user/buy/activation"),
            (&["buy", "hosting", "netherlands", "any", "1month"], "user/buy/hosting"),
            (&["reuse", "whatsapp", "+31612345678"], "user/reuse"),
            (&["buy", "reuse", "whatsapp", "31612345678"], "user/reuse"),
            (&["check", "1049"], "user/check"),
            (&["finish", "1049"], "user/finish"),
            (&["cancel", "1049"], "user/cancel"),
            (&["ban", "1049"], "user/ban"),
            (&["sms", "inbox", "1049"], "user/sms/inbox"),
        ] {
            assert_eq!(UserCall::of_path(path).map(UserCall::name), Some(name), "{path:?}");
        }
        for path in [
            &[][..],
            &["Profile"],
            &["check"],
            &["check", "1", "2"],
            &["sms", "1"],
            &["buy", "activation", "netherlands", "any", "whatsapp", "more"],
            &["vendor"],
        ] {
            assert_eq!(UserCall::of_path(path), None, "{path:?}");
        }
        for (path, name) in [
            (&["countries"][..], Some("guest/countries")),
            (&["products", "any", "any"], Some("guest/products")),
            (&["prices"], Some("guest/prices")),
            (&["flash", "en"], Some("guest/flash")),
            (&["products", "any"], None),
            (&[], None),
        ] {
            assert_eq!(GuestCall::of_path(path).map(GuestCall::name), name, "{path:?}");
        }
    }

    #[test]
    fn a_token_stands_behind_its_word_or_alone() {
        let token_in = |value: &str| {
            let value = HeaderValue::from_str(value).unwrap();
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
            token(&headers).map(|token| token.reveal().to_owned())
        };
        for value in ["Bearer abc", "bearer abc", "BEARER  abc ", "abc", " abc "] {
            assert_eq!(token_in(value).as_deref(), Some("abc"), "{value}");
        }
        for value in ["", "Bearer", "bearer ", "Basic abc"] {
            assert_eq!(token_in(value), None, "{value}");
        }
        assert!(token(&HeaderMap::new()).is_none());
    }
}
