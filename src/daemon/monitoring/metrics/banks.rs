//! SIM banks in the metrics.

use super::page::Kind::{Counter, Gauge};
use super::page::Page;
use crate::domain::bank::{BankReport, RadioReport};

/// A value of the label `outcome`, and how many of a radio's switches had it.
type Outcome = (&'static str, fn(&RadioReport) -> u32);

const OUTCOMES: [Outcome; 3] = [
    ("done", |radio| radio.switches.saturating_sub(radio.lies).saturating_sub(radio.failures)),
    ("lied", |radio| radio.lies),
    ("failed", |radio| radio.failures),
];

pub(super) fn write_banks(page: &mut Page, banks: &[BankReport]) {
    let mut family =
        page.family("simbridge_bank_trouble", Gauge, "Whether something is wrong with the bank.");
    banks
        .iter()
        .for_each(|bank| family.put(&[("bank", &bank.name)], u8::from(bank.trouble.is_some())));
    let mut family =
        page.family("simbridge_bank_sims_late", Gauge, "Rented SIMs that are overdue for a visit.");
    for bank in banks {
        let late = bank.slots.iter().filter(|slot| slot.late_since.is_some()).count();
        family.put(&[("bank", &bank.name)], late);
    }
    let mut family =
        page.family("simbridge_bank_moves_total", Counter, "SIM switches by their outcome.");
    for bank in banks {
        for (word, count) in OUTCOMES {
            let sum: u32 = bank.radios.iter().map(count).sum();
            family.put(&[("bank", &bank.name), ("outcome", word)], sum);
        }
    }
    let mut family = page.family(
        "simbridge_bank_deaf_seconds_total",
        Counter,
        "Time in which radios received nothing because of SIM switches.",
    );
    for bank in banks {
        let seconds: f64 = bank.radios.iter().map(|radio| radio.downtime.as_secs_f64()).sum();
        family.put(&[("bank", &bank.name)], seconds);
    }
}
