//! SIM banks: a task for each carries out what its plan (`bank`) wants: it asks the host,
//! has the radios' sessions leave and come back, and has the bank switch, over its control line
//! (`control`), by the module's own command, or by a program of the operator's.

mod control;
mod task;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span};

use super::{Handle, ModemEvents, PortOptions, PortPattern, Ports};
use crate::bank::BankConfig;

/// Before a bank's task that failed is started anew.
const PAUSE: Duration = Duration::from_secs(5);

/// A bank, and how its radios' ports are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankPorts {
    /// The bank.
    pub config: BankConfig,
    /// Its control line, where its adapter is `serial`.
    pub control: Option<PathBuf>,
    /// The operator's program, where it is `command`: `{radio}`, `{slot}`, `{port}` and `{bank}`
    /// are filled in, counted as the profile says.
    pub command: Vec<String>,
    /// Bits per second of the radios' ports.
    pub baud: u32,
    /// How their modems are treated.
    pub options: PortOptions,
}

impl BankPorts {
    /// Its radios' ports.
    pub fn ports(&self) -> Vec<Ports> {
        let ports = self.config.radios.iter().map(|radio| Ports {
            pattern: PortPattern { path: radio.into(), baud: self.baud },
            options: self.options.clone(),
        });
        ports.collect()
    }
}

/// What an operator wants of a bank.
#[derive(Debug)]
pub(crate) struct ByHand {
    radio: String,
    slot: u32,
    reply: oneshot::Sender<Result<String, String>>,
}

/// The running banks, for whoever asks them.
#[derive(Clone, Debug, Default)]
pub struct Banks(Arc<HashMap<String, mpsc::Sender<ByHand>>>);

impl Banks {
    /// Has a slot put on a radio, which is its port, or its place from 1.
    ///
    /// # Errors
    /// There is no such bank, radio or slot, or it cannot be done.
    pub async fn switch(&self, bank: &str, radio: &str, slot: u32) -> Result<String, String> {
        let known = || self.0.keys().cloned().collect::<Vec<_>>().join(", ");
        let asked = self
            .0
            .get(bank)
            .ok_or_else(|| format!("there is no bank {bank}; there are: {}", known()))?;
        let (reply, answer) = oneshot::channel();
        let gone = || "the bank is not served now".to_owned();
        asked.send(ByHand { radio: radio.to_owned(), slot, reply }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

/// Serves banks whose radios' ports a driver serves, until `stop`.
pub fn start<H: ModemEvents>(
    banks: Vec<BankPorts>,
    driver: &Handle,
    host: &Arc<H>,
    stop: &CancellationToken,
) -> Banks {
    let mut asked = HashMap::new();
    let mut news = Vec::new();
    for bank in banks {
        let (sender, by_hand) = mpsc::channel(4);
        let by_hand = Arc::new(Mutex::new(by_hand));
        asked.insert(bank.config.name.clone(), sender);
        let changed = Arc::new(Notify::new());
        news.push(Arc::clone(&changed));
        let (driver, host, stop) = (driver.clone(), Arc::clone(host), stop.clone());
        let span = info_span!("bank", bank = %bank.config.name);
        let serving = async move {
            // A task of its own each time: what panics there ends there.
            while !stop.is_cancelled() {
                let task = task::Task::new(
                    bank.clone(),
                    driver.clone(),
                    Arc::clone(&host),
                    Arc::clone(&changed),
                    Arc::clone(&by_hand),
                );
                let running = tokio::spawn(task.run(stop.clone()).in_current_span());
                match running.await {
                    Ok(()) if stop.is_cancelled() => return,
                    _ => error!(
                        event = "bank_task_failed",
                        "the bank's task failed; it is started anew"
                    ),
                }
                host.bank_gone(&bank.config.name);
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::spawn(serving.instrument(span));
    }
    let (host, stop) = (Arc::clone(host), stop.clone());
    tokio::spawn(async move {
        // One listener for all banks: news is told once.
        while stop.run_until_cancelled(host.bank_news()).await.is_some() {
            news.iter().for_each(|bank| bank.notify_one());
        }
    });
    Banks(Arc::new(asked))
}
