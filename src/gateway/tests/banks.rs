//! SIM banks: sales of parked SIMs, the release of SIMs, demands, and tenants who look for
//! messages.

use super::*;
use crate::domain::bank::{
    BankReport, PlannedSwitch, RadioReport, RadioState, SlotContents, SlotDemand, SlotRecord,
    SlotReport, SwitchOutcome, SwitchReason, SwitchRecord, SwitchTrigger,
};

mod burst;
mod kept;
mod race;
mod sold;

const BANK: &str = "cellar";

/// The ICCID of SIM `n`.
/// A slot with SIM `n` in it.
fn sim(n: u16) -> SlotContents {
    SlotContents::Sim(iccid(n))
}

/// A bank with the SIMs `1..=slots` in its slots, each of which every radio can take. SIM `n` is in
/// slot `n - 1`.
pub(super) struct Bank {
    pub(super) report: BankReport,
}

impl Bank {
    fn new(radios: u16, slots: u16, now: Timestamp) -> Bank {
        let radio = |place: u16| RadioReport {
            port: PortName::from_stored(format!("radio{}", place + 1)),
            state: RadioState::OnAir,
            since: now,
            reason: None,
            slot: None,
            iccid: None,
            next: None,
            free_in: Some(Duration::ZERO),
            switches: 0,
            lies: 0,
            failures: 0,
            downtime: Duration::ZERO,
        };
        let slot = |place: u16| SlotReport {
            slot: place.into(),
            label: format!("slot {}", place + 1),
            radios: 0..radios.into(),
            contents: sim(place + 1),
            on_radio: None,
            visited_at: Some(now),
            visit_due: None,
            late_since: None,
            trouble: None,
        };
        let report = BankReport {
            name: BANK.into(),
            profile: "test".into(),
            at: now,
            radios: (0..radios).map(radio).collect(),
            slots: (0..slots).map(slot).collect(),
            switch_time: Duration::from_secs(30),
            sell_within: Duration::from_secs(120),
            visit_on_view: Some(Duration::from_secs(600)),
            trouble: None,
        };
        Bank { report }
    }

    /// Puts SIM `n` on a radio.
    fn put_on(&mut self, n: u16, radio: usize) {
        self.take_off(radio);
        self.report.slots[usize::from(n) - 1].on_radio = Some(radio);
        self.report.radios[radio].iccid = Some(iccid(n));
        self.report.radios[radio].slot = Some(u32::from(n) - 1);
    }

    /// Takes the SIM off a radio.
    fn take_off(&mut self, radio: usize) {
        self.report
            .slots
            .iter_mut()
            .filter(|slot| slot.on_radio == Some(radio))
            .for_each(|slot| slot.on_radio = None);
        self.report.radios[radio].iccid = None;
        self.report.radios[radio].slot = None;
    }

    fn slot(&mut self, n: u16) -> &mut SlotReport {
        &mut self.report.slots[usize::from(n) - 1]
    }

    /// Reports the bank to the gateway.
    pub(super) fn report_to(&mut self, fixture: &Fixture) {
        self.report.at = fixture.gateway.now();
        fixture.gateway.banks().take_report(self.report.clone());
    }
}

impl Fixture {
    /// A bank whose SIMs are known, with their numbers, and parked.
    pub(super) async fn bank(&self, radios: u16, slots: u16) -> Bank {
        for n in 1..=slots {
            let number = Some((format!("+3161200{n:04}"), NumberSource::Cnum));
            let identity = Identified {
                modem: modem(9000),
                others: Vec::new(),
                iccid: iccid(n),
                imsi: Some(Imsi::from_stored("204081234567890")),
                number,
            };
            self.gateway.sims().record_identity(identity).await.unwrap();
        }
        let mut bank = Bank::new(radios, slots, self.gateway.now());
        bank.report_to(self);
        bank
    }

    /// SIM `n` comes on a radio of the bank and is ready there.
    pub(super) async fn switch_in(&self, bank: &mut Bank, n: u16, radio: usize) {
        bank.put_on(n, radio);
        self.plug(n).await;
        bank.report_to(self);
        self.gateway.banks().reclaim(&iccid(n));
        self.gateway.due_work().run_due_work().await.unwrap();
    }

    /// SIM `n` leaves the air, if it may, as a bank's driver has it leave; returns whether it did.
    pub(super) async fn switch_out(&self, bank: &mut Bank, n: u16, radio: usize) -> bool {
        if !self.gateway.banks().release(&iccid(n)).await.unwrap() {
            return false;
        }
        self.silence(n);
        bank.take_off(radio);
        bank.slot(n).visited_at = Some(self.gateway.now());
        bank.report_to(self);
        true
    }

    async fn demand(&self, n: u16) -> SlotDemand {
        self.gateway.banks().demand_for(vec![iccid(n)]).await.unwrap().remove(0)
    }

    async fn whole_order(&self, order: OrderId) -> crate::domain::Order {
        let read = self.gateway.0.env.store.read(move |rows| rows.order(order)).await;
        read.unwrap_or_else(|e: StoreError| panic!("{e}")).unwrap()
    }

    /// How many numbers of the first service the account could order.
    pub(super) async fn offered(&self, account: AccountId) -> usize {
        self.gateway.stock().offers(account, "NL").await.unwrap().unwrap()[0].2
    }
}
