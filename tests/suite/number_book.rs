//! The book of a number on the real program: what it was used for, and what that keeps it from.

use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::banks::post;
use crate::support::Site;

const NUMBER: &str = "+31612345678";

fn site() -> Site {
    let modem = format!("[[modem]]\nsim.number = \"{NUMBER}\"");
    Site::with(1, Scenario::parse(&modem).unwrap(), "")
}

fn count(site: &Site, args: &[&str], reason: &str) -> (Value, Value) {
    let counts = site.json(&[&["explain"], args].concat());
    (counts["available"].clone(), counts[reason].clone())
}

#[test]
fn a_number_that_was_ordered_is_let_to_nobody_and_its_book_tells_why() {
    let site = site();
    let _daemon = site.serve_ready();
    let (ann, bob) = (site.customer("ann", "10"), site.customer("bob", "100"));
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    site.get(&format!("/api/makeorder?key={ann}&serviceId=1&country=NL"));
    site.send("Uber", NUMBER, "Your Uber code is 846691.");
    let came = site.get(&format!("/api/getsms?orderId=1&wait=60&key={ann}"));
    assert!(came.starts_with("SUCCESS_"), "{came}");

    let rented = post(&site, &format!("/api/rental/new?key={bob}&country=NL"));
    assert!(rented.contains("NO_STOCK"), "{rented}");
    let rests = count(&site, &["rentals", "nl", "bob"], "rests_after_orders");
    assert_eq!(rests, (0.into(), 1.into()));

    let book = site.json(&["number", "show", "0612345678"]);
    let held = &book["holders"][0];
    assert_eq!((&book["number"], &held["account"]), (&NUMBER.into(), &"ann".into()), "{book}");
    assert_eq!(
        (&held["as"], &held["id"], &held["service"]),
        (&"order".into(), &1.into(), &"Uber".into())
    );
    assert!(held["modem"].is_string() && held["iccid"] == book["sims"][0], "{book}");
    let then = site.ok(&["number", "show", NUMBER, "--at", "7d"]);
    assert!(then.contains("\nholders\nnobody\n"), "{then}");
    assert!(!site.ok(&["number", "show", NUMBER]).contains("846691"), "no text");
}

#[test]
fn the_operator_marks_numbers_and_keeps_sims_apart() {
    let site = site();
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let free = || site.json(&["number", "list", "--service", "uber", "--free"]);
    assert_eq!(free()[0]["number"], NUMBER);
    site.ok(&["number", "mark", NUMBER, "Uber"]);
    assert_eq!(count(&site, &["Uber", "NL"], "used"), (0.into(), 1.into()));
    assert_eq!(free(), Value::Array(Vec::new()));
    assert_eq!(site.json(&["number", "list", "--service", "1"])[0]["state"], "used");
    site.ok(&["number", "unmark", NUMBER, "Uber"]);
    assert_eq!(count(&site, &["Uber", "NL"], "used"), (1.into(), 0.into()));

    assert_eq!(site.json(&["sim", "pool", NUMBER, "rentals"])["pool"], "rentals");
    assert_eq!(count(&site, &["Uber", "NL"], "other_pool"), (0.into(), 1.into()));
    assert_eq!(count(&site, &["rentals", "NL"], "other_pool"), (1.into(), 0.into()));
    for (args, words) in [
        (&["number", "mark", "+31699999999", "Uber"][..], "no SIM has the number +31699999999"),
        (&["number", "show", "12"], "12: not a number; write it like +31612345678"),
        (&["number", "list", "--service", "Ubre"], "did you mean Uber?"),
        (&["sim", "pool", NUMBER, "tenants"], "[possible values: orders, rentals, both]"),
        (&["service", "add", "Rentals", "--price", "1"], "no service can be called Rentals"),
    ] {
        let output = site.run(args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{args:?}: {said}");
    }
    let deeds = site.json(&["audit", "list"]);
    let deeds: Vec<&str> =
        deeds.as_array().unwrap().iter().filter_map(|row| row["deed"].as_str()).collect();
    for deed in ["marked as used", "marked as unused", "set the pool of"] {
        assert!(deeds.contains(&deed), "{deeds:?}");
    }
}
