//! Runs SIM banks. A task for each bank carries out the actions of its state machine
//! ([`crate::bank`]): it asks the rest of the daemon, takes the radios off the air and back, and
//! has the bank switch SIMs over its control line (`control`), by a command of the module, or by a
//! program of the operator.

mod actions;
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

use super::{Handle, HostError, Port, PortOptions, PortPattern, Ports};
use crate::bank::BankConfig;
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord};
use crate::domain::{Iccid, PortName, Timestamp};

/// The pause before a bank's task is started again after it failed.
const RESTART_PAUSE: Duration = Duration::from_secs(5);

/// The rest of the daemon, as the tasks of the banks see it. Calls without an answer must not
/// block.
pub trait BankEvents: Send + Sync + 'static {
    /// The current time of the wall clock.
    fn now(&self) -> Timestamp;

    /// Takes the report of a bank, on every change and at regular intervals.
    fn on_bank_report(&self, report: BankReport);

    /// The task of a bank has stopped, so its last report no longer holds.
    fn on_bank_gone(&self, bank: &str);

    /// Reads what is stored about the slots of a bank.
    fn read_slots(
        &self,
        bank: &str,
    ) -> impl Future<Output = Result<Vec<SlotRecord>, HostError>> + Send;

    /// Stores what is known about a slot.
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

    /// Says for which purposes each of these SIMs is needed.
    fn read_demands(
        &self,
        sims: Vec<Iccid>,
    ) -> impl Future<Output = Result<Vec<SlotDemand>, HostError>> + Send;

    /// Returns when what [`BankEvents::read_demands`] answers may have changed.
    fn demands_changed(&self) -> impl Future<Output = ()> + Send;

    /// Asks whether a SIM may go off the air. Once this has answered yes, the SIM is given to no
    /// customer until [`BankEvents::reclaim`].
    fn release(&self, iccid: &Iccid) -> impl Future<Output = Result<bool, HostError>> + Send;

    /// A released SIM is on the air again, or has never left it, so it can be given to customers.
    fn reclaim(&self, iccid: &Iccid);
}

/// The configuration of a bank, and how the ports of its radios are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankPorts {
    pub config: BankConfig,
    /// The path of the control line, if the adapter is `serial`.
    pub control: Option<PathBuf>,
    /// The operator's program with its arguments, if the adapter is `command`. `{radio}`, `{slot}`,
    /// `{port}` and `{bank}` are filled in; radios and slots are counted as the profile says.
    pub command: Vec<String>,
    /// The speed of the radios' ports in bits per second.
    pub baud: u32,
    /// How the radios' modems are treated.
    pub options: PortOptions,
}

impl BankPorts {
    /// The ports of the radios.
    pub fn ports(&self) -> Vec<Ports> {
        let ports = self.config.radios.iter().map(|radio| Ports {
            pattern: PortPattern { port: Port::of_name(radio), baud: self.baud },
            options: self.options.clone(),
        });
        ports.collect()
    }

    /// The port of a radio, which is counted from 0.
    fn port(&self, radio: usize) -> Option<&PortName> {
        self.config.radios.get(radio)
    }
}

/// An operator's request to connect a slot to a radio.
#[derive(Debug)]
pub(crate) struct SwitchByHand {
    /// The radio's port, or its number from 1.
    radio: String,
    slot: u32,
    reply: oneshot::Sender<Result<String, String>>,
}

/// Gives operators access to the running banks.
#[derive(Clone, Debug, Default)]
pub struct Banks(Arc<HashMap<String, mpsc::Sender<SwitchByHand>>>);

impl Banks {
    /// Connects a slot to a radio, which is named by its port or by its number from 1.
    ///
    /// # Errors
    /// There is no such bank, radio or slot, or the bank refuses; the error says why.
    pub async fn switch(&self, bank: &str, radio: &str, slot: u32) -> Result<String, String> {
        let known = || self.0.keys().cloned().collect::<Vec<_>>().join(", ");
        let requests = self
            .0
            .get(bank)
            .ok_or_else(|| format!("there is no bank {bank}; there are: {}", known()))?;
        let (reply, answer) = oneshot::channel();
        let not_served = || "the bank is not being served at the moment".to_owned();
        let request = SwitchByHand { radio: radio.to_owned(), slot, reply };
        requests.send(request).await.map_err(|_| not_served())?;
        answer.await.unwrap_or_else(|_| Err(not_served()))
    }
}

/// Runs the tasks of banks until `stop`. The driver has to serve the ports of their radios.
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

/// Runs the task of a bank, and starts it again when it fails.
async fn keep_running<E: BankEvents>(resources: task::Resources<E>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        // Each run is a tokio task of its own, so that a panic ends only that.
        let task = task::Task::new(resources.clone());
        match tokio::spawn(task.run(stop.clone()).in_current_span()).await {
            Ok(()) if stop.is_cancelled() => return,
            _ => error!(event = "bank_task_failed", "the bank's task failed; restarting it"),
        }
        resources.events.on_bank_gone(&resources.ports.config.name);
        tokio::time::sleep(RESTART_PAUSE).await;
    }
}
