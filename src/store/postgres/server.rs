//! Where the database is, and on which terms it is used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::super::StoreError;
use super::fitness::{self, Demands};
use super::session::Session;
use super::tls::Tls;

/// What the server's lists of sessions call this program.
const APPLICATION: &str = "simbridge";
/// How long connecting to one host may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// After how long without a word the other side is asked whether it is still there, how often it is
/// asked again, and how many times.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(5), Duration::from_secs(3), 3);
/// How long what was sent may be without an acknowledgement. (Keepalives are not sent meanwhile.)
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// What may stand after the `?` of a URL. The rest is set by other keys, or here.
const PARAMETERS: [&str; 3] = ["host", "port", "user"];

/// Where a database on PostgreSQL is: user, hosts and name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    url: String,
    config: Box<Config>,
}

impl ServerAddress {
    /// The address as it was written.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is reached over Unix sockets, on which PostgreSQL speaks no TLS.
    pub fn is_on_socket(&self) -> bool {
        self.config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)))
    }

    /// How to connect to each host, with a password, if there is one, and with TLS or without.
    pub fn configs(&self, password: Option<&str>, tls: bool) -> Vec<Config> {
        let (hosts, ports) = (self.config.get_hosts(), self.config.get_ports());
        let port = |host: usize| ports.get(host).or(ports.first()).copied();
        let of_host = |(at, host): (usize, &Host)| self.config_of(host, port(at), password, tls);
        hosts.iter().enumerate().map(of_host).collect()
    }

    fn config_of(
        &self,
        host: &Host,
        port: Option<u16>,
        password: Option<&str>,
        tls: bool,
    ) -> Config {
        let (idle, interval, retries) = KEEPALIVE;
        let mut config = Config::new();
        match host {
            Host::Tcp(name) => config.host(name),
            Host::Unix(folder) => config.host_path(folder),
        };
        if let Some(port) = port {
            config.port(port);
        }
        config
            .user(self.config.get_user().unwrap_or_default())
            .dbname(self.config.get_dbname().unwrap_or_default())
            .ssl_mode(if tls { SslMode::Require } else { SslMode::Disable })
            .application_name(APPLICATION)
            .target_session_attrs(TargetSessionAttrs::ReadWrite)
            .connect_timeout(CONNECT_TIMEOUT)
            .keepalives_idle(idle)
            .keepalives_interval(interval)
            .keepalives_retries(retries)
            .tcp_user_timeout(UNACKNOWLEDGED);
        if let Some(password) = password {
            config.password(password);
        }
        config
    }

    /// Whether what is said to the server does not leave this machine.
    pub fn is_on_this_machine(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        })
    }
}

/// The hosts and the name of the database.
impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown([&*self.config]))
    }
}

/// Reads a URL. The error says what it must be.
impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(url: &str) -> Result<ServerAddress, String> {
        let like = || "like \"postgres://simbridge@db.example.org/simbridge\"".to_owned();
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let config: Config = url.parse().ok().filter(|_| is_url).ok_or_else(like)?;
        if config.get_password().is_some() {
            return Err(
                "without the password, which is shown with it: write that into a file, and \
                        set `password_file`"
                    .to_owned(),
            );
        }
        let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters).split('&');
        let mut names = parameters.filter_map(|one| Some(one.split_once('=')?.0));
        if names.any(|name| !PARAMETERS.contains(&name)) {
            return Err("without parameters other than host, port and user: the rest are keys of \
                        this section"
                .to_owned());
        }
        let of_sockets = |host: &&Host| matches!(host, Host::Unix(_));
        let (hosts, sockets) =
            (config.get_hosts().len(), config.get_hosts().iter().filter(of_sockets).count());
        if hosts == 0 || config.get_user().is_none() || config.get_dbname().is_none() {
            return Err(like());
        }
        if sockets != 0 && sockets != hosts {
            return Err("with hosts of one kind: names, or the folders of sockets".to_owned());
        }
        Ok(ServerAddress { url: url.to_owned(), config: Box::new(config) })
    }
}

/// What a new version does about an older schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// It is brought up to date at the start.
    Auto,
    /// Nothing, until somebody asks for it.
    Manual,
}

/// A database on a PostgreSQL server, or on several of which one takes writes.
#[derive(Debug, Clone)]
pub struct Server {
    /// For each host how to connect to it: database, user and password, and the rest.
    pub hosts: Vec<Config>,
    /// What encrypts the connection, if it is.
    pub tls: Option<Tls>,
    /// How long a statement of the writing session, and above all its COMMIT, may take before the
    /// session is given up.
    pub commit_limit: Duration,
    /// For how long the daemon that leads may show nothing before another one takes the lead.
    pub lease: Duration,
    /// What this daemon is called in the database's row about the lead.
    pub holder: String,
    pub upgrade: Upgrade,
    /// What the server has to be like; `None` in tests, whose server need not survive a power cut.
    pub demands: Option<Demands>,
}

impl Server {
    /// One of its hosts alone.
    pub(in crate::store) fn of_host(&self, host: usize) -> Server {
        let hosts = self.hosts.get(host).cloned().into_iter().collect();
        Server { hosts, ..self.clone() }
    }

    /// Fails with what would be right unless the server is as it has to be.
    pub(in crate::store) fn check_fitness(&self, session: &Session) -> Result<(), StoreError> {
        self.demands.as_ref().map_or(Ok(()), |demands| fitness::check(session, demands))
    }
}

/// The hosts and the name of the database.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(&self.hosts))
    }
}

fn shown<'c>(configs: impl IntoIterator<Item = &'c Config>) -> String {
    let (mut name, mut hosts) = ("", Vec::new());
    for config in configs {
        name = config.get_dbname().or(config.get_user()).unwrap_or_default();
        hosts.push(host_name(config));
    }
    format!("{name} on {}", hosts.join(", "))
}

/// The host that a configuration names.
pub(super) fn host_name(config: &Config) -> String {
    let names = config.get_hosts().iter().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    names.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<ServerAddress, String> {
        url.parse()
    }

    #[test]
    fn an_address_has_user_hosts_and_name_and_nothing_secret() {
        for (url, shown, is_here) in [
            ("postgres://sb@db.example.org/ledger", "ledger on db.example.org", false),
            ("postgresql://sb@db-a:5433,db-b/ledger", "ledger on db-a, db-b", false),
            ("postgres://sb@127.0.0.1:5433/ledger", "ledger on 127.0.0.1", true),
            ("postgres://sb@localhost,db-b/ledger", "ledger on localhost, db-b", false),
            ("postgres://sb@%2Frun%2Fpostgresql/ledger", "ledger on /run/postgresql", true),
            ("postgres:///ledger?host=/run/postgresql&user=sb", "ledger on /run/postgresql", true),
        ] {
            let address = address(url).unwrap();
            assert_eq!((address.url(), address.to_string().as_str()), (url, shown));
            assert_eq!(address.is_on_this_machine(), is_here, "{url}");
        }
        for (url, fault) in [
            ("", "like \"postgres://"),
            ("host=db user=sb dbname=ledger", "like \"postgres://"),
            ("postgres://db/ledger", "like \"postgres://"),
            ("postgres://sb@db", "like \"postgres://"),
            ("postgres://sb:secret@db/ledger", "without the password"),
            ("postgres://sb@db/ledger?password=secret", "without the password"),
            ("postgres://sb@db/ledger?sslmode=disable", "without parameters other than"),
            ("postgres://sb@db,%2Frun%2Fpostgresql/ledger", "with hosts of one kind"),
        ] {
            let told = address(url).unwrap_err();
            assert!(told.starts_with(fault) && !told.contains("secret"), "{url}: {told}");
        }
    }

    #[test]
    fn a_connection_notices_soon_that_the_other_side_is_gone() {
        let address = address("postgres://sb@db-a,db-b:5433/ledger").unwrap();
        let [config, other] = &address.configs(Some("secret"), true)[..] else { panic!() };
        let ports = [config.get_ports(), other.get_ports()];
        assert_eq!(ports, [&[5432], &[5433]]);
        assert_eq!(config.get_hosts(), [Host::Tcp("db-a".to_owned())]);
        assert_eq!((config.get_user(), config.get_dbname()), (Some("sb"), Some("ledger")));
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(5)));
        assert_eq!(config.get_tcp_user_timeout(), Some(&Duration::from_secs(10)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(5));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(config.get_ssl_mode(), SslMode::Require);
        assert_eq!(config.get_password(), Some(&b"secret"[..]));
    }
}
