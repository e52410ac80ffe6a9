//! A host of the driver that records everything in memory.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use simbridge::domain::modem::{ModemSnapshot, ModemState, SimCard};
use simbridge::domain::{Iccid, ModemAtPort, ModemId, PortName};
use simbridge::driver::{HostError, ModemEvents};
use simbridge::modem::{MessageOwner, Received};
use tokio::sync::watch;

#[derive(Default)]
pub struct Kept {
    pub reports: HashMap<PortName, ModemSnapshot>,
    pub states: Vec<(PortName, ModemState)>,
    pub stored: Vec<Received>,
    pub emptied: Vec<Iccid>,
    /// The card that each modem had.
    pub cards: HashMap<ModemId, Iccid>,
}

pub struct Recorder {
    kept: Mutex<Kept>,
    changed: watch::Sender<u64>,
    pub refuse: AtomicBool,
    /// The host panics at the next report of this state.
    pub panic_at: Mutex<Option<ModemState>>,
}

impl Recorder {
    pub fn new() -> std::sync::Arc<Recorder> {
        std::sync::Arc::new(Recorder {
            kept: Mutex::default(),
            changed: watch::Sender::new(0),
            refuse: AtomicBool::new(false),
            panic_at: Mutex::new(None),
        })
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        let result = look(&mut self.kept.lock().unwrap());
        self.changed.send_modify(|count| *count += 1);
        result
    }

    /// Waits until the condition holds, checking it after each change; fails after twenty seconds.
    pub async fn until(&self, what: &str, so: impl Fn(&Kept) -> bool) {
        let mut changes = self.changed.subscribe();
        let waiting = async {
            while !so(&self.kept.lock().unwrap()) {
                changes.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(Duration::from_secs(20), waiting).await.is_err() {
            let kept = self.kept.lock().unwrap();
            panic!("not so: {what}\nreports {:#?}\nstates {:?}", kept.reports, kept.states);
        }
    }

    pub async fn until_state(&self, port: &str, state: &str) {
        let is = |kept: &Kept| {
            kept.reports.get(port).is_some_and(|report| report.state.as_str() == state)
        };
        self.until(&format!("{port} is {state}"), is).await;
    }
}

impl ModemEvents for Recorder {
    fn report(&self, snapshot: ModemSnapshot) {
        if self.panic_at.lock().unwrap().take_if(|state| *state == snapshot.state).is_some() {
            panic!("a test's own panic");
        }
        self.with(|kept| {
            kept.states.push((snapshot.port.clone(), snapshot.state));
            kept.reports.insert(snapshot.port.clone(), snapshot)
        });
    }

    fn on_port_removed(&self, port: &PortName) {
        self.with(|kept| kept.reports.remove(port));
    }

    async fn record_identity(
        &self,
        modem: &ModemAtPort,
        _others: &[PortName],
        sim: &SimCard,
    ) -> Result<MessageOwner, HostError> {
        let before = self.with(|kept| kept.cards.insert(modem.id.clone(), sim.iccid.clone()));
        Ok(MessageOwner::of_store(before.is_some_and(|before| before != sim.iccid)))
    }

    async fn record_emptied_store(
        &self,
        _modem: &ModemAtPort,
        iccid: &Iccid,
    ) -> Result<(), HostError> {
        self.with(|kept| kept.emptied.push(iccid.clone()));
        Ok(())
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        tokio::task::yield_now().await;
        if self.refuse.load(Ordering::SeqCst) {
            return Err(HostError::new("the disk is full"));
        }
        self.with(|kept| kept.stored.push(received));
        Ok(())
    }
}
