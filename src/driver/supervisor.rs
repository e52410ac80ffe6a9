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
use super::port::Port;
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
    served: HashMap<Port, Served>,
    /// Names of a device that is already served by another name.
    port_aliases: Vec<Port>,
    /// Tasks that were stopped because their port was removed or its settings changed, and that
    /// have not ended yet.
    stopping: HashMap<Id, Port>,
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
                    if let Some(port) = self.stopping.remove(&id) {
                        if self.forget_port(&port) {
                            self.rescan(hotplug.as_mut()).await;
                        }
                    } else if let Some((port, pause)) = self.on_task_panicked(id) {
                        restarts.spawn(async move { tokio::time::sleep(pause).await; port });
                    }
                }
                Some(Ok(port)) = restarts.join_next() => self.start(&port),
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

    /// Notes that a port's task ended without being stopped, so it panicked. Returns the port and
    /// the pause before it is started again.
    fn on_task_panicked(&mut self, id: Id) -> Option<(Port, Duration)> {
        let (port, served) = self.served.iter_mut().find(|(_, served)| served.task == Some(id))?;
        served.task = None;
        let pause = served.backoff.fail();
        error!(
            event = "modem_task_failed",
            %port,
            "the modem's task panicked; restarting it"
        );
        Some((port.clone(), pause))
    }

    /// Takes over the ports that are wanted from now on, and stops the tasks of those that are
    /// removed or have other settings.
    fn apply_wanted_ports(&mut self) {
        self.ports = self.wanted.borrow_and_update().clone();
        self.port_aliases.clear();
        let ports = &self.ports;
        let changed = self.served.extract_if(|port, served| {
            settings_of(ports, port)
                .is_none_or(|(baud, options)| *baud != served.baud || *options != served.options)
        });
        let mut without_task = Vec::new();
        for (port, served) in changed {
            served.stop.cancel();
            match served.task {
                Some(task) => drop(self.stopping.insert(task, port)),
                None => without_task.push(port),
            }
        }
        for port in without_task {
            self.forget_port(&port);
        }
    }

    /// Forgets a port whose task has been stopped. Returns whether it is still wanted, with other
    /// settings.
    fn forget_port(&self, port: &Port) -> bool {
        info!(
            event = "port_removed",
            %port,
            "the port was removed from the configuration, or its settings changed"
        );
        let name = port.name();
        self.records.remove(&name);
        self.host.on_port_removed(&name);
        settings_of(&self.ports, port).is_some()
    }

    /// Passes a request on to the task of its port.
    fn route(&self, port: &PortName, request: QueuedRequest) {
        let sender = self.served.get(&Port::of_name(port)).map(|served| &served.requests);
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
            let paths = found
                .iter()
                .map(|found| &found.port)
                .chain(self.ports.iter().map(|ports| &ports.pattern.port))
                .filter_map(Port::path);
            hotplug.watch(paths.map(fixed_folder));
        }
        let is_known = |port: &Port| {
            self.served.contains_key(port)
                || self.stopping.values().any(|stopping| stopping == port)
        };
        let new: Vec<FoundPort> =
            found.into_iter().filter(|found| !is_known(&found.port)).collect();
        if !new.is_empty() {
            self.add_new(new);
        }
        self.changed.notify_waiters();
    }

    /// Serves these ports, except for those that are other names of a device that is served.
    fn add_new(&mut self, new: Vec<FoundPort>) {
        let mut taken: HashSet<Port> = self.served.keys().filter_map(Port::device).collect();
        for FoundPort { port, baud, options } in new {
            if self.served.len() >= MAX_PORTS {
                return;
            }
            let device = port.device();
            if device.as_ref().is_some_and(|device| taken.contains(device)) {
                if !self.port_aliases.contains(&port) {
                    info!(
                        event = "modem_port_doubled",
                        %port,
                        "the device is already served by another path; ignoring this one"
                    );
                    self.port_aliases.push(port);
                }
                continue;
            }
            taken.extend(device);
            self.add(port, baud, options);
        }
    }

    fn add(&mut self, port: Port, baud: u32, options: PortOptions) {
        let (requests, _) = mpsc::channel(1);
        let backoff = Backoff::new(self.settings.first_pause, self.settings.longest_pause);
        let stop = self.stop.child_token();
        self.served
            .insert(port.clone(), Served { baud, options, requests, backoff, task: None, stop });
        self.start(&port);
    }

    fn start(&mut self, port: &Port) {
        let Some(served) = self.served.get_mut(port).filter(|served| served.task.is_none()) else {
            return;
        };
        let (sender, requests) = mpsc::channel(8);
        served.requests = sender;
        let task = PortTask {
            target: port.clone(),
            port: port.name(),
            baud: served.baud,
            options: served.options.clone(),
            hardware: self.hardware.clone(),
            records: self.records.clone(),
            record: self.records.open(&port.name()),
            named: self.ports.iter().any(|ports| ports.pattern.port == *port),
            settings: self.settings.clone(),
            host: Arc::clone(&self.host),
            holders: self.holders.clone(),
            changed: Arc::clone(&self.changed),
            requests,
            stop: served.stop.clone(),
        };
        let span = info_span!("modem", %port);
        served.task = Some(self.tasks.spawn(task.run().instrument(span)).id());
    }
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
    port: Port,
    baud: u32,
    options: PortOptions,
}

/// The text of a pattern that may stand for several ports.
fn glob_of(pattern: &Port) -> Option<&str> {
    pattern.path().filter(|_| pattern.is_glob())?.to_str()
}

/// The settings of a port: those of the first pattern that names it.
fn settings_of<'p>(ports: &'p [Ports], port: &Port) -> Option<(&'p u32, &'p PortOptions)> {
    // As the search itself does: a `*` matches no slash.
    let like_glob =
        glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
    let names = |pattern: &Port| {
        let glob = glob_of(pattern).and_then(|text| glob::Pattern::new(text).ok());
        glob.map_or(pattern == port, |glob| {
            port.path().is_some_and(|path| glob.matches_path_with(path, like_glob))
        })
    };
    ports
        .iter()
        .find(|ports| names(&ports.pattern.port))
        .map(|ports| (&ports.pattern.baud, &ports.options))
}

/// The deepest folder above a path or glob that has no wildcard in its own path.
fn fixed_folder(path: &Path) -> PathBuf {
    let is_glob = |folder: &Path| Port::from(folder.to_path_buf()).is_glob();
    let folder = path.ancestors().skip(1).find(|folder| !is_glob(folder));
    folder.map(Path::to_path_buf).unwrap_or_default()
}

/// The ports that the patterns name, in order. A plain path or address is one even if nothing is
/// there; a glob yields the paths that exist.
fn find_ports(ports: &[Ports]) -> Vec<FoundPort> {
    let (mut found, mut known) = (Vec::new(), HashSet::new());
    for Ports { pattern, options } in ports {
        let named: Vec<Port> = match glob_of(&pattern.port) {
            Some(text) => {
                glob::glob(text).into_iter().flatten().flatten().map(Port::Path).collect()
            }
            None => vec![pattern.port.clone()],
        };
        for port in named {
            if known.insert(port.clone()) {
                found.push(FoundPort { port, baud: pattern.baud, options: options.clone() });
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
    fn a_path_or_address_is_named_although_nothing_is_there_and_a_glob_only_what_is() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["modem1", "modem0", "other"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        std::os::unix::fs::symlink("modem1", folder.path().join("modem2")).unwrap();
        let ports = |port: Port| Ports::from(PortPattern { port, baud: 115_200 });
        let pattern = |name: &str| ports(folder.path().join(name).into());
        let remote = ports(Port::parse("tcp://127.0.0.1:7001").unwrap());
        let found = find_ports(&[pattern("absent"), remote, pattern("modem*"), pattern("modem1")]);
        let names: Vec<String> = found.iter().map(|found| found.port.to_string()).collect();
        let last: Vec<_> = names.iter().filter_map(|name| name.rsplit('/').next()).collect();
        assert_eq!(last, ["absent", "127.0.0.1:7001", "modem0", "modem1", "modem2"]);
    }
}
