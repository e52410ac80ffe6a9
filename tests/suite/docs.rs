//! Every command that the README and the documents show is run: those of `simbridge` and `curl`
//! here, page by page and in the page's order, at a site of simulated modems; those of other
//! programs must appear, word for word, in a script that CI runs.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use simbridge::simulator::Scenario;

use crate::endpoints::made;
use crate::support::{Daemon, PROGRAM, Site, wait_for};

/// The pages, in the order in which a new operator reads them. A command on two pages is run once.
const PAGES: [&str; 7] = [
    "docs/operators-guide.md",
    "docs/several-sites.md",
    "README.md",
    "docs/configuration.md",
    "docs/hardware-guide.md",
    "docs/scenarios.md",
    "docs/legal-notice.md",
];

/// Programs whose commands are run here.
const RUN_HERE: [&str; 2] = ["simbridge", "curl"];

/// Programs whose commands must appear in a script of CI.
const RUN_BY_CI: [&str; 9] = [
    "cargo",
    "bash",
    "apt",
    "systemctl",
    "systemd-analyze",
    "journalctl",
    "dpkg",
    "promtool",
    "systemd/package/build-deb",
];

/// Commands that run until they are stopped. It is enough that they print something.
const LASTING: [&str; 5] = [
    "simbridge serve",
    "simbridge simulate --modems",
    "simbridge message tail",
    "simbridge status --watch",
    "simbridge demo",
];

#[derive(Debug, PartialEq)]
struct Shown {
    command: String,
    /// In a sentence, where a command may be named without its arguments.
    inline: bool,
}

/// The commands of a page: lines of its indented blocks, and text between backticks.
fn shown(page: &str) -> Vec<Shown> {
    let mut found = Vec::new();
    for line in page.lines() {
        if let Some(block) = line.strip_prefix("    ") {
            let command =
                block.trim_start().trim_start_matches("$ ").trim_start_matches("sudo ").to_owned();
            found.push(Shown { command, inline: false });
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.map(|span| Shown { command: span.to_owned(), inline: true }));
        }
    }
    found.retain(|shown| {
        let first = shown.command.split(' ').next().unwrap_or_default();
        shown.command.contains(' ') && (RUN_HERE.contains(&first) || RUN_BY_CI.contains(&first))
    });
    found
}

/// A site like the one that the pages describe.
struct Stage {
    site: Site,
    key: String,
    /// The SIMs that have the numbers which the pages give to them.
    sims: [String; 2],
    /// The number that was skipped.
    number: String,
    /// The order that stands for `ID`, and the message for `MESSAGE`.
    order: String,
    message: String,
    /// Programs that run beside it: the simulator and the daemon of a page.
    beside: Vec<Child>,
    _daemon: Daemon,
}

impl Stage {
    fn new() -> Stage {
        let scenario = "[[modem]]\n".repeat(8) + "[[bank]]\nradios = [6, 7]\nslots = 16\n";
        let site = Site::with(
            8,
            Scenario::parse(&scenario).unwrap(),
            "[orders]\nmax_open_per_account = 9\n",
        );
        let modems = site.dir.path().join("modems").display().to_string();
        let bank = format!(
            "[[bank]]\nname = \"rack\"\nprofile = \"swit\"\ncontrol = \"{modems}/bank0\"\nports = \
             [\"{modems}/modem006\", \"{modems}/modem007\"]\nslots = 16\n[sites]\ncertificate = \
             \"{modems}/sites.crt\"\nkey_file = \"{modems}/sites.key\"\n"
        );
        let text = std::fs::read_to_string(site.config()).unwrap() + &bank;
        std::fs::write(site.config(), text).unwrap();
        let folder = site.dir.path();
        std::fs::create_dir(folder.join("bin")).unwrap();
        std::os::unix::fs::symlink(PROGRAM, folder.join("bin/simbridge")).unwrap();
        let daemon = site.serve_ready();
        let (key, message, number) = (String::new(), String::new(), String::new());
        let order = "1".to_owned();
        let shown = site.admin("/sims");
        let sims = ["+31612340000", "+31612340003"].map(|number| {
            let mut sims = shown.as_array().unwrap().iter();
            let sim = sims.find(|sim| sim["number"] == number).unwrap();
            sim["iccid"].as_str().unwrap().to_owned()
        });
        let beside = Vec::new();
        let mut stage = Stage { site, key, sims, order, message, number, beside, _daemon: daemon };
        stage.start("simbridge simulate --modems 1 --dir /tmp/spare").unwrap();
        stage
    }

    /// Replaces the example names of the pages by those of this site.
    fn here(&self, command: &str) -> String {
        let folder = self.site.dir.path().display();
        let [first, other] = &self.sims;
        let numbers = self.site.dir.path().join("numbers.csv");
        std::fs::write(&numbers, format!("{first},+31612340000\n")).unwrap();
        let replaced = [
            ("/tmp/", format!("{folder}/")),
            ("/usr/share/simbridge/", concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned()),
            ("/var/backups/", format!("{folder}/backup-")),
            ("127.0.0.1:8080", self.site.admin("/status")["listen"].as_str().unwrap().to_owned()),
            ("key=…", format!("key={}", self.key)),
            ("/dev/ttyUSB2", format!("{folder}/spare/modem000")),
            (" numbers.csv", format!(" {}", numbers.display())),
            ("my-services.toml", format!("{folder}/my-services.toml")),
            ("--user simbridge", "--user root".to_owned()),
            ("8931040000000000018", first.clone()),
            ("PORT", format!("{folder}/modems/modem001")),
            ("ICCID", other.clone()),
            ("SERVICE COUNTRY", "Uber NL".to_owned()),
            (" ID", format!(" {}", self.order)),
            ("MESSAGE", self.message.clone()),
            ("ann NUMBER", format!("ann {}", self.number)),
            ("KEY-PREFIX", self.key.chars().take(8).collect()),
            ("NAME", "ann".to_owned()),
        ];
        replaced.iter().fold(command.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    fn shell(&self, command: &str, end: &str) -> Command {
        let path =
            format!("{}/bin:{}", self.site.dir.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec {}{end}", self.here(command))]);
        shell
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("PATH", path)
            .env("SIMBRIDGE_CONFIG", self.site.config());
        shell.stdin(Stdio::null());
        shell
    }

    fn run(&mut self, shown: &Shown) -> Result<(), String> {
        if LASTING.iter().any(|lasting| shown.command.starts_with(lasting)) {
            return self.start(&shown.command);
        }
        let since = |stage: &Stage| stage.site.admin("/modems")[1]["since"].clone();
        let before = since(self);
        self.prepare(&shown.command);
        let output = self.shell(&shown.command, "").output().unwrap();
        self.order = "1".to_owned();
        // A sentence may name a command without its arguments.
        if shown.inline && output.status.code() == Some(2) {
            let help = self.shell(&shown.command, " --help").output().unwrap();
            return success(&shown.command, &help);
        }
        success(&shown.command, &output)?;
        let printed = String::from_utf8_lossy(&output.stdout);
        if shown.command.starts_with("curl")
            && !["ORDER_ID_", "SUCCESS_"].iter().any(|good| printed.starts_with(good))
        {
            return Err(format!("{}: {printed}", shown.command));
        }
        self.follow(&shown.command, &printed);
        if shown.command.starts_with("simbridge modem reset") {
            wait_for("the modem to begin anew", || since(self) != before);
            self.site.wait_ready();
        }
        Ok(())
    }

    /// Starts a command that runs until it is stopped. It must print something and keep running.
    fn start(&mut self, command: &str) -> Result<(), String> {
        let mut shell = self.shell(command, " 2>&1");
        if command == "simbridge serve" {
            // A second daemon has a site of its own.
            shell.env("SIMBRIDGE_CONFIG", self.second_configuration());
        }
        let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            let spoke = output.read_line(&mut String::new()).unwrap() > 0;
            // A program that writes into a full pipe would be blocked.
            std::thread::spawn(move || output.lines().for_each(drop));
            spoke
        });
        let mut news = 0..;
        wait_for(command, || {
            let text = format!("news {}", news.next().unwrap_or(0));
            self.site.send("Uber", &self.site.network().numbers()[2], &text);
            reader.is_finished()
        });
        let ended = child.try_wait().unwrap();
        self.beside.push(child);
        let spoke = reader.join().unwrap();
        if spoke && ended.is_none() { Ok(()) } else { Err(format!("{command}: ended by itself")) }
    }

    fn second_configuration(&self) -> PathBuf {
        let folder = self.site.dir.path().join("second");
        let shown = folder.display();
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!(
            "[database]\npath = \"{shown}/db\"\n[http]\nlisten = \"127.0.0.1:0\"\n[admin]\nsocket \
             = \"{shown}/socket\"\n"
        );
        std::fs::write(folder.join("simbridge.toml"), text).unwrap();
        folder.join("simbridge.toml")
    }

    /// Does what has happened before a command is needed.
    fn prepare(&mut self, command: &str) {
        let site = &self.site;
        if command.starts_with("simbridge order refund") {
            let is_charged = || site.admin("/orders/1")["state"] == "completed";
            wait_for("the order to be completed", is_charged);
        }
        if command.starts_with("simbridge account erase") {
            site.ok(&["account", "add", "zoe"]);
        }
        let with_order = ["order cancel", "order deliver", "skip undo"];
        if !with_order.iter().any(|of| command_name(command).ends_with(of)) {
            return;
        }
        // A service that no number here has been used for.
        let name = command_name(command).replace(' ', "-");
        let sender = format!("^{name}$");
        let service = site.json(&["service", "add", &name, "--price", "0.50", "--sender", &sender]);
        let path = format!("/api/makeorder?key={}&serviceId={}", self.key, service["id"]);
        let (order, number) = made(&site.get(&path));
        if command.contains("NUMBER") {
            site.get(&format!("/api/skipnumber?key={}&orderId={order}", self.key));
            self.number.clone_from(&number);
        }
        self.order = order;
        if command.contains("MESSAGE") {
            site.send("Uberette", &format!("+31{}", &number[1..]), "Your code is 846692.");
            let unmatched = || site.admin(&format!("/orders/{}", self.order))["unmatched"].clone();
            wait_for("the message", || unmatched().get(0).is_some());
            self.message = unmatched()[0]["id"].to_string();
            site.ok(&["service", "set", &name, "--add-sender", "^Uberette$"]);
        }
    }

    /// Does what is to happen outside of the daemon after a command.
    fn follow(&mut self, command: &str, printed: &str) {
        if command.starts_with("simbridge key add") && !command.contains("--test") {
            self.key = printed.lines().last().unwrap_or_default().to_owned();
        }
        if let Some(number) =
            printed.strip_prefix("ORDER_ID_").and_then(|rest| rest.split("NUMBER_0").nth(1))
        {
            self.site.send("Uber", &format!("+31{}", number.trim()), "Your Uber code is 846691.");
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.beside {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A command's first three words.
fn command_name(command: &str) -> &str {
    command.match_indices(' ').nth(2).map_or(command, |(end, _)| &command[..end])
}

fn success(command: &str, output: &Output) -> Result<(), String> {
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

pub fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The text of all scripts that CI runs.
fn ci() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let scripts = paths.filter(|path| path.is_file());
    scripts.map(|script| std::fs::read_to_string(script).unwrap()).collect()
}

/// Runs the commands of the pages. Returns the failures, each with its command.
fn faults(pages: &[String]) -> Vec<String> {
    let mut stage = Stage::new();
    let ci = ci();
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for shown in
        pages.iter().flat_map(|page| shown(page)).filter(|shown| seen.insert(shown.command.clone()))
    {
        let first = shown.command.split(' ').next().unwrap_or_default();
        if RUN_BY_CI.contains(&first) {
            let known = ci.contains(&shown.command) || shown.command == "bash .ci/run";
            faults.extend((!known).then(|| format!("{}: no script of CI has it", shown.command)));
        } else if let Err(fault) = stage.run(&shown) {
            faults.push(fault);
        }
    }
    faults
}

#[test]
fn every_command_that_is_shown_is_run() {
    let faults = faults(&PAGES.map(page));
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_command_that_fails_or_is_unknown_is_told() {
    let text = "Do this:\n\n    simbridge acount list\n    cargo dance\n\nor `simbridge sim \
                polish ICCID`, or `simbridge sim show`.\n";
    let faults = faults(&[text.to_owned()]);
    assert_eq!(faults.len(), 3, "{faults:#?}");
}
