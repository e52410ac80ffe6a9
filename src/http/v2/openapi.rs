//! `GET /v2/openapi.json`: what there is to ask and what is answered, as an OpenAPI document. Its
//! schemas are those of the types that requests are read into and answers are written from.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::calls::{CALLS, Call, Success, Type, of};
use super::components::{Answered, Sent, components, headers};
use super::problem::Written;

/// The list that is answered as CSV, too.
const LEDGER: &str = "/v2/ledger";

/// The document as it is served.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| document().to_string().into());

/// `GET /v2/openapi.json`. It needs no key.
pub(super) async fn serve() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// The schemas that the document names.
#[derive(Default)]
struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// Adds a type's schema with those that it names. Answers a reference to it.
    fn add(&mut self, of: &Type) -> Value {
        let name = (of.name)().into_owned();
        let mut found = vec![(name.clone(), (of.schema)())];
        (of.nested)(&mut found);
        for (name, schema) in found {
            self.0.entry(name).or_insert_with(|| to_value(&schema));
        }
        reference(&name)
    }

    /// As [`Schemas::add`], for what is answered: there all members are there at all times.
    fn add_answer(&mut self, of: &Type) -> Value {
        let mut found = vec![((of.name)().into_owned(), (of.schema)())];
        (of.nested)(&mut found);
        for (name, schema) in found {
            let mut schema = to_value(&schema);
            require_all(&mut schema);
            self.0.insert(name, schema);
        }
        reference(&(of.name)())
    }

    /// A page of a list of a type.
    fn add_page(&mut self, of: &Type) -> Value {
        let row = self.add_answer(of);
        let name = format!("{}Page", (of.name)());
        let page = json!({
            "type": "object",
            "required": ["data", "next"],
            "properties": {
                "data": { "type": "array", "items": row },
                "next": {
                    "type": ["string", "null"],
                    "description": "The cursor of the next page; null on the last one.",
                },
            },
        });
        self.0.insert(name.clone(), page);
        reference(&name)
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn to_value(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

/// Requires all of an object's members.
fn require_all(schema: &mut Value) {
    let members = schema.get("properties").and_then(Value::as_object);
    let names: Option<Vec<Value>> =
        members.map(|members| members.keys().map(|name| name.as_str().into()).collect());
    if let (Some(names), Some(schema)) = (names, schema.as_object_mut()) {
        schema.insert("required".to_owned(), names.into());
    }
}

impl Call {
    /// The parameters of its path and its query.
    fn parameters(&self, schemas: &mut Schemas) -> Vec<Value> {
        let names =
            self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters: Vec<Value> = names
            .map(|name| {
                let schema = json!({ "type": "integer", "format": "int64", "minimum": 1 });
                json!({ "name": name, "in": "path", "required": true, "schema": schema })
            })
            .collect();
        let mut nested = Vec::new();
        (self.query.nested)(&mut nested);
        schemas.0.extend(nested.iter().map(|(name, schema)| (name.clone(), to_value(schema))));
        let query = to_value(&(self.query.schema)());
        let members = query.get("properties").and_then(Value::as_object);
        for (name, schema) in members.into_iter().flatten() {
            let mut schema = without_null(schema);
            let description =
                schema.as_object_mut().and_then(|schema| schema.remove("description"));
            let mut parameter =
                json!({ "name": name, "in": "query", "required": false, "schema": schema });
            if let (Some(text), Some(parameter)) = (description, parameter.as_object_mut()) {
                parameter.insert("description".to_owned(), text);
            }
            parameters.push(parameter);
        }
        let is_stream = matches!(self.success, Success::Stream);
        let sent = [
            (self.method == "post").then_some(Sent::IdempotencyKey),
            is_stream.then_some(Sent::LastEventId),
            Some(Sent::RequestId),
        ];
        parameters.extend(sent.into_iter().flatten().map(Sent::reference));
        parameters
    }

    fn responses(&self, schemas: &mut Schemas) -> Value {
        let text = || json!({ "type": "string" });
        let mut responses = Map::new();
        responses.insert("default".to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
        let (status, description, schema) = match &self.success {
            Success::Stream => ("200", "Events until the stream ends", text()),
            Success::Nothing => {
                let done = json!({ "description": "Done", "headers": headers(&[]) });
                responses.insert("204".to_owned(), done);
                return responses.into();
            }
            Success::Accepted(of) => ("202", "It happens soon", schemas.add_answer(of)),
            Success::Ok(of) => ("200", "Done", schemas.add_answer(of)),
            Success::Page(of) => ("200", "A page of the list", schemas.add_page(of)),
            Success::Created(of) => {
                ("201", "Made; Location has its address", schemas.add_answer(of))
            }
        };
        let kind = match self.success {
            Success::Stream => "text/event-stream",
            _ => "application/json",
        };
        let mut content = json!({ (kind): { "schema": schema } });
        if self.path == LEDGER
            && let Some(content) = content.as_object_mut()
        {
            content.insert("text/csv".to_owned(), json!({ "schema": text() }));
        }
        let response = json!({
            "description": description, "headers": headers(&self.answered()), "content": content,
        });
        responses.insert(status.to_owned(), response);
        responses.into()
    }

    /// The headers of its answer if it succeeds.
    fn answered(&self) -> Vec<Answered> {
        let is_new = matches!(self.success, Success::Created(_));
        [
            is_new.then_some(Answered::Location),
            (self.method == "post").then_some(Answered::IdempotentReplayed),
            (self.path == LEDGER).then_some(Answered::Link),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn operation(&self, schemas: &mut Schemas) -> Value {
        let parameters = self.parameters(schemas);
        let mut operation = json!({
            "operationId": self.id,
            "summary": self.summary,
            "parameters": parameters,
            "responses": self.responses(schemas),
        });
        let body = self.body.as_ref().map(|body| {
            let schema = schemas.add(body);
            let has_required = schemas.0.get(&*(body.name)()).is_some_and(has_required);
            json!({
                "required": has_required, "content": { "application/json": { "schema": schema } },
            })
        });
        if let (Some(body), Some(operation)) = (body, operation.as_object_mut()) {
            operation.insert("requestBody".to_owned(), body);
        }
        operation
    }
}

fn has_required(schema: &Value) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|names| !names.is_empty())
}

/// A parameter that is not given is not `null` but left out.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let is_null = |kind: &Value| kind == "null" || kind.get("type").is_some_and(|it| it == "null");
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| !is_null(kind));
    }
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else { return schema };
    let mut rest = choices.iter().filter(|choice| !is_null(choice));
    match (rest.next().and_then(Value::as_object), rest.next(), schema.get("description")) {
        (Some(only), None, description) => {
            let mut only = only.clone();
            only.extend(description.map(|text| ("description".to_owned(), text.clone())));
            only.into()
        }
        _ => schema,
    }
}

/// The whole document.
fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths = Map::new();
    for call in CALLS {
        let operation = call.operation(&mut schemas);
        let item = paths.entry(call.path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(call.method.to_owned(), operation);
        }
    }
    schemas.add(&of::<Written<'static>>());
    json!({
        "openapi": "3.1.0",
        "info": { "title": "simbridge", "version": env!("CARGO_PKG_VERSION") },
        "security": [{ "key": [] }],
        "paths": paths,
        "components": components(&json!(schemas.0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All references in a part of the document.
    fn references(part: &Value, found: &mut Vec<String>) {
        match part {
            Value::Object(members) => {
                let name = members.get("$ref").and_then(Value::as_str);
                found.extend(name.map(|name| name.trim_start_matches('#').to_owned()));
                members.values().for_each(|part| references(part, found));
            }
            Value::Array(parts) => parts.iter().for_each(|part| references(part, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_is_to_something_and_no_two_calls_have_one_name() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for name in found {
            assert!(document.pointer(&name).is_some(), "{name}");
        }
        for call in CALLS {
            assert_eq!(CALLS.iter().filter(|other| other.id == call.id).count(), 1, "{}", call.id);
        }
    }

    /// All members with this name in a part of the document, with where they are.
    fn members<'d>(part: &'d Value, name: &str, at: &str, found: &mut Vec<(String, &'d Value)>) {
        let within: Vec<(String, &Value)> = match part {
            Value::Object(members) => {
                members.iter().map(|(key, part)| (format!("{at}/{key}"), part)).collect()
            }
            Value::Array(parts) => {
                parts.iter().enumerate().map(|(n, part)| (format!("{at}/{n}"), part)).collect()
            }
            _ => return,
        };
        for (place, part) in within {
            members(part, name, &place, found);
            found.extend(place.ends_with(&format!("/{name}")).then_some((place, part)));
        }
    }

    #[test]
    fn every_description_is_a_text_in_the_words_of_json_and_every_parameter_has_one() {
        let document = document();
        let mut found = Vec::new();
        members(&document, "description", "", &mut found);
        assert!(found.len() > 100);
        for (place, description) in found {
            let text = description.as_str().unwrap_or_else(|| panic!("{place}: {description}"));
            for word in ["None", "Some", "[`", "::"] {
                assert!(!text.contains(word), "{place}: {text}");
            }
        }
        let mut lists = Vec::new();
        members(&document["paths"], "parameters", "", &mut lists);
        for (place, list) in lists {
            for parameter in list.as_array().unwrap().iter().filter(|it| it["in"] == "query") {
                assert!(parameter["description"].is_string(), "{place}: {parameter}");
            }
        }
    }

    #[test]
    fn the_headers_of_requests_and_answers_are_there() {
        let document = document();
        let at = |path: &str| document.pointer(path).unwrap_or_else(|| panic!("{path}"));
        for name in ["Idempotency-Key", "X-Request-Id", "Last-Event-ID"] {
            let known = at("/components/parameters").as_object().unwrap();
            assert!(known.values().any(|header| header["name"] == name), "{name}");
        }
        let reference = json!({ "$ref": "#/components/parameters/LastEventId" });
        let events = at("/paths/~1v2~1events/get/parameters").as_array().unwrap();
        assert!(events.contains(&reference));
        let headers = at("/paths/~1v2~1orders/post/responses/201/headers").as_object().unwrap();
        let names: Vec<_> = headers.keys().map(String::as_str).collect();
        assert_eq!(names, ["X-Request-Id", "Location", "Idempotent-Replayed"]);
        assert!(at("/components/responses/Problem/headers")["Retry-After"].is_object());
    }

    #[test]
    fn members_are_as_they_are_read_and_written() {
        let document = document();
        let at = |path: &str| document.pointer(path).unwrap_or_else(|| panic!("{path}"));
        let order = at("/components/schemas/OrderResource");
        let members = order["properties"].as_object().unwrap().len();
        assert_eq!(order["required"].as_array().unwrap().len(), members, "none is left out");
        assert_eq!(at("/components/schemas/NewOrder/required"), &json!(["service"]));
        assert_eq!(at("/components/schemas/NewOrder/additionalProperties"), &json!(false));
        assert_eq!(at("/components/schemas/NewRental/required"), &json!(["country"]));
        let parameters = at("/paths/~1v2~1orders/get/parameters").as_array().unwrap();
        let names: Vec<_> = parameters.iter().filter_map(|it| it["name"].as_str()).collect();
        assert_eq!(names, ["client_ref", "cursor", "limit", "state"]);
        let limit = at("/components/schemas/Limit");
        assert_eq!((&limit["minimum"], &limit["maximum"]), (&json!(1), &json!(200)));
    }
}
