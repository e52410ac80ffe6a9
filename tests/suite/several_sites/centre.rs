//! A central daemon, and what makes a folder with modems a site of it.

use std::net::SocketAddr;

use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::support::privacy::Secret;
use crate::support::{Daemon, Site};

/// A central daemon without modems of its own, and the fingerprint of its certificate.
pub struct Centre {
    pub site: Site,
    pub fingerprint: String,
}

impl Centre {
    pub fn new(configuration: &str) -> Centre {
        let more = format!(
            "[sites]\nlisten = \"127.0.0.1:0\"\ncertificate = \"FOLDER/sites.crt\"\nkey_file = \
             \"FOLDER/sites.key\"\n{configuration}"
        );
        let site = Site::with(0, Scenario::default(), &more);
        let text = std::fs::read_to_string(site.config()).unwrap();
        let folder = site.dir.path().display().to_string();
        // There is no modem here, so that each number is one of a site.
        let (head, rest) = text.split_once("[[modem]]").unwrap();
        let rest = rest.split_once("[sites]").unwrap().1;
        let text = format!("{head}[sites]{rest}").replace("FOLDER", &folder);
        std::fs::write(site.config(), text).unwrap();
        let made = site.json(&["site", "certificate"]);
        let fingerprint = made["fingerprint"].as_str().unwrap().to_owned();
        Centre { site, fingerprint }
    }

    /// Starts its daemon, which sells a service.
    pub fn serve(&self) -> Daemon {
        let daemon = self.site.serve();
        self.site.ok(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
        daemon
    }

    /// Numbers that must not be in its log.
    pub fn hide(&self, numbers: impl IntoIterator<Item = String>) {
        numbers.into_iter().for_each(|number| self.site.secrets.add(Secret::Number(number)));
    }

    /// Where sites connect to while its daemon runs.
    pub fn address(&self) -> SocketAddr {
        let status = self.site.admin("/status");
        status["sites_listen"].as_str().unwrap().parse().unwrap()
    }

    /// Makes a key for a site; returns it.
    pub fn add_site(&self, name: &str) -> String {
        self.site.json(&["site", "add", name])["key"].as_str().unwrap().to_owned()
    }

    /// What `site list` shows of a site.
    pub fn listed(&self, name: &str) -> Value {
        let sites = self.site.json(&["site", "list"]);
        let found = sites.as_array().unwrap().iter().find(|site| site["name"] == name);
        found.unwrap().clone()
    }

    /// How many modems are ready, of all sites.
    pub fn ready(&self) -> u64 {
        self.site.admin("/status")["modems"]["ready"].as_u64().unwrap()
    }

    /// The state of each modem, by port.
    pub fn states(&self) -> Vec<String> {
        let modems = self.site.admin("/modems");
        let state = |modem: &Value| modem["state"].as_str().unwrap().to_owned();
        modems.as_array().unwrap().iter().map(state).collect()
    }

    /// An order for the service; its id and number.
    pub fn order(&self, key: &str) -> Result<(String, String), String> {
        let made = self.site.get(&format!("/api/makeorder?key={key}&serviceId=1"));
        let order = made.strip_prefix("ORDER_ID_").and_then(|rest| rest.split_once("_NUMBER_"));
        let order = order.map(|(id, number)| (id.to_owned(), number.to_owned()));
        order.ok_or(made)
    }

    pub fn poll(&self, key: &str, order: &str) -> String {
        self.site.get(&format!("/api/getsms?key={key}&orderId={order}&wait=30"))
    }
}

/// The configuration that makes a folder with modems a site.
pub fn make_site(site: &Site, name: &str, key: &str, central: SocketAddr, fingerprint: &str) {
    let folder = site.dir.path().display();
    std::fs::write(site.dir.path().join("site.key"), format!("{key}\n")).unwrap();
    site.secrets.add(Secret::Key(key.to_owned()));
    let text = format!(
        "[site]\nname = \"{name}\"\ncentral = [\"{central}\"]\nfingerprints = \
         [\"{fingerprint}\"]\nkey_file = \"{folder}/site.key\"\n[admin]\nsocket = \
         \"{folder}/admin.sock\"\n[[modem]]\nport = \"{folder}/modems/modem*\"\n"
    );
    std::fs::write(site.config(), text).unwrap();
}
