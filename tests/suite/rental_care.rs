//! What the operator does to customers' rentals, with the real program: days that cost nothing,
//! another SIM, an end with a refund, and outages.

use std::time::Duration;

use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::banks::post;
use crate::endpoints::Fixture;
use crate::json_output::assert_described;
use crate::support::Site;

/// A site with two Dutch numbers, the first of which Ann rents; and her key.
fn rented() -> (Fixture, String) {
    let fixture = Fixture::open(2, "");
    let key = fixture.site.customer("ann", "100");
    let rented = fixture.ask(&format!("rental/new?key={key}&country=NL"));
    assert!(rented.contains("\"contract_id\":1,"), "{rented}");
    (fixture, key)
}

fn view(fixture: &Fixture, key: &str) -> Value {
    let view = fixture.ask(&format!("rental/view?key={key}&contract_id=1"));
    serde_json::from_str(&view).unwrap()
}

fn balance(fixture: &Fixture, key: &str) -> String {
    fixture.ask(&format!("getbalance?key={key}"))
}

#[test]
fn days_and_an_end_are_what_the_tenant_sees() {
    let (fixture, key) = rented();
    let site = &fixture.site;
    let before = site.json(&["rental", "show", "1"]);
    let longer = site.json(&["rental", "days", "1", "+3", "--reason", "no signal"]);
    assert_described("rental days", &longer);
    assert_eq!((&longer["free_days"], &longer["state"]), (&3.into(), &"active".into()));
    assert!(longer["expires_at"].as_str() > before["expires_at"].as_str());
    assert_eq!(view(&fixture, &key)["expire_on"], longer["expires_at"], "v1 shows the later end");
    assert_eq!(balance(&fixture, &key), "83.80");

    let ended = site.json(&["rental", "end", "1", "--refund", "5.00", "--reason", "no signal"]);
    assert_described("rental end", &ended);
    assert_eq!((&ended["state"], &ended["refunded"]), (&"ended".into(), &"5.00".into()));
    assert_eq!(balance(&fixture, &key), "88.80");
    assert_eq!(view(&fixture, &key)["expire_on"], ended["ended_at"]);
    let extend = fixture.ask(&format!("rental/extend?key={key}&contract_id=1"));
    assert!(extend.contains("NUMBER_EXPIRED"), "{extend}");
    let shown = site.json(&["rental", "show", "1"]);
    let refund = &shown["ledger"][1];
    assert_eq!(
        (&refund["kind"], &refund["balance"], &refund["note"]),
        (&"refund".into(), &"5.00".into(), &"no signal".into())
    );
    let audit = site.json(&["audit", "list"]);
    let has = |deed: &str, subject: &str| {
        let is_it = |row: &Value| row["deed"] == deed && row["subject"] == subject;
        assert!(audit.as_array().unwrap().iter().any(is_it), "{deed} {subject}: {audit}");
    };
    has("gave free days to", "rental 1, 3: no signal");
    has("ended", "rental 1, 5.00 USD given back: no signal");
    assert_eq!(site.json(&["report", "revenue", "--by", "account"])["rows"][0]["refunds"], 1);
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn a_tenant_who_is_moved_has_the_new_number_and_keeps_the_rest() {
    let (fixture, key) = rented();
    let site = &fixture.site;
    let old = site.json(&["rental", "show", "1"])["number"].as_str().unwrap().to_owned();
    let other = site.network().numbers().into_iter().find(|number| *number != old).unwrap();
    site.send("Friend", &old, "one");
    let came = |count| {
        let shown = || view(&fixture, &key)["received_sms"].as_array().unwrap().len();
        crate::support::wait_for("the messages", || shown() == count);
    };
    came(1);
    let moved = site.json(&["rental", "move", "1", "--to", &other]);
    assert_described("rental move", &moved);
    assert_eq!(moved["number"], other.as_str());
    assert_eq!(view(&fixture, &key)["phone_number"], format!("0{}", &other[3..]));
    site.send("Friend", &old, "to the old number");
    crate::support::wait_for("its arrival", || site.messages().len() == 2);
    crate::support::wait_for("a later second", || {
        site.send("Friend", &other, "two");
        view(&fixture, &key)["received_sms"].as_array().unwrap().len() > 1
    });
    let texts: Vec<Value> = view(&fixture, &key)["received_sms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sms| sms["body"].clone())
        .collect();
    assert_eq!(texts[..2], ["one", "two"]);
    let shown = site.json(&["rental", "show", "1"]);
    assert_described("rental show", &shown);
    assert_eq!(shown["moves"][0]["number"], old.as_str());
    assert_eq!(site.json(&["verify"])["ok"], true);
}

#[test]
fn what_cannot_be_done_to_a_rental_is_refused() {
    let (fixture, _) = rented();
    let site = &fixture.site;
    for (args, code, words) in [
        (&["rental", "end", "7", "--reason", "x"][..], 1, "no rental 7; `simbridge rental list`"),
        (&["rental", "end", "1"], 2, "--reason <TEXT>"),
        (&["rental", "end", "1", "--reason", ""], 2, "it is empty"),
        (&["rental", "end", "1", "--reason", "x", "--refund", "all"], 1, "give back pro-rata"),
        (&["rental", "end", "1", "--reason", "x", "--refund", "16.21"], 1, "has cost 16.20;"),
        (&["rental", "end", "1", "--reason", "x", "--refund", "-1"], 1, "more than 0.00"),
        (&["rental", "days", "1", "three", "--reason", "x"], 2, "a number of days, like +3"),
        (&["rental", "days", "1", "++3", "--reason", "x"], 2, "a number of days, like +3"),
        (&["rental", "days", "1", "0", "--reason", "x"], 1, "from 1 to 366 days"),
        (&["rental", "days", "1", "+3"], 2, "--reason <TEXT>"),
        (&["rental", "days", "9", "+3", "--reason", "x"], 1, "no rental 9"),
        (&["rental", "move", "1"], 2, "--to <ICCID>"),
        (&["rental", "move", "1", "--to", "+31699999999"], 1, "no SIM +31699999999"),
        (&["rental", "move", "9", "--to", "8931080000000000018"], 1, "no rental 9"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(said.contains(words), "{args:?}: {said}");
    }
    let own = site.json(&["rental", "show", "1"])["number"].as_str().unwrap().to_owned();
    let output = site.run(&["rental", "move", "1", "--to", &own]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("has SIM"));
    assert_eq!(site.json(&["rental", "list"])[0]["state"], "active");
    assert_eq!(site.json(&["rental", "list"])[0]["free_days"], 0);
}

/// A rental whose SIM was off the air for long when its term ends.
#[test]
fn a_rental_whose_sim_is_gone_is_not_renewed_and_its_outage_is_shown() {
    let (mut fixture, key) = rented();
    // Off the air for two days, at the end of its term, a month after its start. The daemon sees to
    // that before any modem has said that it works.
    fixture.meanwhile(
        "UPDATE rental SET due_at = (SELECT max(created_at) FROM ledger) - 1000000; UPDATE rental \
         SET started_at = due_at - 30 * 86400000000, expires_at = due_at; INSERT INTO outage \
         (rental_id, began_at, counted_us, seen_at) SELECT 1, due_at - 172800000000, 172800000000, \
         due_at FROM rental",
    );
    let shown = fixture.site.json(&["rental", "show", "1"]);
    assert_described("rental show", &shown);
    assert_eq!((&shown["state"], &shown["free_days"]), (&"active".into(), &1.into()), "{shown}");
    assert_eq!(balance(&fixture, &key), "83.80", "it was not renewed");
    assert!(shown["outages"][0]["off_air"].as_str().unwrap().starts_with("2 d 0 h"), "{shown}");
    let ended = fixture.site.json(&["rental", "end", "1", "--reason", "the SIM is lost"]);
    assert_eq!(ended["refunded"], "0.00", "all of its time is over");
    let outage = fixture.site.json(&["rental", "show", "1"])["outages"][0].clone();
    assert!(outage["ended_at"].is_string(), "{outage}");
    let credit: f64 = outage["credit"].as_str().unwrap().parse().unwrap();
    assert!((1.0..1.2).contains(&credit), "two days of a month for 16.20: {credit}");
    assert_eq!(balance(&fixture, &key), format!("{:.2}", 83.80 + credit));
}

/// Several operators end the same rentals at once, and the daemon is killed meanwhile.
#[test]
fn nothing_is_given_back_twice_however_often_the_daemon_is_killed() {
    const RENTALS: usize = 3;
    let modem = |n| format!("[[modem]]\nsim.number = \"+3161234000{n}\"\n");
    let modems: String = (0..RENTALS).map(modem).collect();
    let site = Site::with(RENTALS, Scenario::parse(&modems).unwrap(), "");
    let mut daemon = site.serve_ready();
    let key = site.customer("ann", "100");
    for _ in 0..RENTALS {
        let rented = post(&site, &format!("/api/rental/new?key={key}&country=NL"));
        assert!(rented.contains("contract_id"), "{rented}");
    }
    for round in 0..6_u64 {
        let ids: Vec<String> = (1..=RENTALS).map(|id| id.to_string()).collect();
        let end = |id| vec!["rental", "end", id, "--refund", "10.00", "--reason", "a race"];
        let ends: Vec<_> = ids.iter().chain(&ids).map(|id| end(id.as_str())).collect();
        site.kill_amid(daemon, &ends, Duration::from_millis(7 * round));
        daemon = site.serve_ready();
    }
    for id in 1..=RENTALS {
        let _ = site.run(&["rental", "end", &id.to_string(), "--refund", "10.00", "--reason", "x"]);
    }
    let balance = site.get(&format!("/api/getbalance?key={key}"));
    assert_eq!(balance, "81.40", "three months for 16.20 each, of which 10.00 were given back");
    assert_eq!(site.json(&["verify"])["ok"], true);
}
