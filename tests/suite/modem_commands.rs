//! The commands by which an operator uses a single modem.

use simbridge::simulator::{Fault, Scenario};

use crate::support::{Site, wait_for};

#[test]
fn one_modem_is_shown_asked_and_started_anew() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(1);
    let imei = site.json(&["modem", "list"])[1]["imei"].as_str().unwrap().to_owned();

    let shown = site.json(&["modem", "show", "modem001"]);
    assert_eq!(
        (&shown["imei"], &shown["profile"]),
        (&imei.as_str().into(), &"generic".into()),
        "{shown}"
    );
    let lines = shown["transcript"].as_array().unwrap();
    assert!(lines.iter().any(|line| line.as_str().unwrap().ends_with("> AT+CNUM")), "{shown}");
    assert!(!shown["transcript"].to_string().contains(&number[4..]), "numbers are masked: {shown}");

    let said = site.ok(&["modem", "at", &imei, "AT+CSQ"]);
    assert!(said.starts_with("+CSQ: ") && said.ends_with("OK\n"), "{said}");
    let said = site.ok(&["modem", "ussd", "modem001", "*101#"]);
    let national = site.network().numbers()[1][3..].to_owned();
    assert!(said.contains(&national), "{said} {national}");
    let said = site.ok(&["modem", "ussd", "modem001", "*100#"]);
    assert!(said.starts_with("1: \"Balance\"\n2: Number\n(the network waits"), "{said}");
    let said = site.ok(&["modem", "ussd", "modem001", "2"]);
    assert!(said.contains(&national), "the choice leads to the number: {said}");
    site.ok(&["modem", "ussd", "modem001", "*100#"]);
    let told = site.json(&["modem", "ask-number", "modem001", "*101#"]);
    assert_eq!(told["number"], site.network().numbers()[1], "the menu was closed before");

    for (args, words) in [
        (["modem", "at", "modem001", "AT+EGMR=1,7,\"861234567890123\""], "never written"),
        (["modem", "at", "modem001", "CSQ"], "begins with AT"),
        (["modem", "ussd", "modem001", "hello"], "USSD code"),
        (["modem", "at", "modem009", "AT"], "no modem is called modem009"),
        (["modem", "at", "modem001", "AT+CPIN=1234"], "pin_file alone"),
        (["modem", "at", "modem001", "AT+CMGD=1,4"], "by the daemon alone"),
        (["modem", "at", "modem001", "AT+CFUN=0"], "`--force` sends it all the same"),
        (["modem", "ussd", "modem001", "**04*1234*4321*4321#"], "pin_file alone"),
        (["modem", "at", "modem001", "AT+NOSUCH?"], "the modem answered ERROR"),
    ] {
        let output = site.run(&args);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words), "{args:?}: {said}");
        if args[3] == "AT+NOSUCH?" {
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                "ERROR\n",
                "what it says is shown all the same"
            );
        }
    }

    let forced = site.run(&["modem", "at", "modem001", "AT+NOSUCH=\"+31612345678\"", "--force"]);
    assert_eq!(String::from_utf8(forced.stdout).unwrap(), "ERROR\n", "it was sent");

    let since = site.admin("/modems")[1]["since"].clone();
    site.ok(&["modem", "reset", "modem001"]);
    wait_for("the modem to be Ready again", || {
        let modem = &site.admin("/modems")[1];
        modem["since"] != since && modem["state"] == "Ready"
    });
    assert_eq!(site.json(&["modem", "show", "modem001"])["recoveries"]["reopen"], 1);

    let file = site.dir.path().join("recording");
    let record = ["modem", "record", "modem001", file.to_str().unwrap(), "--reason", "a test"];
    assert_eq!(site.json(&record)["written"], file.display().to_string());
    for (path, words) in [
        (file.clone(), "already exists; choose another name"),
        ("/none/x".into(), "cannot write /none/x"),
    ] {
        let output = site.run(&["modem", "record", "modem001", path.to_str().unwrap()]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(words), "{said}");
    }
    let recording = std::fs::read_to_string(file).unwrap();
    assert!(
        recording.starts_with("# device: simbridge SIMULATED\n")
            && recording.contains("# why: a test\n")
    );
    assert!(recording.contains("\n> AT+CGSN\n< ") && !recording.contains(&imei), "{recording}");

    let audit = site.json(&["audit", "list"]);
    let sent = audit.as_array().unwrap().iter().filter(|row| row["deed"] == "sent a command to");
    let sent: Vec<&str> = sent
        .filter_map(|row| row["subject"].as_str()?.split_once(": ").map(|sent| sent.1))
        .collect();
    let expected = ["AT+CSQ", "AT+NOSUCH?", "AT+NOSUCH=\"+…678\""];
    assert_eq!(sent, expected, "what was refused was not sent: {audit}");
    let audit = audit.to_string();
    for deed in ["sent a command to", "sent a USSD code by", "reset", "recorded"] {
        assert!(audit.contains(&format!("\"{deed}\"")), "{deed}: {audit}");
    }

    let shown = site.json(&["modem", "show", "modem001"]);
    let states: Vec<&str> = shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["state"].as_str().unwrap())
        .collect();
    let life = [
        "Opening",
        "Probing",
        "SimCheck",
        "Identifying",
        "Configuring",
        "Registering",
        "Ready",
        "Recovering",
    ];
    assert!(life.iter().all(|state| states.contains(state)), "{states:?}");
    assert_eq!(shown["dropped"], 0);
}

#[test]
fn scan_shows_the_ports_that_are_served() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let found = site.json(&["modem", "scan"]);
    let served = found.as_array().unwrap().iter().find(|port| port["answer"] == "served").unwrap();
    assert!(
        served["port"].as_str().unwrap().ends_with("modem000") && served["model"] == "SIMULATED",
        "{found}"
    );
}

#[test]
fn scan_needs_no_daemon_and_no_configuration() {
    let site = Site::with_modems(0);
    assert!(site.json(&["modem", "scan"]).is_array());
    std::fs::write(site.config(), "[htpp\n").unwrap();
    assert!(site.json(&["modem", "scan"]).is_array());
    let mut command = site.command(&["modem", "scan"]);
    let output = command.env_remove("SIMBRIDGE_CONFIG").output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn probe_tells_what_is_on_a_port_and_takes_nothing_from_it() {
    let scenario = "[[modem]]\nmanufacturer = \"Quectel\"\nmodel = \"EC25\"\nsim.number = \
                    \"+31612345678\"\nstored = [{ from = \"Uber\", text = \"in the modem\" }]\n";
    let site = Site::with(1, Scenario::parse(scenario).unwrap(), "");
    site.send("Uber", "+31612345678", "on the card");
    let port = site.dir.path().join("modems/modem000");
    let found = site.json(&["probe", port.to_str().unwrap()]);
    for (key, value) in [
        ("model", "EC25"),
        ("profile", "quectel-ec2x"),
        ("number", "+31612345678"),
        ("state", "Ready"),
    ] {
        assert_eq!(found[key], value, "{found}");
    }
    assert_eq!(found["stored"], 2, "{found}");
    assert_eq!(site.network().stored("+31612345678"), 2);
    let output = site.run(&["probe", "/nowhere"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("nothing at this path"));
}

#[test]
fn a_list_of_numbers_is_imported_and_its_faults_are_told() {
    let site = Site::with(1, Scenario::parse("[[modem]]\nsim.knows_number = false\n").unwrap(), "");
    let _daemon = site.serve_ready();
    let iccid = site.json(&["sim", "list"])[0]["iccid"].as_str().unwrap().to_owned();
    let file = site.dir.path().join("sims.csv");
    std::fs::write(&file, format!("iccid,number\n{iccid},+31612345678\nbad,+31612345679\n"))
        .unwrap();
    let output = site.run(&["sim", "import", file.to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("sims.csv:3: no SIM bad; an ICCID"),
        "{said}"
    );
    assert_eq!(site.json(&["sim", "list"])[0]["number"], "+31612345678");
    std::fs::write(&file, format!("{iccid};+31612345670\n")).unwrap();
    assert_eq!(site.ok(&["sim", "import", file.to_str().unwrap()]), "1 number set\n");
}

#[test]
fn two_ports_of_one_modem_are_one_modem_and_the_other_port_takes_over() {
    let scenario = "[[modem]]\nimei = \"867962041234560\"\nsim.iccid = \"8931040000000000018\"\n";
    let site = Site::with(2, Scenario::parse(&scenario.repeat(2)).unwrap(), "");
    let _daemon = site.serve();
    let state =
        |port: usize| site.admin("/modems")[port]["state"].as_str().unwrap_or_default().to_owned();
    let says =
        |port: usize| site.admin("/modems")[port]["reason"].as_str().unwrap_or_default().to_owned();
    let ready = |port: usize| {
        state(port) == "Ready" && says(1 - port).contains("another port of the modem on")
    };
    wait_for("one of them to be Ready", || ready(0) || ready(1));
    let served = usize::from(ready(1));
    assert_eq!(
        site.json(&["modem", "show", "867962041234560"])["port"],
        site.admin("/modems")[served]["port"]
    );
    site.network().fault(served, &Fault::PortGone { back_after_ms: None }).unwrap();
    wait_for("the other port to serve it", || state(1 - served) == "Ready");
}

#[test]
fn the_mobile_operator_is_asked_for_a_sims_number_by_the_code_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!("[hardware]\nfolder = \"{}\"\n", folder.path().display());
    let scenario = "[[modem]]\nsim = { number = \"+31612345678\", knows_number = false }\n";
    let site = Site::with(1, Scenario::parse(scenario).unwrap(), &configuration);
    let _daemon = site.serve_ready();
    let output = site.run(&["modem", "ask-number", "modem000"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("give the code"), "{said}");
    std::fs::create_dir(folder.path().join("operators")).unwrap();
    let file = "name = \"Simbridge NL\"\nnetworks = [\"20404\"]\nown_number = \"*101#\"\n";
    std::fs::write(folder.path().join("operators/nl.toml"), file).unwrap();
    assert_eq!(site.json(&["modem", "ask-number", "modem000"])["number"], "+31612345678");
}
