//! The pages that say why there is no page.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::frame::bare;
use super::{Fault, Page, PublicOrigin, Visitor, code_block};

/// The status of an answer that says what is wrong.
pub(super) fn status_of(fault: &Fault) -> StatusCode {
    match fault {
        Fault::NotFound(_) => StatusCode::NOT_FOUND,
        Fault::Refused(_) | Fault::Form(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Fault::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
        Fault::Forbidden(_) => StatusCode::FORBIDDEN,
        Fault::Busy | Fault::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
        Fault::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        Fault::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The page that says what is wrong and what to do.
pub(super) fn fault_page(fault: &Fault, request_id: &str) -> Page {
    let (title, sentence, next) = match fault {
        Fault::NotFound(sentence) => ("Not found", sentence.as_str(), "Go back, or use the menu."),
        Fault::Refused(sentence) => ("This cannot be done", sentence.as_str(), "Nothing was done."),
        Fault::Form(_) => ("Something is missing", "The form was not complete.", "Send it again."),
        Fault::WrongMethod => {
            ("Not found", "This address is not a page.", "Go back, or use the menu.")
        }
        Fault::Forbidden(sentence) => ("Not allowed", sentence.as_str(), "Nothing was done."),
        Fault::Busy => (
            "Busy",
            "So many pages are being read that this one would have to wait.",
            "Nothing was done. Try again in a moment.",
        ),
        Fault::NotNow(sentence) => ("Not now", sentence.as_str(), "Nothing was done."),
        Fault::TooMany(_) => (
            "Too many requests",
            "This browser asks for more than 600 pages a minute.",
            "Nothing was done. Wait a moment.",
        ),
        Fault::Failed(_) => (
            "Something went wrong",
            "The page could not be made.",
            "Nothing was done. Try again; if it stays, look into the log for the request's id.",
        ),
    };
    Page::new(title).intro(html! {
        div class="empty" {
            p class="what" { (sentence) }
            p { (next) }
            p class="id" { "Request " code { (request_id) } }
        }
    })
}

/// For who comes to a host that is not this side's.
pub(super) fn other_host<P: Visitor>(origin: Option<&PublicOrigin>) -> Markup {
    bare::<P>(&Page::new("Another address").intro(html! {
        p { "This site is not served under the name in your address bar." }
        @if let Some(origin) = origin.filter(|origin| !origin.has_any_port()) {
            @let origin = origin.to_string();
            p { "It is at " a href=(origin) { (origin) } "." }
        } @else {
            p { "It is served under the names of this machine only, like 127.0.0.1." }
        }
    }))
}

/// For who comes from another machine before there is an origin.
pub(super) fn not_local<P: Visitor>() -> Markup {
    let section = P::SIDE.as_str();
    bare::<P>(&Page::new("Only for this machine").intro(html! {
        p {
            "Without TLS, passwords could be read on their way, so these pages are served only to \
             the machine that simbridge runs on."
        }
        p { "From your own machine, reach it through SSH, then open http://127.0.0.1:8081/:" }
        (code_block("ssh -L 8081:127.0.0.1:8081 user@this-machine"))
        p {
            "For more people, put a reverse proxy with TLS in front of it (the operator's guide \
             has nginx and Caddy), name it in [http] trusted_proxies, and set the address that \
             people use:"
        }
        (code_block(&format!("[{section}]\norigin = \"https://sms.example.org\"")))
    }))
}
