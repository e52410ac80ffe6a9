//! What one customer does or leaves behind must not affect the next.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use simbridge::domain::Timestamp;
use simbridge::domain::calendar::add_months;
use simbridge::simulator::Fault;
use simbridge::sms::{Address, Deliver, Scts, tpdu};

use crate::endpoints::{Fixture, made};
use crate::support::wait_for;

#[test]
fn a_former_tenants_sms_that_comes_late_is_not_the_next_ones() {
    let mut fixture = Fixture::open(1, "[rentals]\nrest = \"0s\"\n");
    let (ann, bob) = (fixture.site.customer("ann", "100"), fixture.site.customer("bob", "100"));
    let rented = fixture.ask(&format!("rental/new?key={ann}&country=NL&auto_renew=0"));
    assert!(rented.starts_with("{\"success\":true,\"contract_id\":1,"), "{rented}");
    let number = fixture.site.json(&["rental", "list"])[0]["number"].as_str().unwrap().to_owned();
    // Ann's month was over some days ago.
    let days_ago = |days: u64| chrono::Utc::now() - Duration::from_secs(days * 24 * 3600);
    let start = Timestamp::from(days_ago(40));
    let end = add_months(start, 1).unwrap();
    fixture
        .meanwhile(&format!("UPDATE rental SET started_at = {}, expires_at = {}", start.0, end.0));
    assert_eq!(fixture.site.json(&["rental", "list"])[0]["state"], "ended");
    let rented = fixture.ask(&format!("rental/new?key={bob}&country=NL"));
    assert!(rented.contains("\"contract_id\":2,"), "{rented}");
    // The network accepted the message while Ann had the number, and delivers it now.
    let scts = Scts::from_utc(days_ago(20), 0);
    let late = Deliver::compose(None, &Address::parse("Uber"), scts, "Ann's code 1234", 1)
        .remove(0)
        .encode();
    fixture.site.network().send_pdu(&number, tpdu(&late).unwrap()).unwrap();
    fixture.site.send("Uber", &number, "Bob's code 5678");
    wait_for("both", || fixture.site.messages().len() == 2);
    let views = [(&ann, 1), (&bob, 2)]
        .map(|(key, id)| fixture.ask(&format!("rental/view?key={key}&contract_id={id}")));
    assert!(views[0].contains("\"received_sms\":[]"), "{}", views[0]);
    assert!(views[1].contains("Bob's code") && !views[1].contains("Ann's"), "{}", views[1]);
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
}

/// Sends a request and closes the connection before the answer. It lay in the store since before
/// the order, unannounced: the sweep finds it while the order waits.
#[test]
fn what_a_sweep_finds_from_before_an_order_is_not_its_code() {
    let fixture = Fixture::open(1, "");
    let key = fixture.site.customer("ann", "5");
    fixture.site.ok(&["service", "add", "Any", "--price", "0.50"]);
    let number = fixture.site.network().numbers().remove(0);
    fixture.site.network().fault(0, &Fault::DropUrcs { count: 1 }).unwrap();
    let scts = Scts::from_utc(chrono::Utc::now() - Duration::from_secs(600), 0);
    let early =
        Deliver::compose(None, &Address::parse("Uber"), scts, "code 1111", 1).remove(0).encode();
    fixture.site.network().send_pdu(&number, tpdu(&early).unwrap()).unwrap();
    wait_for("it to lie in the store", || fixture.site.network().stored(&number) == 1);
    let (order, _) = made(&fixture.ask(&format!("makeorder?key={key}&serviceId=1")));
    assert!(fixture.site.messages().is_empty(), "nothing was announced");
    let port = fixture.site.admin("/modems")[0]["port"].as_str().unwrap().to_owned();
    fixture.site.ok(&["modem", "reset", &port]);
    wait_for("the sweep to find it", || fixture.site.messages().len() == 1);
    assert_eq!(fixture.ask(&format!("getsms?key={key}&orderId={order}")), "WAITING");
    fixture.site.send("Uber", &number, "code 2222");
    assert_eq!(
        fixture.ask(&format!("getsms?key={key}&orderId={order}&wait=60")),
        "SUCCESS_code 2222"
    );
}

fn hang_up(fixture: &Fixture, method: &str, path: &str) {
    let mut stream = TcpStream::connect(&fixture.address).unwrap();
    let request = format!("{method} /api/{path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
}

#[test]
fn customers_who_hang_up_have_what_they_asked_for_or_nothing_happened() {
    let fixture = Fixture::open(4, "");
    fixture.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = fixture.site.customer("ann", "1000");
    for turn in 0..20 {
        hang_up(&fixture, "GET", &format!("makeorder?key={key}&serviceId=1"));
        let said = fixture.ask(&format!("makeorder?key={key}&serviceId=1"));
        // The order that nobody heard of is found; or nothing had been made, and this is a new one.
        let order =
            said.strip_prefix("ORDER_ALREADY_OPEN_").map_or_else(|| made(&said).0, str::to_owned);
        hang_up(&fixture, "GET", &format!("cancelorder?key={key}&orderId={order}"));
        let said = fixture.ask(&format!("cancelorder?key={key}&orderId={order}"));
        assert!(["ORDER_CANCELED", "ORDER_ALREADY_EXPIRED"].contains(&said.as_str()), "{said}");
        if turn < 2 {
            hang_up(&fixture, "POST", &format!("rental/new?key={key}&country=NL"));
            hang_up(&fixture, "POST", &format!("rental/extend?key={key}&contract_id=1"));
        }
    }
    assert_eq!(fixture.site.json(&["verify"])["ok"], true);
    let orders = fixture.site.json(&["order", "list"]);
    assert!(
        orders.as_array().unwrap().iter().all(|order| order["state"] == "canceled"),
        "{orders}"
    );
    let terms: usize = (1..=fixture.site.json(&["rental", "list"]).as_array().unwrap().len())
        .map(|id| {
            fixture.site.json(&["rental", "show", &id.to_string()])["ledger"]
                .as_array()
                .unwrap()
                .len()
        })
        .sum();
    let cents = 100_000 - 1620 * terms;
    assert_eq!(
        fixture.ask(&format!("getbalance?key={key}")),
        format!("{}.{:02}", cents / 100, cents % 100)
    );
}
