//! The block list: which messages no customer is shown, by which rule.

use maud::{Markup, Render, html};

use super::Operator;
use super::ways::BLOCK_LIST;
use crate::domain::block_list::BlockRule;
use crate::domain::login::Permission::{Configure, Look};
use crate::domain::message::MessageState;
use crate::domain::text::counted_noun;
use crate::http::web::{
    Access::May, Empty, Fault, Page, Route, Row, Table, Visit, hostile, link, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page(BLOCK_LIST, May(Look), show)]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let settings = visit.gateway().settings();
    let withheld = path!("/messages?state={}", MessageState::Withheld.as_str());
    let rows = settings.block_list.rules().iter().map(row);
    let table = Table::new("rule", "Rules of the block list")
        .column("Rule")
        .column("Senders")
        .column("Texts")
        .rows(rows)
        .empty(Empty::new("Nothing is withheld: the block list has no rules."));
    Ok(Page::new("Block list")
        .below("Messages", "/messages")
        .part(
            "rules",
            html! {
                p {
                    "A message whose sender or text fits a pattern of a rule gives access to more \
                     than an account with a shop: to money, or to somebody's papers. It is kept \
                     for you, and given to no order and no rental. Capitals and small letters are \
                     the same."
                }
                p { (link(&withheld, "What was withheld")) }
                (table.render())
            },
        )
        .help(html! {
            "Rules of your own stand in " code { "[block_list]" } " of the "
            @if visit.may(Configure) { (link("/system/configuration", "configuration")) }
            @else { "configuration" }
            ", as " code { "senders" } " and " code { "texts" } "; " code { "shipped = false" }
            " switches those off that come with simbridge. The try-out on a service's page says \
             by which rule a message is withheld."
        }))
}

fn row(rule: &BlockRule) -> Row {
    Row::new(
        &rule.name,
        [html! { (hostile(&rule.name)) }, patterns(&rule.senders), patterns(&rule.texts)],
    )
}

/// Some patterns, behind their count where there are many.
fn patterns(patterns: &[String]) -> Markup {
    let list = html! {
        ul { @for pattern in patterns { li { code { (hostile(pattern)) } } } }
    };
    match patterns {
        [] => html! { "–" },
        [only] => html! { code { (hostile(only)) } },
        several => html! {
            details {
                summary { (counted_noun(several.len(), "pattern", "patterns")) }
                (list)
            }
        },
    }
}
