//! A rack: the modems and banks of a network, each on a PTY in one folder, with the control socket
//! beside them.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::control;
use super::error::SimulatorError;
use super::exclusive::Closes;
use super::fault_schedule::FaultSchedule;
use super::modem_slot::Port;
use super::network::{Clock, Network, plain_name};
use super::port::{End, pump};
use super::pty::Pty;
use super::scenario::Scenario;

/// The configuration of a rack.
pub struct RackConfig {
    /// The folder for the ports and the control socket, which is created if necessary.
    pub dir: PathBuf,
    /// The smallest number of modems; there are more when the scenario has more.
    pub modems: usize,
    /// The time of day, for time stamps of messages.
    pub clock: Clock,
    /// Describes the modems; what it leaves out is made up.
    pub scenario: Option<Scenario>,
}

/// A running rack. Dropping it stops it too, without waiting for the end.
pub struct Rack {
    network: Network,
    ports: Vec<PathBuf>,
    bank_ports: Vec<PathBuf>,
    tasks: TaskTracker,
    stopping: DropGuard,
}

impl Rack {
    /// Opens the PTYs, links them as `DIR/modem000` …, `DIR/bank0` …, and starts serving them on
    /// the current tokio runtime.
    ///
    /// # Errors
    /// The folder or a PTY cannot be made, or another simulator runs in the folder.
    pub fn start(config: RackConfig) -> Result<Rack, SimulatorError> {
        let RackConfig { dir, modems, clock, scenario } = config;
        raise_file_limit();
        fs::create_dir_all(&dir)
            .map_err(SimulatorError::io(format!("cannot make {}", dir.display())))?;
        let scenario = scenario.unwrap_or_default().with_modems(modems);
        let network = Network::new(&scenario, clock)?;
        let token = CancellationToken::new();
        let socket = control::Socket::bind(&dir)?;
        let shelf = Arc::new(Shelf { dir, closes: closes() });
        let ptys = (0..network.modems())
            .map(|place| shelf.open(shelf.link(place)))
            .collect::<Result<Vec<_>, _>>()?;
        let bank_ports = shelf.bank_links(&network)?;
        let bank_ptys = bank_ports
            .iter()
            .map(|link| shelf.open(link.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        let ports = (0..ptys.len()).map(|place| shelf.link(place)).collect();
        let tasks = TaskTracker::new();
        tasks.spawn(socket.serve(network.clone(), token.clone()));
        tasks.spawn(watch_closes(network.clone(), shelf.clone(), token.clone()));
        for (place, pty) in ptys.into_iter().enumerate() {
            tasks.spawn(serve(network.clone(), shelf.clone(), place, pty, token.clone()));
        }
        for (number, pty) in bank_ptys.into_iter().enumerate() {
            let network = network.clone();
            tasks.spawn(token.clone().run_until_cancelled_owned(async move {
                pump(&network, End::Bank(number), pty).await;
            }));
        }
        if let Some(keys) = scenario.plan() {
            let plan = FaultSchedule::new(&network, keys.seed, keys.minutes).play(network.clone());
            tasks.spawn(token.clone().run_until_cancelled_owned(plan));
        }
        tasks.close();
        Ok(Rack { network, ports, bank_ports, tasks, stopping: token.drop_guard() })
    }

    /// The network behind the modems.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The links to the ports, in the modems' order.
    pub fn ports(&self) -> &[PathBuf] {
        &self.ports
    }

    /// The links to the banks' control ports, in the banks' order.
    pub fn bank_ports(&self) -> &[PathBuf] {
        &self.bank_ports
    }

    /// Closes the PTYs, and removes the links and the socket.
    pub async fn stop(self) {
        drop(self.stopping);
        self.tasks.wait().await;
    }
}

/// The folder of the ports.
struct Shelf {
    dir: PathBuf,
    closes: Option<Closes>,
}

impl Shelf {
    fn link(&self, place: usize) -> PathBuf {
        self.dir.join(format!("modem{place:03}"))
    }

    /// The links of the banks. Their names must be valid and different from each other.
    fn bank_links(&self, network: &Network) -> Result<Vec<PathBuf>, SimulatorError> {
        let mut taken: Vec<PathBuf> = (0..network.modems()).map(|place| self.link(place)).collect();
        taken.push(self.dir.join(control::SOCKET));
        let mut links = Vec::new();
        for bank in network.bank_stats() {
            let link = self.dir.join(plain_name(&bank.name)?);
            if taken.contains(&link) {
                return Err(SimulatorError::Scenario(format!(
                    "the name `{}` is taken by another port",
                    bank.name
                )));
            }
            taken.push(link.clone());
            links.push(link);
        }
        Ok(links)
    }

    fn open(&self, link: PathBuf) -> Result<Pty, SimulatorError> {
        Pty::open(&link, self.closes.as_ref()).map_err(SimulatorError::io(format!(
            "cannot open a pseudo terminal for {}",
            link.display()
        )))
    }
}

fn closes() -> Option<Closes> {
    Closes::watch()
        .inspect_err(|error| {
            tracing::warn!(
                event = "simulator_port_claimed", %error,
                "a port that a killed program had claimed stays claimed"
            );
        })
        .ok()
}

async fn watch_closes(network: Network, shelf: Arc<Shelf>, stop: CancellationToken) {
    if let Some(closes) = &shelf.closes {
        stop.run_until_cancelled(closes.serve(|| network.announce())).await;
    }
}

/// Raises the limit of open files. Each modem needs two descriptors, so the usual soft limit of
/// 1024 allows some 500 modems. A failure is ignored, because fewer modems still work.
fn raise_file_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// Serves the port of a modem from the start of the rack to its stop. In between the port may
/// vanish and come back.
async fn serve(
    network: Network,
    shelf: Arc<Shelf>,
    place: usize,
    pty: Pty,
    stop: CancellationToken,
) {
    let Some(modem_slot) = network.modem_slot(place) else { return };
    let mut port = modem_slot.port.subscribe();
    let mut pty = Some(pty);
    loop {
        if let Some(pty) = pty.take() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = pump(&network, End::Modem(place), pty) => {}
                _ = port.wait_for(|port| *port != Port::Present) => {}
            }
        }
        network.announce();
        tokio::select! {
            () = stop.cancelled() => return,
            () = until_present(&modem_slot.port, &mut port) => {}
        }
        network.power_cycle(place);
        let link = modem_slot.name().map_or_else(|| shelf.link(place), |name| shelf.dir.join(name));
        match shelf.open(link) {
            Ok(opened) => {
                pty = Some(opened);
                network.announce();
            }
            Err(error) => {
                tracing::error!(event = "simulator_port_lost", %error, "a port did not come back");
                return;
            }
        }
    }
}

async fn until_present(sender: &watch::Sender<Port>, port: &mut watch::Receiver<Port>) {
    let now = *port.borrow_and_update();
    if let Port::Gone { back_after_ms: Some(back_after_ms) } = now {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(back_after_ms)) => {
                sender.send_replace(Port::Present);
            }
            _ = port.wait_for(|port| *port == Port::Present) => {}
        }
        return;
    }
    // The sender lives in the network, which outlives this task.
    let _ = port.wait_for(|port| *port == Port::Present).await;
}
