//! `/v2/rentals`: numbers for months, with all their messages.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::api::Api;
use super::caller::Caller;
use super::input::{Ids, Nothing, Query};
use super::page::{Limit, Page, Paged, after, name_list};
use super::problem::Problem;
use super::values::{Time, Wait};
use crate::domain::{MessageId, RentalId};
use crate::gateway::MessagesWanted;
use crate::gateway::resources::{MessageResource, RentalResource};

/// `GET /v2/rentals`, the newest first.
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    Query(Paged { limit, cursor }): Query<Paged>,
) -> Result<Json<Page<RentalResource>>, Problem> {
    let list = name_list("rentals", &caller, ());
    let before = after(&list, cursor.as_deref())?.map(RentalId);
    let rentals = api.gateway.rentals_for(caller.mode());
    let rentals = rentals.page(caller.account(), before, limit.to_read()).await?;
    Ok(Json(Page::of(&list, rentals, limit, |rental| rental.id)))
}

/// The id in a path. What is no id is the id of nothing.
pub(super) fn rental_id(id: &str) -> Result<RentalId, Problem> {
    id.parse().map_err(|_| no_such(id))
}

pub(super) fn no_such(id: impl std::fmt::Display) -> Problem {
    Problem::not_found("rental", id)
}

/// `GET /v2/rentals/{id}`.
pub(super) async fn show(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(Nothing {}): Query<Nothing>,
) -> Result<Json<RentalResource>, Problem> {
    let rentals = api.gateway.rentals_for(caller.mode());
    let rental = rentals.show(caller.account(), rental_id(&id)?).await?;
    rental.map(Json).ok_or_else(|| no_such(id))
}

/// The parameters of `GET /v2/rentals/{id}/messages`.
#[derive(Deserialize, ToSchema)]
pub(super) struct OfMessages {
    /// Received at this time or later.
    since: Option<Time>,
    /// With this in their text or their sender, in any case of the letters.
    q: Option<String>,
    /// For how many seconds the answer is held back until there is a message.
    #[serde(default)]
    wait: Wait,
    /// How many rows a page has at most.
    #[serde(default)]
    limit: Limit,
    /// `next` of the page before; the first page without it.
    cursor: Option<String>,
}

/// `GET /v2/rentals/{id}/messages`, the newest first.
pub(super) async fn messages(
    State(api): State<Api>,
    caller: Caller,
    Ids(id): Ids<String>,
    Query(OfMessages { since, q, wait, limit, cursor }): Query<OfMessages>,
) -> Result<Json<Page<MessageResource>>, Problem> {
    let (rental, by) = (rental_id(&id)?, caller.requester());
    let since = since.map(Time::timestamp);
    let list = name_list("messages", &caller, (rental, since, &q));
    let wanted = MessagesWanted {
        since,
        text: q,
        before: after(&list, cursor.as_deref())?.map(MessageId),
        count: limit.rows(),
    };
    let rentals = api.gateway.rentals_for(caller.mode());
    let found = match wait.patience() {
        None => rentals.messages(by, rental, wanted).await?,
        Some(patience) => {
            let waiting = rentals.wait_for_messages(by.clone(), rental, wanted.clone(), patience);
            let as_it_is = rentals.messages(by, rental, wanted);
            let found = api.wait_while_open(caller.key(), waiting, as_it_is).await?;
            found.ok_or_else(Problem::key_closed)?
        }
    };
    let (messages, has_more) = found.ok_or_else(|| no_such(id))?;
    Ok(Json(Page::with_more(&list, messages, has_more, |message| message.id)))
}
