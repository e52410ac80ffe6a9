//! Checks whether each part of the daemon still works. As long as all do, systemd's watchdog is
//! notified.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::domain::PortName;
use crate::driver;
use crate::store::{Store, StoreError};

/// A port is stuck when its loop has not run an iteration for this long. It runs at least one a
/// minute, except while a slow command of the operator is carried out.
const STUCK_AFTER: Duration = Duration::from_secs(300);

/// The parts that are checked, and what the last check found.
pub struct Liveness {
    /// The database, and the address of the customers' API: a site has neither.
    business: Option<(Store, SocketAddr)>,
    driver: driver::Handle,
    /// For each port, how many iterations its loop had run at the last check, and for how long that
    /// number has not changed.
    turns: HashMap<PortName, (u64, Duration)>,
}

impl Liveness {
    pub(super) fn new(store: Store, customers: SocketAddr, driver: driver::Handle) -> Liveness {
        Liveness { business: Some((store, customers)), driver, turns: HashMap::new() }
    }

    pub(super) fn of_site(driver: driver::Handle) -> Liveness {
        Liveness { business: None, driver, turns: HashMap::new() }
    }

    /// Checks all parts once. `period` is the time between two checks, and also how long each part
    /// may take to answer.
    ///
    /// # Errors
    /// The part that does not answer, in words.
    pub async fn check(&mut self, period: Duration) -> Result<(), String> {
        if let Some((store, customers)) = &self.business {
            let silent = unresponsive(store, *customers, period).await;
            if let Some(fault) = silent.into_iter().next() {
                return Err(fault);
            }
        }
        let turns = self.driver.loop_turns();
        match stuck_port(&mut self.turns, turns, period) {
            Some(port) => Err(format!("the task of {port} is stuck")),
            None => Ok(()),
        }
    }
}

/// Which of the database's writer and the customers' API do not answer in time. An error is an
/// answer too: a restart would not help against a full disk, for example.
pub(super) async fn unresponsive(
    store: &Store,
    customers: SocketAddr,
    timeout: Duration,
) -> Vec<String> {
    let mut faults = Vec::new();
    let writer = store.write(|_| Ok::<(), StoreError>(()));
    if matches!(tokio::time::timeout(timeout, writer).await, Err(_) | Ok(Err(StoreError::Gone))) {
        faults.push("the database's writer does not answer".to_owned());
    }
    if !matches!(tokio::time::timeout(timeout, request(customers)).await, Ok(Ok(()))) {
        faults.push(format!("the customers' API does not answer on {customers}"));
    }
    faults
}

/// The first port whose loop has not run an iteration for too long.
fn stuck_port(
    known: &mut HashMap<PortName, (u64, Duration)>,
    now: Vec<(PortName, u64)>,
    period: Duration,
) -> Option<PortName> {
    let mut next = HashMap::with_capacity(now.len());
    let mut found = None;
    for (port, turns) in now {
        let unchanged = known.get(&port).filter(|(before, _)| *before == turns);
        let unchanged_for = unchanged.map_or(Duration::ZERO, |(_, so_far)| *so_far + period);
        if unchanged_for >= STUCK_AFTER && found.is_none() {
            found = Some(port.clone());
        }
        next.insert(port, (turns, unchanged_for));
    }
    *known = next;
    found
}

/// Sends the API a request and waits for the beginning of the answer.
async fn request(mut address: SocketAddr) -> std::io::Result<()> {
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
    fn a_port_is_stuck_when_its_loop_has_run_no_iteration_for_five_minutes() {
        let mut known = HashMap::new();
        let mut check = |a, b| {
            let port = PortName::from_stored;
            let now = vec![(port("a"), a), (port("b"), b)];
            stuck_port(&mut known, now, Duration::from_secs(100))
        };
        assert_eq!([check(1, 1), check(2, 1), check(3, 1)], [None, None, None]);
        assert_eq!(check(4, 1), Some(PortName::from_stored("b")));
        assert_eq!(check(4, 2), None);
    }
}
