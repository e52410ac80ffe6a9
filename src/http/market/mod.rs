//! Protocols of number markets, so that customers' programs that were written for one of them work
//! here with another base address: the one of `/stubs/handler_api.php`, which many markets share,
//! and 5sim's API v1. What is asked is carried out by the same operations as in the other versions
//! of the API; here it is only read and put into words.

mod caller;
mod client_gone;
mod fivesim;
mod handler_api;
mod refusal;

use axum::extract::{FromRequest, Request};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use caller::Caller;
pub(super) use refusal::Refusal;

use super::api::Api;
use super::params::Params;
pub(super) use crate::gateway::Dialect;
use crate::gateway::MarketSettings;

const METHODS: &str = "GET, POST, HEAD, OPTIONS";

impl Dialect {
    /// The dialect of requests to a path. Doubled and trailing slashes count for nothing, because
    /// clients put addresses together from pieces.
    pub(super) fn of_path(path: &str) -> Option<Dialect> {
        let mut parts = segments(path);
        match (parts.next()?, parts.next(), parts.next()) {
            ("v1", ..) => Some(Dialect::FiveSim),
            ("stubs", Some("handler_api.php" | "handler_api"), None) => Some(Dialect::HandlerApi),
            _ => None,
        }
    }

    /// A path as it is logged: without what comes last in paths of 5sim's API, which may be a
    /// telephone number.
    pub(super) fn logged_path(self, path: &str) -> String {
        let logged = match self {
            Dialect::HandlerApi => 2,
            Dialect::FiveSim => 3,
        };
        segments(path).take(logged).map(|part| format!("/{part}")).collect()
    }

    /// Whether the operator serves it.
    fn is_served(self, settings: &MarketSettings) -> bool {
        match self {
            Dialect::HandlerApi => settings.handler_api,
            Dialect::FiveSim => settings.fivesim,
        }
    }

    /// The answer to a request that is refused, whatever it asks for.
    pub(super) fn refuse(self, refusal: Refusal) -> Response {
        match self {
            Dialect::HandlerApi => handler_api::refuse(refusal),
            Dialect::FiveSim => fivesim::refuse(refusal),
        }
    }
}

/// The parts of a path that are not empty.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

/// What a request was and how it was answered, for the counts, as an extension of its response.
#[derive(Debug, Clone)]
struct Counted {
    /// The call, like `handler_api getNumber`. There are only so many.
    call: String,
    /// The word of the answer; `ok` stands for all answers that are data.
    outcome: &'static str,
}

/// Answers a request in a dialect.
pub(super) async fn answer(api: Api, dialect: Dialect, request: Request) -> Response {
    if !dialect.is_served(&api.gateway.settings().market) {
        return (StatusCode::NOT_FOUND, "NOT_FOUND").into_response();
    }
    // HEAD and OPTIONS must never make or cancel an order.
    let at_once = match *request.method() {
        Method::HEAD => Some(StatusCode::OK.into_response()),
        Method::OPTIONS => {
            let allowed = [
                (header::ALLOW, METHODS),
                (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, "*"),
            ];
            Some((StatusCode::NO_CONTENT, allowed).into_response())
        }
        _ => None,
    };
    match (dialect, at_once) {
        (Dialect::HandlerApi, Some(answer)) => return handler_api::open_to_scripts(answer),
        (Dialect::FiveSim, Some(answer)) => return answer,
        (_, None) => {}
    }
    match dialect {
        Dialect::HandlerApi => {
            let Ok(params) = Params::from_request(request, &api).await;
            handler_api::answer(&api, &params.trimmed()).await
        }
        Dialect::FiveSim => {
            let (method, headers) = (request.method().clone(), request.headers().clone());
            let path = request.uri().path().to_owned();
            let Ok(params) = Params::from_request(request, &api).await;
            let call = fivesim::Call { method, path, headers, params: params.trimmed() };
            fivesim::answer(&api, call).await
        }
    }
}

/// Counts a request.
pub(super) fn finish(api: &Api, mut response: Response) -> Response {
    if let Some(Counted { call, outcome }) = response.extensions_mut().remove() {
        api.request_counts.count_call(&call, outcome);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_in_a_path_is_logged() {
        let logged = |path: &str| Dialect::of_path(path).map(|dialect| dialect.logged_path(path));
        let of = |path: &str| Some(path.to_owned());
        let path = "/v1/user/reuse/whatsapp/31612345678";
        assert_eq!(logged(path), of("/v1/user/reuse"));
        assert_eq!(logged("//stubs/handler_api.php/"), of("/stubs/handler_api.php"));
    }

    #[test]
    fn a_path_is_a_dialects_however_it_was_put_together() {
        for (path, dialect) in [
            ("/stubs/handler_api.php", Some(Dialect::HandlerApi)),
            ("/stubs/handler_api.php/", Some(Dialect::HandlerApi)),
            ("//stubs/handler_api.php", Some(Dialect::HandlerApi)),
            ("/stubs//handler_api.php//", Some(Dialect::HandlerApi)),
            ("/stubs/handler_api", Some(Dialect::HandlerApi)),
            ("/stubs/handler_api.php/x", None),
            ("/stubs", None),
            ("/v1", Some(Dialect::FiveSim)),
            ("/v1/user/profile", Some(Dialect::FiveSim)),
            ("//v1//guest/prices/", Some(Dialect::FiveSim)),
            ("/v12/user", None),
            ("/v2/orders", None),
            ("/api/getsms", None),
            ("/", None),
        ] {
            assert_eq!(Dialect::of_path(path), dialect, "{path}");
        }
    }
}
