//! Where log lines go and how they look. Every line has an `event` from the list in `events.rs`;
//! nobody waits for a line to be written (`queue.rs`).

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
use queue::Queue;
pub use queue::lost;

/// Why there can be no log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// `RUST_LOG` cannot be read.
    #[error("RUST_LOG: {0}")]
    Filter(String),
    /// No journald answers.
    #[error("[log] format = \"journald\": {0}; use \"text\" where there is no journald")]
    Journald(std::io::Error),
    /// No thread for the log.
    #[error("the log cannot be started: {0}")]
    Thread(std::io::Error),
    /// Another log was set up in this process.
    #[error("logging was set up twice")]
    Twice,
}

/// Keeps the log going; when dropped, what was logged before is written first, if that is possible
/// in half a second.
pub struct Logging(Queue);

impl Drop for Logging {
    fn drop(&mut self) {
        self.0.flush();
    }
}

/// The filter of the running log, unless `RUST_LOG` is.
static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Another level from now on. Nothing changes where `RUST_LOG` was set at the start, or there is no
/// log.
pub fn set_level(level: &str) {
    if let (Some(filter), Ok(wanted)) = (FILTER.get(), EnvFilter::try_new(level)) {
        // Fails when the log is gone: then nobody reads it.
        let _ = filter.reload(wanted);
    }
}

/// Writes log lines from now on, to standard error or to journald. `RUST_LOG`, when set, goes
/// before the level.
pub fn start(log: &Log) -> Result<Logging, LogError> {
    let wanted = std::env::var("RUST_LOG").ok().filter(|wanted| !wanted.is_empty());
    let filter = EnvFilter::try_new(wanted.as_deref().unwrap_or(&log.level));
    let (filter, handle) =
        reload::Layer::new(filter.map_err(|error| LogError::Filter(error.to_string()))?);
    if wanted.is_none() {
        let _ = FILTER.set(handle);
    }
    let (queue, layer) = match log.format {
        LogFormat::Auto if is_journals(std::env::var("JOURNAL_STREAM").ok().as_deref()) => {
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
    let queue = Queue::to(std::io::BufWriter::new(std::io::stderr())).map_err(LogError::Thread)?;
    let writer = queue.clone();
    let lines = fmt::layer().with_writer(move || writer.clone());
    let lines = match format {
        LogFormat::Json => lines.json().boxed(),
        _ => {
            let coloured = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            lines.with_ansi(coloured).with_target(false).boxed()
        }
    };
    Ok((queue, lines))
}

/// Whether standard error is journald's: systemd says which file that would be (`DEVICE:INODE`).
fn is_journals(stream: Option<&str>) -> bool {
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
    fn journald_is_taken_only_when_standard_error_is_its_own() {
        let own = rustix::fs::fstat(std::io::stderr()).unwrap();
        assert!(is_journals(Some(&format!("{}:{}", own.st_dev, own.st_ino))));
        for other in [None, Some(""), Some("1"), Some("1:2"), Some("x:y")] {
            assert!(!is_journals(other), "{other:?}");
        }
    }
}
