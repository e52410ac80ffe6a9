//! The pages that say why there is no page.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::answering::SIGN_IN;
use super::frame::bare;
use super::{Fault, Page, PublicOrigin, Visitor, code_block};
use crate::domain::login::Side;

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
pub(super) fn fault_page(
    fault: &Fault,
    request_id: &str,
    (side, is_signed_in): (Side, bool),
) -> Page {
    let (title, sentence) = match fault {
        Fault::NotFound(sentence) => ("Not found", sentence.as_str()),
        Fault::Refused(sentence) => ("This cannot be done", sentence.as_str()),
        Fault::Form(_) => ("Something is missing", "The form was not complete."),
        Fault::WrongMethod => ("Not found", "This address is not a page."),
        Fault::Forbidden(sentence) => ("Not allowed", sentence.as_str()),
        Fault::Busy => ("Busy", "So many pages are being read that this one would have to wait."),
        Fault::NotNow(sentence) => ("Not now", sentence.as_str()),
        Fault::TooMany(_) => {
            ("Too many requests", "This browser asks for more than 600 pages a minute.")
        }
        Fault::Failed(_) => ("Something went wrong", "The page could not be made."),
    };
    Page::new(title).intro(html! {
        div class="empty" {
            p class="what" { (sentence) }
            p { (next_step(fault, side, is_signed_in)) }
            p class="id" { "Request " code { (request_id) } }
        }
    })
}

/// What whoever reads of a fault can do. Only who has signed in has a menu.
fn next_step(fault: &Fault, side: Side, is_signed_in: bool) -> Markup {
    let sentence = match (fault, side) {
        (Fault::NotFound(_) | Fault::WrongMethod, _) if is_signed_in => "Go back, or use the menu.",
        (Fault::NotFound(_) | Fault::WrongMethod, _) => {
            return html! { "Go back, or " a href=(SIGN_IN) { "sign in" } "." };
        }
        (Fault::Refused(_), _) => "Nothing was done. Go back to change it.",
        (Fault::Form(_), _) => "Go back, and send it again.",
        (Fault::Forbidden(_), _) => "Nothing was done. Go back to the page before.",
        (Fault::Busy, _) => "Nothing was done. Try again in a moment.",
        (Fault::NotNow(_), _) => "Nothing was done.",
        (Fault::TooMany(_), _) => "Nothing was done. Wait a moment.",
        (Fault::Failed(_), Side::Console) => {
            "Nothing was done. Try again; if it stays, look into the log for the request's id."
        }
        (Fault::Failed(_), Side::Portal) => {
            "Nothing was done. Try again; if it stays, tell whoever runs this site, with the \
             request's id."
        }
    };
    html! { (sentence) }
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
