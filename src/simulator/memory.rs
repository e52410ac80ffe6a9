//! A message store: the SIM's or the modem's own, with a fixed number of places (TS 27.005 clause
//! 3.2.2).

use std::sync::Arc;

/// An SMS as it is stored: the address of the service centre, then the TPDU.
pub type Pdu = Arc<[u8]>;

/// A message in a place of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The message as the network delivered it.
    pub pdu: Pdu,
    /// Whether the host has read it: `REC READ` or `REC UNREAD`.
    pub read: bool,
}

impl Stored {
    /// `<stat>` in PDU mode: 0 and 1 for a message that was received, 2 for a draft.
    pub fn status(&self) -> usize {
        let first = self.pdu.first().and_then(|length| self.pdu.get(usize::from(*length) + 1));
        match first.map(|first| first & 0x03) {
            Some(0x01) => 2,
            _ => usize::from(self.read),
        }
    }
}

/// A store with places for messages, numbered from `first_index`.
#[derive(Debug, Clone)]
pub struct MessageStore {
    first_index: usize,
    places: Vec<Option<Stored>>,
}

impl MessageStore {
    /// An empty store of `capacity` places.
    pub fn new(capacity: usize, first_index: usize) -> Self {
        Self { first_index, places: vec![None; capacity] }
    }

    /// Sets the number of the first place. It depends on the modem, not on the card.
    pub fn count_from(&mut self, first_index: usize) {
        self.first_index = first_index;
    }

    /// The number of places.
    pub fn capacity(&self) -> usize {
        self.places.len()
    }

    /// The number of places that are taken.
    pub fn used(&self) -> usize {
        self.places.iter().flatten().count()
    }

    /// The lowest and the highest index.
    pub fn range(&self) -> (usize, usize) {
        (self.first_index, (self.first_index + self.places.len()).saturating_sub(1))
    }

    /// Puts a message into the lowest free place; `None` when the store is full.
    pub fn put(&mut self, pdu: Pdu) -> Option<usize> {
        let place = self.places.iter().position(Option::is_none)?;
        *self.places.get_mut(place)? = Some(Stored { pdu, read: false });
        Some(place + self.first_index)
    }

    /// The message at `index`.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut Stored> {
        self.places.get_mut(index.checked_sub(self.first_index)?)?.as_mut()
    }

    /// Whether `index` is a place of this store, taken or not.
    pub fn has_place(&self, index: usize) -> bool {
        index.checked_sub(self.first_index).is_some_and(|place| place < self.places.len())
    }

    /// Empties the place at `index`.
    pub fn take(&mut self, index: usize) -> Option<Stored> {
        self.places.get_mut(index.checked_sub(self.first_index)?)?.take()
    }

    /// The taken places in ascending order.
    pub fn messages(&mut self) -> impl Iterator<Item = (usize, &mut Stored)> {
        let first = self.first_index;
        self.places
            .iter_mut()
            .enumerate()
            .filter_map(move |(place, stored)| Some((place + first, stored.as_mut()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pdu(octet: u8) -> Pdu {
        Arc::from([octet].as_slice())
    }

    #[test]
    fn the_lowest_free_place_is_filled_first() {
        let mut store = MessageStore::new(3, 1);
        assert_eq!(
            (store.put(pdu(1)), store.put(pdu(2)), store.put(pdu(3))),
            (Some(1), Some(2), Some(3))
        );
        assert_eq!(store.put(pdu(4)), None, "full");
        assert_eq!(store.take(2).map(|s| s.pdu), Some(pdu(2)));
        assert_eq!(store.put(pdu(5)), Some(2));
        assert_eq!((store.used(), store.capacity(), store.range()), (3, 3, (1, 3)));
    }

    #[test]
    fn an_index_outside_the_store_is_no_place() {
        let mut store = MessageStore::new(2, 1);
        assert!(
            !store.has_place(0) && store.has_place(1) && store.has_place(2) && !store.has_place(3)
        );
        assert_eq!(store.take(0), None);
        assert!(store.get_mut(7).is_none());
    }

    #[test]
    fn a_store_may_count_from_zero() {
        let mut store = MessageStore::new(2, 0);
        assert_eq!(store.put(pdu(1)), Some(0));
        assert_eq!(store.range(), (0, 1));
    }
}
