//! One message, as a whole. That somebody opens it stands in the audit.

use maud::{Markup, html};

use super::Operator;
use super::books::{message_code, message_marks, message_sender, note_look};
use super::messages::owner;
use super::ways::{BLOCK_LIST, sim_link};
use crate::domain::MessageId;
use crate::domain::login::Permission::{Look, SeeTexts};
use crate::domain::message::{Message, MessageKind};
use crate::gateway::Topic;
use crate::http::web::{
    Access::May, Fault, Page, Route, Visit, code_block, facts, hostile, hostile_whole, link, moment,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page("/messages/{id}", May(Look), show).live_on(&[Topic::Messages])]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let id = MessageId(visit.id("id")?);
    let found = visit.gateway().inbox().details(id).await?;
    let no_such = || Fault::NotFound(format!("There is no message {id}."));
    let (message, pdus) = found.ok_or_else(no_such)?;
    note_look(&visit, format!("message {id}")).await?;
    let page = Page::new(format!("Message {id}"))
        .below("Messages", "/messages")
        .part("text", text(&visit, &message))
        .part("message", message_facts(&visit, &message))
        .part("pdus", raw(&visit, &pdus));
    Ok(page)
}

fn text(visit: &Visit<Operator>, message: &Message) -> Markup {
    html! {
        p class="message-text" {
            @match &message.text {
                Some(text) if visit.may(SeeTexts) => (hostile_whole(text)),
                Some(text) => (visit.message_text(text)),
                None if message.kind == MessageKind::Text => {
                    "The text was deleted: texts are kept only as long as "
                    code { "[retention]" } " says."
                },
                None => "It has no text.",
            }
        }
    }
}

fn message_facts(visit: &Visit<Operator>, message: &Message) -> Markup {
    let always = [
        ("Received", moment(message.received_at)),
        ("Sender", message_sender(visit, message)),
        ("Code", message_code(visit, message)),
        ("SIM", sim_link(Some(&message.iccid))),
        ("Whose", owner(message)),
    ];
    let marks = message_marks(message);
    let sometimes = [
        ("Sent", message.sent_at.map(moment)),
        ("Number", message.number.as_ref().map(|number| visit.number(number))),
        ("Marks", (!marks.0.is_empty()).then_some(marks)),
        ("Withheld by", message.withheld.as_deref().map(|rule| withheld_by(visit, rule))),
        ("More about it", message.detail.as_deref().map(hostile)),
        ("Shown to its customer", message.seen.then(|| html! { "yes" })),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(term, is)| Some((term, is?)));
    facts(&always.into_iter().chain(sometimes).collect::<Vec<_>>())
}

/// The rule that withholds a message, with the way to it, if it is one of the block list: a message
/// that tells a SIM's number is withheld, too.
fn withheld_by(visit: &Visit<Operator>, rule: &str) -> Markup {
    let settings = visit.gateway().settings();
    let is_of_list = settings.block_list.rules().iter().any(|known| known.name == rule);
    html! {
        (hostile(rule))
        @if is_of_list { ", a rule of the " (link(BLOCK_LIST, "block list")) }
    }
}

/// The PDUs as the modem gave them, while they are kept. They have the text in them.
fn raw(visit: &Visit<Operator>, pdus: &[Vec<u8>]) -> Markup {
    let kept: Vec<String> =
        pdus.iter().filter(|pdu| !pdu.is_empty()).map(hex::encode_upper).collect();
    html! {
        @if visit.may(SeeTexts) && !kept.is_empty() {
            details {
                summary { "As the modem gave it (PDU)" }
                (code_block(&kept.join("\n")))
            }
        }
    }
}
