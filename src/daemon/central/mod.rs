//! The centre's end of the links: lets sites in, carries out what they ask, and passes operators'
//! requests on to them. What is at a site has a name of its own here ([`crate::domain::site`]), and
//! is otherwise treated like what is at the centre.

mod connection;
mod modem_control;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use super::banks::BankBridge;
use super::config::SitesSection;
use super::gateway_bridge::GatewayBridge;
use super::link::send_at_once;
use super::tls;
use crate::domain::{Iccid, SiteName};
use crate::driver::ModemEvents;
use crate::driver::bank::BankEvents;
use crate::gateway::{Gateway, PinTry};
use crate::wire::{
    Answer, Answered, BootId, Question, QuestionNumber, RememberedAnswers, Reply, Report, Request,
};
use connection::{Connection, poll_then_spawn};
pub(super) use modem_control::RoutedModemControl;

/// How long a site may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections there may be that were not let in yet, of sites and of whoever else finds
/// the address.
const MOST_STRANGERS: usize = 512;
/// How many SIMs may be asked about at once.
const MOST_SIMS_ASKED: usize = 4096;
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The sites' connections, and what carries out what they ask.
pub(super) struct Sites {
    gateway: Gateway,
    modems: Arc<GatewayBridge>,
    banks: Arc<BankBridge>,
    silent_after: Duration,
    by_name: Mutex<HashMap<SiteName, Site>>,
    /// Who was not let in last, and why.
    last_refusal: Mutex<Option<(IpAddr, String)>>,
}

/// What is known of a site while this daemon runs.
#[derive(Default)]
struct Site {
    connection: Option<Arc<Connection>>,
    boot: Option<Arc<Boot>>,
}

/// One run of a site's process.
struct Boot {
    id: BootId,
    /// The answers to questions that must not be carried out twice. It is locked while such a
    /// question is carried out, so that the same one, asked again, waits for the first's answer.
    remembered: tokio::sync::Mutex<RememberedAnswers>,
    /// The tries of PINs that were permitted by answers that are remembered.
    pin_tries: Mutex<BTreeMap<QuestionNumber, PinTry>>,
    /// The SIMs that were released to the site.
    released: Mutex<HashSet<Iccid>>,
    /// The questions that are being carried out, whatever has become of their connections.
    carrying_out: TaskTracker,
}

impl Sites {
    pub(super) fn new(
        gateway: Gateway,
        modems: Arc<GatewayBridge>,
        banks: Arc<BankBridge>,
        silent_after: Duration,
    ) -> Arc<Sites> {
        Arc::new(Sites {
            gateway,
            modems,
            banks,
            silent_after,
            by_name: Mutex::default(),
            last_refusal: Mutex::default(),
        })
    }

    /// Serves sites on the address of `[sites]`, if there is one, until `stop`. Returns the
    /// address, which may have a port that the system chose.
    ///
    /// # Errors
    /// The address or the certificate cannot be used; says why and what would be right.
    pub(super) fn serve(
        self: &Arc<Self>,
        config: &SitesSection,
        stop: &CancellationToken,
    ) -> Result<Option<SocketAddr>, String> {
        let Some(address) = config.listen else { return Ok(None) };
        let acceptor = tls::acceptor(&config.certificate, &config.key_file)
            .map_err(|error| format!("{error}; `simbridge site certificate` makes one"))?;
        let failed = |error: std::io::Error| {
            format!("cannot listen on {address} for sites: {error}; set another listen")
        };
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        tracing::info!(event = "sites_served", %address, "serving sites");
        let (sites, stop) = (Arc::clone(self), stop.clone());
        tokio::spawn(async move {
            stop.clone().run_until_cancelled(sites.accept(listener, acceptor, stop)).await
        });
        Ok(Some(address))
    }

    async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        acceptor: TlsAcceptor,
        stop: CancellationToken,
    ) {
        let places = Arc::new(Semaphore::new(MOST_STRANGERS));
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(event = "accept_failed", %error, "a site was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (sites, acceptor, stop) = (Arc::clone(&self), acceptor.clone(), stop.clone());
            let span = tracing::info_span!("site", %address, name = tracing::field::Empty);
            let serving = async move {
                let serving = sites.serve_one(stream, address, acceptor, place);
                stop.run_until_cancelled(Box::pin(serving)).await;
            };
            tokio::spawn(serving.instrument(span));
        }
    }

    async fn serve_one(
        self: Arc<Self>,
        stream: TcpStream,
        address: SocketAddr,
        acceptor: TlsAcceptor,
        place: OwnedSemaphorePermit,
    ) {
        send_at_once(&stream);
        let stream = match tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return tracing::debug!(event = "site_refused", %error, "no agreement on TLS");
            }
            Err(_) => {
                return tracing::debug!(event = "site_refused", "no agreement on TLS in time");
            }
        };
        let forgetting = Forgetting(Connection::new(Arc::clone(&self), address, place));
        let connection = &forgetting.0;
        let ended = connection.run(stream).await;
        if connection.site().is_some() {
            let reason = ended.to_string();
            tracing::warn!(event = "site_disconnected", reason, "a site is not connected any more");
        } else {
            let refusal = connection.refusal();
            let reason = refusal.map_or_else(|| ended.to_string(), |refusal| refusal.to_string());
            self.log_refusal(address, reason);
        }
    }

    /// Forgets the connection of a site that has ended.
    fn forget(&self, name: &SiteName) {
        if let Some(site) = self.by_name.lock().get_mut(name) {
            site.connection = None;
        }
        self.gateway.sites().disconnected(name);
    }

    /// Logs why somebody was not let in, once for all attempts in a row: a site tries again every
    /// few seconds.
    fn log_refusal(&self, address: SocketAddr, reason: String) {
        let refusal = Some((address.ip(), reason));
        let mut last = self.last_refusal.lock();
        if *last != refusal {
            let reason = refusal.as_ref().map(|(_, reason)| reason);
            tracing::warn!(event = "site_refused", reason, "a site was not let in");
            *last = refusal;
        }
    }

    /// The connection that a site has.
    fn connection_of(&self, name: &SiteName) -> Option<Arc<Connection>> {
        self.by_name.lock().get(name)?.connection.clone()
    }

    /// Waits until everything that a site has asked so far is carried out: what it says next about
    /// its SIMs is newer than that.
    async fn finish_questions_of(&self, name: &SiteName) {
        let boot = self.by_name.lock().get(name).and_then(|site| site.boot.clone());
        if let Some(boot) = boot {
            boot.carrying_out.wait().await;
        }
    }

    /// Notes the connection of a site, and which run of its process this is. SIMs that were
    /// released to it and that it does not hold any more are reclaimed.
    fn begin(
        &self,
        name: &SiteName,
        connection: &Arc<Connection>,
        id: BootId,
        released: &[Iccid],
    ) -> Arc<Boot> {
        let (boot, before) = {
            let mut by_name = self.by_name.lock();
            let site = by_name.entry(name.clone()).or_default();
            site.connection = Some(Arc::clone(connection));
            let before = site.boot.clone();
            let same = before.clone().filter(|boot| boot.id == id);
            let boot = same.unwrap_or_else(|| Arc::new(Boot::new(id)));
            site.boot = Some(Arc::clone(&boot));
            (boot, before)
        };
        if before.as_ref().is_none_or(|before| before.id != id) {
            self.gateway.sites().restarted(name);
        }
        let held: HashSet<Iccid> = released.iter().cloned().collect();
        let known = before.map(|before| before.released.lock().clone()).unwrap_or_default();
        known.difference(&held).for_each(|iccid| self.gateway.banks().reclaim(iccid));
        *boot.released.lock() = known.intersection(&held).cloned().collect();
        boot
    }

    /// Carries out a question, whose names are the centre's.
    async fn carry_out(&self, boot: &Boot, number: QuestionNumber, question: Question) -> Answered {
        if question.may_be_asked_twice() {
            return self.carry_out_once(boot, number, question).await;
        }
        let mut remembered = boot.remembered.lock().await;
        if let Some(answer) = remembered.get(number) {
            return answer.clone();
        }
        let answer = self.carry_out_once(boot, number, question).await;
        remembered.remember(number, answer.clone());
        boot.pin_tries.lock().retain(|number, _| remembered.get(*number).is_some());
        answer
    }

    async fn carry_out_once(
        &self,
        boot: &Boot,
        number: QuestionNumber,
        question: Question,
    ) -> Answered {
        let (modems, banks) = (&self.modems, &self.banks);
        let answer = match question {
            Question::RecordIdentity { modem, others, sim } => {
                modems.record_identity(&modem, &others, &sim).await.map(Answer::Owner)
            }
            Question::RecordEmptiedStore { modem, iccid } => {
                modems.record_emptied_store(&modem, &iccid).await.map(|()| Answer::Done)
            }
            Question::PermitPin { modem, iccid, only_if_accepted } => {
                let sims = self.gateway.sims();
                let asked = sims.record_pin_try(&modem, iccid.as_ref(), only_if_accepted).await;
                let (permission, pin_try) = asked.map_err(|error| error.to_string())?;
                boot.pin_tries.lock().extend(pin_try.map(|pin_try| (number, pin_try)));
                Ok(Answer::Pin(permission))
            }
            Question::RecordAcceptedPin { modem, iccid } => {
                modems.record_accepted_pin(&modem, iccid.as_ref()).await.map(|()| Answer::Done)
            }
            Question::Store(received) => modems.store(received).await.map(|()| Answer::Done),
            Question::ReadSlots { bank } => banks.read_slots(&bank).await.map(Answer::Slots),
            Question::SaveSlot { bank, record } => {
                banks.save_slot(&bank, record).await.map(|()| Answer::Done)
            }
            Question::SaveSwitch(record) => banks.save_switch(record).await.map(|()| Answer::Done),
            Question::ReadDemands { sims } if sims.len() > MOST_SIMS_ASKED => {
                return Err(format!("at most {MOST_SIMS_ASKED} SIMs can be asked about at once"));
            }
            Question::ReadDemands { sims } => banks.read_demands(sims).await.map(Answer::Demands),
            Question::Release { iccid } => {
                let released = banks.release(&iccid).await;
                if released == Ok(true) {
                    boot.released.lock().insert(iccid);
                }
                released.map(Answer::Released)
            }
        };
        answer.map_err(|error| error.reason)
    }

    /// Takes a report, whose names are the centre's.
    async fn take_report(self: &Arc<Self>, boot: &Arc<Boot>, report: Report) {
        match report {
            Report::PinNotEntered(number) => {
                let undoing = Arc::clone(self).undo_pin_try(Arc::clone(boot), number);
                poll_then_spawn(undoing, &boot.carrying_out).await;
            }
            Report::Port { snapshot, age } => self.modems.report_aged(snapshot, age),
            Report::PortRemoved(port) => self.modems.on_port_removed(&port),
            Report::Bank(report) => self.banks.on_bank_report(report),
            Report::BankGone(bank) => self.banks.on_bank_gone(&bank),
            Report::Reclaimed(iccid) => {
                boot.released.lock().remove(&iccid);
                self.banks.reclaim(&iccid);
            }
        }
    }

    /// Forgets a try of a PIN that was permitted, but not made because the site did not hear of
    /// that in time. Questions that came before have been carried out then, and later ones wait.
    async fn undo_pin_try(self: Arc<Self>, boot: Arc<Boot>, number: QuestionNumber) {
        let _in_order = boot.remembered.lock().await;
        let Some(pin_try) = boot.pin_tries.lock().remove(&number) else { return };
        if let Err(error) = self.gateway.sims().undo_pin_try(pin_try).await {
            tracing::warn!(
                event = "pin_not_recorded",
                %error,
                "that a PIN was not entered could not be recorded; it will not be entered again"
            );
        }
    }

    /// Asks a site to do something. `None`: it is not connected, or does not reply.
    async fn request(&self, name: &SiteName, request: Request) -> Option<Reply> {
        self.connection_of(name)?.request(request).await
    }
}

/// Has a connection forgotten when this is dropped, also by a panic: the site could not connect any
/// more otherwise.
struct Forgetting(Arc<Connection>);

impl Drop for Forgetting {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Boot {
    fn new(id: BootId) -> Boot {
        let carrying_out = TaskTracker::new();
        // So that its tasks can be waited for at any time.
        carrying_out.close();
        Boot {
            id,
            remembered: tokio::sync::Mutex::new(RememberedAnswers::new(id)),
            pin_tries: Mutex::default(),
            released: Mutex::default(),
            carrying_out,
        }
    }
}
