//! Messages: they are read when announced or found by a sweep, handed to the host, and then
//! deleted.

use std::time::Duration;

use super::super::api::{Action, MessageOwner, MessageSlot, RawPdu};
use super::super::channel::Outcome;
use super::super::context::Context;
use super::super::pending_reads::PendingRead;
use super::super::profile::Quirk;
use super::super::reply::Reply;
use super::network::Chore;
use super::{ANNOUNCE_INTERVAL, Serving, iccid_command};
use crate::at::{self, Command, FinalResult, ListHeader, MessageStore};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

/// How many announced messages are read in a row before a sweep that is due gets its turn.
const READS_IN_ROW: u8 = 16;
/// How long after the ICCID was read it proves which card is in. Messages are read only within this
/// time; a deletion is sent within this time after the ICCID or the message itself was read.
const PROOF: Duration = Duration::from_secs(10);
/// The same for the card of a bank, which may put another one on later than it says.
const BANK_PROOF: Duration = Duration::from_millis(500);
/// How many times a message is read again when its PDU does not match its header.
const REREADS: u8 = 2;
/// The pause before a sweep looks for an announced message that is not there yet: some modems
/// announce a little early.
const EARLY: Duration = Duration::from_secs(1);
/// The pause before a sweep finds out what became of a deletion that was not answered.
const UNANSWERED_DELETION_PAUSE: Duration = Duration::from_secs(5);
/// How many sweeps are made in quick succession to find the modem's own store empty.
const CUSTODY_SWEEPS: u8 = 3;
/// How many sweeps between two keep-alives may follow upon one that found something. They are
/// needed because a modem that was full does not announce the messages that it takes next.
const MAX_FOLLOW_UPS: u8 = 10;
/// The number of failures in a row after which a store that cannot be selected is left out.
const MAX_REFUSED_SELECTIONS: u8 = 3;

impl Serving {
    /// The next command for reading or deleting messages, if there is one now.
    pub(super) fn message_command(
        &mut self,
        context: &mut Context,
        now: Moment,
    ) -> Option<Command> {
        if let Some(pending) = self.deletions.next(self.chosen) {
            if now - pending.read_at.max(self.iccid_read_at) > proof(context) {
                // By now there could be another card, and a message of that card in this slot.
                self.doubt = true;
                return Some(iccid_command(context));
            }
            return Some(self.in_store(
                context,
                pending.slot.store,
                Command::Delete(pending.slot.index),
            ));
        }
        self.held_until = self.held_until.filter(|until| now < *until);
        if self.deletions.is_full() || self.held_until.is_some() {
            return None;
        }
        let read = self.reads.peek(self.chosen, &self.deletions);
        let sweeps = self.sweep.is_running() || self.sweep.due().is_some_and(|due| due <= now);
        if (read.is_some() || sweeps) && now - self.iccid_read_at > proof(context) {
            // The card may have been exchanged without any URC, so it is not certain for which card
            // these messages are.
            self.doubt = true;
            return Some(iccid_command(context));
        }
        if read.is_none() || self.reads_in_row >= READS_IN_ROW {
            self.reads_in_row = 0;
            self.sweep.begin_if_due(now, &context.plan.readable, self.chosen);
            if let Some(command) = self.sweep_command(context, now) {
                return Some(command);
            }
        }
        let read = read?;
        self.reads_in_row += 1;
        let command = self.in_store(context, read.slot.store, Command::Read(read.slot.index));
        if matches!(command, Command::Read(_)) {
            self.reading = self.reads.take(read.slot);
        }
        Some(command)
    }

    /// The command itself if its store is selected, else the one that selects the store.
    fn in_store(&self, context: &Context, store: MessageStore, command: Command) -> Command {
        if self.chosen == Some(store) {
            command
        } else {
            Command::SelectStores(context.plan.selecting(store))
        }
    }

    /// The next command of the sweep that is running.
    fn sweep_command(&mut self, context: &mut Context, now: Moment) -> Option<Command> {
        loop {
            let store = self.sweep.store()?;
            let command = self.sweep.command()?;
            match command {
                Command::Read(index) if self.deletions.contains(MessageSlot { store, index }) => {
                    self.sweep.found += 1;
                    self.on_index_read(context, now);
                }
                command => return Some(self.in_store(context, store, command)),
            }
        }
    }

    /// Takes the announcement of a message (`+CMTI`). What cannot be read directly is left to a
    /// sweep.
    pub fn add_announcement(&mut self, context: &Context, slot: Option<MessageSlot>, now: Moment) {
        let fits = match slot {
            Some(slot) if context.plan.readable.contains(&slot.store) => {
                self.reads.add(PendingRead { slot, announced: Some(now), tries: 0 })
            }
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
            return;
        }
        self.chosen = None;
        self.deletions.remove_store(store);
        self.reads.remove_store(store);
        if self.sweep.store() == Some(store) {
            self.sweep.next_store();
            self.end_of_sweep(context, now);
        }
        self.refused_selections += 1;
        if self.refused_selections < MAX_REFUSED_SELECTIONS {
            return;
        }
        self.refused_selections = 0;
        if context.plan.readable.len() > 1 {
            context.plan.readable.retain(|known| *known != store);
            context.set_reason(ModemReason::StoreUnavailable(store));
        } else {
            self.configure_again();
        }
    }

    /// Takes a message from the list that is being read.
    pub fn on_list_entry(
        &mut self,
        context: &mut Context,
        header: ListHeader,
        line: &str,
        now: Moment,
    ) {
        let Some(store) = self.chosen else { return };
        self.sweep.found += 1;
        if self.doubt {
            return self.sweep.schedule_by(now + EARLY);
        }
        let slot = MessageSlot { store, index: header.index };
        if self.held_until.is_some() || self.deletions.contains(slot) {
            return;
        }
        if self.deletions.is_full() {
            return self.sweep.schedule_soon(now);
        }
        let read = self.reads.take(slot).unwrap_or(PendingRead::unannounced(slot));
        self.hand_to_host(context, read, header.length, line, now);
    }

    pub(super) fn on_list_finished(
        &mut self,
        context: &mut Context,
        outcome: Outcome,
        now: Moment,
    ) {
        // Some modems report an empty list as "invalid memory index".
        let empty = outcome == Outcome::Refused(FinalResult::Cms(Some(321)));
        let ok = outcome.is_ok() || empty;
        if ok {
            self.note_if_own_store_empty(context);
            self.chosen
                .into_iter()
                .for_each(|store| context.set_store_count(store, self.sweep.found));
        }
        self.sweep.on_listed(ok);
        self.end_of_sweep(context, now);
    }

    pub(super) fn on_indexes_read(
        &mut self,
        context: &mut Context,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        self.sweep.on_indexes(reply.find(at::indexes).filter(|_| outcome.is_ok()));
        self.end_of_sweep(context, now);
    }

    /// Takes the reply to `AT+CMGR`.
    pub(super) fn on_read_finished(
        &mut self,
        context: &mut Context,
        index: i32,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        let Some(store) = self.chosen else { return };
        let announced = self.reading.take();
        let walking = announced.is_none() && self.sweep.walks(store, index);
        let read = announced.unwrap_or(PendingRead::unannounced(MessageSlot { store, index }));
        let mut lines = reply.lines();
        let header = lines.next().and_then(at::read_header).and_then(Result::ok);
        match (header, lines.next()) {
            // A reply without its final result may have lost more: a PDU that does not match its
            // header is then not a malformed one but half of one.
            (Some(header), Some(line)) if self.is_whole(outcome, header.length, line) => {
                self.sweep.found += usize::from(walking);
                self.hand_to_host(context, read, header.length, line, now);
            }
            _ => {
                if may_belong_to_another_command(outcome) {
                    self.doubt_card_again(now);
                }
                if read.announced.is_some() {
                    self.sweep.schedule_by(now + EARLY);
                }
            }
        }
        if walking {
            self.on_index_read(context, now);
        }
    }

    fn is_whole(&self, outcome: Outcome, length: Option<usize>, line: &str) -> bool {
        let whole = outcome == Outcome::Done || fits(&RawPdu::from_line(line), length);
        outcome.is_ok() && whole && !self.doubt
    }

    /// Goes on after one index of the store was read.
    fn on_index_read(&mut self, context: &mut Context, now: Moment) {
        if self.sweep.next_index() {
            self.note_if_own_store_empty(context);
            self.sweep.next_store();
            self.end_of_sweep(context, now);
        }
    }

    /// Hands a message to the host, or has it read again when its PDU does not match its header.
    fn hand_to_host(
        &mut self,
        context: &mut Context,
        read: PendingRead,
        length: Option<usize>,
        line: &str,
        now: Moment,
    ) {
        let PendingRead { slot, announced, tries } = read;
        let pdu = RawPdu::from_line(line);
        if !fits(&pdu, length) && tries < REREADS {
            self.reads.add(PendingRead { tries: tries + 1, ..read });
            return;
        }
        let live = self.is_live(announced, context, now);
        self.unannounced |= announced.is_none();
        let Some(received) = context.received(Some(slot), pdu, live) else { return };
        let token = context.new_token();
        self.deletions.add(slot, token, now);
        let store = Action::Store { token, received };
        if context.config.iccid_from_card {
            self.unproven.push(store);
        } else {
            context.actions.push_back(store);
        }
    }

    pub(super) fn on_delete_finished(
        &mut self,
        context: &mut Context,
        index: i32,
        outcome: Outcome,
        now: Moment,
    ) {
        let Some(store) = self.chosen else { return };
        // Whatever the result, the deletion is not repeated; the next sweep sees what is left.
        let slot = MessageSlot { store, index };
        self.deletions.remove(slot);
        match outcome {
            Outcome::Done | Outcome::Unfinished => {
                context.remove_announced(slot);
                self.follow_up(now);
            }
            Outcome::Unanswered => self.sweep.schedule_by(now + UNANSWERED_DELETION_PAUSE),
            Outcome::Refused(_) | Outcome::Empty | Outcome::InDigits => {}
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
    /// holds no message of the previous card.
    fn note_if_own_store_empty(&mut self, context: &Context) {
        let own = self.sweep.store().is_some_and(|store| store != MessageStore::Sim);
        let has_previous = context.own_store != MessageOwner::Current;
        if own && has_previous && self.sweep.found == 0 && self.deletions.is_empty() {
            self.emptied = Some(None);
        }
    }

    fn end_of_sweep(&mut self, context: &Context, now: Moment) {
        if self.sweep.is_running() {
            return;
        }
        self.sweep.end(now);
        self.on_sweep_finished(now);
        let empty = self.deletions.is_empty() && self.reads.is_empty();
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

/// Whether a final result that came instead of a message may be a late one of an earlier command.
/// The message would then be taken for the next slot's, and that slot emptied unread. Therefore the
/// ICCID is read first, which cannot be mistaken for anything else. "Invalid memory index" answers
/// nothing but a command with an index.
fn may_belong_to_another_command(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Done => true,
        Outcome::Refused(result) => result != FinalResult::Cms(Some(321)),
        // After these the channel has resynchronised.
        Outcome::Unfinished | Outcome::Empty | Outcome::Unanswered | Outcome::InDigits => false,
    }
}

/// How long after it was read the ICCID proves which card is in.
fn proof(context: &Context) -> Duration {
    if context.config.iccid_from_card { BANK_PROOF } else { PROOF }
}

/// Whether the PDU has the length from its header, which counts the octets of the TPDU. Before the
/// TPDU there is the address of the service centre: one octet with its length, and that many
/// octets.
pub(super) fn fits(pdu: &RawPdu, length: Option<usize>) -> bool {
    let RawPdu::Octets(octets) = pdu else { return false };
    let address = octets.first().map_or(0, |length| usize::from(*length));
    length.is_none_or(|length| octets.len() == 1 + address + length)
}
