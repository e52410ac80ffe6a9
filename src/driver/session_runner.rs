//! One session over one stream, from the port's opening to its end.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tracing::{debug, info, warn};

use super::clock::Clock;
use super::detail::Record;
use super::modem_events::ModemEvents;
use super::pending::{Answer, Pending};
use super::{Asked, Settings};
use crate::modem::{Action, Session, SessionConfig, Snapshot};

/// Octets read at once. A PTY gives at most 4095.
const READ: usize = 2048;
/// Requests that have not been answered yet.
const MAX_ASKED: usize = 16;

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The port went away.
    HungUp(String),
    /// The modem needs stronger means than commands.
    GivenUp(String),
    /// The modem is served on this port already.
    Double(String),
}

/// Runs a session over any stream until it ends: what a port's task does, and what tests and
/// benchmarks do over streams in memory.
pub async fn attend<S, H>(stream: &mut S, port: &str, settings: &Settings, host: &Arc<H>) -> End
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: ModemEvents,
{
    let (_sender, mut requests) = mpsc::channel(1);
    let report = |snapshot| {
        host.report(snapshot);
        None
    };
    SessionRunner::new(host.as_ref(), settings, &Record::default(), report)
        .run(stream, settings.session(port), &mut requests)
        .await
}

/// What is needed while a session runs.
pub(super) struct SessionRunner<'a, H, R> {
    host: &'a H,
    settings: &'a Settings,
    record: &'a Record,
    report: R,
    clock: Clock,
    pending: Pending<'a>,
    asked: Vec<(u64, Asked)>,
    next_id: u64,
}

impl<'a, H: ModemEvents, R: FnMut(Snapshot) -> Option<End>> SessionRunner<'a, H, R> {
    pub fn new(host: &'a H, settings: &'a Settings, record: &'a Record, report: R) -> Self {
        let clock = Clock::start();
        SessionRunner {
            host,
            settings,
            record,
            report,
            clock,
            pending: Pending::default(),
            asked: Vec::new(),
            next_id: 0,
        }
    }

    pub async fn run<S>(
        &mut self,
        stream: &mut S,
        config: SessionConfig,
        requests: &mut mpsc::Receiver<Asked>,
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
            self.record.turn();
            if let Some(answered) = session.take_answered() {
                self.host.answered(&port, answered);
            }
            if let Err(end) = self.carry_out(&mut session, stream).await {
                return end;
            }
            // A timer that is set too early ticks once in vain; moving it with every command would
            // cost more.
            let deadline = session.next_deadline().map(|moment| clock.instant(moment));
            if let Some(deadline) =
                deadline.filter(|deadline| timer.is_elapsed() || *deadline < timer.deadline())
            {
                timer.as_mut().reset(deadline);
            }
            tokio::select! {
                biased;
                () = timer.as_mut(), if !timer.is_elapsed() => session.tick(clock.now()),
                answer = self.pending.next(), if !self.pending.is_empty() => answered(&mut session, answer, clock),
                Some(asked) = requests.recv(), if self.asked.len() < MAX_ASKED => self.ask(&mut session, asked),
                read = stream.read(&mut buffer) => match read {
                    Ok(0) => return End::HungUp("the port hung up".to_owned()),
                    Ok(length) => {
                        let octets = buffer.get(..length).unwrap_or_default();
                        self.record.came(octets, clock.now());
                        session.receive(octets, clock.now());
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return End::HungUp(format!("reading failed: {error}")),
                },
            }
        }
    }

    fn ask(&mut self, session: &mut Session, asked: Asked) {
        self.next_id += 1;
        session.request(self.next_id, asked.request.clone(), self.clock.now());
        self.asked.push((self.next_id, asked));
    }

    async fn carry_out<S: AsyncWrite + Unpin>(
        &mut self,
        session: &mut Session,
        stream: &mut S,
    ) -> Result<(), End> {
        while let Some(action) = session.next_action() {
            match action {
                Action::Write(bytes) => {
                    self.record.sent(&bytes, self.clock.now());
                    write(stream, &bytes, self.settings.write_timeout).await?;
                }
                Action::Report(snapshot) => {
                    if let Some(end) = (self.report)(snapshot) {
                        return Err(end);
                    }
                }
                Action::Reopen { reason } => return Err(End::GivenUp(reason)),
                Action::Answer { id, reply } => self.reply(id, reply),
                Action::Dropped { count } => self.record.dropped(count),
                work => self.commission(work),
            }
        }
        Ok(())
    }

    fn reply(&mut self, id: u64, reply: Result<Vec<String>, crate::modem::RequestError>) {
        if let Some(at) = self.asked.iter().position(|(known, _)| *known == id) {
            let (_, asked) = self.asked.swap_remove(at);
            // Nobody may be waiting any more.
            let _ = asked.reply.send(reply);
        }
    }

    /// Gives the host its work.
    fn commission(&mut self, action: Action) {
        let host = self.host;
        match action {
            Action::Store { token, received } => {
                self.record.message();
                debug!(event = "message_read", store = %received.store, index = received.index, "read");
                self.pending.push(async move {
                    let stored = host.store(received).await;
                    if let Err(error) = &stored {
                        warn!(event = "message_not_stored", %error, "a message could not be stored; it stays in the modem");
                    }
                    Answer::Stored(token, stored.is_ok())
                });
            }
            Action::Identified { token, imei, sim } => self.pending.push(async move {
                let custody = host.identified(&imei, &sim).await;
                let told = |error| warn!(event = "sim_not_recorded", %error, "the card could not be recorded");
                Answer::MessageOwner(token, custody.map_err(told))
            }),
            Action::Emptied { token, imei, iccid } => self.pending.push(async move {
                let done = host.emptied(&imei, &iccid).await;
                if let Err(error) = &done {
                    warn!(event = "custody_not_recorded", %error, "the change of custody could not be recorded");
                }
                Answer::Emptied(token, done.is_ok())
            }),
            Action::MayEnterPin { token, imei, iccid } => self.pending.push(async move {
                let answer = host.may_enter_pin(&imei, iccid.as_deref()).await;
                let told = |error| warn!(event = "pin_not_recorded", %error, "a PIN's try could not be recorded");
                Answer::MayEnterPin(token, answer.map_err(told))
            }),
            Action::PinAccepted { imei, iccid } => self.pending.push(async move {
                info!(event = "pin_accepted", "the SIM card took its PIN");
                if let Err(error) = host.pin_accepted(&imei, iccid.as_deref()).await {
                    warn!(event = "pin_not_recorded", %error, "that the PIN was taken could not be recorded; it will not be entered again");
                }
                Answer::Nothing
            }),
            Action::Write(_) | Action::Report(_) | Action::Reopen { .. } => {}
            Action::Answer { .. } | Action::Dropped { .. } => {}
        }
    }
}

fn answered(session: &mut Session, answer: Answer, clock: Clock) {
    let now = clock.now();
    match answer {
        Answer::Stored(token, ok) => session.stored(token, ok, now),
        Answer::MessageOwner(token, answer) => session.custody(token, answer, now),
        Answer::Emptied(token, ok) => session.emptied(token, ok, now),
        Answer::MayEnterPin(token, answer) => session.may_enter_pin(token, answer, now),
        Answer::Nothing => {}
    }
}

/// A command is some dozen octets, which any port takes at once unless the modem has stopped
/// reading long ago. Never flushed: that would block the thread.
async fn write<S: AsyncWrite + Unpin>(
    stream: &mut S,
    bytes: &[u8],
    limit: Duration,
) -> Result<(), End> {
    match tokio::time::timeout(limit, stream.write_all(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(End::HungUp(format!("writing failed: {error}"))),
        Err(_) => Err(End::GivenUp("the modem does not read what it is sent".to_owned())),
    }
}
