//! The session: what goes in, what comes out.

use std::time::Duration;

use super::channel::{Channel, Event, Outcome};
use super::direct::Direct;
use super::face::{Action, Custody, RawPdu, Request, RequestError, SessionConfig, State, Token};
use super::facts::Facts;
use super::moment::Moment;
use super::phase::{Next, Phase};
use super::probing::Probing;
use super::requests::{Requests, Running};
use super::sim_check::SimCheck;
use crate::at::{self, Command, DirectKind, FinalResult, Item, LineBuffer, SimEvent, SimTrouble, Urc};
use crate::sms;

/// Commands in a row that were not answered, although the modem found its feet each time.
const UNANSWERED: u8 = 6;
/// Cards lost in a row, after which commands that are not needed no longer decide that a card is lost.
const LOSSES: u32 = 3;

/// One open port's conversation with a modem. Begins by itself; ends with [`Action::Reopen`], after which it does nothing more.
#[derive(Debug)]
pub struct Session {
    lines: LineBuffer,
    channel: Channel,
    phase: Phase,
    facts: Facts,
    direct: Direct,
    requests: Requests,
    wake: Option<Moment>,
    unanswered: u8,
    answered: Option<Answered>,
    over: bool,
}

/// How a command was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// After this long.
    After(Duration),
    /// Not in its time.
    Not,
}

impl Session {
    /// A session on a port that has just been opened. Its first actions are there at once.
    pub fn new(config: SessionConfig, now: Moment) -> Session {
        let mut session = Session {
            lines: LineBuffer::default(),
            channel: Channel::new(),
            phase: Phase::Probing(Probing::default()),
            facts: Facts::new(config),
            direct: Direct::default(),
            requests: Requests::default(),
            wake: None,
            unanswered: 0,
            answered: None,
            over: false,
        };
        session.advance(now);
        session
    }

    /// The next thing to be done, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        let action = self.facts.actions.pop_front();
        if action.is_none() {
            self.facts.actions.shrink_to(4);
        }
        action
    }

    /// When to call [`Session::tick`] if nothing happens before; never changed by what a modem says unasked.
    pub fn next_deadline(&self) -> Option<Moment> {
        if self.over {
            return None;
        }
        let channel = if self.channel.is_free() { self.wake } else { self.channel.deadline() };
        [channel, self.requests.deadline(), self.direct.deadline()].into_iter().flatten().min()
    }

    /// How the last command that has ended since this was last asked was answered; for those who count.
    pub fn take_answered(&mut self) -> Option<Answered> {
        self.answered.take()
    }

    /// What the modem is doing.
    pub fn state(&self) -> State {
        self.phase.state(&self.facts)
    }

    /// Bytes have come from the modem.
    pub fn receive(&mut self, bytes: &[u8], now: Moment) {
        if self.over {
            return;
        }
        self.channel.heard(now);
        let mut lines = std::mem::take(&mut self.lines);
        let mut rest = bytes;
        while let Some(item) = lines.next(&mut rest) {
            match item {
                Item::Prompt => self.channel.prompt(),
                Item::Line(line) => {
                    if let Some(event) = self.channel.line(&line, now) {
                        self.event(event, &line, now);
                    }
                }
            }
        }
        self.lines = lines;
        self.advance(now);
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) {
        if self.over {
            return;
        }
        if let Some(event) = self.channel.tick(now) {
            self.event(event, "", now);
        }
        while let Some(id) = self.requests.expired(now) {
            self.facts.actions.push_back(Action::Answer { id, reply: Err(RequestError::TimedOut) });
        }
        self.direct.tick(&mut self.facts, now);
        self.advance(now);
    }

    /// An operator asks something; the answer is [`Action::Answer`] with this `id`.
    pub fn request(&mut self, id: u64, request: Request, now: Moment) {
        let taken = if self.over { Err(RequestError::Gone) } else { self.requests.add(id, request, now) };
        if let Err(error) = taken {
            self.facts.actions.push_back(Action::Answer { id, reply: Err(error) });
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::Store`]: `ok` means committed on disk, and that the modem's copy may go.
    pub fn stored(&mut self, token: Token, ok: bool, now: Moment) {
        let direct = self.direct.stored(token, ok, now);
        if let Phase::Serving(serving) = &mut self.phase {
            if let Some(after) = direct {
                serving.direct_stored(&self.facts, after);
            }
            serving.stored(&mut self.facts, token, ok, now);
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::Identified`].
    pub fn custody(&mut self, token: Token, answer: Result<Custody, ()>, now: Moment) {
        if let Phase::Identifying(identifying) = &mut self.phase {
            identifying.custody(&mut self.facts, token, answer, now);
            self.direct.card_known(&mut self.facts, now);
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::MayEnterPin`]: `Ok(true)` means that the try is on disk and may be made.
    pub fn may_enter_pin(&mut self, token: Token, answer: Result<bool, ()>, now: Moment) {
        if let Phase::SimCheck(phase) = &mut self.phase {
            phase.may_enter_pin(token, answer);
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::Emptied`].
    pub fn emptied(&mut self, token: Token, ok: bool, now: Moment) {
        if let Phase::Serving(serving) = &mut self.phase {
            serving.emptied(token, ok);
        }
        self.advance(now);
    }

    /// Goes as far as possible without the modem.
    fn advance(&mut self, now: Moment) {
        if let Phase::Serving(serving) = &self.phase
            && serving.card_is_certain()
        {
            self.direct.card_known(&mut self.facts, now);
        }
        while !self.over && self.channel.is_free() {
            if let Some(command) = self.next_request() {
                self.send(command, now);
                continue;
            }
            match self.phase.next(&mut self.facts, now) {
                Next::Send(command) => self.send(command, now),
                Next::Enter(phase) => self.enter(phase),
                Next::GiveUp(reason) => self.give_up(reason),
                Next::Wait(until) => {
                    self.wake = until;
                    break;
                }
            }
        }
        if let Some(bytes) = self.channel.take_output() {
            self.facts.actions.push_back(Action::Write(bytes));
        }
        if std::mem::take(&mut self.facts.changed) {
            let snapshot = self.facts.snapshot(self.state());
            self.facts.actions.push_back(Action::Report(snapshot));
        }
    }

    /// Not before the modem is known: without its IMEI the two could not find each other again.
    fn next_request(&mut self) -> Option<Command> {
        if matches!(self.phase, Phase::Probing(_)) { None } else { self.requests.begin(&self.facts.profile) }
    }

    fn send(&mut self, command: Command, now: Moment) {
        self.channel.send(command, now);
        if let Some(bytes) = self.channel.take_output() {
            self.facts.actions.push_back(Action::Write(bytes));
        }
    }

    fn enter(&mut self, phase: Phase) {
        if let (Phase::Probing(_), Some(identity)) = (&self.phase, &self.facts.identity) {
            self.channel.knows(&identity.imei, &identity.model);
            self.channel.full_lines(&self.facts.profile.store_full);
        }
        self.phase = phase;
        self.facts.changed = true;
    }

    fn give_up(&mut self, reason: String) {
        self.over = true;
        self.facts.actions.push_back(Action::Reopen { reason });
    }

    fn event(&mut self, event: Event, line: &str, now: Moment) {
        match event {
            Event::Urc(urc) => self.urc(urc, now),
            Event::Direct(head) if head.kind == DirectKind::Message => self.direct_message(line, now),
            // A broadcast or a status report: nobody asked for it.
            Event::Direct(_) => {}
            Event::Entry(header) => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.entry(&mut self.facts, header, line, now);
                }
            }
            Event::TextMode => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.configure_again();
                }
            }
            Event::Ussd(line) => {
                let text = ussd_text(&line);
                if let Some(id) = self.requests.ussd_came(&text) {
                    self.facts.actions.push_back(Action::Answer { id, reply: Ok(vec![text]) });
                }
            }
            Event::Ended(command, outcome) => self.ended(&command, outcome, now),
            Event::Echoed => self.booted(now),
            Event::Lost => self.give_up("the modem has stopped answering".to_owned()),
        }
    }

    fn direct_message(&mut self, line: &str, now: Moment) {
        let pdu = hex::decode(line).map_or_else(|_| RawPdu::Text(line.to_owned()), RawPdu::Octets);
        let (certain, live) = match &self.phase {
            Phase::Serving(serving) => (serving.card_is_certain(), serving.is_live_now(&self.facts, now)),
            _ => (true, false),
        };
        self.direct.came(&mut self.facts, pdu, certain, certain && live, now);
    }

    fn urc(&mut self, urc: Urc, now: Moment) {
        match urc {
            Urc::Sim(event) => self.card_event(event, now),
            Urc::Booted => self.booted(now),
            Urc::Stored { store, index } => {
                if let (Some(store), Some(index)) = (store, index) {
                    self.facts.announce(store, index);
                }
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.announced(&self.facts, store, index, now);
                }
            }
            Urc::Registration(domain, registration) => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.registration(&mut self.facts, domain, registration, now);
                }
            }
            Urc::StoreFull | Urc::MessagesReady => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.sweep_soon(urc == Urc::StoreFull, now);
                }
            }
            // The channel waits for the second line of a heading.
            Urc::Heading(_) | Urc::Noise => {}
        }
    }

    fn card_event(&mut self, event: SimEvent, now: Moment) {
        if event == SimEvent::Absent {
            // What came for the card that has left is not the next one's.
            self.direct.card_lost();
        }
        match &mut self.phase {
            Phase::Probing(_) => {}
            Phase::SimCheck(phase) => phase.hurry(event, now),
            _ => self.card_lost(now),
        }
    }

    /// Nothing that is known of messages holds any longer: not even the indexes that were to be deleted.
    fn card_lost(&mut self, now: Moment) {
        self.facts.forget_card();
        self.facts.losses = self.facts.losses.saturating_add(1);
        self.facts.because("the SIM card is being read again");
        self.direct.card_lost();
        self.enter(Phase::SimCheck(SimCheck::settling(now)));
    }

    fn booted(&mut self, now: Moment) {
        if matches!(self.phase, Phase::Probing(_)) {
            return;
        }
        self.channel.abandon(now);
        let reply = match self.requests.end() {
            Some(Running::Reset(id)) => Some((id, Ok(Vec::new()))),
            Some(Running::At(id) | Running::Ussd(id, _)) => Some((id, Err(RequestError::Gone))),
            None => None,
        };
        if let Some((id, reply)) = reply {
            self.facts.actions.push_back(Action::Answer { id, reply });
        }
        self.facts.forget_card();
        self.facts.because("the modem has started anew");
        self.direct.card_lost();
        self.enter(Phase::Probing(Probing::default()));
    }

    fn ended(&mut self, command: &Command, outcome: Outcome, now: Moment) {
        self.answered = Some(match outcome {
            Outcome::Unanswered => Answered::Not,
            _ => Answered::After(now - self.channel.sent_at()),
        });
        let unanswered = outcome == Outcome::Unanswered && *command != Command::Attention;
        self.unanswered = if unanswered { self.unanswered + 1 } else { 0 };
        if self.unanswered >= UNANSWERED {
            return self.give_up("the modem leaves commands without an answer".to_owned());
        }
        let reply = self.channel.reply();
        if matches!(command, Command::Raw(_) | Command::Ussd(_)) {
            self.answer(reply.lines().map(str::to_owned).collect(), outcome, now);
        } else if self.tells_of_a_lost_card(command, outcome) {
            self.card_lost(now);
        } else {
            match &mut self.phase {
                Phase::Probing(phase) => phase.ended(command, outcome, &reply),
                Phase::SimCheck(phase) => phase.ended(&mut self.facts, command, outcome, &reply, now),
                Phase::Identifying(phase) => phase.ended(&mut self.facts, command, outcome, &reply, now),
                Phase::Configuring(phase) => phase.ended(&mut self.facts, command, outcome, &reply, now),
                Phase::Serving(phase) => phase.ended(&mut self.facts, command, outcome, &reply, now),
            }
        }
        self.channel.reuse(reply);
    }

    fn tells_of_a_lost_card(&self, command: &Command, outcome: Outcome) -> bool {
        let cares = !matches!(self.phase, Phase::Probing(_) | Phase::SimCheck(_));
        let lost = outcome.sim_trouble().is_some_and(|trouble| trouble != SimTrouble::Busy);
        let needed = matches!(
            command,
            Command::Iccid(_) | Command::SelectStores(_) | Command::List | Command::Read(_) | Command::Delete(_)
        );
        cares && lost && (needed || self.facts.losses < LOSSES)
    }

    fn answer(&mut self, mut lines: Vec<String>, outcome: Outcome, now: Moment) {
        let Some(running) = self.requests.end() else { return };
        let result = match outcome {
            Outcome::Done => Some(FinalResult::Ok),
            Outcome::Refused(result) => Some(result),
            Outcome::Unfinished | Outcome::Empty | Outcome::Unanswered => None,
        };
        lines.extend(result.map(|result| result.to_string()));
        let reset = matches!(running, Running::Reset(_));
        let (id, reply) = match running {
            Running::At(id) => (id, result.map(|_| lines).ok_or(RequestError::TimedOut)),
            Running::Ussd(id, Some(text)) => (id, Ok(vec![text])),
            Running::Ussd(id, None) if outcome.is_ok() => return self.requests.await_ussd(id, now),
            Running::Ussd(id, None) => (id, result.map(|_| lines).ok_or(RequestError::TimedOut)),
            // A modem that starts anew need not have answered.
            Running::Reset(id) => (id, Ok(lines)),
        };
        self.facts.actions.push_back(Action::Answer { id, reply });
        if reset {
            return self.give_up("started anew by the operator".to_owned());
        }
        if let Phase::Serving(serving) = &mut self.phase {
            serving.settings_in_doubt();
        }
    }
}

/// The text of a `+CUSD: <m>,"<text>",<dcs>` line.
fn ussd_text(line: &str) -> String {
    let mut parts = at::fields(at::payload(line, "+CUSD:").unwrap_or_default());
    let (said, text) = (parts.next().and_then(at::int), parts.next().map(at::unquote));
    let dcs = parts.next().and_then(at::int).and_then(|dcs| u8::try_from(dcs).ok());
    match (text, said) {
        (Some(text), _) if !text.is_empty() => sms::ussd_text(text, dcs).text,
        // 27.007 7.15
        (_, Some(2)) => "the network has ended the session".to_owned(),
        (_, Some(4)) => "the network does not support this".to_owned(),
        (_, Some(5)) => "the network did not answer in time".to_owned(),
        _ => "the network gave no text".to_owned(),
    }
}

/// For the lines that a session was given and that were too long.
impl Session {
    /// How many lines were cut since the port was opened.
    pub fn lines_cut(&self) -> u64 {
        self.lines.cut()
    }

    /// The longest line that is kept, in bytes.
    pub const MAX_LINE: usize = at::MAX_LINE;
}
