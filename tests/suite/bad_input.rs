//! Wrong input of all kinds gets a clear answer, and nothing is lost by it.

use simbridge::simulator::{Fault, Scenario};

use crate::support::{Site, wait_for};

/// What is rented out when the configuration says nothing of it.
const RENTALS: &str = "rentals are on sale: 1m 15.00 EUR (16.20 USD), 3m 30.00 EUR (32.40 USD), 6m \
                       50.00 EUR (54.00 USD), 1y 70.00 EUR (75.60 USD); 1 EUR = 1.08 USD; \
                       `[rentals] enabled = false` ends that";

fn check(site: &Site, text: &str) -> (Option<i32>, String) {
    std::fs::write(site.config(), text).unwrap();
    let output = site.run(&["check"]);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "the report is the output");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn check_reports_every_error_with_file_and_line() {
    let site = Site::with_modems(0);
    let path = site.config().display().to_string();
    let rack = Site::with_modems(1);
    let fine = std::fs::read_to_string(rack.config()).unwrap();
    let (code, said) = check(
        &site,
        "[htpp]\nlisten = \"127.0.0.1:1\"\n[orders]\nlifetime = 10\n[[modem]]\nbaud = 1\n",
    );
    assert_eq!(code, Some(1));
    for line in [
        format!("{path}:1: unknown key `htpp`; did you mean `http`?"),
        format!("{path}:4: `lifetime` must be a text in quotes"),
        format!("{path}:5: a [[modem]] needs port = \"/dev/…\", a path, a glob or an address"),
        format!("{path}:6: `baud` must be from 300 to 4000000"),
    ] {
        assert!(said.contains(&line), "{line} is missing in:\n{said}");
    }
    let (code, said) = check(&site, "[[modem]]\nport = \"/dev/no-such-modem\"\n");
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("{path}:1: there is no port /dev/no-such-modem now")), "{said}");
    let (code, said) = check(&site, "[http\n");
    assert_eq!(code, Some(1));
    assert!(said.contains(&format!("{path}:1: not TOML: ")), "{said}");
    let (code, said) = check(&site, &fine);
    assert_eq!((code, said), (Some(0), format!("{path}: {RENTALS}\n{path}: no faults\n")));
}

#[test]
fn serve_refuses_a_bad_configuration_in_the_same_words() {
    let site = Site::with_modems(0);
    std::fs::write(site.config(), "[http]\nlissten = \"x\"\n").unwrap();
    let output = site.run(&["serve"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains(":2: unknown key `lissten` in [http]; did you mean `listen`?")
    );
    std::fs::remove_file(site.config()).unwrap();
    let output = site.run(&["serve"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot read the configuration"));
}

#[test]
fn an_absent_modem_is_shown_and_does_not_disturb_the_others() {
    let site = Site::with(1, Scenario::default(), "[[modem]]\nport = \"/dev/no-such-modem\"\n");
    let _daemon = site.serve_ready();
    let modems = site.json(&["modem", "list"]);
    let absent = modems
        .as_array()
        .unwrap()
        .iter()
        .find(|modem| modem["port"] == "/dev/no-such-modem")
        .unwrap();
    assert_eq!(absent["state"], "Absent");
    assert!(absent["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{absent}");
    assert_eq!(site.json(&["status"])["modems"]["total"], 2);
}

#[test]
fn the_program_that_holds_a_busy_port_is_named() {
    let site = Site::with_modems(1);
    let port = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&site.rack.as_ref().unwrap().ports()[0])
        .unwrap();
    // Nothing is ever sent, so this program holds the port until it is killed.
    let mut holder = std::process::Command::new("cat")
        .stdin(port)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let expected = format!("held by cat (pid {})", holder.id());
    let _daemon = site.serve();
    wait_for("the holder to be named", || {
        let modem = site.admin("/modems")[0].clone();
        modem["reason"].as_str().is_some_and(|reason| reason.contains(&expected))
    });
    holder.kill().unwrap();
    holder.wait().unwrap();
    wait_for("the modem to be Ready once its port is free", || {
        site.admin("/status")["modems"]["ready"] == 1
    });
}

#[test]
fn garbage_on_the_line_stops_nothing() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    for octets in
        ["ff00fe80", "0d0a2b434d54493a200d0a", "4f4b0d0a4552524f520d0a", &"41".repeat(100_000)]
    {
        site.network().fault(0, &Fault::Garbage { octets: octets.to_owned() }).unwrap();
    }
    site.send("Uber", &number, "after the noise");
    wait_for("the message", || site.messages().len() == 1);
    assert_eq!(site.messages()[0]["text"], "after the noise");
}

#[test]
fn a_pdu_that_cannot_be_decoded_is_shown_and_deleted_from_the_modem() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    let number = site.network().numbers().remove(0);
    site.network().send_pdu(&number, &[0x04, 0x0B, 0x91]).unwrap();
    site.send("Uber", &number, "behind it");
    wait_for("both", || site.messages().len() == 2);
    let texts: Vec<_> = site.messages().iter().map(|message| message["text"].clone()).collect();
    assert!(
        texts.contains(&serde_json::Value::Null) && texts.contains(&"behind it".into()),
        "{texts:?}"
    );
    wait_for("the store to be empty", || site.network().stored(&number) == 0);
}

#[test]
fn an_address_in_use_is_named() {
    let site = Site::with_modems(0);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let text = std::fs::read_to_string(site.config())
        .unwrap()
        .replace("127.0.0.1:0", &address.to_string());
    std::fs::write(site.config(), text).unwrap();
    let output = site.run(&["serve"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains(&format!("cannot listen on {address} for customers")), "{said}");
}
