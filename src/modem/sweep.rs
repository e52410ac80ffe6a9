//! A sweep reads all messages of all stores, so that none is missed for good. It uses `AT+CMGL`
//! and, where that does not work, `AT+CMGR` for each of the indexes that `AT+CMGD=?` reports.

use std::collections::VecDeque;
use std::time::Duration;

use crate::at::{Command, MessageStore};
use crate::domain::Moment;

/// The shortest time between the end of one sweep and the next that is scheduled soon.
const GAP: Duration = Duration::from_secs(2);
/// The number of failures in a row after which `AT+CMGL` is taken not to work.
const MAX_LIST_FAILURES: u8 = 2;
/// The indexes that are tried when the modem does not report which are in use.
const DEFAULT_INDEXES: std::ops::RangeInclusive<i32> = 0..=50;

#[derive(Debug, Default)]
pub(super) struct Sweep {
    due: Option<Moment>,
    finished_at: Option<Moment>,
    /// The stores that this sweep still has to read, the present one first; empty when none is
    /// running.
    left: VecDeque<MessageStore>,
    /// The number of messages found in the present store.
    pub found: usize,
    /// Whether messages were found in a store before the present one.
    found_before: bool,
    walk: IndexWalk,
    /// Failures of `AT+CMGL` in a row.
    failures: u8,
}

/// Reading the present store index by index, instead of by `AT+CMGL`.
#[derive(Debug, Default, PartialEq, Eq)]
enum IndexWalk {
    #[default]
    No,
    AskingForIndexes,
    /// The indexes that are still to be read.
    Reading(VecDeque<i32>),
}

impl Sweep {
    /// Never uses `AT+CMGL`, because this modem's leaves messages out.
    pub fn without_list(&mut self) {
        self.failures = MAX_LIST_FAILURES;
    }

    /// Schedules a sweep for now, or for some seconds after the last one.
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

    /// Begins a sweep if one is due. The store that is selected already comes first.
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
            self.walk = IndexWalk::No;
        }
    }

    /// The store that is being read.
    pub fn store(&self) -> Option<MessageStore> {
        self.left.front().copied()
    }

    /// The next command for the present store.
    pub fn command(&mut self) -> Option<Command> {
        self.store()?;
        if self.walk == IndexWalk::No {
            if self.failures < MAX_LIST_FAILURES {
                return Some(Command::List);
            }
            self.walk = IndexWalk::AskingForIndexes;
        }
        match &self.walk {
            IndexWalk::Reading(left) => left.front().map(|index| Command::Read(*index)),
            _ => Some(Command::IndexesSupported),
        }
    }

    /// Whether this index is the one that the walk over the store is reading.
    pub fn walks(&self, store: MessageStore, index: i32) -> bool {
        let current = match &self.walk {
            IndexWalk::Reading(left) => left.front(),
            _ => None,
        };
        self.store() == Some(store) && current == Some(&index)
    }

    /// Takes the result of `AT+CMGL` for the present store.
    pub fn on_listed(&mut self, ok: bool) {
        self.failures = if ok { 0 } else { self.failures.saturating_add(1) };
        if ok {
            self.next_store();
        } else if self.failures >= MAX_LIST_FAILURES {
            self.walk = IndexWalk::AskingForIndexes;
        }
    }

    /// Takes the indexes of the present store that `AT+CMGD=?` reported, if it did.
    pub fn on_indexes(&mut self, found: Option<Vec<i32>>) {
        let indexes: VecDeque<i32> =
            found.map_or_else(|| DEFAULT_INDEXES.collect(), VecDeque::from);
        if indexes.is_empty() {
            self.next_store();
        } else {
            self.walk = IndexWalk::Reading(indexes);
        }
    }

    /// Goes on to the next index. Returns whether the last one of the store has been read.
    pub fn next_index(&mut self) -> bool {
        let IndexWalk::Reading(left) = &mut self.walk else { return false };
        left.pop_front();
        left.is_empty()
    }

    pub fn next_store(&mut self) {
        self.left.pop_front();
        self.found_before |= self.found > 0;
        self.found = 0;
        self.walk = IndexWalk::No;
    }

    /// Whether messages were found in any store, in this sweep or, when none is running, in the
    /// last.
    pub fn found_any(&self) -> bool {
        self.found_before || self.found > 0
    }

    /// Ends the sweep, because every store has been read.
    pub fn end(&mut self, now: Moment) {
        self.left = VecDeque::new();
        self.finished_at = Some(now);
    }
}
