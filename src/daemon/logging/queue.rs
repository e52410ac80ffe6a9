//! A bounded queue of log lines, and the thread that writes them. Code that logs never waits: when
//! the lines cannot be written (to a terminal that was stopped, or a journald that hangs), they are
//! dropped and counted.

use std::io::{self, BufWriter, Stderr, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use crate::domain::text::visible_with_controls;

/// How many lines may wait to be written.
const LINES: usize = 8192;
/// How long lines are collected after the first one before they are written. To wake the thread for
/// every line would cost the code that logs more than making the line.
const GATHER: Duration = Duration::from_millis(5);
/// How long the program waits at its end for the last lines to be written.
const FLUSH: Duration = Duration::from_millis(500);

static LOST: AtomicU64 = AtomicU64::new(0);

/// How many log lines were dropped since the program started.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

enum Command {
    Line(Vec<u8>),
    /// Answer once everything that was queued before is written.
    Flush(SyncSender<()>),
}

/// A destination of lines. Writing to it may block.
pub(super) trait Sink: Send + 'static {
    fn write(&mut self, line: &[u8]) -> io::Result<()>;

    /// Writes out what is buffered. Called when no more lines wait.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for BufWriter<Stderr> {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.write_all(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(self)
    }
}

/// A terminal on standard error. Control characters in what is logged have been escaped where the
/// line was made; here the other invisible characters are shown, as the commands show them.
pub(super) struct Terminal(pub BufWriter<Stderr>);

impl Sink for Terminal {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match str::from_utf8(line) {
            Ok(text) if !line.is_ascii() => {
                self.0.write_all(visible_with_controls(text).as_bytes())
            }
            _ => self.0.write_all(line),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Write::flush(&mut self.0)
    }
}

/// A handle on the queue. A clone is another handle on the same queue.
#[derive(Clone)]
pub(super) struct Queue {
    commands: SyncSender<Command>,
    lost: &'static AtomicU64,
}

impl Queue {
    pub fn to(sink: impl Sink) -> io::Result<Queue> {
        Queue::with(sink, LINES, &LOST)
    }

    fn with(sink: impl Sink, lines: usize, lost: &'static AtomicU64) -> io::Result<Queue> {
        let (commands, waiting) = sync_channel(lines);
        std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(sink, &waiting, lost))?;
        Ok(Queue { commands, lost })
    }

    pub fn put(&self, line: Vec<u8>) {
        if self.commands.try_send(Command::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until the lines queued so far are written, but not longer than [`FLUSH`].
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        let mut command = Command::Flush(done);
        // When the queue is full, there is no event to wait for, so it is tried again at short
        // intervals.
        for _ in 0..FLUSH.as_millis() / 10 {
            match self.commands.try_send(command) {
                Ok(()) => {
                    let _ = written.recv_timeout(FLUSH);
                    return;
                }
                Err(TrySendError::Full(again)) => command = again,
                Err(TrySendError::Disconnected(_)) => return,
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.put(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(mut sink: impl Sink, waiting: &Receiver<Command>, lost: &AtomicU64) {
    let mut reported = 0;
    let count = |written: io::Result<()>| {
        if written.is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    };
    while let Ok(first) = waiting.recv() {
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Line(line) => count(sink.write(&line)),
                Command::Flush(done) => {
                    count(sink.flush());
                    let _ = done.try_send(());
                }
            }
            next = waiting.try_recv().ok();
        }
        count(sink.flush());
        std::thread::park_timeout(GATHER);
        let now = lost.load(Ordering::Relaxed);
        if now > reported {
            tracing::warn!(
                event = "log_lines_lost",
                lines = now - reported,
                "log lines were dropped because they could not be written in time"
            );
            reported = lost.load(Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Writes a line each time that it is allowed to.
    struct Stuck(Receiver<()>, Sender<String>);

    impl Sink for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<()> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(String::from_utf8_lossy(line).into_owned()).map_err(io::Error::other)
        }
    }

    #[test]
    fn a_sink_that_is_stuck_delays_no_code_that_logs_and_dropped_lines_are_counted() {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let ((allow, allowed), (told, written)) = (channel(), channel());
        let queue = Queue::with(Stuck(allowed, told), 4, &COUNT).unwrap();
        for n in 0..20 {
            queue.put(format!("line {n}").into_bytes());
        }
        let lost = COUNT.load(Ordering::Relaxed);
        // The thread may already have taken one line out of the queue.
        assert!((15..=16).contains(&lost), "{lost}");
        for _ in 0..20 - lost {
            allow.send(()).unwrap();
        }
        let lines: Vec<String> = (0..20 - lost).map(|_| written.recv().unwrap()).collect();
        assert_eq!(
            (lines[0].as_str(), lines[3].as_str()),
            ("line 0", "line 3"),
            "in order, the oldest kept"
        );
    }
}
