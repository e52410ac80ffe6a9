//! What the calls share in the OpenAPI document: the headers of requests and of answers, and the
//! answer to a request that is refused.

use serde_json::{Value, json};

/// A header that a request may have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sent {
    IdempotencyKey,
    RequestId,
    LastEventId,
}

impl Sent {
    /// A reference to it among a call's parameters.
    pub(super) fn reference(self) -> Value {
        json!({ "$ref": format!("#/components/parameters/{self:?}") })
    }
}

/// A header that an answer may have.
#[derive(Debug, Clone, Copy)]
pub(super) enum Answered {
    RequestId,
    Location,
    IdempotentReplayed,
    RetryAfter,
    Link,
}

impl Answered {
    fn name(self) -> &'static str {
        match self {
            Answered::RequestId => "X-Request-Id",
            Answered::Location => "Location",
            Answered::IdempotentReplayed => "Idempotent-Replayed",
            Answered::RetryAfter => "Retry-After",
            Answered::Link => "Link",
        }
    }
}

/// The headers of an answer, which are these and that of its request's id.
pub(super) fn headers(answered: &[Answered]) -> Value {
    let of = |header: &Answered| {
        let reference = json!({ "$ref": format!("#/components/headers/{header:?}") });
        (header.name().to_owned(), reference)
    };
    [Answered::RequestId].iter().chain(answered).map(of).collect()
}

/// The components that calls refer to, with these schemas.
pub(super) fn components(schemas: &Value) -> Value {
    let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    json!({
        "schemas": schemas,
        "parameters": parameters(),
        "headers": answered_headers(),
        "responses": { "Problem": {
            "description": "Why the request was refused",
            "headers": headers(&[Answered::RetryAfter]),
            "content": { "application/problem+json": problem },
        } },
        "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
    })
}

fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| {
        json!({
            "name": name, "in": "header", "required": false, "description": description,
            "schema": schema,
        })
    };
    json!({
        "IdempotencyKey": header(
            "Idempotency-Key",
            "With it the request is carried out once in 24 hours, however often it is sent.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ),
        "RequestId": header(
            "X-Request-Id",
            "Your id of the request: at most 60 letters, digits, `-`, `_` and `.`. In place of \
             another one, or of none, the answer has one of the gateway's.",
            json!({ "type": "string" }),
        ),
        "LastEventId": header(
            "Last-Event-ID",
            "The id of the last event that was seen. It comes before `after`.",
            json!({ "type": "string", "pattern": "^[0-9]+$" }),
        ),
    })
}

fn answered_headers() -> Value {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    let text = || json!({ "type": "string" });
    json!({
        "RequestId": header("By this the operator finds the request in the log.", text()),
        "Location": header("The address of what was made.", text()),
        "IdempotentReplayed": header(
            "`true` where the request was carried out before, and this was answered then.",
            text(),
        ),
        "RetryAfter": header(
            "After how many seconds it is worth while to ask again, if it is at all.",
            json!({ "type": "integer", "minimum": 1 }),
        ),
        "Link": header("As CSV: the address of the next page, with `rel=\"next\"`.", text()),
    })
}
