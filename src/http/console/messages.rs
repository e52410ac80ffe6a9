//! The inbox: what has come to all SIMs, live, with filters and search.

use maud::{Markup, html};

use super::Operator;
use super::books::{
    list_request, message_code, message_excerpt, message_sender, message_time, note_look,
    nothing_listed, stepped,
};
use super::ways::BLOCK_LIST;
use crate::domain::login::Permission::{Look, SeeTexts};
use crate::domain::message::{Message, MessageState};
use crate::gateway::{Error, ListRequest, ListStep, StepEnd, Topic};
use crate::http::web::{
    Access::May, Empty, Fault, Filters, Page, Paging, Route, Row, Table, Visit, link, path,
};

/// A step through the messages, and whose they are, for the audit.
type Read = Result<(ListStep<Message>, String), Error>;

pub(super) fn routes() -> Vec<Route<Operator>> {
    let page = Route::page("/messages", May(Look), list).live_on(&[Topic::Messages]);
    vec![page.private(&["number", "text"])]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let request = list_request(&visit, &paging)?;
    let filters = filters(&visit);
    let list = match read(&visit, request).await {
        Ok((step, whose)) => {
            note_look(&visit, whose).await?;
            let stepped = stepped(&visit, &paging, step, |message: &Message| message.id.0);
            let rows = stepped.rows.iter().map(|message| row(&visit, message));
            html! { (table().rows(rows).empty(nothing(&visit, filters.are_set()))) (stepped.foot) }
        }
        Err(error) => nothing_listed(error)?,
    };
    let intro = html! { (filters) p { (link(BLOCK_LIST, "What the block list withholds")) } };
    Ok(Page::new("Messages").intro(intro).part("list", list))
}

fn filters(visit: &Visit<Operator>) -> Filters {
    let states = MessageState::ALL.map(|state| (state.as_str(), state.as_str()));
    let filters = Filters::new(visit)
        .choice("state", "Only", &states)
        .search("number", "Number")
        .search("iccid", "SIM (ICCID)")
        .search("order", "Order")
        .search("account", "Account")
        .day("day", "Day (UTC)")
        .flag("all", "With those that are no texts");
    // Whoever sees no texts must not find out what is in them.
    match visit.may(SeeTexts) {
        true => filters.search("text", "Text"),
        false => filters,
    }
}

async fn read(visit: &Visit<Operator>, request: ListRequest) -> Read {
    let (inbox, with_all_kinds) = (visit.gateway().inbox(), visit.query("all").is_some());
    let word = visit.query("text").filter(|_| visit.may(SeeTexts));
    let Some(word) = word else { return inbox.list_step(request, with_all_kinds).await };
    let most = request.limit.map_or(i64::MAX, |limit| limit.rows());
    let (found, whose) = inbox.look_for(request, with_all_kinds, word).await?;
    let is_full = i64::try_from(found.messages.len()).is_ok_and(|found| found >= most);
    let stopped_at = found.until.filter(|_| !is_full);
    let stopped_at = stopped_at.map(|(before, at)| StepEnd { before: before.0, at });
    let mut rows = found.messages;
    rows.reverse();
    Ok((ListStep { rows, stopped_at }, whose))
}

fn nothing(visit: &Visit<Operator>, is_filtered: bool) -> Empty {
    let is_of_parts = visit.query("state") == Some(MessageState::Incomplete.as_str());
    match is_filtered {
        true if is_of_parts => Empty::new("No message is incomplete.").next(html! {
            "One whose rest may still come stands on the page of its SIM, below “Awaited”."
        }),
        true => Empty::new("No message fits these filters."),
        false => Empty::new("No message has come yet.").next(html! {
            "Messages come by the modems: " (link("/modems", "look whether they work")) "."
        }),
    }
}

fn table() -> Table {
    Table::new("messages", "Messages")
        .column("Time")
        .column("Number")
        .column("Sender")
        .column("Text")
        .column("Code")
        .column("Whose")
        .newest_first()
}

fn row(visit: &Visit<Operator>, message: &Message) -> Row {
    let number = message.number.as_ref().map(|number| visit.number(number));
    let sim = path!("/sims/{}", message.iccid);
    Row::new(
        message.id,
        [
            message_time(visit, message),
            html! {
                a href=(sim) {
                    @if let Some(number) = number { (number) } @else { (message.iccid.as_str()) }
                }
            },
            message_sender(visit, message),
            message_excerpt(visit, message),
            message_code(visit, message),
            owner(message),
        ],
    )
}

/// The order or the rental that a message was given to.
pub(super) fn owner(message: &Message) -> Markup {
    html! {
        @if let Some(order) = message.order {
            (link(&path!("/orders/{}", order), &format!("order {order}")))
        } @else if let Some(rental) = message.rental {
            (link(&path!("/rentals/{}", rental), &format!("rental {rental}")))
        } @else { "nobody's" }
    }
}
