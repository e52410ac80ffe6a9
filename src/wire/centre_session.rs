//! The centre's end of a connection to a site. There is one for each connection.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::frame::{BadFrame, FromCentre, FromSite};
use super::liveness::Liveness;
use super::site_questions::MAX_UNDER_WAY;
use super::words::{
    Answered, Hello, Question, QuestionNumber, Refusal, Reply, Report, Request, RequestNumber,
};
use crate::domain::{Moment, PortName, SiteName, Timestamp};

/// How long the reply to a request is awaited. Each request is answered at the site before: one to
/// a modem waits for a minute for its turn at most; then a USSD code, which takes longest, is sent
/// in two forms, each with 45 seconds for the command and a minute for the network's text; and at
/// the end the card is read again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(400);

/// What the site has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CentreEvent {
    /// The site says who it is, and waits for [`CentreSession::welcome`] or
    /// [`CentreSession::refuse`].
    Hello(Hello),
    /// The site asks this, in its own names, and waits for [`CentreSession::answer`].
    Asked { number: QuestionNumber, question: Question },
    /// The site tells this, in its own names.
    Reported(Report),
    /// The site replies to a request.
    Replied { request: RequestNumber, reply: Reply },
}

/// How far the connection has come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// The site has not said who it is.
    Connected,
    /// This site waits to be welcome.
    Introduced(SiteName),
    /// This site is to be told that it is welcome.
    Accepted(SiteName),
    Welcome(SiteName),
    /// The site is to be told that it is not served.
    Refusing(Refusal),
    Refused,
}

/// The centre's end of one connection: answers and requests go in, frames come out; frames of the
/// site go in, events come out.
#[derive(Debug)]
pub struct CentreSession {
    stage: Stage,
    liveness: Liveness,
    /// The questions whose answer has not been sent.
    unanswered: BTreeSet<QuestionNumber>,
    answers: VecDeque<(QuestionNumber, Answered)>,
    last_request: RequestNumber,
    requests: VecDeque<(RequestNumber, Request)>,
    /// The requests without a reply, and until when it is awaited.
    unreplied: BTreeMap<RequestNumber, Moment>,
    demands_changed: bool,
}

impl CentreSession {
    /// The session of a new connection. `silent_after` is how long nothing may be heard of the
    /// site.
    pub fn new(now: Moment, silent_after: Duration) -> CentreSession {
        CentreSession {
            stage: Stage::Connected,
            liveness: Liveness::new(now, silent_after),
            unanswered: BTreeSet::new(),
            answers: VecDeque::new(),
            last_request: RequestNumber::default(),
            requests: VecDeque::new(),
            unreplied: BTreeMap::new(),
            demands_changed: false,
        }
    }

    /// Serves the site, which has said who it is.
    pub fn welcome(&mut self) {
        if let Stage::Introduced(site) = &self.stage {
            self.stage = Stage::Accepted(site.clone());
        }
    }

    /// Does not serve the site, or no longer. That is the last frame; the connection is to be
    /// closed after it.
    pub fn refuse(&mut self, refusal: Refusal) {
        if self.stage != Stage::Refused {
            self.stage = Stage::Refusing(refusal);
        }
    }

    /// Whether the site has been told that it is not served.
    pub fn has_refused(&self) -> bool {
        self.stage == Stage::Refused
    }

    /// Answers a question. An answer to one that this connection does not wait for is dropped.
    pub fn answer(&mut self, number: QuestionNumber, answer: Answered) {
        if self.unanswered.contains(&number) {
            self.answers.push_back((number, answer));
        }
    }

    /// Asks the site. The reply comes as [`CentreEvent::Replied`], or the request fails
    /// ([`CentreSession::tick`], or the end of the connection).
    pub fn request(&mut self, request: Request, now: Moment) -> RequestNumber {
        self.last_request = RequestNumber(self.last_request.0.saturating_add(1));
        self.requests.push_back((self.last_request, request));
        self.unreplied.insert(self.last_request, now + REQUEST_TIMEOUT);
        self.last_request
    }

    /// Tells the site that other SIMs may be wanted. Several changes are told as one while it is
    /// not told yet.
    pub fn demands_changed(&mut self) {
        self.demands_changed = true;
    }

    /// The next frame to send at `now`, with its line feed; `clock` is what this side's wall clock
    /// shows. An answer that is longer than a frame may be becomes one that says so.
    pub fn next_frame(&mut self, now: Moment, clock: Timestamp) -> Option<String> {
        loop {
            let frame = self.next(now)?;
            let number = match &frame {
                FromCentre::Answer { number, .. } => Some(*number),
                _ => None,
            };
            if let Some(line) = frame.to_line(clock) {
                self.liveness.on_said(now);
                return Some(line);
            }
            if let Some(number) = number {
                let answer = Err("the answer is too long to be sent".to_owned());
                self.answers.push_front((number, answer));
            }
        }
    }

    fn next(&mut self, now: Moment) -> Option<FromCentre> {
        match &self.stage {
            Stage::Connected | Stage::Introduced(_) | Stage::Refused => None,
            Stage::Refusing(refusal) => {
                let refusal = *refusal;
                self.stage = Stage::Refused;
                Some(FromCentre::Refused(refusal))
            }
            Stage::Accepted(site) => {
                self.stage = Stage::Welcome(site.clone());
                Some(FromCentre::Welcome)
            }
            Stage::Welcome(_) => {
                if let Some((number, answer)) = self.answers.pop_front() {
                    self.unanswered.remove(&number);
                    return Some(FromCentre::Answer { number, answer });
                }
                if let Some((number, request)) = self.requests.pop_front() {
                    return Some(FromCentre::Request { number, request });
                }
                if std::mem::take(&mut self.demands_changed) {
                    return Some(FromCentre::DemandsChanged);
                }
                (self.liveness.beat_at() <= now).then_some(FromCentre::Beat)
            }
        }
    }

    /// Takes a line of the site's, without its line feed. `clock` is what this side's wall clock
    /// shows.
    ///
    /// # Errors
    /// The site breaks the protocol, so that the connection has to be closed.
    pub fn take_line(
        &mut self,
        line: &str,
        now: Moment,
        clock: Timestamp,
    ) -> Result<Option<CentreEvent>, BadFrame> {
        let frame = FromSite::from_line(line, clock)?;
        self.liveness.on_heard(now);
        match (frame, &self.stage) {
            (FromSite::Hello(hello), Stage::Connected) => {
                self.stage = Stage::Introduced(hello.site.clone());
                Ok(Some(CentreEvent::Hello(hello)))
            }
            (FromSite::Hello(_), _) => Err(BadFrame::SecondHello),
            // What is under way when the site is refused is of no interest any more.
            (_, Stage::Refusing(_) | Stage::Refused) => Ok(None),
            (_, Stage::Connected | Stage::Introduced(_) | Stage::Accepted(_)) => {
                Err(BadFrame::TooEarly)
            }
            (FromSite::Question { number, question }, Stage::Welcome(site)) => {
                check_port(question.port(), site)?;
                let is_allowed =
                    self.unanswered.len() < MAX_UNDER_WAY && self.unanswered.insert(number);
                is_allowed.then_some(()).ok_or(BadFrame::TooManyQuestions)?;
                Ok(Some(CentreEvent::Asked { number, question }))
            }
            (FromSite::Report(report), Stage::Welcome(site)) => {
                check_port(report.port(), site)?;
                Ok(Some(CentreEvent::Reported(report)))
            }
            (FromSite::Reply { number, reply }, Stage::Welcome(_)) => {
                let awaited = self.unreplied.remove(&number);
                Ok(awaited.map(|_| CentreEvent::Replied { request: number, reply }))
            }
            (FromSite::Beat, Stage::Welcome(_)) => Ok(None),
        }
    }

    /// Forgets the requests whose reply has been awaited for too long, and returns their numbers:
    /// they have failed.
    pub fn tick(&mut self, now: Moment) -> Vec<RequestNumber> {
        let overdue = self.unreplied.extract_if(.., |_, until| *until <= now);
        let numbers: Vec<RequestNumber> = overdue.map(|(number, _)| number).collect();
        self.requests.retain(|(number, _)| !numbers.contains(number));
        numbers
    }

    /// When to call [`CentreSession::tick`], [`CentreSession::next_frame`] and
    /// [`CentreSession::is_silent`] if nothing happens before.
    pub fn deadline(&self) -> Option<Moment> {
        let beat = matches!(self.stage, Stage::Welcome(_)).then(|| self.liveness.beat_at());
        // Later requests are awaited for longer.
        let request = self.unreplied.first_key_value().map(|(_, until)| *until);
        [Some(self.liveness.silent_at()), beat, request].into_iter().flatten().min()
    }

    /// Whether the connection may be lost, so that the site has to connect anew.
    pub fn has_missed_beats(&self, now: Moment) -> bool {
        self.liveness.has_missed_beats(now)
    }

    /// Whether nothing has been heard of the site for so long that the connection has to be closed.
    pub fn is_silent(&self, now: Moment) -> bool {
        self.liveness.silent_at() <= now
    }
}

/// Checks that a port of a site is not taken for one of the centre or of another site.
fn check_port(port: Option<&PortName>, site: &SiteName) -> Result<(), BadFrame> {
    let Some(port) = port else { return Ok(()) };
    let known = site.port(port);
    match SiteName::of_port(known.as_str()) {
        Some((of, own)) if of == *site && own == port.as_str() => Ok(()),
        _ => Err(BadFrame::NotAPort),
    }
}
