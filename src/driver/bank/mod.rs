//! SIM banks: a task for each carries out what its state machine ([`crate::bank`]) wants done. It
//! asks the rest of the daemon, has the radios' sessions go off the air and come back, and has the
//! bank switch: over its control line (`control`), by the module's own command, or by a program of
//! the operator's.

mod control;
mod task;

use std::collections::HashMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span};

use super::{Handle, HostError, PortOptions, PortPattern, Ports};
use crate::bank::BankConfig;
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord};
use crate::domain::{Iccid, PortName, Timestamp};

/// The pause before a bank's task is started again after it failed.
const RESTART_PAUSE: Duration = Duration::from_secs(5);

/// What the banks' tasks need of the rest of the daemon. The calls without an answer must not
/// block.
pub trait BankEvents: Send + Sync + 'static {
    /// The wall-clock time.
    fn now(&self) -> Timestamp;

    /// A bank's report, on every change and every now and then.
    fn bank_report(&self, report: BankReport);

    /// A bank is not driven now: nothing of its last report holds.
    fn bank_gone(&self, bank: &str);

    /// What is stored of a bank's slots.
    fn bank_slots(
        &self,
        bank: &str,
    ) -> impl Future<Output = Result<Vec<SlotRecord>, HostError>> + Send;

    /// Stores what is known of a slot.
    fn save_slot(
        &self,
        bank: &str,
        record: SlotRecord,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// Stores a finished switch.
    fn save_switch(
        &self,
        record: SwitchRecord,
    ) -> impl Future<Output = Result<(), HostError>> + Send;

    /// What is wanted of these SIMs.
    fn demands(
        &self,
        sims: Vec<Iccid>,
    ) -> impl Future<Output = Result<Vec<SlotDemand>, HostError>> + Send;

    /// Returns when what [`BankEvents::demands`] answers may have changed.
    fn demands_changed(&self) -> impl Future<Output = ()> + Send;

    /// Asks whether a SIM may leave the air. From a yes on no customer is given it, until
    /// [`BankEvents::reclaim`].
    fn release(&self, iccid: &Iccid) -> impl Future<Output = Result<bool, HostError>> + Send;

    /// A released SIM is on the air again, or has not left it: it can be given to customers.
    fn reclaim(&self, iccid: &Iccid);
}

/// A bank, and how its radios' ports are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankPorts {
    /// The bank.
    pub config: BankConfig,
    /// Its control line, if its adapter is `serial`.
    pub control: Option<PathBuf>,
    /// The operator's program, if its adapter is `command`: `{radio}`, `{slot}`, `{port}` and
    /// `{bank}` are filled in, counted as the profile says.
    pub command: Vec<String>,
    /// The radios' ports' speed in bits per second.
    pub baud: u32,
    /// How the radios' modems are treated.
    pub options: PortOptions,
}

impl BankPorts {
    /// The ports of its radios.
    pub fn ports(&self) -> Vec<Ports> {
        let ports = self.config.radios.iter().map(|radio| Ports {
            pattern: PortPattern { path: radio.as_str().into(), baud: self.baud },
            options: self.options.clone(),
        });
        ports.collect()
    }

    /// A radio's port.
    fn port(&self, radio: usize) -> Option<&PortName> {
        self.config.radios.get(radio)
    }
}

/// An operator's request to put a slot on a radio.
#[derive(Debug)]
pub(crate) struct SwitchByHand {
    /// The radio's port, or its number from 1.
    radio: String,
    slot: u32,
    reply: oneshot::Sender<Result<String, String>>,
}

/// The running banks, for the operator's requests.
#[derive(Clone, Debug, Default)]
pub struct Banks(Arc<HashMap<String, mpsc::Sender<SwitchByHand>>>);

impl Banks {
    /// Has a slot put on a radio, which is given by its port or its number from 1.
    ///
    /// # Errors
    /// There is no such bank, radio or slot, or the bank refuses; says why.
    pub async fn switch(&self, bank: &str, radio: &str, slot: u32) -> Result<String, String> {
        let known = || self.0.keys().cloned().collect::<Vec<_>>().join(", ");
        let requests = self
            .0
            .get(bank)
            .ok_or_else(|| format!("there is no bank {bank}; there are: {}", known()))?;
        let (reply, answer) = oneshot::channel();
        let not_served = || "the bank is not served now".to_owned();
        let request = SwitchByHand { radio: radio.to_owned(), slot, reply };
        requests.send(request).await.map_err(|_| not_served())?;
        answer.await.unwrap_or_else(|_| Err(not_served()))
    }
}

/// Serves banks whose radios' ports a driver serves, until `stop`.
pub fn start<E: BankEvents>(
    banks: Vec<BankPorts>,
    driver: &Handle,
    events: &Arc<E>,
    stop: &CancellationToken,
) -> Banks {
    let mut requests = HashMap::new();
    let mut demands_changed = Vec::new();
    for bank in banks {
        let (sender, by_hand) = mpsc::channel(4);
        requests.insert(bank.config.name.clone(), sender);
        let changed = Arc::new(Notify::new());
        demands_changed.push(Arc::clone(&changed));
        let span = info_span!("bank", bank = %bank.config.name);
        let by_hand = Arc::new(Mutex::new(by_hand));
        let resources = task::Resources {
            ports: bank,
            driver: driver.clone(),
            events: Arc::clone(events),
            demands_changed: changed,
            by_hand,
        };
        tokio::spawn(keep_running(resources, stop.clone()).instrument(span));
    }
    let (events, stop) = (Arc::clone(events), stop.clone());
    tokio::spawn(async move {
        // One listener for all banks: a change is announced once.
        while stop.run_until_cancelled(events.demands_changed()).await.is_some() {
            demands_changed.iter().for_each(|bank| bank.notify_one());
        }
    });
    Banks(Arc::new(requests))
}

/// Runs a bank's task, and starts it again when it fails.
async fn keep_running<E: BankEvents>(resources: task::Resources<E>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // A tokio task of its own each time, so that a panic ends only that.
        let task = task::Task::new(resources.clone());
        match tokio::spawn(task.run(stop.clone()).in_current_span()).await {
            Ok(()) if stop.is_cancelled() => return,
            _ => error!(event = "bank_task_failed", "the bank's task failed; restarting it"),
        }
        resources.events.bank_gone(&resources.ports.config.name);
        tokio::time::sleep(RESTART_PAUSE).await;
    }
}
