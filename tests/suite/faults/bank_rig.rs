//! A SIM bank in simulated time: its state machine, its control line and its radios' sessions
//! against the simulated bank and modems. The tests set the demand for the SIMs.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use chrono::DateTime;
use simbridge::bank::{
    Bank, BankAction, BankConfig, BankProfile, Control, ControlAction, SessionStatus,
};
use simbridge::domain::bank::{
    BankReport, RadioState, SlotContents, SlotDemand, SlotRecord, SwitchTrigger,
};
use simbridge::domain::modem::{ModemRequest, RequestError};
use simbridge::domain::{ClockReading, Iccid, Moment, PortName, Timestamp};
use simbridge::simulator::{Scenario, StepHarness};

use super::fault_session::FaultSession;
use super::kept::Kept;

/// 2026-06-22 12:57:03 UTC.
const BEGAN: i64 = 1_782_133_023;
/// How long the gateway takes to answer.
const GATEWAY_MS: u64 = 15;
/// How long bytes take on the control line.
const LINE_MS: u64 = 4;
/// How much earlier the bank's clock begins than the simulation.
const HISTORY: Duration = Duration::from_secs(100 * 24 * 3600);

enum Due {
    Demands(Vec<SlotDemand<Moment>>),
    ReleaseAnswer(usize, Iccid, bool),
    ToBank(Vec<u8>),
    FromBank(Vec<u8>),
}

enum Asked {
    OffAir(usize),
    SessionResumed(usize),
}

pub struct BankRig {
    bench: StepHarness,
    radios: Vec<FaultSession>,
    config: BankConfig,
    bank: Bank,
    control: Option<Control>,
    /// Events that are due, in the order of their times.
    due: VecDeque<(u64, Due)>,
    look_at_bank_ms: Option<u64>,
    asked: HashMap<u64, Asked>,
    now_ms: u64,
    pub kept: Kept,
    /// What is stored about the slots, which survives a restart.
    saved_slots: BTreeMap<u32, SlotRecord<Moment>>,
    pub held: BTreeSet<Iccid>,
    pub rented: BTreeSet<Iccid>,
    /// SIMs whose tenants have looked for messages.
    pub viewed: BTreeSet<Iccid>,
    /// SIMs that an order waits for, and until when.
    pub ordered: BTreeMap<Iccid, Moment>,
    /// Each text that was sent, and the SIM that it was for.
    sent: Vec<(String, Iccid)>,
}

impl BankRig {
    /// A bank of the `swit` family with the scenario's modems as radios.
    pub fn new(scenario: &str, slots: u32) -> BankRig {
        let scenario = Scenario::parse(scenario).unwrap();
        let bench =
            StepHarness::new(&scenario, DateTime::from_timestamp(BEGAN, 0).unwrap()).unwrap();
        let radios = bench.network().modems();
        let port = |radio| PortName::from_stored(format!("modem{radio}"));
        let mut profile = BankProfile::find(&[], "swit").unwrap();
        // Orders must be in time although the pool lies.
        profile.tries = 20;
        let config = BankConfig {
            name: "rack".to_owned(),
            profile,
            radios: (0..radios).map(port).collect(),
            slots,
            rental_visit: Duration::from_secs(20 * 60),
            quiet: Duration::from_secs(10),
            stay: Duration::from_secs(60),
            sell_within: Duration::ZERO,
            visit_on_view: None,
        };
        let now = Moment::since_origin(HISTORY);
        let mut rig = BankRig {
            bench,
            radios: (0..radios).map(FaultSession::radio).collect(),
            bank: Bank::new(config.clone(), Vec::new(), now),
            config,
            control: None,
            due: VecDeque::new(),
            look_at_bank_ms: Some(0),
            asked: HashMap::new(),
            now_ms: 0,
            kept: Kept::default(),
            saved_slots: BTreeMap::new(),
            held: BTreeSet::new(),
            rented: BTreeSet::new(),
            viewed: BTreeSet::new(),
            ordered: BTreeMap::new(),
            sent: Vec::new(),
        };
        rig.carry_out();
        rig
    }

    /// Drops everything but the hardware and what is on disk, as a kill does, and starts again.
    pub fn restart(&mut self) {
        self.radios = (0..self.radios.len()).map(FaultSession::radio).collect();
        self.control = None;
        self.due.clear();
        self.asked.clear();
        let records = self.saved_slots.values().cloned().collect();
        self.bank = Bank::new(self.config.clone(), records, self.now());
        self.carry_out();
    }

    pub fn now(&self) -> Moment {
        Moment::since_origin(HISTORY + Duration::from_millis(self.now_ms))
    }

    pub fn report(&self) -> BankReport {
        let micros = BEGAN * 1_000_000 + i64::try_from(self.now_ms * 1_000).unwrap();
        self.bank.report(ClockReading { moment: self.now(), time: Timestamp(micros) })
    }

    pub fn is_switching(&self, radio: usize) -> bool {
        let state = self.report().radios[radio].state;
        matches!(state, RadioState::Draining | RadioState::Switching | RadioState::Starting)
    }

    /// ICCID and number of every SIM of the pool.
    pub fn sims(&self) -> Vec<(Iccid, String)> {
        let cards = self.bench.network().bank_cards().into_iter();
        cards.map(|card| (Iccid::from_stored(card.iccid), card.number)).collect()
    }

    /// Whether a radio's session is ready with this SIM.
    pub fn is_on_air(&self, iccid: &Iccid) -> bool {
        let mut statuses = self.radios.iter().filter_map(|radio| radio.snapshot.as_ref());
        statuses.any(|snapshot| {
            let status = SessionStatus::from(snapshot);
            status.ready && status.iccid.as_ref() == Some(iccid)
        })
    }

    /// The number of slots whose SIM is known correctly.
    pub fn known_slots(&self) -> usize {
        let cards = self.bench.network().bank_cards();
        let is_true = |record: &&SlotRecord<Moment>| match &record.contents {
            SlotContents::Sim(iccid) => {
                cards.iter().any(|card| card.slot == record.slot as usize && *iccid == *card.iccid)
            }
            SlotContents::Unknown | SlotContents::Empty => false,
        };
        self.saved_slots.values().filter(is_true).count()
    }

    /// Sends a text that no other message has.
    pub fn send(&mut self, from: &str, (iccid, number): &(Iccid, String), text: &str) {
        self.bench.network().send(from, number, text).unwrap();
        self.sent.push((text.to_owned(), iccid.clone()));
    }

    /// Notes that the demand for the SIMs has changed.
    pub fn demands_changed(&mut self) {
        self.bank.on_demands_changed(self.now());
        self.carry_out();
    }

    /// Whether every message that was sent has arrived once, and for the SIM that it was sent to.
    pub fn all_messages_came(&self) -> bool {
        let texts = self.kept.texts();
        for (text, sims) in &texts {
            let sent = self.sent.iter().find(|(sent, _)| sent == text);
            let Some((_, iccid)) = sent else { panic!("never sent: {text}") };
            assert_eq!(sims.as_slice(), [iccid.as_str()], "{text}");
        }
        texts.len() == self.sent.len()
    }

    pub fn run_for(&mut self, seconds: u64) {
        self.run_until(seconds, |_| false);
    }

    /// Runs until the condition is met, for this many seconds at most. Returns whether it is met.
    pub fn run_until(&mut self, seconds: u64, is_met: impl Fn(&BankRig) -> bool) -> bool {
        let end_ms = self.now_ms + seconds * 1_000;
        while !is_met(self) {
            let next_ms = self.next_ms().max(self.now_ms + 1);
            if next_ms > end_ms {
                self.now_ms = end_ms;
                return is_met(self);
            }
            self.step(next_ms);
        }
        true
    }

    fn next_ms(&self) -> u64 {
        let in_ms = |moment: Moment| {
            let elapsed = moment.elapsed().saturating_sub(HISTORY);
            u64::try_from(elapsed.as_micros().div_ceil(1_000)).unwrap()
        };
        let radios = self.radios.iter().filter_map(FaultSession::next_ms);
        let bank = self.bank.next_deadline(self.now()).map(in_ms);
        let control = self.control.as_ref().and_then(Control::next_deadline).map(in_ms);
        let due = self.due.front().map(|(at_ms, _)| *at_ms);
        let others = [bank, control, due, self.look_at_bank_ms].into_iter().flatten();
        radios.chain(others).min().unwrap()
    }

    fn step(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        for radio in 0..self.radios.len() {
            self.radios[radio].run(&self.bench, &mut self.kept, now_ms, now_ms + 1);
            self.hear_session(radio);
        }
        self.bench.set_ms(now_ms);
        if self.look_at_bank_ms.is_some_and(|at_ms| at_ms <= now_ms) || self.bench.bank_is_awake(0)
        {
            self.exchange_with_bank(&[]);
        }
        while self.due.front().is_some_and(|(at_ms, _)| *at_ms <= now_ms) {
            let (_, due) = self.due.pop_front().unwrap();
            self.handle(due);
        }
        let now = self.now();
        if let Some(control) = &mut self.control {
            control.tick(now);
        }
        self.carry_out_control();
        if self.bank.next_deadline(now).is_some_and(|deadline| deadline <= now) {
            self.bank.tick(now);
        }
        self.carry_out();
    }

    /// Passes the reports of a radio's session to the bank, and then its answers.
    fn hear_session(&mut self, radio: usize) {
        let now = self.now();
        let session = &mut self.radios[radio];
        if let Some(snapshot) = &session.snapshot {
            self.bank.on_session_status(radio, SessionStatus::from(snapshot), now);
        }
        if std::mem::take(&mut session.stored) > 0 {
            self.bank.on_message(radio, now);
        }
        while let Some((id, answer)) = self.radios[radio].answers.pop_front() {
            let answer: Result<(), RequestError> = answer.map(drop);
            match self.asked.remove(&id) {
                Some(Asked::OffAir(radio)) => self.bank.on_off_air(radio, answer, now),
                Some(Asked::SessionResumed(radio)) => {
                    self.bank.on_session_resumed(radio, answer, now);
                }
                None => {}
            }
        }
        self.carry_out();
    }

    fn handle(&mut self, due: Due) {
        let now = self.now();
        match due {
            Due::Demands(demands) => self.bank.on_demands(Some(demands), now),
            Due::ReleaseAnswer(radio, iccid, granted) => {
                self.bank.on_release_answer(radio, &iccid, granted, now);
            }
            Due::ToBank(bytes) => self.exchange_with_bank(&bytes),
            Due::FromBank(bytes) => {
                if let Some(control) = &mut self.control {
                    control.push_bytes(&bytes, now);
                }
            }
        }
    }

    fn schedule(&mut self, in_ms: u64, due: Due) {
        let at_ms = self.now_ms + in_ms;
        let index = self.due.partition_point(|(known_ms, _)| *known_ms <= at_ms);
        self.due.insert(index, (at_ms, due));
    }

    fn exchange_with_bank(&mut self, bytes: &[u8]) {
        let exchange = self.bench.bank_exchange(0, bytes);
        self.look_at_bank_ms = exchange.again_in_ms.map(|in_ms| self.now_ms + in_ms.max(1));
        if !exchange.written.is_empty() {
            self.schedule(LINE_MS, Due::FromBank(exchange.written));
        }
    }

    fn carry_out_control(&mut self) {
        let now = self.now();
        while let Some(action) = self.control.as_mut().and_then(Control::next_action) {
            match action {
                ControlAction::Write(bytes) => self.schedule(LINE_MS, Due::ToBank(bytes)),
                ControlAction::Switched(radio, result) => self.bank.on_switched(radio, result, now),
            }
        }
    }

    fn carry_out(&mut self) {
        let now = self.now();
        while let Some(action) = self.bank.next_action() {
            match action {
                BankAction::FetchDemands(sims) => {
                    let demands = sims.into_iter().map(|iccid| self.demand(iccid)).collect();
                    self.schedule(GATEWAY_MS, Due::Demands(demands));
                }
                BankAction::RequestRelease { radio, iccid } => {
                    let granted = !self.held.contains(&iccid);
                    self.schedule(GATEWAY_MS, Due::ReleaseAnswer(radio, iccid, granted));
                }
                BankAction::TakeOffAir { radio, iccid } => {
                    let held = iccid.as_ref().is_some_and(|iccid| self.held.contains(iccid));
                    assert!(!held, "an open order lost its SIM");
                    self.request(radio, ModemRequest::Leave { iccid }, Asked::OffAir(radio));
                }
                BankAction::ResumeSession { radio, restart } => {
                    self.request(
                        radio,
                        ModemRequest::Return { restart },
                        Asked::SessionResumed(radio),
                    );
                }
                BankAction::Switch { radio, local_slot } => {
                    let profile = &self.config.profile;
                    let control =
                        self.control.get_or_insert_with(|| Control::new(profile.clone(), now));
                    control.switch(radio, local_slot, now);
                    self.carry_out_control();
                }
                BankAction::SaveSlot(record) => drop(self.saved_slots.insert(record.slot, record)),
                BankAction::Reclaim { .. } | BankAction::SaveSwitch(_) | BankAction::Report => {}
            }
        }
    }

    fn request(&mut self, radio: usize, request: ModemRequest, asked: Asked) {
        let id = self.now_ms * 100 + self.asked.len() as u64;
        self.asked.insert(id, asked);
        self.radios[radio].request(id, request);
    }

    fn demand(&self, iccid: Iccid) -> SlotDemand<Moment> {
        let order = self.ordered.get(&iccid).map(|until| SwitchTrigger::Order { until: *until });
        let tenant = self.viewed.contains(&iccid).then_some(SwitchTrigger::Tenant);
        SlotDemand {
            held: self.held.contains(&iccid),
            collecting: false,
            trigger: order.or(tenant).filter(|_| !self.is_on_air(&iccid)),
            rented: self.rented.contains(&iccid),
            iccid,
        }
    }
}
