//! A value of everything that can be said, with every field set.

mod banks;
mod snapshots;

use std::time::Duration;

use super::super::{
    Answer, Answered, BootId, FromCentre, FromSite, Hello, PROTOCOL, Question, QuestionNumber,
    Refusal, Reply, Report, Request, RequestNumber, SiteKey,
};
use crate::domain::bank::{
    SlotContents, SlotDemand, SlotRecord, SwitchOutcome, SwitchRecord, SwitchTrigger,
};
use crate::domain::modem::{
    FinalResult, MessageStore, ModemDetail, ModemRequest, ModemSnapshot, ModemState, OwnNumber,
    PinPermission, RecoveryStep, Registration, RequestError, SimCard, SimTask, UssdEnd,
};
use crate::domain::sim::NumberSource;
use crate::domain::{Iccid, ModemAtPort, ModemId, PortName, Timestamp};
use crate::modem::{MessageOwner, MessageSlot, RawPdu, Received};
use crate::sms::{TextEntry, TextFields, TextMode};

pub use banks::bank;
pub use snapshots::{reasons, snapshot};

/// What the clock of the side that writes the samples shows.
pub const NOW: Timestamp = Timestamp(1_782_133_023_000_000);

/// A time that is so many seconds after [`NOW`].
fn time(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

pub fn port(number: u32) -> PortName {
    PortName::from_stored(format!("/dev/tty{number}"))
}

pub fn iccid(number: u32) -> Iccid {
    format!("89310400000000{number:05}").parse().unwrap()
}

/// A modem at a port, which is identified by the port so that its name is in both.
pub fn modem(number: u32) -> ModemAtPort {
    ModemAtPort { id: ModemId::of_port(&port(number)), port: port(number) }
}

pub fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        version: "0.1.0".to_owned(),
        site: "ams".parse().unwrap(),
        key: SiteKey::from_entropy([7; 32]),
        boot: BootId::from_entropy([9; 16]),
        released: vec![iccid(1)],
    }
}

/// A message that was read on this port.
pub fn received(number: u32, pdu: RawPdu) -> Received {
    Received {
        modem: modem(number),
        iccid: iccid(number),
        doubtful: true,
        slot: Some(MessageSlot { store: MessageStore::Sim, index: 3 }),
        pdu,
        live: true,
    }
}

fn card(source: NumberSource) -> SimCard {
    SimCard {
        iccid: iccid(1),
        imsi: "204041234567890".parse().ok(),
        number: Some(OwnNumber { number: "+31612345678".to_owned(), source }),
    }
}

fn pdus() -> Vec<RawPdu> {
    let entries = [
        TextEntry::Received,
        TextEntry::Outgoing,
        TextEntry::Report {
            first: 6,
            number: 1,
            address_type: Some(145),
            discharge: "26/06/22,12:57:03+08".to_owned(),
            status: 0,
        },
    ];
    let shown = entries.map(|entry| {
        RawPdu::TextMode(TextMode {
            entry,
            address: "+31612345678".to_owned(),
            time: "26/06/22,12:57:03+08".to_owned(),
            fields: Some(TextFields {
                address_type: Some(145),
                first: 4,
                pid: 0,
                dcs: 8,
                centre: "+316540942000".to_owned(),
            }),
            length: Some(12),
            text: "two\nlines \u{1f600} \u{0}".to_owned(),
        })
    });
    [RawPdu::Octets(vec![0, 4, 255]), RawPdu::Text("no hex".to_owned())]
        .into_iter()
        .chain(shown)
        .collect()
}

pub fn questions() -> Vec<Question> {
    let record = |contents| SlotRecord { slot: 4, contents, visited_at: Some(time(-3_600)) };
    let slot_of =
        |contents| Question::SaveSlot { bank: "rack1".to_owned(), record: record(contents) };
    let switch = |outcome| SwitchRecord {
        bank: "rack1".to_owned(),
        port: port(1),
        slot: 4,
        left: Some(iccid(1)),
        began_at: time(-40),
        ended_at: time(-10),
        found: Some(iccid(2)),
        outcome,
    };
    let identities = NumberSource::ALL.map(|source| Question::RecordIdentity {
        modem: modem(1),
        others: vec![port(2), port(3)],
        sim: card(source),
    });
    let others = [
        Question::RecordEmptiedStore { modem: modem(1), iccid: iccid(1) },
        Question::PermitPin { modem: modem(1), iccid: Some(iccid(1)), only_if_accepted: true },
        Question::RecordAcceptedPin { modem: modem(1), iccid: None },
        Question::ReadSlots { bank: "rack1".to_owned() },
        slot_of(SlotContents::Unknown),
        slot_of(SlotContents::Empty),
        slot_of(SlotContents::Sim(iccid(1))),
        Question::ReadDemands { sims: vec![iccid(1), iccid(2)] },
        Question::Release { iccid: iccid(1) },
    ];
    let stores = pdus().into_iter().map(|pdu| Question::Store(received(1, pdu)));
    let switches = SwitchOutcome::ALL.map(|outcome| Question::SaveSwitch(switch(outcome)));
    identities.into_iter().chain(others).chain(stores).chain(switches).collect()
}

pub fn answers() -> Vec<Answered> {
    let demand = |trigger| SlotDemand {
        iccid: iccid(1),
        held: true,
        collecting: false,
        trigger: Some(trigger),
        rented: true,
    };
    let record = SlotRecord {
        slot: 4,
        contents: SlotContents::Sim(iccid(1)),
        visited_at: Some(time(-3_600)),
    };
    vec![
        Ok(Answer::Done),
        Ok(Answer::Owner(MessageOwner::Current)),
        Ok(Answer::Owner(MessageOwner::Unknown)),
        Ok(Answer::Pin(PinPermission::Granted)),
        Ok(Answer::Pin(PinPermission::RefusedBefore)),
        Ok(Answer::Pin(PinPermission::NeverAccepted)),
        Ok(Answer::Slots(vec![record])),
        Ok(Answer::Demands(vec![
            demand(SwitchTrigger::Order { until: time(90) }),
            demand(SwitchTrigger::Tenant),
        ])),
        Ok(Answer::Released(true)),
        Err("the database is locked".to_owned()),
    ]
}

pub fn reports() -> Vec<Report> {
    let port_report = |snapshot| Report::Port { snapshot, age: Duration::from_millis(2_500) };
    let states = ModemState::ALL.map(|state| snapshot(1, state));
    let registrations = [
        Registration::Idle,
        Registration::Home,
        Registration::Searching,
        Registration::Denied,
        Registration::Unknown,
        Registration::Roaming,
        Registration::SmsOnly,
        Registration::Emergency,
    ];
    let registered = registrations.map(|registration| ModemSnapshot {
        registration: Some(registration),
        ..snapshot(1, ModemState::Ready)
    });
    let explained = reasons().into_iter().map(|reason| ModemSnapshot {
        reason: Some(reason),
        ..ModemSnapshot::new(port(1), ModemState::Recovering)
    });
    let snapshots = states.into_iter().chain(registered).chain(explained);
    let others = [
        Report::PortRemoved(port(1)),
        Report::Bank(bank(3)),
        Report::BankGone("rack1".to_owned()),
        Report::Reclaimed(iccid(1)),
        Report::PinNotEntered(QuestionNumber(u64::MAX)),
    ];
    snapshots.map(port_report).chain(others).collect()
}

pub fn requests() -> Vec<Request> {
    let modem_requests = [
        ModemRequest::At("AT+CSQ".to_owned()),
        ModemRequest::Ussd("*100#".to_owned()),
        ModemRequest::Reset { hard: true },
        ModemRequest::TryPinAgain,
        ModemRequest::Leave { iccid: Some(iccid(1)) },
        ModemRequest::Slot(1),
        ModemRequest::Return { restart: true },
        ModemRequest::ForSim { iccid: iccid(1), task: SimTask::Ussd("*100#".to_owned()) },
        ModemRequest::ForSim { iccid: iccid(1), task: SimTask::Send(vec![0, 17, 255]) },
        ModemRequest::ForSim {
            iccid: iccid(1),
            task: SimTask::WriteNumber("+31612345678".to_owned()),
        },
    ];
    let others = [
        Request::Detail { port: port(1) },
        Request::Recording { port: port(1) },
        Request::Switch { bank: "rack1".to_owned(), radio: "/dev/tty1".to_owned(), slot: 4 },
    ];
    let of_modems = modem_requests.map(|request| Request::Modem { port: port(1), request });
    of_modems.into_iter().chain(others).collect()
}

pub fn replies() -> Vec<Reply> {
    let ends = [
        UssdEnd::NoText,
        UssdEnd::ByNetwork,
        UssdEnd::AnsweredElsewhere,
        UssdEnd::Unsupported,
        UssdEnd::TimedOut,
    ];
    let errors = [
        RequestError::NotACommand,
        RequestError::NotACode,
        RequestError::WritesImei,
        RequestError::EntersPin,
        RequestError::HandlesMessages,
        RequestError::NeedsForce,
        RequestError::TooMany,
        RequestError::TimedOut,
        RequestError::OtherCard,
        RequestError::Refused(FinalResult::Cme(None)),
        RequestError::NotEmptied,
        RequestError::Starting,
        RequestError::OnAir,
        RequestError::NoSlots,
        RequestError::NotKept,
        RequestError::SiteReplyLost,
        RequestError::Gone,
    ];
    let detail = ModemDetail {
        usb: Some("1-1.4".to_owned()),
        recoveries: RecoveryStep::ALL.map(|step| (step, 3)).to_vec(),
        dropped: u64::MAX,
        transcript: vec!["12.5 > AT".to_owned()],
    };
    let errors = errors.into_iter().chain(ends.map(RequestError::NoUssdText));
    let others = [
        Reply::Detail(Some(detail)),
        Reply::Detail(None),
        Reply::Recording(Some(vec!["> AT".to_owned()])),
        Reply::Recording(None),
        Reply::Modem(Ok(vec!["+CSQ: 20,99".to_owned(), "OK".to_owned()])),
        Reply::Switched(Ok("radio 1 takes slot 4".to_owned())),
        Reply::Switched(Err("there is no radio 7".to_owned())),
    ];
    errors.map(|error| Reply::Modem(Err(error))).chain(others).collect()
}

pub fn refusals() -> [Refusal; 5] {
    [
        Refusal::NotLeading,
        Refusal::UnknownSiteOrKey,
        Refusal::OtherProtocol { wanted: 2 },
        Refusal::AlreadyConnected,
        Refusal::Revoked,
    ]
}

/// Everything that a site can send.
pub fn from_site() -> Vec<FromSite> {
    let questions = questions().into_iter().zip(1..);
    let questions = questions
        .map(|(question, number)| FromSite::Question { number: QuestionNumber(number), question });
    let replies = replies().into_iter().zip(1..);
    let replies =
        replies.map(|(reply, number)| FromSite::Reply { number: RequestNumber(number), reply });
    let reports = reports().into_iter().map(FromSite::Report);
    let first = [FromSite::Hello(hello()), FromSite::Beat];
    first.into_iter().chain(questions).chain(replies).chain(reports).collect()
}

/// Everything that the centre can send.
pub fn from_centre() -> Vec<FromCentre> {
    let answers = answers().into_iter().zip(1..);
    let answers = answers
        .map(|(answer, number)| FromCentre::Answer { number: QuestionNumber(number), answer });
    let requests = requests().into_iter().zip(1..);
    let requests = requests
        .map(|(request, number)| FromCentre::Request { number: RequestNumber(number), request });
    let refusals = refusals().map(FromCentre::Refused);
    let others = [FromCentre::Welcome, FromCentre::DemandsChanged, FromCentre::Beat];
    others.into_iter().chain(answers).chain(requests).chain(refusals).collect()
}
