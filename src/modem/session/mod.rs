//! The session itself: its inputs, and the order in which it does things.

mod events;
mod replies;

use std::time::Duration;

use super::api::{Action, MessageOwner, NotRecorded, SessionConfig, Token};
use super::channel::Channel;
use super::context::Context;
use super::direct::Direct;
use super::off_air::OffAir;
use super::phase::{Next, Phase};
use super::probing::Probing;
use super::requests::Requests;
use crate::at::{self, Command, Item, LineBuffer};
use crate::domain::modem::{ModemReason, ModemRequest, ModemState, PinPermission, RequestError};
use crate::domain::{Iccid, Moment};

/// The conversation with the modem on one open port. It begins by itself and ends with
/// [`Action::Reopen`], after which it does nothing more.
///
/// The caller passes in the bytes that were received ([`Session::receive`]), the passing of time
/// ([`Session::tick`], at [`Session::next_deadline`] at the latest), requests, and the answers to
/// the session's questions. After each call it carries out the actions that
/// [`Session::next_action`] returns. The session has no clock, no task and no port of its own.
///
/// ```
/// use simbridge::domain::modem::ModemState;
/// use simbridge::domain::{Moment, PortName};
/// use simbridge::modem::{Action, Session, SessionConfig};
/// use std::time::Duration;
///
/// /// Everything that the session wants to write now.
/// fn written(session: &mut Session) -> String {
///     let mut text = String::new();
///     while let Some(action) = session.next_action() {
///         if let Action::Write(bytes) = action {
///             text.push_str(&String::from_utf8_lossy(&bytes));
///         }
///     }
///     text
/// }
///
/// let now = Moment::since_origin(Duration::ZERO);
/// let port = PortName::from_stored("/dev/ttyUSB2");
/// let mut session = Session::new(SessionConfig::new(port), now);
/// assert_eq!(session.state(), ModemState::Probing);
/// assert_eq!(written(&mut session), "AT\r");
///
/// session.receive(b"\r\nOK\r\n", now);
/// assert_eq!(written(&mut session), "ATE0\r");
/// session.receive(b"ATE0\r\r\nOK\r\n", now);
/// assert_eq!(written(&mut session), "AT+CMEE=1\r");
///
/// // A modem that does not answer is asked for what it is known to answer before anything else.
/// let deadline = session.next_deadline().expect("a command is in flight");
/// session.tick(deadline);
/// assert_eq!(written(&mut session), "");
/// let quiet = session.next_deadline().expect("the session waits for silence");
/// session.tick(quiet);
/// assert_eq!(written(&mut session), "AT+CMEE?\r");
/// ```
#[derive(Debug)]
pub struct Session {
    lines: LineBuffer,
    channel: Channel,
    phase: Phase,
    context: Context,
    direct: Direct,
    requests: Requests,
    /// When the phase has something to do even if nothing happens before.
    wake_at: Option<Moment>,
    /// The number of commands in a row that were not answered.
    unanswered: u8,
    last_outcome: Option<CommandOutcome>,
    is_over: bool,
}

/// How a command finished, for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The final result arrived after this time.
    Answered(Duration),
    /// No final result arrived in time.
    Unanswered,
}

impl Session {
    /// Begins a session on a port that has just been opened. Its first actions are ready at once.
    pub fn new(config: SessionConfig, now: Moment) -> Session {
        let mut session = Session {
            lines: LineBuffer::default(),
            channel: Channel::new(config.profiles.voltage_lines()),
            phase: Phase::Probing(Probing::default()),
            context: Context::new(config),
            direct: Direct::default(),
            requests: Requests::default(),
            wake_at: None,
            unanswered: 0,
            last_outcome: None,
            is_over: false,
        };
        session.advance(now);
        session
    }

    /// Takes the next action. Actions are to be carried out in this order.
    pub fn next_action(&mut self) -> Option<Action> {
        let action = self.context.actions.pop_front();
        if action.is_none() {
            self.context.actions.shrink_to(4);
        }
        action
    }

    /// When to call [`Session::tick`] if nothing happens before. Unsolicited lines never postpone
    /// the deadline of a command.
    pub fn next_deadline(&self) -> Option<Moment> {
        if self.is_over {
            return None;
        }
        let channel = if self.channel.is_free() { self.wake_at } else { self.channel.deadline() };
        let can_send = self.channel.is_free() && !matches!(self.phase, Phase::Probing(_));
        let ussd = self.requests.wake_at().filter(|_| can_send);
        let text = self.channel.direct_text_deadline();
        let waiting = [text, self.requests.deadline(), self.direct.deadline()];
        waiting.into_iter().chain([channel, ussd]).flatten().min()
    }

    /// How the last command finished, if one has finished since this was last called.
    pub fn take_command_outcome(&mut self) -> Option<CommandOutcome> {
        self.last_outcome.take()
    }

    /// What the modem is doing.
    pub fn state(&self) -> ModemState {
        self.phase.state(&self.context)
    }

    /// Takes bytes that were received from the modem.
    pub fn receive(&mut self, bytes: &[u8], now: Moment) {
        if self.is_over {
            return;
        }
        self.channel.on_bytes(now);
        let mut lines = std::mem::take(&mut self.lines);
        let mut rest = bytes;
        while let Some(item) = lines.next(&mut rest) {
            match item {
                Item::Prompt => self.channel.on_prompt(now),
                Item::Line(line) => {
                    let event = self.channel.on_line(&line, now);
                    self.on_events(event, &line, now);
                }
            }
        }
        self.lines = lines;
        self.advance(now);
    }

    /// Does what is due at this time.
    pub fn tick(&mut self, now: Moment) {
        if self.is_over {
            return;
        }
        let event = self.channel.tick(now);
        self.on_events(event, "", now);
        while let Some(outcomes) = self.requests.take_expired(now) {
            self.apply(outcomes);
        }
        self.direct.offer_due(&mut self.context, now);
        self.advance(now);
    }

    /// Takes a request, which is answered by an [`Action::Answer`] with this `id`.
    pub fn request(&mut self, id: u64, request: ModemRequest, now: Moment) {
        let taken = match request {
            _ if self.is_over => Err(RequestError::Gone),
            ModemRequest::Leave { iccid } => self.leave(id, iccid.as_ref(), now),
            ModemRequest::Slot(slot) => match &mut self.phase {
                Phase::OffAir(phase) => {
                    phase.select_slot(id, self.context.profile.slot_command(slot))
                }
                _ => Err(RequestError::OnAir),
            },
            ModemRequest::Return { restart } => match &mut self.phase {
                Phase::OffAir(phase) => phase.return_to_air(id, restart, &self.context),
                _ => Err(RequestError::OnAir),
            },
            ModemRequest::TryPinAgain => self.try_pin_again(id),
            request => self.requests.add(id, request, now),
        };
        if let Err(error) = taken {
            self.context.actions.push_back(Action::Answer { id, reply: Err(error) });
        }
        self.advance(now);
    }

    /// Ends the session of a modem whose card is locked: the next one reads the PIN anew.
    fn try_pin_again(&mut self, id: u64) -> Result<(), RequestError> {
        match &self.phase {
            Phase::SimCheck(phase) if phase.is_unlocking() => Err(RequestError::Starting),
            Phase::SimCheck(_) => {
                self.context.actions.push_back(Action::Answer { id, reply: Ok(Vec::new()) });
                self.give_up(ModemReason::PinAllowedAgain);
                Ok(())
            }
            _ => Err(RequestError::OtherCard),
        }
    }

    /// Begins to take the card off the air. Where there is no card, no store has to be emptied
    /// first.
    fn leave(&mut self, id: u64, iccid: Option<&Iccid>, now: Moment) -> Result<(), RequestError> {
        match &mut self.phase {
            Phase::Serving(_) if self.context.iccid() != iccid => Err(RequestError::OtherCard),
            Phase::Serving(serving) => serving.depart(id, now),
            Phase::OffAir(phase) if phase.is_idle() => {
                self.context.actions.push_back(Action::Answer { id, reply: Ok(Vec::new()) });
                Ok(())
            }
            // While a PIN is being entered the card stays until it is known whether it was
            // accepted.
            Phase::SimCheck(phase) if self.channel.is_free() && !phase.is_unlocking() => {
                self.enter(Phase::OffAir(OffAir::begin(id, now)));
                Ok(())
            }
            _ => Err(RequestError::Starting),
        }
    }

    /// Takes the host's answer to [`Action::Store`]: `ok` means that the message is committed to
    /// disk, so that it may be deleted from the modem.
    pub fn on_stored(&mut self, token: Token, ok: bool, now: Moment) {
        let direct = self.direct.on_stored(token, ok, now);
        if let Phase::Serving(serving) = &mut self.phase {
            if let Some(after) = direct {
                serving.on_direct_stored(&self.context, after);
            }
            serving.on_stored(&mut self.context, token, ok, now);
        }
        self.advance(now);
    }

    /// Takes the host's answer to [`Action::Identified`].
    pub fn on_identified(
        &mut self,
        token: Token,
        answer: Result<MessageOwner, NotRecorded>,
        now: Moment,
    ) {
        if let Phase::Identifying(identifying) = &mut self.phase {
            identifying.on_recorded(&mut self.context, token, answer, now);
            self.direct.on_card_known(&mut self.context, now);
        }
        self.advance(now);
    }

    /// Has the card read again soon, because another port shows one too.
    pub fn doubt_card(&mut self, now: Moment) {
        if let Phase::Serving(serving) = &mut self.phase {
            serving.doubt_card();
        }
        self.advance(now);
    }

    /// Whether the card was read again since this was last called, and was the same.
    pub fn take_card_confirmed(&mut self) -> bool {
        std::mem::take(&mut self.context.card_confirmed)
    }

    /// Takes the host's answer to [`Action::MayEnterPin`].
    pub fn on_pin_permission(
        &mut self,
        token: Token,
        answer: Result<PinPermission, ()>,
        now: Moment,
    ) {
        if let Phase::SimCheck(phase) = &mut self.phase {
            phase.on_pin_permission(&mut self.context, token, answer, now);
        }
        self.advance(now);
    }

    /// Takes the host's answer to [`Action::Emptied`].
    pub fn on_emptied(&mut self, token: Token, ok: bool, now: Moment) {
        if let Phase::Serving(serving) = &mut self.phase {
            serving.on_emptied(token, ok);
        }
        self.advance(now);
    }

    /// Goes on until it has to wait for the modem, the host or a deadline.
    fn advance(&mut self, now: Moment) {
        if let Phase::Serving(serving) = &self.phase
            && serving.is_card_certain()
        {
            self.direct.on_card_known(&mut self.context, now);
        }
        while !self.is_over && self.channel.is_free() {
            if let Some(command) = self.next_request(now) {
                self.send(command, now);
                continue;
            }
            match self.phase.next(&mut self.context, now) {
                Next::Send(command) => self.send(command, now),
                Next::Enter(phase) => self.enter(phase),
                Next::GiveUp(reason) => self.give_up(reason),
                Next::Wait(until) => {
                    let beat_at = self.beat_at();
                    if beat_at.is_some_and(|at| at <= now) {
                        // Every modem answers that, with or without a card.
                        self.send(Command::ErrorFormat, now);
                        continue;
                    }
                    self.wake_at = until.into_iter().chain(beat_at).min();
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

    /// When the modem is asked for a sign of life. There is no need while it is asked who it is.
    fn beat_at(&self) -> Option<Moment> {
        let beat = self.context.config.beat.filter(|_| !matches!(self.phase, Phase::Probing(_)))?;
        Some(self.channel.last_active_at() + beat)
    }

    /// The command of the request whose turn it is. There is none before the modem is known,
    /// because the session does not know yet what it answers to a resynchronisation. A task in the
    /// name of a card gets its turn only when the ICCID of that card has just been read.
    fn next_request(&mut self, now: Moment) -> Option<Command> {
        if matches!(self.phase, Phase::Probing(_)) {
            return None;
        }
        let sim = match &mut self.phase {
            Phase::Serving(serving) if self.requests.sim_task_waits() => {
                serving.is_card_proven(now).then_some(self.context.sim.as_ref())
            }
            _ => None,
        };
        let iccid = sim.flatten().map(|sim| &sim.iccid);
        while let Some(id) = iccid.and_then(|iccid| self.requests.take_for_another_card(iccid)) {
            self.context
                .actions
                .push_back(Action::Answer { id, reply: Err(RequestError::OtherCard) });
        }
        let proven = iccid.is_some();
        let form = self.context.ussd_form;
        self.requests.next_command(&self.context.profile, form, proven, now)
    }

    /// Answers finished tasks in the name of a card, once its ICCID has been read again.
    fn confirm_sim_tasks(&mut self) {
        let iccid = match &self.phase {
            Phase::Serving(serving) if !serving.is_card_certain() => return,
            Phase::Serving(_) => self.context.sim.as_ref().map(|sim| &sim.iccid),
            _ => None,
        };
        self.context.actions.extend(self.requests.confirm(iccid));
    }

    fn send(&mut self, command: Command, now: Moment) {
        self.channel.send(command, now);
        if let Some(bytes) = self.channel.take_output() {
            self.context.actions.push_back(Action::Write(bytes));
        }
    }

    fn enter(&mut self, phase: Phase) {
        if let (Phase::Probing(_), Some(identity)) = (&self.phase, &self.context.identity) {
            self.channel.set_identity(identity.imei.as_ref(), &identity.model);
            self.channel.set_full_store_lines(&self.context.profile.store_full);
        }
        self.phase = phase;
        self.context.changed = true;
        if let Phase::OffAir(_) = self.phase {
            self.context.forget_card();
            self.direct.on_card_lost(&mut self.context);
            self.context.set_reason(ModemReason::OffAir);
            if let Some(id) = self.requests.forget_ussd() {
                self.context
                    .actions
                    .push_back(Action::Answer { id, reply: Err(RequestError::OtherCard) });
            }
        }
    }

    fn give_up(&mut self, reason: ModemReason) {
        self.is_over = true;
        self.direct.on_card_lost(&mut self.context);
        self.context.actions.push_back(Action::Reopen { reason });
    }

    /// The number of lines that were too long and were cut since the port was opened.
    pub fn lines_cut(&self) -> u64 {
        self.lines.cut()
    }

    /// The length in bytes to which longer lines are cut.
    pub const MAX_LINE: usize = at::MAX_LINE;
}
