//! What a word stands for.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer};
use crate::domain::Imei;
use crate::gateway::Found;

/// The word, which may be a number and so stands in no address.
#[derive(Deserialize)]
pub(super) struct Word {
    word: String,
}

pub(super) async fn find(
    State(admin): State<AdminState>,
    Json(Word { word }): Json<Word>,
) -> Answer {
    Ok(Json(admin.gateway.finder().find(&word).await?.iter().map(view).collect()))
}

fn view(found: &Found) -> Value {
    let (kind, id, number, account) = match found {
        Found::Order { id, number, account } => {
            ("order", id.to_string(), Some(number), Some(account))
        }
        Found::Rental { id, number, account } => {
            ("rental", id.to_string(), Some(number), Some(account))
        }
        Found::Sim { iccid, number } => ("sim", iccid.to_string(), number.as_ref(), None),
        Found::Number(number) => ("number", number.to_string(), Some(number), None),
        Found::Modem { port, .. } => ("modem", port.to_string(), None, None),
        Found::Account { id, name } => ("account", id.to_string(), None, Some(name)),
        Found::Service { id, .. } => ("service", id.to_string(), None, None),
        Found::Key { prefix, account } => ("key", prefix.clone(), None, Some(account)),
    };
    let imei = match found {
        Found::Modem { imei, .. } => imei.as_ref().map(Imei::as_str),
        _ => None,
    };
    let service = match found {
        Found::Service { name, .. } => Some(name),
        _ => None,
    };
    json!({
        "kind": kind,
        "id": id,
        "number": number,
        "account": account,
        "imei": imei,
        "service": service,
    })
}
