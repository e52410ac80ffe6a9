//! A sweep reads all messages of all stores, which makes certain that none is forgotten. It uses
//! `AT+CMGL` and, where that does not work, `AT+CMGR` over the indexes that `AT+CMGD=?` gives.

use std::collections::VecDeque;
use std::time::Duration;

use crate::at::{Command, MessageStore};
use crate::domain::Moment;

/// The shortest time between two sweeps.
const GAP: Duration = Duration::from_secs(2);
/// After so many failures in a row `AT+CMGL` is taken not to work.
const FAILURES: u8 = 2;
/// The indexes that are tried when the modem does not say which there are.
const DEFAULT_INDEXES: std::ops::RangeInclusive<i32> = 0..=50;

#[derive(Debug, Default)]
pub(super) struct Sweep {
    due: Option<Moment>,
    finished_at: Option<Moment>,
    /// Stores still to be read in the sweep that is running, the present one first.
    left: VecDeque<MessageStore>,
    /// Messages found in the present store.
    pub found: usize,
    /// Messages were found in a store before the present one.
    found_before: bool,
    walk: Walk,
    failures: u8,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Walk {
    #[default]
    No,
    Asking,
    Over(VecDeque<i32>),
}

impl Sweep {
    /// The modem's `AT+CMGL` leaves messages out: it is not used.
    pub fn without_list(&mut self) {
        self.failures = FAILURES;
    }

    /// Schedules a sweep for when the last one was some seconds ago.
    pub fn schedule_soon(&mut self, now: Moment) {
        self.schedule_by(self.finished_at.map_or(now, |finished| now.max(finished + GAP)));
    }

    /// Schedules a sweep for this time, or leaves it at an earlier one.
    pub fn schedule_by(&mut self, time: Moment) {
        self.due = Some(self.due.map_or(time, |due| due.min(time)));
    }

    pub fn due(&self) -> Option<Moment> {
        if self.is_running() { None } else { self.due }
    }

    pub fn is_running(&self) -> bool {
        !self.left.is_empty()
    }

    /// Begins a sweep when it is time, with the store that is selected already.
    pub fn begin_if_due(
        &mut self,
        now: Moment,
        stores: &[MessageStore],
        chosen: Option<MessageStore>,
    ) {
        if self.due().is_some_and(|due| due <= now) {
            self.due = None;
            self.left = stores.iter().copied().filter(|store| Some(*store) == chosen).collect();
            self.left.extend(stores.iter().copied().filter(|store| Some(*store) != chosen));
            self.found = 0;
            self.found_before = false;
            self.walk = Walk::No;
        }
    }

    /// The store that is being read.
    pub fn store(&self) -> Option<MessageStore> {
        self.left.front().copied()
    }

    /// The next command for the present store.
    pub fn command(&mut self) -> Option<Command> {
        self.store()?;
        if self.walk == Walk::No {
            if self.failures < FAILURES {
                return Some(Command::List);
            }
            self.walk = Walk::Asking;
        }
        match &self.walk {
            Walk::Over(left) => left.front().map(|index| Command::Read(*index)),
            _ => Some(Command::IndexesSupported),
        }
    }

    /// Whether this index is the one that the walk over the store is reading.
    pub fn walks(&self, store: MessageStore, index: i32) -> bool {
        let at = match &self.walk {
            Walk::Over(left) => left.front(),
            _ => None,
        };
        self.store() == Some(store) && at == Some(&index)
    }

    pub fn listed(&mut self, ok: bool) {
        self.failures = if ok { 0 } else { self.failures.saturating_add(1) };
        if ok {
            self.next_store();
        } else if self.failures >= FAILURES {
            self.walk = Walk::Asking;
        }
    }

    pub fn indexes(&mut self, found: Option<Vec<i32>>) {
        let indexes: VecDeque<i32> =
            found.map_or_else(|| DEFAULT_INDEXES.collect(), VecDeque::from);
        if indexes.is_empty() {
            self.next_store();
        } else {
            self.walk = Walk::Over(indexes);
        }
    }

    /// Goes on to the next index. Returns whether the store has been read to its end.
    pub fn walked(&mut self) -> bool {
        let Walk::Over(left) = &mut self.walk else { return false };
        left.pop_front();
        left.is_empty()
    }

    pub fn next_store(&mut self) {
        self.left.pop_front();
        self.found_before |= self.found > 0;
        self.found = 0;
        self.walk = Walk::No;
    }

    /// Whether messages were found in any store, in this sweep or the last.
    pub fn found_any(&self) -> bool {
        self.found_before || self.found > 0
    }

    /// Every store has been read.
    pub fn end(&mut self, now: Moment) {
        self.left = VecDeque::new();
        self.finished_at = Some(now);
    }
}
