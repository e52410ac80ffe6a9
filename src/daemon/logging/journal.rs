//! Logging in journald's own protocol: each line is a datagram of `KEY=value` fields, so that
//! `journalctl SIMBRIDGE_EVENT=modem_ready` finds the lines of that event. A line also has the
//! fields of the spans around it, such as the modem's port or the request's id.

use std::fmt::{self, Write as _};
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::queue::{Queue, Sink};

/// The socket on which journald listens.
pub(super) const SOCKET: &str = "/run/systemd/journal/socket";

/// A connection to journald, which is made again when journald was restarted.
pub(super) struct Socket {
    path: PathBuf,
    socket: UnixDatagram,
}

impl Socket {
    pub fn open(path: &Path) -> io::Result<Socket> {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        Ok(Socket { path: path.to_owned(), socket })
    }
}

impl Sink for Socket {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if self.socket.send(line).is_err() {
            *self = Socket::open(&self.path)?;
            self.socket.send(line)?;
        }
        Ok(())
    }
}

/// The layer that converts events into journald's form and puts them into the queue.
pub(super) struct Journal(pub(super) Queue);

/// The names and values of a line's fields. `message` is the text for people.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Journal {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.iter().map(|(name, value)| (*name, value.clone())));
            }
        }
        self.0.put(datagram(*event.metadata().level(), event.metadata().target(), &fields.0));
    }
}

fn datagram(level: Level, target: &str, fields: &[(&'static str, String)]) -> Vec<u8> {
    let priority = match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        Level::DEBUG | Level::TRACE => "7",
    };
    let is_message = |name: &str| name == "message";
    let message = fields.iter().find(|(name, _)| is_message(name));
    let mut message = message.map_or("", |(_, text)| text).to_owned();
    let mut datagram = Vec::new();
    for (name, value) in fields.iter().filter(|(name, _)| !is_message(name)) {
        // journalctl shows only the message by default, so the message has all fields, too.
        let _ = write!(message, " {name}={value}");
        let name: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        add(&mut datagram, &format!("SIMBRIDGE_{name}"), value);
    }
    for (name, value) in [
        ("PRIORITY", priority),
        ("SYSLOG_IDENTIFIER", "simbridge"),
        ("TARGET", target),
        ("MESSAGE", &message),
    ] {
        add(&mut datagram, name, value);
    }
    datagram
}

/// Adds a field. A value of several lines is written with its length instead of `=`.
fn add(datagram: &mut Vec<u8>, name: &str, value: &str) {
    datagram.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        datagram.push(b'\n');
        datagram.extend_from_slice(&u64::try_from(value.len()).unwrap_or(0).to_le_bytes());
    } else {
        datagram.push(b'=');
    }
    datagram.extend_from_slice(value.as_bytes());
    datagram.push(b'\n');
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn a_line_has_its_own_fields_and_those_of_its_spans() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let journald = UnixDatagram::bind(&path).unwrap();
        let queue = Queue::to(Socket::open(&path).unwrap()).unwrap();
        let subscriber = tracing_subscriber::Registry::default().with(Journal(queue));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("modem", port = "/dev/ttyUSB0");
            let _inside = span.enter();
            tracing::warn!(event = "modem_failed", reason = "two\nlines", "the modem failed");
        });
        let mut buffer = [0; 1024];
        let length = journald.recv(&mut buffer).unwrap();
        let two_lines = "SIMBRIDGE_REASON\n\u{9}\0\0\0\0\0\0\0two\nlines\n";
        let message = "the modem failed event=modem_failed reason=two\nlines port=/dev/ttyUSB0";
        let datagram = String::from_utf8_lossy(&buffer[..length]).into_owned();
        for expected in [
            "SIMBRIDGE_EVENT=modem_failed\n",
            two_lines,
            "SIMBRIDGE_PORT=/dev/ttyUSB0\n",
            "PRIORITY=4\n",
            message,
        ] {
            assert!(datagram.contains(expected), "{expected:?} is missing in {datagram:?}");
        }
    }

    #[test]
    fn a_journald_that_was_restarted_is_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal");
        let before = UnixDatagram::bind(&path).unwrap();
        let mut socket = Socket::open(&path).unwrap();
        drop(before);
        std::fs::remove_file(&path).unwrap();
        assert!(socket.write(b"MESSAGE=lost\n").is_err());
        let after = UnixDatagram::bind(&path).unwrap();
        socket.write(b"MESSAGE=taken\n").unwrap();
        let mut buffer = [0; 64];
        assert_eq!(after.recv(&mut buffer).unwrap(), 14);
    }
}
