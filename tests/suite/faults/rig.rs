//! Simulated modems with their sessions, and the messages that were sent.

use std::collections::{HashMap, HashSet, VecDeque};

use chrono::DateTime;
use simbridge::domain::Timestamp;
use simbridge::domain::modem::ModemState;
use simbridge::simulator::{Fault, Scenario, SpecialMessage, StepHarness};

use super::fault_session::FaultSession;
use super::kept::Kept;

/// How often a session may send the same command within a second; the reading of a slot twice as
/// often, because in text mode each message is read twice.
const MOST_IN_A_SECOND: usize = 5;
/// How many commands a session may send in a minute, without those that move messages: five a
/// second.
const MOST_IN_A_MINUTE: usize = 300;
/// 2026-06-22 12:57:03 UTC.
const BEGAN: i64 = 1_782_133_023;

pub struct Rig {
    pub bench: StepHarness,
    pub sessions: Vec<FaultSession>,
    pub kept: Kept,
    pub now_ms: u64,
    /// The text of each message, and the card that it was for.
    sent: Vec<(String, String)>,
    /// How many messages that are no text were sent, or lay on a card from the start.
    others: usize,
    /// The number and ICCID of each modem's own card.
    cards: Vec<(String, String)>,
}

impl Rig {
    pub fn new(scenario: &Scenario) -> Rig {
        let bench =
            StepHarness::new(scenario, DateTime::from_timestamp(BEGAN, 0).unwrap()).unwrap();
        let sessions = (0..bench.network().modems()).map(FaultSession::new).collect();
        let cards = bench
            .network()
            .stats()
            .into_iter()
            .map(|modem| (modem.number.unwrap(), modem.iccid.unwrap()));
        let cards = cards.collect();
        let mut rig = Rig {
            bench,
            sessions,
            kept: Kept::default(),
            now_ms: 0,
            sent: Vec::new(),
            others: 0,
            cards,
        };
        rig.record_cards();
        rig
    }

    /// One modem of a family.
    pub fn of_family(family: &str) -> Rig {
        Rig::new(&Scenario::parse(&format!("[[modem]]\nfamily = \"{family}\"")).unwrap())
    }

    /// The present time of day.
    pub fn time(&self) -> Timestamp {
        Timestamp(BEGAN * 1_000_000 + i64::try_from(self.now_ms).unwrap() * 1_000)
    }

    /// Runs all sessions until this time, one after the other. A business has only one clock: it
    /// is told the time of the end.
    pub fn run_until(&mut self, until_ms: u64) {
        if let Some(business) = &self.kept.business {
            business
                .set_time(Timestamp(BEGAN * 1_000_000 + i64::try_from(until_ms).unwrap() * 1_000));
        }
        for session in &mut self.sessions {
            session.run(&self.bench, &mut self.kept, self.now_ms, until_ms);
        }
        self.now_ms = self.now_ms.max(until_ms);
        self.bench.set_ms(self.now_ms);
    }

    pub fn run_for(&mut self, length_ms: u64) {
        self.run_until(self.now_ms + length_ms);
    }

    pub fn fault(&mut self, modem: usize, fault: &Fault) {
        self.sessions[modem].record_fault(fault);
        self.bench.network().fault(modem, fault).unwrap();
        if matches!(fault, Fault::SimIn { .. } | Fault::SimOut) {
            self.record_cards();
        }
    }

    fn record_cards(&mut self) {
        for (session, stats) in self.sessions.iter().zip(self.bench.network().stats()) {
            self.kept.visits.record(session.port(), stats.iccid);
        }
    }

    /// Sends a text that no other message has to the number of the card that belongs to this modem.
    pub fn send(&mut self, modem: usize, text: &str) {
        let (number, iccid) = self.cards[modem].clone();
        self.bench.network().send("+31698765432", &number, text).unwrap();
        self.note_sent(text, iccid);
    }

    fn note_sent(&mut self, text: &str, iccid: String) {
        self.kept.owners_of_texts.insert(text.to_owned(), iccid.clone());
        self.sent.push((text.to_owned(), iccid));
    }

    /// Sends a text to this number.
    pub fn send_to(&mut self, number: &str, sender: &str, text: &str) {
        let (_, iccid) = self.cards.iter().find(|(known, _)| known == number).unwrap();
        let iccid = iccid.clone();
        self.note_sent(text, iccid);
        self.bench.network().send(sender, number, text).unwrap();
    }

    /// Sends one message of every kind that is no text.
    pub fn send_specials(&mut self, modem: usize) {
        SpecialMessage::ALL.into_iter().for_each(|kind| self.send_special(modem, kind));
    }

    /// Sends a message that is no text, from a number of its own, so that it differs from others of
    /// the same second.
    pub fn send_special(&mut self, modem: usize, kind: SpecialMessage) {
        self.send_special_from(modem, kind, &format!("+3161{:07}", self.others));
    }

    pub fn send_special_from(&mut self, modem: usize, kind: SpecialMessage, from: &str) {
        let (number, _) = &self.cards[modem];
        self.bench.network().send_special(kind, from, number, "").unwrap();
        self.others += 1;
    }

    pub fn all_ready(&self) -> bool {
        self.sessions.iter().all(|session| session.state == ModemState::Ready)
    }

    /// Whether everything that was sent is on disk and deleted from the modems.
    pub fn is_all_delivered(&self) -> bool {
        let network = self.bench.network();
        let waits =
            |(number, _): &(String, String)| network.waiting(number) + network.stored(number);
        self.cards.iter().map(waits).sum::<usize>() == 0
    }

    /// Runs until everything works, checking once a second. Returns how long that took.
    pub fn run_until_working(&mut self, at_most_ms: u64) -> Result<u64, String> {
        let began_ms = self.now_ms;
        while self.now_ms < began_ms + at_most_ms {
            if self.all_ready() && self.is_all_delivered() {
                return Ok(self.now_ms - began_ms);
            }
            self.run_for(1_000);
        }
        let unwell = self.sessions.iter().zip(self.bench.network().stats());
        let unwell = unwell.filter(|(session, stats)| {
            session.state != ModemState::Ready || stats.waiting + stats.stored > 0
        });
        let reports: Vec<String> = unwell
            .map(|(session, stats)| {
                let lines: Vec<String> =
                    session.transcript.iter().rev().take(24).rev().cloned().collect();
                let (waiting, stored) = (stats.waiting, stats.stored);
                format!(
                    "modem {} {} {:?} waiting {waiting} stored {stored}\n    {}",
                    stats.modem,
                    session.state,
                    session.reason,
                    lines.join("\n    ")
                )
            })
            .collect();
        Err(reports.join("\n  "))
    }

    /// The commands that a session has sent more than [`MOST_IN_A_SECOND`] times within a second.
    pub fn hasty_commands(&self) -> Vec<String> {
        let mut hasty = Vec::new();
        for session in &self.sessions {
            let mut times: HashMap<&str, VecDeque<u64>> = HashMap::new();
            for (at_ms, command) in &session.sent {
                let recent = times.entry(command).or_default();
                recent.push_back(*at_ms);
                while recent.front().is_some_and(|first_ms| first_ms + 1_000 <= *at_ms) {
                    recent.pop_front();
                }
                let readings = if command.starts_with("AT+CMGR=") { 2 } else { 1 };
                if recent.len() == readings * MOST_IN_A_SECOND + 1 {
                    hasty.push(format!("{command} too often at {at_ms} ms"));
                }
            }
        }
        hasty.truncate(5);
        hasty
    }

    /// The faults in what the host has: messages that were lost, doubled, credited to another card,
    /// or never sent.
    pub fn faults_found(&self) -> Vec<String> {
        let texts = self.kept.texts();
        let mut faults = self.kept.misattributed.clone();
        for (text, iccid) in &self.sent {
            match texts.get(text.as_str()).map(Vec::as_slice) {
                Some(_) if self.kept.untold.contains(text) => {}
                None if self.kept.is_doubtful(text) => {}
                None => faults.push(format!("lost: {text}")),
                Some([one]) if one == iccid => {}
                Some(cards) => faults.push(format!("{text} for {iccid} was given to {cards:?}")),
            }
        }
        let sent: HashSet<&str> = self.sent.iter().map(|(text, _)| text.as_str()).collect();
        let unsent = texts.keys().filter(|text| !sent.contains(*text));
        faults.extend(unsent.map(|text| format!("never sent: {text}")));
        let others = self.kept.others();
        if others.len() != self.others {
            faults.push(format!("{} of {} others: {others:#?}", others.len(), self.others));
        }
        if !faults.is_empty() {
            faults.extend(
                self.kept.unreadable.iter().map(|raw| format!("could not be decoded: {raw}")),
            );
        }
        for (place, session) in self.sessions.iter().enumerate() {
            if session.rate.most > MOST_IN_A_MINUTE {
                faults.push(format!("modem {place}: {} commands a minute", session.rate.most));
            }
            let observed = self.bench.network().observed(place).unwrap();
            if observed.deleted_unread > 0 {
                faults.push(format!("modem {place}: {} deleted unread", observed.deleted_unread));
            }
        }
        faults
    }
}
