//! Messages: they are read when announced or found by a sweep, handed to the host, and then
//! deleted.

use std::time::Duration;

use super::super::api::{MessageOwner, MessageSlot};
use super::super::channel::Outcome;
use super::super::context::Context;
use super::super::pending_reads::PendingRead;
use super::super::profile::Quirk;
use super::super::reply::Reply;
use super::card_proof::{iccid_command, proof_duration};
use super::network::Chore;
use super::{ANNOUNCE_INTERVAL, Serving};
use crate::at::{self, Command, FinalResult, MessageStore};
use crate::domain::Moment;
use crate::domain::modem::MessageTrouble;

/// How many announced messages are read in a row before a sweep that is due gets its turn.
const READS_IN_ROW: u8 = 16;
/// A parameter does not fit text mode (27.005 3.2.5).
const INVALID_TEXT_PARAMETER: u16 = 305;
/// The pause before a sweep finds out what became of a deletion that was not answered.
const UNANSWERED_DELETION_PAUSE: Duration = Duration::from_secs(5);
/// How many sweeps are made in quick succession to find the modem's own store empty.
const CUSTODY_SWEEPS: u8 = 3;
/// How many sweeps between two keep-alives may follow upon one that found something. They are
/// needed because a modem that was full does not announce the messages that it takes next.
const MAX_FOLLOW_UPS: u8 = 10;
/// The number of failures in a row after which a store that cannot be selected is left out until
/// the next keep-alive.
const MAX_REFUSED_SELECTIONS: u8 = 3;
/// The pause before a store is selected again after the first refusal in a row; it grows by as much
/// with each further one.
const SELECTION_PAUSE: Duration = Duration::from_secs(1);

impl Serving {
    /// The next command for reading or deleting messages, if there is one now.
    pub(super) fn message_command(
        &mut self,
        context: &mut Context,
        now: Moment,
    ) -> Option<Command> {
        self.select_after = self.select_after.filter(|time| now < *time);
        if self.select_after.is_some() {
            return None;
        }
        if let Some(pending) = self.deletions.next(self.chosen) {
            if now - pending.read_at.max(self.card.read_at()) > proof_duration(context) {
                // By now there could be another card, and a message of that card in this slot.
                self.card.doubt();
                return Some(iccid_command(context));
            }
            return Some(self.command_in_store(
                context,
                pending.slot.store,
                Command::Delete(pending.slot.index),
            ));
        }
        self.held_until = self.held_until.filter(|until| now < *until);
        if self.deletions.is_full() || self.held_until.is_some() {
            return None;
        }
        let read = self.reads.peek(self.chosen, &self.deletions, now);
        let is_reading = read.is_some() || self.sweep.is_due(now);
        if is_reading && !self.card.is_read_within(proof_duration(context), now) {
            // The card may have been exchanged without any URC, so it is not certain for which card
            // these messages are.
            self.card.doubt();
            return Some(iccid_command(context));
        }
        if read.is_none() || self.reads_in_row >= READS_IN_ROW {
            self.sweep.begin_if_due(now, &context.plan.readable, self.chosen);
            let command = self.sweep_command(context, now);
            // Once it has its store selected, the sweep still has its turn.
            if !matches!(command, Some(Command::SelectStores(_))) {
                self.reads_in_row = 0;
            }
            if command.is_some() {
                return command;
            }
        }
        let read = read?;
        self.reads_in_row += 1;
        let command =
            self.command_in_store(context, read.slot.store, Command::Read(read.slot.index));
        if matches!(command, Command::Read(_)) {
            self.reading = self.reads.take(read.slot);
        }
        Some(command)
    }

    /// The command itself if its store is selected, else the one that selects the store.
    fn command_in_store(
        &self,
        context: &Context,
        store: MessageStore,
        command: Command,
    ) -> Command {
        if self.chosen == Some(store) {
            command
        } else {
            Command::SelectStores(context.plan.select_for_reading(store))
        }
    }

    /// The next command of the sweep that is running.
    fn sweep_command(&mut self, context: &mut Context, now: Moment) -> Option<Command> {
        while self.sweep.is_due(now) {
            let store = self.sweep.store()?;
            let command = self.sweep.command(context.format.is_text())?;
            match command {
                Command::Read(index) if self.deletions.contains(MessageSlot { store, index }) => {
                    self.sweep.found += 1;
                    self.on_index_read(context, now);
                }
                command => return Some(self.command_in_store(context, store, command)),
            }
        }
        None
    }

    /// When there will be a command for reading or deleting messages even if nothing happens
    /// before.
    pub(super) fn messages_due(&self) -> Option<Moment> {
        if self.select_after.is_some() || self.deletions.is_full() {
            return self.select_after;
        }
        let next = || [self.sweep.next_due(), self.reads.next_due(&self.deletions)];
        self.held_until.or_else(|| next().into_iter().flatten().min())
    }

    /// Takes the announcement of a message (`+CMTI`). What cannot be read directly is left to a
    /// sweep.
    pub fn add_announcement(&mut self, context: &Context, slot: Option<MessageSlot>, now: Moment) {
        let fits = match slot {
            Some(slot) if context.plan.readable.contains(&slot.store) => self
                .reads
                .add(PendingRead { announced: Some(now), ..PendingRead::unannounced(slot) }),
            _ => false,
        };
        if !fits {
            self.sweep.schedule_soon(now);
        }
    }

    /// Schedules a sweep, because the modem reports that a store is `full`, or that messages have
    /// only now become readable.
    pub fn sweep_soon(&mut self, full: bool, now: Moment) {
        if full {
            self.full_at = Some(now);
            self.announce_at.get_or_insert(now.max(self.announced_at + ANNOUNCE_INTERVAL));
        }
        self.sweep.schedule_soon(now);
    }

    pub(super) fn on_stores_selected(
        &mut self,
        context: &mut Context,
        store: MessageStore,
        ok: bool,
        now: Moment,
    ) {
        if ok {
            self.chosen = Some(store);
            self.refused_selections = 0;
            return context.set_store_available(store);
        }
        self.chosen = None;
        self.refused_selections += 1;
        let known = context.plan.unavailable.contains(&store);
        if self.refused_selections < MAX_REFUSED_SELECTIONS && !known {
            self.select_after = Some(now + SELECTION_PAUSE * u32::from(self.refused_selections));
            return;
        }
        self.refused_selections = 0;
        self.deletions.remove_store(store);
        self.reads.remove_store(store);
        self.troubles.remove_store(store);
        if self.sweep.store() == Some(store) {
            self.sweep.next_store();
            self.end_sweep_if_done(context, now);
        }
        if context.plan.readable.len() > 1 {
            context.set_store_unavailable(store);
        } else {
            self.configure_again();
        }
    }

    pub(super) fn on_list_finished(
        &mut self,
        context: &mut Context,
        outcome: Outcome,
        now: Moment,
    ) {
        if outcome == Outcome::Refused(FinalResult::Cms(Some(INVALID_TEXT_PARAMETER))) {
            // The status is a word in text mode, so the modem is in that.
            self.on_text_shown(context, now);
        }
        // Some modems report an empty list as "invalid memory index".
        let empty = outcome == Outcome::Refused(FinalResult::Cms(Some(321)));
        let ok = outcome.is_ok() || empty;
        if ok && self.lists_too_few() {
            return self.sweep.walk_after_list();
        }
        if ok {
            self.on_store_swept(context);
        }
        self.sweep.on_listed(ok, now);
        self.end_sweep_if_done(context, now);
    }

    /// Whether the modem counts more messages in the store than it has listed, so that the others
    /// are to be looked for index by index. That is not repeated while it counts as many.
    fn lists_too_few(&self) -> bool {
        let listed = u32::try_from(self.sweep.found).unwrap_or(u32::MAX);
        self.used.is_some_and(|(store, used)| {
            Some(store) == self.chosen && listed < used && self.used != self.overcounted
        })
    }

    /// Whether a walk that looks for what was not listed has found as much as the modem counts.
    fn has_found_all(&self) -> bool {
        let found = u32::try_from(self.sweep.found).unwrap_or(u32::MAX);
        self.used.is_some_and(|(_, used)| self.sweep.walks_after_list() && found >= used)
    }

    /// Takes the result for a store that was read completely.
    fn on_store_swept(&mut self, context: &mut Context) {
        self.note_if_own_store_empty(context);
        let Some(store) = self.sweep.store() else { return };
        if self.sweep.walks_after_list() && !self.has_found_all() {
            self.overcounted = self.used;
        }
        context.set_store_count(store, self.sweep.found);
    }

    /// Goes on after one index of the store was read.
    pub(super) fn on_index_read(&mut self, context: &mut Context, now: Moment) {
        if self.sweep.next_index() || self.has_found_all() {
            self.on_store_swept(context);
            self.sweep.next_store();
            self.end_sweep_if_done(context, now);
        }
    }

    pub(super) fn on_indexes_read(
        &mut self,
        context: &mut Context,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        let total = self.sweep.store().and_then(|store| context.store_fill(store));
        let found = reply.find(at::parse_indexes).filter(|_| outcome.is_ok());
        self.sweep.on_indexes(found, total.map(|fill| fill.total), now);
        self.end_sweep_if_done(context, now);
    }

    pub(super) fn on_delete_finished(
        &mut self,
        context: &mut Context,
        index: i32,
        outcome: Outcome,
        now: Moment,
    ) {
        let Some(store) = self.chosen else { return };
        self.used = None;
        // Whatever the result, the deletion is not repeated: by now another message may be in the
        // slot. What is there is read first, and deleted when that is on disk.
        let slot = MessageSlot { store, index };
        self.deletions.remove(slot);
        match outcome {
            Outcome::Done | Outcome::Unfinished => {
                context.remove_announced(slot);
                self.troubles.resolve(slot);
                self.follow_up(now);
            }
            Outcome::Unanswered => self.sweep.schedule_by(now + UNANSWERED_DELETION_PAUSE),
            Outcome::Refused(result) => {
                let trouble = MessageTrouble::DeleteRefused(result);
                self.read_again(PendingRead::unannounced(slot), trouble, now);
            }
            Outcome::Empty | Outcome::InDigits => {}
        }
    }

    /// Schedules another sweep when all messages that a sweep found unannounced are deleted: others
    /// may have waited for room in the store.
    fn follow_up(&mut self, now: Moment) {
        if self.unannounced && self.deletions.is_empty() && self.follow_ups < MAX_FOLLOW_UPS {
            self.unannounced = false;
            self.follow_ups += 1;
            self.sweep.schedule_soon(now);
        }
    }

    /// After a store has been read completely, notes if it is the modem's own and empty, so that it
    /// holds no message of another card.
    fn note_if_own_store_empty(&mut self, context: &Context) {
        let own = self.sweep.store().is_some_and(|store| store != MessageStore::Sim);
        let may_have_others = context.own_store == MessageOwner::Unknown;
        if own && may_have_others && self.sweep.found == 0 && self.deletions.is_empty() {
            self.emptied = Some(None);
        }
    }

    fn end_sweep_if_done(&mut self, context: &Context, now: Moment) {
        if self.sweep.is_running() {
            return;
        }
        self.sweep.end(now);
        self.on_sweep_finished(now);
        let empty = self.deletions.is_empty() && !self.reads_wait();
        if self.full_at.is_some() && empty && context.profile.has(Quirk::DeafAfterFull) {
            self.add_chore(Chore::Restart);
        }
        let waiting = context.own_store != MessageOwner::Current && self.emptied.is_none();
        if waiting && self.custody_sweeps < CUSTODY_SWEEPS {
            self.custody_sweeps += 1;
            self.sweep.schedule_soon(now);
        }
    }
}
