//! Whether the daemon lives (if not, starting it anew may help) and whether it is ready (if not, it says what it waits for).

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Watch;
use crate::store::StoreError;

/// What has not answered by then does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

impl Watch {
    /// What does not answer any more.
    pub(super) async fn dead(&self) -> Vec<String> {
        let writer = tokio::time::timeout(PATIENCE, self.store.write(|_| Ok::<_, StoreError>(())));
        let writer = match writer.await {
            // A database that cannot be written to is no reason to start anew.
            Ok(Ok(()) | Err(StoreError::Full | StoreError::Locked | StoreError::Moved | StoreError::Other(_))) => None,
            Ok(Err(error)) => Some(format!("the database's writer: {error}")),
            Err(_) => Some("the database's writer does not answer".to_owned()),
        };
        writer.into_iter().chain(self.deaf_api().await).collect()
    }

    async fn deaf_api(&self) -> Option<String> {
        let Some(address) = self.customers.get() else { return Some("customers are not served yet".to_owned()) };
        let asking = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"HEAD /healthz HTTP/1.1\r\nhost: simbridge\r\nconnection: close\r\n\r\n").await?;
            stream.read_u8().await
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(format!("the customers' API on {address}: {error}")),
            Err(_) => Some(format!("the customers' API on {address} does not answer")),
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
                let is_settled = |port: &String| modems.iter().any(|modem| modem.port == *port && modem.settled);
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
