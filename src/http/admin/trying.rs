//! Trying the patterns of services.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::{AdminState, Answer, views};
use crate::gateway::{PatternDraft, Trial, TrialClaim, TriedMessage};

/// A service's patterns as somebody is writing them; what is left out is as it is saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Draft {
    service: String,
    senders: Option<Vec<String>>,
    texts: Option<Vec<String>>,
    priority: Option<i64>,
}

impl From<Draft> for PatternDraft {
    fn from(draft: Draft) -> PatternDraft {
        let Draft { service, senders, texts, priority } = draft;
        PatternDraft { service, senders, texts, priority }
    }
}

#[derive(Deserialize)]
pub(super) struct Sample {
    sender: String,
    text: String,
    draft: Option<Draft>,
}

/// Tells which service a message would belong to: `service` and `rule` are those of the service
/// with the highest precedence, `claims` has all that match. A message that none claims goes to an
/// open order of one of the services in `unpatterned`.
pub(super) async fn test(
    State(admin): State<AdminState>,
    Json(Sample { sender, text, draft }): Json<Sample>,
) -> Answer {
    let draft = draft.map(PatternDraft::from);
    let trial = admin.gateway.services().try_message(draft, sender, text).await?;
    Ok(Json(with(view(&trial), json!({ "unpatterned": trial.unpatterned }))))
}

/// How many of the last messages the patterns are tried on.
#[derive(Deserialize)]
pub(super) struct Last {
    last: u32,
    draft: Option<Draft>,
}

pub(super) async fn test_last(
    State(admin): State<AdminState>,
    Json(Last { last, draft }): Json<Last>,
) -> Answer {
    let draft = draft.map(PatternDraft::from);
    let tried = admin.gateway.services().try_last_messages(draft, last).await?;
    Ok(Json(json!({
        "messages": tried.messages.iter().map(tried_message).collect::<Vec<_>>(),
        "by_one": tried.by_one,
        "by_several": tried.by_several,
        "by_none": tried.by_none,
    })))
}

fn tried_message(tried: &TriedMessage) -> Value {
    let TriedMessage { message, trial, saved } = tried;
    json!({ "message": views::message(message), "trial": view(trial), "saved": saved })
}

fn view(trial: &Trial) -> Value {
    let first = trial.claims.first();
    let rule = first.map(|claim| json!({ "sender": claim.sender, "text": claim.text }));
    json!({
        "service": first.map(|claim| &claim.service),
        "code": trial.code,
        "rule": rule,
        "withheld": trial.withheld,
        "claims": trial.claims.iter().map(claim_view).collect::<Vec<_>>(),
    })
}

fn claim_view(claim: &TrialClaim) -> Value {
    json!({ "service": claim.service, "sender": claim.sender, "text": claim.text })
}
