//! The session: what goes in, what comes out.

mod events;
mod replies;

use std::time::Duration;

use super::api::{Action, MessageOwner, SessionConfig, Token};
use super::channel::Channel;
use super::context::Context;
use super::direct::Direct;
use super::off_air::OffAir;
use super::phase::{Next, Phase};
use super::probing::Probing;
use super::requests::Requests;
use crate::at::{self, Command, Item, LineBuffer};
use crate::domain::modem::{ModemReason, ModemRequest, ModemState, RequestError};
use crate::domain::{Iccid, Moment};

/// One open port's conversation with a modem. Begins by itself; ends with [`Action::Reopen`], after
/// which it does nothing more.
#[derive(Debug)]
pub struct Session {
    lines: LineBuffer,
    channel: Channel,
    phase: Phase,
    context: Context,
    direct: Direct,
    requests: Requests,
    wake: Option<Moment>,
    unanswered: u8,
    last_outcome: Option<CommandOutcome>,
    over: bool,
}

/// How a command ended, for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The final result came after this long.
    Answered(Duration),
    /// No final result came in time.
    Unanswered,
}

impl Session {
    /// A session on a port that has just been opened. Its first actions are there at once.
    pub fn new(config: SessionConfig, now: Moment) -> Session {
        let mut session = Session {
            lines: LineBuffer::default(),
            channel: Channel::new(),
            phase: Phase::Probing(Probing::default()),
            context: Context::new(config),
            direct: Direct::default(),
            requests: Requests::default(),
            wake: None,
            unanswered: 0,
            last_outcome: None,
            over: false,
        };
        session.advance(now);
        session
    }

    /// The next thing to be done, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        let action = self.context.actions.pop_front();
        if action.is_none() {
            self.context.actions.shrink_to(4);
        }
        action
    }

    /// When to call [`Session::tick`] if nothing happens before; never changed by what a modem says
    /// unasked.
    pub fn next_deadline(&self) -> Option<Moment> {
        if self.over {
            return None;
        }
        let channel = if self.channel.is_free() { self.wake } else { self.channel.deadline() };
        [channel, self.requests.deadline(), self.direct.deadline()].into_iter().flatten().min()
    }

    /// How the last command ended, if one has ended since this was last called.
    pub fn take_command_outcome(&mut self) -> Option<CommandOutcome> {
        self.last_outcome.take()
    }

    /// What the modem is doing.
    pub fn state(&self) -> ModemState {
        self.phase.state(&self.context)
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
                Item::Prompt => self.channel.prompt(now),
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
            self.context
                .actions
                .push_back(Action::Answer { id, reply: Err(RequestError::TimedOut) });
        }
        self.direct.tick(&mut self.context, now);
        self.advance(now);
    }

    /// An operator asks something; the answer is [`Action::Answer`] with this `id`.
    pub fn request(&mut self, id: u64, request: ModemRequest, now: Moment) {
        let taken = match request {
            _ if self.over => Err(RequestError::Gone),
            ModemRequest::Leave { iccid } => self.leave(id, iccid.as_ref(), now),
            ModemRequest::Slot(slot) => match &mut self.phase {
                Phase::OffAir(phase) => phase.choose(id, self.context.profile.slot_command(slot)),
                _ => Err(RequestError::OnAir),
            },
            ModemRequest::Return { restart } => match &mut self.phase {
                Phase::OffAir(phase) => phase.come_back(id, restart, &self.context),
                _ => Err(RequestError::OnAir),
            },
            request => self.requests.add(id, request, now),
        };
        if let Err(error) = taken {
            self.context.actions.push_back(Action::Answer { id, reply: Err(error) });
        }
        self.advance(now);
    }

    /// Without a card there is nothing to be emptied.
    fn leave(&mut self, id: u64, iccid: Option<&Iccid>, now: Moment) -> Result<(), RequestError> {
        match &mut self.phase {
            Phase::Serving(_) if self.context.iccid() != iccid => Err(RequestError::OtherCard),
            Phase::Serving(serving) => serving.depart(id, now),
            Phase::OffAir(phase) if phase.is_idle() => {
                self.context.actions.push_back(Action::Answer { id, reply: Ok(Vec::new()) });
                Ok(())
            }
            // A PIN that was taken has to be seen to be taken.
            Phase::SimCheck(phase) if self.channel.is_free() && !phase.is_unlocking() => {
                self.enter(Phase::OffAir(OffAir::begin(id, now)));
                Ok(())
            }
            _ => Err(RequestError::Starting),
        }
    }

    /// The host's answer to [`Action::Store`]: `ok` means committed on disk, and that the modem's
    /// copy may go.
    pub fn stored(&mut self, token: Token, ok: bool, now: Moment) {
        let direct = self.direct.stored(token, ok, now);
        if let Phase::Serving(serving) = &mut self.phase {
            if let Some(after) = direct {
                serving.direct_stored(&self.context, after);
            }
            serving.stored(&mut self.context, token, ok, now);
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::Identified`].
    pub fn identified(&mut self, token: Token, answer: Result<MessageOwner, ()>, now: Moment) {
        if let Phase::Identifying(identifying) = &mut self.phase {
            identifying.recorded(&mut self.context, token, answer, now);
            self.direct.card_known(&mut self.context, now);
        }
        self.advance(now);
    }

    /// The host's answer to [`Action::MayEnterPin`]: `Ok(true)` means that the try is on disk and
    /// may be made.
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
            self.direct.card_known(&mut self.context, now);
        }
        while !self.over && self.channel.is_free() {
            if let Some(command) = self.next_request(now) {
                self.send(command, now);
                continue;
            }
            match self.phase.next(&mut self.context, now) {
                Next::Send(command) => self.send(command, now),
                Next::Enter(phase) => self.enter(phase),
                Next::GiveUp(reason) => self.give_up(reason),
                Next::Wait(until) => {
                    self.wake = until;
                    break;
                }
            }
        }
        self.confirm_sim_tasks();
        if let Some(bytes) = self.channel.take_output() {
            self.context.actions.push_back(Action::Write(bytes));
        }
        if std::mem::take(&mut self.context.changed) {
            let snapshot = self.context.snapshot(self.state());
            self.context.actions.push_back(Action::Report(snapshot));
        }
    }

    /// Not before the modem is known: without its IMEI the two could not find each other again.
    /// What concerns one card only while that card's ICCID has just been read.
    fn next_request(&mut self, now: Moment) -> Option<Command> {
        if matches!(self.phase, Phase::Probing(_)) {
            return None;
        }
        let card = match &mut self.phase {
            Phase::Serving(serving) if self.requests.sim_task_waits() => {
                serving.prove(now).then_some(self.context.sim.as_ref())
            }
            _ => None,
        };
        let card = card.flatten().map(|sim| &sim.iccid);
        while let Some(id) = card.and_then(|iccid| self.requests.for_another_card(iccid)) {
            self.context
                .actions
                .push_back(Action::Answer { id, reply: Err(RequestError::OtherCard) });
        }
        self.requests.begin(&self.context.profile, card.is_some())
    }

    /// What was done for a card counts when its ICCID has been read again afterwards.
    fn confirm_sim_tasks(&mut self) {
        let card = match &self.phase {
            Phase::Serving(serving) if !serving.card_is_certain() => return,
            Phase::Serving(_) => self.context.sim.as_ref().map(|sim| &sim.iccid),
            _ => None,
        };
        self.context.actions.extend(self.requests.confirmed(card));
    }

    fn send(&mut self, command: Command, now: Moment) {
        self.channel.send(command, now);
        if let Some(bytes) = self.channel.take_output() {
            self.context.actions.push_back(Action::Write(bytes));
        }
    }

    fn enter(&mut self, phase: Phase) {
        if let (Phase::Probing(_), Some(identity)) = (&self.phase, &self.context.identity) {
            self.channel.knows(identity.imei.as_str(), &identity.model);
            self.channel.full_lines(&self.context.profile.store_full);
        }
        self.phase = phase;
        self.context.changed = true;
        if let Phase::OffAir(_) = self.phase {
            self.context.forget_card();
            self.direct.card_lost(&mut self.context);
            self.context.set_reason(ModemReason::OffAir);
        }
    }

    fn give_up(&mut self, reason: ModemReason) {
        self.over = true;
        self.context.actions.push_back(Action::Reopen { reason });
    }

    /// How many lines were cut since the port was opened.
    pub fn lines_cut(&self) -> u64 {
        self.lines.cut()
    }

    /// The longest line that is kept, in bytes.
    pub const MAX_LINE: usize = at::MAX_LINE;
}
