//! What becomes of the replies to `AT+CMGL` and `AT+CMGR`: whole messages go to the host, and what
//! could not be read is read again.

use std::time::Duration;

use super::super::api::{Action, MessageSlot, RawPdu};
use super::super::channel::Outcome;
use super::super::context::Context;
use super::super::pending_reads::PendingRead;
use super::super::reply::Reply;
use super::Serving;
use super::network::Chore;
use crate::at::{self, FinalResult, ListHeader, PduFit};
use crate::domain::Moment;
use crate::domain::modem::{MessageTrouble, ModemReason};
use crate::sms::{Deliver, Flaw, TextEntry, TextMode};

/// The pause before a sweep looks for an announced message that is not there yet: some modems
/// announce a little early.
const EARLY: Duration = Duration::from_secs(1);
/// How many readings of different slots may fail in a row before the others are left to a sweep.
const MAX_FAILED_READS: u8 = 4;
/// How many failures there may be with a slot before a sweep looks for its message too, and before
/// it no longer holds up what waits for empty stores.
const SEVERAL: u8 = 3;

impl Serving {
    /// Takes a message from the list that is being read.
    pub fn on_list_entry(
        &mut self,
        context: &mut Context,
        header: ListHeader,
        line: &str,
        now: Moment,
    ) {
        let Some(store) = self.chosen else { return };
        let slot = MessageSlot { store, index: header.index };
        self.sweep.found += 1;
        if self.card.is_doubted() {
            return self.sweep.schedule_by(now + EARLY);
        }
        if self.held_until.is_some() {
            return;
        }
        if self.deletions.contains(slot) {
            return self.on_listed_again(context, slot, header, line);
        }
        if self.deletions.is_full() {
            return self.sweep.schedule_soon(now);
        }
        let read = self.reads.take(slot).unwrap_or(PendingRead::unannounced(slot));
        self.hand_to_host(context, read, header, line, now);
    }

    /// Takes a message from a list for a slot whose message was read already. If it is another
    /// message, the modem's list gives wrong indexes, and the message that was read may lie
    /// elsewhere. Both are stored, and the slot is read by its index before anything is deleted
    /// from it.
    fn on_listed_again(
        &mut self,
        context: &mut Context,
        slot: MessageSlot,
        header: ListHeader,
        line: &str,
    ) {
        let pdu = RawPdu::from_line(line);
        if header.fit(line) != PduFit::Whole || self.deletions.is_of(slot, &pdu) {
            return;
        }
        self.deletions.remove(slot);
        self.reads.add(PendingRead::unannounced(slot));
        if let Some(received) = context.describe_received(Some(slot), pdu, false) {
            let token = context.new_token();
            self.give(context, Action::Store { token, received });
        }
    }

    /// Takes the first line of a message in text mode, with its index if it is in a list. PDU mode
    /// is set again; where that does not help, what is listed is read slot by slot.
    pub fn on_text_header(&mut self, context: &mut Context, index: Option<i32>, now: Moment) {
        if !context.format.is_text() {
            return self.on_text_shown(context, now);
        }
        let (Some(store), Some(index)) = (self.chosen, index) else { return };
        let slot = MessageSlot { store, index };
        self.sweep.found += 1;
        let waits = self.deletions.contains(slot) || self.held_until.is_some();
        if !waits && !self.reads.add(PendingRead::unannounced(slot)) {
            self.sweep.schedule_soon(now);
        }
    }

    /// Reacts to text mode where PDU mode was set: it is set again, a limited number of times.
    pub(super) fn on_text_shown(&mut self, context: &mut Context, now: Moment) {
        if context.format.is_text() {
            return;
        }
        if context.format.on_text(now) {
            return self.configure_again();
        }
        context.set_reason(ModemReason::TextMode);
        self.sweep.schedule_soon(now);
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
        let slot = MessageSlot { store, index };
        let announced = self.reading.take();
        let walking = announced.is_none() && self.sweep.walks(store, index);
        let read = announced.unwrap_or(PendingRead::unannounced(slot));
        if let (Some(message), Outcome::Done) = (&reply.message, outcome) {
            self.sweep.found += usize::from(walking);
            self.on_text_read(context, read, message, now);
            if walking {
                self.on_index_read(context, now);
            }
            return;
        }
        let mut lines = reply.lines();
        let header = lines.next().and_then(at::parse_read_header).and_then(Result::ok);
        let step = match (header, lines.next()) {
            // A reply without its final result may have lost more: a PDU that does not match its
            // header is then not a malformed one but half of one.
            (Some(header), Some(line)) if is_answer(outcome, header, line) => {
                self.sweep.found += usize::from(walking);
                if self.card.is_doubted() {
                    self.reads.add(read);
                } else {
                    self.hand_to_host(context, read, header, line, now);
                }
                true
            }
            (header, _) => self.on_read_failed(read, outcome, header, walking, now),
        };
        if walking && step {
            self.on_index_read(context, now);
        }
    }

    /// Takes a message in text mode. Nothing tells its text from a line that got into it, so it is
    /// believed when it was read twice in the same way. Where the modem does not show all there is
    /// of it, it is told once more to do so.
    fn on_text_read(
        &mut self,
        context: &mut Context,
        read: PendingRead,
        message: &TextMode,
        now: Moment,
    ) {
        let shows_less = message.entry == TextEntry::Received && message.fields.is_none();
        let was_told = std::mem::replace(&mut self.told_to_show_all, shows_less);
        if shows_less && !was_told {
            self.add_chore(Chore::AllTextParameters);
            self.reads.add(read);
            return;
        }
        if message.lacks_text() {
            return self.read_again(read, MessageTrouble::Misfit, now);
        }
        let pdu = RawPdu::TextMode(message.clone());
        let seen = Some(pdu.fingerprint());
        if read.seen.is_none() || self.card.is_doubted() {
            self.reads.add(PendingRead { seen, ..read });
        } else if read.seen == seen && context.format.is_text() {
            self.hand_over(context, read, pdu, now);
        } else {
            self.read_again(PendingRead { seen, ..read }, MessageTrouble::Misfit, now);
        }
    }

    /// Takes a reply without a whole message. Returns whether a walk over the store goes on to the
    /// next index.
    fn on_read_failed(
        &mut self,
        read: PendingRead,
        outcome: Outcome,
        header: Option<ListHeader>,
        walking: bool,
        now: Moment,
    ) -> bool {
        if may_belong_to_another_command(outcome) {
            self.card.doubt_soon(now);
        }
        // A card that is to leave does so within a minute.
        if walking && self.departure.is_none() {
            self.sweep.count_empty(now);
        }
        let Some(trouble) = trouble(outcome, header) else {
            if read.announced.is_some() || self.troubles.failures(read.slot) > 0 {
                self.sweep.schedule_by(now + EARLY);
            }
            self.troubles.resolve(read.slot);
            return true;
        };
        if walking {
            // Some modems refuse to read an empty slot, so not each refusal is worth a repetition.
            return !self.sweep.repeat_index();
        }
        self.failed_reads += u8::from(self.troubles.failures(read.slot) == 0);
        if self.failed_reads > MAX_FAILED_READS {
            self.failed_reads = MAX_FAILED_READS;
            // It is not the slot.
            self.sweep.schedule_by(now + EARLY * u32::from(MAX_FAILED_READS));
            return true;
        }
        self.read_again(read, trouble, now);
        if read.announced.is_some() && self.troubles.failures(read.slot) == SEVERAL {
            self.sweep.schedule_by(now + EARLY);
        }
        true
    }

    /// Has a slot read again after a pause, because something has failed with it.
    pub(super) fn read_again(&mut self, read: PendingRead, trouble: MessageTrouble, now: Moment) {
        let pause = self.troubles.add(read.slot, trouble);
        let not_before = (!pause.is_zero()).then_some(now + pause);
        if !self.reads.add(PendingRead { not_before, ..read }) {
            self.sweep.schedule_by(now + pause.max(EARLY));
        }
    }

    /// Whether messages wait to be read that do not keep failing.
    pub(super) fn reads_wait(&self) -> bool {
        self.reads.has(|read| self.troubles.failures(read.slot) <= SEVERAL)
    }

    /// Hands a message to the host, or has it read again when its PDU does not match its header.
    ///
    /// A header that says a wrong length does not hide a PDU for good that is whole by its own
    /// account. Anything else that does not match stays in the modem.
    fn hand_to_host(
        &mut self,
        context: &mut Context,
        read: PendingRead,
        header: ListHeader,
        line: &str,
        now: Moment,
    ) {
        let pdu = RawPdu::from_line(line);
        if header.fit(line) != PduFit::Whole
            && !(self.troubles.is_steady(read.slot) && is_whole_by_itself(&pdu))
        {
            return self.read_again(read, MessageTrouble::Misfit, now);
        }
        context.note_pdu();
        self.hand_over(context, read, pdu, now);
    }

    /// Hands a message to the host that was read whole, and notes that it is to be deleted then.
    fn hand_over(&mut self, context: &mut Context, read: PendingRead, pdu: RawPdu, now: Moment) {
        let PendingRead { slot, announced, not_before, .. } = read;
        self.troubles.on_read(slot);
        self.failed_reads = 0;
        let live = self.is_live(announced, context, now);
        self.unannounced |= announced.is_none() && not_before.is_none();
        let fingerprint = pdu.fingerprint();
        let Some(received) = context.describe_received(Some(slot), pdu, live) else { return };
        let token = context.new_token();
        self.deletions.add(slot, token, now, fingerprint);
        self.give(context, Action::Store { token, received });
    }

    /// Gives a message to the host, once it is certain which card it is from.
    fn give(&mut self, context: &mut Context, store: Action) {
        if context.config.iccid_from_card {
            self.unproven.push(store);
        } else {
            context.actions.push_back(store);
        }
    }
}

/// What a reply without a whole message means for its slot; `None` when the slot is empty.
fn trouble(outcome: Outcome, header: Option<ListHeader>) -> Option<MessageTrouble> {
    match outcome {
        Outcome::Refused(FinalResult::Cms(Some(321))) => None,
        Outcome::Refused(result) => Some(MessageTrouble::ReadRefused(result)),
        Outcome::Done => {
            header.filter(|header| header.length != Some(0)).map(|_| MessageTrouble::Misfit)
        }
        Outcome::Unfinished | Outcome::Empty | Outcome::Unanswered | Outcome::InDigits => {
            Some(MessageTrouble::ReadUnanswered)
        }
    }
}

/// Whether a reply has all of its lines, although one of them may be damaged.
fn is_answer(outcome: Outcome, header: ListHeader, line: &str) -> bool {
    match outcome {
        Outcome::Done => true,
        Outcome::Unfinished => header.fit(line) == PduFit::Whole,
        Outcome::Refused(_) | Outcome::Empty | Outcome::Unanswered | Outcome::InDigits => false,
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

/// Whether the octets are a received message of just the length that it says itself.
fn is_whole_by_itself(pdu: &RawPdu) -> bool {
    let RawPdu::Octets(octets) = pdu else { return false };
    Deliver::decode(octets).is_ok_and(|deliver| !deliver.text().flaws.has(Flaw::WrongLength))
}
