//! SIM banks between the configuration, the driver and the gateway.

use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::config::{BankSection, Config};
use crate::bank::{Adapter, BankConfig, BankProfile};
use crate::domain::bank::{BankReport, SlotDemand, SlotRecord, SwitchRecord};
use crate::domain::{Iccid, PortName, Timestamp};
use crate::driver::bank::{BankEvents, BankPorts};
use crate::driver::{HostError, PortOptions, read_bank_profiles};
use crate::gateway::{self, Gateway};

/// The banks of a configuration, with their profiles.
///
/// # Errors
/// A bank cannot be driven: its line, and what would be right.
pub(super) fn banks(config: &Config) -> Result<Vec<BankPorts>, (usize, String)> {
    let own = read_bank_profiles(&config.hardware).0;
    config.banks.iter().map(|bank| ports(bank, &own).map_err(|fault| (bank.line, fault))).collect()
}

/// What is wrong with the banks of a configuration, as far as the file and the hardware folder
/// tell: each fault with its line.
pub(super) fn faults(config: &Config) -> Vec<(usize, String)> {
    let own = read_bank_profiles(&config.hardware).0;
    let fault = |bank: &BankSection| ports(bank, &own).err().map(|fault| (bank.line, fault));
    config.banks.iter().filter_map(fault).collect()
}

fn ports(bank: &BankSection, own: &[BankProfile]) -> Result<BankPorts, String> {
    let Some(profile) = BankProfile::find(own, &bank.profile) else {
        let mut names: Vec<String> =
            own.iter().map(|profile| profile.name.clone()).chain(BankProfile::names()).collect();
        names.dedup();
        return Err(format!(
            "there is no bank profile \"{}\"; there are {}",
            bank.profile,
            names.join(", ")
        ));
    };
    match profile.adapter {
        Adapter::Serial if bank.control.is_none() => {
            return Err(format!(
                "the profile {} needs control = \"/dev/…\", the port that the bank listens on",
                profile.name
            ));
        }
        Adapter::Command if bank.switch.is_empty() => {
            return Err(format!(
                "the profile {} needs switch = [\"my-script\", \"{{radio}}\", \"{{slot}}\"]",
                profile.name
            ));
        }
        _ => {}
    }
    let config = BankConfig {
        name: bank.name.clone(),
        profile,
        radios: bank.ports.iter().map(|port| PortName::from_stored(port.as_str())).collect(),
        slots: bank.slots,
        rental_visit: bank.rental_visit,
        quiet: bank.quiet,
        stay: bank.stay,
        sell_within: bank.sell_within.unwrap_or(Duration::ZERO),
        visit_on_view: bank.visit_on_view,
    };
    // The ICCID is read from the file on the card: a modem may remember the card that was there
    // before the bank switched.
    let options = PortOptions {
        pin_file: bank.pin_file.clone(),
        pin_without_count: bank.pin_without_count,
        iccid_from_card: true,
        ..PortOptions::default()
    };
    let (control, command) = (bank.control.clone(), bank.switch.clone());
    Ok(BankPorts { config, control, command, baud: bank.baud, options })
}

/// The gateway as the banks' tasks see it.
pub(super) struct BankBridge {
    gateway: Gateway,
    demand: Mutex<watch::Receiver<()>>,
}

impl BankBridge {
    pub(super) fn new(gateway: Gateway) -> BankBridge {
        let demand = Mutex::new(gateway.banks().demand_changes());
        BankBridge { gateway, demand }
    }
}

impl BankEvents for BankBridge {
    fn now(&self) -> Timestamp {
        self.gateway.now()
    }

    fn on_bank_report(&self, report: BankReport) {
        self.gateway.banks().take_report(report);
    }

    fn on_bank_gone(&self, bank: &str) {
        self.gateway.banks().forget(bank);
    }

    async fn read_slots(&self, bank: &str) -> Result<Vec<SlotRecord>, HostError> {
        self.gateway.banks().slots(bank).await.map_err(host_error)
    }

    async fn save_slot(&self, bank: &str, record: SlotRecord) -> Result<(), HostError> {
        self.gateway.banks().record_slot(bank, record).await.map_err(host_error)
    }

    async fn save_switch(&self, record: SwitchRecord) -> Result<(), HostError> {
        self.gateway.banks().record_switch(record).await.map_err(host_error)
    }

    async fn read_demands(&self, sims: Vec<Iccid>) -> Result<Vec<SlotDemand>, HostError> {
        self.gateway.banks().demand_for(sims).await.map_err(host_error)
    }

    async fn demands_changed(&self) {
        // The sender lives as long as the gateway, which this bridge holds.
        let _ = self.demand.lock().await.changed().await;
    }

    async fn release(&self, iccid: &Iccid) -> Result<bool, HostError> {
        self.gateway.banks().release(iccid).await.map_err(host_error)
    }

    fn reclaim(&self, iccid: &Iccid) {
        self.gateway.banks().reclaim(iccid);
    }
}

fn host_error(error: gateway::Error) -> HostError {
    HostError::new(error.to_string())
}
