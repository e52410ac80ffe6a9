//! Whether the daemon still does its work, part by part: what systemd's watchdog is fed by.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::domain::PortName;
use crate::driver;
use crate::store::{Store, StoreError};

/// A port's loop turns at least once a minute, but for a command of the operator's that takes a
/// while.
const STUCK: Duration = Duration::from_secs(300);

/// Looks at the parts.
pub struct Liveness {
    pub(super) store: Store,
    pub(super) customers: SocketAddr,
    pub(super) driver: driver::Handle,
    /// How often each port's loop had turned, and for how long that has been so.
    pub(super) turns: HashMap<PortName, (u64, Duration)>,
}

impl Liveness {
    /// One look; `period` is the time from look to look, and how long each part may take to answer.
    ///
    /// # Errors
    /// Which part does not answer.
    pub async fn look(&mut self, period: Duration) -> Result<(), String> {
        if let Some(why) = silent(&self.store, self.customers, period).await.into_iter().next() {
            return Err(why);
        }
        let turns = self.driver.loop_turns();
        match stuck(&mut self.turns, turns, period) {
            Some(port) => Err(format!("the task of {port} is stuck")),
            None => Ok(()),
        }
    }
}

/// Which of the database's writer and the customers' API do not answer in time. Any answer will do:
/// a full disk is no reason to start anew.
pub(super) async fn silent(
    store: &Store,
    customers: SocketAddr,
    patience: Duration,
) -> Vec<String> {
    let mut faults = Vec::new();
    let writer = store.write(|_| Ok::<(), StoreError>(()));
    if matches!(tokio::time::timeout(patience, writer).await, Err(_) | Ok(Err(StoreError::Gone))) {
        faults.push("the database's writer does not answer".to_owned());
    }
    if !matches!(tokio::time::timeout(patience, answer(customers)).await, Ok(Ok(()))) {
        faults.push(format!("the customers' API does not answer on {customers}"));
    }
    faults
}

/// The first port whose loop has not turned for too long.
fn stuck(
    known: &mut HashMap<PortName, (u64, Duration)>,
    now: Vec<(PortName, u64)>,
    period: Duration,
) -> Option<PortName> {
    let mut next = HashMap::with_capacity(now.len());
    let mut found = None;
    for (port, turns) in now {
        let before = known.get(&port).filter(|(before, _)| *before == turns);
        let still = before.map_or(Duration::ZERO, |(_, still)| *still + period);
        if still >= STUCK && found.is_none() {
            found = Some(port.clone());
        }
        next.insert(port, (turns, still));
    }
    *known = next;
    found
}

/// Asks the API something; any answer is one.
async fn answer(mut address: SocketAddr) -> std::io::Result<()> {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: simbridge\r\nconnection: close\r\n\r\n").await?;
    stream.read_u8().await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_stuck_when_its_loop_has_not_turned_for_five_minutes() {
        let mut known = HashMap::new();
        let mut look = |a, b| {
            let port = PortName::from_stored;
            let now = vec![(port("a"), a), (port("b"), b)];
            stuck(&mut known, now, Duration::from_secs(100))
        };
        assert_eq!([look(1, 1), look(2, 1), look(3, 1)], [None, None, None]);
        assert_eq!(look(4, 1), Some(PortName::from_stored("b")));
        assert_eq!(look(4, 2), None);
    }
}
