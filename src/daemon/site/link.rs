//! The site's end of the link: connects to the centre, asks it, and passes on what it asks. The
//! link lives as long as the site's daemon, whatever becomes of connections.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::net::TcpStream;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::sync::CancellationToken;

use super::read_key;
use crate::daemon::link::{LinkEnd, LinkSide, carry_frames, send_at_once};
use crate::daemon::tls;
use crate::domain::{Moment, Timestamp};
use crate::driver::{Clock, HostError};
use crate::gateway;
use crate::wire::{
    Answer, Answered, Identity, Question, QuestionNumber, Reply, Report, Request, SiteEvent,
    SiteSession,
};

/// How long connecting to a centre may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after all centres were tried in vain; it doubles until the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the centre asks of a site, carried out by its driver and its banks.
pub(super) trait Requests: Send + Sync + 'static {
    fn carry_out(&self, request: Request) -> gateway::BoxFuture<'static, Reply>;
}

/// Whether the site has a connection to a centre.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LinkState {
    /// It has not been tried yet.
    Starting,
    Connected {
        /// The host and port of the centre.
        central: String,
        since: Timestamp,
    },
    /// The last attempt has failed, or the last connection has ended.
    Down {
        since: Timestamp,
        /// What became of each centre that was tried last.
        reason: String,
    },
}

impl fmt::Display for LinkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LinkState::Starting => f.write_str("connecting"),
            LinkState::Connected { central, .. } => write!(f, "connected to {central}"),
            LinkState::Down { reason, .. } => write!(f, "not connected: {reason}"),
        }
    }
}

/// The link to the centre.
pub(super) struct Link {
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
    demands: watch::Sender<()>,
    clock: Clock,
    wall: gateway::Clock,
    /// The file of the site's key.
    key_file: PathBuf,
}

struct Inner {
    session: SiteSession,
    /// Who waits for the answers to questions.
    waiting: HashMap<QuestionNumber, oneshot::Sender<Answered>>,
    state: LinkState,
}

impl Link {
    pub(super) fn new(identity: Identity, key_file: PathBuf, wall: gateway::Clock) -> Link {
        let clock = Clock::start();
        let session = SiteSession::new(identity, clock.now());
        let (waiting, state) = (HashMap::new(), LinkState::Starting);
        Link {
            inner: Mutex::new(Inner { session, waiting, state }),
            changed: watch::Sender::new(()),
            demands: watch::Sender::new(()),
            clock,
            wall,
            key_file,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// The time of the wall clock.
    pub(super) fn now(&self) -> Timestamp {
        self.wall.now()
    }

    pub(super) fn state(&self) -> LinkState {
        self.lock().state.clone()
    }

    /// Asks the centre a question. It is asked in the order in which these calls are polled first.
    pub(super) async fn ask(&self, question: Question) -> Result<Answer, HostError> {
        let (sender, answer) = oneshot::channel();
        {
            let mut inner = self.lock();
            let number = inner.session.ask(question, self.clock.now());
            inner.waiting.insert(number, sender);
        }
        self.changed.send_replace(());
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(reason)) => Err(HostError::new(reason)),
            Err(_) => Err(HostError::new("the central daemon does not answer")),
        }
    }

    /// Reports something, for which there is no answer.
    pub(super) fn report(&self, report: Report) {
        self.lock().session.report(report, self.clock.now());
        self.changed.send_replace(());
    }

    /// Marked when what is wanted of the banks' SIMs may have changed.
    pub(super) fn demands(&self) -> watch::Receiver<()> {
        self.demands.subscribe()
    }

    /// Keeps a connection to one of the centres until `stop`.
    pub(super) async fn run(
        self: Arc<Self>,
        connector: TlsConnector,
        centrals: Vec<String>,
        requests: Arc<dyn Requests>,
        stop: CancellationToken,
    ) {
        let expiring = self.expire_questions();
        let connecting = self.keep_connecting(&connector, &centrals, &requests);
        tokio::select! {
            () = stop.cancelled() => {}
            () = expiring => {}
            () = connecting => {}
        }
    }

    /// Lets questions fail that have waited too long, with or without a connection.
    async fn expire_questions(&self) {
        let mut changes = self.changed.subscribe();
        loop {
            self.drop_expired();
            let deadline = self.lock().session.deadline();
            let due = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(self.clock.instant(deadline)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = changes.changed() => {}
                () = due => {}
            }
        }
    }

    fn drop_expired(&self) {
        let mut inner = self.lock();
        for number in inner.session.tick(self.clock.now()) {
            inner.waiting.remove(&number);
        }
    }

    async fn keep_connecting(
        self: &Arc<Self>,
        connector: &TlsConnector,
        centrals: &[String],
        requests: &Arc<dyn Requests>,
    ) {
        let mut pause = FIRST_PAUSE;
        loop {
            let mut failures = Vec::new();
            for central in centrals {
                let (was_welcome, ended) = self.connect(connector, central, requests).await;
                if was_welcome {
                    pause = FIRST_PAUSE;
                    failures.clear();
                }
                failures.push(format!("{central}: {ended}"));
                self.note_down(failures.join("; "));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Notes why there is no connection; logs it when that is news.
    fn note_down(&self, reason: String) {
        let now = self.now();
        let mut inner = self.lock();
        let (since, is_news) = match &inner.state {
            LinkState::Down { since, reason: known } if *known == reason => (*since, false),
            LinkState::Down { since, .. } => (*since, true),
            LinkState::Starting | LinkState::Connected { .. } => (now, true),
        };
        if is_news {
            tracing::warn!(
                event = "central_away",
                reason,
                "there is no connection to the central daemon"
            );
        }
        inner.state = LinkState::Down { since, reason };
    }

    /// One connection to one centre: whether the site was welcome, and why it ended.
    async fn connect(
        self: &Arc<Self>,
        connector: &TlsConnector,
        central: &str,
        requests: &Arc<dyn Requests>,
    ) -> (bool, LinkEnd) {
        let connecting = async {
            let stream = TcpStream::connect(central).await?;
            send_at_once(&stream);
            // The certificate is known by its fingerprint, so the name does not matter.
            let name = ServerName::from(std::net::IpAddr::from([0, 0, 0, 0]));
            connector.connect(name, stream).await
        };
        let stream = match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return (false, LinkEnd::Over(tls::explain(&error))),
            Err(_) => return (false, LinkEnd::Silent),
        };
        // The operator may have replaced it.
        let key = match read_key(&self.key_file) {
            Ok(key) => key,
            Err(fault) => return (false, LinkEnd::Over(fault)),
        };
        {
            let mut inner = self.lock();
            inner.session.set_key(key);
            inner.session.connected(self.clock.now());
        }
        let side = Connection {
            link: Arc::clone(self),
            central: central.to_owned(),
            requests: Arc::clone(requests),
        };
        let ended = carry_frames(stream, &side, self.clock).await;
        let mut inner = self.lock();
        let was_welcome = inner.session.is_welcome();
        inner.session.disconnected(self.clock.now());
        (was_welcome, ended)
    }
}

/// The link while it has a connection.
struct Connection {
    link: Arc<Link>,
    central: String,
    requests: Arc<dyn Requests>,
}

impl LinkSide for Connection {
    fn next_frame(&self) -> Option<String> {
        let (clock, wall) = (self.link.clock.now(), self.link.now());
        self.link.lock().session.next_frame(clock, wall)
    }

    async fn take_line(&self, line: &str) -> Result<(), LinkEnd> {
        let (clock, wall) = (self.link.clock.now(), self.link.now());
        let event = self.link.lock().session.take_line(line, clock, wall)?;
        self.link.changed.send_replace(());
        match event {
            None => Ok(()),
            Some(event) => self.handle(event),
        }
    }

    fn deadline(&self) -> Option<Moment> {
        self.link.lock().session.deadline()
    }

    fn tick(&self) -> Result<(), LinkEnd> {
        self.link.drop_expired();
        match self.link.lock().session.is_silent(self.link.clock.now()) {
            true => Err(LinkEnd::Silent),
            false => Ok(()),
        }
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.link.changed.subscribe()
    }
}

impl Connection {
    fn handle(&self, event: SiteEvent) -> Result<(), LinkEnd> {
        match event {
            SiteEvent::Welcomed => {
                let central = self.central.clone();
                tracing::info!(
                    event = "central_connected",
                    central,
                    "connected to the central daemon"
                );
                let since = self.link.now();
                self.link.lock().state = LinkState::Connected { central, since };
                // They may have changed while there was no connection.
                self.link.demands.send_replace(());
            }
            SiteEvent::Refused(refusal) => return Err(LinkEnd::Over(refusal.to_string())),
            SiteEvent::Answered { question, answer } => {
                if let Some(asker) = self.link.lock().waiting.remove(&question) {
                    // Whoever asked may have given up meanwhile.
                    let _ = asker.send(answer);
                }
            }
            SiteEvent::Requested { number, request } => {
                let (link, reply) = (Arc::clone(&self.link), self.requests.carry_out(request));
                tokio::spawn(async move {
                    let reply = reply.await;
                    link.lock().session.reply(number, reply);
                    link.changed.send_replace(());
                });
            }
            SiteEvent::DemandsChanged => {
                self.link.demands.send_replace(());
            }
        }
        Ok(())
    }
}
