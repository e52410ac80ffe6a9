//! Looks up the addresses of names.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::domain::webhook::EndpointUrl;
use crate::domain::webhook::url::UrlHost;
use crate::gateway::BoxFuture;

/// How many names are looked up at a time to send something. A look-up occupies a thread until the
/// name servers have answered or were given up on; there are 512 threads, which reading the
/// database needs too.
const LOOKUPS: usize = 128;
/// How many names of new endpoints are looked up at a time. So whoever makes many with names that
/// take long keeps nothing from being sent.
const CHECKS: usize = 16;

/// Looks up names. The real one asks the system; tests answer as they like.
pub trait NameResolver: Send + Sync {
    /// The addresses of a name; none if it has none, or if that cannot be found out.
    fn resolve(&self, name: String) -> BoxFuture<'_, Vec<IpAddr>>;
}

/// Asks the system, and so its files, name servers and caches.
pub struct SystemResolver(Arc<Semaphore>);

impl SystemResolver {
    /// Makes the resolver of those who send events.
    pub fn for_sending() -> SystemResolver {
        SystemResolver(Arc::new(Semaphore::new(LOOKUPS)))
    }

    /// Makes the resolver by which new endpoints are checked.
    pub(in crate::gateway) fn for_checks() -> SystemResolver {
        SystemResolver(Arc::new(Semaphore::new(CHECKS)))
    }
}

impl NameResolver for SystemResolver {
    fn resolve(&self, name: String) -> BoxFuture<'_, Vec<IpAddr>> {
        let turns = Arc::clone(&self.0);
        Box::pin(async move {
            let Ok(turn) = turns.acquire_owned().await else { return Vec::new() };
            // A look-up cannot be broken off. It keeps its turn even if nobody waits for it.
            let looked_up = tokio::spawn(async move {
                let found = tokio::net::lookup_host((name, 0)).await;
                drop(turn);
                found.map_or_else(|_| Vec::new(), |found| found.map(|it| it.ip()).collect())
            });
            looked_up.await.unwrap_or_default()
        })
    }
}

/// The addresses and the port of an endpoint as they are now.
pub async fn addresses_of(resolver: &dyn NameResolver, url: &EndpointUrl) -> Vec<SocketAddr> {
    let addresses = match &url.host {
        UrlHost::Address(address) => vec![*address],
        UrlHost::Name(name) => resolver.resolve(name.clone()).await,
    };
    addresses.into_iter().map(|address| SocketAddr::new(address, url.port)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_so_many_names_are_looked_up_at_a_time() {
        let resolver = SystemResolver::for_checks();
        let turns = Arc::clone(&resolver.0).acquire_many_owned(CHECKS as u32).await.unwrap();
        let mut waiting = resolver.resolve("127.0.0.1".to_owned());
        tokio::select! {
            biased;
            found = &mut waiting => panic!("{found:?} without a turn"),
            () = std::future::ready(()) => {}
        }
        drop(turns);
        assert_eq!(waiting.await, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
    }
}
