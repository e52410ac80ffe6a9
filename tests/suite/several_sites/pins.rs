//! PINs of cards at a site.

use simbridge::simulator::Fault;

use super::{Mode, Pair};
use crate::support::wait_for;

/// A site with one modem, whose PIN file says this.
fn pair_with_pin_file(digits: &str) -> Pair {
    let pair = Pair::new(1, "");
    write_pin(&pair, digits);
    let text = std::fs::read_to_string(pair.site.config()).unwrap();
    // It ends within the [[modem]] section.
    let file = pair.site.dir.path().join("pin");
    std::fs::write(pair.site.config(), format!("{text}pin_file = \"{}\"\n", file.display()))
        .unwrap();
    pair
}

fn write_pin(pair: &Pair, digits: &str) {
    std::fs::write(pair.site.dir.path().join("pin"), digits).unwrap();
}

/// Has the card want its PIN from now on.
fn lock_card(pair: &Pair) {
    let network = pair.site.network();
    network.fault(0, &Fault::SimLocked { pin: "4711".to_owned() }).unwrap();
    network.fault(0, &Fault::Reboot).unwrap();
}

#[test]
fn a_pin_whose_permission_was_lost_on_its_way_is_tried_again_by_itself() {
    let pair = pair_with_pin_file("4711");
    let _site_daemon = pair.site.serve();
    pair.wait_ready(1);
    pair.proxy.set(Mode::HoldingAnswers);
    lock_card(&pair);
    wait_for("the question to fail at the site", || {
        let modems = pair.site.admin("/modems");
        modems[0]["reason"].as_str().is_some_and(|reason| reason.contains("cannot be recorded now"))
    });
    pair.proxy.set(Mode::Passing);
    pair.wait_ready(1);
    assert_eq!(pair.site.network().observed(0).unwrap().wrong_pins, 0);
}

#[test]
fn the_operator_of_the_centre_has_a_pin_at_a_site_tried_once_more_at_once() {
    let pair = pair_with_pin_file("0000");
    lock_card(&pair);
    let _site_daemon = pair.site.serve();
    let (centre, iccid) =
        (&pair.centre.site, pair.site.network().stats()[0].iccid.clone().unwrap());
    let cure = format!("`simbridge sim pin-retry {iccid}`");
    wait_for("the refusal and its cure to be shown", || {
        let modems = centre.admin("/modems");
        modems[0]["reason"].as_str().is_some_and(|reason| reason.contains(&cure))
    });
    write_pin(&pair, "4711");
    let allowed = centre.json(&["sim", "pin-retry", &iccid]);
    assert_eq!(allowed["port"], centre.admin("/modems")[0]["port"]);
    pair.wait_ready(1);
    assert_eq!(pair.site.network().observed(0).unwrap().wrong_pins, 1);
}
