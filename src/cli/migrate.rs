//! `migrate`: brings the schema of a database on a server up to date.

use std::process::ExitCode;

use anyhow::bail;

use super::print;
use crate::daemon::config::{Config, Database};
use crate::daemon::database;
use crate::store::postgres;

/// Upgrades the schema while no daemon uses the database.
pub(super) async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let Database::Server(server) = &config.database else {
        bail!("the database is a file: `simbridge serve` upgrades it by itself, after a copy");
    };
    let server = database::server(server, &config.cluster);
    let server = server.map_err(anyhow::Error::msg)?;
    // A session waits on a thread of its own.
    let upgrade = tokio::task::spawn_blocking(move || postgres::upgrade_schema(&server));
    let (from, to) = upgrade.await??;
    print::line(match from == to {
        true => format!("the schema has version {to} already"),
        false => format!("the schema was upgraded from version {from} to {to}"),
    })?;
    Ok(ExitCode::SUCCESS)
}
