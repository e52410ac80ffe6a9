//! Whether the daemon lives (if not, starting it anew may help) and whether it is ready (if not, it
//! says what it waits for).

use std::time::Duration;

use super::Monitor;
use crate::daemon::liveness::silent;

/// What has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

impl Monitor {
    /// What does not answer any more.
    pub(super) async fn dead(&self) -> Vec<String> {
        match self.customers.get() {
            Some(address) => silent(&self.store, *address, PATIENCE).await,
            None => vec!["customers are not served yet".to_owned()],
        }
    }

    /// What is not as it should be for customers.
    pub(super) async fn unready(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let driver = self.driver.get().filter(|driver| driver.has_looked());
        match driver {
            None => faults.push("the ports have not been looked for yet".to_owned()),
            Some(driver) => {
                let modems = self.gateway.board().modems();
                let is_settled =
                    |port: &String| modems.iter().any(|modem| modem.port == *port && modem.settled);
                let unsettled = driver.ports().into_iter().filter(|port| !is_settled(port));
                faults.extend(unsettled.map(|port| format!("{port} is still in its first try")));
            }
        }
        match tokio::time::timeout(PATIENCE, self.store.touch()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => faults.push(error.to_string()),
            Err(_) => faults.push("the database takes long to write".to_owned()),
        }
        faults
    }
}
