//! Every answer in these tests is compared with the OpenAPI document that the daemon serves.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use serde_json::Value;

use super::Answer;
use crate::support::http;

/// The document, which is the same for all daemons of the suite.
pub fn document(address: &str) -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let request = "GET /v2/openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let (head, text) = http(address, request);
        assert!(head.starts_with("HTTP/1.1 200 "), "it needs no key: {head}");
        serde_json::from_str(&text).unwrap()
    })
}

/// What a reference stands for.
fn resolved<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(&name[1..]).unwrap_or_else(|| panic!("no {name}")),
        None => schema,
    }
}

/// The operation of the document for a request, if there is one.
fn operation<'d>(document: &'d Value, method: &str, path: &str) -> Option<&'d Value> {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let known: Vec<&str> = template.split('/').collect();
        let same = |(known, part): (&&str, &&str)| {
            known == part || known.starts_with('{') && part.bytes().all(|b| b.is_ascii_digit())
        };
        known.len() == parts.len() && known.iter().zip(&parts).all(same)
    };
    let paths = document["paths"].as_object().unwrap();
    let (_, item) = paths.iter().find(|(template, _)| fits(template))?;
    item.get(method.to_lowercase())
}

/// The names of the members that a call's body may have. `path` is one of the document.
pub fn members_of_body(address: &str, method: &str, path: &str) -> BTreeSet<String> {
    let document = document(address);
    let body = &document["paths"][path][method.to_lowercase()]["requestBody"];
    let schema = resolved(document, &body["content"]["application/json"]["schema"]);
    let members = schema["properties"].as_object();
    members.into_iter().flat_map(|members| members.keys().cloned()).collect()
}

/// Compares an answer with the document.
pub fn check(address: &str, (method, path): (&str, &str), answer: &Answer) {
    if method == "HEAD" {
        assert_eq!(answer.text, "", "{path}: HEAD has no content (RFC 9110, section 9.3.2)");
        return;
    }
    let document = document(address);
    let kind = answer.header("content-type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap();
    let asked = format!("{method} {path}");
    let Some(operation) = operation(document, method, path) else {
        let is_other = path.starts_with("/v2/openapi.json") || answer.status >= 400;
        assert!(is_other, "{asked}: the document does not have it");
        return;
    };
    let responses = &operation["responses"];
    let status = answer.status.to_string();
    let response = responses.get(&status).unwrap_or_else(|| {
        assert!(answer.status >= 400, "{asked}: {status} is not in the document");
        &responses["default"]
    });
    let content = &resolved(document, response)["content"];
    if content.is_null() {
        assert_eq!(answer.text, "", "{asked}: the document has no content");
        return;
    }
    let schema = content.get(kind).map(|content| &content["schema"]);
    let schema = schema.unwrap_or_else(|| panic!("{asked}: {kind} is not in the document"));
    let value = if kind.ends_with("json") { &answer.body } else { &Value::from(&*answer.text) };
    let faults = faults(document, schema, value, "");
    assert!(faults.is_empty(), "{asked}: {faults:#?} in {}", answer.text);
}

/// The name of a value's type in JSON Schema.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// What of a value is not as a schema says, as far as these schemas say anything.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let all = choices.iter().map(|choice| faults(document, choice, value, at));
            let all: Vec<Vec<String>> = all.collect();
            return if all.iter().any(Vec::is_empty) { vec![] } else { all.concat() };
        }
    }
    let mut found = Vec::new();
    let (is, wanted) = (type_of(value), &schema["type"]);
    let is_a = |kind: &Value| kind == is || (kind == "number" && is == "integer");
    let has_type = match wanted {
        Value::Array(kinds) => kinds.iter().any(is_a),
        Value::Null => true,
        kind => is_a(kind),
    };
    if !has_type {
        found.push(format!("{at}: {is}, not {wanted}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is none of {words:?}"));
    }
    if let (Some(rows), items) = (value.as_array(), &schema["items"]) {
        let rows = rows.iter().enumerate();
        found.extend(rows.flat_map(|(n, row)| faults(document, items, row, &format!("{at}/{n}"))));
    }
    let Some(members) = value.as_object() else { return found };
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        found.extend((!members.contains_key(name)).then(|| format!("{at}/{name} is missing")));
    }
    for (name, value) in members {
        match schema["properties"].get(name) {
            Some(schema) => found.extend(faults(document, schema, value, &format!("{at}/{name}"))),
            None => found.push(format!("{at}/{name} is not in the document")),
        }
    }
    found
}

#[test]
fn an_answer_that_is_not_as_the_document_says_is_found() {
    let document = serde_json::json!({
        "components": { "schemas": { "Order": {
            "type": "object",
            "required": ["id", "code"],
            "properties": {
                "id": { "type": "integer" },
                "code": { "type": ["string", "null"] },
                "state": { "type": "string", "enum": ["open", "over"] },
                "reuse": { "oneOf": [{ "type": "null" }, { "type": "object", "properties": {} }] },
                "messages": { "type": "array", "items": { "type": "string" } },
            },
        } } },
    });
    let schema = serde_json::json!({ "$ref": "#/components/schemas/Order" });
    for (value, count) in [
        (serde_json::json!({ "id": 1, "code": null, "state": "open", "reuse": {} }), 0),
        (serde_json::json!({ "id": 1 }), 1),
        (serde_json::json!({ "id": "1", "code": 2 }), 2),
        (serde_json::json!({ "id": 1, "code": "2", "state": "new", "more": 1 }), 2),
        (serde_json::json!({ "id": 1, "code": "2", "messages": ["a", 1, null] }), 2),
        (serde_json::json!({ "id": 1, "code": "2", "reuse": 1 }), 2),
        (serde_json::json!([]), 1),
    ] {
        let found = faults(&document, &schema, &value, "");
        assert_eq!(found.len(), count, "{value}: {found:?}");
    }
}
