//! Waiting for the lead of a database on a server, while another daemon has it or the server is
//! away. Monitoring and operators are told so meanwhile; customers and sites are not served.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::config::Config;
use super::monitoring::render_standby;
use super::operator_servers::{serve_commands, serve_metrics};
use super::{StartError, central};
use crate::domain::modem::ModemCounts;
use crate::domain::{Moment, Timestamp};
use crate::driver::Clock;
use crate::http::health::{Faults, Probes};
use crate::http::{self, Listening, RequestIds};
use crate::store::postgres::{Candidate, Server, Term};
use crate::store::{Store, StoreError, other_daemon};

/// How often the lead is asked for.
const INTERVAL: Duration = Duration::from_secs(1);

/// Waits until this daemon leads, and opens the database. `standing_by` is called when that is not
/// at once.
///
/// # Errors
/// The database cannot be used, or an address cannot be listened on.
pub(super) async fn wait_for_lead(
    config: &Config,
    server: Server,
    started: Timestamp,
    standing_by: impl FnOnce(),
) -> Result<Store, StartError> {
    {
        let _metrics = bind(config.admin.metrics_listen, StartError::metrics)?;
        check_addresses(config)?;
    }
    let clock = Clock::start();
    let own_name = server.holder.clone();
    let (mut candidate, led) = try_to_lead(Candidate::new(server), clock.now()).await?;
    let reason = match led {
        Ok(store) => {
            tell_term(&store);
            return Ok(store);
        }
        Err(error) => Reason::of(error, &own_name)?,
    };
    let standby = Arc::new(Standby { started, reason: Mutex::new(reason) });
    let servers = serve(config, &standby)?;
    standby.tell();
    standing_by();
    let store = loop {
        tokio::time::sleep(INTERVAL).await;
        if let Err(error) = check_addresses(config) {
            standby.note(Reason::Fault(error.to_string()));
            continue;
        }
        let (back, led) = try_to_lead(candidate, clock.now()).await?;
        candidate = back;
        match led {
            Ok(store) => break store,
            Err(error) => standby.note(Reason::of(error, &own_name)?),
        }
    };
    tell_term(&store);
    for server in servers {
        server.stop(Duration::ZERO).await;
    }
    Ok(store)
}

/// Fails when customers, operators or sites cannot be served, so that this daemon does not take the
/// lead from one that can.
fn check_addresses(config: &Config) -> Result<(), StartError> {
    // All are held until the end, because two of them may be the same.
    let _customers = bind(Some(config.http.listen), StartError::http)?;
    let _console = bind(config.console.listen, StartError::console)?;
    central::listen(&config.sites).map(drop).map_err(StartError::Sites)
}

fn bind(
    address: Option<SocketAddr>,
    failed: fn(SocketAddr, &io::Error) -> StartError,
) -> Result<Option<TcpListener>, StartError> {
    let Some(address) = address else { return Ok(None) };
    TcpListener::bind(address).map(Some).map_err(|error| failed(address, &error))
}

fn tell_term(store: &Store) {
    if let Some(Term { epoch, previous, .. }) = store.term() {
        tracing::info!(event = "lead_taken", epoch, previous, "this daemon leads");
    }
}

/// Asks for the lead once. It waits for the server, on a thread of its own, for which the end of
/// the process does not wait.
async fn try_to_lead(
    mut candidate: Candidate,
    now: Moment,
) -> Result<(Candidate, Result<Store, StoreError>), StartError> {
    let (answer, answered) = oneshot::channel();
    let attempt = move || {
        let led = Store::lead(&mut candidate, now);
        let _ = answer.send((candidate, led));
    };
    let thread = std::thread::Builder::new().name("store-candidate".to_owned()).spawn(attempt);
    thread.map_err(StoreError::from)?;
    answered.await.map_err(|_| StartError::Store(StoreError::Gone))
}

/// Why this daemon does not lead.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// Another one does.
    Led {
        /// What it is called; `None` where that is not known.
        holder: Option<String>,
    },
    /// There is a fault, which it says.
    Fault(String),
}

impl Reason {
    /// The reason in an error, after which it can be tried again. Others are passed on.
    fn of(error: StoreError, own_name: &str) -> Result<Reason, StoreError> {
        match error {
            StoreError::Led { holder: Some(name) } if name == own_name => Ok(Reason::Fault(
                "the session of this daemon's last term is not over yet, or another daemon has its \
                 name"
                    .to_owned(),
            )),
            StoreError::Led { holder } => Ok(Reason::Led { holder }),
            StoreError::LeaderEnded { .. }
            | StoreError::Away(_)
            | StoreError::Unfit(_)
            | StoreError::Locked
            | StoreError::Full
            | StoreError::Disk(_) => Ok(Reason::Fault(error.to_string())),
            other => Err(other),
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::Led { holder } => {
                write!(f, "standby; {} leads", other_daemon(holder.as_deref()))
            }
            Reason::Fault(fault) => write!(f, "standby; {fault}"),
        }
    }
}

/// What monitoring and operators are told of a daemon that stands by.
struct Standby {
    started: Timestamp,
    reason: Mutex<Reason>,
}

impl Standby {
    fn reason(&self) -> String {
        self.reason.lock().to_string()
    }

    /// Notes the reason of the last attempt, and tells it if it is a new one.
    fn note(&self, reason: Reason) {
        let last = std::mem::replace(&mut *self.reason.lock(), reason.clone());
        if last != reason {
            self.tell();
        }
    }

    fn tell(&self) {
        let reason = self.reason.lock();
        match &*reason {
            Reason::Led { .. } => tracing::info!(event = "standby", "{reason}"),
            Reason::Fault(_) => tracing::warn!(event = "standby", "{reason}"),
        }
    }
}

impl Probes for Standby {
    fn metrics(&self) -> String {
        render_standby(self.started)
    }

    fn liveness_faults(&self) -> Faults<'_> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn readiness_faults(&self) -> Faults<'_> {
        Box::pin(std::future::ready(vec![self.reason()]))
    }

    fn modem_counts(&self) -> ModemCounts {
        ModemCounts::default()
    }
}

/// Listens on the address for metrics, if there is one, and on the admin socket.
fn serve(config: &Config, standby: &Arc<Standby>) -> Result<Vec<Listening>, StartError> {
    let mut servers = Vec::new();
    let health = http::health::router(Arc::clone(standby) as Arc<_>);
    servers.extend(serve_metrics(config, health.clone())?);
    let told = Arc::clone(standby);
    let commands = health.merge(http::admin::standby_router(move || told.reason()));
    let request_ids = Arc::new(RequestIds::starting_at(standby.started));
    servers.push(serve_commands(config, commands, request_ids)?);
    Ok(servers)
}
