//! Finds the ports and keeps one task running for each.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span, warn};

use super::backoff::Backoff;
use super::hardware::Hardware;
use super::holders::Holders;
use super::hotplug::HotplugWatcher;
use super::modem_events::ModemEvents;
use super::port_records::PortRecords;
use super::port_task::PortTask;
use super::{PortOptions, Ports, QueuedRequest, Settings};
use crate::domain::PortName;
use crate::domain::modem::RequestError;

/// The time between searches for ports when no folder is seen to change, in case a change went
/// unnoticed.
const RESCAN_INTERVAL: Duration = Duration::from_secs(60);
/// The pause between a change and the search for ports: a device that appears causes several
/// changes in quick succession (its node, its permissions, its links).
const SETTLE: Duration = Duration::from_millis(100);
/// The largest number of ports that are served. Others are ignored.
const MAX_PORTS: usize = 4096;

/// One port that is served.
struct Served {
    baud: u32,
    options: PortOptions,
    requests: mpsc::Sender<QueuedRequest>,
    /// The pauses before the task is started again after panics.
    backoff: Backoff,
    task: Option<Id>,
    stop: CancellationToken,
}

pub(crate) struct Supervisor<H> {
    ports: Vec<Ports>,
    /// The latest setting of `ports`, which is applied when it changes.
    wanted: watch::Receiver<Vec<Ports>>,
    /// Set once the ports have been searched for the first time.
    scanned: watch::Sender<bool>,
    settings: Settings,
    host: Arc<H>,
    stop: CancellationToken,
    hardware: Hardware,
    records: PortRecords,
    changed: Arc<Notify>,
    holders: Holders,
    served: HashMap<PathBuf, Served>,
    /// Paths to a device that is already served by another path.
    port_aliases: Vec<PathBuf>,
    /// Tasks that were stopped because their port was removed or its settings changed, and that
    /// have not ended yet.
    stopping: HashMap<Id, PathBuf>,
    tasks: JoinSet<()>,
}

impl<H: ModemEvents> Supervisor<H> {
    pub fn new(
        mut wanted: watch::Receiver<Vec<Ports>>,
        settings: Settings,
        host: Arc<H>,
        stop: CancellationToken,
        records: PortRecords,
        scanned: watch::Sender<bool>,
    ) -> Self {
        let ports = wanted.borrow_and_update().clone();
        Supervisor {
            ports,
            wanted,
            scanned,
            hardware: Hardware::new(settings.hardware.clone()),
            settings,
            records,
            host,
            stop,
            changed: Arc::new(Notify::new()),
            holders: Holders::default(),
            served: HashMap::new(),
            port_aliases: Vec::new(),
            stopping: HashMap::new(),
            tasks: JoinSet::new(),
        }
    }

    pub async fn run(mut self, mut requests: mpsc::Receiver<(PortName, QueuedRequest)>) {
        let mut hotplug = start_watching();
        let stop = self.stop.clone();
        let mut restarts = JoinSet::new();
        self.rescan(hotplug.as_mut()).await;
        self.scanned.send_replace(true);
        loop {
            tokio::select! {
                // The stop comes first, so that a task that ends because of it is not taken to
                // have panicked.
                biased;
                () = stop.cancelled() => break,
                () = wait_for_port_change(hotplug.as_mut()) => {
                    tokio::time::sleep(SETTLE).await;
                    self.rescan(hotplug.as_mut()).await;
                }
                Some(ended) = self.tasks.join_next_with_id() => {
                    let id = match ended { Ok((id, ())) => id, Err(error) => error.id() };
                    if let Some(path) = self.stopping.remove(&id) {
                        if self.forget_port(&path) {
                            self.rescan(hotplug.as_mut()).await;
                        }
                    } else if let Some((path, pause)) = self.on_task_panicked(id) {
                        restarts.spawn(async move { tokio::time::sleep(pause).await; path });
                    }
                }
                Some(Ok(path)) = restarts.join_next() => self.start(&path),
                Some((port, request)) = requests.recv() => self.route(&port, request),
                Ok(()) = self.wanted.changed() => {
                    self.apply_wanted_ports();
                    self.rescan(hotplug.as_mut()).await;
                }
            }
        }
        // The workers stop by the same token. `Driver::stop` aborts this task if one of them takes
        // too long.
        while self.tasks.join_next().await.is_some() {}
    }

    /// Notes that a port's task ended without being stopped, so it panicked. Returns its path and
    /// the pause before it is started again.
    fn on_task_panicked(&mut self, id: Id) -> Option<(PathBuf, Duration)> {
        let (path, served) = self.served.iter_mut().find(|(_, served)| served.task == Some(id))?;
        served.task = None;
        let pause = served.backoff.fail();
        error!(
            event = "modem_task_failed",
            port = %path.display(),
            "the modem's task panicked; restarting it"
        );
        Some((path.clone(), pause))
    }

    /// Takes over the ports that are wanted from now on, and stops the tasks of those that are
    /// removed or have other settings.
    fn apply_wanted_ports(&mut self) {
        self.ports = self.wanted.borrow_and_update().clone();
        self.port_aliases.clear();
        let ports = &self.ports;
        let changed = self.served.extract_if(|path, served| {
            settings_of(ports, path)
                .is_none_or(|(baud, options)| *baud != served.baud || *options != served.options)
        });
        let mut without_task = Vec::new();
        for (path, served) in changed {
            served.stop.cancel();
            match served.task {
                Some(task) => drop(self.stopping.insert(task, path)),
                None => without_task.push(path),
            }
        }
        for path in without_task {
            self.forget_port(&path);
        }
    }

    /// Forgets a port whose task has been stopped. Returns whether it is still wanted, with other
    /// settings.
    fn forget_port(&self, path: &Path) -> bool {
        info!(
            event = "port_removed",
            port = %path.display(),
            "the port was removed from the configuration, or its settings changed"
        );
        let port = port_name(path);
        self.records.remove(&port);
        self.host.on_port_removed(&port);
        settings_of(&self.ports, path).is_some()
    }

    /// Passes a request on to the task of its port.
    fn route(&self, port: &PortName, request: QueuedRequest) {
        let sender = self.served.get(Path::new(port.as_str())).map(|served| &served.requests);
        let (request, error) = match sender.map(|sender| sender.try_send(request)) {
            None | Some(Ok(())) => return,
            Some(Err(TrySendError::Full(request))) => (request, RequestError::TooMany),
            Some(Err(TrySendError::Closed(request))) => (request, RequestError::Gone),
        };
        // Whoever asked may no longer be waiting.
        let _ = request.reply.send(Err(error));
    }

    /// Searches the ports, starts a task for each that has none, and has all tasks check their
    /// ports.
    async fn rescan(&mut self, hotplug: Option<&mut HotplugWatcher>) {
        let ports = self.ports.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || find_ports(&ports)).await else {
            return;
        };
        if let Some(hotplug) = hotplug {
            let folders = found
                .iter()
                .map(|found| &found.path)
                .chain(self.ports.iter().map(|ports| &ports.pattern.path));
            hotplug.watch(folders.map(|path| fixed_folder(path)));
        }
        let is_known = |path: &PathBuf| {
            self.served.contains_key(path)
                || self.stopping.values().any(|stopping| stopping == path)
        };
        let new: Vec<FoundPort> =
            found.into_iter().filter(|found| !is_known(&found.path)).collect();
        if !new.is_empty() {
            self.add_new(new);
        }
        self.changed.notify_waiters();
    }

    /// Serves these ports, except for those that are other paths to a device that is served.
    fn add_new(&mut self, new: Vec<FoundPort>) {
        let mut taken: HashSet<PathBuf> =
            self.served.keys().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
        for FoundPort { path, baud, options } in new {
            if self.served.len() >= MAX_PORTS {
                return;
            }
            let device = std::fs::canonicalize(&path).ok();
            if device.as_ref().is_some_and(|device| taken.contains(device)) {
                if !self.port_aliases.contains(&path) {
                    info!(
                        event = "modem_port_doubled",
                        port = %path.display(),
                        "the device is already served by another path; ignoring this one"
                    );
                    self.port_aliases.push(path);
                }
                continue;
            }
            taken.extend(device);
            self.add(path, baud, options);
        }
    }

    fn add(&mut self, path: PathBuf, baud: u32, options: PortOptions) {
        let (requests, _) = mpsc::channel(1);
        let backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let stop = self.stop.child_token();
        self.served
            .insert(path.clone(), Served { baud, options, requests, backoff, task: None, stop });
        self.start(&path);
    }

    fn start(&mut self, path: &Path) {
        let Some(served) = self.served.get_mut(path).filter(|served| served.task.is_none()) else {
            return;
        };
        let (sender, requests) = mpsc::channel(8);
        served.requests = sender;
        let task = PortTask {
            path: path.to_owned(),
            baud: served.baud,
            options: served.options.clone(),
            hardware: self.hardware.clone(),
            records: self.records.clone(),
            record: self.records.open(&port_name(path)),
            port: port_name(path),
            named: self.ports.iter().any(|ports| ports.pattern.path == path),
            settings: self.settings.clone(),
            host: Arc::clone(&self.host),
            holders: self.holders.clone(),
            changed: Arc::clone(&self.changed),
            requests,
            stop: served.stop.clone(),
        };
        let span = info_span!("modem", port = %path.display());
        served.task = Some(self.tasks.spawn(task.run().instrument(span)).id());
    }
}

/// The name that a port has in reports, logs and requests: its path.
fn port_name(path: &Path) -> PortName {
    PortName::from_stored(path.to_string_lossy())
}

/// A watcher for the ports' folders, if the kernel has one left.
fn start_watching() -> Option<HotplugWatcher> {
    HotplugWatcher::new()
        .inspect_err(|error| {
            warn!(
                event = "ports_not_watched",
                %error,
                "the ports' folders cannot be watched; new ports are found within a minute"
            );
        })
        .ok()
}

/// Returns when the ports have to be searched again.
async fn wait_for_port_change(hotplug: Option<&mut HotplugWatcher>) {
    match hotplug {
        Some(hotplug) => tokio::select! {
            () = hotplug.changed() => {}
            () = tokio::time::sleep(RESCAN_INTERVAL) => {}
        },
        None => tokio::time::sleep(RESCAN_INTERVAL).await,
    }
}

/// A port that a pattern names.
struct FoundPort {
    path: PathBuf,
    baud: u32,
    options: PortOptions,
}

fn is_glob(path: &Path) -> bool {
    path.to_str().is_some_and(|text| text.contains(['*', '?', '[']))
}

/// The settings of a port: those of the first pattern that names its path.
fn settings_of<'p>(ports: &'p [Ports], path: &Path) -> Option<(&'p u32, &'p PortOptions)> {
    // As the search itself does: a `*` matches no slash.
    let like_glob =
        glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let names = |pattern: &Path| {
        let glob = pattern
            .to_str()
            .filter(|_| is_glob(pattern))
            .and_then(|text| glob::Pattern::new(text).ok());
        glob.map_or(pattern == path, |glob| glob.matches_path_with(path, like_glob))
    };
    ports
        .iter()
        .find(|ports| names(&ports.pattern.path))
        .map(|ports| (&ports.pattern.baud, &ports.options))
}

/// The deepest folder above a path or glob that has no wildcard in its own path.
fn fixed_folder(path: &Path) -> PathBuf {
    let folder = path.ancestors().skip(1).find(|folder| !is_glob(folder));
    folder.map(Path::to_path_buf).unwrap_or_default()
}

/// The ports that the patterns name, in order. A plain path is one even if nothing is there; a glob
/// yields the paths that exist.
fn find_ports(ports: &[Ports]) -> Vec<FoundPort> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for Ports { pattern, options } in ports {
        let paths = match pattern.path.to_str().filter(|_| is_glob(&pattern.path)) {
            Some(text) => glob::glob(text).into_iter().flatten().flatten().collect(),
            None => vec![pattern.path.clone()],
        };
        for path in paths {
            if known.insert(path.clone()) {
                found.push(FoundPort { path, baud: pattern.baud, options: options.clone() });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::PortPattern;
    use super::*;

    #[test]
    fn the_fixed_folder_of_paths_and_globs() {
        let table = [
            ("/dev/ttyUSB0", "/dev"),
            ("/dev/ttyUSB*", "/dev"),
            ("/run/*/modem?", "/run"),
            ("/dev/serial/by-path/*-port0", "/dev/serial/by-path"),
        ];
        for (path, folder) in table {
            assert_eq!(fixed_folder(Path::new(path)), Path::new(folder));
        }
    }

    #[test]
    fn a_plain_path_is_named_although_nothing_is_there_and_a_glob_only_what_is() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["modem1", "modem0", "other"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("modem1", folder.path().join("modem2")).unwrap();
        let pattern =
            |name: &str| Ports::from(PortPattern { path: folder.path().join(name), baud: 115_200 });
        let found = find_ports(&[pattern("absent"), pattern("modem*"), pattern("modem1")]);
        let names: Vec<_> =
            found.iter().map(|found| found.path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["absent", "modem0", "modem1", "modem2"]);
    }
}
