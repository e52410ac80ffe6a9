//! `serve` and `check`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::print;
use crate::daemon::config::{Config, ConfigError};
use crate::daemon::{Daemon, check, edge, logging};

/// Runs the daemon until SIGTERM or SIGINT.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _logging = logging::start(&config.log)?;
    for what in &config.without_effect {
        tracing::warn!(event = "without_effect", what, "configured, but without effect in this version");
    }
    let mut stop = StopSignals::listen()?;
    let daemon = Daemon::start(&config, edge::clock(), edge::entropy()).await?;
    let address = daemon.address();
    tracing::info!(event = "started", %address, socket = %config.socket.display(), "serving");
    // Only systemd hears this; elsewhere nobody listens.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    stop.wait().await;
    tracing::info!(event = "stopping", "stopping");
    daemon.stop().await;
    tracing::info!(event = "stopped", "stopped");
    Ok(ExitCode::SUCCESS)
}

/// SIGTERM, SIGINT, and SIGHUP, which a terminal sends when it is closed.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl StopSignals {
    /// Listens from now on.
    pub(super) fn listen() -> anyhow::Result<StopSignals> {
        let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
        Ok(StopSignals { terminate, interrupt, hangup })
    }

    /// Returns at the first of them.
    pub(super) async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Tells every fault of a configuration, and what on this machine does not fit it.
pub(super) fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::load(path)?;
    for what in &config.without_effect {
        eprintln!("{}: {what} is right, but without effect in this version", path.display());
    }
    let profiles = check::profile_files(&config);
    for fault in &profiles {
        eprintln!("{fault}");
    }
    let faults = check::machine_faults(&config);
    if !faults.is_empty() {
        return Err(ConfigError { path: path.to_owned(), faults: Ok(faults) }.into());
    }
    anyhow::ensure!(profiles.is_empty(), "{} of the operator's own profiles cannot be used", profiles.len());
    print::line(&format!("{}: no faults", path.display()))?;
    Ok(ExitCode::SUCCESS)
}
