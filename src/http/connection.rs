//! A customer's connection: where it comes from, and whose it is.

use std::net::{IpAddr, SocketAddr};

use parking_lot::Mutex;

use super::params::peer_of;
use super::shares::{Share, Shares};

/// What is known of a connection. It counts for the key of its last request that had a valid one,
/// because a reverse proxy sends the requests of many customers over the same connection. As a
/// connection has one request at a time, this also bounds how many long polls a key has.
#[derive(Debug)]
pub(super) struct ClientConnection {
    /// The address at its other end, which may be a proxy's.
    pub(super) peer: IpAddr,
    key: Mutex<Option<Share<[u8; 32]>>>,
}

impl ClientConnection {
    pub(super) fn new(peer: SocketAddr) -> ClientConnection {
        ClientConnection { peer: peer_of(peer), key: Mutex::default() }
    }

    /// Counts it for this key from now on. Returns whether the key may have another connection:
    /// at most `limit`, where 0 limits nothing.
    pub(super) fn count_for(
        &self,
        key: [u8; 32],
        connections: &Shares<[u8; 32]>,
        limit: u32,
    ) -> bool {
        let mut counted = self.key.lock();
        if counted.as_ref().is_some_and(|share| *share.holder() == key) {
            return true;
        }
        let limit = match usize::try_from(limit) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(limit) => limit,
        };
        let share = connections.take(key, 1, limit);
        let may_have_it = share.is_some();
        *counted = share;
        may_have_it
    }

    /// The key that it counts for, by the key's SHA-256.
    pub(super) fn key(&self) -> Option<[u8; 32]> {
        self.key.lock().as_ref().map(|share| *share.holder())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_for_the_key_of_its_last_request() {
        let connection = || ClientConnection::new(SocketAddr::from(([192, 0, 2, 1], 4711)));
        let (first, second, connections) = (connection(), connection(), Shares::default());
        assert!(first.count_for([1; 32], &connections, 1));
        assert!(first.count_for([1; 32], &connections, 1), "its own place is not counted again");
        assert!(!second.count_for([1; 32], &connections, 1));
        assert_eq!(second.key(), None);
        assert!(first.count_for([2; 32], &connections, 1), "a proxy's next request");
        assert!(second.count_for([1; 32], &connections, 1));
        assert!(second.count_for([2; 32], &connections, 0), "0 limits nothing");
        drop(first);
        assert!(connection().count_for([1; 32], &connections, 1));
    }
}
