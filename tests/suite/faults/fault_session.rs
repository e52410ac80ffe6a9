//! One simulated modem with its session, which is run as the driver would: bytes and commits take a
//! few milliseconds, a port that is gone is waited for, and after a session that gave up another is
//! begun after a pause.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use simbridge::domain::modem::{
    ModemReason, ModemRequest, ModemSnapshot, ModemState, PinPermission, RequestError,
};
use simbridge::domain::{Iccid, ModemAtPort, Moment, PortName};
use simbridge::modem::{
    Action, MessageOwner, NotRecorded, Pin, Received, Session, SessionConfig, Token,
};
use simbridge::simulator::{Fault, StepHarness};

use super::command_rate::CommandRate;
use super::kept::{Kept, Refusal};

/// How long bytes take on the line.
const LINE_MS: u64 = 4;
/// How long the host takes to commit.
const COMMIT_MS: u64 = 15;
/// The first and the longest pause before a port is opened again.
const REOPEN_MS: (u64, u64) = (1_000, 60_000);
/// The number of events at the same time after which the session is taken to loop without end.
const MAX_EVENTS_AT_ONCE: u32 = 20_000;

/// An event that is to happen at a certain time.
enum Event {
    ToModem(Vec<u8>),
    ToHost(Vec<u8>),
    Store(Token, Received),
    Identified(Token, Result<MessageOwner, NotRecorded>),
    Emptied(Token, ModemAtPort, Iccid),
    MayEnterPin(Token, PinPermission),
}

/// A request's number, and what the session answered.
pub type Answer = (u64, Result<Vec<String>, RequestError>);

pub struct FaultSession {
    place: usize,
    /// Whether the ICCID is read from the card's file, as in the radios of banks.
    iccid_from_card: bool,
    /// The pause between two keep-alives; `None` for the usual one.
    pub keep_alive: Option<Duration>,
    /// The PIN of the cards, and whether it is tried where it is not known how many attempts are
    /// left.
    pin: Option<(Pin, bool)>,
    /// The cards whose PIN was tried, and whether they accepted it.
    tried: HashMap<Option<Iccid>, bool>,
    session: Option<Session>,
    /// Events in the order of their times.
    events: VecDeque<(u64, Event)>,
    /// When the modem needs its next step.
    step_at_ms: Option<u64>,
    /// When a port that is gone comes back.
    back_at_ms: Option<u64>,
    /// When the port is opened and a session begins.
    open_at_ms: Option<u64>,
    is_plugged_in: bool,
    failures: u32,
    now_ms: u64,
    /// How many events have happened at this time.
    events_at_once: u32,
    /// Requests that the session has not answered.
    requests: Vec<u64>,
    pub answers: VecDeque<Answer>,
    /// Messages that were committed.
    pub stored: u64,
    pub snapshot: Option<ModemSnapshot>,
    pub state: ModemState,
    pub reason: Option<ModemReason>,
    /// The last lines of the conversation.
    pub transcript: VecDeque<String>,
    /// Each command with the time when it was sent.
    pub sent: Vec<(u64, String)>,
    pub rate: CommandRate,
}

fn moment(ms: u64) -> Moment {
    Moment::since_origin(Duration::from_millis(ms))
}

impl FaultSession {
    pub fn new(place: usize) -> FaultSession {
        FaultSession {
            place,
            iccid_from_card: false,
            keep_alive: None,
            pin: None,
            tried: HashMap::new(),
            session: None,
            events: VecDeque::new(),
            step_at_ms: Some(0),
            back_at_ms: None,
            open_at_ms: Some(10),
            is_plugged_in: true,
            failures: 0,
            now_ms: 0,
            events_at_once: 0,
            requests: Vec::new(),
            answers: VecDeque::new(),
            stored: 0,
            snapshot: None,
            state: ModemState::Absent,
            reason: None,
            transcript: VecDeque::new(),
            sent: Vec::new(),
            rate: CommandRate::default(),
        }
    }

    /// A modem that is a radio of a bank.
    pub fn radio(place: usize) -> FaultSession {
        FaultSession { iccid_from_card: true, ..FaultSession::new(place) }
    }

    /// Has the PIN entered into the cards of this modem.
    pub fn set_pin(&mut self, pin: &str, without_count: bool) {
        self.pin = Pin::parse(pin).map(|pin| (pin, without_count));
    }

    /// Sends a request to the session, which adds its answer to `answers`.
    pub fn request(&mut self, id: u64, request: ModemRequest) {
        let now = moment(self.now_ms);
        match &mut self.session {
            Some(session) => {
                self.requests.push(id);
                session.request(id, request, now);
            }
            None => self.answers.push_back((id, Err(RequestError::Gone))),
        }
    }

    /// Runs everything that happens before `until_ms`.
    pub fn run(&mut self, bench: &StepHarness, kept: &mut Kept, from_ms: u64, until_ms: u64) {
        self.set_time(bench, from_ms);
        self.check_port(bench, kept);
        if kept.take_doubt(&self.port())
            && let Some(session) = &mut self.session
        {
            session.doubt_card(moment(self.now_ms));
        }
        if bench.is_awake(self.place) && self.is_plugged_in {
            self.exchange(bench, &[]);
        }
        while let Some(next_ms) = self.next_ms().filter(|next_ms| *next_ms < until_ms) {
            self.set_time(bench, next_ms);
            self.step(bench, kept);
        }
    }

    fn set_time(&mut self, bench: &StepHarness, ms: u64) {
        self.events_at_once = if ms > self.now_ms { 0 } else { self.events_at_once + 1 };
        assert!(
            self.events_at_once < MAX_EVENTS_AT_ONCE,
            "an endless loop at {ms} ms: {:#?}",
            self.transcript
        );
        self.now_ms = self.now_ms.max(ms);
        bench.set_ms(self.now_ms);
    }

    /// When something happens next.
    pub fn next_ms(&self) -> Option<u64> {
        let deadline = self.session.as_ref().and_then(Session::next_deadline);
        // The deadline is rounded up, because a tick before it would do nothing.
        let deadline =
            deadline.map(|at| u64::try_from(at.elapsed().as_micros().div_ceil(1000)).unwrap());
        let event = self.events.front().map(|(at_ms, _)| *at_ms);
        let next = [deadline, event, self.step_at_ms, self.back_at_ms, self.open_at_ms]
            .into_iter()
            .flatten()
            .min();
        next.map(|next_ms| next_ms.max(self.now_ms))
    }

    fn step(&mut self, bench: &StepHarness, kept: &mut Kept) {
        let now = self.now_ms;
        let is_due = |at: &mut Option<u64>| at.take_if(|at| *at <= now).is_some();
        if is_due(&mut self.back_at_ms) {
            bench.plug_in(self.place);
            self.plugged_in();
        }
        if is_due(&mut self.open_at_ms) {
            let usual = SessionConfig::new(self.port());
            let config = SessionConfig {
                keep_alive: self.keep_alive.unwrap_or(usual.keep_alive),
                iccid_from_card: self.iccid_from_card,
                pin: self.pin.as_ref().map(|(pin, _)| pin.clone()),
                pin_without_count: self.pin.as_ref().is_some_and(|(_, without)| *without),
                ..usual
            };
            self.session = Some(Session::new(config, moment(now)));
        }
        if is_due(&mut self.step_at_ms) && self.is_plugged_in {
            self.exchange(bench, &[]);
        }
        if self.events.front().is_some_and(|(at_ms, _)| *at_ms <= now) {
            let (_, event) = self.events.pop_front().unwrap();
            self.handle(event, bench, kept);
        }
        if let Some(session) = &mut self.session
            && session.next_deadline().is_some_and(|at| at <= moment(now))
        {
            session.tick(moment(now));
        }
        self.carry_out(kept);
    }

    pub fn port(&self) -> PortName {
        PortName::from_stored(format!("modem{}", self.place))
    }

    /// Notices when the port has vanished or come back.
    fn check_port(&mut self, bench: &StepHarness, kept: &mut Kept) {
        match bench.port_is_gone(self.place) {
            Some(back_after_ms) if self.is_plugged_in => {
                self.session = None;
                kept.release(&self.port());
                self.events.clear();
                self.is_plugged_in = false;
                (self.open_at_ms, self.step_at_ms) = (None, None);
                self.back_at_ms = back_after_ms.map(|after_ms| self.now_ms + after_ms);
                self.state = ModemState::Absent;
            }
            None if !self.is_plugged_in => {
                bench.plug_in(self.place);
                self.plugged_in();
            }
            _ => {}
        }
    }

    fn plugged_in(&mut self) {
        self.is_plugged_in = true;
        self.back_at_ms = None;
        self.step_at_ms = Some(self.now_ms);
        self.open_at_ms = Some(self.now_ms + 50);
    }

    fn exchange(&mut self, bench: &StepHarness, input: &[u8]) {
        let exchange = bench.exchange(self.place, input);
        self.step_at_ms = exchange.again_in_ms.map(|in_ms| self.now_ms + in_ms.max(1));
        if !exchange.written.is_empty() {
            self.schedule(LINE_MS, Event::ToHost(exchange.written));
        }
    }

    fn schedule(&mut self, in_ms: u64, event: Event) {
        let at_ms = self.now_ms + in_ms;
        let place = self.events.partition_point(|(known_ms, _)| *known_ms <= at_ms);
        self.events.insert(place, (at_ms, event));
    }

    fn handle(&mut self, event: Event, bench: &StepHarness, kept: &mut Kept) {
        let now = moment(self.now_ms);
        match event {
            Event::ToModem(octets) => self.exchange(bench, &octets),
            Event::ToHost(octets) => {
                self.record('<', &octets);
                if let Some(session) = &mut self.session {
                    session.receive(&octets, now);
                }
            }
            Event::Store(token, received) => {
                let before = kept.misattributed.len();
                kept.store(&received);
                for told in kept.misattributed.iter_mut().skip(before) {
                    told.extend(self.transcript.iter().flat_map(|line| ["\n    ", line]));
                }
                self.rate.count_message(self.now_ms);
                self.stored += 1;
                self.session.iter_mut().for_each(|session| session.on_stored(token, true, now));
            }
            Event::Identified(token, owner) => {
                self.session
                    .iter_mut()
                    .for_each(|session| session.on_identified(token, owner.clone(), now));
            }
            Event::MayEnterPin(token, answer) => {
                self.session
                    .iter_mut()
                    .for_each(|session| session.on_pin_permission(token, Ok(answer), now));
            }
            Event::Emptied(token, modem, iccid) => {
                kept.emptied(modem, iccid);
                self.session.iter_mut().for_each(|session| session.on_emptied(token, true, now));
            }
        }
    }

    /// Carries out the actions of the session.
    fn carry_out(&mut self, kept: &mut Kept) {
        if self.session.as_mut().is_some_and(Session::take_card_confirmed) {
            kept.confirm_card(&self.port(), moment(self.now_ms));
        }
        while let Some(action) = self.session.as_mut().and_then(Session::next_action) {
            match action {
                Action::Write(octets) => {
                    self.record('>', &octets);
                    self.rate.count_command(self.now_ms);
                    self.sent
                        .push((self.now_ms, String::from_utf8_lossy(&octets).trim().to_owned()));
                    self.schedule(LINE_MS, Event::ToModem(octets));
                }
                Action::Store { token, received } => {
                    self.schedule(COMMIT_MS, Event::Store(token, received))
                }
                Action::Identified { token, modem, sim } => {
                    let owner = match kept.identified(&modem, &sim, moment(self.now_ms)) {
                        Ok(owner) => Ok(owner),
                        Err(Refusal::Uncertain(other)) => Err(NotRecorded::ModemUncertain(other)),
                        Err(Refusal::ServedOn(other)) => {
                            self.give_up(ModemReason::ServedOnOtherPort(other), kept);
                            return;
                        }
                    };
                    self.schedule(COMMIT_MS, Event::Identified(token, owner));
                }
                Action::Emptied { token, modem, iccid } => {
                    self.schedule(COMMIT_MS, Event::Emptied(token, modem, iccid))
                }
                Action::MayEnterPin { token, iccid, only_if_accepted, .. } => {
                    let answer = match self.tried.get(&iccid) {
                        Some(false) => PinPermission::RefusedBefore,
                        None if only_if_accepted => PinPermission::NeverAccepted,
                        Some(true) | None => PinPermission::Granted,
                    };
                    if answer == PinPermission::Granted {
                        self.tried.insert(iccid, false);
                    }
                    self.schedule(COMMIT_MS, Event::MayEnterPin(token, answer));
                }
                Action::PinAccepted { iccid, .. } => {
                    self.tried.remove(&iccid);
                    self.tried.extend(iccid.map(|iccid| (Some(iccid), true)));
                }
                Action::Report(snapshot) => {
                    kept.report(&snapshot, moment(self.now_ms));
                    self.failures =
                        if snapshot.state == ModemState::Ready { 0 } else { self.failures };
                    self.snapshot = Some(snapshot.clone());
                    (self.state, self.reason) = (snapshot.state, snapshot.reason);
                }
                Action::Answer { id, reply } => {
                    self.requests.retain(|known| *known != id);
                    self.answers.push_back((id, reply));
                }
                Action::Reopen { reason } => self.give_up(reason, kept),
                _ => {}
            }
        }
    }

    /// Ends the session. Messages that were not committed yet are not.
    fn give_up(&mut self, reason: ModemReason, kept: &mut Kept) {
        self.session = None;
        kept.release(&self.port());
        self.events.clear();
        let pause_ms = (REOPEN_MS.0 << self.failures.min(6)).min(REOPEN_MS.1);
        self.failures += 1;
        self.open_at_ms = Some(self.now_ms + pause_ms);
        self.answers.extend(self.requests.drain(..).map(|id| (id, Err(RequestError::Gone))));
        self.state = ModemState::Recovering;
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.state = self.state;
            snapshot.sim = None;
        }
        self.reason = Some(reason);
    }

    /// Adds a fault to the transcript, at the time when the session last did something.
    pub fn record_fault(&mut self, fault: &Fault) {
        self.transcript.push_back(format!("{} ! {fault:?}", self.now_ms));
    }

    /// Adds octets to the transcript.
    fn record(&mut self, direction: char, octets: &[u8]) {
        let text: String = octets.escape_ascii().to_string().chars().take(160).collect();
        self.transcript.push_back(format!("{} {direction} {text}", self.now_ms));
        if self.transcript.len() > 60 {
            self.transcript.pop_front();
        }
    }
}
