//! Mixed faults over time, drawn from a seed: the same seed gives the same faults at the same
//! milliseconds.

use std::time::Duration;

use super::faults::{Fault, Leftover};
use super::network::Network;
use super::quirks::Quirk;
use crate::domain::Random;

/// A fault, and when it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledFault {
    /// Milliseconds from the beginning.
    pub at_ms: u64,
    /// The modem's place, counted from 0.
    pub modem: usize,
    /// The fault that begins or ends.
    pub fault: Fault,
}

/// Faults in the order of their times. Lasting effects of a fault are undone at its end, and all of
/// them at the end of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSchedule {
    faults: Vec<ScheduledFault>,
}

/// The shortest and longest time from one incident of a modem to the next.
const GAP_MS: (u64, u64) = (5_000, 240_000);
/// How long an incident lasts that does not end by itself.
const LENGTH_MS: (u64, u64) = (500, 90_000);
/// The kinds of incidents that a plan can hold.
const KINDS: u64 = 33;

impl FaultSchedule {
    /// Plans this many minutes of faults for a network's modems, each with the card that it has
    /// now. Cards of banks are not touched.
    pub fn new(network: &Network, seed: u64, minutes: u64) -> FaultSchedule {
        let mut cards: Vec<Option<String>> =
            network.stats().into_iter().map(|modem| modem.iccid).collect();
        for radio in network.bank_stats().iter().flat_map(|bank| &bank.radios) {
            cards.get_mut(radio.modem).and_then(Option::take);
        }
        let mut planner = Planner { random: Random::new(seed), cards, faults: Vec::new() };
        let end_ms = minutes * 60_000;
        for modem in 0..planner.cards.len() {
            let mut at_ms = planner.random.between(GAP_MS);
            while at_ms + LENGTH_MS.1 < end_ms {
                planner.incident(modem, at_ms);
                at_ms += planner.random.between(GAP_MS);
            }
        }
        planner.set_right(end_ms);
        planner.faults.sort_by_key(|planned| planned.at_ms);
        FaultSchedule { faults: planner.faults }
    }

    /// The faults in order.
    pub fn faults(&self) -> &[ScheduledFault] {
        &self.faults
    }

    /// Causes the faults at their times.
    pub async fn play(self, network: Network) {
        let mut passed_ms = 0;
        for ScheduledFault { at_ms, modem, fault } in self.faults {
            tokio::time::sleep(Duration::from_millis(at_ms - passed_ms)).await;
            passed_ms = at_ms;
            if let Err(error) = network.fault(modem, &fault) {
                tracing::warn!(
                    event = "simulator_fault_failed", %error, modem,
                    "a planned fault could not be applied"
                );
            }
        }
    }
}

struct Planner {
    random: Random,
    /// The card that each modem has at first, by ICCID.
    cards: Vec<Option<String>>,
    faults: Vec<ScheduledFault>,
}

impl Planner {
    fn at(&mut self, at_ms: u64, modem: usize, fault: Fault) {
        self.faults.push(ScheduledFault { at_ms, modem, fault });
    }

    /// Adds a fault that begins and ends.
    fn spell(&mut self, modem: usize, at_ms: u64, begins: Fault, ends: Fault) {
        let length_ms = self.random.between(LENGTH_MS);
        self.at(at_ms, modem, begins);
        self.at(at_ms + length_ms, modem, ends);
    }

    fn incident(&mut self, modem: usize, at_ms: u64) {
        let kind = self.random.below(KINDS);
        match kind {
            0..=13 => {
                let fault = self.of_the_line(kind);
                self.at(at_ms, modem, fault);
            }
            14 | 15 => {
                let quirk = self.random.one_of(&QUIRKS);
                self.spell(modem, at_ms, Fault::Habit { quirk }, Fault::Clear);
            }
            16 => self.spell(modem, at_ms, Fault::CoverageLost, Fault::CoverageBack),
            17 => self.spell(modem, at_ms, Fault::Denied, Fault::CoverageBack),
            18 => self.spell(
                modem,
                at_ms,
                Fault::SimLocked { pin: "2468".to_owned() },
                Fault::SimUnlocked,
            ),
            19 => self.spell(modem, at_ms, Fault::SimBlocked, Fault::SimUnlocked),
            20 => {
                let back_after_ms = Some(self.random.between(LENGTH_MS));
                self.at(at_ms, modem, Fault::PortGone { back_after_ms });
            }
            21 => self.at(at_ms, modem, Fault::Reboot),
            22 => {
                self.at(at_ms, modem, Fault::Habit { quirk: Quirk::SilentBoot });
                self.at(at_ms + 1, modem, Fault::Reboot);
                self.at(at_ms + 30_000, modem, Fault::Clear);
            }
            23 | 24 => self.card_out_and_in(modem, at_ms),
            25 => {
                let code = self.random.one_of(&[14, 515]);
                let times = 1 + u32::try_from(self.random.below(20)).unwrap_or(0);
                self.at(at_ms, modem, Fault::Busy { code, times });
            }
            26 => {
                let state = self.random.one_of(&LEFTOVERS);
                self.at(at_ms, modem, Fault::Leftover { state });
            }
            27 => {
                let state = self.random.one_of(&LEFTOVERS);
                self.at(at_ms, modem, Fault::Leftover { state });
                self.at(at_ms + 1, modem, Fault::Reboot);
            }
            28 => {
                let refused = Fault::RefuseShare { percent: 3, seed: self.random.below(1_000) };
                self.spell(modem, at_ms, refused, Fault::Clear);
            }
            29 => {
                let command = self.random.one_of(&COMMANDS).to_owned();
                let line = self.random.one_of(&STRAY).to_owned();
                self.at(at_ms, modem, Fault::StrayLine { command, line, times: 2 });
            }
            30 => {
                let charset = self.random.one_of(&CHARSETS).to_owned();
                // A message inside its URC is lost with the line or the session that it meets.
                self.at(at_ms, modem, Fault::TextMode { charset, direct: false });
            }
            31 => {
                let off = Fault::Leftover { state: Leftover::OffNetwork };
                self.spell(modem, at_ms, off, Fault::CoverageBack);
            }
            _ => self.cards_exchanged(modem, at_ms),
        }
    }

    fn of_the_line(&mut self, kind: u64) -> Fault {
        let times = 1 + u32::try_from(self.random.below(4)).unwrap_or(0);
        let command = self.random.one_of(&COMMANDS).to_owned();
        match kind {
            0 => Fault::Silence { commands: times },
            1 => Fault::Slow { delay_ms: self.random.between((100, 4_000)), commands: times },
            2 => Fault::Slow { delay_ms: self.random.between((5_000, 70_000)), commands: 1 },
            3 | 4 => Fault::Refuse { command, times },
            5 => Fault::NoFinal { command, times },
            6 | 7 => {
                let octets = usize::try_from(self.random.below(60)).unwrap_or(0);
                Fault::Cut { command, times, octets }
            }
            8 => Fault::DropUrcs { count: times * 3 },
            9 => Fault::Flood {
                line: self.random.one_of(&NOISE).to_owned(),
                every_ms: self.random.between((20, 900)),
                for_ms: self.random.between((1_000, 60_000)),
            },
            10 => Fault::Garbage { octets: hex::encode(self.random.octets()) },
            11 if times.is_multiple_of(2) => Fault::Redeliver { messages: times },
            11 => Fault::Duplicate { messages: times },
            12 => Fault::Deaf,
            _ => self.random.one_of(&[Fault::Echo, Fault::SettingsLost]),
        }
    }

    fn card_out_and_in(&mut self, modem: usize, at_ms: u64) {
        if let Some(Some(iccid)) = self.cards.get(modem).cloned() {
            self.spell(modem, at_ms, Fault::SimOut, Fault::SimIn { iccid });
        }
    }

    /// Adds an exchange: the card of another modem is put into this one, and later both are put
    /// back.
    fn cards_exchanged(&mut self, modem: usize, at_ms: u64) {
        let count = u64::try_from(self.cards.len()).unwrap_or(1).max(1);
        let other = usize::try_from(self.random.below(count)).unwrap_or(0);
        let (Some(Some(own)), Some(Some(foreign))) =
            (self.cards.get(modem).cloned(), self.cards.get(other).cloned())
        else {
            return;
        };
        self.spell(
            modem,
            at_ms,
            Fault::SimIn { iccid: foreign.clone() },
            Fault::SimIn { iccid: own },
        );
        let back_ms = self.faults.last().map_or(at_ms, |planned| planned.at_ms);
        self.at(back_ms + 1, other, Fault::SimIn { iccid: foreign });
    }

    fn set_right(&mut self, end_ms: u64) {
        for (modem, card) in self.cards.clone().into_iter().enumerate() {
            self.at(end_ms, modem, Fault::Clear);
            self.at(end_ms, modem, Fault::PortBack);
            self.at(end_ms, modem, Fault::CoverageBack);
            card.into_iter().for_each(|iccid| self.at(end_ms, modem, Fault::SimIn { iccid }));
            self.at(end_ms, modem, Fault::SimUnlocked);
        }
    }
}

/// The commands that hosts send most, and those whose failure has the worst effects.
const COMMANDS: [&str; 12] = [
    "+CMGR", "+CMGR", "+CMGL", "+CMGL", "+CMGD", "+CPMS", "+CNMI", "+CPIN", "+CCID", "+CREG",
    "+CSQ", "",
];

const NOISE: [&str; 8] = [
    "+CUSD: 0,\"A TV of 32",
    "+CUSD: 1,\"1: more\",15",
    "^RSSI:17",
    "^HCSQ:\"LTE\",38,35,121,18",
    "^BOOT:20952548,0,0,0,72",
    "+ZPAS: \"LTE\",\"CS_PS\"",
    "+CSQN: 24,0",
    "DST: 1",
];

const QUIRKS: [Quirk; 22] = [
    Quirk::NoSpace,
    Quirk::LineFeedOnly,
    Quirk::DoubledLineEnds,
    Quirk::CmtiWithoutIndex,
    Quirk::CmtiWithMore,
    Quirk::CountsLag,
    Quirk::DeliversTwice,
    Quirk::DeafWhenFull,
    Quirk::NoList,
    Quirk::EmptyName,
    Quirk::LteOnly,
    Quirk::ChatterInReplies,
    Quirk::Pin2Wanted,
    Quirk::Puk2Wanted,
    Quirk::EchoStays,
    Quirk::EchoTwice,
    Quirk::VoltageInReplies,
    Quirk::EmptyStatus,
    Quirk::EmptyList,
    Quirk::TextModeOnly,
    Quirk::KeepsTextMode,
    Quirk::CardWithoutRoom,
];

/// The character sets in which another program may have texts.
const CHARSETS: [&str; 3] = ["IRA", "GSM", "UCS2"];

/// All but that the modem was taken off the network, which the session undoes once an hour at most.
const LEFTOVERS: [Leftover; 7] = [
    Leftover::Digits,
    Leftover::Silence,
    Leftover::Ucs2,
    Leftover::Sleep,
    Leftover::DataMode,
    Leftover::Prompt,
    Leftover::HalfCommand,
];

/// Lines that are part of no reply.
const STRAY: [&str; 4] =
    ["UNDER-VOLTAGE WARNNING", "RING", "*PSUTTZ: 2026,6,22,12,57,3", "no line of any standard"];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::scenario::Scenario;
    use super::*;

    fn network() -> Network {
        let clock = Arc::new(|| chrono::DateTime::from_timestamp(1_782_133_023, 0).unwrap());
        Network::new(&Scenario::of_modems(4), clock).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_faults_and_another_one_others() {
        let network = network();
        assert_eq!(FaultSchedule::new(&network, 7, 60), FaultSchedule::new(&network, 7, 60));
        assert_ne!(FaultSchedule::new(&network, 7, 60), FaultSchedule::new(&network, 8, 60));
    }

    #[test]
    fn the_faults_come_in_order_strike_and_leave_the_modems_well() {
        let network = network();
        let before = network.stats();
        let plan = FaultSchedule::new(&network, 7, 600);
        assert!(plan.faults().len() > 500);
        assert!(plan.faults().is_sorted_by_key(|planned| planned.at_ms));
        for planned in plan.faults() {
            network.fault(planned.modem, &planned.fault).unwrap();
        }
        let cards = |stats: Vec<crate::simulator::ModemStats>| {
            stats.into_iter().map(|m| m.iccid).collect::<Vec<_>>()
        };
        assert_eq!(cards(network.stats()), cards(before));
    }
}
