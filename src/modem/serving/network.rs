//! Registration, signal, operator, and whether the modem still announces messages.

use std::time::Duration;

use super::super::channel::Outcome;
use super::super::context::Context;
use super::super::reply::Reply;
use super::{Leave, Serving};
use crate::at::{self, Command, Domain, Registration};
use crate::domain::Moment;

/// Between questions while there is no network; a URC is quicker where the modem sends one.
const POLL: Duration = Duration::from_secs(5);
/// That many at this rate.
const POLLS: u32 = 12;
/// Then at this one.
const SLOW_POLL: Duration = Duration::from_secs(20);

/// Small things to ask, in a queue, each at most once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    /// Of the domain with this number, then of the following ones until one is registered.
    Registration(usize),
    Signal,
    Operator,
    /// Are messages still announced?
    Indications,
    /// Have them announced again.
    Announce,
    /// The message that came with its URC is on disk.
    Acknowledge,
    /// Start the modem anew.
    Restart,
}

impl Chore {
    pub(super) fn command(self, context: &Context) -> Option<Command> {
        Some(match self {
            Chore::Registration(number) => Command::Registration(context.domains.get(number)?.0),
            Chore::Signal => Command::Signal,
            Chore::Operator => Command::Operator,
            Chore::Indications => Command::IndicationsSet,
            Chore::Acknowledge => Command::Acknowledge,
            Chore::Restart => Command::Own(context.profile.soft_reset().to_owned()),
            Chore::Announce => Command::Indicate(context.indications?),
        })
    }
}

impl Serving {
    pub(super) fn chore(&mut self, chore: Chore) {
        if !self.chores.contains(&chore) {
            self.chores.push_back(chore);
        }
    }

    pub(super) fn poll_registration(&mut self, context: &Context, now: Moment) {
        // A chore that asks for nothing (no such domain, no setting to restore) must not stand in
        // the way.
        while self.chores.front().is_some_and(|chore| chore.command(context).is_none()) {
            self.chores.pop_front();
        }
        if !context.is_registered() && self.poll_at <= now {
            self.polls = self.polls.saturating_add(1);
            self.poll_at = now + if self.polls > POLLS { SLOW_POLL } else { POLL };
            self.chore(Chore::Registration(0));
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
            Chore::Registration(number) => self.registration_asked(context, number, reply, ok, now),
            Chore::Signal if ok => context.signal_dbm = reply.find(at::signal_dbm),
            Chore::Operator if ok => context.operator = reply.find(at::operator),
            Chore::Indications if ok => {
                let wanted = context.indications.map_or(1, |wanted| wanted.mt);
                let silent = reply
                    .find(at::indications)
                    .is_some_and(|set| set.mt != wanted || set.mode == 0);
                if silent {
                    self.chore(Chore::Announce);
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

    fn registration_asked(
        &mut self,
        context: &mut Context,
        number: usize,
        reply: &Reply,
        ok: bool,
        now: Moment,
    ) {
        let reported = reply.find(at::registration).filter(|_| ok);
        if let Some(reported) = reported {
            self.registration(context, reported.domain, reported.registration, now);
        }
        let settled = reported.is_some_and(|reported| reported.registration.is_registered());
        if !settled && number + 1 < context.domains.len() {
            self.chores.push_front(Chore::Registration(number + 1));
        }
    }

    /// A URC or a reply. While there is no network the card may have been exchanged unseen (a bank,
    /// a slot switched): its ICCID is read when the network goes and when it comes back.
    pub fn registration(
        &mut self,
        context: &mut Context,
        domain: Domain,
        registration: Registration,
        now: Moment,
    ) {
        context.set_registration(domain, registration);
        match (context.is_registered(), self.registered_since) {
            (true, None) => {
                self.doubt |= self.polls > 1;
                self.registered_since = Some(now);
                self.chore(Chore::Signal);
                self.chore(Chore::Operator);
            }
            (false, Some(_)) => {
                self.doubt = true;
                self.registered_since = None;
                self.polls = 1;
                self.poll_at = now + POLL;
            }
            _ => {}
        }
    }

    /// Whether a message announced at this time is one that the network sent at this time.
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

    /// As [`Serving::is_live`], for a message that came with its URC.
    pub fn is_live_now(&self, context: &Context, now: Moment) -> bool {
        self.is_live(Some(now), context, now)
    }
}
