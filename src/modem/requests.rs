//! Requests to the modem while the session is running: commands of an operator, and tasks in the
//! name of a SIM card (`sim_tasks`).

use std::collections::VecDeque;
use std::time::Duration;

use super::api::Action;
use super::channel::Outcome;
use super::command_policy;
use super::profile::Profile;
use super::sim_tasks::{self, RunningTask, Step};
use super::ussd::{self, Asker, Exchange, Menu, Next, Report, UssdForm};
use crate::at::{Command, FinalResult, UssdStatus};
use crate::domain::modem::{ModemRequest, RequestError, SimTask};
use crate::domain::{Iccid, Moment};

/// How many requests may wait.
const MAX_WAITING: usize = 8;
/// How long a request may wait for its turn.
const TIMEOUT: Duration = Duration::from_secs(60);
#[derive(Debug)]
struct Waiting {
    id: u64,
    request: ModemRequest,
    until: Moment,
}

/// The request whose command is in flight, with its id.
#[derive(Debug)]
pub(super) enum Running {
    /// An AT command of an operator.
    At(u64),
    /// A USSD code.
    Ussd(Exchange),
    /// A USSD session is being closed.
    CloseUssd,
    /// A reset, after which the port is opened again.
    Reset(u64),
    /// A task in the name of one card.
    SimTask(RunningTask),
}

/// What a request has come to.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    /// The answer to a request, with its id.
    pub answer: Option<(u64, Result<Vec<String>, RequestError>)>,
    /// The form in which the modem has taken a USSD code.
    pub ussd_form: Option<UssdForm>,
}

/// A finished task whose reply is held back until the ICCID has been read again: only then is it
/// certain that it was done with the right card.
#[derive(Debug)]
struct Unconfirmed {
    id: u64,
    iccid: Iccid,
    reply: Result<Vec<String>, RequestError>,
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<Waiting>,
    running: Option<Running>,
    /// The USSD code whose answer is awaited, and until when.
    awaited: Option<(Exchange, Moment)>,
    /// The USSD code that is to be sent again, in another form.
    again: Option<Exchange>,
    menu: Menu,
    unconfirmed: Vec<Unconfirmed>,
}

impl Requests {
    /// Adds a request to those that wait.
    pub fn add(&mut self, id: u64, request: ModemRequest, now: Moment) -> Result<(), RequestError> {
        match &request {
            ModemRequest::At(text) => command_policy::check_command(text).map(drop)?,
            ModemRequest::Ussd(code) => ussd::check_code(code)?,
            ModemRequest::Reset { .. } => {}
            ModemRequest::ForSim { task, .. } => sim_tasks::check(task)?,
            // The session carries out these requests itself; they do not wait here.
            ModemRequest::TryPinAgain
            | ModemRequest::Leave { .. }
            | ModemRequest::Slot(_)
            | ModemRequest::Return { .. } => {
                return Err(RequestError::Starting);
            }
        }
        if self.waiting.len() >= MAX_WAITING {
            return Err(RequestError::TooMany);
        }
        self.waiting.push_back(Waiting { id, request, until: now + TIMEOUT });
        Ok(())
    }

    /// Whether the command in flight is one that an operator has typed.
    pub fn runs_command(&self) -> bool {
        matches!(self.running, Some(Running::At(_)))
    }

    /// Whether a task for a card waits for its turn.
    pub fn sim_task_waits(&self) -> bool {
        self.running.is_none() && self.waiting.iter().any(Waiting::is_sim_task)
    }

    /// Removes a task that is for another card than the one that is in, and returns its id.
    pub fn take_for_another_card(&mut self, iccid: &Iccid) -> Option<u64> {
        let is_for_other = |waiting: &Waiting| match &waiting.request {
            ModemRequest::ForSim { iccid: wanted, .. } => wanted != iccid,
            _ => false,
        };
        let position = self.waiting.iter().position(is_for_other)?;
        self.waiting.remove(position).map(|waiting| waiting.id)
    }

    /// The next command of the running request, or the first one of the next request, which is
    /// running from then on. A task for a card gets its turn only when it is `proven` that its card
    /// is in. `form` is the form in which USSD codes are sent first.
    pub fn next_command(
        &mut self,
        profile: &Profile,
        form: UssdForm,
        proven: bool,
        now: Moment,
    ) -> Option<Command> {
        if let Some(Running::SimTask(task)) = &mut self.running {
            return task.next_command();
        }
        if let Some(exchange) = self.again.take() {
            return Some(self.send_ussd(exchange));
        }
        let ussd_free = self.menu.allows_code(now) && self.awaited.is_none();
        if self.menu.is_overdue(now) {
            return Some(self.close_ussd());
        }
        let may_begin = |waiting: &Waiting| {
            (proven || !waiting.is_sim_task()) && (ussd_free || !waiting.is_ussd())
        };
        let position = self.waiting.iter().position(may_begin)?;
        if self.waiting.get(position).is_some_and(|next| next.needs_closed_session(&self.menu)) {
            return Some(self.close_ussd());
        }
        let Waiting { id, request, .. } = self.waiting.remove(position)?;
        let (running, command) = match request {
            ModemRequest::At(text) => (Running::At(id), Command::Raw(text)),
            ModemRequest::Ussd(code) => {
                let exchange = match self.menu.form_of_choice(&code) {
                    Some(form) => Exchange::choice(id, code, form),
                    None => Exchange::new(id, Asker::Operator, code, form),
                };
                return Some(self.send_ussd(exchange));
            }
            ModemRequest::Reset { hard } => {
                let text = profile.hard_reset().filter(|_| hard).unwrap_or(profile.soft_reset());
                (Running::Reset(id), Command::Raw(text.to_owned()))
            }
            ModemRequest::TryPinAgain
            | ModemRequest::Leave { .. }
            | ModemRequest::Slot(_)
            | ModemRequest::Return { .. } => {
                return None;
            }
            ModemRequest::ForSim { iccid, task: SimTask::Ussd(code) } => {
                let exchange = Exchange::new(id, Asker::Card(iccid), code, form);
                return Some(self.send_ussd(exchange));
            }
            ModemRequest::ForSim { iccid, task } => {
                let mut task = RunningTask::new(id, iccid, task);
                let first = task.next_command()?;
                (Running::SimTask(task), first)
            }
        };
        self.running = Some(running);
        Some(command)
    }

    fn send_ussd(&mut self, exchange: Exchange) -> Command {
        let command = exchange.command();
        self.menu = Menu::None;
        self.running = Some(Running::Ussd(exchange));
        command
    }

    fn close_ussd(&mut self) -> Command {
        self.menu = Menu::None;
        self.running = Some(Running::CloseUssd);
        Command::CloseUssd
    }

    /// Notes that a USSD session has been closed. A modem that refuses that has none open.
    pub fn on_ussd_closed(&mut self, now: Moment) {
        self.menu = Menu::closed(now);
    }

    /// Whether the command in flight belongs to a request.
    pub fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Goes on with a task whose command has finished. A failure is returned at once; a success is
    /// answered once the card has been confirmed.
    pub fn continue_sim_task(
        &mut self,
        task: RunningTask,
        lines: Vec<String>,
        outcome: Outcome,
    ) -> Option<(u64, RequestError)> {
        match task.step(&lines, outcome) {
            Step::Continue(task) => self.running = Some(Running::SimTask(task)),
            Step::Finished(task, Err(error)) => return Some((task.id, error)),
            Step::Finished(task, reply) => {
                self.unconfirmed.push(Unconfirmed { id: task.id, iccid: task.iccid, reply })
            }
        }
        None
    }

    /// Whether a finished task waits for the confirmation of its card.
    pub fn is_confirming(&self) -> bool {
        !self.unconfirmed.is_empty()
    }

    /// Answers finished tasks. `card` is the card whose ICCID has just been read; `None` when it is
    /// no longer known which card is in.
    pub fn confirm(&mut self, card: Option<&Iccid>) -> impl Iterator<Item = Action> {
        let lost = Err(RequestError::OtherCard);
        let finished = std::mem::take(&mut self.unconfirmed).into_iter();
        finished.map(move |Unconfirmed { id, iccid, reply }| Action::Answer {
            id,
            reply: if card == Some(&iccid) { reply } else { lost.clone() },
        })
    }

    /// Goes on with a USSD code whose command has finished.
    pub fn on_ussd_sent(&mut self, exchange: Exchange, outcome: Outcome, now: Moment) -> Outcomes {
        let next = match outcome {
            Outcome::Done | Outcome::Unfinished => exchange.go_on(now),
            Outcome::Refused(result) => exchange.on_refused(result, now),
            // It is not known whether the network got the code, so it is not sent a second time.
            Outcome::Unanswered | Outcome::Empty | Outcome::InDigits => exchange.expire(now),
        };
        self.apply_next(next)
    }

    /// Takes what the network says to a USSD code, or unasked.
    pub fn on_ussd_report(&mut self, report: Report, form: UssdForm, now: Moment) -> Outcomes {
        if let Some(Running::Ussd(exchange)) = &mut self.running {
            exchange.note(report);
            return Outcomes::default();
        }
        match self.awaited.take() {
            Some((mut exchange, _)) => {
                exchange.note(report);
                self.apply_next(exchange.go_on(now))
            }
            None => {
                // Nobody will answer a menu that nobody has asked for.
                if report.status == UssdStatus::Menu {
                    let until = self.menu.deadline().unwrap_or(now).max(now);
                    self.menu = Menu::Open { until, form };
                } else if self.menu.may_be_open() {
                    // The network has ended it.
                    self.menu = Menu::None;
                }
                Outcomes::default()
            }
        }
    }

    /// Takes an error that came after the modem had accepted a USSD code.
    pub fn on_late_error(&mut self, result: FinalResult, now: Moment) -> Outcomes {
        match self.awaited.take() {
            Some((exchange, _)) => self.apply_next(exchange.on_refused(result, now)),
            None => Outcomes::default(),
        }
    }

    fn apply_next(&mut self, next: Next) -> Outcomes {
        let (exchange, reply, menu) = match next {
            Next::Wait(exchange, until) => {
                self.awaited = Some((exchange, until));
                return Outcomes::default();
            }
            Next::SendAgain(exchange) => {
                self.again = Some(exchange);
                return Outcomes::default();
            }
            Next::Finished { exchange, reply, menu } => (exchange, reply, menu),
        };
        let form = exchange.form();
        self.menu = menu.map_or(Menu::None, |until| Menu::Open { until, form });
        let ussd_form = exchange.is_form_right().then_some(form);
        match (exchange.asker, reply) {
            (Asker::Card(iccid), Ok(lines)) => {
                self.unconfirmed.push(Unconfirmed { id: exchange.id, iccid, reply: Ok(lines) });
                Outcomes { answer: None, ussd_form }
            }
            (_, reply) => Outcomes { answer: Some((exchange.id, reply)), ussd_form },
        }
    }

    /// Forgets the USSD session, because the modem has restarted or its card was removed: the
    /// network has ended it. Returns the request that waited for it.
    pub fn forget_ussd(&mut self) -> Option<u64> {
        self.menu = Menu::None;
        let awaited = self.awaited.take().map(|(exchange, _)| exchange);
        self.again.take().or(awaited).map(|exchange| exchange.id)
    }

    /// Removes the running request and returns it.
    pub fn take_running(&mut self) -> Option<Running> {
        self.running.take()
    }

    /// Removes a request that has waited for too long.
    pub fn take_expired(&mut self, now: Moment) -> Option<Outcomes> {
        if let Some((exchange, _)) = self.awaited.take_if(|(_, until)| *until <= now) {
            return Some(self.apply_next(exchange.expire(now)));
        }
        let position = self.waiting.iter().position(|waiting| waiting.until <= now)?;
        let expired = self.waiting.remove(position)?;
        let answer = Some((expired.id, Err(RequestError::TimedOut)));
        Some(Outcomes { answer, ..Outcomes::default() })
    }

    /// When a request has waited for too long.
    pub fn deadline(&self) -> Option<Moment> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until).min();
        let awaited = self.awaited.as_ref().map(|(_, until)| *until);
        [waiting, awaited].into_iter().flatten().min()
    }

    /// When there is a command to send even if nothing happens before.
    pub fn wake_at(&self) -> Option<Moment> {
        self.menu.deadline()
    }
}

impl Waiting {
    fn is_sim_task(&self) -> bool {
        matches!(self.request, ModemRequest::ForSim { .. })
    }

    fn is_ussd(&self) -> bool {
        matches!(
            self.request,
            ModemRequest::Ussd(_) | ModemRequest::ForSim { task: SimTask::Ussd(_), .. }
        )
    }

    /// Whether it is a USSD code that begins anew, which the network would take for an answer as
    /// long as another session is open.
    fn needs_closed_session(&self, menu: &Menu) -> bool {
        let answers = match &self.request {
            ModemRequest::Ussd(text) => menu.form_of_choice(text).is_some(),
            _ => false,
        };
        menu.may_be_open() && self.is_ussd() && !answers
    }
}
