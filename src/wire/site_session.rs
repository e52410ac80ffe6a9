//! The site's end of its connection to the centre. It lives as long as the site's process;
//! connections come and go.

use std::collections::{BTreeSet, VecDeque};

use super::frame::{BadFrame, FromCentre, FromSite};
use super::identity::{BootId, SiteKey};
use super::liveness::{Liveness, SILENCE};
use super::site_questions::{Awaited, Expired, Questions};
use super::site_reports::Reports;
use super::words::{
    Answer, Answered, Hello, PROTOCOL, Question, QuestionNumber, Refusal, Reply, Report, Request,
    RequestNumber,
};
use crate::domain::{Iccid, Moment, SiteName, Timestamp};

/// Who a site is, and which program it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub site: SiteName,
    pub key: SiteKey,
    /// Which run of the process this is.
    pub boot: BootId,
    /// The version of the program, for operators.
    pub version: String,
}

/// Names a request of the centre. Only the connection over which it came takes the reply: numbers
/// begin again with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceivedRequest {
    connection: u64,
    number: RequestNumber,
}

/// What the centre has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteEvent {
    /// The centre serves this site from now on. What was wanted of SIMs may have changed since the
    /// last connection.
    Welcomed,
    /// The centre does not serve this site. Nothing more comes on this connection.
    Refused(Refusal),
    /// A question is answered.
    Answered { question: QuestionNumber, answer: Answered },
    /// The centre asks this, and waits for [`SiteSession::reply`].
    Requested { number: ReceivedRequest, request: Request },
    /// What [`Question::ReadDemands`] answers may have changed.
    DemandsChanged,
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// There is none.
    Disconnected,
    /// The site has to say who it is.
    Connected,
    /// The site has said who it is.
    Introduced,
    Welcome,
    Refused,
}

/// The site's end: questions, reports and replies go in, frames come out; frames of the centre go
/// in, events come out.
#[derive(Debug)]
pub struct SiteSession {
    identity: Identity,
    stage: Stage,
    /// Counts the connections.
    connection: u64,
    liveness: Liveness,
    questions: Questions,
    reports: Reports,
    replies: VecDeque<(RequestNumber, Reply)>,
    /// The SIMs whose release was granted and that have not been reclaimed since.
    released: BTreeSet<Iccid>,
}

impl SiteSession {
    /// A session without a connection.
    pub fn new(identity: Identity, now: Moment) -> SiteSession {
        SiteSession {
            identity,
            stage: Stage::Disconnected,
            connection: 0,
            liveness: Liveness::new(now, SILENCE),
            questions: Questions::default(),
            reports: Reports::default(),
            replies: VecDeque::new(),
            released: BTreeSet::new(),
        }
    }

    /// Shows another key from the next connection on.
    pub fn set_key(&mut self, key: SiteKey) {
        self.identity.key = key;
    }

    /// A connection to the centre is there.
    pub fn connected(&mut self, now: Moment) {
        self.disconnected(now);
        self.connection += 1;
        self.stage = Stage::Connected;
    }

    /// The connection is lost or was closed. What waited for it goes over the next one.
    pub fn disconnected(&mut self, now: Moment) {
        self.stage = Stage::Disconnected;
        self.liveness = Liveness::new(now, SILENCE);
        self.replies.clear();
        self.questions.begin_again();
    }

    /// Whether the centre serves this site now.
    pub fn is_welcome(&self) -> bool {
        self.stage == Stage::Welcome
    }

    /// Asks the centre. The answer comes as [`SiteEvent::Answered`], or the question fails
    /// ([`SiteSession::tick`]).
    pub fn ask(&mut self, question: Question, now: Moment) -> QuestionNumber {
        self.questions.ask(question, now)
    }

    /// Tells the centre. Of a port and of a bank the newest report is kept and sent again on every
    /// new connection.
    pub fn report(&mut self, report: Report, now: Moment) {
        if let Report::Reclaimed(iccid) = &report {
            self.released.remove(iccid);
        }
        self.reports.add(report, self.questions.last(), now);
    }

    /// Replies to a request. A reply to a connection that has gone is dropped.
    pub fn reply(&mut self, number: ReceivedRequest, reply: Reply) {
        if self.is_welcome() && number.connection == self.connection {
            self.replies.push_back((number.number, reply));
        }
    }

    /// The next frame to send at `now`, with its line feed; `clock` is what this side's wall clock
    /// shows. What is longer than a frame may be is left out, as if it were lost.
    pub fn next_frame(&mut self, now: Moment, clock: Timestamp) -> Option<String> {
        loop {
            if let Some(line) = self.next(now)?.to_line(clock) {
                self.liveness.on_said(now);
                return Some(line);
            }
        }
    }

    fn next(&mut self, now: Moment) -> Option<FromSite> {
        match self.stage {
            Stage::Disconnected | Stage::Introduced | Stage::Refused => None,
            Stage::Connected => Some(FromSite::Hello(self.introduce())),
            Stage::Welcome => {
                if let Some((number, reply)) = self.replies.pop_front() {
                    return Some(FromSite::Reply { number, reply });
                }
                let is_beat_due = self.liveness.beat_at() <= now;
                self.next_said(now).or(is_beat_due.then_some(FromSite::Beat))
            }
        }
    }

    /// The next question or report, in the order in which they were made, as far as the limits of
    /// questions permit.
    fn next_said(&mut self, now: Moment) -> Option<FromSite> {
        match (self.questions.next_number(), self.reports.next_after()) {
            (Some(number), Some(after)) if number <= after => self.send_question(number, now),
            (Some(number), None) => self.send_question(number, now),
            _ => self.reports.take_next(now).map(FromSite::Report),
        }
    }

    fn send_question(&mut self, number: QuestionNumber, now: Moment) -> Option<FromSite> {
        let question = self.questions.send(number, now)?;
        Some(FromSite::Question { number, question })
    }

    fn introduce(&mut self) -> Hello {
        self.stage = Stage::Introduced;
        self.reports.begin_again(self.questions.last());
        let mut released = self.questions.tell_releases();
        released.extend(self.released.iter().cloned());
        let Identity { site, key, boot, version } = self.identity.clone();
        let released = released.into_iter().collect();
        Hello { protocol: PROTOCOL, version, site, key, boot, released }
    }

    /// Takes a line of the centre's, without its line feed. `clock` is what this side's wall clock
    /// shows.
    ///
    /// # Errors
    /// The centre breaks the protocol, so that the connection has to be closed.
    pub fn take_line(
        &mut self,
        line: &str,
        now: Moment,
        clock: Timestamp,
    ) -> Result<Option<SiteEvent>, BadFrame> {
        let frame = FromCentre::from_line(line, clock)?;
        self.liveness.on_heard(now);
        match (frame, self.stage) {
            (_, Stage::Disconnected | Stage::Connected | Stage::Refused) => Err(BadFrame::TooEarly),
            (FromCentre::Refused(refusal), _) => {
                self.stage = Stage::Refused;
                Ok(Some(SiteEvent::Refused(refusal)))
            }
            (FromCentre::Welcome, Stage::Introduced) => {
                self.stage = Stage::Welcome;
                Ok(Some(SiteEvent::Welcomed))
            }
            (FromCentre::Welcome, _) | (_, Stage::Introduced) => Err(BadFrame::TooEarly),
            (FromCentre::Answer { number, answer }, Stage::Welcome) => {
                Ok(self.take_answer(number, answer, now))
            }
            (FromCentre::Request { number, request }, Stage::Welcome) => {
                let number = ReceivedRequest { connection: self.connection, number };
                Ok(Some(SiteEvent::Requested { number, request }))
            }
            (FromCentre::DemandsChanged, Stage::Welcome) => Ok(Some(SiteEvent::DemandsChanged)),
            (FromCentre::Beat, Stage::Welcome) => Ok(None),
        }
    }

    fn take_answer(
        &mut self,
        number: QuestionNumber,
        answer: Answered,
        now: Moment,
    ) -> Option<SiteEvent> {
        match self.questions.take_answered(number) {
            Awaited::Question { release, may_be_granted } => {
                if let Some(iccid) = release {
                    if answer == Ok(Answer::Released(true)) {
                        self.released.insert(iccid);
                    } else if may_be_granted {
                        self.give_back(iccid, now);
                    }
                }
                Some(SiteEvent::Answered { question: number, answer })
            }
            Awaited::Overdue(release) => {
                if let Some(iccid) = release {
                    self.give_back(iccid, now);
                }
                None
            }
            Awaited::Nothing => None,
        }
    }

    /// Has the centre reclaim a SIM whose release it may have granted when nobody at the site
    /// waited for it any more.
    fn give_back(&mut self, iccid: Iccid, now: Moment) {
        if !self.released.contains(&iccid) && !self.questions.asks_release(&iccid) {
            self.report(Report::Reclaimed(iccid), now);
        }
    }

    /// Forgets the questions that have waited for ten seconds, and returns their numbers: they have
    /// failed, whether or not the centre has carried them out.
    pub fn tick(&mut self, now: Moment) -> Vec<QuestionNumber> {
        let expired = self.questions.take_expired(now);
        let numbers = expired.iter().map(|expired| expired.number).collect();
        for Expired { number, give_back, may_have_permitted_pin } in expired {
            if may_have_permitted_pin {
                self.report(Report::PinNotEntered(number), now);
            }
            if let Some(iccid) = give_back {
                self.give_back(iccid, now);
            }
        }
        numbers
    }

    /// When to call [`SiteSession::tick`], [`SiteSession::next_frame`] and
    /// [`SiteSession::is_silent`] if nothing happens before.
    pub fn deadline(&self) -> Option<Moment> {
        let beat = self.is_welcome().then(|| self.liveness.beat_at());
        let silence = (self.stage != Stage::Disconnected).then(|| self.liveness.silent_at());
        [self.questions.deadline(), beat, silence].into_iter().flatten().min()
    }

    /// Whether nothing has been heard of the centre for so long that the connection has to be
    /// closed.
    pub fn is_silent(&self, now: Moment) -> bool {
        self.stage != Stage::Disconnected && self.liveness.silent_at() <= now
    }
}
