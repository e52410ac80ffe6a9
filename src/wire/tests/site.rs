//! The rules of the site's end, one by one.

use std::time::Duration;

use super::super::{
    Answer, Answered, BadFrame, FromCentre, FromSite, Identity, PROTOCOL, Question, QuestionNumber,
    Refusal, Reply, Report, Request, RequestNumber, SiteEvent, SiteSession,
};
use super::samples::{self, NOW, iccid, modem, port};
use crate::domain::Moment;
use crate::domain::bank::BankReport;
use crate::domain::modem::{ModemSnapshot, ModemState, PinPermission};
use crate::modem::RawPdu;

pub fn at(milliseconds: u64) -> Moment {
    Moment::since_origin(Duration::from_millis(milliseconds))
}

pub fn identity() -> Identity {
    let hello = samples::hello();
    Identity { site: hello.site, key: hello.key, boot: hello.boot, version: hello.version }
}

fn session() -> SiteSession {
    SiteSession::new(identity(), at(0))
}

/// All frames that the session has to send.
fn frames(session: &mut SiteSession, now: Moment) -> Vec<FromSite> {
    let lines = std::iter::from_fn(|| session.next_frame(now, NOW));
    lines.map(|line| FromSite::from_line(line.trim_end(), NOW).unwrap()).collect()
}

fn hear(session: &mut SiteSession, frame: FromCentre, now: Moment) -> Option<SiteEvent> {
    let line = frame.to_line(NOW).unwrap();
    session.take_line(line.trim_end(), now, NOW).unwrap()
}

/// Connects, and returns what the site says of itself and what it sends once it is welcome.
fn connect(session: &mut SiteSession, now: Moment) -> (super::super::Hello, Vec<FromSite>) {
    session.connected(now);
    let mut first = frames(session, now);
    let Some(FromSite::Hello(hello)) = first.pop() else { panic!("no hello") };
    assert!(first.is_empty());
    assert_eq!(hear(session, FromCentre::Welcome, now), Some(SiteEvent::Welcomed));
    (hello, frames(session, now))
}

fn welcome_session() -> SiteSession {
    let mut session = session();
    assert_eq!(connect(&mut session, at(0)).1, []);
    session
}

fn store(number: u32) -> Question {
    Question::Store(samples::received(number, RawPdu::Octets(vec![0, 4])))
}

fn release(number: u32) -> Question {
    Question::Release { iccid: iccid(number) }
}

fn answered(session: &mut SiteSession, number: QuestionNumber, answer: Answered) -> bool {
    let event = hear(session, FromCentre::Answer { number, answer: answer.clone() }, at(1));
    let expected = SiteEvent::Answered { question: number, answer };
    assert!(event.is_none() || event.as_ref() == Some(&expected));
    event.is_some()
}

/// The numbers of the questions among frames.
fn numbers(frames: &[FromSite]) -> Vec<u64> {
    let number = |frame: &FromSite| match frame {
        FromSite::Question { number, .. } => Some(number.0),
        _ => None,
    };
    frames.iter().filter_map(number).collect()
}

fn asks_nothing(session: &mut SiteSession, now: Moment) -> bool {
    numbers(&frames(session, now)).is_empty()
}

fn state(number: u32, state: ModemState) -> Report {
    let snapshot = ModemSnapshot::new(port(number), state);
    Report::Port { snapshot, age: Duration::ZERO }
}

/// A bare report as it is sent so long after it was made.
fn aged(number: u32, of: ModemState, milliseconds: u64) -> FromSite {
    let snapshot = ModemSnapshot::new(port(number), of);
    FromSite::Report(Report::Port { snapshot, age: Duration::from_millis(milliseconds) })
}

#[test]
fn hello_goes_first_and_nothing_else_until_the_site_is_welcome() {
    let mut session = session();
    let number = session.ask(store(1), at(0));
    session.report(state(1, ModemState::Ready), at(0));
    assert_eq!(frames(&mut session, at(0)), []);
    session.connected(at(0));
    let [FromSite::Hello(hello)] = &frames(&mut session, at(0))[..] else { panic!("no hello") };
    assert_eq!((hello.protocol, hello.site.as_str()), (PROTOCOL, "ams"));
    assert_eq!((&hello.key, hello.boot), (&identity().key, identity().boot));
    assert!(!session.is_welcome());
    assert_eq!(frames(&mut session, at(9_000)), []);
    hear(&mut session, FromCentre::Welcome, at(9_000));
    assert!(session.is_welcome());
    let sent = frames(&mut session, at(9_000));
    assert_eq!(sent.len(), 2);
    assert_eq!(numbers(&sent), [number.0]);
}

#[test]
fn what_the_centre_may_not_say_yet_is_a_bad_frame() {
    let line = |frame: FromCentre| frame.to_line(NOW).unwrap();
    let answer = || FromCentre::Answer { number: QuestionNumber(1), answer: Ok(Answer::Done) };
    let mut session = session();
    let take = |session: &mut SiteSession, frame| {
        session.take_line(line(frame).trim_end(), at(0), NOW).unwrap_err()
    };
    assert_eq!(take(&mut session, FromCentre::Beat), BadFrame::TooEarly);
    session.connected(at(0));
    assert_eq!(take(&mut session, FromCentre::Welcome), BadFrame::TooEarly);
    frames(&mut session, at(0));
    for early in [answer(), FromCentre::DemandsChanged, FromCentre::Beat] {
        assert_eq!(take(&mut session, early), BadFrame::TooEarly);
    }
    hear(&mut session, FromCentre::Welcome, at(0));
    assert_eq!(take(&mut session, FromCentre::Welcome), BadFrame::TooEarly);
}

#[test]
fn a_site_that_is_refused_says_nothing_more() {
    for welcome in [false, true] {
        let mut session = session();
        session.connected(at(0));
        frames(&mut session, at(0));
        if welcome {
            hear(&mut session, FromCentre::Welcome, at(0));
        }
        let event = hear(&mut session, FromCentre::Refused(Refusal::Revoked), at(0));
        assert_eq!(event, Some(SiteEvent::Refused(Refusal::Revoked)));
        session.ask(store(1), at(0));
        assert_eq!(frames(&mut session, at(9_000)), []);
        assert!(!session.is_welcome());
    }
}

#[test]
fn a_question_is_answered_once_and_by_its_number() {
    let mut session = welcome_session();
    let pin = Question::PermitPin { modem: modem(1), iccid: None, only_if_accepted: false };
    let (first, second) = (session.ask(store(1), at(0)), session.ask(pin, at(0)));
    assert_eq!((first, second), (QuestionNumber(1), QuestionNumber(2)));
    assert_eq!(numbers(&frames(&mut session, at(0))), [1, 2]);
    assert!(answered(&mut session, second, Ok(Answer::Pin(PinPermission::Granted))));
    assert!(answered(&mut session, first, Err("the disk is full".to_owned())));
    assert!(!answered(&mut session, first, Ok(Answer::Done)));
    assert!(!answered(&mut session, QuestionNumber(77), Ok(Answer::Done)));
    assert_eq!(session.tick(at(60_000)), []);
}

#[test]
fn a_question_fails_after_ten_seconds_whatever_the_connection_does() {
    let mut session = session();
    let early = session.ask(store(1), at(0));
    connect(&mut session, at(4_000));
    let late = session.ask(store(1), at(5_000));
    frames(&mut session, at(5_000));
    assert_eq!(session.deadline(), Some(at(10_000)));
    session.disconnected(at(6_000));
    assert_eq!(session.deadline(), Some(at(10_000)));
    assert_eq!(session.tick(at(9_999)), []);
    assert_eq!(session.tick(at(10_000)), [early]);
    assert_eq!(session.deadline(), Some(at(15_000)));
    assert_eq!(numbers(&connect(&mut session, at(14_000)).1), [late.0]);
    assert_eq!(session.tick(at(15_000)), [late]);
    assert!(!answered(&mut session, late, Ok(Answer::Done)), "nobody waits any more");
}

#[test]
fn eight_questions_of_a_port_are_under_way_and_keep_their_order() {
    let mut session = welcome_session();
    let of_first: Vec<QuestionNumber> = (0..10).map(|_| session.ask(store(1), at(0))).collect();
    let of_second = session.ask(store(2), at(0));
    let sent = numbers(&frames(&mut session, at(0)));
    assert_eq!(sent, [1, 2, 3, 4, 5, 6, 7, 8, of_second.0]);
    assert!(answered(&mut session, of_first[3], Ok(Answer::Done)));
    assert_eq!(numbers(&frames(&mut session, at(0))), [9]);
    assert!(asks_nothing(&mut session, at(0)));
    assert!(answered(&mut session, of_first[0], Ok(Answer::Done)));
    assert_eq!(numbers(&frames(&mut session, at(0))), [10]);
}

#[test]
fn two_hundred_and_fifty_six_questions_are_under_way() {
    let mut session = welcome_session();
    for number in 0..300 {
        session.ask(store(number), at(0));
    }
    let sent = numbers(&frames(&mut session, at(0)));
    assert_eq!(sent, (1..=256).collect::<Vec<u64>>());
    assert!(answered(&mut session, QuestionNumber(200), Ok(Answer::Done)));
    assert_eq!(numbers(&frames(&mut session, at(0))), [257]);
    // The centre has still to answer those that nobody waits for any more.
    assert_eq!(session.tick(at(10_000)).len(), 299);
    session.ask(store(1), at(10_000));
    assert!(asks_nothing(&mut session, at(10_000)));
    assert!(!answered(&mut session, QuestionNumber(1), Ok(Answer::Done)));
    assert_eq!(numbers(&frames(&mut session, at(10_000))), [301]);
}

#[test]
fn on_a_new_connection_unanswered_questions_are_asked_again_under_their_numbers() {
    let mut session = welcome_session();
    let asked: Vec<u64> = (1..=4).map(|port| session.ask(store(port), at(0)).0).collect();
    assert_eq!(numbers(&frames(&mut session, at(0))), asked);
    assert!(answered(&mut session, QuestionNumber(2), Ok(Answer::Done)));
    session.disconnected(at(100));
    let fifth = session.ask(store(5), at(200)).0;
    assert_eq!(numbers(&connect(&mut session, at(300)).1), [1, 3, 4, fifth]);
}

#[test]
fn of_a_port_and_of_a_bank_the_newest_report_waits() {
    let mut session = welcome_session();
    let newest = || BankReport { trouble: None, ..samples::bank(1) };
    session.report(state(1, ModemState::Opening), at(0));
    session.report(Report::Bank(samples::bank(1)), at(0));
    session.report(Report::Reclaimed(iccid(1)), at(0));
    session.report(state(2, ModemState::Probing), at(0));
    session.report(state(1, ModemState::Ready), at(1_000));
    session.report(Report::Bank(newest()), at(1_000));
    session.report(Report::Reclaimed(iccid(2)), at(1_000));
    session.report(Report::PortRemoved(port(2)), at(1_000));
    let expected = [
        aged(1, ModemState::Ready, 500),
        FromSite::Report(Report::Bank(newest())),
        FromSite::Report(Report::Reclaimed(iccid(1))),
        FromSite::Report(Report::PortRemoved(port(2))),
        FromSite::Report(Report::Reclaimed(iccid(2))),
    ];
    assert_eq!(frames(&mut session, at(1_500)), expected);
    assert_eq!(frames(&mut session, at(1_500)), []);
}

#[test]
fn after_a_new_connection_everything_that_is_there_is_told_again_with_its_age() {
    let mut session = welcome_session();
    session.report(state(1, ModemState::Ready), at(0));
    session.report(state(2, ModemState::Ready), at(0));
    session.report(Report::BankGone("rack1".to_owned()), at(0));
    assert_eq!(frames(&mut session, at(0)).len(), 3);
    session.report(Report::PortRemoved(port(2)), at(1_000));
    session.disconnected(at(1_000));
    session.report(state(3, ModemState::Probing), at(2_000));
    session.report(state(3, ModemState::Ready), at(3_000));
    let expected = [
        aged(1, ModemState::Ready, 5_000),
        FromSite::Report(Report::PortRemoved(port(2))),
        aged(3, ModemState::Ready, 2_000),
        FromSite::Report(Report::BankGone("rack1".to_owned())),
    ];
    assert_eq!(connect(&mut session, at(5_000)).1, expected);
    session.disconnected(at(6_000));
    assert_eq!(connect(&mut session, at(7_000)).1[0], aged(1, ModemState::Ready, 7_000));
}

#[test]
fn questions_and_reports_go_in_the_order_in_which_they_were_made() {
    let mut session = welcome_session();
    session.report(Report::Reclaimed(iccid(1)), at(0));
    session.ask(release(1), at(0));
    session.ask(store(1), at(0));
    session.report(Report::Reclaimed(iccid(2)), at(0));
    session.ask(release(2), at(0));
    let sent = frames(&mut session, at(0));
    let kinds = sent.iter().map(|frame| match frame {
        FromSite::Question { number, .. } => number.0.to_string(),
        FromSite::Report(Report::Reclaimed(sim)) => format!("reclaimed {}", &sim.as_str()[18..]),
        other => panic!("{other:?}"),
    });
    assert_eq!(kinds.collect::<Vec<_>>(), ["reclaimed 1", "1", "2", "reclaimed 2", "3"]);
}

#[test]
fn a_beat_is_sent_when_nothing_else_was_for_five_seconds() {
    let mut session = welcome_session();
    assert_eq!(session.deadline(), Some(at(5_000)));
    assert_eq!(frames(&mut session, at(4_999)), []);
    assert_eq!(frames(&mut session, at(5_000)), [FromSite::Beat]);
    session.report(Report::Reclaimed(iccid(1)), at(8_000));
    assert_eq!(frames(&mut session, at(8_000)).len(), 1);
    assert_eq!(frames(&mut session, at(12_999)), []);
    assert_eq!(frames(&mut session, at(13_000)), [FromSite::Beat]);
}

#[test]
fn the_centre_is_silent_when_nothing_was_heard_of_it_for_fifteen_seconds() {
    let mut session = session();
    assert!(!session.is_silent(at(100_000)), "there is no connection");
    session.connected(at(1_000));
    assert!(!session.is_silent(at(15_999)) && session.is_silent(at(16_000)));
    frames(&mut session, at(1_000));
    hear(&mut session, FromCentre::Welcome, at(10_000));
    assert!(!session.is_silent(at(24_999)) && session.is_silent(at(25_000)));
    hear(&mut session, FromCentre::Beat, at(20_000));
    assert!(!session.is_silent(at(34_999)) && session.is_silent(at(35_000)));
    session.disconnected(at(35_000));
    assert!(!session.is_silent(at(100_000)));
}

#[test]
fn a_message_that_is_sent_late_is_not_live() {
    let is_live = |frames: &[FromSite]| match frames {
        [FromSite::Question { question: Question::Store(received), .. }] => received.live,
        other => panic!("{other:?}"),
    };
    let mut session = welcome_session();
    session.ask(store(1), at(0));
    assert!(is_live(&frames(&mut session, at(2_000))));
    session.disconnected(at(2_000));
    assert!(!is_live(&connect(&mut session, at(2_001)).1));
}

#[test]
fn a_reply_goes_to_the_connection_that_asked() {
    let mut session = welcome_session();
    let request = Request::Detail { port: port(1) };
    let number = RequestNumber(1);
    let asked = FromCentre::Request { number, request: request.clone() };
    let ask = |session: &mut SiteSession| match hear(session, asked.clone(), at(0)) {
        Some(SiteEvent::Requested { number, request: what }) if what == request => number,
        other => panic!("{other:?}"),
    };
    let first = ask(&mut session);
    connect(&mut session, at(100));
    let second = ask(&mut session);
    session.reply(first, Reply::Detail(Some(Default::default())));
    session.reply(second, Reply::Detail(None));
    let expected = [FromSite::Reply { number, reply: Reply::Detail(None) }];
    assert_eq!(frames(&mut session, at(200)), expected);
}

#[test]
fn hello_names_the_sims_that_are_released() {
    let mut session = welcome_session();
    let granted = session.ask(release(1), at(0));
    let refused = session.ask(release(2), at(0));
    let reclaimed = session.ask(release(3), at(0));
    session.ask(release(4), at(0));
    frames(&mut session, at(0));
    for (number, answer) in [(granted, true), (refused, false), (reclaimed, true)] {
        assert!(answered(&mut session, number, Ok(Answer::Released(answer))));
    }
    session.report(Report::Reclaimed(iccid(3)), at(0));
    let (hello, sent) = connect(&mut session, at(100));
    assert_eq!(hello.released, [iccid(1), iccid(4)]);
    assert_eq!(numbers(&sent), [4]);
    assert_eq!(sent.len(), 1, "what was reclaimed before is not released: {sent:?}");
}

#[test]
fn a_sim_whose_release_comes_too_late_is_reclaimed() {
    let reclaimed = [FromSite::Report(Report::Reclaimed(iccid(1)))];
    // The answer comes when nobody waits any more.
    let mut session = welcome_session();
    let late = session.ask(release(1), at(0));
    frames(&mut session, at(0));
    assert_eq!(session.tick(at(10_000)), [late]);
    assert!(!answered(&mut session, late, Ok(Answer::Released(true))));
    assert_eq!(frames(&mut session, at(10_000))[..1], reclaimed);

    // By then it is being asked again: the SIM stays released, unless the answer is no.
    for (granted, expected) in [(true, &[][..]), (false, &reclaimed)] {
        let mut session = welcome_session();
        let late = session.ask(release(1), at(0));
        frames(&mut session, at(0));
        session.tick(at(10_000));
        let again = session.ask(release(1), at(10_000));
        assert_eq!(numbers(&frames(&mut session, at(10_000))), [again.0]);
        answered(&mut session, late, Ok(Answer::Released(true)));
        assert_eq!(frames(&mut session, at(10_000)), []);
        assert!(answered(&mut session, again, Ok(Answer::Released(granted))));
        assert_eq!(frames(&mut session, at(10_000)), expected);
    }

    // The centre was told that it is being asked, and never gets the question.
    let mut session = self::session();
    let lost = session.ask(release(1), at(0));
    session.connected(at(9_000));
    let [FromSite::Hello(hello)] = &frames(&mut session, at(9_000))[..] else { panic!("no hello") };
    assert_eq!(hello.released, [iccid(1)]);
    assert_eq!(session.tick(at(10_000)), [lost]);
    hear(&mut session, FromCentre::Welcome, at(10_000));
    assert_eq!(frames(&mut session, at(10_000)), reclaimed);
}

#[test]
fn that_a_pin_was_not_entered_is_told_before_it_is_asked_again_and_on_every_connection() {
    let ask = |session: &mut SiteSession, at| {
        let (modem, iccid) = (modem(1), Some(iccid(1)));
        session.ask(Question::PermitPin { modem, iccid, only_if_accepted: false }, at)
    };
    let told = |number| FromSite::Report(Report::PinNotEntered(number));
    let mut session = welcome_session();
    let answered_in_time = ask(&mut session, at(0));
    let lost = ask(&mut session, at(0));
    frames(&mut session, at(0));
    let granted = Ok(Answer::Pin(PinPermission::Granted));
    assert!(answered(&mut session, answered_in_time, granted.clone()));
    // It was sent on a connection that is lost.
    session.disconnected(at(1_000));
    assert_eq!(session.tick(at(10_000)), [lost]);
    let again = ask(&mut session, at(15_000));
    let sent = connect(&mut session, at(16_000)).1;
    assert_eq!((&sent[0], numbers(&sent)), (&told(lost), vec![again.0]));
    // Here nothing is lost but the answer.
    assert_eq!(session.tick(at(25_000)), [again]);
    assert_eq!(frames(&mut session, at(25_000))[..1], [told(again)]);
    assert!(!answered(&mut session, again, granted), "nobody enters a PIN for it");
    let third = ask(&mut session, at(30_000));
    let sent = connect(&mut session, at(30_000)).1;
    assert_eq!((&sent[..2], numbers(&sent)), (&[told(lost), told(again)][..], vec![third.0]));
    // The centre cannot have permitted what it was not asked.
    session.disconnected(at(31_000));
    assert_eq!(session.tick(at(40_000)), [third]);
    let unsent = ask(&mut session, at(41_000));
    assert_eq!(session.tick(at(51_000)), [unsent]);
    let sent = connect(&mut session, at(52_000)).1;
    assert_eq!(sent, [lost, again, third].map(told));
}
