//! Messages that arrive inside the URC itself (`+CMT`): those of class 0, or all when the modem was
//! left in another mode. Status reports (`+CDS`) arrive so only if another program has asked for
//! them, because we set `<ds>` of `AT+CNMI` to 0 wherever the modem takes that (27.005 3.4.1). They
//! are in no store of the modem, so a message that the host cannot store now is kept here and
//! offered again. Their number is limited. Where the modem itself acknowledges messages to the
//! network, only those of class 0 arrive this way (`configuring`), so few are at risk. Dropped
//! messages are counted and reported.

use std::time::Duration;

use super::api::{Action, RawPdu, Received, Token};
use super::context::Context;
use crate::at::DirectKind;
use crate::domain::Moment;

/// How many messages are kept at most; further ones are dropped. A modem can deliver so many in the
/// second that a busy disk takes for a commit.
const MAX_KEPT: usize = 1024;
/// The pause before a message that the host could not store is offered again.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct KeptMessage {
    token: Token,
    kind: DirectKind,
    received: Received,
    received_at: Moment,
    /// When to offer the message again; `None` while the host has not answered.
    offer_at: Option<Moment>,
}

#[derive(Debug, Default)]
pub(super) struct Direct {
    kept: Vec<KeptMessage>,
    /// Messages that arrived while it was not certain which card is in.
    unowned: Vec<(DirectKind, RawPdu)>,
}

impl Direct {
    /// Takes a message. When it is `certain` which card is in, the message belongs to that card;
    /// otherwise it waits until the ICCID has been read.
    pub fn add(
        &mut self,
        context: &mut Context,
        (kind, pdu): (DirectKind, RawPdu),
        certain: bool,
        live: bool,
        now: Moment,
    ) {
        if self.kept.len() + self.unowned.len() >= MAX_KEPT {
            return context.actions.push_back(Action::Dropped { count: 1 });
        }
        match context.describe_received(None, pdu.clone(), live).filter(|_| certain) {
            Some(received) => self.offer(context, kind, received, now),
            None => self.unowned.push((kind, pdu)),
        }
    }

    /// Offers a message to the host for the first time.
    fn offer(&mut self, context: &mut Context, kind: DirectKind, received: Received, now: Moment) {
        let token = context.new_token();
        context.actions.push_back(Action::Store { token, received: received.clone() });
        self.kept.push(KeptMessage { token, kind, received, received_at: now, offer_at: None });
    }

    /// Drops the waiting messages, because the card was removed or exchanged: which card they were
    /// for can no longer be found out.
    pub fn on_card_lost(&mut self, context: &mut Context) {
        let count = std::mem::take(&mut self.unowned).len();
        if count > 0 {
            context.actions.push_back(Action::Dropped { count });
        }
    }

    /// Offers the waiting messages as this card's, because the ICCID has been read.
    pub fn on_card_known(&mut self, context: &mut Context, now: Moment) {
        for (kind, pdu) in std::mem::take(&mut self.unowned) {
            if let Some(received) = context.describe_received(None, pdu, false) {
                self.offer(context, kind, received, now);
            }
        }
    }

    /// Takes the host's answer. For a message that is on disk now, returns how long that took since
    /// it arrived; not for a status report, which is not acknowledged (some modems take that for an
    /// error).
    pub fn on_stored(&mut self, token: Token, ok: bool, now: Moment) -> Option<Duration> {
        let position = self.kept.iter().position(|kept| kept.token == token)?;
        if ok {
            let KeptMessage { kind, received_at, .. } = self.kept.swap_remove(position);
            return (kind == DirectKind::Message).then(|| now - received_at);
        }
        if let Some(kept) = self.kept.get_mut(position) {
            kept.offer_at = Some(now + RETRY_PAUSE);
        }
        None
    }

    /// Offers those messages again that are due for it.
    pub fn offer_due(&mut self, context: &mut Context, now: Moment) {
        for kept in &mut self.kept {
            if kept.offer_at.is_some_and(|time| time <= now) {
                kept.offer_at = None;
                let (token, received) = (kept.token, kept.received.clone());
                context.actions.push_back(Action::Store { token, received });
            }
        }
    }

    pub fn deadline(&self) -> Option<Moment> {
        self.kept.iter().filter_map(|kept| kept.offer_at).min()
    }
}
