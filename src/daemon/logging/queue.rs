//! Between those who log and what takes the lines: a queue with an end, and a thread that writes.
//! Whoever logs never waits: when nobody takes the lines (a terminal that was stopped, a journald
//! that hangs), they are counted and lost.

use std::io::{self, BufWriter, Stderr, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// Lines that may wait.
const LINES: usize = 8192;
/// For how long lines gather after the first: to wake a thread for each costs whoever logs more
/// than to make the line.
const GATHER: Duration = Duration::from_millis(5);
/// How long the end of the program waits until the last lines are written.
const FLUSH: Duration = Duration::from_millis(500);

static LOST: AtomicU64 = AtomicU64::new(0);

/// Log lines that nobody took, since the program started.
pub fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

enum Command {
    Line(Vec<u8>),
    /// Answer once everything before is written.
    Flush(SyncSender<()>),
}

/// Where lines go; may block.
pub(super) trait Sink: Send + 'static {
    fn write(&mut self, line: &[u8]) -> io::Result<()>;

    /// Nothing more waits now: what was taken goes out.
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

/// Takes lines, one a call. Cloning gives another handle to the same queue.
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

    /// Waits until what was put is written, but not long.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        let mut command = Command::Flush(done);
        // A full queue is given time in small pieces.
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
    let mut told = 0;
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
        if now > told {
            tracing::warn!(
                event = "log_lines_lost",
                lines = now - told,
                "nobody took these log lines in time"
            );
            told = lost.load(Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes a line whenever it is allowed to.
    struct Stuck(Receiver<()>, Sender<String>);

    impl Sink for Stuck {
        fn write(&mut self, line: &[u8]) -> io::Result<()> {
            self.0.recv().map_err(io::Error::other)?;
            self.1.send(String::from_utf8_lossy(line).into_owned()).map_err(io::Error::other)
        }
    }

    #[test]
    fn a_sink_that_is_stuck_holds_nobody_up_and_what_is_lost_is_counted() {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let ((allow, allowed), (told, written)) = (channel(), channel());
        let queue = Queue::with(Stuck(allowed, told), 4, &COUNT).unwrap();
        for n in 0..20 {
            queue.put(format!("line {n}").into_bytes());
        }
        let lost = COUNT.load(Ordering::Relaxed);
        // The thread may have one in its hands.
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
