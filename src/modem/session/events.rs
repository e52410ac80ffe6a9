//! How the session handles the events of the channel: URCs, messages that arrive inside their URC,
//! a card that was exchanged, a modem that restarted.

use super::super::api::{Action, MessageSlot, RawPdu};
use super::super::channel::Event;
use super::super::phase::Phase;
use super::super::probing::Probing;
use super::super::requests::Running;
use super::super::sim_check::SimCheck;
use super::super::ussd::Report;
use super::Session;
use crate::at::{DirectKind, SimEvent, Urc};
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, RequestError};
use crate::sms::TextEntry;

/// How often in a row the card may be lost before the session is given up: then only a reset may
/// help.
const MAX_LOSSES: u32 = 6;

impl Session {
    /// Handles the event that a line or the passing of time has caused, and those that follow upon
    /// it.
    pub(super) fn on_events(&mut self, event: Option<Event>, line: &str, now: Moment) {
        let mut next = event.or_else(|| self.channel.next_event());
        while let Some(event) = next {
            self.on_event(event, line, now);
            next = self.channel.next_event();
        }
    }

    fn on_event(&mut self, event: Event, line: &str, now: Moment) {
        match event {
            Event::Urc(urc) => self.on_urc(urc, line, now),
            // Cell broadcasts are for whoever is in a cell, and no message to the card.
            Event::Direct(head, _) if head.kind == DirectKind::Broadcast => {}
            Event::Direct(head, pdu) => {
                self.on_direct_message(head.kind, RawPdu::from_line(&pdu), now)
            }
            Event::Entry(header, pdu) => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.on_list_entry(&mut self.context, header, &pdu, now);
                }
            }
            Event::DirectText(message) => {
                let is_report = matches!(message.entry, TextEntry::Report { .. });
                let kind = if is_report { DirectKind::Report } else { DirectKind::Message };
                self.on_direct_message(kind, RawPdu::TextMode(message), now);
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.on_text_header(&mut self.context, None, now);
                }
            }
            Event::TextHeader(index) => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.on_text_header(&mut self.context, index, now);
                }
            }
            Event::Ussd(line) => {
                let form = self.context.ussd_form;
                let outcomes = self.requests.on_ussd_report(Report::read(&line), form, now);
                self.apply(outcomes);
            }
            Event::LateError(result) => {
                let outcomes = self.requests.on_late_error(result, now);
                self.apply(outcomes);
            }
            Event::CommandFinished(command, outcome) => {
                self.on_command_finished(&command, outcome, now)
            }
            Event::Echoed => self.on_restart(now),
            Event::InDigits => self.start_over(ModemReason::SettingsLost, now),
            Event::Lost => self.give_up(ModemReason::StoppedAnswering),
        }
    }

    fn on_direct_message(&mut self, kind: DirectKind, pdu: RawPdu, now: Moment) {
        if matches!(self.phase, Phase::OffAir(_)) {
            // It is not known for which card the message is. It is not acknowledged either, so the
            // network still has it.
            return self.context.actions.push_back(Action::Dropped { count: 1 });
        }
        let (certain, live) = match &self.phase {
            Phase::Serving(serving) => {
                (serving.is_card_certain(), serving.is_live_now(&self.context, now))
            }
            _ => (true, false),
        };
        self.direct.add(&mut self.context, (kind, pdu), certain, certain && live, now);
    }

    fn on_urc(&mut self, urc: Urc, line: &str, now: Moment) {
        match urc {
            Urc::Sim(event) => self.on_sim_event(event, now),
            Urc::Booted => self.on_restart(now),
            Urc::Stored { store, index } => {
                let slot = store.zip(index).map(|(store, index)| MessageSlot { store, index });
                if let Some(slot) = slot {
                    self.context.add_announced(slot);
                }
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.add_announcement(&self.context, slot, now);
                }
            }
            Urc::Registration(domain, registration) => {
                if let Phase::Serving(serving) = &mut self.phase {
                    // With `<n>` = 1 a URC tells a change (27.007 clause 7.2). One that repeats
                    // what is known means that others were lost, perhaps those of a SIM event.
                    if self.context.domains.contains(&(domain, registration)) {
                        serving.doubt_card_again(now);
                    }
                    serving.on_registration(&mut self.context, domain, registration, now);
                }
            }
            Urc::StoreFull | Urc::MessagesReady => {
                if let Phase::Serving(serving) = &mut self.phase {
                    serving.sweep_soon(urc == Urc::StoreFull, now);
                }
            }
            Urc::Voltage => self.context.note_voltage(line, now),
            // After a heading the channel waits for the second line.
            Urc::Heading(_) | Urc::Noise => {}
        }
    }

    fn on_sim_event(&mut self, event: SimEvent, now: Moment) {
        if event == SimEvent::Absent {
            // Messages for the card that was removed must not be credited to the next one.
            self.direct.on_card_lost(&mut self.context);
        }
        match &mut self.phase {
            Phase::Probing(_) | Phase::OffAir(_) => {}
            Phase::SimCheck(phase) => phase.on_sim_event(event, now),
            _ => self.on_card_lost(now),
        }
    }

    /// Starts over with the card, because it was removed or exchanged: nothing that is known about
    /// messages holds any longer, not even the indexes that were to be deleted.
    pub(super) fn on_card_lost(&mut self, now: Moment) {
        if let Phase::Serving(serving) = &mut self.phase
            && let Some(phase) = serving.end_departure_without_card(&mut self.context, now)
        {
            return self.enter(phase);
        }
        self.context.forget_card();
        self.context.losses = self.context.losses.saturating_add(1);
        self.context.set_reason(ModemReason::SimBeingReadAgain);
        self.direct.on_card_lost(&mut self.context);
        if self.context.losses >= MAX_LOSSES {
            return self.give_up(ModemReason::SimFailsInUse);
        }
        self.enter(Phase::SimCheck(SimCheck::settling(now)));
    }

    fn on_restart(&mut self, now: Moment) {
        self.start_over(ModemReason::Restarted, now);
    }

    /// Begins anew with a modem that has restarted or lost its settings for this reason.
    pub(super) fn start_over(&mut self, reason: ModemReason, now: Moment) {
        // Off the air a restart says nothing about the card; the bank ends the switch by itself.
        if matches!(self.phase, Phase::Probing(_) | Phase::OffAir(_)) {
            return;
        }
        if let Phase::Serving(serving) = &mut self.phase {
            serving.fail_departure(&mut self.context);
        }
        self.channel.abandon(now);
        let reply = match self.requests.take_running() {
            Some(Running::Reset(id)) => Some((id, Ok(Vec::new()))),
            Some(Running::At(id)) => Some((id, Err(RequestError::Gone))),
            Some(Running::Ussd(exchange)) => Some((exchange.id, Err(RequestError::Gone))),
            Some(Running::SimTask(task)) => Some((task.id, Err(RequestError::Gone))),
            Some(Running::CloseUssd) | None => None,
        };
        let waited = self.requests.forget_ussd().map(|id| (id, Err(RequestError::Gone)));
        for (id, reply) in reply.into_iter().chain(waited) {
            self.context.actions.push_back(Action::Answer { id, reply });
        }
        self.context.forget_card();
        self.context.set_reason(reason);
        self.direct.on_card_lost(&mut self.context);
        self.enter(Phase::Probing(Probing::default()));
    }
}
