//! Sites whose daemons serve modems for a central daemon: with the real program in both roles, over
//! TCP with TLS.

mod banks;
mod centre;
mod pins;
mod proxy;
mod raw;

use simbridge::simulator::{Fault, Scenario};

use crate::support::privacy::Secret;
use crate::support::{Daemon, Site, wait_for};
use centre::{Centre, make_site};
use proxy::{Mode, Proxy};

/// A centre with one site that is connected through a proxy.
struct Pair {
    centre: Centre,
    centre_daemon: Daemon,
    proxy: Proxy,
    site: Site,
}

impl Pair {
    fn new(modems: usize, configuration: &str) -> Pair {
        let centre = Centre::new(configuration);
        let centre_daemon = centre.serve();
        let proxy = Proxy::start();
        proxy.lead_to(centre.address());
        let site = Site::with_modems(modems);
        let key = centre.add_site("ams");
        make_site(&site, "ams", &key, proxy.address, &centre.fingerprint);
        centre.hide(site.network().numbers());
        Pair { centre, centre_daemon, proxy, site }
    }

    fn wait_ready(&self, modems: u64) {
        wait_for("the site's modems", || self.centre.ready() == modems);
    }

    /// Sends an SMS to a number at the site.
    fn send(&self, from: &str, number: &str, text: &str) {
        self.centre.site.secrets.add(Secret::Text(text.to_owned()));
        self.site.send(from, number, text);
    }
}

/// The number of an order as the network has it.
fn international(site: &Site, number: &str) -> String {
    let numbers = site.network().numbers();
    let digits = number.trim_start_matches(['+', '0']);
    numbers.into_iter().find(|known| known.ends_with(digits)).unwrap()
}

#[test]
fn orders_get_their_codes_from_modems_of_a_site() {
    let pair = Pair::new(2, "");
    let site_daemon = pair.site.serve();
    pair.wait_ready(2);
    let centre = &pair.centre;
    let listed = centre.listed("ams");
    assert_eq!(
        (&listed["state"], &listed["ports"], &listed["ready"]),
        (&"connected".into(), &2.into(), &2.into())
    );
    let key = centre.site.customer("ann", "1.00");
    let (order, number) = centre.order(&key).unwrap();
    let number = international(&pair.site, &number);
    pair.send("Uber", &number, "Your Uber code is 4711");
    assert_eq!(centre.poll(&key, &order), "SUCCESS_Your Uber code is 4711");
    wait_for("the store to be empty", || pair.site.network().stored(&number) == 0);

    // An operator's requests reach the site's modems by the ports' names at the centre.
    let modems = centre.site.json(&["modem", "list"]);
    let port = modems[0]["port"].as_str().unwrap();
    let local = format!("{}/modems/modem000", pair.site.dir.path().display());
    assert_eq!(port, format!("ams:{local}"));
    let said = centre.site.ok(&["modem", "at", port, "AT+CSQ"]);
    assert!(said.contains("+CSQ: "), "{said}");
    let shown = centre.site.json(&["modem", "show", port]);
    assert!(!shown["transcript"].as_array().unwrap().is_empty());
    let recording = pair.site.dir.path().join("recording");
    centre.site.ok(&["modem", "record", port, recording.to_str().unwrap()]);
    assert!(std::fs::read_to_string(&recording).unwrap().contains("AT+CGSN"));

    // The site knows its own modems by their own names, and says what it is.
    let own = pair.site.json(&["modem", "list"]);
    assert_eq!((&own[0]["port"], &own[0]["state"]), (&local.as_str().into(), &"Ready".into()));
    let status = pair.site.admin("/status");
    assert_eq!((&status["site"], &status["link"]["connected"]), (&"ams".into(), &true.into()));
    let refused = pair.site.run(&["account", "list"]);
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(complaint.contains("this daemon is a site"), "{complaint}");
    assert!(pair.site.page("/metrics").contains("simbridge_central_connected 1"));

    site_daemon.terminate();
    wait_for("the modems to be unreachable", || centre.states() == ["Unreachable", "Unreachable"]);
    assert_eq!(centre.order(&key).unwrap_err(), "NO_PHONE_AVAILABLE");
    assert_eq!(centre.listed("ams")["state"], "down");
    let verified = centre.site.ok(&["verify"]);
    assert!(verified.contains("right") || !verified.is_empty());
    pair.centre_daemon.terminate();
}

#[test]
fn what_comes_while_the_link_is_cut_waits_in_the_modem_and_comes_once() {
    let pair = Pair::new(2, "");
    let _site_daemon = pair.site.serve();
    pair.wait_ready(2);
    let centre = &pair.centre;
    let key = centre.site.customer("ann", "2.00");
    let (order, number) = centre.order(&key).unwrap();
    let number = international(&pair.site, &number);

    pair.proxy.set(Mode::Cut);
    wait_for("the numbers to be sold out", || centre.order(&key).is_err());
    assert_eq!(centre.states(), ["Unreachable", "Unreachable"]);
    pair.send("Uber", &number, "Your Uber code is 1234");
    wait_for("the message to be in the modem", || pair.site.network().stored(&number) == 1);
    assert_eq!(centre.site.get(&format!("/api/getsms?key={key}&orderId={order}")), "WAITING");

    pair.proxy.set(Mode::Passing);
    assert_eq!(centre.poll(&key, &order), "SUCCESS_Your Uber code is 1234");
    pair.wait_ready(2);
    wait_for("the store to be empty", || pair.site.network().stored(&number) == 0);
    assert_eq!(centre.site.messages().len(), 1);
    centre.order(&key).unwrap();
}

#[test]
fn a_link_that_is_silent_is_noticed_on_both_sides() {
    let pair = Pair::new(1, "");
    let _site_daemon = pair.site.serve();
    pair.wait_ready(1);
    pair.proxy.set(Mode::Holding);
    wait_for("the centre to notice", || pair.centre.states() == ["Unreachable"]);
    wait_for("the site to notice", || pair.site.admin("/status")["link"]["connected"] == false);
    pair.proxy.set(Mode::Passing);
    pair.wait_ready(1);
}

#[test]
fn a_site_whose_power_was_cut_need_not_wait_for_the_end_of_its_old_connection() {
    let pair = Pair::new(1, "silent_after = \"10m\"\n");
    let _before_the_cut = pair.site.serve();
    pair.wait_ready(1);
    pair.proxy.set(Mode::Holding);
    let after = Site::with_modems(1);
    let key = std::fs::read_to_string(pair.site.dir.path().join("site.key")).unwrap();
    let (centre, fingerprint) = (&pair.centre, &pair.centre.fingerprint);
    make_site(&after, "ams", key.trim(), centre.address(), fingerprint);
    centre.hide(after.network().numbers());
    let _after_the_cut = after.serve();
    wait_for("the new process to be let in", || {
        after.admin("/status")["link"]["connected"] == true
    });
}

#[test]
fn nobody_is_let_in_without_the_name_and_the_key_of_a_site() {
    let pair = Pair::new(1, "");
    let _site_daemon = pair.site.serve();
    pair.wait_ready(1);
    let centre = &pair.centre;
    let (address, fingerprint) = (centre.address(), centre.fingerprint.as_str());
    let other = Site::with_modems(0);
    let reason = |name: &str, key: &str, fingerprint: &str| {
        make_site(&other, name, key, address, fingerprint);
        let _daemon = other.serve();
        let mut reason = String::new();
        wait_for("the site to be refused", || {
            let link = other.admin("/status")["link"].clone();
            reason = link["reason"].as_str().unwrap_or_default().to_owned();
            !reason.is_empty()
        });
        reason
    };
    let wrong = "ab".repeat(32);
    let unknown = "the central daemon knows no site with this name and key";
    assert!(reason("ams", &wrong, fingerprint).contains(unknown));
    let refused = centre.listed("ams");
    let told = (&refused["refused_because"], &refused["refused_from"]);
    assert_eq!(told, (&"this is not the site's key".into(), &"127.0.0.1".into()));
    assert!(reason("fra", &wrong, fingerprint).contains(unknown));
    let key = std::fs::read_to_string(pair.site.dir.path().join("site.key")).unwrap();
    let connected = reason("ams", key.trim(), fingerprint);
    assert!(connected.contains("a site of this name is connected already"), "{connected}");
    assert_eq!(centre.listed("ams")["refused_because"], "the site is connected already");
    let foreign = reason("ams", key.trim(), &wrong);
    assert!(foreign.contains(&format!("has the fingerprint {fingerprint}")), "{foreign}");

    assert_eq!(centre.ready(), 1, "the site that is connected is not disturbed");
    centre.site.ok(&["site", "revoke", "ams"]);
    wait_for("the site's modems to be unreachable", || centre.states() == ["Unreachable"]);
    wait_for("the site to be told", || {
        let link = pair.site.admin("/status")["link"].clone();
        link["reason"].as_str().is_some_and(|reason| reason.contains("key was revoked"))
    });
    assert_eq!(centre.listed("ams")["state"], "revoked");
}

#[test]
fn each_message_comes_once_however_often_site_and_centre_are_killed() {
    let Pair { centre, centre_daemon, proxy, site } = Pair::new(3, "");
    let (mut centre_daemon, mut site_daemon) = (Some(centre_daemon), Some(site.serve()));
    wait_for("the site's modems", || centre.ready() == 3);
    let numbers = site.network().numbers();
    let mut sent = Vec::new();
    for round in 0..12 {
        for (place, number) in numbers.iter().enumerate() {
            let text = format!("message {round} {place}");
            centre.site.secrets.add(Secret::Text(text.clone()));
            site.send("Bank", number, &text);
            sent.push(text);
        }
        match round % 3 {
            0 => {
                site_daemon.take().unwrap().kill();
                site_daemon = Some(site.serve());
            }
            1 => {
                centre_daemon.take().unwrap().kill();
                centre_daemon = Some(centre.site.serve());
                proxy.lead_to(centre.address());
            }
            _ => {
                proxy.set(Mode::Cut);
                proxy.set(Mode::Passing);
            }
        }
    }
    wait_for("all messages", || centre.site.messages().len() >= sent.len());
    wait_for("the stores to be empty", || {
        numbers.iter().all(|number| site.network().stored(number) == 0)
    });
    let mut came: Vec<String> = centre
        .site
        .messages()
        .iter()
        .map(|message| message["text"].as_str().unwrap().to_owned())
        .collect();
    came.sort();
    sent.sort();
    assert_eq!(came, sent);
    centre.site.ok(&["verify"]);
    drop((site_daemon, centre_daemon));
}

#[test]
fn modems_of_two_sites_may_tell_the_same_imei() {
    let centre = Centre::new("");
    let _centre_daemon = centre.serve();
    let boxes = [("ams", 0), ("fra", 1)].map(|(name, place)| {
        let scenario = format!(
            "[[modem]]\nimei = \"867962041234560\"\nsim.iccid = \
             \"89310400000000001{place}8\"\nsim.number = \"+3161230000{place}\"\n"
        );
        let site = Site::with(1, Scenario::parse(&scenario).unwrap(), "");
        let key = centre.add_site(name);
        make_site(&site, name, &key, centre.address(), &centre.fingerprint);
        centre.hide(site.network().numbers());
        site
    });
    let _daemons = boxes.each_ref().map(Site::serve);
    wait_for("both modems", || centre.ready() == 2);
    let modems = centre.site.json(&["modem", "list"]);
    let shown = |place: usize, key: &str| modems[place][key].as_str().unwrap().to_owned();
    assert_eq!([0, 1].map(|place| shown(place, "imei")), ["867962041234560", "867962041234560"]);
    assert_eq!(
        [0, 1].map(|place| shown(place, "identity")),
        ["ams/867962041234560", "fra/867962041234560"]
    );
}

#[test]
fn a_sim_that_is_carried_to_another_site_brings_the_messages_that_were_left_on_it() {
    let centre = Centre::new("");
    let _centre_daemon = centre.serve();
    let proxy = Proxy::start();
    proxy.lead_to(centre.address());
    // Two modems of one network: each is at a site of its own.
    let (ams, fra) = (Site::with_modems(2), Site::with_modems(0));
    let network = ams.network();
    centre.hide(network.numbers());
    let modems = ams.dir.path().join("modems").display().to_string();
    for (place, site, name, address) in
        [(0, &ams, "ams", proxy.address), (1, &fra, "fra", centre.address())]
    {
        make_site(site, name, &centre.add_site(name), address, &centre.fingerprint);
        let text = std::fs::read_to_string(site.config()).unwrap();
        let (head, _) = text.split_once("port = ").unwrap();
        let port = format!("port = \"{modems}/modem00{place}\"\n");
        std::fs::write(site.config(), format!("{head}{port}")).unwrap();
    }
    let _daemons = [ams.serve(), fra.serve()];
    wait_for("both modems", || centre.ready() == 2);
    let number = network.numbers().swap_remove(0);
    let sims = centre.site.admin("/sims");
    let sim = sims.as_array().unwrap().iter().find(|sim| sim["number"] == number.as_str());
    let iccid = sim.unwrap()["iccid"].as_str().unwrap().to_owned();

    proxy.set(Mode::Cut);
    wait_for("the modem to be unreachable", || centre.states().contains(&"Unreachable".to_owned()));
    centre.site.secrets.add(Secret::Text("left on the card".to_owned()));
    ams.send("Bank", &number, "left on the card");
    wait_for("the message to be on the card", || network.stored(&number) == 1);
    network.fault(0, &Fault::SimOut).unwrap();
    network.fault(1, &Fault::SimIn { iccid }).unwrap();
    network.fault(1, &Fault::PortGone { back_after_ms: Some(200) }).unwrap();
    wait_for("the message", || centre.site.messages().len() == 1);
    wait_for("the card to be empty", || network.stored(&number) == 0);

    proxy.set(Mode::Passing);
    wait_for("the first site to be back", || centre.listed("ams")["state"] == "connected");
    let key = centre.site.customer("ann", "1.00");
    let mut made = None;
    wait_for("an order", || {
        made = centre.order(&key).ok();
        made.is_some()
    });
    let (order, given) = made.unwrap();
    assert_eq!(international(&ams, &given), number, "it is the only one that is in a modem");
    centre.site.secrets.add(Secret::Text("Your Uber code is 2468".to_owned()));
    ams.send("Uber", &number, "Your Uber code is 2468");
    assert_eq!(centre.poll(&key, &order), "SUCCESS_Your Uber code is 2468");
    assert_eq!(centre.site.messages().len(), 2);
}
