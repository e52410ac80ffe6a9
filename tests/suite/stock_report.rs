//! How long the numbers last, on the real program.

use serde_json::json;

use crate::support::{Site, wait_for};

#[test]
fn the_report_tells_how_long_numbers_last_and_how_many_sims_are_needed() {
    let site = Site::with_modems(3);
    let daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    for name in ["Uber", "Lyft"] {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", &format!("^{name}$")]);
    }
    let made = site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    assert!(made.starts_with("ORDER_ID_1_"), "{made}");
    let number = site.json(&["order", "show", "1"])["number"].clone();
    site.send("Uber", number.as_str().unwrap(), "code 181818");
    wait_for("the code", || site.json(&["order", "show", "1"])["state"] == "completed");
    // What orders have used up is counted at the start, and then every quarter of an hour.
    daemon.terminate();
    let _daemon = site.serve_ready();
    let used = |args: &[&str]| site.json(&[&["report", "stock"], args].concat());
    wait_for("the count", || {
        let rows = used(&[]);
        rows[0]["count"] == 1 && rows[0]["used_per_day"] == 1.0 && rows[2]["count"] == 2
    });
    let rows = used(&[]);
    let row = |row: usize| {
        let members = ["service", "country", "days_left", "sims_needed"];
        members.map(|member| rows[row][member].clone())
    };
    assert_eq!(json!(row(0)), json!(["Uber", "NL", 1.0, 29]));
    assert_eq!(json!(row(2)), json!(["Lyft", "NL", null, 0]));
    assert_eq!(used(&["--service", "lyft", "--country", "nl"]).as_array().unwrap().len(), 1);
    let refused = site.run(&["report", "stock", "--service", "Bolt"]);
    let words = String::from_utf8(refused.stderr).unwrap();
    assert!(
        refused.status.code() == Some(1)
            && words.contains("no service Bolt has any stock; there are Lyft, Uber"),
        "{words}"
    );
    let shown = site.ok(&["report", "stock"]);
    assert!(shown.contains("DAYS_LEFT") || shown.contains("DAYS LEFT"), "{shown}");
    let metric = "simbridge_numbers_used_per_day{service=\"Uber\",country=\"NL\"} 1\n";
    assert!(site.page("/metrics").contains(metric));
}
