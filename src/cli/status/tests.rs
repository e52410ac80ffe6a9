use serde_json::json;

use super::*;

fn site(modems: usize) -> Site {
    site_of(modems, &[("Uber", 6, 0), ("Lyft", 0, 1)])
}

fn stock(service: &str, country: &str, count: u64) -> Value {
    json!({ "service": service, "country": country, "count": count })
}

fn site_of(modems: usize, services: &[(&str, u64, u64)]) -> Site {
    let modem = |n: usize| {
        let state = if n == 1 { "Quarantined" } else { "Ready" };
        let reason = (n == 1).then_some("the modem has stopped answering; hard reset");
        json!({
            "port": format!("/dev/serial/by-path/modem{n:03}"),
            "state": state,
            "since": "2026-06-22T12:00:00.000000Z",
            "signal": -71,
            "operator": "Net",
            "number": format!("+3161234000{n}"),
            "reason": reason,
        })
    };
    let stock =
        services.iter().flat_map(|(name, nl, uk)| [stock(name, "NL", *nl), stock(name, "UK", *uk)]);
    let alarm = "modem001 is Quarantined for 30 min: the modem has stopped answering";
    let status = json!({
        "ready": true,
        "modems": { "total": modems, "ready": modems - 1 },
        "sims": { "total": 9, "available": 9 },
        "orders": { "open": 2 },
        "rentals": { "active": 1 },
        "polls": 1,
        "version": "1.2.3",
        "uptime_seconds": 7300,
        "last_message_seconds": 12,
        "alarms": [{ "alarm": "ModemNotReady", "text": alarm }],
        "stock": stock.collect::<Vec<_>>(),
    });
    Site { status, modems: (0..modems).map(modem).collect() }
}

fn lines(site: &Site, screen: &Screen) -> Vec<String> {
    site.lines(screen, now()).iter().map(Line::to_string).collect()
}

fn now() -> DateTime<Utc> {
    "2026-06-22T12:30:00Z".parse().unwrap()
}

#[test]
fn one_screen() {
    let screen = Screen { size: Some((80, 24)), colours: false };
    let expected = "\
simbridge  1.2.3   up           2 h  daemon    ready
modems     1 of 2  open orders  2    last SMS  12 s ago
SIMs       9 of 9  rentals      1    polls     1
! ModemNotReady: modem001 is Quarantined for 30 min: the modem has stopped
  answering

MODEM     STATE        FOR     NUMBER        REASON
modem001  Quarantined  30 min  +31612340001  the modem has stopped answering; h…
modem000  Ready        30 min  +31612340000

STOCK  NL  GB
Lyft   0   1
Uber   6   0";
    assert_eq!(lines(&site(2), &screen).join("\n"), expected);
    let plain = Screen { size: None, colours: false };
    assert!(
        lines(&site(2), &plain).iter().any(|line| line.ends_with("stopped answering; hard reset"))
    );
    let coloured = lines(&site(2), &Screen { colours: true, ..plain }).join("\n");
    assert!(
        coloured.contains("\x1b[1;31mQuarantined\x1b[0m")
            && coloured.contains("\x1b[32mReady\x1b[0m")
    );
}

#[test]
fn what_is_not_known_of_a_modem_leaves_no_gap() {
    let modem = json!({
        "port": "/dev/a", "state": "Registering", "since": "2026-06-22T12:00:00.000000Z",
        "signal": null, "operator": null, "number": null, "reason": "looking for a network",
    });
    let site = Site { modems: vec![modem], ..site(1) };
    let shown = lines(&site, &Screen { size: None, colours: false });
    let row = "a      Registering  30 min  -       -        -       looking for a network";
    assert!(shown.iter().any(|line| line == row), "{shown:#?}");
}

#[test]
fn many_modems_leave_room_for_the_rest() {
    let shown = lines(&site(100), &Screen { size: Some((80, 24)), colours: false });
    assert!(shown.len() < 24, "{shown:#?}");
    let more = shown.iter().find(|line| line.starts_with("… ")).unwrap();
    assert!(more.ends_with("more modems"), "{more}");
    assert!(
        shown.iter().any(|line| line.starts_with("modem001  Quarantined")),
        "those that are not Ready come first: {shown:#?}"
    );
    assert!(shown.iter().any(|line| line.starts_with("Uber")), "{shown:#?}");
    assert_eq!(lines(&site(100), &Screen { size: None, colours: false }).len(), 5 + 101 + 4);
}

#[test]
fn many_services_and_alarms_fit_and_the_lowest_stock_comes_first() {
    let names: Vec<String> = (0..47).map(|n| format!("Service {n}")).collect();
    let services: Vec<(&str, u64, u64)> =
        names.iter().zip(0..).map(|(name, n)| (name.as_str(), 46 - n, 0)).collect();
    let mut site = site_of(2, &services);
    let alarm = json!({ "alarm": "StockOut", "text": "no number is left" });
    for alarms in [1, 47] {
        site.status["alarms"] = Value::Array(vec![alarm.clone(); alarms]);
        for height in [24, 40] {
            let shown = lines(&site, &Screen { size: Some((80, height)), colours: false });
            assert_eq!(
                shown.len(),
                height - 1,
                "all of the screen but the prompt's line: {shown:#?}"
            );
            let stock = shown.iter().position(|line| line.starts_with("STOCK")).unwrap();
            assert!(shown[stock + 1].starts_with("Service 46  0 "), "{shown:#?}");
            let last = shown.last().unwrap();
            assert!(last.starts_with("… ") && last.ends_with(" more services"), "{last}");
            assert!(shown.iter().any(|line| line.starts_with("modem000  Ready")), "{shown:#?}");
        }
    }
    assert!(lines(&site, &Screen { size: None, colours: false }).len() > 47 + 47);
}

#[test]
fn one_line() {
    let expected = "  modems 1/2  sims 9/9  orders 2  rentals 1  last SMS 12 s ago  alarms 1";
    assert_eq!(site(2).summary(now()), print::in_zone(now()) + expected);
}

#[test]
fn spans() {
    for (seconds, text) in
        [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 d")]
    {
        assert_eq!(span(seconds), text);
    }
}

#[test]
fn each_site_has_a_line() {
    let mut with_sites = site(1);
    let site = |name: &str, state: &str, since: Value, ms: Value| {
        json!({
            "name": name, "state": state, "since": since, "ready": 3, "ports": 4, "question_ms": ms,
        })
    };
    let at = "2026-06-22T12:20:00.000000Z";
    with_sites.status["sites"] = json!([
        site("ams", "connected", json!(at), json!(31)),
        site("berlin", "down", json!(at), Value::Null),
        site("fra", "never_connected", Value::Null, Value::Null),
        site("old", "revoked", json!(at), Value::Null),
    ]);
    let screen = Screen { size: Some((80, 24)), colours: false };
    let shown = lines(&with_sites, &screen);
    let of_sites: Vec<&str> =
        shown.iter().map(String::as_str).filter(|line| line.starts_with("site")).collect();
    assert_eq!(
        of_sites,
        [
            "site  ams     connected        10 min  3 of 4 ports  31 ms",
            "site  berlin  down             10 min  3 of 4 ports",
            "site  fra     never_connected          3 of 4 ports",
        ]
    );
}
