//! Everything around a bank in simulated time: its radios' sessions, the pool itself, and what is
//! wanted of the SIMs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::*;
use crate::domain::bank::{
    BankReport, RadioReport, SlotContents, SlotDemand, SlotRecord, SwitchRecord, SwitchTrigger,
};
use crate::domain::modem::RequestError;
use crate::domain::{ClockReading, Iccid, Moment, PortName, Timestamp};

/// What the pool does when it is told to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolBehavior {
    Switches,
    /// Says that it has switched, and does nothing.
    Lies,
    /// Puts the next slot on the radio.
    WrongSlot,
    Refuses,
}

#[derive(Debug)]
enum Event {
    ReleaseAnswer(usize, Iccid, bool),
    OffAir(usize, Result<(), RequestError>),
    Switched(usize, Result<(), String>),
    SessionResumed(usize),
    Status(usize, SessionStatus),
    Demands(Vec<SlotDemand<Moment>>),
}

/// A time that a SIM was on the air.
#[derive(Debug, Clone)]
pub struct Visit {
    pub iccid: Iccid,
    pub radio: usize,
    pub from: Duration,
    pub until: Duration,
}

pub struct World {
    pub bank: Bank,
    pub now: Moment,
    /// The SIM that really is in each slot.
    pub sims: Vec<Option<Iccid>>,
    /// The slot that really is on each radio.
    pub slot_on: Vec<u32>,
    /// What the pool does at the next switch.
    pub pool: Box<dyn FnMut() -> PoolBehavior>,
    pub held: BTreeSet<Iccid>,
    pub collecting: BTreeSet<Iccid>,
    pub rented: BTreeSet<Iccid>,
    /// SIMs whose tenants have looked for messages.
    pub viewed: BTreeSet<Iccid>,
    /// SIMs that an order waits for, and until when.
    pub ordered: BTreeMap<Iccid, Moment>,
    /// SIMs that were released and not reclaimed.
    pub released: BTreeSet<Iccid>,
    /// SIMs that no network accepts.
    pub banned: BTreeSet<Iccid>,
    /// Sessions do as they are told, but their answers are lost.
    pub loses_answers: bool,
    pub switches: Vec<SwitchRecord<Moment>>,
    pub saved_slots: BTreeMap<u32, SlotRecord<Moment>>,
    pub visits: Vec<Visit>,
    config: BankConfig,
    off_air: Vec<bool>,
    due: VecDeque<(Moment, Event)>,
}

/// How long a session takes to go off the air.
const GOING_OFF_AIR: Duration = Duration::from_secs(3);
/// How long the pool takes to answer.
const POOL_ANSWER: Duration = Duration::from_secs(1);
/// How long a session takes to read the ICCID.
const IDENTIFYING: Duration = Duration::from_secs(12);
/// How long a SIM takes to register after that.
const REGISTERING: Duration = Duration::from_secs(8);
/// How long the gateway takes to answer.
const GATEWAY_ANSWER: Duration = Duration::from_millis(5);

/// The SIM that is in a slot at first.
pub fn iccid(slot: u32) -> Iccid {
    format!("89314400000000{slot:05}").parse().unwrap()
}

pub fn config(profile: &str, radios: usize, slots: u32) -> BankConfig {
    BankConfig {
        name: "bank".to_owned(),
        profile: BankProfile::find(&[], profile).unwrap(),
        radios: (0..radios)
            .map(|radio| PortName::from_stored(format!("/dev/radio{radio}")))
            .collect(),
        slots,
        rental_visit: Duration::from_secs(2 * 3600),
        quiet: Duration::from_secs(60),
        stay: Duration::from_secs(600),
        sell_within: Duration::ZERO,
        visit_on_view: None,
    }
}

impl World {
    pub fn new(config: BankConfig) -> World {
        let now = Moment::since_origin(Duration::from_secs(100 * 24 * 3600));
        let radios = config.radios.len();
        let first_slot = |radio: usize| {
            if config.profile.reach == Reach::Own {
                u32::try_from(radio).unwrap() * config.slots
            } else {
                u32::try_from(radio).unwrap()
            }
        };
        let mut world = World {
            bank: Bank::new(config.clone(), Vec::new(), now),
            now,
            sims: (0..config.total_slots()).map(|slot| Some(iccid(slot))).collect(),
            slot_on: (0..radios).map(first_slot).collect(),
            pool: Box::new(|| PoolBehavior::Switches),
            held: BTreeSet::new(),
            collecting: BTreeSet::new(),
            rented: BTreeSet::new(),
            viewed: BTreeSet::new(),
            ordered: BTreeMap::new(),
            released: BTreeSet::new(),
            banned: BTreeSet::new(),
            loses_answers: false,
            switches: Vec::new(),
            saved_slots: BTreeMap::new(),
            visits: Vec::new(),
            config,
            off_air: vec![false; radios],
            due: VecDeque::new(),
        };
        (0..radios).for_each(|radio| world.start_session(radio));
        world.carry_out();
        world
    }

    /// Kills the bank and starts it again with what was saved; answers that were under way are
    /// lost.
    pub fn restart(&mut self) {
        self.released.clear();
        self.due.clear();
        let records = self.saved_slots.values().cloned().collect();
        self.bank = Bank::new(self.config.clone(), records, self.now);
        for radio in 0..self.slot_on.len() {
            // Sessions start again, and put a radio on the air that is off it.
            self.off_air[radio] = false;
            self.start_session(radio);
        }
        self.carry_out();
    }

    /// The bank's report. The wall clock shows 1970 at the origin of the monotonic one.
    pub fn report(&self) -> BankReport {
        let micros = i64::try_from(self.now.elapsed().as_micros()).unwrap();
        self.bank.report(ClockReading { moment: self.now, time: Timestamp(micros) })
    }

    pub fn radio(&self, radio: usize) -> RadioReport {
        self.report().radios.swap_remove(radio)
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        let at = self.now + after;
        let index = self.due.iter().position(|(due, _)| *due > at).unwrap_or(self.due.len());
        self.due.insert(index, (at, event));
    }

    /// The SIM that really is on a radio.
    fn sim_on(&self, radio: usize) -> Option<Iccid> {
        self.sims[usize::try_from(self.slot_on[radio]).unwrap()].clone()
    }

    /// Starts a session, which reads its SIM and registers.
    fn start_session(&mut self, radio: usize) {
        self.schedule(Duration::ZERO, Event::Status(radio, SessionStatus::default()));
        let Some(iccid) = self.sim_on(radio) else {
            let status = SessionStatus { no_sim: true, ..SessionStatus::default() };
            return self.schedule(IDENTIFYING, Event::Status(radio, status));
        };
        let accepted = !self.banned.contains(&iccid);
        let read = SessionStatus { iccid: Some(iccid), ..SessionStatus::default() };
        self.schedule(IDENTIFYING, Event::Status(radio, read.clone()));
        if accepted {
            let status = SessionStatus { ready: true, ..read };
            self.schedule(IDENTIFYING + REGISTERING, Event::Status(radio, status));
        }
    }

    fn demand(&self, iccid: Iccid) -> SlotDemand<Moment> {
        let order = self.ordered.get(&iccid).map(|until| SwitchTrigger::Order { until: *until });
        let tenant = self.viewed.contains(&iccid).then_some(SwitchTrigger::Tenant);
        SlotDemand {
            held: self.held.contains(&iccid),
            collecting: self.collecting.contains(&iccid),
            rented: self.rented.contains(&iccid),
            trigger: order.or(tenant),
            iccid,
        }
    }

    fn carry_out(&mut self) {
        while let Some(action) = self.bank.next_action() {
            match action {
                BankAction::FetchDemands(sims) => {
                    let demands = sims.into_iter().map(|iccid| self.demand(iccid)).collect();
                    self.schedule(GATEWAY_ANSWER, Event::Demands(demands));
                }
                BankAction::RequestRelease { radio, iccid } => {
                    let granted = !self.held.contains(&iccid);
                    if granted {
                        self.released.insert(iccid.clone());
                    }
                    let answer = Event::ReleaseAnswer(radio, iccid, granted);
                    self.schedule(GATEWAY_ANSWER, answer);
                }
                BankAction::Reclaim { iccid } => drop(self.released.remove(&iccid)),
                BankAction::TakeOffAir { radio, .. } => {
                    if let Some(iccid) = self.sim_on(radio) {
                        assert!(!self.held.contains(&iccid), "a held SIM was taken off the air");
                    }
                    self.schedule(GOING_OFF_AIR, Event::OffAir(radio, Ok(())));
                }
                BankAction::Switch { radio, local_slot } => self.switch(radio, local_slot),
                BankAction::ResumeSession { radio, .. } => {
                    self.schedule(Duration::from_millis(200), Event::SessionResumed(radio));
                }
                BankAction::SaveSlot(record) => drop(self.saved_slots.insert(record.slot, record)),
                BankAction::SaveSwitch(record) => self.switches.push(record),
                BankAction::Report => {}
            }
        }
    }

    fn switch(&mut self, radio: usize, local_slot: u32) {
        assert!(self.off_air[radio], "a radio that is on the air was switched");
        let is_own = self.config.profile.reach == Reach::Own;
        let first = self.config.slots * u32::try_from(radio).unwrap();
        let answer = match (self.pool)() {
            PoolBehavior::Switches => {
                self.slot_on[radio] = if is_own { first + local_slot } else { local_slot };
                Ok(())
            }
            PoolBehavior::Lies => Ok(()),
            PoolBehavior::WrongSlot => {
                self.slot_on[radio] = first + (local_slot + 1) % self.config.slots;
                Ok(())
            }
            PoolBehavior::Refuses => Err("the bank answers ERROR".to_owned()),
        };
        self.schedule(POOL_ANSWER, Event::Switched(radio, answer));
    }

    fn handle(&mut self, event: Event) {
        let now = self.now;
        match event {
            Event::ReleaseAnswer(radio, iccid, granted) => {
                self.bank.on_release_answer(radio, &iccid, granted, now);
            }
            Event::OffAir(radio, result) => {
                self.end_visit(radio);
                self.off_air[radio] = true;
                self.bank.on_session_status(radio, SessionStatus::default(), now);
                if !self.loses_answers {
                    self.bank.on_off_air(radio, result, now);
                }
            }
            Event::Switched(radio, result) => self.bank.on_switched(radio, result, now),
            Event::SessionResumed(radio) => {
                self.off_air[radio] = false;
                self.start_session(radio);
                self.bank.on_session_resumed(radio, Ok(()), now);
            }
            Event::Status(radio, status) => {
                if status.ready {
                    let iccid = status.iccid.clone().unwrap();
                    let (from, until) = (now.elapsed(), Duration::MAX);
                    self.visits.push(Visit { iccid, radio, from, until });
                }
                self.bank.on_session_status(radio, status, now);
            }
            Event::Demands(demands) => self.bank.on_demands(Some(demands), now),
        }
        self.carry_out();
    }

    fn end_visit(&mut self, radio: usize) {
        let now = self.now.elapsed();
        let mut visits = self.visits.iter_mut().rev();
        let open = visits.find(|visit| visit.radio == radio && visit.until == Duration::MAX);
        if let Some(visit) = open {
            visit.until = now;
        }
    }

    /// What is wanted of the SIMs has changed.
    pub fn demands_changed(&mut self) {
        self.bank.on_demands_changed(self.now);
        self.carry_out();
    }

    /// Lets time pass.
    pub fn pass(&mut self, length: Duration) {
        self.run_until(length, |_| false);
    }

    /// Lets time pass until the condition is met, at most `length`; returns how long that took.
    pub fn run_until(&mut self, length: Duration, is_met: impl Fn(&World) -> bool) -> Duration {
        let (begin, end) = (self.now, self.now + length);
        let mut steps_without_time = 0;
        while !is_met(self) {
            let event = self.due.front().map(|(at, _)| *at);
            let tick = self.bank.next_deadline(self.now).map(|at| at.max(self.now));
            let Some(next) = event.into_iter().chain(tick).min().filter(|next| *next <= end) else {
                self.now = end;
                break;
            };
            steps_without_time = if next > self.now { 0 } else { steps_without_time + 1 };
            assert!(steps_without_time < 10_000, "time stands still at {:?}", self.now);
            self.now = next;
            match self.due.pop_front_if(|(at, _)| *at <= next) {
                Some((_, event)) => self.handle(event),
                None => {
                    self.bank.tick(self.now);
                    self.carry_out();
                }
            }
        }
        self.now - begin
    }

    /// The SIM that is on the air on a radio.
    pub fn sim_on_air(&self, radio: usize) -> Option<&Iccid> {
        let visit = self.visits.iter().rev().find(|visit| visit.radio == radio)?;
        (visit.until == Duration::MAX).then_some(&visit.iccid)
    }

    pub fn is_on_air(&self, iccid: &Iccid) -> bool {
        (0..self.slot_on.len()).any(|radio| self.sim_on_air(radio) == Some(iccid))
    }

    /// The longest time that a SIM was off the air between `from` and now.
    pub fn longest_absence(&self, iccid: &Iccid, from: Moment) -> Duration {
        let (from, now) = (from.elapsed(), self.now.elapsed());
        let mut last = from;
        let mut longest = Duration::ZERO;
        let visits = self.visits.iter().filter(|visit| visit.iccid == *iccid && visit.until > from);
        for visit in visits {
            longest = longest.max(visit.from.saturating_sub(last));
            last = visit.until.min(now);
        }
        longest.max(now - last)
    }

    /// What is saved of every slot is what really is in it.
    pub fn knows_all(&self) -> bool {
        let known = |slot: u32| match &self.saved_slots.get(&slot)?.contents {
            SlotContents::Sim(iccid) => Some(Some(iccid.clone())),
            SlotContents::Empty => Some(None),
            SlotContents::Unknown => None,
        };
        self.sims.iter().zip(0..).all(|(sim, slot)| known(slot).as_ref() == Some(sim))
    }
}
