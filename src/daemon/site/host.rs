//! The rest of the daemon as a site's driver and banks see it: the centre, which is asked over the
//! link, and what the site's own commands and metrics show.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::link::{Link, LinkState};
use crate::daemon::modem_control::DriverModemControl;
use crate::daemon::monitoring::{ModemCounters, SiteFigures, render_site};
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord};
use crate::domain::modem::{
    ModemCounts, ModemDetail, ModemSnapshot, ModemStatus, PinPermission, RecoveryStep, SimCard,
};
use crate::domain::{Iccid, ModemAtPort, PortName, SiteName, Timestamp};
use crate::driver::bank::BankEvents;
use crate::driver::{HostError, ModemEvents};
use crate::gateway::{BoxFuture, Change, ModemControl, ModemRegistry, ScannedPort};
use crate::http::admin::{LinkView, SiteBox};
use crate::http::health::{Faults, Probes};
use crate::modem::{CommandOutcome, MessageOwner, Received};
use crate::wire::{Answer, Question, Report};

/// What a site knows of its modems and banks, and the link over which it tells the centre.
pub(super) struct SiteHost {
    name: SiteName,
    started: Timestamp,
    pub link: Arc<Link>,
    pub modems: ModemRegistry,
    counters: ModemCounters,
    banks: Mutex<BTreeMap<String, BankReport>>,
    /// Set once the driver runs, which this host is made for.
    control: OnceLock<Arc<DriverModemControl>>,
    demand: tokio::sync::Mutex<watch::Receiver<()>>,
}

/// The error for an answer of another kind than the question.
fn mismatched() -> HostError {
    HostError::new("the central daemon's answer does not fit the question")
}

impl SiteHost {
    pub(super) fn new(name: SiteName, link: Arc<Link>, started: Timestamp) -> SiteHost {
        SiteHost {
            name,
            started,
            demand: tokio::sync::Mutex::new(link.demands()),
            link,
            modems: ModemRegistry::default(),
            counters: ModemCounters::default(),
            banks: Mutex::default(),
            control: OnceLock::new(),
        }
    }

    /// Tells what reaches the driver, once it runs.
    pub(super) fn set_control(&self, control: Arc<DriverModemControl>) {
        // A second call, which there is not, would change nothing.
        let _ = self.control.set(control);
    }

    fn bank_reports(&self) -> Vec<BankReport> {
        self.banks.lock().values().cloned().collect()
    }

    /// The modems, without their spare ports.
    fn modem_statuses(&self) -> Vec<ModemStatus> {
        let mut modems = self.modems.modems();
        modems.retain(|modem| !modem.snapshot.is_spare_port());
        modems
    }

    /// Asks what the centre only carries out.
    async fn tell(&self, question: Question) -> Result<(), HostError> {
        match self.link.ask(question).await? {
            Answer::Done => Ok(()),
            _ => Err(mismatched()),
        }
    }
}

impl ModemEvents for SiteHost {
    fn report(&self, snapshot: ModemSnapshot) {
        let now = self.link.now();
        self.counters.record_report(&snapshot.port, snapshot.is_ready(), now);
        self.modems.report(snapshot.clone(), now);
        self.link.report(Report::Port { snapshot, age: Duration::ZERO });
    }

    fn on_port_removed(&self, port: &PortName) {
        self.modems.remove(port, self.link.now());
        self.counters.remove(port);
        self.link.report(Report::PortRemoved(port.clone()));
    }

    fn on_command_finished(&self, port: &PortName, outcome: CommandOutcome) {
        self.counters.record_command(port, outcome);
    }

    fn on_recovery_step(&self, port: &PortName, step: RecoveryStep) {
        self.counters.record_recovery(port, step);
    }

    async fn record_identity(
        &self,
        modem: &ModemAtPort,
        others: &[PortName],
        sim: &SimCard,
    ) -> Result<MessageOwner, HostError> {
        let (modem, others, sim) = (modem.clone(), others.to_vec(), sim.clone());
        match self.link.ask(Question::RecordIdentity { modem, others, sim }).await? {
            Answer::Owner(owner) => Ok(owner),
            _ => Err(mismatched()),
        }
    }

    async fn record_emptied_store(
        &self,
        modem: &ModemAtPort,
        iccid: &Iccid,
    ) -> Result<(), HostError> {
        let (modem, iccid) = (modem.clone(), iccid.clone());
        self.tell(Question::RecordEmptiedStore { modem, iccid }).await
    }

    async fn permit_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
        only_if_accepted: bool,
    ) -> Result<PinPermission, HostError> {
        let (modem, iccid) = (modem.clone(), iccid.cloned());
        match self.link.ask(Question::PermitPin { modem, iccid, only_if_accepted }).await? {
            Answer::Pin(permission) => Ok(permission),
            _ => Err(mismatched()),
        }
    }

    async fn record_accepted_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
    ) -> Result<(), HostError> {
        let (modem, iccid) = (modem.clone(), iccid.cloned());
        self.tell(Question::RecordAcceptedPin { modem, iccid }).await
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        let port = received.modem.port.clone();
        let stored = self.tell(Question::Store(received)).await;
        if stored.is_err() {
            self.counters.record_message(&port, None, self.link.now());
        }
        stored
    }
}

impl BankEvents for SiteHost {
    fn now(&self) -> Timestamp {
        self.link.now()
    }

    fn on_bank_report(&self, report: BankReport) {
        self.banks.lock().insert(report.name.clone(), report.clone());
        self.link.report(Report::Bank(report));
    }

    fn on_bank_gone(&self, bank: &str) {
        self.banks.lock().remove(bank);
        self.link.report(Report::BankGone(bank.to_owned()));
    }

    async fn read_slots(&self, bank: &str) -> Result<Vec<SlotRecord>, HostError> {
        match self.link.ask(Question::ReadSlots { bank: bank.to_owned() }).await? {
            Answer::Slots(slots) => Ok(slots),
            _ => Err(mismatched()),
        }
    }

    async fn save_slot(&self, bank: &str, record: SlotRecord) -> Result<(), HostError> {
        self.tell(Question::SaveSlot { bank: bank.to_owned(), record }).await
    }

    async fn save_switch(&self, record: SwitchRecord) -> Result<(), HostError> {
        self.tell(Question::SaveSwitch(record)).await
    }

    async fn read_demands(&self, sims: Vec<Iccid>) -> Result<Vec<SlotDemand>, HostError> {
        match self.link.ask(Question::ReadDemands { sims }).await? {
            Answer::Demands(demands) => Ok(demands),
            _ => Err(mismatched()),
        }
    }

    async fn demands_changed(&self) {
        // The sender lives in the link, which this host holds.
        let _ = self.demand.lock().await.changed().await;
    }

    async fn release(&self, iccid: &Iccid) -> Result<bool, HostError> {
        match self.link.ask(Question::Release { iccid: iccid.clone() }).await? {
            Answer::Released(is_released) => Ok(is_released),
            _ => Err(mismatched()),
        }
    }

    fn reclaim(&self, iccid: &Iccid) {
        self.link.report(Report::Reclaimed(iccid.clone()));
    }
}

impl SiteBox for SiteHost {
    fn name(&self) -> &SiteName {
        &self.name
    }

    fn started_at(&self) -> Timestamp {
        self.started
    }

    fn now(&self) -> Timestamp {
        self.link.now()
    }

    fn link(&self) -> LinkView {
        let view = |connected, central, since: Option<Timestamp>, reason| LinkView {
            connected,
            central,
            since: since.map(|since| since.to_string()),
            reason,
        };
        match self.link.state() {
            LinkState::Starting => view(false, None, None, None),
            LinkState::Connected { central, since } => view(true, Some(central), Some(since), None),
            LinkState::Down { since, reason } => view(false, None, Some(since), Some(reason)),
        }
    }

    fn modems(&self) -> Vec<ModemStatus> {
        self.modems.modems()
    }

    fn history(&self, port: &str) -> Vec<Change> {
        self.modems.history(port)
    }

    fn banks(&self) -> Vec<BankReport> {
        self.bank_reports()
    }

    fn detail(&self, port: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        match self.control.get() {
            Some(control) => control.detail(port),
            None => Box::pin(std::future::ready(None)),
        }
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        match self.control.get() {
            Some(control) => control.scan(),
            None => Box::pin(std::future::ready(Vec::new())),
        }
    }
}

impl Probes for SiteHost {
    fn metrics(&self) -> String {
        render_site(&SiteFigures {
            now: self.link.now(),
            started: self.started,
            modems: &self.modem_statuses(),
            counters: &self.counters,
            banks: &self.bank_reports(),
            is_connected: matches!(self.link.state(), LinkState::Connected { .. }),
        })
    }

    fn liveness_faults(&self) -> Faults<'_> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn readiness_faults(&self) -> Faults<'_> {
        let mut faults = Vec::new();
        let link = self.link.state();
        if !matches!(link, LinkState::Connected { .. }) {
            faults.push(format!("{link}"));
        }
        let now = self.link.now();
        let awaited = self.modems.modems().into_iter().filter(|modem| modem.is_in_first_try(now));
        let awaited =
            awaited.map(|modem| format!("{} has not finished starting", modem.snapshot.port));
        faults.extend(awaited);
        Box::pin(std::future::ready(faults))
    }

    fn modem_counts(&self) -> ModemCounts {
        self.modems.counts(self.link.now())
    }
}
