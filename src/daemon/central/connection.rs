//! One connection of a site.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::Sites;
use super::boot::Boot;
use crate::daemon::link::{LinkEnd, LinkSide, carry_frames};
use crate::domain::{Moment, SiteName};
use crate::driver::Clock;
use crate::gateway::{SiteLink, SiteRefusal};
use crate::wire::{
    Answered, BootId, CentreEvent, CentreSession, Hello, PROTOCOL, Question, QuestionNumber,
    Refusal, Reply, Request, RequestNumber,
};

/// How long somebody who connects may take to be let in.
const HELLO_TIMEOUT: Duration = Duration::from_secs(20);
/// How much is kept of the version that a site tells, in octets.
const LONGEST_VERSION: usize = 32;

/// A connection of a site, or of somebody who is not known yet.
pub(super) struct Connection {
    sites: Arc<Sites>,
    address: SocketAddr,
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
    clock: Clock,
    /// Who it is, once it was let in.
    known: OnceLock<Known>,
    /// Canceled to end it: the site has connected anew, or its key was revoked.
    ending: CancellationToken,
    /// Canceled when it has ended and is forgotten.
    ended: CancellationToken,
    /// A place among those who were not let in yet.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

struct Inner {
    session: CentreSession,
    /// Who waits for the replies to requests.
    waiting: HashMap<RequestNumber, oneshot::Sender<Reply>>,
    /// Why the other side was not let in.
    refusal: Option<SiteRefusal>,
}

/// A site that was let in.
#[derive(Clone)]
struct Known {
    name: SiteName,
    boot: Arc<Boot>,
}

impl Connection {
    pub(super) fn new(
        sites: Arc<Sites>,
        address: SocketAddr,
        place: OwnedSemaphorePermit,
    ) -> Arc<Connection> {
        let clock = Clock::start();
        let session = CentreSession::new(clock.now(), sites.silent_after);
        Arc::new(Connection {
            sites,
            address,
            inner: Mutex::new(Inner { session, waiting: HashMap::new(), refusal: None }),
            changed: watch::Sender::new(()),
            clock,
            known: OnceLock::new(),
            ending: CancellationToken::new(),
            ended: CancellationToken::new(),
            place: Mutex::new(Some(place)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// The site, once it was let in.
    pub(super) fn site(&self) -> Option<&SiteName> {
        self.known.get().map(|known| &known.name)
    }

    /// Why the other side was not let in.
    pub(super) fn refusal(&self) -> Option<SiteRefusal> {
        self.lock().refusal
    }

    /// Serves the site until the connection ends, and says why it did.
    pub(super) async fn run<S>(self: &Arc<Self>, stream: S) -> LinkEnd
    where
        S: AsyncRead + AsyncWrite,
    {
        let side = Arc::clone(self);
        let mut demand = self.sites.gateway.banks().demand_changes();
        let passing_on = async {
            while demand.changed().await.is_ok() {
                self.lock().session.demands_changed();
                self.changed.send_replace(());
            }
        };
        let unknown_for_long = async {
            tokio::time::sleep(HELLO_TIMEOUT).await;
            if self.site().is_some() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            ended = carry_frames(stream, &side, self.clock) => ended,
            () = self.ending.cancelled() => {
                LinkEnd::Over("it has connected anew, or its key was revoked".to_owned())
            }
            () = unknown_for_long => LinkEnd::Over("it did not say who it is".to_owned()),
            () = passing_on => LinkEnd::Over("the daemon stops".to_owned()),
        }
    }

    /// The connection has ended: it is forgotten, and who waits for its end goes on.
    pub(super) fn end(&self) {
        if let Some(name) = self.site() {
            self.sites.forget(name);
        }
        self.ended.cancel();
    }

    /// Asks the site to do something. `None`: the connection ends before it replies, or it does not
    /// reply in time.
    pub(super) async fn request(&self, request: Request) -> Option<Reply> {
        let (sender, reply) = oneshot::channel();
        {
            let mut inner = self.lock();
            let number = inner.session.request(request, self.clock.now());
            inner.waiting.insert(number, sender);
        }
        self.changed.send_replace(());
        tokio::select! {
            reply = reply => reply.ok(),
            () = self.ended.cancelled() => None,
        }
    }

    async fn handle(self: &Arc<Self>, event: CentreEvent) {
        match event {
            CentreEvent::Hello(hello) => {
                let name = hello.site.clone();
                match self.let_in(hello).await {
                    Ok(()) => self.lock().session.welcome(),
                    Err(why) => self.refuse(&name, why),
                }
            }
            CentreEvent::Asked { number, question } => {
                let Some(known) = self.known.get().cloned() else { return };
                let tasks = known.boot.carrying_out.clone();
                let answering = Arc::clone(self).answer(known, number, question);
                poll_then_spawn(answering, &tasks).await;
            }
            CentreEvent::Reported(report) => {
                let Some(Known { name, boot }) = self.known.get() else { return };
                self.sites.take_report(boot, report.at(name)).await;
            }
            CentreEvent::Replied { request, reply } => {
                if let Some(asker) = self.lock().waiting.remove(&request) {
                    // Whoever asked may have given up meanwhile.
                    let _ = asker.send(reply);
                }
            }
        }
    }

    fn refuse(&self, name: &SiteName, why: SiteRefusal) {
        self.sites.gateway.sites().refused(name, self.address.ip(), why);
        let mut inner = self.lock();
        inner.session.refuse(match why {
            SiteRefusal::Unknown | SiteRefusal::WrongKey => Refusal::UnknownSiteOrKey,
            SiteRefusal::Revoked => Refusal::Revoked,
            SiteRefusal::OtherVersion => Refusal::OtherProtocol { wanted: PROTOCOL },
            SiteRefusal::AlreadyConnected => Refusal::AlreadyConnected,
        });
        inner.refusal = Some(why);
    }

    /// Lets a site in, or says why not.
    async fn let_in(self: &Arc<Self>, hello: Hello) -> Result<(), SiteRefusal> {
        let Hello { protocol, mut version, site: name, key, boot, released } = hello;
        tracing::Span::current().record("name", name.as_str());
        version.truncate(version.floor_char_boundary(LONGEST_VERSION));
        if protocol != PROTOCOL {
            return Err(SiteRefusal::OtherVersion);
        }
        let (sites, gateway) = (&self.sites, &self.sites.gateway);
        let revocation = gateway.sites().authenticate(&name, key.as_bytes())?;
        // A site that connects anew has noticed before the centre that its connection is gone, or
        // the power that was cut is back.
        if let Some(before) = sites.connection_of(&name)
            && before.may_be_replaced_by(boot)
        {
            before.ending.cancel();
            before.ended.cancelled().await;
        }
        sites.finish_questions_of(&name).await;
        let link = SiteLink { version: version.clone(), address: self.address };
        gateway.sites().connected(&name, link)?;
        tracing::info!(event = "site_connected", version, "a site is connected");
        let boot = sites.begin(&name, self, boot, &released);
        drop(self.place.lock().take());
        // A connection lets in once: a second hello ends it.
        let _ = self.known.set(Known { name, boot });
        let ending = self.ending.clone();
        let ended = self.ended.clone();
        tokio::spawn(async move {
            if ended.run_until_cancelled(revocation.cancelled()).await.is_some() {
                ending.cancel();
            }
        });
        Ok(())
    }

    /// Whether the process that connects now with the same key takes the place of this connection.
    fn may_be_replaced_by(&self, boot: BootId) -> bool {
        self.known.get().is_some_and(|known| known.boot.id == boot)
            || self.lock().session.has_missed_beats(self.clock.now())
    }

    async fn answer(self: Arc<Self>, known: Known, number: QuestionNumber, question: Question) {
        let began = self.clock.now();
        let mut owed = OwedAnswer { connection: self, number, answer: None };
        let (connection, question) = (&owed.connection, question.at(&known.name));
        let answer = connection.sites.carry_out(&known.boot, number, question).await;
        let took = connection.clock.now() - began;
        connection.sites.gateway.sites().note_question(&known.name, took);
        owed.answer = Some(answer);
    }
}

/// An answer that a site waits for. It is sent when this is dropped, also by a panic.
struct OwedAnswer {
    connection: Arc<Connection>,
    number: QuestionNumber,
    answer: Option<Answered>,
}

impl Drop for OwedAnswer {
    fn drop(&mut self) {
        let failed = || Err("the central daemon has failed to do it".to_owned());
        let answer = self.answer.take().unwrap_or_else(failed);
        self.connection.lock().session.answer(self.number, answer);
        self.connection.changed.send_replace(());
    }
}

/// Polls a task once before the next one is begun, so that tasks begin in order, and has it go on
/// by itself if it is not done then.
pub(super) async fn poll_then_spawn(
    task: impl Future<Output = ()> + Send + 'static,
    tasks: &TaskTracker,
) {
    let mut task = Box::pin(tasks.track_future(task));
    let is_done =
        std::future::poll_fn(|context| Poll::Ready(task.as_mut().poll(context).is_ready()));
    if !is_done.await {
        tokio::spawn(task.in_current_span());
    }
}

impl LinkSide for Arc<Connection> {
    fn next_frame(&self) -> Option<String> {
        let (clock, wall) = (self.clock.now(), self.sites.gateway.now());
        self.lock().session.next_frame(clock, wall)
    }

    async fn take_line(&self, line: &str) -> Result<(), LinkEnd> {
        let (clock, wall) = (self.clock.now(), self.sites.gateway.now());
        let event = self.lock().session.take_line(line, clock, wall)?;
        if let Some(event) = event {
            self.handle(event).await;
        }
        self.changed.send_replace(());
        Ok(())
    }

    fn deadline(&self) -> Option<Moment> {
        self.lock().session.deadline()
    }

    fn tick(&self) -> Result<(), LinkEnd> {
        let now = self.clock.now();
        let mut inner = self.lock();
        for request in inner.session.tick(now) {
            inner.waiting.remove(&request);
        }
        match inner.session.is_silent(now) {
            true => Err(LinkEnd::Silent),
            false => Ok(()),
        }
    }

    fn is_over(&self) -> Option<String> {
        let inner = self.lock();
        inner.refusal.filter(|_| inner.session.has_refused()).map(|refusal| refusal.to_string())
    }

    fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
