//! The reports of a site: those that wait to be sent, and the newest of each port and bank, which
//! are told again on every new connection.

use std::collections::{BTreeMap, VecDeque};

use super::site_questions::MAX_UNDER_WAY;
use super::words::{QuestionNumber, Report};
use crate::domain::{Iccid, Moment, PortName};

/// What a report is about, if only the newest about it counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Port(PortName),
    Bank(String),
}

#[derive(Debug)]
struct Newest {
    report: Report,
    made_at: Moment,
    /// Whether it is in the queue.
    waits: bool,
}

#[derive(Debug)]
enum Entry {
    /// The newest report about this.
    Newest(Subject),
    /// The SIM was reclaimed.
    Reclaimed(Iccid),
    /// The question of this number is not answered in time, and no PIN was entered.
    PinNotEntered(QuestionNumber),
}

#[derive(Debug, Default)]
pub(super) struct Reports {
    /// That a port or bank has gone is kept too: the report of it may have been lost.
    newest: BTreeMap<Subject, Newest>,
    /// What is to be sent, each with the question that was asked last before it.
    queue: VecDeque<(QuestionNumber, Entry)>,
    /// The last questions after which no PIN was entered, the oldest first. They are told on every
    /// connection, because no answer shows that the centre has heard of them.
    pins_not_entered: VecDeque<QuestionNumber>,
}

impl Reports {
    /// Adds a report that was made now, after the question `after`. It takes the place of one about
    /// the same port or bank that still waits.
    pub fn add(&mut self, report: Report, after: QuestionNumber, now: Moment) {
        let subject = match &report {
            Report::Port { snapshot, .. } => Subject::Port(snapshot.port.clone()),
            Report::PortRemoved(port) => Subject::Port(port.clone()),
            Report::Bank(bank) => Subject::Bank(bank.name.clone()),
            Report::BankGone(bank) => Subject::Bank(bank.clone()),
            Report::Reclaimed(iccid) => {
                return self.queue.push_back((after, Entry::Reclaimed(iccid.clone())));
            }
            Report::PinNotEntered(number) => return self.add_pin_not_entered(*number, after),
        };
        let newest = Newest { report, made_at: now, waits: true };
        let waited = self.newest.insert(subject.clone(), newest).is_some_and(|last| last.waits);
        if !waited {
            self.queue.push_back((after, Entry::Newest(subject)));
        }
    }

    fn add_pin_not_entered(&mut self, number: QuestionNumber, after: QuestionNumber) {
        if self.pins_not_entered.len() == MAX_UNDER_WAY {
            self.pins_not_entered.pop_front();
        }
        self.pins_not_entered.push_back(number);
        self.queue.push_back((after, Entry::PinNotEntered(number)));
    }

    /// Has the newest report of every port and bank sent again, because there is a new connection,
    /// and forgets which SIMs were reclaimed: what is said first tells which are released. That
    /// PINs were not entered goes before all later questions, which may ask for them again.
    pub fn begin_again(&mut self, after: QuestionNumber) {
        self.queue.clear();
        let pins = self.pins_not_entered.iter();
        self.queue.extend(pins.map(|number| (*number, Entry::PinNotEntered(*number))));
        for (subject, newest) in &mut self.newest {
            newest.waits = true;
            self.queue.push_back((after, Entry::Newest(subject.clone())));
        }
    }

    /// The question that was asked last before the next report.
    pub fn next_after(&self) -> Option<QuestionNumber> {
        self.queue.front().map(|(after, _)| *after)
    }

    /// Takes the next report as it is sent now.
    pub fn take_next(&mut self, now: Moment) -> Option<Report> {
        let (_, entry) = self.queue.pop_front()?;
        match entry {
            Entry::Reclaimed(iccid) => Some(Report::Reclaimed(iccid)),
            Entry::PinNotEntered(number) => Some(Report::PinNotEntered(number)),
            Entry::Newest(subject) => {
                let newest = self.newest.get_mut(&subject)?;
                newest.waits = false;
                let mut report = newest.report.clone();
                if let Report::Port { age, .. } = &mut report {
                    *age = age.saturating_add(now - newest.made_at);
                }
                Some(report)
            }
        }
    }
}
