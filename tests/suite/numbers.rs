//! Finding out numbers that are neither in the operator's list nor on the card, with the real
//! program.

use simbridge::simulator::{Fault, Scenario};

use crate::json_output::assert_described;
use crate::support::{Site, wait_for};

const NUMBERLESS: &str = "sim = { number = \"+31612345678\", knows_number = false }\n";

fn operators(folder: &std::path::Path) -> String {
    std::fs::create_dir(folder.join("operators")).unwrap();
    let file = "name = \"Simbridge NL\"\nnetworks = [\"20404\"]\nown_number = \"*101#\"\n";
    std::fs::write(folder.join("operators/nl.toml"), file).unwrap();
    format!("[hardware]\nfolder = \"{}\"\n", folder.display())
}

#[test]
fn a_sim_without_a_number_has_its_operator_asked_in_the_form_that_the_modem_wants() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = operators(folder.path());
    for modem in [
        "",
        "family = \"huawei-e3372\"\n",
        "family = \"huawei-e173\"\n",
        // Models that take another form than their profiles say.
        "family = \"huawei-e173\"\nquirks = []\n",
        "quirks = [\"ussd-packed\"]\n",
    ] {
        let scenario = format!(
            "[[modem]]\n{modem}boot_ms = 100\nmessages_ready_ms = 0\nregisters_ms = \
             0\n{NUMBERLESS}"
        );
        let site = Site::with(1, Scenario::parse(&scenario).unwrap(), &configuration);
        let _daemon = site.serve_ready();
        wait_for("the number", || site.admin("/sims")[0]["number"] == "+31612345678");
        assert_eq!(site.admin("/sims")[0]["number_source"], "ussd", "{modem}");
    }
}

#[test]
fn what_came_of_asking_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = operators(folder.path());
    let site = Site::with(
        1,
        Scenario::parse(&format!("[[modem]]\n{NUMBERLESS}")).unwrap(),
        &configuration,
    );
    site.network().fault(0, &Fault::Refuse { command: "+CUSD".to_owned(), times: 9 }).unwrap();
    let _daemon = site.serve_ready();
    let iccid = site.admin("/sims")[0]["iccid"].as_str().unwrap().to_owned();
    wait_for("the failure", || {
        site.admin(&format!("/sims/{iccid}"))["number_asked"][0]["failure"] == "refused: ERROR"
    });
    assert_described("sim show", &site.json(&["sim", "show", &iccid]));
    let asked = site.json(&["modem", "show", "modem000"])["number_asked"].clone();
    assert_eq!((&asked[0]["by"], &asked[0]["times"]), (&"ussd".into(), &1.into()), "{asked}");
    assert!(site.ok(&["sim", "show", &iccid]).contains("failure=refused: ERROR"));
    assert!(site.ok(&["status"]).contains("SIMs: 1 without a number: `simbridge sim list"));
}

#[test]
fn a_sim_tells_its_number_by_a_message_to_another_one_that_no_customer_sees() {
    let scenario = Scenario::parse(&format!("[[modem]]\n[[modem]]\n{NUMBERLESS}")).unwrap();
    let site = Site::with(2, scenario, "");
    let _daemon = site.serve_ready();
    site.ok(&["service", "add", "Any", "--price", "0.50"]);
    let key = site.customer("ann", "5");
    assert!(site.get(&format!("/api/makeorder?serviceId=1&key={key}")).starts_with("ORDER_ID_1_"));
    let told = site.json(&["modem", "ask-number", "modem001", "--loopback"]);
    assert_eq!(
        (&told["number"], &told["number_source"]),
        (&"+31612345678".into(), &"loopback".into())
    );
    assert_eq!(site.get(&format!("/api/getsms?orderId=1&key={key}")), "WAITING");
    let messages = site.messages();
    assert_eq!((messages.len(), &messages[0]["withheld"]), (1, &"loopback".into()), "{messages:?}");
    wait_for("the receiver's store to be empty", || {
        site.network().stored(&site.network().numbers()[0]) == 0
    });
    assert_eq!(site.network().observed(1).unwrap().submitted, 1);
}

#[test]
fn messages_to_ourselves_are_sent_unasked_only_where_the_configuration_says_so() {
    let scenario = Scenario::parse(&format!("[[modem]]\n[[modem]]\n{NUMBERLESS}")).unwrap();
    let site = Site::with(2, scenario, "[numbers]\nloopback = true\n");
    let _daemon = site.serve_ready();
    let known = |sims: serde_json::Value| {
        sims.as_array().unwrap().iter().any(|sim| sim["number_source"] == "loopback")
    };
    wait_for("the number", || known(site.admin("/sims")));
}

#[test]
fn a_number_is_written_onto_its_card_at_the_operators_word() {
    let site = Site::with(1, Scenario::parse(&format!("[[modem]]\n{NUMBERLESS}")).unwrap(), "");
    let _daemon = site.serve_ready();
    let iccid = site.admin("/sims")[0]["iccid"].as_str().unwrap().to_owned();
    site.ok(&["sim", "set-number", &iccid, "+31612345678"]);
    assert_eq!(site.ok(&["modem", "at", "modem000", "AT+CNUM"]), "OK\n", "never unasked");
    let said = site.json(&["sim", "set-number", &iccid, "+31612345678", "--write"]);
    assert_eq!(said["written"], "+31612345678");
    assert!(site.ok(&["modem", "at", "modem000", "AT+CNUM"]).contains("+31612345678"));
    site.network().fault(0, &Fault::Refuse { command: "+CPBW".to_owned(), times: 1 }).unwrap();
    let output = site.run(&["sim", "set-number", &iccid, "+31612345678", "--write"]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && words.contains("not written") && words.contains("ERROR"),
        "{words}"
    );
}

#[test]
fn networks_have_the_names_that_the_operators_own_files_give_them() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = operators(folder.path());
    let scenario = Scenario::parse("[[modem]]\nsim.imsi = \"204041234567890\"\n").unwrap();
    let site = Site::with(1, scenario, &configuration);
    let _daemon = site.serve_ready();
    assert_eq!(site.admin("/sims")[0]["home_operator"], "Simbridge NL");
    let file = "name = \"Another NL\"\nnetworks = [\"204041\"]\n";
    std::fs::write(folder.path().join("operators/other.toml"), file).unwrap();
    site.ok(&["reload"]);
    assert_eq!(site.admin("/sims")[0]["home_operator"], "Another NL");
}

#[test]
fn sims_of_other_countries_have_their_number_are_sold_and_say_when_it_cannot_be_right() {
    let cards = [
        ("+4915123456789", "262011234567890"),
        ("+48512345678", "260011234567890"),
        ("+819012345678", "440101234567890"),
        ("+12015550123", "310260123456789"),
        ("4711", "262011234567891"),
    ];
    let modems = cards.map(|(number, imsi)| {
        format!("[[modem]]\nsim.number = \"{number}\"\nsim.imsi = \"{imsi}\"\n")
    });
    let site = Site::with(5, Scenario::parse(&modems.concat()).unwrap(), "");
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "50");
    site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
    wait_for("the numbers", || {
        let sims = site.admin("/sims");
        let sims = sims.as_array().unwrap();
        sims.len() == 5 && sims.iter().filter(|sim| !sim["number"].is_null()).count() == 4
    });
    let order = |country: &str| {
        site.get(&format!("/api/makeorder?key={key}&serviceId=1&country={country}"))
    };
    let sims = site.admin("/sims");
    let sims = sims.as_array().unwrap();
    for (country, number, national, operator) in [
        ("DE", "+4915123456789", "015123456789", "Telekom"),
        ("PL", "+48512345678", "512345678", "Plus"),
        ("JP", "+819012345678", "09012345678", "NTT DOCOMO"),
        ("USA", "+12015550123", "2015550123", "T-Mobile"),
    ] {
        let sim = sims.iter().find(|sim| sim["number"] == number).unwrap();
        assert_eq!(sim["home_operator"], operator, "{sim}");
        let iccid = sim["iccid"].as_str().unwrap();
        assert!(site.ok(&["sim", "show", iccid]).contains(operator));
        let modem = site.json(&["modem", "show", sim["modem"].as_str().unwrap()]);
        assert_eq!(modem["home_operator"], operator);
        assert!(site.ok(&["modem", "show", sim["modem"].as_str().unwrap()]).contains(operator));
        assert!(site.ok(&["sim", "list", "--wide"]).contains(operator));
        assert_eq!((&sim["country"], &sim["state"]), (&country.into(), &"available".into()));
        assert!(sim["number_problem"].is_null(), "{sim}");
        let made = order(&country.to_lowercase());
        assert!(made.ends_with(&format!("_NUMBER_{national}")), "{country}: {made}");
        let id = made.split('_').nth(2).unwrap();
        site.get(&format!("/api/cancelorder?key={key}&orderId={id}"));
    }
    assert_eq!(order("FR"), "INVALID_COUNTRY", "no SIM of it was seen");
    let wrong = sims.iter().find(|sim| sim["number"].is_null()).unwrap();
    let shown = site.ok(&["sim", "show", wrong["iccid"].as_str().unwrap()]);
    assert!(shown.contains("the card tells 4711, which is not a number of DE"), "{shown}");
    assert_eq!(site.json(&["status"])["sims"]["doubtful_numbers"], 1);
    assert!(site.ok(&["status"]).contains("1 with a number that cannot be right"));
}

#[test]
fn a_sim_that_only_seems_deaf_is_sent_a_message_and_sold_again() {
    let configuration = "[numbers]\nloopback = true\n[orders]\nlifetime = \"1s\"\n";
    let site = Site::with(2, Scenario::default(), configuration);
    let _daemon = site.serve_ready();
    let key = site.customer("ann", "10");
    let sims = site.admin("/sims");
    let (first, other) = (&sims[0]["iccid"], sims[1]["iccid"].as_str().unwrap());
    site.ok(&["sim", "rest", other, "1d"]);
    for (name, sender) in [("Uber", "^Uber$"), ("Lyft", "^Lyft$")] {
        site.ok(&["service", "add", name, "--price", "0.50", "--sender", sender]);
    }
    // Three orders of two services get nothing, because nobody has sent anything.
    for (order, service) in [(1, 1), (2, 2), (3, 1)] {
        let made = site.get(&format!("/api/makeorder?serviceId={service}&country=NL&key={key}"));
        assert!(made.starts_with(&format!("ORDER_ID_{order}_")), "{made}");
        let path = format!("/api/getsms?orderId={order}&key={key}");
        wait_for("the order's end", || site.get(&path) == "ORDER_EXPIRED");
    }
    wait_for("the message of the test", || !site.messages().is_empty());
    wait_for("the SIM on sale", || site.admin("/sims")[0]["state"] == "available");
    let messages = site.messages();
    let [message] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((&message["iccid"], &message["withheld"]), (first, &"loopback".into()));
}
