//! The world around a bank: its radios' sessions, the pool itself, and who wants what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::*;
use crate::domain::Moment;
use crate::modem::RequestError;

/// What the pool does when it is told to switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    Switches,
    /// Says so and does nothing.
    Lies,
    /// Puts the next row's card on.
    WrongRow,
    Refuses,
}

#[derive(Debug)]
enum Event {
    MayLeave(usize, String, bool),
    Left(usize, Result<(), RequestError>),
    Switched(usize, Result<(), String>),
    Returned(usize),
    Seen(usize, Seen),
    Needs(Vec<SlotDemand>),
}

#[derive(Debug, Clone, Default)]
pub struct Stay {
    pub iccid: String,
    pub radio: usize,
    pub from: Duration,
    pub until: Duration,
}

pub struct World {
    pub bank: Bank,
    pub now: Moment,
    /// The card in each slot, in truth.
    pub cards: Vec<Option<String>>,
    /// The slot on each radio, in truth.
    pub on: Vec<u32>,
    pub deeds: Box<dyn FnMut() -> Deed>,
    pub held: BTreeSet<String>,
    pub collecting: BTreeSet<String>,
    pub rented: BTreeSet<String>,
    pub looked: BTreeSet<String>,
    /// Cards that an order waits for, until when.
    pub ordered: BTreeMap<String, Moment>,
    /// Cards that were let go and not given back.
    pub leaving: BTreeSet<String>,
    /// Cards that no network takes.
    pub banned: BTreeSet<String>,
    /// Sessions do as they are told, and nobody hears of it.
    pub loses_answers: bool,
    pub moved: Vec<SwitchRecord>,
    pub kept: BTreeMap<u32, Kept>,
    pub stays: Vec<Stay>,
    config: BankConfig,
    off: Vec<bool>,
    due: VecDeque<(Moment, Event)>,
}

/// How long things take: leaving, the pool's answer, until the ICCID is read, until the network has
/// it.
const LEAVES: Duration = Duration::from_secs(3);
const ANSWERS: Duration = Duration::from_secs(1);
const READS: Duration = Duration::from_secs(12);
const REGISTERS: Duration = Duration::from_secs(8);

pub fn iccid(slot: u32) -> String {
    format!("89314400000000{slot:05}")
}

pub fn config(profile: &str, radios: usize, slots: u32) -> BankConfig {
    BankConfig {
        name: "bank".to_owned(),
        profile: BankProfile::find(&[], profile).unwrap(),
        radios: (0..radios).map(|radio| format!("/dev/radio{radio}")).collect(),
        slots,
        rental_visit: Duration::from_secs(2 * 3600),
        quiet: Duration::from_secs(60),
        stay: Duration::from_secs(600),
    }
}

impl World {
    pub fn new(config: BankConfig) -> World {
        let now = Moment::since_origin(Duration::from_secs(100 * 24 * 3600));
        let radios = config.radios.len();
        let first = |radio: usize| {
            if config.profile.reach == Reach::Own {
                u32::try_from(radio).unwrap() * config.slots
            } else {
                u32::try_from(radio).unwrap()
            }
        };
        let mut world = World {
            bank: Bank::new(config.clone(), Vec::new(), now),
            now,
            cards: (0..config.total()).map(|slot| Some(iccid(slot))).collect(),
            on: (0..radios).map(first).collect(),
            deeds: Box::new(|| Deed::Switches),
            held: BTreeSet::new(),
            collecting: BTreeSet::new(),
            rented: BTreeSet::new(),
            looked: BTreeSet::new(),
            ordered: BTreeMap::new(),
            leaving: BTreeSet::new(),
            banned: BTreeSet::new(),
            loses_answers: false,
            moved: Vec::new(),
            kept: BTreeMap::new(),
            stays: Vec::new(),
            config,
            off: vec![false; radios],
            due: VecDeque::new(),
        };
        (0..radios).for_each(|radio| world.starts(radio));
        world.act();
        world
    }

    /// kill -9: what the radios and the pool are doing they do; the bank begins anew with what was
    /// kept.
    pub fn restart(&mut self) {
        self.leaving.clear();
        let pool: Vec<(Moment, Event)> = std::mem::take(&mut self.due).into();
        drop(pool);
        let kept = self.kept.values().cloned().collect();
        self.bank = Bank::new(self.config.clone(), kept, self.now);
        for radio in 0..self.on.len() {
            // Sessions begin anew, and switch on what they find switched off.
            self.off[radio] = false;
            self.starts(radio);
        }
        self.act();
    }

    fn at(&mut self, after: Duration, event: Event) {
        let at = self.now + after;
        let place = self.due.iter().position(|(due, _)| *due > at).unwrap_or(self.due.len());
        self.due.insert(place, (at, event));
    }

    fn card(&self, radio: usize) -> Option<String> {
        self.cards[usize::try_from(self.on[radio]).unwrap()].clone()
    }

    /// A session that reads its card and registers.
    fn starts(&mut self, radio: usize) {
        self.at(Duration::ZERO, Event::Seen(radio, Seen::default()));
        match self.card(radio) {
            Some(iccid) => {
                let read = Seen { iccid: Some(iccid.clone()), ..Seen::default() };
                let works = !self.banned.contains(&iccid);
                self.at(READS, Event::Seen(radio, read.clone()));
                if works {
                    self.at(READS + REGISTERS, Event::Seen(radio, Seen { works, ..read }));
                }
            }
            None => self.at(READS, Event::Seen(radio, Seen { no_card: true, ..Seen::default() })),
        }
    }

    fn need(&self, iccid: String) -> SlotDemand {
        let order = self.ordered.get(&iccid).map(|until| SwitchTrigger::Order(*until - self.now));
        let tenant = self.looked.contains(&iccid).then_some(SwitchTrigger::Tenant);
        let (stays, rented) = (self.held.contains(&iccid), self.rented.contains(&iccid));
        SlotDemand {
            stays,
            collects: self.collecting.contains(&iccid),
            rented,
            called: order.or(tenant),
            iccid,
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.bank.next_action() {
            match action {
                BankAction::AskNeeds(cards) => {
                    let needs = cards.into_iter().map(|iccid| self.need(iccid)).collect();
                    self.at(Duration::from_millis(5), Event::Needs(needs));
                }
                BankAction::MayLeave { radio, iccid } => {
                    let yes = !self.held.contains(&iccid);
                    if yes {
                        self.leaving.insert(iccid.clone());
                    }
                    self.at(Duration::from_millis(5), Event::MayLeave(radio, iccid, yes));
                }
                BankAction::Stays { iccid } => drop(self.leaving.remove(&iccid)),
                BankAction::Leave { radio, .. } => {
                    if let Some(iccid) = self.card(radio) {
                        assert!(!self.held.contains(&iccid), "a card that is held was let go");
                    }
                    self.at(LEAVES, Event::Left(radio, Ok(())));
                }
                BankAction::Switch { radio, row } => self.switch(radio, row),
                BankAction::Return { radio, .. } => {
                    self.at(Duration::from_millis(200), Event::Returned(radio))
                }
                BankAction::Keep(kept) => drop(self.kept.insert(kept.slot, kept)),
                BankAction::SwitchRecord(moved) => self.moved.push(moved),
                BankAction::Report => {}
            }
        }
    }

    fn switch(&mut self, radio: usize, row: u32) {
        assert!(self.off[radio], "a radio that is on the air was switched");
        let base = self.config.slots * u32::try_from(radio).unwrap();
        let slot = if self.config.profile.reach == Reach::Own { base + row } else { row };
        let said = match (self.deeds)() {
            Deed::Switches => {
                self.on[radio] = slot;
                Ok(())
            }
            Deed::Lies => Ok(()),
            Deed::WrongRow => {
                self.on[radio] = base + (row + 1) % self.config.slots;
                Ok(())
            }
            Deed::Refuses => Err("the bank answers ERROR".to_owned()),
        };
        self.at(ANSWERS, Event::Switched(radio, said));
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::MayLeave(radio, iccid, yes) => self.bank.may_leave(radio, &iccid, yes, self.now),
            Event::Left(radio, said) => {
                self.ends(radio);
                self.off[radio] = true;
                self.bank.radio(radio, Seen::default(), self.now);
                if !self.loses_answers {
                    self.bank.left(radio, said, self.now);
                }
            }
            Event::Switched(radio, said) => self.bank.switched(radio, said, self.now),
            Event::Returned(radio) => {
                self.off[radio] = false;
                self.starts(radio);
                self.bank.returned(radio, Ok(()), self.now);
            }
            Event::Seen(radio, seen) => {
                if seen.works {
                    let iccid = seen.iccid.clone().unwrap();
                    self.stays.push(Stay {
                        iccid,
                        radio,
                        from: self.now.elapsed(),
                        until: Duration::MAX,
                    });
                }
                self.bank.radio(radio, seen, self.now);
            }
            Event::Needs(needs) => self.bank.needs(Some(needs), self.now),
        }
        self.act();
    }

    fn ends(&mut self, radio: usize) {
        let now = self.now.elapsed();
        let open = self
            .stays
            .iter_mut()
            .rev()
            .find(|stay| stay.radio == radio && stay.until == Duration::MAX);
        open.into_iter().for_each(|stay| stay.until = now);
    }

    /// Something is wanted that was not wanted before.
    pub fn news(&mut self) {
        self.bank.news(self.now);
        self.act();
    }

    /// Time passes.
    pub fn pass(&mut self, length: Duration) {
        self.until(length, |_| false);
    }

    /// Time passes until it is so. How long that took.
    pub fn until(&mut self, length: Duration, so: impl Fn(&World) -> bool) -> Duration {
        let (begin, end) = (self.now, self.now + length);
        let mut still = 0;
        while !so(self) {
            let event = self.due.front().map(|(at, _)| *at);
            let tick = self.bank.next_deadline(self.now).map(|at| at.max(self.now));
            let Some(next) = event.into_iter().chain(tick).min().filter(|next| *next <= end) else {
                self.now = end;
                break;
            };
            still = if next > self.now { 0 } else { still + 1 };
            assert!(still < 10_000, "nothing moves at {:?}", self.now);
            self.now = next;
            match self.due.pop_front_if(|(at, _)| *at <= next) {
                Some((_, event)) => self.happens(event),
                None => {
                    self.bank.tick(self.now);
                    self.act();
                }
            }
        }
        self.now - begin
    }

    /// The card that works on a radio now.
    pub fn works(&self, radio: usize) -> Option<&str> {
        let stay = self.stays.iter().rev().find(|stay| stay.radio == radio)?;
        (stay.until == Duration::MAX).then_some(stay.iccid.as_str())
    }

    pub fn is_on_air(&self, iccid: &str) -> bool {
        (0..self.on.len()).any(|radio| self.works(radio) == Some(iccid))
    }

    /// The longest that a card was off the air between `from` and now.
    pub fn longest_away(&self, iccid: &str, from: Moment) -> Duration {
        let (from, now) = (from.elapsed(), self.now.elapsed());
        let mut last = from;
        let mut longest = Duration::ZERO;
        for stay in self.stays.iter().filter(|stay| stay.iccid == iccid && stay.until > from) {
            longest = longest.max(stay.from.saturating_sub(last));
            last = stay.until.min(now);
        }
        longest.max(now - last)
    }

    /// Every slot's card is known, and rightly.
    pub fn knows_all(&self) -> bool {
        let known = |slot: u32| match self.kept.get(&slot).map(|kept| &kept.holds) {
            Some(SlotContents::Sim(iccid)) => Some(Some(iccid.clone())),
            Some(SlotContents::Empty) => Some(None),
            Some(SlotContents::Unknown) | None => None,
        };
        self.cards.iter().zip(0..).all(|(card, slot)| known(slot).as_ref() == Some(card))
    }
}
