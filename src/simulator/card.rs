//! A SIM card: what is printed on it, its PIN, its own message store and its own-number phonebook.

use super::memory::MessageStore;

/// A SIM card, whether it is in a modem, in a bank or in the drawer.
#[derive(Debug, Clone)]
pub struct SimCard {
    /// The ICCID: 19 or 20 digits, of which the last one is a Luhn check digit (ITU-T E.118).
    pub iccid: String,
    /// The IMSI: 14 or 15 digits for country, network and subscriber (ITU-T E.212).
    pub imsi: String,
    /// The subscriber's number in E.164 with `+`.
    pub number: String,
    /// The number that is stored on the card, for `AT+CNUM` and the "ON" phonebook.
    pub own_number: Option<String>,
    /// The service centre's address, as `AT+CSCA?` shows it.
    pub service_centre: String,
    /// Whether the card requires a PIN or PUK.
    pub lock: Lock,
    /// The messages in the `SM` store.
    pub messages: MessageStore,
    /// Whether the network refuses this card, wherever it is.
    pub denied: bool,
    /// The "SM" phonebook: numbers and names, whose places count from 1.
    pub phonebook: Vec<Option<(String, String)>>,
}

/// The state of the card's PIN (TS 27.007 clause 8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// The card requires no PIN.
    Off,
    /// The card has a PIN, which was entered.
    Opened {
        /// The PIN that opens the card.
        pin: String,
        /// The PUK that unblocks the card.
        puk: String,
    },
    /// The card requires its PIN (`SIM PIN`).
    Pin {
        /// The PIN that opens the card.
        pin: String,
        /// The PUK that unblocks the card.
        puk: String,
        /// The number of attempts that are left before the PUK is required.
        attempts: u8,
    },
    /// The card requires its PUK after three wrong PINs (`SIM PUK`).
    Puk {
        /// The PUK that unblocks the card.
        puk: String,
        /// The number of attempts that are left before the card is unusable.
        attempts: u8,
    },
    /// The card is unusable after ten wrong PUKs.
    Dead,
}

const PIN_ATTEMPTS: u8 = 3;
const PUK_ATTEMPTS: u8 = 10;

impl Lock {
    /// The lock of a card that requires `pin` at power-on.
    pub fn with_pin(pin: &str) -> Self {
        Lock::Pin { pin: pin.to_owned(), puk: "12345678".to_owned(), attempts: PIN_ATTEMPTS }
    }

    /// The lock of a card that three wrong PINs have blocked.
    pub fn blocked() -> Self {
        Lock::Puk { puk: "12345678".to_owned(), attempts: PUK_ATTEMPTS }
    }

    /// Whether the card can be used.
    pub fn is_open(&self) -> bool {
        matches!(self, Lock::Off | Lock::Opened { .. })
    }

    /// The state after a power cycle: an entered PIN must be entered again. The card remembers
    /// wrong attempts.
    #[must_use]
    pub fn power_cycled(self) -> Self {
        match self {
            Lock::Opened { pin, puk } => Lock::Pin { pin, puk, attempts: PIN_ATTEMPTS },
            other => other,
        }
    }

    /// Enters a PIN. Returns the new state, and whether the PIN was right.
    pub fn enter_pin(self, entered: &str) -> (Self, bool) {
        match self {
            Lock::Pin { pin, puk, .. } if pin == entered => (Lock::Opened { pin, puk }, true),
            Lock::Pin { puk, attempts: 0 | 1, .. } => {
                (Lock::Puk { puk, attempts: PUK_ATTEMPTS }, false)
            }
            Lock::Pin { pin, puk, attempts } => {
                (Lock::Pin { pin, puk, attempts: attempts - 1 }, false)
            }
            other => (other, false),
        }
    }

    /// Enters the PUK with a new PIN. Returns the new state, and whether the PUK was right.
    pub fn enter_puk(self, entered: &str, new_pin: &str) -> (Self, bool) {
        match self {
            Lock::Puk { puk, .. } if puk == entered => {
                (Lock::Opened { pin: new_pin.to_owned(), puk }, true)
            }
            Lock::Puk { attempts: 0 | 1, .. } => (Lock::Dead, false),
            Lock::Puk { puk, attempts } => (Lock::Puk { puk, attempts: attempts - 1 }, false),
            other => (other, false),
        }
    }

    /// The number of attempts that are left for the PIN and for the PUK.
    pub fn attempts(&self) -> (u8, u8) {
        match self {
            Lock::Off | Lock::Opened { .. } => (PIN_ATTEMPTS, PUK_ATTEMPTS),
            Lock::Pin { attempts, .. } => (*attempts, PUK_ATTEMPTS),
            Lock::Puk { attempts, .. } => (0, *attempts),
            Lock::Dead => (0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wrong_pins_ask_for_the_puk_and_ten_wrong_puks_kill_the_card() {
        let mut lock = Lock::with_pin("1234");
        for left in [2, 1, 0] {
            lock = lock.enter_pin("0000").0;
            assert_eq!(lock.attempts().0, left);
        }
        assert!(matches!(lock, Lock::Puk { attempts: 10, .. }));
        for _ in 0..10 {
            lock = lock.enter_puk("00000000", "1111").0;
        }
        assert_eq!(lock, Lock::Dead);
    }

    #[test]
    fn a_right_pin_opens_until_the_power_goes() {
        let (lock, right) = Lock::with_pin("1234").enter_pin("1234");
        assert!(right && lock.is_open());
        assert!(!lock.power_cycled().is_open());
    }

    #[test]
    fn wrong_attempts_survive_a_power_cycle() {
        let (lock, _) = Lock::with_pin("1234").enter_pin("0000");
        assert_eq!(lock.power_cycled().attempts(), (2, 10));
    }

    #[test]
    fn the_right_puk_sets_a_new_pin() {
        let lock = Lock::Puk { puk: "12345678".to_owned(), attempts: 10 };
        let (lock, right) = lock.enter_puk("12345678", "4321");
        assert!(right);
        assert!(lock.power_cycled().enter_pin("4321").1);
    }
}
