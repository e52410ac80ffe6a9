//! SIM banks between the driver and the business: what is configured, put into the driver's words;
//! what banks say, into the gateway's.

use std::path::Path;
use std::time::Duration;

use super::config::{BankKeys, Config};
use crate::bank::{
    Adapter, BankConfig, BankProfile, BankReport, Kept, MoveEnd, RadioReport, SlotContents,
    SlotDemand, SlotReport, SwitchRecord, SwitchTrigger,
};
use crate::domain::Timestamp;
use crate::domain::bank as told;
use crate::driver::bank::BankPorts;
use crate::driver::{PortOptions, read_bank_profiles};

/// The banks of a configuration with their profiles.
///
/// # Errors
/// Which bank cannot be driven, with its line, and what would be right.
pub(super) fn banks(config: &Config) -> Result<Vec<BankPorts>, (usize, String)> {
    let own = read_bank_profiles(&config.hardware).0;
    config.banks.iter().map(|bank| ports(bank, &own).map_err(|fault| (bank.line, fault))).collect()
}

/// What is wrong with a configuration's banks, as far as the file and the hardware folder tell:
/// each fault with its line.
pub(super) fn faults(config: &Config) -> Vec<(usize, String)> {
    let own = read_bank_profiles(&config.hardware).0;
    let fault = |bank: &BankKeys| ports(bank, &own).err().map(|fault| (bank.line, fault));
    config.banks.iter().filter_map(fault).collect()
}

/// What is wrong in the operator's own files of banks: file, and what.
pub(super) fn profile_faults(hardware: &Path) -> Vec<(String, String)> {
    read_bank_profiles(hardware).1
}

fn ports(bank: &BankKeys, own: &[BankProfile]) -> Result<BankPorts, String> {
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
        radios: bank.ports.clone(),
        slots: bank.slots,
        rental_visit: bank.rental_visit,
        quiet: bank.quiet,
        stay: bank.stay,
    };
    // Read from the card's file: what a modem remembers of a card says nothing of the one that a
    // bank has put in its place.
    let options =
        PortOptions { profile: None, pin_file: bank.pin_file.clone(), iccid_from_card: true };
    let (control, command) = (bank.control.clone(), bank.switch.clone());
    Ok(BankPorts { config, control, command, baud: bank.baud, options })
}

/// What a bank says of itself, in the business's words.
pub(super) fn report(
    bank: &BankPorts,
    keys: &BankKeys,
    report: BankReport,
    now: Timestamp,
) -> told::BankReport {
    let config = &bank.config;
    let radios = config
        .radios
        .iter()
        .zip(report.radios)
        .map(|(port, seen)| radio(port.clone(), seen, now))
        .collect();
    let slots = (0..).zip(report.slots).map(|(number, seen)| slot(number, seen, now)).collect();
    told::BankReport {
        name: config.name.clone(),
        profile: config.profile.name.clone(),
        at: now,
        radios,
        slots,
        switch: report.switch,
        sell_within: keys.sell_within.unwrap_or(Duration::ZERO),
        visit_on_view: keys.visit_on_view,
        trouble: report.trouble,
    }
}

fn radio(port: String, seen: RadioReport, now: Timestamp) -> told::RadioReport {
    let next = seen.next.map(|next| told::NextMove {
        slot: next.slot,
        why: next.why,
        at: now.plus(next.in_),
    });
    told::RadioReport {
        port,
        doing: seen.doing,
        since: now.minus(seen.for_),
        reason: seen.reason,
        slot: seen.slot,
        iccid: seen.iccid,
        next,
        free_in: seen.free_in,
        moves: seen.moves,
        lies: seen.lies,
        failures: seen.failures,
        deaf: seen.deaf,
    }
}

fn slot(number: u32, seen: SlotReport, now: Timestamp) -> told::SlotReport {
    told::SlotReport {
        slot: number,
        label: seen.label,
        radios: seen.radios,
        holds: holds(seen.holds),
        on: seen.on,
        visited_at: seen.visited.map(|ago| now.minus(ago)),
        late_since: seen.late.map(|ago| now.minus(ago)),
        trouble: seen.trouble,
    }
}

fn holds(holds: SlotContents) -> told::SlotContents {
    match holds {
        SlotContents::Unknown => told::SlotContents::Unknown,
        SlotContents::Empty => told::SlotContents::Empty,
        SlotContents::Sim(iccid) => told::SlotContents::Sim(iccid),
    }
}

pub(super) fn kept(record: told::SlotRecord, now: Timestamp) -> Kept {
    let holds = match record.holds {
        told::SlotContents::Unknown => SlotContents::Unknown,
        told::SlotContents::Empty => SlotContents::Empty,
        told::SlotContents::Sim(iccid) => SlotContents::Sim(iccid),
    };
    Kept { slot: record.slot, holds, visited: record.visited_at.map(|at| now.since(at)) }
}

pub(super) fn record(kept: Kept, now: Timestamp) -> told::SlotRecord {
    let visited_at = kept.visited.map(|ago| now.minus(ago));
    told::SlotRecord { slot: kept.slot, holds: holds(kept.holds), visited_at }
}

pub(super) fn need(need: told::SlotDemand, now: Timestamp) -> SlotDemand {
    let called = need.called.map(|call| match call {
        told::SwitchTrigger::Order { until } => SwitchTrigger::Order(until.since(now)),
        told::SwitchTrigger::Tenant => SwitchTrigger::Tenant,
    });
    SlotDemand {
        iccid: need.iccid,
        stays: need.stays,
        collects: need.collects,
        called,
        rented: need.rented,
    }
}

/// A switch that was over so long ago.
pub(super) fn moved(
    bank: &str,
    port: &str,
    moved: SwitchRecord,
    ago: Duration,
    now: Timestamp,
) -> told::SwitchRecord {
    let ended_at = now.minus(ago);
    told::SwitchRecord {
        bank: bank.to_owned(),
        radio: port.to_owned(),
        slot: moved.slot,
        left: moved.left,
        began_at: ended_at.minus(moved.ended_at - moved.began_at),
        ended_at,
        found: moved.found,
        outcome: match moved.end {
            MoveEnd::Done => told::MoveOutcome::Done,
            MoveEnd::NoNetwork => told::MoveOutcome::NoNetwork,
            MoveEnd::Lied => told::MoveOutcome::Lied,
            MoveEnd::Empty => told::MoveOutcome::Empty,
            MoveEnd::Failed => told::MoveOutcome::Failed,
        },
    }
}
