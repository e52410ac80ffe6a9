//! Whether the daemon is alive (if not, restarting it may help) and whether it is ready (if not,
//! what it waits for).

use std::time::Duration;

use super::Monitor;
use crate::daemon::liveness::unresponsive;
use crate::domain::PortName;

/// How long each part may take to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

impl Monitor {
    /// The parts that do not answer any more.
    pub(super) async fn find_dead_parts(&self) -> Vec<String> {
        match self.customers.get() {
            Some(address) => unresponsive(&self.store, *address, TIMEOUT).await,
            None => vec!["customers are not served yet".to_owned()],
        }
    }

    /// What keeps the daemon from serving customers well. A modem that does not become ready is no
    /// longer waited for after a while: the others serve.
    pub(super) async fn find_unready_parts(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let driver = self.driver.get().filter(|driver| driver.has_scanned());
        match driver {
            None => faults.push("the ports have not been looked for yet".to_owned()),
            Some(driver) => {
                let (modems, now) = (self.gateway.modems().modems(), self.gateway.now());
                let is_awaited = |port: &PortName| {
                    let modem = modems.iter().find(|modem| modem.snapshot.port == *port);
                    modem.is_none_or(|modem| modem.is_in_first_try(now))
                };
                let awaited = driver.ports().into_iter().filter(is_awaited);
                faults.extend(awaited.map(|port| format!("{port} has not finished starting")));
            }
        }
        match tokio::time::timeout(TIMEOUT, self.store.touch()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => faults.push(error.to_string()),
            Err(_) => faults.push("the database takes long to write".to_owned()),
        }
        faults
    }
}
