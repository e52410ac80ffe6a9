//! What commands print with `--json` is what `docs/json.md` says: every command has its place
//! there, every member its kind.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use chrono::DateTime;
use serde_json::Value;
use simbridge::simulator::Scenario;

use crate::endpoints::made;
use crate::everyday::first_half;
use crate::support::{Site, wait_for};

/// What the page says of the commands that print one kind of thing.
#[derive(Default)]
struct Section {
    /// The commands that print one, and those that print a list of them.
    commands: Vec<String>,
    lists: Vec<String>,
    /// The kind of each member.
    members: BTreeMap<String, String>,
}

/// The page: its sections by their names, and the commands that print no JSON.
struct Page {
    sections: BTreeMap<String, Section>,
    without: Vec<String>,
}

fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

impl Page {
    fn read() -> Page {
        let text = include_str!("../../docs/json.md");
        let mut page = Page { sections: BTreeMap::new(), without: Vec::new() };
        for part in text.split("\n## ").skip(1) {
            let (name, part) = part.split_once('\n').unwrap();
            let mut section = Section::default();
            for line in part.lines() {
                if let Some(commands) = line.strip_prefix("Printed by ") {
                    section.commands = quoted(commands);
                } else if let Some(commands) = line.strip_prefix("Listed by ") {
                    section.lists = quoted(commands);
                } else if let Some(commands) = line.strip_prefix("No JSON is printed by ") {
                    page.without = quoted(commands);
                } else if let Some(row) = line.strip_prefix("| `") {
                    let (member, row) = row.split_once("` | ").unwrap();
                    let kind = row.split(" |").next().unwrap().to_owned();
                    section.members.insert(member.to_owned(), kind);
                }
            }
            if let Some(like) = part.lines().find_map(|line| line.strip_prefix("As ")) {
                let like: &Section = &page.sections[like.strip_suffix(", and:").unwrap()];
                section.members.extend(like.members.clone());
            }
            page.sections.insert(name.to_owned(), section);
        }
        page
    }

    /// What is wrong with a value that should be of a kind. Members that are not null are noted.
    fn faults(
        &self,
        value: &Value,
        kind: &str,
        place: &str,
        seen: &mut BTreeSet<String>,
    ) -> Vec<String> {
        if let Some(kind) = kind.strip_suffix(" or null") {
            return match value {
                Value::Null => Vec::new(),
                value => self.faults(value, kind, place, seen),
            };
        }
        if let Some(kind) = kind.strip_prefix("list of ") {
            let Some(items) = value.as_array() else { return vec![format!("{place}: no list")] };
            return items.iter().flat_map(|item| self.faults(item, kind, place, seen)).collect();
        }
        if let Some(kind) = kind.strip_prefix("map of ") {
            let Some(items) = value.as_object() else { return vec![format!("{place}: no map")] };
            return items.values().flat_map(|item| self.faults(item, kind, place, seen)).collect();
        }
        let is_right = match kind {
            "text" => value.is_string(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "time" => value.as_str().is_some_and(|text| {
                text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok()
            }),
            "amount" => value.as_str().is_some_and(|text| {
                let number = text.parse::<f64>();
                number.is_ok() && text.split_once('.').is_some_and(|(_, cents)| cents.len() == 2)
            }),
            "anything" => true,
            name => return self.faults_of_object(value, name, place, seen),
        };
        if is_right { Vec::new() } else { vec![format!("{place}: {value} is no {kind}")] }
    }

    fn faults_of_object(
        &self,
        value: &Value,
        name: &str,
        place: &str,
        seen: &mut BTreeSet<String>,
    ) -> Vec<String> {
        let Some(section) = self.sections.get(name) else {
            return vec![format!("{place}: the page has no section {name}")];
        };
        let Some(members) = value.as_object() else {
            return vec![format!("{place}: {value} is no {name}")];
        };
        let mut faults = Vec::new();
        for (member, value) in members {
            let within = format!("{name}.{member}");
            if !value.is_null() {
                seen.insert(within.clone());
            }
            match section.members.get(member) {
                Some(kind) => faults.extend(self.faults(value, kind, &within, seen)),
                None => faults.push(format!("{within} is not in docs/json.md: {value}")),
            }
        }
        let missing = section.members.keys().filter(|member| !members.contains_key(*member));
        faults.extend(missing.map(|member| format!("{place} has no {name}.{member}")));
        faults
    }

    /// The section of a command, and whether the command prints a list. Of several that begin like
    /// it, the longest is meant.
    fn section_of(&self, command: &str) -> Option<(&str, bool)> {
        let begins = |known: &&String| {
            let rest = command.strip_prefix(known.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let all = self.sections.iter().flat_map(|(name, section)| {
            let one = section.commands.iter().map(|command| (command, false));
            let lists = section.lists.iter().map(|command| (command, true));
            one.chain(lists).map(move |(command, is_list)| (command, name.as_str(), is_list))
        });
        let fitting = all.filter(|(known, ..)| begins(known));
        fitting.max_by_key(|(known, ..)| known.len()).map(|(_, name, is_list)| (name, is_list))
    }
}

/// Panics unless what a command has printed is what the page says.
pub fn assert_described(command: &str, printed: &Value) {
    let page = Page::read();
    let (name, _) = page.section_of(command).unwrap();
    let faults = page.faults(printed, name, command, &mut BTreeSet::new());
    assert!(faults.is_empty(), "{faults:#?}");
}

/// What only other tests see, which call [`assert_described`].
const SEEN_ELSEWHERE: [&str; 9] = [
    "AllowedPin",
    "Asked",
    "CopiedDatabase",
    "LastSim",
    "Lead",
    "Outage",
    "Sample",
    "SignalMinute",
    "WithheldThen",
];

/// What has an effect only at the end of a rental's term, after a month, what needs a card that has
/// refused a PIN (`pin.rs`), and what needs a database server (`copy_to.rs`).
const NOT_PLAYED: [&str; 3] = ["rental revive", "sim pin-retry", "copy-to"];

/// A site where every command can be run, and what was found wrong with what they print.
struct Play {
    site: Site,
    page: Page,
    played: RefCell<BTreeSet<String>>,
    seen: RefCell<BTreeSet<String>>,
    faults: RefCell<Vec<String>>,
}

impl Play {
    /// Runs a command with `--json`, and checks what it prints.
    fn run(&self, args: &[&str]) -> Value {
        let printed = self.site.json(args);
        self.check(args, &printed);
        printed
    }

    fn check(&self, args: &[&str], printed: &Value) {
        let command = args.join(" ");
        let Some((name, is_list)) = self.page.section_of(&command) else {
            self.faults.borrow_mut().push(format!("{command} is in no section: {printed}"));
            return;
        };
        let kind = if is_list { format!("list of {name}") } else { name.to_owned() };
        let seen = &mut self.seen.borrow_mut();
        self.faults.borrow_mut().extend(self.page.faults(printed, &kind, &command, seen));
        self.played.borrow_mut().insert(command);
    }
}

/// Eight modems, of which two are the radios of a SIM bank.
fn open() -> (Play, crate::support::Daemon) {
    let scenario = "[[modem]]\n".repeat(8) + "[[bank]]\nradios = [6, 7]\nslots = 2\n";
    let settings = "[orders]\nmax_open_per_account = 9\n[rentals]\nrest_after_orders = \
                    \"0s\"\n[webhooks]\nallow = [\"http://127.0.0.0/8\"]\n";
    let site = Site::with(8, Scenario::parse(&scenario).unwrap(), settings);
    let modems = site.dir.path().join("modems").display().to_string();
    let bank = format!(
        "[[bank]]\nname = \"rack\"\nprofile = \"swit\"\ncontrol = \"{modems}/bank0\"\nports = \
         [\"{modems}/modem006\", \"{modems}/modem007\"]\nslots = 2\n[[notify]]\nkind = \
         \"webhook\"\nurl = \"http://{}/\"\n[sites]\ncertificate = \
         \"{modems}/sites.crt\"\nkey_file = \"{modems}/sites.key\"\n",
        nobody()
    );
    let text = std::fs::read_to_string(site.config()).unwrap() + &bank;
    std::fs::write(site.config(), text).unwrap();
    let daemon = site.serve_ready();
    let play = Play {
        site,
        page: Page::read(),
        played: RefCell::default(),
        seen: RefCell::default(),
        faults: RefCell::default(),
    };
    (play, daemon)
}

/// The address of a port that nobody listens on, as it was just given back.
fn nobody() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn post(site: &Site, path: &str) -> String {
    site.http(&format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    ))
    .1
}

impl Play {
    /// Customers, what they may buy, and what they buy.
    fn sell(&self) {
        let (run, site) = (|args: &[&str]| self.run(args), &self.site);
        run(&["account", "add", "ann"]);
        run(&["account", "topup", "ann", "100", "--ref", "first"]);
        run(&["account", "adjust", "ann", "1.00", "--reason", "a gift"]);
        run(&["account", "limit", "ann", "--max-open", "9", "--spend-per-day", "50"]);
        run(&["service", "add", "Uber", "--price", "0.50", "--sender", "^Uber$"]);
        run(&["service", "add", "Spare", "--price", "0.50"]);
        run(&["service", "set", "Uber", "--country", "UK=0.80", "--reuse-window", "4h"]);
        run(&["service", "disable", "Spare"]);
        run(&["service", "enable", "Spare"]);
        run(&["service", "remove", "Spare"]);
        run(&["service", "test", "Uber", "Your code is 123456"]);
        run(&["account", "price", "ann", "Uber", "0.40", "--country", "NL"]);
        let key = run(&["key", "add", "ann", "--label", "mine", "--expires", "30d"]);
        let key = key["key"].as_str().unwrap().to_owned();
        run(&["key", "set", &key[..8], "--spend-per-day", "50.00", "--allow", "127.0.0.0/8"]);
        let rented = post(site, &format!("/api/rental/new?country=NL&package=1m&key={key}"));
        assert!(rented.contains("contract_id"), "{rented}");
        let order = || {
            let path = format!("/api/makeorder?serviceId=1&country=NL&key={key}");
            format!("+31{}", &made(&site.get(&path)).1[1..])
        };
        let first = order();
        site.send("Uber", &first, "Your code is 123456");
        let came = site.get(&format!("/api/getsms?orderId=1&wait=60&key={key}"));
        assert!(came.starts_with("SUCCESS_"), "{came}");
        run(&["order", "refund", "1", "--amount", "0.10", "--reason", "half a code"]);
        let second = order();
        site.send("Ubr", &second, "Your code is 654321");
        wait_for("the second message", || site.messages().len() == 2);
        run(&["order", "show", "2"]);
        run(&["service", "test", "--last", "9", "--service", "Uber", "--sender", "^Ubr$"]);
        run(&["service", "set", "Uber", "--add-sender", "^Ubr$"]);
        run(&["order", "deliver", "2", "2"]);
        order();
        run(&["order", "cancel", "3"]);
        order();
        assert_eq!(
            site.get(&format!("/api/skipnumber?orderId=4&key={key}")),
            "NUMBER_SKIPPED_ORDER_CANCELED"
        );
        run(&["skip", "list", "ann"]);
        let skipped = site.json(&["order", "show", "4"])["number"].clone();
        run(&["skip", "undo", "ann", skipped.as_str().unwrap()]);
        let of_rental = site.json(&["rental", "show", "1"])["number"].clone();
        let of_rental = of_rental.as_str().unwrap();
        site.send("Uber", of_rental, "Your code is 111222");
        site.send("Nobody", &first, "hello");
        site.network().send_pdu(&first, &first_half()).unwrap();
        self.follow();
        let iccid = site.json(&["order", "show", "1"])["iccid"].clone();
        let awaited = || self.run(&["sim", "show", iccid.as_str().unwrap()])["awaited"].clone();
        wait_for("the first half", || awaited().as_array().is_some_and(|all| all.len() == 1));
        run(&["health"]);
        run(&["health", "rest", &second, "Uber"]);
        run(&["health", "clear", &second, "Uber"]);
        run(&["health", "clear", "--sim", &second]);
        run(&["number", "mark", of_rental, "Uber"]);
        run(&["number", "unmark", of_rental, "Uber"]);
        run(&["number", "show", of_rental]);
        run(&["number", "show", &first]);
        run(&["number", "list", "--service", "Uber"]);
        run(&["key", "list"]);
        run(&["key", "revoke", &key[..8]]);
        run(&["account", "suspend", "ann"]);
        run(&["account", "resume", "ann"]);
        self.move_rental();
        for args in [
            &["order", "list"][..],
            &["order", "show", "1"],
            &["rental", "list"],
            &["rental", "show", "1"],
            &["account", "list"],
            &["account", "show", "ann"],
            &["account", "ledger", "ann"],
            &["account", "spending", "ann"],
            &["service", "list"],
            &["service", "export"],
            &["message", "list"],
            &["message", "list", "--search", "code"],
            &["message", "show", "1"],
            &["explain", "Uber", "NL"],
            &["explain", "--sims", "Uber", "NL"],
            &["find", "ann"],
            &["rental", "days", "1", "+3", "--reason", "no signal"],
            &["rental", "end", "1", "--refund", "5.00", "--reason", "no signal"],
            &["report", "revenue"],
            &["report", "stock"],
            &["report", "samples", "messages"],
            &["audit", "list"],
        ] {
            run(args);
        }
        self.send_webhooks();
        self.let_people_in();
        run(&["site", "certificate"]);
        run(&["site", "add", "ams"]);
        run(&["site", "list"]);
        run(&["status"]);
        run(&["site", "revoke", "ams"]);
        run(&["site", "remove", "ams"]);
        run(&["account", "export", "ann"]);
        run(&["webhook", "remove", "1"]);
        run(&["account", "add", "gone"]);
        run(&["account", "erase", "gone"]);
    }

    /// Sends a customer's events to a receiver that is not there, and once more.
    fn send_webhooks(&self) {
        let run = |args: &[&str]| self.run(args);
        let url = format!("http://{}/hook", nobody());
        run(&["webhook", "add", "ann", &url, "--type", "rental.*"]);
        let event = run(&["webhook", "test", "1"])["event"].to_string();
        wait_for("the first attempt", || {
            run(&["webhook", "deliveries", "1"])[0]["attempts"][0]["error"].is_string()
        });
        run(&["webhook", "redeliver", "1", &event]);
        run(&["webhook", "list", "--account", "ann"]);
    }

    /// Invites operators and customers, and shuts them out. That one has signed in is written into
    /// the database here: nobody does it.
    fn let_people_in(&self) {
        let run = |args: &[&str]| self.run(args);
        run(&["operator", "add", "ben"]);
        run(&["operator", "add", "eve", "--role", "viewer"]);
        run(&["operator", "role", "eve", "operator"]);
        run(&["operator", "disable", "eve"]);
        run(&["operator", "enable", "eve"]);
        run(&["operator", "list"]);
        run(&["operator", "reset", "eve"]);
        run(&["operator", "remove", "eve"]);
        run(&["account", "invite", "ann"]);
        run(&["account", "invite", "ann", "ann-2"]);
        run(&["login", "reset", "ann"]);
        run(&["login", "disable", "ann-2"]);
        run(&["login", "enable", "ann-2"]);
        let database =
            rusqlite::Connection::open(self.site.dir.path().join("simbridge.db")).unwrap();
        let signed_in = "UPDATE login SET signed_in_at = 7 WHERE name = 'ann'; INSERT INTO session \
                         (digest, login_id, created_at, seen_at, proven_at, ends_at, address, \
                         browser) SELECT zeroblob(32), id, 7, 7, 7, 9223372036854775807, \
                         '192.0.2.7', 'x' FROM login WHERE name = 'ann'";
        database.execute_batch(signed_in).unwrap();
        run(&["login", "list", "--account", "ann"]);
        run(&["login", "remove", "ann-2"]);
    }

    /// Moves the rental to the first SIM that takes it.
    fn move_rental(&self) {
        let sims = self.site.json(&["sim", "list"]);
        let mut sims = sims.as_array().unwrap().iter().filter_map(|sim| sim["iccid"].as_str());
        let moved = sims.find_map(|iccid| {
            let args = ["rental", "move", "1", "--to", iccid];
            let output = self.site.run(&[&args[..], &["--json"]].concat());
            output.status.success().then_some(output.stdout)
        });
        let printed = serde_json::from_slice(&moved.unwrap()).unwrap();
        self.check(&["rental", "move", "1", "--to", "ICCID"], &printed);
    }

    /// Follows the messages until there is one.
    fn follow(&self) {
        let mut tail = self.site.command(&["message", "tail", "--json"]);
        let mut tail = tail.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(tail.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line
        });
        let number = &self.site.network().numbers()[3];
        let mut news = 0..;
        wait_for("a message", || {
            let text = format!("news {}", news.next().unwrap_or(0));
            self.site.send("News", number, &text);
            reader.is_finished()
        });
        tail.kill().unwrap();
        tail.wait().unwrap();
        let line = reader.join().unwrap();
        self.check(&["message", "tail"], &serde_json::from_str(&line).unwrap());
    }

    /// The hardware, and what the operator does to it.
    fn operate(&self) {
        let (run, site) = (|args: &[&str]| self.run(args), &self.site);
        let file = |name: &str| site.dir.path().join(name).display().to_string();
        run(&["status"]);
        let sims = run(&["sim", "list"]);
        let in_modem = |name: &str| {
            let mut sims = sims.as_array().unwrap().iter();
            let found = sims.find(|sim| sim["modem"].as_str().is_some_and(|at| at.ends_with(name)));
            found.unwrap()["iccid"].as_str().unwrap().to_owned()
        };
        let iccid = in_modem("modem005");
        run(&["sim", "show", &iccid]);
        run(&["sim", "rest", &iccid, "1d"]);
        run(&["sim", "retire", &iccid]);
        run(&["sim", "retire", &iccid, "--undo"]);
        run(&["sim", "pool", &iccid, "both"]);
        run(&["sim", "set", &iccid, "--rest", "1d"]);
        run(&["sim", "set", &iccid, "--back"]);
        run(&["sim", "set-number", &iccid, "+31612340099"]);
        run(&["sim", "clear-number", &iccid]);
        std::fs::write(file("numbers.csv"), format!("{iccid},+31612340099\n")).unwrap();
        run(&["sim", "import", &file("numbers.csv")]);
        run(&["sim", "set-number", "8931080000000000001", "+31612340098", "--create"]);
        run(&["sim", "remove", "8931080000000000001"]);
        for args in [
            &["modem", "list"][..],
            &["modem", "show", "modem001"],
            &["modem", "signal", "modem001"],
            &["modem", "at", "modem001", "AT+CSQ"],
            &["modem", "ussd", "modem001", "*100#"],
            &["modem", "ask-number", "modem001", "*101#"],
            &["modem", "scan"],
            &["bank", "list"],
            &["bank", "show", "rack"],
            &["bank", "plan", "rack"],
            &["bank", "switch", "rack", "1", "1"],
        ] {
            run(args);
        }
        wait_for("the switch", || run(&["bank", "moves", "rack"]) != Value::Array(vec![]));
        run(&["modem", "record", "modem001", &file("recording")]);
        run(&["modem", "reset", "modem001"]);
        std::fs::write(file("services.toml"), "[[service]]\nname = \"Lyft\"\nprice = \"0.50\"\n")
            .unwrap();
        run(&["service", "import", &file("services.toml")]);
        run(&["check"]);
        std::fs::write(file("wrong.toml"), "[http]\nlisten = 1\n").unwrap();
        let wrong = ["check", "--config", &file("wrong.toml"), "--json"];
        self.check(&wrong, &serde_json::from_slice(&site.run(&wrong).stdout).unwrap());
        let spare = Site::with_modems(1);
        let port = spare.dir.path().join("modems/modem000").display().to_string();
        self.check(&["probe"], &spare.json(&["probe", &port]));
        for modem in ["modem003", "modem005"] {
            run(&["sim", "set-number", &in_modem(modem), "+31612340077"]);
        }
        wait_for("an alarm", || !run(&["status"])["alarms"].as_array().unwrap().is_empty());
        wait_for("it to stand", || !run(&["alarm", "list"]).as_array().unwrap().is_empty());
        run(&["block-list", "list"]);
        run(&["block-list", "show", "banks"]);
        run(&["alarm", "acknowledge", "NumbersContested", "--note", "the cards are swapped"]);
        run(&["sim", "clear-number", &in_modem("modem003")]);
        let ended = || run(&["alarm", "list", "--ended"]);
        wait_for("one to end", || !ended().as_array().unwrap().is_empty());
        let tested = site.run(&["notify", "test", "--json"]);
        self.check(&["notify", "test"], &serde_json::from_slice(&tested.stdout).unwrap());
        run(&["notify", "list"]);
        run(&["config"]);
        run(&["reload"]);
        run(&["backup", &file("copy.db")]);
        run(&["verify"]);
    }
}

/// The commands that have no commands below them, from their manual pages.
fn leaves(site: &Site) -> BTreeSet<String> {
    let folder = site.dir.path().join("manual");
    site.ok(&["manual", folder.to_str().unwrap()]);
    let pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| Some(name.strip_prefix("simbridge-")?.strip_suffix(".1")?.to_owned()))
        .collect();
    let is_above = |page: &String| pages.iter().any(|other| other.starts_with(&format!("{page}-")));
    pages.iter().filter(|page| !is_above(page)).cloned().collect()
}

#[test]
fn every_command_prints_the_json_that_the_page_describes() {
    let (play, _daemon) = open();
    play.sell();
    play.operate();
    let mut faults = play.faults.take();
    let (page, played) = (&play.page, play.played.take());
    for (name, section) in &page.sections {
        for command in section.commands.iter().chain(&section.lists) {
            if !played.iter().any(|line| line.starts_with(command.as_str()))
                && !NOT_PLAYED.contains(&command.as_str())
            {
                faults.push(format!("{command} of section {name} was not played"));
            }
        }
        for (member, kind) in &section.members {
            let unseen = !play.seen.borrow().contains(&format!("{name}.{member}"));
            if unseen && !kind.ends_with("or null") && !SEEN_ELSEWHERE.contains(&name.as_str()) {
                faults.push(format!("{name}.{member} was not seen"));
            }
        }
    }
    let told = |leaf: &String| {
        let is_it = |command: &String| command.replace(' ', "-") == *leaf;
        let sections = page.sections.values();
        page.without.iter().any(is_it)
            || sections.flat_map(|section| section.commands.iter().chain(&section.lists)).any(is_it)
    };
    let leaves = leaves(&play.site);
    faults.extend(leaves.iter().filter(|leaf| !told(leaf)).map(|leaf| format!("{leaf}: no place")));
    let faults: BTreeSet<String> = faults.into_iter().collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
