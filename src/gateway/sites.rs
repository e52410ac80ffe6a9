//! Sites: their keys, and which of them are connected. What is at a site is known here as what is
//! at the centre is; only a site that says nothing makes a difference.

mod refusal;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::Error;
use super::background::Wakeups;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use super::topics::{Topic, Topics};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::latency::{Latency, RecentLatencies};
use crate::domain::{SiteName, Timestamp};
use crate::store::StoredSite;
pub use refusal::{RefusedSite, SiteRefusal};

/// A connection of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteLink {
    /// The version of simbridge that runs there.
    pub version: String,
    /// From where it has connected.
    pub address: SocketAddr,
}

/// A site as the operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteStatus {
    pub name: SiteName,
    /// When it was given its key.
    pub created_at: Timestamp,
    pub state: SiteState,
    /// Its connection, or its last one since the start.
    pub link: Option<SiteLink>,
    /// How many ports it has reported.
    pub ports: usize,
    /// At how many of them there is a modem whose SIM can be given out.
    pub ready: usize,
    /// How long its last questions took to be answered; `None` if it has asked none.
    pub latency: Option<Latency>,
    /// Who was last refused under its name since the start.
    pub refused: Option<RefusedSite>,
}

/// Whether a site is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SiteState {
    Connected {
        since: Timestamp,
    },
    /// It was connected at some time.
    Down {
        since: Timestamp,
    },
    /// It has never been connected.
    Never,
    /// Its key was revoked.
    Revoked {
        at: Timestamp,
    },
}

impl SiteState {
    /// The word that lists and JSON have for it.
    pub fn as_str(self) -> &'static str {
        match self {
            SiteState::Connected { .. } => "connected",
            SiteState::Down { .. } => "down",
            SiteState::Never => "never_connected",
            SiteState::Revoked { .. } => "revoked",
        }
    }

    /// Since when it is so; `None` if it has always been.
    pub fn since(self) -> Option<Timestamp> {
        match self {
            SiteState::Connected { since } | SiteState::Down { since } => Some(since),
            SiteState::Never => None,
            SiteState::Revoked { at } => Some(at),
        }
    }
}

/// A site, and what is known of it since the start.
struct Site {
    stored: StoredSite,
    /// Canceled when its key is revoked.
    revocation: CancellationToken,
    /// Since when it is connected, if it is.
    connected_since: Option<Timestamp>,
    link: Option<SiteLink>,
    latencies: RecentLatencies,
    refused: Option<RefusedSite>,
}

impl Site {
    fn new(stored: StoredSite) -> Site {
        Site {
            stored,
            revocation: CancellationToken::new(),
            connected_since: None,
            link: None,
            latencies: RecentLatencies::default(),
            refused: None,
        }
    }

    fn state(&self) -> SiteState {
        let StoredSite { revoked_at, last_seen_at, .. } = self.stored;
        match (revoked_at, self.connected_since, last_seen_at) {
            (Some(at), _, _) => SiteState::Revoked { at },
            (None, Some(since), _) => SiteState::Connected { since },
            (None, None, Some(since)) => SiteState::Down { since },
            (None, None, None) => SiteState::Never,
        }
    }
}

/// The sites whose daemons connect to this one.
pub struct Sites {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    wakeups: Arc<Wakeups>,
    topics: Arc<Topics>,
    known: Mutex<BTreeMap<SiteName, Site>>,
}

impl Sites {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        wakeups: Arc<Wakeups>,
        topics: Arc<Topics>,
        stored: Vec<StoredSite>,
    ) -> Sites {
        let known = stored.into_iter().map(|site| (site.name.clone(), Site::new(site))).collect();
        Sites { env, presence, wakeups, topics, known: Mutex::new(known) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SiteName, Site>> {
        self.known.lock()
    }

    /// Makes a key for a new site, or for one whose key was revoked. The key is answered this once:
    /// only its SHA-256 is kept.
    pub async fn add(self: &Arc<Self>, name: SiteName) -> Result<[u8; 32], Error> {
        let (now, key) = (self.env.now(), self.env.random_bytes()?);
        let (key_digest, sites) = (Sha256::digest(key).into(), Arc::clone(self));
        let added = self.env.store.write(move |tx| {
            let before = sites.lock().get(&name).map(|site| site.stored.clone());
            if before.as_ref().is_some_and(|site| site.revoked_at.is_none()) {
                return Err(Error::refused(format!(
                    "there is a site {name} already; to give it another key, revoke its key first"
                ))
                .in_shell(format!("`simbridge site revoke {name}` does")));
            }
            let last_seen_at = before.and_then(|site| site.last_seen_at);
            let site =
                StoredSite { name, key_digest, created_at: now, revoked_at: None, last_seen_at };
            tx.save_site(&site)?;
            tx.note(Actor::Operator, AuditAction::AddedKey, subject_of(&site.name), now)?;
            tx.after_commit(move || {
                sites.lock().insert(site.name.clone(), Site::new(site));
            });
            Ok(())
        });
        added.await.map(|()| key)
    }

    /// Revokes the key of a site: its connection ends, and it may not connect again.
    pub async fn revoke(self: &Arc<Self>, name: SiteName) -> Result<(), Error> {
        let (now, sites) = (self.env.now(), Arc::clone(self));
        let revoked = self.env.store.write(move |tx| {
            let Some(before) = sites.lock().get(&name).map(|site| site.stored.clone()) else {
                return Err(no_site(&name));
            };
            if before.revoked_at.is_some() {
                return Err(Error::refused(format!("the key of site {name} is revoked already")));
            }
            tx.save_site(&StoredSite { revoked_at: Some(now), ..before })?;
            tx.note(Actor::Operator, AuditAction::RevokedKey, subject_of(&name), now)?;
            tx.after_commit(move || {
                if let Some(site) = sites.lock().get_mut(&name) {
                    site.stored.revoked_at = Some(now);
                    site.revocation.cancel();
                }
            });
            Ok(())
        });
        revoked.await
    }

    /// Removes a site whose key was revoked, and what is known of its ports. What was received and
    /// sold there stays as it is.
    pub async fn remove(self: &Arc<Self>, name: SiteName) -> Result<(), Error> {
        let (now, sites) = (self.env.now(), Arc::clone(self));
        let removed = self.env.store.write(move |tx| {
            let Some(site) = sites.lock().get(&name).map(|site| site.stored.clone()) else {
                return Err(no_site(&name));
            };
            if site.revoked_at.is_none() {
                return Err(Error::refused(format!(
                    "the daemon of site {name} may still connect; revoke its key first"
                ))
                .in_shell(format!("`simbridge site revoke {name}` does")));
            }
            tx.delete_site(&name)?;
            tx.note(Actor::Operator, AuditAction::Removed, subject_of(&name), now)?;
            tx.after_commit(move || {
                sites.lock().remove(&name);
                sites.restarted(&name);
            });
            Ok(())
        });
        removed.await
    }

    /// Whether a site may connect with this key. What is answered is canceled as soon as the key is
    /// revoked: then the connection has to end.
    pub fn authenticate(
        &self,
        name: &SiteName,
        key: &[u8; 32],
    ) -> Result<CancellationToken, SiteRefusal> {
        let digest: [u8; 32] = Sha256::digest(key).into();
        let known = self.lock();
        let site = known.get(name).ok_or(SiteRefusal::Unknown)?;
        // How long the comparison takes tells something of the digests, and nothing of the key.
        match (site.stored.key_digest == digest, site.stored.revoked_at) {
            (false, _) => Err(SiteRefusal::WrongKey),
            (true, Some(_)) => Err(SiteRefusal::Revoked),
            (true, None) => Ok(site.revocation.clone()),
        }
    }

    fn status_of(&self, site: &Site, now: Timestamp) -> SiteStatus {
        let counts = self.presence.modems.counts_of(&site.stored.name, now);
        SiteStatus {
            name: site.stored.name.clone(),
            created_at: site.stored.created_at,
            state: site.state(),
            link: site.link.clone(),
            ports: counts.total,
            ready: counts.ready,
            latency: site.latencies.latency(),
            refused: site.refused,
        }
    }

    /// All sites by name, each with what is known of it.
    pub fn statuses(&self) -> Vec<SiteStatus> {
        let now = self.env.now();
        self.lock().values().map(|site| self.status_of(site, now)).collect()
    }

    /// What is known of one site.
    pub fn find(&self, name: &SiteName) -> Result<SiteStatus, Error> {
        let now = self.env.now();
        let known = self.lock();
        known.get(name).map(|site| self.status_of(site, now)).ok_or_else(|| no_site(name))
    }

    /// Whether a site is connected.
    pub fn is_connected(&self, name: &SiteName) -> bool {
        self.lock().get(name).is_some_and(|site| site.connected_since.is_some())
    }

    /// Checks that a bank is not at a site of whose banks nothing is known now.
    pub fn check_site_of_bank(&self, bank: &str) -> Result<(), Error> {
        let Some((name, _)) = SiteName::of_bank(bank) else { return Ok(()) };
        match self.lock().get(&name) {
            Some(site) if site.connected_since.is_none() => Err(Error::refused(format!(
                "site {name} is not connected, so nothing is known of its banks now"
            ))
            .in_shell("`simbridge site list` shows since when")),
            _ => Ok(()),
        }
    }

    /// A site that was authenticated is connected. It reports its ports and banks next.
    pub fn connected(&self, name: &SiteName, link: SiteLink) -> Result<(), SiteRefusal> {
        let now = self.env.now();
        {
            let mut known = self.lock();
            let site = known.get_mut(name).filter(|site| site.connected_since.is_none());
            let site = site.ok_or(SiteRefusal::AlreadyConnected)?;
            site.connected_since = Some(now);
            site.link = Some(link);
            site.latencies = RecentLatencies::default();
        }
        self.presence.site_connected(name, now);
        self.note_seen(name, now);
        self.wakeups.deadlines_changed();
        Ok(())
    }

    /// The connection of a site has ended. Nothing is heard of its ports and banks any more.
    pub fn disconnected(&self, name: &SiteName) {
        let now = self.env.now();
        let was_connected =
            self.lock().get_mut(name).and_then(|site| site.connected_since.take()).is_some();
        if was_connected {
            self.note_seen(name, now);
            self.fell_silent(name);
        }
    }

    /// A site says nothing, whether it is connected or not. None of its SIMs is given out until it
    /// is heard again, but none is taken to be lost.
    pub fn fell_silent(&self, name: &SiteName) {
        let reported = self.presence.site_fell_silent(name, self.env.now());
        reported.announce(&self.wakeups, &self.topics);
        self.topics.raise(Topic::Banks);
        self.wakeups.deadlines_changed();
    }

    /// The daemon of a site has started anew since it was connected last, or is there no more.
    /// Nothing is known of its ports until it reports them.
    pub fn restarted(&self, name: &SiteName) {
        self.presence.site_restarted(name, self.env.now());
        self.topics.raise(Topic::Modems);
        self.wakeups.deadlines_changed();
    }

    /// Somebody was not let in under this name, which need not be that of a site.
    pub fn refused(&self, name: &SiteName, address: IpAddr, why: SiteRefusal) {
        let now = self.env.now();
        let mut known = self.lock();
        let Some(site) = known.get_mut(name) else { return };
        let refused = RefusedSite::after(site.refused, why, address, now);
        site.refused = Some(refused);
        drop(known);
        if refused.since == now {
            self.topics.raise(Topic::System);
        }
    }

    /// A question of a site was answered after so long.
    pub fn note_question(&self, name: &SiteName, took: Duration) {
        if let Some(site) = self.lock().get_mut(name) {
            site.latencies.note(took);
        }
    }

    /// A connection of a site has begun or ended. That is written when there is time.
    fn note_seen(&self, name: &SiteName, now: Timestamp) {
        if let Some(site) = self.lock().get_mut(name) {
            site.stored.last_seen_at = Some(now);
        }
        self.topics.raise(Topic::System);
        let (store, name) = (self.env.store.clone(), name.clone());
        tokio::spawn(async move {
            // When the database cannot be written, others tell.
            let _ = store.write(move |tx| tx.save_site_seen(&name, now)).await;
        });
    }

    /// The clock was set ahead: nothing has lasted longer for that.
    pub(super) fn clock_was_set(&self, ahead: Duration) {
        for site in self.lock().values_mut() {
            let times = [&mut site.connected_since, &mut site.stored.last_seen_at];
            let refused = site.refused.iter_mut().flat_map(|it| [&mut it.since, &mut it.at]);
            let times = times.into_iter().flatten().chain(refused);
            times.for_each(|at| *at = at.plus(ahead));
        }
    }
}

/// A site as the audit names it.
fn subject_of(name: &SiteName) -> String {
    format!("site {name}")
}

fn no_site(name: &SiteName) -> Error {
    Error::refused(format!("no site is called {name}")).in_shell("`simbridge site list` shows them")
}
