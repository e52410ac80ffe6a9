//! The choice of the message stores (`AT+CPMS`): which are read, and in which messages arrive.

use super::super::context::StorePlan;
use super::super::profile::Stores;
use crate::at::{MessageStore, StoreSelection};

/// How often a store without room is looked at again before another one is chosen.
const MAX_LOOKS: u8 = 2;

/// The selections of stores that are tried one after the other.
#[derive(Debug, Default)]
pub(super) struct StoreChoice {
    /// The stores that can be read.
    readable: Vec<MessageStore>,
    /// Selections of stores that are still to be tried, the next one last.
    selections: Vec<StoreSelection>,
    /// How often a store without room was looked at again.
    looks: u8,
    /// The first selection in which messages would arrive in a store without room.
    without_room: Option<StoreSelection>,
    /// Whether no store has room, so that one without is chosen.
    accepts_no_room: bool,
}

/// What the result of a selection leads to.
pub(super) enum Verdict {
    /// The same selection is looked at again after a pause.
    LookAgain,
    /// The next selection is tried.
    TryNext,
    /// It works, and messages are read and arrive in this way.
    Chosen(StorePlan),
}

impl StoreChoice {
    /// Plans which stores to read and where messages are to arrive. `lists` are the stores that the
    /// modem reports for each parameter of `AT+CPMS`.
    ///
    /// Messages arrive in the card's own store if possible, so that they move with the card. Both
    /// stores are read, or `MT`, the view of both, where the modem's own cannot be read otherwise.
    pub fn plan(overrides: &Stores, lists: &[Vec<MessageStore>]) -> StoreChoice {
        let mut choice = StoreChoice::default();
        let parameters =
            overrides.parameters.unwrap_or_else(|| u8::try_from(lists.len()).unwrap_or(0));
        let none = Vec::new();
        let receiving = lists.get(2).or(lists.first()).unwrap_or(&none);
        choice.readable = if overrides.read.is_empty() {
            stores_to_read(lists.first().unwrap_or(&none))
        } else {
            overrides.read.clone()
        };
        let possible = |store: &MessageStore| receiving.is_empty() || receiving.contains(store);
        let usual = [MessageStore::Sim, MessageStore::Modem, MessageStore::Both]
            .into_iter()
            .filter(possible);
        let mut receive = overrides.receive.clone();
        receive.extend(usual.filter(|store| !overrides.receive.contains(store)));
        let mut counts = vec![parameters];
        counts.extend([3, 2, 1].into_iter().filter(|count| *count != parameters));
        counts.retain(|count| *count > 0);
        let fallback = choice.readable.first().copied().unwrap_or(MessageStore::Sim);
        for receive in receive {
            let read = if choice.readable.contains(&receive) { receive } else { fallback };
            choice.selections.extend(counts.iter().map(|count| StoreSelection {
                read,
                receive,
                parameters: *count,
            }));
        }
        if choice.selections.is_empty() {
            choice.selections.push(StoreSelection {
                read: fallback,
                receive: fallback,
                parameters: 1,
            });
        }
        choice.selections.reverse();
        choice
    }

    /// The selection to try next, if one is left.
    pub fn next(&self) -> Option<StoreSelection> {
        self.selections.last().copied()
    }

    /// Whether only one selection is left.
    pub fn is_last(&self) -> bool {
        self.selections.len() == 1
    }

    /// Takes the result of a selection. `room` is how many messages fit into the store in which
    /// messages arrive, if the modem says so. One without any room is not chosen while there is
    /// another, because the network holds back what finds no room (23.040 9.2.3.22).
    pub fn on_selected(
        &mut self,
        selection: StoreSelection,
        ok: bool,
        room: Option<u32>,
    ) -> Verdict {
        let is_without_room = room == Some(0) && !self.accepts_no_room;
        if is_without_room && self.looks < MAX_LOOKS {
            // A card that is still being read has no room yet.
            self.looks += 1;
            return Verdict::LookAgain;
        }
        self.selections.pop();
        if ok && !is_without_room {
            let (receive, parameters) = (selection.receive, selection.parameters);
            let (readable, unavailable) = (self.readable.clone(), Vec::new());
            return Verdict::Chosen(StorePlan { readable, unavailable, receive, parameters });
        }
        if is_without_room {
            self.without_room.get_or_insert(selection);
            self.selections.retain(|other| other.receive != selection.receive);
        }
        if self.selections.is_empty()
            && let Some(first) = self.without_room.take()
        {
            self.accepts_no_room = true;
            self.selections.push(first);
        }
        Verdict::TryNext
    }
}

/// The stores to read, of those that the modem reports as readable. A modem that reports none is
/// taken to have all.
fn stores_to_read(readable: &[MessageStore]) -> Vec<MessageStore> {
    let has = |store| readable.is_empty() || readable.contains(&store);
    match (has(MessageStore::Sim), has(MessageStore::Modem), has(MessageStore::Both)) {
        (true, true, _) => vec![MessageStore::Sim, MessageStore::Modem],
        (_, _, true) => vec![MessageStore::Both],
        (_, true, _) => vec![MessageStore::Modem],
        _ => vec![MessageStore::Sim],
    }
}
