//! The daemon with simulated modems behind PTYs: messages arrive, they stay in the modem until they
//! are on disk, and a modem in trouble does not affect the others.

use simbridge::simulator::{Fault, Scenario};

use crate::support::{Site, wait_for};

#[test]
fn what_was_there_before_the_start_and_what_comes_later() {
    let site = Site::with_modems(2);
    let numbers = site.network().numbers();
    site.send("+31698765432", &numbers[0], "before the start é€");
    let long = format!("{}end 😀", "a long one ".repeat(30));
    site.send("Uber", &numbers[1], &long);
    let _daemon = site.serve_ready();
    site.send("Uber", &numbers[0], "later");
    wait_for("three messages", || site.messages().len() == 3);
    wait_for("the stores to be empty", || {
        numbers.iter().all(|number| site.network().stored(number) == 0)
    });
    let found =
        |text: &str| site.messages().into_iter().find(|message| message["text"] == text).unwrap();
    assert_eq!(found("before the start é€")["sender"], "+31698765432");
    assert_eq!(found(&long)["number"], numbers[1]);
    assert_eq!(found("later")["number"], numbers[0]);
    for modem in 0..2 {
        let observed = site.network().observed(modem).unwrap();
        assert!(observed.well_mannered(), "{observed:?}");
    }
}

#[test]
fn identity_and_number_are_read_from_modem_and_sim() {
    let text = r#"
        [[modem]]
        manufacturer = "Quectel"
        model = "EC25"
        imei = "867962041234560"
        [modem.sim]
        number = "+447700900123"
        imsi = "234150123456789"
    "#;
    let site = Site::with(1, Scenario::parse(text).unwrap(), "");
    let _daemon = site.serve_ready();
    let modem = site.json(&["modem", "list"])[0].clone();
    for (key, value) in [
        ("imei", "867962041234560"),
        ("manufacturer", "Quectel"),
        ("model", "EC25"),
        ("number", "+447700900123"),
    ] {
        assert_eq!(modem[key], value, "{modem}");
    }
    let sim = site.json(&["sim", "list"])[0].clone();
    assert_eq!((&sim["country"], &sim["imsi"]), (&"UK".into(), &"234150123456789".into()));
}

#[test]
fn a_pulled_stick_comes_back_and_nothing_is_lost() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.network().fault(0, &Fault::PortGone { back_after_ms: None }).unwrap();
    wait_for("the modem to be missed", || site.admin("/modems")[0]["state"] != "Ready");
    site.send("Uber", &number, "while it was out");
    site.network().fault(0, &Fault::PortBack).unwrap();
    wait_for("the message", || site.messages().len() == 1);
    wait_for("the modem to be Ready", || site.admin("/modems")[0]["state"] == "Ready");
}

#[test]
fn identical_sticks_that_swap_names_are_known_again_by_imei_and_card() {
    let scenario = "[[modem]]\nmanufacturer = \"Quectel\"\nmodel = \"EC25\"\n".repeat(2);
    let site = Site::with(2, Scenario::parse(&scenario).unwrap(), "");
    let _daemon = site.serve_ready();
    let numbers = site.network().numbers();
    let told = |port: usize| {
        let modem = &site.admin("/modems")[port];
        (modem["imei"].clone(), modem["number"].clone(), modem["state"].clone())
    };
    let (first, second) = (told(0), told(1));
    for (modem, name) in [(0, "modem001"), (1, "modem000")] {
        let name = name.to_owned();
        site.network().fault(modem, &Fault::PortMoved { back_after_ms: 100, name }).unwrap();
    }
    wait_for("each to be known under the other's name", || {
        (told(1), told(0)) == (first.clone(), second.clone())
    });
    site.send("Uber", &numbers[0], "to the first");
    wait_for("the message", || site.messages().len() == 1);
    assert_eq!(site.messages()[0]["number"], numbers[0]);
    assert_eq!(site.json(&["modem", "show", first.0.as_str().unwrap()])["number"], numbers[0]);
}

/// A pool in which every module has the same IMEI, and a modem that has lost its own.
#[test]
fn modems_with_one_imei_and_one_without_any_are_served_each_with_its_own_sim() {
    const IMEI: &str = "867962041234560";
    let pool = format!("[[modem]]\nimei = \"{IMEI}\"\n").repeat(4);
    let scenario = pool + "[[modem]]\nquirks = [\"no-imei\"]\n";
    let site = Site::with(5, Scenario::parse(&scenario).unwrap(), "");
    let numbers = site.network().numbers();
    let send_all = |text: &str| {
        for number in &numbers {
            site.send("Uber", number, &format!("{text} {number}"));
        }
    };
    send_all("before");
    let daemon = site.serve_ready();
    send_all("after");
    wait_for("both messages of each", || site.messages().len() == 10);
    let told = |key: &str| {
        let modems = site.json(&["modem", "list"]);
        let modems = modems.as_array().unwrap().iter();
        modems.map(|modem| modem[key].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>()
    };
    let identities = |site: &Site| -> Vec<String> {
        let folder = site.dir.path().join("modems");
        let port = |place: usize| folder.join(format!("modem{place:03}")).display().to_string();
        let pool = (0..4).map(|place| format!("{IMEI}@{}", port(place)));
        pool.chain([format!("port:{}", port(4))]).collect()
    };
    assert_eq!(told("imei"), [IMEI, IMEI, IMEI, IMEI, "-"]);
    assert_eq!(told("identity"), identities(&site));
    let output = site.run(&["modem", "at", IMEI, "AT+CSQ"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("name the port"), "{said}");
    let shown = site.json(&["modem", "show", &identities(&site)[2]]);
    assert_eq!((&shown["number"], &shown["imei"]), (&numbers[2].as_str().into(), &IMEI.into()));
    assert!(site.ok(&["modem", "show", "modem004"]).contains(&identities(&site)[4]));
    for place in 0..5 {
        let port = format!("modem{place:03}");
        let recoveries = site.json(&["modem", "show", &port])["recoveries"].clone();
        let taken = recoveries.as_object().unwrap().values().filter(|count| **count != 0);
        assert_eq!(taken.count(), 0, "{port}: {recoveries}");
    }
    // Two cards change places, and the daemon is started again.
    let iccids = told("iccid");
    site.network().fault(0, &Fault::SimIn { iccid: iccids[1].clone() }).unwrap();
    site.network().fault(1, &Fault::SimIn { iccid: iccids[0].clone() }).unwrap();
    wait_for("the cards to be known in their new places", || {
        let now = told("iccid");
        (&now[0], &now[1]) == (&iccids[1], &iccids[0])
    });
    site.wait_ready();
    send_all("exchanged");
    wait_for("a third message of each", || site.messages().len() == 15);
    daemon.kill();
    send_all("restarted");
    let _daemon = site.serve_ready();
    wait_for("a fourth message of each", || site.messages().len() == 20);
    for message in site.messages() {
        let (text, number) =
            (message["text"].as_str().unwrap(), message["number"].as_str().unwrap());
        assert!(text.ends_with(number), "{message}");
    }
    assert_eq!(told("identity"), identities(&site));
}

#[test]
fn a_modem_that_starts_anew_is_set_up_anew() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.network().fault(0, &Fault::Reboot).unwrap();
    site.send("Uber", &number, "after its restart");
    wait_for("the message", || site.messages().len() == 1);
}

/// A modem that reports its card, but fails every command that uses the card. Trying for ever would
/// not help; a reset does.
#[test]
fn a_modem_whose_card_fails_whenever_it_is_used_is_reset() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    let port = site.admin("/modems")[0]["port"].as_str().unwrap().to_owned();
    site.ok(&["modem", "at", &port, "AT+CFUN=0", "--force"]);
    daemon.terminate();
    // The modem does not announce that it was switched off.
    site.network().fault(0, &Fault::Refuse { command: "+CFUN?".to_owned(), times: 10 }).unwrap();
    let _daemon = site.serve_ready();
    let reset = site.json(&["modem", "show", &port])["recoveries"]["soft reset"].clone();
    assert_eq!(reset, 1);
}

#[test]
fn orders_follow_the_sim_to_another_modem() {
    let site = Site::with_modems(2);
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    let key = site.customer("ann", "5");
    let made = site.get(&format!("/api/makeorder?serviceId=1&key={key}"));
    assert!(made.starts_with("ORDER_ID_1_NUMBER_"), "{made}");
    let number = site.json(&["order", "list"])[0]["number"].as_str().unwrap().to_owned();
    let sims = site.json(&["sim", "list"]);
    let sim = sims.as_array().unwrap().iter().find(|sim| sim["number"] == number.as_str()).unwrap();
    let iccid = sim["iccid"].as_str().unwrap().to_owned();
    let from = usize::from(site.network().numbers()[1] == number);
    site.network().fault(from, &Fault::SimOut).unwrap();
    site.network().fault(1 - from, &Fault::SimIn { iccid: iccid.clone() }).unwrap();
    site.send("Uber", &number, "code 4711");
    assert_eq!(site.get(&format!("/api/getsms?orderId=1&wait=60&key={key}")), "SUCCESS_code 4711");
    assert_eq!(site.messages()[0]["iccid"], iccid);
}

#[test]
fn a_hundred_modems_are_ready_and_each_has_its_own_message() {
    const MODEMS: usize = 100;
    let site = Site::with_modems(MODEMS);
    let daemon = site.serve_ready();
    let numbers = site.network().numbers();
    for number in &numbers {
        site.send("Uber", number, &format!("for {number}"));
    }
    wait_for("all messages", || site.messages().len() >= MODEMS);
    let messages = site.messages();
    assert_eq!(messages.len(), MODEMS);
    for message in messages {
        assert_eq!(message["text"], format!("for {}", message["number"].as_str().unwrap()));
    }
    daemon.terminate();
}

#[test]
fn a_silent_a_vanished_and_a_flooding_modem_slow_neither_their_neighbours_nor_the_stop() {
    let site = Site::with_modems(5);
    let daemon = site.serve_ready();
    let numbers = site.network().numbers();
    let flood = Fault::Flood { line: "^RSSI: 20".to_owned(), every_ms: 1, for_ms: 600_000 };
    let faults =
        [Fault::Silence { commands: 1_000_000 }, Fault::PortGone { back_after_ms: None }, flood];
    for (place, fault) in faults.iter().enumerate() {
        site.network().fault(place, fault).unwrap();
    }
    site.send("Uber", &numbers[0], "unheard");
    for number in &numbers[3..] {
        site.send("Uber", number, "heard");
    }
    wait_for("the neighbours' messages", || site.messages().len() == 2);
    daemon.terminate();
}

#[test]
fn the_daemon_stops_within_five_seconds_also_under_a_long_poll() {
    let site = Site::with_modems(1);
    let daemon = site.serve_ready();
    site.ok(&["service", "add", "Uber", "--price", "0.50"]);
    let key = site.customer("ann", "5");
    site.get(&format!("/api/makeorder?serviceId=1&key={key}"));
    let address = site.json(&["status"])["listen"].as_str().unwrap().to_owned();
    let poll = std::thread::spawn(move || {
        let request = format!(
            "GET /api/getsms?orderId=1&wait=60&key={key} HTTP/1.1\r\nhost: x\r\nconnection: \
             close\r\n\r\n"
        );
        crate::support::http(&address, &request).1
    });
    // The poll must have arrived for the test to show that it is answered.
    wait_for("the poll to arrive", || site.admin("/status")["polls"] == 1);
    daemon.terminate();
    assert_eq!(poll.join().unwrap(), "WAITING");
}
