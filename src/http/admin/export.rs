//! All that is kept of an account, as one JSON object that is made while it is sent.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::books::with;
use super::{AdminState, Refused, people, views, webhooks};
use crate::domain::AccountId;
use crate::gateway::{Error, Exported, Gateway, ReceiverGone};

/// How many pieces may wait for the client.
const WAITING: usize = 16;
/// The lists of an export, in their order.
const LISTS: [&str; 9] =
    ["keys", "prices", "orders", "rentals", "ledger", "audit", "events", "webhooks", "logins"];

/// The pieces of an answer as they come. An error breaks the connection off, so that nobody takes a
/// part for the whole.
struct Pieces(mpsc::Receiver<Result<Bytes, Error>>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

/// Where in the object the writing is: in which of the lists, and whether that has an element yet.
#[derive(Default)]
struct Writing {
    list: Option<usize>,
    is_begun: bool,
}

impl Writing {
    /// A member of the object, or an element of one of its lists, with what stands before it.
    fn piece(&mut self, gateway: &Gateway, exported: Exported) -> String {
        let (list, value) = match view(gateway, exported) {
            Viewed::Account(value) => return format!("{{\"account\":{value}"),
            Viewed::InList(list, value) => (list, value),
            Viewed::End => return self.open(LISTS.len() - 1) + "]}\n",
        };
        let before = self.open(list);
        let comma = if std::mem::replace(&mut self.is_begun, true) { "," } else { "" };
        format!("{before}{comma}\n{value}")
    }

    /// Ends the list that is being written and those until `list`, and begins that one.
    fn open(&mut self, list: usize) -> String {
        let mut text = String::new();
        while self.list != Some(list) {
            let next = self.list.map_or(0, |open| open + 1);
            let Some(name) = LISTS.get(next) else { break };
            text += if self.list.is_some() { "]" } else { "" };
            text += &format!(",\n\"{name}\":[");
            (self.list, self.is_begun) = (Some(next), false);
        }
        text
    }
}

/// A piece as JSON.
enum Viewed {
    Account(Value),
    /// An element of the list with this index.
    InList(usize, Value),
    End,
}

fn view(gateway: &Gateway, exported: Exported) -> Viewed {
    let currency = gateway.currency();
    match exported {
        Exported::Account(exported) => {
            let (account, choices) = *exported;
            let favourites: Vec<i64> = choices.favourites.iter().map(|id| id.0).collect();
            let portal = json!({
                "show_api_ids": choices.shows_api_ids,
                "favourites": favourites,
            });
            let more = json!({ "portal": portal });
            Viewed::Account(with(views::account(&account, gateway), more))
        }
        Exported::End => Viewed::End,
        Exported::Key(key) => Viewed::InList(0, views::key(&key, gateway)),
        Exported::Price(price) => Viewed::InList(1, views::own_price(&price, currency)),
        Exported::Order(kept) => {
            let more = json!({
                "client": kept.client,
                "withheld": kept.withheld,
                "messages": kept.messages.iter().map(views::message).collect::<Vec<_>>(),
            });
            Viewed::InList(2, with(views::order(&kept.view, currency), more))
        }
        Exported::Rental(kept) => {
            let more = json!({
                "client": kept.client,
                "withheld": kept.withheld,
                "messages": kept.messages.iter().map(views::message).collect::<Vec<_>>(),
            });
            Viewed::InList(3, with(views::rental(&kept.view), more))
        }
        Exported::Entry(entry) => Viewed::InList(4, views::entry(&entry, currency)),
        Exported::Audit(row) => Viewed::InList(5, views::audit(&row)),
        Exported::Event(event) => Viewed::InList(6, views::event(&event)),
        Exported::Webhook(webhook) => {
            let url = json!({ "url": webhook.0.url.as_str() });
            Viewed::InList(7, with(webhooks::view(&webhook), url))
        }
        Exported::Login(login) => Viewed::InList(8, people::with_sessions(&login)),
    }
}

/// Sends everything that is kept of an account.
pub(super) async fn export(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
) -> Result<Response, Refused> {
    let account = admin.gateway.accounts().begin_export(account).await?;
    let body = export_body(admin.gateway, account);
    Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
}

/// All that is kept of an account, whose export has begun, as a JSON object.
pub fn export_body(gateway: Gateway, account: AccountId) -> Body {
    let (pieces, waiting) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        let (viewing, sender) = (gateway.clone(), pieces.clone());
        let mut writing = Writing::default();
        let exported = gateway.accounts().export(account, move |exported| {
            let piece = writing.piece(&viewing, exported);
            sender.blocking_send(Ok(piece.into())).map_err(|_| ReceiverGone)
        });
        if let Err(error) = exported.await {
            let _ = pieces.send(Err(error)).await;
        }
    });
    Body::new(Pieces(waiting))
}
