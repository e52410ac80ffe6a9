//! Where log lines go and how they look.

use std::sync::OnceLock;

use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::config::{Log, LogFormat};

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG: {0}")]
    Filter(#[from] ParseError),
    /// No journald answers.
    #[error("[log] format = \"journald\": {0}; use \"text\" where there is no journald")]
    Journald(std::io::Error),
    /// Another log was set up in this process.
    #[error("logging was set up twice")]
    Twice,
}

/// The filter of the running log, unless `RUST_LOG` is.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Another level from now on. Nothing changes where `RUST_LOG` was set at the start, or there is no log.
pub fn set_level(level: &str) {
    if let (Some(filter), Ok(wanted)) = (FILTER.get(), EnvFilter::try_new(level)) {
        // Fails when the log is gone: then nobody reads it.
        let _ = filter.reload(wanted);
    }
}

/// Writes log lines from now on, to standard error or to journald. `RUST_LOG`, when set, goes before the level.
pub fn start(log: &Log) -> Result<(), LogError> {
    let environment = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(environment.as_ref().unwrap_or(&log.level))?);
    if environment.is_none() {
        let _ = FILTER.set(handle);
    }
    let lines = fmt::layer().with_writer(std::io::stderr).with_span_events(FmtSpan::NONE);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed()
        }
        LogFormat::Json => lines.json().boxed(),
        LogFormat::Journald => tracing_journald::layer().map_err(LogError::Journald)?.boxed(),
    };
    let subscriber = Registry::default().with(layer.with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)
}
