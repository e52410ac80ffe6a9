//! `serve`: runs the daemon.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;

use crate::daemon::config::Config;
use crate::daemon::{Daemon, Liveness, SiteDaemon, database, logging, system_sources};
use crate::gateway::BoxFuture;
use crate::store::StoreError;

/// How long systemd waits at most for the first attempt to reach the modem on every port.
const FIRST_TRIES: Duration = Duration::from_secs(60);

/// Runs the daemon until SIGTERM or SIGINT. On SIGHUP it reads its configuration again. When the
/// database is lost, which only one on a server can be, it ends as failed, so that systemd starts
/// it anew.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let _logging = logging::start(&config.log)?;
    system_sources::raise_limits();
    for what in &config.without_effect {
        tracing::warn!(
            event = "without_effect",
            what,
            "the configuration has a part without effect"
        );
    }
    let mut stop = StopSignals::listen()?;
    let Some(daemon) = start(&config, &mut stop).await? else {
        return Ok(ExitCode::SUCCESS);
    };
    tokio::spawn(announce(daemon.wait_for_first_tries(FIRST_TRIES)));
    let watchdog = sd_notify::watchdog_enabled();
    let feeding = watchdog.map(|limit| tokio::spawn(feed_watchdog(daemon.liveness(), limit / 3)));
    let mut lost = daemon.database_loss();
    let loss = loop {
        tokio::select! {
            sign = stop.next() => match sign {
                Sign::Hangup => daemon.reload().await,
                Sign::Stop => break None,
            },
            loss = &mut lost => break Some(loss),
        }
    };
    notify(sd_notify::NotifyState::Stopping);
    feeding.inspect(tokio::task::JoinHandle::abort);
    if let Some(error) = loss {
        tracing::error!(event = "database_lost", %error, "stopping, to be started anew");
        daemon.stop_without_database().await;
        return Ok(ExitCode::FAILURE);
    }
    tracing::info!(event = "stopping", "stopping");
    daemon.stop().await;
    tracing::info!(event = "stopped", "stopped");
    Ok(ExitCode::SUCCESS)
}

/// Starts what the configuration makes of this daemon; `None` if it was stopped while it stood by.
async fn start(config: &Config, stop: &mut StopSignals) -> anyhow::Result<Option<Running>> {
    let (clock, entropy) = (system_sources::clock(), system_sources::entropy());
    let socket = config.admin.socket.display();
    if let Some(site) = &config.site {
        let daemon = SiteDaemon::start(config, site, clock, entropy).await?;
        tracing::info!(event = "started", site = %site.name, %socket, "serving a central daemon");
        return Ok(Some(Running::Site(daemon)));
    }
    let (mut has_stood_by, mut feeding) = (false, None);
    let standing_by = || {
        has_stood_by = true;
        notify(sd_notify::NotifyState::Ready);
        feeding = sd_notify::watchdog_enabled()
            .map(|limit| AbortOnDropHandle::new(tokio::spawn(feed_standby(limit / 3))));
    };
    let opened = database::open(config, clock.now(), standing_by);
    let store = tokio::select! {
        store = opened => store?,
        () = stop.stopped() => {
            tracing::info!(event = "stopped", "stopped");
            return Ok(None);
        }
    };
    let changed = has_stood_by.then(|| read_again(config)).flatten();
    let config = changed.as_ref().unwrap_or(config);
    let daemon = Daemon::start(config, store, clock, entropy).await?;
    drop(feeding);
    let address = daemon.address();
    tracing::info!(event = "rental_sales", "{}", config.rentals_on_sale());
    tracing::info!(event = "started", %address, %socket, "serving");
    Ok(Some(Running::Whole(Box::new(daemon))))
}

/// The configuration as its file is now, after the daemon has stood by; `None` if that cannot be
/// used.
fn read_again(config: &Config) -> Option<Config> {
    let read = Config::load(config.file.as_deref()?);
    let failed = |error| {
        tracing::error!(event = "reload_failed", %error, "the configuration stays as it was");
    };
    read.map_err(failed).ok()
}

/// The daemon that runs.
enum Running {
    /// One with a database of its own.
    Whole(Box<Daemon>),
    Site(SiteDaemon),
}

impl Running {
    async fn reload(&self) {
        match self {
            Running::Whole(daemon) => daemon.reload().await,
            Running::Site(site) => site.reload().await,
        }
    }

    fn liveness(&self) -> Liveness {
        match self {
            Running::Whole(daemon) => daemon.liveness(),
            Running::Site(site) => site.liveness(),
        }
    }

    fn wait_for_first_tries(&self, timeout: Duration) -> BoxFuture<'static, bool> {
        match self {
            Running::Whole(daemon) => Box::pin(daemon.wait_for_first_tries(timeout)),
            Running::Site(site) => Box::pin(site.wait_for_first_tries(timeout)),
        }
    }

    fn database_loss(&self) -> BoxFuture<'static, StoreError> {
        match self {
            Running::Whole(daemon) => Box::pin(daemon.database_loss()),
            Running::Site(_) => Box::pin(std::future::pending()),
        }
    }

    async fn stop(self) {
        match self {
            Running::Whole(daemon) => daemon.stop().await,
            Running::Site(site) => site.stop().await,
        }
    }

    async fn stop_without_database(self) {
        match self {
            Running::Whole(daemon) => daemon.stop_without_database().await,
            Running::Site(site) => site.stop().await,
        }
    }
}

/// Notifies systemd. Without systemd, this does nothing.
fn notify(state: sd_notify::NotifyState<'_>) {
    let _ = sd_notify::notify(&[state]);
}

async fn announce(first_tries: impl Future<Output = bool>) {
    if first_tries.await {
        tracing::info!(event = "ready", "every port has been tried once");
    } else {
        tracing::warn!(
            event = "ready",
            "some ports have not been tried yet; `simbridge modem list` shows them"
        );
    }
    notify(sd_notify::NotifyState::Ready);
}

/// Feeds systemd's watchdog as long as the daemon works. When it does not, systemd restarts it.
async fn feed_watchdog(mut liveness: Liveness, period: Duration) {
    loop {
        match liveness.check(period).await {
            Ok(()) => notify(sd_notify::NotifyState::Watchdog),
            Err(why) => tracing::error!(
                event = "not_alive",
                why,
                "the daemon is stuck; the watchdog is not fed"
            ),
        }
        tokio::time::sleep(period).await;
    }
}

/// Feeds systemd's watchdog while the daemon stands by and has nothing that could be stuck.
async fn feed_standby(period: Duration) {
    loop {
        notify(sd_notify::NotifyState::Watchdog);
        tokio::time::sleep(period).await;
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Hangup,
}

/// SIGTERM, SIGINT and SIGHUP. A terminal that is closed sends SIGHUP, too.
pub(super) struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl StopSignals {
    /// Starts listening.
    pub(super) fn listen() -> anyhow::Result<StopSignals> {
        let terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
        let interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
        let hangup = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
        Ok(StopSignals { terminate, interrupt, hangup })
    }

    /// Waits for any of the signals.
    pub(super) async fn wait(&mut self) {
        self.next().await;
    }

    /// Waits until the daemon is to stop. One that stands by reads its configuration again when it
    /// leads, so that it has nothing to do when it is told to.
    async fn stopped(&mut self) {
        while self.next().await != Sign::Stop {}
    }

    /// Waits for the next signal and returns what it asks for.
    pub(super) async fn next(&mut self) -> Sign {
        tokio::select! {
            _ = self.terminate.recv() => Sign::Stop,
            _ = self.interrupt.recv() => Sign::Stop,
            _ = self.hangup.recv() => Sign::Hangup,
        }
    }
}
