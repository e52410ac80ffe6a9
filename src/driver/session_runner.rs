//! Runs one session over one stream: carries out its actions from the opening of the port until the
//! session ends.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::claims::Claim;
use super::clock::Clock;
use super::modem_events::ModemEvents;
use super::pending::{Answer, Pending};
use super::port_record::PortRecord;
use super::port_records::PortRecords;
use super::remote_line::reason_of;
use super::{QueuedRequest, Settings};
use crate::domain::modem::{ModemReason, ModemSnapshot, RequestError, SimCard};
use crate::domain::{Iccid, ModemAtPort, PortName};
use crate::modem::{Action, NotRecorded, Received, Session, SessionConfig, Token};

/// The size of the read buffer in octets. A PTY returns 4095 at most.
const READ: usize = 2048;
/// While this many requests wait for their answers, no more are taken from the queue.
const MAX_OPEN_REQUESTS: usize = 16;

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The port has gone, or reading or writing failed.
    HungUp(ModemReason),
    /// The modem does not work, and no command of the session helps.
    GivenUp(ModemReason),
    /// The same modem is already served on this other port.
    ServedOn(PortName),
}

/// Runs a session over any stream until it ends, as the task of a port does. Tests and benchmarks
/// use it with streams in memory.
pub async fn run_session<S, H>(
    stream: &mut S,
    port: PortName,
    settings: &Settings,
    host: &Arc<H>,
) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: ModemEvents,
{
    let (_sender, mut requests) = mpsc::channel(1);
    let report = |snapshot| {
        host.report(snapshot);
        None
    };
    SessionRunner::new(host.as_ref(), settings, &PortRecord::default(), report)
        .run(stream, settings.session(port), &mut requests)
        .await
}

/// Runs one session. `report` takes its snapshots and may end it.
pub(super) struct SessionRunner<'a, H, R> {
    host: &'a H,
    settings: &'a Settings,
    record: &'a PortRecord,
    /// The records of all ports, where there are others.
    records: Option<&'a PortRecords>,
    report: R,
    clock: Clock,
    pending: Pending<'a>,
    open_requests: Vec<(u64, QueuedRequest)>,
    next_id: u64,
}

impl<'a, H: ModemEvents, R: FnMut(ModemSnapshot) -> Option<End>> SessionRunner<'a, H, R> {
    pub fn new(host: &'a H, settings: &'a Settings, record: &'a PortRecord, report: R) -> Self {
        let clock = Clock::start();
        SessionRunner {
            host,
            settings,
            record,
            records: None,
            report,
            clock,
            pending: Pending::default(),
            open_requests: Vec::new(),
            next_id: 0,
        }
    }

    /// Serves the modem only if it is not served on another of these ports.
    pub fn with_claims(self, records: &'a PortRecords) -> Self {
        SessionRunner { records: Some(records), ..self }
    }

    pub async fn run<S>(
        &mut self,
        stream: &mut S,
        config: SessionConfig,
        requests: &mut mpsc::Receiver<QueuedRequest>,
    ) -> End
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let clock = self.clock;
        let port = config.port.clone();
        let mut session = Session::new(config, clock.now());
        let mut buffer = [0_u8; READ];
        let mut timer = pin!(tokio::time::sleep_until(clock.instant(clock.now())));
        loop {
            self.record.count_loop_turn();
            if let Some(outcome) = session.take_command_outcome() {
                self.host.on_command_finished(&port, outcome);
            }
            if let Some(records) = self.records.filter(|_| session.take_card_confirmed()) {
                records.confirm_card(&port);
            }
            if let Err(end) = self.carry_out(&mut session, stream).await {
                return end;
            }
            // The timer is moved only to an earlier deadline. When the deadline is later it fires
            // once in vain, which costs less than moving it with every command.
            let deadline = session.next_deadline().map(|moment| clock.instant(moment));
            if let Some(deadline) =
                deadline.filter(|deadline| timer.is_elapsed() || *deadline < timer.deadline())
            {
                timer.as_mut().reset(deadline);
            }
            tokio::select! {
                biased;
                () = timer.as_mut(), if !timer.is_elapsed() => session.tick(clock.now()),
                answer = self.pending.next(), if !self.pending.is_empty() => match answer {
                    Answer::ServedOn(other) => return End::ServedOn(other),
                    answer => deliver_answer(&mut session, answer, clock),
                },
                () = self.record.card_doubted() => session.doubt_card(clock.now()),
                Some(request) = requests.recv(),
                    if self.open_requests.len() < MAX_OPEN_REQUESTS =>
                {
                    self.begin_request(&mut session, request);
                }
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return End::HungUp(ModemReason::HungUp),
                    Ok(length) => {
                        let octets = buffer.get(..length).unwrap_or_default();
                        self.record.add_received(octets, clock.now());
                        session.receive(octets, clock.now());
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return End::HungUp(reason_of(error, ModemReason::ReadFailed)),
                },
            }
        }
    }

    fn begin_request(&mut self, session: &mut Session, queued: QueuedRequest) {
        self.next_id += 1;
        session.request(self.next_id, queued.request.clone(), self.clock.now());
        self.open_requests.push((self.next_id, queued));
    }

    async fn carry_out<S: AsyncWrite + Unpin>(
        &mut self,
        session: &mut Session,
        stream: &mut S,
    ) -> Result<(), End> {
        while let Some(action) = session.next_action() {
            match action {
                Action::Write(bytes) => {
                    self.record.add_sent(&bytes, self.clock.now());
                    write(stream, &bytes, self.settings.write_timeout).await?;
                }
                Action::Report(snapshot) => {
                    if let Some(end) = (self.report)(snapshot) {
                        return Err(end);
                    }
                }
                Action::Reopen { reason } => return Err(End::GivenUp(reason)),
                Action::Answer { id, reply } => self.reply(id, reply),
                Action::Dropped { count } => self.record.count_dropped(count),
                Action::UssdFormLearnt { model, form } => self.record.set_ussd_form(model, form),
                work => self.begin_host_work(work),
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: u64, reply: Result<Vec<String>, RequestError>) {
        if let Some(position) = self.open_requests.iter().position(|(known, _)| *known == id) {
            let (_, request) = self.open_requests.swap_remove(position);
            // Whoever asked may no longer be waiting.
            let _ = request.reply.send(reply);
        }
    }

    /// Begins work of the host; the session gets its answer when it is done.
    fn begin_host_work(&mut self, action: Action) {
        let host = self.host;
        match action {
            Action::Store { token, received } => {
                self.record.count_message();
                self.pending.push(store(host, token, received));
            }
            Action::Identified { token, modem, sim } => {
                self.pending.push(record_sim(host, self.records, token, modem, sim));
            }
            Action::Emptied { token, modem, iccid } => {
                self.pending.push(record_emptied_store(host, token, modem, iccid));
            }
            Action::MayEnterPin { token, modem, iccid, only_if_accepted } => {
                self.pending.push(ask_for_pin(host, token, modem, iccid, only_if_accepted));
            }
            Action::PinAccepted { modem, iccid } => {
                self.pending.push(record_accepted_pin(host, modem, iccid));
            }
            Action::Write(_) | Action::Report(_) | Action::Reopen { .. } => {}
            Action::Answer { .. } | Action::Dropped { .. } | Action::UssdFormLearnt { .. } => {}
        }
    }
}

async fn store(host: &impl ModemEvents, token: Token, received: Received) -> Answer {
    let (store, index) = received.slot.map_or(("", -1), |slot| (slot.store.as_str(), slot.index));
    debug!(event = "message_read", store, index, "message read");
    let stored = host.store(received).await;
    if let Err(error) = &stored {
        warn!(
            event = "message_not_stored",
            %error,
            "a message could not be stored; it stays in the modem"
        );
    }
    Answer::Stored(token, stored.is_ok())
}

async fn record_sim(
    host: &impl ModemEvents,
    records: Option<&PortRecords>,
    token: Token,
    modem: ModemAtPort,
    sim: SimCard,
) -> Answer {
    let others = match records.map(|records| records.claim(&modem.port, &sim.iccid)) {
        None => Vec::new(),
        Some(Claim::Granted { others }) => others,
        Some(Claim::ServedOn(other)) => return Answer::ServedOn(other),
        Some(Claim::Undecided(mut ports)) => {
            let other = ports.pop().unwrap_or_else(|| modem.port.clone());
            return Answer::Identified(token, Err(NotRecorded::ModemUncertain(other)));
        }
    };
    let owner = host.record_identity(&modem, &others, &sim).await;
    let log = |error| {
        warn!(event = "sim_not_recorded", %error, "the SIM card could not be recorded");
        NotRecorded::HostFailed
    };
    Answer::Identified(token, owner.map_err(log))
}

async fn record_emptied_store(
    host: &impl ModemEvents,
    token: Token,
    modem: ModemAtPort,
    iccid: Iccid,
) -> Answer {
    let done = host.record_emptied_store(&modem, &iccid).await;
    if let Err(error) = &done {
        warn!(
            event = "custody_not_recorded",
            %error,
            "that the modem's own message store is empty could not be recorded"
        );
    }
    Answer::Emptied(token, done.is_ok())
}

async fn ask_for_pin(
    host: &impl ModemEvents,
    token: Token,
    modem: ModemAtPort,
    iccid: Option<Iccid>,
    only_if_accepted: bool,
) -> Answer {
    let answer = host.permit_pin(&modem, iccid.as_ref(), only_if_accepted).await;
    let log = |error| {
        warn!(
            event = "pin_not_recorded",
            %error,
            "the attempt to enter a PIN could not be recorded; it is not made"
        );
    };
    Answer::MayEnterPin(token, answer.map_err(log))
}

async fn record_accepted_pin(
    host: &impl ModemEvents,
    modem: ModemAtPort,
    iccid: Option<Iccid>,
) -> Answer {
    info!(event = "pin_accepted", "the SIM card accepted its PIN");
    if let Err(error) = host.record_accepted_pin(&modem, iccid.as_ref()).await {
        warn!(
            event = "pin_not_recorded",
            %error,
            "that the PIN was accepted could not be recorded; it will not be entered again"
        );
    }
    Answer::Nothing
}

fn deliver_answer(session: &mut Session, answer: Answer, clock: Clock) {
    let now = clock.now();
    match answer {
        Answer::Stored(token, ok) => session.on_stored(token, ok, now),
        Answer::Identified(token, answer) => session.on_identified(token, answer, now),
        Answer::Emptied(token, ok) => session.on_emptied(token, ok, now),
        Answer::MayEnterPin(token, answer) => session.on_pin_permission(token, answer, now),
        Answer::ServedOn(_) | Answer::Nothing => {}
    }
}

/// Writes bytes to the modem. A command has some dozen octets, which any port takes at once unless
/// the modem stopped reading long ago. Nothing is flushed, because that would block the thread.
async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    limit: Duration,
) -> Result<(), End> {
    match tokio::time::timeout(limit, stream.write_all(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(End::HungUp(reason_of(error, ModemReason::WriteFailed))),
        Err(_) => Err(End::GivenUp(ModemReason::WriteTimedOut)),
    }
}
