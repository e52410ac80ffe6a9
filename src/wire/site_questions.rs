//! The questions of a site that have no answer yet: which of them may be sent next, and which have
//! waited for too long.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::words::{Question, QuestionNumber};
use crate::domain::{Iccid, Moment, PortName};

/// How long a question waits for its answer altogether, whatever the connection does meanwhile.
pub const QUESTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How many questions may be under way on a connection.
pub const MAX_UNDER_WAY: usize = 256;
/// How many of them may be about one port.
pub const MAX_UNDER_WAY_OF_PORT: usize = 8;
/// A message that is sent later than this after it was read is not live: the time of its arrival at
/// the centre would give a wrong idea of the service centre's clock.
const LIVE_FOR: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Waiting {
    question: Question,
    asked_at: Moment,
    /// Whether it was sent on this connection.
    is_sent: bool,
    /// Whether it was sent on any connection.
    was_sent: bool,
    /// Of a release: whether the centre may have granted it although this question has not been
    /// answered so.
    may_be_granted: bool,
}

/// What the answer to a question is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The question waits for it.
    Question {
        /// The SIM whose release it asks for, if it does.
        release: Option<Iccid>,
        /// Whether the centre may have granted the release, even if this answer does not.
        may_be_granted: bool,
    },
    /// The question has waited for too long. It was the release of this SIM, if it was one.
    Overdue(Option<Iccid>),
    /// No such question is under way.
    Nothing,
}

/// A question that has waited for too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expired {
    pub number: QuestionNumber,
    /// A SIM that the centre may have released, and of which no answer will tell any more.
    pub give_back: Option<Iccid>,
    /// Whether the centre may have permitted a PIN, which is not entered.
    pub may_have_permitted_pin: bool,
}

#[derive(Debug, Default)]
pub(super) struct Questions {
    last: QuestionNumber,
    waiting: BTreeMap<QuestionNumber, Waiting>,
    /// Questions that have waited for too long and that the centre has still to answer on this
    /// connection; of a release, its SIM.
    overdue: BTreeMap<QuestionNumber, Option<Iccid>>,
}

impl Questions {
    /// Adds a question that is asked now.
    pub fn ask(&mut self, question: Question, now: Moment) -> QuestionNumber {
        self.last = QuestionNumber(self.last.0.saturating_add(1));
        let waiting = Waiting {
            question,
            asked_at: now,
            is_sent: false,
            was_sent: false,
            may_be_granted: false,
        };
        self.waiting.insert(self.last, waiting);
        self.last
    }

    /// The number of the question that was asked last.
    pub fn last(&self) -> QuestionNumber {
        self.last
    }

    /// The question that may be sent next. Those of one port keep their order.
    pub fn next_number(&self) -> Option<QuestionNumber> {
        let sent = self.waiting.values().filter(|waiting| waiting.is_sent);
        if sent.clone().count() + self.overdue.len() >= MAX_UNDER_WAY {
            return None;
        }
        let mut of_port: BTreeMap<&PortName, usize> = BTreeMap::new();
        for port in sent.filter_map(|waiting| waiting.question.port()) {
            *of_port.entry(port).or_default() += 1;
        }
        let is_free =
            |port: &PortName| of_port.get(port).is_none_or(|count| *count < MAX_UNDER_WAY_OF_PORT);
        let mut unsent = self.waiting.iter().filter(|(_, waiting)| !waiting.is_sent);
        let next = unsent.find(|(_, waiting)| waiting.question.port().is_none_or(is_free));
        next.map(|(number, _)| *number)
    }

    /// The question of this number as it is sent now.
    pub fn send(&mut self, number: QuestionNumber, now: Moment) -> Option<Question> {
        let waiting = self.waiting.get_mut(&number)?;
        waiting.is_sent = true;
        waiting.was_sent = true;
        let mut question = waiting.question.clone();
        if let Question::Store(received) = &mut question {
            received.live &= now - waiting.asked_at <= LIVE_FOR;
        }
        Some(question)
    }

    /// Takes the question that an answer is for.
    pub fn take_answered(&mut self, number: QuestionNumber) -> Awaited {
        if let Some(release) = self.overdue.remove(&number) {
            if let Some(iccid) = &release {
                self.note_grant(iccid);
            }
            return Awaited::Overdue(release);
        }
        match self.waiting.remove(&number) {
            Some(Waiting { question, is_sent: true, may_be_granted, .. }) => {
                Awaited::Question { release: question.into_release(), may_be_granted }
            }
            Some(unsent) => {
                self.waiting.insert(number, unsent);
                Awaited::Nothing
            }
            None => Awaited::Nothing,
        }
    }

    /// Takes the questions that have waited for too long.
    pub fn take_expired(&mut self, now: Moment) -> Vec<Expired> {
        let is_expired =
            |_: &QuestionNumber, waiting: &mut Waiting| waiting.asked_at + QUESTION_TIMEOUT <= now;
        let expired: Vec<_> = self.waiting.extract_if(.., is_expired).collect();
        let expired = expired.into_iter().map(|(number, waiting)| {
            let may_have_permitted_pin =
                waiting.was_sent && matches!(waiting.question, Question::PermitPin { .. });
            let release = waiting.question.into_release();
            let give_back = release.clone().filter(|_| !waiting.is_sent && waiting.may_be_granted);
            if waiting.is_sent {
                self.overdue.insert(number, release);
            }
            Expired { number, give_back, may_have_permitted_pin }
        });
        expired.collect()
    }

    /// When a question will have waited for too long.
    pub fn deadline(&self) -> Option<Moment> {
        // Later questions have greater numbers, so the first has waited for the longest time.
        self.waiting.first_key_value().map(|(_, waiting)| waiting.asked_at + QUESTION_TIMEOUT)
    }

    /// Has all questions sent again, because there is a new connection.
    pub fn begin_again(&mut self) {
        self.overdue.clear();
        for waiting in self.waiting.values_mut() {
            waiting.is_sent = false;
            waiting.may_be_granted = false;
        }
    }

    /// The SIMs whose release is being asked for. The centre is told so, and may grant it.
    pub fn tell_releases(&mut self) -> BTreeSet<Iccid> {
        let mut sims = BTreeSet::new();
        for waiting in self.waiting.values_mut() {
            if let Question::Release { iccid } = &waiting.question {
                waiting.may_be_granted = true;
                sims.insert(iccid.clone());
            }
        }
        sims
    }

    /// Whether the release of this SIM is being asked for.
    pub fn asks_release(&self, iccid: &Iccid) -> bool {
        self.waiting.values().any(|waiting| waiting.question.releases(iccid))
    }

    /// Notes that the centre may have released this SIM by an earlier question.
    fn note_grant(&mut self, iccid: &Iccid) {
        for waiting in self.waiting.values_mut().filter(|it| it.question.releases(iccid)) {
            waiting.may_be_granted = true;
        }
    }
}

impl Question {
    /// Whether it asks for the release of this SIM.
    fn releases(&self, sim: &Iccid) -> bool {
        matches!(self, Question::Release { iccid } if iccid == sim)
    }

    /// The SIM whose release it asks for, if it does.
    fn into_release(self) -> Option<Iccid> {
        match self {
            Question::Release { iccid } => Some(iccid),
            _ => None,
        }
    }
}
