//! A SIM card's PIN from a file, on the running daemon.

use simbridge::simulator::{Fault, Quirk, Scenario};

use crate::support::{Site, wait_for};

fn site(pin_file: &str) -> (Site, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pin");
    std::fs::write(&file, pin_file).unwrap();
    let scenario = Scenario::parse("[[modem]]\nsim.pin = \"4711\"\n").unwrap();
    // The configuration ends within the [[modem]] section.
    (Site::with(1, scenario, &format!("pin_file = \"{}\"\n", file.display())), folder)
}

#[test]
fn the_right_pin_is_entered_at_every_start() {
    let (site, _folder) = site("4711\n");
    for _ in 0..2 {
        site.serve_ready().kill();
        site.network().fault(0, &Fault::Reboot).unwrap();
    }
    assert_eq!(site.network().observed(0).unwrap().wrong_pins, 0);
}

#[test]
fn the_pin_may_be_a_credential_of_the_service() {
    let scenario = Scenario::parse("[[modem]]\nsim.pin = \"4711\"\n").unwrap();
    let site = Site::with(1, scenario, "pin_file = \"credential:sim-pin\"\n");
    let reason = |words: &str| {
        site.admin("/modems")[0]["reason"].as_str().is_some_and(|reason| reason.contains(words))
    };
    let daemon = site.serve();
    wait_for("the card to wait for its PIN", || reason("wants its PIN"));
    daemon.kill();
    // The program takes this folder for the one in which systemd puts credentials.
    std::fs::write(site.dir.path().join("sim-pin"), "4711\n").unwrap();
    let _daemon = site.serve_ready();
    assert_eq!(site.network().observed(0).unwrap().wrong_pins, 0);
}

#[test]
fn a_wrong_pin_is_entered_once_whatever_is_killed() {
    let (site, _folder) = site("0000");
    for _ in 0..3 {
        let daemon = site.serve();
        let told = |words: &str| {
            site.admin("/modems")[0]["reason"].as_str().is_some_and(|reason| reason.contains(words))
        };
        wait_for("the refusal to be shown", || told("not tried again"));
        daemon.kill();
    }
    assert_eq!(site.network().observed(0).unwrap().wrong_pins, 1);
}

#[test]
fn a_modem_that_tells_no_count_is_unlocked_once_it_is_permitted_and_needs_no_permission_then() {
    let (site, _folder) = site("4711\n");
    let locked = |reboot: bool| {
        let network = site.network();
        network.fault(0, &Fault::Habit { quirk: Quirk::NoPinCount }).unwrap();
        if reboot {
            network.fault(0, &Fault::Reboot).unwrap();
        }
    };
    locked(false);
    let daemon = site.serve();
    wait_for("the reason", || {
        let reason = site.admin("/modems")[0]["reason"].as_str().unwrap_or_default().to_owned();
        reason.contains("pin_without_count = true")
    });
    daemon.kill();
    let strict = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), format!("{strict}pin_without_count = true\n")).unwrap();
    site.serve_ready().kill();
    std::fs::write(site.config(), strict).unwrap();
    locked(true);
    site.serve_ready().kill();
    assert_eq!(site.network().observed(0).unwrap().wrong_pins, 0);
}

#[test]
fn the_operator_has_a_pin_tried_once_more_at_once_after_it_was_put_right() {
    let (site, folder) = site("0000");
    let _daemon = site.serve();
    let iccid = site.network().stats()[0].iccid.clone().unwrap();
    let cure = format!("`simbridge sim pin-retry {iccid}`");
    wait_for("the refusal and its cure to be shown", || {
        site.admin("/modems")[0]["reason"].as_str().is_some_and(|reason| reason.contains(&cure))
    });
    std::fs::write(folder.path().join("pin"), "4711\n").unwrap();
    let allowed = site.json(&["sim", "pin-retry", &iccid]);
    let port = site.admin("/modems")[0]["port"].clone();
    assert_eq!((&allowed["iccid"], &allowed["port"]), (&iccid.as_str().into(), &port));
    wait_for("the modem", || site.admin("/status")["modems"]["ready"] == 1);
    assert_eq!(site.network().observed(0).unwrap().wrong_pins, 1);
    let again = site.run(&["sim", "pin-retry", &iccid]);
    let complaint = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(complaint.contains("no PIN was refused by the card"), "{complaint}");
}
