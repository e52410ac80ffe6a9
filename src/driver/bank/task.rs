//! The task of one bank. It passes events of the radios' sessions, the gateway, the bank and the
//! operator to the state machine, and carries out its actions.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug, info, warn};

use super::control::{ControlLine, SwitchCommand, SwitchResult};
use super::{BankEvents, BankPorts, SwitchByHand};
use crate::bank::{Adapter, Bank, BankAction, SessionStatus};
use crate::domain::bank::{SlotDemand, SlotRecord, SwitchOutcome, SwitchRecord};
use crate::domain::modem::{ModemRequest, RequestError};
use crate::domain::{ClockReading, Iccid, Moment};
use crate::driver::clock::Clock;
use crate::driver::holders::Holders;
use crate::driver::port_record::PortRecord;
use crate::driver::{Handle, HostError, recovery_actions};

/// Stored times may be older than this process, and a moment cannot be negative: the task's clock
/// starts at this value.
const HISTORY: Duration = Duration::from_secs(400 * 24 * 3600);
/// The longest time between two reports of a bank, because old reports are not trusted.
const REPORT_INTERVAL: Duration = Duration::from_secs(20);
/// The pause before stored slots that could not be read are read again.
const RETRY_PAUSE: Duration = Duration::from_secs(5);

/// The outcome of an action.
enum Event {
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
    ports: BankPorts,
    driver: Handle,
    events: Arc<E>,
    demands_changed: Arc<Notify>,
    by_hand: Arc<Mutex<mpsc::Receiver<SwitchByHand>>>,
    clock: Clock,
    /// Notified when a session of a radio has reported something.
    session_changed: Arc<Notify>,
    /// The record of each radio, and the number of messages that it had when it was last read.
    records: Vec<(PortRecord, u64)>,
    work: JoinSet<Event>,
    /// Sends commands to the task of the control line, if there is one.
    commands: Option<mpsc::Sender<SwitchCommand>>,
    /// Held while the operator's program runs. Only one runs at a time, because it may drive one
    /// piece of hardware for all radios.
    program_turn: Arc<Mutex<()>>,
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

    fn clock_reading(&self) -> ClockReading {
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
            match self.events.bank_slots(&self.ports.config.name).await {
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
                self.events.bank_report(bank.report(self.clock_reading()));
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

    /// Carries out all actions that are waiting. Returns whether the bank's report has changed.
    fn carry_out(&mut self, bank: &mut Bank) -> bool {
        let mut report = false;
        while let Some(action) = bank.next_action() {
            match action {
                BankAction::Report => report = true,
                BankAction::FetchDemands(sims) => self.fetch_demands(sims),
                BankAction::RequestRelease { radio, iccid } => self.request_release(radio, iccid),
                BankAction::Reclaim { iccid } => self.events.reclaim(&iccid),
                BankAction::TakeOffAir { radio, iccid } => {
                    self.request(radio, ModemRequest::Leave { iccid }, Event::OffAir);
                }
                BankAction::ResumeSession { radio, restart } => {
                    self.request(radio, ModemRequest::Return { restart }, Event::SessionResumed);
                }
                BankAction::Switch { radio, local_slot } => self.switch(radio, local_slot),
                BankAction::SaveSlot(record) => self.save_slot(record),
                BankAction::SaveSwitch(record) => self.save_switch(record),
            }
        }
        report
    }

    fn spawn(&mut self, work: impl Future<Output = Event> + Send + 'static) {
        self.work.spawn(work.in_current_span());
    }

    fn fetch_demands(&mut self, sims: Vec<Iccid>) {
        let events = Arc::clone(&self.events);
        self.spawn(async move {
            let warn = |error: &HostError| {
                warn!(
                    event = "bank_needs_unknown", %error,
                    "the demand for the bank's SIMs cannot be read now"
                );
            };
            Event::Demands(events.demands(sims).await.inspect_err(warn).ok())
        });
    }

    fn request_release(&mut self, radio: usize, iccid: Iccid) {
        let events = Arc::clone(&self.events);
        self.spawn(async move {
            let warn = |error: &HostError| {
                warn!(
                    event = "bank_leave_unknown", %error,
                    "cannot find out whether a SIM may go off the air; it stays"
                );
            };
            let granted = events.release(&iccid).await.inspect_err(warn).unwrap_or(false);
            Event::ReleaseAnswer(radio, iccid, granted)
        });
    }

    /// Sends a request to a radio's session.
    fn request(
        &mut self,
        radio: usize,
        request: ModemRequest,
        event: fn(usize, Result<(), RequestError>) -> Event,
    ) {
        let Some(port) = self.ports.port(radio).cloned() else { return };
        let driver = self.driver.clone();
        self.spawn(
            async move { event(radio, driver.request(port.as_str(), request).await.map(drop)) },
        );
    }

    fn switch(&mut self, radio: usize, local_slot: u32) {
        debug!(
            event = "bank_switch",
            radio,
            row = local_slot,
            "sending a switch command to the bank"
        );
        match self.ports.config.profile.adapter {
            Adapter::Serial => {
                let command = SwitchCommand { radio, local_slot };
                let sent = self.commands.as_ref().map(|commands| commands.try_send(command));
                if !matches!(sent, Some(Ok(()))) {
                    self.spawn(async move {
                        Event::Switched(
                            radio,
                            Err("the control line does not take commands".to_owned()),
                        )
                    });
                }
            }
            Adapter::Module => {
                let Some(port) = self.ports.port(radio).cloned() else { return };
                let driver = self.driver.clone();
                let slot = u8::try_from(local_slot).unwrap_or(u8::MAX);
                self.spawn(async move {
                    let result = driver.request(port.as_str(), ModemRequest::Slot(slot)).await;
                    Event::Switched(radio, result.map(drop).map_err(|error| error.to_string()))
                });
            }
            Adapter::Command => {
                let command = self.program(radio, local_slot);
                let turn = Arc::clone(&self.program_turn);
                self.spawn(async move {
                    let _turn = turn.lock().await;
                    Event::Switched(radio, recovery_actions::run(&command).await)
                });
            }
        }
    }

    /// The operator's program with its arguments filled in for a switch.
    fn program(&self, radio: usize, local_slot: u32) -> Vec<String> {
        let profile = &self.ports.config.profile;
        let number = u32::try_from(radio).unwrap_or(u32::MAX).saturating_add(profile.first_radio);
        let number = number.to_string();
        let slot = local_slot.saturating_add(profile.first_slot).to_string();
        let port = self.ports.port(radio).map_or("", |port| port.as_str());
        let fill = |word: &String| {
            let word = word.replace("{radio}", &number).replace("{slot}", &slot);
            word.replace("{port}", port).replace("{bank}", &self.ports.config.name)
        };
        self.ports.command.iter().map(fill).collect()
    }

    fn save_slot(&mut self, record: SlotRecord<Moment>) {
        let (events, bank) = (Arc::clone(&self.events), self.ports.config.name.clone());
        let now = self.clock_reading();
        let record = record.map_time(|moment| now.time_of(moment));
        self.spawn(async move {
            if let Err(error) = events.save_slot(&bank, record).await {
                warn!(
                    event = "bank_not_kept", %error,
                    "what was found in a slot could not be stored; the slot will be read again"
                );
            }
            Event::Nothing
        });
    }

    fn save_switch(&mut self, record: SwitchRecord<Moment>) {
        self.log_switch(&record);
        let events = Arc::clone(&self.events);
        let now = self.clock_reading();
        let record = record.map_time(|moment| now.time_of(moment));
        self.spawn(async move {
            if let Err(error) = events.save_switch(record).await {
                warn!(event = "bank_not_kept", %error, "a switch could not be stored");
            }
            Event::Nothing
        });
    }

    fn log_switch(&self, record: &SwitchRecord<Moment>) {
        let deaf_s = (record.ended_at - record.began_at).as_secs();
        let radio = self.ports.config.radios.iter().position(|port| *port == record.port);
        let (radio, slot) = (radio.map(|index| index + 1), record.slot);
        match record.outcome {
            SwitchOutcome::Done => {
                info!(event = "bank_switched", radio, slot, deaf_s, "switched to another SIM");
            }
            outcome => {
                warn!(
                    event = "bank_switch_failed",
                    radio,
                    slot,
                    deaf_s,
                    end = ?outcome,
                    "SIM switch failed"
                );
            }
        }
    }
}

async fn receive(by_hand: &Mutex<mpsc::Receiver<SwitchByHand>>) -> Option<SwitchByHand> {
    by_hand.lock().await.recv().await
}
