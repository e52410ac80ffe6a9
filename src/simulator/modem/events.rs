//! Events that happen to a modem: its card is inserted or removed, the network is found or lost,
//! time passes, faults begin.

use super::{Fault, Input, Modem, ModemConfig, Now, Power, Quirk, Settings, sim};
use crate::simulator::card::{Lock, SimCard};

/// An unsolicited line that is sent again and again.
#[derive(Debug, Clone)]
pub struct Flood {
    line: String,
    every_ms: u64,
    /// When it is sent next.
    pub next_ms: u64,
    until_ms: u64,
}

impl Flood {
    /// The lines that this model sends unsolicited, without end.
    pub fn chatter(config: &ModemConfig) -> Vec<Flood> {
        let lines = config.chatter.iter().filter(|_| config.chatter_ms > 0).zip(1u64..);
        let flood = |(line, place): (&String, u64)| Flood {
            line: line.clone(),
            every_ms: config.chatter_ms,
            next_ms: config.chatter_ms + place,
            until_ms: u64::MAX,
        };
        lines.map(flood).collect()
    }
}

impl Modem {
    /// Causes a fault that concerns the modem alone.
    pub fn suffer(&mut self, fault: &Fault, now: Now) {
        if *fault == Fault::Clear {
            self.floods = Flood::chatter(&self.config);
            self.floods.iter_mut().for_each(|flood| flood.next_ms += now.ms);
        }
        if self.faults.add(fault) {
            return;
        }
        match fault {
            Fault::Flood { line, every_ms, for_ms } => self.floods.push(Flood {
                line: line.clone(),
                every_ms: (*every_ms).max(1),
                next_ms: now.ms,
                until_ms: now.ms.saturating_add(*for_ms),
            }),
            Fault::Reboot => self.reboot(now),
            Fault::Deaf => self.go_deaf(),
            Fault::Echo => self.settings.echo = true,
            Fault::SettingsLost => self.forget_settings(),
            Fault::Leftover { state } => self.leave(*state),
            Fault::TextMode { charset, direct } => self.show_text(charset, *direct),
            Fault::SimLocked { pin } => self.relock(Lock::with_pin(pin), now),
            Fault::SimBlocked => self.relock(Lock::blocked(), now),
            Fault::SimUnlocked => self.relock(Lock::Off, now),
            Fault::Denied => self.denied = true,
            Fault::CoverageLost => self.coverage = false,
            Fault::CoverageBack if !self.coverage || self.denied || self.deregistered => {
                (self.coverage, self.denied, self.deregistered) = (true, false, false);
                self.search(now.ms);
            }
            _ => {}
        }
        self.settle();
    }

    fn forget_settings(&mut self) {
        self.settings = Settings::of(&self.config);
        self.saved = self.settings.clone();
        self.input = Input::default();
    }

    fn relock(&mut self, lock: Lock, now: Now) {
        let Some(card) = self.sim.as_mut().filter(|card| card.lock != lock) else { return };
        card.lock = lock;
        let words = sim::lock_words(&card.lock);
        self.search(now.ms);
        self.tell_of_card(&[format!("+CPIN: {words}")]);
    }

    /// Starts the search for the network, which takes some time.
    pub(super) fn search(&mut self, now_ms: u64) {
        if self.config.registers_ms > 0 {
            self.searching_until_ms = now_ms + self.config.registers_ms;
        }
    }

    fn tell_of_card(&mut self, lines: &[String]) {
        if !self.has(Quirk::SilentCard) {
            lines.iter().for_each(|line| self.urc(line));
        }
    }

    /// Removes the card that is in use, and returns it.
    pub fn remove_sim(&mut self) -> Option<SimCard> {
        self.look_at_card();
        let mut card = self.sim.take()?;
        card.lock = card.lock.power_cycled();
        self.unacknowledged = None;
        self.tell_of_card(&self.config.sim_out.clone());
        self.settle();
        Some(card)
    }

    /// Inserts a card, and returns the one that was there.
    pub fn insert_sim(&mut self, mut card: SimCard, now: Now) -> Option<SimCard> {
        let before = self.remove_sim();
        card.messages.count_from(self.config.first_index);
        let words = sim::lock_words(&card.lock);
        self.sim = Some(card);
        self.search(now.ms);
        self.tell_of_card(&[format!("+CPIN: {words}")]);
        self.tell_of_card(&self.config.sim_in.clone());
        self.settle();
        before
    }

    /// Ends a restart: the modem sends its lines, and after a while the stores can be read.
    pub(super) fn booted(&mut self, at_ms: u64) {
        self.power = Power::Full;
        self.switch_card_on();
        self.search(at_ms);
        let silent = self.has(Quirk::SilentBoot);
        for noise in self.config.boot_noise.clone().iter().filter(|_| !silent) {
            self.say(noise.as_bytes());
        }
        self.busy_until_ms = Some(at_ms + self.config.messages_ready_ms);
    }

    /// Does what happens by itself: repeated lines, and the stores becoming readable after a
    /// restart.
    pub(super) fn pass_time(&mut self, now: Now) {
        if self.busy_until_ms.is_some_and(|until_ms| until_ms <= now.ms) {
            self.busy_until_ms = None;
            let silent = self.has(Quirk::SilentBoot);
            for line in self.config.messages_ready.clone().iter().filter(|_| !silent) {
                self.say(line.as_bytes());
            }
        }
        self.bring_slot_up(now);
        if self.searching_until_ms <= now.ms {
            self.searching_until_ms = 0;
        }
        let mut due = Vec::new();
        for flood in &mut self.floods {
            while flood.next_ms <= now.ms.min(flood.until_ms) {
                due.push(flood.line.clone());
                // A modem that was not stepped for long does not make up for lines that nobody
                // would have received.
                flood.next_ms = (flood.next_ms + flood.every_ms)
                    .max(now.ms.saturating_sub(flood.every_ms * 64));
            }
        }
        self.floods.retain(|flood| flood.next_ms <= flood.until_ms);
        due.iter().for_each(|line| self.urc(line));
    }

    /// Sends octets as they are.
    pub fn babble(&mut self, octets: &[u8]) {
        self.output.write(octets);
    }
}
