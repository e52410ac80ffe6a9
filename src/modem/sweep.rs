//! A sweep reads all messages of all stores, so that none is missed for good. It uses `AT+CMGL`
//! and, where that does not work or shows less than the store holds, `AT+CMGR` for each of the
//! indexes that `AT+CMGD=?` reports. A command that is refused is repeated a little later.

use std::collections::VecDeque;
use std::time::Duration;

use crate::at::{Command, MessageStore};
use crate::domain::Moment;

/// The shortest time between the end of one sweep and the next that is scheduled soon.
const GAP: Duration = Duration::from_secs(2);
/// The number of failures of `AT+CMGL` in a row after which a store is read index by index.
const MAX_LIST_FAILURES: u8 = 3;
/// The pause after the first refusal in a row; it grows by as much with each further one.
const PAUSE: Duration = Duration::from_secs(1);
/// The last of the indexes that are tried when the modem does not report which are in use, unless
/// its store has more places.
const DEFAULT_LAST_INDEX: i32 = 50;
/// The same, however many places the store has.
const MAX_LAST_INDEX: u32 = 512;
/// How many places in which nothing is may be read within [`EMPTY_WINDOW`]. A store can have
/// hundreds, and a walk over all of them alone would be more than five commands a second over a
/// minute.
const MAX_EMPTY: u8 = 100;
/// See [`MAX_EMPTY`].
const EMPTY_WINDOW: Duration = Duration::from_secs(30);
/// How many refusals of `AT+CMGR` in the walk over a store are answered by repeating the command.
const MAX_REPETITIONS: u8 = 3;

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
    /// Whether the walk follows upon a list.
    after_list: bool,
    /// Failures of `AT+CMGL` in a row.
    failures: u8,
    /// Whether this modem's `AT+CMGL` leaves messages out.
    no_list: bool,
    /// The sweep goes on at this time, because a command was refused or many places were empty.
    paused_until: Option<Moment>,
    /// How many empty places were read since this time.
    empty: Option<(Moment, u8)>,
}

/// Reading the present store index by index, instead of by `AT+CMGL`.
#[derive(Debug, Default, PartialEq, Eq)]
enum IndexWalk {
    #[default]
    No,
    /// Asking which indexes are in use, once or, after a refusal, `again`.
    AskingForIndexes { again: bool },
    Reading {
        /// The indexes that are still to be read.
        left: VecDeque<i32>,
        /// How often `AT+CMGR` was repeated.
        repetitions: u8,
        /// Whether that was with the present index.
        repeated: bool,
    },
}

impl IndexWalk {
    const BEGIN: IndexWalk = IndexWalk::AskingForIndexes { again: false };
}

impl Sweep {
    /// Never uses `AT+CMGL`, because this modem's leaves messages out.
    pub fn without_list(&mut self) {
        self.no_list = true;
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

    /// Whether there is something to do for a sweep now.
    pub fn is_due(&self, now: Moment) -> bool {
        match self.is_running() {
            true => self.paused_until.is_none_or(|until| until <= now),
            false => self.due.is_some_and(|due| due <= now),
        }
    }

    /// When a sweep begins or goes on.
    pub fn next_due(&self) -> Option<Moment> {
        if self.is_running() { self.paused_until } else { self.due }
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
            (self.walk, self.after_list) = (IndexWalk::No, false);
            self.paused_until = None;
        }
    }

    /// The store that is being read.
    pub fn store(&self) -> Option<MessageStore> {
        self.left.front().copied()
    }

    /// The next command for the present store, which the modem lists as PDUs or as `text`.
    pub fn command(&mut self, text: bool) -> Option<Command> {
        self.store()?;
        if self.walk == IndexWalk::No {
            if self.failures < MAX_LIST_FAILURES && !self.no_list {
                return Some(if text { Command::ListText } else { Command::List });
            }
            self.walk = IndexWalk::BEGIN;
        }
        match &self.walk {
            IndexWalk::Reading { left, .. } => left.front().map(|index| Command::Read(*index)),
            _ => Some(Command::IndexesSupported),
        }
    }

    /// Whether this index is the one that the walk over the store is reading.
    pub fn walks(&self, store: MessageStore, index: i32) -> bool {
        let current = match &self.walk {
            IndexWalk::Reading { left, .. } => left.front(),
            _ => None,
        };
        self.store() == Some(store) && current == Some(&index)
    }

    /// Takes the result of `AT+CMGL` for the present store. A list that is refused is asked for
    /// again a little later.
    pub fn on_listed(&mut self, ok: bool, now: Moment) {
        if ok {
            self.failures = 0;
            return self.next_store();
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures >= MAX_LIST_FAILURES {
            self.walk = IndexWalk::BEGIN;
        } else {
            self.paused_until = Some(now + PAUSE * u32::from(self.failures));
        }
    }

    /// Has the present store read index by index although it was listed. What is found is counted
    /// anew.
    pub fn walk_after_list(&mut self) {
        self.failures = 0;
        self.found_before |= self.found > 0;
        self.found = 0;
        self.after_list = true;
        self.walk = IndexWalk::BEGIN;
    }

    /// Whether the present store is read index by index although it was listed.
    pub fn walks_after_list(&self) -> bool {
        self.after_list
    }

    /// Takes the indexes of the present store that `AT+CMGD=?` reported, if it did. `total` is the
    /// number of places in the store, if that is known.
    pub fn on_indexes(&mut self, found: Option<Vec<i32>>, total: Option<u32>, now: Moment) {
        let left: VecDeque<i32> = match found {
            Some(indexes) => indexes.into(),
            None if self.walk == IndexWalk::BEGIN => {
                self.paused_until = Some(now + PAUSE);
                return self.walk = IndexWalk::AskingForIndexes { again: true };
            }
            None => {
                let places = total.map_or(0, |total| total.min(MAX_LAST_INDEX));
                let last = i32::try_from(places).unwrap_or(0).max(DEFAULT_LAST_INDEX);
                (0..=last).collect()
            }
        };
        if left.is_empty() {
            self.next_store();
        } else {
            self.walk = IndexWalk::Reading { left, repetitions: 0, repeated: false };
        }
    }

    /// Whether the index that was just refused is read once more.
    pub fn repeat_index(&mut self) -> bool {
        let IndexWalk::Reading { repetitions, repeated, .. } = &mut self.walk else { return false };
        if *repeated || *repetitions >= MAX_REPETITIONS {
            return false;
        }
        (*repeated, *repetitions) = (true, *repetitions + 1);
        true
    }

    /// Notes that the walk has found nothing in a place. When it has read many of those, it makes a
    /// pause, unless the modem counts messages that are still to be found.
    pub fn count_empty(&mut self, now: Moment) {
        if self.after_list {
            return;
        }
        let current = self.empty.filter(|(since, _)| now < *since + EMPTY_WINDOW);
        let (since, before) = current.unwrap_or((now, 0));
        let count = before.saturating_add(1);
        self.empty = Some((since, count));
        if count >= MAX_EMPTY {
            self.paused_until = Some(since + EMPTY_WINDOW);
        }
    }

    /// Goes on to the next index. Returns whether the last one of the store has been read.
    pub fn next_index(&mut self) -> bool {
        let IndexWalk::Reading { left, repeated, .. } = &mut self.walk else { return false };
        left.pop_front();
        *repeated = false;
        left.is_empty()
    }

    pub fn next_store(&mut self) {
        self.left.pop_front();
        self.found_before |= self.found > 0;
        self.found = 0;
        (self.walk, self.after_list) = (IndexWalk::No, false);
        // The list is tried again in the next store, but no longer repeated where it was refused.
        self.failures = self.failures.min(MAX_LIST_FAILURES - 1);
    }

    /// Whether messages were found in any store, in this sweep or, when none is running, in the
    /// last.
    pub fn found_any(&self) -> bool {
        self.found_before || self.found > 0
    }

    /// Ends the sweep, because every store has been read.
    pub fn end(&mut self, now: Moment) {
        self.left = VecDeque::new();
        self.paused_until = None;
        self.finished_at = Some(now);
    }
}
