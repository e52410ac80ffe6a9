//! Snapshots of every command that lists or shows something, as a table and as JSON, on a small
//! site. Values that differ between two runs are replaced by a word. Spaces between columns are
//! folded, since `cli/screen.rs` tests how columns are aligned.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test --test suite snapshots`, then review
//! the difference in `tests/suite/snapshots/`.

use regex::Regex;
use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::endpoints::made;
use crate::support::{Site, wait_for};

/// A working modem in each of three countries.
const MODEMS: &str = "
    [[modem]]
    sim.number = \"+31612345678\"
    [[modem]]
    sim.number = \"+447700900123\"
    [[modem]]
    sim.number = \"+12025550123\"";

/// Patterns of values that differ between two runs, and their replacements.
const REDACTIONS: &[(&str, &str)] = &[
    (r"/[^ \x22]*/(modems/modem)", "DIR/$1"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(Z|[+-]\d\d(:\d\d)?)", "TIME"),
    (r"127\.0\.0\.1:\d+", "ADDRESS"),
    (r"\b[0-9a-f]{64}\b", "KEY"),
    (r"(_seconds\x22: )\d+", "${1}N"),
    // What was used lately is counted once a minute.
    (r"(\x22(used_per_day|days_left|sims_needed)\x22: )[\w.]+", "${1}N"),
    (r"\b\d+ (s|min|h)( |$)", "N s$2"),
    (concat!(r"\b", env!("CARGO_PKG_VERSION"), r"\b"), "VERSION"),
    (r"\x22uid\x22: \d+", "\"uid\": UID"),
    (r"\x22user\x22: \x22[^\x22]*\x22", "\"user\": USER"),
    (r"\boperator \S+ {2}", "operator USER  "),
    (r" {2,}(\S)", "  $1"),
];

struct Snapshots {
    site: Site,
    redactions: Vec<(Regex, String)>,
}

impl Snapshots {
    fn new(site: Site) -> Snapshots {
        let regex = |(pattern, word): &(&str, &str)| {
            (Regex::new(&format!("(?m){pattern}")).unwrap(), (*word).to_owned())
        };
        Snapshots { site, redactions: REDACTIONS.iter().map(regex).collect() }
    }

    /// The key's first characters differ each time, too.
    fn redact_prefix(&mut self, key: &str) {
        self.redactions.insert(0, (Regex::new(&key[..8]).unwrap(), "PREFIX".to_owned()));
        self.redactions.insert(0, (Regex::new(key).unwrap(), "KEY".to_owned()));
    }

    fn redacted(&self, text: &str) -> String {
        let replaced = |text: String, (pattern, word): &(Regex, String)| {
            pattern.replace_all(&text, word).into_owned()
        };
        self.redactions.iter().fold(text.to_owned(), replaced)
    }

    /// Compares what a command prints with the snapshot of its name.
    fn check(&self, args: &[&str]) {
        self.check_with(args, |json| json, |text| text);
    }

    /// Like [`Snapshots::check`], for output that must be put in order first.
    fn check_with(
        &self,
        args: &[&str],
        json: impl Fn(Value) -> Value,
        text: impl Fn(String) -> String,
    ) {
        let shown = text(self.site.ok(args));
        let object = json(self.site.json(args));
        let object = self.redacted(&serde_json::to_string_pretty(&object).unwrap());
        compare(args, &self.redacted(&shown), &indented(&object));
    }
}

/// Compares what a command printed as text and as JSON with the snapshot of its name.
pub fn compare(args: &[&str], text: &str, json: &str) {
    let words = args.join(" ");
    let both = format!("$ simbridge {words}\n{text}\n$ simbridge {words} --json\n{json}\n");
    let name: String =
        words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, both));
}

/// JSON's own indentation was folded with the spaces between columns.
fn indented(json: &str) -> String {
    let mut depth = 0_usize;
    let mut line = |text: &str| {
        let text = text.trim_start();
        depth -= usize::from(text.starts_with(['}', ']']));
        let line = format!("{}{text}\n", "  ".repeat(depth));
        depth += usize::from(text.ends_with(['{', '[']));
        line
    };
    json.lines().map(&mut line).collect()
}

/// Lines after the first in alphabetical order.
fn sorted_rows(table: String) -> String {
    let (head, rows) = table.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    format!("{head}\n{}\n", rows.join("\n"))
}

/// SIMs are listed in the order in which they were first seen, which differs between two runs.
fn sorted_sims(mut sims: Value) -> Value {
    sims.as_array_mut().unwrap().sort_by_key(|sim| sim["iccid"].to_string());
    sims
}

fn messages_taken(site: &Site) -> f64 {
    let page = site.page("/metrics");
    let counts = page.lines().filter_map(|line| {
        line.strip_prefix("simbridge_modem_messages_total")?.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    counts.sum()
}

#[test]
fn every_list_and_every_show() {
    let mut shots = Snapshots::new(Site::with(3, Scenario::parse(MODEMS).unwrap(), ""));
    let daemon = shots.site.serve_ready();
    let empty: Vec<String> =
        ["account", "key", "service", "order", "rental", "message", "bank", "site"]
            .map(|noun| format!("$ simbridge {noun} list\n{}", shots.site.ok(&[noun, "list"])))
            .into();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("nothing_yet", empty.join("\n"));
    });

    let key = shots.site.customer("ann", "100");
    shots.redact_prefix(&key);
    let revoked = shots.site.customer("bob", "0");
    shots.redact_prefix(&revoked);
    let site = &shots.site;
    site.ok(&["key", "revoke", &revoked[..8]]);
    site.ok(&["account", "suspend", "bob"]);
    site.ok(&["account", "adjust", "ann", "-1.50", "--reason", "a refund undone"]);
    let uber = ["service", "add", "Uber", "--price", "0.50", "--country", "UK=0.80"];
    let own = ["--sender", "^Uber$", "--text", "code", "--reuse-window", "90m"];
    site.ok(&[&uber[..], &own[..]].concat());
    site.ok(&["service", "add", "Lyft", "--price", "0.75", "--sender", "^Lyft$"]);
    site.ok(&["service", "add", "Bolt", "--price", "1"]);
    site.ok(&["service", "disable", "Bolt"]);

    let ask = |path: &str| site.get(&format!("/api/{path}&key={key}"));
    let (first, _) = made(&ask("makeorder?serviceId=1"));
    site.send("Stranger", "+31612345678", "nobody waits for this");
    wait_for("the first message", || messages_taken(site) == 1.0);
    site.send("Uber", "+31612345678", "Your code is 123456");
    assert!(ask(&format!("getsms?orderId={first}&wait=60")).starts_with("SUCCESS_"));
    // What a customer saw is noted after the answer.
    wait_for("the audit", || {
        site.json(&["audit", "list"]).as_array().unwrap().last().unwrap()["deed"] == "saw"
    });
    let (second, _) = made(&ask("makeorder?serviceId=2"));
    assert_eq!(ask(&format!("cancelorder?orderId={second}")), "ORDER_CANCELED");
    made(&ask("makeorder?serviceId=2"));
    assert!(ask("rental/new?country=uk").contains("INVALID_METHOD"));
    let request = format!(
        "POST /api/rental/new?country=uk&key={key} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
         content-length: 0\r\n\r\n"
    );
    assert!(site.http(&request).1.contains("\"success\":true"));
    site.send("Friend", "+447700900123", "two\nlines");
    wait_for("the third message", || messages_taken(site) == 3.0);
    let sims = site.json(&["sim", "list"]);
    let iccid = |number: &str| {
        let mut sims = sims.as_array().unwrap().iter();
        sims.find(|sim| sim["number"] == number).unwrap()["iccid"].as_str().unwrap().to_owned()
    };
    let (resting, retired) = (iccid("+12025550123"), iccid("+31612345678"));
    site.ok(&["sim", "rest", &resting, "30d"]);

    shots.check_with(&["sim", "list"], sorted_sims, sorted_rows);
    site.ok(&["sim", "retire", &retired]);
    for args in [
        &["account", "list"][..],
        &["account", "show", "ann"],
        &["account", "show", "bob"],
        &["account", "ledger", "ann"],
        &["account", "ledger", "ann", "--limit", "2"],
        &["account", "ledger", "ann", "--limit", "0"],
        &["key", "list"],
        &["service", "list"],
        &["service", "test", "Uber", "Your code is 123456"],
        &["order", "list"],
        &["order", "list", "--limit", "1"],
        &["order", "list", "--limit", "0"],
        &["order", "show", "1"],
        &["order", "show", "2"],
        &["rental", "list"],
        &["rental", "list", "--limit", "0"],
        &["rental", "show", "1"],
        &["explain", "Uber", "NL"],
        &["explain", "Uber", "uk", "ann"],
        &["modem", "list"],
        &["message", "list"],
        &["message", "list", "--limit", "2"],
        &["message", "list", "--limit", "0"],
        &["sim", "show", &resting],
        &["sim", "show", &retired],
        &["verify"],
        &["reload"],
    ] {
        shots.check(args);
    }
    let counted = |status: &Value| {
        status["sims"]["available"] == 0 && status["stock"].as_array().unwrap().len() == 6
    };
    wait_for("the stock to be counted", || counted(&site.json(&["status"])));
    // Alarms depend on the machine's disk and on the time that all this took, as the figures of
    // the machine do.
    let without_alarms = |mut status: Value| {
        status["alarms"].take();
        status["system"].take();
        status
    };
    let without_alarm_lines = |screen: String| {
        let lines = screen.lines().filter(|line| !line.starts_with("! "));
        lines.map(|line| format!("{line}\n")).collect()
    };
    shots.check_with(&["status"], without_alarms, without_alarm_lines);
    shots.check(&["audit", "list", "--limit", "0"]);
    drop(daemon);
}

/// Only the identity of a modem is compared, because its state and conversation depend on how fast
/// the machine is.
#[test]
fn one_modem() {
    let shots = Snapshots::new(Site::with(3, Scenario::parse(MODEMS).unwrap(), ""));
    let _daemon = shots.site.serve_ready();
    let json = |mut modem: Value| {
        let Value::Array(history) = modem["history"].take() else { panic!("{modem}") };
        assert_eq!(history.last().unwrap()["state"], "Ready");
        modem["history"] = history.last().into_iter().cloned().collect();
        assert!(!modem["transcript"].take().as_array().unwrap().is_empty());
        modem["dropped"] = Value::Null;
        modem
    };
    let text = |shown: String| {
        let fields = shown.lines().take_while(|line| !line.starts_with("dropped"));
        fields.map(|line| format!("{line}\n")).collect()
    };
    shots.check_with(&["modem", "show", "modem001"], json, text);
}
