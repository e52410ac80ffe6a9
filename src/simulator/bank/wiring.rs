//! The connections between a bank's slots and its radios, and the cards in the slots.

use crate::simulator::card::SimCard;

/// Slots are numbered through the bank, from 0: where every radio has rows of its own, those of the
/// first radio come first.
#[derive(Debug)]
pub struct Wiring {
    rows: usize,
    shared: bool,
    /// The modem's place in the rack, for each column.
    places: Vec<usize>,
    /// The cards that are on no radio.
    slots: Vec<Option<SimCard>>,
    /// The slot with which each column is connected.
    connected: Vec<Option<usize>>,
}

impl Wiring {
    /// Makes the wiring of a bank without any connections.
    pub fn new(rows: usize, shared: bool, places: Vec<usize>, slots: Vec<Option<SimCard>>) -> Self {
        let connected = vec![None; places.len()];
        Self { rows, shared, places, slots, connected }
    }

    /// The number of radios.
    pub fn radios(&self) -> usize {
        self.places.len()
    }

    /// The number of rows of a radio; in a matrix these are all slots.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether every slot can be put on every radio.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// The modem's place in the rack.
    pub fn place(&self, radio: usize) -> Option<usize> {
        self.places.get(radio).copied()
    }

    /// The slot at that row (from 0) of a radio.
    pub fn slot(&self, radio: usize, row: usize) -> usize {
        if self.shared { row } else { radio * self.rows + row }
    }

    /// The radio that a slot is connected with.
    pub fn radio_of(&self, slot: usize) -> Option<usize> {
        self.connected.iter().position(|connected| *connected == Some(slot))
    }

    /// The slot that a radio is connected with.
    pub fn connected(&self, radio: usize) -> Option<usize> {
        self.connected.get(radio).copied().flatten()
    }

    /// The slots that a radio could be put on instead.
    pub fn other_slots(&self, radio: usize, wanted: Option<usize>) -> Vec<usize> {
        let slots = (0..self.rows).map(|row| self.slot(radio, row));
        slots.filter(|slot| Some(*slot) != wanted && self.radio_of(*slot).is_none()).collect()
    }

    /// Connects a radio with a slot. Returns the card in the slot, if there is one, for the radio.
    pub fn join(&mut self, radio: usize, slot: usize) -> Option<SimCard> {
        *self.connected.get_mut(radio)? = Some(slot);
        self.slots.get_mut(slot)?.take()
    }

    /// Disconnects a radio, and puts the card that comes from it into its slot. Returns the card
    /// when there is no such slot or another card is in it.
    pub fn part(&mut self, radio: usize, card: Option<SimCard>) -> Option<SimCard> {
        let slot = self.connected.get_mut(radio).and_then(Option::take);
        match slot.and_then(|slot| self.slots.get_mut(slot)) {
            Some(place) if place.is_none() => {
                *place = card;
                None
            }
            _ => card,
        }
    }

    /// The slots in order, with the cards in them.
    pub fn slots(&self) -> impl Iterator<Item = (usize, Option<&SimCard>)> {
        self.slots.iter().map(Option::as_ref).enumerate()
    }

    /// The cards that are on no radio.
    pub fn parked(&self) -> impl Iterator<Item = &SimCard> {
        self.slots.iter().flatten()
    }

    /// The cards that are on no radio.
    pub fn parked_mut(&mut self) -> impl Iterator<Item = &mut SimCard> {
        self.slots.iter_mut().flatten()
    }

    /// Takes a card that is on no radio out of its slot.
    pub fn take(&mut self, iccid: &str) -> Option<SimCard> {
        let holds =
            |slot: &&mut Option<SimCard>| slot.as_ref().is_some_and(|card| card.iccid == iccid);
        self.slots.iter_mut().find(holds)?.take()
    }
}
