//! Carries out the actions of a bank's state machine: asks the gateway and the sessions, switches
//! the bank, and saves what has happened.

use std::future::Future;
use std::sync::Arc;

use tracing::{Instrument, debug, info, warn};

use super::BankEvents;
use super::control::SwitchCommand;
use super::task::{Event, Task};
use crate::bank::{Adapter, Bank, BankAction};
use crate::domain::bank::{SlotRecord, SwitchOutcome, SwitchRecord};
use crate::domain::modem::{ModemRequest, RequestError};
use crate::domain::{Iccid, Moment};
use crate::driver::{HostError, recovery_actions};

impl<E: BankEvents> Task<E> {
    /// Carries out all actions that are waiting. Returns whether the bank's report has changed.
    pub(super) fn carry_out(&mut self, bank: &mut Bank) -> bool {
        let mut report = false;
        while let Some(action) = bank.next_action() {
            match action {
                BankAction::Report => report = true,
                BankAction::FetchDemands(sims) => self.fetch_demands(sims),
                BankAction::RequestRelease { radio, iccid } => self.request_release(radio, iccid),
                BankAction::Reclaim { iccid } => self.events.reclaim(&iccid),
                BankAction::TakeOffAir { radio, iccid } => {
                    self.request(radio, ModemRequest::Leave { iccid }, Event::OffAir);
                }
                BankAction::ResumeSession { radio, restart } => {
                    self.request(radio, ModemRequest::Return { restart }, Event::SessionResumed);
                }
                BankAction::Switch { radio, local_slot } => self.switch(radio, local_slot),
                BankAction::SaveSlot(record) => self.save_slot(record),
                BankAction::SaveSwitch(record) => self.save_switch(record),
            }
        }
        report
    }

    pub(super) fn spawn(&mut self, work: impl Future<Output = Event> + Send + 'static) {
        self.work.spawn(work.in_current_span());
    }

    fn fetch_demands(&mut self, sims: Vec<Iccid>) {
        let events = Arc::clone(&self.events);
        self.spawn(async move {
            let warn = |error: &HostError| {
                warn!(
                    event = "bank_needs_unknown", %error,
                    "the demand for the bank's SIMs cannot be read now"
                );
            };
            Event::Demands(events.read_demands(sims).await.inspect_err(warn).ok())
        });
    }

    fn request_release(&mut self, radio: usize, iccid: Iccid) {
        let events = Arc::clone(&self.events);
        self.spawn(async move {
            let warn = |error: &HostError| {
                warn!(
                    event = "bank_leave_unknown", %error,
                    "cannot find out whether a SIM may go off the air; it stays"
                );
            };
            let granted = events.release(&iccid).await.inspect_err(warn).unwrap_or(false);
            Event::ReleaseAnswer(radio, iccid, granted)
        });
    }

    /// Sends a request to a radio's session.
    fn request(
        &mut self,
        radio: usize,
        request: ModemRequest,
        event: fn(usize, Result<(), RequestError>) -> Event,
    ) {
        let Some(port) = self.ports.port(radio).cloned() else { return };
        let driver = self.driver.clone();
        self.spawn(
            async move { event(radio, driver.request(port.as_str(), request).await.map(drop)) },
        );
    }

    fn switch(&mut self, radio: usize, local_slot: u32) {
        debug!(
            event = "bank_switch",
            radio,
            row = local_slot,
            "sending a switch command to the bank"
        );
        match self.ports.config.profile.adapter {
            Adapter::Serial => {
                let command = SwitchCommand { radio, local_slot };
                let sent = self.commands.as_ref().map(|commands| commands.try_send(command));
                if !matches!(sent, Some(Ok(()))) {
                    self.spawn(async move {
                        Event::Switched(
                            radio,
                            Err("the control line does not take commands".to_owned()),
                        )
                    });
                }
            }
            Adapter::Module => {
                let Some(port) = self.ports.port(radio).cloned() else { return };
                let driver = self.driver.clone();
                let slot = u8::try_from(local_slot).unwrap_or(u8::MAX);
                self.spawn(async move {
                    let result = driver.request(port.as_str(), ModemRequest::Slot(slot)).await;
                    Event::Switched(radio, result.map(drop).map_err(|error| error.to_string()))
                });
            }
            Adapter::Command => {
                let command = self.program(radio, local_slot);
                let turn = Arc::clone(&self.program_turn);
                self.spawn(async move {
                    let _turn = turn.lock().await;
                    Event::Switched(radio, recovery_actions::run(&command).await)
                });
            }
        }
    }

    /// The operator's program with its arguments filled in for a switch.
    fn program(&self, radio: usize, local_slot: u32) -> Vec<String> {
        let profile = &self.ports.config.profile;
        let number = u32::try_from(radio).unwrap_or(u32::MAX).saturating_add(profile.first_radio);
        let number = number.to_string();
        let slot = local_slot.saturating_add(profile.first_slot).to_string();
        let port = self.ports.port(radio).map_or("", |port| port.as_str());
        let fill = |word: &String| {
            let word = word.replace("{radio}", &number).replace("{slot}", &slot);
            word.replace("{port}", port).replace("{bank}", &self.ports.config.name)
        };
        self.ports.command.iter().map(fill).collect()
    }

    fn save_slot(&mut self, record: SlotRecord<Moment>) {
        let (events, bank) = (Arc::clone(&self.events), self.ports.config.name.clone());
        let now = self.clock_reading();
        let record = record.map_time(|moment| now.time_of(moment));
        self.spawn(async move {
            if let Err(error) = events.save_slot(&bank, record).await {
                warn!(
                    event = "bank_not_kept", %error,
                    "what was found in a slot could not be stored; the slot will be read again"
                );
            }
            Event::Nothing
        });
    }

    fn save_switch(&mut self, record: SwitchRecord<Moment>) {
        self.log_switch(&record);
        let events = Arc::clone(&self.events);
        let now = self.clock_reading();
        let record = record.map_time(|moment| now.time_of(moment));
        self.spawn(async move {
            if let Err(error) = events.save_switch(record).await {
                warn!(event = "bank_not_kept", %error, "a switch could not be stored");
            }
            Event::Nothing
        });
    }

    fn log_switch(&self, record: &SwitchRecord<Moment>) {
        let deaf_s = (record.ended_at - record.began_at).as_secs();
        let radio = self.ports.config.radios.iter().position(|port| *port == record.port);
        let (radio, slot) = (radio.map(|index| index + 1), record.slot);
        match record.outcome {
            SwitchOutcome::Done => {
                info!(event = "bank_switched", radio, slot, deaf_s, "switched to another SIM");
            }
            outcome => {
                warn!(
                    event = "bank_switch_failed",
                    radio,
                    slot,
                    deaf_s,
                    end = ?outcome,
                    "SIM switch failed"
                );
            }
        }
    }
}
