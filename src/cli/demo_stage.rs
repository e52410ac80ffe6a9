//! The setting of both demos: simulated modems, a daemon on their PTYs, a catalogue, and a customer
//! with a key and credit.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;

use crate::daemon::config::{Config, Log, LogFormat};
use crate::daemon::{Daemon, StartError, database, logging, system_sources};
use crate::domain::key::{ApiKey, KeyMode};
use crate::domain::{Amount, Service};
use crate::gateway::{KeyEdit, NewService};
use crate::http::{SHIPPED_CATALOGUE, read_catalogue};
use crate::simulator::{Rack, RackConfig};

/// How long all modems may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// A service of the demo with the text of its SMS, in which `{}` or `{0}` stands for the code.
pub(super) struct Sample {
    pub(super) name: &'static str,
    price: i64,
    pub(super) sender: &'static str,
    template: &'static str,
}

/// The services in the demo's catalogue.
pub(super) const SAMPLES: &[Sample] = &[
    Sample {
        name: "Uber",
        price: 50,
        sender: "Uber",
        template: "Your Uber code is {}. Never share this code.",
    },
    Sample {
        name: "WhatsApp",
        price: 80,
        sender: "WhatsApp",
        template: "Your WhatsApp code: {}\nDon't share this code with others",
    },
    Sample {
        name: "Google",
        price: 60,
        sender: "Google",
        template: "G-{} is your Google verification code.",
    },
    Sample { name: "Telegram", price: 45, sender: "Telegram", template: "Telegram code: {}" },
    Sample {
        name: "Tinder",
        price: 35,
        sender: "SinchVerify",
        template: "Your Tinder code is {0} Don’t share @tinder.com #{0}",
    },
];

impl Sample {
    /// The text of an SMS with this code.
    pub(super) fn text(&self, code: &str) -> String {
        self.template.replace("{}", code).replace("{0}", code)
    }
}

/// Makes a random code of six digits.
pub(super) fn new_code() -> anyhow::Result<String> {
    let [a, b, c, ..] = system_sources::random().context("the system gives no random numbers")?;
    Ok(format!("{:06}", u32::from_be_bytes([0, a, b, c]) % 1_000_000))
}

/// Everything that runs in a demo.
pub(super) struct Stage {
    pub(super) folder: TempDir,
    pub(super) rack: Rack,
    pub(super) daemon: Daemon,
    pub(super) services: Vec<Service>,
    pub(super) key: ApiKey,
    _logging: logging::Logging,
}

impl Stage {
    /// Starts everything, and waits until all modems are ready.
    pub(super) async fn start(
        modems: usize,
        listen: SocketAddr,
        console: SocketAddr,
    ) -> anyhow::Result<Stage> {
        let logging = logging::start(&Log { level: "warn".to_owned(), format: LogFormat::Text })?;
        let folder = tempfile::Builder::new().prefix("simbridge-demo-").tempdir()?;
        let ports = folder.path().join("modems");
        let rack = Rack::start(RackConfig {
            dir: ports.clone(),
            modems,
            clock: Arc::new(system_sources::utc_now),
            scenario: None,
        })?;
        let config_path = folder.path().join("simbridge.toml");
        std::fs::write(&config_path, configuration(folder.path(), listen, console))?;
        let config = Config::load(&config_path)?;
        let (clock, entropy) = (system_sources::clock(), system_sources::entropy());
        let store = database::open(&config, clock.now(), || ()).await?;
        let daemon = match Daemon::start(&config, store, clock, entropy).await {
            Ok(daemon) => daemon,
            Err(error) => {
                rack.stop().await;
                return Err(match error {
                    StartError::Http { address, reason } => anyhow::anyhow!(
                        "cannot listen on {address}: {reason}; choose another address with \
                         --listen, like --listen 127.0.0.1:0"
                    ),
                    other => other.into(),
                });
            }
        };
        let services = add_services(&daemon).await?;
        daemon.gateway().accounts().add("demo".to_owned()).await?;
        daemon
            .gateway()
            .accounts()
            .top_up("demo".to_owned(), Amount(2500), "demo".to_owned())
            .await?;
        let key = daemon
            .gateway()
            .accounts()
            .add_key("demo".to_owned(), KeyMode::Live, KeyEdit::default())
            .await?
            .key;
        let stage = Stage { folder, rack, daemon, services, key, _logging: logging };
        stage.wait_until_ready(modems).await?;
        Ok(stage)
    }

    /// The configuration's path, for the other commands.
    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("simbridge.toml")
    }

    async fn wait_until_ready(&self, modems: usize) -> anyhow::Result<()> {
        let ready = async {
            loop {
                let statuses = self.daemon.gateway().modems().modems();
                if statuses.iter().filter(|modem| modem.snapshot.is_ready()).count() == modems {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(READY_WITHIN, ready).await.is_err() {
            bail!("not all simulated modems were Ready within {} s", READY_WITHIN.as_secs());
        }
        Ok(())
    }

    /// Links that let somebody in once: to the operators' pages, and to the customers'.
    pub(super) async fn links(&self) -> anyhow::Result<[String; 2]> {
        let people = self.daemon.gateway().people();
        let owner = people.add_operator("owner".to_owned(), None).await?.token.reveal();
        let customer = people.invite_customer("demo".to_owned(), None).await?.token.reveal();
        let console = self.daemon.console().context("the operators' pages are not served")?;
        let portal = self.daemon.address();
        let link = |address: SocketAddr, token: String| format!("http://{address}/link#{token}");
        Ok([link(console, owner), link(portal, customer)])
    }

    /// Sends a GET request to the customers' API over HTTP, and returns the body of the answer.
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<String> {
        let stream = tokio::net::TcpStream::connect(self.daemon.address()).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let uri = format!("{path}&key={}", self.key.reveal());
        let request = Request::get(uri).header(HOST, "localhost").body(Empty::<Bytes>::new())?;
        let body = sender.send_request(request).await?.into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(body.to_vec())?)
    }

    /// Stops everything. The folder is deleted.
    pub(super) async fn stop(self) {
        self.daemon.stop().await;
        self.rack.stop().await;
    }
}

fn configuration(folder: &Path, listen: SocketAddr, console: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        "[database]\npath = \"{folder}/simbridge.db\"\n\n\
         [http]\nlisten = \"{listen}\"\n\n\
         [portal]\norigin = \"http://{listen}\"\n\n\
         [console]\nlisten = \"{console}\"\nsecond_factor = \"optional\"\n\n\
         [admin]\nsocket = \"{folder}/admin.sock\"\n\n\
         [webhooks]\nallow = [\"http://127.0.0.1/32\"]\n\n\
         [[modem]]\nport = \"{folder}/modems/modem*\"\n"
    )
}

/// Adds the services, which programs for number markets call as in the shipped catalogue.
async fn add_services(daemon: &Daemon) -> anyhow::Result<Vec<Service>> {
    let mut services = Vec::new();
    let shipped = read_catalogue(SHIPPED_CATALOGUE)?;
    for sample in SAMPLES {
        let named = shipped.iter().find(|service| service.name == sample.name).cloned();
        let named = named.map(|service| service.read(daemon.gateway().currency())).transpose()?;
        let new = NewService {
            market_names: named.map(|service| service.market_names).unwrap_or_default(),
            senders: vec![format!("^{}$", sample.sender)],
            ..NewService::new(sample.name, Amount(sample.price))
        };
        services.push(daemon.gateway().services().add(new).await?);
    }
    Ok(services)
}
