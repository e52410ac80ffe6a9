//! What is known of a bank.

use std::time::Duration;

use super::{iccid, port, time};
use crate::domain::bank::{
    BankReport, PlannedSwitch, RadioReport, RadioState, SlotContents, SlotReport, SwitchReason,
};

/// The report of a bank with so many slots on sixteen radios.
pub fn bank(slots: u32) -> BankReport {
    let states = [
        RadioState::OnAir,
        RadioState::Draining,
        RadioState::Switching,
        RadioState::Starting,
        RadioState::Registering,
        RadioState::NoSim,
        RadioState::OutOfOrder,
    ];
    let reasons = [
        SwitchReason::ByHand,
        SwitchReason::Order,
        SwitchReason::Tenant,
        SwitchReason::RentalDue,
        SwitchReason::Unknown,
        SwitchReason::LongestUnvisited,
    ];
    let radio = |number: u32| RadioReport {
        port: port(number),
        state: *states.iter().cycle().nth(number as usize).unwrap(),
        since: time(-100),
        reason: Some("looking for a network".to_owned()),
        slot: Some(3),
        iccid: Some(iccid(3)),
        next: Some(PlannedSwitch {
            slot: 4,
            reason: *reasons.iter().cycle().nth(number as usize).unwrap(),
            not_before: time(60),
        }),
        free_in: Some(Duration::from_secs(30)),
        switches: 5,
        lies: 1,
        failures: 2,
        downtime: Duration::from_millis(1_500),
    };
    let slot = |number: u32| SlotReport {
        slot: number,
        label: format!("radio 16, slot {number}"),
        radios: 0..16,
        contents: SlotContents::Sim(iccid(number)),
        on_radio: Some(2),
        visited_at: Some(time(-3_600)),
        visit_due: Some(time(3_600)),
        late_since: Some(time(-1)),
        trouble: Some("the bank claimed a switch that it had not made".to_owned()),
    };
    BankReport {
        name: "rack1".to_owned(),
        profile: "simbox".to_owned(),
        at: time(-2),
        radios: (0..16).map(radio).collect(),
        slots: (0..slots).map(slot).collect(),
        switch_time: Duration::from_secs(25),
        sell_within: Duration::from_secs(120),
        visit_on_view: Some(Duration::from_secs(900)),
        trouble: Some("the control line is busy".to_owned()),
    }
}
