//! The task of one bank. It passes events of the radios' sessions, the gateway, the bank and the
//! operator to the state machine, and carries out its actions (`actions.rs`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::control::{ControlLine, SwitchCommand, SwitchResult};
use super::{BankEvents, BankPorts, SwitchByHand};
use crate::bank::{Bank, SessionStatus};
use crate::domain::bank::{SlotDemand, SlotRecord};
use crate::domain::modem::RequestError;
use crate::domain::{ClockReading, Iccid, Moment};
use crate::driver::Handle;
use crate::driver::clock::Clock;
use crate::driver::holders::Holders;
use crate::driver::port_record::PortRecord;

/// Stored times may be older than this process, and a moment cannot be negative: the task's clock
/// starts at this value.
const HISTORY: Duration = Duration::from_secs(400 * 24 * 3600);
/// The longest time between two reports of a bank, because old reports are not trusted.
const REPORT_INTERVAL: Duration = Duration::from_secs(20);
/// The pause before stored slots that could not be read are read again.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The outcome of an action.
pub(super) enum Event {
    Demands(Option<Vec<SlotDemand>>),
    ReleaseAnswer(usize, Iccid, bool),
    OffAir(usize, Result<(), RequestError>),
    Switched(usize, Result<(), String>),
    SessionResumed(usize, Result<(), RequestError>),
    Nothing,
}

/// What the task of a bank needs; it outlives a run of the task that panics.
pub(super) struct Resources<E> {
    pub ports: BankPorts,
    pub driver: Handle,
    pub events: Arc<E>,
    /// Notified when the demand for SIMs may have changed.
    pub demands_changed: Arc<Notify>,
    pub by_hand: Arc<Mutex<mpsc::Receiver<SwitchByHand>>>,
}

impl<E> Clone for Resources<E> {
    fn clone(&self) -> Resources<E> {
        Resources {
            ports: self.ports.clone(),
            driver: self.driver.clone(),
            events: Arc::clone(&self.events),
            demands_changed: Arc::clone(&self.demands_changed),
            by_hand: Arc::clone(&self.by_hand),
        }
    }
}

pub(super) struct Task<E> {
    pub(super) ports: BankPorts,
    pub(super) driver: Handle,
    pub(super) events: Arc<E>,
    demands_changed: Arc<Notify>,
    by_hand: Arc<Mutex<mpsc::Receiver<SwitchByHand>>>,
    clock: Clock,
    /// Notified when a session of a radio has reported something.
    session_changed: Arc<Notify>,
    /// The record of each radio, and the number of messages that it had when it was last read.
    records: Vec<(PortRecord, u64)>,
    pub(super) work: JoinSet<Event>,
    /// Sends commands to the task of the control line, if there is one.
    pub(super) commands: Option<mpsc::Sender<SwitchCommand>>,
    /// Held while the operator's program runs. Only one runs at a time, because it may drive one
    /// piece of hardware for all radios.
    pub(super) program_turn: Arc<Mutex<()>>,
}

impl<E: BankEvents> Task<E> {
    pub fn new(resources: Resources<E>) -> Task<E> {
        let Resources { ports, driver, events, demands_changed, by_hand } = resources;
        let session_changed = Arc::new(Notify::new());
        let records = ports.config.radios.iter().map(|radio| {
            let record = driver.records.open(radio);
            record.notify(Arc::clone(&session_changed));
            (record, 0)
        });
        let records = records.collect();
        Task {
            ports,
            driver,
            events,
            demands_changed,
            by_hand,
            clock: Clock::start(),
            session_changed,
            records,
            work: JoinSet::new(),
            commands: None,
            program_turn: Arc::default(),
        }
    }

    fn now(&self) -> Moment {
        self.clock.now() + HISTORY
    }

    pub(super) fn clock_reading(&self) -> ClockReading {
        ClockReading { moment: self.now(), time: self.events.now() }
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.clock.instant(Moment::since_origin(moment.elapsed().saturating_sub(HISTORY)))
    }

    pub async fn run(mut self, stop: CancellationToken) {
        if let Some(records) = stop.run_until_cancelled(self.stored_slots()).await {
            let results = self.start_control_line();
            let now = self.clock_reading();
            let records =
                records.into_iter().map(|record| record.map_time(|time| now.moment_of(time)));
            let bank = Bank::new(self.ports.config.clone(), records.collect(), now.moment);
            stop.run_until_cancelled(self.serve(bank, results)).await;
        }
    }

    /// Reads what is stored about the slots, and tries until it succeeds: without it the plan would
    /// visit every slot again.
    async fn stored_slots(&self) -> Vec<SlotRecord> {
        loop {
            match self.events.read_slots(&self.ports.config.name).await {
                Ok(records) => return records,
                Err(error) => warn!(
                    event = "bank_not_read", %error,
                    "the stored state of the bank's slots cannot be read; trying again"
                ),
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    fn start_control_line(&mut self) -> mpsc::Receiver<SwitchResult> {
        let (results, receiver) = mpsc::channel(16);
        if let Some(path) = self.ports.control.clone() {
            let (sender, commands) = mpsc::channel(256);
            self.commands = Some(sender);
            let line = ControlLine {
                path,
                profile: self.ports.config.profile.clone(),
                holders: Holders::default(),
                commands,
                results,
            };
            self.spawn(async move {
                line.run().await;
                Event::Nothing
            });
        }
        receiver
    }

    async fn serve(&mut self, mut bank: Bank, mut results: mpsc::Receiver<SwitchResult>) {
        let by_hand = Arc::clone(&self.by_hand);
        let mut report_at = self.now();
        self.read_sessions(&mut bank);
        loop {
            if self.carry_out(&mut bank) || report_at <= self.now() {
                self.events.on_bank_report(bank.report(self.clock_reading()));
                report_at = self.now() + REPORT_INTERVAL;
            }
            let deadline =
                bank.next_deadline(self.now()).map_or(report_at, |due| due.min(report_at));
            tokio::select! {
                () = tokio::time::sleep_until(self.instant(deadline)) => bank.tick(self.now()),
                () = self.session_changed.notified() => self.read_sessions(&mut bank),
                () = self.demands_changed.notified() => bank.on_demands_changed(self.now()),
                result = results.recv(), if self.commands.is_some() => match result {
                    Some((radio, result)) => bank.on_switched(radio, result, self.now()),
                    // The task of the control line has panicked. This task ends too, so that both
                    // are started again.
                    None => return,
                },
                Some(event) = self.work.join_next(), if !self.work.is_empty() => {
                    // A session reports before it answers, and the bank needs that order.
                    self.read_sessions(&mut bank);
                    // Work that panicked gives no answer; the deadlines of a switch take care of
                    // that.
                    self.handle(&mut bank, event.unwrap_or(Event::Nothing));
                }
                Some(request) = receive(&by_hand) => self.switch_by_hand(&mut bank, request),
            }
        }
    }

    /// Passes the latest reports of the radios' sessions to the bank.
    fn read_sessions(&mut self, bank: &mut Bank) {
        let now = self.now();
        for (radio, (record, messages)) in self.records.iter_mut().enumerate() {
            let (snapshot, count) = record.latest();
            if let Some(snapshot) = snapshot {
                bank.on_session_status(radio, SessionStatus::from(&snapshot), now);
            }
            if std::mem::replace(messages, count) != count {
                bank.on_message(radio, now);
            }
        }
    }

    fn handle(&self, bank: &mut Bank, event: Event) {
        let now = self.clock_reading();
        let convert = |demand: SlotDemand| demand.map_time(|time| now.moment_of(time));
        let now = now.moment;
        match event {
            Event::Demands(demands) => {
                let demands = demands.map(|demands| demands.into_iter().map(convert).collect());
                bank.on_demands(demands, now);
            }
            Event::ReleaseAnswer(radio, iccid, granted) => {
                bank.on_release_answer(radio, &iccid, granted, now);
            }
            Event::OffAir(radio, result) => bank.on_off_air(radio, result, now),
            Event::Switched(radio, result) => bank.on_switched(radio, result, now),
            Event::SessionResumed(radio, result) => bank.on_session_resumed(radio, result, now),
            Event::Nothing => {}
        }
    }

    fn switch_by_hand(&self, bank: &mut Bank, request: SwitchByHand) {
        let SwitchByHand { radio: name, slot, reply } = request;
        let radios = &self.ports.config.radios;
        let by_number = || name.parse::<usize>().ok()?.checked_sub(1);
        let radio = radios.iter().position(|radio| radio.as_str() == name).or_else(by_number);
        let result = match radio.filter(|radio| *radio < radios.len()) {
            Some(radio) => bank.switch_by_hand(radio, slot, self.now()),
            None => Err(format!(
                "there is no radio {name}; name its port, or its place from 1 to {}",
                radios.len()
            )),
        };
        // Whoever asked may no longer be waiting.
        let _ = reply.send(result);
    }
}

async fn receive(by_hand: &Mutex<mpsc::Receiver<SwitchByHand>>) -> Option<SwitchByHand> {
    by_hand.lock().await.recv().await
}
