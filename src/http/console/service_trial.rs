//! What a trial of patterns has shown: of one message, or of the last ones.

use maud::{Markup, Render, html};

use super::Operator;
use super::service_form::ServiceDraft;
use super::ways::BLOCK_LIST;
use crate::domain::login::Permission::SeeTexts;
use crate::gateway::{Trial, TrialClaim, TriedMessage, TriedMessages};
use crate::http::web::{
    Empty, Fault, Form, Row, Table, Tone, Visit, badge, copyable, hostile, link, moment, path,
};

/// How many messages are tried at once.
const LAST: u32 = 200;
/// The part of a page that shows what a trial has shown.
pub(super) const TRIED: &str = "tried";
/// What a service is called that has no name yet.
pub(super) const UNNAMED: &str = "this service";

/// What is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Message,
    Last,
}

impl Asked {
    /// What the button of a form asks for; `None` if it is to be saved.
    pub(super) fn of(form: &Form) -> Option<Asked> {
        match form.trial()? {
            "message" => Some(Asked::Message),
            "last" => Some(Asked::Last),
            _ => None,
        }
    }
}

/// Tries a draft of a service, which is named by its id or, if it is new, by its name.
pub(super) async fn trial(
    visit: &Visit<Operator>,
    service: &str,
    draft: &ServiceDraft,
    asked: Asked,
) -> Result<Markup, Fault> {
    let patterns = Some(draft.patterns(service)?);
    let services = visit.gateway().services();
    match asked {
        Asked::Message => {
            let (sender, text) = (draft.try_sender.clone(), draft.try_text.clone());
            let trial = services.try_message(patterns, sender, text).await?;
            Ok(of_message(&trial))
        }
        Asked::Last if !visit.may(SeeTexts) => {
            Err(Fault::form("Your login does not show texts, so it cannot try them."))
        }
        Asked::Last => {
            let tried = services.try_last_messages(patterns, LAST).await?;
            Ok(of_last(&name_of(draft), &tried))
        }
    }
}

fn name_of(draft: &ServiceDraft) -> String {
    if draft.name.is_empty() { UNNAMED.to_owned() } else { draft.name.clone() }
}

fn of_message(trial: &Trial) -> Markup {
    html! {
        div role="status" {
            h2 { "This message" }
            @match trial.claims.first() {
                Some(first) => p {
                    "→ " strong { (first.service) } " " (matched(first))
                },
                None => p {
                    "→ no pattern matches. "
                    @if trial.unpatterned.is_empty() { "It would be nobody's." } @else {
                        "An open order of a service without patterns would get it: "
                        (trial.unpatterned.join(", ")) "."
                    }
                },
            }
            @if trial.claims.len() > 1 {
                p { "Also matched by:" }
                ul {
                    @for claim in trial.claims.iter().skip(1) {
                        li { (claim.service) " " (matched(claim)) }
                    }
                }
            }
            p {
                @match &trial.code {
                    Some(code) => { "Code " (copyable(code)) },
                    None => "No code is found in it",
                }
                ", "
                @match &trial.withheld {
                    Some(rule) => {
                        (badge(Tone::Bad, "withheld")) " from customers by the rule " (rule)
                        " of the " (link(BLOCK_LIST, "block list"))
                    },
                    None => (badge(Tone::Good, "shown")),
                }
                "."
            }
        }
    }
}

/// Which patterns of a service match.
fn matched(claim: &TrialClaim) -> Markup {
    html! {
        "("
        @if let Some(sender) = &claim.sender { "sender " code { (hostile(sender)) } }
        @if claim.sender.is_some() && claim.text.is_some() { ", " }
        @if let Some(text) = &claim.text { "text " code { (hostile(text)) } }
        ")"
    }
}

/// The service that a message would go to first.
fn first_of(tried: &TriedMessage) -> Option<&str> {
    tried.trial.claims.first().map(|claim| claim.service.as_str())
}

fn of_last(service: &str, tried: &TriedMessages) -> Markup {
    let first = tried.messages.iter().filter(|one| first_of(one) == Some(service)).count();
    let changed = tried.messages.iter().filter(|one| first_of(one) != one.saved.as_deref()).count();
    let table = Table::new("tried", "The last messages and who would get them")
        .column("Message")
        .column("Sender")
        .column("Text")
        .column("Code")
        .column("Would go to")
        .column("Goes to now")
        .rows(tried.messages.iter().map(row))
        .empty(Empty::new("No message was received yet."));
    html! {
        div role="status" {
            h2 { "Last messages: " (tried.messages.len()) }
            p {
                (first) " would go to " (service) ", " (tried.by_several)
                " are matched by several services, " (tried.by_none) " are nobody's. "
                strong { (changed) " would go elsewhere than now." }
            }
        }
        details open[changed > 0] { summary { "Show them" } (table.render()) }
    }
}

fn row(tried: &TriedMessage) -> Row {
    let (message, trial) = (&tried.message, &tried.trial);
    let is_changed = first_of(tried) != tried.saved.as_deref();
    let names: Vec<&str> = trial.claims.iter().map(|claim| claim.service.as_str()).collect();
    let row = Row::new(
        message.id,
        [
            html! {
                a href=(path!("/messages/{}", message.id)) { (message.id) } " "
                (moment(message.received_at))
            },
            html! { (hostile(message.sender.as_deref().unwrap_or("–"))) },
            html! { (hostile(message.text.as_deref().unwrap_or("–"))) },
            html! { (trial.code.as_deref().unwrap_or("–")) },
            html! {
                @if names.is_empty() { "nobody" } @else { (names.join(", ")) }
                @if trial.withheld.is_some() { " " (badge(Tone::Bad, "withheld")) }
                @if is_changed { " " (badge(Tone::News, "changed")) }
            },
            html! { (tried.saved.as_deref().unwrap_or("nobody")) },
        ],
    );
    if is_changed { row.marked(Tone::News) } else { row }
}
