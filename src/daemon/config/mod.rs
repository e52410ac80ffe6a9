//! The configuration file: TOML. Every fault is reported, with its line and what would be right;
//! for an unknown key, the most similar known key is suggested.
//!
//! To add a key, declare it in `table.rs` and read it where its section becomes settings. Then
//! `UPDATE_DOCS=1 cargo test --lib config::` writes it into docs/configuration.md.

mod banks;
mod block_list;
mod business;
mod database;
mod document;
mod effective;
mod key;
mod manual;
mod modems;
mod notify;
mod reference;
mod rentals;
mod sites;
mod table;

use std::collections::BTreeSet;
use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;
use std::time::Duration;

use axum::http::HeaderName;

use crate::driver::{self, Recovery};
use crate::{gateway, http};
pub use banks::BankSection;
pub use database::{Database, DatabaseServer};
use document::{Document, SectionReader};
pub use effective::EffectiveEntry;
pub use key::TakesEffect;
pub use manual::manual_page;
pub use modems::ModemSection;
pub use notify::NotifySection;
pub use reference::{reference, template};
pub use sites::{SiteSection, SitesSection};
pub use table::takes_effect;

/// Everything that a configuration file sets, with the defaults of what it does not.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[database]`.
    pub database: Database,
    /// `[cluster]`.
    pub cluster: Cluster,
    /// `[http]`.
    pub http: Http,
    /// `[admin]`.
    pub admin: Admin,
    /// `[console]`.
    pub console: Console,
    /// `[portal]`.
    pub portal: Portal,
    /// `[[modem]]`, in order.
    pub modems: Vec<ModemSection>,
    /// `[[bank]]`, in order.
    pub banks: Vec<BankSection>,
    /// `[[notify]]`, in order.
    pub notify: Vec<NotifySection>,
    /// `[hardware] folder`: the operator's own profiles.
    pub hardware: PathBuf,
    /// `[recovery]`.
    pub recovery: Recovery,
    /// `[orders]`, `[market]`, `[rentals]`, `[money]`, `[numbers]`, `[retention]`, `[webhooks]`,
    /// `[block_list]` and `[countries.…]`.
    pub gateway: gateway::Settings,
    /// `[limits]`.
    pub limits: http::Limits,
    /// `[sites]`.
    pub sites: SitesSection,
    /// `[site]`, if this daemon is one.
    pub site: Option<SiteSection>,
    /// `[log]`.
    pub log: Log,
    /// What is valid but has no effect, for a warning.
    pub without_effect: Vec<String>,
    /// What the file itself sets, in the order of its lines.
    pub entries: Vec<RawEntry>,
    /// The file, unless the configuration was parsed from a text.
    pub file: Option<PathBuf>,
}

/// A key that a file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    /// The full name of its section, such as `rentals.packages`.
    pub section: String,
    /// Which of several sections of that name it is in, from 0.
    pub index: usize,
    pub key: String,
    /// The value as it is written in the file.
    pub value: String,
    /// Its line, from 1.
    pub line: usize,
}

/// `[cluster]`: this daemon among those that use the same database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// What this daemon is called, unless as its machine is.
    pub name: Option<String>,
    /// For how long the daemon that leads may show nothing before another one takes the lead.
    pub lease: Duration,
}

/// `[http]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    pub listen: SocketAddr,
    pub max_connections: usize,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// The reverse proxies whose word is taken for their clients' addresses.
    pub trusted_proxies: http::TrustedProxies,
}

/// `[admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    pub socket: PathBuf,
    /// Where metrics and health are served in addition to the socket.
    pub metrics_listen: Option<SocketAddr>,
}

/// `[console]`, without what the business decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Console {
    /// Where the operators' pages are served, if they are.
    pub listen: Option<SocketAddr>,
    /// Where operators reach them through a proxy.
    pub origin: Option<http::PublicOrigin>,
    /// The header in which a trusted proxy names an operator.
    pub proxy_user: Option<HeaderName>,
}

/// `[portal]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portal {
    /// Where customers reach their pages, if there are any.
    pub origin: Option<http::PublicOrigin>,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    pub format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Journald when it has started the daemon, else text.
    Auto,
    /// Lines that are made for people to read.
    Text,
    /// One JSON object per line.
    Json,
    /// Entries that are sent to journald directly, with their fields.
    Journald,
}

/// Something that is wrong in a configuration, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1; 0 when the fault is in a value that the file does not set.
    pub line: usize,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Fault {
    /// The line, if the fault is on one of the file.
    pub fn line_of_file(&self) -> Option<usize> {
        Some(self.line).filter(|line| *line > 0)
    }
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    pub path: PathBuf,
    /// Everything that is wrong in the file, or why it cannot be read.
    pub faults: Result<Vec<Fault>, std::io::Error>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.faults {
            Err(error) => {
                write!(f, "cannot read the configuration {path}: {error}")?;
                match error.kind() {
                    ErrorKind::PermissionDenied => f.write_str(
                        "; use sudo, or become a member of the file's group and log in again",
                    ),
                    _ => Ok(()),
                }
            }
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

/// A file as far as it can be understood, for commands that must work while it has faults.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// What the file sets, with the defaults of what could not be understood.
    pub config: Config,
    /// Everything that is wrong in the file.
    pub faults: Vec<Fault>,
    /// Sections with something that was not understood; `""` is the whole file.
    doubtful: BTreeSet<String>,
}

impl Inspection {
    /// Whether a key certainly has the value that the author of the file intended: it is set
    /// without a fault, or it is absent and nothing else in its section can be a misspelling of it.
    pub fn is_certain(&self, section: &str, key: &str) -> bool {
        match self.config.entry(section, key) {
            Some(entry) => self.faults.iter().all(|fault| fault.line != entry.line),
            None => ["", section].iter().all(|doubted| !self.doubtful.contains(*doubted)),
        }
    }
}

impl Config {
    /// Loads a file that must have no faults.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let Inspection { config, faults, .. } = Config::inspect(path)?;
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError { path: path.to_owned(), faults: Ok(faults) })
        }
    }

    /// Parses a text that must have no faults.
    pub fn parse(text: &str) -> Result<Config, Vec<Fault>> {
        let Inspection { config, faults, .. } = Config::inspect_text(text);
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// The configuration of an empty file.
    pub fn defaults() -> Config {
        Config::inspect_text("").config
    }

    /// Reads a file as far as it can be understood.
    pub fn inspect(path: &Path) -> Result<Inspection, ConfigError> {
        let failed = |faults| ConfigError { path: path.to_owned(), faults };
        let octets = std::fs::read(path).map_err(|error| failed(Err(error)))?;
        let text = String::from_utf8(octets).map_err(|error| failed(Ok(vec![no_text(&error)])))?;
        let mut found = Config::inspect_text(&text);
        found.config.file = Some(path.to_owned());
        Ok(found)
    }

    fn inspect_text(text: &str) -> Inspection {
        let document = Document::parse(text);
        let config = Config::read(&document);
        Inspection { config, faults: document.faults(), doubtful: document.doubtful() }
    }

    /// Reads every key; faults are noted in the document.
    fn read<'d>(document: &'d Document<'d>) -> Config {
        document.check_section_names();
        let limited = document.section(&table::limits::SECTION);
        let operators = document.section(&table::console::SECTION);
        let (gateway, mut without_effect) = business::settings(document, &limited, &operators);
        let sites = document.section(&table::sites::SECTION);
        without_effect.extend(sites::without_effect(&sites));
        let database = database::database(&document.section(&table::database::SECTION));
        Config {
            cluster: database::cluster(&document.section(&table::cluster::SECTION), &database),
            database,
            http: http_server(&document.section(&table::http::SECTION)),
            admin: admin(&document.section(&table::admin::SECTION)),
            console: console(&operators),
            portal: Portal {
                origin: document.section(&table::portal::SECTION).find(&table::portal::ORIGIN),
            },
            modems: modems::modems(document),
            banks: banks::banks(document),
            notify: notify::channels(document),
            hardware: document.section(&table::hardware::SECTION).get(&table::hardware::FOLDER),
            recovery: modems::recovery(&document.section(&table::recovery::SECTION)),
            gateway,
            limits: limits(&limited),
            sites: sites::sites(&sites),
            site: sites::site(document),
            log: log(&document.section(&table::log::SECTION)),
            without_effect,
            entries: document.entries(),
            file: None,
        }
    }

    /// Where the file sets a key; for a section that can be repeated, its first occurrence.
    pub fn entry(&self, section: &str, key: &str) -> Option<&RawEntry> {
        self.entries.iter().find(|entry| entry.section == section && entry.key == key)
    }

    /// The settings of the driver.
    pub fn driver_settings(&self) -> driver::Settings {
        driver::Settings::new(Some(self.hardware.clone()), self.recovery.clone())
    }
}

/// The fault of a file that is no text, at the first octet that is none.
fn no_text(error: &FromUtf8Error) -> Fault {
    let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
    Fault {
        line: before.filter(|octet| **octet == b'\n').count() + 1,
        text: "not UTF-8: save the file as UTF-8, or remove the character".to_owned(),
    }
}

fn http_server(section: &SectionReader<'_>) -> Http {
    use table::http::{LISTEN, MAX_CONNECTIONS, TRUSTED_PROXIES, WRITE_TIMEOUT};
    Http {
        listen: section.get(&LISTEN),
        max_connections: section.get(&MAX_CONNECTIONS),
        write_timeout: section.get(&WRITE_TIMEOUT),
        trusted_proxies: http::TrustedProxies::new(section.get(&TRUSTED_PROXIES)),
    }
}

fn admin(section: &SectionReader<'_>) -> Admin {
    use table::admin::{METRICS_LISTEN, SOCKET};
    Admin { socket: section.get(&SOCKET), metrics_listen: section.find(&METRICS_LISTEN) }
}

fn console(section: &SectionReader<'_>) -> Console {
    use table::console::{LISTEN, ORIGIN, PROXY_USER};
    Console {
        listen: section.find(&LISTEN),
        origin: section.find(&ORIGIN),
        proxy_user: section.find(&PROXY_USER),
    }
}

fn limits(section: &SectionReader<'_>) -> http::Limits {
    use table::limits::{
        ADDRESS_PER_SECOND, CONNECTIONS_PER_ADDRESS, CONNECTIONS_PER_KEY, EDITS_PER_MINUTE,
        FAILED_KEYS_PER_MINUTE, KEY_PER_SECOND,
    };
    http::Limits {
        key_per_second: section.get(&KEY_PER_SECOND),
        address_per_second: section.get(&ADDRESS_PER_SECOND),
        failed_keys_per_minute: section.get(&FAILED_KEYS_PER_MINUTE),
        connections_per_key: section.get(&CONNECTIONS_PER_KEY),
        connections_per_address: section.get(&CONNECTIONS_PER_ADDRESS),
        edits_per_minute: section.get(&EDITS_PER_MINUTE),
    }
}

fn log(section: &SectionReader<'_>) -> Log {
    use table::log::{FORMAT, LEVEL};
    Log { level: section.get(&LEVEL).to_owned(), format: section.get(&FORMAT) }
}

#[cfg(test)]
mod tests;
