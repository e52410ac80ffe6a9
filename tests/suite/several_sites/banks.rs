//! A SIM bank at a site.

use simbridge::simulator::Scenario;

use super::centre::{Centre, make_site};
use super::proxy::{Mode, Proxy};
use crate::banks::{QUICK_POOL, quick_profile};
use crate::support::privacy::Secret;
use crate::support::{Daemon, Site, wait_for};

/// A centre, and a site with a bank of three SIMs for one radio, behind a proxy.
struct BankAtSite {
    centre: Centre,
    proxy: Proxy,
    site: Site,
    _daemons: [Daemon; 2],
}

impl BankAtSite {
    /// Starts both, and waits until all SIMs are known.
    fn new(configuration: &str) -> BankAtSite {
        let centre = Centre::new(configuration);
        let centre_daemon = centre.serve();
        let proxy = Proxy::start();
        proxy.lead_to(centre.address());
        let scenario = format!("[[modem]]\nboot_ms = 50\n{QUICK_POOL}slots = 3\n");
        let site = Site::with(1, Scenario::parse(&scenario).unwrap(), "");
        let folder = site.dir.path().display().to_string();
        let key = centre.add_site("ams");
        make_site(&site, "ams", &key, proxy.address, &centre.fingerprint);
        let profile = quick_profile(include_str!("../../../hardware/banks/swit.toml"));
        std::fs::create_dir_all(site.dir.path().join("hardware/banks")).unwrap();
        std::fs::write(site.dir.path().join("hardware/banks/mine.toml"), profile).unwrap();
        let text = std::fs::read_to_string(site.config()).unwrap();
        let (head, _) = text.split_once("[[modem]]").unwrap();
        let bank = format!(
            "[hardware]\nfolder = \"{folder}/hardware\"\n[[bank]]\nname = \"rack\"\nprofile = \
             \"quick-swit\"\ncontrol = \"{folder}/modems/bank0\"\nports = \
             [\"{folder}/modems/modem000\"]\nslots = 3\nsell_within = \"50s\"\nquiet = \
             \"1s\"\nstay = \"2s\"\n"
        );
        std::fs::write(site.config(), format!("{head}{bank}")).unwrap();
        centre.hide(site.network().bank_cards().into_iter().map(|card| card.number));
        let daemon = site.serve();
        wait_for("the SIMs of all slots", || {
            let banks = centre.site.admin("/banks");
            banks[0]["known"].as_u64() == Some(3)
        });
        BankAtSite { centre, proxy, site, _daemons: [centre_daemon, daemon] }
    }

    /// Makes an order; returns its id and the number as the network has it.
    fn order(&self, key: &str) -> (String, String) {
        let mut made = None;
        wait_for("an order", || {
            made = self.centre.order(key).ok();
            made.is_some()
        });
        let (order, number) = made.unwrap();
        let digits = number.trim_start_matches(['+', '0']);
        let cards = self.site.network().bank_cards();
        let card = cards.into_iter().find(|card| card.number.ends_with(digits)).unwrap();
        (order, card.number)
    }

    /// Sends the code of an order.
    fn send_code(&self, order: &str, number: &str) -> String {
        let text = format!("Your Uber code is {order}");
        self.centre.site.secrets.add(Secret::Text(text.clone()));
        self.site.send("Uber", number, &text);
        text
    }

    fn wait_for_code(&self, key: &str, order: &str, text: &str) {
        wait_for("the code", || self.centre.poll(key, order) == format!("SUCCESS_{text}"));
    }

    /// Whether the SIM of a number is on the radio.
    fn is_on_air(&self, number: &str) -> bool {
        let radios = self.site.network().bank_stats().remove(0).radios;
        radios.iter().any(|radio| radio.number.as_deref() == Some(number))
    }
}

#[test]
fn a_bank_at_a_site_brings_the_sims_of_orders_on_the_air() {
    let pair = BankAtSite::new("[orders]\nlifetime = \"15s\"\n");
    let (centre, site) = (&pair.centre, &pair.site);
    let bank = centre.site.json(&["bank", "show", "ams/rack"]);
    assert_eq!(bank["name"], "ams/rack");
    assert!(bank["radio_list"][0]["port"].as_str().unwrap().starts_with("ams:/"), "{bank}");
    assert_eq!(site.json(&["bank", "list"])[0]["name"], "rack");

    let key = centre.site.customer("ann", "5.00");
    // One of the three is of another country.
    for _ in 0..2 {
        let (order, number) = pair.order(&key);
        let text = pair.send_code(&order, &number);
        pair.wait_for_code(&key, &order, &text);
    }
    let slot = centre.site.json(&["bank", "show", "ams/rack"])["slot_list"][0].clone();
    assert_eq!(slot["holds"], "sim");
}

#[test]
fn a_sim_that_is_switched_in_while_the_link_is_cut_keeps_its_message_until_the_link_is_back() {
    let pair = BankAtSite::new("[orders]\nlifetime = \"50s\"\n");
    let key = pair.centre.site.customer("ann", "5.00");
    // The first order may be given the SIM that is on the air.
    let (mut order, mut number) = pair.order(&key);
    if pair.is_on_air(&number) {
        let text = pair.send_code(&order, &number);
        pair.wait_for_code(&key, &order, &text);
        (order, number) = pair.order(&key);
    }
    wait_for("the switch to begin", || {
        pair.site.json(&["bank", "show", "rack"])["radio_list"][0]["doing"] != "on air"
    });
    pair.proxy.set(Mode::Cut);
    wait_for("the SIM to be on the radio", || pair.is_on_air(&number));
    let text = pair.send_code(&order, &number);
    wait_for("the message to be on the SIM", || pair.site.network().stored(&number) == 1);
    let poll = format!("/api/getsms?key={key}&orderId={order}");
    assert_eq!(pair.centre.site.get(&poll), "WAITING");
    pair.proxy.set(Mode::Passing);
    pair.wait_for_code(&key, &order, &text);
    wait_for("the SIM to be empty", || pair.site.network().stored(&number) == 0);
}
