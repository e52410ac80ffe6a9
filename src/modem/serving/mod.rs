//! The phase in which the modem works: the network is watched, and messages are read, handed to the
//! host and deleted. It covers the states `Registering` and `Ready`, because there may be messages
//! in the stores whether there is a network or not.

mod card_proof;
mod departing;
mod host_answers;
mod messages;
mod network;
mod reading;

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
use super::reply::Reply;
use super::sim_check::SimCheck;
use super::slot_troubles::SlotTroubles;
use super::sweep::Sweep;
use crate::at::{self, Command, MessageStore};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;
use card_proof::{CardProof, iccid_command};
use departing::Departure;
use network::Chore;

/// The number of keep-alives from one reading of the operator's name and the `AT+CNMI` setting to
/// the next.
const RARE_ROUNDS: u32 = 10;

/// The least time between two `AT+CNMI` that lines about a full store give reason to.
const ANNOUNCE_INTERVAL: Duration = Duration::from_millis(250);

/// Why the phase is left.
#[derive(Debug)]
enum Leave {
    SimCheck,
    Identifying,
    Configuring,
    /// The session has restarted the modem.
    Restarted,
}

#[derive(Debug)]
pub(super) struct Serving {
    /// The store that is selected for reading (`<mem1>`); `None` when that is not certain.
    chosen: Option<MessageStore>,
    deletions: PendingDeletions,
    reads: PendingReads,
    sweep: Sweep,
    /// The announcement that the `AT+CMGR` in flight is for.
    reading: Option<PendingRead>,
    reads_in_row: u8,
    /// How many attempts to read a message have failed in a row.
    failed_reads: u8,
    refused_selections: u8,
    /// No store is selected before this time, because that was refused.
    select_after: Option<Moment>,
    /// Whether the last message in text mode showed less than there is of it, so that the modem was
    /// told to show all.
    told_to_show_all: bool,
    /// The slots with which something has failed.
    troubles: SlotTroubles,
    /// How many messages the selected store holds by the modem's count, until that changes.
    used: Option<(MessageStore, u32)>,
    /// A count of messages of which the walk over a store found less.
    overcounted: Option<(MessageStore, u32)>,
    chores: VecDeque<Chore>,
    keep_alive_at: Moment,
    /// The number of keep-alives so far.
    rounds: u32,
    /// When to ask for the registration next while there is no network.
    poll_at: Moment,
    /// How often it was asked for since the network was lost.
    polls: u32,
    registered_since: Option<Moment>,
    /// When the modem is next told to announce messages, and when it was last told.
    announce_at: Option<Moment>,
    announced_at: Moment,
    /// When the modem last reported that a store was full.
    full_at: Option<Moment>,
    card: CardProof,
    /// Nothing is read before this time, because the host could not store a message.
    held_until: Option<Moment>,
    /// For how long reading was last held back; zero when the last message could be stored.
    hold: Duration,
    custody_sweeps: u8,
    /// Whether a sweep has found a message that was not announced.
    unannounced: bool,
    /// The number of sweeps since the last keep-alive that followed upon one that had found
    /// something.
    follow_ups: u8,
    /// Set while the host has to record that the modem's own store is empty; with a token once it
    /// has been asked to.
    emptied: Option<Option<Token>>,
    leave: Option<Leave>,
    /// Messages that were read from a card of a bank. They are handed to the host once its ICCID
    /// has been read again, because the bank may put another card on later than it says.
    unproven: Vec<Action>,
    /// Set while the card is being taken off the air.
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
            failed_reads: 0,
            refused_selections: 0,
            select_after: None,
            told_to_show_all: false,
            troubles: SlotTroubles::default(),
            used: chosen.and_then(|store| Some((store, context.store_fill(store)?.used))),
            overcounted: None,
            chores: VecDeque::new(),
            keep_alive_at: now,
            rounds: 0,
            poll_at: now,
            polls: 0,
            registered_since: None,
            announce_at: None,
            announced_at: now,
            full_at: None,
            card: CardProof::new(now),
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
        let has_none = context.plan.readable == [MessageStore::Sim];
        if context.own_store != MessageOwner::Current && (has_none || context.own_store_emptied) {
            // The modem has no store of its own that could hold anything, or held nothing.
            serving.emptied = Some(None);
        }
        serving
    }

    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        if self.leave.is_some()
            && let Some(phase) = self.end_departure_without_card(context, now)
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
        context.set_message_warnings(self.troubles.warnings());
        self.report_empty_store(context);
        if let Some(next) = self.next_departure_step(context, now) {
            return next;
        }
        if self.card.is_doubted() || !self.unproven.is_empty() {
            return match self.card.reading_at().filter(|at| now < *at) {
                Some(at) => Next::Wait(Some(at)),
                None => Next::Send(iccid_command(context)),
            };
        }
        self.poll_registration(context, now);
        if self.announce_at.take_if(|at| *at <= now).is_some() {
            self.announced_at = now;
            self.add_chore(Chore::Announce);
        }
        let command = match self.chores.front() {
            Some(chore) => chore.command(context),
            None => self.message_command(context, now),
        };
        command.map_or_else(|| Next::Wait(self.wake_at(context)), Next::Send)
    }

    fn keep_alive(&mut self, context: &mut Context, now: Moment) {
        if now < self.keep_alive_at {
            return;
        }
        self.keep_alive_at = now + context.config.keep_alive;
        self.follow_ups = 0;
        // Before the first keep-alive the ICCID has just been read.
        if self.rounds > 0 {
            self.card.doubt();
        }
        self.add_chore(Chore::Registration(0));
        self.add_chore(Chore::Signal);
        if self.rounds.is_multiple_of(RARE_ROUNDS) {
            self.add_chore(Chore::Operator);
            if self.rounds > 0 {
                // When the store is selected again the modem tells its count of messages.
                self.chosen = None;
                self.add_chore(Chore::Indications);
            }
        }
        self.rounds = self.rounds.wrapping_add(1);
        context.plan.read_unavailable_again();
        context.forget_old_voltage(now);
        if context.format.is_retry_due(now) {
            self.configure_again();
        } else if context.format.is_text() {
            context.set_reason(ModemReason::TextMode);
        }
        self.sweep.schedule_by(now);
        if matches!(self.emptied, Some(Some(_))) {
            self.emptied = Some(None);
        }
    }

    /// When something has to be done even if nothing happens before.
    fn wake_at(&self, context: &Context) -> Option<Moment> {
        let poll = (!context.is_registered()).then_some(self.poll_at);
        let messages = self.messages_due();
        [Some(self.keep_alive_at), poll, messages, self.announce_at, self.departure_deadline()]
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
            Command::Iccid(_) => self.on_iccid_read(context, outcome, reply, now),
            Command::SelectStores(selection) => {
                let fills = reply.find(at::parse_store_fills).unwrap_or_default();
                if let Some(fill) = fills.first() {
                    context.set_store_fill(selection.read, *fill);
                }
                self.used = fills.first().map(|(used, _)| (selection.read, *used));
                let has_room = selection.room(&fills).map(|room| room > 0);
                if has_room == Some(context.has_no_room()) {
                    self.configure_again();
                }
                self.on_stores_selected(context, selection.read, outcome.is_ok(), now);
            }
            Command::List | Command::ListText => self.on_list_finished(context, outcome, now),
            Command::IndexesSupported => self.on_indexes_read(context, outcome, reply, now),
            Command::Read(index) => self.on_read_finished(context, *index, outcome, reply, now),
            Command::Delete(index) => self.on_delete_finished(context, *index, outcome, now),
            Command::SetFunctionality(_) => self.on_radio_off(now),
            _ => self.on_chore_finished(context, command, outcome, reply, now),
        }
    }

    /// Checks the settings and the card, because an operator's own command may have changed
    /// anything.
    pub fn check_settings(&mut self) {
        self.chosen = None;
        self.card.doubt();
        self.add_chore(Chore::Indications);
    }

    /// Asks in which character set strings are, because an operator's own command may have changed
    /// it.
    pub fn check_charset(&mut self) {
        self.add_chore(Chore::Charset);
    }

    /// Configures the modem again, because it has lost its settings.
    pub fn configure_again(&mut self) {
        self.leave.get_or_insert(Leave::Configuring);
    }
}
