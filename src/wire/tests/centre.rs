//! The rules of the centre's end, one by one.

use std::time::Duration;

use super::super::{
    Answer, BadFrame, CentreEvent, CentreSession, FromCentre, FromSite, Question, QuestionNumber,
    Refusal, Reply, Report, Request, RequestNumber, SILENCE,
};
use super::samples::{self, NOW, port};
use super::site::at;
use crate::domain::modem::{ModemSnapshot, ModemState};
use crate::domain::{Moment, PortName};

fn frames(session: &mut CentreSession, now: Moment) -> Vec<FromCentre> {
    let lines = std::iter::from_fn(|| session.next_frame(now, NOW));
    lines.map(|line| FromCentre::from_line(line.trim_end(), NOW).unwrap()).collect()
}

fn take(
    session: &mut CentreSession,
    frame: FromSite,
    now: Moment,
) -> Result<Option<CentreEvent>, BadFrame> {
    let line = frame.to_line(NOW).unwrap();
    session.take_line(line.trim_end(), now, NOW)
}

fn hear(session: &mut CentreSession, frame: FromSite, now: Moment) -> CentreEvent {
    take(session, frame, now).unwrap().unwrap()
}

fn welcome_session() -> CentreSession {
    let mut session = CentreSession::new(at(0), SILENCE);
    hear(&mut session, FromSite::Hello(samples::hello()), at(0));
    session.welcome();
    assert_eq!(frames(&mut session, at(0)), [FromCentre::Welcome]);
    session
}

fn question(number: u64) -> FromSite {
    let question = Question::ReadSlots { bank: "rack1".to_owned() };
    FromSite::Question { number: QuestionNumber(number), question }
}

#[test]
fn a_site_says_who_it_is_before_anything_else_and_once() {
    for early in [question(1), FromSite::Beat] {
        let mut session = CentreSession::new(at(0), SILENCE);
        assert_eq!(take(&mut session, early.clone(), at(0)), Err(BadFrame::TooEarly));
        let hello = hear(&mut session, FromSite::Hello(samples::hello()), at(0));
        assert_eq!(hello, CentreEvent::Hello(samples::hello()));
        assert_eq!(take(&mut session, early, at(0)), Err(BadFrame::TooEarly));
        let again = FromSite::Hello(samples::hello());
        assert_eq!(take(&mut session, again, at(0)), Err(BadFrame::SecondHello));
    }
    let again = FromSite::Hello(samples::hello());
    assert_eq!(take(&mut welcome_session(), again, at(0)), Err(BadFrame::SecondHello));
}

#[test]
fn the_centre_says_nothing_before_the_site_is_welcome_or_refused() {
    let mut session = CentreSession::new(at(0), SILENCE);
    session.welcome();
    session.demands_changed();
    session.request(Request::Detail { port: port(1) }, at(0));
    assert_eq!(frames(&mut session, at(9_000)), []);
    hear(&mut session, FromSite::Hello(samples::hello()), at(9_000));
    assert_eq!(frames(&mut session, at(9_000)), []);
    session.welcome();
    let sent = frames(&mut session, at(9_000));
    assert_eq!((&sent[0], sent.len()), (&FromCentre::Welcome, 3));
}

#[test]
fn a_refusal_is_the_last_frame() {
    let mut early = CentreSession::new(at(0), SILENCE);
    hear(&mut early, FromSite::Hello(samples::hello()), at(0));
    for mut session in [early, welcome_session()] {
        session.demands_changed();
        session.refuse(Refusal::NotLeading);
        assert_eq!(take(&mut session, question(1), at(0)), Ok(None));
        assert!(!session.has_refused());
        let sent = frames(&mut session, at(60_000));
        assert_eq!(sent, [FromCentre::Refused(Refusal::NotLeading)]);
        assert!(session.has_refused());
        session.refuse(Refusal::Revoked);
        session.welcome();
        assert_eq!(frames(&mut session, at(60_000)), []);
    }
}

#[test]
fn a_question_is_answered_under_its_number() {
    let mut session = welcome_session();
    let asked = hear(&mut session, question(7), at(0));
    let expected = Question::ReadSlots { bank: "rack1".to_owned() };
    assert_eq!(asked, CentreEvent::Asked { number: QuestionNumber(7), question: expected });
    session.answer(QuestionNumber(8), Ok(Answer::Done));
    session.answer(QuestionNumber(7), Ok(Answer::Slots(Vec::new())));
    let answer = Ok(Answer::Slots(Vec::new()));
    let expected = FromCentre::Answer { number: QuestionNumber(7), answer };
    assert_eq!(frames(&mut session, at(0)), [expected]);
}

#[test]
fn an_answer_that_is_too_long_says_so() {
    let mut session = welcome_session();
    hear(&mut session, question(7), at(0));
    session.answer(QuestionNumber(7), Err("x".repeat(1 << 20)));
    let answer = Err("the answer is too long to be sent".to_owned());
    let expected = FromCentre::Answer { number: QuestionNumber(7), answer };
    assert_eq!(frames(&mut session, at(0)), [expected]);
    assert_eq!(frames(&mut session, at(0)), []);
}

#[test]
fn more_than_256_unanswered_questions_are_too_many() {
    let mut session = welcome_session();
    for number in 1..=256 {
        hear(&mut session, question(number), at(0));
    }
    assert_eq!(take(&mut session, question(257), at(0)), Err(BadFrame::TooManyQuestions));
    session.answer(QuestionNumber(9), Ok(Answer::Done));
    assert_eq!(take(&mut session, question(257), at(0)), Err(BadFrame::TooManyQuestions));
    assert_eq!(frames(&mut session, at(0)).len(), 1);
    hear(&mut session, question(257), at(0));
    session.answer(QuestionNumber(10), Ok(Answer::Done));
    frames(&mut session, at(0));
    assert_eq!(take(&mut session, question(11), at(0)), Err(BadFrame::TooManyQuestions));
}

#[test]
fn a_port_whose_name_would_be_that_of_another_is_refused() {
    let report = |port: &str| {
        let snapshot = ModemSnapshot::new(PortName::from_stored(port), ModemState::Ready);
        FromSite::Report(Report::Port { snapshot, age: Duration::ZERO })
    };
    for right in ["/dev/ttyUSB0", "tcp://rack:7001"] {
        hear(&mut welcome_session(), report(right), at(0));
    }
    // For a site of this name the port would be `tcp://rack:7001`, one of the centre itself.
    for wrong in ["//rack:7001", "ttyUSB0"] {
        let mut session = welcome_session();
        assert_eq!(take(&mut session, report(wrong), at(0)), Err(BadFrame::NotAPort), "{wrong}");
        let question = samples::questions().into_iter().find_map(|question| match question {
            Question::SaveSwitch(record) => Some(record),
            _ => None,
        });
        let mut record = question.unwrap();
        record.port = PortName::from_stored(wrong);
        let question = Question::SaveSwitch(record);
        let asked = FromSite::Question { number: QuestionNumber(1), question };
        assert_eq!(take(&mut session, asked, at(0)), Err(BadFrame::NotAPort), "{wrong}");
    }
}

#[test]
fn a_request_is_replied_to_or_fails_after_four_hundred_seconds() {
    let mut session = welcome_session();
    let request = Request::Recording { port: port(1) };
    let first = session.request(request.clone(), at(0));
    let second = session.request(request.clone(), at(1_000));
    let sent =
        [first, second].map(|number| FromCentre::Request { number, request: request.clone() });
    assert_eq!(frames(&mut session, at(1_000)), sent);
    let reply = |number| FromSite::Reply { number, reply: Reply::Recording(None) };
    assert_eq!(take(&mut session, reply(RequestNumber(99)), at(2_000)), Ok(None));
    let replied = hear(&mut session, reply(second), at(2_000));
    let expected = CentreEvent::Replied { request: second, reply: Reply::Recording(None) };
    assert_eq!(replied, expected);
    assert_eq!(session.tick(at(399_999)), []);
    assert_eq!(session.tick(at(400_000)), [first]);
    assert_eq!(take(&mut session, reply(first), at(400_000)), Ok(None));
    assert_eq!(session.tick(at(500_000)), []);
}

#[test]
fn changes_of_the_demands_are_told_as_one_while_they_wait() {
    let mut session = welcome_session();
    session.demands_changed();
    session.demands_changed();
    assert_eq!(frames(&mut session, at(0)), [FromCentre::DemandsChanged]);
    session.demands_changed();
    assert_eq!(frames(&mut session, at(0)), [FromCentre::DemandsChanged]);
}

#[test]
fn beats_and_silence_are_those_of_the_site() {
    let mut session = welcome_session();
    assert_eq!(session.deadline(), Some(at(5_000)));
    assert_eq!(frames(&mut session, at(4_999)), []);
    assert_eq!(frames(&mut session, at(5_000)), [FromCentre::Beat]);
    assert!(!session.has_missed_beats(at(9_999)) && session.has_missed_beats(at(10_000)));
    assert!(!session.is_silent(at(14_999)) && session.is_silent(at(15_000)));
    take(&mut session, FromSite::Beat, at(8_000)).unwrap();
    assert!(!session.is_silent(at(22_999)) && session.is_silent(at(23_000)));
    let waiting = CentreSession::new(at(0), SILENCE);
    assert_eq!(waiting.deadline(), Some(at(15_000)));
    assert!(waiting.is_silent(at(15_000)), "whoever does not say who it is goes");
}
