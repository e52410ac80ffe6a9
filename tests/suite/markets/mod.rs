//! The protocols of number markets beside both versions of the customers' API: all of them tell
//! the same money, whatever is asked through whichever, and nothing that is asked makes the daemon
//! fail.

mod client_gone;
mod fuzz;
mod money;

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::support::Site;

/// A customer who asks through any of the protocols.
pub struct Customer {
    pub name: String,
    pub key: String,
    pub address: String,
}

impl Customer {
    /// A new customer with credit, who asks at the address of the daemon that runs.
    pub fn new(site: &Site, name: &str, credit: &str) -> Customer {
        let key = site.customer(name, credit);
        Customer { name: name.to_owned(), key, address: address(site) }
    }

    /// The answer of `handler_api` to an action and its parameters.
    pub fn action(&self, query: &str) -> Option<Answer> {
        let path = format!("/stubs/handler_api.php?api_key={}&action={query}", self.key);
        self.ask("GET", &path, "")
    }

    /// The answer at a path of 5sim's API below `/v1`.
    pub fn fivesim(&self, path: &str) -> Option<Answer> {
        self.ask("GET", &format!("/v1/{path}"), "")
    }

    /// The answer of the first version of the API.
    pub fn v1(&self, method: &str, query: &str) -> Option<Answer> {
        let and = if query.contains('?') { '&' } else { '?' };
        self.ask(method, &format!("/api/{query}{and}key={}", self.key), "")
    }

    /// The answer of the second version of the API.
    pub fn v2(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        self.ask(method, &format!("/v2/{path}"), body)
    }

    /// The answer to a request, unless the daemon has gone. With a key in the address there is none
    /// in the head.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> Option<Answer> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n");
        if !path.contains(&self.key) {
            head += &format!("authorization: Bearer {}\r\n", self.key);
        }
        let kind = if body.starts_with('{') { "json" } else { "x-www-form-urlencoded" };
        let length = body.len();
        head += &format!("content-type: application/{kind}\r\ncontent-length: {length}\r\n\r\n");
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body.as_bytes()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Answer::read(&String::from_utf8_lossy(&answer))
    }
}

/// What is answered to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: String,
}

impl Answer {
    fn read(text: &str) -> Option<Answer> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let kind = head.lines().find_map(|line| line.strip_prefix("content-type: "));
        let kind = kind.unwrap_or_default().to_owned();
        Some(Answer { status, kind, body: body.to_owned() })
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// Where the daemon that runs serves its customers.
pub fn address(site: &Site) -> String {
    site.admin("/status")["listen"].as_str().unwrap().to_owned()
}

/// A service that the protocols of markets know as `wa` and `whatsapp`.
pub fn add_service(site: &Site) {
    site.ok(&["service", "add", "WhatsApp", "--price", "0.50", "--sender", "^WhatsApp$"]);
    site.ok(&["service", "set", "WhatsApp", "--code", "wa", "--fivesim", "whatsapp"]);
}
