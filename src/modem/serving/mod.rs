//! The modem works: the network is watched, messages are read, handed to the host and deleted. This
//! phase covers the states `Registering` and `Ready`, because messages may be in the stores whether
//! there is a network or not.

mod departing;
mod messages;
mod network;

use std::collections::VecDeque;
use std::time::Duration;

use super::api::{Action, MessageOwner, Token};
use super::channel::Outcome;
use super::configuring::Configuring;
use super::context::Context;
use super::identifying::Identifying;
use super::pending_deletions::PendingDeletions;
use super::pending_reads::{PendingRead, PendingReads};
use super::phase::{Next, Phase};
use super::profile::Quirk;
use super::reply::{self, Reply};
use super::sim_check::SimCheck;
use super::sweep::Sweep;
use crate::at::{self, Command, IccidSource, MessageStore};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;
use departing::Departure;
use network::Chore;

/// The operator and the indications are read with every so many-th keep-alive only.
const RARE_ROUNDS: u32 = 10;
/// The pause between two attempts to read the ICCID.
const ICCID_PAUSE: Duration = Duration::from_secs(2);
const ICCID_TRIES: u8 = 3;
/// For how long nothing is read after the host could not store a message: the first time, and at
/// most.
const HOLD: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// How old the reading of the ICCID may be when something is done in the name of that card.
const FRESH: Duration = Duration::from_secs(2);
/// After a commit that took so long a modem may have fallen silent: messages that came meanwhile
/// were not acknowledged.
const SLOW_COMMIT: Duration = Duration::from_secs(10);

/// Why the phase is left.
#[derive(Debug)]
enum Leave {
    SimCheck,
    Identifying,
    Configuring,
    /// The modem was restarted on purpose.
    Restarted,
}

#[derive(Debug)]
pub(super) struct Serving {
    /// `<mem1>` as chosen now; `None` when that is not certain.
    chosen: Option<MessageStore>,
    deletions: PendingDeletions,
    reads: PendingReads,
    sweep: Sweep,
    /// The announcement that the `AT+CMGR` in flight is for.
    reading: Option<PendingRead>,
    reads_in_row: u8,
    refused_selections: u8,
    chores: VecDeque<Chore>,
    keep_alive_at: Moment,
    rounds: u32,
    poll_at: Moment,
    polls: u32,
    registered_since: Option<Moment>,
    full_at: Option<Moment>,
    /// The card may have been exchanged: its ICCID is read before anything else.
    doubt: bool,
    doubt_until: Option<Moment>,
    doubt_tries: u8,
    iccid_read_at: Moment,
    /// Nothing is read until then: the host could not store a message.
    held_until: Option<Moment>,
    /// How long reading was held back the last time; zero when the last message could be stored.
    hold: Duration,
    custody_sweeps: u8,
    /// A sweep has found a message that was not announced.
    unannounced: bool,
    /// Sweeps since the last keep-alive that were made because the one before had found something.
    follow_ups: u8,
    /// The modem's own store is empty, which the host has to record; with a token once it was asked
    /// to.
    emptied: Option<Option<Token>>,
    leave: Option<Leave>,
    /// Messages of a bank's card that were read, and that are handed on when its ICCID has been
    /// read once more: the bank may put another card on late.
    unproven: Vec<Action>,
    /// The card is to be taken off the air.
    departure: Option<Departure>,
}

impl Serving {
    pub fn new(chosen: Option<MessageStore>, context: &Context, now: Moment) -> Serving {
        let mut serving = Serving {
            chosen,
            deletions: PendingDeletions::default(),
            reads: PendingReads::default(),
            sweep: Sweep::default(),
            reading: None,
            reads_in_row: 0,
            refused_selections: 0,
            chores: VecDeque::new(),
            keep_alive_at: now,
            rounds: 0,
            poll_at: now,
            polls: 0,
            registered_since: None,
            full_at: None,
            doubt: false,
            doubt_until: None,
            doubt_tries: 0,
            iccid_read_at: now,
            held_until: None,
            hold: Duration::ZERO,
            custody_sweeps: 0,
            unannounced: false,
            follow_ups: 0,
            emptied: None,
            leave: None,
            unproven: Vec::new(),
            departure: None,
        };
        serving.sweep.schedule_by(now);
        if context.profile.has(Quirk::NoList) {
            serving.sweep.without_list();
        }
        if context.plan.readable == [MessageStore::Sim]
            && context.own_store != MessageOwner::Current
        {
            // The modem has no store of its own that could hold anything.
            serving.emptied = Some(None);
        }
        serving
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if self.leave.is_some()
            && let Some(phase) = self.card_gone(context, now)
        {
            return Next::Enter(phase);
        }
        match self.leave.take() {
            Some(Leave::SimCheck) => return Next::Enter(Phase::SimCheck(SimCheck::settling(now))),
            Some(Leave::Identifying) => {
                return Next::Enter(Phase::Identifying(Identifying::default()));
            }
            Some(Leave::Configuring) => {
                return Next::Enter(Phase::Configuring(Configuring::default()));
            }
            Some(Leave::Restarted) => {
                return Next::GiveUp(ModemReason::RestartedAfterFullStore);
            }
            None => {}
        }
        self.keep_alive(context, now);
        self.report_empty_store(context);
        if let Some(next) = self.departing(context, now) {
            return next;
        }
        if self.doubt || !self.unproven.is_empty() {
            return match self.doubt_until.filter(|until| now < *until) {
                Some(until) => Next::Wait(Some(until)),
                None => Next::Send(iccid_command(context)),
            };
        }
        self.poll_registration(context, now);
        let command = match self.chores.front() {
            Some(chore) => chore.command(context),
            None => self.message_command(context, now),
        };
        command.map_or_else(|| Next::Wait(self.wake_at(context)), Next::Send)
    }

    fn keep_alive(&mut self, context: &Context, now: Moment) {
        if now < self.keep_alive_at {
            return;
        }
        self.keep_alive_at = now + context.config.keep_alive;
        self.follow_ups = 0;
        // Before the first round the ICCID has just been read.
        self.doubt |= self.rounds > 0;
        self.chore(Chore::Registration(0));
        self.chore(Chore::Signal);
        if self.rounds.is_multiple_of(RARE_ROUNDS) {
            self.chore(Chore::Operator);
            if self.rounds > 0 {
                self.chore(Chore::Indications);
            }
        }
        self.rounds = self.rounds.wrapping_add(1);
        self.sweep.schedule_by(now);
        if matches!(self.emptied, Some(Some(_))) {
            self.emptied = Some(None);
        }
    }

    fn report_empty_store(&mut self, context: &mut Context) {
        if self.emptied != Some(None) {
            return;
        }
        let (Some(identity), Some(sim)) = (&context.identity, &context.sim) else { return };
        let (imei, iccid) = (identity.imei.clone(), sim.iccid.clone());
        let token = context.new_token();
        self.emptied = Some(Some(token));
        context.claim_own_store();
        context.actions.push_back(Action::Emptied { token, imei, iccid });
    }

    /// Takes the host's answer. What it could not record is offered again with the next keep-alive.
    pub fn emptied(&mut self, token: Token, ok: bool) {
        if ok && self.emptied == Some(Some(token)) {
            self.emptied = None;
        }
    }

    /// When something is to be done next although nothing happens.
    fn wake_at(&self, context: &Context) -> Option<Moment> {
        let poll = (!context.is_registered()).then_some(self.poll_at);
        let sweep = if self.deletions.is_full() { None } else { self.sweep.due() };
        let messages = self.held_until.or(sweep);
        [Some(self.keep_alive_at), poll, messages, self.departure_ends()]
            .into_iter()
            .flatten()
            .min()
    }

    pub fn on_command_finished(
        &mut self,
        context: &mut Context,
        command: &Command,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        match command {
            Command::Iccid(_) => self.iccid_read(context, outcome, reply, now),
            Command::SelectStores(selection) => {
                if let Some(fill) = reply.find(at::store_fill) {
                    context.set_store_fill(selection.read, fill);
                }
                self.on_stores_selected(context, selection.read, outcome.is_ok(), now);
            }
            Command::List => self.on_list_finished(context, outcome, now),
            Command::IndexesSupported => self.on_indexes_read(context, outcome, reply, now),
            Command::Read(index) => self.on_read_finished(context, *index, outcome, reply, now),
            Command::Delete(index) => self.on_delete_finished(context, *index, outcome, now),
            Command::SetFunctionality(_) => self.on_radio_off(now),
            _ => self.on_chore_finished(context, command, outcome, reply, now),
        }
    }

    fn iccid_read(&mut self, context: &mut Context, outcome: Outcome, reply: &Reply, now: Moment) {
        let found = reply.find(reply::iccid).filter(|_| outcome.is_ok());
        match found {
            Some(iccid) if Some(&iccid) == context.iccid() => {
                self.doubt = false;
                context.actions.extend(self.unproven.drain(..));
                self.doubt_until = None;
                self.doubt_tries = 0;
                self.iccid_read_at = now;
            }
            Some(_) => self.leave = Some(Leave::Identifying),
            None => {
                self.doubt_tries += 1;
                self.doubt_until = Some(now + ICCID_PAUSE);
                if self.doubt_tries >= ICCID_TRIES {
                    self.leave = Some(Leave::SimCheck);
                }
            }
        }
        if self.leave.is_some() {
            context.forget_card();
            context.set_reason(ModemReason::SimBeingReadAgain);
        }
    }

    /// An operator's own command may have changed any setting.
    pub fn settings_in_doubt(&mut self) {
        self.chosen = None;
        self.doubt = true;
        self.chore(Chore::Indications);
    }

    /// Whether the ICCID was read just now. If it was not, it is read next.
    pub fn is_card_proven(&mut self, now: Moment) -> bool {
        let proven = self.card_is_certain() && now - self.iccid_read_at <= FRESH;
        self.doubt |= !proven;
        proven
    }

    /// The ICCID is read next.
    pub fn doubt_card(&mut self) {
        self.doubt = true;
    }

    /// The modem has forgotten its settings.
    pub fn configure_again(&mut self) {
        self.leave = Some(Leave::Configuring);
    }

    /// Takes the host's answer to a message.
    pub fn stored(&mut self, context: &mut Context, token: Token, ok: bool, now: Moment) {
        if ok {
            if self.deletions.commit(token).is_some_and(|read_at| now - read_at >= SLOW_COMMIT) {
                self.chore(Chore::Indications);
            }
            if !std::mem::take(&mut self.hold).is_zero() {
                self.held_until = None;
                context.clear_reason();
            }
        } else if self.deletions.refuse(token) && self.held_until.is_none() {
            self.hold = (self.hold * 2).clamp(HOLD.0, HOLD.1);
            self.held_until = Some(now + self.hold);
            self.sweep.schedule_by(now + self.hold);
            context.set_reason(ModemReason::HostCannotStore);
        }
    }

    /// A message that came inside its URC is on disk; it took this long.
    pub fn direct_stored(&mut self, context: &Context, after: Duration) {
        if context.acknowledges && !context.profile.has(Quirk::NoAcknowledge) && after < SLOW_COMMIT
        {
            self.chore(Chore::Acknowledge);
        } else if after >= SLOW_COMMIT {
            self.chore(Chore::Indications);
        }
    }

    pub fn card_is_certain(&self) -> bool {
        !self.doubt && self.leave.is_none()
    }
}

fn iccid_command(context: &Context) -> Command {
    Command::Iccid(context.iccid_source.clone().unwrap_or(IccidSource::Ccid))
}
