//! A modem as a scenario describes it. What the scenario leaves out is taken from the modem's
//! family, and otherwise made up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::card::SimCard;
use super::digits::imei;
use super::error::SimulatorError;
use super::family;
use super::faults::Fault;
use super::modem::ModemConfig;
use super::modem::slots::SlotSwitch;
use super::modem::store_name::StoreName;
use super::modem_slot;
use super::quirks::Quirk;
use super::scenario::{SimPlan, StoredPlan};

const ME_CAPACITY: usize = 100;
const SLOT_UP_MS: u64 = 3_000;
const BOOT_MS: u64 = 300;
/// How long direct delivery waits for an acknowledgement: one family of modules gives up after this
/// time.
const ACKNOWLEDGE_MS: u64 = 17_000;
/// The commands by which models report the ICCID of the card. Each model has one of them.
const ICCID_COMMANDS: [&str; 9] =
    ["+CCID", "+QCCID", "+ICCID", "+CICCID", "^ICCID", "#CCID", "!ICCID", "+ZGETICCID", "^SCID"];

/// A modem to simulate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModemPlan {
    #[serde(skip)]
    position: usize,
    family: Option<String>,
    /// In a family's file: the sources of its facts.
    pub(super) source: Vec<String>,
    manufacturer: Option<String>,
    pub(super) model: Option<String>,
    firmware: Option<String>,
    imei: Option<String>,
    me_capacity: Option<usize>,
    first_index: Option<usize>,
    boot_ms: Option<u64>,
    boot_noise: Option<Vec<String>>,
    registers_ms: Option<u64>,
    messages_ready_ms: Option<u64>,
    messages_ready: Option<Vec<String>>,
    acknowledge_ms: Option<u64>,
    /// The command that reports the ICCID, and the line of its reply.
    iccid: Option<(String, String)>,
    replies: BTreeMap<String, String>,
    unknown: Option<Vec<String>>,
    stores: Option<Vec<StoreName>>,
    store_arguments: Option<Vec<usize>>,
    indications: Option<Vec<Vec<usize>>>,
    store_full: Option<Vec<String>>,
    sim_in: Option<Vec<String>>,
    sim_out: Option<Vec<String>>,
    chatter: Option<Vec<String>>,
    chatter_ms: Option<u64>,
    quirks: Option<Vec<Quirk>>,
    slot_switches: Option<Vec<SlotSwitch>>,
    slot_up_ms: Option<u64>,
    no_sim: bool,
    /// The cards of all slots, with that of the slot in use first. Without it there is one card,
    /// `sim`.
    slots: Vec<SimPlan>,
    /// The number of additional slots, whose cards are made up.
    extra_slots: usize,
    sim: SimPlan,
    stored: Vec<StoredPlan>,
    faults: Vec<Fault>,
}

/// The cards of further slots are made up from the positions behind half a million modems.
fn slot_position(modem: usize, slot: usize) -> usize {
    if slot == 0 { modem } else { 500_000 + modem * 16 + slot }
}

impl ModemPlan {
    /// Fills in what this plan leaves out from the modem's family.
    pub(super) fn of_its_family(self) -> Result<Self, SimulatorError> {
        match &self.family {
            Some(name) => Ok(self.clone().over(family::plan(name)?)),
            None => Ok(self),
        }
    }

    fn over(self, family: Self) -> Self {
        let mut sim = self.sim;
        sim.capacity = sim.capacity.or(family.sim.capacity);
        Self {
            source: family.source,
            manufacturer: self.manufacturer.or(family.manufacturer),
            model: self.model.or(family.model),
            firmware: self.firmware.or(family.firmware),
            me_capacity: self.me_capacity.or(family.me_capacity),
            first_index: self.first_index.or(family.first_index),
            boot_ms: self.boot_ms.or(family.boot_ms),
            boot_noise: self.boot_noise.or(family.boot_noise),
            registers_ms: self.registers_ms.or(family.registers_ms),
            messages_ready_ms: self.messages_ready_ms.or(family.messages_ready_ms),
            messages_ready: self.messages_ready.or(family.messages_ready),
            acknowledge_ms: self.acknowledge_ms.or(family.acknowledge_ms),
            iccid: self.iccid.or(family.iccid),
            replies: family.replies.into_iter().chain(self.replies).collect(),
            unknown: self.unknown.or(family.unknown),
            stores: self.stores.or(family.stores),
            store_arguments: self.store_arguments.or(family.store_arguments),
            indications: self.indications.or(family.indications),
            store_full: self.store_full.or(family.store_full),
            sim_in: self.sim_in.or(family.sim_in),
            sim_out: self.sim_out.or(family.sim_out),
            chatter: self.chatter.or(family.chatter),
            chatter_ms: self.chatter_ms.or(family.chatter_ms),
            slot_switches: self.slot_switches.or(family.slot_switches),
            slot_up_ms: self.slot_up_ms.or(family.slot_up_ms),
            quirks: self.quirks.or(family.quirks),
            sim,
            ..self
        }
    }

    /// Its place in the rack, from which the rest is made up.
    pub(super) fn stands_at(&mut self, position: usize) {
        self.position = position;
        self.sim.position = position;
        for (slot, sim) in self.slots.iter_mut().enumerate() {
            sim.position = slot_position(position, slot);
        }
    }

    /// The modem's constant properties.
    pub fn config(&self) -> ModemConfig {
        let or = |given: &Option<String>, default: &str| {
            given.clone().unwrap_or_else(|| default.to_owned())
        };
        let lines = |given: &Option<Vec<String>>, default: &[&str]| {
            given.clone().unwrap_or_else(|| default.iter().map(|line| (*line).to_owned()).collect())
        };
        ModemConfig {
            manufacturer: or(&self.manufacturer, "simbridge"),
            model: or(&self.model, "SIMULATED"),
            firmware: or(&self.firmware, env!("CARGO_PKG_VERSION")),
            imei: self.imei.clone().unwrap_or_else(|| imei(self.position)),
            me_capacity: self.me_capacity.unwrap_or(ME_CAPACITY),
            first_index: self.first_index.unwrap_or(1),
            boot_ms: self.boot_ms.unwrap_or(BOOT_MS),
            boot_noise: lines(&self.boot_noise, &["RDY", "SMS Ready"]),
            registers_ms: self.registers_ms.unwrap_or(0),
            messages_ready_ms: self.messages_ready_ms.unwrap_or(0),
            messages_ready: lines(&self.messages_ready, &[]),
            acknowledge_ms: self.acknowledge_ms.unwrap_or(ACKNOWLEDGE_MS),
            replies: self.replies.clone().into_iter().chain(self.iccid.clone()).collect(),
            unknown: self.unknown(),
            stores: self.stores.clone().unwrap_or_else(|| vec![StoreName::Sm, StoreName::Me]),
            store_arguments: self.store_arguments.clone().unwrap_or_else(|| vec![1, 2, 3]),
            indications: self.indications(),
            store_full: lines(&self.store_full, &[]),
            sim_in: lines(&self.sim_in, &[]),
            sim_out: lines(&self.sim_out, &["+CPIN: NOT INSERTED"]),
            chatter: lines(&self.chatter, &[]),
            chatter_ms: self.chatter_ms.unwrap_or(0),
            slot_switches: self.slot_switches.clone().unwrap_or_default(),
            slot_up_ms: self.slot_up_ms.unwrap_or(SLOT_UP_MS),
            quirks: self.quirks.clone().unwrap_or_default(),
        }
    }

    /// The supported values of `AT+CNMI` (TS 27.005 table 3.4.1-1 and the tables after it).
    fn indications(&self) -> Vec<Vec<usize>> {
        let standard =
            || vec![vec![0, 1, 2], vec![0, 1, 2, 3], vec![0, 2], vec![0, 1, 2], vec![0, 1]];
        self.indications.clone().unwrap_or_else(standard)
    }

    fn unknown(&self) -> Vec<String> {
        let mut unknown = self.unknown.clone().unwrap_or_default();
        if let Some((command, _)) = &self.iccid {
            let others = ICCID_COMMANDS.iter().filter(|known| !command.starts_with(*known));
            unknown.extend(others.map(|known| (*known).to_owned()));
        }
        unknown
    }

    /// The card in the modem, if there is one.
    pub fn card(&self) -> Option<SimCard> {
        (!self.no_sim).then(|| self.first_sim().card(self.first_index.unwrap_or(1)))
    }

    fn first_sim(&self) -> &SimPlan {
        self.slots.first().unwrap_or(&self.sim)
    }

    /// The cards in the module's other slots, with the messages that they have from the start.
    pub fn other_cards(&self, now: DateTime<Utc>) -> Vec<SimCard> {
        let said = self.slots.len().max(1);
        let made_up = (said..said + self.extra_slots)
            .map(|slot| SimPlan::at(slot_position(self.position, slot)));
        let plans = self.slots.iter().skip(1).cloned().chain(made_up);
        plans.map(|plan| modem_slot::loaded(&plan, now)).collect()
    }

    /// The messages in the modem's own store at the start.
    pub fn stored(&self) -> &[StoredPlan] {
        &self.stored
    }

    /// The messages on the card at the start.
    pub fn stored_on_card(&self) -> &[StoredPlan] {
        &self.first_sim().stored
    }

    /// The faults that are active from the start.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}
