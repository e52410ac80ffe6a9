//! Finds out from `/proc` which other programs have a port open, as far as this process may read
//! it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::processes::{Process, processes};
use crate::domain::modem::ModemReason;

/// How long the result of one scan of `/proc` is used for all ports that are opened.
const FRESH: Duration = Duration::from_millis(500);

/// A program that has a port open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub pid: u32,
    pub program: String,
    /// Whether the program also has the other end of a pseudo-terminal: then it plays the modem and
    /// is no rival for the port.
    has_master: bool,
}

impl From<Holder> for ModemReason {
    fn from(holder: Holder) -> ModemReason {
        ModemReason::HeldBy { program: holder.program, pid: holder.pid }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.program, self.pid)
    }
}

type HoldersByDevice = HashMap<PathBuf, Vec<Holder>>;

/// Shared by all ports of a driver.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holders(Arc<Mutex<Option<Scan>>>);

#[derive(Debug)]
struct Scan {
    scanned_at: Instant,
    found: Arc<HoldersByDevice>,
}

impl Holders {
    /// The first other program that has this device (its real path) open and is not the modem at
    /// its other end.
    pub async fn rival(&self, device: &Path) -> Option<Holder> {
        let pseudo = device.starts_with("/dev/pts");
        self.find(device, |holder| !(pseudo && holder.has_master)).await
    }

    /// The program that may have locked this device: a rival, or else the program that has its
    /// other end too.
    pub async fn locker(&self, device: &Path) -> Option<Holder> {
        match self.rival(device).await {
            Some(rival) => Some(rival),
            None => self.find(device, |_| true).await,
        }
    }

    async fn find(&self, device: &Path, wanted: impl Fn(&Holder) -> bool) -> Option<Holder> {
        let found = self.scan().await;
        let other = |holder: &&Holder| holder.pid != std::process::id() && wanted(holder);
        found.get(device)?.iter().find(other).cloned()
    }

    /// The result of the last scan while it is fresh, else of a new one.
    async fn scan(&self) -> Arc<HoldersByDevice> {
        let mut last = self.0.lock().await;
        if let Some(scan) = last.as_ref().filter(|scan| scan.scanned_at.elapsed() < FRESH) {
            return Arc::clone(&scan.found);
        }
        let found = Arc::new(tokio::task::spawn_blocking(scan_processes).await.unwrap_or_default());
        #[expect(
            clippy::disallowed_methods,
            reason = "the age of a scan of /proc; nothing else depends on it"
        )]
        let scanned_at = Instant::now();
        *last = Some(Scan { scanned_at, found: Arc::clone(&found) });
        found
    }
}

fn scan_processes() -> HoldersByDevice {
    let mut found = HoldersByDevice::new();
    for process in processes() {
        let devices = open_devices(&process);
        // The master of a pseudo-terminal alone says nothing about a port.
        if devices.iter().all(|device| is_master(device)) {
            continue;
        }
        let (pid, program) = (process.pid, process.program());
        let has_master = devices.iter().any(|device| is_master(device));
        for device in devices {
            let holders = found.entry(device).or_default();
            if holders.iter().all(|holder| holder.pid != pid) {
                holders.push(Holder { pid, program: program.clone(), has_master });
            }
        }
    }
    found
}

fn is_master(device: &Path) -> bool {
    device == Path::new("/dev/ptmx") || device == Path::new("/dev/pts/ptmx")
}

/// The devices that a process has open, without those that every program uses. There are none for a
/// process that has ended, or whose files this process may not see.
fn open_devices(process: &Process) -> Vec<PathBuf> {
    const COMMON: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"];
    let is_device =
        |name: &str| name.starts_with("/dev/") && COMMON.iter().all(|common| *common != name);
    let mut devices: Vec<PathBuf> =
        process.open_files().filter(|target| target.to_str().is_some_and(is_device)).collect();
    devices.dedup();
    devices
}
