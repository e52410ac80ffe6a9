//! Ways from what stands in a table or a sentence to its page.

use maud::{Markup, html};

use super::Operator;
use super::modems::short_port;
use crate::domain::message::MessageState;
use crate::domain::{Iccid, PortName};
use crate::http::web::{Visit, link, path};

/// The page that shows what the block list withholds.
pub(super) const BLOCK_LIST: &str = "/block-list";

/// A SIM with a link to its page.
pub(super) fn sim_link(iccid: Option<&Iccid>) -> Markup {
    html! {
        @match iccid {
            Some(iccid) => a class="digits" href=(path!("/sims/{}", iccid)) { (iccid) },
            None => "–",
        }
    }
}

/// A country of a list, by its code, with a link to its SIMs.
pub(super) fn country_link(visit: &Visit<Operator>, country: Option<&str>) -> Markup {
    html! {
        @match country {
            Some(code) => a href=(path!("/sims?country={}", code)) { (visit.country(code)) },
            None => "–",
        }
    }
}

/// A country by its name, with a link to its SIMs.
pub(super) fn country_name_link(visit: &Visit<Operator>, country: Option<&str>) -> Markup {
    match country {
        Some(code) => link(&path!("/sims?country={}", code), &visit.country_name(code)),
        None => html! { "–" },
    }
}

/// A modem, or a radio of a bank, by its port, with a link to its page.
pub(super) fn modem_link(port: &PortName) -> Markup {
    html! { a href=(path!("/modems/{}", port)) title=(port) { (short_port(port)) } }
}

/// A SIM bank with a link to its page.
pub(super) fn bank_link(name: &str) -> Markup {
    link(&path!("/banks/{}", name), name)
}

/// A link to the messages of a SIM that were withheld from its customers.
pub(super) fn withheld_link(iccid: &Iccid, words: &str) -> Markup {
    let withheld = MessageState::Withheld.as_str();
    link(&path!("/messages?iccid={}&state={}", iccid, withheld), words)
}
