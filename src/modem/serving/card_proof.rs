//! Which card is in: its ICCID proves it for a short while, and is read again when the card may
//! have been exchanged.

use std::time::Duration;

use super::super::channel::Outcome;
use super::super::context::Context;
use super::super::reply::{self, Reply};
use super::{Leave, Serving};
use crate::at::{Command, IccidSource};
use crate::domain::Moment;
use crate::domain::modem::ModemReason;

/// The pause after the first failed attempt to read the ICCID; it grows by as much with each
/// further one.
const ICCID_PAUSE: Duration = Duration::from_secs(1);
/// After this many failed attempts the card is taken to be gone.
const ICCID_TRIES: u8 = 3;
/// How long after the ICCID was read it proves which card is in, where no bank exchanges cards: by
/// hand that takes longer. Messages are read, and tasks in the name of a card begun, only within
/// this time; a deletion is sent within this time after the ICCID or the message itself was read.
const PROOF: Duration = Duration::from_secs(2);
/// How long the ICCID of the card of a bank proves which card is in. The bank may put another one
/// on later than it says.
const BANK_PROOF: Duration = Duration::from_millis(500);
/// The least time between two readings of the ICCID that lines of a modem give reason to.
const DOUBT_INTERVAL: Duration = Duration::from_millis(250);

/// Whether the card is still the one whose ICCID was read.
#[derive(Debug)]
pub(super) struct CardProof {
    /// Whether the card may have been exchanged, so that its ICCID is read before anything else.
    is_doubted: bool,
    /// The ICCID is not read before this time.
    reading_at: Option<Moment>,
    /// How many attempts to read the ICCID have failed in a row.
    failures: u8,
    /// When the ICCID was last read.
    read_at: Moment,
}

impl CardProof {
    pub fn new(now: Moment) -> CardProof {
        CardProof { is_doubted: false, reading_at: None, failures: 0, read_at: now }
    }

    /// Whether the ICCID has to be read before anything else.
    pub fn is_doubted(&self) -> bool {
        self.is_doubted
    }

    /// When the ICCID may be read next, if that is not at once.
    pub fn reading_at(&self) -> Option<Moment> {
        self.reading_at
    }

    /// When the ICCID was last read.
    pub fn read_at(&self) -> Moment {
        self.read_at
    }

    pub fn is_read_within(&self, time: Duration, now: Moment) -> bool {
        now - self.read_at <= time
    }

    /// Has the ICCID read next.
    pub fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// Has the ICCID read soon, for a reason that a flood of lines may give.
    pub fn doubt_soon(&mut self, now: Moment) {
        self.is_doubted = true;
        let soonest = self.read_at + DOUBT_INTERVAL;
        if now < soonest {
            self.reading_at.get_or_insert(soonest);
        }
    }

    /// Takes the ICCID that was read, and that was the same as before.
    fn confirm(&mut self, now: Moment) {
        *self = CardProof::new(now);
    }

    /// Has the ICCID read again after a pause, because it could not be read.
    fn on_not_read(&mut self, now: Moment) {
        self.failures += 1;
        self.reading_at = Some(now + ICCID_PAUSE * u32::from(self.failures));
    }

    /// Whether the ICCID could not be read so often that the card is taken to be gone.
    fn seems_gone(&self) -> bool {
        self.failures >= ICCID_TRIES
    }
}

impl Serving {
    pub(super) fn on_iccid_read(
        &mut self,
        context: &mut Context,
        outcome: Outcome,
        reply: &Reply,
        now: Moment,
    ) {
        let found = reply.find(reply::parse_iccid).filter(|_| outcome.is_ok());
        match found {
            Some(iccid) if Some(&iccid) == context.iccid() => {
                self.card.confirm(now);
                context.card_confirmed = true;
                context.actions.extend(self.unproven.drain(..));
            }
            Some(_) => self.leave = Some(Leave::Identifying),
            None => {
                self.card.on_not_read(now);
                if self.card.seems_gone() {
                    self.leave = Some(Leave::SimCheck);
                }
            }
        }
        if matches!(self.leave, Some(Leave::SimCheck | Leave::Identifying)) {
            context.forget_card();
            context.set_reason(ModemReason::SimBeingReadAgain);
        }
    }

    /// Whether the ICCID was read just now. If it was not, it is read next.
    pub fn is_card_proven(&mut self, now: Moment) -> bool {
        let proven = self.is_card_certain() && self.card.is_read_within(PROOF, now);
        if !proven {
            self.card.doubt();
        }
        proven
    }

    /// Has the ICCID read next.
    pub fn doubt_card(&mut self) {
        self.card.doubt();
    }

    /// Has the ICCID read soon, for a reason that a flood of lines may give.
    pub fn doubt_card_again(&mut self, now: Moment) {
        self.card.doubt_soon(now);
    }

    /// Whether it is certain that the card is the one whose ICCID was read.
    pub fn is_card_certain(&self) -> bool {
        !self.card.is_doubted() && self.leave.is_none()
    }
}

/// How long after it was read the ICCID proves which card is in.
pub(super) fn proof_duration(context: &Context) -> Duration {
    if context.config.iccid_from_card { BANK_PROOF } else { PROOF }
}

pub(super) fn iccid_command(context: &Context) -> Command {
    Command::Iccid(context.iccid_source.clone().unwrap_or(IccidSource::Ccid))
}
