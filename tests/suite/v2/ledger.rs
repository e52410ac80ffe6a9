//! The ledger, as JSON and as CSV.

use serde_json::{Value, json};

use super::{BUSY, Client, id};
use crate::endpoints::Fixture;

fn cents(amount: &Value) -> i64 {
    amount.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[test]
fn the_ledger_adds_up_to_the_balance_on_every_page() {
    let fixture = Fixture::open(3, BUSY);
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let ann = Client::of(&fixture, "ann", "0");
    fixture.site.ok(&["account", "topup", "ann", "40", "--ref", "bank 17"]);
    let kept = ann.order("Uber");
    let canceled = ann.order("Uber");
    ann.post(&format!("/v2/orders/{}/cancel", id(&canceled)), &Value::Null).resource(200);
    let rental = ann.post("/v2/rentals", &json!({ "country": "NL" })).resource(201);
    fixture.site.send("Uber", kept["number"].as_str().unwrap(), "code 1234");
    ann.get(&format!("/v2/orders/{}?wait=60", id(&kept))).resource(200);
    let all = ann.get("/v2/ledger").resource(200);
    let rows = all["data"].as_array().unwrap();
    let kinds: Vec<_> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["capture", "rental", "release", "hold", "hold", "topup"]);
    let me = ann.get("/v2/me").resource(200);
    let sum: i64 = rows.iter().map(|row| cents(&row["amount"])).sum();
    assert_eq!(sum, cents(&me["balance"]), "{all}");
    assert_eq!((&rows[0]["balance"], &rows[0]["held"]), (&me["balance"], &me["held"]));
    // Each row is what the one before it was, and what it adds.
    for pair in rows.windows(2) {
        let before = cents(&pair[1]["balance"]) + cents(&pair[0]["amount"]);
        assert_eq!(cents(&pair[0]["balance"]), before, "{pair:?}");
    }
    assert_eq!(rows[0]["order"], kept["id"]);
    assert_eq!((&rows[1]["rental"], &rows[1]["order"]), (&rental["id"], &Value::Null));
    assert_eq!(rows[2]["amount"], "0.00", "what is given back of a hold changes no balance");
    assert_eq!((&rows[5]["ref"], &rows[0]["ref"]), (&Value::from("bank 17"), &Value::Null));

    let mut paged = Vec::new();
    let mut query = "limit=2".to_owned();
    loop {
        let page = ann.get(&format!("/v2/ledger?{query}")).resource(200);
        paged.extend(page["data"].as_array().unwrap().clone());
        // What is added meanwhile shifts nothing.
        fixture.site.ok(&["account", "topup", "ann", "1"]);
        let newest = ann.get("/v2/ledger?limit=1").resource(200);
        assert_eq!(newest["data"][0]["ref"], Value::Null, "the operator has given none");
        match page["next"].as_str() {
            Some(next) => query = format!("limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(&paged, rows);

    let (newer, older) = (rows[2]["at"].as_str().unwrap(), rows[4]["at"].as_str().unwrap());
    let between = ann.get(&format!("/v2/ledger?from={older}&to={newer}"));
    assert_eq!(between.ids(), [id(&rows[3]), id(&rows[4])]);
    let bob = Client::of(&fixture, "bob", "1");
    assert_eq!(bob.get("/v2/ledger").ids().len(), 1, "another account's is not shown");
}

#[test]
fn csv_is_the_same_and_pages_by_a_link() {
    let fixture = Fixture::open(0, "");
    let ann = Client::of(&fixture, "ann", "0");
    for reference in ["first", "with, comma and \"quotes\"", "last"] {
        fixture.site.ok(&["account", "topup", "ann", "1", "--ref", reference]);
    }
    let csv = |path: &str| {
        let answer = ann.send("GET", path, "accept: text/csv\r\n", "");
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.header("content-type").unwrap().starts_with("text/csv;"));
        answer
    };
    let rows = ann.get("/v2/ledger").resource(200);
    let all = csv("/v2/ledger");
    let lines: Vec<&str> = all.text.split("\r\n").collect();
    assert_eq!(lines[0], "id,at,kind,amount,balance,held,order,rental,ref");
    let at = rows["data"][1]["at"].as_str().unwrap();
    let quoted = "\"with, comma and \"\"quotes\"\"\"";
    assert_eq!(lines[2], format!("2,{at},topup,1.00,2.00,0.00,,,{quoted}"));
    assert_eq!((lines.len(), lines[4]), (5, ""));
    assert_eq!(all.header("link"), None);

    let mut path = format!("/v2/ledger?limit=1&from={}", "2000-01-01T00:00:00%2B00:00");
    let mut found = Vec::new();
    loop {
        let page = csv(&path);
        found.extend(page.text.split("\r\n").nth(1).map(str::to_owned));
        let Some(link) = page.header("link") else { break };
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
        next.unwrap_or_else(|| panic!("{link}")).clone_into(&mut path);
    }
    assert_eq!(found, lines[1..4]);
}
