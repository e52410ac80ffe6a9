//! SIM banks with the real program: orders and a rental with a bank that reports what is not so, a
//! kill in the middle of a switch, slots inside modules, and a program of the operator's. Larger
//! banks and longer times are tested in simulated time: in `faults/banks.rs` with the simulated
//! bank and modems, and in `src/bank/tests`.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::support::{Site, wait_for};

/// A simulated bank whose switches take only the time of its serial line, not that of relays.
pub const QUICK_POOL: &str = "[[bank]]\nbus_ms = 10\nswitch_ms = 20\nanswer_ms = 5\n";

/// A profile like a shipped one, with shorter times and another name, as an operator adds it.
pub fn quick_profile(profile: &str) -> String {
    let times = [
        ("answer_ms = 3000", "answer_ms = 300"),
        ("pause_ms = 2000", "pause_ms = 40"),
        ("pause_ms = 1000", "pause_ms = 20"),
        ("settle_ms = 8000", "settle_ms = 60"),
        ("settle_ms = 2000", "settle_ms = 60"),
        ("tries = 3", "tries = 20"),
        ("identify_ms = 60000", "identify_ms = 20000"),
        ("register_ms = 90000", "register_ms = 20000"),
    ];
    let named = ["swit", "module", "command"].iter().fold(profile.to_owned(), |text, name| {
        text.replace(&format!("name = \"{name}\""), &format!("name = \"quick-{name}\""))
    });
    times.iter().fold(named, |text, (from, to)| text.replace(from, to))
}

/// A site whose modems are the radios of a bank.
fn site(modems: usize, scenario: &str, profile: &str, bank: &str) -> Site {
    let more = "[hardware]\nfolder = \"FOLDER/hardware\"\n[orders]\nlifetime = \
                \"8s\"\nmax_open_per_account = 1000\n";
    let site = Site::with(modems, Scenario::parse(scenario).unwrap(), more);
    let folder = site.dir.path();
    std::fs::create_dir_all(folder.join("hardware/banks")).unwrap();
    std::fs::write(folder.join("hardware/banks/mine.toml"), quick_profile(profile)).unwrap();
    let ports: Vec<String> =
        (0..modems).map(|modem| format!("\"FOLDER/modems/modem{modem:03}\"")).collect();
    let bank = format!(
        "[[bank]]\nname = \"rack\"\nports = [{}]\nquiet = \"1s\"\nstay = \"2s\"\n{bank}",
        ports.join(", ")
    );
    let text = std::fs::read_to_string(site.config()).unwrap() + &bank;
    std::fs::write(site.config(), text.replace("FOLDER", &folder.display().to_string())).unwrap();
    for card in cards(&site) {
        site.secrets.add(crate::support::privacy::Secret::Number(card.1));
    }
    site
}

/// The ICCID and number of every card of the bank.
fn cards(site: &Site) -> Vec<(String, String)> {
    site.network().bank_cards().into_iter().map(|card| (card.iccid, card.number)).collect()
}

fn swit(radios: usize, scenario: &str, bank: &str) -> Site {
    let profile = include_str!("../../hardware/banks/swit.toml");
    let bank = format!("profile = \"quick-swit\"\ncontrol = \"FOLDER/modems/bank0\"\n{bank}");
    site(radios, scenario, profile, &bank)
}

/// The numbers of the SIMs that really are on the radios.
fn numbers_on_air(site: &Site) -> Vec<String> {
    let radios = site.network().bank_stats().remove(0).radios;
    radios.into_iter().filter_map(|radio| radio.number).collect()
}

/// The bank's report, or null before its first one.
fn bank_report(site: &Site) -> Value {
    let banks = site.admin("/banks");
    let has_reported = banks.as_array().is_some_and(|banks| !banks.is_empty());
    if has_reported { site.admin("/banks/rack") } else { Value::Null }
}

/// The number of slots whose SIM the daemon knows.
fn known_slots(site: &Site) -> usize {
    let bank = bank_report(site);
    bank["slot_list"].as_array().into_iter().flatten().filter(|slot| slot["holds"] == "sim").count()
}

/// Whether every message that was sent has come once, and for the SIM that it was sent to.
fn all_messages_came(site: &Site, sent: &HashMap<String, String>) -> bool {
    let messages = site.messages();
    let mut found = HashMap::new();
    for message in &messages {
        let (text, number) =
            (message["text"].as_str().unwrap(), message["number"].as_str().unwrap());
        assert_eq!(
            sent.get(text).map(String::as_str),
            Some(number),
            "{text} is stored for another SIM"
        );
        assert!(found.insert(text.to_owned(), ()).is_none(), "twice: {text}");
    }
    found.len() == sent.len()
}

/// The id and the number of an order that was made.
fn parse_order(answer: &str) -> Option<(String, String)> {
    let (id, number) = answer.strip_prefix("ORDER_ID_")?.split_once("_NUMBER_0")?;
    Some((id.to_owned(), format!("+31{number}")))
}

#[test]
fn orders_and_a_rental_on_a_pool_that_lies_in_every_other_switch() {
    let radios = "[[modem]]\nboot_ms = 50\n".repeat(2);
    let scenario = format!(
        "{radios}{QUICK_POOL}slots = 3\nseed = 7\nfaults = [{{ kind = \"lies\", lies = 1, of = 2 \
         }}]\n"
    );
    let site = swit(
        2,
        &scenario,
        "slots = 3\nsell_within = \"50s\"\nrental_visit = \"20s\"\nvisit_on_view = \"1s\"\n",
    );
    let mut sent = HashMap::new();
    let send = |sent: &mut HashMap<String, String>, from: &str, number: &str| {
        let text = format!("message {} to {number}", sent.len());
        site.send(from, number, &text);
        sent.insert(text.clone(), number.to_owned());
        text
    };
    for (_, number) in cards(&site) {
        send(&mut sent, "Friend", &number);
    }
    let daemon = site.serve();
    let key = site.customer("ann", "900.00");
    for service in 0..2 {
        site.ok(&[
            "service",
            "add",
            &format!("Shop{service}"),
            "--price",
            "0.50",
            "--sender",
            &format!("^Shop{service}$"),
        ]);
    }
    wait_for("the first SIMs", || known_slots(&site) >= 3);
    let rental: Value =
        serde_json::from_str(&post(&site, &format!("/api/rental/new?key={key}&country=NL")))
            .unwrap();
    let tenant = format!("+31{}", rental["phone_number"].as_str().unwrap().trim_start_matches('0'));
    let (mut made, mut open) = (0, Vec::new());
    let begun = Instant::now();
    wait_for("SIMs for four orders, and all their codes", || {
        let service = made % 2;
        let answer = site.get(&format!("/api/makeorder?key={key}&serviceId={}", service + 1));
        if let Some((id, number)) = parse_order(&answer).filter(|_| made < 4) {
            open.push((id, number, service, Instant::now(), false, String::new()));
            made += 1;
        }
        let there = numbers_on_air(&site);
        open.retain_mut(|(id, number, service, at, seen, text)| {
            assert!(
                !*seen || there.contains(number) || !text.is_empty(),
                "an open order lost its SIM"
            );
            *seen |= there.contains(number);
            // The orders wait for a while, so that a faulty plan would show.
            if text.is_empty() && *seen && at.elapsed() > Duration::from_millis(1500) {
                *text = send(&mut sent, &format!("Shop{service}"), number);
            }
            let answer = site.get(&format!("/api/getsms?key={key}&orderId={id}"));
            match answer.strip_prefix("SUCCESS_") {
                Some(code) => assert_eq!(code, text),
                None => assert_eq!(answer, "WAITING", "order {id} after {:?}", begun.elapsed()),
            }
            answer == "WAITING"
        });
        made == 4 && open.is_empty()
    });
    let news = send(&mut sent, "Bank of mum", &tenant);
    wait_for("the tenant's message", || {
        let view = post(
            &site,
            &format!("/api/rental/view?key={key}&contract_id={}", rental["contract_id"]),
        );
        view.contains(&news)
    });
    let mut count = 0;
    while count < 6 {
        wait_for("another SIM to be known", || known_slots(&site) > count);
        count = known_slots(&site);
    }
    wait_for("all messages", || all_messages_came(&site, &sent));
    let bank = site.admin("/banks/rack");
    let lies = bank["lies"].as_u64().unwrap();
    assert!(lies > 0, "a lie was found out");
    // A visit interval that the hardware cannot keep is reported.
    let late =
        bank["slot_list"].as_array().unwrap().iter().any(|slot| !slot["late_since"].is_null());
    let trouble = bank["trouble"].as_str().unwrap_or_default().to_owned();
    assert!(!late || trouble.contains("later than rental_visit"), "{trouble}");
    assert_eq!(site.json(&["verify"])["ok"], true);
    daemon.terminate();
}

pub fn post(site: &Site, path: &str) -> String {
    site.http(&format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    ))
    .1
}

#[test]
fn killed_in_the_middle_of_a_switch_each_message_comes_once() {
    let site = swit(2, &format!("{QUICK_POOL}slots = 4\n"), "slots = 4\n");
    let mut sent = HashMap::new();
    for round in 0..2 {
        let daemon = site.serve();
        for (_, number) in cards(&site) {
            let text = format!("round {round} to {number}");
            site.send("Friend", &number, &text);
            sent.insert(text, number);
        }
        let switching = |radio: &Value| {
            matches!(radio["doing"].as_str(), Some("switching" | "starting" | "draining"))
        };
        wait_for("a switch", || {
            bank_report(&site)["radio_list"].as_array().is_some_and(|r| r.iter().any(switching))
        });
        daemon.kill();
    }
    let daemon = site.serve();
    wait_for("all messages", || all_messages_came(&site, &sent));
    wait_for("every SIM to be known", || known_slots(&site) == 8);
    let locations =
        site.json(&["sim", "show", &cards(&site)[0].0])["custody"].as_array().unwrap().clone();
    assert!(
        locations.iter().all(|period| period["imei"].is_string()) && !locations.is_empty(),
        "{locations:?}"
    );
    daemon.terminate();
}

#[test]
fn slots_inside_a_module_are_a_bank_too() {
    let scenario =
        "[[modem]]\nfamily = \"quectel-ec25\"\nextra_slots = 1\nslot_up_ms = 100\nboot_ms = 100\n";
    let profile = include_str!("../../hardware/banks/module.toml");
    let site = site(1, scenario, profile, "profile = \"quick-module\"\nslots = 2\n");
    let daemon = site.serve();
    wait_for("both SIMs", || known_slots(&site) == 2);
    let cards: Vec<(String, String)> =
        site.network().module_cards().into_iter().map(|card| (card.iccid, card.number)).collect();
    let mut sent = HashMap::new();
    for (_, number) in &cards {
        let text = format!("to {number}");
        site.send("Friend", number, &text);
        sent.insert(text, number.clone());
    }
    wait_for("both messages", || all_messages_came(&site, &sent));
    daemon.terminate();
}

#[test]
fn a_program_of_the_operators_switches() {
    let profile = include_str!("../../hardware/banks/command.toml");
    let bank = "profile = \"quick-command\"\nswitch = [\"FOLDER/switch.sh\", \"{radio}\", \
                \"{slot}\"]\nslots = 3\n";
    let site = site(2, &format!("{QUICK_POOL}slots = 3\n"), profile, bank);
    let script = site.dir.path().join("switch.sh");
    let text = format!(
        "#!/bin/sh\nprintf 'AT+SWIT%02d-%04d\\r' \"$1\" \"$2\" > {}/modems/bank0\n",
        site.dir.path().display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let daemon = site.serve();
    wait_for("every SIM to be known", || known_slots(&site) == 6);
    // An operator switches: the SIM on the first radio makes room for the requested one.
    let on = site.admin("/banks/rack")["radio_list"][0]["slot"].as_u64();
    let wanted = (0..3).find(|slot| Some(*slot) != on).unwrap();
    let output = site.run(&["bank", "switch", "rack", "1", &wanted.to_string()]);
    if output.status.success() {
        wait_for("the slot", || {
            site.admin("/banks/rack")["radio_list"][0]["slot"].as_u64() == Some(wanted)
        });
    } else {
        // The plan has just switched it in.
        assert!(String::from_utf8_lossy(&output.stderr).contains("already"), "{output:?}");
    }
    daemon.terminate();
}

#[test]
fn a_bank_that_is_configured_wrongly_is_refused_with_the_reason() {
    let site = Site::with_modems(0);
    let text = std::fs::read_to_string(site.config()).unwrap();
    let bank = "[[bank]]\nprofile = \"swat\"\nports = [\"/dev/none\"]\nslots = \
                4\n[[bank]]\nprofile = \"swit\"\nports = [\"/dev/other\"]\nslots = 4\n";
    std::fs::write(site.config(), text + bank).unwrap();
    let output = site.run(&["check"]);
    let faults = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    for words in [
        "no bank profile \"swat\"",
        "there are command-any, command, module, swit",
        "needs control",
        "no port /dev/none",
    ] {
        assert!(faults.contains(words), "{words}: {faults}");
    }
    let output = site.run(&["serve"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no bank profile"));
}
