//! The configuration file: TOML, every fault at once with its line, an unknown key with the nearest
//! right one.

mod banks;
mod effective;
mod groups;
mod keeping;
mod keys;
mod reader;
mod reading;
mod rentals;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::domain::{BlockList, Countries, Country, Packages};
use crate::driver::{POWER_PLACES, Recovery, unknown_place};
pub use banks::BankKeys;
pub use effective::{EffectiveEntry, template};
pub use keeping::{Limits, Numbers, Retention};
pub use keys::{TakesEffect, takes_effect};
use reader::{Document, Section};
pub use reading::Reading;

/// Everything that a configuration says, with defaults where it says nothing.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[database]`.
    pub database: Database,
    /// `[http]`.
    pub http: Http,
    /// `[admin] socket`.
    pub socket: PathBuf,
    /// `[admin] metrics_listen`: where metrics and health are served beside the socket.
    pub metrics_listen: Option<SocketAddr>,
    /// `[[modem]]`, in order.
    pub modems: Vec<ModemPorts>,
    /// `[[bank]]`, in order.
    pub banks: Vec<BankKeys>,
    /// `[hardware] folder`: the operator's own profiles.
    pub hardware: PathBuf,
    /// `[recovery]`.
    pub recovery: Recovery,
    /// `[numbers]`.
    pub numbers: Numbers,
    /// `[orders]`.
    pub orders: Orders,
    /// `[money] currency`.
    pub currency: String,
    /// `[rentals.packages]` at the rates of `[money.rates]`.
    pub packages: Packages,
    /// `[rentals] rest`.
    pub rental_rest: Duration,
    /// `[retention]`.
    pub retention: Retention,
    /// `[limits]`.
    pub limits: Limits,
    /// `[block_list]`: the shipped rules and the operator's.
    pub block_list: BlockList,
    /// The document's countries and those of `[countries.…]`.
    pub countries: Countries,
    /// `[log]`.
    pub log: Log,
    /// What is right but without effect in this version, for a warning.
    pub without_effect: Vec<String>,
    /// What the file says itself, in the order of its lines.
    pub said: Vec<RawEntry>,
    /// The file; `None` when it was a text.
    pub file: Option<PathBuf>,
}

/// One value that a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// Its section, like `rentals.packages`.
    pub group: String,
    /// Which of several sections of that name, from 0.
    pub place: usize,
    /// Its key.
    pub key: String,
    /// Its value, as it is written.
    pub value: String,
    /// Its line, from 1.
    pub line: usize,
}

/// `[database]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `path`.
    pub path: PathBuf,
    /// `checkpoint`: whether another program moves the write-ahead log into the database.
    pub checkpointed_by_others: bool,
}

/// `[http]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Http {
    /// `listen`.
    pub listen: SocketAddr,
    /// `max_connections`: connections at once.
    pub max_connections: usize,
}

/// One `[[modem]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModemPorts {
    /// A path or a glob.
    pub port: String,
    /// Bits per second.
    pub baud: u32,
    /// The profile's name; without it, what fits is taken.
    pub profile: Option<String>,
    /// The file with the PIN of the SIM cards.
    pub pin_file: Option<PathBuf>,
    /// The line that it stands on.
    pub line: usize,
}

impl ModemPorts {
    /// Whether another entry means the same, on whatever line it stands.
    pub fn is_meant_as(&self, other: &ModemPorts) -> bool {
        *self == ModemPorts { line: self.line, ..other.clone() }
    }
}

/// `[orders]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orders {
    /// How long an order waits and collects.
    pub lifetime: Duration,
    /// Open orders that an account may have at once.
    pub max_open_per_account: usize,
    /// Whether orders of services with patterns may share a SIM.
    pub share_sim: bool,
    /// Whether numbers are shown as country code and digits.
    pub international_numbers: bool,
    /// For how long after its completion an order's number may be had again.
    pub reuse_window: Duration,
    /// What that costs, in percent of the price.
    pub reuse_price_percent: u32,
    /// For how long a used number is not sold for the same service again; `None`: for ever.
    pub number_cooldown: Option<Duration>,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// How lines are written.
    pub format: LogFormat,
}

/// `[log] format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// To journald when it started us, else for people.
    Auto,
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
    /// Straight to journald.
    Journald,
}

/// One thing that is wrong in the file, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; 0: what the file does not say is at fault.
    pub line: usize,
    /// What is wrong and what would be right.
    pub text: String,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    /// The file.
    pub path: PathBuf,
    /// Why it cannot be read, or all that is wrong in it.
    pub faults: Result<Vec<Fault>, std::io::Error>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.faults {
            Err(error) => write!(f, "cannot read the configuration {path}: {error}"),
            Ok(faults) => {
                let line = |fault: &Fault| match fault.line {
                    0 => format!("{path}: {}", fault.text),
                    line => format!("{path}:{line}: {}", fault.text),
                };
                f.write_str(&faults.iter().map(line).collect::<Vec<_>>().join("\n"))
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads a file.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let failed = |faults| ConfigError { path: path.to_owned(), faults };
        let Reading { config, faults, .. } = Config::look(path)?;
        if faults.is_empty() { Ok(config) } else { Err(failed(Ok(faults))) }
    }

    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        let Reading { config, faults, .. } = Config::look_at(text);
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// What a document says; its faults are noted there.
    fn read<'d>(document: &'d Document<'d>) -> Config {
        let mut root = document.root();
        let mut without_effect = Vec::new();
        let money = rentals::money(root.section("money"));
        let (packages, rental_rest) =
            rentals::rentals(root.section("rentals"), money.rates, &mut without_effect);
        let (socket, metrics_listen) = admin(root.section("admin"));
        let config = Config {
            database: database(root.section("database")),
            http: http(root.section("http")),
            socket,
            metrics_listen,
            modems: modems(&mut root),
            banks: banks::banks(&mut root),
            hardware: hardware(root.section("hardware")),
            recovery: recovery(root.section("recovery")),
            numbers: keeping::numbers(root.section("numbers")),
            orders: orders(root.section("orders")),
            currency: money.currency,
            packages,
            rental_rest,
            retention: keeping::retention(root.section("retention")),
            limits: keeping::limits(root.section("limits")),
            block_list: keeping::block_list(root.section("block_list")),
            countries: countries(root.section("countries")),
            log: log(root.section("log")),
            without_effect,
            said: document.said(),
            file: None,
        };
        root.end();
        config
    }
}

fn database(mut section: Section<'_>) -> Database {
    let path = section.text("path").unwrap_or_else(|| "/var/lib/simbridge/simbridge.db".to_owned());
    let checkpoint = section.one_of("checkpoint", &[("auto", false), ("external", true)]);
    section.end();
    Database { path: path.into(), checkpointed_by_others: checkpoint.unwrap_or(false) }
}

fn admin(mut section: Section<'_>) -> (PathBuf, Option<SocketAddr>) {
    let socket = section.text("socket").unwrap_or_else(|| "/run/simbridge/admin.sock".to_owned());
    let metrics = section.parsed("metrics_listen", "an address and port like \"127.0.0.1:9090\"");
    section.end();
    (socket.into(), metrics)
}

fn http(mut section: Section<'_>) -> Http {
    let listen = section.parsed("listen", "an address and port like \"127.0.0.1:8080\"");
    let most =
        section.whole("max_connections", 1..=1_000_000).and_then(|most| usize::try_from(most).ok());
    section.end();
    Http {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
        max_connections: most.unwrap_or(10_000),
    }
}

fn hardware(mut section: Section<'_>) -> PathBuf {
    let folder = section.text("folder").unwrap_or_else(|| "/etc/simbridge/hardware".to_owned());
    section.end();
    folder.into()
}

fn recovery(mut section: Section<'_>) -> Recovery {
    let usual = Recovery::default();
    let resets =
        section.whole("resets_per_hour", 0..=60).and_then(|resets| u32::try_from(resets).ok());
    let recovery = Recovery {
        resets_per_hour: resets.unwrap_or(usual.resets_per_hour),
        usb_rebind: section.flag("usb_rebind").unwrap_or(usual.usb_rebind),
        power_cycle: section.texts("power_cycle"),
    };
    if let Some(fault) =
        recovery.power_cycle.iter().find_map(|word| unknown_place(word, &POWER_PLACES))
    {
        section.fault("power_cycle", format!("`power_cycle`: {fault}"));
    }
    section.end();
    recovery
}

fn modems(root: &mut Section<'_>) -> Vec<ModemPorts> {
    let read = root.sections("modem").into_iter().filter_map(|mut section| {
        let line = section.line();
        let baud = section
            .whole("baud", 300..=4_000_000)
            .and_then(|baud| u32::try_from(baud).ok())
            .unwrap_or(115_200);
        let profile = section.text("profile").filter(|name| name != "auto");
        let pin_file = section.text("pin_file").map(PathBuf::from);
        let port = section.text("port");
        let glob = port.as_deref().map(glob::Pattern::new);
        match &glob {
            None => section.fault_here("a [[modem]] needs port = \"/dev/…\", a path or a glob"),
            Some(Err(error)) => section.fault("port", format!("not a glob: {error}")),
            Some(Ok(_)) => {}
        }
        section.end();
        let port = port.filter(|_| glob.is_some_and(|glob| glob.is_ok()))?;
        Some(ModemPorts { port, baud, profile, pin_file, line })
    });
    read.collect()
}

fn orders(mut section: Section<'_>) -> Orders {
    let format = section.one_of("number_format", &[("national", false), ("international", true)]);
    let number = |read: Option<i64>| read.and_then(|number| u32::try_from(number).ok());
    let orders = Orders {
        lifetime: section.duration("lifetime").unwrap_or(Duration::from_secs(600)),
        max_open_per_account: section
            .whole("max_open_per_account", 1..=1_000_000)
            .and_then(|most| usize::try_from(most).ok())
            .unwrap_or(1),
        share_sim: section.flag("share_sim").unwrap_or(true),
        international_numbers: format.unwrap_or(false),
        reuse_window: section
            .duration_or_zero("reuse_window")
            .unwrap_or(Duration::from_secs(4 * 3600)),
        reuse_price_percent: number(section.whole("reuse_price_percent", 0..=1000)).unwrap_or(50),
        number_cooldown: cooldown(&mut section),
    };
    section.end();
    orders
}

/// `number_cooldown`: a time, or `"never"` for a number that is never sold again for the same
/// service.
fn cooldown(section: &mut Section<'_>) -> Option<Duration> {
    let text = section.text("number_cooldown").filter(|text| text != "never")?;
    let read = humantime::parse_duration(&text).ok();
    if read.is_none() {
        section.fault(
            "number_cooldown",
            "`number_cooldown` must be a time like \"90d\", or \"never\"",
        );
    }
    read
}

fn countries(mut section: Section<'_>) -> Countries {
    let mut countries = Countries::default();
    for (code, mut country) in section.named_sections() {
        let line = country.line();
        let read = Country {
            code: code.to_ascii_uppercase(),
            aliases: country
                .texts("aliases")
                .iter()
                .map(|alias| alias.to_ascii_uppercase())
                .collect(),
            calling_code: country.digits("calling_code").unwrap_or_default(),
            trunk: country.digits("trunk").unwrap_or_default(),
            digits: (
                country.count("fewest_digits").unwrap_or(6),
                country.count("most_digits").unwrap_or(14),
            ),
            mobile_codes: country.mobile_codes("mobile_codes"),
        };
        if read.calling_code.is_empty() {
            country.fault_here("a country needs calling_code = \"49\", its digits without +");
        }
        if let Err(taken) = countries.add(read) {
            country.fault_at(line, format!("the country code {taken} is there already"));
        }
        country.end();
    }
    section.end();
    countries
}

fn log(mut section: Section<'_>) -> Log {
    let levels = ["error", "warn", "info", "debug", "trace"].map(|level| (level, level));
    let level = section.one_of("level", &levels).unwrap_or("info").to_owned();
    let formats = [
        ("auto", LogFormat::Auto),
        ("text", LogFormat::Text),
        ("json", LogFormat::Json),
        ("journald", LogFormat::Journald),
    ];
    let format = section.one_of("format", &formats).unwrap_or(LogFormat::Auto);
    section.end();
    Log { level, format }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let faults = Config::parse(text).unwrap_err();
        faults.iter().map(|fault| format!("{}: {}", fault.line, fault.text)).collect()
    }

    #[test]
    fn everything_has_a_default_but_the_ports() {
        let config = Config::parse("").unwrap();
        assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database.path, Path::new("/var/lib/simbridge/simbridge.db"));
        assert_eq!(config.orders.lifetime, Duration::from_secs(600));
        assert_eq!((config.modems.len(), config.currency.as_str()), (0, "USD"));
    }

    #[test]
    fn what_is_said_is_taken() {
        let config = Config::parse(
            r#"
            [http]
            listen = "[::1]:9000"
            [[modem]]
            port = "/dev/ttyUSB*"
            baud = 9600
            [[modem]]
            port = "/dev/ttyS0"
            [orders]
            lifetime = "90s"
            max_open_per_account = 5
            share_sim = false
            number_format = "international"
            reuse_window = "2h"
            reuse_price_percent = 30
            number_cooldown = "90d"
            [numbers]
            ussd = false
            loopback = true
            [rentals]
            rest = "1d"
            [rentals.packages]
            1m = "20.00 EUR"
            6m = "off"
            2y = "99.00 GBP"
            [money]
            currency = "EUR"
            [money.rates]
            GBP = "1.15"
            [retention]
            message_text = "1h"
            [limits]
            key_per_second = 0
            [block_list]
            shipped = false
            senders = ["^Acme$"]
            [countries.DE]
            calling_code = "49"
            trunk = "0"
            mobile_codes = [262]
            [log]
            level = "debug"
            format = "json"
            "#,
        )
        .unwrap();
        let ports: Vec<_> = config
            .modems
            .iter()
            .map(|modem| (modem.port.as_str(), modem.baud, modem.line))
            .collect();
        assert_eq!(ports, [("/dev/ttyUSB*", 9600, 4), ("/dev/ttyS0", 115_200, 7)]);
        assert_eq!(config.orders.max_open_per_account, 5);
        assert!(config.orders.international_numbers && !config.orders.share_sim);
        let orders = &config.orders;
        assert_eq!((orders.reuse_window.as_secs(), orders.reuse_price_percent), (7200, 30));
        assert_eq!(orders.number_cooldown, Some(Duration::from_secs(90 * 24 * 3600)));
        let price =
            |name: &str| config.packages.find(name).map(|(_, charge)| charge.amount.to_string());
        assert_eq!(
            ["1m", "3m", "6m", "2y"].map(price),
            [Some("20.00"), Some("30.00"), None, Some("113.85")].map(|p| p.map(str::to_owned))
        );
        assert_eq!(
            (config.rental_rest.as_secs(), config.retention.text.as_secs()),
            (24 * 3600, 3600)
        );
        assert_eq!((config.limits.key_per_second, config.limits.failed_keys_per_minute), (0, 300));
        assert_eq!(config.block_list.rule("acme", ""), Some("own"));
        assert_eq!(config.block_list.rule("Rabobank", ""), None);
        assert_eq!(config.countries.find("de").unwrap().mobile_codes, [262]);
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.numbers, Numbers { ussd: false, loopback: true });
    }

    #[test]
    fn each_fault_with_its_line_and_what_would_be_right() {
        for (text, expected) in [
            (
                "[http]\nlissten = \"x\"",
                &["2: unknown key `lissten` in [http]; did you mean `listen`?"][..],
            ),
            ("[htpp]\n", &["1: unknown key `htpp`; did you mean `http`?"]),
            (
                "[zzzzzzzzzz]\n",
                &["1: unknown key `zzzzzzzzzz`; there are `admin`, `bank`, `block_list`, \
                   `countries`, `database`, `hardware`, `http`, `limits`, `log`, `modem`, \
                   `money`, `numbers`, `orders`, `recovery`, `rentals`, `retention`"],
            ),
            ("[http]\nlisten = 8080", &["2: `listen` must be a text in quotes"]),
            (
                "[http]\nlisten = \"8080\"",
                &["2: `listen` must be an address and port like \"127.0.0.1:8080\""],
            ),
            (
                "[[modem]]\nbaud = 9600",
                &["1: a [[modem]] needs port = \"/dev/…\", a path or a glob"],
            ),
            ("[modem]\nport = \"/dev/x\"", &["1: `modem` is a list: write [[modem]]"]),
            ("[[modem]]\nport = \"/dev/x\"\nbaud = 1", &["3: `baud` must be from 300 to 4000000"]),
            (
                "[orders]\nlifetime = \"10 parsecs\"",
                &["2: `lifetime` must be a time like \"10m\", \"4h\" or \"30d\""],
            ),
            ("[orders]\nshare_sim = 1", &["2: `share_sim` must be true or false"]),
            (
                "[log]\nlevel = \"loud\"",
                &["2: `level` must be one of \"error\", \"warn\", \"info\", \"debug\", \"trace\""],
            ),
            (
                "[money]\ncurrency = \"euro\"",
                &["2: a currency is three capital letters like \"USD\""],
            ),
            (
                "[orders]\nreuse_price_percent = 2000",
                &["2: `reuse_price_percent` must be from 0 to 1000"],
            ),
            (
                "[orders]\nnumber_cooldown = \"soon\"",
                &["2: `number_cooldown` must be a time like \"90d\", or \"never\""],
            ),
            (
                "[rentals.packages]\n5w = \"1.00 EUR\"",
                &["2: a package is months or years like \"3m\" or \"1y\""],
            ),
            (
                "[rentals.packages]\n1m = 15",
                &["2: a package's price is a text like \"15.00 EUR\", or \"off\""],
            ),
            (
                "[rentals.packages]\n1m = \"15.00 GBP\"",
                &["2: [money.rates] needs GBP = \"…\", or name another currency"],
            ),
            (
                "[recovery]\npower_cycle = [\"hub\", \"{bus}\"]",
                &["2: `power_cycle`: there is no {bus}; there are {usb}, {hub}, {hub_port}, \
                   {port}"],
            ),
            ("[money.rates]\nEUR = \"0\"", &["2: a rate is written like EUR = \"1.08\""]),
            ("[limits]\nkey_per_second = -1", &["2: `key_per_second` must be from 0 to 1000000"]),
            ("[countries.GB]\ncalling_code = \"44\"", &["1: the country code GB is there already"]),
            (
                "http = 3\n[orders]\nmax_open_per_account = 0",
                &[
                    "1: `http` is a section: write [http]",
                    "3: `max_open_per_account` must be from 1 to 1000000",
                ],
            ),
        ] {
            assert_eq!(faults(text), expected, "{text}");
        }
    }

    #[test]
    fn broken_toml_is_named_with_its_line() {
        let faults = faults("[http]\nlisten = \n");
        assert!(faults.iter().all(|fault| fault.starts_with("2: not TOML: ")), "{faults:?}");
    }

    #[test]
    fn what_is_not_toml_hides_no_other_fault() {
        let faults = faults("[http]\nlisten = \n[orders]\nlifetime = 10\n");
        assert!(
            faults.contains(&"4: `lifetime` must be a text in quotes".to_owned()),
            "{faults:?}"
        );
        assert!(
            faults
                .iter()
                .all(|fault| fault.starts_with("2: not TOML: ") || fault.starts_with("4: ")),
            "{faults:?}"
        );
    }
}
