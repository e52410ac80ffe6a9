//! What several pages show alike: lists that are looked through step by step, entries of the
//! ledger, messages, states.

use std::time::Duration;

use maud::{Markup, Render, html};

use super::Operator;
use super::ways::{BLOCK_LIST, withheld_link};
use crate::domain::audit::AuditAction;
use crate::domain::login::Permission::SeeTexts;
use crate::domain::message::{Message, MessageKind};
use crate::domain::order::OrderState;
use crate::domain::{Iccid, Order, Timestamp};
use crate::gateway::{Entry, Error, ListRequest, ListStep};
use crate::http::web::{
    Empty, Fault, Faults, Form, PAGE_ROWS, Paging, Row, Table, Tone, Visit, badge, clock_time,
    copyable, hostile, link, moment, pager, path, until,
};

/// How many rows are read for a page: one more than it has tells that there are older ones.
pub(super) const READ_ROWS: u32 = 51;
const _: () = assert!(READ_ROWS as usize == PAGE_ROWS + 1);

const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a list is asked for by the address of its page.
pub(super) fn list_request(visit: &Visit<Operator>, paging: &Paging) -> Result<ListRequest, Fault> {
    let given = |name: &str| visit.query(name).map(str::to_owned);
    let mut faults = Faults::new();
    let order = visit.query("order").map(str::parse).transpose();
    let order = faults.check("order", order.map_err(|_| "an order is named by its number"));
    let day = faults.check("day", visit.query("day").map(day_named).transpose());
    faults.result()?;
    let (from, to) = day.flatten().unzip();
    Ok(ListRequest {
        account: given("account"),
        service: given("service"),
        number: given("number"),
        iccid: given("iccid"),
        order: order.flatten(),
        state: given("state"),
        user: given("user"),
        action: given("action"),
        from,
        to,
        before: paging.before(),
        limit: Some(READ_ROWS.into()),
        ..ListRequest::default()
    })
}

/// When a day begins and ends that is written like 2026-05-03, in UTC.
pub(super) fn day_named(text: &str) -> Result<(Timestamp, Timestamp), &'static str> {
    let begin = format!("{text}T00:00:00Z").parse::<Timestamp>();
    let begin = begin.map_err(|_| "a day is written like 2026-05-03")?;
    Ok((begin, begin.plus(DAY)))
}

/// The rows of a list's page, newest first, and what stands below them.
pub(super) struct Stepped<T> {
    pub(super) rows: Vec<T>,
    pub(super) foot: Markup,
}

/// The page of a list, of the step that was read for it.
pub(super) fn stepped<T>(
    visit: &Visit<Operator>,
    paging: &Paging,
    step: ListStep<T>,
    id: impl Fn(&T) -> i64,
) -> Stepped<T> {
    let mut newest_first = step.rows;
    newest_first.reverse();
    let (rows, older) = paging.cut(newest_first, id);
    let foot = html! {
        @if let Some(end) = step.stopped_at {
            @let further = visit.address_with(&[("before", Some(&end.before.to_string()))]);
            p class="looked-back" {
                "Looked back to " (moment(end.at)) ". " (link(&further, "Look further back"))
            }
        }
        (pager(paging, older))
    };
    Stepped { rows, foot }
}

/// What a list shows when a filter names something that there is not.
pub(super) fn nothing_listed(error: Error) -> Result<Markup, Fault> {
    match Fault::from(error) {
        Fault::Refused(sentence) => {
            Ok(Empty::new(sentence).next(html! { "Change the filter, or clear it." }).render())
        }
        fault => Err(fault),
    }
}

/// Notes in the audit that somebody looks at messages, if it is somebody who sees their texts.
pub(super) async fn note_look(visit: &Visit<Operator>, subject: String) -> Result<(), Fault> {
    if visit.is_first_look() && visit.may(SeeTexts) {
        let audit = visit.gateway().audit();
        audit.note_operator_action(AuditAction::SawMessages, subject).await?;
    }
    Ok(())
}

/// The fields of a form that are each on a line of their own, without empty lines.
pub(super) fn lines_of(form: &Form, name: &str) -> Vec<String> {
    let lines = form.text(name).split(|c: char| c.is_whitespace() || c == ',');
    lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The state of an order in a word; of an open one also how long it is still open.
pub(super) fn order_state(visit: &Visit<Operator>, order: &Order) -> Markup {
    let word = order.state.as_str();
    match order.state {
        OrderState::Open if order.awaits_sim => badge(Tone::News, "open, waits for its SIM"),
        OrderState::Open => html! {
            (badge(Tone::News, word)) " " (until(visit.now(), order.expires_at))
        },
        OrderState::Completed { .. } => badge(Tone::Good, word),
        OrderState::Expired { .. } => badge(Tone::Fair, word),
        OrderState::Canceled { .. } | OrderState::Skipped { .. } => badge(Tone::Quiet, word),
    }
}

/// What an entry of the ledger is for.
pub(super) fn cause(entry: &Entry) -> Markup {
    html! {
        @if let Some(order) = entry.order {
            (link(&path!("/orders/{}", order), &format!("order {order}")))
        } @else if let Some(rental) = entry.rental {
            (link(&path!("/rentals/{}", rental), &format!("rental {rental}")))
        } @else { "–" }
    }
}

/// What an operator has said of an entry: the note, or the reference of a payment.
pub(super) fn remark(entry: &Entry) -> Markup {
    html! {
        @if let Some(note) = &entry.note { (hostile(note)) }
        @else if let Some(reference) = &entry.reference { (hostile(reference)) }
        @else { "–" }
    }
}

/// By which key and from where an order or a rental was asked for, each if it is known.
pub(super) fn asked_by(
    entries: &[Entry],
    client: Option<&str>,
) -> [(&'static str, Option<Markup>); 2] {
    let key = entries.first().and_then(|entry| entry.key.as_deref());
    [
        ("API key", key.map(|key| html! { code { (key) } })),
        ("Asked for from", client.map(|client| html! { (client) })),
    ]
}

/// By which rules something was withheld from an order or a rental, and where that stands.
pub(super) fn withheld_from(rules: &[String], iccid: Option<&Iccid>) -> Markup {
    html! {
        p {
            @if rules.is_empty() { "Nothing was withheld from it." } @else {
                "Withheld from it by the " (link(BLOCK_LIST, "block list")) ": " (rules.join(", "))
                "."
            }
            @if let Some(iccid) = iccid {
                " " (withheld_link(iccid, "What was withheld of its SIM's messages"))
            }
        }
    }
}

/// What an order or a rental was charged, and what of it was given back.
pub(super) fn charges(visit: &Visit<Operator>, entries: &[Entry]) -> Table {
    let currency = visit.gateway().currency();
    let rows = entries.iter().map(|entry| {
        let converted = entry.price.as_ref().filter(|(price, _)| price.currency != currency);
        Row::new(
            entry.id,
            [
                moment(entry.at),
                html! { (entry.kind.as_str()) },
                html! { (currency.text(entry.balance)) },
                html! { (currency.text(entry.held)) },
                html! {
                    (remark(entry))
                    @if let Some((price, rate)) = converted { "; " (price) " at " (rate) }
                },
            ],
        )
    });
    let code = currency.to_string();
    Table::new("charges", "Charges")
        .column("Time")
        .column("Entry")
        .number_column(&format!("Balance, {code}"))
        .number_column(&format!("Held, {code}"))
        .column("Remark")
        .rows(rows)
        .empty(Empty::new("Nothing was held or charged."))
}

/// What is to be known of a message beside its text: that it is withheld, or no plain text.
pub(super) fn message_marks(message: &Message) -> Markup {
    html! {
        @if let Some(rule) = &message.withheld {
            (badge(Tone::Fair, "withheld")) " by the rule " (hostile(rule)) ". "
        }
        @match message.kind {
            MessageKind::Text => {},
            MessageKind::Undecodable => { (badge(Tone::Bad, "undecodable")) " " },
            other => { (badge(Tone::Quiet, other.as_str())) " " },
        }
        @if !message.complete { (badge(Tone::Fair, "incomplete")) " " }
    }
}

/// A message's code, for whom may see texts.
pub(super) fn message_code(visit: &Visit<Operator>, message: &Message) -> Markup {
    html! {
        @match message.code.as_deref() {
            None => "–",
            Some(code) if visit.may(SeeTexts) => (copyable(code)),
            Some(_) => "hidden",
        }
    }
}

/// A message's text on a list, or why there is none.
pub(super) fn message_excerpt(visit: &Visit<Operator>, message: &Message) -> Markup {
    html! {
        (message_marks(message))
        @if let Some(text) = &message.text { (visit.message_text(text)) }
        @else if let Some(detail) = &message.detail { (hostile(detail)) }
        @else if message.kind == MessageKind::Text { "deleted" }
        @else { "no text" }
    }
}

/// Who a message is from. A sender may be a telephone number, so that whoever sees no texts does
/// not see it either.
pub(super) fn message_sender(visit: &Visit<Operator>, message: &Message) -> Markup {
    match message.sender.as_deref() {
        Some(sender) => html! { span class="digits" { (visit.message_text(sender)) } },
        None => html! { "–" },
    }
}

/// The time of a message, which leads to its page. One that came more than a day ago has its date.
pub(super) fn message_time(visit: &Visit<Operator>, message: &Message) -> Markup {
    let (address, at) = (path!("/messages/{}", message.id), message.received_at);
    let is_of_last_day = visit.now().since(at) < DAY;
    html! { a href=(address) { @if is_of_last_day { (clock_time(at)) } @else { (moment(at)) } } }
}

/// The messages of an order or a rental, with the columns that they all have.
pub(super) fn messages_of_one(
    visit: &Visit<Operator>,
    table: Table,
    messages: &[Message],
) -> Table {
    let rows = messages.iter().map(|message| {
        Row::new(message.id, [
            html! { a href=(path!("/messages/{}", message.id)) { (moment(message.received_at)) } },
            message_sender(visit, message),
            message_excerpt(visit, message),
            message_code(visit, message),
        ])
    });
    table.column("Time").column("Sender").column("Text").column("Code").rows(rows)
}
