//! Both ends, coupled by a connection that delays, cuts frames into pieces and is lost again and
//! again with what is on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::super::{
    Answer, Answered, CentreEvent, CentreSession, FrameReader, Question, QuestionNumber,
    RememberedAnswers, Report, SILENCE, SiteEvent, SiteSession,
};
use super::samples::{NOW, iccid, modem, port, received};
use super::site::{at, identity};
use crate::domain::bank::{SlotContents, SlotRecord};
use crate::domain::modem::{ModemSnapshot, ModemState, PinPermission};
use crate::domain::{Iccid, ModemAtPort, PortName, Random};
use crate::modem::RawPdu;

const STEP: u64 = 20;
/// For so long the site asks and the connection is lost now and then; then both settle.
const UNREST: u64 = 120_000;
const CALM: u64 = 60_000;

/// Octets on their way, each piece with the time at which it arrives.
#[derive(Default)]
struct Pipe {
    pieces: VecDeque<(u64, Vec<u8>)>,
    reader: FrameReader,
}

impl Pipe {
    fn send(&mut self, line: &str, now: u64, random: &mut Random) {
        let after = self.pieces.back().map_or(now, |(arrives, _)| *arrives);
        let arrives = after.max(now + random.below(100));
        let (front, back) = line.as_bytes().split_at(random.index(line.len()));
        self.pieces.push_back((arrives, front.to_vec()));
        self.pieces.push_back((arrives + random.below(4), back.to_vec()));
    }

    fn receive(&mut self, now: u64) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some((_, piece)) = self.pieces.pop_front_if(|(arrives, _)| *arrives <= now) {
            let mut input = &piece[..];
            while let Some(line) = self.reader.next_line(&mut input).unwrap() {
                lines.push(line);
            }
        }
        lines
    }
}

/// One connection, with the centre's end of it.
struct Connection {
    session: CentreSession,
    up: Pipe,
    down: Pipe,
    /// What the site has said of itself, until it is welcome.
    hello: Option<Vec<Iccid>>,
    /// The last question about each port.
    last_of_port: BTreeMap<PortName, QuestionNumber>,
}

/// The centre's ledger, as far as it matters here.
struct Centre {
    remembered: RememberedAnswers,
    /// What is being carried out: questions, and tries of PINs that are forgotten.
    running: Vec<(u64, QuestionNumber, Option<Question>)>,
    /// When the last of those that are carried out one after the other is done.
    in_order_until: u64,
    /// The cards into which a PIN was permitted, each by a question.
    pin_tries: BTreeMap<Iccid, QuestionNumber>,
    carried_out: BTreeMap<QuestionNumber, u32>,
    ports: BTreeMap<PortName, ModemState>,
    released: BTreeSet<Iccid>,
}

impl Centre {
    fn carry_out(&mut self, number: QuestionNumber, question: Question) -> Answered {
        let times = self.carried_out.entry(number).or_default();
        *times += 1;
        assert!(*times == 1 || question.may_be_asked_twice(), "{question:?} for the second time");
        match question {
            Question::Store(_) => Ok(Answer::Done),
            Question::PermitPin { iccid: Some(card), .. } => {
                Ok(Answer::Pin(self.try_pin(card, number)))
            }
            Question::ReadSlots { bank } => Ok(slots(&bank)),
            Question::Release { iccid } => {
                // Every fifth is refused, unless the SIM is released already.
                let granted = self.released.contains(&iccid) || !number.0.is_multiple_of(5);
                if granted {
                    self.released.insert(iccid);
                }
                Ok(Answer::Released(granted))
            }
            other => panic!("{other:?}"),
        }
    }

    fn try_pin(&mut self, card: Iccid, number: QuestionNumber) -> PinPermission {
        if self.pin_tries.contains_key(&card) {
            return PinPermission::RefusedBefore;
        }
        self.pin_tries.insert(card, number);
        PinPermission::Granted
    }

    /// Begins what is carried out in the order in which it has come.
    fn begin_in_order(&mut self, due: u64, number: QuestionNumber, question: Option<Question>) {
        self.in_order_until = self.in_order_until.max(due);
        self.running.push((self.in_order_until, number, question));
    }
}

fn slots(bank: &str) -> Answer {
    let slot = bank.parse().unwrap();
    Answer::Slots(vec![SlotRecord { slot, contents: SlotContents::Empty, visited_at: Some(NOW) }])
}

/// The site: what it waits for, and what is true there.
struct Site {
    session: SiteSession,
    asked: BTreeMap<QuestionNumber, (u64, Question)>,
    answered: u32,
    failed: u32,
    /// Questions that the centre has carried out more than once.
    repeated: usize,
    stored: Vec<QuestionNumber>,
    ports: BTreeMap<PortName, ModemState>,
    released: BTreeSet<Iccid>,
    /// The cards into which a PIN was entered.
    pins_entered: BTreeSet<Iccid>,
    /// How often the centre has permitted a PIN, and said that it was refused before.
    pin_answers: (u32, u32),
}

impl Site {
    fn ask(&mut self, question: Question, now: u64) {
        let number = self.session.ask(question.clone(), at(now));
        self.asked.insert(number, (now, question));
    }

    fn act(&mut self, now: u64, random: &mut Random) {
        let number = u32::try_from(random.below(6)).unwrap();
        let sim = iccid(number);
        match random.below(14) {
            0..=3 => self.ask(Question::Store(received(number, RawPdu::Octets(vec![4]))), now),
            4 => {
                let card = iccid(u32::try_from(random.below(300)).unwrap());
                self.ask_for_pin(modem(number), card, now);
            }
            5 => self.ask(Question::ReadSlots { bank: now.to_string() }, now),
            6 | 7 if self.released.remove(&sim) => {
                self.session.report(Report::Reclaimed(sim), at(now));
            }
            6 | 7 => {
                let is_asked = self.asked.values().any(|(_, question)| {
                    matches!(question, Question::Release { iccid } if *iccid == sim)
                });
                if !is_asked {
                    self.ask(Question::Release { iccid: sim }, now);
                }
            }
            8 => {
                self.ports.remove(&port(number));
                self.session.report(Report::PortRemoved(port(number)), at(now));
            }
            9 => {
                let state = random.one_of(&ModemState::ALL);
                self.ports.insert(port(number), state);
                let snapshot = ModemSnapshot::new(port(number), state);
                self.session.report(Report::Port { snapshot, age: Duration::ZERO }, at(now));
            }
            _ => {}
        }
    }

    /// A modem asks whether it may enter the PIN of its card, and does so one question at a time.
    fn ask_for_pin(&mut self, modem: ModemAtPort, card: Iccid, now: u64) {
        let is_asked = self.asked.values().any(|(_, question)| {
            matches!(question, Question::PermitPin { iccid: Some(of), .. } if *of == card)
        });
        if !is_asked {
            let iccid = Some(card);
            self.ask(Question::PermitPin { modem, iccid, only_if_accepted: false }, now);
        }
    }

    fn on_event(&mut self, event: SiteEvent, now: u64) {
        let SiteEvent::Answered { question: number, answer } = event else { return };
        let (asked_at, question) = self.asked.remove(&number).expect("an answer to a question");
        assert!(now < asked_at + 10_000 + STEP, "{question:?} of {asked_at} at {now}");
        self.answered += 1;
        match (question, answer.unwrap()) {
            (Question::Store(_), Answer::Done) => self.stored.push(number),
            (Question::PermitPin { iccid: Some(card), .. }, Answer::Pin(permission)) => {
                let is_granted = permission == PinPermission::Granted;
                assert_eq!(is_granted, self.pins_entered.insert(card), "a PIN is tried once");
                self.pin_answers.0 += u32::from(is_granted);
                self.pin_answers.1 += u32::from(!is_granted);
            }
            (Question::ReadSlots { bank }, Answer::Slots(records)) => {
                assert_eq!(Answer::Slots(records), slots(&bank));
            }
            (Question::Release { iccid }, Answer::Released(granted)) => {
                if granted {
                    self.released.insert(iccid);
                }
            }
            (question, answer) => panic!("{question:?} answered by {answer:?}"),
        }
    }

    fn tick(&mut self, now: u64) {
        for number in self.session.tick(at(now)) {
            let (asked_at, _) = self.asked.remove(&number).expect("a question that waits");
            assert!(asked_at + 10_000 <= now && now < asked_at + 10_000 + STEP);
            self.failed += 1;
        }
    }
}

/// One step of a connection. Returns whether it is still of use.
fn run_connection(
    connection: &mut Connection,
    site: &mut Site,
    centre: &mut Centre,
    now: u64,
    random: &mut Random,
) -> bool {
    let Connection { session, up, down, hello, last_of_port } = connection;
    while let Some(line) = site.session.next_frame(at(now), NOW) {
        up.send(&line, now, random);
    }
    for line in up.receive(now) {
        match session.take_line(&line, at(now), NOW).unwrap() {
            Some(CentreEvent::Hello(said)) => *hello = Some(said.released),
            Some(CentreEvent::Asked { number, question }) => {
                if let Some(port) = question.port() {
                    let last = last_of_port.insert(port.clone(), number);
                    assert!(last < Some(number), "questions of a port keep their order");
                }
                match centre.remembered.get(number) {
                    Some(answer) => session.answer(number, answer.clone()),
                    None => {
                        let slow = if random.below(150) == 0 { 12_000 } else { 400 };
                        let due = now + random.below(slow);
                        match question.may_be_asked_twice() {
                            true => centre.running.push((due, number, Some(question))),
                            false => centre.begin_in_order(due, number, Some(question)),
                        }
                    }
                }
            }
            Some(CentreEvent::Reported(Report::Port { snapshot, .. })) => {
                centre.ports.insert(snapshot.port, snapshot.state);
            }
            Some(CentreEvent::Reported(Report::PortRemoved(port))) => {
                centre.ports.remove(&port);
            }
            Some(CentreEvent::Reported(Report::Reclaimed(iccid))) => {
                centre.released.remove(&iccid);
            }
            Some(CentreEvent::Reported(Report::PinNotEntered(number))) => {
                centre.begin_in_order(now, number, None);
            }
            other => assert_eq!(other, None),
        }
    }
    if centre.running.is_empty()
        && let Some(released) = hello.take()
    {
        centre.released = released.into_iter().collect();
        session.welcome();
    }
    while let Some(line) = session.next_frame(at(now), NOW) {
        down.send(&line, now, random);
    }
    for line in down.receive(now) {
        if let Some(event) = site.session.take_line(&line, at(now), NOW).unwrap() {
            site.on_event(event, now);
        }
    }
    !session.is_silent(at(now)) && !site.session.is_silent(at(now))
}

fn run(seed: u64) -> Site {
    let mut random = Random::new(seed);
    let mut site = Site {
        session: SiteSession::new(identity(), at(0)),
        asked: BTreeMap::new(),
        answered: 0,
        failed: 0,
        repeated: 0,
        stored: Vec::new(),
        ports: BTreeMap::new(),
        released: BTreeSet::new(),
        pins_entered: BTreeSet::new(),
        pin_answers: (0, 0),
    };
    let mut centre = Centre {
        remembered: RememberedAnswers::new(identity().boot),
        running: Vec::new(),
        in_order_until: 0,
        pin_tries: BTreeMap::new(),
        carried_out: BTreeMap::new(),
        ports: BTreeMap::new(),
        released: BTreeSet::new(),
    };
    let mut connection: Option<Connection> = None;
    for now in (0..UNREST + CALM).step_by(usize::try_from(STEP).unwrap()) {
        let is_calm = now >= UNREST;
        if !is_calm && random.below(3) == 0 {
            site.act(now, &mut random);
        }
        site.tick(now);
        let (due, later) = centre.running.drain(..).partition(|(due, ..)| *due <= now);
        let due: Vec<(u64, QuestionNumber, Option<Question>)> = due;
        centre.running = later;
        for (_, number, question) in due {
            let Some(question) = question else {
                centre.pin_tries.retain(|_, by| *by != number);
                continue;
            };
            let must_remember = !question.may_be_asked_twice();
            let answer = centre.carry_out(number, question);
            if must_remember {
                centre.remembered.remember(number, answer.clone());
            }
            if let Some(connection) = &mut connection {
                connection.session.answer(number, answer);
            }
        }
        let is_cut = !is_calm && random.below(200) == 0;
        if let Some(link) = &mut connection {
            let is_of_use = run_connection(link, &mut site, &mut centre, now, &mut random);
            if is_cut || !is_of_use {
                connection = None;
                site.session.disconnected(at(now));
            }
        } else if is_calm || random.below(40) == 0 {
            site.session.connected(at(now));
            connection = Some(Connection {
                session: CentreSession::new(at(now), SILENCE),
                up: Pipe::default(),
                down: Pipe::default(),
                hello: None,
                last_of_port: BTreeMap::new(),
            });
        }
    }
    assert!(site.session.is_welcome());
    assert!(site.asked.is_empty(), "each question is answered or fails: {:?}", site.asked);
    assert_eq!(centre.ports, site.ports, "seed {seed}");
    assert_eq!(centre.released, site.released, "seed {seed}");
    let tried: BTreeSet<Iccid> = centre.pin_tries.keys().cloned().collect();
    assert_eq!(tried, site.pins_entered, "seed {seed}: a PIN that was not entered is forgotten");
    for number in &site.stored {
        assert!(centre.carried_out.contains_key(number), "stored before it was told");
    }
    site.repeated = centre.carried_out.values().filter(|times| **times > 1).count();
    site
}

#[test]
fn over_a_connection_that_is_lost_again_and_again_both_ends_agree() {
    let sites: Vec<Site> = (0..12).map(run).collect();
    let answered: u32 = sites.iter().map(|site| site.answered).sum();
    let failed: u32 = sites.iter().map(|site| site.failed).sum();
    let repeated: usize = sites.iter().map(|site| site.repeated).sum();
    let (granted, refused) = sites.iter().fold((0, 0), |(granted, refused), site| {
        (granted + site.pin_answers.0, refused + site.pin_answers.1)
    });
    assert!(granted > 500 && refused > 50, "{granted} PINs permitted, {refused} refused");
    assert!(
        answered > 5_000 && failed > 50 && repeated > 20,
        "{answered} answered, {failed} failed, {repeated} repeated"
    );
}
