//! The second version of the customers' API over real HTTP.

mod callers;
mod events;
mod input;
mod killed;
mod ledger;
mod once;
mod orders;
mod refusals;
mod rentals;
mod sandbox;
mod schema;
mod shown;
mod webhooks;

use serde_json::Value;

use crate::endpoints::Fixture;
use crate::support::http;

/// What a customer was answered.
pub struct Answer {
    pub status: u16,
    head: String,
    pub text: String,
    /// The body, if it is JSON; otherwise null.
    pub body: Value,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value)
    }

    /// The code of the problem, after checking that it is one with all of its members.
    pub fn code(&self) -> &str {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.head);
        let code = self.body["code"].as_str().unwrap();
        assert_eq!(self.body["type"], format!("urn:simbridge:problem:{code}"));
        assert_eq!(self.body["status"], self.status);
        assert_eq!(self.body["request_id"].as_str(), self.header("x-request-id"));
        for member in ["title", "detail"] {
            assert!(!self.body[member].as_str().unwrap().is_empty(), "{}", self.text);
        }
        assert!(self.body["errors"].is_array(), "{}", self.text);
        code
    }

    /// The status and the problem's code.
    pub fn problem(&self) -> (u16, &str) {
        (self.status, self.code())
    }

    /// Where the first error of the input is, and what it says.
    pub fn error(&self) -> (&Value, &Value, &str) {
        assert_eq!(self.problem(), (422, "invalid_request"), "{}", self.text);
        let error = &self.body["errors"][0];
        (&error["pointer"], &error["parameter"], error["detail"].as_str().unwrap())
    }

    /// The resource of a success with this status.
    pub fn resource(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.head);
        self.body
    }

    /// The ids of a list's page.
    pub fn ids(&self) -> Vec<i64> {
        assert_eq!(self.status, 200, "{}", self.text);
        let data = self.body["data"].as_array().unwrap();
        data.iter().map(|row| row["id"].as_i64().unwrap()).collect()
    }
}

/// A customer with a key.
pub struct Client {
    address: String,
    pub key: String,
}

impl Client {
    pub fn new(fixture: &Fixture, key: &str) -> Client {
        Client { address: fixture.address.clone(), key: key.to_owned() }
    }

    /// A new account with credit, and its key.
    pub fn of(fixture: &Fixture, name: &str, credit: &str) -> Client {
        Client::new(fixture, &fixture.site.customer(name, credit))
    }

    /// Sends a request with these header lines beside the key's.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let key = format!("authorization: Bearer {}\r\n{headers}", self.key);
        ask(&self.address, method, path, &key, body)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// Posts a JSON body, or none if it is null.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json("POST", path, "", body)
    }

    pub fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send_json("PATCH", path, "", body)
    }

    /// Posts with an idempotency key.
    pub fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send_json("POST", path, &format!("idempotency-key: {key}\r\n"), body)
    }

    fn send_json(&self, method: &str, path: &str, headers: &str, body: &Value) -> Answer {
        match body {
            Value::Null => self.send(method, path, headers, ""),
            body => {
                let headers = format!("{headers}content-type: application/json\r\n");
                self.send(method, path, &headers, &body.to_string())
            }
        }
    }

    /// Makes an order of a service and answers it.
    pub fn order(&self, service: &str) -> Value {
        self.post("/v2/orders", &serde_json::json!({ "service": service })).resource(201)
    }
}

/// Sends a request with these header lines.
pub fn ask(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}content-length: \
         {length}\r\n\r\n{body}"
    );
    let (head, text) = http(address, &request);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = serde_json::from_str(&text).unwrap_or_default();
    let answer = Answer { status: status.unwrap_or_else(|| panic!("{head}")), head, text, body };
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{}", answer.head);
    assert!(answer.header("x-request-id").is_some(), "{}", answer.head);
    schema::check(address, (method, path), &answer);
    answer
}

/// The id of a resource.
pub fn id(resource: &Value) -> i64 {
    resource["id"].as_i64().unwrap()
}

/// A configuration in which an account has several orders open and numbers do not rest.
pub const BUSY: &str = "[orders]\nmax_open_per_account = 9\nnumber_rest = \"0s\"\n";
