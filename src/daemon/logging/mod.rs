//! The log: where its lines go and what they look like. Every line has an `event` from the list in
//! `events.rs`. Code that logs never waits for a line to be written (`queue.rs`).

mod events;
mod journal;
mod queue;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::OnceLock;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use super::config::{Log, LogFormat};
pub use events::EVENTS;
use journal::{Journal, SOCKET, Socket};
pub use queue::lost;
use queue::{Queue, Terminal};

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG: {0}")]
    Filter(String),
    /// The connection to journald failed.
    #[error("[log] format = \"journald\": {0}; use \"text\" where there is no journald")]
    Journald(std::io::Error),
    /// The thread that writes the log could not be started.
    #[error("logging cannot be started: {0}")]
    Thread(std::io::Error),
    /// Logging was already started in this process.
    #[error("logging was set up twice")]
    Twice,
}

/// The running log. When it is dropped, it waits until what was logged before is written, but no
/// longer than half a second.
pub struct Logging(Queue);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// The filter of the running log; not set when `RUST_LOG` decides.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Changes the level of the running log. Does nothing when `RUST_LOG` was set at the start, or when
/// there is no log.
pub fn set_level(level: &str) {
    if let (Some(filter), Ok(wanted)) = (FILTER.get(), EnvFilter::try_new(level)) {
        // This fails only when the log has ended, and then there is nothing to change.
        let _ = filter.reload(wanted);
    }
}

/// Starts logging to standard error or to journald. `RUST_LOG`, when set, overrides the configured
/// level.
pub fn start(log: &Log) -> Result<Logging, LogError> {
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(&log.level));
    let (filter, handle) =
        reload::Layer::new(filter.map_err(|error| LogError::Filter(error.to_string()))?);
    if wanted.is_none() {
        let _ = FILTER.set(handle);
    }
    let (queue, layer) = match log.format {
        LogFormat::Auto if is_journal_stream(std::env::var("JOURNAL_STREAM").ok().as_deref()) => {
            journald()?
        }
        LogFormat::Journald => journald()?,
        format => lines(format)?,
    };
    let subscriber = Registry::default().with(layer.with_filter(filter));
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    Ok(Logging(queue))
}

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

fn journald() -> Result<(Queue, Lines), LogError> {
    let socket = Socket::open(Path::new(SOCKET)).map_err(LogError::Journald)?;
    let queue = Queue::to(socket).map_err(LogError::Thread)?;
    Ok((queue.clone(), Journal(queue).boxed()))
}

fn lines(format: LogFormat) -> Result<(Queue, Lines), LogError> {
    let stderr = std::io::BufWriter::new(std::io::stderr());
    let is_terminal = std::io::stderr().is_terminal();
    let queue = if is_terminal { Queue::to(Terminal(stderr)) } else { Queue::to(stderr) };
    let queue = queue.map_err(LogError::Thread)?;
    let writer = queue.clone();
    let lines = fmt::layer().with_writer(move || writer.clone());
    let lines = match format {
        LogFormat::Json => lines.json().boxed(),
        _ => {
            let coloured =
                is_terminal && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            lines.with_ansi(coloured).with_target(false).boxed()
        }
    };
    Ok((queue, lines))
}

/// Whether standard error is connected to journald. systemd says in `JOURNAL_STREAM` which file
/// that would be, as `DEVICE:INODE`.
fn is_journal_stream(stream: Option<&str>) -> bool {
    let Some((device, inode)) = stream.and_then(|stream| stream.split_once(':')) else {
        return false;
    };
    let Ok(file) = rustix::fs::fstat(std::io::stderr()) else { return false };
    device == file.st_dev.to_string() && inode == file.st_ino.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn journald_is_used_only_when_standard_error_is_connected_to_it() {
        let own = rustix::fs::fstat(std::io::stderr()).unwrap();
        assert!(is_journal_stream(Some(&format!("{}:{}", own.st_dev, own.st_ino))));
        for other in [None, Some(""), Some("1"), Some("1:2"), Some("x:y")] {
            assert!(!is_journal_stream(other), "{other:?}");
        }
    }
}
