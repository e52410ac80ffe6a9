//! Monitoring: metrics, health, and what the dashboard and the alert rules are built on.

use std::collections::BTreeSet;
use std::path::Path;

use simbridge::domain::alarm::AlarmName;
use simbridge::simulator::{Fault, Scenario};

use crate::support::{Site, http, wait_for};

fn monitoring(file: &str) -> String {
    std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/monitoring").join(file),
    )
    .unwrap()
}

/// The names of metrics in a text: ours and those of the process.
fn metric_names(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let words = text.split(|c: char| !is_name(c));
    words
        .filter(|word| word.starts_with("simbridge_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// The value of the sample whose line begins with `head`.
fn sample(page: &str, head: &str) -> Option<f64> {
    page.lines().find_map(|line| line.strip_prefix(head)?.trim().parse().ok())
}

#[test]
fn dashboard_and_alert_rules_name_only_metrics_that_are_served() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let page = site.page("/metrics");
    let head = |line: &str| line.strip_prefix("# TYPE ").map(str::to_owned);
    let mut served = BTreeSet::new();
    for line in page.lines().filter_map(head) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(served.insert(name.to_owned()), "{name} stands twice");
        if kind == "histogram" || kind == "summary" {
            served.extend(["_bucket", "_sum", "_count"].map(|suffix| format!("{name}{suffix}")));
        }
    }
    for file in ["dashboard.json", "alerts.yml", "alerts.test.yml"] {
        let unknown: Vec<_> =
            metric_names(&monitoring(file)).difference(&served).cloned().collect();
        assert_eq!(unknown, [""; 0], "{file}");
    }
    let shown: serde_json::Value = serde_json::from_str(&monitoring("dashboard.json")).unwrap();
    assert!(shown["panels"].as_array().unwrap().len() > 30);
    let unused: Vec<_> = served
        .iter()
        .filter(|name| !["_bucket", "_sum", "_count"].iter().any(|suffix| name.ends_with(suffix)))
        .filter(|name| {
            !monitoring("dashboard.json").contains(*name)
                && !monitoring("alerts.yml").contains(*name)
        })
        .collect();
    let meant_for_queries_by_hand = [
        "process_start_time_seconds",
        "process_threads",
        "simbridge_ledger_held",
        "simbridge_stock_age_seconds",
    ];
    assert!(
        unused.iter().all(|name| meant_for_queries_by_hand.contains(&name.as_str())),
        "on no panel: {unused:?}"
    );
}

#[test]
fn every_alarm_is_an_alert_rule_too() {
    let rules = monitoring("alerts.yml");
    for alarm in AlarmName::ALL {
        assert!(rules.contains(&format!("- alert: {alarm}\n")), "{alarm}");
    }
}

#[test]
fn the_guide_says_what_to_do_about_every_alarm() {
    let guide = crate::docs::page("docs/operators-guide.md");
    let heads: Vec<&str> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .filter(|head| head.starts_with('`'))
        .collect();
    for alarm in AlarmName::ALL {
        let alarm = format!("`{alarm}`");
        assert!(heads.iter().any(|head| head.contains(&alarm)), "{alarm}");
    }
}

#[test]
fn events_are_counted_in_the_metrics() {
    let site = Site::with(
        1,
        Scenario::default(),
        "[orders]\nmax_open_per_account = 5\nnumber_rest = \"0s\"\n",
    );
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber \"x\"", "--price", "0.50", "--sender", "^Uber$"]);
    site.ok(&["service", "add", "Lyft", "--price", "0.50", "--sender", "^Lyft$"]);
    let key = site.customer("ann", "10");
    site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
    site.get(&format!("/api/makeorder?key={key}&serviceId=2"));
    site.get(&format!("/api/cancelorder?key={key}&orderId=2"));
    let number = site.network().numbers()[0].clone();
    site.send("Uber", &number, "Your Uber code is 123456");
    site.network().send_pdu(&number, &[0x04, 0x0B, 0x91]).unwrap();
    let sms = site.get(&format!("/api/getsms?key={key}&orderId=1&wait=30"));
    assert!(sms.starts_with("SUCCESS_"), "{sms}");
    wait_for("both to be on disk", || site.messages().len() == 2);
    let port = format!("port=\"{}/modems/modem000\"", site.dir.path().display());
    let expected = [
        (format!("simbridge_modem_ready{{{port}}}"), 1.0),
        (format!("simbridge_modem_registered{{{port}}}"), 1.0),
        (format!("simbridge_modem_state{{{port},state=\"Ready\"}}"), 1.0),
        (format!("simbridge_modem_messages_total{{{port}}}"), 1.0),
        (format!("simbridge_modem_undecodable_total{{{port}}}"), 1.0),
        (format!("simbridge_modem_recoveries_total{{{port},step=\"soft reset\"}}"), 0.0),
        ("simbridge_sims{country=\"NL\",state=\"available\"}".to_owned(), 1.0),
        ("simbridge_stock{service=\"Uber \\\"x\\\"\",country=\"NL\"}".to_owned(), 0.0),
        (
            "simbridge_orders_ended_total{service=\"Uber \\\"x\\\"\",end=\"completed\"}".to_owned(),
            1.0,
        ),
        ("simbridge_orders_ended_total{service=\"Lyft\",end=\"canceled\"}".to_owned(), 1.0),
        ("simbridge_order_code_seconds_count{service=\"Uber \\\"x\\\"\"}".to_owned(), 1.0),
        ("simbridge_requests_total{endpoint=\"makeorder\",outcome=\"ORDER_ID\"}".to_owned(), 2.0),
        ("simbridge_requests_total{endpoint=\"getsms\",outcome=\"SUCCESS\"}".to_owned(), 1.0),
        ("simbridge_accounts_balance{currency=\"USD\"}".to_owned(), 9.5),
        ("simbridge_ledger_balance{kind=\"capture\",currency=\"USD\"}".to_owned(), -0.5),
        ("simbridge_ledger_entries_total{kind=\"hold\"}".to_owned(), 2.0),
        ("simbridge_stock{service=\"Lyft\",country=\"NL\"}".to_owned(), 1.0),
        ("simbridge_store_failing".to_owned(), 0.0),
    ];
    // The costly figures are counted only now and then, each on its own.
    for (head, value) in &expected {
        wait_for(&format!("{head} to be {value}"), || {
            sample(&site.page("/metrics"), head) == Some(*value)
        });
    }
    let page = site.page("/metrics");
    for head in [
        format!("simbridge_modem_command_seconds_count{{{port}}}"),
        format!("simbridge_modem_store_size{{{port},store=\"SM\"}}"),
        "simbridge_store_commit_seconds_count".to_owned(),
        "simbridge_disk_free_bytes".to_owned(),
        "process_cpu_seconds_total".to_owned(),
        "process_open_fds".to_owned(),
    ] {
        assert!(sample(&page, &head) > Some(0.0), "{head}\n{page}");
    }
}

#[test]
fn the_metrics_address_serves_nothing_else_and_changes_nothing() {
    let free =
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let site = Site::with_modems(1);
    let config = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(
        site.config(),
        config.replace("[admin]", &format!("[admin]\nmetrics_listen = \"{free}\"")),
    )
    .unwrap();
    let _daemon = site.serve_ready();
    let ask = |request: &str| {
        let (head, body) = http(
            &free,
            &format!(
                "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
            ),
        );
        (head.split(' ').nth(1).unwrap().to_owned(), body)
    };
    let (status, page) = ask("GET /metrics");
    assert!(status == "200" && page.contains("simbridge_build_info{version=\""), "{page}");
    for (path, body) in [("/healthz", HEALTHY), ("/readyz", READY)] {
        assert_eq!(ask(&format!("GET {path}")), ("200".to_owned(), body.to_owned()), "{path}");
    }
    for request in [
        "GET /status",
        "GET /overview",
        "GET /messages?limit=0",
        "POST /accounts",
        "POST /backup",
        "GET /modems",
    ] {
        assert_eq!(ask(request).0, "404", "{request}");
    }
    assert_eq!(ask("POST /metrics").0, "405");
}

const HEALTHY: &str = "{\"ok\":true,\"faults\":[]}";
/// What a daemon with one modem answers that is ready.
const READY: &str = "{\"ok\":true,\"faults\":[],\"modems\":{\"total\":1,\"ready\":1}}";

/// The daemon is ready to serve, and says how many modems are: one that is refused by the network
/// keeps no customer from the others.
#[test]
fn a_modem_that_is_not_ready_does_not_make_the_daemon_unready() {
    let site = Site::with_modems(2);
    site.network().fault(1, &Fault::Denied).unwrap();
    let _daemon = site.serve();
    let one_of_two = "{\"ok\":true,\"faults\":[],\"modems\":{\"total\":2,\"ready\":1}}";
    wait_for("the daemon to be ready", || site.page("/readyz") == one_of_two);
    assert_eq!(site.admin("/status")["ready"], true);
    let modems = site.json(&["modem", "list"]);
    let reasons: Vec<_> = modems.as_array().unwrap().iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, [&serde_json::Value::Null, &"the network refuses the SIM card".into()]);
}

#[test]
fn not_ready_during_the_first_try_or_while_the_database_cannot_be_written() {
    let site = Site::with_modems(1);
    site.network().fault(0, &Fault::Silence { commands: 2 }).unwrap();
    let _daemon = site.serve();
    let said = site.page("/readyz");
    assert!(
        said.contains("modem000 has not finished starting")
            || said.contains("have not been looked for yet"),
        "{said}"
    );
    assert_eq!(site.page("/healthz"), HEALTHY, "it is alive all the same");
    wait_for("the modem", || site.page("/readyz") == READY);
    let (there, away) = (site.dir.path().join("simbridge.db"), site.dir.path().join("away.db"));
    std::fs::rename(&there, &away).unwrap();
    assert!(site.page("/readyz").contains("the database was moved"), "{}", site.page("/readyz"));
    assert_eq!(site.page("/healthz"), HEALTHY, "a restart would not help");
    std::fs::rename(&away, &there).unwrap();
    wait_for("the database", || site.page("/readyz") == READY);
}

/// Without the write-ahead log all that was committed since the last checkpoint is lost when the
/// daemon is killed.
#[test]
fn without_the_databases_log_customers_are_answered_nothing_and_nothing_is_lost() {
    for killed in [false, true] {
        let site = Site::with_modems(1);
        let daemon = site.serve_ready();
        let number = site.network().numbers().remove(0);
        site.ok(&["service", "add", "Uber", "--price", "0.50"]);
        let key = site.customer("ann", "5");
        let order = site.get(&format!("/api/makeorder?serviceId=1&key={key}"));
        assert!(order.starts_with("ORDER_ID_1_"), "{order}");
        std::fs::remove_file(site.dir.path().join("simbridge.db-wal")).unwrap();
        for path in ["makeorder?serviceId=1&", "getbalance?"] {
            assert_eq!(site.get(&format!("/api/{path}key={key}")), "ERROR", "{path}");
        }
        let poll = || site.get(&format!("/api/getsms?orderId=1&key={key}"));
        wait_for("polls from memory to end", || poll() == "ERROR");
        site.send("Uber", &number, "code 4711");
        wait_for("the message to be read", || site.network().observed(0).unwrap().read > 0);
        let told = "simbridge.db-wal was moved, deleted or replaced";
        assert!(site.page("/readyz").contains(told), "{}", site.page("/readyz"));
        let alarms = site.json(&["status"])["alarms"].to_string();
        assert!(alarms.contains("DatabaseFailing") && alarms.contains(told), "{alarms}");
        assert_eq!(site.page("/healthz"), HEALTHY);
        assert_eq!(site.network().stored(&number), 1, "the modem keeps its message");
        if killed {
            daemon.kill();
        } else {
            daemon.terminate();
        }
        let _daemon = site.serve_ready();
        assert_eq!(site.get(&format!("/api/getbalance?key={key}")), "4.50");
        wait_for("the message", || poll() == "SUCCESS_code 4711");
        assert_eq!(site.json(&["verify"])["ok"], true);
    }
}
