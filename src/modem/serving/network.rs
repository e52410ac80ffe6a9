//! Watches registration, signal and operator, and checks that the modem still announces messages.

use std::time::Duration;

use super::super::channel::Outcome;
use super::super::charset;
use super::super::context::Context;
use super::super::reply::Reply;
use super::{Leave, Serving};
use crate::at::{self, Charset, Command, Registration, RegistrationDomain};
use crate::domain::Moment;

/// The time between two requests for the registration while there is no network. Where the modem
/// sends a URC, that is quicker.
const POLL: Duration = Duration::from_secs(5);
/// How many requests are made at this rate.
const POLLS: u32 = 12;
/// The time between two requests after that.
const SLOW_POLL: Duration = Duration::from_secs(20);

/// The requests for the registration between two closer looks at why there is none, and which of
/// them has the first one.
const LOOKS_CLOSER: (u32, u32) = (12, 2);

/// A small task. Chores wait in a queue that has each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    /// Ask for the registration in the domain at this position, and then in the following ones
    /// until one is registered.
    Registration(usize),
    Signal,
    Operator,
    /// Check whether messages are still announced.
    Indications,
    /// Have messages announced again.
    Announce,
    /// Acknowledge a message that arrived inside its URC and is on disk.
    Acknowledge,
    /// Have text mode show all there is of a message.
    AllTextParameters,
    /// Restart the modem, which no longer announces messages.
    Restart,
    /// Have the modem choose a network, from which something else has taken it off.
    ChooseNetwork,
    /// Ask why the network refuses the card.
    Refusal,
    /// Ask in which character set strings are.
    Charset,
    /// Have strings in this character set.
    SetCharset(Charset),
}

impl Chore {
    pub(super) fn command(self, context: &Context) -> Option<Command> {
        Some(match self {
            Chore::Registration(number) => Command::Registration(context.domains.get(number)?.0),
            Chore::Signal => Command::Signal,
            Chore::Operator => Command::Operator,
            Chore::Indications => Command::IndicationsSet,
            Chore::Acknowledge => Command::Acknowledge,
            Chore::AllTextParameters => Command::AllTextParameters,
            Chore::Restart => Command::Own(context.profile.soft_reset().to_owned()),
            Chore::Announce => Command::Indicate(context.indications?),
            Chore::ChooseNetwork => Command::ChooseNetwork,
            Chore::Refusal => Command::ErrorReport,
            Chore::Charset => Command::Charset,
            Chore::SetCharset(charset) => Command::SetCharset(charset),
        })
    }
}

impl Serving {
    pub(super) fn add_chore(&mut self, chore: Chore) {
        if !self.chores.contains(&chore) {
            self.chores.push_back(chore);
        }
    }

    pub(super) fn poll_registration(&mut self, context: &mut Context, now: Moment) {
        // A chore without a command (no such domain, no setting to restore) must not block the
        // others.
        while self.chores.front().is_some_and(|chore| chore.command(context).is_none()) {
            self.chores.pop_front();
        }
        if !context.is_registered() && self.poll_at <= now {
            self.polls = self.polls.saturating_add(1);
            self.poll_at = now + if self.polls > POLLS { SLOW_POLL } else { POLL };
            self.add_chore(Chore::Registration(0));
            self.look_closer(context, now);
        }
    }

    /// Finds out now and then why there is no network, and does something about it where possible.
    fn look_closer(&mut self, context: &mut Context, now: Moment) {
        let (interval, first) = LOOKS_CLOSER;
        if self.polls % interval == first {
            self.add_chore(Chore::Operator);
        }
        if context.registration() == Some(Registration::Denied) && context.refusal.is_none() {
            self.add_chore(Chore::Refusal);
        }
        if self.polls >= first && context.may_choose_network(now) {
            context.network_chosen_at = Some(now);
            self.add_chore(Chore::ChooseNetwork);
        }
    }

    pub(super) fn on_chore_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        if self.chores.front().and_then(|chore| chore.command(context)).as_ref() != Some(command) {
            return;
        }
        let Some(chore) = self.chores.pop_front() else { return };
        let ok = outcome.is_ok();
        match chore {
            Chore::Registration(number) => {
                self.on_registration_read(context, number, reply, ok, now)
            }
            Chore::Signal if ok => context.signal_dbm = reply.find(at::parse_signal_dbm),
            Chore::Operator if ok => {
                let name =
                    |line| at::parse_operator(&charset::decode_strings(line, context.charset));
                context.operator = reply.find(name);
                context.set_deregistered(reply.find(at::parse_network_mode) == Some(2));
            }
            Chore::ChooseNetwork if ok => {
                context.set_deregistered(false);
                self.poll_at = self.poll_at.min(now + POLL);
            }
            Chore::Refusal => context.set_refusal(reply.find(at::parse_error_report)),
            Chore::Charset if ok => {
                context.charset = reply.find(at::parse_charset);
                let plainer = charset::choose_plain(context.charset, None);
                plainer.into_iter().for_each(|set| self.add_chore(Chore::SetCharset(set)));
            }
            Chore::SetCharset(tried) if ok => context.charset = Some(tried),
            Chore::SetCharset(tried) => {
                let plainer = charset::choose_plain(context.charset, Some(tried));
                plainer.into_iter().for_each(|set| self.add_chore(Chore::SetCharset(set)));
            }
            Chore::Indications if ok => {
                let wanted = context.indications.map_or(1, |wanted| wanted.mt);
                let silent = reply
                    .find(at::parse_indications)
                    .is_some_and(|set| set.mt != wanted || set.mode == 0);
                if silent {
                    self.add_chore(Chore::Announce);
                    self.sweep.schedule_soon(now);
                }
            }
            Chore::Restart => self.leave = Some(Leave::Restarted),
            _ => {}
        }
        if self.chores.is_empty() {
            context.losses = 0;
            context.changed = true;
        }
    }

    fn on_registration_read(
        &mut self,
        context: &mut Context,
        number: usize,
        reply: &Reply,
        ok: bool,
        now: Moment,
    ) {
        let reported = reply.find(at::parse_registration).filter(|_| ok);
        if let Some(reported) = reported {
            self.on_registration(context, reported.domain, reported.registration, now);
        }
        let settled = reported.is_some_and(|reported| reported.registration.is_registered());
        if !settled && number + 1 < context.domains.len() {
            self.chores.push_front(Chore::Registration(number + 1));
        } else {
            context.note_registration_read();
        }
    }

    /// Takes the registration from a URC or a reply. While there is no network the card may have
    /// been exchanged without any other sign (by a bank or a slot command), so its ICCID is read
    /// when the network is lost and when it is found again.
    pub fn on_registration(
        &mut self,
        context: &mut Context,
        domain: RegistrationDomain,
        registration: Registration,
        now: Moment,
    ) {
        context.set_registration(domain, registration);
        match (context.is_registered(), self.registered_since) {
            (true, None) => {
                if self.polls > 1 {
                    self.card.doubt();
                }
                self.registered_since = Some(now);
                self.add_chore(Chore::Signal);
                self.add_chore(Chore::Operator);
            }
            (false, Some(_)) => {
                self.card.doubt();
                self.registered_since = None;
                self.polls = 1;
                self.poll_at = now + POLL;
            }
            _ => {}
        }
    }

    /// Whether the network sent a message at the time when it was announced (see `Received::live`).
    pub(super) fn is_live(
        &self,
        announced: Option<Moment>,
        context: &Context,
        now: Moment,
    ) -> bool {
        const FRESH: Duration = Duration::from_secs(10);
        let (Some(announced), Some(registered)) = (announced, self.registered_since) else {
            return false;
        };
        let settled = self.full_at.map_or(registered, |full| registered.max(full));
        now - announced < FRESH && announced - settled >= context.config.settled_after
    }

    /// Like [`Serving::is_live`], for a message that arrives inside its URC now.
    pub fn is_live_now(&self, context: &Context, now: Moment) -> bool {
        self.is_live(Some(now), context, now)
    }
}
