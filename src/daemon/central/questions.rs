//! Carries out what sites ask, and takes what they report.

use std::collections::HashSet;
use std::sync::Arc;

use super::Sites;
use super::boot::Boot;
use super::connection::poll_then_spawn;
use crate::domain::Iccid;
use crate::driver::ModemEvents;
use crate::driver::bank::BankEvents;
use crate::wire::{Answer, Answered, Question, QuestionNumber, Report};

/// How many SIMs may be asked about at once.
const MOST_SIMS_ASKED: usize = 4096;

impl Sites {
    /// Carries out a question, whose names are the centre's.
    pub(super) async fn carry_out(
        &self,
        boot: &Boot,
        number: QuestionNumber,
        question: Question,
    ) -> Answered {
        if question.may_be_asked_twice() {
            return self.carry_out_once(boot, number, question).await;
        }
        let mut remembered = boot.remembered.lock().await;
        if let Some(answer) = remembered.get(number) {
            return answer.clone();
        }
        let answer = self.carry_out_once(boot, number, question).await;
        remembered.remember(number, answer.clone());
        boot.pin_tries.lock().retain(|number, _| remembered.get(*number).is_some());
        answer
    }

    async fn carry_out_once(
        &self,
        boot: &Boot,
        number: QuestionNumber,
        question: Question,
    ) -> Answered {
        let (modems, banks) = (&self.modems, &self.banks);
        let answer = match question {
            Question::RecordIdentity { modem, others, sim } => {
                let recorded = modems.record_identity(&modem, &others, &sim).await;
                if recorded.is_ok() {
                    boot.note_read([sim.iccid]);
                }
                recorded.map(Answer::Owner)
            }
            Question::RecordEmptiedStore { modem, iccid } => {
                modems.record_emptied_store(&modem, &iccid).await.map(|()| Answer::Done)
            }
            Question::PermitPin { modem, iccid, only_if_accepted } => {
                let sims = self.gateway.sims();
                let asked = sims.record_pin_try(&modem, iccid.as_ref(), only_if_accepted).await;
                let (permission, pin_try) = asked.map_err(|error| error.to_string())?;
                boot.pin_tries.lock().extend(pin_try.map(|pin_try| (number, pin_try)));
                Ok(Answer::Pin(permission))
            }
            Question::RecordAcceptedPin { modem, iccid } => {
                modems.record_accepted_pin(&modem, iccid.as_ref()).await.map(|()| Answer::Done)
            }
            Question::Store(received) => {
                self.check_is_here(boot, &received.iccid).await?;
                modems.store(received).await.map(|()| Answer::Done)
            }
            Question::ReadSlots { bank } => banks.read_slots(&bank).await.map(Answer::Slots),
            Question::SaveSlot { bank, record } => {
                banks.save_slot(&bank, record).await.map(|()| Answer::Done)
            }
            Question::SaveSwitch(mut record) => {
                let elsewhere = self.elsewhere(boot, record.left.as_slice()).await?;
                record.left.take_if(|left| elsewhere.contains(left));
                banks.save_switch(record).await.map(|()| Answer::Done)
            }
            Question::ReadDemands { sims } if sims.len() > MOST_SIMS_ASKED => {
                return Err(format!("at most {MOST_SIMS_ASKED} SIMs can be asked about at once"));
            }
            Question::ReadDemands { mut sims } => {
                let elsewhere = self.elsewhere(boot, &sims).await?;
                sims.retain(|iccid| !elsewhere.contains(iccid));
                banks.read_demands(sims).await.map(Answer::Demands)
            }
            Question::Release { iccid } => {
                self.check_is_here(boot, &iccid).await?;
                let released = banks.release(&iccid).await;
                if released == Ok(true) {
                    boot.released.lock().insert(iccid);
                }
                released.map(Answer::Released)
            }
        };
        answer.map_err(|error| error.reason)
    }

    /// Checks that a site speaks of a SIM that is there: whoever has the key of one site has no say
    /// about what is at others. A card that is carried to another site is read there first.
    async fn check_is_here(&self, boot: &Boot, iccid: &Iccid) -> Result<(), String> {
        match self.elsewhere(boot, std::slice::from_ref(iccid)).await?.is_empty() {
            true => Ok(()),
            false => Err(format!("the SIM {iccid} was read at another place last")),
        }
    }

    /// Those of these SIMs that the site has not read, and that were read at another place last.
    async fn elsewhere(&self, boot: &Boot, sims: &[Iccid]) -> Result<HashSet<Iccid>, String> {
        let unsure: Vec<_> = sims.iter().filter(|iccid| !boot.has_read(iccid)).cloned().collect();
        if unsure.is_empty() {
            return Ok(HashSet::new());
        }
        let sites = self.gateway.sims().last_sites(unsure).await;
        let sites = sites.map_err(|error| error.to_string())?;
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            sites.into_iter().partition(|(_, site)| site.as_ref() == Some(&boot.site));
        boot.note_read(here.into_iter().map(|(iccid, _)| iccid));
        Ok(elsewhere.into_iter().map(|(iccid, _)| iccid).collect())
    }

    /// Takes a report, whose names are the centre's.
    pub(super) async fn take_report(self: &Arc<Self>, boot: &Arc<Boot>, report: Report) {
        match report {
            Report::PinNotEntered(number) => {
                let undoing = Arc::clone(self).undo_pin_try(Arc::clone(boot), number);
                poll_then_spawn(undoing, &boot.carrying_out).await;
            }
            Report::Port { snapshot, age } => self.modems.report_aged(snapshot, age),
            Report::PortRemoved(port) => self.modems.on_port_removed(&port),
            Report::Bank(report) => self.banks.on_bank_report(report),
            Report::BankGone(bank) => self.banks.on_bank_gone(&bank),
            Report::Reclaimed(iccid) => {
                let was_released = boot.released.lock().remove(&iccid);
                if was_released {
                    self.banks.reclaim(&iccid);
                }
            }
        }
    }

    /// Forgets a try of a PIN that was permitted, but not made because the site did not hear of
    /// that in time. Questions that came before have been carried out then, and later ones wait.
    async fn undo_pin_try(self: Arc<Self>, boot: Arc<Boot>, number: QuestionNumber) {
        let _in_order = boot.remembered.lock().await;
        let Some(pin_try) = boot.pin_tries.lock().remove(&number) else { return };
        if let Err(error) = self.gateway.sims().undo_pin_try(pin_try).await {
            tracing::warn!(
                event = "pin_not_recorded",
                %error,
                "that a PIN was not entered could not be recorded; it will not be entered again"
            );
        }
    }
}
