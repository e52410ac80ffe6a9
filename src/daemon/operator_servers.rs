//! The servers for operators and their programs: the admin socket, and the address for metrics.

use std::sync::Arc;

use axum::Router;

use super::config::Config;
use super::{StartError, system_sources};
use crate::http::{self, ConnectionLimits, Listening, RequestIds};

/// The maximum number of connections to the address for metrics.
const METRICS_CONNECTIONS: usize = 64;

/// Serves metrics and health on the address for them, if one is configured.
pub(super) fn serve_metrics(
    config: &Config,
    health: Router,
) -> Result<Option<Listening>, StartError> {
    let Some(address) = config.admin.metrics_listen else { return Ok(None) };
    let limits = ConnectionLimits::of_operator(METRICS_CONNECTIONS);
    let served = http::listen_tcp(address, move |_| http::route_all(health.clone()), limits);
    Ok(Some(served.map_err(|error| StartError::metrics(address, &error))?.1))
}

/// Serves commands on the admin socket.
pub(super) fn serve_commands(
    config: &Config,
    commands: Router,
    request_ids: Arc<RequestIds>,
) -> Result<Listening, StartError> {
    let socket = &config.admin.socket;
    let limits = ConnectionLimits::of_operator(system_sources::admin_connection_limit());
    let commands = http::with_request_spans(commands, request_ids);
    http::listen_unix(socket, commands, limits).map_err(|error| StartError::Admin {
        socket: socket.display().to_string(),
        reason: error.to_string(),
    })
}
