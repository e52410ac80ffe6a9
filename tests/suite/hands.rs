//! The operator's hands on one modem.

use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

#[test]
fn one_modem_is_shown_asked_and_started_anew() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(1);
    let imei = site.json(&["modem", "list"])[1]["imei"].as_str().unwrap().to_owned();

    let shown = site.json(&["modem", "show", "modem001"]);
    assert_eq!((&shown["imei"], &shown["profile"]), (&imei.as_str().into(), &"generic".into()), "{shown}");
    let lines = shown["transcript"].as_array().unwrap();
    assert!(lines.iter().any(|line| line.as_str().unwrap().ends_with("> AT+CNUM")), "{shown}");
    assert!(!shown["transcript"].to_string().contains(&number[4..]), "numbers are masked: {shown}");

    let said = site.ok(&["modem", "at", &imei, "AT+CSQ"]);
    assert!(said.starts_with("+CSQ: ") && said.ends_with("OK\n"), "{said}");
    let said = site.ok(&["modem", "ussd", "modem001", "*101#"]);
    let national = site.network().numbers()[1][3..].to_owned();
    assert!(said.contains(&national), "{said} {national}");

    for (args, words) in [
        (["modem", "at", "modem001", "AT+EGMR=1,7,\"861234567890123\""], "never written"),
        (["modem", "at", "modem001", "CSQ"], "begins with AT"),
        (["modem", "ussd", "modem001", "hello"], "USSD code"),
        (["modem", "at", "modem009", "AT"], "no modem is called modem009"),
    ] {
        let output = site.run(&args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words), "{args:?}: {said}");
    }

    let since = site.admin("/modems")[1]["since"].clone();
    site.ok(&["modem", "reset", "modem001"]);
    wait_for("the modem to be Ready again", || {
        let modem = &site.admin("/modems")[1];
        modem["since"] != since && modem["state"] == "Ready"
    });
    assert_eq!(site.json(&["modem", "show", "modem001"])["recoveries"]["reopen"], 1);

    let file = site.dir.path().join("recording");
    site.ok(&["modem", "record", "modem001", file.to_str().unwrap(), "--reason", "a test"]);
    let recording = std::fs::read_to_string(file).unwrap();
    assert!(recording.starts_with("# manufacturer: simbridge\n") && recording.contains("# reason: a test\n"));
    assert!(recording.contains("\n> AT+CGSN\n< …"), "{recording}");
}

#[test]
fn scan_shows_the_ports_that_are_served() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let found = site.json(&["modem", "scan"]);
    let served = found.as_array().unwrap().iter().find(|port| port["answer"] == "served").unwrap();
    assert!(served["port"].as_str().unwrap().ends_with("modem000") && served["model"] == "SIMULATED", "{found}");
}

#[test]
fn probe_tells_what_is_on_a_port_and_takes_nothing_from_it() {
    let scenario = "[[modem]]\nmanufacturer = \"Quectel\"\nmodel = \"EC25\"\nsim.number = \"+31612345678\"\n\
                    stored = [{ from = \"Uber\", text = \"in the modem\" }]\n";
    let site = Site::with(1, Scenario::parse(scenario).unwrap(), "");
    site.send("Uber", "+31612345678", "on the card");
    let port = site.dir.path().join("modems/modem000");
    let found = site.json(&["probe", port.to_str().unwrap()]);
    for (key, value) in
        [("model", "EC25"), ("profile", "Quectel EC2x, EG2x, EG9x"), ("number", "+31612345678"), ("state", "Ready")]
    {
        assert_eq!(found[key], value, "{found}");
    }
    assert_eq!(found["stored"], 2, "{found}");
    assert_eq!(site.network().stored("+31612345678"), 2);
    let output = site.run(&["probe", "/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nothing at this path"));
}
