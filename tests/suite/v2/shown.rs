//! The calls that the documents show: each of the second version's is there, and works.

use std::process::Command;

use serde_json::{Value, json};

use super::{BUSY, Client, id, schema};
use crate::docs::page;
use crate::endpoints::Fixture;
use crate::support::wait_for;

/// The commands of the chapter about the second version, in their order.
fn commands() -> Vec<String> {
    let page = page("docs/customer-api.md");
    let chapter = page.split("\n# Version 2\n").nth(1).unwrap();
    let lines = chapter.lines().filter_map(|line| line.strip_prefix("    "));
    let mut commands: Vec<String> = Vec::new();
    let mut is_continued = false;
    for line in lines {
        if is_continued {
            commands.last_mut().unwrap().push_str(line.trim_start());
        } else if line.starts_with("curl ") {
            commands.push(line.to_owned());
        } else {
            continue;
        }
        is_continued = commands.last().unwrap().ends_with('\\');
        if is_continued {
            commands.last_mut().unwrap().pop();
        }
    }
    commands
}

/// The method and the path of a command.
fn call(command: &str) -> (String, String) {
    let path = command.split("https://sms.example.org").nth(1).unwrap();
    let path: String = path.chars().take_while(|c| !matches!(c, '\'' | '"' | ' ' | '?')).collect();
    let method = command.split(" -X ").nth(1).and_then(|rest| rest.split(' ').next());
    (method.unwrap_or("GET").to_lowercase(), path)
}

#[test]
fn every_call_is_shown() {
    let fixture = Fixture::open(0, "");
    let shown: Vec<_> = commands().iter().map(|command| call(command)).collect();
    for (path, item) in schema::document(&fixture.address)["paths"].as_object().unwrap() {
        let id = match path.split('/').nth(2) {
            Some("orders") => "$ORDER",
            Some("webhooks") => "$WEBHOOK",
            _ => "$RENTAL",
        };
        let path = path.replace("{id}", id).replace("{delivery}", "$DELIVERY");
        for method in item.as_object().unwrap().keys() {
            assert!(shown.contains(&(method.clone(), path.clone())), "{method} {path}");
        }
    }
}

#[test]
fn every_call_that_is_shown_works() {
    let settings = format!("{BUSY}[webhooks]\nallow = [\"http://127.0.0.0/8\"]\n");
    let fixture = Fixture::open(9, &settings);
    // Nobody listens on the port that was just given back.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let ann = Client::of(&fixture, "ann", "500");
    let (mut order, mut delivery) = (Value::Null, Value::Null);
    let test_key = fixture.site.json(&["key", "add", "ann", "--test"])["key"].clone();
    for command in commands() {
        let (method, path) = call(&command);
        let is_new = ["cancel", "skip", "swap", "report"].iter().any(|verb| path.ends_with(verb));
        if is_new {
            order = ann.order("Uber");
        }
        if path == "/v2/orders/$ORDER" && !command.contains("$TEST_KEY") {
            fixture.site.send("Uber", order["number"].as_str().unwrap(), "code 1234");
        }
        let address = format!("http://{}", fixture.address);
        let mut here = command.replace("https://sms.example.org", &address);
        here = here.replace("https://example.com", &format!("http://{nobody}"));
        if path.ends_with("/redeliver") {
            let attempted = || {
                let deliveries = ann.get("/v2/webhooks/1/deliveries").resource(200);
                delivery = deliveries["data"][0]["id"].clone();
                deliveries["data"][0]["attempts"][0].is_object()
            };
            wait_for("the first attempt", attempted);
        }
        let is_stream = path == "/v2/events";
        if is_stream {
            here = here.replacen("curl ", "curl --max-time 1 ", 1);
        }
        let output = Command::new("sh")
            .args(["-c", &here])
            .env("KEY", &ann.key)
            .env("TEST_KEY", test_key.as_str().unwrap())
            .env("ORDER", order["id"].to_string())
            .env("RENTAL", "1")
            .env("WEBHOOK", "1")
            .env("DELIVERY", delivery.to_string())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        if is_stream {
            assert!(text.starts_with("retry: 1000\nid: "), "{command}: {text}");
            continue;
        }
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| json!({ "text": text }));
        let expected = if path.ends_with("revive") { json!("rental_active") } else { Value::Null };
        let is_problem = answer.get("request_id").is_some();
        assert!(is_problem != expected.is_null(), "{command}: {text}");
        assert!(!is_problem || answer["code"] == expected, "{command}: {text}");
        if (method.as_str(), path.as_str()) == ("post", "/v2/orders") {
            assert!(id(&answer) > 0);
            order = answer;
        }
    }
}
