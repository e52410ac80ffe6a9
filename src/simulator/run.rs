//! `simbridge simulate`: runs a rack until it is stopped.

use std::fs;
use std::io::{self, Write};

use tokio::signal::unix::{SignalKind, signal};

use super::error::SimulatorError;
use super::rack::{Rack, RackConfig};

/// Runs a rack until Ctrl-C or SIGTERM, and writes to `out` where the ports are.
///
/// # Errors
/// [`Rack::start`] fails, or `out` cannot be written.
pub async fn simulate(config: RackConfig, out: &mut impl Write) -> Result<(), SimulatorError> {
    let dir = config.dir.clone();
    let mut terminated = signal(SignalKind::terminate())
        .map_err(SimulatorError::io("cannot listen for SIGTERM".to_owned()))?;
    let rack = Rack::start(config)?;
    announce(&rack, out)
        .map_err(SimulatorError::io(format!("cannot say what runs in {}", dir.display())))?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated.recv() => {}
    }
    rack.stop().await;
    Ok(())
}

fn announce(rack: &Rack, out: &mut impl Write) -> io::Result<()> {
    for (port, stats) in rack.ports().iter().zip(rack.network().stats()) {
        let device = fs::read_link(port)?;
        let number = stats.number.as_deref().unwrap_or("no SIM");
        writeln!(out, "{}  {number}  {}", port.display(), device.display())?;
    }
    for (port, bank) in rack.bank_ports().iter().zip(rack.network().bank_stats()) {
        let device = fs::read_link(port)?;
        let (radios, slots) = (bank.radios.len(), bank.slots);
        writeln!(
            out,
            "{}  SIM bank, {radios} radios, {slots} slots  {}",
            port.display(),
            device.display()
        )?;
    }
    writeln!(out, "{} modems; stop with Ctrl-C", rack.ports().len())?;
    out.flush()
}
